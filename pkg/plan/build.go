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
	b := newBuilder(desired, observed, catalog)
	p := Plan{Actions: []Action{}, Policy: []PolicyLine{}, Warnings: []Warning{}, Unmanaged: []ServiceRef{}, policy: desired.Policy}
	for i := range b.ports {
		p.Actions = append(p.Actions, b.action(i))
	}
	p.Actions = append(p.Actions, b.strayClaims()...)
	p.Unmanaged = append(p.Unmanaged, b.unmanaged()...)
	p.Warnings = append(p.Warnings, b.warnings...)
	return p.summed()
}

// Need is what Build must know of services beyond the listing.
type Need struct {
	Tags    []ServiceUID
	Charges []ServiceUID
}

// Missing says what Build would have to know besides: tags and cancellation
// charges are read one by one, so only where a decision hangs on them. It is as
// pure as Build.
func Missing(desired Desired, observed Observed, catalog Catalog) Need {
	b := newBuilder(desired, observed, catalog)
	for i := range b.ports {
		b.action(i)
	}
	return Need{unique(b.need.Tags), unique(b.need.Charges)}
}

func unique(uids []ServiceUID) []ServiceUID {
	return slices.Compact(slices.Sorted(slices.Values(uids)))
}

type builder struct {
	desired  Desired
	observed Observed
	catalog  Catalog
	ports    []Port // by name
	units    []unit
	gone     map[string][]Service // terminated, by folded name
	byUID    map[ServiceUID]Service
	matches  matches
	wanted   map[string]int     // entries that are not absent, per folded name
	absent   map[string]int     // entries that are, per folded name
	claims   map[string][]Claim // by folded name
	aside    map[string]bool    // folded names under `unmanaged`
	need     Need
	warnings []Warning
}

func newBuilder(desired Desired, observed Observed, catalog Catalog) *builder {
	b := &builder{
		desired: desired, observed: observed, catalog: catalog, ports: sortedPorts(desired.Ports), units: group(observed.Services),
		gone: map[string][]Service{}, byUID: map[ServiceUID]Service{}, wanted: map[string]int{}, absent: map[string]int{},
		claims: map[string][]Claim{}, aside: map[string]bool{},
	}
	for _, p := range b.ports {
		if p.Absent {
			b.absent[FoldName(p.Name)]++
		} else {
			b.wanted[FoldName(p.Name)]++
		}
	}
	for _, s := range sortedServices(observed.Services) {
		b.byUID[s.UID] = s
		if s.Status.Terminated() {
			b.gone[FoldName(s.Name)] = append(b.gone[FoldName(s.Name)], s)
		}
	}
	for _, c := range sortedClaims(observed.Claims) {
		b.claims[FoldName(c.Name)] = append(b.claims[FoldName(c.Name)], c)
	}
	for _, name := range desired.Unmanaged {
		b.aside[FoldName(name)] = true
	}
	b.matches = match(b.ports, b.units)
	return b
}

// sortedPorts orders entries by name. Entries of one name, of which at most one
// is not absent, are ordered by all they say, so that the plan stays the same.
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

func sortedClaims(claims []Claim) []Claim {
	return slices.SortedFunc(slices.Values(claims), func(a, b Claim) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

func (b *builder) warn(p Port, field, format string, args ...any) {
	b.warnings = append(b.warnings, Warning{Name: p.Name, Text: fmt.Sprintf(format, args...), Source: p.At(field)})
}

// action decides about one entry.
func (b *builder) action(i int) Action {
	p, found := b.ports[i], b.matches.of[i]
	a := Action{
		Name:    p.Name,
		Entry:   Entry{Site: p.Site.Written, Speed: p.Speed, Zone: p.Zone, LAG: p.LAG, Term: p.Term, Absent: p.Absent},
		Changes: []Change{},
		Source:  p.Source,
	}
	if r, ok := b.refused(i); !ok {
		return a.block(r)
	}
	if c, open := b.openClaim(p); open && mayOrder(p) {
		return b.awaits(a, p, c, found)
	}
	switch {
	case p.Absent && len(found) == 0:
		return a.still(Unchanged, Reason{Code: ReasonGone, Text: "there is nothing to cancel", Source: p.Source})
	case p.Absent:
		return b.cancel(a, p, found[0])
	case len(found) == 1:
		return b.existing(a, p, found[0])
	default:
		return b.buy(a, p)
	}
}

// refused finds what makes an entry impossible to match with a service.
func (b *builder) refused(i int) (Reason, bool) {
	p, found := b.ports[i], b.matches.of[i]
	name := FoldName(p.Name)
	switch {
	case !p.Absent && b.wanted[name] > 1, p.Absent && p.UID == "" && b.absent[name] > 1:
		return Reason{
			Code: ReasonDuplicateEntry, Text: fmt.Sprintf("another entry is named %q too", p.Name),
			Hint: "give each entry a name of its own", Source: p.At("name"),
		}, false
	case b.matches.stolen[i]:
		return Reason{
			Code: ReasonServiceTaken, Text: "the service of this entry stands for another entry already",
			Hint: "two entries can not stand for one service: take one out", Source: p.At("uid"),
		}, false
	case len(found) > 1:
		return duplicateServices(p, found), false
	case p.UID != "" && len(found) == 0:
		return b.uidReason(p)
	}
	return Reason{}, true
}

// uidReason is why an entry with a uid has no service: such an entry is never
// bought.
func (b *builder) uidReason(p Port) (Reason, bool) {
	s, known := b.byUID[p.UID]
	switch {
	case !known:
		return Reason{
			Code: ReasonUIDUnknown, Text: fmt.Sprintf("the account has no port with UID %s", p.UID), Source: p.At("uid"),
			Hint: "an entry with a uid is never bought: correct the uid, or take it out",
		}, false
	case p.Absent:
		return Reason{}, true
	default:
		return Reason{
			Code: ReasonUIDTerminated, Text: fmt.Sprintf("service %s is %s", p.UID, s.Status), Source: p.At("uid"),
			Hint: "an entry with a uid is never bought; for a new port write `replaces: " + string(p.UID) + "` instead of `uid`",
		}, false
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
		Hint:   "say which one it is with `uid:`, and rename or cancel the others",
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
	if r, ok := b.twinReason(p); !ok {
		if r.Code == ReasonWaitsForCancel {
			return a.still(Unchanged, r)
		}
		return a.block(r)
	}
	if r, ok := b.vanishedReason(p, "name"); !ok {
		return a.block(r)
	}
	if r, ok := offerReason(p, l); !ok {
		return a.block(r)
	}
	if r, ok := b.renamedReason(p, l); !ok {
		return a.block(r)
	}
	if r, ok := b.doubtNearby(p, l); !ok {
		return a.still(Unknown, r)
	}
	if match.Inexact {
		b.warn(p, "site", "site %q is not the name of a location; read as %s", p.Site.Name, l)
	}
	order := newOrder(b.desired.Inventory, p, l)
	a.Kind, a.Order, a.Changes = Buy, &order, lockOrdered(p, a.Changes)
	a.Reason = Reason{Code: ReasonNew, Text: "the account has no service of this name", Source: p.Source}
	if s, known := b.byUID[p.Replaces]; known {
		a.Reason.Text = fmt.Sprintf("replaces service %s, which is %s", s.UID, s.Status)
	} else if p.Replaces != "" {
		a.Reason.Text = fmt.Sprintf("replaces service %s, which the account does not know", p.Replaces)
	}
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

// twinReason keeps a name from being bought again after its service was
// terminated: somebody may have cancelled it on purpose. The entry must name
// the service it replaces, and it must be the last one.
func (b *builder) twinReason(p Port) (Reason, bool) {
	if p.Replaces != "" {
		if s, ok := b.byUID[p.Replaces]; ok && !s.Status.Terminated() {
			return Reason{
				Code: ReasonWaitsForCancel, Source: p.At("replaces"),
				Text: fmt.Sprintf("bought by a later apply, once service %s is terminated", p.Replaces),
			}, false
		}
	}
	twins := slices.Clone(b.gone[FoldName(p.Name)])
	if p.Formerly != "" {
		twins = append(twins, b.gone[FoldName(p.Formerly)]...)
	}
	if len(twins) == 0 {
		return Reason{}, true
	}
	last := lastOf(twins)
	switch p.Replaces {
	case "":
		return Reason{
			Code: ReasonTerminatedTwin, Source: p.At("name"),
			Text: fmt.Sprintf("service %s of this name was cancelled (%s); it may have been cancelled on purpose", last.UID, last.Status),
			Hint: fmt.Sprintf("if a new port is really wanted, add `replaces: %s`", last.UID),
		}, false
	case last.UID:
		return Reason{}, true
	default:
		return Reason{
			Code: ReasonReplacesWrong, Source: p.At("replaces"),
			Text: fmt.Sprintf("the service of this name that was cancelled last is %s, not %s", last.UID, p.Replaces),
			Hint: fmt.Sprintf("if a new port is really wanted, write `replaces: %s`", last.UID),
		}, false
	}
}

// vanishedReason keeps from buying what was delivered before, when the account
// knows nothing of it: products stay listed for ever, so such a listing proves
// nothing.
func (b *builder) vanishedReason(p Port, field string) (Reason, bool) {
	for _, name := range []string{p.Name, p.Formerly} {
		uid, vanished := b.vanished(name, p.LAG > 0)
		if vanished && p.Replaces != uid {
			return Reason{
				Code: ReasonVanished, Source: p.At(field),
				Text: fmt.Sprintf("service %s was bought and listed before, and now the account knows nothing of it", uid),
				Hint: fmt.Sprintf("look again later, and ask Megaport's support; if it is gone and a new port is really wanted, add `replaces: %s`", uid),
			}, false
		}
	}
	return Reason{}, true
}

// vanished is the last service that is recorded for a name and that the account
// does not know. One that was recorded before another that is known was replaced
// by it, unless both are members of a LAG.
func (b *builder) vanished(name string, lag bool) (last ServiceUID, vanished bool) {
	for _, uid := range b.observed.Known[FoldName(name)] {
		switch _, known := b.byUID[uid]; {
		case !known:
			last, vanished = uid, true
		case !lag:
			last, vanished = "", false
		}
	}
	return last, vanished
}

// lastOf is the service that was ordered last.
func lastOf(services []Service) Service {
	return slices.MaxFunc(services, func(a, b Service) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.UID, b.UID))
	})
}

// offerReason says why the location does not sell what the entry asks for.
func offerReason(p Port, l Location) (Reason, bool) {
	switch {
	case l.Status != LocationActive:
		return Reason{
			Code: ReasonSiteNotActive, Source: p.At("site"),
			Text: fmt.Sprintf("location %s takes no orders: its status is %s", l, l.Status),
			Hint: "choose an Active location; `portctl sites` lists them",
		}, false
	case !l.Offers(p.Speed, ""):
		return Reason{
			Code: ReasonSpeedNotOffered, Source: p.At("speed"),
			Text: fmt.Sprintf("location %s has no %s ports", l, p.Speed),
			Hint: "it offers " + l.Offer(),
		}, false
	case !l.Offers(p.Speed, p.Zone):
		return Reason{
			Code: ReasonZoneNotOffered, Source: p.At("diversityZone"),
			Text: fmt.Sprintf("location %s has no %s ports in zone %s", l, p.Speed, p.Zone),
			Hint: "it offers " + l.Offer(),
		}, false
	}
	return Reason{}, true
}

// renamedReason finds services that no entry names, at the place and speed of
// what is to be bought. One that this inventory bought is probably the entry
// under an old name; others are mentioned.
func (b *builder) renamedReason(p Port, l Location) (Reason, bool) {
	for _, u := range b.units {
		s := u.primary()
		if _, taken := b.matches.taken[s.UID]; taken || s.Location != l.ID || s.Speed != p.Speed || b.aside[FoldName(s.Name)] {
			continue
		}
		tags, read := b.observed.Tags[s.UID]
		if !read {
			b.need.Tags = append(b.need.Tags, s.UID)
			continue
		}
		if tags[TagInventory] == b.desired.Inventory {
			return Reason{
				Code: ReasonLooksRenamed, Source: p.At("name"),
				Text: fmt.Sprintf("looks like %q (%s) renamed: this inventory bought it, and no entry names it", s.Name, s.UID),
				Hint: fmt.Sprintf("add `formerly: %s`, or list %s under `unmanaged`", s.Name, s.Name),
			}, false
		}
		b.warn(p, "name", "service %q (%s) of the same speed stands at %s and is in no entry", s.Name, s.UID, l.Name)
	}
	return Reason{}, true
}

func (b *builder) place(id LocationID) *Place {
	l, ok := b.catalog.ByID(id)
	if !ok {
		return &Place{ID: id, Name: fmt.Sprintf("location %d", id)}
	}
	return &Place{l.ID, l.Name, l.Metro, l.Market}
}

func (b *builder) unmanaged() []ServiceRef {
	var refs []ServiceRef
	for _, u := range b.units {
		if _, taken := b.matches.taken[u.primary().UID]; !taken {
			refs = append(refs, u.ref())
		}
	}
	slices.SortFunc(refs, func(x, y ServiceRef) int {
		return cmp.Or(compareNatural(FoldName(x.Name), FoldName(y.Name)), cmp.Compare(x.UID, y.UID))
	})
	return refs
}
