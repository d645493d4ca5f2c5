package ledger

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/portctl/portctl/pkg/plan"
)

// Claim is the intent to place one order.
type Claim struct {
	// ID is unique among all claims; the order carries it as a tag.
	ID string
	// Order is what is to be sent.
	Order plan.Order
	// Price is what was reviewed.
	Price plan.Price
}

// Volatile is a ledger in memory. It is safe for use by many goroutines.
type Volatile struct {
	mu   sync.Mutex
	open map[string]Claim // by folded name
}

// NewVolatile returns an empty ledger.
func NewVolatile() *Volatile { return &Volatile{open: map[string]Claim{}} }

// Claim records the intent to place an order. A name with an open claim can not
// be claimed again.
func (v *Volatile) Claim(_ context.Context, order plan.Order, price plan.Price) (Claim, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	name := plan.FoldName(order.Name)
	if held, ok := v.open[name]; ok {
		return Claim{}, fmt.Errorf("%q is claimed by order %s already", order.Name, held.ID)
	}
	c := Claim{ID: uuid.NewString(), Order: order, Price: price}
	v.open[name] = c
	return c, nil
}

// Close ends a claim whose order is known to have had no effect, so that its
// name can be claimed again. The claims of orders that were placed, or may have
// been, stay open.
func (v *Volatile) Close(_ context.Context, c Claim) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.open, plan.FoldName(c.Order.Name))
	return nil
}
