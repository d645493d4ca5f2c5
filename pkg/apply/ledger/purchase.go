package ledger

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/plan"
)

// Purchase is what the claim of an order says of each of its services: that stays true,
// whatever entry and price list say later.
type Purchase struct {
	// At is the time of the claim, Inventory who wanted it.
	At        time.Time `json:"at"`
	Inventory string    `json:"inventory"`
	// Price is what was reviewed for the whole order, and Ports how many services that
	// is for.
	Price plan.Price `json:"price"`
	Ports int        `json:"ports"`
	// Term is the contract term in months that was ordered.
	Term int `json:"termMonths"`
	// CrossConnect says that a cross connect was ordered with it.
	CrossConnect bool `json:"crossConnect,omitzero"`
}

// Purchase is what the services of the claim's order were bought with.
func (c Claim) Purchase() Purchase {
	return Purchase{At: c.Time, Inventory: c.Inventory, Price: c.Price, Ports: c.Order.Members(), Term: c.Order.Term, CrossConnect: c.Order.CrossConnect()}
}

// Purchases finds out in the closed claims of a name what services were bought with,
// which the memory does not have when the run that bought them was cut short. It reads
// the claims one by one, the last first, until each service is found. One that cannot be
// read tells nothing.
func (l *Ledger) Purchases(ctx context.Context, s Snapshot, name string, uids []plan.ServiceUID) (map[plan.ServiceUID]Purchase, error) {
	found, hash := map[plan.ServiceUID]Purchase{}, plan.NameHash(name)
	for n := s.Closed(name); n > 0 && len(found) < len(uids); n-- {
		o, err := l.read(ctx, files{hash: hash, number: n, claim: true, closed: true})
		if err != nil {
			return nil, err
		}
		o, r, _, err := l.ending(ctx, o)
		switch {
		case errors.Is(err, ErrNotFound): // what ended it is lost
			continue
		case err != nil:
			return nil, err
		}
		for _, uid := range r.UIDs {
			if o.State != plan.OrderDamaged && slices.Contains(uids, uid) {
				found[uid] = o.Purchase()
			}
		}
	}
	return found, nil
}
