package apply

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/plan"
)

// Ledger makes intents to buy durable. Claim returns only when the intent
// stands; Close ends a claim whose order is known to have had no effect.
type Ledger interface {
	Claim(ctx context.Context, o plan.Order, p plan.Price) (ledger.Claim, error)
	Close(ctx context.Context, c ledger.Claim) error
}

// Options say how a run goes.
type Options struct {
	Account Account
	Ledger  Ledger
	// LOAs is where letters are kept; nil fetches none.
	LOAs *loa.Folder
	// Sink is called with each event, one at a time; nil drops them. It must not
	// block for long: the run waits for it.
	Sink func(Event)
	// Parallelism is the number of orders, and of downloads, at one time; 0
	// means 16.
	Parallelism int
	// Wait is how long to wait for provisioning and letters; 0 does not wait.
	Wait time.Duration
	// PollEvery is the first interval between two looks at the account; it grows
	// with time. 0 means half a second.
	PollEvery time.Duration
}

// Run carries out a priced draft: buy, wait, fetch letters. It buys nothing
// when anything in the plan is blocked. When ctx is cancelled nothing new is
// started, orders in flight are finished, and the result says what was done.
func Run(ctx context.Context, d Draft, o Options) Result {
	r := &run{Options: o, draft: d, started: time.Now()}
	r.result = Result{FormatVersion: ResultVersion, StartedAt: r.started, Actions: r.initial()}
	if !d.Plan.CanApply() {
		r.result.fold(o.Wait > 0)
		r.result.ExitCode = ExitRefused
		return r.finish(ctx)
	}
	r.emit(RunStarted{d.Plan.Summary.Buy, d.Plan.Services(), r.awaited(), d.Plan.Totals})
	r.buyAll(ctx)
	r.settle(ctx)
	r.result.fold(o.Wait > 0)
	return r.finish(ctx)
}

type run struct {
	Options
	draft   Draft
	started time.Time
	result  Result
	sinkMu  sync.Mutex
}

func (r *run) emit(e Event) {
	if r.Sink == nil {
		return
	}
	r.sinkMu.Lock()
	defer r.sinkMu.Unlock()
	r.Sink(e)
}

func (r *run) finish(ctx context.Context) Result {
	r.result.Interrupted = ctx.Err() != nil
	r.result.FinishedAt = time.Now()
	r.emit(RunFinished{r.result})
	return r.result
}

// initial lists the actions as they stand before the run: nothing is sent yet.
func (r *run) initial() []ActionResult {
	out := make([]ActionResult, 0, len(r.draft.Plan.Actions))
	for _, a := range r.draft.Plan.Actions {
		res := ActionResult{Kind: a.Kind, Name: a.Name, Place: a.Location, Price: a.Price, Outcome: NotSent,
			UIDs: []plan.ServiceUID{}, Ports: []PortResult{}, LOAs: []LOAResult{}}
		if a.Kind == plan.Unchanged {
			res.Outcome, res.UIDs = Existing, a.Service.Members
		}
		out = append(out, res)
	}
	return out
}

func (r *run) awaited() int {
	n := 0
	for _, a := range r.draft.Plan.Actions {
		n += a.Services()
	}
	return n
}

// errStopped is why an order was held back.
var errStopped = errors.New("interrupted before it was sent")

// buyAll sends every order of the plan, some at a time.
func (r *run) buyAll(ctx context.Context) {
	var g errgroup.Group
	g.SetLimit(parallelism(r.Parallelism))
	var halted atomic.Bool // the ledger failed: no claim, no order
	for i, a := range r.draft.Plan.Actions {
		if a.Kind != plan.Buy {
			continue
		}
		g.Go(func() error {
			r.record(i, r.buy(ctx, a, &halted))
			return nil
		})
	}
	_ = g.Wait() // the workers return no errors: an order's failure is a result
}

// record notes what became of one order. Each index has one writer.
func (r *run) record(i int, p Purchase) {
	res := &r.result.Actions[i]
	res.Outcome, res.Error = p.Outcome, p.Failure
	res.UIDs = append(res.UIDs, p.UIDs...)
	r.emit(OrderFinished{res.Name, p.Outcome, p.UIDs, *res.Price, p.Failure})
}

// buy is the purchase protocol for one order: claim, send, settle the claim.
func (r *run) buy(ctx context.Context, a plan.Action, halted *atomic.Bool) Purchase {
	if ctx.Err() != nil {
		return notSent(errStopped)
	}
	if halted.Load() {
		return notSent(errors.New("not sent: the ledger failed on an earlier order"))
	}
	r.emit(OrderStarted{a.Name})
	claim, err := r.Ledger.Claim(ctx, *a.Order, *a.Price)
	if err != nil {
		halted.Store(true)
		return notSent(err)
	}
	// From here on an interruption must not cut the order off.
	ctx = context.WithoutCancel(ctx)
	p := r.Account.Buy(ctx, *a.Order, claim.ID)
	if p.Outcome == Bought || p.Outcome == Unknown {
		return p
	}
	if err := r.Ledger.Close(ctx, claim); err != nil {
		halted.Store(true)
	}
	return p
}

func notSent(err error) Purchase {
	return Purchase{Outcome: NotSent, Failure: &Failure{Message: err.Error()}}
}
