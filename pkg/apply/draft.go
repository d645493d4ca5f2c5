package apply

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/safe"
	"github.com/portctl/portctl/pkg/plan"
)

// Draft is a priced plan together with what it was made from.
type Draft struct {
	Plan     plan.Plan
	Desired  plan.Desired
	Observed plan.Observed
	Catalog  plan.Catalog
	// Claims is the ledger as it was before the account was read.
	Claims ledger.Snapshot

	approvals Approvals
	findings  []finding
	// earlier is what the ledger knows of the services of a folded name.
	earlier map[string][]ledger.Known
}

// DraftOptions say how a draft is made.
type DraftOptions struct {
	// Ledger is where open claims are read; nil reads none. Nothing is written.
	Ledger *ledger.Ledger
	// Selection takes entries out by name.
	Selection plan.Selection
	// Parallelism is the number of requests at one time; 0 means 16.
	Parallelism int
	// PerOrder validates every single order, as must be done before buying.
	// Otherwise each distinct configuration is validated once.
	PerOrder bool
	// SameAccount is a person's word that the API key belongs to the ledger's
	// account.
	SameAccount bool
	// Recheck is how long after an order was turned away a listing must begin to
	// show that it was not carried out; 0 means DefaultRecheck.
	Recheck time.Duration
}

const defaultParallelism = 16

// DefaultRecheck is how long after the API turned an order away (429, 401) the
// account is listed before the order is sent again: longer than a service takes to
// show that was created all the same (docs/reliability.md, assumptions).
const DefaultRecheck = time.Minute

// MakeDraft reads ledger, locations and account, builds the plan and prices it.
// The ledger is read first: a claim that somebody makes after that shows itself
// by its number when the same name is claimed.
func MakeDraft(ctx context.Context, r Reader, desired plan.Desired, o DraftOptions) (Draft, error) {
	d, err := survey(ctx, rememberOrderTags(r), desired, o)
	if err != nil {
		return Draft{}, err
	}
	built, err := d.build(ctx, r, o)
	if err != nil {
		return Draft{}, err
	}
	if built, err = built.Select(o.Selection); err != nil {
		return Draft{}, err
	}
	quotes, err := quoteAll(ctx, r, built.Orders(), o)
	if err != nil {
		return Draft{}, err
	}
	d.Plan = built.Priced(quotes)
	return d, nil
}

// survey reads ledger, locations and account, and looks for open orders.
func survey(ctx context.Context, r Reader, desired plan.Desired, o DraftOptions) (Draft, error) {
	d := Draft{Desired: desired}
	var err error
	begun := time.Now()
	if o.Ledger != nil {
		begun = o.Ledger.Now()
		if d.Claims, err = o.Ledger.Snapshot(ctx); err != nil {
			return Draft{}, err
		}
	}
	if err := d.readAccount(ctx, r); err != nil {
		return Draft{}, err
	}
	if o.Ledger != nil {
		if err := o.Ledger.Check(ctx, d.Observed.Owner, o.SameAccount); err != nil {
			return Draft{}, err
		}
	}
	d.remember()
	return d, d.lookUp(ctx, r, begun, o)
}

// readAccount reads what planning needs of the API. An account without ports is
// asked whose it is.
func (d *Draft) readAccount(ctx context.Context, r Reader) error {
	var locations []plan.Location
	g, gctx := safe.WithContext(ctx, 0)
	g.Go(func() (err error) { locations, err = r.Locations(gctx); return err })
	g.Go(func() (err error) { d.Observed, err = observe(gctx, r); return err })
	g.Go(func() (err error) { d.approvals, err = r.Approvals(gctx); return err })
	if err := g.Wait(); err != nil {
		return err
	}
	d.Catalog = plan.NewCatalog(locations)
	return nil
}

// observe lists the account and finds out whose it is.
func observe(ctx context.Context, r Reader) (plan.Observed, error) {
	o, err := r.Observe(ctx)
	if err != nil || len(o.Owner.Companies) > 0 {
		return o, err
	}
	asked, err := r.Companies(ctx)
	o.Owner.Companies = asked.Companies
	if len(o.Owner.Names) == 0 {
		o.Owner.Names = asked.Names
	}
	return o, err
}

// remember takes in what the ledger knows besides claims, as far as the account
// lists it: what it does not list is asked for where something hangs on it.
func (d *Draft) remember() {
	m := d.Claims.Memory
	d.approvals = d.known(d.approvals)
	d.Observed.ApprovalsUnknown = d.approvals.Unknown
	d.Observed.Inventories, d.Observed.Cancelling = m.Inventories, m.Cancelling
	d.Observed.Known = map[string][]plan.ServiceUID{}
	listed := map[plan.ServiceUID]bool{}
	for _, s := range d.Observed.Services {
		listed[s.UID] = true
	}
	for _, p := range d.Desired.Ports {
		for _, k := range m.Known[plan.NameHash(p.Name)] {
			if folded := plan.FoldName(p.Name); listed[k.UID] && !slices.Contains(d.Observed.Known[folded], k.UID) {
				d.Observed.Known[folded] = append(d.Observed.Known[folded], k.UID)
			}
		}
	}
}

// known is what approvals tell, seen with what the ledger remembers.
func (d *Draft) known(a Approvals) Approvals {
	if a.Absent && d.Claims.Memory.ApprovalsSeen {
		a.Unknown = "the API says that this account has none, and it had some before"
	}
	return a
}

// lookUp finds out how far the open claims have come. What the account shows
// needs no claim; what it does not show counts as existing all the same.
func (d *Draft) lookUp(ctx context.Context, r Reader, begun time.Time, o DraftOptions) error {
	d.findings = make([]finding, len(d.Claims.Open))
	listed := d.Observed.Services
	l := newLookup(r, d.Observed, d.approvals, d.Claims.Open, d.Desired)
	l.begun, l.recheck = begun, cmp.Or(o.Recheck, DefaultRecheck)
	g, gctx := safe.WithContext(ctx, parallelism(o.Parallelism))
	for i, open := range d.Claims.Open {
		g.Go(func() error {
			f, bound := d.bound(l, open)
			if !bound {
				f = l.find(gctx, open)
			}
			d.findings[i] = f
			return gctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	d.Observed.Claims = append(d.Observed.Claims, foreignOrders(d.Desired.Ports, d.Catalog, listed, d.Claims.Open, d.approvals)...)
	for _, f := range d.findings {
		d.add(f.seen...)
		if c, open := f.claim(); open {
			d.Observed.Claims = append(d.Observed.Claims, c)
		}
	}
	return nil
}

// bound closes a claim whose entry says by its uid which service it is. For a
// LAG a uid says nothing: it names one member, perhaps an old one. Nor does it for
// an order that waits for its approval, or whose answer named other services.
func (d *Draft) bound(l *lookup, open ledger.Open) (finding, bool) {
	if open.State == ledger.Damaged || open.State.Closed() || open.Order.LAGPorts > 0 {
		return finding{}, false
	}
	if a, waits := l.approvalOf(open); open.State == ledger.Approval || waits && !a.refused() {
		return finding{}, false
	}
	for _, p := range d.Desired.Ports {
		if p.UID == "" || plan.FoldName(p.Name) != plan.FoldName(open.Name) || open.State == ledger.Bought && !slices.Contains(open.UIDs, p.UID) {
			continue
		}
		if slices.ContainsFunc(d.Observed.Services, func(s plan.Service) bool { return s.UID == p.UID && couldBe(open, s) }) {
			return finding{open: open}.become(ledger.Settled, []plan.ServiceUID{p.UID}, "the entry names the service by its uid"), true
		}
	}
	return finding{}, false
}

// add takes in services that the listing lacks.
func (d *Draft) add(services ...plan.Service) {
	for _, s := range services {
		if !slices.ContainsFunc(d.Observed.Services, func(have plan.Service) bool { return have.UID == s.UID }) {
			d.Observed.Services = append(d.Observed.Services, s)
		}
	}
}

// build builds the plan, reads what turns out to be needed besides, and builds
// it again.
func (d *Draft) build(ctx context.Context, r Reader, o DraftOptions) (plan.Plan, error) {
	if err := d.recall(ctx, r, o); err != nil {
		return plan.Plan{}, err
	}
	for {
		need := plan.Missing(d.Desired, d.Observed, d.Catalog, o.Selection)
		if len(need.Tags)+len(need.Charges) == 0 {
			return plan.Build(d.Desired, d.Observed, d.Catalog), nil
		}
		if err := d.readMore(ctx, r, need, o); err != nil {
			return plan.Plan{}, err
		}
	}
}

// recall takes in what the ledger remembers of the names that are to be bought, and
// of the former names of these entries.
func (d *Draft) recall(ctx context.Context, r Reader, o DraftOptions) error {
	d.earlier = map[string][]ledger.Known{}
	if o.Ledger == nil {
		return nil
	}
	former := map[string]string{}
	for _, p := range d.Desired.Ports {
		if p.Formerly != "" {
			former[plan.FoldName(p.Name)] = p.Formerly
		}
	}
	built := plan.Build(d.Desired, d.Observed, d.Catalog)
	for _, a := range slices.Concat(built.Of(plan.Buy), built.Of(plan.Grow)) {
		for _, name := range []string{a.Name, former[plan.FoldName(a.Name)]} {
			if name == "" {
				continue
			}
			if err := d.recallName(ctx, r, o.Ledger, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// recallName takes in the services that were recorded for a name, the oldest first,
// as far as the account knows them: one that the listing lacks is read by itself.
// Where services vanish by themselves those that it does not know say nothing.
func (d *Draft) recallName(ctx context.Context, r Reader, l *ledger.Ledger, name string) error {
	folded := plan.FoldName(name)
	delivered, broken, err := l.Delivered(ctx, d.Claims, name)
	if err != nil {
		return err
	}
	if broken != nil {
		c, _ := finding{open: *broken, evidence: broken.Trouble}.claim()
		d.Observed.Claims = append(d.Observed.Claims, c)
		return nil
	}
	d.earlier[folded] = delivered
	known := slices.Concat(delivered, d.Claims.Memory.Known[plan.NameHash(name)])
	for _, f := range d.findings { // an open claim whose services speak for themselves: they may have other names
		if f.shown && plan.FoldName(f.open.Name) == folded {
			for _, uid := range f.uids() {
				known = append(known, ledger.Known{UID: uid, Time: f.open.Time})
			}
		}
	}
	slices.SortStableFunc(known, func(a, b ledger.Known) int { return a.Time.Compare(b.Time) })
	d.Observed.Known[folded] = nil
	for _, k := range known {
		there, err := d.recallService(ctx, r, k.UID)
		if err != nil {
			return err
		}
		if (there || !l.Forgetful()) && !slices.Contains(d.Observed.Known[folded], k.UID) {
			d.Observed.Known[folded] = append(d.Observed.Known[folded], k.UID)
		}
	}
	return nil
}

func (d *Draft) recallService(ctx context.Context, r Reader, uid plan.ServiceUID) (there bool, err error) {
	if slices.ContainsFunc(d.Observed.Services, func(s plan.Service) bool { return s.UID == uid }) {
		return true, nil
	}
	s, there, err := r.Service(ctx, uid)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil: // it may be there: its entry is not bought without a word
		return true, nil
	case there:
		d.add(s)
	}
	return there, nil
}

// readMore reads tags and cancellation charges, in parallel. What cannot be read is
// noted: planning blocks what hangs on it.
func (d *Draft) readMore(ctx context.Context, r Reader, need plan.Need, o DraftOptions) error {
	if d.Observed.Tags == nil {
		d.Observed.Tags, d.Observed.Charges = map[plan.ServiceUID]map[string]string{}, map[plan.ServiceUID]plan.Charge{}
		d.Observed.Unreadable = map[plan.ServiceUID]string{}
	}
	var mu sync.Mutex
	g, gctx := safe.WithContext(ctx, parallelism(o.Parallelism))
	for _, uid := range need.Tags {
		g.Go(func() error {
			tags, err := r.Tags(gctx, uid)
			mu.Lock()
			defer mu.Unlock()
			d.Observed.Tags[uid] = tags
			if err != nil {
				d.Observed.Unreadable[uid] = err.Error()
			}
			return gctx.Err()
		})
	}
	for _, uid := range need.Charges {
		g.Go(func() error {
			charge, err := r.Charge(gctx, uid)
			if err != nil {
				charge = plan.Charge{} // a price that cannot be had is unknown, and shown so
			}
			mu.Lock()
			defer mu.Unlock()
			d.Observed.Charges[uid] = charge
			return gctx.Err()
		})
	}
	return g.Wait()
}

// Recovered is a claim of an earlier run that was settled.
type Recovered struct {
	Name  string            `json:"name"`
	State ledger.State      `json:"state"`
	UIDs  []plan.ServiceUID `json:"uids"`
	Cause string            `json:"cause"`
}

// Prepare drafts a run that may buy: it records what became of the open claims of
// earlier runs first, and drafts again whenever that was news. The caller holds the
// lock. The ledger becomes the account's only once the run begins: a draft that is
// refused, perhaps because it is of the wrong account, leaves it free.
func Prepare(ctx context.Context, r Reader, desired plan.Desired, o DraftOptions) (Draft, []Recovered, error) {
	var recovered []Recovered
	r = rememberOrderTags(r)
	for {
		d, err := MakeDraft(ctx, r, desired, o)
		if err != nil {
			return Draft{}, recovered, err
		}
		if len(d.approvals.List) > 0 && !d.Claims.Memory.ApprovalsSeen {
			if _, err := o.Ledger.Notice(ctx, ledger.NoticeApprovals); err != nil {
				return Draft{}, recovered, err
			}
		}
		again, err := d.recordFindings(ctx, o.Ledger, &recovered)
		if err != nil || !again {
			return d, recovered, err
		}
	}
}

// recordFindings writes down what was found out about open claims; again says that
// the ledger is another one since. A claim from the future is marked as seen, so
// that its age counts from now on.
func (d *Draft) recordFindings(ctx context.Context, l *ledger.Ledger, recovered *[]Recovered) (again bool, err error) {
	for _, f := range d.findings {
		switch {
		case f.open.State.Closed():
			_, err = l.Close(ctx, f.open)
			again = true
		case f.news():
			_, err = l.Record(ctx, f.open, f.record)
			again = true
			*recovered = append(*recovered, Recovered{f.open.Name, f.record.State, append([]plan.ServiceUID{}, f.record.UIDs...), f.evidence})
		case !l.Own(f.open) && f.open.QuietSince(l.Now()).After(l.Now().Add(fromTheFuture)):
			_, err = l.Record(ctx, f.open, ledger.Record{State: ledger.Seen, Lookup: true, Cause: "made by a clock that is ahead"})
			again = true
		}
		if err != nil {
			return again, err
		}
	}
	return again, nil
}

// fromTheFuture is how far ahead the time of a claim's last record may be: an order
// on its way counts its deadline more, and clocks differ a little.
const fromTheFuture = ledger.OrderDeadline + time.Minute

// quoteAll validates the orders in parallel. An order without a usable answer has a
// quote that says so, which blocks its entry.
func quoteAll(ctx context.Context, r Reader, orders []plan.Order, o DraftOptions) (plan.Quotes, error) {
	identity := plan.Order.Configuration
	if o.PerOrder {
		identity = plan.Order.Key
	}
	groups := map[string][]plan.Order{}
	for _, order := range orders {
		groups[identity(order)] = append(groups[identity(order)], order)
	}
	quotes := plan.Quotes{}
	var mu sync.Mutex
	g, gctx := safe.WithContext(ctx, parallelism(o.Parallelism))
	for _, group := range groups {
		g.Go(func() error {
			q, err := r.Quote(gctx, firstByName(group))
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, order := range group {
				quotes[order.Key()] = q
			}
			return nil
		})
	}
	return quotes, g.Wait()
}

// firstByName makes the choice of the order that speaks for its configuration
// repeatable.
func firstByName(orders []plan.Order) plan.Order {
	return slices.MinFunc(orders, func(a, b plan.Order) int { return cmp.Compare(a.Name, b.Name) })
}

func parallelism(n int) int {
	if n <= 0 {
		return defaultParallelism
	}
	return n
}
