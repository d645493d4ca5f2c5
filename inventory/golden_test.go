package inventory

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected outputs: testdata and the pages of docs")

// escaped marks a section whose text is the inside of a Go string, for files
// that a text file cannot hold: other encodings, control characters, CRLF.
// Its own line breaks do not count.
const escaped = ".escaped"

// goldenFiles are the inventory files of a case.
func goldenFiles(t *testing.T, archive *txtar.Archive) (files []File, want *txtar.File) {
	t.Helper()
	for i := range archive.Files {
		f := &archive.Files[i]
		switch {
		case f.Name == "want":
			want = f
		case strings.HasSuffix(f.Name, escaped):
			text, err := strconv.Unquote(`"` + strings.ReplaceAll(string(f.Data), "\n", "") + `"`)
			if err != nil {
				t.Fatalf("section %s: %v", f.Name, err)
			}
			files = append(files, File{Name: strings.TrimSuffix(f.Name, escaped), Content: []byte(text)})
		default:
			files = append(files, File{Name: f.Name, Content: f.Data})
		}
	}
	if want == nil {
		t.Fatal("there is no section named want")
	}
	return files, want
}

// outcome is what a person sees of a parse, and the problems in it.
func outcome(t *testing.T, files []File) (string, Diagnostics) {
	t.Helper()
	if len(files) == 1 && strings.HasSuffix(files[0].Name, ".csv") {
		return outcomeCSV(t, files[0])
	}
	inv, err := Parse(files...)
	if err != nil {
		diags, ok := err.(Diagnostics)
		if !ok {
			t.Fatalf("the error is a %T, not Diagnostics", err)
		}
		return diags.Render(), diags
	}
	return fmt.Sprintf("%d ports\n", len(inv.Ports)) + inv.Warnings.Render(), inv.Warnings
}

// outcomeCSV is what a person sees of a CSV file that becomes an inventory.
func outcomeCSV(t *testing.T, f File) (string, Diagnostics) {
	t.Helper()
	text, questions, warnings, err := FromSheet(f, SheetOptions{Name: NameFrom(f.Name), Environment: "sandbox"})
	if err != nil {
		diags, ok := err.(Diagnostics)
		if !ok {
			t.Fatalf("the error is a %T, not Diagnostics", err)
		}
		return diags.Render() + questionsOf(questions), diags
	}
	if len(questions) > 0 {
		return warnings.Render() + questionsOf(questions), warnings
	}
	if _, err := Parse(File{Name: "made.yaml", Content: text}); err != nil {
		t.Errorf("the inventory is not valid: %v", err)
	}
	again, err := Format(File{Name: "made.yaml", Content: text})
	if err != nil || string(again) != string(text) {
		t.Errorf("the inventory is not in the canonical style (%v):\n%s", err, cmp.Diff(string(text), string(again)))
	}
	return warnings.Render() + string(text), warnings
}

func questionsOf(questions []Question) string {
	var b strings.Builder
	for _, q := range questions {
		fmt.Fprintf(&b, "asked: %s (rows: %d, the first is %d) %v\n", q.Key, q.Rows, q.Line, q.Proposals)
	}
	return b.String()
}

func goldens(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/diagnostics/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	return paths
}

func TestDiagnostics(t *testing.T) {
	for _, path := range goldens(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files, want := goldenFiles(t, archive)
			got, diags := outcome(t, files)
			for _, d := range diags {
				checkPosition(t, files, d)
			}
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if archive.Comment == nil {
				t.Error("the case does not say what it shows")
			}
		})
	}
}

// checkPosition holds a diagnostic to its promises about positions.
func checkPosition(t interface {
	Helper()
	Errorf(format string, args ...any)
}, files []File, d Diagnostic,
) {
	t.Helper()
	if d.Line == 0 {
		if d.Column != 0 || d.EndColumn != 0 || d.Snippet != "" {
			t.Errorf("a whole-file diagnostic has columns: %+v", d)
		}
		return
	}
	i := slices.IndexFunc(files, func(f File) bool { return f.Name == d.File })
	if i < 0 {
		t.Errorf("the diagnostic is in no file: %+v", d)
		return
	}
	text := strings.TrimPrefix(string(files[i].Content), "\uFEFF")
	lines := strings.Split(text, "\n")
	if d.Line > len(lines) {
		t.Errorf("line %d of %d: %+v", d.Line, len(lines), d)
		return
	}
	length := len([]rune(strings.ToValidUTF8(strings.TrimSuffix(lines[d.Line-1], "\r"), "\uFFFD")))
	if d.Column < 1 || d.Column > length+1 || d.EndColumn <= d.Column || d.EndColumn > max(length, d.Column)+1 {
		t.Errorf("columns %d to %d of a line of %d characters: %+v", d.Column, d.EndColumn, length, d)
	}
	if d.Message == "" || strings.ContainsAny(d.Message+d.Hint, "\n\x1b") {
		t.Errorf("not a message of one line: %+v", d)
	}
}

// TestRulesAreShown proves that every rule says what it asks for and comes up in
// a golden, so that the list of rules says neither too little nor too much.
func TestRulesAreShown(t *testing.T) {
	listed := map[string]bool{}
	for _, r := range ruleList(t) {
		if listed[r.id] {
			t.Errorf("rule %s is listed twice", r.id)
		}
		if !strings.HasSuffix(r.summary, ".") {
			t.Errorf("the summary of rule %s is not a sentence", r.id)
		}
		listed[r.id] = true
	}
	shown := map[string]bool{
		ruleUnreadable: true, // Shown in TestLoadProblems: it takes a file system.
		ruleTooLarge:   true, // Shown in TestFileTooLarge: it takes more than 10 MiB.
	}
	for _, path := range goldens(t) {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files, _ := goldenFiles(t, archive)
		_, diags := outcome(t, files)
		for _, d := range diags {
			if !listed[d.Rule] {
				t.Errorf("%s: the rule %s is not listed", path, d.Rule)
			}
			shown[d.Rule] = true
		}
	}
	for id := range listed {
		if !shown[id] {
			t.Errorf("no case shows rule %s", id)
		}
	}
}

type rule struct{ id, summary string }

// ruleList reads the rules out of rules.go.
func ruleList(t *testing.T) []rule {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "rules.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var rules []rule
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "rule") {
			return true
		}
		id, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, rule{id, strings.TrimSpace(spec.Comment.Text())})
		return true
	})
	if len(rules) == 0 {
		t.Fatal("rules.go has no rule ids")
	}
	return rules
}
