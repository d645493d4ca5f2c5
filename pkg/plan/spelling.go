package plan

import (
	"cmp"
	"fmt"
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
	for _, p := range b.ports {
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

func (s Source) before(other Source) bool {
	return cmp.Or(cmp.Compare(s.Line, other.Line), cmp.Compare(s.Column, other.Column)) < 0
}

// sameLocationReason finds a port of a rollout whose location the rollout names
// before, in another spelling.
func (b *builder) sameLocationReason(p Port, l Location) (Reason, bool) {
	first, known := b.spelled[rolloutSite{p.Source, l.ID}]
	if !known || first.At("site") == p.At("site") {
		return Reason{}, true
	}
	return Reason{
		Code: ReasonSameLocation, Source: p.At("site"),
		Text: fmt.Sprintf("site %q is the same location as %q: %s", p.Site.Written, first.Site.Written, l),
		Hint: "take one of them out of the rollout; `count` gives several ports at one site",
	}, false
}
