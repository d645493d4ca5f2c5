package cli

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every command that takes names of entries offers those of the inventory.
func TestNamesAreOffered(t *testing.T) {
	file, checked := inventoryFile(t), 0
	for _, c := range ours(tree()) {
		if !strings.Contains(c.Use, "[NAME...]") || c.Name() == "resolve" { // resolve takes those of the ledger
			continue
		}
		checked++
		var out bytes.Buffer
		args := append([]string{"__complete"}, strings.Fields(strings.TrimPrefix(c.CommandPath(), "portctl "))...)
		Main(append(args, "-f", file, ""), Env{In: strings.NewReader(""), Out: &out, Err: io.Discard, Getenv: func(string) string { return "" }})
		if !slices.Contains(strings.Split(out.String(), "\n"), "a") {
			t.Errorf("%s offers %q", c.CommandPath(), &out)
		}
	}
	if checked < 8 {
		t.Errorf("%d commands take names", checked)
	}
}

// The shell is offered what a flag takes, and the names that stand in the
// inventory.
func TestCompletion(t *testing.T) {
	file := inventoryFile(t)
	for line, want := range map[string][]string{
		"plan --env ":                         {"development", "production", "sandbox", "staging"},
		"apply --log-format ":                 {"json", "text"},
		"sites --zone ":                       {"blue", "red"},
		"sites telehouse":                     {"Telehouse North\tid 256, London; a location of the embedded sandbox"},
		"loa --zip-by ":                       {"metro", "site"},
		"plan -f " + file + " --only ":        {"a"},
		"apply -f " + file + " --except ":     {"a"},
		"loa -f " + file + " ":                {"a"},
		"plan -f " + file + ".not --only ":    nil,
		"ledger resolve --not-created --env ": {"development", "production", "sandbox", "staging"},
	} {
		var out, stderr bytes.Buffer
		args := append([]string{"__complete"}, strings.Split(line, " ")...)
		if code := Main(args, Env{In: strings.NewReader(""), Out: &out, Err: &stderr, Getenv: func(string) string { return "" }}); code != exitDone {
			t.Errorf("%q: exit %d: %s", line, code, &stderr)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		offered := slices.Sorted(slices.Values(lines[:len(lines)-1]))
		if diff := cmp.Diff(want, offered); diff != "" {
			t.Errorf("%q: -want +got:\n%s", line, diff)
		}
		if last := lines[len(lines)-1]; last != ":4" { // no files
			t.Errorf("%q: the shell is told %s", line, last)
		}
	}
}
