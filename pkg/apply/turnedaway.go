package apply

import (
	"context"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/safe"
	"github.com/portctl/portctl/pkg/plan"
)

// relisting is the last look at the account for orders that were turned away: one
// serves all of them that are old enough.
type relisting struct {
	turn      chan struct{} // held while somebody looks: a mutex could not be left on an interruption
	begun     time.Time
	observed  plan.Observed
	approvals Approvals
}

// lookAgain looks, a while after an order was turned away, whether it was carried
// out all the same. It returns true when the order must not be sent again: it was
// found, or that cannot be told; claim and purchase say so then.
func (r *run) lookAgain(ctx context.Context, claim *ledger.Open, p *Purchase) bool {
	since := claim.QuietSince(r.Ledger.Now()).Add(r.Recheck)
	if err := sleepUntil(ctx, since.Sub(r.Ledger.Now())); err != nil {
		p.Failure = failureOf(errStopped)
		return true
	}
	look, err := r.lookSince(ctx, since)
	if err != nil {
		p.Outcome, p.Failure = Unknown, failureOf(err)
		return true
	}
	f := look.find(ctx, *claim)
	switch {
	case f.record.State == ledger.NotProcessed:
		return false
	case !f.news():
		p.Outcome, p.Failure = Unknown, &Failure{Message: "the API turned the order away, and whether it was carried out all the same cannot be told: " + cannotTell(f)}
		return true
	}
	done, err := r.Ledger.Record(context.WithoutCancel(ctx), *claim, f.record)
	if err != nil {
		p.Outcome, p.Failure = Unknown, failureOf(err)
		return true
	}
	*claim = done
	*p = Purchase{Outcome: Unknown, Failure: &Failure{Message: "somebody else recorded that the order is " + string(done.State)}}
	if done.State == f.record.State {
		*p = purchaseOf(f)
	}
	return true
}

func cannotTell(f finding) string {
	switch {
	case f.trouble != nil:
		return f.trouble.Error()
	case f.evidence != "":
		return f.evidence
	}
	return "the order approvals cannot be read"
}

// purchaseOf is what a look at the account makes of an order.
func purchaseOf(f finding) Purchase {
	switch f.record.State {
	case ledger.Delivered, ledger.Bought:
		return Purchase{Outcome: Bought, UIDs: f.record.UIDs, FoundBy: f.evidence}
	case ledger.Approval:
		return Purchase{Outcome: Queued, Failure: &Failure{Message: f.evidence}}
	case ledger.Rejected:
		return Purchase{Outcome: Refused, Failure: &Failure{Message: f.evidence}}
	case ledger.NotProcessed:
		return Purchase{Outcome: NotProcessed, Failure: &Failure{Message: f.evidence}}
	}
	return Purchase{Outcome: Unknown, UIDs: f.uids(), Failure: &Failure{Message: f.evidence}}
}

// lookSince is a look at the account that began at a time or later.
func (r *run) lookSince(ctx context.Context, since time.Time) (*lookup, error) {
	select {
	case r.relisting.turn <- struct{}{}:
		defer func() { <-r.relisting.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l := &r.relisting; l.begun.Before(since) {
		begun := r.Ledger.Now()
		g, gctx := safe.WithContext(ctx, 0)
		var observed plan.Observed
		var approvals Approvals
		g.Go(func() (err error) { observed, err = r.Account.Observe(gctx); return err })
		g.Go(func() (err error) { approvals, err = r.Account.Approvals(gctx); return err })
		if err := g.Wait(); err != nil {
			return nil, err
		}
		l.begun, l.observed, l.approvals = begun, observed, approvals
	}
	return r.look(r.relisting.observed, r.relisting.approvals, r.relisting.begun), nil
}

// look is a look-up in a listing, for the orders of this run.
func (r *run) look(observed plan.Observed, approvals Approvals, begun time.Time) *lookup {
	l := newLookup(r.lookUps, observed, r.draft.known(approvals), r.openClaims(), r.draft.Desired)
	l.begun, l.recheck = begun, r.Recheck
	return l
}

// openClaims are all claims that may be open: those of earlier runs and of this one.
func (r *run) openClaims() []ledger.Open {
	r.ordersMu.Lock()
	defer r.ordersMu.Unlock()
	var claims []ledger.Open
	own := map[string]bool{}
	for _, o := range r.orders {
		claims = append(claims, o.claim)
		own[o.claim.ID] = true
	}
	for _, c := range r.draft.Claims.Open {
		if !own[c.ID] {
			claims = append(claims, c)
		}
	}
	return claims
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
