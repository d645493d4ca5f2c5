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
		if a.Order == nil && a.inquiry == nil {
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
	order, count := a.inquiry, len(a.members())
	if a.Order != nil {
		order, count = a.Order, a.Order.Members()
	}
	own := quotes[order.Key()]
	unit := own
	if order.LAGPorts > 0 {
		unit = quotes[order.oneMember().Key()]
	}
	if r, ok := a.quoteReason(own, unit); !ok {
		return a.block(r), nil
	}
	price, notes := priceOf(*order, count, own, unit)
	a.Price = &price
	if own.WithoutMarket && a.Order != nil {
		bare := *a.Order
		bare.Market = ""
		a.Order = &bare
	}
	for _, n := range own.Notes {
		if !slices.Contains(notes, n) {
			notes = append(notes, n)
		}
	}
	return a, notes
}

// quoteReason is why nothing can be ordered on the strength of the quotes of an
// order and of one member of it. A member without a price is no reason: the order's
// own price bounds it.
func (a Action) quoteReason(own, unit Quote) (Reason, bool) {
	const noPrice = "the price is unknown: "
	unknown := Reason{
		Code: ReasonPriceUnknown, Source: a.Source,
		Hint: "nothing is bought at a price that nobody could review: ask Megaport, or take the entry out with --except",
	}
	switch {
	case own.Failure != nil:
		return Reason{
			Code: ReasonValidationFailed, Source: a.Source, Details: own.Failure.Reasons, TraceID: own.Failure.TraceID,
			Text: "Megaport's validation gave no usable answer: " + own.Failure.Message,
			Hint: "try again later, or take the entry out with --except",
		}, false
	case own.Refusal != nil:
		return Reason{
			Code: ReasonRefused, Source: a.Source, Details: own.Refusal.Reasons, TraceID: own.Refusal.TraceID,
			Text: "Megaport would refuse the order: " + own.Refusal.Message,
		}, false
	case own.Unknown != "":
		unknown.Text = noPrice + own.Unknown
		return unknown, false
	case !own.Priced || own.Currency == "":
		unknown.Text = noPrice + "the validation named none"
		return unknown, false
	case unit.Priced && unit.Currency != own.Currency:
		unknown.Text = fmt.Sprintf(noPrice+"the LAG is quoted in %s, one member in %s", own.Currency, unit.Currency)
		return unknown, false
	}
	return Reason{}, true
}

// priceOf is the most that n ports can cost by the order's own quote and that of
// one member. Whether the API prices a LAG per member or as a whole, and whether a
// set-up fee is due once for an order or for each port, is not public (API facts
// §3.3): where the quotes can be read in several ways the dearer one is taken, and
// the notes show both.
func priceOf(o Order, n int, own, unit Quote) (Price, []string) {
	var notes []string
	monthly, once := own.Monthly.Times(n), own.OneTime.Times(n)
	if o.LAGPorts > 0 {
		m, exactM := ceiling(n, own.Monthly, unit.Monthly, unit.Priced)
		s, exactS := ceiling(n, own.OneTime, unit.OneTime, unit.Priced)
		monthly, once = m, s
		if !exactM {
			notes = append(notes, ceilingNote("a month", n, own.Currency, own.Monthly, unit.Monthly, unit.Priced, m))
		}
		if !exactS {
			notes = append(notes, ceilingNote("once", n, own.Currency, own.OneTime, unit.OneTime, unit.Priced, s))
		}
	}
	return Price{own.Currency, Cost{monthly, once, monthly.Times(o.Term).Add(once)}}, notes
}

// ceiling is the dearer of n times a member's price and of what the LAG's own price
// means, which is for all or for each of its n members, whichever is nearer. It is
// exact when both say the same.
func ceiling(n int, own, unit Amount, known bool) (most Amount, exact bool) {
	all := own.Times(n)
	if !known {
		return all, n == 1
	}
	members := unit.Times(n)
	reading := all
	if own.distance(members).Cmp(all.distance(members)) < 0 {
		reading = own
	}
	if reading.Cmp(members) < 0 {
		return members, false
	}
	return reading, reading.Equal(members)
}

func ceilingNote(per string, n int, currency string, own, unit Amount, known bool, most Amount) string {
	if !known {
		return fmt.Sprintf("the LAG is quoted at %s %s %s, and one member has no price; in case it is the price of each, the plan counts %d times as much: %s %s",
			currency, own, per, n, currency, most)
	}
	return fmt.Sprintf("the LAG is quoted at %s %s %s, and %d members at %s %s each; the plan counts the dearer reading: %s %s",
		currency, own, per, n, currency, unit, currency, most)
}
