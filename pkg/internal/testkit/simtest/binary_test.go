package simtest

import (
	"os/exec"
	"path/filepath"
	"testing"
)

const program = "github.com/portctl/portctl/cmd/portctl"

// binary builds the real program, as a user has it.
func binary(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "portctl")
	if out, err := exec.Command("go", "build", "-o", path, program).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}
