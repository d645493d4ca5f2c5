package render_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
)

// TestResultCases runs testdata/result/*.txtar: a result document, and what
// people read of it.
func TestResultCases(t *testing.T) {
	files, err := filepath.Glob("testdata/result/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runResultCase(t, file) })
	}
}

func runResultCase(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string][]byte{}
	for _, f := range archive.Files {
		sections[f.Name] = f.Data
	}
	var f flags
	decode(t, sections["flags.yaml"], &f)
	var r apply.Result
	if err := json.Unmarshal(sections["result.json"], &r, json.RejectUnknownMembers(true)); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := render.ResultText(&text, r, f.options()); err != nil {
		t.Fatal(err)
	}
	if *update {
		rewrite(t, file, archive, map[string][]byte{"want.txt": text.Bytes()})
		return
	}
	if diff := cmp.Diff(string(sections["want.txt"]), text.String()); diff != "" {
		t.Errorf("want.txt (-want +got):\n%s", diff)
	}
}
