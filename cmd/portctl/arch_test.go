package main_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/portctl/portctl/"

// mayImport is the map of the code: for every package, the packages of ours that
// it may import. Tests are free to import more. A package that is not listed
// fails the test, so that adding one is a decision.
func mayImport() map[string][]string {
	return map[string][]string{
		"cmd/portctl":                       {"cmd/portctl/internal/cli"},
		"cmd/portctl/internal/cli":          {"cmd/portctl/internal/export", "cmd/portctl/internal/forge", "cmd/portctl/internal/handover", "cmd/portctl/internal/progress", "cmd/portctl/internal/render", "cmd/portctl/internal/report", "inventory", "pkg/plan", "pkg/apply", "pkg/apply/ledger", "pkg/apply/loa", "pkg/apply/provider", "pkg/apply/refresh", "pkg/apply/panics", "pkg/megaport", "pkg/megaport/sandbox"},
		"cmd/portctl/internal/export":       {"pkg/apply", "pkg/plan"},
		"cmd/portctl/internal/handover":     {"pkg/apply/loa", "pkg/plan"},
		"cmd/portctl/internal/report":       {"cmd/portctl/internal/render", "pkg/apply", "pkg/plan"},
		"cmd/portctl/internal/forge":        {},
		"cmd/portctl/internal/forge/forges": {},
		"cmd/portctl/internal/progress":     {"cmd/portctl/internal/render", "pkg/apply", "pkg/plan"},
		"cmd/portctl/internal/render":       {"pkg/apply", "pkg/apply/ledger", "pkg/apply/refresh", "pkg/plan"},
		"inventory":                         {"inventory/layout", "inventory/spreadsheet", "pkg/plan"},
		"inventory/layout":                  {},
		"inventory/spreadsheet":             {},
		"pkg/plan":                          {},
		"pkg/apply":                         {"pkg/plan", "pkg/apply/ledger", "pkg/apply/loa", "pkg/apply/refresh", "pkg/apply/panics"},
		"pkg/apply/refresh":                 {"pkg/plan", "pkg/apply/ledger", "pkg/apply/panics"},
		"pkg/apply/ledger":                  {"pkg/plan", "pkg/apply/panics"},

		"pkg/apply/loa":                           {"pkg/plan"},
		"pkg/apply/provider":                      {"pkg/plan", "pkg/apply", "pkg/apply/refresh", "pkg/megaport"},
		"pkg/apply/panics":                        {},
		"pkg/megaport":                            {},
		"pkg/internal/testkit/plancase":           {"inventory", "pkg/megaport/sandbox", "pkg/plan"},
		"pkg/internal/testkit/simtest":            {},
		"pkg/internal/testkit/storetest":          {"pkg/apply/ledger"},
		"pkg/internal/testkit/storetest/s3server": {},
		"pkg/internal/testkit/contract":           {"pkg/megaport"},
		"pkg/internal/testkit/bench":              {"pkg/internal/testkit/storetest/s3server", "pkg/megaport/sandbox"},
		"pkg/megaport/sandbox":                    {},
	}
}

// source is what one package's files say.
type source struct {
	imports  map[string]bool
	stdlib   map[string]bool
	document bool
}

func TestImportDirections(t *testing.T) {
	allowed := mayImport()
	packages := readPackages(t)
	for name, p := range packages {
		may, listed := allowed[name]
		if !listed {
			t.Errorf("package %s is not on the map of the code: add it to mayImport and ARCHITECTURE.md", name)
			continue
		}
		for imported := range p.imports {
			if !slices.Contains(may, imported) {
				t.Errorf("package %s must not import %s", name, imported)
			}
		}
	}
	for name := range allowed {
		if packages[name] == nil {
			t.Errorf("package %s is on the map of the code, but not in it", name)
		}
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	for name, p := range readPackages(t) {
		if !p.document {
			t.Errorf("package %s has no doc comment", name)
		}
	}
}

// TestPurePackagesDoNoIO: these packages reach for no network, file or terminal: planning is
// pure, and drawing knows only values and a writer.
func TestPurePackagesDoNoIO(t *testing.T) {
	for _, name := range []string{"pkg/plan", "cmd/portctl/internal/render"} {
		for _, banned := range []string{"os", "net", "net/http", "os/exec", "math/rand", "math/rand/v2"} {
			if readPackages(t)[name].stdlib[banned] {
				t.Errorf("package %s must not import %s", name, banned)
			}
		}
	}
}

// TestDependenciesStayLight: these modules come in by way of others; they take time to
// build and nothing here needs them.
func TestDependenciesStayLight(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, heavy := range []string{"gocloud.dev", "google.golang.org/grpc", "google.golang.org/genproto", "go.opentelemetry.io/"} {
		if strings.Contains(string(mod), heavy) {
			t.Errorf("go.mod requires %s", heavy)
		}
	}
}

// readPackages reads the files themselves: a list of packages asked of the go
// command would be cached by go test and miss a change.
func readPackages(t *testing.T) map[string]*source {
	t.Helper()
	root := filepath.Join("..", "..")
	packages := map[string]*source{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != root || d.Name() == "testdata" || d.Name() == "tools"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if packages[name] == nil {
			packages[name] = &source{imports: map[string]bool{}, stdlib: map[string]bool{}}
		}
		return packages[name].read(file)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) == 0 {
		t.Fatal("no packages found")
	}
	return packages
}

func (s *source) read(file string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return err
	}
	s.document = s.document || parsed.Doc != nil && strings.TrimSpace(parsed.Doc.Text()) != ""
	for _, i := range parsed.Imports {
		imported := strings.Trim(i.Path.Value, `"`)
		if ours, ok := strings.CutPrefix(imported, module); ok {
			s.imports[path.Clean(ours)] = true
		} else {
			s.stdlib[imported] = true
		}
	}
	return nil
}
