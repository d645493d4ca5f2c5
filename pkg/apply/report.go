package apply

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// report keeps the result of a run and tells of it. Nothing else writes the result,
// so that there is one at any moment, also while orders are in flight and when the
// run ends at once.
type report struct {
	mu       sync.Mutex
	result   Result
	loas     map[plan.ServiceUID]LOAResult // as far as they are there; nil when none are wanted
	statuses map[plan.ServiceUID]plan.Status
	crossed  map[plan.ServiceUID]bool // that were ordered with a cross connect
	sent     bool                     // an order was

	turn chan struct{} // held by whoever hands an event on
	sink func(Event)
	over bool // no event is handed on any more
}

func newReport(p refresh.PricedPlan, o Options) *report {
	r := &report{
		result: blank(p.Plan, o.Identity, o.Recovered), statuses: map[plan.ServiceUID]plan.Status{}, crossed: map[plan.ServiceUID]bool{},
		sink: o.Sink, turn: make(chan struct{}, 1),
	}
	if r.sink == nil {
		r.sink = func(Event) {}
	}
	maps.Copy(r.crossed, p.Observed.CrossConnects)
	for _, s := range p.Observed.Services {
		r.statuses[s.UID] = s.Status
	}
	if o.LOAs != nil {
		r.loas = map[plan.ServiceUID]LOAResult{}
		for uid, row := range keptLOAs(o.LOAs) {
			r.loas[uid] = LOAResult{UID: uid, File: o.LOAs.Path(row), Kept: true, FetchedAt: row.FetchedAt}
		}
	}
	return r
}

// blank is the result of a run that has not done anything yet.
func blank(p plan.Plan, id Identity, recovered []refresh.Recovered) Result {
	r := Result{
		FormatVersion: ResultVersion, Identity: id, StartedAt: time.Now().UTC(), Actions: make([]ActionResult, 0, len(p.Actions)),
		Recovered: slices.Clone(recovered), Audit: []AuditFinding{},
	}
	for _, a := range p.Actions {
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
		r.Actions = append(r.Actions, res)
	}
	return r
}

// initialOutcome is that of an action before the run: nothing is sent yet.
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

// NotRun is the result of a run that did not begin, because of e: nothing was sent.
// The plan may be empty when the run did not come that far.
func NotRun(p plan.Plan, id Identity, started time.Time, recovered []refresh.Recovered, code int, e RunError) Result {
	r := blank(p, id, recovered)
	r.fold(false)
	r.StartedAt, r.FinishedAt, r.ExitCode, r.Error = started.UTC(), time.Now().UTC(), code, &e
	return r
}

// tell hands an event on, one at a time.
func (r *report) tell(e Event) { r.update(e, func(*Result) {}) }

// update changes the result, and tells of it.
func (r *report) update(e Event, change func(*Result)) {
	r.mu.Lock()
	change(&r.result)
	r.follow(e)
	r.mu.Unlock()
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	if !r.over {
		r.sink(e)
	}
}

// follow keeps up with ports and LOAs for a result in the middle of the run; that of
// its end has them from the watcher.
func (r *report) follow(e Event) {
	switch e := e.(type) {
	case PortSeen:
		r.statuses[e.UID] = e.Status
	case LOASaved:
		r.addLOA(LOAResult{UID: e.UID, File: e.Path, FetchedAt: time.Now().UTC().Truncate(time.Second)})
	case LOAFailed:
		r.addLOA(LOAResult{UID: e.UID, Error: e.Failure})
	}
}

func (r *report) addLOA(l LOAResult) {
	if r.loas != nil {
		r.loas[l.UID] = l
	}
}

// orderedBy notes that an order made services, some of which may have cross connects.
func (r *report) orderedBy(o plan.Order, uids []plan.ServiceUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, uid := range uids {
		r.crossed[uid] = r.crossed[uid] || o.CrossConnect()
	}
}

// hasCrossConnect says that a service was ordered with a cross connect.
func (r *report) hasCrossConnect(uid plan.ServiceUID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.crossed[uid]
}

// action is what is known of the nth action now.
func (r *report) action(n int) ActionResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result.Actions[n]
}

// actions are those of the result as they are now.
func (r *report) actions() []ActionResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.result.Actions)
}

// change changes the result of the nth action without an event.
func (r *report) change(n int, change func(*ActionResult)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.result.Actions[n])
}

// found adds findings of the audit.
func (r *report) found(f ...AuditFinding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Audit = append(r.result.Audit, f...)
}

// The reasons of what is in flight when a run ends at once.
const (
	stoppedOrder  = "stopped before an answer came; the order may have been carried out"
	stoppedChange = "stopped before an answer came; the change may have been made"
)

// orderStarted says that the order of the nth action is about to be sent.
func (r *report) orderStarted(n int) {
	name := r.action(n).Name
	r.update(OrderStarted{name}, func(res *Result) {
		r.sent = true
		res.Actions[n].Outcome, res.Actions[n].Error = Unknown, &Failure{Message: stoppedOrder}
	})
}

// ordered says what became of the order of the nth action.
func (r *report) ordered(n int, p Purchase) {
	a, outcome := r.action(n), outcomeOf(p.State)
	r.update(OrderFinished{a.Name, outcome, p.UIDs, *a.Price, p.Failure, p.FoundBy}, func(res *Result) {
		a := &res.Actions[n]
		a.Outcome, a.Error, a.FoundBy = outcome, p.Failure, p.FoundBy
		a.UIDs, a.New, a.TraceID = slices.Concat(a.UIDs, p.UIDs), slices.Concat(a.New, p.UIDs), p.TraceID
	})
}

// changeStarted says that the nth action's update or cancellation is about to be made.
func (r *report) changeStarted(n int) {
	a := r.action(n)
	r.update(ChangeStarted{a.Kind, a.Name}, func(res *Result) { res.Actions[n].changed(Failed, &Failure{Message: stoppedChange}) })
}

// changed says what became of the nth action's update or cancellation.
func (r *report) changed(n int, o Outcome, err error) {
	var f *Failure
	if err != nil {
		f = failureOf(err)
	}
	a := r.action(n)
	r.update(ChangeFinished{a.Kind, a.Name, o, f, a.Cancelled}, func(res *Result) { res.Actions[n].changed(o, f) })
}

// changed notes an outcome: what was bought stays bought, with the error beside it.
func (a *ActionResult) changed(o Outcome, f *Failure) {
	a.Error = f
	if a.Outcome != Bought {
		a.Outcome = o
	}
}

// finish ends a run that went its way.
func (r *report) finish(ctx context.Context, waited bool) Result {
	r.mu.Lock()
	r.result.fold(waited)
	r.mu.Unlock()
	return r.close(ctx)
}

// refused ends a run that must not begin.
func (r *report) refused(ctx context.Context) Result {
	r.mu.Lock()
	r.result.fold(true)
	r.result.ExitCode = ExitRefused
	r.mu.Unlock()
	return r.close(ctx)
}

func (r *report) close(ctx context.Context) Result {
	r.mu.Lock()
	r.result.Interrupted, r.result.FinishedAt = ctx.Err() != nil, time.Now().UTC()
	out := r.result
	r.mu.Unlock()
	r.tell(RunFinished{out})
	return out
}

// snapshot is the result as it stands now.
func (r *report) snapshot() Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.result
	out.Actions, out.Recovered = slices.Clone(out.Actions), slices.Clone(out.Recovered)
	for i := range out.Actions {
		r.ports(&out.Actions[i])
	}
	if r.sent {
		out.Audit = []AuditFinding{{Kind: auditNotDone, Text: "the run ended before the account was listed again"}}
	}
	out.fold(false)
	out.FinishedAt = time.Now().UTC()
	return out
}

func (r *report) ports(a *ActionResult) {
	if a.Kind == plan.Cancel || a.Kind == plan.Excluded {
		return
	}
	a.Ports, a.LOAs = []PortResult{}, []LOAResult{}
	for _, uid := range a.UIDs {
		a.Ports = append(a.Ports, PortResult{UID: uid, Status: r.statuses[uid], Ready: r.statuses[uid].Ready(), CrossConnect: r.crossed[uid]})
		if l, ok := r.loas[uid]; r.crossed[uid] {
			continue
		} else if ok {
			a.LOAs = append(a.LOAs, l)
		} else if r.loas != nil {
			a.LOAs = append(a.LOAs, LOAResult{UID: uid, Error: &Failure{Message: "stopped before it was fetched"}})
		}
	}
}

// stop ends the run for everybody who watches it and returns the result. A
// watcher that hangs does not keep it from being written.
func (r *report) stop() Result {
	out := r.snapshot()
	out.Interrupted, out.ExitCode = true, ExitStopped
	r.lastWord(out)
	return out
}

// abort is the result of a run that panicked.
func (r *report) abort(err error) Result {
	out := r.snapshot()
	out.Error = &RunError{Message: err.Error()}
	if out.ExitCode != ExitUnknown {
		out.ExitCode = ExitPartly
	}
	r.lastWord(out)
	return out
}

// lastWordWithin is how long those who watch have to take the last event in.
const lastWordWithin = 500 * time.Millisecond

func (r *report) lastWord(out Result) {
	told := make(chan struct{})
	go func() {
		defer close(told)
		r.turn <- struct{}{}
		defer func() { <-r.turn }()
		r.over = true
		r.sink(RunFinished{out})
	}()
	select {
	case <-told:
	case <-time.After(lastWordWithin):
	}
}
