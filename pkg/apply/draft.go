package apply

import (
	"cmp"
	"context"
	"slices"
	"sync"

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

	findings []finding
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
}

const defaultParallelism = 16

// MakeDraft reads ledger, locations and account, builds the plan and prices it.
// The ledger is read first: a claim that somebody makes after that shows itself
// by its number when the same name is claimed.
func MakeDraft(ctx context.Context, r Reader, desired plan.Desired, o DraftOptions) (Draft, error) {
	d := Draft{Desired: desired}
	r = rememberOrderTags(r)
	var err error
	if o.Ledger != nil {
		if d.Claims, err = o.Ledger.Snapshot(ctx); err != nil {
			return Draft{}, err
		}
	}
	approvals, err := d.readAccount(ctx, r)
	if err != nil {
		return Draft{}, err
	}
	if o.Ledger != nil {
		if err := o.Ledger.CheckCompany(ctx, d.Observed.Owner.Company()); err != nil {
			return Draft{}, err
		}
	}
	if err := d.standing(ctx, r, approvals, o); err != nil {
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

func (d *Draft) readAccount(ctx context.Context, r Reader) (approvals Approvals, err error) {
	var locations []plan.Location
	g, gctx := safe.WithContext(ctx, 0)
	g.Go(func() (err error) { locations, err = r.Locations(gctx); return err })
	g.Go(func() (err error) { d.Observed, err = r.Observe(gctx); return err })
	g.Go(func() (err error) { approvals, err = r.Approvals(gctx); return err })
	if err := g.Wait(); err != nil {
		return Approvals{}, err
	}
	d.Catalog = plan.NewCatalog(locations)
	return approvals, nil
}

// standing finds out how far the open claims have come. What the account shows
// needs no claim; what it does not show counts as existing all the same.
func (d *Draft) standing(ctx context.Context, r Reader, approvals Approvals, o DraftOptions) error {
	d.findings = make([]finding, len(d.Claims.Open))
	g, gctx := safe.WithContext(ctx, parallelism(o.Parallelism))
	listed := d.Observed.Services
	for i, open := range d.Claims.Open {
		g.Go(func() (err error) {
			if f, ok := d.bound(open); ok {
				d.findings[i] = f
				return nil
			}
			d.findings[i], err = find(gctx, r, open, listed, approvals)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	d.Observed.Claims = append(d.Observed.Claims, foreignOrders(d.Desired.Ports, listed, d.Claims.Open, approvals)...)
	for _, f := range d.findings {
		d.add(f.seen...)
		if c, open := f.claim(); open {
			d.Observed.Claims = append(d.Observed.Claims, c)
		}
	}
	return nil
}

// bound settles a claim whose entry says by its uid which service it is. For a
// LAG a uid says nothing: it names one member, perhaps an old one.
func (d *Draft) bound(open ledger.Open) (finding, bool) {
	if open.Order.LAGPorts > 0 {
		return finding{}, false
	}
	for _, p := range d.Desired.Ports {
		if p.UID == "" || plan.FoldName(p.Name) != plan.FoldName(open.Name) {
			continue
		}
		if slices.ContainsFunc(d.Observed.Services, func(s plan.Service) bool { return s.UID == p.UID && couldBe(open, s) }) {
			return finding{open: open, state: ledger.Settled, uids: []plan.ServiceUID{p.UID}, cause: "the entry names the service by its uid"}, true
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

// recall looks once more at what is to be bought although services of its name, or
// of its former name, were recorded before: one that the listing lacks is read by
// itself.
func (d *Draft) recall(ctx context.Context, r Reader, o DraftOptions) error {
	if o.Ledger == nil {
		return nil
	}
	d.Observed.Known = map[string][]plan.ServiceUID{}
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
			known, err := d.recallName(ctx, r, o.Ledger, name)
			if err != nil {
				return err
			}
			d.Observed.Known[plan.FoldName(name)] = known
		}
	}
	return nil
}

// recallName takes in the services that were recorded for a name, as far as the
// account knows them. Where services vanish by themselves those that it does not
// know say nothing.
func (d *Draft) recallName(ctx context.Context, r Reader, l *ledger.Ledger, name string) (known []plan.ServiceUID, err error) {
	delivered, err := l.Delivered(ctx, d.Claims, name)
	if err != nil {
		return nil, err
	}
	for _, uid := range delivered {
		there := slices.ContainsFunc(d.Observed.Services, func(s plan.Service) bool { return s.UID == uid })
		if !there {
			var s plan.Service
			if s, there, err = r.Service(ctx, uid); err != nil {
				return nil, err
			}
			if there {
				d.add(s)
			}
		}
		if there || !l.Forgetful() {
			known = append(known, uid)
		}
	}
	return known, nil
}

// readMore reads tags and cancellation charges, in parallel.
func (d *Draft) readMore(ctx context.Context, r Reader, need plan.Need, o DraftOptions) error {
	if d.Observed.Tags == nil {
		d.Observed.Tags, d.Observed.Charges = map[plan.ServiceUID]map[string]string{}, map[plan.ServiceUID]plan.Charge{}
	}
	var mu sync.Mutex
	g, gctx := safe.WithContext(ctx, parallelism(o.Parallelism))
	for _, uid := range need.Tags {
		g.Go(func() error {
			tags, err := r.Tags(gctx, uid)
			mu.Lock()
			defer mu.Unlock()
			d.Observed.Tags[uid] = tags
			return err
		})
	}
	for _, uid := range need.Charges {
		g.Go(func() error {
			charge, err := r.Charge(gctx, uid)
			if gctx.Err() != nil {
				return err
			}
			if err != nil {
				charge = plan.Charge{} // a price that can not be had is unknown, and shown so
			}
			mu.Lock()
			defer mu.Unlock()
			d.Observed.Charges[uid] = charge
			return nil
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

// Prepare drafts a run that may buy: it settles the open claims of earlier runs
// first, and drafts again whenever that closed one. The caller holds the lock.
func Prepare(ctx context.Context, r Reader, desired plan.Desired, o DraftOptions) (Draft, []Recovered, error) {
	var recovered []Recovered
	r = rememberOrderTags(r)
	for {
		d, err := MakeDraft(ctx, r, desired, o)
		if err != nil {
			return Draft{}, recovered, err
		}
		if err := o.Ledger.Bind(ctx, d.Observed.Owner.Company()); err != nil {
			return Draft{}, recovered, err
		}
		again := false
		for _, f := range d.findings {
			if !f.news() {
				continue
			}
			if _, err := o.Ledger.Record(ctx, f.open, ledger.Record{State: f.state, UIDs: f.uids, Cause: f.cause}); err != nil {
				return Draft{}, recovered, err
			}
			again = true
			recovered = append(recovered, Recovered{f.open.Name, f.state, append([]plan.ServiceUID{}, f.uids...), f.cause})
		}
		if !again {
			return d, recovered, nil
		}
	}
}

// quoteAll validates the orders in parallel. A failure to get an answer fails
// the whole: a plan with guesses in it is worse than none.
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
