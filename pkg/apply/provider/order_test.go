package provider

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/plan"
)

// What a plan shows as an order is what is sent, byte for byte, but for the claim that
// nobody can know before it is made.
func TestAPlannedOrderIsTheBodySent(t *testing.T) {
	yes, centre := true, "NET-042"
	port := plan.Port{
		Name: "lon-lag", Site: plan.Site{ID: 89}, Speed: plan.Speed10G, Zone: plan.Red, LAG: 3, Term: 12,
		CostCentre: &centre, MarketplaceVisibility: &yes, PromoCode: "summer", Tags: map[string]string{"team": "net", "a": "1"},
	}
	here := plan.Location{ID: 89, Name: "LHR20", Metro: "London", Market: "UK", Status: "Active", Speeds: plan.Speeds(), Zones: map[plan.Zone][]plan.Speed{plan.Red: plan.Speeds()}}
	p := plan.Build(plan.Desired{Inventory: "emea", Ports: []plan.Port{port}}, plan.Observed{}, plan.NewCatalog([]plan.Location{here}))
	if len(p.Actions) != 1 || p.Actions[0].Order == nil {
		t.Fatalf("no order: %+v", p.Actions)
	}
	planned := *p.Actions[0].Order
	planned.AggregationID, planned.CreateDate = 7, 0
	for form, want := range map[plan.AddOns]string{
		plan.CrossConnectObject: `"addOns":{"addOnType":"CROSS_CONNECT","crossConnectRequested":true}`,
		plan.CrossConnectArray:  `"addOns":[{"addOnType":"CROSS_CONNECT","crossConnectRequested":true}]`,
	} {
		planned.AddOns = form
		shown := encoded(t, planned)
		if sent := encoded(t, order(planned, plan.ClaimPlaceholder)); sent != shown || !strings.Contains(shown, want) {
			t.Errorf("add-ons as %s: shown %s, sent %s", form, shown, sent)
		}
		var read plan.Order
		if err := json.Unmarshal([]byte(shown), &read); err != nil || read.Key() != planned.Key() {
			t.Errorf("add-ons as %s are read as %q: %v", form, read.AddOns, err)
		}
	}
	for _, odd := range []string{`{"addOnType":"MAGIC","crossConnectRequested":true}`, `{"addOnType":"CROSS_CONNECT","crossConnectRequested":false}`, `[]`, `7`, `null`} {
		var read plan.Order
		if err := json.Unmarshal([]byte(`{"addOns":`+odd+`}`), &read); err == nil {
			t.Errorf("add-ons %s are read as %q", odd, read.AddOns)
		}
	}
	planned.AddOns = plan.NoAddOns
	shown := encoded(t, planned)
	sent := encoded(t, order(planned, "36b3f68e-2f54-4331-bf94-f8984449365f"))
	if diff := cmp.Diff(strings.Replace(shown, plan.ClaimPlaceholder, "36b3f68e-2f54-4331-bf94-f8984449365f", 1), sent); diff != "" {
		t.Errorf("-shown +sent:\n%s", diff)
	}
	if strings.Count(shown, plan.ClaimPlaceholder) != 1 {
		t.Errorf("the claim is not shown once: %s", shown)
	}
	for _, o := range []any{plan.Order{}, order(plan.Order{}, "c")} { // an order of nothing has no more than the least
		if body := encoded(t, o); strings.Contains(body, "lagPortCount") || strings.Contains(body, "costCentre") || strings.Contains(body, "addOns") {
			t.Errorf("an empty value is sent: %s", body)
		}
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
