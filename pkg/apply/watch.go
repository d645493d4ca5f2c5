package apply

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// port is one port that is looked after, from its order to its LOA.
type port struct {
	action int
	name   string
	member int // from 1 within a LAG; 0 for a single port
	uid    plan.ServiceUID
	// crossConnect says that Megaport orders its cross connect, so that nobody needs an
	// LOA (API facts §0.8, confidence B).
	crossConnect bool
	begun        time.Time    // when it was first waited for
	seen         plan.Service // as last listed
	listed       bool
	// unverified is the order whose answer alone named the port for its entry: as long
	// as its name, place or speed is another one it may be another's. It is nil once
	// the account has shown whose it is.
	unverified *plan.Order
	// broken says that it was failed, asleep or on hold before anybody waited for it.
	broken bool
	loa    *LOAResult
}

// done says that waiting longer changes nothing.
func (p *port) done() bool {
	return p.listed && (p.seen.Status.Ready() || p.seen.Status.Unhealthy() || p.seen.Status.Terminated())
}

// loaResult is what became of its LOA.
func (p *port) loaResult() LOAResult {
	switch {
	case p.loa != nil:
		return *p.loa
	case !p.listed:
		return LOAResult{UID: p.uid, Known: p.broken, Error: &Failure{Message: "the port is not listed yet"}}
	}
	return LOAResult{UID: p.uid, Known: p.broken, Error: &Failure{Message: "the port is " + string(p.seen.Status)}}
}

// watcher owns ports and their LOAs: it follows them until they are provisioned, with
// one listing a tick for all of them, and has each LOA fetched as soon as its port is
// ready. One goroutine at a time uses it: its own while orders go out, which
// learns of new ports by expect, and the caller's after join.
type watcher struct {
	reader  refresh.Reader
	loas    *loaFetcher // nil fetches none
	emit    func(Event)
	started time.Time
	ports   []*port
	known   map[plan.ServiceUID]*port // the ports, by UID
	blind   error                     // why the last look at the account failed; nil when it did not

	budgeted bool          // every request counts
	looks    int           // at the account
	looked   time.Time     // when the last one ended
	lookTook time.Duration // how long it took

	expected chan []*port
	idle     chan struct{} // closed when nothing is done in the background any more

	deadline time.Time     // zero while the time to wait has not begun
	timeUp   chan struct{} // closed when the time to wait is up
	give     func()        // closes it
}

// newWatcher prepares for as many calls of expect as there are orders.
func newWatcher(r refresh.Reader, emit func(Event), loas *loaFetcher, orders int) *watcher {
	w := &watcher{
		reader: r, loas: loas, emit: emit, started: time.Now(), looked: time.Now(), known: map[plan.ServiceUID]*port{},
		expected: make(chan []*port, orders), idle: make(chan struct{}), timeUp: make(chan struct{}),
	}
	w.give = sync.OnceFunc(func() { close(w.timeUp) })
	return w
}

// start begins in the background with the ports that exist; waits says that there will
// be a time to wait.
func (w *watcher) start(ctx context.Context, services []plan.Service, existing []*port, waits bool) {
	if !waits {
		w.give()
	}
	w.add(existing...)
	go func() {
		defer close(w.idle)
		err := panics.Do(func() error {
			w.see(ctx, services, false)
			w.whileOrdering(ctx)
			return nil
		})
		if err != nil { // the orders go on, and everything is looked at once more after them
			w.emit(ListingFailed{failureOf(err)})
		}
	}()
}

// expect tells of ports that were bought, while orders go out.
func (w *watcher) expect(ports []*port) { w.expected <- ports }

// join ends the work in the background: no more ports are expected.
func (w *watcher) join() {
	close(w.expected)
	<-w.idle
	w.looks = 0 // what was bought last is looked at soon
	if !w.budgeted {
		w.looked, w.lookTook = time.Time{}, 0 // at once: a listing was slow only beside so many orders
	}
}

// whileOrdering waits for what is bought already while other orders go out.
func (w *watcher) whileOrdering(ctx context.Context) {
	for {
		var tick <-chan time.Time
		if w.unready() && !w.over(ctx) {
			tick = time.After(w.untilNextLook())
		}
		select {
		case ports, more := <-w.expected:
			if !more {
				return
			}
			w.add(ports...)
		case <-tick:
			if observed, err := w.observe(ctx); err == nil {
				w.see(ctx, observed.Services, true)
			} // a listing that fails is no news while there is more to do than to wait
		}
	}
}

// observe lists the account, and notes how long that took.
func (w *watcher) observe(ctx context.Context) (plan.Observed, error) {
	begun := time.Now()
	observed, err := w.reader.Observe(ctx)
	w.looks++
	w.looked, w.lookTook = time.Now(), time.Since(begun)
	return observed, err
}

// begin starts the time to wait; stop ends it early.
func (w *watcher) begin(wait time.Duration) (stop func()) {
	w.deadline = time.Now().Add(wait)
	if wait <= 0 {
		w.give()
		return func() {}
	}
	timer := time.AfterFunc(wait, w.give)
	return func() { timer.Stop(); w.give() }
}

// over says that the time to wait is up, or that the run is to stop.
func (w *watcher) over(ctx context.Context) bool {
	select {
	case <-w.timeUp:
		return true
	default:
		return ctx.Err() != nil || !w.deadline.IsZero() && !time.Now().Before(w.deadline)
	}
}

// add takes ports in, each once.
func (w *watcher) add(ports ...*port) {
	for _, p := range ports {
		if w.known[p.uid] == nil {
			w.known[p.uid], p.begun = p, time.Now()
			w.ports = append(w.ports, p)
		}
	}
}

// drop forgets a port that turned out to be another's.
func (w *watcher) drop(uid plan.ServiceUID) {
	delete(w.known, uid)
	w.ports = slices.DeleteFunc(w.ports, func(p *port) bool { return p.uid == uid })
}

// verified notes that ports are known to be what was ordered.
func (w *watcher) verified(uids []plan.ServiceUID) {
	for _, uid := range uids {
		if p := w.known[uid]; p != nil {
			p.unverified = nil
		}
	}
}

// unready says that a port is not ready yet and may be.
func (w *watcher) unready() bool {
	return slices.ContainsFunc(w.ports, func(p *port) bool { return !p.done() })
}

// see takes a listing in: what is new is announced, and what became ready gets
// its LOA.
func (w *watcher) see(ctx context.Context, services []plan.Service, announce bool) {
	byUID := make(map[plan.ServiceUID]int, len(services))
	for i := range services {
		byUID[services[i].UID] = i
	}
	for _, p := range w.ports {
		i, ok := byUID[p.uid]
		if !ok || p.done() {
			continue
		}
		now := services[i]
		if p.unverified != nil && !looksLike(now, *p.unverified) {
			continue
		}
		news := !p.listed || now.Status != p.seen.Status
		p.seen, p.listed = now, true
		p.broken = !announce && now.Status.Unhealthy()
		if news && announce {
			w.emit(PortSeen{p.name, p.uid, now.Status, Seconds{time.Since(w.started)}})
		}
		if now.Status.Ready() && w.loas != nil && !p.crossConnect {
			w.loas.fetch(ctx, p, now, w.timeUp)
		}
	}
}

// looksLike says that a service has the name, the place and the speed of an order.
func looksLike(s plan.Service, o plan.Order) bool {
	return plan.FoldName(s.Name) == plan.FoldName(o.Name) && s.Location == o.Location && s.Speed == o.Speed
}

// result is how far a port came. A status that could not be read again is not
// given as if it were of now.
func (w *watcher) result(p *port) PortResult {
	r := PortResult{UID: p.uid, Status: p.seen.Status, Ready: p.listed && p.seen.Status.Ready(), Known: p.broken, CrossConnect: p.crossConnect}
	if w.blind != nil && !p.done() {
		r.Error = failureOf(w.blind)
	}
	return r
}

// The shortest interval between two looks at the account, and the longest; the first
// and the longest one where every request counts.
const (
	shortestPoll = 250 * time.Millisecond
	longestPoll  = 30 * time.Second
	firstSpared  = 4 * time.Second
	longestSpare = 40 * time.Second
)

// untilNextLook is how long to wait for the next look at the account. Without a request
// budget no port waits more than a tenth of its own time to be provisioned, nor is more
// than a tenth of the time spent listing. Under one, looks are ten in five minutes at
// most, a fiftieth of what is published.
func (w *watcher) untilNextLook() time.Duration {
	since := time.Since(w.looked)
	if w.budgeted {
		return max(0, min(firstSpared<<min(w.looks, 10), longestSpare)-since)
	}
	every := longestPoll
	for _, p := range w.ports {
		if !p.done() {
			every = min(every, time.Since(p.begun)/10)
		}
	}
	return max(0, max(every, shortestPoll, 9*w.lookTook)-since)
}

// poll looks at the account as long as more says that another look could bring something
// new. next is how long to wait for it.
func poll(ctx context.Context, more func(looks int) bool, next func() time.Duration, look func()) {
	for looks := 0; more(looks); looks++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(next()):
		}
		look()
	}
}

// untilDeadline is untilNextLook, cut so that there is a last look when the waiting time
// is up.
func (w *watcher) untilDeadline() time.Duration {
	every := w.untilNextLook()
	if left := time.Until(w.deadline); left > 0 {
		return min(every, left)
	}
	return every
}
