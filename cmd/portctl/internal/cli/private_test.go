package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spf13/pflag"

	"github.com/portctl/portctl/pkg/plan"
)

// A private file is only its owner's, whatever stood there, and stays whole when
// it cannot be replaced.
func TestWritePrivate(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "plan.json"), filepath.Join(dir, "link.json")
	check := func(want string) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil || string(b) != want {
			t.Errorf("holds %q (%v), want %q", b, err, want)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != privateMode {
			t.Errorf("mode %v (%v)", info.Mode(), err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := writePrivate(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	write(path, "new")
	check("new")
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	write(path, "again")
	check("again")
	if err := os.Symlink("plan.json", link); err != nil {
		t.Fatal(err)
	}
	write(link, "by a link")
	check("by a link")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v (%v)", info.Mode(), err)
	}
	write(os.DevNull, "nowhere")
	if err := writePrivate(filepath.Join(dir, "missing", "plan.json"), nil); err == nil {
		t.Error("a file was written in a folder that is not there")
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".portctl-new-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

// A suggested command repeats every flag that all commands take, but for those that
// say how it is shown and logged.
func TestAgainIsComplete(t *testing.T) {
	var g globals
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	g.register(flags)
	ofTheEye := []string{"log-level", "log-format", "no-color", "quiet"}
	flags.VisitAll(func(f *pflag.Flag) {
		if slices.Contains(ofTheEye, f.Name) {
			return
		}
		value := "v-" + f.Name
		if f.Value.Type() == "bool" {
			value = "true"
		}
		if err := flags.Set(f.Name, value); err != nil {
			t.Fatal(err)
		}
		args := g.repeatFlags(plan.Selection{})
		if !slices.Contains(args, "--"+f.Name) && !slices.Contains(args, "-"+f.Shorthand) || value != "true" && !slices.Contains(args, value) {
			t.Errorf("--%s %s is not repeated: %q", f.Name, value, args)
		}
	})
	want := []string{"--only", "a*", "--except", "b"}
	if args := g.repeatFlags(plan.Selection{Only: []string{"a*"}, Except: []string{"b"}}); !slices.Equal(args[len(args)-4:], want) {
		t.Errorf("the selection is not repeated: %q", args)
	}
}
