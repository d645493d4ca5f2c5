package render_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/plan"
)

func TestQuestion(t *testing.T) {
	cost := func(monthly, once, commitment int64) plan.Cost {
		return plan.Cost{
			Monthly: plan.NewAmount(decimal.NewFromInt(monthly)), OneTime: plan.NewAmount(decimal.NewFromInt(once)),
			Commitment: plan.NewAmount(decimal.NewFromInt(commitment)),
		}
	}
	ports := plan.Action{Kind: plan.Buy, Order: &plan.Order{LAGPorts: 12}}
	for want, p := range map[string]plan.Plan{
		"Order 12 ports, cancel 1: GBP 5,700.00 monthly, GBP 200.00 one-time, GBP 68,600.00 commitment. Type 'yes' to confirm: ": {
			Summary: plan.Summary{Buy: 1, Cancel: 1}, Actions: []plan.Action{ports}, Totals: plan.Totals{"GBP": cost(5700, 200, 68600)},
		},
		"Order 12 ports: EUR 1.00 monthly, EUR 0.00 one-time, EUR 12.00 commitment; GBP 2.00 monthly, GBP 0.00 one-time, GBP 24.00 commitment. Type 'yes' to confirm: ": {
			Summary: plan.Summary{Buy: 1}, Actions: []plan.Action{ports}, Totals: plan.Totals{"GBP": cost(2, 0, 24), "EUR": cost(1, 0, 12)},
		},
		"Update 2. Type 'yes' to confirm: ": {Summary: plan.Summary{Update: 2}},
		"Cancel 1. Type 'yes' to confirm: ": {Summary: plan.Summary{Cancel: 1}},
	} {
		if have := (render.Options{}).Question(p); have != want {
			t.Errorf("%q, want %q", have, want)
		}
	}
}
