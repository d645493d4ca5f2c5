package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// An order whose answer is lost is found by the look-up, and becomes a purchase.
func TestLostAnswerIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{lose: map[string]bool{"b": true}, lag: time.Minute}, options: apply.Options{Wait: time.Hour}}
		r := s.run(t, entries("a", "b", "c"))
		if r.ExitCode != apply.ExitDone || r.Actions[1].FoundBy != "found by its name" || len(s.account.orders) != 3 {
			t.Errorf("exit %d, found by %q, orders %v", r.ExitCode, r.Actions[1].FoundBy, s.account.orders)
		}
		if open := snapshot(t, s.store); len(open) != 0 {
			t.Errorf("open claims are left: %+v", open)
		}
	})
}

func snapshot(t *testing.T, store ledger.Store) []ledger.Open {
	t.Helper()
	s, err := ledger.New(store, "api.test", ledger.Run{}).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.Open
}

// What is not listed until the lookup timeout stays a doubt: its entry is held back,
// and a later run finds it.
func TestDoubtOutlivesTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{lose: map[string]bool{"b": true}, lag: time.Hour}, options: apply.Options{Wait: time.Minute, LookupTimeout: 5 * time.Minute}}
		r := s.run(t, entries("a", "b"))
		if r.ExitCode != apply.ExitUnknown || r.Summary.Unknown != 1 {
			t.Fatalf("exit %d, summary %+v", r.ExitCode, r.Summary)
		}
		if s.took < 5*time.Minute || s.took > 6*time.Minute {
			t.Errorf("looked for %s, want until the horizon of 5 minutes", s.took)
		}
		r = s.run(t, entries("a", "b"))
		if r.ExitCode != apply.ExitUnknown || len(s.account.orders) != 2 {
			t.Errorf("second run: exit %d, orders %v", r.ExitCode, s.account.orders)
		}
		time.Sleep(time.Hour)
		r = s.run(t, entries("a", "b"))
		if r.ExitCode != apply.ExitDone || len(s.account.orders) != 2 || len(r.Recovered) == 0 {
			t.Errorf("third run: exit %d, orders %v, recovered %+v", r.ExitCode, s.account.orders, r.Recovered)
		}
	})
}

// Bought, but not listed yet when the next run starts: it counts as existing.
func TestBoughtButNotListedIsNotBoughtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{lag: time.Hour}}
		s.run(t, entries("a", "lag"))
		r := s.run(t, entries("a", "lag"))
		if len(s.account.orders) != 2 || r.Summary.Existing != 2 {
			t.Errorf("orders %v, summary %+v", s.account.orders, r.Summary)
		}
	})
}

// The process dies between claim and answer: the claim stays, and the next run
// looks the order up before anything else.
func TestCrashBetweenClaimAndAnswer(t *testing.T) {
	for name, sent := range map[string]bool{"before the order was sent": false, "after it was carried out": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{account: &fakeAccount{}, store: storetest.NewMemory()}
				claim := claimByHand(t, s.store, "a")
				if sent {
					s.account.Buy(t.Context(), nil, claim.Order, claim.ID, time.Time{})
				}
				r := s.run(t, entries("a"))
				wantOrders, wantExit := 0, apply.ExitUnknown
				if sent {
					wantOrders, wantExit = 1, apply.ExitDone
				}
				if len(s.account.orders) != wantOrders || r.ExitCode != wantExit {
					t.Errorf("orders %v, exit %d; want %d orders, exit %d", s.account.orders, r.ExitCode, wantOrders, wantExit)
				}
			})
		})
	}
}

func claimByHand(t *testing.T, store ledger.Store, name string) ledger.Open {
	t.Helper()
	d, err := refresh.Read(t.Context(), &fakeAccount{}, entries(name), refresh.Options{})
	if err != nil {
		t.Fatal(err)
	}
	book := ledger.New(store, "api.test", ledger.Run{By: "crashed"})
	claim, err := book.Claim(t.Context(), d.Claims, ledger.Intent{Inventory: "inv", Order: *d.Plan.Actions[0].Order, Price: *d.Plan.Actions[0].Price})
	if err != nil {
		t.Fatal(err)
	}
	return claim
}

// The service was renamed by hand before the look-up: the order tag finds it.
func TestRenamedServiceIsFoundByItsTag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, store: storetest.NewMemory()}
		claim := claimByHand(t, s.store, "a")
		s.account.Buy(t.Context(), nil, claim.Order, claim.ID, time.Time{})
		s.account.services[0].Name = "renamed by hand"
		s.account.orders = nil
		s.run(t, entries("z"))
		if open := snapshot(t, s.store); len(open) != 0 {
			t.Errorf("the claim is still open: %+v", open)
		}
	})
}

// An order that waits too long to be sent gets a new record first, so that nobody calls
// it not created in between; and it is not sent at all once somebody did.
func TestOrderThatWaitedIsRecordedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{queue: 3}, options: apply.Options{Wait: time.Minute}}
		if r := s.run(t, entries("a")); r.ExitCode != apply.ExitDone || len(s.account.orders) != 1 {
			t.Errorf("exit %d, orders %v", r.ExitCode, s.account.orders)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{queue: 3}, store: storetest.NewMemory()}
		go func() { // a person who broke the lock
			time.Sleep(30 * time.Second)
			book := ledger.New(s.store, "api.test", ledger.Run{By: "a person"})
			_, err := refresh.Resolve(t.Context(), &fakeAccount{}, book, entries("a"), refresh.Resolution{Names: []string{"a"}, NotCreated: true, LookupTimeout: -time.Hour})
			if err != nil {
				t.Error(err)
			}
		}()
		if r := s.run(t, entries("a")); len(s.account.orders) != 0 || r.Actions[0].Outcome != apply.NotSent {
			t.Errorf("outcome %s, orders %v", r.Actions[0].Outcome, s.account.orders)
		}
		if open := snapshot(t, s.store); len(open) != 0 {
			t.Errorf("open %+v", open)
		}
	})
}

// Tags that cannot be read leave the order unconfirmed: its entry is held back, and
// nothing else is.
func TestUnreadableTagsAreNotAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, store: storetest.NewMemory(), options: apply.Options{LookupTimeout: time.Second}}
		claim := claimByHand(t, s.store, "a")
		s.account.Buy(t.Context(), nil, claim.Order, claim.ID, time.Time{})
		s.account.services[0].Name = "renamed by hand"
		s.account.orders, s.account.failing = nil, map[string]error{"tags": errors.New("HTTP 500")}
		d := entries("a", "far")
		d.Ports[1].Site.ID = 2
		r := s.run(t, d)
		if open := snapshot(t, s.store); len(open) != 1 || open[0].Name != "a" || open[0].State != plan.OrderClaimed {
			t.Errorf("open claims %+v", open)
		}
		if diff := gocmp.Diff([]string{"far"}, s.account.orders); diff != "" || r.Actions[0].Outcome != apply.Unknown {
			t.Errorf("actions %+v, orders (-want +got):\n%s", r.Actions, diff)
		}
	})
}

// The entry was edited, renamed or removed while its claim is open: the look-up
// goes by the claim's own order, and what could be the same order is held back.
func TestEntryEditedWhileInDoubt(t *testing.T) {
	renamed := entries("b", "far")
	renamed.Ports[1].Zone = plan.Blue
	formerly := entries("b")
	formerly.Ports[0].Formerly = "a"
	for name, c := range map[string]struct {
		desired plan.Desired
		orders  int
	}{
		"the same":                    {entries("a"), 0},
		"renamed":                     {entries("b"), 0},
		"renamed, and it says so":     {formerly, 0},
		"removed, others at the site": {renamed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{account: &fakeAccount{}, store: storetest.NewMemory(), options: apply.Options{LookupTimeout: time.Second}}
				claimByHand(t, s.store, "a")
				r := s.run(t, c.desired)
				if len(s.account.orders) != c.orders || r.ExitCode != apply.ExitUnknown {
					t.Errorf("orders %v, exit %d, summary %+v", s.account.orders, r.ExitCode, r.Summary)
				}
			})
		})
	}
}

// An order that waits for an approval counts as existing until it is decided.
func TestApprovalQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{outcome: map[string]apply.Outcome{"a": apply.Queued}}, options: apply.Options{Wait: time.Minute}}
		r := s.run(t, entries("a"))
		if r.Actions[0].Outcome != apply.Queued || r.ExitCode != apply.ExitNotReady {
			t.Errorf("outcome %s, exit %d", r.Actions[0].Outcome, r.ExitCode)
		}
		if noted, err := ledger.New(s.store, "api.test", ledger.Run{}).Snapshot(t.Context()); err != nil || !noted.Memory.ApprovalsSeen {
			t.Errorf("that the account has approvals is forgotten (%v)", err)
		}
		r = s.run(t, entries("a"))
		if len(s.account.orders) != 1 || r.Actions[0].Outcome != apply.Queued {
			t.Errorf("orders %v, outcome %s", s.account.orders, r.Actions[0].Outcome)
		}
		s.account.approvals[0].Status = "REJECTED"
		s.account.outcome = nil
		if r = s.run(t, entries("a")); len(s.account.orders) != 1 || r.ExitCode != apply.ExitRefused {
			t.Errorf("after the rejection: orders %v, exit %d", s.account.orders, r.ExitCode)
		}
		book := ledger.New(s.store, "api.test", ledger.Run{})
		if _, err := refresh.Resolve(t.Context(), s.account, book, entries("a"), refresh.Resolution{Names: []string{"a"}, Again: true}); err != nil {
			t.Fatal(err)
		}
		if r = s.run(t, entries("a")); len(s.account.orders) != 2 || r.ExitCode != apply.ExitDone {
			t.Errorf("after the person's word: orders %v, exit %d", s.account.orders, r.ExitCode)
		}
	})
}

// Two runs that read the ledger at the same time: the claim's number lets one of
// them buy, even when the other is long done and its claim closed.
func TestClaimNumberStopsTheSlowerRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account, store := &fakeAccount{}, storetest.NewMemory()
		slow := ledger.New(store, "api.test", ledger.Run{By: "slow"})
		stale, _, err := refresh.ReadAndRecord(t.Context(), account, entries("a"), refresh.Options{Ledger: slow})
		if err != nil {
			t.Fatal(err)
		}
		quick := &scenario{account: account, store: store, options: apply.Options{Wait: time.Minute}}
		if r := quick.run(t, entries("a")); r.ExitCode != apply.ExitDone {
			t.Fatalf("the quicker run: exit %d", r.ExitCode)
		}
		r := apply.Run(t.Context(), stale, apply.Options{Account: account, Ledger: slow})
		if len(account.orders) != 1 || r.Actions[0].Outcome != apply.NotSent || !strings.Contains(r.Actions[0].Error.Message, "another run claimed") {
			t.Errorf("orders %v, outcome %+v", account.orders, r.Actions[0])
		}
	})
}

// A second service of one name is found by the audit, named with its cost, and
// left alone.
func TestAuditFindsASecondService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{readyAfter: time.Minute}, options: apply.Options{Wait: time.Hour}}
		s.account.onBuy = func() { // somebody else buys the same by hand at this moment
			s.account.services = append(s.account.services, plan.Service{
				UID: "99999999-0000-4000-8000-000000000000", Name: "A",
				Status: plan.StatusLive, Location: 89, Speed: plan.Speed10G, CreatedAt: time.Now(),
			})
		}
		r := s.run(t, entries("a"))
		if r.ExitCode != apply.ExitUnknown || len(r.Audit) != 1 || !strings.Contains(r.Audit[0].Text, "GBP 475.00 monthly") {
			t.Errorf("exit %d, audit %+v", r.ExitCode, r.Audit)
		}
		if len(s.account.calls) != 0 {
			t.Errorf("the account was changed: %v", s.account.calls)
		}
	})
}

// Updates change what is declared, keep what is not, and respect locks.
func TestUpdateCancelAndLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute, Parallelism: 1}}
		s.run(t, entries("a", "lag"))
		centre, yes := "NET-1", true
		d := entries("b", "lag")
		d.Ports[0].Formerly, d.Ports[0].Locked, d.Ports[0].Tags = "a", &yes, map[string]string{"team": "net"}
		d.Ports[1].CostCentre = &centre
		s.account.services[0].CostCentre = "KEPT"
		r := s.run(t, d)
		if r.ExitCode != apply.ExitDone || r.Summary.Updated != 2 {
			t.Fatalf("exit %d, summary %+v, actions %+v", r.ExitCode, r.Summary, r.Actions)
		}
		a := s.account.services[0]
		if a.Name != "b" || a.CostCentre != "KEPT" || !a.Locked || s.account.tags[a.UID]["team"] != "net" || s.account.tags[a.UID][plan.TagInventory] != "inv" {
			t.Errorf("service %+v, tags %v", a, s.account.tags[a.UID])
		}
		if s.account.services[1].CostCentre != "NET-1" || s.account.services[2].CostCentre != "NET-1" {
			t.Error("a LAG member lacks the cost centre")
		}

		s.account.calls = nil
		d.Ports[0].Tags["team"] = "core"
		if r := s.run(t, d); r.ExitCode != apply.ExitDone {
			t.Fatalf("exit %d", r.ExitCode)
		}
		short := a.UID.Short()
		if diff := gocmp.Diff([]string{"unlock " + short, "tags " + short, "lock " + short}, s.account.calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		if r := s.run(t, d); r.Summary.Existing != 2 || len(s.account.calls) != 3 {
			t.Errorf("a further run changes something: %+v, %v", r.Summary, s.account.calls)
		}

		s.account.calls = nil
		d.Ports[1] = plan.Port{Name: "lag", Absent: true}
		r = s.run(t, d)
		if r.Summary.Cancelled != 1 || r.ExitCode != apply.ExitDone {
			t.Fatalf("exit %d, summary %+v", r.ExitCode, r.Summary)
		}
		if diff := gocmp.Diff([]string{"cancel 00000002", "cancel 00000003"}, s.account.calls); diff != "" {
			t.Errorf("the primary must go first (-want +got):\n%s", diff)
		}
		if r := s.run(t, d); r.ExitCode != apply.ExitDone || len(s.account.calls) != 2 {
			t.Errorf("a further run: exit %d, calls %v", r.ExitCode, s.account.calls)
		}
	})
}

// A lock that was opened for a change is closed again when the change fails.
func TestLockIsClosedAgainAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}}
		s.run(t, entries("a"))
		s.account.services[0].Locked = true
		s.account.failing = map[string]error{"update": errors.New("HTTP 500")}
		centre, yes := "NET-1", true
		d := entries("a")
		d.Ports[0].CostCentre, d.Ports[0].Locked = &centre, &yes
		r := s.run(t, d)
		if r.ExitCode != apply.ExitPartly || r.Actions[0].Outcome != apply.Failed || !s.account.services[0].Locked {
			t.Errorf("exit %d, outcome %s, locked %t", r.ExitCode, r.Actions[0].Outcome, s.account.services[0].Locked)
		}
	})
}

// Nothing is cancelled as long as an order is unconfirmed.
func TestCancelWaitsForOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}}
		s.run(t, entries("old"))
		s.account.outcome = map[string]apply.Outcome{"new": apply.Unknown}
		d := entries("new", "old")
		d.Ports[1].Absent = true
		d.Ports[0].Zone = plan.Red
		s.options.LookupTimeout = time.Second
		r := s.run(t, d)
		if r.ExitCode != apply.ExitUnknown || len(s.account.calls) != 0 {
			t.Errorf("exit %d, calls %v", r.ExitCode, s.account.calls)
		}
	})
}

// A LAG grows by the members that are missing, counted with those that an
// earlier run ordered and the account does not list yet.
func TestLAGGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute}}
		s.run(t, entries("lag"))
		d := entries("lag")
		d.Ports[0].LAG = 4
		r := s.run(t, d)
		if r.ExitCode != apply.ExitDone || len(s.account.services) != 4 || r.Summary.Services != 2 {
			t.Errorf("exit %d, %d services, summary %+v", r.ExitCode, len(s.account.services), r.Summary)
		}
		if got := r.Totals["GBP"].Monthly.String(); got != "950.00" {
			t.Errorf("growing by two adds %s a month", got)
		}
		if r := s.run(t, d); len(s.account.services) != 4 || r.Summary.Existing != 1 {
			t.Errorf("a further run: %d services, summary %+v", len(s.account.services), r.Summary)
		}
	})
}

// A run right after another was killed looks for its orders until their lookup timeout,
// not only once.
func TestOrderOfAKilledRunIsLookedForUntilItsTimeout(t *testing.T) {
	for name, c := range map[string]struct {
		lag  time.Duration
		exit int
	}{
		"it shows within the horizon": {5 * time.Minute, apply.ExitDone},
		"it shows later":              {20 * time.Minute, apply.ExitUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{account: &fakeAccount{lag: c.lag}, store: storetest.NewMemory(), options: apply.Options{Wait: time.Hour}}
				claim := claimByHand(t, s.store, "a")
				s.account.Buy(t.Context(), nil, claim.Order, claim.ID, time.Time{}) // and then it was killed
				r := s.run(t, entries("a"))
				if r.ExitCode != c.exit || len(s.account.orders) != 1 {
					t.Errorf("exit %d, orders %v", r.ExitCode, s.account.orders)
				}
				if found := c.exit == apply.ExitDone; found != (len(r.Recovered) == 1) || found != (len(snapshot(t, s.store)) == 0) {
					t.Errorf("recovered %+v, open %+v", r.Recovered, snapshot(t, s.store))
				}
			})
		})
	}
}

// forgetful is a ledger in which no run noted which services stand for entries, as one
// that was killed.
type forgetful struct{ ledger.Store }

func (f forgetful) List(ctx context.Context, prefix string) ([]string, error) {
	keys, err := f.Store.List(ctx, prefix)
	return slices.DeleteFunc(keys, func(k string) bool { return strings.HasPrefix(k, "services/") }), err
}

// A port that was delivered to an entry, and that the API shows under another name, has
// a way out also while an order that no entry names holds the entry back: without it
// that order could never be called not created, because the port might be its.
func TestDeliveredServiceOfAnEntryThatIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := &fakeAccount{outcome: map[string]apply.Outcome{"b": apply.Unknown}}
		s := &scenario{account: account, store: forgetful{storetest.NewMemory()}, options: apply.Options{Wait: time.Minute}}
		s.run(t, entries("a", "b"))
		account.services[0].Name = "a (renamed)"
		book := ledger.New(s.store, "api.test", ledger.Run{By: "test"})
		p, err := refresh.Read(t.Context(), account, entries("a"), refresh.Options{Ledger: book})
		if err != nil {
			t.Fatal(err)
		}
		if a := p.Plan.Actions[0]; a.Kind != plan.Blocked || a.Reason.Code != plan.ReasonKnownService {
			t.Errorf("%s is %s: %s", a.Name, a.Kind, a.Reason.Text)
		}
	})
}
