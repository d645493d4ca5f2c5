package apply

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/portctl/portctl/pkg/plan"
)

// Draft is a priced plan together with what it was made from.
type Draft struct {
	Plan     plan.Plan
	Observed plan.Observed
	Catalog  plan.Catalog
}

// DraftOptions say how a draft is made.
type DraftOptions struct {
	// Parallelism is the number of validations at one time; 0 means 16.
	Parallelism int
	// PerOrder validates every single order, as must be done before buying.
	// Otherwise each distinct configuration is validated once.
	PerOrder bool
}

const defaultParallelism = 16

// MakeDraft reads locations and account, builds the plan and prices it.
func MakeDraft(ctx context.Context, r Reader, desired plan.Desired, o DraftOptions) (Draft, error) {
	var d Draft
	var locations []plan.Location
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { locations, err = r.Locations(gctx); return err })
	g.Go(func() (err error) { d.Observed, err = r.Observe(gctx); return err })
	if err := g.Wait(); err != nil {
		return Draft{}, err
	}
	d.Catalog = plan.NewCatalog(locations)
	unpriced := plan.Build(desired, d.Observed, d.Catalog)
	quotes, err := quoteAll(ctx, r, unpriced.Orders(), o)
	if err != nil {
		return Draft{}, err
	}
	d.Plan = unpriced.Priced(quotes)
	return d, nil
}

// quoteAll validates the orders in parallel. A failure to get an answer fails
// the whole: a plan with guesses in it is worse than none.
func quoteAll(ctx context.Context, r Reader, orders []plan.Order, o DraftOptions) (plan.Quotes, error) {
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
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelism(o.Parallelism))
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
