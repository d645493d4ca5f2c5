package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Amount is an exact sum of money without its currency. The zero value is 0.
// It is written with at least two decimals, in JSON as a string, so that no
// reader is tempted to pass it through a float.
type Amount struct{ d decimal.Decimal }

// NewAmount wraps a decimal.
func NewAmount(d decimal.Decimal) Amount { return Amount{d} }

// ParseAmount reads a decimal number such as "475.00". A number beyond any bill
// is refused: written out, 1e999999999 would fill the memory.
func ParseAmount(s string) (Amount, error) {
	d, err := decimal.NewFromString(s)
	if err != nil || d.Exponent() < -20 || d.Exponent() > 20 || d.NumDigits() > 40 {
		return Amount{}, fmt.Errorf("%q is not an amount of money", s)
	}
	return Amount{d}, nil
}

// Add is a + b.
func (a Amount) Add(b Amount) Amount { return Amount{a.d.Add(b.d)} }

// Minus is a - b.
func (a Amount) Minus(b Amount) Amount { return Amount{a.d.Sub(b.d)} }

// distance is how far a and b are apart.
func (a Amount) distance(b Amount) Amount { return Amount{a.d.Sub(b.d).Abs()} }

// Times is a × n.
func (a Amount) Times(n int) Amount { return Amount{a.d.Mul(decimal.NewFromInt(int64(n)))} }

// Percent is a in whole percent of b, rounded; 0 when b is nothing.
func (a Amount) Percent(b Amount) int {
	if b.d.IsZero() {
		return 0
	}
	return int(a.d.Mul(decimal.NewFromInt(100)).DivRound(b.d, 0).IntPart())
}

// Cmp is -1, 0 or 1 as a is less than, equal to or greater than b.
func (a Amount) Cmp(b Amount) int { return a.d.Cmp(b.d) }

// Equal says whether both are the same sum; 5 and 5.00 are.
func (a Amount) Equal(b Amount) bool { return a.d.Equal(b.d) }

// IsZero says whether the sum is nothing.
func (a Amount) IsZero() bool { return a.d.IsZero() }

// String writes the exact sum with at least two decimals: "475.00".
func (a Amount) String() string {
	return a.d.StringFixed(max(2, -a.d.Exponent()))
}

// Grouped is String with the thousands set apart, for people: "12,500.00".
func (a Amount) Grouped() string {
	whole, fraction, _ := strings.Cut(a.String(), ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	var groups []string
	for len(whole) > 3 {
		groups = append(groups, whole[len(whole)-3:])
		whole = whole[:len(whole)-3]
	}
	groups = append(groups, whole)
	slices.Reverse(groups)
	return sign + strings.Join(groups, ",") + "." + fraction
}

// MarshalText writes String.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *Amount) UnmarshalText(text []byte) error {
	parsed, err := ParseAmount(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// Cost is what something costs in one currency.
type Cost struct {
	// Monthly is the recurring charge for one month.
	Monthly Amount `json:"monthly"`
	// OneTime is charged once, at the start.
	OneTime Amount `json:"oneTime"`
	// Commitment is what is owed even if it were cancelled at once: the monthly
	// charge over the whole term, and the one-time charge.
	Commitment Amount `json:"commitment"`
}

// Plus adds field by field.
func (c Cost) Plus(d Cost) Cost {
	return Cost{c.Monthly.Add(d.Monthly), c.OneTime.Add(d.OneTime), c.Commitment.Add(d.Commitment)}
}

// minus subtracts field by field.
func (c Cost) minus(d Cost) Cost {
	return Cost{c.Monthly.Minus(d.Monthly), c.OneTime.Minus(d.OneTime), c.Commitment.Minus(d.Commitment)}
}

// Price is a Cost with its currency (ISO 4217).
type Price struct {
	Currency string `json:"currency"`
	Cost
	// CrossConnect is the part of Cost that is for cross connects; nil when none are
	// ordered.
	CrossConnect *Cost `json:"crossConnect,omitzero"`
}

// Totals is the sum per currency. Sums of different currencies are never added.
type Totals map[string]Cost

// Add counts a price in.
func (t Totals) Add(p Price) { t[p.Currency] = t[p.Currency].Plus(p.Cost) }

// Currencies lists the currencies in alphabetical order.
func (t Totals) Currencies() []string {
	var all []string
	for c := range t {
		all = append(all, c)
	}
	slices.Sort(all)
	return all
}
