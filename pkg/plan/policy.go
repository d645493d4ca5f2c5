package plan

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/shopspring/decimal"
)

// PolicyLine is one limit of the policy and how much of it a plan would use.
type PolicyLine struct {
	// Limit is the policy's key: maxMonthly, maxCommitment or maxBuy.
	Limit string `json:"limit"`
	// Per is perCostCentre or perMarket, and Of which one; both are empty for a limit
	// of the whole run.
	Per string `json:"per,omitzero"`
	Of  string `json:"of,omitzero"`
	// Base says that the policy of the base branch is the stricter one here.
	Base bool `json:"base,omitzero"`
	// Currency is empty for maxBuy.
	Currency string `json:"currency,omitzero"`
	// Max is none when the policy names no limit for the currency, which counts
	// as exceeded: once any limit is set, a currency without one is refused.
	Max  Quantity `json:"max"`
	Used Quantity `json:"used"`
	Left Quantity `json:"left"`
	// Exceeded says that the plan must not be applied.
	Exceeded bool `json:"exceeded"`
}

// Quantity is what a limit is about: a sum of money, a number of orders, or, as its zero
// value, none. In JSON it is a text.
type Quantity struct {
	amount Amount
	kind   quantityKind
}

type quantityKind int

const (
	ofMoney quantityKind = iota + 1
	ofOrders
)

func money(a Amount) Quantity { return Quantity{a, ofMoney} }

func orders(n int) Quantity { return Quantity{NewAmount(decimal.NewFromInt(int64(n))), ofOrders} }

// IsNone says that there is no such quantity.
func (q Quantity) IsNone() bool { return q.kind == 0 }

// Abs is the quantity without its sign.
func (q Quantity) Abs() Quantity { return Quantity{q.amount.distance(Amount{}), q.kind} }

// Equal says that both are the same.
func (q Quantity) Equal(other Quantity) bool {
	return q.kind == other.kind && q.amount.Equal(other.amount)
}

// String writes money exactly and orders as a whole number; none is empty.
func (q Quantity) String() string { return q.written(Amount.String) }

// Grouped is String for people, with the thousands of money set apart.
func (q Quantity) Grouped() string { return q.written(Amount.Grouped) }

func (q Quantity) written(money func(Amount) string) string {
	switch q.kind {
	case ofMoney:
		return money(q.amount)
	case ofOrders:
		return q.amount.d.String()
	}
	return ""
}

// MarshalText writes String.
func (q Quantity) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads what MarshalText wrote: money has decimals, orders have none.
func (q *Quantity) UnmarshalText(text []byte) error {
	*q = Quantity{}
	if len(text) == 0 {
		return nil
	}
	amount, err := ParseAmount(string(text))
	if err != nil {
		return err
	}
	if *q = (Quantity{amount, ofOrders}); bytes.Contains(text, []byte(".")) {
		q.kind = ofMoney
	}
	return nil
}

// Exceeded lists the limits that the plan would break.
func (p Plan) Exceeded() []PolicyLine {
	return slices.DeleteFunc(slices.Clone(p.Policy), func(l PolicyLine) bool { return !l.Exceeded })
}

// policyLines holds what the plan would use against the policy and that of the base
// branch: of each limit the stricter one.
func (p Plan) policyLines() []PolicyLine {
	lines := p.policy.lines(p)
	if p.base == nil {
		return lines
	}
	base := *p.base
	if p.policy.MaxBuy != 0 {
		base.MaxBuy = base.maxBuy() // its default limits a number that is set
	}
	for _, b := range base.lines(p) {
		b.Base = true
		i := slices.IndexFunc(lines, b.sameLimit)
		switch {
		case i < 0:
			lines = append(lines, b)
		case b.stricter(lines[i]):
			lines[i] = b
		}
	}
	slices.SortStableFunc(lines, PolicyLine.compare)
	return lines
}

func (l PolicyLine) sameLimit(other PolicyLine) bool { return l.compare(other) == 0 }

// compare orders limits as the policy lists them: those of the whole run, those of its
// parts, the number of orders.
func (l PolicyLine) compare(other PolicyLine) int {
	rank := func(l PolicyLine) int {
		switch {
		case l.Limit == "maxBuy":
			return 2
		case l.Per != "":
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(rank(l), rank(other)), cmp.Compare(l.Per, other.Per), cmp.Compare(l.Of, other.Of),
		-cmp.Compare(l.Limit, other.Limit), cmp.Compare(l.Currency, other.Currency))
}

// stricter says that a limit leaves less than another of the same kind.
func (l PolicyLine) stricter(than PolicyLine) bool {
	switch {
	case than.Max.IsNone():
		return false
	case l.Max.IsNone():
		return true
	}
	return l.Max.amount.Cmp(than.Max.amount) < 0
}

// lines holds what a plan would use against the limits.
func (y Policy) lines(p Plan) []PolicyLine {
	lines := y.Limits.lines(p.Totals)
	lines = append(lines, p.partLines("perCostCentre", y.PerCostCentre, ByCostCentre)...)
	lines = append(lines, p.partLines("perMarket", y.PerMarket, ByMarket)...)
	limit, count := y.maxBuy(), p.purchases()
	if y.MaxBuy == 0 && count <= limit {
		return lines // a limit that nobody set is only told when it is in the way
	}
	return append(lines, PolicyLine{
		Limit: "maxBuy", Max: orders(limit), Used: orders(count), Left: orders(limit - count), Exceeded: count > limit,
	})
}

// maxBuy is the number of orders allowed in one run.
func (y Policy) maxBuy() int { return cmp.Or(y.MaxBuy, DefaultMaxBuy) }

func (l Limits) lines(totals Totals) []PolicyLine {
	lines := moneyLines("maxMonthly", l.MaxMonthly, totals, func(c Cost) Amount { return c.Monthly })
	return append(lines, moneyLines("maxCommitment", l.MaxCommitment, totals, func(c Cost) Amount { return c.Commitment })...)
}

// partLines are the limits of parts of a run. The parts are added up only when some are
// limited.
func (p Plan) partLines(per string, limits map[string]Limits, part func(Action) string) []PolicyLine {
	if len(limits) == 0 {
		return nil
	}
	parts := map[string]Totals{}
	for _, s := range p.Subtotals(part) {
		parts[s.Of] = s.Totals
	}
	var lines []PolicyLine
	for _, of := range slices.Sorted(maps.Keys(limits)) {
		for _, l := range limits[of].lines(parts[of]) {
			l.Per, l.Of = per, of
			lines = append(lines, l)
		}
	}
	return lines
}

func moneyLines(name string, limits map[string]Amount, totals Totals, of func(Cost) Amount) []PolicyLine {
	lines := []PolicyLine{}
	if len(limits) == 0 {
		return lines
	}
	currencies := map[string]bool{}
	for c := range limits {
		currencies[c] = true
	}
	for c := range totals {
		currencies[c] = true
	}
	for _, c := range slices.Sorted(maps.Keys(currencies)) {
		used := of(totals[c])
		line := PolicyLine{Limit: name, Currency: c, Used: money(used)}
		limit, set := limits[c]
		if !set {
			line.Exceeded = true
		} else {
			left := limit.Add(used.Times(-1))
			line.Max, line.Left, line.Exceeded = money(limit), money(left), used.Cmp(limit) > 0
		}
		lines = append(lines, line)
	}
	return lines
}
