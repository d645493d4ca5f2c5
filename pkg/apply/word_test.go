package apply_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// its own.
func unanswered(t *testing.T, name string) (*ledger.Ledger, ledger.Open) {
	t.Helper()
	store := storetest.NewMemory()
	return ledger.New(store, "api.test", ledger.Run{By: "person"}), claimByHand(t, store, name)
}

// port is a service that the account lists.
func port(uid plan.ServiceUID, name string) plan.Service {
	return plan.Service{UID: uid, Name: name, Status: plan.StatusLive, Location: 89, Speed: plan.Speed10G, CreatedAt: time.Now()}
}

func resolve(t *testing.T, a refresh.Reader, l *ledger.Ledger, d plan.Desired, res refresh.Resolution) error {
	t.Helper()
	if res.LookupTimeout == 0 {
		res.LookupTimeout = apply.DefaultLookupTimeout
	}
	_, err := refresh.Resolve(t.Context(), a, l, d, res)
	return err
}

func refused(err error) bool {
	var no *refresh.ResolveError
	return errors.As(err, &no)
}

// One service named twice is one service.
func TestOneServiceNamedTwiceIsNoLAG(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := unanswered(t, "lag")
		account := &fakeAccount{services: []plan.Service{port("u1", "somebody")}}
		if err := resolve(t, account, l, entries("lag"), refresh.Resolution{Names: []string{"lag"}, UIDs: []plan.ServiceUID{"u1", "u1"}}); !refused(err) {
			t.Errorf("accepted: %v", err)
		}
	})
}

// that is said.
func TestFewerAsTheyAreWaitForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := unanswered(t, "lag")
		account := &fakeAccount{services: []plan.Service{port("u1", "lag")}}
		word := refresh.Resolution{Names: []string{"lag"}, UIDs: []plan.ServiceUID{"u1"}, AsIs: true}
		if err := resolve(t, account, l, entries("lag"), word); !refused(err) {
			t.Errorf("at once: %v", err)
		}
		time.Sleep(time.Hour)
		if err := resolve(t, account, l, entries("lag"), word); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	})
}

// A person who names the service of another order made a slip, unless they insist.
func TestServiceOfAnotherOrderIsNotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		service string
		tag     string
		desired plan.Desired
		taken   bool
	}{
		"another order's tag":    {"x", "another", entries("a"), false},
		"another entry's name":   {"b", "", entries("a", "b"), false},
		"nothing speaks against": {"x", "", entries("a"), true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, _ := unanswered(t, "a")
				account := &fakeAccount{services: []plan.Service{port("u1", c.service)}, tags: map[plan.ServiceUID]map[string]string{"u1": {plan.TagOrder: c.tag}}}
				word := refresh.Resolution{Names: []string{"a"}, UIDs: []plan.ServiceUID{"u1"}}
				if err := resolve(t, account, l, c.desired, word); refused(err) == c.taken {
					t.Errorf("taken should be %t: %v", c.taken, err)
				}
				if c.taken {
					return
				}
				word.AsIs = true
				if err := resolve(t, account, l, c.desired, word); err != nil {
					t.Errorf("as it is: %v", err)
				}
			})
		})
	}
}

// A claim of which a record cannot be read still tells which approval is its own.
func TestApprovalOfADamagedClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storetest.NewMemory()
		claim := claimByHand(t, store, "a")
		if err := store.Create(t.Context(), claim.Key+"/1.json", []byte("torn")); err != nil {
			t.Fatal(err)
		}
		account := &fakeAccount{approvals: []refresh.Approval{{UID: "p1", Status: "PENDING", Texts: []string{claim.ID}}}}
		time.Sleep(time.Hour)
		l := ledger.New(store, "api.test", ledger.Run{})
		word := refresh.Resolution{Keys: []string{claim.Key}, NotCreated: true}
		if err := resolve(t, account, l, entries("a"), word); !refused(err) {
			t.Errorf("called not created while its approval is pending: %v", err)
		}
	})
}

// order from being made again.
func TestAgainWhileAnsweredIsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, claim := unanswered(t, "a")
		if _, err := l.Record(t.Context(), claim, ledger.Record{State: plan.OrderUnknown, UIDs: []plan.ServiceUID{"u1", "u2"}}); err != nil {
			t.Fatal(err)
		}
		account := &fakeAccount{
			services:  []plan.Service{port("u1", "renamed by the API")},
			approvals: []refresh.Approval{{UID: "p1", Status: "REJECTED", Texts: []string{"a"}, CreatedAt: time.Now()}},
		}
		if err := resolve(t, account, l, entries("a"), refresh.Resolution{Names: []string{"a"}, Again: true}); !refused(err) {
			t.Errorf("ordered again: %v", err)
		}
	})
}

// its name was rejected, whatever the entry says today.
func TestRejectedApprovalOfAnAnsweredOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storetest.NewMemory()
		claim := claimByHand(t, store, "a")
		book := ledger.New(store, "api.test", ledger.Run{})
		if _, err := book.Record(t.Context(), claim, ledger.Record{State: plan.OrderUnknown, UIDs: []plan.ServiceUID{"u1", "u2"}}); err != nil {
			t.Fatal(err)
		}
		account := &fakeAccount{approvals: []refresh.Approval{{UID: "p1", Status: "REJECTED", Texts: []string{"a"}, CreatedAt: time.Now()}}}
		d := entries("a")
		d.Ports[0].Term = 24
		r := (&scenario{account: account, store: store}).run(t, d)
		if len(account.orders) > 0 || r.ExitCode != apply.ExitUnknown {
			t.Errorf("exit %d, orders %v", r.ExitCode, account.orders)
		}
	})
}

// ordered again.
func TestAgainWhileAMemberIsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, claim := unanswered(t, "lag")
		if _, err := l.Record(t.Context(), claim, ledger.Record{State: plan.OrderRejected, Lookup: true}); err != nil {
			t.Fatal(err)
		}
		account := &fakeAccount{services: []plan.Service{port("u1", "lag")}}
		if err := resolve(t, account, l, entries("lag"), refresh.Resolution{Names: []string{"lag"}, Again: true}); !refused(err) {
			t.Errorf("ordered again: %v", err)
		}
	})
}

// unreadable is an account in which some services cannot be read by themselves.
type unreadable struct {
	*fakeAccount
	uid plan.ServiceUID
}

func (u unreadable) Service(ctx context.Context, uid plan.ServiceUID) (plan.Service, bool, error) {
	if uid == u.uid {
		return plan.Service{}, false, errors.New("HTTP 500")
	}
	return u.fakeAccount.Service(ctx, uid)
}

// A service that vanished and cannot be read holds back its own entry, and no other.
func TestUnreadablePredecessorStopsItsEntryAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storetest.NewMemory()
		s := &scenario{account: &fakeAccount{}, store: store, options: apply.Options{Wait: time.Minute}}
		s.run(t, entries("a"))
		uid := s.account.services[0].UID
		s.account.services = nil
		d := entries("a", "b")
		draft, err := refresh.Read(t.Context(), unreadable{s.account, uid}, d, refresh.Options{Ledger: ledger.New(store, "api.test", ledger.Run{})})
		if err != nil {
			t.Fatal(err)
		}
		if a := draft.Plan.Actions; a[0].Kind != plan.Blocked || a[1].Kind != plan.Buy {
			t.Errorf("%s %s, %s %s", a[0].Kind, a[0].Reason.Text, a[1].Kind, a[1].Reason.Text)
		}
	})
}

// absentApprovals is an account whose key may not see the approvals.
type absentApprovals struct{ *fakeAccount }

func (absentApprovals) Approvals(context.Context) (refresh.Approvals, error) {
	return refresh.Approvals{Absent: true}, nil
}

// old one says nothing about a new order.
func TestOldApprovalThatCouldNotBeSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storetest.NewMemory()
		account := &fakeAccount{outcome: map[string]apply.Outcome{"a": apply.Unknown}}
		account.approvals = []refresh.Approval{{UID: "p1", Status: "REJECTED", Texts: []string{"a"}, CreatedAt: time.Now().Add(-1000 * time.Hour)}}
		book := ledger.New(store, "api.test", ledger.Run{})
		d, _, err := refresh.ReadAndRecord(t.Context(), absentApprovals{account}, entries("a"), refresh.Options{Ledger: book, PerOrder: true})
		if err != nil {
			t.Fatal(err)
		}
		apply.Run(t.Context(), d, apply.Options{Account: absentApprovals{account}, Ledger: book})
		(&scenario{account: account, store: store}).run(t, entries("a"))
		if open := snapshot(t, store); len(open) != 1 || open[0].State == plan.OrderRejected {
			t.Errorf("%+v", open)
		}
	})
}

// An entry's uid does not replace what the answer named.
func TestUIDOfAnEntryIsNotAnotherOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storetest.NewMemory()
		claim := claimByHand(t, store, "a")
		book := ledger.New(store, "api.test", ledger.Run{})
		if _, err := book.Record(t.Context(), claim, ledger.Record{State: plan.OrderBought, UIDs: []plan.ServiceUID{"u1"}}); err != nil {
			t.Fatal(err)
		}
		d := entries("a")
		d.Ports[0].UID = "u2"
		s := &scenario{account: &fakeAccount{services: []plan.Service{port("u2", "a2")}}, store: store}
		s.run(t, d)
		if open := snapshot(t, store); len(open) != 1 {
			t.Errorf("the claim of u1 was closed")
		}
	})
}

// Nor does it replace an order that waits for its approval.
func TestUIDOfAnEntryLeavesAPendingOrderOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storetest.NewMemory()
		claim := claimByHand(t, store, "a")
		account := &fakeAccount{
			services:  []plan.Service{port("u2", "a2")},
			approvals: []refresh.Approval{{UID: "p1", Status: "PENDING", Texts: []string{claim.ID}}},
		}
		d := entries("a")
		d.Ports[0].UID = "u2"
		(&scenario{account: account, store: store}).run(t, d)
		if open := snapshot(t, store); len(open) != 1 {
			t.Errorf("the claim was closed while its approval is pending")
		}
	})
}

// A claim that is over and cannot be read counts from when somebody first saw it, and
// not from each time anew.
func TestEndedClaimThatCannotBeReadHasAWayOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storetest.NewMemory()
		claim := claimByHand(t, store, "a")
		l := ledger.New(store, "api.test", ledger.Run{})
		if _, err := l.Record(t.Context(), claim, ledger.Record{State: plan.OrderNotSent}); err != nil {
			t.Fatal(err)
		}
		torn := storetest.NewMemory()
		keys, _ := store.List(t.Context(), "")
		for _, k := range keys {
			b, _ := store.Read(t.Context(), k)
			if k == claim.Key+"/claim.json" {
				b = []byte("torn")
			}
			if err := torn.Create(t.Context(), k, b); err != nil {
				t.Fatal(err)
			}
		}
		l = ledger.New(torn, "api.test", ledger.Run{})
		word := refresh.Resolution{Keys: []string{claim.Key}, NotCreated: true}
		account := &fakeAccount{}
		if err := resolve(t, account, l, entries("a"), word); !refused(err) {
			t.Errorf("at once: %v", err)
		}
		time.Sleep(time.Hour)
		if err := resolve(t, account, l, entries("a"), word); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	})
}

// liar is an account whose answers to orders name another service.
type liar struct{ *fakeAccount }

func (l liar) Buy(ctx context.Context, turn apply.Turn, o plan.Order, claim string, notAfter time.Time) apply.Purchase {
	l.fakeAccount.Buy(ctx, turn, o, claim, notAfter)
	return apply.Purchase{State: plan.OrderBought, UIDs: []plan.ServiceUID{"u9"}}
}

// What is another's is not locked because an answer named it.
func TestNothingOfAStrangerIsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		yes := true
		d := entries("a")
		d.Ports[0].Locked = &yes
		account := &fakeAccount{services: []plan.Service{port("u9", "theirs")}}
		account.services[0].Location = 2
		store := storetest.NewMemory()
		book := ledger.New(store, "api.test", ledger.Run{})
		la := liar{account}
		dr, _, err := refresh.ReadAndRecord(t.Context(), la, d, refresh.Options{Ledger: book, PerOrder: true})
		if err != nil {
			t.Fatal(err)
		}
		r := apply.Run(t.Context(), dr, apply.Options{Account: la, Ledger: book})
		if len(account.calls) != 0 {
			t.Errorf("%v %v", account.calls, outcomes(r))
		}
	})
}

// An order that was approved and of which nothing came is resolved by a person, once
// nothing more can come of it since that was first seen.
func TestApprovedOrderOfWhichNothingCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storetest.NewMemory()
		claim := claimByHand(t, store, "a")
		account := &fakeAccount{approvals: []refresh.Approval{{UID: "p1", Status: "APPROVED", Texts: []string{claim.ID}}}}
		l := ledger.New(store, "api.test", ledger.Run{})
		word := refresh.Resolution{Names: []string{"a"}, NotCreated: true}
		time.Sleep(1000 * time.Hour)
		for _, wait := range []time.Duration{0, 10 * time.Minute} { // it may have been approved a moment ago
			time.Sleep(wait)
			if err := resolve(t, account, l, entries("a"), word); !refused(err) {
				t.Errorf("after %s: %v", wait, err)
			}
		}
		time.Sleep(10 * time.Minute)
		if err := resolve(t, account, l, entries("a"), word); err != nil {
			t.Errorf("later: %v", err)
		}
	})
}

// An order is not called not created while something at its place may be it under
// another name: a service that is new there, or an order that waits for its approval.
func TestNotCreatedLooksForOtherNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			services  []plan.Service
			approvals []refresh.Approval
			unmanaged []string
			refused   string
		}{
			"nothing there":             {},
			"a service":                 {services: []plan.Service{port("u9", "a&amp;b")}, refused: "is new and may be the order's"},
			"known to be something":     {services: []plan.Service{port("u9", "a&amp;b")}, unmanaged: []string{"u9"}},
			"pending":                   {approvals: []refresh.Approval{{UID: "p9", Status: "PENDING", Texts: []string{"a&amp;b"}, Location: 89}}, refused: "waits for an approval"},
			"pending elsewhere":         {approvals: []refresh.Approval{{UID: "p9", Status: "PENDING", Texts: []string{"a&amp;b"}, Location: 2}}},
			"pending, of another entry": {approvals: []refresh.Approval{{UID: "p9", Status: "PENDING", Texts: []string{"other"}, Location: 89}}},
			"given a moment ago":        {approvals: []refresh.Approval{{UID: "p9", Status: "APPROVED", Texts: []string{"a&amp;b"}, Location: 89}}, refused: "short while ago"},
		} {
			store := storetest.NewMemory()
			claimByHand(t, store, "a&b")
			time.Sleep(time.Hour)
			desired := entries("a&b", "other")
			desired.Unmanaged = c.unmanaged
			account := &fakeAccount{services: c.services, approvals: c.approvals}
			_, err := refresh.Resolve(t.Context(), account, ledger.New(store, "api.test", ledger.Run{}), desired, refresh.Resolution{Names: []string{"a&b"}, NotCreated: true, LookupTimeout: time.Minute})
			if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
