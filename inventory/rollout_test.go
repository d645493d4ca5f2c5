package inventory

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/inventory/layout"
	"github.com/portctl/portctl/inventory/spreadsheet"
	"github.com/portctl/portctl/pkg/plan"
)

func amount(t *testing.T, text string) plan.Amount {
	t.Helper()
	a, err := plan.ParseAmount(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestWholeLanguage reads every key that TestParseExpands does not.
func TestWholeLanguage(t *testing.T) {
	inv := mustParse(t, file("net/emea.yaml", `
version: 1
name: emea-core
state: ../claims
policy:
  maxMonthly: {GBP: 20000, USD: 0.5}
  maxCommitment: {GBP: 300000}
  maxBuy: 150
  terms: [24, 12]
unmanaged: [lab-7, Lab 8]
rollouts:
  - name: "{site}-{zone}"
    sites: [lhr20, {id: 131}]
    zones: [red, blue]
    speed: 10G
    lag: 2
    locked: false
    tags: {rollout: q4}
defaults: {term: 12, tags: {team: network}}
sites: {lhr20: {id: 89}}
ports:
  - name: lon-1
    formerly: lon-a
    site: lhr20
    speed: 10G
    locked: true
  - name: par-1
    site: LD5
    speed: 10G
    replaces: 36B3F68E-2f54-4331-bf94-f8984449365f
  - uid: 36b3f68e-2f54-4331-bf94-f8984449365f
    state: absent
`))
	yes, no := true, false
	at := func(line, column int) plan.Source {
		return plan.Source{File: "net/emea.yaml", Line: line, Column: column}
	}
	team := map[string]string{"team": "network"}
	edge := func(name, site string, id plan.LocationID, zone plan.Zone, siteAt, zoneAt plan.Source) plan.Port {
		return plan.Port{
			Name: name, Site: plan.Site{ID: id, Written: site}, Speed: plan.Speed10G, Zone: zone, LAG: 2, Term: 12, Locked: &no,
			Tags: map[string]string{"team": "network", "rollout": "q4"}, Source: at(12, 5),
			Fields: map[string]plan.Source{
				"name": at(12, 11), "site": siteAt, "diversityZone": zoneAt, "speed": at(15, 12), "lag": at(16, 10),
				"locked": at(17, 13), "tags": at(18, 11), "term": at(19, 18),
			},
		}
	}
	want := plan.Desired{
		Inventory: "emea-core",
		Policy: plan.Policy{
			Limits: plan.Limits{
				MaxMonthly:    map[string]plan.Amount{"GBP": amount(t, "20000"), "USD": amount(t, "0.5")},
				MaxCommitment: map[string]plan.Amount{"GBP": amount(t, "300000")},
			},
			MaxBuy: 150, Terms: []int{12, 24},
		},
		Unmanaged: []string{"lab-7", "Lab 8"},
		Ports: []plan.Port{
			edge("lhr20-red", "lhr20", 89, plan.Red, at(13, 13), at(14, 13)),
			edge("lhr20-blue", "lhr20", 89, plan.Blue, at(13, 13), at(14, 18)),
			edge("131-red", "131", 131, plan.Red, at(13, 20), at(14, 13)),
			edge("131-blue", "131", 131, plan.Blue, at(13, 20), at(14, 18)),
			{
				Name: "lon-1", Formerly: "lon-a", Site: plan.Site{ID: 89, Written: "lhr20"}, Speed: plan.Speed10G, Term: 12, Locked: &yes, Tags: team, Source: at(22, 5),
				Fields: map[string]plan.Source{"name": at(22, 11), "formerly": at(23, 15), "site": at(24, 11), "speed": at(25, 12), "locked": at(26, 13), "term": at(19, 18), "tags": at(19, 28)},
			},
			{
				Name: "par-1", Replaces: "36b3f68e-2f54-4331-bf94-f8984449365f", Site: plan.Site{Name: "LD5", Written: "LD5"}, Speed: plan.Speed10G, Term: 12, Tags: team, Source: at(27, 5),
				Fields: map[string]plan.Source{"name": at(27, 11), "site": at(28, 11), "speed": at(29, 12), "replaces": at(30, 15), "term": at(19, 18), "tags": at(19, 28)},
			},
			{
				UID: "36b3f68e-2f54-4331-bf94-f8984449365f", Absent: true, Term: 12, Tags: team, Source: at(31, 5),
				Fields: map[string]plan.Source{"uid": at(31, 10), "state": at(32, 12), "term": at(19, 18), "tags": at(19, 28)},
			},
		},
	}
	if diff := cmp.Diff(want, inv.Desired()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if inv.State != "claims" {
		t.Errorf("state %q: a path is taken from the directory of its file", inv.State)
	}
	if inv.Services() != 10 {
		t.Errorf("%d services", inv.Services())
	}
}

func TestStateIsKept(t *testing.T) {
	for written, want := range map[string]string{
		"s3://netops/portctl": "s3://netops/portctl",
		"/var/lib/portctl":    "/var/lib/portctl",
		"claims/emea":         "dir/claims/emea",
		".":                   "dir",
	} {
		inv := mustParse(t, file("dir/a.yaml", "version: 1\nname: a\nports: []\nstate: "+written+"\n"))
		if inv.State != want {
			t.Errorf("state %s is %s, not %s", written, inv.State, want)
		}
	}
}

// writtenOut is a rollout entry by entry, without the code that expands it.
func writtenOut(sites, zones []string, count int, speed string) string {
	var b strings.Builder
	b.WriteString("version: 1\nname: a\ndefaults: {term: 12, tags: {team: network}}\nports:\n")
	for _, site := range sites {
		for _, zone := range zones {
			for n := 1; n <= count; n++ {
				fmt.Fprintf(&b, "  - name: edge-%s-%s-%d\n    site: %s\n    speed: %s\n    diversityZone: %s\n    lag: 2\n    promoCode: X\n    locked: true\n", site, zone, n, site, speed, zone)
			}
		}
	}
	return b.String()
}

func rolledOut(sites, zones []string, count int, speed string) string {
	return fmt.Sprintf("version: 1\nname: a\ndefaults: {term: 12, tags: {team: network}}\nrollouts:\n  - {name: \"edge-{site}-{zone}-{n}\", sites: [%s], zones: [%s], count: %d, speed: %s, lag: 2, promoCode: X, locked: true}\n",
		strings.Join(sites, ", "), strings.Join(zones, ", "), count, speed)
}

// TestRolloutIsShorthand: one rollout of 10,000 ports and the 10,000 entries
// that it stands for are one desired set.
func TestRolloutIsShorthand(t *testing.T) {
	var sites []string
	for i := range 50 {
		sites = append(sites, fmt.Sprintf("site%d", i))
	}
	short := mustParse(t, file("short.yaml", rolledOut(sites, []string{"red", "blue"}, 100, "10G")))
	long := mustParse(t, file("long.yaml", writtenOut(sites, []string{"red", "blue"}, 100, "10G")))
	if len(short.Ports) != 10_000 {
		t.Fatalf("the rollout stands for %d ports", len(short.Ports))
	}
	if !reflect.DeepEqual(desiredSet(short), desiredSet(long)) {
		t.Error("the desired sets differ")
	}
	for _, p := range short.Ports {
		if p.Source.Line != 5 || p.At("site").Column <= p.Source.Column || p.At("diversityZone").Line != 5 {
			t.Fatalf("%s stands at %v, its site at %v", p.Name, p.Source, p.At("site"))
		}
	}
}

func TestRolloutsAreShorthand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sites := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,6}[0-9]?`).Filter(func(s string) bool { return !isYAML11Boolean(s) && s != "null" && s != "true" && s != "false" }), 1, 8, plan.FoldName).Draw(t, "sites")
		zones := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"red", "blue"}), 1, 2, rapid.ID[string]).Draw(t, "zones")
		count := rapid.IntRange(1, 5).Draw(t, "count")
		short, err := Parse(file("short.yaml", rolledOut(sites, zones, count, "10G")))
		if err != nil {
			t.Fatal(err)
		}
		long, err := Parse(file("long.yaml", writtenOut(sites, zones, count, "10G")))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(desiredSet(long), desiredSet(short)); diff != "" {
			t.Fatalf("-entries +rollout:\n%s", diff)
		}
	})
}

// TestExpandedPortsShareNothing: changing one port of a rollout leaves its
// neighbours alone.
func TestExpandedPortsShareNothing(t *testing.T) {
	inv := mustParse(t, file("a.yaml", rolledOut([]string{"a", "b"}, []string{"red"}, 1, "10G")))
	first, second := inv.Ports[0], inv.Ports[1]
	*first.Locked, first.Tags["team"], first.Fields["site"] = false, "x", plan.Source{}
	if !*second.Locked || second.Tags["team"] != "network" || second.At("site").Line == 0 {
		t.Errorf("the second port changed with the first: %+v", second)
	}
}

// TestPortsComeInOrder of files, and in each of lines.
func TestPortsComeInOrder(t *testing.T) {
	inv := mustParse(t,
		file("b.yaml", "version: 1\nname: a\nrollouts: [{name: \"b{n}\", sites: [LD5], count: 2, speed: 10G, term: 1}]\nports: [{name: b3, site: LD5, speed: 10G, term: 1}]\n---\nversion: 1\nports: [{name: b4, site: LD5, speed: 10G, term: 1}]\n"),
		file("a.yaml", "version: 1\nports: [{name: a1, site: LD5, speed: 10G, term: 1}]\nrollouts: [{name: \"a2\", sites: [LD5], speed: 10G, term: 1}]\n"),
	)
	var names []string
	for _, p := range inv.Ports {
		names = append(names, p.Name)
	}
	if want := []string{"b1", "b2", "b3", "b4", "a1", "a2"}; !slices.Equal(names, want) {
		t.Errorf("%v, not %v", names, want)
	}
}

// shown without them, in every form of the diagnostic.
func TestCredentialsAreNotShown(t *testing.T) {
	for _, state := range []string{"s3://AKIA:hunter2@netops/x", "https://AKIA:hunter2@example.com/x", "S3://hunter2@netops"} {
		_, err := Parse(file("a.yaml", "version: 1\nname: a\nstate: "+state+"\nports: []\n"))
		diags, ok := err.(Diagnostics)
		if !ok {
			t.Fatalf("%s: %v", state, err)
		}
		if all := fmt.Sprintf("%+v %s %s", diags, diags.Render(), err); strings.Contains(all, "hunter2") || strings.Contains(all, "AKIA") {
			t.Errorf("%s:\n%s", state, all)
		}
	}
}

// TestStarterIsValid, whatever the name.
func TestStarterIsValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.SampledFrom([]string{"emea", "yes", "1017", "a: b", "Zürich 1"}), rapid.StringMatching(`[!-~]([ -~]{0,20}[!-~])?`)).Draw(t, "name")
		text := Starter(name)
		inv, err := Parse(File{Name: DefaultFile, Content: text})
		if err != nil {
			t.Fatal(err)
		}
		if inv.Name != name || inv.Environment != "sandbox" || len(inv.Ports) != 2 || len(inv.Warnings) > 0 {
			t.Fatalf("%+v", inv)
		}
		formatted, err := Format(File{Name: DefaultFile, Content: text})
		if err != nil || string(formatted) != string(text) {
			t.Fatalf("%v: -starter +formatted:\n%s", err, cmp.Diff(string(text), string(formatted)))
		}
		// The commented part becomes valid by taking the comment marks away.
		_, tail, _ := strings.Cut(string(text), "# rollouts:")
		whole := strings.Replace(string(text), "# rollouts:"+tail, "rollouts:"+strings.ReplaceAll(tail, "\n# ", "\n"), 1)
		if inv, err := Parse(file("a.yaml", whole)); err != nil || len(inv.Ports) != 6 {
			t.Fatalf("%v\n%s", err, whole)
		}
	})
}

// TestTextIsWrittenForYAML proves of any text that YAML reads it back.
func TestTextIsWrittenForYAML(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]{0,12}`), rapid.SampledFrom([]string{"no", "Null", "0x10", "1e3", "2026-01-01", "-", "a #b", "a: b"})).Draw(t, "text")
		for _, form := range []string{"[%s]", "- %s", "[{a: %s}]"} {
			nodes, err := layout.Parse(fmt.Sprintf(form, plan.YAMLScalar(text)))
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			n := nodes[0].Content[0]
			if n.Kind != 8 {
				n = n.Content[1]
			}
			if _, otherwise := otherReading(n); n.Tag != tagString || n.Value != text || otherwise {
				t.Fatalf("%q is read as %s %q", text, n.Tag, n.Value)
			}
		}
	})
}

// FuzzCSV proves of any file that it gives diagnostics with positions that
// exist, or an inventory that is valid and formatted.
func FuzzCSV(f *testing.F) {
	seeds(f, "testdata/diagnostics/csv-*.txtar")
	f.Fuzz(func(t *testing.T, content []byte) {
		in := File{Name: "sheet.csv", Content: content}
		text, questions, diags, err := FromSheet(in, SheetOptions{Name: NameFrom("sheet.csv"), Environment: "sandbox"})
		if read, _, broken := spreadsheet.Text(content, ""); broken == nil {
			in.Content = []byte(read) // positions are those of what was read
		}
		if len(questions) > 0 {
			return
		}
		if err != nil {
			found, ok := err.(Diagnostics)
			if !ok || text != nil || !hasErrors(found) {
				t.Fatalf("%q, %v", text, err)
			}
			diags = found
		} else if _, err := Parse(File{Name: "made.yaml", Content: text}); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		for _, d := range diags {
			checkPosition(t, []File{in}, d)
		}
	})
}
