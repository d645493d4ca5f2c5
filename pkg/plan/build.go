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
	p := Plan{Actions: make([]Action, 0, len(b.ports)), needs: make([]entryNeed, 0, len(b.ports)), Policy: []PolicyLine{}, Warnings: []Warning{}, Unmanaged: []ServiceRef{}, policy: desired.Policy, base: desired.Base}
	for i := range b.ports {
		b.need = entryNeed{}
		p.Actions = append(p.Actions, b.allowed(b.action(i)))
		p.needs = append(p.needs, b.need)
	}
	p.Actions = append(p.Actions, b.orphanClaims()...)
	p.Unmanaged = append(p.Unmanaged, b.unmanaged()...)
	b.ledgerNotes(p.Actions)
	b.sameZoneNotes()
	b.unpinnedNote()
	b.untypedNote()
	p.Warnings = append(p.Warnings, b.warnings...)
	return p.summed()
}

// Need is what Build must know of services beyond the listing: tags and cancellation
// charges are read one by one, so only where a decision hangs on them.
type Need struct {
	Tags    []ServiceUID
	Charges []ServiceUID
}

// Missing says what the plan was built without and needs, but for what the selection
// takes out. As long as something is missing the plan is none to act on.
func (p Plan) Missing(s Selection) Need {
	out, missing, seen := s.excludes(p.names()), Need{}, map[*neighbours]bool{}
	for i, n := range p.needs {
		if out(p.Actions[i].Name) {
			continue
		}
		missing.Tags, missing.Charges = append(missing.Tags, n.Tags...), append(missing.Charges, n.Charges...)
		if n.near != nil && !seen[n.near] { // many entries can have the same neighbours
			seen[n.near] = true
			missing.Tags = append(missing.Tags, n.near.unread...)
		}
	}
	return Need{unique(missing.Tags), unique(missing.Charges)}
}

// entryNeed is what one entry needs, and what its neighbours do.
type entryNeed struct {
	Need
	near *neighbours
}

func unique(uids []ServiceUID) []ServiceUID {
	return slices.Compact(slices.Sorted(slices.Values(uids)))
}

// builder is one planning at work: its input, indexed so that a plan takes time in
// proportion to its entries, and what was found out on the way.
type builder struct {
	desired  Desired
	observed Observed
	catalog  Catalog
	ports    []Port    // by name
	services []Service // primaries first
	byUID    map[ServiceUID]*Service
	ended    map[string][]Service // terminated, by folded name
	groups   grouping
	named    map[string][]serviceGroup // active, by folded name
	matches  matches

	wanted   map[string]int      // entries that are not absent, per folded name
	absent   map[string]int      // entries that are, per folded name
	entries  map[string][]int    // entries, by folded name and former name
	aside    map[string]bool     // what is under `unmanaged`, folded
	replaced map[ServiceUID]bool // what entries replace
	sites    map[Site]siteMatch
	spelled  map[rolloutSite]*Port   // the port with the first spelling of a location, per rollout
	loose    map[string]unpinnedSite // by the name of the site

	near          map[spot]*neighbours
	kept          map[zoneOf]string // the first name of the ports of entries that stay
	endedMembers  map[int][]Service // terminated, by the key of their LAG
	halfCancelled map[int]bool      // LAGs whose cancellation the ledger recorded, by key

	openClaims []Claim            // by name
	claims     map[string][]Claim // those that an entry waits for, by folded name
	rejected   map[string][]Claim // by folded name
	damaged    map[string][]Claim // by the hash of their name
	orphans    []Claim            // damaged ones of no entry
	orphansAt  map[spot][]Claim

	untyped UntypedIndex

	need     entryNeed // of the entry at work
	warnings []Warning
}

func newBuilder(desired Desired, observed Observed, catalog Catalog) *builder {
	b := &builder{
		desired: desired, observed: observed, catalog: catalog, ports: sortedPorts(desired.Ports), services: sortedServices(observed.Services),
		byUID: make(map[ServiceUID]*Service, len(observed.Services)), ended: map[string][]Service{}, named: make(map[string][]serviceGroup, len(observed.Services)),
		wanted: make(map[string]int, len(desired.Ports)), absent: map[string]int{}, entries: make(map[string][]int, len(desired.Ports)), aside: map[string]bool{}, replaced: map[ServiceUID]bool{},
		sites: map[Site]siteMatch{}, spelled: map[rolloutSite]*Port{}, loose: map[string]unpinnedSite{}, near: map[spot]*neighbours{}, kept: map[zoneOf]string{},
		endedMembers: map[int][]Service{}, halfCancelled: map[int]bool{}, openClaims: sortedClaims(observed.Claims),
		claims: map[string][]Claim{}, rejected: map[string][]Claim{}, damaged: map[string][]Claim{}, orphansAt: map[spot][]Claim{},
	}
	b.indexEntries()
	b.indexServices()
	b.matches = match(b.ports, b.groups.units, b.named, b.unfinished)
	b.indexNeighbours()
	b.indexKept()
	b.indexSpellings()
	b.indexClaims()
	b.untyped = IndexUntyped(observed.Untyped)
	return b
}

func (b *builder) indexEntries() {
	for i := range b.ports {
		p := &b.ports[i]
		name := FoldName(p.Name)
		if p.Absent {
			b.absent[name]++
		} else {
			b.wanted[name]++
		}
		b.entries[name] = append(b.entries[name], i)
		if former := FoldName(p.Formerly); p.Formerly != "" && former != name {
			b.entries[former] = append(b.entries[former], i)
		}
		if p.Replaces != "" {
			b.replaced[p.Replaces] = true
		}
	}
	for _, name := range b.desired.Unmanaged {
		b.aside[FoldName(name)] = true
	}
}

func (b *builder) indexServices() {
	for i := range b.services {
		s := &b.services[i]
		b.byUID[s.UID] = s
		if s.Status.Terminated() {
			b.ended[FoldName(s.Name)] = append(b.ended[FoldName(s.Name)], *s)
		}
	}
	b.groups = b.group()
	for _, u := range b.groups.units {
		for _, name := range u.names() {
			b.named[name] = append(b.named[name], u)
		}
	}
	for i := range b.services {
		s := &b.services[i]
		key := b.groups.key[s.UID]
		if key == 0 {
			continue
		}
		if s.Status.Terminated() {
			b.endedMembers[key] = append(b.endedMembers[key], *s)
		}
		if b.observed.Cancelling[s.UID] {
			b.halfCancelled[key] = true
		}
	}
}

// service is a service that the account lists.
func (b *builder) service(uid ServiceUID) (Service, bool) {
	if s, listed := b.byUID[uid]; listed {
		return *s, true
	}
	return Service{}, false
}

// siteMatch is what the catalog says of a site.
type siteMatch struct {
	match Match
	err   error
}

// resolve looks each site up once.
func (b *builder) resolve(s Site) (Match, error) {
	s.Written, s.NetBox = "", ""
	found, known := b.sites[s]
	if !known {
		found.match, found.err = b.catalog.Resolve(s)
		b.sites[s] = found
	}
	return found.match, found.err
}

// nameOf is what the action of an entry is called: an absent one may give only a
// uid.
func (b *builder) nameOf(i int) string {
	p := b.ports[i]
	switch s, listed := b.service(p.UID); {
	case p.Name != "":
		return p.Name
	case len(b.matches.of[i]) == 1:
		return b.matches.of[i][0].primary().Name
	case listed:
		return s.Name
	}
	return string(p.UID)
}

// sortedPorts orders entries by name. Entries of one name, of which at most one
// is not absent, are ordered by all they say, so that the plan stays the same.
func sortedPorts(ports []Port) []Port {
	folded := make([]string, len(ports))
	for i := range ports {
		folded[i] = FoldName(ports[i].Name)
	}
	return sortedByIndex(ports, func(i, j int) int {
		if c := compareNatural(folded[i], folded[j]); c != 0 {
			return c
		}
		return cmp.Compare(canonical(ports[i]), canonical(ports[j]))
	})
}

// sortedByIndex is a sorted copy of values that are too large to be moved at each
// comparison: their indices are sorted, and each is copied once.
func sortedByIndex[T any](values []T, compare func(i, j int) int) []T {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, compare)
	sorted := make([]T, len(values))
	for at, i := range order {
		sorted[at] = values[i]
	}
	return sorted
}

func sortedClaims(claims []Claim) []Claim {
	return slices.SortedFunc(slices.Values(claims), func(a, b Claim) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

func (b *builder) warn(p Port, field, format string, args ...any) {
	b.warnings = append(b.warnings, Warning{Name: cmp.Or(p.Name, string(p.UID)), Text: fmt.Sprintf(format, args...), Source: p.At(field)})
}

// action decides about one entry.
func (b *builder) action(i int) Action {
	p, found := b.ports[i], b.matches.of[i]
	a := Action{
		Name:    b.nameOf(i),
		Wanted:  Wanted{Site: p.Site.Written, Speed: p.Speed, Zone: p.Zone, LAG: p.LAG, Term: p.Term, Absent: p.Absent},
		Changes: []Change{},
		Source:  p.Source,
		port:    &b.ports[i],
	}
	if r := b.refused(i); r != nil {
		return a.block(*r)
	}
	if len(found) == 0 {
		if r := b.untypedReason(p); r != nil {
			return a.block(*r)
		}
	}
	if mayOrder(p) {
		if r := b.damagedReason(p); r != nil {
			return a.withoutEffect(Unknown, *r)
		}
		if c, open := b.openClaim(p); open {
			return b.pendingOrder(a, p, c, found)
		}
	}
	switch {
	case p.Absent && len(found) == 0:
		return b.gone(a, p)
	case p.Absent:
		return b.cancel(a, p, found[0])
	case len(found) == 1:
		return b.existing(a, p, found[0])
	default:
		return b.buy(a, p)
	}
}

// refused finds what makes an entry impossible to match with a service.
func (b *builder) refused(i int) *Reason {
	p, found := b.ports[i], b.matches.of[i]
	name := FoldName(p.Name)
	if r := b.splitReason(p, found); r != nil {
		return r
	}
	switch {
	case !p.Absent && b.wanted[name] > 1, p.Absent && p.UID == "" && b.absent[name] > 1:
		return &Reason{
			Code: ReasonDuplicateEntry, Text: fmt.Sprintf("another entry is named %q too", p.Name),
			Hint: "give each entry a unique name", Source: p.At("name"),
		}
	case b.matches.stolen[i]:
		return &Reason{
			Code: ReasonServiceTaken, Text: "the service of this entry stands for another entry already",
			Hint: "two entries cannot stand for one service: take one out", Source: p.At("uid"),
		}
	case len(found) > 1:
		return b.duplicateServices(p, found)
	case p.UID != "" && len(found) == 0:
		return b.uidReason(p)
	}
	return nil
}

// uidReason is why an entry with a uid has no service: such an entry is never
// bought.
func (b *builder) uidReason(p Port) *Reason {
	s, known := b.service(p.UID)
	switch {
	case p.Absent:
		return nil
	case !known:
		return &Reason{
			Code: ReasonUIDUnknown, Text: fmt.Sprintf("the account has no port with UID %s", p.UID), Source: p.At("uid"),
			Hint: "an entry with a uid is never bought: correct the uid, or take it out",
		}
	default:
		return &Reason{
			Code: ReasonUIDTerminated, Text: fmt.Sprintf("service %s is %s", p.UID, s.Status), Source: p.At("uid"),
			Hint: "an entry with a uid is never bought; for a new port write `replaces: " + string(p.UID) + "` instead of `uid`",
		}
	}
}

// duplicateServices is why an entry cannot stand for one of several services. What
// could be a member of the entry's LAG is no second service.
func (b *builder) duplicateServices(p Port, found []serviceGroup) *Reason {
	var uids []string
	known, lags, single := true, 0, false
	whole := kin{}
	for _, u := range found {
		uids = append(uids, string(u.primary().UID))
		known = known && slices.Contains(b.recorded(p), u.primary().UID)
		single = single || !u.lag
		if u.lag {
			lags++
		}
		for _, m := range u.members {
			whole.uids = append(whole.uids, m.UID)
		}
	}
	slices.Sort(uids)
	if p.LAG > 0 && known && lags == len(found) {
		return splitReason(p, b.membership(whole))
	}
	r := &Reason{
		Code:   ReasonDuplicateService,
		Text:   fmt.Sprintf("%d services are named %q: %s", len(found), p.Name, strings.Join(uids, ", ")),
		Hint:   "say which one it is with `uid:`, and rename or cancel the others",
		Source: p.At("name"),
	}
	if p.LAG > 0 && single {
		r.Hint = "look again later: the API may tell late which LAG a port belongs to; otherwise say which one it is with `uid:`, and rename the others"
	}
	return r
}

// buy plans the order for an entry without a service.
func (b *builder) buy(a Action, p Port) Action {
	match, err := b.resolve(p.Site)
	if err != nil {
		return a.block(siteReason(p, err))
	}
	l := match.Location
	a.Location = &Place{l.ID, l.Name, l.Metro, l.Market}
	if r := b.sameLocationReason(p, l); r != nil {
		return a.block(*r)
	}
	if r := b.knownReason(p, "name"); r != nil {
		return a.block(*r)
	}
	if r := b.endedReason(p); r != nil {
		if r.Code == ReasonWaitsForCancel {
			return a.withoutEffect(Unchanged, *r)
		}
		return a.block(*r)
	}
	if r := offerReason(p, l); r != nil {
		return a.block(*r)
	}
	if r := b.renamedReason(p, l); r != nil {
		return a.block(*r)
	}
	if r := b.heldBack(p, l); r != nil {
		return a.withoutEffect(Unknown, *r)
	}
	order := newOrder(b.desired.Inventory, p, l)
	if r := b.rejectedReason(p, order); r != nil {
		return a.block(*r)
	}
	if match.Inexact {
		b.unpinned(p, l)
	}
	a.Kind, a.Order, a.Changes = Buy, &order, afterOrder(p, a.Changes)
	a.Reason = Reason{Code: ReasonNew, Text: "the account has no service of this name", Source: p.Source}
	if s, known := b.service(p.Replaces); known {
		a.Reason.Text = fmt.Sprintf("replaces service %s, which is %s", s.UID, s.Status)
		b.cancelledNote(p, s)
	} else if p.Replaces != "" {
		a.Reason.Text = fmt.Sprintf("replaces service %s, which the account does not know", p.Replaces)
	}
	return a
}

func siteReason(p Port, err error) Reason {
	r := Reason{Code: ReasonSiteUnknown, Text: err.Error(), Source: p.At("site")}
	var site *SiteError
	if errors.As(err, &site) {
		r.Hint, r.Way = site.Suggestion()
		if site.Ambiguous {
			r.Code = ReasonSiteAmbiguous
		}
	}
	return r
}

// offerReason says why the location does not sell what the entry asks for.
func offerReason(p Port, l Location) *Reason {
	switch {
	case l.Status != LocationActive:
		return &Reason{
			Code: ReasonSiteNotActive, Source: p.At("site"),
			Text: fmt.Sprintf("location %s takes no orders: its status is %s", l, l.Status),
			Hint: "choose an Active location", Way: &WayOut{Kind: WayListSites},
		}
	case !l.Offers(p.Speed, ""):
		return &Reason{
			Code: ReasonSpeedNotOffered, Source: p.At("speed"),
			Text: fmt.Sprintf("location %s has no %s ports", l, p.Speed),
			Hint: "it offers " + l.Offer(),
		}
	case !l.Offers(p.Speed, p.Zone):
		return &Reason{
			Code: ReasonZoneNotOffered, Source: p.At("diversityZone"),
			Text: fmt.Sprintf("location %s has no %s ports in zone %s", l, p.Speed, p.Zone),
			Hint: "it offers " + l.Offer(),
		}
	case p.CrossConnect && !l.CrossConnect:
		return &Reason{
			Code: ReasonNoCrossConnect, Source: p.At("crossConnect"),
			Text: fmt.Sprintf("Megaport orders no cross connects at location %s", l),
			Hint: "take `crossConnect` out of the entry, and order the cross connect from the data centre with the LOA: `portctl handover` writes what it asks for",
		}
	case p.CrossConnect && p.Term == 1:
		return &Reason{
			Code: ReasonCrossConnectTerm, Source: p.At("term"),
			Text: "Megaport orders no cross connect for a port with a term of 1 month",
			Hint: "write a longer `term`, or take `crossConnect` out of the entry",
		}
	}
	return nil
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
	for _, u := range b.groups.units {
		if _, taken := b.matches.taken[u.primary().UID]; !taken {
			ref := u.ref()
			ref.LeftAlone = slices.ContainsFunc(u.members, b.setAside)
			if other := b.observed.Inventories[ref.UID]; other != b.desired.Inventory {
				ref.Inventory = other
			}
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(x, y ServiceRef) int {
		return cmp.Or(compareNatural(FoldName(x.Name), FoldName(y.Name)), cmp.Compare(x.UID, y.UID))
	})
	return refs
}
