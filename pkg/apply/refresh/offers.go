package refresh

import (
	"context"

	"github.com/portctl/portctl/pkg/plan"
)

// OfferPrices asks the API what one new port of each offer would cost today. Nothing is
// ordered: validating an order commits nothing (API facts §3.3).
func OfferPrices(ctx context.Context, r Reader, catalog plan.Catalog, offers []plan.Offer, parallelism int) (map[plan.Offer]plan.OfferPrice, error) {
	unpriced := plan.Offers(catalog, offers)
	quotes, err := quoteAll(ctx, r, unpriced.Orders(), Options{Parallelism: parallelism})
	if err != nil {
		return nil, err
	}
	return unpriced.Priced(quotes).OfferPrices(offers), nil
}
