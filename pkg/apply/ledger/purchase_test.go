package ledger_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// bought makes the closed claim of an order, and gives what it says of its services.
func bought(t *testing.T, l *ledger.Ledger, o plan.Order, monthly int64, uids ...plan.ServiceUID) ledger.Purchase {
	t.Helper()
	price := plan.Price{Currency: "GBP", Cost: plan.Cost{Monthly: plan.NewAmount(decimal.NewFromInt(monthly))}}
	c, err := l.Claim(t.Context(), snapshot(t, l), ledger.Intent{Inventory: "net", Order: o, Price: price})
	if err == nil {
		_, err = l.Record(t.Context(), c, ledger.Record{State: plan.OrderDelivered, UIDs: uids, Lookup: true, Cause: "test"})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c.Purchase()
}

// What a service was bought with is in its claim, also when the run that made it noted
// nothing; a LAG that grew has a claim for each order.
func TestPurchasesAreInTheClaims(t *testing.T) {
	store := storetest.NewMemory()
	l := open(store, "a")
	order := plan.Order{Name: "lag", Location: 2, Speed: plan.Speed10G, Term: 12, LAGPorts: 2, AddOns: plan.CrossConnectArray}
	grown := plan.Order{Name: "lag", Location: 2, Speed: plan.Speed10G, Term: 24, LAGPorts: 1, AggregationID: 7}
	first := bought(t, l, order, 900, "u1", "u2")
	second := bought(t, l, grown, 500, "u3")
	if !first.CrossConnect || first.Ports != 2 || first.Term != 12 || second.CrossConnect || first.Inventory != "net" {
		t.Fatalf("%+v, %+v", first, second)
	}
	got, err := l.Purchases(t.Context(), snapshot(t, l), "LAG", []plan.ServiceUID{"u1", "u3", "stranger"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[plan.ServiceUID]ledger.Purchase{"u1": first, "u3": second}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, err := l.Purchases(t.Context(), snapshot(t, l), "other", []plan.ServiceUID{"u1"}); err != nil || len(got) > 0 {
		t.Errorf("of another name: %v, %v", got, err)
	}
	damaged := storetest.NewMemory()
	copyRecords(t, store, damaged, func(key string, content []byte) []byte {
		if strings.HasSuffix(key, ".000001/claim.json") {
			return []byte("{")
		}
		return content
	})
	l = open(damaged, "a")
	got, err = l.Purchases(t.Context(), snapshot(t, l), "lag", []plan.ServiceUID{"u1", "u3"})
	if diff := cmp.Diff(map[plan.ServiceUID]ledger.Purchase{"u3": second}, got); err != nil || diff != "" {
		t.Errorf("with a claim that cannot be read: %v (-want +got):\n%s", err, diff)
	}
}

// It is remembered once, as the first run noted it.
func TestPurchasesAreRemembered(t *testing.T) {
	l := open(storetest.NewMemory(), "a")
	p := ledger.Purchase{Inventory: "net", Ports: 1, Term: 12, CrossConnect: true}
	other := p
	other.CrossConnect = false
	for _, x := range []ledger.Purchase{p, other} {
		if err := l.NoteServices(t.Context(), snapshot(t, l), "net", []ledger.Service{{Name: "a", UID: "u1", Purchase: &x}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := snapshot(t, l).Memory.Purchases["u1"]; !got.CrossConnect {
		t.Errorf("%+v", got)
	}
}
