package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/internal/testkit/plancase"
	"github.com/portctl/portctl/pkg/plan"
)

// What people write for sites, and what is made of it: the classes of what is
// found, and whether a plan would buy there.
func TestSearch(t *testing.T) {
	c := plancase.Catalog(t)
	for _, tt := range []struct {
		written string
		found   string // the best few, with their class
		buys    plan.LocationID
	}{
		{"90", "90 exact", 0},
		{"Equinix LD5", "90 exact", 90},
		{"EQUINIX  ld5", "90 exact", 90},
		{"Digital Realty LHR20", "89 exact", 89}, // a former name
		{"Internap Seattle", "58 exact", 58},
		{"LD5", "90 code", 90},
		{"lhr 20", "89 code", 89},
		{"LHR-20", "89 code", 89},
		{"FR5 Equinix", "131 code", 131},
		{"EQX FR5", "131 code", 0},
		{"DLR LHR20", "89 code", 0},
		{"Frankfurt FR5", "131 code", 131},
		{"London LD5", "90 code", 0}, // its name does not say London
		{"PA3", "515 code", 515},
		{"DEN1", "321 code", 321},
		{"LA1", "59 code, 60 code", 0},
		{"VA1", "68 code, 346 code", 0},
		{"Frankfurt", "130 words, 131 words", 0},
		{"frankf equin", "131 words", 0},
		{"Telehouse", "256 words", 256},
		{"Telehuose North", "256 guess", 0},
		{"Equinx LD5", "90 guess", 0},
		{"Digital Reality LHR20", "89 guess", 0},
		{"LD8", "", 0},
		{"Equinix LD8", "", 0},
		{"Equinix LD52", "", 0},
		{"LD", "90 guess", 0},
		{"", "", 0},
		{"  ", "", 0},
		{"-", "", 0},
	} {
		var found []string
		for _, x := range c.Search(tt.written) {
			found = append(found, fmt.Sprintf("%d %s", x.Location.ID, x.Class))
		}
		if diff := cmp.Diff(tt.found, strings.Join(found[:min(len(found), 3)], ", ")); diff != "" {
			t.Errorf("%q: -want +got:\n%s", tt.written, diff)
		}
		m, err := c.Resolve(plan.Site{Name: tt.written, Written: tt.written})
		if err == nil && m.Location.ID != tt.buys || err != nil && tt.buys != 0 {
			t.Errorf("%q: a plan buys at %q (%v), want location %d", tt.written, m.Location.Name, err, tt.buys)
		}
	}
}

// However the words of a name are ordered and written, they never mean another location
// than theirs; and each location is found by its id and by its name.
func TestSearchFindsNoOther(t *testing.T) {
	c := plancase.Catalog(t)
	all := c.Locations()
	rapid.Check(t, func(rt *rapid.T) {
		l := rapid.SampledFrom(all).Draw(rt, "location")
		for _, written := range []string{l.Name, fmt.Sprint(int(l.ID)), strings.ToUpper(l.Name)} {
			if found := c.Search(written); len(found) == 0 || found[0].Class != plan.MatchExact || found[0].Location.ID != l.ID {
				rt.Errorf("%q finds %v, not %s", written, found, l)
			}
		}
		words := strings.Fields(l.Name)
		seed := rapid.Uint64().Draw(rt, "order")
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		words = words[:rapid.IntRange(1, len(words)).Draw(rt, "words")]
		written := strings.Join(words, rapid.SampledFrom([]string{" ", "  ", "-", ", "}).Draw(rt, "between"))
		if m, err := c.Resolve(plan.Site{Name: written, Written: written}); err == nil && m.Location.ID != l.ID {
			rt.Errorf("%q, made of the words of %s, buys at %s", written, l, m.Location)
		}
	})
}

// A number that a location has not makes it another building: it is never suggested.
func TestAnotherNumberIsAnotherBuilding(t *testing.T) {
	c := plancase.Catalog(t)
	all := c.Locations()
	rapid.Check(t, func(rt *rapid.T) {
		l := rapid.SampledFrom(all).Draw(rt, "location")
		number := rapid.IntRange(1000, 99_999).Draw(rt, "a number that no location has")
		letters := strings.TrimRight(l.Name, "0123456789")
		written := letters + fmt.Sprint(number)
		if found := c.Search(written); slices.ContainsFunc(found, func(x plan.Candidate) bool { return x.Class != plan.MatchExact }) {
			rt.Errorf("%q suggests %v", written, found)
		}
		if m, err := c.Resolve(plan.Site{Name: written, Written: written}); err == nil {
			rt.Errorf("%q buys at %s", written, m.Location)
		}
		if !plan.OtherBuilding(written, l.Name) {
			rt.Errorf("%q and %q count as one building", written, l.Name)
		}
	})
}
