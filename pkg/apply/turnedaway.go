package apply

import (
	"context"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// relisting is the last look at the account for orders that were turned away: one
// serves all of them that are old enough.
type relisting struct {
	turn chan struct{} // held while somebody looks: a mutex could not be left on an interruption
	last refresh.Listing
}

// lookAgain looks, a while after an order was turned away, whether it was carried
// out all the same. It returns true when the order must not be sent again: it was
// found, or that cannot be told; claim and purchase say so then.
func (e *engine) lookAgain(ctx context.Context, claim *ledger.Open, p *Purchase) bool {
	since := claim.QuietSince(e.Ledger.Now()).Add(e.Recheck)
	if err := sleepUntil(ctx, since.Sub(e.Ledger.Now())); err != nil {
		p.Failure = failureOf(errStopped)
		return true
	}
	look, err := e.lookSince(ctx, since)
	if err != nil {
		p.State, p.Failure = plan.OrderUnknown, failureOf(err)
		return true
	}
	f := look.Find(ctx, *claim)
	switch {
	case f.Record.State == plan.OrderNotProcessed:
		return false
	case !f.News():
		p.State, p.Failure = plan.OrderUnknown, &Failure{Message: "the API turned the order away, and whether it was carried out all the same cannot be told: " + cannotTell(f)}
		return true
	}
	done, err := e.Ledger.Record(context.WithoutCancel(ctx), *claim, f.Record)
	if err != nil {
		p.State, p.Failure = plan.OrderUnknown, failureOf(err)
		return true
	}
	*claim = done
	*p = Purchase{State: plan.OrderUnknown, Failure: &Failure{Message: "somebody else recorded that the order is " + string(done.State)}}
	if done.State == f.Record.State {
		*p = purchaseOf(f)
	}
	return true
}

func cannotTell(f refresh.Finding) string {
	switch {
	case f.Trouble != nil:
		return f.Trouble.Error()
	case f.Evidence != "":
		return f.Evidence
	}
	return "the order approvals cannot be read"
}

// purchaseOf is what a look at the account makes of an order.
func purchaseOf(f refresh.Finding) Purchase {
	p := Purchase{State: f.Record.State, Failure: &Failure{Message: f.Evidence}}
	switch outcomeOf(p.State) {
	case Bought:
		return Purchase{State: p.State, UIDs: f.Record.UIDs, FoundBy: f.Evidence}
	case Unknown:
		p.UIDs = f.UIDs()
	}
	return p
}

// lookSince is a look at the account that began at a time or later.
func (e *engine) lookSince(ctx context.Context, since time.Time) (*refresh.Lookup, error) {
	select {
	case e.relisting.turn <- struct{}{}:
		defer func() { <-e.relisting.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if e.relisting.last.Begun.Before(since) {
		fresh, err := refresh.List(ctx, e.Account, e.Ledger.Now())
		if err != nil {
			return nil, err
		}
		e.relisting.last = fresh
	}
	return e.lookup(e.relisting.last), nil
}

func sleepUntil(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
