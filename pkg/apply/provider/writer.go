package provider

import (
	"context"
	"errors"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/plan"
)

// Account is a Reader that can buy. Every call that changes an account is a
// method of it.
type Account struct {
	*Reader
	orders *megaport.OrderService
}

var _ apply.Account = (*Account)(nil)

// NewAccount takes of the client what reads and what buys.
func NewAccount(c *megaport.Client) *Account {
	return &Account{NewReader(c), c.Orders}
}

// Buy sends one order, marked with its claim.
func (a *Account) Buy(ctx context.Context, o plan.Order, claim string) apply.Purchase {
	p, err := a.orders.Buy(ctx, order(o, claim))
	if err == nil {
		return apply.Purchase{Outcome: apply.Bought, UIDs: uids(p.UIDs)}
	}
	var failed *megaport.OrderError
	if !errors.As(err, &failed) {
		return apply.Purchase{Outcome: apply.Unknown, Failure: &apply.Failure{Message: err.Error()}}
	}
	return apply.Purchase{
		Outcome: outcome(failed.Outcome),
		UIDs:    uids(failed.UIDs),
		Failure: &apply.Failure{Message: failed.Err.Error(), Status: failed.Status, TraceID: failed.TraceID},
	}
}

// outcome translates what the client knows of an order. What it does not know
// is unknown.
func outcome(o megaport.OrderOutcome) apply.Outcome {
	switch o {
	case megaport.OrderBought:
		return apply.Bought
	case megaport.OrderRefused:
		return apply.Refused
	case megaport.OrderNotSent:
		return apply.NotSent
	case megaport.OrderNotProcessed:
		return apply.NotProcessed
	}
	return apply.Unknown
}
