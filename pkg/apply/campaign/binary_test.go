package campaign

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const program = "github.com/portctl/portctl/cmd/portctl"

// binary builds the real program, as a user has it.
func binary(t testing.TB) string {
	t.Helper()
	path, err := build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func build(dir string, flags ...string) (string, error) {
	path := filepath.Join(dir, fmt.Sprintf("portctl-%d", len(flags)))
	args := append([]string{"build", "-o", path}, flags...)
	if out, err := exec.Command("go", append(args, program)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// TestNothingIsWeakened: the switches that take protections away are in a binary
// built with the tag "weaken", and in no other.
func TestNothingIsWeakened(t *testing.T) {
	weakened, err := build(t.TempDir(), "-tags", "weaken")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{binary(t): false, weakened: true} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if has := bytes.Contains(content, []byte("PORTCTL_WEAKEN")); has != want {
			t.Errorf("%s knows of the switch: %v, wanted %v", path, has, want)
		}
	}
	out, err := exec.Command("go", "list", "-f", "{{.GoFiles}}", "github.com/portctl/portctl/pkg/internal/weaken").Output()
	if err != nil {
		t.Fatal(err)
	}
	if files := strings.TrimSpace(string(out)); files != "[doc.go names.go off.go]" {
		t.Errorf("a normal build compiles %s", files)
	}
}
