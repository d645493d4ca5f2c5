package inventory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/inventory"
)

func TestLongerTerms(t *testing.T) {
	const file = `version: 1
name: net
defaults: {term: 1}
ports:
  - {name: flow, site: {id: 1}, speed: 10G} # stays
  - name: block
    site: {id: 1}
    speed: 10G
    term: 12 # a year
  - name: bare
    site: {id: 1}
    speed: 10G
  - {name: other, site: {id: 1}, speed: 10G}
  - {name: longer, site: {id: 1}, speed: 10G, term: 60}
rollouts:
  - {name: "r-{n}", sites: [{id: 1}], speed: 10G, count: 2}
`
	const want = `version: 1
name: net
defaults: {term: 1}
ports:
  - {name: flow, site: {id: 1}, speed: 10G, term: 24} # stays
  - name: block
    site: {id: 1}
    speed: 10G
    term: 36 # a year
  - name: bare
    site: {id: 1}
    speed: 10G
    term: 12
  - {name: other, site: {id: 1}, speed: 10G}
  - {name: longer, site: {id: 1}, speed: 10G, term: 60}
rollouts:
  - {name: "r-{n}", sites: [{id: 1}], speed: 10G, count: 2}
`

	changed, refused, err := inventory.LongerTerms([]inventory.File{{Name: "a.yaml", Content: []byte(file)}}, map[string]int{"flow": 24, "BLOCK": 36, "bare": 12, "longer": 24, "r-2": 24, "nobody": 60})
	if err != nil {
		t.Fatal(err)
	}
	if len(changed) != 1 {
		t.Fatalf("%d files change", len(changed))
	}
	if diff := cmp.Diff(want, string(changed[0].Content)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(refused) != 1 || refused[0].Entry != "r-2" || refused[0].Hint != "write `term: 24` there by hand" {
		t.Errorf("refused: %+v", refused)
	}
}

func TestLongerTermsLeaveAnchorsAlone(t *testing.T) {
	const text = "version: 1\nname: net\nports:\n  - &a {name: a, site: {id: 1}, speed: 10G, term: 1}\n  - {<<: *a, name: b}\n  - {name: c, site: {id: 1}, speed: 10G, term: &t 1}\n  - {name: d, site: {id: 1}, speed: 10G, term: *t}\n"
	changed, refused, err := inventory.LongerTerms([]inventory.File{{Name: "a.yaml", Content: []byte(text)}}, map[string]int{"a": 12, "b": 12, "c": 12, "d": 12})
	if err != nil {
		t.Fatal(err)
	}
	if len(changed) != 0 || len(refused) != 4 {
		t.Errorf("changed %v, refused %+v", changed, refused)
	}
}

// Whatever an inventory looks like, only the terms that were asked for change.
func TestLongerTermsChangeNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		files := []inventory.File{{Name: "inventory.yaml", Content: []byte(drawnInventory(t))}}
		inv, err := inventory.Parse(files...)
		if err != nil {
			t.Fatal(err)
		}
		terms := map[string]int{}
		for _, p := range inv.Ports {
			if rapid.Bool().Draw(t, "longer") {
				terms[p.Name] = rapid.SampledFrom([]int{12, 24, 36}).Draw(t, "term")
			}
		}
		changed, refused, err := inventory.LongerTerms(files, terms)
		if err != nil {
			t.Fatalf("%v\n%s", err, files[0].Content)
		}
		if len(changed) == 0 {
			return
		}
		after, err := inventory.Parse(changed...)
		if err != nil {
			t.Fatal(err)
		}
		left := map[string]bool{}
		for _, r := range refused {
			left[r.Entry] = true
		}
		for i, p := range after.Ports {
			want, asked := terms[p.Name]
			if !asked || left[p.Name] || p.Absent || inv.Ports[i].TermDeclared && inv.Ports[i].Term >= want {
				want = inv.Ports[i].Term
			}
			if p.Term != want {
				t.Errorf("%s has a term of %d, want %d", p.Name, p.Term, want)
			}
		}
	})
}
