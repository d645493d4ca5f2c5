package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/cmd/portctl/internal/cli"
)

// The README shows what portctl writes today. What is between its markers is
// rewritten by -update, and held against the sources by this test.
func TestReadmeIsCurrent(t *testing.T) {
	path := filepath.Join("..", "..", "README.md")
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(have)
	want = between(t, want, "live view", "```text\n"+readFile(t, filepath.Join("..", "..", "docs", "live.txt"))+"```\n")
	want = between(t, want, "sandbox", sandboxStart(t))
	path, err = filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	want = between(t, want, "emea plan", emeaPlan(t))
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(have)); diff != "" {
		t.Errorf("README.md is not current; run make golden (-want +have):\n%s", diff)
	}
}

func between(t *testing.T, page, section, text string) string {
	t.Helper()
	begin, end := "<!-- begin "+section+" -->\n", "<!-- end "+section+" -->"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("README.md has no section %q", section)
	}
	return before + begin + "\n" + strings.TrimSpace(text) + "\n\n" + end + after
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// emeaPlan is the Markdown of the example, with the times of a fixed day.
func emeaPlan(t *testing.T) string {
	t.Helper()
	examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // the sandbox keeps its account in the working directory
	if err := os.CopyFS("examples", os.DirFS(examples)); err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	code := cli.Main([]string{"plan", "-f", "examples/emea-rollout.yaml", "--format", "markdown"}, cli.Streams{
		In: strings.NewReader(""), Out: &out, Err: &stderr, Getenv: func(string) string { return "" },
	})
	if code != 0 {
		t.Fatalf("exit %d: %s", code, &stderr)
	}
	text := regexp.MustCompile(`made [0-9-]+ [0-9:]+ UTC · valid until [0-9-]+ [0-9:]+ UTC`).
		ReplaceAllString(out.String(), "made 2026-01-05 09:00 UTC · valid until 2026-01-12 09:00 UTC")
	text = regexp.MustCompile(`created="[^"]*"`).ReplaceAllString(text, `created="2026-01-05T09:00:00Z"`)
	return strings.ReplaceAll(text, "\n## ", "\n### ")
}

// sandboxStart is the quick start of the sandbox's page: its first code block.
func sandboxStart(t *testing.T) string {
	t.Helper()
	page := readFile(t, filepath.Join("..", "..", "docs", "sandbox.md"))
	_, rest, ok := strings.Cut(page, "```sh\n")
	block, _, ok2 := strings.Cut(rest, "```\n")
	if !ok || !ok2 {
		t.Fatal("docs/sandbox.md has no quick start")
	}
	return "```sh\n" + block + "```\n"
}
