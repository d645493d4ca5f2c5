package refresh

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/plan"
)

// quoteAll validates the orders in parallel. An order without a usable answer has a
// quote that says so, which blocks its entry.
func quoteAll(ctx context.Context, r Reader, orders []plan.Order, o Options) (plan.Quotes, error) {
	identity := plan.Order.Configuration
	if o.PerOrder {
		identity = plan.Order.Key
	}
	groups := map[string][]plan.Order{}
	for _, order := range orders {
		groups[identity(order)] = append(groups[identity(order)], order)
	}
	quotes := plan.Quotes{}
	var mu sync.Mutex
	g, gctx := panics.WithContext(ctx, parallelism(o.Parallelism))
	for _, group := range groups {
		g.Go(func() error {
			q, err := r.Quote(gctx, firstByName(group))
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, order := range group {
				quotes[order.Key()] = q
			}
			return nil
		})
	}
	return quotes, g.Wait()
}

// firstByName makes the choice of the order that speaks for its configuration
// repeatable.
func firstByName(orders []plan.Order) plan.Order {
	return slices.MinFunc(orders, func(a, b plan.Order) int { return cmp.Compare(a.Name, b.Name) })
}

func parallelism(n int) int {
	if n <= 0 {
		return defaultParallelism
	}
	return n
}
