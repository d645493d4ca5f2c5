package apply

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/plan"
)

// port is one port that the run looks after, from its order to its letter.
type port struct {
	action int
	name   string
	member int // from 1 within a LAG; 0 for a single port
	uid    plan.ServiceUID
	seen   plan.Service // as last listed
	listed bool
	letter *LOAResult
}

// done says that waiting longer changes nothing.
func (p *port) done() bool {
	return p.listed && (p.seen.Status.Ready() || p.seen.Status.Unhealthy() || p.seen.Status.Terminated())
}

// settlement is what is left to do once all orders are sent: look up what has no
// answer, wait for provisioning, fetch letters.
type settlement struct {
	*run
	ports   []*port
	known   map[plan.ServiceUID]bool // the UIDs of ports
	kept    map[plan.ServiceUID]loa.Row
	letters errgroup.Group
	slots   chan struct{}
	// ctx ends with an interruption, budget also when the waiting time is up.
	ctx, budget context.Context
}

// settle waits until the ports are provisioned and every order is found, with
// one listing a tick for all of them, and fetches each letter as soon as its
// port is ready.
func (r *run) settle(ctx context.Context) {
	budget, cancel := context.WithTimeout(ctx, r.Wait)
	defer cancel()
	s := &settlement{run: r, known: map[plan.ServiceUID]bool{}, kept: r.keptLetters(), slots: make(chan struct{}, parallelism(r.Parallelism)), ctx: ctx, budget: budget}
	s.addPorts()
	s.see(r.draft.Observed.Services)
	s.poll()
	_ = s.letters.Wait() // a missing letter is a result, not an error
	s.note()
}

// addPorts takes in the ports of the result that are not looked after yet.
func (s *settlement) addPorts() {
	for i, a := range s.result.Actions {
		if a.Kind == plan.Cancel || a.Kind == plan.Excluded {
			continue
		}
		for n, uid := range a.UIDs {
			if s.known[uid] {
				continue
			}
			s.known[uid] = true
			p := &port{action: i, name: a.Name, uid: uid}
			if s.draft.Plan.Actions[i].Entry.LAG > 0 {
				p.member = n + 1
			}
			s.ports = append(s.ports, p)
		}
	}
}

func (r *run) keptLetters() map[plan.ServiceUID]loa.Row {
	if r.LOAs == nil {
		return nil
	}
	kept, err := r.LOAs.Kept()
	if err != nil {
		return nil // each letter is fetched again, and saving it says what is wrong
	}
	return kept
}

// The first interval between two looks at the account, and the longest.
const (
	firstPoll   = 500 * time.Millisecond
	longestPoll = 30 * time.Second
)

// poll lists the account until nothing is left to wait for. The interval grows,
// because a port that is not ready in a minute is not ready in the next second
// either. Whatever was ordered is looked for once at least.
func (s *settlement) poll() {
	every := firstPoll
	for looks := 0; s.waiting(looks); looks++ {
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(s.pause(every)):
		}
		s.tick()
		every = min(every*5/4, longestPoll)
	}
}

// waiting says that another look could bring something new.
func (s *settlement) waiting(looks int) bool {
	if len(s.orders) > 0 && looks == 0 {
		return true
	}
	if s.budget.Err() == nil && slices.ContainsFunc(s.ports, func(p *port) bool { return !p.done() }) {
		return true
	}
	return slices.ContainsFunc(s.orders, func(o *order) bool { return s.searching(o) })
}

// searching says that an order is to be looked for still: one without an answer
// until its horizon, one whose services are not listed yet as long as the run
// waits.
func (s *settlement) searching(o *order) bool {
	switch {
	case o.claim.State.Closed():
		return false
	case o.claim.State.Doubtful():
		return time.Since(o.claim.Time) < s.Horizon
	default:
		return s.budget.Err() == nil && o.claim.State == ledger.Bought
	}
}

// pause is the interval, cut so that there is a last look when the waiting time
// is up, and one at each horizon.
func (s *settlement) pause(every time.Duration) time.Duration {
	if end, ok := s.budget.Deadline(); ok && time.Until(end) > 0 {
		every = min(every, time.Until(end))
	}
	for _, o := range s.orders {
		if left := s.Horizon - time.Since(o.claim.Time); o.claim.State.Doubtful() && left > 0 {
			every = min(every, left)
		}
	}
	return every
}

// tick is one look at the account.
func (s *settlement) tick() {
	observed, err := s.Account.Observe(s.ctx)
	switch {
	case s.ctx.Err() != nil:
		return
	case err != nil:
		s.emit(ListingFailed{err})
		return
	}
	s.latest = observed.Services
	s.lookUp(observed.Services)
	s.addPorts()
	s.see(observed.Services)
}

// lookUp finds out how far the orders of this run have come.
func (s *settlement) lookUp(services []plan.Service) {
	var approvals []Approval
	if slices.ContainsFunc(s.orders, func(o *order) bool { return o.claim.State.Doubtful() }) {
		var err error
		if approvals, err = s.Account.Approvals(s.ctx); err != nil {
			s.emit(ListingFailed{err})
			return
		}
	}
	for _, o := range s.orders {
		if o.claim.State.Closed() || o.claim.State == ledger.Bought && !allListed(o.claim.UIDs, services) {
			continue
		}
		f, err := find(s.ctx, s.Account, o.claim, services, approvals)
		if err != nil {
			s.emit(ListingFailed{err})
			continue
		}
		if f.news() {
			s.found(o, f)
		}
	}
}

func allListed(uids []plan.ServiceUID, services []plan.Service) bool {
	return !slices.ContainsFunc(uids, func(u plan.ServiceUID) bool {
		return !slices.ContainsFunc(services, func(s plan.Service) bool { return s.UID == u })
	})
}

// found records what was learnt of an order, and turns a doubt into a purchase.
func (s *settlement) found(o *order, f finding) {
	doubtful := o.claim.State.Doubtful()
	claim, err := s.Ledger.Record(context.WithoutCancel(s.ctx), o.claim, ledger.Record{State: f.state, UIDs: f.uids, Cause: f.cause})
	if err != nil {
		s.emit(LedgerFailed{o.claim.Name, err})
		return
	}
	o.claim = claim
	if !doubtful {
		return
	}
	res := &s.result.Actions[o.action]
	switch claim.State {
	case ledger.Delivered:
		res.Outcome, res.Error, res.FoundBy = Bought, nil, f.cause
	case ledger.Approval:
		res.Outcome, res.Error = Queued, &Failure{Message: f.cause}
	}
	for _, uid := range claim.UIDs {
		if !slices.Contains(res.UIDs, uid) {
			res.UIDs, res.New = append(res.UIDs, uid), append(res.New, uid)
		}
	}
	s.emit(OrderFinished{Name: res.Name, Outcome: res.Outcome, UIDs: res.New, Price: *res.Price, Failure: res.Error, FoundBy: res.FoundBy})
}

// see takes a listing in: what is new is announced, and what became ready gets
// its letter.
func (s *settlement) see(services []plan.Service) {
	byUID := make(map[plan.ServiceUID]plan.Service, len(services))
	for _, x := range services {
		byUID[x.UID] = x
	}
	for _, p := range s.ports {
		now, ok := byUID[p.uid]
		if !ok || p.done() {
			continue
		}
		news := !p.listed || now.Status != p.seen.Status
		p.seen, p.listed = now, true
		if news && s.result.Actions[p.action].Outcome != Existing {
			s.emit(PortStatus{p.name, p.uid, now.Status, time.Since(s.started)})
		}
		if now.Status.Ready() && s.LOAs != nil {
			s.fetch(p, now)
		}
	}
}

// fetch gets the letter of a port, unless it is there.
func (s *settlement) fetch(p *port, now plan.Service) {
	if row, ok := s.kept[p.uid]; ok {
		p.letter = &LOAResult{UID: p.uid, File: filepath.Join(s.LOAs.Dir(), row.File), Kept: true}
		return
	}
	s.letters.Go(func() error { p.letter = s.letter(p, now); return nil })
}

// letter fetches and saves one LOA: once at least, and again until there is one
// or the waiting time is up. It holds a slot only while it fetches, so that a
// letter that is late does not keep the others from being fetched.
func (s *settlement) letter(p *port, now plan.Service) *LOAResult {
	for pause := 500 * time.Millisecond; ; pause = min(pause*2, 15*time.Second) {
		s.slots <- struct{}{}
		path, err := s.fetchLetter(p, now)
		<-s.slots
		if err == nil {
			s.emit(LOASaved{p.name, p.uid, path})
			return &LOAResult{UID: p.uid, File: path}
		}
		select {
		case <-s.budget.Done():
			s.emit(LOAFailed{p.name, p.uid, err})
			return &LOAResult{UID: p.uid, Error: failureOf(err)}
		case <-time.After(pause):
		}
	}
}

func (s *settlement) fetchLetter(p *port, now plan.Service) (string, error) {
	pdf, err := s.Account.LOA(s.ctx, p.uid)
	if err != nil {
		return "", err
	}
	row := loa.Row{
		Name: now.Name, LocationID: now.Location, Speed: now.Speed, Zone: now.Zone, Member: p.member, UID: p.uid,
		Demarcation: now.Demarcation, Status: now.Status, FetchedAt: time.Now().UTC().Truncate(time.Second),
	}
	if l, ok := s.draft.Catalog.ByID(now.Location); ok {
		row.Site, row.Address = l.Name, l.Address
	}
	row, err = s.LOAs.Save(row, pdf)
	return filepath.Join(s.LOAs.Dir(), row.File), err
}

// note enters into the result how far each port came.
func (s *settlement) note() {
	for _, p := range s.ports {
		a := &s.result.Actions[p.action]
		a.Ports = append(a.Ports, PortResult{p.uid, p.seen.Status, p.listed && p.seen.Status.Ready()})
		switch {
		case p.letter != nil:
			a.LOAs = append(a.LOAs, *p.letter)
		case s.LOAs != nil:
			a.LOAs = append(a.LOAs, LOAResult{UID: p.uid, Error: &Failure{Message: p.whyNoLetter()}})
		}
	}
}

func (p *port) whyNoLetter() string {
	if !p.listed {
		return "the port is not listed yet"
	}
	return "the port is " + string(p.seen.Status)
}
