package apply

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/portctl/portctl/pkg/apply/safe"
	"github.com/portctl/portctl/pkg/plan"
)

// Run carries out a priced draft: buy, change, cancel, wait, fetch LOAs,
// audit. It does nothing when anything in the plan is in the way.
//
// When ctx is cancelled nothing new is started, in-flight orders are finished, and
// the result says what was done. When o.Hurry is closed after that, Run returns at
// once: what is in flight then is unknown in the result, its claims stay open, and
// the goroutines that wait for answers are left behind. So the process must end
// soon after.
func Run(ctx context.Context, d Draft, o Options) Result {
	w := newWitness(d, o)
	o.Sink = w.Event
	done := make(chan Result, 1)
	go func() {
		err := safe.Do(func() error { done <- carryOut(ctx, d, o); return nil })
		if err != nil { // orders may have been sent, so that a result is owed
			done <- w.broken(err)
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
		return w.stopped()
	}
}

// witness knows a run by its events alone. So there is a result at any moment,
// also while the workers, whose own result nobody else may read, are in the middle
// of something.
type witness struct {
	mu       sync.Mutex
	result   Result
	letters  map[plan.ServiceUID]LOAResult // nil when none are wanted
	statuses map[plan.ServiceUID]plan.Status
	sent     bool // an order was

	turn chan struct{} // held by whoever hands an event on
	sink func(Event)
	over bool // no event is handed on any more
}

func newWitness(d Draft, o Options) *witness {
	w := &witness{
		result:   blank(d, o.Identity, o.Recovered),
		statuses: map[plan.ServiceUID]plan.Status{}, sink: o.Sink, turn: make(chan struct{}, 1),
	}
	if w.sink == nil {
		w.sink = func(Event) {}
	}
	for _, s := range d.Observed.Services {
		w.statuses[s.UID] = s.Status
	}
	if o.LOAs == nil {
		return w
	}
	w.letters = map[plan.ServiceUID]LOAResult{}
	for uid, row := range keptLetters(o.LOAs) {
		w.letters[uid] = LOAResult{UID: uid, File: o.LOAs.Path(row), Kept: true, FetchedAt: row.FetchedAt}
	}
	return w
}

// blank is the result of a run that has not done anything yet.
func blank(d Draft, id Identity, recovered []Recovered) Result {
	return Result{
		FormatVersion: ResultVersion, Identity: id, StartedAt: time.Now().UTC(), Actions: (&run{draft: d}).initial(),
		Recovered: slices.Clone(recovered), Audit: []AuditFinding{},
	}
}

// NotRun is the result of a run that did not begin, because of e: nothing was sent.
// The draft may be empty when the run did not come that far.
func NotRun(d Draft, id Identity, started time.Time, recovered []Recovered, code int, e RunError) Result {
	r := blank(d, id, recovered)
	r.fold(false)
	r.StartedAt, r.FinishedAt, r.ExitCode, r.Error = started.UTC(), time.Now().UTC(), code, &e
	return r
}

// Event takes an event in and hands it on.
func (w *witness) Event(e Event) {
	w.mu.Lock()
	w.take(e)
	w.mu.Unlock()
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	if !w.over {
		w.sink(e)
	}
}

// The reasons of what is in flight when a run ends at once.
const (
	stoppedOrder  = "stopped before an answer came; the order may have been carried out"
	stoppedChange = "stopped before an answer came; the change may have been made"
)

func (w *witness) take(e Event) {
	switch e := e.(type) {
	case OrderStarted:
		w.sent = true
		if a := w.order(e.Name); a != nil {
			a.Outcome, a.Error = Unknown, &Failure{Message: stoppedOrder}
		}
	case OrderFinished:
		w.orderFinished(e)
	case ChangeStarted:
		if a := w.change(e.Kind, e.Name); a != nil {
			a.Error = &Failure{Message: stoppedChange}
			if a.Outcome != Bought {
				a.Outcome = Failed
			}
		}
	case ChangeFinished:
		w.changeFinished(e)
	case OrderRecovered:
		w.result.Recovered = append(w.result.Recovered, e.Recovered)
	case PortStatus:
		w.statuses[e.UID] = e.Status
	case LOASaved:
		w.letter(LOAResult{UID: e.UID, File: e.Path, FetchedAt: time.Now().UTC().Truncate(time.Second)})
	case LOAFailed:
		w.letter(LOAResult{UID: e.UID, Error: failureOf(e.Err)})
	}
}

func (w *witness) letter(l LOAResult) {
	if w.letters != nil {
		w.letters[l.UID] = l
	}
}

func (w *witness) orderFinished(e OrderFinished) {
	a := w.order(e.Name)
	if a == nil {
		return
	}
	a.Outcome, a.Error, a.FoundBy = e.Outcome, e.Failure, e.FoundBy
	for _, uid := range e.UIDs {
		if !slices.Contains(a.UIDs, uid) {
			a.UIDs, a.New = append(a.UIDs, uid), append(a.New, uid)
		}
	}
}

func (w *witness) changeFinished(e ChangeFinished) {
	a := w.change(e.Kind, e.Name)
	if a == nil {
		return
	}
	a.Error, a.Cancelled = e.Failure, e.Cancelled
	if a.Outcome != Bought {
		a.Outcome = e.Outcome
	}
}

// order is the action that has an order of a name; nil for none. An entry that
// says absent may have the same name.
func (w *witness) order(name string) *ActionResult {
	return w.find(func(a ActionResult) bool { return a.Name == name && a.Kind != plan.Cancel })
}

func (w *witness) change(kind plan.Kind, name string) *ActionResult {
	return w.find(func(a ActionResult) bool { return a.Name == name && a.Kind == kind })
}

func (w *witness) find(fits func(ActionResult) bool) *ActionResult {
	if i := slices.IndexFunc(w.result.Actions, fits); i >= 0 {
		return &w.result.Actions[i]
	}
	return nil
}

// snapshot is the result as it stands now.
func (w *witness) snapshot() Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.result
	r.Actions = slices.Clone(r.Actions)
	r.Recovered = slices.Clone(r.Recovered)
	for i := range r.Actions {
		w.ports(&r.Actions[i])
	}
	if w.sent {
		r.Audit = []AuditFinding{{Kind: auditNotDone, Text: "the run ended before the account was listed again; `portctl plan` looks again"}}
	}
	r.fold(false)
	r.FinishedAt = time.Now().UTC()
	return r
}

func (w *witness) ports(a *ActionResult) {
	if a.Kind == plan.Cancel || a.Kind == plan.Excluded {
		return
	}
	a.UIDs, a.New = slices.Clone(a.UIDs), slices.Clone(a.New)
	a.Ports, a.LOAs = []PortResult{}, []LOAResult{}
	for _, uid := range a.UIDs {
		a.Ports = append(a.Ports, PortResult{UID: uid, Status: w.statuses[uid], Ready: w.statuses[uid].Ready()})
		if l, ok := w.letters[uid]; ok {
			a.LOAs = append(a.LOAs, l)
		} else if w.letters != nil {
			a.LOAs = append(a.LOAs, LOAResult{UID: uid, Error: &Failure{Message: "stopped before it was fetched"}})
		}
	}
}

// stopped ends the run for everybody who watches it and returns the result. A
// watcher that hangs does not keep it from being written.
func (w *witness) stopped() Result {
	r := w.snapshot()
	r.Interrupted, r.ExitCode = true, ExitStopped
	w.tell(r)
	return r
}

// broken is the result of a run that panicked.
func (w *witness) broken(err error) Result {
	r := w.snapshot()
	r.Error = &RunError{Message: err.Error()}
	if r.ExitCode != ExitUnknown {
		r.ExitCode = ExitPartly
	}
	w.tell(r)
	return r
}

// lastWord is how long the watchers have to take the last event in.
const lastWord = 500 * time.Millisecond

func (w *witness) tell(r Result) {
	told := make(chan struct{})
	go func() {
		defer close(told)
		w.turn <- struct{}{}
		defer func() { <-w.turn }()
		w.over = true
		w.sink(RunFinished{r})
	}()
	select {
	case <-told:
	case <-time.After(lastWord):
	}
}
