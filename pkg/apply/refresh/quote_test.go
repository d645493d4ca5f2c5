package refresh

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/plan"
)

// pricing is an account that only prices: what it says of a batch is up to answer,
// which gives the text of a refusal, "?" for no usable answer, or nothing for a price.
type pricing struct {
	Reader
	answer func(batch []plan.Order) string

	mu    sync.Mutex
	asked [][]string // the names of each request
}

func (p *pricing) Quotes(_ context.Context, batch []plan.Order) ([]plan.Quote, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for _, o := range batch {
		names = append(names, o.Name)
	}
	p.asked = append(p.asked, names)
	quotes := make([]plan.Quote, len(batch))
	for i, o := range batch {
		switch text := p.answer(batch); text {
		case "":
			quotes[i] = plan.Quote{Priced: true, Currency: "GBP", Monthly: priceOf(o)}
		case "?":
			quotes[i] = plan.Quote{Failure: &plan.Refusal{Message: "unusable"}}
		default:
			quotes[i] = plan.Quote{Refusal: &plan.Refusal{Message: text}}
		}
	}
	return quotes, nil
}

// priceOf tells the orders of a test apart.
func priceOf(o plan.Order) plan.Amount {
	return plan.NewAmount(decimal.NewFromInt(int64(o.Location)))
}

func ordersOf(n int) []plan.Order {
	orders := make([]plan.Order, n)
	for i := range orders {
		orders[i] = plan.Order{Name: fmt.Sprintf("p%03d", i), ProductType: plan.ProductType, Term: 12, Speed: plan.Speed10G, Location: plan.LocationID(i + 1), Market: "UK"}
	}
	return orders
}

func withCrossConnects(orders []plan.Order) []plan.Order {
	for i := range orders {
		orders[i].AddOns = plan.CrossConnectObject
	}
	return orders
}

// refusing refuses a batch that holds one of some orders, with a text of its own or with
// everybody's.
func refusing(text string, names ...string) func([]plan.Order) string {
	return func(batch []plan.Order) string {
		for _, o := range batch {
			if slices.Contains(names, o.Name) {
				return strings.ReplaceAll(text, "NAME", o.Name)
			}
		}
		return ""
	}
}

func TestOrdersAreValidatedInBatches(t *testing.T) {
	lag := plan.Order{Name: "p000", ProductType: plan.ProductType, Term: 12, Speed: plan.Speed10G, Location: 1, LAGPorts: 4}
	member := lag
	member.LAGPorts = 0
	tests := map[string]struct {
		orders   []plan.Order
		answer   func([]plan.Order) string
		refused  []string
		failed   []string
		requests int
	}{
		"all are priced":          {orders: ordersOf(120), answer: refusing(""), requests: 3},
		"a LAG and its member":    {orders: append(ordersOf(50)[1:], lag, member), answer: refusing(""), requests: 2},
		"one is refused":          {orders: ordersOf(50), answer: refusing("no capacity for NAME", "p017"), refused: []string{"p017"}, requests: 16},
		"two, far from another":   {orders: ordersOf(50), answer: refusing("no capacity", "p003", "p044"), refused: []string{"p003", "p044"}},
		"the first and the last":  {orders: ordersOf(4), answer: refusing("NAME", "p000", "p003"), refused: []string{"p000", "p003"}},
		"one of two":              {orders: ordersOf(2), answer: refusing("no", "p001"), refused: []string{"p001"}},
		"the account may not buy": {orders: ordersOf(50), answer: func([]plan.Order) string { return "not allowed" }, refused: names(50), requests: 2 * (1 + 2 + 2)},
		"batches are not taken": {orders: ordersOf(20), requests: 21, answer: func(batch []plan.Order) string {
			return map[bool]string{true: "?"}[len(batch) > 1]
		}},
		"nor is one order of them": {orders: ordersOf(20), failed: []string{"p007"}, answer: func(batch []plan.Order) string {
			return map[bool]string{true: "?"}[len(batch) > 1 || batch[0].Name == "p007"]
		}},
		"batches are refused": {orders: ordersOf(20), answer: func(batch []plan.Order) string {
			return map[bool]string{true: "one order at a time"}[len(batch) > 1]
		}},
		"markets are refused": {orders: ordersOf(20), requests: 2, answer: func(batch []plan.Order) string {
			return map[bool]string{true: "market"}[batch[0].Market != ""]
		}},
		"add-ons are refused as an object": {orders: withCrossConnects(ordersOf(20)), requests: 3, answer: func(batch []plan.Order) string {
			return map[bool]string{true: "addOns must be an array"}[batch[0].AddOns == plan.CrossConnectObject]
		}},
		"an object, and one without capacity": {orders: withCrossConnects(ordersOf(6)), refused: []string{"p003"}, answer: func(batch []plan.Order) string {
			if batch[0].AddOns == plan.CrossConnectObject {
				return "addOns must be an array"
			}
			return refusing("no capacity", "p003")(batch)
		}},
		"add-ons as an object, and markets": {orders: withCrossConnects(ordersOf(20)), requests: 4, answer: func(batch []plan.Order) string {
			return map[bool]string{true: "neither"}[batch[0].AddOns == plan.CrossConnectObject || batch[0].Market != ""]
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := &pricing{answer: tt.answer}
			quotes, err := quoteAll(t.Context(), p, slices.Clone(tt.orders), Options{PerOrder: true, Parallelism: 4})
			if err != nil {
				t.Fatal(err)
			}
			var refused, failed []string
			for _, o := range tt.orders {
				q, ok := quotes[o.Key()]
				switch {
				case !ok:
					t.Errorf("%s has no quote", o.Name)
				case q.Refusal != nil:
					refused = append(refused, o.Name)
				case q.Failure != nil:
					failed = append(failed, o.Name)
				case !q.Monthly.Equal(priceOf(o)):
					t.Errorf("%s has the price of another: %s", o.Name, q.Monthly)
				case q.WithoutMarket != strings.Contains(name, "markets"):
					t.Errorf("%s without a market: %t", o.Name, q.WithoutMarket)
				case q.AddOns == plan.CrossConnectArray != strings.Contains(name, "an object"):
					t.Errorf("%s has its add-ons as %q", o.Name, q.AddOns)
				}
			}
			if diff := cmp.Diff(tt.refused, refused); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.failed, failed); diff != "" {
				t.Errorf("failed (-want +got):\n%s", diff)
			}
			if tt.requests > 0 && len(p.asked) > tt.requests {
				t.Errorf("%d requests, want at most %d", len(p.asked), tt.requests)
			}
			for _, request := range p.asked {
				if slices.Sort(request); len(request) > batchSize || len(slices.Compact(slices.Clone(request))) != len(request) {
					t.Errorf("asked about %v at once", request)
				}
			}
		})
	}
}

func names(n int) (out []string) {
	for _, o := range ordersOf(n) {
		out = append(out, o.Name)
	}
	return out
}

// Whichever orders are refused, each for a reason of its own: those and no others are.
func TestRefusalsAreFound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		orders := ordersOf(rapid.IntRange(1, 80).Draw(rt, "orders"))
		var bad []string
		for _, o := range orders {
			if rapid.IntRange(0, 9).Draw(rt, o.Name) == 0 {
				bad = append(bad, o.Name)
			}
		}
		quotes, err := quoteAll(t.Context(), &pricing{answer: refusing("NAME", bad...)}, slices.Clone(orders), Options{PerOrder: true})
		if err != nil {
			rt.Fatal(err)
		}
		for _, o := range orders {
			if refused := quotes[o.Key()].Refusal != nil; refused != slices.Contains(bad, o.Name) {
				rt.Fatalf("%s refused: %t; bad are %v", o.Name, refused, bad)
			}
		}
	})
}
