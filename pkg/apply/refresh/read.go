package refresh

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/plan"
)

// PricedPlan is a priced plan together with what it was made from.
type PricedPlan struct {
	Plan     plan.Plan
	Desired  plan.Desired
	Observed plan.Observed
	Catalog  plan.Catalog
	// Claims is the ledger as it was before the account was read.
	Claims ledger.Snapshot
	// Purchases says what services were bought with, as far as the ledger knows.
	Purchases map[plan.ServiceUID]ledger.Purchase
	// Findings is what the account says of each of the open claims.
	Findings []Finding

	approvals Approvals
	wishes    wishes
	// listed are the services among Observed, open the ids of the open claims.
	listed map[plan.ServiceUID]bool
	open   map[string]bool
	// intents is what all claims of the plan have in common.
	intents func() (intents, error)
	// earlier is what the ledger knows of the services of a folded name.
	earlier map[string][]ledger.Known
}

// Options say how a plan is made.
type Options struct {
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
	// CheckTags reads the declared tags of every service; else what the ledger recorded
	// of them is believed where nothing else is to be done.
	CheckTags bool
	// Recheck is how long after an order was turned away a listing must begin to
	// show that it was not carried out; 0 means DefaultRecheck.
	Recheck time.Duration
	// OnStep is told what is being done, from many goroutines; nil tells nobody.
	OnStep func(Step)
}

// Step is what is done before there is a plan.
type Step struct {
	// Doing says it in words: "reading the account".
	Doing string
	// Done of Of requests are done; Of is 0 where they are not counted.
	Done, Of int
}

// String is the step as people read it.
func (s Step) String() string {
	if s.Of == 0 {
		return s.Doing
	}
	return fmt.Sprintf("%s %d/%d", s.Doing, s.Done, s.Of)
}

// counting tells of a step whose requests are counted: the answer counts one more.
func (o Options) counting(doing string, of int) func(n int) {
	if o.OnStep == nil || of == 0 {
		return func(int) {}
	}
	var mu sync.Mutex
	done := 0
	o.OnStep(Step{doing, 0, of})
	return func(n int) {
		mu.Lock()
		defer mu.Unlock()
		done += n
		o.OnStep(Step{doing, done, of})
	}
}

const defaultParallelism = 16

// DefaultRecheck is how long after the API turned an order away (429, 401) the
// account is listed before the order is sent again: longer than a service takes to
// show that was created all the same (docs/reliability.md, assumptions).
const DefaultRecheck = time.Minute

// Read reads ledger, locations and account, builds the plan and prices it. It writes
// nothing. The ledger is read first: a claim that somebody makes after that shows
// itself by its number when the same name is claimed.
func Read(ctx context.Context, r Reader, desired plan.Desired, o Options) (PricedPlan, error) {
	p, err := ReadUnpriced(ctx, r, desired, o)
	if err != nil {
		return PricedPlan{}, err
	}
	err = p.price(ctx, r, o)
	return p, err
}

// Priced says that the orders were validated.
func (p *PricedPlan) Priced() bool { return p.intents != nil }

// price has the API validate the orders.
func (p *PricedPlan) price(ctx context.Context, r Reader, o Options) error {
	quotes, err := quoteAll(ctx, r, p.Plan.Orders(), o)
	if err != nil {
		return err
	}
	p.Plan = p.Plan.Priced(quotes)
	p.intents = sync.OnceValues(p.commonIntents)
	return nil
}

// ReadUnpriced is Read without the prices: it validates no order.
func ReadUnpriced(ctx context.Context, r Reader, desired plan.Desired, o Options) (PricedPlan, error) {
	p := PricedPlan{Desired: desired, wishes: wishesOf(desired)}
	listing, err := p.readAll(ctx, r, o)
	if err != nil {
		return PricedPlan{}, err
	}
	p.Observed, p.approvals = listing.Observed, listing.Approvals
	p.remember()
	if !o.CheckTags {
		p.Observed.RecordedTags = p.Claims.Memory.Tags
	}
	if err := p.lookUp(ctx, r, listing, o); err != nil {
		return PricedPlan{}, err
	}
	p.openPurchases()
	built, err := p.build(ctx, r, o)
	if err != nil {
		return PricedPlan{}, err
	}
	p.Plan, err = built.Select(o.Selection)
	return p, err
}

// readAll reads the ledger, and then what planning needs of the API.
func (p *PricedPlan) readAll(ctx context.Context, r Reader, o Options) (Listing, error) {
	now := time.Now()
	if o.Ledger != nil {
		now = o.Ledger.Now()
		var err error
		if p.Claims, err = o.Ledger.Snapshot(ctx); err != nil {
			return Listing{}, err
		}
	}
	if o.OnStep != nil {
		o.OnStep(Step{Doing: "reading the account"})
	}
	var listing Listing
	var locations []plan.Location
	g, gctx := panics.WithContext(ctx, 0)
	g.Go(func() (err error) { locations, err = r.Locations(gctx); return err })
	g.Go(func() (err error) { listing, err = List(gctx, r, now); return err })
	if err := g.Wait(); err != nil {
		return Listing{}, err
	}
	p.Catalog = plan.NewCatalog(locations)
	listing.Approvals = p.known(listing.Approvals)
	if o.Ledger == nil {
		return listing, nil
	}
	return listing, o.Ledger.Check(ctx, listing.Owner, o.SameAccount)
}

// remember takes in what the ledger knows besides claims, as far as the account
// lists it: what it does not list is asked for where something hangs on it.
func (p *PricedPlan) remember() {
	m := p.Claims.Memory
	p.Observed.ApprovalsUnknown = p.approvals.Unknown
	p.Observed.Inventories, p.Observed.Cancelling = m.Inventories, m.Cancelling
	p.rememberPurchases()
	p.Observed.Known = map[string][]plan.ServiceUID{}
	p.listed, p.open = make(map[plan.ServiceUID]bool, len(p.Observed.Services)), make(map[string]bool, len(p.Claims.Open))
	for i := range p.Observed.Services {
		p.listed[p.Observed.Services[i].UID] = true
	}
	for _, c := range p.Claims.Open { // as the ledger was read, before the account
		p.open[c.ID] = true
	}
	if len(m.Known) == 0 {
		return
	}
	for i := range p.Desired.Ports {
		port := &p.Desired.Ports[i]
		for _, k := range m.Known[plan.NameHash(port.Name)] {
			if folded := plan.FoldName(port.Name); p.listed[k.UID] && !slices.Contains(p.Observed.Known[folded], k.UID) {
				p.Observed.Known[folded] = append(p.Observed.Known[folded], k.UID)
			}
		}
	}
}

// lookUp finds out how far the open claims have come. What the account shows
// needs no claim; what it does not show counts as existing all the same.
func (p *PricedPlan) lookUp(ctx context.Context, r Reader, in Listing, o Options) error {
	p.Findings = make([]Finding, len(p.Claims.Open))
	l := p.Lookup(r, in, p.Claims.Open, o.Recheck)
	g, gctx := panics.WithContext(ctx, parallelism(o.Parallelism))
	for i, open := range p.Claims.Open {
		g.Go(func() error {
			f, bound := p.bound(l, open)
			if !bound {
				f = l.Find(gctx, open)
			}
			p.Findings[i] = f
			return gctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	p.Observed.Claims = append(p.Observed.Claims, foreignOrders(p.Desired.Ports, p.Catalog, in.Services, p.Claims.Open, p.approvals)...)
	for _, f := range p.Findings {
		p.add(f.seen...)
		if c, open := f.Claim(); open {
			p.Observed.Claims = append(p.Observed.Claims, c)
		}
	}
	return nil
}

// bound closes a claim whose entry says by its uid which service it is. For a
// LAG a uid says nothing: it names one member, perhaps an old one. Nor does it for
// an order that waits for its approval, or whose answer named other services.
func (p *PricedPlan) bound(l *Lookup, open ledger.Open) (Finding, bool) {
	if open.State == plan.OrderDamaged || open.State.Closed() || open.Order.LAGPorts > 0 {
		return Finding{}, false
	}
	if a, waits := l.approvalOf(open); open.State == plan.OrderQueued || waits && !a.refused() {
		return Finding{}, false
	}
	for _, uid := range p.wishes.uids[plan.FoldName(open.Name)] {
		if open.State == plan.OrderBought && !slices.Contains(open.UIDs, uid) {
			continue
		}
		if s, listed := l.index.service(uid); listed && couldBe(open, s) {
			return Finding{Open: open}.become(plan.OrderResolved, []plan.ServiceUID{uid}, "the entry names the service by its uid"), true
		}
	}
	return Finding{}, false
}

// add takes in services that the listing lacks.
func (p *PricedPlan) add(services ...plan.Service) {
	for _, s := range services {
		if !p.listed[s.UID] {
			p.listed[s.UID] = true
			p.Observed.Services = append(p.Observed.Services, s)
		}
	}
}

// Lookup prepares a look for the orders of claims in a listing.
func (p *PricedPlan) Lookup(r Reader, in Listing, claims []ledger.Open, recheck time.Duration) *Lookup {
	in.Approvals = p.known(in.Approvals)
	l := newLookup(r, in, claims, p.wishes, recheck)
	l.before, l.earlier = p.listed, p.open
	return l
}

// known is what approvals tell, seen with what the ledger remembers.
func (p *PricedPlan) known(a Approvals) Approvals {
	if a.Absent && p.Claims.Memory.ApprovalsSeen {
		a.Unknown = "the API says that this account has none, and it had some before"
	}
	return a
}

// intents is what the claims of a plan have in common: what is known not to be their
// orders', made ready once for all of them.
type intents struct {
	listing   *ledger.Listing
	named     map[string][]plan.ServiceUID // by the folded names of the orders
	spots     map[spot]bool                // those of the orders
	approvals approvalIndex
}

func (p *PricedPlan) commonIntents() (intents, error) {
	x := intents{named: map[string][]plan.ServiceUID{}, spots: map[spot]bool{}, approvals: p.approvals.index()}
	var orders []plan.Order
	for i := range p.Plan.Actions {
		if o := p.Plan.Actions[i].Order; o != nil {
			orders = append(orders, *o)
			x.spots[spot{o.Location, o.Speed}] = true
			x.named[plan.FoldName(o.Name)] = nil
		}
	}
	for i := range p.Observed.Services {
		s := &p.Observed.Services[i]
		name := plan.FoldName(s.Name)
		if uids, ordered := x.named[name]; ordered {
			x.named[name] = append(uids, s.UID)
		}
	}
	var err error
	x.listing, err = ledger.NewListing(p.Observed.Services, orders)
	return x, err
}

// Intent is what to claim before the order of an action is sent: the order, and what
// is known not to be its.
func (p *PricedPlan) Intent(a plan.Action) (ledger.Intent, error) {
	common, err := p.intents()
	if err != nil {
		return ledger.Intent{}, err
	}
	name := plan.FoldName(a.Order.Name)
	if _, planned := common.named[name]; !planned || !common.spots[spot{a.Order.Location, a.Order.Speed}] {
		return ledger.Intent{}, fmt.Errorf("the order of %q is none of the plan's", a.Order.Name) // what was there before it is not known
	}
	return ledger.Intent{
		Inventory: p.Desired.Inventory, Order: *a.Order, Price: *a.Price, Earlier: p.earlier[name],
		Approvals: p.approvals.before(*a.Order, common.approvals),
		Listed:    slices.Sorted(slices.Values(common.named[name])), Listing: common.listing,
	}, nil
}

// build builds the plan, reads what turns out to be needed besides, and builds
// it again if there was anything.
func (p *PricedPlan) build(ctx context.Context, r Reader, o Options) (plan.Plan, error) {
	built := plan.Build(p.Desired, p.Observed, p.Catalog)
	if o.Ledger != nil {
		news, err := p.checkVanished(ctx, r, o.Ledger, built)
		if err != nil {
			return plan.Plan{}, err
		}
		learnt, err := p.learnPurchases(ctx, o.Ledger, built, o)
		if err != nil {
			return plan.Plan{}, err
		}
		if news || learnt {
			built = plan.Build(p.Desired, p.Observed, p.Catalog)
		}
	}
	for {
		need := built.Missing(o.Selection)
		if len(need.Tags)+len(need.Charges) == 0 {
			return built, nil
		}
		if err := p.readMore(ctx, r, need, o); err != nil {
			return plan.Plan{}, err
		}
		built = plan.Build(p.Desired, p.Observed, p.Catalog)
	}
}

// ReadTags reads the resource tags of services, a request each. Those that cannot be read
// are noted.
func (p *PricedPlan) ReadTags(ctx context.Context, r Reader, uids []plan.ServiceUID, o Options) error {
	return p.readMore(ctx, r, plan.Need{Tags: uids}, o)
}

// readMore reads tags and cancellation charges, in parallel. What cannot be read is
// noted: planning blocks what hangs on it.
func (p *PricedPlan) readMore(ctx context.Context, r Reader, need plan.Need, o Options) error {
	if p.Observed.Tags == nil {
		p.Observed.Tags, p.Observed.Charges = map[plan.ServiceUID]map[string]string{}, map[plan.ServiceUID]plan.Charge{}
		p.Observed.Unreadable = map[plan.ServiceUID]string{}
	}
	var mu sync.Mutex
	g, gctx := panics.WithContext(ctx, parallelism(o.Parallelism))
	read := o.counting("reading tags", len(need.Tags))
	for _, uid := range need.Tags {
		g.Go(func() error {
			tags, err := r.Tags(gctx, uid)
			read(1)
			mu.Lock()
			defer mu.Unlock()
			if err != nil { // no tags would mean that the service is nobody's
				p.Observed.Unreadable[uid] = err.Error()
			} else {
				p.Observed.Tags[uid] = tags
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
			p.Observed.Charges[uid] = charge
			return gctx.Err()
		})
	}
	return g.Wait()
}
