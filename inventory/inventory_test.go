package inventory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/plan"
)

// mustParse parses files that have no problems.
func mustParse(t testing.TB, files ...File) *Inventory {
	t.Helper()
	inv, err := Parse(files...)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func file(name, text string) File { return File{Name: name, Content: []byte(text)} }

func TestParseExpands(t *testing.T) {
	inv := mustParse(t, file("emea.yaml", `
version: 1
name: emea-core
environment: staging
defaults: {term: 12, costCentre: NET-042, marketplaceVisibility: false, tags: {team: network, stage: pilot}}
sites:
  lhr20: {id: 89}
  sy3: Equinix SY3
ports:
  - name: lon-1
    site: LHR20
    speed: 10G
    diversityZone: red
  - name: syd-lag
    site: sy3
    speed: 100000
    lag: 4
    term: 36
    costCentre: ""
    marketplaceVisibility: true
    tags: {stage: "", rollout: q4}
    promoCode: SPRING
`), file("bare.yaml", `version: 1
ports: [{name: par-1, site: {id: 515}, speed: 1G, term: 1}, {name: par-2, site: Telehouse TH2, speed: 400 Gbps, term: 60}]
`))
	text := func(s string) *string { return &s }
	flag := func(b bool) *bool { return &b }
	emea := func(line, column int) plan.Source { return plan.Source{File: "emea.yaml", Line: line, Column: column} }
	bare := func(column int) plan.Source { return plan.Source{File: "bare.yaml", Line: 2, Column: column} }
	want := plan.Desired{Inventory: "emea-core", Environment: "staging", Ports: []plan.Port{
		{
			Name: "lon-1", Site: plan.Site{ID: 89, Written: "LHR20"}, Speed: plan.Speed10G, Zone: plan.Red, Term: 12,
			CostCentre: text("NET-042"), MarketplaceVisibility: flag(false), Tags: map[string]string{"team": "network", "stage": "pilot"},
			Source: emea(10, 5),
			Fields: map[string]plan.Source{
				"name": emea(10, 11), "site": emea(11, 11), "speed": emea(12, 12), "diversityZone": emea(13, 20),
				"term": emea(5, 18), "costCentre": emea(5, 34), "marketplaceVisibility": emea(5, 66), "tags": emea(5, 79),
			},
		},
		{
			Name: "syd-lag", Site: plan.Site{Name: "Equinix SY3", Written: "sy3"}, Speed: plan.Speed100G, LAG: 4, Term: 36, TermDeclared: true,
			CostCentre: text(""), MarketplaceVisibility: flag(true), PromoCode: "SPRING",
			Tags:   map[string]string{"team": "network", "stage": "", "rollout": "q4"},
			Source: emea(14, 5),
			Fields: map[string]plan.Source{
				"name": emea(14, 11), "site": emea(15, 11), "speed": emea(16, 12), "lag": emea(17, 10), "term": emea(18, 11),
				"costCentre": emea(19, 17), "marketplaceVisibility": emea(20, 28), "tags": emea(21, 11), "promoCode": emea(22, 16),
			},
		},
		{
			Name: "par-1", Site: plan.Site{ID: 515, Written: "515"}, Speed: plan.Speed1G, Term: 1, TermDeclared: true, Source: bare(9),
			Fields: map[string]plan.Source{"name": bare(16), "site": bare(29), "speed": bare(47), "term": bare(57)},
		},
		{
			Name: "par-2", Site: plan.Site{Name: "Telehouse TH2", Written: "Telehouse TH2"}, Speed: plan.Speed400G, Term: 60, TermDeclared: true, Source: bare(61),
			Fields: map[string]plan.Source{"name": bare(68), "site": bare(81), "speed": bare(103), "term": bare(119)},
		},
	}}
	if diff := cmp.Diff(want, inv.Desired()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"emea.yaml", "bare.yaml"}, inv.Files); diff != "" {
		t.Errorf("files: -want +got:\n%s", diff)
	}
	if len(inv.Warnings) > 0 {
		t.Errorf("warnings:\n%s", inv.Warnings.Render())
	}
}

// TestPortsShareNothing proves that changing one port leaves its neighbour
// alone, though both have their values from the same defaults.
func TestPortsShareNothing(t *testing.T) {
	inv := mustParse(t, file("a.yaml", `
version: 1
name: a
defaults: {term: 12, costCentre: A, marketplaceVisibility: true, tags: {team: a}}
ports: [{name: a, site: LD5, speed: 10G}, {name: b, site: LD5, speed: 10G}]
`))
	first, second := inv.Ports[0], inv.Ports[1]
	*first.CostCentre, *first.MarketplaceVisibility, first.Tags["team"] = "B", false, "b"
	if *second.CostCentre != "A" || !*second.MarketplaceVisibility || second.Tags["team"] != "a" {
		t.Errorf("the second port changed with the first: %q %t %v", *second.CostCentre, *second.MarketplaceVisibility, second.Tags)
	}
}

func TestUndeclaredStaysNil(t *testing.T) {
	inv := mustParse(t, file("a.yaml", "version: 1\nname: a\nports: [{name: a, site: LD5, speed: 10G, term: 1}]\n"))
	if p := inv.Ports[0]; p.CostCentre != nil || p.MarketplaceVisibility != nil || p.Tags != nil {
		t.Errorf("undeclared fields have values: %+v", p)
	}
}

func TestFileTooLarge(t *testing.T) {
	text := "version: 1\nname: a\nports: []\n#" + strings.Repeat("x", maxFileSize)
	if _, err := Parse(file("big.yaml", text)); err == nil || !strings.Contains(err.Error(), "["+ruleTooLarge+"]") {
		t.Errorf("error %v", err)
	}
	fits := file("fits.yaml", text[:maxFileSize])
	if d, bad := newSource(fits).inspect(fits.Content); bad {
		t.Errorf("a file of exactly the limit: %v", d)
	}
}

func TestErrorIsShort(t *testing.T) {
	_, err := Parse(file("a.yaml", "version: 1\nname: a\nports:\n"+strings.Repeat("  - {}\n", 5)))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != errorLines+1 || lines[errorLines] != "and 10 more" {
		t.Errorf("error of %d lines ends in %q", len(lines), lines[len(lines)-1])
	}
	if errors, warnings := err.(Diagnostics).Counts(); errors != 20 || warnings != 0 {
		t.Errorf("%d errors and %d warnings", errors, warnings)
	}
}

// TestManyProblemsOnOneLine holds finding columns to linear work: with a scan
// of the line for each problem this test would not end in the time tests have.
func TestManyProblemsOnOneLine(t *testing.T) {
	const count = 10_000
	text := "version: 1\nname: a\nports: [" + strings.Repeat("{ü: 1},", count) + "]\n"
	_, err := Parse(file("a.yaml", text))
	if errors, _ := err.(Diagnostics).Counts(); errors != count*5 {
		t.Errorf("%d errors", errors)
	}
}

func TestLoad(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	entry := func(name string) string {
		return "version: 1\nports: [{name: " + name + ", site: LD5, speed: 10G, term: 1}]\n"
	}
	write(DefaultFile, entry("default")+"name: d\n")
	write("dir/b.yaml", entry("b"))
	write("dir/a.yml", entry("a")+"name: dir\n")
	write("dir/.hidden.yaml", "not read")
	write("dir/notes.txt", "not read")
	write("dir/sub.yaml/c.yaml", "not read")
	write("more.conf", entry("more"))

	for _, c := range []struct {
		name  string
		paths []string
		want  []string
	}{
		{"default", nil, []string{"portctl.yaml"}},
		{"directory", []string{"dir"}, []string{"dir/a.yml", "dir/b.yaml"}},
		{"a file of any name", []string{"more.conf", "dir"}, []string{"more.conf", "dir/a.yml", "dir/b.yaml"}},
		{"reached twice", []string{"dir/b.yaml", "./dir", "dir/../dir/a.yml"}, []string{"dir/b.yaml", "dir/a.yml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inv, err := Load(c.paths)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, inv.Files); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLoadProblems(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("empty", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("bad.yaml", []byte("version: 2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop", "loop"); err != nil {
		t.Fatal(err)
	}
	problems := func(paths ...string) []string {
		t.Helper()
		inv, err := Load(paths)
		diags, ok := err.(Diagnostics)
		if !ok || inv != nil {
			t.Fatalf("inventory %v, error %v", inv, err)
		}
		var lines []string
		for _, d := range diags {
			lines = append(lines, d.Position()+" "+d.Rule)
		}
		return lines
	}
	if diff := cmp.Diff([]string{"portctl.yaml no-file"}, problems()); diff != "" {
		t.Errorf("no file: -want +got:\n%s", diff)
	}
	want := []string{"bad.yaml:1:10 bad-version", "empty no-file", "loop unreadable-file", "missing.yaml no-file"}
	if diff := cmp.Diff(want, problems("missing.yaml", "empty", "bad.yaml", "loop")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestExamples holds the examples to what their README promises. That they can
// be bought is tested where there is a sandbox to buy them from.
func TestExamples(t *testing.T) {
	for _, c := range []struct {
		file              string
		entries, services int
	}{
		{"../examples/london.yaml", 1, 1},
		{"../examples/emea-rollout.yaml", 24, 25},
		{"../examples/rollout.yaml", 10, 10},
	} {
		inv, err := Load([]string{c.file})
		if err != nil {
			t.Fatal(err)
		}
		services, places := 0, map[string]bool{}
		for _, p := range inv.Ports {
			services += p.Members()
			places[p.Site.Written+string(p.Zone)+p.Name] = true
		}
		if len(inv.Ports) != c.entries || services != c.services || inv.Services() != services || len(places) != c.entries {
			t.Errorf("%s: %d entries, %d services, %d places", c.file, len(inv.Ports), services, len(places))
		}
		if inv.Environment != "sandbox" || len(inv.Warnings) > 0 {
			t.Errorf("%s: environment %q, warnings %v", c.file, inv.Environment, inv.Warnings)
		}
	}
}

const reference = "../docs/inventory.md"

// snippets are the YAML snippets of the reference.
func snippets(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for i, part := range strings.Split(string(text), "```yaml\n") {
		if i == 0 {
			continue
		}
		snippet, _, closed := strings.Cut(part, "```")
		if !closed {
			t.Errorf("snippet %d is not closed", i)
		}
		all = append(all, snippet)
	}
	if len(all) < 12 {
		t.Errorf("only %d snippets were found", len(all))
	}
	return all
}

// TestReferenceSnippets parses every YAML snippet of the reference.
func TestReferenceSnippets(t *testing.T) {
	for i, snippet := range snippets(t) {
		inv, err := Parse(file("snippet", snippet))
		switch {
		case err != nil:
			t.Errorf("snippet %d:\n%s\n%v", i, snippet, err)
		case len(inv.Warnings) > 0 || len(inv.Ports) == 0:
			t.Errorf("snippet %d has %d ports and warnings: %v", i, len(inv.Ports), inv.Warnings)
		}
	}
}

// TestTakeoverAndUIDs proves that an entry says for itself alone that it takes
// its service over, and that a UID reaches planning in one spelling.
func TestTakeoverAndUIDs(t *testing.T) {
	const upper, lower = "36B3F68E-2F54-4331-BF94-F8984449365F", "36b3f68e-2f54-4331-bf94-f8984449365f"
	inv, err := Parse(file("a.yaml", `version: 1
name: net
unmanaged: [Lab-7, `+upper[:35]+`E]
defaults: {term: 12}
ports:
  - {name: a, site: LD5, speed: 10G, uid: `+upper+`, takeover: true}
  - {name: b, site: LD5, speed: 10G, replaces: `+upper[:35]+`A, takeover: false}
  - {name: c, site: LD5, speed: 10G}
`))
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := inv.Ports[0], inv.Ports[1], inv.Ports[2]
	if !a.Takeover || b.Takeover || c.Takeover {
		t.Errorf("takeover is %t, %t, %t", a.Takeover, b.Takeover, c.Takeover)
	}
	if a.UID != lower || string(b.Replaces) != lower[:35]+"a" {
		t.Errorf("the UIDs are %s and %s", a.UID, b.Replaces)
	}
	if diff := cmp.Diff([]string{"Lab-7", lower[:35] + "e"}, inv.Unmanaged); diff != "" {
		t.Errorf("unmanaged: -want +got:\n%s", diff)
	}
}
