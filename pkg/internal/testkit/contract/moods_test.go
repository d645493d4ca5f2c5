package contract_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// TestApprovals follows orders through the approval queue (API facts §3.5): the
// client must find each of them there, page by page, by its name and tags.
func TestApprovals(t *testing.T) {
	s := newSandbox(t, sandboxConfig(sandbox.Knobs{Approvals: true}))
	o := direct(s)
	c := newClient(t, o)
	const many = 230 // more than two pages
	for i := range many {
		order := faultOrder(fmt.Sprintf("port-%03d", i))
		order.Tags = map[string]string{"portctl-order": fmt.Sprintf("claim-%03d", i)}
		_, err := c.Orders.Buy(t.Context(), order)
		if got := verdict(err); got != "unknown" {
			t.Fatalf("an order that waits for approval is %s: %v", got, err)
		}
	}
	queue := approvals(t, c)
	if len(queue) != many {
		t.Fatalf("%d approvals, want %d", len(queue), many)
	}
	oldest := queue[many-1] // the latest come first
	if oldest.Status != megaport.ApprovalPending || oldest.Type != "NEW_ORDER" || !oldest.Active || oldest.ServiceID != 0 ||
		oldest.ID == 0 || oldest.ReferenceID == "" || oldest.CreateDate.IsZero() || oldest.Comment != "" {
		t.Errorf("approval %+v", oldest)
	}
	for _, text := range []string{`"port-000"`, "claim-000"} {
		if !strings.Contains(string(oldest.Detail), text) {
			t.Errorf("%s is not to be found in %s", text, oldest.Detail)
		}
	}
	decide(t, s, oldest.UID, "approve")
	decide(t, s, queue[0].UID, "reject")
	queue = approvals(t, c)
	ports, err := c.Products.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ports) != 2 || ports[0].Name != "port-000" {
		t.Fatalf("approved: %+v", ports)
	}
	want := []string{"REJECTED 0 false", fmt.Sprintf("APPROVED %d false", ports[0].ID)}
	got := []string{said(queue[0]), said(queue[many-1])}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decided (-want +got):\n%s", diff)
	}
}

func said(a megaport.Approval) string { return fmt.Sprint(a.Status, " ", a.ServiceID, " ", a.Active) }

func approvals(t *testing.T, c *megaport.Client) []megaport.Approval {
	t.Helper()
	list, err := c.Approvals.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// decide is what the second person does.
func decide(t *testing.T, s *sandbox.Server, uid, decision string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/_sandbox/approvals/"+uid+"/"+decision, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %s", decision, w.Body)
	}
}

// TestRefusalsKeepTheirReasons: the published refusals (API facts §1.7), in every
// shape of data, must reach the reader in words.
func TestRefusalsKeepTheirReasons(t *testing.T) {
	for name, tt := range map[string]struct {
		knobs sandbox.Knobs
		want  []string
	}{
		"no market, list":          {sandbox.Knobs{MissingMarkets: []string{"UK"}}, []string{"Missing markets: United Kingdom"}},
		"no technical contact":     {sandbox.Knobs{MissingTechnicalContact: true}, []string{"Missing Technical Support Contact Details."}},
		"in a list":                {sandbox.Knobs{MissingTechnicalContact: true, ErrorData: "list"}, []string{"Missing Technical Support Contact Details."}},
		"in a text":                {sandbox.Knobs{MissingTechnicalContact: true, ErrorData: "string"}, []string{"Missing Technical Support Contact Details."}},
		"nothing but the message":  {sandbox.Knobs{MissingTechnicalContact: true, ErrorData: "none"}, nil},
		"several reasons in order": {sandbox.Knobs{MissingTechnicalContact: true, MissingMarkets: []string{"UK"}}, []string{"Missing Technical Support Contact Details.", "Missing markets: United Kingdom"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, sandboxConfig(tt.knobs))
			_, err := newClient(t, direct(s)).Orders.Buy(t.Context(), faultOrder("new"))
			var apiErr *megaport.Error
			if verdict(err) != "refused" || !asError(err, &apiErr) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(tt.want, apiErr.Reasons); diff != "" || apiErr.Message != "Validation failed" {
				t.Errorf("%q, reasons (-want +got):\n%s", apiErr.Message, diff)
			}
		})
	}
}

func asError(err error, to **megaport.Error) bool {
	order, ok := err.(*megaport.OrderError)
	if !ok {
		return false
	}
	*to, ok = order.Err.(*megaport.Error)
	return ok
}

// TestCapacityAtBuyOnly: validation passes, the purchase is refused, and nothing
// is bought (API facts §2.1, confidence D).
func TestCapacityAtBuyOnly(t *testing.T) {
	s := newSandbox(t, sandboxConfig(sandbox.Knobs{NoCapacity: []sandbox.Capacity{{LocationID: 89, BuyOnly: true}}}))
	c := newClient(t, direct(s))
	if _, err := c.Orders.Validate(t.Context(), faultOrder("new")); err != nil {
		t.Errorf("validation: %v", err)
	}
	if _, err := c.Orders.Buy(t.Context(), faultOrder("new")); verdict(err) != "refused" {
		t.Errorf("purchase: %v", err)
	}
	if n := s.Record().Committed; n != 0 {
		t.Errorf("%d bought", n)
	}
}

// TestPrices: what the sandbox says of money, and what the client takes it for.
func TestPrices(t *testing.T) {
	for name, tt := range map[string]struct {
		knobs sandbox.Knobs
		want  string
	}{
		"the price":     {sandbox.Knobs{}, "GBP 475 a month"}, // 500 less 5 % at 12 months
		"zero":          {sandbox.Knobs{PriceShape: "zero"}, "GBP 0 a month"},
		"empty":         {sandbox.Knobs{PriceShape: "empty"}, "unknown: the price is marked as empty"},
		"missing":       {sandbox.Knobs{PriceShape: "missing"}, "unknown: the answer has no price"},
		"half as much":  {sandbox.Knobs{PricePercent: 50}, "GBP 237.5 a month"},
		"all of a LAG":  {sandbox.Knobs{LAGPrice: "total"}, "GBP 950 a month"},
		"one of a LAG":  {sandbox.Knobs{LAGPrice: "member"}, "GBP 475 a month"},
		"in the tenths": {sandbox.Knobs{PricePercent: 1}, "GBP 4.75 a month"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, sandboxConfig(tt.knobs))
			q, err := newClient(t, direct(s)).Orders.Validate(t.Context(), faultOrder("new"))
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%s %s a month", q.Currency, q.Monthly)
			if !q.HasPrice {
				got = "unknown: " + q.Unknown
			}
			if got != tt.want || !q.OneTime.IsZero() {
				t.Errorf("%s, one-time %s, want %s", got, q.OneTime, tt.want)
			}
		})
	}
}

// TestCharges: cancelling costs the rest of the term (API facts §5.4, confidence
// B), in a shape that the client recognises.
func TestCharges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSandbox(t, sandboxConfig(sandbox.Knobs{}))
		c := newClient(t, direct(s))
		p, err := c.Orders.Buy(t.Context(), faultOrder("new"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"GBP 5700", "GBP 2850"} { // 12 and 6 months of 475
			charges, err := c.Products.CancellationCharges(t.Context(), p.UIDs[0])
			if got := charges.Currency + " " + charges.Amount.String(); err != nil || !charges.Known || got != want {
				t.Errorf("%s (known: %t), %v, want %s", got, charges.Known, err, want)
			}
			time.Sleep(183 * 24 * time.Hour)
		}
	})
}

// TestOddReads: what was seen in reads of the real API must decode (API facts
// §3.4, §4.4, §4.5, §8.2).
func TestOddReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSandbox(t, sandboxConfig(sandbox.Knobs{
			MarketUSA: true, ZoneNullReads: 1, CostCentreOnPrimaryOnly: true, NotFoundAfterBuy: time.Minute,
			LocationNames: map[int]string{60: "CoreSite LA1 (renamed)"},
		}))
		c := newClient(t, direct(s))
		o := faultOrder("odd")
		o.LocationID, o.Market = 60, "US"
		bought, err := c.Orders.Buy(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Products.Get(t.Context(), bought.UIDs[1]); !megaport.IsNotFound(err) {
			t.Errorf("right after the purchase: %v", err)
		}
		time.Sleep(2 * time.Minute)
		var zones []string
		for range 2 {
			p, err := c.Products.Get(t.Context(), bought.UIDs[1])
			if err != nil {
				t.Fatal(err)
			}
			zones = append(zones, p.Zone)
			if p.Market != "USA" || p.CostCentre != "" || p.Location.Name != "CoreSite LA1 (renamed)" {
				t.Errorf("port %+v", p)
			}
		}
		if diff := cmp.Diff([]string{"", "blue"}, zones); diff != "" {
			t.Errorf("zones (-want +got):\n%s", diff)
		}
	})
}

// TestShortTokens: a token that is refused on arrival is renewed for the next call; one that
// never lives long enough turns every order away, and nothing is bought.
func TestShortTokens(t *testing.T) {
	for name, tt := range map[string]struct {
		life, latency time.Duration
		want          string
		bought        int
	}{
		"shorter than the client's margin": {time.Second, 0, done, 1},
		"dead on arrival":                  {time.Second, 2 * time.Second, "not processed", 0},
		"dies between two calls":           {3 * time.Second, 2 * time.Second, done, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSandbox(t, sandboxConfig(sandbox.Knobs{TokenLifetime: tt.life, Latency: tt.latency}))
				c := newClient(t, direct(s))
				if tt.want == done {
					if _, err := c.Orders.Validate(t.Context(), faultOrder("new")); err != nil {
						t.Error(err)
					}
				}
				_, err := c.Orders.Buy(t.Context(), faultOrder("new"))
				if verdict(err) != tt.want || s.Record().Committed != tt.bought {
					t.Errorf("%v, %d bought", err, s.Record().Committed)
				}
			})
		})
	}
}

// TestOddRows: a port in the listing that cannot be read is never passed over; a
// row of another kind, however odd, is in nobody's way (API facts §4.1).
func TestOddRows(t *testing.T) {
	for name, tt := range map[string]struct {
		raw  string
		want string
	}{
		"a router with odd fields": {`{"productType":"MCR2","productUid":7,"productName":null,"portSpeed":"x"}`, done},
		"a first-generation MCR":   {`{"productType":"MEGAPORT","productUid":"u","productName":"r","portSpeed":"x","virtual":true}`, done},
		"a port without a UID":     {`{"productType":"megaport","productName":"x","provisioningStatus":"LIVE","portSpeed":1000,"locationId":89}`, garbled},
		"a port without a status":  {`{"productType":"megaport","productUid":"u","productName":"x","portSpeed":1000,"locationId":89}`, garbled},
		"a row without a type":     {`{"productUid":"u","productName":"x"}`, done}, // passed over, and told: Listing.Untyped
		"a row that is no object":  {`"odd"`, garbled},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t, sandboxConfig(sandbox.Knobs{}))
			if _, err := s.Seed(sandbox.Seed{Name: "good"}, sandbox.Seed{Raw: []byte(tt.raw)}); err != nil {
				t.Fatal(err)
			}
			ports, err := newClient(t, direct(s)).Products.List(t.Context())
			if verdict(err) != tt.want || err == nil && len(ports) != 1 {
				t.Errorf("%d ports, %v", len(ports), err)
			}
		})
	}
}
