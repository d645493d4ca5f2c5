package plan

import (
	"cmp"
	"slices"
	"strings"
)

// Subtotal is what a part of a plan adds.
type Subtotal struct {
	// Of is the part: a site, a market or a cost centre; empty for what has none.
	Of string `json:"of"`
	// Services is how many services are ordered.
	Services int    `json:"services"`
	Totals   Totals `json:"totals"`
}

// Subtotals adds up what the plan adds by what each action is of, by name.
func (p Plan) Subtotals(of func(Action) string) []Subtotal {
	at := map[string]int{}
	out := []Subtotal{}
	for _, a := range p.Actions {
		if a.Price == nil {
			continue
		}
		part := of(a)
		i, known := at[part]
		if !known {
			i = len(out)
			at[part] = i
			out = append(out, Subtotal{Of: part, Totals: Totals{}})
		}
		out[i].Services += a.ServicesOrdered()
		out[i].Totals.Add(*a.Price)
	}
	slices.SortStableFunc(out, func(a, b Subtotal) int { return cmp.Compare(FoldName(a.Of), FoldName(b.Of)) })
	return out
}

// BySite, ByMarket and ByCostCentre are what a plan is added up by.
func BySite(a Action) string {
	if a.Location == nil {
		return a.Wanted.Site
	}
	return a.Location.Name
}

// ByMarket is the market, in which a port is billed.
func ByMarket(a Action) string {
	if a.Location == nil {
		return ""
	}
	return a.Location.Market
}

// ByCostCentre is the cost centre that the order names, or that the service has.
func ByCostCentre(a Action) string {
	switch {
	case a.Order != nil:
		return a.Order.CostCentre
	case a.port != nil && a.port.CostCentre != nil:
		return *a.port.CostCentre
	}
	return ""
}

// Sites counts the sites at which the plan orders.
func (p Plan) Sites() int { return len(p.Subtotals(BySite)) }

// TakesOver says that an action takes a service from another inventory, and from which
// as far as its tag tells.
func (a Action) TakesOver() (from string, takes bool) {
	for _, c := range a.Changes {
		if strings.HasSuffix(c.Field, TagInventory) {
			return c.From, true
		}
	}
	return "", false
}
