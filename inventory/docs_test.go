package inventory

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// tableMarks surround a generated table of the reference.
var tableMarks = regexp.MustCompile(`(?s)(<!-- table: ([a-z]+) -->\n).*?(<!-- end -->)`)

// TestReferenceTables keeps the tables of the reference what the rows of the
// language say.
func TestReferenceTables(t *testing.T) {
	tables := map[string]mapping{"top": atTop, "ports": inPorts, "rollouts": inRollouts, "policy": inPolicy, "part": inPart, "site": inAlias, "handoff": inHandoff, "defaults": inDefaults}
	page(t, reference, func(have string) string {
		return tableMarks.ReplaceAllStringFunc(have, func(part string) string {
			m := tableMarks.FindStringSubmatch(part)
			in, ok := tables[m[2]]
			if !ok {
				t.Fatalf("there is no table %q", m[2])
			}
			delete(tables, m[2])
			return m[1] + "| Key | Type | Unit | Required / default | Meaning | Example |\n| --- | --- | --- | --- | --- | --- |\n" + rows(attributes, in) + m[3]
		})
	})
	for name := range tables {
		t.Errorf("the reference has no table %q", name)
	}
}

func rows(l language, in mapping) string {
	var b strings.Builder
	for _, a := range l.of(in) {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | `%s` |\n", a.key, a.kind.words, a.unit, a.need, a.doc, a.example)
	}
	return b.String()
}

// page compares a page with what it should be, or rewrites it with -update.
func page(t *testing.T, path string, want func(have string) string) {
	t.Helper()
	have, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	wanted := want(string(have))
	if *update {
		if err := os.WriteFile(path, []byte(wanted), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(wanted, string(have)); diff != "" {
		t.Errorf("%s is not current; run make golden (-want +have):\n%s", path, diff)
	}
}

const diagnosticsHead = `# Diagnostics

What portctl says about an inventory. This page is generated from the rules and from the cases that test them; ` + "`make golden`" + ` rewrites it.

Every problem of every file is found in one run. It names the place, shows the line, and says what to do:

` + "```text" + `
portctl.yaml:6:5: error: a port has no key "sped" [unknown-key]
    6 |     sped: 10G
      |     ^~~~
hint: did you mean "speed"?
` + "```" + `

The word in brackets is the id of the rule; ids are stable. An error leaves nothing to plan with: every command that reads the inventory ends with
exit code 3 and sends nothing. A warning stops nothing.

## For programs

` + "`portctl validate --format json`" + ` writes one document, whether or not the inventory is valid:

` + "```json" + `
{
  "formatVersion": "1.0",
  "valid": false,
  "inventory": null,
  "files": ["portctl.yaml"],
  "summary": {"errors": 1, "warnings": 0},
  "diagnostics": [
    {
      "rule": "unknown-key",
      "severity": "error",
      "file": "portctl.yaml",
      "line": 6,
      "column": 5,
      "endColumn": 9,
      "message": "a port has no key \"sped\"",
      "hint": "did you mean \"speed\"?",
      "snippet": "    sped: 10G",
      "snippetColumn": 1
    }
  ]
}
` + "```" + `

| Field | Meaning |
| --- | --- |
| ` + "`formatVersion`" + ` | major.minor. A new minor adds fields; a reader ignores what it does not know, and refuses another major. |
| ` + "`valid`" + ` | Whether there is no error. |
| ` + "`inventory`" + ` | ` + "`name`, `environment`, `entries` (ports, with every rollout expanded) and `services` (members of LAGs counted, absent entries not)" + `; null when the inventory is not valid. |
| ` + "`files`" + ` | The files that were read, in order; of an inventory that is not valid those with problems. |
| ` + "`summary`" + ` | How many errors and warnings there are. |
| ` + "`diagnostics[]`" + ` | The problems, sorted by file, line and column. |
| ` + "`line`, `column`" + ` | From 1; columns count characters, not bytes. Both are 0 for a problem of the file as a whole. |
| ` + "`endColumn`" + ` | The column behind the last character that is meant. |
| ` + "`hint`" + ` | What to do about it; left out when there is nothing to add. |
| ` + "`snippet`, `snippetColumn`" + ` | The line, or the part of a long line that begins at that column. |

` + "`portctl validate --format github`" + ` writes the same as annotations of GitHub Actions, which show up at the lines of a pull request.

## Rules

`

// TestDiagnosticsPage keeps docs/diagnostics.md what the rules and the cases
// say. Each rule shows the first problem that a case has of it.
func TestDiagnosticsPage(t *testing.T) {
	shown := map[string]Diagnostic{}
	for _, path := range goldens(t) {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files, _ := goldenFiles(t, archive)
		_, diags := outcome(t, files)
		for _, d := range diags {
			if have, ok := shown[d.Rule]; !ok || len(d.Snippet) < len(have.Snippet) && have.Snippet != "" && d.Line > 0 {
				shown[d.Rule] = d
			}
		}
	}
	var b strings.Builder
	b.WriteString(diagnosticsHead)
	b.WriteString("| Rule | Severity | What it asks for |\n| --- | --- | --- |\n")
	rules := ruleList(t)
	for _, r := range rules {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", r.id, r.id, severityOf(r.id), r.summary)
	}
	for _, r := range rules {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n", r.id, r.summary)
		if d, ok := shown[r.id]; ok {
			fmt.Fprintf(&b, "\n```text\n%s```\n", Diagnostics{d}.Render())
		}
	}
	page(t, filepath.Join("..", "docs", "diagnostics.md"), func(string) string { return b.String() })
}
