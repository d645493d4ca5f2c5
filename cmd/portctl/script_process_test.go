package main_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// process is a program that a story has running in the background.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// cmdStart runs a program in the background; what it prints goes to NAME.out and
// NAME.err.
func cmdStart(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: start NAME PROGRAM [ARG...]")
	}
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, v := range []string{"HOME", "PATH", "SANDBOX", "MEGAPORT_ENVIRONMENT"} {
		cmd.Env = append(cmd.Env, v+"="+ts.Getenv(v))
	}
	out, err := os.Create(ts.MkAbs(args[0] + ".out"))
	ts.Check(err)
	defer out.Close()
	errs, err := os.Create(ts.MkAbs(args[0] + ".err"))
	ts.Check(err)
	defer errs.Close()
	cmd.Stdout, cmd.Stderr = out, errs
	ts.Check(cmd.Start())
	p := &process{cmd, make(chan struct{})}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // the exit code is looked at by "ended"
	}()
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		<-p.ended
	})
	storyOf(ts).processes[args[0]] = p
}

// cmdUntilText waits until a file holds a text.
func cmdUntilText(ts *testscript.TestScript, _ bool, args []string) {
	times := 1
	switch len(args) {
	case 2:
	case 3:
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		times = n
	default:
		ts.Fatalf("usage: until-text FILE TEXT [TIMES]")
	}
	eventually(ts, args[0]+" does not come to hold "+args[1], func() bool { return strings.Count(read(ts.MkAbs(args[0])), args[1]) >= times })
}

// hopeless is how long a story waits for a state before it fails: no story ends by it.
const hopeless = 5 * time.Minute

func eventually(ts *testscript.TestScript, otherwise string, is func() bool) {
	for deadline := time.Now().Add(hopeless); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	ts.Fatalf("%s", otherwise)
}

// cmdInterrupt sends a Ctrl-C to a program in the background.
func cmdInterrupt(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(storyOf(ts).processes[args[0]].cmd.Process.Signal(os.Interrupt))
}

// cmdSignal sends signals to a program in the background, one right after the other.
func cmdSignal(ts *testscript.TestScript, _ bool, args []string) {
	kinds := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP}
	for _, kind := range args[1:] {
		ts.Check(storyOf(ts).processes[args[0]].cmd.Process.Signal(kinds[kind]))
	}
}

// cmdEnded waits for a program in the background and compares its exit code.
func cmdEnded(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: ended NAME CODE")
	}
	p := storyOf(ts).processes[args[0]]
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		ts.Fatalf("%s does not end", args[0])
	}
	if got := strconv.Itoa(p.cmd.ProcessState.ExitCode()); got != args[1] {
		ts.Fatalf("%s ends with %s, not %s:\n%s\n%s", args[0], got, args[1], read(ts.MkAbs(args[0]+".out")), read(ts.MkAbs(args[0]+".err")))
	}
}

// cmdExits runs portctl and compares its exit code.
func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("%s exits with %d, not %s", strings.Join(args[1:], " "), got, args[0])
	}
}
