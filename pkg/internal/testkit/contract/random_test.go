package contract_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// TestNoClaimContradictsTheRecord draws orders and troubles of every kind, also
// with the token and with validation, and holds what the client says of every
// order against the record.
func TestNoClaimContradictsTheRecord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		knobs := sandbox.Knobs{
			FaultSeed:     rapid.Uint64().Draw(rt, "seed"),
			Faults:        rapid.SliceOfN(faults("buy", "buy", "buy", "token"), 1, 6).Draw(rt, "faults"),
			BuyV3Off:      rapid.Bool().Draw(rt, "no v3"),
			BuyV4Off:      rapid.Bool().Draw(rt, "no v4"),
			Approvals:     rapid.IntRange(0, 9).Draw(rt, "approvals") == 0,
			TokenLifetime: rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(rt, "token lifetime"),
			RateLimit:     rapid.SampledFrom([]float64{0, 0, 1, 5}).Draw(rt, "rate limit"),
			NoCapacity:    rapid.SampledFrom([][]sandbox.Capacity{nil, {{LocationID: 90, BuyOnly: true}}}).Draw(rt, "capacity"),
		}
		form := rapid.SampledFrom([]megaport.BuyForm{megaport.BuyV3, megaport.BuyV4}).Draw(rt, "form")
		orders := rapid.SliceOfN(anOrder(), 1, 6).Draw(rt, "orders")
		var complaints []string
		synctest.Test(t, func(t *testing.T) { // complaints are told outside the bubble, so that rapid can shrink
			s := newSandbox(t, sandboxConfig(knobs))
			o := direct(s)
			o.BuyForm = form
			made := buyAll(t, newClient(t, o), orders)
			complaints = claims(s.Record(), made)
		})
		if len(complaints) > 0 {
			rt.Fatalf("%q", complaints)
		}
	})
}

// faults draws faults of any kind that a class of routes can have.
func faults(classes ...string) *rapid.Generator[sandbox.Fault] {
	return rapid.Custom(func(rt *rapid.T) sandbox.Fault {
		class := rapid.SampledFrom(classes).Draw(rt, "class")
		var kinds []string
		for _, k := range sandbox.FaultKinds() {
			if !k.Lies && (len(k.Routes) == 0 || slices.Contains(k.Routes, class)) {
				kinds = append(kinds, k.Name)
			}
		}
		return sandbox.Fault{
			Route: class, Kind: rapid.Permutation(kinds).Draw(rt, "kind")[0], // a plain choice favours the first of the list
			Probability: rapid.SampledFrom([]float64{0, 0.2, 0.5, 0.9}).Draw(rt, "probability"),
			Nth:         rapid.SampledFrom([]int{0, 0, 1, 2, 3}).Draw(rt, "nth"),
			Times:       rapid.IntRange(0, 3).Draw(rt, "times"),
			Wait:        rapid.SampledFrom([]time.Duration{0, time.Minute, 10 * time.Minute}).Draw(rt, "wait"),
			RetryAfter:  rapid.SampledFrom([]string{"", "date", "none"}).Draw(rt, "retry after"),
		}
	})
}

func anOrder() *rapid.Generator[megaport.Order] {
	return rapid.Custom(func(rt *rapid.T) megaport.Order {
		return megaport.Order{
			Term: 12, Speed: 10_000, LAGPorts: rapid.IntRange(0, 9).Draw(rt, "members"), // 9 is refused
			LocationID: rapid.SampledFrom([]int{89, 89, 89, 90, 1299, 99_999}).Draw(rt, "location"),
		}
	})
}

// buyAll sends orders at once, each under a name of its own.
func buyAll(t *testing.T, c *megaport.Client, orders []megaport.Order) []claim {
	t.Helper()
	made := make([]claim, len(orders))
	var wg sync.WaitGroup
	for i, o := range orders {
		o.Name = fmt.Sprintf("port-%03d", i+1)
		wg.Go(func() {
			_, err := c.Orders.Buy(t.Context(), o)
			made[i] = claim{o, err}
		})
	}
	wg.Wait()
	return made
}

const manyOrders = 500

// thirtyPercent are faults of which one strikes three orders in ten. The first of
// the list that fires wins, so each gets its share of what the ones before left.
func thirtyPercent(t *testing.T, kinds ...string) []sandbox.Fault {
	t.Helper()
	share := 0.3 / float64(len(kinds))
	left := 1.0
	var list []sandbox.Fault
	for _, kind := range kinds {
		list = append(list, sandbox.Fault{Route: "buy", Kind: kind, Probability: share / left})
		left -= share
	}
	return list
}

func manyPorts() []megaport.Order {
	orders := make([]megaport.Order, manyOrders)
	for i := range orders {
		orders[i] = megaport.Order{Term: 12, Speed: 10_000, LocationID: 89, LAGPorts: i % 3}
	}
	return orders
}

// TestManyOrdersUnderFaults sends 500 orders at once while faults strike three in
// ten, through every kind of fault, in virtual time.
func TestManyOrdersUnderFaults(t *testing.T) {
	var kinds []string
	for _, k := range sandbox.FaultKinds() {
		if !k.Lies && (len(k.Routes) == 0 || slices.Contains(k.Routes, "buy")) {
			kinds = append(kinds, k.Name)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		s := newSandbox(t, sandboxConfig(sandbox.Knobs{Faults: thirtyPercent(t, kinds...), FaultSeed: 1}))
		c := newClient(t, direct(s))
		accountFor(t, s, c, buyAll(t, c, manyPorts()))
	})
}

// TestManyOrdersUnderFaultsOverHTTP does the same over real sockets, with the kinds
// of faults that need no waiting.
func TestManyOrdersUnderFaultsOverHTTP(t *testing.T) {
	s := newSandbox(t, sandboxConfig(sandbox.Knobs{FaultSeed: 2, Faults: thirtyPercent(t,
		"commit-then-drop", "drop", "500", "500-after-commit", "502", "502-after-commit", "504-after-commit", "403", "401", "token-expired",
		"backend-400", "backend-400-after-commit", "redirect", "empty-200-after-commit", "truncated-200-after-commit",
		"unreadable-200-after-commit", "html-200-after-commit", "no-uids-after-commit", "fewer-uids-after-commit")}))
	c := newClient(t, served(t, s))
	accountFor(t, s, c, buyAll(t, c, manyPorts()))
}

// accountFor compares claims, record and listing, and insists that faults did
// strike and that most orders went through.
func accountFor(t *testing.T, s *sandbox.Server, c *megaport.Client, made []claim) {
	t.Helper()
	r := s.Record()
	for _, complaint := range claims(r, made) {
		t.Error(complaint)
	}
	if err := s.SetKnobs(sandbox.Knobs{}); err != nil {
		t.Fatal(err)
	}
	ports, err := c.Products.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listed, recorded := map[string][]string{}, map[string][]string{}
	for _, p := range ports {
		listed[p.Name] = append(listed[p.Name], p.UID)
	}
	for _, o := range r.Orders {
		if o.Committed {
			recorded[o.Name] = append(recorded[o.Name], o.UIDs...)
		}
	}
	for _, m := range []map[string][]string{listed, recorded} {
		for _, uids := range m {
			slices.Sort(uids)
		}
	}
	if diff := cmp.Diff(recorded, listed); diff != "" {
		t.Errorf("the listing is not what the record says (-record +listing):\n%s", diff)
	}
	outcomes := map[string]int{}
	for _, m := range made {
		outcomes[verdict(m.err)]++
	}
	// Of 500 orders at three in ten, 150 ± 31 meet a fault (three standard deviations).
	struck := 0
	for _, o := range r.Orders {
		if o.Fault != "" {
			struck++
		}
	}
	if struck < 100 || outcomes[done] < manyOrders/2 || outcomes["unknown"] == 0 || outcomes["refused"] == 0 {
		t.Errorf("%d faults, outcomes %v", struck, outcomes)
	}
}
