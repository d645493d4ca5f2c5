package apply_test

// These are the ways in which a run could buy twice, or buy what nobody reviewed,
// each with the rule that stops it.

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// a uid entry's LAG grows, the answer is lost and listing lags: 2nd run.
func TestUIDDoesNotSettleAGrowthInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute, LookupTimeout: 5 * time.Minute}}
		s.run(t, entries("lag"))
		time.Sleep(24 * time.Hour)
		d := entries("lag")
		d.Ports[0].LAG, d.Ports[0].UID = 4, s.account.services[0].UID
		s.account.lag, s.account.lose = time.Hour, map[string]bool{"lag": true}
		s.account.orders = nil
		s.run(t, d)
		s.run(t, d)
		if len(s.account.orders) != 1 {
			t.Errorf("BOUGHT TWICE: orders %v services %d", s.account.orders, len(s.account.services))
		}
	})
}

// LAG buy of 4 in doubt, one member shows, person adds uid.
func TestUIDDoesNotSettleAPartOfALAG(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{lag: time.Hour, lose: map[string]bool{"lag": true}}, options: apply.Options{Wait: time.Minute, LookupTimeout: time.Minute}}
		d := entries("lag")
		d.Ports[0].LAG = 4
		s.run(t, d)
		s.account.services[0].CreatedAt = time.Now().Add(-2 * time.Hour) // first member shows
		s.account.lose = nil
		d.Ports[0].UID = s.account.services[0].UID
		r := s.run(t, d)
		if len(s.account.orders) != 1 {
			t.Errorf("BOUGHT TWICE: orders %v services %d exit %d", s.account.orders, len(s.account.services), r.ExitCode)
		}
	})
}

// uid LAG renamed in the file while its grow claim is open.
func TestRenamedLAGWithUIDIsHeldBack(t *testing.T) {
	for _, formerly := range []string{"", "lag"} {
		synctest.Test(t, func(t *testing.T) {
			s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute, LookupTimeout: time.Minute}}
			s.run(t, entries("lag"))
			time.Sleep(24 * time.Hour)
			d := entries("lag")
			d.Ports[0].LAG = 4
			s.account.lag, s.account.lose = time.Hour, map[string]bool{"lag": true}
			s.account.orders = nil
			s.run(t, d)
			d.Ports[0].Name, d.Ports[0].UID, d.Ports[0].Formerly = "lag2", s.account.services[0].UID, formerly
			r := s.run(t, d)
			if len(s.account.orders) != 1 {
				t.Errorf("BOUGHT TWICE (formerly %q): orders %v exit %d", formerly, s.account.orders, r.ExitCode)
			}
		})
	}
}

// a listing that forgets delivered LAG members.
func TestOlderListingDoesNotGrowALAG(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute}}
		d := entries("lag")
		d.Ports[0].LAG = 4
		s.run(t, d)
		if open := snapshot(t, s.store); len(open) != 0 {
			t.Fatal(open)
		}
		// an older replica answers: two of four are not listed; they can be read by UID
		s.account.lag = time.Minute
		s.account.services[0].CreatedAt = time.Now().Add(-time.Hour)
		s.account.services[1].CreatedAt = time.Now().Add(-time.Hour)
		s.account.services[2].CreatedAt = time.Now()
		s.account.services[3].CreatedAt = time.Now()
		s.account.orders = nil
		s.run(t, d)
		if len(s.account.orders) != 0 {
			t.Errorf("BOUGHT TWICE: orders %v services %d", s.account.orders, len(s.account.services))
		}
	})
}

// an answer that knows nothing of what was delivered, by listing or by UID: only
// an account that forgets is believed.
func TestForgottenServiceIsNotBoughtAgain(t *testing.T) {
	const once = 1
	for name, c := range map[string]struct {
		forgetful bool
		next      func(*plan.Desired, plan.ServiceUID)
		orders    int
	}{
		"production":      {false, func(*plan.Desired, plan.ServiceUID) {}, 0},
		"renamed":         {false, func(d *plan.Desired, _ plan.ServiceUID) { d.Ports[0].Name, d.Ports[0].Formerly = "b", "a" }, 0},
		"said to be gone": {false, func(d *plan.Desired, uid plan.ServiceUID) { d.Ports[0].Replaces = uid }, once},
		"something else":  {false, func(d *plan.Desired, _ plan.ServiceUID) { d.Ports[0].Replaces = "other" }, 0},
		"staging":         {true, func(*plan.Desired, plan.ServiceUID) {}, once},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute}, forgetful: c.forgetful}
			d := entries("a")
			s.run(t, d)
			bought := s.account.services[0].UID
			s.account.services, s.account.orders = nil, nil
			c.next(&d, bought)
			s.run(t, d)
			if len(s.account.orders) != c.orders {
				t.Errorf("%s: orders %v, want %d", name, s.account.orders, c.orders)
			}
			if c.orders == once {
				s.run(t, d) // and only once
			}
			if len(s.account.orders) != c.orders {
				t.Errorf("%s: BOUGHT TWICE: %v", name, s.account.orders)
			}
		})
	}
}

// somebody cancels one LAG member; the next apply re-buys it.
func TestCancelledMemberStaysCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute}}
		s.run(t, entries("lag"))
		s.account.services[1].Status = plan.StatusDecommissioned
		s.account.orders = nil
		s.run(t, entries("lag"))
		if len(s.account.orders) != 0 {
			t.Errorf("REBOUGHT: orders %v", s.account.orders)
		}
	})
}

// a pending approval without a claim of ours.
func TestPendingApprovalCountsAsExisting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{approvals: []refresh.Approval{{Type: "NEW_ORDER", Status: "PENDING", Texts: []string{"a"}}}}, options: apply.Options{Wait: time.Minute}}
		s.run(t, entries("a"))
		if len(s.account.orders) != 0 {
			t.Errorf("ORDERED BESIDE A PENDING APPROVAL: %v", s.account.orders)
		}
	})
}

// a rejection of something else of the same name closes a queued order.
func TestRejectionOfSomethingElseClosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pending := refresh.Approval{Type: "NEW_ORDER", Status: "PENDING", Texts: []string{"a"}}
		other := refresh.Approval{Type: "SPEED_CHANGE", Status: "REJECTED", Texts: []string{"vxc", "a"}}
		s := &scenario{account: &fakeAccount{outcome: map[string]apply.Outcome{"a": apply.Unknown}}, options: apply.Options{Wait: time.Minute, LookupTimeout: time.Minute}}
		s.account.approvals = nil
		s.account.onBuy = func() { s.account.approvals = []refresh.Approval{pending} }
		r := s.run(t, entries("a"))
		s.account.onBuy = nil
		s.account.approvals = []refresh.Approval{other, pending} // newest first
		r = s.run(t, entries("a"))
		if len(s.account.orders) != 1 {
			t.Errorf("ORDERED TWICE: %v, recovered %+v", s.account.orders, r.Recovered)
		}
	})
}

// the API books another term than was ordered.
type otherTerm struct{ *fakeAccount }

func (o otherTerm) Buy(ctx context.Context, turn apply.Turn, ord plan.Order, claim string, notAfter time.Time) apply.Purchase {
	ord.Term = 36
	ord.MarketplaceVisibility = true
	return o.fakeAccount.Buy(ctx, turn, ord, claim, notAfter)
}

func TestAuditComparesWithTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		acc := otherTerm{&fakeAccount{}}
		book := ledger.New(storetest.NewMemory(), "api.test", ledger.Run{By: "test"})
		draft, _, err := refresh.ReadAndRecord(t.Context(), acc, entries("a"), refresh.Options{PerOrder: true, Ledger: book})
		if err != nil {
			t.Fatal(err)
		}
		r := apply.Run(t.Context(), draft, apply.Options{Account: acc, Ledger: book, Wait: time.Minute})
		if len(r.Audit) == 0 {
			t.Errorf("AUDIT SILENT: ordered 12 months, service has %d; exit %d", acc.services[0].Term, r.ExitCode)
		}
	})
}

// the audit's listing fails.
type deafAfter struct {
	*fakeAccount
	n int
}

func (d *deafAfter) Observe(ctx context.Context) (plan.Observed, error) {
	d.n++
	if d.n > 1 {
		return plan.Observed{}, errors.New("HTTP 503")
	}
	return d.fakeAccount.Observe(ctx)
}

func TestAuditThatCanNotBeDoneIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		acc := &deafAfter{fakeAccount: &fakeAccount{}}
		book := ledger.New(storetest.NewMemory(), "api.test", ledger.Run{By: "test"})
		draft, _, err := refresh.ReadAndRecord(t.Context(), acc, entries("a"), refresh.Options{PerOrder: true, Ledger: book})
		if err != nil {
			t.Fatal(err)
		}
		r := apply.Run(t.Context(), draft, apply.Options{Account: acc, Ledger: book})
		if r.ExitCode == 0 {
			t.Errorf("AUDIT NOT DONE, EXIT 0")
		}
	})
}

// a term is sent again to a member that has it.
func TestTermIsSentOnlyToMembersThatLackIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute}}
		s.run(t, entries("lag"))
		for i := range s.account.services {
			s.account.services[i].Status = plan.StatusLive
		}
		s.account.services[0].Term = 36
		d := entries("lag")
		d.Ports[0].Term, d.Ports[0].TermDeclared = 36, true
		s.account.calls = nil
		s.run(t, d)
		if len(s.account.calls) != 1 {
			t.Errorf("TERM SENT TO MEMBER THAT HAS IT: %v", s.account.calls)
		}
	})
}

// a LAG grows and its term is made longer at once.
func TestGrowthDoesNotSignALongerTermUnpriced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute}}
		d := entries("lag")
		d.Ports[0].LAG = 7
		s.run(t, d)
		for i := range s.account.services {
			s.account.services[i].Status = plan.StatusLive
		}
		d.Ports[0].LAG, d.Ports[0].Term, d.Ports[0].TermDeclared = 8, 60, true
		d.Policy.MaxCommitment = map[string]plan.Amount{"GBP": plan.NewAmount(decimal.NewFromInt(30000))}
		r := s.run(t, d)
		if s.account.services[0].Term == 60 {
			t.Errorf("UNPRICED TERM: 7 members re-signed for 60 months, reviewed commitment %s under a limit of 30000", r.Totals["GBP"].Commitment)
		}
	})
}

// resolve --uid takes a service that was there before the order.
func TestOldServiceDoesNotSettleADoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute}}
		s.run(t, entries("old"))
		time.Sleep(240 * time.Hour)
		store := s.store
		claimByHand(t, store, "a")
		book := ledger.New(store, "api.test", ledger.Run{})
		_, err := refresh.Resolve(t.Context(), s.account, book, plan.Desired{}, refresh.Resolution{Names: []string{"a"}, UIDs: []plan.ServiceUID{s.account.services[0].UID}})
		if err == nil {
			t.Error("a ten days older service, delivered for another claim and named by another entry, settles the claim")
			s.account.orders = nil
			s.run(t, entries("a", "old"))
		}
	})
}

// an empty account of another company.
type empty struct{ *fakeAccount }

func (e empty) Observe(ctx context.Context) (plan.Observed, error) {
	o, err := e.fakeAccount.Observe(ctx)
	if len(o.Services) == 0 {
		o.Owner = plan.Owner{}
	}
	return o, err
}

func TestEmptyAccountOfAnotherCompanyIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute}}
		s.run(t, entries("a"))         // ledger bound to "company"
		other := empty{&fakeAccount{}} // key of a company without products
		book := ledger.New(s.store, "api.test", ledger.Run{By: "test"})
		draft, _, err := refresh.ReadAndRecord(t.Context(), other, entries("a"), refresh.Options{PerOrder: true, Ledger: book})
		if err != nil {
			t.Log(err)
			return
		}
		r := apply.Run(t.Context(), draft, apply.Options{Account: other, Ledger: book, Wait: time.Minute})
		t.Errorf("BOUGHT ON ANOTHER ACCOUNT: orders %v exit %d", other.orders, r.ExitCode)
	})
}

// two of four members read without their aggregation id; the entry has a uid.
func TestMembersWithoutAggregationAreNotReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute}}
		d := entries("lag")
		d.Ports[0].LAG = 4
		s.run(t, d)
		d.Ports[0].UID = s.account.services[0].UID
		s.account.services[2].AggregationID, s.account.services[3].AggregationID = 0, 0
		s.account.orders = nil
		s.run(t, d)
		if len(s.account.orders) != 0 {
			t.Errorf("%v", s.account.orders)
		}
	})
}

// a grow in doubt is "found by name" in members that were there before.
func TestOldMembersAreNotTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{Wait: time.Minute, LookupTimeout: time.Minute}}
		s.run(t, entries("lag"))
		time.Sleep(240 * time.Hour)
		d := entries("lag2") // renamed and grown
		d.Ports[0].Formerly, d.Ports[0].LAG = "lag", 4
		s.account.lag, s.account.lose = time.Hour, map[string]bool{"lag2": true}
		s.account.orders = nil
		r := s.run(t, d)
		s.account.services[0].Name, s.account.services[1].Name = "lag2", "lag2" // renamed in the portal
		s.run(t, d)
		if len(s.account.orders) != 1 {
			t.Errorf("BOUGHT TWICE: %v recovered %+v", s.account.orders, r.Recovered)
		}
	})
}

// the claim's name is found at another site, at another speed.
func TestAnotherSiteIsNotTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, store: storetest.NewMemory(), options: apply.Options{Wait: time.Minute, LookupTimeout: time.Minute}}
		claimByHand(t, s.store, "a")
		s.account.services = append(s.account.services, plan.Service{UID: "x", Name: "a", Status: plan.StatusDecommissioned, Location: 5, Speed: plan.Speed100G, CreatedAt: time.Now().Add(-8760 * time.Hour)})
		s.run(t, entries("b"))
		if open := snapshot(t, s.store); len(open) != 1 || len(s.account.orders) != 0 {
			t.Errorf("a year old, cancelled 100G port at another site closed the claim; orders %v", s.account.orders)
		}
	})
}
