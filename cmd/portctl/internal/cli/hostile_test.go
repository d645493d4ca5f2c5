package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// hostile is text that no output may hold as it is: it would clear the screen, set
// the title, turn the line around, hide or forge.
const hostile = "=x\x1b[2J\x1b]0;t\x07\x1b[8m\u009b31m\u202e\u2066\u200b\u2028\x7f\r"

// hostileAccount is a sandbox whose services and locations bear hostile names.
func hostileAccount(t *testing.T) string {
	t.Helper()
	knobs, err := json.Marshal(map[string]any{"provisionDelay": "1ms", "locationNames": map[string]string{"90": hostile, "89": "Site " + hostile}})
	if err != nil {
		t.Fatal(err)
	}
	k, err := sandbox.ParseKnobs(knobs)
	if err != nil {
		t.Fatal(err)
	}
	server, err := sandbox.New(sandbox.Config{Knobs: k})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	t.Cleanup(func() { web.Close(); server.Close() })
	services, err := json.Marshal([]map[string]any{
		{"name": "stray " + hostile, "locationId": 89, "overrides": map[string]any{"costCentre": hostile}},
		{"name": "lon-1", "locationId": 89, "overrides": map[string]any{"costCentre": hostile}},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(web.URL+"/_sandbox/services", "application/json", bytes.NewReader(services))
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v: %v", answer, err)
	}
	return web.URL
}

// Whatever the world and the command line say, nothing that steers a terminal gets
// out, in no format, and no CSV cell is a formula.
func TestHostileText(t *testing.T) {
	api := hostileAccount(t)
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("net.yaml", "version: 1\nname: net\ndefaults: {term: 12}\nports:\n  - {name: lon-1, site: {id: 89}, speed: 1G, costCentre: other}\n  - {name: lon-2, site: {id: 90}, speed: 10G}\n")
	write("bad.yaml", "version: 1\nname: net\n\"k"+hostile[:20]+"\": 1\nports:\n  - {name: \"a\\e[2J\", site: \"\\u202e\", speed: \"\\x9b\"}\n")
	if err := os.Mkdir("dir\x1b[2J\u202e", 0o755); err != nil {
		t.Fatal(err)
	}
	account := []string{"--env", "sandbox", "--base-url", api}
	on := func(args ...string) []string { return append(append(args, "-f", "net.yaml"), account...) }
	for _, args := range [][]string{
		on("plan", "--show-unmanaged"), on("plan", "--format", "markdown", "--show-unmanaged"), on("plan", "--format", "json", "--out", "plan.json"),
		on("plan", "--only", hostile), on("apply", "--auto-approve", "--events", "events.ndjson", "--result", "result.json"),
		on("status"), on("status", "--format", "json"), on("status", "--format", "csv"), on("status", hostile),
		on("loa"), on("loa", "--loa-dir", "dir\x1b[2J\u202e"), on("ledger", "list"), on("ledger", "resolve", hostile, "--not-created"), on("ledger", "unlock", hostile),
		append([]string{"sites"}, account...), append([]string{"sites", "--format", "json"}, account...), append([]string{"sites", "--metro", hostile}, account...),
		{"validate", "-f", "bad.yaml"},
		{"validate", "-f", "bad.yaml", "--format", "json"},
		{"validate", "-f", "bad.yaml", "--format", "github"},
		{"fmt", "--diff", "-f", "bad.yaml"},
		{"plan", "-f", hostile},
		{"plan", "--env", hostile},
		{"plan", "--base-url", hostile, "--env", "sandbox"},
		{hostile},
		{"plan", "--" + hostile},
		{"plan", hostile},
		{"help", hostile},
		{"apply", "plan" + hostile + ".json"},
		on("plan", "--state", "s3://"+hostile), on("plan", "--state", "net.yaml/"+hostile), on("apply", "--result", "no\x1b[2J/where"),
		{"init", "no\x1b[2J\u202e/where.yaml"},
		on("plan", "--log-level", "debug"), on("plan", "--log-level", "debug", "--log-format", "json"),
	} {
		for _, terminal := range []bool{false, true} {
			t.Run(fmt.Sprintf("%.40q/%t", args, terminal), func(t *testing.T) {
				var out, errs bytes.Buffer
				Main(args, Env{
					In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" },
					OutTerminal: terminal, ErrTerminal: terminal, Width: 120,
				})
				if out.Len()+errs.Len() == 0 {
					t.Error("nothing was written, so nothing was tested")
				}
				harmless(t, "standard output", out.String(), terminal)
				harmless(t, "standard error", errs.String(), terminal)
			})
		}
	}
	for _, name := range []string{"plan.json", "result.json", "events.ndjson", filepath.Join("loas", "manifest.json"), filepath.Join("loas", "manifest.csv")} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, name, string(b), false)
	}
}

// harmless fails when a text holds what a terminal or a spreadsheet obeys. On a
// terminal colours and what draws in place are ours.
func harmless(t *testing.T, where, text string, terminal bool) {
	t.Helper()
	if terminal {
		text = strings.NewReplacer(
			"\x1b[0m", "", "\x1b[1m", "", "\x1b[2m", "", "\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[36m", "", "\x1b[90m", "",
			"\x1b[J", "", "\x1b[2K", "", "\r\x1b[1A", "", "\r\x1b[2A", "", "\r\x1b[3A", "", "\r\x1b[4A", "", "\r\x1b[5A", "", "\r\x1b[6A", "", "\r\x1b[7A", "",
		).Replace(text)
	}
	for i, r := range text {
		if r != '\n' && r != '\t' && plan.Unseen(r) {
			t.Fatalf("%s holds %q: ...%q...", where, r, text[max(0, i-60):min(len(text), i+20)])
		}
	}
	if strings.HasPrefix(text, "name,") && (strings.Contains(text, "\n=") || strings.Contains(text, ",=")) {
		t.Errorf("%s has a cell that is a formula:\n%s", where, text)
	}
}
