package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/safe"
	"github.com/portctl/portctl/pkg/plan"
)

// errStopped is why something was held back.
var errStopped = errors.New("interrupted before it was sent")

// changeAll sends all orders and updates, some at a time, and after them the
// cancellations. Of several growths the first goes alone, until the account shows
// that it became a part of its LAG: an API that makes new LAGs of growths (API facts
// §3.2) would do so with each.
func (r *run) changeAll(ctx context.Context) {
	var halted atomic.Bool // the ledger failed: no claim, no order
	growths := r.growths()
	change := func(i int, a plan.Action) {
		if a.Order != nil {
			r.record(i, r.buy(ctx, i, a, &halted))
		}
		if len(a.Changes) > 0 && (a.Order == nil || r.result.Actions[i].Outcome == Bought) {
			r.update(ctx, i, a)
		}
	}
	var grown error
	r.each(func(i int, a plan.Action) bool {
		return a.Kind == plan.Buy || a.Kind == plan.Update || len(growths) > 0 && i == growths[0]
	}, func(i int, a plan.Action) {
		change(i, a)
		if len(growths) > 1 && i == growths[0] {
			grown = r.awaitGrowth(ctx, i)
		}
	})
	r.each(func(i int, a plan.Action) bool { return slices.Contains(growths[min(1, len(growths)):], i) }, func(i int, a plan.Action) {
		if grown != nil {
			r.record(i, notSent(grown))
			return
		}
		change(i, a)
	})
	settled := r.ordersSettled()
	r.each(func(_ int, a plan.Action) bool { return a.Kind == plan.Cancel }, func(i int, a plan.Action) { r.cancel(ctx, i, a, settled) })
}

// growths lists the actions that grow a LAG.
func (r *run) growths() []int {
	var out []int
	for i, a := range r.draft.Plan.Actions {
		if a.Kind == plan.Grow {
			out = append(out, i)
		}
	}
	return out
}

// awaitGrowth waits until the account shows that a growth became a part of its LAG,
// as long as an order is looked for. Its error is why no other LAG is grown.
func (r *run) awaitGrowth(ctx context.Context, i int) error {
	uids, order := r.result.Actions[i].New, r.draft.Plan.Actions[i].Order
	if r.result.Actions[i].Outcome != Bought {
		return errors.New("not sent: the first growth of the run is not confirmed")
	}
	last := time.Now().Add(r.LookupTimeout)
	for every := firstPoll; ; every = longer(every) {
		if observed, err := r.Account.Observe(ctx); err == nil {
			members := slices.DeleteFunc(slices.Clone(observed.Services), func(s plan.Service) bool { return !slices.Contains(uids, s.UID) })
			conflict, late := lagOf(*order, members)
			switch {
			case conflict != "":
				return errors.New("not sent: the first growth of the run failed: " + conflict)
			case !late && len(members) == len(uids):
				return nil
			}
		}
		if time.Now().Add(every).After(last) {
			return fmt.Errorf("not sent: the account does not show within %s that the first growth of the run became a part of its LAG", r.LookupTimeout)
		}
		select {
		case <-ctx.Done():
			return errStopped
		case <-time.After(every):
		}
	}
}

// each runs do for the actions that fit, some at a time. Each action has one
// worker, so workers may write to their own result.
func (r *run) each(fits func(int, plan.Action) bool, do func(int, plan.Action)) {
	var g errgroup.Group
	for i, a := range r.draft.Plan.Actions {
		if fits(i, a) {
			r.turns[i] = r.pace.enter()
			g.Go(func() error {
				defer r.pace.leave()
				if err := safe.Do(func() error { do(i, a); return nil }); err != nil {
					r.broken(i, err)
				}
				r.adapt(i, r.result.Actions[i].Outcome)
				return nil
			})
		}
	}
	_ = g.Wait() // the workers return no errors: a failure is a result
}

// broken notes that a worker panicked: an order may have been sent, so it is
// unconfirmed, and its claim says the same.
func (r *run) broken(i int, err error) {
	res := &r.result.Actions[i]
	res.Error = failureOf(err)
	if res.Outcome != Bought {
		res.Outcome = Unknown
	}
}

// adapt makes what follows slower or faster.
func (r *run) adapt(i int, o Outcome) {
	limit, changed := 0, false
	switch o {
	case NotProcessed:
		limit, changed = r.pace.slower(r.turns[i])
	case Bought:
		limit, changed = r.pace.faster()
	}
	if changed {
		r.emit(PaceChanged{limit})
	}
}

// record notes what became of one order.
func (r *run) record(i int, p Purchase) {
	res := &r.result.Actions[i]
	before := len(res.UIDs)
	res.Outcome, res.Error, res.FoundBy = p.Outcome, p.Failure, p.FoundBy
	res.UIDs = append(res.UIDs, p.UIDs...)
	res.New = append(res.New, p.UIDs...)
	r.emit(OrderFinished{Name: res.Name, Outcome: p.Outcome, UIDs: p.UIDs, Price: *res.Price, Failure: p.Failure, FoundBy: p.FoundBy})
	if p.Outcome == Bought {
		r.purchased <- purchase{i, before, p.UIDs}
	}
}

// buy carries one order out, unless something holds it back.
func (r *run) buy(ctx context.Context, i int, a plan.Action, halted *atomic.Bool) Purchase {
	if err := r.hold(ctx, halted); err != nil {
		return notSent(err)
	}
	r.emit(OrderStarted{a.Name})
	f, p := r.brake.started(), Purchase{Outcome: Unknown}
	defer func() { f.finished(p.Outcome) }() // also when something panics
	p = r.order(ctx, i, a, halted, f)
	if p.Outcome != Bought {
		r.failed.Add(1)
	}
	return p
}

// hold says why no new order is to be sent, if none is.
func (r *run) hold(ctx context.Context, halted *atomic.Bool) error {
	failed := int(r.failed.Load())
	switch {
	case ctx.Err() != nil:
		return errStopped
	case halted.Load():
		return errors.New("not sent: the ledger failed on an earlier order")
	case r.MaxFailures > 0 && failed >= r.MaxFailures:
		return fmt.Errorf("not sent: stopped after %d failed orders", failed)
	}
	return r.brake.holds()
}

// order is the purchase protocol for one order: claim, send, record. The answer
// to an order is recorded whatever it is; when that fails the claim stays as it
// is, an unconfirmed order that the next run looks up. An interruption cuts neither
// the claim nor the order: half a claim would read as an order on its way.
func (r *run) order(ctx context.Context, i int, a plan.Action, halted *atomic.Bool, f *flight) Purchase {
	begun := time.Now()
	claim, err := r.claim(context.WithoutCancel(ctx), a)
	if err != nil {
		var taken *ledger.TakenError
		if !errors.As(err, &taken) {
			halted.Store(true)
			r.emit(LedgerFailed{a.Name, err})
		}
		return notSent(err)
	}
	p, claim, err := r.send(ctx, i, a, claim, f, begun)
	if err != nil {
		halted.Store(true)
		r.emit(LedgerFailed{a.Name, err})
	}
	if !claim.State.Closed() {
		r.ordersMu.Lock()
		r.orders = append(r.orders, &order{action: i, claim: claim})
		r.ordersMu.Unlock()
	}
	return p
}

// sendWithin is how long after its last record an order may be sent. One that waited
// longer, or whose machine slept, gets a new record first: somebody may have called it
// not created meanwhile. With the time of an order on its way it makes up
// ledger.OrderDeadline.
const sendWithin = time.Minute

// send sends the order of a claim that is as old as begun, and records the answer. An
// order that was turned away is sent again when the account does not show it.
func (r *run) send(ctx context.Context, i int, a plan.Action, claim ledger.Open, f *flight, begun time.Time) (Purchase, ledger.Open, error) {
	detached := context.WithoutCancel(ctx)
	for first := time.Now(); ; begun = time.Now() {
		p := notSent(errStopped)
		if ctx.Err() == nil {
			p = r.Account.Buy(detached, *a.Order, claim.ID, begun.Add(sendWithin))
		}
		again := ctx.Err() == nil && time.Since(first) < turnedAwayFor
		var err error
		if !p.Late || !again {
			claim, err = r.recordClaim(detached, claim, p)
			if err != nil || p.Outcome != NotProcessed || claim.State != ledger.TurnedAway || !again {
				return p, claim, err
			}
			f.turnedAway()
			r.adapt(i, NotProcessed)
			if found := r.lookAgain(ctx, &claim, &p); found {
				return p, claim, nil
			}
		}
		if claim, err = r.Ledger.Resend(detached, claim); err != nil {
			p.Failure = failureOf(err)
			return p, claim, nil
		}
		f.sentAgain()
	}
}

// turnedAwayFor is how long an order is sent again that the API turns away each time.
const turnedAwayFor = 15 * time.Minute

// claim makes the intent durable.
func (r *run) claim(ctx context.Context, a plan.Action) (ledger.Open, error) {
	in := ledger.Intent{
		Inventory: r.draft.Desired.Inventory, Order: *a.Order, Price: *a.Price,
		Earlier: r.draft.earlier[plan.FoldName(a.Order.Name)], Approvals: r.draft.approvals.before(*a.Order),
	}
	for _, s := range r.services {
		same := s.Location == a.Order.Location && s.Speed == a.Order.Speed
		if same || plan.FoldName(s.Name) == plan.FoldName(a.Order.Name) { // none of these can be the order's
			in.Listed = append(in.Listed, s.UID)
		}
	}
	slices.Sort(in.Listed)
	return r.Ledger.Claim(ctx, r.draft.Claims, in)
}

// before lists the approvals that could be taken for that of an order and that are
// there before it; nil when they are not known: who may not see them (403) does not
// know of those that another key sees.
func (l Approvals) before(o plan.Order) []string {
	if l.Unknown != "" || l.Absent {
		return nil
	}
	uids := []string{}
	for _, a := range l.List {
		if a.orders(o.Name, o.Location, o.Speed) {
			uids = append(uids, a.UID)
		}
	}
	return uids
}

// recordedStates is what to record of an order's outcome.
var recordedStates = map[Outcome]ledger.State{
	Bought: ledger.Bought, Refused: ledger.Refused, NotSent: ledger.NotSent, NotProcessed: ledger.TurnedAway,
}

// recordClaim writes down what is known of an order.
func (r *run) recordClaim(ctx context.Context, claim ledger.Open, p Purchase) (ledger.Open, error) {
	rec := ledger.Record{State: ledger.Unknown, UIDs: p.UIDs, Cause: "the API named the services"}
	if p.Failure != nil {
		rec.Cause, rec.Status, rec.TraceID = p.Failure.Message, p.Failure.Status, p.Failure.TraceID
	}
	if s, known := recordedStates[p.Outcome]; known {
		rec.State = s
	}
	return r.Ledger.Record(ctx, claim, rec)
}

func notSent(err error) Purchase {
	return Purchase{Outcome: NotSent, Failure: &Failure{Message: err.Error()}}
}

// ordersSettled says that the outcome of every order is known: only then is
// anything cancelled.
func (r *run) ordersSettled() bool {
	return !slices.ContainsFunc(r.result.Actions, func(a ActionResult) bool {
		ordered := a.Kind == plan.Buy || a.Kind == plan.Grow
		return a.Outcome == Unknown || ordered && a.Outcome != Bought
	})
}

// finishChange notes what became of an update or a cancellation.
func (r *run) finishChange(i int, o Outcome, err error) {
	res := &r.result.Actions[i]
	if err != nil {
		res.Error = failureOf(err)
	}
	if res.Outcome != Bought { // what was bought stays bought, with the error beside it
		res.Outcome = o
	}
	r.emit(ChangeFinished{res.Kind, res.Name, o, res.Error, res.Cancelled})
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

// update makes the changes of an action on every member.
func (r *run) update(ctx context.Context, i int, a plan.Action) {
	if ctx.Err() != nil {
		r.finishChange(i, Failed, errStopped)
		return
	}
	r.emit(ChangeStarted{a.Kind, a.Name})
	for _, uid := range r.result.Actions[i].UIDs {
		changes := changesOf(a.Changes, uid)
		if slices.Contains(r.result.Actions[i].New, uid) {
			changes = onlyLock(changes) // the order said everything else
		}
		if len(changes) == 0 {
			continue
		}
		if err := r.refuted(ctx, i, uid); err != nil {
			r.finishChange(i, Failed, err)
			return
		}
		if err := r.updateOne(context.WithoutCancel(ctx), r.service(uid), changes); err != nil {
			r.finishChange(i, Failed, fmt.Errorf("service %s: %w", uid, err))
			return
		}
	}
	r.finishChange(i, Updated, nil)
}

// refuted is why a service that the answer to an action's order named is not to be
// changed: it is another's, as far as can be told so soon.
func (r *run) refuted(ctx context.Context, i int, uid plan.ServiceUID) error {
	if !slices.Contains(r.result.Actions[i].New, uid) {
		return nil
	}
	s, there := r.services[uid]
	if !there {
		var err error
		if s, there, err = r.Account.Service(ctx, uid); err != nil || !there {
			return nil // it is new: the listing may lack it, too
		}
	}
	look := r.look(plan.Observed{}, Approvals{}, time.Time{})
	for _, c := range look.claims {
		if !slices.Contains(c.UIDs, uid) || plan.FoldName(c.Name) != plan.FoldName(r.draft.Plan.Actions[i].Order.Name) {
			continue
		}
		if v := look.verify(ctx, c, s); v.against != "" {
			return errors.New("not changed: " + v.against)
		}
	}
	return nil
}

// service is a port as it was listed before the run, or as good as nothing is
// known of one that the run bought.
func (r *run) service(uid plan.ServiceUID) plan.Service {
	if s, ok := r.services[uid]; ok {
		return s
	}
	return plan.Service{UID: uid}
}

// changesOf are the changes that a member needs.
func changesOf(changes []plan.Change, uid plan.ServiceUID) []plan.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c plan.Change) bool { return c.UID != "" && c.UID != uid })
}

func onlyLock(changes []plan.Change) []plan.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c plan.Change) bool { return c.Field != "locked" })
}

// updateOne changes one port. A locked one is unlocked for the change and locked
// again whatever happens in between.
func (r *run) updateOne(ctx context.Context, s plan.Service, changes []plan.Change) (err error) {
	u, tags, lock := fields(s, changes)
	locked := s.Locked
	if locked && (u != nil || tags != nil) {
		if err := r.Account.SetLock(ctx, s.UID, false); err != nil {
			return err
		}
		locked = false
	}
	want := cmp.Or(lock, strconv.FormatBool(s.Locked)) == "true"
	defer func() {
		if want != locked {
			err = errors.Join(err, r.Account.SetLock(ctx, s.UID, want))
		}
	}()
	if u != nil {
		if err := r.Account.Update(ctx, s.UID, *u); err != nil {
			return err
		}
	}
	if tags == nil {
		return nil
	}
	return r.mergeTags(ctx, s.UID, tags)
}

// fields sorts the changes by the call that makes them: an update of fields, a
// replacement of tags, a lock.
func fields(s plan.Service, changes []plan.Change) (u *Update, tags map[string]string, lock string) {
	change := func() *Update {
		if u == nil {
			u = &Update{CostCentre: s.CostCentre}
		}
		return u
	}
	for _, c := range changes {
		key, isTag := strings.CutPrefix(c.Field, "tags.")
		switch {
		case isTag:
			if tags == nil {
				tags = map[string]string{}
			}
			tags[key] = c.To
		case c.Field == "locked":
			lock = c.To
		case c.Field == "name":
			change().Name = c.To
		case c.Field == "costCentre":
			change().CostCentre = c.To
		case c.Field == "marketplaceVisibility":
			visible := c.To == "true"
			change().MarketplaceVisibility = &visible
		case c.Field == "term" && c.To == strconv.Itoa(s.Term): // a member that has it keeps its contract as it is
		case c.Field == "term":
			change().Term, _ = strconv.Atoi(c.To) // written by plan from a number
		}
	}
	return u, tags, lock
}

// mergeTags sets some tags and keeps all others, as they are now: replacing is
// all the API can do.
func (r *run) mergeTags(ctx context.Context, uid plan.ServiceUID, tags map[string]string) error {
	now, err := r.Account.Tags(ctx, uid)
	if err != nil {
		return err
	}
	merged := maps.Clone(now)
	if merged == nil {
		merged = map[string]string{}
	}
	maps.Copy(merged, tags)
	if maps.Equal(now, merged) {
		return nil
	}
	return r.Account.SetTags(ctx, uid, merged)
}

// cancel terminates every member of a service, the one first that is most likely to
// be refused: what is left then is whole.
func (r *run) cancel(ctx context.Context, i int, a plan.Action, settled bool) {
	if !settled {
		r.finishChange(i, NotSent, errors.New("held back: nothing is cancelled before every order is confirmed"))
		return
	}
	r.emit(ChangeStarted{a.Kind, a.Name})
	members, err := r.readyToCancel(ctx, a)
	if err == nil {
		err = r.Ledger.NoteCancel(context.WithoutCancel(ctx), a.Name, a.Service.Members)
	}
	if err != nil {
		r.finishChange(i, NotSent, err)
		return
	}
	for _, s := range members {
		err := ctx.Err()
		if err != nil {
			err = errStopped
		} else if err = r.cancelOne(context.WithoutCancel(ctx), s); err != nil {
			err = fmt.Errorf("service %s: %w", s.UID, err)
		}
		if err != nil {
			r.finishChange(i, Failed, err)
			return
		}
		res := &r.result.Actions[i]
		res.Cancelled = append(res.Cancelled, CancelledService{s.UID, r.draft.Observed.Charges[s.UID]})
	}
	r.finishChange(i, Cancelled, nil)
}

// readyToCancel reads the members of a service that are still to be ended. One with
// VXCs stops the cancellation of all.
func (r *run) readyToCancel(ctx context.Context, a plan.Action) ([]plan.Service, error) {
	var members []plan.Service
	for _, uid := range a.Service.Members {
		if ctx.Err() != nil {
			return nil, errStopped
		}
		s, found, err := r.Account.Service(ctx, uid)
		switch {
		case err != nil:
			return nil, fmt.Errorf("service %s cannot be read, so nothing is cancelled: %w", uid, err)
		case !found, s.Status.Terminated():
			continue
		case s.VXCs > 0:
			return nil, fmt.Errorf("%d VXCs end on service %s, so nothing is cancelled", s.VXCs, uid)
		}
		members = append(members, s)
	}
	return members, nil
}

func (r *run) cancelOne(ctx context.Context, s plan.Service) error {
	if s.Locked {
		if err := r.Account.SetLock(ctx, s.UID, false); err != nil {
			return err
		}
	}
	err := r.Account.Cancel(ctx, s.UID)
	if err != nil && s.Locked {
		return errors.Join(err, r.Account.SetLock(ctx, s.UID, true))
	}
	return err
}
