package render_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/plan"
)

var update = flag.Bool("update", false, "rewrite the expected outputs")

// flags is the section flags.yaml of a case: how the plan is shown.
type flags struct {
	Width         int      `yaml:"width"`
	Wide          bool     `yaml:"wide"`
	Color         bool     `yaml:"color"`
	ShowUnmanaged bool     `yaml:"showUnmanaged"`
	Apply         []string `yaml:"apply"`
}

func (f flags) options() render.Options {
	o := render.Options{Width: 80, Color: f.Color, ShowUnmanaged: f.ShowUnmanaged, Apply: f.Apply}
	if f.Width > 0 {
		o.Width = f.Width
	}
	if f.Wide {
		o.Width = 0
	}
	return o
}

// TestPlanCases runs testdata/plan/*.txtar: how a plan looks to people and in pull
// requests. What is planned is a matter of pkg/plan and its cases.
func TestPlanCases(t *testing.T) {
	files, err := filepath.Glob("testdata/plan/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runPlanCase(t, file) })
	}
}

func runPlanCase(t *testing.T, file string) {
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
	var doc plan.Document
	if err := json.Unmarshal(sections["plan.json"], &doc, json.RejectUnknownMembers(true)); err != nil {
		t.Fatal(err)
	}
	o := f.options()
	var text, markdown bytes.Buffer
	if err := render.PlanText(&text, doc, o); err != nil {
		t.Fatal(err)
	}
	if err := render.PlanMarkdown(&markdown, doc, o); err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{"want.txt": text.Bytes(), "want.md": markdown.Bytes()}
	if *update {
		rewrite(t, file, archive, got)
		return
	}
	for _, name := range []string{"want.txt", "want.md"} {
		want, there := sections[name]
		if !there && name != "want.txt" {
			continue // most cases are about what people read on a terminal
		}
		if diff := cmp.Diff(string(want), string(got[name])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// rewrite replaces the sections that the case has, and adds the text.
func rewrite(t *testing.T, file string, archive *txtar.Archive, got map[string][]byte) {
	t.Helper()
	seen := false
	for i, f := range archive.Files {
		if b, ok := got[f.Name]; ok {
			archive.Files[i].Data = b
			seen = seen || f.Name == "want.txt"
		}
	}
	if !seen {
		archive.Files = append(archive.Files, txtar.File{Name: "want.txt", Data: got["want.txt"]})
	}
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// decode reads a section strictly: a key that means nothing is a mistake in the
// case.
func decode(t *testing.T, section []byte, into any) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader(section))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}
