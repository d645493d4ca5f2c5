package plan

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// wayOut is what to do about a difference that no call can change.
const wayOut = "to replace the port, give the new one a name of its own and cancel the old one when it is no longer needed"

// existing compares an entry with the service that stands for it.
func (b *builder) existing(a Action, p Port, u serviceGroup) Action {
	s := u.primary()
	ref := u.ref()
	a.Service, a.Location = &ref, b.place(s.Location)
	if r := b.fixed(p, u); r != nil {
		return a.block(*r)
	}
	if r := b.compareTags(p, u); r != nil {
		return a.block(*r)
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
		b.ownerNote(p, u)
		a.Kind = Unchanged
		a.Reason = Reason{Code: ReasonExists, Text: fmt.Sprintf("service %s matches the entry", s.UID), Source: p.Source}
		return a
	}
	if r := b.changeReason(p, u); r != nil {
		return a.block(*r)
	}
	a.Kind = Update
	a.Reason = Reason{Code: ReasonDiffers, Text: fmt.Sprintf("service %s differs in what the entry declares", s.UID), Source: p.Source}
	if longerTerm(p, u) {
		order := b.sameAs(p, u)
		order.LAGPorts, order.AddOns = 0, b.crossConnects(u)
		a.quoteOnly = &order
	}
	return a
}

// changeReason is why a service is not changed although it differs.
func (b *builder) changeReason(p Port, u serviceGroup) *Reason {
	if r := lockReason(p, u); r != nil {
		return r
	}
	return b.ownerReason(p, u)
}

// grow plans the order for the missing members of a LAG.
func (b *builder) grow(a Action, p Port, u serviceGroup, missing int) Action {
	l, ok := b.catalog.ByID(u.primary().Location)
	if !ok {
		return a.block(Reason{
			Code: ReasonSiteUnknown, Source: p.At("site"),
			Text: fmt.Sprintf("location %d of the LAG is not in the catalog any more", u.primary().Location),
			Hint: fmt.Sprintf("write `lag: %d`, or ask Megaport support", len(u.members)),
		})
	}
	if r := offerReason(p, l); r != nil {
		return a.block(*r)
	}
	if len(a.Changes) > 0 {
		if r := lockReason(p, u); r != nil {
			return a.block(*r)
		}
	}
	if r := b.heldBack(p, l); r != nil {
		return a.withoutEffect(Unknown, *r)
	}
	order := b.sameAs(p, u)
	order.LAGPorts, order.AggregationID = missing, u.aggregation
	if r := b.growReason(p, u, order); r != nil {
		return a.block(*r)
	}
	a.Kind, a.Order, a.Changes = Grow, &order, afterOrder(p, a.Changes)
	a.Reason = Reason{
		Code: ReasonLAGGrows, Source: p.At("lag"),
		Text: fmt.Sprintf("LAG %s has %d of %d members", u.primary().UID, len(u.members), p.LAG),
	}
	return a
}

// growReason keeps members from being bought that may be there or on their way,
// or that somebody cancelled, perhaps on purpose.
func (b *builder) growReason(p Port, u serviceGroup, o Order) *Reason {
	s := u.primary()
	if u.aggregation == 0 {
		return &Reason{
			Code: ReasonLAGUnidentified, Source: p.At("lag"),
			Text: fmt.Sprintf("the API does not tell the aggregation id of LAG %s yet, so no member can be ordered into it", s.UID),
			Hint: fmt.Sprintf("apply again later; until then write `lag: %d`", len(u.members)),
		}
	}
	if r := b.memberEndedReason(p, u); r != nil {
		return r
	}
	for _, x := range b.named[FoldName(s.Name)] {
		if x.primary().UID != s.UID {
			return &Reason{
				Code: ReasonDuplicateService, Source: p.At("lag"),
				Text: fmt.Sprintf("service %s has the name of LAG %s and is not listed as its member", x.primary().UID, s.UID),
				Hint: "look again later, or rename it in the Megaport portal if it is none",
			}
		}
	}
	if r := b.knownReason(p, "lag"); r != nil {
		return r
	}
	if r := b.rejectedReason(p, o); r != nil {
		return r
	}
	return b.ownerReason(p, u)
}

// sameAs is the order for one more port like those of the group.
func (b *builder) sameAs(p Port, u serviceGroup) Order {
	s := u.primary()
	place := b.place(s.Location)
	o := newOrder(b.desired.Inventory, p, Location{ID: place.ID, Market: place.Market})
	for _, a := range attributes {
		if a.inherit != nil {
			a.inherit(p, s, &o)
		}
	}
	return o
}

// crossConnects is what the services of a group were ordered with, whatever the entry
// says today.
func (b *builder) crossConnects(u serviceGroup) AddOns {
	if slices.ContainsFunc(u.members, func(s Service) bool { return b.observed.CrossConnects[s.UID] }) {
		return CrossConnectObject
	}
	return NoAddOns
}

// siteFixed: a port cannot move.
func siteFixed(b *builder, p Port, u serviceGroup) *Reason {
	s := u.primary()
	match, err := b.resolve(p.Site)
	if err != nil || match.Location.ID == s.Location {
		return nil
	}
	return &Reason{
		Code: ReasonSiteFixed, Source: p.At("site"), Hint: wayOut,
		Text: fmt.Sprintf("service %s is at %s, not at %s, and a port cannot move", s.UID, b.place(s.Location).Name, match.Location.Name),
	}
}

// speedFixed: the speed of a port cannot change.
func speedFixed(_ *builder, p Port, u serviceGroup) *Reason {
	s := u.primary()
	if s.Speed == p.Speed {
		return nil
	}
	return &Reason{
		Code: ReasonSpeedFixed, Source: p.At("speed"), Hint: wayOut,
		Text: fmt.Sprintf("service %s is a %s port, not %s, and the speed of a port cannot change", s.UID, s.Speed, p.Speed),
	}
}

// zoneFixed: a port cannot change its zone.
func zoneFixed(_ *builder, p Port, u serviceGroup) *Reason {
	s := u.primary()
	if p.Zone == "" || s.Zone == "" || s.Zone == p.Zone {
		return nil
	}
	return &Reason{
		Code: ReasonZoneFixed, Source: p.At("diversityZone"), Hint: wayOut,
		Text: fmt.Sprintf("service %s is in zone %s, not %s, and a port cannot change its zone", s.UID, s.Zone, p.Zone),
	}
}

// lagReason: a single port does not become a LAG, nor a LAG smaller.
func lagReason(_ *builder, p Port, u serviceGroup) *Reason {
	uid := u.primary().UID
	switch {
	case p.LAG == 0 && u.lag:
		return &Reason{
			Code: ReasonLAGMismatch, Source: p.Source,
			Text: fmt.Sprintf("service %s is a LAG of %d, the entry a single port", uid, len(u.members)),
			Hint: fmt.Sprintf("add `lag: %d` to the entry, or give it another name", len(u.members)),
		}
	case p.LAG > 0 && !u.lag:
		return &Reason{
			Code: ReasonLAGMismatch, Source: p.At("lag"),
			Text: fmt.Sprintf("service %s is a single port, the entry a LAG of %d", uid, p.LAG),
			Hint: "a single port cannot become a LAG: take `lag` out, or give the entry another name",
		}
	case p.LAG > 0 && p.LAG < len(u.members):
		return &Reason{
			Code: ReasonLAGShrink, Source: p.At("lag"),
			Text: fmt.Sprintf("LAG %s has %d members, the entry asks for %d, and a LAG is not made smaller", uid, len(u.members), p.LAG),
			Hint: fmt.Sprintf("write `lag: %d`; a single member can be cancelled in the Megaport portal", len(u.members)),
		}
	}
	return nil
}

// lockReason keeps hands off a service that somebody else locked.
func lockReason(p Port, u serviceGroup) *Reason {
	for _, m := range u.members {
		switch {
		case m.AdminLocked:
			return &Reason{
				Code: ReasonLocked, Source: p.Source, Text: fmt.Sprintf("service %s is locked by Megaport", m.UID),
				Hint: "ask Megaport support",
			}
		case m.Locked && p.Locked == nil:
			return &Reason{
				Code: ReasonLocked, Source: p.Source,
				Text: fmt.Sprintf("service %s is locked, and the entry does not say so", m.UID),
				Hint: "somebody locked it by hand: declare `locked: true` to have it unlocked for the change and locked again, or unlock it in the portal",
			}
		}
	}
	return nil
}

// longerTerm says that the entry signs a longer contract: only when it names the
// term itself, and only for a service that is LIVE (API facts §5.1).
func longerTerm(p Port, u serviceGroup) bool {
	return p.TermDeclared && slices.ContainsFunc(u.members, func(s Service) bool { return s.Term > 0 && s.Term < p.Term }) &&
		!slices.ContainsFunc(u.members, func(s Service) bool { return s.Status != StatusLive || s.Term > p.Term })
}

// exactName is the form in which names are compared where their case counts.
func exactName(name string) string { return norm.NFC.String(strings.TrimSpace(name)) }

// notes warns of what differs and is left alone, and of what does not look well.
func (b *builder) notes(p Port, u serviceGroup) {
	s := u.primary()
	if match, err := b.resolve(p.Site); err != nil {
		b.warn(p, "site", "%s; the service exists, so this stops nothing", err)
	} else if match.Inexact {
		b.unpinned(p, match.Location)
	}
	if late := u.unidentified(); late > 0 {
		b.warn(p, "lag", "the API does not tell the aggregation id of %d of the %d members of LAG %s yet; they count as its members by the ledger", late, len(u.members), s.UID)
	}
	for _, m := range u.members {
		if m.Status.Unhealthy() {
			b.warn(p, "name", "service %s is %s; it exists, so it is not bought again: ask Megaport support", m.UID, m.Status)
		}
	}
	if p.Term != 0 && s.Term != p.Term && !longerTerm(p, u) && !s.Status.Unhealthy() {
		b.warn(p, "term", "service %s has a contract term (months) of %d, not %d; %s", s.UID, s.Term, p.Term, whyTermStays(p, u))
	}
	for _, m := range u.members {
		if p.CrossConnect && !b.observed.CrossConnects[m.UID] {
			b.warn(p, "crossConnect", "service %s is not known to have been ordered with a cross connect, and portctl orders none for a port that exists: the Megaport portal does", m.UID)
		}
	}
	if p.Formerly != "" && FoldName(p.Formerly) != FoldName(s.Name) {
		for _, other := range b.named[FoldName(p.Formerly)] {
			b.warn(p, "formerly", "service %q (%s) still has the former name", other.primary().Name, other.primary().UID)
		}
	}
}

func whyTermStays(p Port, u serviceGroup) string {
	if !p.TermDeclared {
		return "that of an existing port changes only when its own entry says so"
	}
	if slices.ContainsFunc(u.members, func(s Service) bool { return s.Term > p.Term }) {
		return "a term is not made shorter"
	}
	return "a term changes only while the service is LIVE"
}
