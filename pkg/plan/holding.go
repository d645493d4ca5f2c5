package plan

import (
	"cmp"
	"slices"
	"strings"
)

// Holding is what one entry of an inventory could stand for: a port of the account that
// is not terminated, or the members of a LAG.
type Holding struct {
	// Members are the services, the one that stands for a LAG first.
	Members []Service
	LAG     bool
	// Inventory is the inventory that it belongs to; empty when nobody knows of one.
	Inventory string
	// Tags are the primary's resource tags; nil when they were not read.
	Tags map[string]string
}

// Primary is the service that stands for the holding.
func (h Holding) Primary() Service { return h.Members[0] }

// Holdings lists what the account holds, by name.
func Holdings(o Observed) []Holding {
	b := newBuilder(Desired{}, o, Catalog{})
	out := make([]Holding, 0, len(b.groups.units))
	for _, u := range b.groups.units {
		uid := u.primary().UID
		out = append(out, Holding{Members: u.members, LAG: u.lag, Inventory: b.owner(uid), Tags: o.Tags[uid]})
	}
	slices.SortStableFunc(out, func(x, y Holding) int {
		return cmp.Or(compareNatural(FoldName(x.Primary().Name), FoldName(y.Primary().Name)), cmp.Compare(x.Primary().UID, y.Primary().UID))
	})
	return out
}

// ShortName is a short name for the location in an inventory: its site code, or else the
// words of its name.
func (l Location) ShortName() string {
	for part := range strings.FieldsSeq(FoldSite(l.Name)) {
		for _, w := range siteWords(part) {
			if letters, number := splitNumber(w); letters != "" && number != "" && isLetters(letters) {
				return w
			}
		}
	}
	return strings.Join(siteWords(l.Name), "-")
}

// FullShortName is made of all words of the location's name, for where two locations share
// a code.
func (l Location) FullShortName() string { return strings.Join(siteWords(l.Name), "-") }
