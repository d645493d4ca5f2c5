package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// errStopped is why something was held back.
var errStopped = errors.New("interrupted before it was sent")

// job is an action that a worker carries out.
type job struct {
	plan.Action
	n int // its number in the plan and the result
}

// sendOrders sends all orders and updates, some at a time. Of several growths the first
// goes alone, until the account shows that it became a part of its LAG: an API that
// makes new LAGs of growths (API facts §3.2) would do so with each.
func (e *engine) sendOrders(ctx context.Context) {
	growths := e.actionsOf(plan.Grow)
	first := growths[:min(1, len(growths))]
	var notGrown error
	e.inParallel(slices.Sorted(slices.Values(slices.Concat(e.actionsOf(plan.Buy, plan.Update), first))), func(j job) {
		e.carryOut(ctx, j)
		if j.Kind == plan.Grow && len(growths) > 1 {
			notGrown = e.awaitGrowth(ctx, j)
		}
	})
	e.inParallel(growths[len(first):], func(j job) {
		if notGrown != nil {
			e.report.ordered(j.n, notSent(notGrown))
			return
		}
		e.carryOut(ctx, j)
	})
}

// actionsOf lists the numbers of the actions of some kinds.
func (e *engine) actionsOf(kinds ...plan.Kind) []int {
	var out []int
	for n, a := range e.priced.Plan.Actions {
		if slices.Contains(kinds, a.Kind) {
			out = append(out, n)
		}
	}
	return out
}

// inParallel has work done for actions, some at a time, and waits for all of it. When a
// worker panics an order may have been sent: it is unconfirmed, as its claim says.
func (e *engine) inParallel(actions []int, work func(job)) {
	var g errgroup.Group
	for _, n := range actions {
		e.slots.enter()
		j := job{e.priced.Plan.Actions[n], n}
		g.Go(func() error {
			defer e.slots.leave()
			if err := panics.Do(func() error { work(j); return nil }); err != nil {
				e.report.change(n, func(a *ActionResult) { a.changed(Unknown, failureOf(err)) })
			}
			return nil
		})
	}
	_ = g.Wait() // the workers return no errors: a failure is a result
}

// carryOut sends the order of an action, and makes the changes that belong to it.
func (e *engine) carryOut(ctx context.Context, j job) {
	uids, bought := e.report.action(j.n).UIDs, []plan.ServiceUID(nil)
	if j.Order != nil {
		p := e.buy(ctx, j)
		e.report.orderedBy(*j.Order, p.UIDs)
		e.report.ordered(j.n, p)
		if outcomeOf(p.State) != Bought {
			return
		}
		bought = p.UIDs
		e.watch.expect(e.ports(j.n, bought, len(uids)))
		uids = slices.Concat(uids, bought)
	}
	if len(j.Changes) > 0 {
		e.update(ctx, j, uids, bought)
	}
}

// awaitGrowth waits until the account shows that a growth became a part of its LAG,
// as long as an order is looked for. Its error is why no other LAG is grown.
func (e *engine) awaitGrowth(ctx context.Context, j job) error {
	res := e.report.action(j.n)
	if res.Outcome != Bought {
		return errors.New("not sent: the first growth of the run is not confirmed")
	}
	last := time.Now().Add(e.LookupTimeout)
	for every := 2 * shortestPoll; ; every = min(every*5/4, longestPoll) {
		if observed, err := e.Account.Observe(ctx); err == nil {
			members := slices.DeleteFunc(slices.Clone(observed.Services), func(s plan.Service) bool { return !slices.Contains(res.New, s.UID) })
			conflict, late := refresh.CheckLAG(*j.Order, members)
			switch {
			case conflict != "":
				return errors.New("not sent: the first growth of the run failed: " + conflict)
			case !late && len(members) == len(res.New):
				return nil
			}
		}
		if time.Now().Add(every).After(last) {
			return fmt.Errorf("not sent: the account does not show within %s that the first growth of the run became a part of its LAG", e.LookupTimeout)
		}
		select {
		case <-ctx.Done():
			return errStopped
		case <-time.After(every):
		}
	}
}

// buy carries one order out, unless something holds it back while it waits for its turn.
func (e *engine) buy(ctx context.Context, j job) (p Purchase) {
	if err := e.heldBack(ctx); err != nil {
		return notSent(err)
	}
	turn, err := e.Account.Turn(ctx)
	if err != nil {
		return notSent(cmp.Or(e.heldBack(ctx), err))
	}
	defer turn.Release()
	if err := e.heldBack(ctx); err != nil {
		return notSent(err)
	}
	e.report.orderStarted(j.n)
	f := e.brake.started()
	p = Purchase{State: plan.OrderUnknown}
	defer func() { f.finished(outcomeOf(p.State)) }() // also when something panics
	return e.order(ctx, j, turn, f)
}

// heldBack says why no new order is to be sent; nil when one may be.
func (e *engine) heldBack(ctx context.Context) error {
	if ctx.Err() != nil {
		return errStopped
	}
	return e.brake.holds()
}

// order is the purchase protocol for one order whose turn it is: claim, send, record.
// The answer to an order is recorded whatever it is; when that fails the claim stays as
// it is, an unconfirmed order that the next run looks up. An interruption cuts neither
// the claim nor the order: half a claim would read as one whose order was sent.
func (e *engine) order(ctx context.Context, j job, turn Turn, f *flight) Purchase {
	begun := time.Now()
	intent, err := e.priced.Intent(j.Action)
	var claim ledger.Open
	if err == nil {
		claim, err = e.Ledger.Claim(context.WithoutCancel(ctx), e.priced.Claims, intent)
	}
	if err != nil {
		var taken *ledger.TakenError
		if !errors.As(err, &taken) {
			e.noMoreOrders(j.Name, err)
		}
		return notSent(err)
	}
	p, claim, err := e.send(ctx, j, claim, turn, f, begun)
	if err != nil {
		e.noMoreOrders(j.Name, err)
	}
	if !claim.State.Closed() {
		e.open.add(&openOrder{action: j.n, claim: claim})
	}
	return p
}

// noMoreOrders stops new orders because the ledger failed: no claim, no order.
func (e *engine) noMoreOrders(name string, err error) {
	e.brake.stop()
	e.ledgerFailed(name, err)
}

// sendWithin is how long after its last record an order may be sent. One that waited
// longer, or whose machine slept, gets a new record first: somebody may have called it
// not created meanwhile. With the time of an in-flight order it makes up
// ledger.OrderDeadline.
const sendWithin = time.Minute

// turnedAwayFor is how long an order is sent again that the API turns away each time.
const turnedAwayFor = 15 * time.Minute

// send sends the order of a claim that is as old as begun, and records the answer. An
// order that was turned away is sent again when the account does not show it.
func (e *engine) send(ctx context.Context, j job, claim ledger.Open, turn Turn, f *flight, begun time.Time) (Purchase, ledger.Open, error) {
	detached := context.WithoutCancel(ctx)
	for first := time.Now(); ; begun = time.Now() {
		p := notSent(errStopped)
		if ctx.Err() == nil {
			p = e.Account.Buy(detached, turn, *j.Order, claim.ID, begun.Add(sendWithin))
		}
		again := ctx.Err() == nil && time.Since(first) < turnedAwayFor
		var err error
		if !p.Late || !again {
			claim, err = e.recordAnswer(detached, claim, p)
			if err != nil || p.State != plan.OrderTurnedAway || claim.State != plan.OrderTurnedAway || !again {
				return p, claim, err
			}
			f.turnedAway()
			if found := e.lookAgain(ctx, &claim, &p); found {
				return p, claim, nil
			}
		}
		if turn, err = e.Account.Turn(ctx); err != nil {
			p.Failure = failureOf(cmp.Or(e.heldBack(ctx), err))
			if p.Late { // it never left this machine
				claim, err = e.recordAnswer(detached, claim, p)
				return p, claim, err
			}
			return p, claim, nil
		}
		defer turn.Release()
		if claim, err = e.Ledger.Resend(detached, claim); err != nil {
			p.Failure = failureOf(err)
			return p, claim, nil
		}
		f.sentAgain()
	}
}

// recordAnswer writes down what is known of an order.
func (e *engine) recordAnswer(ctx context.Context, claim ledger.Open, p Purchase) (ledger.Open, error) {
	rec := ledger.Record{State: p.State, UIDs: p.UIDs, Cause: "the API named the services", TraceID: p.TraceID}
	if p.Failure != nil {
		rec.Cause, rec.Status, rec.TraceID = p.Failure.Message, p.Failure.Status, p.Failure.TraceID
	}
	return e.Ledger.Record(ctx, claim, rec)
}

func notSent(err error) Purchase {
	return Purchase{State: plan.OrderNotSent, Failure: &Failure{Message: err.Error()}}
}

// failureOf keeps what support needs of an error.
func failureOf(err error) *Failure {
	f := &Failure{Message: err.Error()}
	var traced interface {
		HTTPStatus() int
		Trace() string
	}
	if errors.As(err, &traced) {
		f.Status, f.TraceID = traced.HTTPStatus(), traced.Trace()
	}
	return f
}

// openOrder is an order that left a claim which is not closed yet.
type openOrder struct {
	action int
	claim  ledger.Open
	// earlier says that another run sent it.
	earlier bool
	// last is what the last look at the account said of it.
	last refresh.Finding
}

// openOrders are those of a run. Workers add to them and read their claims; once all
// orders are sent the engine alone uses them.
type openOrders struct {
	mu   sync.Mutex
	list []*openOrder
}

func (o *openOrders) add(order *openOrder) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, order)
}

// openClaims are all claims that may be open: those of earlier runs and of this one.
func (e *engine) openClaims() []ledger.Open {
	e.open.mu.Lock()
	defer e.open.mu.Unlock()
	var claims []ledger.Open
	own := map[string]bool{}
	for _, o := range e.open.list {
		claims = append(claims, o.claim)
		own[o.claim.ID] = true
	}
	for _, c := range e.priced.Claims.Open {
		if !own[c.ID] {
			claims = append(claims, c)
		}
	}
	return claims
}

// lookup prepares a look for the orders of this run in a listing.
func (e *engine) lookup(in refresh.Listing) *refresh.Lookup {
	return e.priced.Lookup(e.reader, in, e.openClaims(), e.Recheck)
}
