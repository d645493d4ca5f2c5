package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// Ctrl-C at a question is an answer: nobody has to press Enter after it.
func TestInterruptAnswersQuestion(t *testing.T) {
	silent, person := io.Pipe()
	defer person.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	if asked(ctx, Env{Err: &stderr}, bufio.NewReader(silent), "Do this? ", "yes") {
		t.Error("an interrupt passes for yes")
	}
	if got := stderr.String(); got != "Do this? \n" {
		t.Errorf("%q leaves the next message on the line of the question", got)
	}
}

// Help keeps to the width of the reader's window.
func TestHelpKeepsToWidth(t *testing.T) {
	var out bytes.Buffer
	if code := Main([]string{"apply", "--help"}, Env{Out: &out, Err: io.Discard, Width: 80, Getenv: func(string) string { return "" }}); code != exitDone {
		t.Fatalf("exit %d", code)
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "      ") && len(strings.TrimSuffix(line, "\n")) > 80 {
			t.Errorf("wider than 80 columns: %q", line)
		}
	}
}

// A flag's value is named by what it is.
func TestFlagValuesAreNamed(t *testing.T) {
	for _, c := range ours(tree()) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			name, _ := pflag.UnquoteUsage(f)
			want := map[string]string{"duration": "duration", "int": "number"}[f.Value.Type()]
			if want != "" && name != want {
				t.Errorf("%s --%s takes a %s, and is shown to take %q", c.CommandPath(), f.Name, want, name)
			}
		})
	}
}

// What is asked about later writing leaves nothing behind.
func TestWritablePlaces(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "nothing"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for path, c := range map[string]struct{ asFolder, asFile bool }{
		dir:                             {true, false},
		file:                            {false, true},
		filepath.Join(dir, "new"):       {true, true},
		filepath.Join(dir, "new", "er"): {true, false},
		filepath.Join(file, "below"):    {false, false},
		filepath.Join(dir, "link", "a"): {false, false},
	} {
		if err := writableFolder(path); (err == nil) != c.asFolder {
			t.Errorf("%s as a folder: %v", path, err)
		}
		if err := writableFile(path); (err == nil) != c.asFile {
			t.Errorf("%s as a file: %v", path, err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("%v, %v", left, err)
	}
	if have, _ := os.ReadFile(file); string(have) != "kept" {
		t.Errorf("the file holds %q", have)
	}
}

// Help about what is no command is a mistake, not a success.
func TestHelpOfNoCommand(t *testing.T) {
	for line, c := range map[string]struct {
		code int
		says string
	}{
		"help":                {exitDone, "Available Commands"},
		"help plan":           {exitDone, "portctl plan [flags]"},
		"help ledger resolve": {exitDone, "portctl ledger resolve"},
		"help plam":           {exitError, "did you mean `portctl plan`?"},
		"help ledger resolv":  {exitError, "did you mean `portctl ledger resolve`?"},
		"help plan all":       {exitError, `"portctl plan" has no command "all"`},
	} {
		var out bytes.Buffer
		code := Main(strings.Fields(line), Env{Out: &out, Err: &out, Getenv: func(string) string { return "" }})
		if code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: exit %d, want %d with %q\n%s", line, code, c.code, c.says, &out)
		}
	}
}
