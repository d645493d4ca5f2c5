package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// money is what the ports cost, per currency.
type money struct {
	Rows []moneyRow
	// Unknown counts ports of which the ledger does not know the price.
	Unknown int
}

// moneyRow is one currency. Before, Ends and After are a month; they are those of the
// orders, as the ledger has them.
type moneyRow struct {
	Currency                                  string
	Before, Adds, Ends, After, OneTime, Signs string
}

// bill is what exists: the orders of an inventory's ports, each once.
type bill struct {
	orders  map[orderKey]boughtOrder
	unknown int
}

type orderKey struct {
	name string
	at   time.Time
}

// boughtOrder is an order and where its ports are.
type boughtOrder struct {
	apply.PortStatus
	price plan.Price
}

func billOf(s apply.Status) bill {
	b := bill{orders: map[orderKey]boughtOrder{}}
	for _, p := range s.Ports {
		switch {
		case p.UID == "" || p.State == apply.PortGone || p.Status.Terminated():
		case p.Purchase == nil:
			b.unknown++
		default:
			b.orders[orderKey{p.Name, p.Purchase.At}] = boughtOrder{p, p.Purchase.Price}
		}
	}
	return b
}

func moneyOf(in Input) money {
	bill, before, ends := billOf(in.Status), plan.Totals{}, plan.Totals{}
	planned, adds := actionsOf(in.Document), plan.Totals{}
	if in.Document != nil {
		adds = in.Document.Totals
	}
	for _, o := range bill.orders {
		before.Add(o.price)
		if a := planned.of(o.PortStatus); a.Kind == plan.Cancel || a.Kind == plan.Update && a.Price != nil {
			ends.Add(o.price)
		}
	}
	currencies := slices.Concat(before.Currencies(), adds.Currencies())
	slices.Sort(currencies)
	m := money{Unknown: bill.unknown}
	for _, c := range slices.Compact(currencies) {
		after := before[c].Monthly.Add(adds[c].Monthly).Minus(ends[c].Monthly)
		m.Rows = append(m.Rows, moneyRow{
			c, before[c].Monthly.Grouped(), adds[c].Monthly.Grouped(), ends[c].Monthly.Grouped(), after.Grouped(), adds[c].OneTime.Grouped(), adds[c].Commitment.Grouped(),
		})
	}
	return m
}

// bars are the monthly charges by something, in one currency.
type bars struct {
	Title, Currency string
	Rows            []bar
}

// bar is one of them; Width is its length in percent of the longest.
type bar struct {
	Label, Amount string
	Width         int
}

// mostBars is how many bars are drawn; the rest is one.
const mostBars = 12

// part is what a sum is divided by.
type part struct {
	title   string
	planned func(plan.Action) string
	ordered func(boughtOrder) string
}

func parts() []part {
	place := func(of func(plan.Place) string) func(boughtOrder) string {
		return func(o boughtOrder) string {
			if o.Place == nil {
				return ""
			}
			return of(*o.Place)
		}
	}
	return []part{
		{"Monthly by market", plan.ByMarket, place(func(p plan.Place) string { return p.Market })},
		{"Monthly by site", plan.BySite, place(func(p plan.Place) string { return p.Name })},
		{"Monthly by cost centre", plan.ByCostCentre, func(o boughtOrder) string { return o.CostCentre }},
	}
}

// barsOf adds up what the plan adds, or, without one, what was ordered.
func barsOf(in Input) []bars {
	var out []bars
	orders := billOf(in.Status).orders
	for _, by := range parts() {
		sums := map[string]map[string]plan.Amount{} // by currency
		add := func(of string, p plan.Price) {
			if sums[p.Currency] == nil {
				sums[p.Currency] = map[string]plan.Amount{}
			}
			of = cmp.Or(of, "none")
			sums[p.Currency][of] = sums[p.Currency][of].Add(p.Monthly)
		}
		if in.Document != nil {
			for _, a := range in.Document.Actions {
				if a.Price != nil {
					add(by.planned(a), *a.Price)
				}
			}
		} else {
			for _, o := range orders {
				add(by.ordered(o), o.price)
			}
		}
		out = append(out, drawn(by.title, sums)...)
	}
	return out
}

// drawn makes bars of sums, the largest first; a single one tells nothing that the totals
// do not.
func drawn(title string, sums map[string]map[string]plan.Amount) []bars {
	var out []bars
	for _, currency := range sortedKeys(sums) {
		of := sums[currency]
		labels := slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Or(of[b].Cmp(of[a]), cmp.Compare(a, b)) })
		if len(labels) < 2 {
			continue
		}
		b := bars{Title: title, Currency: currency}
		rest := plan.Amount{}
		for i, l := range labels {
			if i >= mostBars && len(labels) > mostBars+1 {
				rest = rest.Add(of[l])
				continue
			}
			b.Rows = append(b.Rows, bar{l, of[l].Grouped(), of[l].Percent(of[labels[0]])})
		}
		if !rest.IsZero() {
			b.Rows = append(b.Rows, bar{fmt.Sprintf("%d others", len(labels)-mostBars), rest.Grouped(), min(100, rest.Percent(of[labels[0]]))})
		}
		out = append(out, b)
	}
	return out
}
