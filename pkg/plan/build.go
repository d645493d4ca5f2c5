package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Build decides what would be done to bring the account to what is desired. It
// is pure: the same input, in whatever order, gives the same plan. The plan has
// no prices yet; see Plan.Orders and Plan.Priced.
func Build(desired Desired, observed Observed, catalog Catalog) Plan {
	b := builder{desired: desired, catalog: catalog, taken: map[ServiceUID]bool{}}
	b.index(observed.Services)
	p := Plan{Actions: []Action{}, Warnings: []Warning{}, Unmanaged: []ServiceRef{}}
	for _, port := range sortedPorts(desired.Ports) {
		p.Actions = append(p.Actions, b.action(port))
	}
	p.Unmanaged = append(p.Unmanaged, b.unmanaged()...)
	p.Warnings = append(p.Warnings, b.warnings...)
	p.Totals, p.Summary = sum(p.Actions)
	return p
}

type builder struct {
	desired  Desired
	catalog  Catalog
	active   map[string][]unit    // by folded name
	gone     map[string][]Service // terminated, by folded name
	units    []unit
	entries  map[string]int // entries per folded name
	taken    map[ServiceUID]bool
	warnings []Warning
}

// sortedPorts orders entries by name. Entries of one name, which are refused
// anyway, are ordered by all they say, so that the plan stays the same.
func sortedPorts(ports []Port) []Port {
	folded := make(map[string]string, len(ports))
	for _, p := range ports {
		folded[p.Name] = FoldName(p.Name)
	}
	return slices.SortedFunc(slices.Values(ports), func(a, b Port) int {
		if c := compareNatural(folded[a.Name], folded[b.Name]); c != 0 {
			return c
		}
		return cmp.Compare(canonical(a), canonical(b))
	})
}

func (b *builder) index(services []Service) {
	b.active, b.gone, b.entries = map[string][]unit{}, map[string][]Service{}, map[string]int{}
	for _, p := range b.desired.Ports {
		b.entries[FoldName(p.Name)]++
	}
	b.units = group(services)
	for _, u := range b.units {
		for _, name := range u.names() {
			b.active[name] = append(b.active[name], u)
		}
	}
	for _, s := range sortedServices(services) {
		if s.Status.Terminated() {
			b.gone[FoldName(s.Name)] = append(b.gone[FoldName(s.Name)], s)
		}
	}
}

func (b *builder) warn(p Port, field, format string, args ...any) {
	b.warnings = append(b.warnings, Warning{Name: p.Name, Text: fmt.Sprintf(format, args...), Source: p.At(field)})
}

// action decides about one entry.
func (b *builder) action(p Port) Action {
	a := Action{
		Name:    p.Name,
		Entry:   Entry{Site: p.Site.Written, Speed: p.Speed, Zone: p.Zone, LAG: p.LAG, Term: p.Term},
		Changes: []Change{},
		Source:  p.Source,
	}
	found := b.active[FoldName(p.Name)]
	for _, u := range found {
		b.take(u)
	}
	switch {
	case b.entries[FoldName(p.Name)] > 1:
		return a.block(Reason{Code: ReasonDuplicateEntry, Text: fmt.Sprintf("another entry is named %q too", p.Name),
			Hint: "give each entry a name of its own", Source: p.At("name")})
	case len(found) > 1:
		return a.block(duplicateServices(p, found))
	case len(found) == 1:
		return b.existing(a, p, found[0])
	default:
		return b.buy(a, p)
	}
}

func duplicateServices(p Port, found []unit) Reason {
	var uids []string
	for _, u := range found {
		uids = append(uids, string(u.primary().UID))
	}
	slices.Sort(uids)
	return Reason{
		Code:   ReasonDuplicateService,
		Text:   fmt.Sprintf("%d services are named %q: %s", len(found), p.Name, strings.Join(uids, ", ")),
		Hint:   "rename or cancel all but one of them in the Megaport portal",
		Source: p.At("name"),
	}
}

// buy plans the order for an entry without a service.
func (b *builder) buy(a Action, p Port) Action {
	match, err := b.catalog.Resolve(p.Site)
	if err != nil {
		return a.block(siteReason(p, err))
	}
	l := match.Location
	a.Location = &Place{l.ID, l.Name, l.Metro, l.Market}
	if twins := b.gone[FoldName(p.Name)]; len(twins) > 0 {
		return a.block(terminatedTwin(p, twins[0]))
	}
	if r, ok := offerReason(p, l); !ok {
		return a.block(r)
	}
	if match.Inexact {
		b.warn(p, "site", "site %q is not the name of a location; read as %s", p.Site.Name, l)
	}
	order := newOrder(b.desired.Inventory, p, l)
	a.Kind, a.Order = Buy, &order
	a.Reason = Reason{Code: ReasonNew, Text: "the account has no service of this name", Source: p.Source}
	return a
}

func siteReason(p Port, err error) Reason {
	r := Reason{Code: ReasonSiteUnknown, Text: err.Error(), Source: p.At("site")}
	var site *SiteError
	if errors.As(err, &site) {
		r.Hint = site.Hint()
		if site.Ambiguous {
			r.Code = ReasonSiteAmbiguous
		}
	}
	return r
}

func terminatedTwin(p Port, s Service) Reason {
	return Reason{
		Code: ReasonTerminatedTwin,
		Text: fmt.Sprintf("service %s of this name was cancelled (%s); it may have been cancelled on purpose", s.UID, s.Status),
		Hint: "if a new port is really wanted, give the entry a new name", Source: p.At("name"),
	}
}

// offerReason says why the location does not sell what the entry asks for.
func offerReason(p Port, l Location) (Reason, bool) {
	switch {
	case l.Status != LocationActive:
		return Reason{Code: ReasonSiteNotActive, Source: p.At("site"),
			Text: fmt.Sprintf("location %s takes no orders: its status is %s", l, l.Status),
			Hint: "choose an Active location; `portctl sites` lists them"}, false
	case !l.Offers(p.Speed, ""):
		return Reason{Code: ReasonSpeedNotOffered, Source: p.At("speed"),
			Text: fmt.Sprintf("location %s has no %s ports", l, p.Speed),
			Hint: "it offers " + l.Offer()}, false
	case !l.Offers(p.Speed, p.Zone):
		return Reason{Code: ReasonZoneNotOffered, Source: p.At("diversityZone"),
			Text: fmt.Sprintf("location %s has no %s ports in zone %s", l, p.Speed, p.Zone),
			Hint: "it offers " + l.Offer()}, false
	}
	return Reason{}, true
}

// existing compares an entry with the service that stands for it.
func (b *builder) existing(a Action, p Port, u unit) Action {
	s := u.primary()
	ref := u.ref()
	a.Service = &ref
	a.Location = b.place(s.Location)
	if r, ok := b.fixed(p, u); !ok {
		return a.block(r)
	}
	b.notes(p, u)
	a.Kind = Unchanged
	a.Reason = Reason{Code: ReasonExists, Text: fmt.Sprintf("service %s has this name", s.UID), Source: p.Source}
	return a
}

func (b *builder) place(id LocationID) *Place {
	l, ok := b.catalog.ByID(id)
	if !ok {
		return &Place{ID: id, Name: fmt.Sprintf("location %d", id)}
	}
	return &Place{l.ID, l.Name, l.Metro, l.Market}
}

// fixed finds a difference in what no call can change after the order: law 8.
func (b *builder) fixed(p Port, u unit) (Reason, bool) {
	s := u.primary()
	const wayOut = "to replace the port, give the new one a name of its own and cancel the old one when it is no longer needed"
	if r, ok := lagReason(p, u); !ok {
		return r, false
	}
	if match, err := b.catalog.Resolve(p.Site); err == nil && match.Location.ID != s.Location {
		return Reason{Code: ReasonSiteFixed, Source: p.At("site"), Hint: wayOut,
			Text: fmt.Sprintf("service %s stands at %s, not at %s, and a port can not move", s.UID, b.place(s.Location).Name, match.Location.Name)}, false
	}
	if s.Speed != p.Speed {
		return Reason{Code: ReasonSpeedFixed, Source: p.At("speed"), Hint: wayOut,
			Text: fmt.Sprintf("service %s is a %s port, not %s, and the speed of a port can not change", s.UID, s.Speed, p.Speed)}, false
	}
	if p.Zone != "" && s.Zone != "" && s.Zone != p.Zone {
		return Reason{Code: ReasonZoneFixed, Source: p.At("diversityZone"), Hint: wayOut,
			Text: fmt.Sprintf("service %s is in zone %s, not %s, and a port can not change its zone", s.UID, s.Zone, p.Zone)}, false
	}
	return Reason{}, true
}

func lagReason(p Port, u unit) (Reason, bool) {
	uid := u.primary().UID
	switch {
	case p.LAG == 0 && u.lag:
		return Reason{Code: ReasonLAGMismatch, Source: p.Source,
			Text: fmt.Sprintf("service %s is a LAG of %d, the entry a single port", uid, len(u.members)),
			Hint: fmt.Sprintf("add `lag: %d` to the entry, or give it another name", len(u.members))}, false
	case p.LAG > 0 && !u.lag:
		return Reason{Code: ReasonLAGMismatch, Source: p.At("lag"),
			Text: fmt.Sprintf("service %s is a single port, the entry a LAG of %d", uid, p.LAG),
			Hint: "a single port can not become a LAG: take `lag` out, or give the entry another name"}, false
	case p.LAG != 0 && p.LAG != len(u.members):
		return Reason{Code: ReasonLAGSize, Source: p.At("lag"),
			Text: fmt.Sprintf("LAG %s has %d members, the entry asks for %d", uid, len(u.members), p.LAG),
			Hint: fmt.Sprintf("write `lag: %d`; this version does not change the size of a LAG", len(u.members))}, false
	}
	return Reason{}, true
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
	if s.Term != p.Term {
		b.warn(p, "term", "service %s has a contract term (months) of %d, not %d; the term of an existing port is not changed", s.UID, s.Term, p.Term)
	}
	if p.CostCentre != nil && *p.CostCentre != s.CostCentre {
		b.warn(p, "costCentre", "service %s has cost centre %q, not %q; this version does not change it", s.UID, s.CostCentre, *p.CostCentre)
	}
	if p.MarketplaceVisibility != nil && *p.MarketplaceVisibility != s.MarketplaceVisibility {
		b.warn(p, "marketplaceVisibility", "service %s has marketplaceVisibility %t, not %t; this version does not change it",
			s.UID, s.MarketplaceVisibility, *p.MarketplaceVisibility)
	}
}

func (b *builder) take(u unit) {
	for _, m := range u.members {
		b.taken[m.UID] = true
	}
}

func (b *builder) unmanaged() []ServiceRef {
	var refs []ServiceRef
	for _, u := range b.units {
		if !b.taken[u.primary().UID] {
			refs = append(refs, u.ref())
		}
	}
	slices.SortFunc(refs, func(x, y ServiceRef) int {
		return cmp.Or(compareNatural(FoldName(x.Name), FoldName(y.Name)), cmp.Compare(x.UID, y.UID))
	})
	return refs
}
