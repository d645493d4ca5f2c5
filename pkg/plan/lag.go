package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// grouping is which of the account's services belong together.
type grouping struct {
	units []serviceGroup
	// lags are the groups that are LAGs, by the key of their members.
	lags map[int]serviceGroup
	// key says which LAG a service is in, terminated ones too: its aggregation id, or
	// a negative number for a LAG whose id is not known.
	key map[ServiceUID]int
	// provisional are the services of the LAGs whose id is not known.
	provisional map[int][]ServiceUID
	// split are the services of one order that are listed in several LAGs.
	split map[ServiceUID]kin
}

// kin are services that belong to one LAG by what the ledger knows.
type kin struct {
	uids []ServiceUID
	// aggregation is the LAG that the order was to grow; 0 for a new one.
	aggregation int
	// ordered says that one order named them all, so that they cannot be of two LAGs.
	ordered bool
}

// group puts active services together: those with one aggregation id are one LAG,
// and so are those that the ledger knows as one LAG's while the API tells no
// aggregation id. Terminated members keep their aggregation id and do not count
// (API facts §4.4).
func (b *builder) group() grouping {
	g := grouping{lags: map[int]serviceGroup{}, key: map[ServiceUID]int{}, provisional: map[int][]ServiceUID{}, split: map[ServiceUID]kin{}}
	for i := range b.services {
		if s := &b.services[i]; s.AggregationID != 0 {
			g.key[s.UID] = s.AggregationID
		}
	}
	for n, k := range b.kinships() {
		g.bind(k, -1-n)
	}
	g.units = make([]serviceGroup, 0, len(b.services))
	for i := range b.services {
		s := &b.services[i]
		id := g.key[s.UID]
		switch {
		case s.Status.Terminated():
		case id == 0:
			g.units = append(g.units, serviceGroup{members: b.services[i : i+1 : i+1]})
		default:
			u := g.lags[id]
			u.members, u.lag, u.aggregation = append(u.members, *s), true, max(0, id)
			g.lags[id] = u
		}
	}
	for _, u := range g.lags {
		g.units = append(g.units, u)
	}
	slices.SortFunc(g.units, func(a, b serviceGroup) int { return cmp.Compare(a.members[0].UID, b.members[0].UID) })
	return g
}

// bind makes services one LAG. Those without an aggregation id take that of the
// others; different ids are never reconciled.
func (g *grouping) bind(k kin, unnamed int) {
	ids := map[int]bool{}
	if k.aggregation != 0 {
		ids[k.aggregation] = true
	}
	var provisional []int
	for _, uid := range k.uids {
		switch id := g.key[uid]; {
		case id > 0:
			ids[id] = true
		case id < 0:
			provisional = append(provisional, id)
		}
	}
	if len(ids) > 1 {
		for _, uid := range k.uids {
			if k.ordered {
				g.split[uid] = k
			}
		}
		return
	}
	id := unnamed
	if len(provisional) > 0 {
		id = provisional[0]
	}
	for known := range ids {
		id = known
	}
	for _, old := range provisional {
		if old != id {
			g.assign(g.provisional[old], id)
		}
	}
	g.assign(slices.DeleteFunc(slices.Clone(k.uids), func(u ServiceUID) bool { return g.key[u] != 0 }), id)
}

// assign puts services into a LAG.
func (g *grouping) assign(uids []ServiceUID, id int) {
	for _, uid := range uids {
		g.key[uid] = id
	}
	if id < 0 {
		g.provisional[id] = append(g.provisional[id], uids...)
	}
}

// kinships are the services that belong together by an open order of a LAG, or by
// what the ledger knows of a name that is a LAG's.
func (b *builder) kinships() []kin {
	var all []kin
	for _, c := range b.openClaims {
		if c.Order.LAGPorts == 0 {
			continue
		}
		k := kin{aggregation: c.Order.AggregationID, ordered: true}
		for _, uid := range slices.Concat(c.UIDs, c.Found) {
			if s, listed := b.service(uid); listed && s.Location == c.Order.Location && s.Speed == c.Order.Speed {
				k.uids = append(k.uids, uid)
			}
		}
		if len(k.uids) > c.Order.Members() { // some of them are not the order's
			name := FoldName(c.Name)
			k.uids = slices.DeleteFunc(k.uids, func(u ServiceUID) bool { return FoldName(b.byUID[u].Name) != name })
		}
		all = append(all, k)
	}
	lags := b.lagNames()
	for _, name := range slices.Sorted(maps.Keys(b.observed.Known)) {
		if size, isLAG := lags[name]; isLAG {
			if uids := b.knownAs(name); len(uids) > 1 || size == 1 {
				all = append(all, kin{uids: uids})
			}
		}
	}
	return all
}

// lagNames are the folded names of LAGs, in the account and in the inventory, with
// the members that an entry asks for.
func (b *builder) lagNames() map[string]int {
	names := map[string]int{}
	for i := range b.services {
		if s := &b.services[i]; s.AggregationID != 0 && !s.Status.Terminated() {
			names[FoldName(s.Name)] = 0
		}
	}
	for i := range b.ports {
		if p := &b.ports[i]; p.LAG > 0 {
			names[FoldName(p.Name)] = p.LAG
			if p.Formerly != "" {
				names[FoldName(p.Formerly)] = p.LAG
			}
		}
	}
	return names
}

// knownAs are the active services of a name that the ledger recorded for it, as far
// as they stand together.
func (b *builder) knownAs(name string) []ServiceUID {
	var uids []ServiceUID
	var first Service
	for _, uid := range b.observed.Known[name] {
		s, listed := b.service(uid)
		if !listed || s.Status.Terminated() || FoldName(s.Name) != name {
			continue
		}
		if len(uids) == 0 {
			first = s
		}
		if s.Location == first.Location && s.Speed == first.Speed {
			uids = append(uids, uid)
		}
	}
	return uids
}

// splitReason names the services of one LAG order that the account lists in several
// LAGs.
func (b *builder) splitReason(p Port, found []serviceGroup) *Reason {
	for _, u := range found {
		for _, m := range u.members {
			if k, split := b.groups.split[m.UID]; split {
				return splitReason(p, b.membership(k))
			}
		}
	}
	return nil
}

// membership says in which LAG each of the services is listed.
func (b *builder) membership(k kin) string {
	var words []string
	if k.aggregation != 0 {
		words = append(words, fmt.Sprintf("aggregation id %d was ordered", k.aggregation))
	}
	for _, uid := range k.uids {
		s, _ := b.service(uid)
		words = append(words, fmt.Sprintf("%s has %d", uid, s.AggregationID))
	}
	return strings.Join(words, ", ")
}

func splitReason(p Port, membership string) *Reason {
	return &Reason{
		Code: ReasonLAGSplit, Source: p.At("lag"),
		Text: "the services of this LAG are listed in different LAGs: " + membership,
		Hint: "ask Megaport support to put them into one LAG, or rename those that are to stand apart in the Megaport portal",
	}
}
