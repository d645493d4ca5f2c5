package plan_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/portctl/portctl/pkg/plan"
)

// However the API prices a LAG, the plan counts the dearer of what it can mean.
func TestPriceOfALAG(t *testing.T) {
	sum := func(s string) plan.Amount { return plan.NewAmount(decimal.RequireFromString(s)) }
	for name, c := range map[string]struct {
		own, ownOnce, unit, unitOnce string
		monthly, once                string
		notes                        int
	}{
		"per member":              {"475", "0", "475", "0", "1425.00", "0.00", 0},
		"as a whole":              {"1425", "0", "475", "0", "1425.00", "0.00", 0},
		"rounded down":            {"1424.99", "0", "475", "0", "1425.00", "0.00", 1},
		"rounded up":              {"1425.01", "0", "475", "0", "1425.01", "0.00", 1},
		"discounted":              {"1300", "0", "475", "0", "1425.00", "0.00", 1},
		"dearer per member":       {"480", "0", "475", "0", "1440.00", "0.00", 1},
		"fee for the order only":  {"1425", "100", "475", "0", "1425.00", "100.00", 1},
		"one fee or one for each": {"1425", "100", "475", "100", "1425.00", "300.00", 1},
		"fee for each":            {"475", "100", "475", "100", "1425.00", "300.00", 0},
		"free":                    {"0", "0", "0", "0", "0.00", "0.00", 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan.Build(wanting(entry("lag", func(p *plan.Port) { p.LAG = 3 })), plan.Observed{}, place())
			quotes := plan.Quotes{}
			for _, o := range p.Orders() {
				q := plan.Quote{Priced: true, Currency: "GBP", Monthly: sum(c.unit), OneTime: sum(c.unitOnce)}
				if o.LAGPorts > 0 {
					q.Monthly, q.OneTime = sum(c.own), sum(c.ownOnce)
				}
				quotes[o.Key()] = q
			}
			priced := p.Priced(quotes)
			price := priced.Actions[0].Price
			if price == nil {
				t.Fatalf("%s: %s", priced.Actions[0].Kind, priced.Actions[0].Reason.Text)
			}
			if price.Monthly.String() != c.monthly || price.OneTime.String() != c.once || len(priced.Warnings) != c.notes {
				t.Errorf("%s a month and %s once, %v", price.Monthly, price.OneTime, priced.Warnings)
			}
		})
	}
}

// An order that is only taken with an empty market is planned so; it is priced by
// the quote of the one that was asked.
func TestOrderWithoutMarket(t *testing.T) {
	p := plan.Build(wanting(entry("a")), plan.Observed{}, place())
	asked := p.Orders()[0]
	priced := p.Priced(plan.Quotes{asked.Key(): {Priced: true, Currency: "GBP", WithoutMarket: true}})
	if got := priced.Actions[0].Order.Market; got != "" {
		t.Errorf("ordered for market %q", got)
	}
	if p.Actions[0].Order.Market != "UK" {
		t.Error("pricing changed the plan it started from")
	}
}

func TestChargeText(t *testing.T) {
	for text, known := range map[string]bool{"GBP 1500.00": true, "unknown, at most the remaining term": false, "GBP": false, "": false, "GBP x": false} {
		var c plan.Charge
		if err := c.UnmarshalText([]byte(text)); err != nil || c.Known != known || known && c.String() != text {
			t.Errorf("%q is read as %q (%v)", text, c, err)
		}
	}
}
