package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// wayOut is what to do about a difference that no call can change.
const wayOut = "to replace the port, give the new one a name of its own and cancel the old one when it is no longer needed"

// existing compares an entry with the service that stands for it.
func (b *builder) existing(a Action, p Port, u unit) Action {
	s := u.primary()
	ref := u.ref()
	a.Service, a.Location = &ref, b.place(s.Location)
	if r, ok := b.fixed(p, u); !ok {
		return a.block(r)
	}
	b.notes(p, u)
	a.Changes = b.changes(p, u)
	grows := p.LAG - len(u.members)
	if p.LAG > 0 && grows > 0 && longerTerm(p, u) {
		return a.block(Reason{
			Code: ReasonTermAndGrowth, Source: p.At("term"),
			Text: fmt.Sprintf("LAG %s would grow and get a longer term in one run, and only the new members would be priced", s.UID),
			Hint: "change `lag` in one run and `term` in another",
		})
	}
	if p.LAG > 0 && grows > 0 {
		return b.grow(a, p, u, grows)
	}
	if len(a.Changes) == 0 {
		a.Kind = Unchanged
		a.Reason = Reason{Code: ReasonExists, Text: fmt.Sprintf("service %s is as asked for", s.UID), Source: p.Source}
		return a
	}
	if r, ok := lockReason(p, u); !ok {
		return a.block(r)
	}
	a.Kind = Update
	a.Reason = Reason{Code: ReasonDiffers, Text: fmt.Sprintf("service %s differs in what the entry declares", s.UID), Source: p.Source}
	if longerTerm(p, u) {
		order := b.sameAs(p, u)
		order.LAGPorts = 0
		a.inquiry = &order
	}
	return a
}

// grow plans the order for the missing members of a LAG.
func (b *builder) grow(a Action, p Port, u unit, missing int) Action {
	l, ok := b.catalog.ByID(u.primary().Location)
	if !ok {
		return a.block(Reason{
			Code: ReasonSiteUnknown, Source: p.At("site"),
			Text: fmt.Sprintf("location %d of the LAG is not in the catalog any more", u.primary().Location),
		})
	}
	if r, ok := offerReason(p, l); !ok {
		return a.block(r)
	}
	if len(a.Changes) > 0 {
		if r, ok := lockReason(p, u); !ok {
			return a.block(r)
		}
	}
	if r, ok := b.growReason(p, u, l); !ok {
		if r.Code == ReasonDoubtNearby {
			return a.still(Unknown, r)
		}
		return a.block(r)
	}
	order := b.sameAs(p, u)
	order.LAGPorts, order.AggregationID = missing, u.primary().AggregationID
	a.Kind, a.Order, a.Changes = Grow, &order, lockOrdered(p, a.Changes)
	a.Reason = Reason{
		Code: ReasonLAGGrows, Source: p.At("lag"),
		Text: fmt.Sprintf("LAG %s has %d of %d members", u.primary().UID, len(u.members), p.LAG),
	}
	return a
}

// growReason keeps members from being bought that may be there or on their way,
// or that somebody cancelled, perhaps on purpose.
func (b *builder) growReason(p Port, u unit, l Location) (Reason, bool) {
	if r, ok := b.doubtNearby(p, l); !ok {
		return r, false
	}
	if r, ok := b.vanishedReason(p, "lag"); !ok {
		return r, false
	}
	s := u.primary()
	var gone []Service
	for _, x := range sortedServices(b.observed.Services) {
		switch {
		case x.Status.Terminated() && x.AggregationID == s.AggregationID:
			gone = append(gone, x)
		case !x.Status.Terminated() && x.AggregationID != s.AggregationID && FoldName(x.Name) == FoldName(s.Name):
			return Reason{
				Code: ReasonDuplicateService, Source: p.At("lag"),
				Text: fmt.Sprintf("service %s has the name of LAG %s and is not listed as its member", x.UID, s.UID),
				Hint: "look again later, or rename it in the Megaport portal if it is none",
			}, false
		}
	}
	if len(gone) == 0 {
		return Reason{}, true
	}
	last := lastOf(gone)
	if p.Replaces == last.UID {
		return Reason{}, true
	}
	return Reason{
		Code: ReasonTerminatedTwin, Source: p.At("lag"),
		Text: fmt.Sprintf("member %s of the LAG was cancelled (%s); it may have been cancelled on purpose", last.UID, last.Status),
		Hint: fmt.Sprintf("write `lag: %d`, or, if a new member is really wanted, add `replaces: %s`", len(u.members), last.UID),
	}, false
}

// lockOrdered adds the lock to the changes of an order: it is no part of the
// order itself, and closed once the services are there.
func lockOrdered(p Port, changes []Change) []Change {
	if p.Locked == nil || !*p.Locked || slices.ContainsFunc(changes, func(c Change) bool { return c.Field == "locked" }) {
		return changes
	}
	return append(changes, Change{"locked", "false", "true"})
}

// sameAs is the order for one more port like those of the unit.
func (b *builder) sameAs(p Port, u unit) Order {
	s := u.primary()
	place := b.place(s.Location)
	o := newOrder(b.desired.Inventory, p, Location{ID: place.ID, Market: place.Market})
	if o.Config.Zone == "" {
		o.Config.Zone = s.Zone
	}
	if p.CostCentre == nil {
		o.CostCentre = s.CostCentre
	}
	if p.MarketplaceVisibility == nil {
		o.MarketplaceVisibility = s.MarketplaceVisibility
	}
	return o
}

// fixed finds a difference in what no call can change after the order: law 8.
func (b *builder) fixed(p Port, u unit) (Reason, bool) {
	s := u.primary()
	if r, ok := lagReason(p, u); !ok {
		return r, false
	}
	if match, err := b.catalog.Resolve(p.Site); err == nil && match.Location.ID != s.Location {
		return Reason{
			Code: ReasonSiteFixed, Source: p.At("site"), Hint: wayOut,
			Text: fmt.Sprintf("service %s stands at %s, not at %s, and a port can not move", s.UID, b.place(s.Location).Name, match.Location.Name),
		}, false
	}
	if s.Speed != p.Speed {
		return Reason{
			Code: ReasonSpeedFixed, Source: p.At("speed"), Hint: wayOut,
			Text: fmt.Sprintf("service %s is a %s port, not %s, and the speed of a port can not change", s.UID, s.Speed, p.Speed),
		}, false
	}
	if p.Zone != "" && s.Zone != "" && s.Zone != p.Zone {
		return Reason{
			Code: ReasonZoneFixed, Source: p.At("diversityZone"), Hint: wayOut,
			Text: fmt.Sprintf("service %s is in zone %s, not %s, and a port can not change its zone", s.UID, s.Zone, p.Zone),
		}, false
	}
	return Reason{}, true
}

func lagReason(p Port, u unit) (Reason, bool) {
	uid := u.primary().UID
	switch {
	case p.LAG == 0 && u.lag:
		return Reason{
			Code: ReasonLAGMismatch, Source: p.Source,
			Text: fmt.Sprintf("service %s is a LAG of %d, the entry a single port", uid, len(u.members)),
			Hint: fmt.Sprintf("add `lag: %d` to the entry, or give it another name", len(u.members)),
		}, false
	case p.LAG > 0 && !u.lag:
		return Reason{
			Code: ReasonLAGMismatch, Source: p.At("lag"),
			Text: fmt.Sprintf("service %s is a single port, the entry a LAG of %d", uid, p.LAG),
			Hint: "a single port can not become a LAG: take `lag` out, or give the entry another name",
		}, false
	case p.LAG > 0 && p.LAG < len(u.members):
		return Reason{
			Code: ReasonLAGShrink, Source: p.At("lag"),
			Text: fmt.Sprintf("LAG %s has %d members, the entry asks for %d, and a LAG is not made smaller", uid, len(u.members), p.LAG),
			Hint: fmt.Sprintf("write `lag: %d`; a single member can be cancelled in the Megaport portal", len(u.members)),
		}, false
	}
	return Reason{}, true
}

// lockReason keeps hands off a service that somebody else locked.
func lockReason(p Port, u unit) (Reason, bool) {
	for _, m := range u.members {
		switch {
		case m.AdminLocked:
			return Reason{
				Code: ReasonLocked, Source: p.Source, Text: fmt.Sprintf("service %s is locked by Megaport", m.UID),
				Hint: "ask Megaport's support",
			}, false
		case m.Locked && p.Locked == nil:
			return Reason{
				Code: ReasonLocked, Source: p.Source,
				Text: fmt.Sprintf("service %s is locked, and the entry does not say so", m.UID),
				Hint: "somebody locked it by hand: declare `locked: true` to have it unlocked for the change and locked again, or unlock it in the portal",
			}, false
		}
	}
	return Reason{}, true
}

// longerTerm says that the entry signs a longer contract: only when it names the
// term itself, and only for a service that is LIVE (API facts §5.1).
func longerTerm(p Port, u unit) bool {
	return p.TermDeclared && slices.ContainsFunc(u.members, func(s Service) bool { return s.Term > 0 && s.Term < p.Term }) &&
		!slices.ContainsFunc(u.members, func(s Service) bool { return s.Status != StatusLive || s.Term > p.Term })
}

// changes lists the declared fields that differ on any member.
func (b *builder) changes(p Port, u unit) []Change {
	changes := []Change{}
	differs := func(field, want string, have func(Service) string) {
		i := slices.IndexFunc(u.members, func(s Service) bool { return have(s) != want })
		if i >= 0 {
			changes = append(changes, Change{field, have(u.members[i]), want})
		}
	}
	if slices.ContainsFunc(u.members, func(s Service) bool { return FoldName(s.Name) != FoldName(p.Name) }) {
		differs("name", p.Name, func(s Service) string { return s.Name })
	}
	if p.CostCentre != nil {
		differs("costCentre", *p.CostCentre, func(s Service) string { return s.CostCentre })
	}
	if p.MarketplaceVisibility != nil {
		differs("marketplaceVisibility", strconv.FormatBool(*p.MarketplaceVisibility),
			func(s Service) string { return strconv.FormatBool(s.MarketplaceVisibility) })
	}
	if longerTerm(p, u) {
		differs("term", strconv.Itoa(p.Term), func(s Service) string { return strconv.Itoa(s.Term) })
	}
	changes = append(changes, b.tagChanges(p, u)...)
	if p.Locked != nil {
		differs("locked", strconv.FormatBool(*p.Locked), func(s Service) string { return strconv.FormatBool(s.Locked) })
	}
	return changes
}

// tagChanges compares the declared tags; those of others are left alone.
func (b *builder) tagChanges(p Port, u unit) []Change {
	if p.Tags == nil {
		return nil
	}
	want := map[string]Change{}
	for _, m := range u.members {
		tags, read := b.observed.Tags[m.UID]
		if !read {
			b.need.Tags = append(b.need.Tags, m.UID)
			continue
		}
		for key, value := range p.Tags {
			if have, ok := tags[key]; !ok || have != value {
				want[key] = Change{"tags." + key, have, value}
			}
		}
	}
	var changes []Change
	for _, c := range want {
		changes = append(changes, c)
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Field, b.Field) })
	return changes
}

// notes warns of what differs and is left alone, and of what does not look well.
func (b *builder) notes(p Port, u unit) {
	s := u.primary()
	if match, err := b.catalog.Resolve(p.Site); err != nil {
		b.warn(p, "site", "%s; the service exists, so this stops nothing", err)
	} else if match.Inexact {
		b.warn(p, "site", "site %q is not the name of a location; read as %s", p.Site.Name, match.Location)
	}
	for _, m := range u.members {
		if m.Status.Unhealthy() {
			b.warn(p, "name", "service %s is %s; it exists, so it is not bought again: ask Megaport's support", m.UID, m.Status)
		}
	}
	if p.Term != 0 && s.Term != p.Term && !longerTerm(p, u) && !s.Status.Unhealthy() {
		b.warn(p, "term", "service %s has a contract term (months) of %d, not %d; %s", s.UID, s.Term, p.Term, whyTermStays(p, u))
	}
	if p.Formerly != "" && FoldName(p.Formerly) != FoldName(s.Name) {
		for _, other := range b.units {
			if slices.Contains(other.names(), FoldName(p.Formerly)) {
				b.warn(p, "formerly", "service %q (%s) still has the former name", other.primary().Name, other.primary().UID)
			}
		}
	}
}

func whyTermStays(p Port, u unit) string {
	if !p.TermDeclared {
		return "that of an existing port changes only when its own entry says so"
	}
	if slices.ContainsFunc(u.members, func(s Service) bool { return s.Term > p.Term }) {
		return "a term is not made shorter"
	}
	return "a term changes only while the service is LIVE"
}

// cancel plans the end of a service.
func (b *builder) cancel(a Action, p Port, u unit) Action {
	s := u.primary()
	ref := u.ref()
	a.Service, a.Location = &ref, b.place(s.Location)
	if a.Name == "" {
		a.Name = s.Name // an absent entry may give only a uid; people are asked for a name
	}
	if u.lag && (p.UID != "" && p.UID != s.UID || p.UID == "" && FoldName(s.Name) != FoldName(p.Name)) {
		return a.block(Reason{
			Code: ReasonLAGMismatch, Source: p.Source,
			Text: fmt.Sprintf("it is one member of LAG %s, and all %d would be cancelled", s.UID, len(u.members)),
			Hint: fmt.Sprintf("a single member is cancelled in the Megaport portal; for the whole LAG write `uid: %s`", s.UID),
		})
	}
	if p.UID == "" {
		tags, read := b.observed.Tags[s.UID]
		if !read {
			b.need.Tags = append(b.need.Tags, s.UID)
		}
		if tags[TagInventory] != b.desired.Inventory {
			return a.block(Reason{
				Code: ReasonNotOurs, Source: p.At("name"),
				Text: fmt.Sprintf("service %s was not bought by this inventory, so its name is not enough to cancel it", s.UID),
				Hint: fmt.Sprintf("if it is really to be cancelled, add `uid: %s`", s.UID),
			})
		}
	}
	if r, ok := lockReason(p, u); !ok {
		return a.block(r)
	}
	a.Kind = Cancel
	a.Charge = b.charge(u)
	a.Reason = Reason{Code: ReasonAbsent, Text: fmt.Sprintf("the entry says absent; cancelling service %s can not be undone", s.UID), Source: p.At("state")}
	return a
}

// charge says what cancelling costs: the sum of the members' charges when all
// are known, in one currency.
func (b *builder) charge(u unit) string {
	total := Amount{}
	currency := ""
	for _, m := range u.members {
		c, asked := b.observed.Charges[m.UID]
		if !asked {
			b.need.Charges = append(b.need.Charges, m.UID)
		}
		if !c.Known || currency != "" && c.Currency != currency {
			return "unknown, at most the remaining term"
		}
		currency, total = c.Currency, total.Add(c.Amount)
	}
	return currency + " " + total.String()
}
