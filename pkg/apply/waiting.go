package apply

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/safe"
	"github.com/portctl/portctl/pkg/plan"
)

// port is one port that is looked after, from its order to its LOA.
type port struct {
	action int
	name   string
	member int // from 1 within a LAG; 0 for a single port
	uid    plan.ServiceUID
	seen   plan.Service // as last listed
	listed bool
	// unverified is the order whose answer alone named the port for its entry: as long
	// as its name, place or speed is another one it may be another's. It is nil once
	// the account has shown whose it is.
	unverified *plan.Order
	// broken says that it was failed, asleep or on hold before anybody waited for it.
	broken bool
	letter *LOAResult
}

// done says that waiting longer changes nothing.
func (p *port) done() bool {
	return p.listed && (p.seen.Status.Ready() || p.seen.Status.Unhealthy() || p.seen.Status.Terminated())
}

// letterResult is what became of its LOA.
func (p *port) letterResult() LOAResult {
	if p.letter != nil {
		return *p.letter
	}
	return LOAResult{UID: p.uid, Settled: p.broken, Error: &Failure{Message: p.whyNoLetter()}}
}

// portResult is how far a port came. A status that could not be read again is not
// given as if it were of now.
func (w *waiter) portResult(p *port) PortResult {
	r := PortResult{UID: p.uid, Status: p.seen.Status, Ready: p.listed && p.seen.Status.Ready(), Settled: p.broken}
	if w.blind != nil && !p.done() {
		r.Error = failureOf(w.blind)
	}
	return r
}

func (p *port) whyNoLetter() string {
	if !p.listed {
		return "the port is not listed yet"
	}
	return "the port is " + string(p.seen.Status)
}

// waiter waits until ports are provisioned, with one listing a tick for all of
// them, and fetches each LOA as soon as its port is ready. One goroutine owns
// it; those that fetch LOAs write nothing but the LOA of their port.
type waiter struct {
	reader  Reader
	folder  *loa.Folder // nil fetches no LOAs
	catalog plan.Catalog
	emit    func(Event)
	started time.Time
	ports   []*port
	known   map[plan.ServiceUID]bool // the UIDs of ports
	kept    map[plan.ServiceUID]loa.Row
	refused map[plan.ServiceUID]loa.Refusal // as earlier runs left it
	letters errgroup.Group
	// fresh are the refusals that this run met.
	refusedMu sync.Mutex
	fresh     []loa.Refusal
	blind     error // why the last look at the account failed; nil when it did not
	slots     chan struct{}
	// ctx ends with an interruption, budget also when the waiting time is up.
	ctx, budget context.Context
	give        context.CancelFunc // ends budget
	deadline    time.Time          // zero while the time to wait has not begun
}

func newWaiter(ctx context.Context, r Reader, folder *loa.Folder, slots int) *waiter {
	w := &waiter{reader: r, folder: folder, known: map[plan.ServiceUID]bool{}, slots: make(chan struct{}, slots), ctx: ctx, started: time.Now()}
	w.budget, w.give = context.WithCancel(ctx)
	if folder != nil {
		w.refused = folder.Refusals()
	}
	return w
}

// begin starts the time to wait; stop ends it early.
func (w *waiter) begin(wait time.Duration) (stop func()) {
	w.deadline = time.Now().Add(wait)
	if wait <= 0 {
		w.give()
		return func() {}
	}
	timer := time.AfterFunc(wait, w.give)
	return func() { timer.Stop(); w.give() }
}

// over says that the time to wait is up.
func (w *waiter) over() bool {
	return w.budget.Err() != nil || !w.deadline.IsZero() && !time.Now().Before(w.deadline)
}

// add takes a port in, once.
func (w *waiter) add(p *port) {
	if !w.known[p.uid] {
		w.known[p.uid] = true
		w.ports = append(w.ports, p)
	}
}

// unready says that a port is on its way.
func (w *waiter) unready() bool {
	return slices.ContainsFunc(w.ports, func(p *port) bool { return !p.done() })
}

// The first interval between two looks at the account, and the longest.
const (
	firstPoll   = 500 * time.Millisecond
	longestPoll = 30 * time.Second
)

// longer is the interval after this one: a port that is not ready in a minute is
// not ready in the next second either.
func longer(every time.Duration) time.Duration { return min(every*5/4, longestPoll) }

// see takes a listing in: what is new is announced, and what became ready gets
// its LOA.
func (w *waiter) see(services []plan.Service, announce bool) {
	byUID := make(map[plan.ServiceUID]plan.Service, len(services))
	for _, x := range services {
		byUID[x.UID] = x
	}
	for _, p := range w.ports {
		now, ok := byUID[p.uid]
		if !ok || p.done() || p.unverified != nil && !looksLike(now, *p.unverified) {
			continue
		}
		news := !p.listed || now.Status != p.seen.Status
		p.seen, p.listed = now, true
		p.broken = !announce && now.Status.Unhealthy()
		if news && announce {
			w.emit(PortStatus{p.name, p.uid, now.Status, time.Since(w.started)})
		}
		if now.Status.Ready() && w.folder != nil {
			w.fetch(p, now)
		}
	}
}

// looksLike says that a service has the name, the place and the speed of an order.
func looksLike(s plan.Service, o plan.Order) bool {
	return plan.FoldName(s.Name) == plan.FoldName(o.Name) && s.Location == o.Location && s.Speed == o.Speed
}

// fetch gets the LOA of a port, unless it is there, or was refused for good.
func (w *waiter) fetch(p *port, now plan.Service) {
	if row, ok := w.kept[p.uid]; ok {
		p.letter = &LOAResult{UID: p.uid, File: w.folder.Path(row), Kept: true, FetchedAt: row.FetchedAt}
		return
	}
	if r, ok := w.refused[p.uid]; ok && r.Final {
		p.letter = &LOAResult{UID: p.uid, Final: true, Settled: true, Error: &Failure{Message: r.Why(), Status: r.Status, TraceID: r.TraceID}}
		return
	}
	w.letters.Go(func() error {
		if err := safe.Do(func() error { p.letter = w.letter(p, now); return nil }); err != nil {
			p.letter = &LOAResult{UID: p.uid, Error: failureOf(err)}
		}
		return nil
	})
}

// letter fetches and saves one LOA: once at least, and again until there is one, it
// is refused for good, or the waiting time is up. It holds a slot only while it
// fetches, so that an LOA that is late does not keep the others from being
// fetched.
func (w *waiter) letter(p *port, now plan.Service) *LOAResult {
	for pause := 500 * time.Millisecond; ; pause = min(pause*3/2, 15*time.Second) {
		row, err := w.fetchLetter(p, now)
		if err == nil {
			w.emit(LOASaved{p.name, p.uid, w.folder.Path(row)})
			return &LOAResult{UID: p.uid, File: w.folder.Path(row), FetchedAt: row.FetchedAt}
		}
		final := w.refusal(p, now, err)
		if !final && !lasting(err) {
			select {
			case <-w.budget.Done():
			case <-time.After(pause):
				continue
			}
		}
		w.emit(LOAFailed{p.name, p.uid, err, final})
		return &LOAResult{UID: p.uid, Final: final, Error: failureOf(err)}
	}
}

// unissued is after how long a provisioned port without an LOA (404) never gets
// one. Megaport issues it once the port is CONFIGURED (API facts §6, confidence B).
const unissued = time.Hour

// refusal notes that Megaport has no LOA for a port, and says whether that is for
// good: a 403 at once, a 404 when the port has been ready for an hour, by its own
// date or because an earlier look had the same answer. The word of anything but
// the API is no refusal.
func (w *waiter) refusal(p *port, now plan.Service, err error) (final bool) {
	f := failureOf(err)
	if f.Status != http.StatusForbidden && f.Status != http.StatusNotFound || !fromAPI(err) {
		return false
	}
	r, known := w.refused[p.uid]
	at := time.Now().UTC().Truncate(time.Second)
	if !known || r.Status != f.Status {
		r = loa.Refusal{UID: p.uid, Name: p.name, Status: f.Status, Since: at}
	}
	since := r.Since
	if !now.LiveAt.IsZero() && now.LiveAt.Before(since) {
		since = now.LiveAt
	}
	r.Final = f.Status == http.StatusForbidden || at.Sub(since) >= unissued
	r.At, r.TraceID = at, f.TraceID
	if r.Final || !known {
		w.noteRefusal(r)
	}
	return r.Final
}

// noteRefusal keeps a refusal for later runs. That it cannot be kept only makes
// them ask again.
func (w *waiter) noteRefusal(r loa.Refusal) {
	w.refusedMu.Lock()
	defer w.refusedMu.Unlock()
	w.fresh = append(w.fresh, r)
}

// fromAPI says that an error is the API's own word. What does not know counts as
// its word.
func fromAPI(err error) bool {
	var origin interface{ Envelope() bool }
	return !errors.As(err, &origin) || origin.Envelope()
}

// lasting says that trying again is no use: the folder cannot be written, and
// only a person can fix that.
func lasting(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	return errors.As(err, &path) || errors.As(err, &link)
}

func (w *waiter) fetchLetter(p *port, now plan.Service) (loa.Row, error) {
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-w.ctx.Done():
		return loa.Row{}, context.Cause(w.ctx)
	}
	ctx, cancel := w.download()
	defer cancel()
	pdf, err := w.reader.LOA(ctx, p.uid)
	if err != nil {
		return loa.Row{}, err
	}
	row := loa.Row{
		Name: p.name, LocationID: now.Location, Speed: now.Speed, Zone: now.Zone, Member: p.member, UID: p.uid,
		Demarcation: now.Demarcation, Status: now.Status, FetchedAt: time.Now().UTC().Truncate(time.Second),
	}
	if l, ok := w.catalog.ByID(now.Location); ok {
		row.Site, row.Metro, row.Address = l.Name, l.Metro, l.Address
	}
	return w.folder.Save(row, pdf)
}

// lastDownload is how long a download has at least: each LOA is asked for once,
// also when the waiting time is about to be over.
const lastDownload = 10 * time.Second

// download is the context of one download: it ends with the waiting time.
func (w *waiter) download() (context.Context, context.CancelFunc) {
	begun := time.Now()
	ctx, cancel := context.WithCancel(w.ctx)
	stop := context.AfterFunc(w.budget, func() {
		time.AfterFunc(lastDownload-time.Since(begun), cancel)
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

// close waits for the LOAs that are being fetched and brings the manifest up
// to date with the last listing.
func (w *waiter) close(services []plan.Service) {
	_ = w.letters.Wait() // a missing LOA is a result, not an error
	if w.folder == nil {
		return
	}
	statuses := make(map[plan.ServiceUID]plan.Status, len(services))
	for _, x := range services {
		statuses[x.UID] = x.Status
	}
	if err := w.folder.Sync(statuses, w.fresh...); err != nil {
		w.emit(ManifestFailed{err})
	}
}

// keptLetters are the LOAs that are there already.
func keptLetters(f *loa.Folder) map[plan.ServiceUID]loa.Row {
	if f == nil {
		return nil
	}
	kept, err := f.Kept()
	if err != nil {
		return nil // each LOA is fetched again, and saving it says what is wrong
	}
	return kept
}
