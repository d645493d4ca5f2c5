package apply_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// grows holds work to being in proportion: what is counted is allocations, which no other
// process disturbs.
func grows(t *testing.T, what string, work func(n int) func()) {
	t.Helper()
	count := func(n int) float64 { return testing.AllocsPerRun(1, work(n)) }
	if small, large := count(200), count(400); large > 2.2*small {
		t.Errorf("twice as much for %s takes %.2f times the allocations", what, large/small)
	}
}

func TestWorkGrowsInProportion(t *testing.T) {
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	grows(t, "a plan", func(n int) func() {
		desired, account := settledAccount(n)
		return func() {
			_, err := refresh.Read(t.Context(), account, desired, refresh.Options{Ledger: memoryLedger()})
			check(err)
		}
	})
	grows(t, "a status", func(n int) func() {
		desired, account := settledAccount(n)
		return func() {
			_, err := apply.ReadStatus(t.Context(), account, desired, apply.StatusOptions{Ledger: memoryLedger()})
			check(err)
		}
	})
	grows(t, "a plan with unconfirmed orders and as many purchases and services", func(n int) func() {
		desired, account, book := troubled(t, n, n)
		return func() {
			_, err := refresh.Read(t.Context(), account, desired, refresh.Options{Ledger: book})
			check(err)
		}
	})
}

// countedTags is an account that counts how often tags are read.
type countedTags struct {
	*still
	reads atomic.Int64
}

func (c *countedTags) Tags(ctx context.Context, uid plan.ServiceUID) (map[string]string, error) {
	c.reads.Add(1)
	return c.still.Tags(ctx, uid)
}

// However many orders are looked for at a place, the tags of a new service there are read
// once, and those of one that was there before no order are not.
func TestTagsAreReadOnceInALook(t *testing.T) {
	const orders, old, young = 20, 30, 10
	desired, quiet, book := troubled(t, orders, old)
	account := &countedTags{still: quiet}
	for i := range young {
		s := nthService(10_000 + i)
		s.Name = fmt.Sprintf("stranger-%d", i)
		account.services = append(account.services, s)
		desired.Unmanaged = append(desired.Unmanaged, s.Name)
	}
	p, err := refresh.Read(t.Context(), account, desired, refresh.Options{Ledger: book})
	if err != nil || p.Plan.Summary.Unknown != orders {
		t.Fatalf("%+v (%v)", p.Plan.Summary, err)
	}
	if n := account.reads.Load(); n != young {
		t.Errorf("tags were read %d times, there are %d new services", n, young)
	}
}

// A claim beside many services is as large as one beside few, and knows of all of them.
func TestClaimBesideManyServices(t *testing.T) {
	for _, others := range []int{10, 1_000} {
		desired, account, _ := troubled(t, 0, others)
		desired.Ports = append(desired.Ports, nth(20_000))
		book := memoryLedger()
		p, err := refresh.Read(t.Context(), account, desired, refresh.Options{Ledger: book})
		if err != nil {
			t.Fatal(err)
		}
		intent, err := p.Intent(p.Plan.Actions[0])
		var claim ledger.Open
		if err == nil {
			claim, err = book.Claim(t.Context(), p.Claims, intent)
		}
		if err != nil || len(claim.Listed) > 0 || !claim.Before(uidOf(others-1)) || claim.Before(uidOf(others)) {
			t.Errorf("beside %d services: %d are named in the claim, the last is known: %t (%v)", others, len(claim.Listed), claim.Before(uidOf(others-1)), err)
		}
	}
}
