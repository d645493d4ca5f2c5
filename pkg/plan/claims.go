package plan

import (
	"fmt"
	"slices"
	"strings"
)

// mayOrder says that an entry can lead to an order. One with a uid is never
// bought, but a LAG may grow.
func mayOrder(p Port) bool { return p.UID == "" || p.LAG > 0 }

// openClaim is the claim that an entry must wait for: one of its name, or of
// its former name. A doubt comes before anything else.
func (b *builder) openClaim(p Port) (Claim, bool) {
	open := slices.Clone(b.claims[FoldName(p.Name)])
	if p.Formerly != "" {
		open = append(open, b.claims[FoldName(p.Formerly)]...)
	}
	if len(open) == 0 {
		return Claim{}, false
	}
	if i := slices.IndexFunc(open, func(c Claim) bool { return c.State == Unconfirmed }); i >= 0 {
		return open[i], true
	}
	return open[0], true
}

// awaits is the action of an entry whose order of an earlier run can not be seen
// yet: it counts as existing, so that it is not bought again.
func (b *builder) awaits(a Action, p Port, c Claim, found []unit) Action {
	a.Location = b.place(c.Order.Location)
	if len(found) == 1 {
		ref := found[0].ref()
		a.Service = &ref
	} else if len(c.UIDs) > 0 {
		a.Service = &ServiceRef{UID: c.UIDs[0], Name: c.Name, Members: c.UIDs, Speed: c.Order.Speed, Zone: c.Order.Config.Zone, Term: c.Order.Term}
	}
	switch c.State {
	case Ordered:
		return a.still(Unchanged, Reason{
			Code: ReasonOrdered, Source: p.Source,
			Text: "bought as " + joinUIDs(c.UIDs) + ", which the account does not list yet",
		})
	case Queued:
		return a.still(Unchanged, Reason{
			Code: ReasonApproval, Source: p.Source,
			Text: "ordered, and waiting for an approval within the company",
			Hint: "approve or reject the order in the Megaport portal",
		})
	default:
		return a.still(Unknown, doubt(c, p.Source))
	}
}

func doubt(c Claim, at Source) Reason {
	r := Reason{
		Code: ReasonDoubt, Source: at,
		Text: fmt.Sprintf("an order of %q got no usable answer and can not be found in the account; it is not sent again", c.Name),
		Hint: fmt.Sprintf("look into the Megaport portal, then `portctl ledger resolve %s --uid UID` or `portctl ledger resolve %s --not-created`", quoteArg(c.Name), quoteArg(c.Name)),
	}
	if len(c.UIDs) > 0 {
		r.Text += "; its answer named " + joinUIDs(c.UIDs)
	}
	return r
}

// quoteArg writes a name so that it can be pasted into a shell.
func quoteArg(name string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+", r)
	}
	if name != "" && strings.IndexFunc(name, func(r rune) bool { return !plain(r) }) < 0 {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

func joinUIDs(uids []ServiceUID) string {
	words := make([]string, len(uids))
	for i, u := range uids {
		words[i] = string(u)
	}
	return strings.Join(words, ", ")
}

// stray says that no entry waits for a claim: none has its name, or the one that
// has it asks for something else than was ordered.
func (b *builder) stray(c Claim) bool {
	name := FoldName(c.Name)
	return !slices.ContainsFunc(b.ports, func(p Port) bool {
		named := FoldName(p.Name) == name || p.Formerly != "" && FoldName(p.Formerly) == name
		return named && (p.Absent || mayOrder(p) && b.couldMean(p, c))
	})
}

// couldMean says that an entry asks for what a claim ordered.
func (b *builder) couldMean(p Port, c Claim) bool {
	match, err := b.catalog.Resolve(p.Site)
	return p.Speed == c.Order.Speed && (err != nil || match.Location.ID == c.Order.Location)
}

// doubtNearby holds a buy back while an order that no entry names is open at the
// same location and speed: the entry may have been renamed since. That the order
// is known to be carried out, or to wait for an approval, makes no difference as
// long as the account does not show its service, whose tags would tell.
func (b *builder) doubtNearby(p Port, l Location) (Reason, bool) {
	for _, c := range sortedClaims(b.observed.Claims) {
		if c.Order.Location != l.ID || c.Order.Speed != p.Speed || !b.stray(c) {
			continue
		}
		r, state := doubt(c, p.Source), "is in doubt"
		switch c.State {
		case Ordered:
			state, r.Hint = "is not listed yet", fmt.Sprintf("add `formerly: %s` if it is this one, or apply again when it is listed", c.Name)
		case Queued:
			state, r.Hint = "waits for an approval", fmt.Sprintf("add `formerly: %s` if it is this one, or have the order approved or rejected", c.Name)
		}
		r.Code = ReasonDoubtNearby
		r.Text = fmt.Sprintf("held back: an order of %q for the same location and speed %s, and no entry has that name; it could be this one", c.Name, state)
		return r, false
	}
	return Reason{}, true
}

// strayClaims shows the doubts that no entry names.
func (b *builder) strayClaims() []Action {
	var out []Action
	for _, c := range sortedClaims(b.observed.Claims) {
		if c.State != Unconfirmed || !b.stray(c) {
			continue
		}
		a := Action{
			Name: c.Name, Location: b.place(c.Order.Location),
			Entry: Entry{Site: fmt.Sprint(int(c.Order.Location)), Speed: c.Order.Speed, Zone: c.Order.Config.Zone, LAG: c.Order.LAGPorts, Term: c.Order.Term},
		}
		out = append(out, a.still(Unknown, doubt(c, Source{File: "ledger"})))
	}
	return out
}
