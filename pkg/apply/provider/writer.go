package provider

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/plan"
)

// Account is a Reader that can also buy and change. Every call that changes an
// account is a method of it.
type Account struct {
	*Reader
	orders  *megaport.OrderService
	changes *megaport.ProductService
}

var _ apply.Account = (*Account)(nil)

// NewAccount takes of the client what reads and what writes.
func NewAccount(c *megaport.Client) *Account {
	return &Account{NewReader(c), c.Orders, c.Products}
}

// Turn waits until an order can be sent.
func (a *Account) Turn(ctx context.Context) (apply.Turn, error) { return a.orders.Turn(ctx) }

// Buy sends one order in its turn, marked with its claim.
func (a *Account) Buy(ctx context.Context, turn apply.Turn, o plan.Order, claim string, notAfter time.Time) apply.Purchase {
	sent := order(o, claim)
	sent.NotAfter = notAfter
	sent.Turn, _ = turn.(*megaport.Turn)
	p, err := a.orders.Buy(ctx, sent)
	if err == nil {
		return apply.Purchase{State: plan.OrderBought, UIDs: a.uids(p.UIDs), TraceID: p.TraceID}
	}
	var failed *megaport.OrderError
	if !errors.As(err, &failed) {
		return apply.Purchase{State: plan.OrderUnknown, Failure: &apply.Failure{Message: err.Error()}}
	}
	return apply.Purchase{
		State:   cmp.Or(states[failed.Outcome], plan.OrderUnknown),
		Late:    errors.Is(err, megaport.ErrTooLate),
		UIDs:    a.uids(failed.UIDs),
		TraceID: failed.TraceID,
		Failure: &apply.Failure{Message: failed.Err.Error(), Status: failed.Status, TraceID: failed.TraceID},
	}
}

// Update changes fields of one port.
func (a *Account) Update(ctx context.Context, uid plan.ServiceUID, u plan.FieldUpdate) error {
	return a.changes.Update(ctx, a.spelt.api(uid), megaport.PortUpdate(u))
}

// SetTags replaces all resource tags of one port.
func (a *Account) SetTags(ctx context.Context, uid plan.ServiceUID, tags map[string]string) error {
	return a.changes.SetTags(ctx, a.spelt.api(uid), tags)
}

// SetLock locks or unlocks one port.
func (a *Account) SetLock(ctx context.Context, uid plan.ServiceUID, locked bool) error {
	if locked {
		return a.changes.Lock(ctx, a.spelt.api(uid))
	}
	return a.changes.Unlock(ctx, a.spelt.api(uid))
}

// Cancel terminates one port.
func (a *Account) Cancel(ctx context.Context, uid plan.ServiceUID) error {
	return a.changes.Cancel(ctx, a.spelt.api(uid))
}

// states is what an answer says of an order; what is not here says nothing.
var states = map[megaport.OrderOutcome]plan.OrderState{
	megaport.OrderBought: plan.OrderBought, megaport.OrderRefused: plan.OrderRefused,
	megaport.OrderNotSent: plan.OrderNotSent, megaport.OrderNotProcessed: plan.OrderTurnedAway,
}
