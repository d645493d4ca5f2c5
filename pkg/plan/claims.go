package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// mayOrder says that an entry can lead to an order. One with a uid is never
// bought, but a LAG may grow.
func mayOrder(p Port) bool { return p.UID == "" || p.LAG > 0 }

// indexClaims sorts the open claims by what they hold back.
func (b *builder) indexClaims() {
	hashes := map[string]bool{}
	for _, c := range b.openClaims {
		name := FoldName(c.Name)
		switch c.State {
		case OrderDamaged:
			b.damaged[c.Hash] = append(b.damaged[c.Hash], c)
		case OrderRejected:
			b.rejected[name] = append(b.rejected[name], c)
		default:
			b.claims[name] = append(b.claims[name], c)
		}
	}
	if len(b.damaged) > 0 {
		for name, entries := range b.entries {
			hashes[NameHash(name)] = slices.ContainsFunc(entries, func(i int) bool { return mayOrder(b.ports[i]) })
		}
	}
	for _, c := range b.openClaims {
		switch at := (spot{c.Order.Location, c.Order.Speed}); {
		case c.State == OrderDamaged && !hashes[c.Hash]:
			b.orphans = append(b.orphans, c)
		case c.State != OrderDamaged && c.State != OrderRejected && b.orphaned(c):
			b.orphansAt[at] = append(b.orphansAt[at], c)
		}
	}
}

// openClaim is the claim that an entry must wait for: one of its name, or of
// its former name. The one of which least is known comes first.
func (b *builder) openClaim(p Port) (Claim, bool) {
	open := slices.Clone(b.claims[FoldName(p.Name)])
	if p.Formerly != "" {
		open = append(open, b.claims[FoldName(p.Formerly)]...)
	}
	if len(open) == 0 {
		return Claim{}, false
	}
	rank := func(c Claim) int {
		switch {
		case c.State == OrderTurnedAway:
			return 1
		case c.State.Unconfirmed():
			return 0
		}
		return 2
	}
	return slices.MinFunc(open, func(x, y Claim) int { return cmp.Compare(rank(x), rank(y)) }), true
}

// damagedReason holds an entry back while a claim of its name, or of its former
// name, cannot be read.
func (b *builder) damagedReason(p Port) *Reason {
	if len(b.damaged) == 0 {
		return nil
	}
	open := slices.Clone(b.damaged[NameHash(p.Name)])
	if p.Formerly != "" {
		open = append(open, b.damaged[NameHash(p.Formerly)]...)
	}
	if len(open) == 0 {
		return nil
	}
	return damaged(open[0], p.Source, "an order of this entry is open, and its claim in the ledger cannot be read")
}

func damaged(c Claim, at Source, text string) *Reason {
	if c.Evidence != "" {
		text += ": " + c.Evidence
	}
	return &Reason{Code: ReasonClaimDamaged, Source: at, Text: text, Way: &WayOut{Kind: WayResolve, Key: c.Key}}
}

// rejectedReason keeps from ordering again what somebody rejected, as long as the
// entry asks for the same.
func (b *builder) rejectedReason(p Port, o Order) *Reason {
	turnedDown := slices.Clone(b.rejected[FoldName(p.Name)])
	if p.Formerly != "" {
		turnedDown = append(turnedDown, b.rejected[FoldName(p.Formerly)]...)
	}
	for _, c := range turnedDown {
		if c.Order.subject() != o.subject() {
			continue
		}
		text := "the approval of this order was rejected, withdrawn or has expired"
		if c.Evidence != "" {
			text += " (" + c.Evidence + ")"
		}
		return &Reason{
			Code: ReasonRejected, Source: p.Source, Text: text + "; portctl does not order it again",
			Way: &WayOut{Kind: WayAgain, Claim: c.Name},
		}
	}
	return nil
}

// pendingOrder is the action of an entry whose order of an earlier run cannot be seen
// yet: it counts as existing, so that it is not bought again.
func (b *builder) pendingOrder(a Action, p Port, c Claim, found []serviceGroup) Action {
	a.Location = b.place(c.Order.Location)
	if len(found) == 1 {
		ref := found[0].ref()
		a.Service = &ref
	} else if len(c.UIDs) > 0 {
		a.Service = &ServiceRef{UID: c.UIDs[0], Name: c.Name, Members: c.UIDs, Speed: c.Order.Speed, Zone: c.Order.Config.Zone, Term: c.Order.Term}
	}
	switch c.State {
	case OrderBought:
		if c.Evidence != "" {
			return a.withoutEffect(Unchanged, notAsOrdered(c, p.Source))
		}
		return a.withoutEffect(Unchanged, Reason{
			Code: ReasonOrdered, Source: p.Source,
			Text: "bought as " + JoinUIDs(c.UIDs) + ", which the account does not list yet",
		})
	case OrderQueued:
		return a.withoutEffect(Unchanged, Reason{
			Code: ReasonApproval, Source: p.Source,
			Text: "ordered, and waiting for an approval within the company",
			Hint: "approve or reject the order in the Megaport portal",
		})
	case OrderTurnedAway:
		return a.withoutEffect(Unknown, turnedAway(c, p.Source))
	default:
		return a.withoutEffect(Unknown, unconfirmedReason(c, p.Source))
	}
}

// notAsOrdered tells of services that an answer named and that the account does not
// show as they were ordered. What stays so only a person can accept.
func notAsOrdered(c Claim, at Source) Reason {
	return Reason{
		Code: ReasonOrdered, Source: at,
		Text: "bought as " + JoinUIDs(c.UIDs) + ", which the account does not show as ordered: " + c.Evidence,
		Hint: "apply again later", Way: &WayOut{Kind: WayAsIs, Claim: c.Name, UIDs: c.UIDs},
	}
}

func turnedAway(c Claim, at Source) Reason {
	r := Reason{
		Code: ReasonTurnedAway, Source: at,
		Text: fmt.Sprintf("Megaport answered that it did not process an order of %q", c.Name) + evidence(c),
		Hint: "apply looks for it and sends it again when the account does not show it",
	}
	if c.Evidence != "" { // otherwise the next apply cannot change it
		r.Way = &WayOut{Kind: WayName, Claim: c.Name}
	}
	return r
}

// evidence is what was found out about a claim.
func evidence(c Claim) string {
	text := ""
	if len(c.UIDs) > 0 {
		text += "; its answer named " + JoinUIDs(c.UIDs)
	}
	if len(c.Found) > 0 {
		text += fmt.Sprintf("; %d of %d ports were found: %s", len(c.Found), c.Order.Members(), JoinUIDs(c.Found))
	}
	if c.Evidence != "" {
		text += "; " + c.Evidence
	}
	return text
}

func unconfirmedReason(c Claim, at Source) Reason {
	r := Reason{
		Code: ReasonUnconfirmed, Source: at,
		Text: fmt.Sprintf("an order of %q got no usable answer and cannot be found in the account; it is not sent again", c.Name) + evidence(c),
		Way:  &WayOut{Kind: WayResolve, Claim: c.Name},
	}
	if len(c.Found) > 0 {
		r.Text = fmt.Sprintf("an order of %q got no usable answer and was found in part; it is not sent again", c.Name) + evidence(c)
		r.Way.Kind = WayPartial
	}
	return r
}

// JoinUIDs lists services the way every message names them: by UID, with commas between.
func JoinUIDs(uids []ServiceUID) string {
	words := make([]string, len(uids))
	for i, u := range uids {
		words[i] = string(u)
	}
	return strings.Join(words, ", ")
}

// orphaned says that no entry waits for a claim: none has its name, or the one that
// has it asks for something else than was ordered.
func (b *builder) orphaned(c Claim) bool {
	return !slices.ContainsFunc(b.entries[FoldName(c.Name)], func(i int) bool {
		p := b.ports[i]
		return p.Absent || mayOrder(p) && b.couldMean(p, c)
	})
}

// couldMean says that an entry asks for what a claim ordered.
func (b *builder) couldMean(p Port, c Claim) bool {
	match, err := b.resolve(p.Site)
	return p.Speed == c.Order.Speed && (err != nil || match.Location.ID == c.Order.Location)
}

// heldBack holds an order back while one that no entry names is open at the same
// location and speed: the entry may have been renamed since. That the order is known
// to be carried out, or to wait for an approval, makes no difference as long as the
// account does not show its service, whose tags would tell. A claim that cannot be
// read, and that no entry has the name of, could be any order's.
func (b *builder) heldBack(p Port, l Location) *Reason {
	if len(b.orphans) > 0 {
		return damaged(b.orphans[0], p.Source, "held back: a claim in the ledger cannot be read, and it is of no entry's name; it could be of this one")
	}
	orphansAt := b.orphansAt[spot{l.ID, p.Speed}]
	if len(orphansAt) == 0 {
		return nil
	}
	c := orphansAt[0]
	r, state := unconfirmedReason(c, p.Source), "is unconfirmed"
	formerly := "add `formerly: " + YAMLScalar(c.Name) + "` if it is this one"
	switch c.State {
	case OrderBought:
		state, r.Hint, r.Way = "is not listed yet", formerly+", or apply again when it is listed", nil
	case OrderQueued:
		state, r.Hint, r.Way = "waits for an approval", formerly+", or have the order approved or rejected", nil
	case OrderTurnedAway:
		state, r.Hint = "may not have been processed", formerly
	}
	r.Code = ReasonConflictingClaim
	r.Text = fmt.Sprintf("held back: an order of %q for the same location and speed %s, and no entry has that name; it could be this one", c.Name, state)
	return &r
}

// orphanClaims shows the orders without a usable answer that no entry names.
func (b *builder) orphanClaims() []Action {
	var out []Action
	for _, c := range b.openClaims {
		if !c.State.Unconfirmed() || !b.orphaned(c) {
			continue
		}
		a := Action{
			Name: c.Name, Location: b.place(c.Order.Location),
			Wanted: Wanted{Site: fmt.Sprint(int(c.Order.Location)), Speed: c.Order.Speed, Zone: c.Order.Config.Zone, LAG: c.Order.LAGPorts, Term: c.Order.Term},
		}
		r := unconfirmedReason(c, Source{File: "ledger"})
		if c.State == OrderTurnedAway {
			way := r.Way
			r = turnedAway(c, r.Source)
			r.Hint, r.Way = "", way
		}
		out = append(out, a.withoutEffect(Unknown, r))
	}
	return out
}

// ledgerNotes warns of what makes a plan less sure: claims that cannot be read, and
// orders that cannot be seen because the approvals cannot.
func (b *builder) ledgerNotes(actions []Action) {
	for _, c := range b.orphans {
		r := damaged(c, Source{File: "ledger"}, "a claim in the ledger cannot be read, and it is of no entry's name; nothing is bought until it is resolved")
		b.warnings = append(b.warnings, Warning{Text: r.Text, Source: r.Source, Way: r.Way})
	}
	orders := func(a Action) bool { return a.Kind == Buy || a.Kind == Grow }
	if why := b.observed.ApprovalsUnknown; why != "" && (len(b.openClaims) > 0 || slices.ContainsFunc(actions, orders)) {
		b.warnings = append(b.warnings, Warning{
			Text:   "the order approvals cannot be read, so an order that waits for one cannot be seen: " + why,
			Source: Source{File: "account"},
		})
	}
}
