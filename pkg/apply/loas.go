package apply

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// loaFetcher fetches LOAs into a folder, some at a time. What it does in the
// background writes nothing but the LOA of its port.
type loaFetcher struct {
	reader  refresh.Reader
	folder  *loa.Folder
	catalog plan.Catalog
	emit    func(Event)
	kept    map[plan.ServiceUID]loa.Row     // that were there before
	refused map[plan.ServiceUID]loa.Refusal // as earlier runs left it
	slots   chan struct{}
	group   errgroup.Group

	mu    sync.Mutex
	fresh []loa.Refusal // that this run met
}

// newLOAFetcher gives nil without a folder: nothing is fetched.
func newLOAFetcher(r refresh.Reader, folder *loa.Folder, catalog plan.Catalog, parallelism int, emit func(Event)) *loaFetcher {
	if folder == nil {
		return nil
	}
	return &loaFetcher{
		reader: r, folder: folder, catalog: catalog, emit: emit, slots: make(chan struct{}, parallelism),
		kept: keptLOAs(folder), refused: folder.Refusals(),
	}
}

// keptLOAs are the LOAs that are there already.
func keptLOAs(f *loa.Folder) map[plan.ServiceUID]loa.Row {
	kept, err := f.Kept()
	if err != nil {
		return nil // each LOA is fetched again, and saving it says what is wrong
	}
	return kept
}

// has says that the LOA of a port was there before.
func (l *loaFetcher) has(uid plan.ServiceUID) bool {
	if l == nil {
		return false
	}
	_, kept := l.kept[uid]
	return kept
}

// fetch gets the LOA of a port, unless it is there, or was refused for good.
func (l *loaFetcher) fetch(ctx context.Context, p *port, now plan.Service, timeUp <-chan struct{}) {
	if row, ok := l.kept[p.uid]; ok {
		p.loa = &LOAResult{UID: p.uid, File: l.folder.Path(row), Kept: true, FetchedAt: row.FetchedAt}
		return
	}
	if r, ok := l.refused[p.uid]; ok && r.Final {
		p.loa = &LOAResult{UID: p.uid, Final: true, Known: true, Error: &Failure{Message: r.Why(), Status: r.Status, TraceID: r.TraceID}}
		return
	}
	l.group.Go(func() error {
		if err := panics.Do(func() error { p.loa = l.fetchOne(ctx, p, now, timeUp); return nil }); err != nil {
			p.loa = &LOAResult{UID: p.uid, Error: failureOf(err)}
		}
		return nil
	})
}

// fetchOne fetches and saves one LOA: once at least, and again until there is one, it
// is refused for good, or the waiting time is up. It holds a slot only while it
// fetches, so that an LOA that is late does not keep the others from being
// fetched.
func (l *loaFetcher) fetchOne(ctx context.Context, p *port, now plan.Service, timeUp <-chan struct{}) *LOAResult {
	for pause := 500 * time.Millisecond; ; pause = min(pause*3/2, 15*time.Second) {
		row, err := l.save(ctx, p, now, timeUp)
		if err == nil {
			l.emit(LOASaved{p.name, p.uid, l.folder.Path(row)})
			return &LOAResult{UID: p.uid, File: l.folder.Path(row), FetchedAt: row.FetchedAt}
		}
		if inQueue(err) && ctx.Err() == nil {
			continue // its turn did not come within the waiting time: that is no failure
		}
		final := l.refusal(p, now, err)
		if !final && !lasting(err) {
			select {
			case <-ctx.Done():
			case <-timeUp:
			case <-time.After(pause):
				continue
			}
		}
		l.emit(LOAFailed{p.name, p.uid, failureOf(err), final})
		return &LOAResult{UID: p.uid, Final: final, Error: failureOf(err)}
	}
}

// inQueue says that a request waited for its turn, and was not sent.
func inQueue(err error) bool {
	var waited interface{ InQueue() bool }
	return errors.As(err, &waited) && waited.InQueue()
}

// lasting says that trying again is no use: the folder cannot be written, and
// only a person can fix that.
func lasting(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	return errors.As(err, &path) || errors.As(err, &link)
}

// save fetches one LOA once and writes it to the folder.
func (l *loaFetcher) save(ctx context.Context, p *port, now plan.Service, timeUp <-chan struct{}) (loa.Row, error) {
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return loa.Row{}, context.Cause(ctx)
	}
	ctx, cancel := within(ctx, timeUp)
	defer cancel()
	pdf, err := l.reader.LOA(ctx, p.uid)
	if err != nil {
		return loa.Row{}, err
	}
	row := loa.Row{
		Name: p.name, LocationID: now.Location, Speed: now.Speed, Zone: now.Zone, Member: p.member, UID: p.uid,
		Demarcation: now.Demarcation, Status: now.Status, FetchedAt: time.Now().UTC().Truncate(time.Second),
	}
	if at, ok := l.catalog.ByID(now.Location); ok {
		row.Site, row.Metro, row.Address = at.Name, at.Metro, at.Address
	}
	return l.folder.Save(row, pdf)
}

// lastDownload is how long a download has at least: each LOA is asked for once,
// also when the waiting time is about to be over.
const lastDownload = 10 * time.Second

// within is the context of one download: it ends with the waiting time.
func within(ctx context.Context, timeUp <-chan struct{}) (context.Context, context.CancelFunc) {
	last := time.Now().Add(lastDownload)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-timeUp:
		}
		_ = sleepUntil(ctx, time.Until(last)) // ends early with the download
		cancel()
	}()
	return ctx, cancel
}

// unissued is after how long a provisioned port without an LOA (404) never gets
// one. Megaport issues it once the port is CONFIGURED (API facts §6, confidence B).
const unissued = time.Hour

// refusal notes that Megaport has no LOA for a port, and says whether that is for
// good: a 403 at once, a 404 when the port has been ready for an hour, by its own
// date or because an earlier look had the same answer. The word of anything but
// the API is no refusal.
func (l *loaFetcher) refusal(p *port, now plan.Service, err error) (final bool) {
	f := failureOf(err)
	if f.Status != http.StatusForbidden && f.Status != http.StatusNotFound || !fromAPI(err) {
		return false
	}
	r, known := l.refused[p.uid]
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
		l.mu.Lock()
		defer l.mu.Unlock()
		l.fresh = append(l.fresh, r) // kept for later runs
	}
	return r.Final
}

// fromAPI says that an error is the API's own word. What does not know counts as
// its word.
func fromAPI(err error) bool {
	var origin interface{ Envelope() bool }
	return !errors.As(err, &origin) || origin.Envelope()
}

// close waits for the LOAs that are being fetched and brings the manifest up
// to date with the last listing.
func (l *loaFetcher) close(services []plan.Service) {
	if l == nil {
		return
	}
	_ = l.group.Wait() // a missing LOA is a result, not an error
	statuses := make(map[plan.ServiceUID]plan.Status, len(services))
	for _, x := range services {
		statuses[x.UID] = x.Status
	}
	if err := l.folder.Sync(statuses, l.fresh...); err != nil {
		l.emit(ManifestFailed{failureOf(err)})
	}
}

// LOAOptions say how LOAs are fetched.
type LOAOptions struct {
	// LOAs is where they are kept.
	LOAs *loa.Folder
	// Refresh fetches those that are there too.
	Refresh bool
	// Parallelism is the number of downloads at one time; 0 means 16.
	Parallelism int
	// Wait is how long to wait for ports that are not ready; 0 does not wait.
	Wait time.Duration
	// Budgeted is as in Options.
	Budgeted bool
	// Sink is called with PortSeen, ListingFailed, LOASaved, LOAFailed and
	// ManifestFailed, one at a time.
	Sink func(Event)
}

// LOA is what became of the LOA of one port.
type LOA struct {
	Name string `json:"name"`
	LOAResult
}

// FetchLOAs fetches the LOAs of the ports of a status, without ordering or
// changing anything. A port that stands for no service yet has none.
func FetchLOAs(ctx context.Context, r refresh.Reader, s Status, o LOAOptions) []LOA {
	emit := synchronized(o.Sink)
	if o.Parallelism <= 0 {
		o.Parallelism = defaultParallelism
	}
	l := newLOAFetcher(r, o.LOAs, s.catalog, o.Parallelism, emit)
	if o.Refresh {
		l.kept, l.refused = nil, nil
	}
	w := newWatcher(r, emit, l, 0)
	w.budgeted = o.Budgeted
	for _, p := range s.Ports {
		if p.UID != "" && p.State != PortLeaving && !p.CrossConnect() {
			w.add(&port{name: p.Name, member: p.Member, uid: p.UID})
		}
	}
	stop := w.begin(o.Wait)
	defer stop()
	w.see(ctx, s.services, false)
	l.close(w.wait(ctx, s.services))
	out := make([]LOA, 0, len(w.ports))
	for _, p := range w.ports {
		out = append(out, LOA{p.name, p.loaResult()})
	}
	slices.SortStableFunc(out, func(a, b LOA) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// synchronized makes a sink for many goroutines of one that takes one event at a
// time; nil drops them.
func synchronized(sink func(Event)) func(Event) {
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

// wait lists the account until every port is ready or the time is up, and returns the
// last listing.
func (w *watcher) wait(ctx context.Context, services []plan.Service) []plan.Service {
	poll(ctx, func(int) bool { return w.unready() && !w.over(ctx) }, w.untilDeadline, func() {
		observed, err := w.observe(ctx)
		if w.blind = err; err != nil {
			w.emit(ListingFailed{failureOf(err)})
			return
		}
		services = observed.Services
		w.see(ctx, services, true)
	})
	return services
}
