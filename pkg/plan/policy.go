package plan

import (
	"bytes"
	"maps"
	"slices"

	"github.com/shopspring/decimal"
)

// PolicyLine is one limit of the policy and how much of it a plan would use.
type PolicyLine struct {
	// Limit is the policy's key: maxMonthly, maxCommitment or maxBuy.
	Limit string `json:"limit"`
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

// lines holds what a plan would spend against the limits.
func (y Policy) lines(totals Totals, count int) []PolicyLine {
	lines := moneyLines("maxMonthly", y.MaxMonthly, totals, func(c Cost) Amount { return c.Monthly })
	lines = append(lines, moneyLines("maxCommitment", y.MaxCommitment, totals, func(c Cost) Amount { return c.Commitment })...)
	limit := y.MaxBuy
	if limit == 0 {
		limit = DefaultMaxBuy
	}
	if y.MaxBuy == 0 && count <= limit {
		return lines // a limit that nobody set is only told when it is in the way
	}
	return append(lines, PolicyLine{
		Limit: "maxBuy", Max: orders(limit), Used: orders(count), Left: orders(limit - count), Exceeded: count > limit,
	})
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
