package main_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/cmd/portctl/internal/cli"
)

// The front page and docs/plan.md show what portctl writes today. What is between
// their markers is rewritten by -update, and held against the sources by this test.
func TestPagesAreCurrent(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	live := "```text\n" + readFile(t, filepath.Join(root, "docs", "live.txt")) + "```\n"
	for page, sections := range map[string]map[string]string{
		"README.md":       {"live view": live},
		"docs/plan.md":    {"emea plan": emeaPlan(t)},
		"docs/screens.md": {"screens": screens(t)},
	} {
		path := filepath.Join(root, page)
		have := readFile(t, path)
		want := have
		for section, text := range sections {
			want = between(t, want, section, text)
		}
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s is not current; run make golden (-want +have):\n%s", page, diff)
		}
	}
}

// A newcomer reads the front page to its end and pastes its commands in order:
// each runs, with the inventory that the page shows, and nothing warns of that.
func TestReadmeCommandsRun(t *testing.T) {
	page := readFile(t, filepath.Join("..", "..", "README.md"))
	if n := strings.Count(page, "\n"); n >= 150 {
		t.Errorf("README.md has %d lines, want fewer than 150", n)
	}
	_, inventory, _ := strings.Cut(page, "```yaml\n")
	inventory, _, _ = strings.Cut(inventory, "```\n")
	examples, makefile := filepath.Join("..", "..", "examples"), readFile(t, filepath.Join("..", "..", "Makefile"))
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS(examples)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if err := os.WriteFile("portctl.yaml", []byte(inventory), 0o600); err != nil {
		t.Fatal(err)
	}
	installed, ran := false, 0
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(m[1]) {
			command, _, _ := strings.Cut(line, " #")
			words := strings.Fields(strings.Replace(command, "go run ./cmd/portctl", "run", 1))
			switch {
			case words[0] == "make":
				if !strings.Contains(makefile, "\n"+words[1]+": ") {
					t.Errorf("the Makefile has no target %s", words[1])
				}
			case strings.HasPrefix(command, "go install ./cmd/portctl"):
				installed = true
			case words[0] == "run", words[0] == "portctl" && installed:
				pasted(t, words[1:])
				ran++
			default:
				t.Errorf("this cannot be pasted where it stands: %s", command)
			}
		}
	}
	if ran < 6 {
		t.Errorf("%d commands ran", ran)
	}
}

// pasted runs a command as a shell without a terminal does.
func pasted(t *testing.T, args []string) {
	t.Helper()
	var out, stderr bytes.Buffer
	code := cli.Main(args, cli.Env{
		In: strings.NewReader(""), Out: &out, Err: &stderr, Getenv: func(string) string { return "" },
	})
	if code != 0 {
		t.Errorf("portctl %s exits %d:\n%s", strings.Join(args, " "), code, &stderr)
	}
	for _, text := range []string{out.String(), stderr.String()} {
		if strings.Contains(text, "warning: ") || strings.Contains(text, "Warnings") {
			t.Errorf("portctl %s warns:\n%s", strings.Join(args, " "), text)
		}
	}
}

func between(t *testing.T, page, section, text string) string {
	t.Helper()
	begin, end := "<!-- begin "+section+" -->\n", "<!-- end "+section+" -->"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("the page has no section %q", section)
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
	code := cli.Main([]string{"plan", "-f", "examples/emea-rollout.yaml", "--format", "markdown"}, cli.Env{
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

// screenInventory has what tables find hard: a long name, a LAG, a run of names.
const screenInventory = `version: 1
name: screens
environment: sandbox
defaults: {term: 12, costCentre: NET-042, sameZone: intended}
sites: {lhr20: {id: 89}, ld5: {id: 90}, fr5: {id: 131}}
ports:
  - {name: london-docklands-core-aggregation-uplink-1, site: lhr20, speed: 10G, diversityZone: red}
  - {name: fra-lag, site: fr5, speed: 100G, diversityZone: blue, lag: 2}
  - {name: ber-1, site: EQX FR5, speed: 10G}
rollouts:
  - {name: "edge-{site}-{n}", sites: [ld5, fr5], zones: [red], count: 3, speed: 10G}
`

// screens are the three tables as terminals of three widths show them.
func screens(t *testing.T) string {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("portctl.yaml", []byte(screenInventory), 0o600); err != nil {
		t.Fatal(err)
	}
	show := func(width int, args ...string) string {
		var out, stderr bytes.Buffer
		cli.Main(args, cli.Env{In: strings.NewReader(""), Out: &out, Err: &stderr, Width: width, Getenv: func(string) string { return "" }})
		return out.String()
	}
	apply := []string{"apply", "--auto-approve", "--no-wait", "--no-loa", "--except", "ber-1"}
	var b strings.Builder
	section := func(title string, draw func(width int) string) {
		for _, width := range []int{80, 100, 200} {
			text := draw(width)
			for _, x := range [][2]string{{`\b[0-9a-f]{8}\b`, "0a1b2c3d"}, {`\b[0-9]+s\b`, "1s"}, {`\b20[0-9-]{8}\b`, "2027-12-31"}, {`\b[0-9.]+ ?(ms|s)\b`, "1s"}} {
				text = regexp.MustCompile(x[0]).ReplaceAllString(text, x[1])
			}
			fmt.Fprintf(&b, "## %s, %d columns\n\n```text\n%s\n```\n\n", title, width, strings.Trim(text, "\n"))
		}
	}
	section("Plan", func(width int) string { return show(width, "plan") })
	section("Result", func(width int) string {
		if err := os.RemoveAll(".portctl"); err != nil {
			t.Fatal(err)
		}
		return show(width, apply...)
	})
	section("Status", func(width int) string { return show(width, "status") })
	return b.String()
}
