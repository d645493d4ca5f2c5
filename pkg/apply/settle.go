package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/safe"
	"github.com/portctl/portctl/pkg/plan"
)

// settlement is what follows the orders: look up what has no answer, wait for
// provisioning, fetch LOAs. Waiting and LOAs begin while orders still go
// out; then it knows only what it is told over bought, because actions, claims
// and results belong to the workers until the last of them is done.
type settlement struct {
	*run
	*waiter
	bought chan purchase
	bound  bool          // the ledger knows whose account it is
	idle   chan struct{} // closed when nothing is done in the background any more
}

// purchase tells of services that were bought.
type purchase struct {
	action int
	// before is how many services the action had, for the members' numbers.
	before int
	uids   []plan.ServiceUID
}

// startSettling begins with what is there already, in the background.
func (r *run) startSettling(ctx context.Context) *settlement {
	s := &settlement{
		run: r, waiter: newWaiter(ctx, r.Account, r.LOAs, parallelism(r.Parallelism)),
		bought: make(chan purchase, len(r.draft.Plan.Actions)), idle: make(chan struct{}), bound: r.draft.Observed.Owner.Company() != "",
	}
	s.waiter.emit, s.waiter.started, s.waiter.catalog, s.waiter.kept = r.emit, r.started, r.draft.Catalog, r.kept
	if r.Wait <= 0 {
		s.give()
	}
	r.purchased = s.bought
	s.addPorts()
	go func() {
		defer close(s.idle)
		err := safe.Do(func() error {
			s.see(r.draft.Observed.Services, false)
			s.whileOrdering()
			return nil
		})
		if err != nil {
			r.emit(ListingFailed{err}) // the orders go on, and settle looks at everything once more
		}
	}()
	return s
}

// whileOrdering waits for what is bought already while other orders go out.
func (s *settlement) whileOrdering() {
	every := firstPoll
	for {
		var tick <-chan time.Time
		if s.unready() && !s.over() {
			tick = time.After(every)
		}
		select {
		case p, more := <-s.bought:
			if !more {
				return
			}
			for i, uid := range p.uids {
				s.add(s.newPort(p.action, p.before+i, uid))
			}
		case <-tick:
			if observed, err := s.Account.Observe(s.ctx); err == nil {
				s.see(observed.Services, true)
			} // a listing that fails is no news while there is more to do than to wait
			every = longer(every)
		}
	}
}

// ordersDone ends the work in the background: from here on everything is ours.
func (s *settlement) ordersDone() {
	s.purchased = nil
	close(s.bought)
	<-s.idle
}

// settle waits until the ports are provisioned and every order is found.
func (s *settlement) settle() {
	stop := s.begin(s.Wait)
	defer stop()
	s.addPorts()
	s.watch()
	services := s.latest
	if services == nil {
		services = s.draft.Observed.Services
	}
	s.waiter.close(services)
	s.note()
}

// addPorts takes in the ports of the result that are not looked after yet.
func (s *settlement) addPorts() {
	for i, a := range s.result.Actions {
		if a.Kind == plan.Cancel || a.Kind == plan.Excluded {
			continue
		}
		for n, uid := range a.UIDs {
			s.add(s.newPort(i, n, uid))
		}
	}
}

// newPort is the port of an action's nth service, from 0.
func (s *settlement) newPort(action, n int, uid plan.ServiceUID) *port {
	a := s.draft.Plan.Actions[action]
	p := &port{action: action, name: a.Name, uid: uid}
	if a.Service == nil || !slices.Contains(a.Service.Members, uid) {
		p.unverified = a.Order
	}
	if a.Entry.LAG > 0 {
		p.member = n + 1
	}
	return p
}

// watch lists the account until nothing is left to wait for. Whatever was ordered
// is looked for once at least.
func (s *settlement) watch() {
	every := firstPoll
	for looks := 0; s.waiting(looks); looks++ {
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(s.pause(every)):
		}
		s.tick()
		every = longer(every)
	}
}

// waiting says that another look could bring something new.
func (s *settlement) waiting(looks int) bool {
	if len(s.orders) > 0 && looks == 0 {
		return true
	}
	if !s.over() && s.unready() {
		return true
	}
	return slices.ContainsFunc(s.orders, func(o *order) bool { return s.searching(o) })
}

// searching says that an order is to be looked for still: one without an answer
// until its lookup timeout, one whose services are not listed yet as long as the run
// waits.
func (s *settlement) searching(o *order) bool {
	switch {
	case o.claim.State.Closed(), o.last.split:
		return false
	case unconfirmed(o.claim):
		return s.lookTime(o) > 0
	default:
		return !s.over() && o.claim.State == ledger.Bought
	}
}

// unconfirmed says that it is not known whether an order was carried out.
func unconfirmed(c ledger.Open) bool { return c.State.Doubtful() || c.State == ledger.TurnedAway }

// lookTime is how long an order is looked for still.
func (r *run) lookTime(o *order) time.Duration {
	return r.LookupTimeout - r.Ledger.Now().Sub(o.claim.QuietSince(r.Ledger.Now()))
}

// pause is the interval, cut so that there is a last look when the waiting time
// is up, and one at each lookup timeout.
func (s *settlement) pause(every time.Duration) time.Duration {
	if left := time.Until(s.deadline); left > 0 {
		every = min(every, left)
	}
	for _, o := range s.orders {
		if left := s.lookTime(o); unconfirmed(o.claim) && left > 0 {
			every = min(every, left)
		}
	}
	return every
}

// tick is one look at the account.
func (s *settlement) tick() {
	begun := s.Ledger.Now()
	observed, err := s.Account.Observe(s.ctx)
	switch {
	case s.ctx.Err() != nil:
		return
	case err != nil:
		s.blind = err
		s.run.emit(ListingFailed{err})
		return
	}
	s.blind = nil
	s.latest = observed.Services
	if !s.bound && observed.Owner.Company() != "" { // a first purchase shows whose account it is
		if err := s.Ledger.Bind(s.ctx, observed.Owner, s.SameAccount); err != nil {
			s.run.emit(LedgerFailed{Err: err})
		}
		s.bound = true
	}
	s.lookUp(observed, begun)
	s.addPorts()
	s.see(observed.Services, true)
}

// lookUp finds out how far the orders of this run have come, in a listing and when
// it was asked for.
func (s *settlement) lookUp(observed plan.Observed, begun time.Time) {
	approvals := Approvals{Unknown: "they were not asked for"}
	if slices.ContainsFunc(s.orders, func(o *order) bool { return unconfirmed(o.claim) }) {
		var err error
		if approvals, err = s.Account.Approvals(s.ctx); err != nil {
			s.run.emit(ListingFailed{err})
			return
		}
	}
	look := s.look(observed, approvals, begun)
	for _, o := range s.orders {
		if o.claim.State.Closed() || o.claim.State == ledger.Bought && !allListed(o.claim.UIDs, observed.Services) {
			continue
		}
		if f := look.find(s.ctx, o.claim); f.news() && s.ctx.Err() == nil {
			s.found(o, f)
		} else {
			o.last = f
		}
	}
}

func allListed(uids []plan.ServiceUID, services []plan.Service) bool {
	return !slices.ContainsFunc(uids, func(u plan.ServiceUID) bool {
		return !slices.ContainsFunc(services, func(s plan.Service) bool { return s.UID == u })
	})
}

// found records what was learnt of an order, and what that makes of the result.
func (s *settlement) found(o *order, f finding) {
	before := o.claim
	claim, err := s.Ledger.Record(context.WithoutCancel(s.ctx), o.claim, f.record)
	if err != nil {
		s.run.emit(LedgerFailed{o.claim.Name, err})
		return
	}
	o.claim, o.last = claim, finding{open: claim, split: f.split, evidence: f.evidence}
	if claim.State != f.record.State {
		return // somebody else wrote something: the next look goes by that
	}
	if f.rewritten {
		s.noticeRewritten(claim)
	}
	switch {
	case o.earlier:
		s.recovered(o, f)
	case before.State == ledger.Bought && claim.State == ledger.Delivered:
		s.verified(claim.UIDs)
	default:
		s.changed(o, f)
	}
}

// noticeRewritten says once that the API does not keep names and tags as they were
// ordered.
func (s *settlement) noticeRewritten(claim ledger.Open) {
	first, err := s.Ledger.Notice(context.WithoutCancel(s.ctx), ledger.NoticeRewritten)
	if err == nil && first {
		s.result.Audit = append(s.result.Audit, AuditFinding{claim.Name, auditRewritten, fmt.Sprintf("service %s has another name than was ordered, and no tags: it was known by its place, speed and age alone", plan.JoinUIDs(claim.UIDs))})
	}
}

// changed enters into the result what has become of an order of this run since its
// answer.
func (s *settlement) changed(o *order, f finding) {
	res := &s.result.Actions[o.action]
	p := purchaseOf(f)
	if p.Outcome == NotProcessed && res.Error != nil {
		p.Failure = res.Error // the answer says more, and has a trace id
	}
	res.Outcome, res.Error, res.FoundBy = p.Outcome, p.Failure, p.FoundBy
	for _, uid := range slices.Clone(res.New) {
		replaced := p.Outcome == Bought && !slices.Contains(o.claim.UIDs, uid)
		if replaced || slices.Contains(f.record.Refuted, uid) {
			res.UIDs, res.New = without(res.UIDs, uid), without(res.New, uid)
			s.drop(uid)
		}
	}
	for _, uid := range o.claim.UIDs {
		if p.Outcome == Bought && !slices.Contains(res.UIDs, uid) {
			res.UIDs, res.New = append(res.UIDs, uid), append(res.New, uid)
		}
	}
	if p.Outcome == Bought {
		s.addPorts()
		s.verified(o.claim.UIDs)
	}
	s.run.emit(OrderFinished{Name: res.Name, Outcome: res.Outcome, UIDs: res.New, Price: *res.Price, Failure: res.Error, FoundBy: res.FoundBy})
}

func without(uids []plan.ServiceUID, uid plan.ServiceUID) []plan.ServiceUID {
	return slices.DeleteFunc(slices.Clone(uids), func(u plan.ServiceUID) bool { return u == uid })
}

// earlierDoubts are the orders of earlier runs, killed perhaps a moment ago, that
// are still within their lookup timeout: they are looked for like those of this run.
func (r *run) earlierDoubts() []*order {
	var out []*order
	for _, f := range r.draft.findings {
		o := &order{claim: f.open, earlier: true}
		if !unconfirmed(f.open) || r.lookTime(o) <= 0 {
			continue
		}
		i := slices.IndexFunc(r.draft.Plan.Actions, func(a plan.Action) bool {
			return a.Kind == plan.Unknown && a.Reason.Code != plan.ReasonDoubtNearby && r.waitsFor(a, f.open)
		})
		if i >= 0 {
			o.action = i
			out = append(out, o)
		}
	}
	return out
}

// waitsFor says that an action is held back by a claim of its name or of its
// entry's former name.
func (r *run) waitsFor(a plan.Action, open ledger.Open) bool {
	same := func(name string) bool { return plan.FoldName(name) == plan.FoldName(open.Name) }
	return same(a.Name) || slices.ContainsFunc(r.draft.Desired.Ports, func(p plan.Port) bool {
		return p.Formerly != "" && same(p.Formerly) && plan.FoldName(p.Name) == plan.FoldName(a.Name)
	})
}

// recovered notes that it is known now what became of an order of an earlier run.
func (s *settlement) recovered(o *order, f finding) {
	res := &s.result.Actions[o.action]
	r := Recovered{o.claim.Name, o.claim.State, append([]plan.ServiceUID{}, o.claim.UIDs...), f.evidence}
	s.result.Recovered = append(s.result.Recovered, r)
	s.run.emit(OrderRecovered{r})
	p := purchaseOf(f)
	res.Outcome, res.Error, res.FoundBy = p.Outcome, p.Failure, p.FoundBy
	if p.Outcome == Bought {
		res.Outcome, res.UIDs = Existing, r.UIDs
	}
}

// drop forgets a port that turned out to be another's.
func (w *waiter) drop(uid plan.ServiceUID) {
	delete(w.known, uid)
	w.ports = slices.DeleteFunc(w.ports, func(p *port) bool { return p.uid == uid })
}

// verified notes that ports are known to be what was ordered.
func (w *waiter) verified(uids []plan.ServiceUID) {
	for _, p := range w.ports {
		if slices.Contains(uids, p.uid) {
			p.unverified = nil
		}
	}
}

// note enters into the result how far each port came.
func (s *settlement) note() {
	for _, p := range s.ports {
		a := &s.result.Actions[p.action]
		a.Ports = append(a.Ports, s.portResult(p))
		if s.LOAs != nil {
			a.LOAs = append(a.LOAs, p.letterResult())
		}
	}
}
