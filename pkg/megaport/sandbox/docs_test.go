package sandbox

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the tables of docs/sandbox.md")

// TestPageIsCurrent keeps the tables of the page equal to what the code says.
func TestPageIsCurrent(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "sandbox.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := page
	for name, table := range map[string]string{
		"routes": routesTable(), "admin": adminTableText(), "knobs": knobsTable(), "options": optionsTable(), "faults": faultsTable(), "odd": oddTable(),
	} {
		want = insertTable(t, want, name, table)
	}
	if *update {
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(page)); diff != "" {
		t.Errorf("docs/sandbox.md is out of date; `make golden` rewrites it (-want +got):\n%s", diff)
	}
}

// TestPageSpeaksOfRealEndpoints finds the addresses in the page's commands.
func TestPageSpeaksOfRealEndpoints(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "sandbox.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, r := range Routes() {
		known[r.Pattern] = true
	}
	for _, e := range adminRoutes {
		known[e.Path] = true
	}
	found := regexp.MustCompile(`\$api(/[\w./-]+)`).FindAllSubmatch(page, -1)
	if len(found) < 5 {
		t.Errorf("the page has %d addresses", len(found))
	}
	for _, m := range found {
		if !known[string(m[1])] {
			t.Errorf("the page calls %s, which is no endpoint", m[1])
		}
	}
}

// insertTable replaces what stands between a table's marks.
func insertTable(t *testing.T, page []byte, name, table string) []byte {
	t.Helper()
	begin := bytes.Index(page, []byte("<!-- "+name))
	if begin < 0 {
		t.Fatalf("the page has no table %s", name)
	}
	begin += bytes.IndexByte(page[begin:], '\n') + 1
	end := bytes.Index(page[begin:], []byte("<!-- end -->"))
	if end < 0 {
		t.Fatalf("the table %s does not end", name)
	}
	return bytes.Join([][]byte{page[:begin], []byte("\n" + table + "\n"), page[begin+end:]}, nil)
}

func tableOf(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	line(strings.Split(strings.Repeat("---,", len(head)-1)+"---", ","))
	for _, row := range rows {
		for i := range row {
			row[i] = strings.ReplaceAll(row[i], "|", `\|`)
		}
		line(row)
	}
	return b.String()
}

func routesTable() string {
	var rows [][]string
	for _, r := range Routes() {
		rows = append(rows, []string{"`" + r.Method + " " + r.Pattern + "`", "`" + r.Class + "`"})
	}
	return tableOf([]string{"Endpoint", "Route class"}, rows)
}

func adminTableText() string {
	var rows [][]string
	for _, e := range adminRoutes {
		rows = append(rows, []string{"`" + e.Method + " " + e.Path + "`", e.Doc})
	}
	return tableOf([]string{"Endpoint", "What it does"}, rows)
}

func knobsTable() string {
	var rows [][]string
	for _, k := range KnobDocs() {
		rows = append(rows, []string{"`" + k.Name + "`", k.Doc})
	}
	return tableOf([]string{"Knob", "What it does"}, rows)
}

func optionsTable() string {
	var rows [][]string
	for _, o := range faultOptions {
		rows = append(rows, []string{"`" + o.example + "`", o.doc})
	}
	return tableOf([]string{"Option", "Meaning"}, rows)
}

func faultsTable() string {
	var rows [][]string
	for _, k := range FaultKinds() {
		routes, commits := "all", ""
		if len(k.Routes) > 0 {
			routes = "`" + strings.Join(k.Routes, "`, `") + "`"
		}
		switch {
		case k.Lies:
			commits = "yes, and lies"
		case k.Commits:
			commits = "yes"
		}
		rows = append(rows, []string{"`" + k.Name + "`", k.Doc, routes, commits})
	}
	return tableOf([]string{"Kind", "What it does", "Routes", "Commits"}, rows)
}

func oddTable() string {
	var rows [][]string
	for _, o := range oddities {
		rows = append(rows, []string{"`" + o.Name + "`", o.Doc, "`" + strings.Join(o.Routes, "`, `") + "`"})
	}
	return tableOf([]string{"Oddity", "What it does", "Routes"}, rows)
}
