package main_test

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// hinted are the commands that an output tells a person to run: in backquotes, or at
// the end of a line that leads up to them.
var hinted = regexp.MustCompile("(?m)`(portctl [^`\n]+)`|(?:^ +|: )(portctl [^`\n]+)$")

func cmdPaste(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: paste CODE PATTERN [WORD=VALUE...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	output := ts.ReadFile("stdout") + "\n" + ts.ReadFile("stderr")
	for _, m := range hinted.FindAllStringSubmatch(output, -1) {
		command := m[1] + m[2]
		if !pattern.MatchString(command) {
			continue
		}
		for _, value := range args[2:] {
			word, with, _ := strings.Cut(value, "=")
			command = strings.ReplaceAll(command, word, with)
		}
		code := 0
		if err := ts.Exec("sh", "-c", command); err != nil {
			exit, ok := err.(*exec.ExitError)
			if !ok {
				ts.Fatalf("%s: %v", command, err)
			}
			code = exit.ExitCode()
		}
		if code != want {
			ts.Fatalf("%s exits %d, not %d", command, code, want)
		}
		return
	}
	ts.Fatalf("no command in the output fits %q:\n%s", args[1], output)
}
