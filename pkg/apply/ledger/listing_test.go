package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// crowded is the intent of an order where the account has n services already.
func crowded(t *testing.T, name string, n int) ledger.Intent {
	t.Helper()
	in := intent(name)
	services := []plan.Service{{UID: "elsewhere", Location: 90, Speed: plan.Speed10G}}
	for i := range n {
		services = append(services, plan.Service{UID: plan.ServiceUID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)), Location: in.Order.Location, Speed: in.Order.Speed})
	}
	var err error
	if in.Listing, err = ledger.NewListing(services, []plan.Order{in.Order}); err != nil {
		t.Fatal(err)
	}
	return in
}

func claimCrowded(t *testing.T, l *ledger.Ledger, name string, n int) ledger.Open {
	t.Helper()
	c, err := l.Claim(t.Context(), snapshot(t, l), crowded(t, name, n))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	oldService = plan.ServiceUID("00000007-0000-4000-8000-000000000000")
	newService = plan.ServiceUID("00000999-0000-4000-8000-000000000000")
)

// Every reader of a claim knows what was there before its order, and the claims of one run
// share the record that says so.
func TestListingOfClaims(t *testing.T) {
	store := storetest.NewMemory()
	l := open(store, "a")
	own := claimCrowded(t, l, "one", 500)
	claimCrowded(t, l, "two", 500)
	read, _ := snapshot(t, open(store, "b")).Of("one")
	for _, o := range []ledger.Open{own, read} {
		if !o.Before(oldService) || !o.Before(plan.ServiceUID(strings.ToUpper(string(oldService)))) || o.Before(newService) || o.Before("elsewhere") {
			t.Errorf("%s: before the order there were %t, %t, %t", o.State, o.Before(oldService), o.Before(newService), o.Before("elsewhere"))
		}
	}
	keys, err := store.List(t.Context(), "listings/")
	if err != nil || len(keys) != 1 {
		t.Errorf("listings %v (%v)", keys, err)
	}
	claim, err := store.Read(t.Context(), own.Key+"/claim.json")
	if err != nil || len(claim) > 3_000 {
		t.Errorf("the claim has %d bytes (%v)", len(claim), err)
	}
	if empty := claimCrowded(t, l, "three", 0); empty.Listing != "" || empty.Before(oldService) {
		t.Errorf("where nothing was there is a listing: %+v", empty)
	}
}

// Without what was there before its order nothing can be told of a claim.
func TestLostListing(t *testing.T) {
	whole := storetest.NewMemory()
	l := open(whole, "a")
	claimCrowded(t, l, "one", 10)
	for name, change := range map[string]func(content []byte) []byte{
		"missing": func([]byte) []byte { return nil },
		"torn":    func(b []byte) []byte { return b[:len(b)/2] },
		"edited": func(b []byte) []byte {
			return []byte(strings.Replace(string(b), string(oldService), string(newService), 1))
		},
	} {
		store := storetest.NewMemory()
		copyRecords(t, whole, store, func(key string, content []byte) []byte {
			if strings.HasPrefix(key, "listings/") {
				return change(content)
			}
			return content
		})
		o, ok := snapshot(t, open(store, "b")).Of("one")
		if !ok || o.State != plan.OrderDamaged || !strings.Contains(o.Trouble, "before its order") {
			t.Errorf("%s: the claim is %s: %s", name, o.State, o.Trouble)
		}
		// Another run is not kept from ordering at that place.
		if c := claimCrowded(t, open(store, "c"), "two", 10); c.State != plan.OrderClaimed {
			t.Errorf("%s: %s", name, c.State)
		}
	}
}

// A claim is not made before its listing is durable.
func TestListingComesFirst(t *testing.T) {
	store := storetest.NewMemory()
	store.Fail = func(op, key string) (bool, error) {
		if op == "create" && strings.HasPrefix(key, "listings/") {
			return false, fmt.Errorf("the disk is full")
		}
		return false, nil
	}
	l := open(store, "a")
	if _, err := l.Claim(t.Context(), snapshot(t, l), crowded(t, "one", 10)); err == nil {
		t.Error("there is a claim without its listing")
	}
	if len(snapshot(t, l).Open) > 0 {
		t.Error("the claim is in the ledger")
	}
}

// A listing moves with its claims, and before them.
func TestListingMoves(t *testing.T) {
	from, to := storetest.NewMemory(), elsewhere{storetest.NewMemory()}
	a := open(from, "a")
	claimCrowded(t, a, "one", 10)
	seen := ""
	to.Fail = func(op, key string) (bool, error) {
		if kind, _, _ := strings.Cut(key, "/"); op == "create" && seen == "" {
			seen = kind
		}
		return false, nil
	}
	if _, err := ledger.Move(t.Context(), a, open(to, "a")); err != nil {
		t.Fatal(err)
	}
	o, ok := snapshot(t, open(to, "a")).Of("one")
	if !ok || o.State != plan.OrderClaimed || !o.Before(oldService) || seen != "listings" {
		t.Errorf("the claim is %s; copied first was %q", o.State, seen)
	}
}
