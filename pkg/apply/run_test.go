package apply_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// fakeAccount is an account in memory whose clock is that of the test.
type fakeAccount struct {
	mu       sync.Mutex
	services []plan.Service
	untyped  []plan.Untyped
	quoted   []string
	orders   []string // names, in the order they were sent
	listings int
	loaCalls map[plan.ServiceUID]int

	tags       map[plan.ServiceUID]map[string]string
	calls      []string // changes, in order
	queue      int      // orders whose turn comes too late
	once       bool     // each outcome of outcome happens once
	approvals  []refresh.Approval
	lag        time.Duration            // from the order until it is listed
	lose       map[string]bool          // names whose order is carried out and whose answer is lost
	failing    map[string]error         // calls that fail
	refuse     map[string]bool          // names that validation refuses
	outcome    map[string]apply.Outcome // names that are not simply bought
	buyTakes   time.Duration
	readyAfter time.Duration // from the order
	stuck      map[string]apply.Outcome
	loa        func(uid plan.ServiceUID, call int) ([]byte, error)
	onBuy      func()
}

func (f *fakeAccount) Locations(context.Context) ([]plan.Location, error) {
	zones := map[plan.Zone][]plan.Speed{plan.Red: {plan.Speed10G}, plan.Blue: {plan.Speed10G}}
	return []plan.Location{{
		ID: 89, Name: "Digital Realty LHR20", Metro: "London", Market: "UK",
		Status: plan.LocationActive, Zones: zones, Speeds: []plan.Speed{plan.Speed10G}, Address: "227 Marsh Wall, London",
	}, {
		ID: 2, Name: "Equinix SY1", Metro: "Sydney", Market: "AU", Status: plan.LocationActive, Zones: zones, Speeds: []plan.Speed{plan.Speed10G},
	}}, nil
}

func (f *fakeAccount) Observe(context.Context) (plan.Observed, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listings++
	now := time.Now()
	o := plan.Observed{Owner: plan.Owner{Companies: []string{"company"}}, Untyped: slices.Clone(f.untyped)}
	for _, s := range f.services {
		if now.Sub(s.CreatedAt) < f.lag {
			continue
		}
		if _, stuck := f.stuck[s.Name]; !stuck && s.Status == plan.StatusDeployable && now.Sub(s.CreatedAt) >= f.readyAfter {
			s.Status = plan.StatusConfigured
		}
		o.Services = append(o.Services, s)
	}
	return o, nil
}

func (f *fakeAccount) Quotes(_ context.Context, orders []plan.Order) ([]plan.Quote, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	quote := plan.Quote{Priced: true, Currency: "GBP", Monthly: plan.NewAmount(decimal.NewFromInt(475))}
	for _, o := range orders {
		f.quoted = append(f.quoted, o.Name)
		if f.refuse[o.Name] { // one refuses all
			quote = plan.Quote{Refusal: &plan.Refusal{Message: "Validation failed", Reasons: []string{"no capacity"}}}
		}
	}
	return slices.Repeat([]plan.Quote{quote}, len(orders)), nil
}

// answers are what an account says for an outcome.
var answers = map[apply.Outcome]plan.OrderState{
	apply.Refused: plan.OrderRefused, apply.NotProcessed: plan.OrderTurnedAway, apply.NotSent: plan.OrderNotSent, apply.Unknown: plan.OrderUnknown,
}

// noTurn is the turn of an account that has anybody go on at once.
type noTurn struct{}

func (noTurn) Release() {}

func (f *fakeAccount) Turn(ctx context.Context) (apply.Turn, error) { return noTurn{}, ctx.Err() }

func (f *fakeAccount) Buy(ctx context.Context, turn apply.Turn, o plan.Order, claim string, notAfter time.Time) apply.Purchase {
	if f.queue > 0 { // for so many orders it is too late when their turn comes
		f.mu.Lock()
		f.queue--
		f.mu.Unlock()
		time.Sleep(time.Until(notAfter) + time.Second)
		return apply.Purchase{State: plan.OrderNotSent, Late: true, Failure: &apply.Failure{Message: "it waited too long"}}
	}
	f.mu.Lock()
	f.orders = append(f.orders, o.Name)
	if f.onBuy != nil {
		f.onBuy()
	}
	outcome := f.outcome[o.Name]
	if f.once {
		delete(f.outcome, o.Name)
	}
	f.mu.Unlock()
	select {
	case <-time.After(f.buyTakes):
	case <-ctx.Done():
		return apply.Purchase{State: plan.OrderUnknown, Failure: &apply.Failure{Message: "cut off"}}
	}
	if claim == "" {
		return apply.Purchase{State: plan.OrderRefused, Failure: &apply.Failure{Message: "an order without a claim"}}
	}
	if outcome == apply.Queued {
		f.mu.Lock()
		f.approvals = append(f.approvals, refresh.Approval{Status: "PENDING", Texts: []string{claim}})
		f.mu.Unlock()
		return apply.Purchase{State: plan.OrderUnknown, Failure: &apply.Failure{Message: "no UIDs"}}
	}
	if outcome != "" {
		return apply.Purchase{State: answers[outcome], Failure: &apply.Failure{Message: "as told", Status: 500, TraceID: "t1"}}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var uids []plan.ServiceUID
	for i := range o.Members() {
		s := plan.Service{
			UID: plan.ServiceUID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", len(f.services)+1)), Name: o.Name, Status: plan.StatusDeployable,
			Location: o.Location, Speed: o.Speed, Zone: o.Config.Zone, Term: o.Term, CreatedAt: time.Now(), Demarcation: "rack 1",
		}
		if o.LAGPorts > 0 {
			s.AggregationID, s.LAGPrimary = 1000+len(o.Name), i == 0
		}
		f.services = append(f.services, s)
		if f.tags == nil {
			f.tags = map[plan.ServiceUID]map[string]string{}
		}
		f.tags[s.UID] = map[string]string{plan.TagOrder: claim, plan.TagInventory: "inv"}
		uids = append(uids, s.UID)
	}
	if f.lose[o.Name] {
		return apply.Purchase{State: plan.OrderUnknown, Failure: &apply.Failure{Message: "EOF"}}
	}
	return apply.Purchase{State: plan.OrderBought, UIDs: uids}
}

func (f *fakeAccount) Service(_ context.Context, uid plan.ServiceUID) (plan.Service, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.services {
		if s.UID == uid {
			return s, true, nil
		}
	}
	return plan.Service{}, false, nil
}

func (f *fakeAccount) Tags(_ context.Context, uid plan.ServiceUID) (map[string]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.tags[uid]), f.failing["tags"]
}

func (f *fakeAccount) Charge(context.Context, plan.ServiceUID) (plan.Charge, error) {
	return plan.Charge{}, errors.New("not told")
}

func (f *fakeAccount) Companies(context.Context) (plan.Owner, error) { return plan.Owner{}, nil }

func (f *fakeAccount) Approvals(context.Context) (refresh.Approvals, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return refresh.Approvals{List: slices.Clone(f.approvals)}, nil
}

// change notes a call and carries it out on the one service, unless it is to
// fail.
func (f *fakeAccount) change(call string, uid plan.ServiceUID, do func(*plan.Service)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call+" "+uid.Short())
	if err := f.failing[call]; err != nil {
		return err
	}
	for i := range f.services {
		if f.services[i].UID == uid {
			do(&f.services[i])
		}
	}
	return nil
}

func (f *fakeAccount) Update(_ context.Context, uid plan.ServiceUID, u plan.FieldUpdate) error {
	return f.change("update", uid, func(s *plan.Service) {
		s.CostCentre, s.Name, s.Term = u.CostCentre, cmp.Or(u.Name, s.Name), cmp.Or(u.Term, s.Term)
		if u.MarketplaceVisibility != nil {
			s.MarketplaceVisibility = *u.MarketplaceVisibility
		}
	})
}

func (f *fakeAccount) SetTags(_ context.Context, uid plan.ServiceUID, tags map[string]string) error {
	return f.change("tags", uid, func(*plan.Service) { f.tags[uid] = tags })
}

func (f *fakeAccount) SetLock(_ context.Context, uid plan.ServiceUID, locked bool) error {
	return f.change(map[bool]string{true: "lock", false: "unlock"}[locked], uid, func(s *plan.Service) { s.Locked = locked })
}

func (f *fakeAccount) Cancel(_ context.Context, uid plan.ServiceUID) error {
	return f.change("cancel", uid, func(s *plan.Service) { s.Status = plan.StatusDecommissioned })
}

func (f *fakeAccount) LOA(_ context.Context, uid plan.ServiceUID) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loaCalls == nil {
		f.loaCalls = map[plan.ServiceUID]int{}
	}
	f.loaCalls[uid]++
	if f.loa != nil {
		return f.loa(uid, f.loaCalls[uid])
	}
	return []byte("%PDF-1.4 " + uid + " %%EOF\n"), nil
}

func entries(names ...string) plan.Desired {
	d := plan.Desired{Inventory: "inv"}
	for _, n := range names {
		p := plan.Port{Name: n, Site: plan.Site{ID: 89}, Speed: plan.Speed10G, Term: 12}
		if strings.HasPrefix(n, "lag") {
			p.LAG = 2
		}
		d.Ports = append(d.Ports, p)
	}
	return d
}

// scenario is one run against a fake account in virtual time.
type scenario struct {
	account *fakeAccount
	options apply.Options
	store   ledger.Store // the ledger, shared by all runs of a scenario
	ctx     context.Context
	events  []apply.Event
	took    time.Duration

	forgetful bool // services may vanish from the account
}

func (s *scenario) run(t *testing.T, d plan.Desired) apply.Result {
	t.Helper()
	if s.ctx == nil {
		s.ctx = t.Context()
	}
	if s.store == nil {
		s.store = storetest.NewMemory()
	}
	book := ledger.New(s.store, "api.test", ledger.Run{By: "test", Ephemeral: s.forgetful})
	draft, recovered, err := refresh.ReadAndRecord(s.ctx, s.account, d, refresh.Options{PerOrder: true, Ledger: book})
	if err != nil {
		t.Fatal(err)
	}
	o := s.options
	o.Account, o.Ledger, o.Recovered, o.Sink = s.account, book, recovered, func(e apply.Event) {
		s.events = append(s.events, e)
		if s.options.Sink != nil {
			s.options.Sink(e)
		}
	}
	start := time.Now()
	result := apply.Run(s.ctx, draft, o)
	s.took = time.Since(start)
	return result
}

func outcomes(r apply.Result) map[string]apply.Outcome {
	m := map[string]apply.Outcome{}
	for _, a := range r.Actions {
		m[a.Name] = a.Outcome
	}
	return m
}

func folder(t *testing.T) *loa.Folder {
	t.Helper()
	f, err := loa.Open(filepath.Join(t.TempDir(), "loas"), "sandbox")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRunBuysWaitsAndFetchesLetters(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{readyAfter: 5 * time.Minute}, options: apply.Options{LOAs: letters, Wait: time.Hour}}
		r := s.run(t, entries("a", "b", "lag"))
		if r.ExitCode != apply.ExitDone {
			t.Errorf("exit %d, want done", r.ExitCode)
		}
		want := apply.ResultSummary{Bought: 3, Services: 4, LOAs: 4, LOAsNew: 4}
		if diff := gocmp.Diff(want, r.Summary); diff != "" {
			t.Errorf("summary (-want +got):\n%s", diff)
		}
		if got := r.Totals["GBP"]; got.Monthly.String() != "1900.00" || got.Commitment.String() != "22800.00" {
			t.Errorf("totals %v a month, %v commitment", got.Monthly, got.Commitment)
		}
		manifest, err := letters.Manifest()
		if err != nil || len(manifest.LOAs) != 4 {
			t.Fatalf("%d rows in the manifest, want 4 (%v)", len(manifest.LOAs), err)
		}
		row := manifest.LOAs[2]
		if row.Name != "lag" || row.Member != 1 || row.Site != "Digital Realty LHR20" || row.Demarcation != "rack 1" || row.Status != plan.StatusConfigured {
			t.Errorf("row %+v", row)
		}
		if s.took < 5*time.Minute || s.took > 6*time.Minute {
			t.Errorf("took %s, want about the 5 minutes of provisioning", s.took)
		}
		if s.account.listings > 65 {
			t.Errorf("%d listings for one wait: the interval does not grow with the time waited", s.account.listings)
		}
		if _, ok := s.events[0].(apply.RunStarted); !ok {
			t.Errorf("the first event is %T", s.events[0])
		}
		if last, ok := s.events[len(s.events)-1].(apply.RunFinished); !ok || last.Result.ExitCode != r.ExitCode {
			t.Errorf("the last event is %T", s.events[len(s.events)-1])
		}
	})
}

func TestSecondRunBuysNothingAndKeepsLetters(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{LOAs: letters, Wait: time.Hour}}
		s.run(t, entries("a"))
		r := s.run(t, entries("a"))
		if diff := gocmp.Diff(apply.ResultSummary{Existing: 1, LOAs: 1}, r.Summary); diff != "" || r.ExitCode != apply.ExitDone {
			t.Errorf("exit %d, summary (-want +got):\n%s", r.ExitCode, diff)
		}
		if len(s.account.orders) != 1 || s.account.loaCalls[r.Actions[0].UIDs[0]] != 1 {
			t.Errorf("orders %v, letter fetched %d times", s.account.orders, s.account.loaCalls[r.Actions[0].UIDs[0]])
		}
	})
}

// Law 4: one refusal and nothing at all is bought.
func TestOneRefusalBuysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{refuse: map[string]bool{"b": true}}}
		r := s.run(t, entries("a", "b", "c"))
		if r.ExitCode != apply.ExitRefused || len(s.account.orders) != 0 {
			t.Errorf("exit %d, orders %v", r.ExitCode, s.account.orders)
		}
		slices.Sort(s.account.quoted)
		s.account.quoted = slices.Compact(s.account.quoted)
		if diff := gocmp.Diff([]string{"a", "b", "c"}, s.account.quoted); diff != "" {
			t.Errorf("validated (-want +got):\n%s", diff)
		}
	})
}

func TestOutcomesAndExitCodes(t *testing.T) {
	for _, c := range []struct {
		outcome apply.Outcome
		exit    int
	}{
		{apply.Refused, apply.ExitPartly},
		{apply.NotProcessed, apply.ExitPartly},
		{apply.NotSent, apply.ExitPartly},
		{apply.Unknown, apply.ExitUnknown},
	} {
		t.Run(string(c.outcome), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{account: &fakeAccount{outcome: map[string]apply.Outcome{"b": c.outcome}}, options: apply.Options{Wait: time.Minute}}
				r := s.run(t, entries("a", "b", "c"))
				want := map[string]apply.Outcome{"a": apply.Bought, "b": c.outcome, "c": apply.Bought}
				if diff := gocmp.Diff(want, outcomes(r)); diff != "" || r.ExitCode != c.exit {
					t.Errorf("exit %d, want %d; outcomes (-want +got):\n%s", r.ExitCode, c.exit, diff)
				}
				sent := strings.Count(strings.Join(s.account.orders, ""), "b")
				if again := c.outcome == apply.NotProcessed; again != (sent > 1) { // each time the account did not show it
					t.Errorf("b was sent %d times", sent)
				}
				if r.Actions[1].Error == nil || r.Actions[1].Error.TraceID != "t1" {
					t.Errorf("the failure lost its trace id: %+v", r.Actions[1].Error)
				}
			})
		})
	}
}

// An order that was turned away is not sent again while the account lists a product
// of its name without saying whether it is a port.
func TestTurnedAwayOrderMayBeAnUntypedProduct(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := &fakeAccount{outcome: map[string]apply.Outcome{"b": apply.NotProcessed}}
		account.onBuy = func() { account.untyped = []plan.Untyped{{UID: "u", Name: "B"}} }
		r := (&scenario{account: account}).run(t, entries("b"))
		if diff := gocmp.Diff([]string{"b"}, account.orders); diff != "" || r.ExitCode != apply.ExitUnknown {
			t.Errorf("exit %d, orders %v, %+v", r.ExitCode, account.orders, r.Actions)
		}
	})
}

func TestStuckPortEndsAsNotReady(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{
			account: &fakeAccount{readyAfter: time.Minute, stuck: map[string]apply.Outcome{"b": ""}},
			options: apply.Options{LOAs: letters, Wait: 10 * time.Minute},
		}
		r := s.run(t, entries("a", "b"))
		if diff := gocmp.Diff(apply.ResultSummary{Bought: 2, Services: 2, NotReady: 1, LOAs: 1, LOAsNew: 1, LOAsMissing: 1}, r.Summary); diff != "" {
			t.Errorf("summary (-want +got):\n%s", diff)
		}
		if r.ExitCode != apply.ExitNotReady || s.took.Round(time.Second) != 10*time.Minute {
			t.Errorf("exit %d after %s", r.ExitCode, s.took)
		}
	})
}

func TestNoWaitLeavesPortsToALaterRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{readyAfter: time.Hour}}
		r := s.run(t, entries("a"))
		if r.ExitCode != apply.ExitDone || r.Summary.NotReady != 1 || s.took > time.Second {
			t.Errorf("exit %d, %d not ready, took %s", r.ExitCode, r.Summary.NotReady, s.took)
		}
	})
}

// A letter that is late, or comes as something else than a PDF, is asked for
// again; what is not a PDF is never saved as one.
func TestLetterIsRetried(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{LOAs: letters, Wait: time.Hour}}
		s.account.loa = func(uid plan.ServiceUID, call int) ([]byte, error) {
			switch call {
			case 1:
				return nil, errors.New("not yet")
			case 2:
				return []byte("<html>sorry</html>"), nil
			case 3:
				return []byte("%PDF-1.4 cut o"), nil
			}
			return []byte("%PDF-1.4 whole %%EOF"), nil
		}
		r := s.run(t, entries("a"))
		if r.ExitCode != apply.ExitDone || r.Summary.LOAsNew != 1 {
			t.Errorf("exit %d, summary %+v", r.ExitCode, r.Summary)
		}
		kept, err := letters.Kept()
		if err != nil || len(kept) != 1 {
			t.Errorf("%d letters kept (%v)", len(kept), err)
		}
	})
}

// An interruption holds back what is not sent, finishes what is, and says so.
func TestInterruptionFinishesOrdersInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		s := &scenario{
			ctx:     ctx,
			account: &fakeAccount{buyTakes: time.Minute, onBuy: interrupt},
			options: apply.Options{Parallelism: 2, Wait: time.Hour},
		}
		r := s.run(t, entries("a", "b", "c", "d", "e"))
		if !r.Interrupted || r.ExitCode != apply.ExitPartly || r.Summary.Unknown != 0 {
			t.Errorf("interrupted %t, exit %d, summary %+v", r.Interrupted, r.ExitCode, r.Summary)
		}
		if r.Summary.Bought != len(s.account.orders) || r.Summary.NotDone != 5-len(s.account.orders) || r.Summary.NotDone < 3 {
			t.Errorf("%d orders sent, summary %+v", len(s.account.orders), r.Summary)
		}
	})
}

// Law 5: no claim, no order; and a ledger that fails stops new orders.
func TestLedgerFailureStopsNewOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storetest.NewMemory()
		claims := 0
		store.Fail = func(op, key string) (bool, error) {
			if op == "create" && strings.HasSuffix(key, "/claim.json") {
				claims++
			}
			if claims > 1 && op == "create" {
				return false, errors.New("no space left on device")
			}
			return false, nil
		}
		s := &scenario{account: &fakeAccount{}, store: store, options: apply.Options{Parallelism: 1}}
		r := s.run(t, entries("a", "b", "c", "d"))
		if len(s.account.orders) != 1 || r.Summary.NotDone != 3 || r.ExitCode != apply.ExitPartly {
			t.Errorf("orders %v, exit %d, summary %+v", s.account.orders, r.ExitCode, r.Summary)
		}
		if msg := r.Actions[1].Error.Message; !strings.Contains(msg, "no space left") {
			t.Errorf("the cause is not told: %s", msg)
		}
	})
}

// In a plan, one validation speaks for all orders of a configuration; before a
// purchase every order is validated.
func TestQuotesPerConfigurationOrPerOrder(t *testing.T) {
	for perOrder, want := range map[bool]int{false: 3, true: 5} { // a b c alike; the LAG and its one member
		account := &fakeAccount{}
		d := entries("a", "b", "c", "lag")
		d.Ports[2].Zone = plan.Red
		draft, err := refresh.Read(t.Context(), account, d, refresh.Options{PerOrder: perOrder})
		if err != nil {
			t.Fatal(err)
		}
		if len(account.quoted) != want {
			t.Errorf("per order %t: %d validations, want %d", perOrder, len(account.quoted), want)
		}
		if draft.Plan.Summary.Buy != 4 || draft.Plan.Totals["GBP"].Monthly.String() != "2375.00" {
			t.Errorf("per order %t: %+v, %v", perOrder, draft.Plan.Summary, draft.Plan.Totals)
		}
	}
}

// A folder that cannot be written is a person's matter: nobody waits for it.
func TestUnwritableFolderIsNotRetried(t *testing.T) {
	letters := folder(t)
	if err := os.WriteFile(letters.Dir(), []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{LOAs: letters, Wait: time.Hour}}
		r := s.run(t, entries("a"))
		if r.ExitCode != apply.ExitNotReady || r.Summary.LOAsMissing != 1 || s.took > time.Minute {
			t.Errorf("exit %d, %d letters missing, took %s", r.ExitCode, r.Summary.LOAsMissing, s.took)
		}
	})
}
