package plan

import (
	"maps"
	"slices"
	"strconv"
)

// PolicyLine is one limit of the policy and how much of it a plan would use.
// Amounts are decimal strings; orders are counted.
type PolicyLine struct {
	// Limit is the policy's key: maxMonthly, maxCommitment or maxBuy.
	Limit string `json:"limit"`
	// Currency is empty for maxBuy.
	Currency string `json:"currency,omitzero"`
	// Max is empty when the policy names no limit for the currency, which counts
	// as exceeded: once any limit is set, a currency without one is refused.
	Max  string `json:"max"`
	Used string `json:"used"`
	Left string `json:"left"`
	// Exceeded says that the plan must not be applied.
	Exceeded bool `json:"exceeded"`
}

// Exceeded lists the limits that the plan would break.
func (p Plan) Exceeded() []PolicyLine {
	return slices.DeleteFunc(slices.Clone(p.Policy), func(l PolicyLine) bool { return !l.Exceeded })
}

// lines holds what a plan would spend against the limits.
func (y Policy) lines(totals Totals, orders int) []PolicyLine {
	lines := moneyLines("maxMonthly", y.MaxMonthly, totals, func(c Cost) Amount { return c.Monthly })
	lines = append(lines, moneyLines("maxCommitment", y.MaxCommitment, totals, func(c Cost) Amount { return c.Commitment })...)
	limit := y.MaxBuy
	if limit == 0 {
		limit = DefaultMaxBuy
	}
	if y.MaxBuy == 0 && orders <= limit {
		return lines // a limit that nobody set is only told when it is in the way
	}
	return append(lines, PolicyLine{
		Limit: "maxBuy", Max: strconv.Itoa(limit), Used: strconv.Itoa(orders), Left: strconv.Itoa(limit - orders), Exceeded: orders > limit,
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
		line := PolicyLine{Limit: name, Currency: c, Used: used.String()}
		limit, set := limits[c]
		if !set {
			line.Exceeded = true
		} else {
			left := limit.Add(used.Times(-1))
			line.Max, line.Left, line.Exceeded = limit.String(), left.String(), used.Cmp(limit) > 0
		}
		lines = append(lines, line)
	}
	return lines
}
