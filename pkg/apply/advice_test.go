package apply

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/portctl/portctl/pkg/plan"
)

func TestWhatIsAdvised(t *testing.T) {
	tokyo := time.FixedZone("Asia/Tokyo", 9*3600)
	at := func(s string) time.Time {
		day, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return day
	}
	tests := map[string]struct {
		port    PortStatus
		now     time.Time
		within  int
		advised bool
		days    int
	}{
		"month-to-month":              {port: PortStatus{Term: 1, ContractEnd: "2026-12-27"}, now: at("2026-11-27T10:00:00Z"), advised: true},
		"ends on the last day of it":  {port: PortStatus{Term: 12, ContractEnd: "2027-02-25"}, now: at("2026-11-27T10:00:00Z"), within: 90, advised: true, days: 90},
		"ends a day later":            {port: PortStatus{Term: 12, ContractEnd: "2027-02-26"}, now: at("2026-11-27T10:00:00Z"), within: 90, days: 91},
		"ended":                       {port: PortStatus{Term: 12, ContractEnd: "2026-11-26"}, now: at("2026-11-27T10:00:00Z"), advised: true, days: -1},
		"ends today":                  {port: PortStatus{Term: 24, ContractEnd: "2026-11-27"}, now: at("2026-11-27T23:59:59Z"), advised: true},
		"over a leap day":             {port: PortStatus{Term: 12, ContractEnd: "2028-03-01"}, now: at("2028-02-28T00:00:00Z"), within: 2, advised: true, days: 2},
		"over no leap day":            {port: PortStatus{Term: 12, ContractEnd: "2027-03-01"}, now: at("2027-02-28T00:00:00Z"), within: 1, advised: true, days: 1},
		"from a month's end":          {port: PortStatus{Term: 12, ContractEnd: "2027-02-28"}, now: at("2027-01-31T12:00:00Z"), within: 28, advised: true, days: 28},
		"tomorrow here, today in UTC": {port: PortStatus{Term: 12, ContractEnd: "2026-11-28"}, now: time.Date(2026, 11, 28, 3, 0, 0, 0, tokyo), within: 1, advised: true, days: 1},
		"no end yet":                  {port: PortStatus{Term: 12}, now: at("2026-11-27T10:00:00Z"), within: 400},
		"gone":                        {port: PortStatus{Term: 1, State: PortGone}, now: at("2026-11-27T10:00:00Z")},
		"terminated":                  {port: PortStatus{Term: 1, Status: plan.StatusCancelled}, now: at("2026-11-27T10:00:00Z")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.port.UID, tt.port.Place = "u", &plan.Place{ID: 89}
			got := NewAdvice(Status{TakenAt: tt.now, Ports: []PortStatus{tt.port}}, tt.within)
			if advised := len(got) == 1; advised != tt.advised {
				t.Fatalf("advised: %t", advised)
			}
			if tt.advised && got[0].Days != tt.days {
				t.Errorf("%d days away, want %d", got[0].Days, tt.days)
			}
		})
	}
}

func TestAdviceComparesListPrices(t *testing.T) {
	amount := func(n int64) plan.Amount { return plan.NewAmount(decimal.NewFromInt(n)) }
	price := func(currency string, n int64) plan.Price {
		return plan.Price{Currency: currency, Cost: plan.Cost{Monthly: amount(n), OneTime: amount(99)}}
	}
	alike := Advice{Name: "a", UID: "1", Place: &plan.Place{ID: 89}, Speed: plan.Speed10G, Term: 12}
	other := Advice{Name: "b", UID: "2", Place: &plan.Place{ID: 89}, Speed: plan.Speed10G, Zone: plan.Red, Term: 1}
	advice := []Advice{alike, alike, other}
	terms := []int{12, 24, 36}
	offer := func(zone plan.Zone, months int) plan.Offer {
		return plan.Offer{Location: 89, Speed: plan.Speed10G, Zone: zone, Term: months}
	}
	want := []plan.Offer{offer("", 1), offer("", 24), offer("", 36), offer(plan.Red, 1), offer(plan.Red, 12), offer(plan.Red, 24), offer(plan.Red, 36)}
	if diff := cmp.Diff(want, Offers(advice, terms)); diff != "" {
		t.Errorf("offers, each once (-want +got):\n%s", diff)
	}
	elsewhere := Advice{Name: "c", UID: "3", Place: &plan.Place{ID: 7}, Speed: plan.Speed10G, Term: 12}
	prices := map[plan.Offer]plan.OfferPrice{}
	for o, p := range map[plan.Offer]plan.Price{
		offer("", 1): price("GBP", 500), offer("", 24): price("GBP", 500), offer("", 36): price("GBP", 450),
		offer(plan.Red, 12): price("GBP", 400), offer(plan.Red, 1): price("EUR", 500), // 24 and 36 are not sold
	} {
		prices[o] = plan.OfferPrice{Price: &p}
	}
	for _, o := range append(Offers([]Advice{elsewhere}, terms), offer(plan.Red, 24)) {
		prices[o] = plan.OfferPrice{Reason: "it takes no orders"}
	}
	got := WithPrices(append(advice, elsewhere), terms, prices)
	if got[3].NoPrice != "it takes no orders" || got[2].NoPrice != "" {
		t.Errorf("without a price: %q, %q", got[3].NoPrice, got[2].NoPrice)
	}
	saving := func(n int64) *plan.Amount { a := amount(n); return &a }
	if diff := cmp.Diff([]TermOffer{{24, "GBP", amount(500), saving(0), amount(12000)}, {36, "GBP", amount(450), saving(50), amount(16200)}}, got[0].Terms); diff != "" {
		t.Errorf("terms (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]TermOffer{{12, "GBP", amount(400), nil, amount(4800)}}, got[2].Terms); diff != "" {
		t.Errorf("terms in another currency (-want +got):\n%s", diff)
	}
	if best, found := got[0].Best(0); !found || best.Term != 36 {
		t.Errorf("proposed: %+v", best)
	}
	if best, found := got[0].Best(24); !found || best.Term != 24 {
		t.Errorf("proposed, when 24 months are asked for: %+v", best)
	}
	if best, found := got[2].Best(0); found {
		t.Errorf("proposed without anything to compare with: %+v", best)
	}
}
