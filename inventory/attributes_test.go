package inventory

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/plan"
)

// TestOneRowIsAKey proves that a row of the table is all that a new key takes: a
// made-up one is read, has defaults, is in the schema, the reference and the
// columns of a spreadsheet, and is known when it is misspelt.
func TestOneRowIsAKey(t *testing.T) {
	l := append(slices.Clone(attributes), attribute{
		key: "rackNote", in: inEntries | inDefaults, kind: aText, need: "none", example: "row 7", words: []string{"cabinet"},
		doc:  "Where the rack stands.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.PromoCode, _ = r.text(v, "rackNote", unlimited) },
	})
	parse := func(text string) (*Inventory, error) { return l.parse([]File{file("a.yaml", text)}, nil) }

	inv, err := parse(`version: 1
name: net
defaults: {term: 12, rackNote: row 1}
ports:
  - {name: a, site: LD5, speed: 10G}
  - {name: b, site: LD5, speed: 10G, rackNote: row 2}
rollouts:
  - {name: "{n}", sites: [FR5], speed: 10G, count: 2}
  - {name: "c{n}", sites: [FR5], speed: 10G, rackNote: row 3}
`)
	if err != nil {
		t.Fatal(err)
	}
	var notes []string
	for _, p := range inv.Ports {
		notes = append(notes, p.PromoCode)
	}
	if diff := cmp.Diff([]string{"row 1", "row 2", "row 1", "row 1", "row 3"}, notes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if at := inv.Ports[0].At("rackNote"); at != (plan.Source{File: "a.yaml", Line: 3, Column: 32}) {
		t.Errorf("the value stands at %s", at)
	}

	for text, want := range map[string]string{
		"rakNote: x":    `did you mean "rackNote"?`,
		"cabinet: x":    `here it is called "rackNote"`,
		"rackNote: 7":   "rackNote must be text",
		"rackNote: ' '": "rackNote contains only spaces",
	} {
		_, err := parse("version: 1\nname: net\nports:\n  - name: a\n    site: LD5\n    speed: 10G\n    term: 12\n    " + text + "\n")
		diags, _ := err.(Diagnostics)
		if !strings.Contains(diags.Render(), want) {
			t.Errorf("%s: %s", text, diags.Render())
		}
	}

	schema, err := l.schema()
	if err != nil || strings.Count(string(schema), `"description": "Where the rack stands."`) != 3 {
		t.Errorf("the schema does not describe the key in defaults, ports and rollouts (%v)", err)
	}
	if row := "| `rackNote` | text |  | none | Where the rack stands. | `row 7` |\n"; !strings.Contains(rows(l, inPorts), row) || !strings.Contains(rows(l, inDefaults), row) {
		t.Error("the reference does not list the key")
	}

	sheet, _, _, err := l.fromSheet(file("a.csv", "name,site,speed,term,Cabinet\na,LD5,10G,12,row 4\nb,LD5,10G,12,row 5\n"), SheetOptions{Name: "net", Environment: "sandbox"})
	if err != nil || !strings.Contains(string(sheet), "rackNote: row 4") {
		t.Errorf("%v\n%s", err, sheet)
	}
}

// TestEveryPortFieldHasAKey holds the keys of ports and rollouts to the fields of
// plan.Port: what planning reads can be written down, and what is written down is
// read by planning.
func TestEveryPortFieldHasAKey(t *testing.T) {
	expanded := []string{"Source", "Fields", "TermDeclared"} // About the entry, not in it.
	named := map[string]string{"diversityZone": "Zone", "state": "Absent", "sites": "Site", "zones": "Zone"}
	var fields []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[plan.Port]()) {
		if !slices.Contains(expanded, f.Name) {
			fields = append(fields, strings.ToLower(f.Name))
		}
	}
	keys := map[string]bool{}
	for _, a := range attributes.of(inEntries) {
		field, ok := named[a.key]
		if !ok {
			field = a.key
		}
		if a.key != "count" {
			keys[strings.ToLower(field)] = true
		}
	}
	for _, f := range fields {
		if !keys[f] {
			t.Errorf("no key is read into %s", f)
		}
		delete(keys, f)
	}
	for k := range keys {
		t.Errorf("plan.Port has no field for %s", k)
	}
}

// TestRowsAreWhole proves that every row says what the reference and editors need,
// and that no key or word means two things in one mapping.
func TestRowsAreWhole(t *testing.T) {
	for in := range mappingNames {
		seen := map[string]string{}
		for _, a := range attributes.of(in) {
			if a.read == nil || a.doc == "" || a.kind.schema == nil || a.kind.words == "" || in != inSite && (a.need == "" || a.example == "") {
				t.Errorf("the row of %s in %s is not whole", a.key, mappingNames[in])
			}
			for _, word := range append([]string{bare(a.key)}, a.words...) {
				if other, twice := seen[word]; twice {
					t.Errorf("in %s %q is %s and %s", mappingNames[in], word, other, a.key)
				}
				seen[word] = a.key
			}
		}
	}
}

// The keys of an entry are those that planning has a row for, no more and no fewer.
func TestPlanningKnowsEveryKeyOfAnEntry(t *testing.T) {
	want := slices.Sorted(slices.Values(attributes.names(inPorts)))
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(plan.Keys()))); diff != "" {
		t.Errorf("keys of an entry, and of planning (-inventory +plan):\n%s", diff)
	}
}
