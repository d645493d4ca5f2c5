//go:build without

package simtest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
)

var without = flag.String("sim.without", "all", "take this `protection` away, or all of them one after the other, and show that the simulation fails then")

// TestWithout takes protections away and shows that the simulation fails without
// each. It plays thousands of cases, so it is only in programs with the build tag.
func TestWithout(t *testing.T) {
	for _, p := range protections() {
		if *without != "all" && *without != p.name {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			overlay := p.overlay(t)
			for _, test := range p.tests {
				out, err := p.play(overlay, test)
				switch {
				case err == nil:
					t.Errorf("%s does not fail without it", test)
				case !bytes.Contains(out, []byte("--- FAIL: Test")):
					t.Errorf("%v\n%s", err, out)
				default:
					t.Logf("without it this fails: %s", test)
				}
			}
		})
	}
}

// overlay writes what takes the protection away.
func (p protection) overlay(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", "..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	dir := t.TempDir()
	for i, e := range p.edits {
		path := filepath.Join(root, filepath.FromSlash(e[0]))
		changed, again := replace[path]
		if !again {
			changed = filepath.Join(dir, fmt.Sprintf("%d.go", i))
			replace[path] = changed
			copyFile(t, path, changed)
		}
		source, err := os.ReadFile(changed)
		if err != nil || bytes.Count(source, []byte(e[1])) != 1 {
			t.Fatalf("%s does not have exactly once: %s (%v)", e[0], e[1], err)
		}
		if err := os.WriteFile(changed, bytes.Replace(source, []byte(e[1]), []byte(e[2]), 1), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay := filepath.Join(dir, "overlay.json")
	doc, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	return overlay
}

// play runs a test with the protection taken away.
func (p protection) play(overlay, test string) ([]byte, error) {
	return exec.Command("go", "test", "-count=1", "-overlay", overlay, "-run", "^"+test, ".",
		"-sim.cases=1500", "-rapid.shrinktime=1ms", "-sim.only="+p.only, fmt.Sprintf("-sim.seed=%d", *first)).CombinedOutput()
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
