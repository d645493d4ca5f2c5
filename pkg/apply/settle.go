package apply

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

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

// settle waits until the ports are provisioned, with one listing a tick for all
// of them, and fetches each letter as soon as its port is ready.
func (r *run) settle(ctx context.Context) {
	ports := r.ports()
	kept := r.keptLetters()
	budget, cancel := context.WithTimeout(ctx, r.Wait)
	defer cancel()
	var letters errgroup.Group
	slots := make(chan struct{}, parallelism(r.Parallelism))
	ready := func(p *port) {
		if row, ok := kept[p.uid]; ok {
			p.letter = &LOAResult{UID: p.uid, File: filepath.Join(r.LOAs.Dir(), row.File), Kept: true}
			return
		}
		service := p.seen
		letters.Go(func() error { p.letter = r.letter(ctx, budget, slots, p, service); return nil })
	}
	r.see(ports, r.draft.Observed.Services, ready)
	r.poll(budget, ports, ready)
	_ = letters.Wait() // a missing letter is a result, not an error
	r.note(ports)
}

// ports lists what the run looks after: what it bought and what was there.
func (r *run) ports() []*port {
	var ports []*port
	for i, a := range r.result.Actions {
		for n, uid := range a.UIDs {
			p := &port{action: i, name: a.Name, uid: uid}
			if r.draft.Plan.Actions[i].Entry.LAG > 0 {
				p.member = n + 1
			}
			ports = append(ports, p)
		}
	}
	return ports
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

// poll lists the account until every port is done or the time is up. The
// interval grows, because a port that is not ready in a minute is not ready in
// the next second either.
func (r *run) poll(ctx context.Context, ports []*port, ready func(*port)) {
	every := cmp.Or(r.PollEvery, 500*time.Millisecond)
	for !allDone(ports) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
		observed, err := r.Account.Observe(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			r.emit(ListingFailed{err})
		default:
			r.see(ports, observed.Services, ready)
		}
		every = min(every*5/4, 30*time.Second)
	}
}

func allDone(ports []*port) bool {
	return !slices.ContainsFunc(ports, func(p *port) bool { return !p.done() })
}

// see takes a listing in: what is new is announced, and what became ready is
// handed on.
func (r *run) see(ports []*port, services []plan.Service, ready func(*port)) {
	byUID := make(map[plan.ServiceUID]plan.Service, len(services))
	for _, s := range services {
		byUID[s.UID] = s
	}
	for _, p := range ports {
		s, ok := byUID[p.uid]
		if !ok || p.done() {
			continue
		}
		news := !p.listed || s.Status != p.seen.Status
		p.seen, p.listed = s, true
		if news && r.result.Actions[p.action].Outcome != Existing {
			r.emit(PortStatus{p.name, p.uid, s.Status, time.Since(r.started)})
		}
		if s.Status.Ready() && r.LOAs != nil {
			ready(p)
		}
	}
}

// letter fetches and saves one LOA: once at least, and again until there is one
// or the budget is used up. It holds a slot only while it fetches, so that a
// letter that is late does not keep the others from being fetched.
func (r *run) letter(ctx, budget context.Context, slots chan struct{}, p *port, s plan.Service) *LOAResult {
	for pause := 500 * time.Millisecond; ; pause = min(pause*2, 15*time.Second) {
		slots <- struct{}{}
		path, err := r.fetchLetter(ctx, p, s)
		<-slots
		if err == nil {
			r.emit(LOASaved{p.name, p.uid, path})
			return &LOAResult{UID: p.uid, File: path}
		}
		select {
		case <-budget.Done():
			r.emit(LOAFailed{p.name, p.uid, err})
			return &LOAResult{UID: p.uid, Error: &Failure{Message: err.Error()}}
		case <-time.After(pause):
		}
	}
}

func (r *run) fetchLetter(ctx context.Context, p *port, s plan.Service) (string, error) {
	pdf, err := r.Account.LOA(ctx, p.uid)
	if err != nil {
		return "", err
	}
	row := loa.Row{
		Name: s.Name, LocationID: s.Location, Speed: s.Speed, Zone: s.Zone, Member: p.member, UID: p.uid,
		Demarcation: s.Demarcation, Status: s.Status, FetchedAt: time.Now().UTC().Truncate(time.Second),
	}
	if l, ok := r.draft.Catalog.ByID(s.Location); ok {
		row.Site, row.Address = l.Name, l.Address
	}
	row, err = r.LOAs.Save(row, pdf)
	return filepath.Join(r.LOAs.Dir(), row.File), err
}

// note enters into the result how far each port came.
func (r *run) note(ports []*port) {
	for _, p := range ports {
		a := &r.result.Actions[p.action]
		a.Ports = append(a.Ports, PortResult{p.uid, p.seen.Status, p.listed && p.seen.Status.Ready()})
		switch {
		case p.letter != nil:
			a.LOAs = append(a.LOAs, *p.letter)
		case r.LOAs != nil:
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
