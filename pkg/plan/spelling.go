package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rolloutSite is a location within a rollout. The ports of a rollout all stand where
// the rollout is written.
type rolloutSite struct {
	rollout  Source
	location LocationID
}

// indexSpellings notes, for each location of a rollout, the port whose site is
// written first. The inventory finds most second spellings by itself; that an id and
// a name are one location only the catalog knows.
func (b *builder) indexSpellings() {
	for i := range b.ports {
		p := &b.ports[i]
		if p.Absent || p.Source.Line == 0 {
			continue
		}
		match, err := b.resolve(p.Site)
		if err != nil {
			continue
		}
		key := rolloutSite{p.Source, match.Location.ID}
		first, known := b.spelled[key]
		if !known || p.At("site").before(first.At("site")) {
			b.spelled[key] = p
		}
	}
}

func (s Source) before(other Source) bool { return s.compare(other) < 0 }

func (s Source) compare(other Source) int {
	return cmp.Or(cmp.Compare(s.File, other.File), cmp.Compare(s.Line, other.Line), cmp.Compare(s.Column, other.Column))
}

// sameLocationReason finds a port of a rollout whose location the rollout names
// before, in another spelling.
func (b *builder) sameLocationReason(p Port, l Location) *Reason {
	first, known := b.spelled[rolloutSite{p.Source, l.ID}]
	if !known || first.At("site") == p.At("site") {
		return nil
	}
	return &Reason{
		Code: ReasonSameLocation, Source: p.At("site"),
		Text: fmt.Sprintf("site %q is the same location as %q: %s", p.Site.Written, first.Site.Written, l),
		Hint: "take one of them out of the rollout; `count` gives several ports at one site",
	}
}

// zoneOf is a diversity zone of a location.
type zoneOf struct {
	location LocationID
	zone     Zone
}

// sameZoneNotes tells of entries in one zone of a location whose sites are written
// differently, once for each zone: those written alike the inventory finds by
// itself, and the ports of a rollout's count are. Two spellings within one rollout
// are refused anyway.
func (b *builder) sameZoneNotes() {
	var zoned []*Port
	for i := range b.ports {
		if p := &b.ports[i]; !p.Absent && p.Zone != "" && !p.SameZone {
			zoned = append(zoned, p)
		}
	}
	slices.SortStableFunc(zoned, func(p, q *Port) int { return p.At("site").compare(q.At("site")) })
	first, told := map[zoneOf]*Port{}, map[zoneOf]bool{}
	for _, p := range zoned {
		match, err := b.resolve(p.Site)
		if err != nil {
			continue
		}
		where := zoneOf{match.Location.ID, p.Zone}
		before, taken := first[where]
		switch {
		case !taken:
			first[where] = p
		case told[where], alike(before.Site, p.Site), p.Source.Line > 0 && before.Source == p.Source:
		default:
			told[where] = true
			b.warn(*p, "site", "in the %s zone of %s, where %q is already: both ports share a failure domain; use different zones if they are meant to be redundant",
				p.Zone, match.Location, before.Name)
		}
	}
}

// alike says that the inventory sees one site in both.
func alike(a, b Site) bool { return a.ID == b.ID && FoldSite(a.Name) == FoldSite(b.Name) }

// unpinnedSite is a site that is not written as its location is called.
type unpinnedSite struct {
	name     string
	location Location
	source   Source // the first
}

// unpinned notes a site whose name is not its location's own.
func (b *builder) unpinned(p Port, l Location) {
	at := p.At("site")
	if u, known := b.loose[p.Site.Name]; !known || at.before(u.source) {
		b.loose[p.Site.Name] = unpinnedSite{p.Site.Name, l, at}
	}
}

// unpinnedNote says once which locations such names were taken for. A location may be
// renamed; its id stays.
func (b *builder) unpinnedNote() {
	if len(b.loose) == 0 {
		return
	}
	all := slices.SortedFunc(maps.Values(b.loose), func(x, y unpinnedSite) int { return x.source.compare(y.source) })
	var taken []string
	for _, u := range all[:min(len(all), maxCandidates)] {
		taken = append(taken, fmt.Sprintf("%q is %s {id: %d}", u.name, u.location.Name, u.location.ID))
	}
	if more := len(all) - len(taken); more > 0 {
		taken = append(taken, fmt.Sprintf("and %d more", more))
	}
	b.warnings = append(b.warnings, Warning{
		Text: "sites that are not written as their locations are called: " + strings.Join(taken, ", "), Source: all[0].source, Way: &WayOut{Kind: WayPin},
	})
}
