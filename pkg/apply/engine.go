package apply

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// Options say how a run goes.
type Options struct {
	Account Account
	// Identity says whose run it is; it goes into the result and the first event.
	Identity Identity
	// Ledger is where claims are made. The caller holds its lock.
	Ledger *ledger.Ledger
	// OnOrdersSent is called once when all orders are sent and recorded: what follows
	// needs no lock. It may be nil.
	OnOrdersSent func()
	// LOAs is where LOAs are kept; nil fetches none.
	LOAs *loa.Folder
	// Sink is called with each event, one at a time; nil drops them. It must not
	// block for long: the run waits for it.
	Sink func(Event)
	// Parallelism is the number of orders, and of downloads, at one time; 0
	// means 16.
	Parallelism int
	// MaxFailures is the number of orders that may fail before no new one is started;
	// 0 means any. Orders in flight are finished, so that a few more may fail.
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
	// Budgeted says that the API limits how many requests may be sent, so that the
	// account is looked at less often.
	Budgeted bool
	// Recheck is as in refresh.Options.
	Recheck time.Duration
	// SameAccount is as in refresh.Options.
	SameAccount bool
	// Recovered is what was resolved before the run; it goes into the result.
	Recovered []refresh.Recovered
}

const defaultParallelism = 16

// DefaultLookupTimeout is how long an order without an answer is looked for: longer
// than a service may take to show in the listing (API facts §4.1, confidence D).
const DefaultLookupTimeout = 10 * time.Minute

// Run carries out a priced plan: buy, change, cancel, wait, fetch LOAs,
// audit. It does nothing when anything in the plan is in the way.
//
// When ctx is cancelled nothing new is started, in-flight orders are finished, and
// the result says what was done. When o.Hurry is closed after that, Run returns at
// once: what is in flight then is unknown in the result, its claims stay open, and
// the goroutines that wait for answers are left behind. So the process must end
// soon after.
func Run(ctx context.Context, p refresh.PricedPlan, o Options) Result {
	e := newEngine(p, o)
	done := make(chan Result, 1)
	go func() {
		err := panics.Do(func() error { done <- e.run(ctx); return nil })
		if err != nil { // orders may have been sent, so that a result is owed
			done <- e.report.abort(err)
		}
	}()
	select {
	case r := <-done:
		return r
	case <-o.Hurry:
	}
	select {
	case r := <-done: // it was about to end by itself
		return r
	default:
		return e.report.stop()
	}
}

// engine carries one plan out. Its workers send orders and changes; what became of
// each goes to the report, which alone writes the result. The watcher alone knows how
// far ports and LOAs are.
type engine struct {
	Options
	priced   refresh.PricedPlan
	services map[plan.ServiceUID]*plan.Service // as first listed
	reader   refresh.Reader                    // by which orders without an answer are looked for
	report   *report
	watch    *watcher

	brake     *brake
	slots     *slots
	open      openOrders
	relisting relisting

	latest []plan.Service // the last complete listing after the orders; nil for none
	bound  bool           // the ledger knows whose account it is
	// approvalsNoticed says that the ledger knows that the account has order approvals.
	approvalsNoticed bool
}

func newEngine(p refresh.PricedPlan, o Options) *engine {
	o.LookupTimeout, o.Recheck = max(o.LookupTimeout, 0), max(o.Recheck, 0)
	if o.LookupTimeout == 0 {
		o.LookupTimeout = DefaultLookupTimeout
	}
	if o.Recheck == 0 {
		o.Recheck = refresh.DefaultRecheck
	}
	if o.Parallelism <= 0 {
		o.Parallelism = defaultParallelism
	}
	e := &engine{
		Options: o, priced: p, services: make(map[plan.ServiceUID]*plan.Service, len(p.Observed.Services)), reader: refresh.RememberOrderTags(o.Account),
		report: newReport(p, o), slots: newSlots(o.Parallelism), bound: p.Observed.Owner.Company() != "", approvalsNoticed: p.Claims.Memory.ApprovalsSeen,
	}
	e.brake = &brake{maxFailures: o.MaxFailures, maxUnconfirmed: o.MaxUnconfirmed, slots: e.slots}
	e.relisting.turn = make(chan struct{}, 1)
	e.watch = newWatcher(o.Account, e.report.tell, newLOAFetcher(o.Account, o.LOAs, p.Catalog, o.Parallelism, e.report.tell), len(p.Plan.Actions))
	e.watch.budgeted = o.Budgeted
	for i := range p.Observed.Services {
		e.services[p.Observed.Services[i].UID] = &p.Observed.Services[i]
	}
	return e
}

// run does what Run promises, phase by phase.
func (e *engine) run(ctx context.Context) Result {
	e.report.tell(e.announcement())
	if !e.mayBegin(ctx) {
		return e.report.refused(ctx)
	}
	e.watch.start(ctx, e.priced.Observed.Services, e.existingPorts(), e.Wait > 0)
	e.sendOrders(ctx)
	e.cancelAll(ctx)
	e.watch.join() // from here on one listing a tick serves ports and orders
	e.ordersSent()
	e.follow(ctx)
	e.audit(ctx)
	e.noteServices(context.WithoutCancel(ctx))
	return e.report.finish(ctx, e.Wait > 0)
}

// mayBegin says that nothing is in the way, and makes the ledger the account's.
func (e *engine) mayBegin(ctx context.Context) bool {
	if !e.priced.Plan.CanApply() {
		return false
	}
	err := e.Ledger.Bind(context.WithoutCancel(ctx), e.priced.Observed.Owner, e.SameAccount)
	e.ledgerFailed("", err)
	return err == nil
}

// ordersSent gives the lock back and takes up the unconfirmed orders of earlier runs.
func (e *engine) ordersSent() {
	if e.OnOrdersSent != nil {
		e.OnOrdersSent()
	}
	for _, o := range e.earlierOrders() {
		e.open.add(o)
	}
	var event OrdersSent
	for _, o := range e.open.list {
		if !o.claim.State.Unconfirmed() {
			continue
		}
		event.Unconfirmed++
		if until := o.claim.QuietSince(e.Ledger.Now()).Add(e.LookupTimeout); until.After(event.Until) {
			event.Until = until
		}
	}
	e.report.tell(event)
}

// ledgerFailed tells of what could not be recorded; nil is nothing to tell.
func (e *engine) ledgerFailed(name string, err error) {
	if err != nil {
		e.report.tell(LedgerFailed{name, failureOf(err)})
	}
}

// noteServices has the ledger remember which services stand for the entries. What
// an open claim names are candidates, and its own to remember.
func (e *engine) noteServices(ctx context.Context) {
	var services []ledger.Service
	candidates, purchases := map[plan.ServiceUID]bool{}, maps.Clone(e.priced.Purchases)
	for _, c := range e.openClaims() {
		for _, uid := range slices.Concat(c.UIDs, c.Answered) {
			candidates[uid] = candidates[uid] || !c.State.Closed()
		}
		for _, uid := range c.UIDs {
			purchases[uid] = c.Purchase()
		}
	}
	declared := e.declaredTags()
	for _, a := range e.report.actions() {
		if a.Kind == plan.Cancel || a.Outcome == Excluded {
			continue
		}
		for _, uid := range a.UIDs {
			if candidates[uid] {
				continue
			}
			x := ledger.Service{Name: a.Name, UID: uid, Ordered: slices.Contains(a.New, uid)}
			if p, bought := purchases[uid]; bought {
				x.Ordered, x.Purchase = x.Ordered || p.Inventory == e.priced.Desired.Inventory, &p
			}
			if a.hasItsTags(uid) {
				x.Tags = declared[a.Name]
			}
			services = append(services, x)
		}
	}
	e.ledgerFailed("", e.Ledger.NoteServices(ctx, e.priced.Claims, e.priced.Desired.Inventory, services))
}

// declaredTags are the tags that entries declare, by name.
func (e *engine) declaredTags() map[string]map[string]string {
	tags := map[string]map[string]string{}
	for _, p := range e.priced.Desired.Ports {
		if len(p.Tags) > 0 {
			tags[p.Name] = p.Tags
		}
	}
	return tags
}

// announcement is the whole run in one event.
func (e *engine) announcement() RunStarted {
	p := e.priced.Plan
	event := RunStarted{
		Identity: e.Identity, Orders: p.Summary.Buy + p.Summary.Grow, Services: p.Services(), Updates: p.Summary.Update, Cancels: p.Summary.Cancel,
		Ports: p.Services(), Parallelism: e.Parallelism, Wait: Seconds{e.Wait}, Totals: p.Totals, Planned: []Planned{},
	}
	crossed := 0 // no LOA is needed
	for _, a := range p.Actions {
		if a.Order != nil && a.Order.CrossConnect() {
			crossed += a.ServicesOrdered()
		}
		if a.Kind.Changes() {
			event.Planned = append(event.Planned, Planned{a.Kind, a.Name, a.Location, a.ServicesOrdered(), a.Price})
		}
		if a.Service == nil || a.Kind == plan.Cancel || a.Kind == plan.Excluded {
			continue
		}
		event.Ports += len(a.Service.Members)
		for _, uid := range a.Service.Members {
			if s := e.services[uid]; s != nil && s.Status.Ready() {
				event.Ready++
			}
			if e.report.hasCrossConnect(uid) {
				crossed++
			} else if e.watch.loas.has(uid) {
				event.Kept++
			}
		}
	}
	if e.LOAs != nil {
		event.LOAs = event.Ports - crossed
	}
	return event
}
