package plan

import (
	"fmt"
	"slices"
)

// Priced is the plan with the prices of its orders. An order that the API
// refuses, or without a price that can be relied on, is blocked.
func (p Plan) Priced(quotes Quotes) Plan {
	p.Actions, p.Warnings = slices.Clone(p.Actions), slices.Clone(p.Warnings)
	for i, a := range p.Actions {
		if a.Order == nil && a.quoteOnly == nil {
			continue
		}
		priced, notes := a.priced(quotes)
		p.Actions[i] = priced
		for _, n := range notes {
			p.Warnings = append(p.Warnings, Warning{Name: a.Name, Text: n, Source: a.Source})
		}
	}
	return p.summed()
}

// priced is the action with its price, and what a reviewer should know of it.
func (a Action) priced(quotes Quotes) (Action, []string) {
	order, count := a.quoteOnly, len(a.members())
	if a.Order != nil {
		order, count = a.Order, a.Order.Members()
	}
	own, unit := quotes[order.Key()], quotes.unitOf(*order)
	r := a.quoteReason(own, unit)
	var notes []string
	if r != nil && a.Order == nil && order.CrossConnect() { // the cross connect is there, and no part of what is signed
		bare := order.withoutAddOns()
		order, own, unit = &bare, quotes[bare.Key()], quotes.unitOf(bare)
		r, notes = a.quoteReason(own, unit), []string{"the price is that of the port without its cross connect, which goes on"}
	}
	if r != nil {
		return a.block(*r), nil
	}
	price, more := priceOf(*order, count, own, unit)
	notes = append(notes, more...)
	if order.CrossConnect() {
		bare := order.withoutAddOns()
		cross, note := crossConnectCost(price, bare, count, [2]Quote{own, unit}, [2]Quote{quotes[bare.Key()], quotes.unitOf(bare)})
		if cross == nil && a.Order != nil {
			return a.block(a.crossConnectReason(note)), nil
		}
		price.CrossConnect = cross
		if note != "" {
			notes = append(notes, note)
		}
	}
	a.Price = &price
	if a.Order != nil {
		taken := own.taken(*a.Order)
		a.Order = &taken
	}
	for _, n := range own.Notes {
		if !slices.Contains(notes, n) {
			notes = append(notes, n)
		}
	}
	return a, notes
}

// unitOf is the quote of one member, where the order is for a LAG, or else its own.
func (q Quotes) unitOf(o Order) Quote {
	if o.LAGPorts > 0 {
		o = o.oneMember()
	}
	return q[o.Key()]
}

// taken is an order in the form in which its validation was taken.
func (q Quote) taken(o Order) Order {
	if q.WithoutMarket {
		o.Market = ""
	}
	if q.AddOns != NoAddOns {
		o.AddOns = q.AddOns
	}
	return o
}

// crossConnectCost is the part of a price that is for cross connects: what the order costs
// more than without them. It is nil when that cannot be told, and note says why; else note
// says what may come on top. Of both orders the quotes are that of the order and that of
// one member of it.
func crossConnectCost(price Price, bare Order, n int, with, without [2]Quote) (cross *Cost, note string) {
	const unknown = "the price of the cross connect is unknown: "
	for i := range with {
		if with[i].Priced != without[i].Priced || with[i].Currency != without[i].Currency {
			return nil, unknown + "the order without it has no price to compare with"
		}
	}
	port, _ := priceOf(bare, n, without[0], without[1])
	part := price.minus(port.Cost)
	monthly, once := part.Monthly.Cmp(Amount{}), part.OneTime.Cmp(Amount{})
	switch {
	case monthly < 0 || once < 0 || monthly == 0 && once == 0:
		return nil, unknown + "the validation prices the order no higher than without it"
	case once == 0:
		note = "the validation names no one-time fee for the cross connect: installation may come on top"
	case monthly == 0:
		note = "the validation names no monthly rate for the cross connect: it may come on top"
	}
	return &part, note
}

// crossConnectReason is why an order with cross connects is not sent.
func (a Action) crossConnectReason(why string) Reason {
	return Reason{
		Code: ReasonPriceUnknown, Text: why, Source: a.port.At("crossConnect"),
		Hint: "portctl does not order without a price to review: take `crossConnect` out of the entry, and order the cross connect in the Megaport portal",
	}
}

// quoteReason is why nothing can be ordered on the strength of the quotes of an
// order and of one member of it. A member without a price is no reason: the order's
// own price bounds it.
func (a Action) quoteReason(own, unit Quote) *Reason {
	const noPrice = "the price is unknown: "
	unknown := &Reason{
		Code: ReasonPriceUnknown, Source: a.Source,
		Hint: "portctl does not order without a price to review: ask Megaport, or exclude the entry with --except",
	}
	switch {
	case own.Failure != nil:
		return &Reason{
			Code: ReasonValidationFailed, Source: a.Source, Details: own.Failure.Reasons, TraceID: own.Failure.TraceID,
			Text: "Megaport's validation gave no usable answer: " + own.Failure.Message,
			Hint: "try again later, or exclude the entry with --except",
		}
	case own.Refusal != nil:
		return &Reason{
			Code: ReasonRefused, Source: a.Source, Details: own.Refusal.Reasons, TraceID: own.Refusal.TraceID,
			Text: "Megaport would refuse the order: " + own.Refusal.Message,
		}
	case own.Unknown != "":
		unknown.Text = noPrice + own.Unknown
		return unknown
	case !own.Priced || own.Currency == "":
		unknown.Text = noPrice + "the validation named none"
		return unknown
	case unit.Priced && unit.Currency != own.Currency:
		unknown.Text = fmt.Sprintf(noPrice+"the LAG is quoted in %s, one member in %s", own.Currency, unit.Currency)
		return unknown
	}
	return nil
}

// priceOf is the most that n ports can cost by the order's own quote and that of
// one member. Whether the API prices a LAG per member or as a whole, and whether a
// set-up fee is due once for an order or for each port, is not public (API facts
// §3.3): where the quotes can be read in several ways the dearer one is taken, and
// the notes show both.
func priceOf(o Order, n int, own, unit Quote) (Price, []string) {
	if o.LAGPorts == 0 {
		monthly, once := own.Monthly.Times(n), own.OneTime.Times(n)
		return Price{Currency: own.Currency, Cost: Cost{monthly, once, monthly.Times(o.Term).Add(once)}}, nil
	}
	var notes []string
	m, s := readingOf(n, own.Monthly, unit.Monthly, unit.Priced), readingOf(n, own.OneTime, unit.OneTime, unit.Priced)
	if !m.exact {
		notes = append(notes, m.note("monthly", n, own.Currency))
	}
	if !s.exact || s.whole != m.whole && !own.OneTime.IsZero() && n > 1 {
		notes = append(notes, s.note("once", n, own.Currency))
	}
	return Price{Currency: own.Currency, Cost: Cost{m.most, s.most, m.most.Times(o.Term).Add(s.most)}}, notes
}

// reading is what the price of a LAG and that of one member can mean together.
type reading struct {
	own, unit Amount
	// known says that one member has a price.
	known bool
	// most is the dearer of n times a member's price and of what the LAG's own price
	// means.
	most Amount
	// whole says that the LAG's own price is taken for that of all members, exact
	// that both say the same.
	whole, exact bool
}

// readingOf takes the LAG's own price for that of all n members or of each,
// whichever is nearer to n times a member's price.
func readingOf(n int, own, unit Amount, known bool) reading {
	r := reading{own: own, unit: unit, known: known, most: own.Times(n)}
	if !known {
		r.exact = n == 1 || own.IsZero()
		return r
	}
	members := unit.Times(n)
	if own.distance(members).Cmp(r.most.distance(members)) < 0 {
		r.whole, r.most = true, own
	}
	r.exact = r.most.Equal(members)
	if r.most.Cmp(members) < 0 {
		r.most = members
	}
	return r
}

// note shows both prices and what the plan makes of them.
func (r reading) note(per string, n int, currency string) string {
	if !r.known {
		return fmt.Sprintf("the LAG is quoted at %s %s %s, and one member has no price; if it is the price of each member, the LAG costs %d times as much, which the plan counts: %s %s",
			currency, r.own, per, n, currency, r.most)
	}
	return fmt.Sprintf("the LAG is quoted at %s %s %s, and %d members at %s %s each; the plan counts the dearer reading: %s %s",
		currency, r.own, per, n, currency, r.unit, currency, r.most)
}
