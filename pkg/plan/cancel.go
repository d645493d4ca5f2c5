package plan

import (
	"fmt"
)

// unfinished is the LAG of which an absent entry names a member that is terminated
// already: what is left of it. begun says that its cancellation is known to be
// meant: the ledger recorded it, or another entry replaces it.
func (b *builder) unfinished(p Port) (left serviceGroup, begun, found bool) {
	s, listed := b.service(p.UID)
	if !p.Absent || !listed || !s.Status.Terminated() {
		return serviceGroup{}, false, false
	}
	key := b.groups.key[s.UID]
	left, found = b.groups.lags[key]
	return left, b.halfCancelled[key] || b.replaced[s.UID], found && key != 0
}

// cancel plans the end of a service.
func (b *builder) cancel(a Action, p Port, u serviceGroup) Action {
	s := u.primary()
	ref := u.ref()
	a.Service, a.Location = &ref, b.place(s.Location)
	if r := b.cancelReason(p, u); r != nil {
		return a.block(*r)
	}
	a.Kind = Cancel
	a.Charge = b.charge(u)
	a.Reason = Reason{Code: ReasonAbsent, Text: fmt.Sprintf("the entry says absent; cancelling service %s cannot be undone", s.UID), Source: p.At("state")}
	b.diversityNote(p, s)
	return a
}

// cancelReason is why a service is not cancelled although its entry says absent.
func (b *builder) cancelReason(p Port, u serviceGroup) *Reason {
	s := u.primary()
	if r := b.oneMemberReason(p, u); r != nil {
		return r
	}
	if late := u.unidentified(); late > 0 {
		return &Reason{
			Code: ReasonLAGUnidentified, Source: p.Source,
			Text: fmt.Sprintf("the API does not tell the aggregation id of %d of the %d members of LAG %s yet, so what would be cancelled is not certain", late, len(u.members), s.UID),
			Hint: "apply again later, or cancel it in the Megaport portal",
		}
	}
	if r := vxcReason(p, u); r != nil {
		return r
	}
	if r := b.changeReason(p, u); r != nil {
		return r
	}
	if p.UID == "" && !p.Takeover && b.observed.Tags[s.UID][TagInventory] != b.desired.Inventory {
		return &Reason{
			Code: ReasonNotOurs, Source: p.At("name"),
			Text: fmt.Sprintf("service %s was not bought by this inventory, so its name is not enough to cancel it", s.UID),
			Hint: fmt.Sprintf("if it is really to be cancelled, add `uid: %s`", s.UID),
		}
	}
	return nil
}

// oneMemberReason keeps a whole LAG from being cancelled by an entry that names one
// of its members, unless its cancellation has begun.
func (b *builder) oneMemberReason(p Port, u serviceGroup) *Reason {
	s := u.primary()
	whole := p.UID == s.UID || p.UID == "" && FoldName(s.Name) == FoldName(p.Name)
	if !u.lag || whole || b.terminated(p.UID) || b.halfCancelled[b.groups.key[s.UID]] {
		return nil
	}
	return &Reason{
		Code: ReasonLAGMismatch, Source: p.Source,
		Text: fmt.Sprintf("it is one member of LAG %s, and all %d would be cancelled", s.UID, len(u.members)),
		Hint: fmt.Sprintf("a single member is cancelled in the Megaport portal; for the whole LAG write `uid: %s`", s.UID),
	}
}

// vxcReason finds members on which VXCs end: Megaport refuses to cancel those, and
// the others of a LAG would be gone by then.
func vxcReason(p Port, u serviceGroup) *Reason {
	total, first := 0, ServiceUID("")
	var details []string
	for _, m := range u.members {
		if m.VXCs == 0 {
			continue
		}
		if total == 0 {
			first = m.UID
		}
		total += m.VXCs
		details = append(details, fmt.Sprintf("%s: %s", m.UID, countVXCs(m.VXCs)))
	}
	if total == 0 {
		return nil
	}
	r := &Reason{
		Code: ReasonHasVXCs, Source: p.Source, Details: details,
		Text: fmt.Sprintf("%s on %d of its %d members, so the LAG cannot be cancelled", countVXCs(total), len(details), len(u.members)),
		Hint: "move or cancel the VXCs in the Megaport portal first",
	}
	if len(details) == 1 {
		r.Text, r.Details = fmt.Sprintf("%s on service %s, so it cannot be cancelled", countVXCs(total), first), nil
		if len(u.members) > 1 {
			r.Text = fmt.Sprintf("%s on member %s, so the LAG cannot be cancelled", countVXCs(total), first)
		}
	}
	return r
}

func countVXCs(n int) string {
	if n == 1 {
		return "1 VXC ends"
	}
	return fmt.Sprintf("%d VXCs end", n)
}

// charge says what cancelling costs: the sum of the members' charges when all
// are known, in one currency.
func (b *builder) charge(u serviceGroup) *Charge {
	total := Charge{Known: true}
	for _, m := range u.members {
		c, asked := b.observed.Charges[m.UID]
		if !asked {
			b.need.Charges = append(b.need.Charges, m.UID)
		}
		if !c.Known || total.Currency != "" && c.Currency != total.Currency {
			total.Known = false
			continue
		}
		total.Currency, total.Amount = c.Currency, total.Amount.Add(c.Amount)
	}
	if !total.Known {
		return &Charge{}
	}
	return &total
}

// diversityNote warns when a location keeps ports of this inventory in one zone
// only: ending one port of a pair takes the diversity of the other away (API facts
// §0.16, confidence B).
func (b *builder) diversityNote(p Port, s Service) {
	if _, keeps := b.kept[zoneOf{s.Location, s.Zone}]; keeps || s.Zone == "" {
		return
	}
	for _, other := range []Zone{Red, Blue} {
		if name, keeps := b.kept[zoneOf{s.Location, other}]; keeps && other != s.Zone {
			b.warn(p, "state", "the diversity of %q ends: no other port of this inventory is in zone %s of %s", name, s.Zone, b.place(s.Location).Name)
		}
	}
}

// terminated says that the account lists a service as terminated.
func (b *builder) terminated(uid ServiceUID) bool {
	s, listed := b.byUID[uid]
	return listed && s.Status.Terminated()
}

// indexKept notes, by location and zone, the ports of entries that stay.
func (b *builder) indexKept() {
	for i := range b.ports {
		p := &b.ports[i]
		if p.Absent || len(b.matches.of[i]) != 1 {
			continue
		}
		s := &b.matches.of[i][0].members[0]
		at := zoneOf{s.Location, s.Zone}
		if first, known := b.kept[at]; !known || p.Name < first {
			b.kept[at] = p.Name
		}
	}
}

// gone is for an absent entry that no service stands for. A uid that the
// account does not list is done, unless something that could be meant is alive.
func (b *builder) gone(a Action, p Port) Action {
	s, listed := b.service(p.UID)
	switch {
	case p.UID == "":
	case listed:
		b.cancelledNote(p, s)
	default:
		if alive, ok := b.couldBeMeant(p); ok {
			return a.block(Reason{
				Code: ReasonUIDUnknown, Source: p.At("uid"),
				Text: fmt.Sprintf("the account has no port with UID %s, but service %s (%q) could be meant", p.UID, alive.UID, alive.Name),
				Hint: fmt.Sprintf("write `uid: %s` if it is to be cancelled; otherwise take the entry out", alive.UID),
			})
		}
		b.warn(p, "uid", "the account does not list service %s any more, so nothing is left to cancel (%s)", p.UID, listedFor)
	}
	return a.withoutEffect(Unchanged, Reason{Code: ReasonGone, Text: "there is nothing to cancel", Source: p.Source})
}

// couldBeMeant finds an active service that no entry takes and that has the name of
// an absent entry, or was ordered for it.
func (b *builder) couldBeMeant(p Port) (Service, bool) {
	for _, name := range []string{p.Name, p.Formerly} {
		for _, u := range b.named[FoldName(name)] {
			if _, taken := b.matches.taken[u.primary().UID]; !taken && name != "" {
				return u.primary(), true
			}
		}
	}
	for _, uid := range b.recorded(p) {
		s, listed := b.service(uid)
		if _, taken := b.matches.taken[uid]; listed && !taken && !s.Status.Terminated() && p.Name != "" {
			return s, true
		}
	}
	return Service{}, false
}

// cancelledNote warns that a cancelled service is not at its end yet (API facts
// §0.17, confidence C).
func (b *builder) cancelledNote(p Port, s Service) {
	if s.Status == StatusCancelled || s.Status == StatusCancelledParent {
		b.warn(p, "name", "service %s is %s, and may be billed until it is %s", s.UID, s.Status, StatusDecommissioned)
	}
}
