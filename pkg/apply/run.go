package apply

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/plan"
)

// Options say how a run goes.
type Options struct {
	Account Account
	// Identity says whose run it is; it goes into the result and the first event.
	Identity Identity
	// Ledger is where claims are made. The caller holds its lock.
	Ledger *ledger.Ledger
	// Settled is called once when all orders are sent and recorded: what follows
	// needs no lock. It may be nil.
	Settled func()
	// LOAs is where LOAs are kept; nil fetches none.
	LOAs *loa.Folder
	// Sink is called with each event, one at a time; nil drops them. It must not
	// block for long: the run waits for it.
	Sink func(Event)
	// Parallelism is the number of orders, and of downloads, at one time; 0
	// means 16.
	Parallelism int
	// MaxFailures is the number of orders that may come to nothing before no new
	// one is started; 0 means any. Orders in flight are finished, so that a few
	// more may fail.
	MaxFailures int
	// MaxUnconfirmed is the number of orders in a row without a usable answer after
	// which no new one is started; 0 means any.
	MaxUnconfirmed int
	// Hurry ends the run at once when it is closed; nil never does. See Run.
	Hurry <-chan struct{}
	// Wait is how long to wait for provisioning and LOAs; 0 does not wait.
	Wait time.Duration
	// LookupTimeout is how long to look for an order without an answer after it was last
	// sent; 0 means DefaultLookupTimeout.
	LookupTimeout time.Duration
	// Recheck is as in DraftOptions.
	Recheck time.Duration
	// SameAccount is as in DraftOptions.
	SameAccount bool
	// Recovered is what was settled before the run; it goes into the result.
	Recovered []Recovered
}

// DefaultLookupTimeout is how long an order without an answer is looked for: longer
// than a service may take to show in the listing (API facts §4.1, confidence D).
const DefaultLookupTimeout = 10 * time.Minute

// carryOut does what Run promises.
func carryOut(ctx context.Context, d Draft, o Options) Result {
	if o.LookupTimeout <= 0 {
		o.LookupTimeout = DefaultLookupTimeout
	}
	if o.Recheck <= 0 {
		o.Recheck = DefaultRecheck
	}
	r := &run{Options: o, draft: d, started: time.Now(), services: map[plan.ServiceUID]plan.Service{}, sink: serially(o.Sink), lookUps: rememberOrderTags(o.Account), kept: keptLetters(o.LOAs), pace: newPace(parallelism(o.Parallelism)), turns: make([]int, len(d.Plan.Actions))}
	r.relisting.turn = make(chan struct{}, 1)
	r.brake = brake{most: o.MaxUnconfirmed, pace: r.pace}
	for _, s := range d.Observed.Services {
		r.services[s.UID] = s
	}
	r.result = Result{FormatVersion: ResultVersion, Identity: o.Identity, StartedAt: r.started.UTC(), Actions: r.initial(), Recovered: o.Recovered, Audit: []AuditFinding{}}
	r.emit(r.announcement())
	if !d.Plan.CanApply() {
		r.result.fold(true)
		r.result.ExitCode = ExitRefused
		return r.finish(ctx)
	}
	if err := r.Ledger.Bind(context.WithoutCancel(ctx), r.draft.Observed.Owner, r.SameAccount); err != nil {
		r.emit(LedgerFailed{Err: err})
		r.result.fold(true)
		r.result.ExitCode = ExitRefused
		return r.finish(ctx)
	}
	s := r.startSettling(ctx)
	r.changeAll(ctx)
	s.ordersDone()
	if o.Settled != nil {
		o.Settled()
	}
	r.orders = append(r.orders, r.earlierDoubts()...)
	r.emit(r.settledEvent())
	s.settle()
	r.audit(ctx)
	r.noteServices(context.WithoutCancel(ctx))
	r.result.fold(o.Wait > 0)
	return r.finish(ctx)
}

// noteServices has the ledger remember which services stand for the entries. What
// an open claim names are candidates, and its own to remember.
func (r *run) noteServices(ctx context.Context) {
	var services []ledger.Service
	var candidates []plan.ServiceUID
	for _, c := range r.openClaims() {
		if !c.State.Closed() {
			candidates = slices.Concat(candidates, c.UIDs, c.Answered)
		}
	}
	for _, a := range r.result.Actions {
		if a.Kind == plan.Cancel || a.Outcome == Excluded {
			continue
		}
		for _, uid := range a.UIDs {
			if slices.Contains(candidates, uid) {
				continue
			}
			services = append(services, ledger.Service{Name: a.Name, UID: uid, Ordered: slices.Contains(a.New, uid)})
		}
	}
	if err := r.Ledger.NoteServices(ctx, r.draft.Claims, r.draft.Desired.Inventory, services); err != nil {
		r.emit(LedgerFailed{Err: err})
	}
}

// settledEvent says what is still to be looked for.
func (r *run) settledEvent() OrdersSettled {
	var e OrdersSettled
	for _, o := range r.orders {
		if !unconfirmed(o.claim) {
			continue
		}
		e.Doubts++
		if until := o.claim.QuietSince(r.Ledger.Now()).Add(r.LookupTimeout); until.After(e.Until) {
			e.Until = until
		}
	}
	return e
}

type run struct {
	Options
	draft    Draft
	started  time.Time
	result   Result
	services map[plan.ServiceUID]plan.Service // as first listed
	latest   []plan.Service                   // the last complete listing after the orders; nil for none
	sink     func(Event)
	kept     map[plan.ServiceUID]loa.Row // the LOAs that were there before
	orders   []*order                    // of this run, by action
	lookUps  Reader                      // by which orders without an answer are looked for
	ordersMu sync.Mutex

	relisting relisting // what orders that were turned away are looked for in
	pace      *pace
	turns     []int // of each action, the turn of the pace at which it began
	brake     brake
	failed    atomic.Int64    // orders that failed
	purchased chan<- purchase // told of what is bought, while orders go out
}

// order is an order that left a claim which is not closed yet.
type order struct {
	action int
	claim  ledger.Open
	// earlier says that another run sent it.
	earlier bool
	// last is what the last look at the account said of it.
	last finding
}

func (r *run) emit(e Event) { r.sink(e) }

// serially makes a sink for many goroutines of one that takes one event at a
// time; nil drops them.
func serially(sink func(Event)) func(Event) {
	if sink == nil {
		return func(Event) {}
	}
	var mu sync.Mutex
	return func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		sink(e)
	}
}

func (r *run) finish(ctx context.Context) Result {
	r.result.Interrupted = ctx.Err() != nil
	r.result.FinishedAt = time.Now().UTC()
	r.emit(RunFinished{r.result})
	return r.result
}

// initial lists the actions as they stand before the run: nothing is sent yet.
func (r *run) initial() []ActionResult {
	out := make([]ActionResult, 0, len(r.draft.Plan.Actions))
	for _, a := range r.draft.Plan.Actions {
		res := ActionResult{
			Kind: a.Kind, Name: a.Name, Reason: a.Reason.Code, Place: a.Location, Price: a.Price, Outcome: initialOutcome(a),
			UIDs: []plan.ServiceUID{}, Ports: []PortResult{}, LOAs: []LOAResult{},
		}
		if a.Service != nil {
			res.UIDs = slices.Clone(a.Service.Members)
		}
		if a.Kind == plan.Unknown || a.Kind == plan.Blocked {
			res.Error = &Failure{Message: a.Reason.Text}
		}
		out = append(out, res)
	}
	return out
}

func initialOutcome(a plan.Action) Outcome {
	switch a.Kind {
	case plan.Unknown:
		return Unknown
	case plan.Excluded:
		return Excluded
	case plan.Unchanged:
		switch {
		case a.Reason.Code == plan.ReasonApproval:
			return Queued
		case a.Service == nil:
			return Gone
		}
		return Existing
	}
	return NotSent
}

// announcement is the whole run in one event.
func (r *run) announcement() RunStarted {
	p := r.draft.Plan
	e := RunStarted{
		Identity: r.Identity, Orders: p.Summary.Buy + p.Summary.Grow, Services: p.Services(), Updates: p.Summary.Update, Cancels: p.Summary.Cancel,
		Ports: p.Services(), Parallelism: r.pace.most, Wait: r.Wait, Totals: p.Totals, Planned: []Planned{},
	}
	for _, a := range p.Actions {
		if a.Kind.Changes() {
			e.Planned = append(e.Planned, Planned{a.Kind, a.Name, a.Location, a.ServicesOrdered(), a.Price})
		}
		if a.Service == nil || a.Kind == plan.Cancel || a.Kind == plan.Excluded {
			continue
		}
		e.Ports += len(a.Service.Members)
		for _, uid := range a.Service.Members {
			if r.services[uid].Status.Ready() {
				e.Ready++
			}
			if _, ok := r.kept[uid]; ok {
				e.Kept++
			}
		}
	}
	if r.LOAs != nil {
		e.Letters = e.Ports
	}
	return e
}
