package provider_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// recorder passes requests on to a sandbox and keeps what went by.
type recorder struct {
	next http.RoundTripper

	mu     sync.Mutex
	calls  []string
	bodies map[string][]byte
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.mu.Lock()
	call := req.Method + " " + req.URL.Path
	r.calls = append(r.calls, call)
	r.bodies[call] = body
	r.mu.Unlock()
	return r.next.RoundTrip(req)
}

func connect(t *testing.T) (*megaport.Client, *recorder, *sandbox.Server) {
	t.Helper()
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	r := &recorder{next: server.Transport(), bodies: map[string][]byte{}}
	client, err := megaport.New(megaport.Options{
		BaseURL: "http://sandbox.invalid", TokenURL: "http://sandbox.invalid" + sandbox.TokenPath,
		Credentials: megaport.Credentials{AccessKey: "k", SecretKey: "s"}, Transport: r,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, r, server
}

func desired() plan.Desired {
	centre, visible := "NET-042", true
	return plan.Desired{Inventory: "inv", Ports: []plan.Port{
		{
			Name: "lon", Site: plan.Site{ID: 89}, Speed: plan.Speed10G, Zone: plan.Red, Term: 12, CostCentre: &centre,
			MarketplaceVisibility: &visible, PromoCode: "promo", Tags: map[string]string{"team": "net"},
		},
		{Name: "syd", Site: plan.Site{Name: "Equinix SY3"}, Speed: plan.Speed100G, LAG: 3, Term: 36},
	}}
}

// What the plan shows as the order is what is sent, field for field.
func TestOrderIsSentAsPlanned(t *testing.T) {
	client, recorder, server := connect(t)
	account := provider.NewAccount(client)
	draft, err := apply.MakeDraft(t.Context(), account, desired(), apply.DraftOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if draft.Plan.Summary.Buy != 2 {
		t.Fatalf("plan %+v", draft.Plan)
	}
	for i, a := range draft.Plan.Actions {
		claim := fmt.Sprintf("claim-%d", i)
		p := account.Buy(t.Context(), *a.Order, claim)
		if p.Outcome != apply.Bought || len(p.UIDs) != a.Order.Members() {
			t.Fatalf("purchase %+v", p)
		}
		sent := decode(t, recorder.bodies["POST /v3/networkdesign/buy"])[0]
		planned := decode(t, []byte("["+mustJSON(t, a.Order)+"]"))[0]
		// The two keys that every client sends and that say nothing, and the tag
		// that only a purchase has.
		planned["createDate"], planned["virtual"] = float64(0), false
		planned["resourceTags"] = append(planned["resourceTags"].([]any), map[string]any{"key": plan.TagOrder, "value": claim})
		if diff := cmp.Diff(byKey(planned), byKey(sent)); diff != "" {
			t.Errorf("order %s (-planned +sent):\n%s", a.Name, diff)
		}
	}
	if r := server.Record(); r.Committed != 2 || r.Services != 4 {
		t.Errorf("the sandbox saw %d orders, %d services", r.Committed, r.Services)
	}
}

func decode(t *testing.T, b []byte) []map[string]any {
	t.Helper()
	var orders []map[string]any
	if err := json.Unmarshal(b, &orders); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return orders
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// byKey makes the order of tags, which carries no meaning, disappear.
func byKey(order map[string]any) map[string]any {
	tags := map[string]any{}
	for _, tag := range order["resourceTags"].([]any) {
		t := tag.(map[string]any)
		tags[t["key"].(string)] = t["value"]
	}
	order["resourceTags"] = tags
	return order
}

// A service comes back as it was ordered, and a LAG as one unit.
func TestWhatWasBoughtIsObserved(t *testing.T) {
	client, _, _ := connect(t)
	account := provider.NewAccount(client)
	draft, err := apply.MakeDraft(t.Context(), account, desired(), apply.DraftOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range draft.Plan.Actions {
		account.Buy(t.Context(), *a.Order, "c")
	}
	again, err := apply.MakeDraft(t.Context(), account, desired(), apply.DraftOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !again.Plan.Empty() || again.Plan.Summary.Unchanged != 2 || len(again.Plan.Warnings) != 0 {
		t.Errorf("after buying, the plan is %+v", again.Plan)
	}
	if again.Observed.Owner.Company() == "" {
		t.Error("the company is not told")
	}
	lag := again.Plan.Actions[1].Service
	if len(lag.Members) != 3 || lag.Speed != plan.Speed100G || lag.Term != 36 {
		t.Errorf("the LAG is observed as %+v", lag)
	}
	for _, s := range again.Observed.Services {
		if s.Name == "lon" && (s.CostCentre != "NET-042" || !s.MarketplaceVisibility || s.Zone != plan.Red || s.CreatedAt.IsZero()) {
			t.Errorf("the port is observed as %+v", s)
		}
	}
}

// Law 2: making a plan sends nothing that could change an account.
func TestReadingCanNotWrite(t *testing.T) {
	client, recorder, _ := connect(t)
	if _, err := apply.MakeDraft(t.Context(), provider.NewReader(client), desired(), apply.DraftOptions{}); err != nil {
		t.Fatal(err)
	}
	if len(recorder.calls) == 0 {
		t.Fatal("nothing was sent")
	}
	for _, call := range recorder.calls {
		read := strings.HasPrefix(call, "GET ") || call == "POST "+sandbox.TokenPath || call == "POST /v3/networkdesign/validate"
		if !read {
			t.Errorf("a plan sent %s", call)
		}
	}
	var reader any = provider.NewReader(client)
	if _, can := reader.(apply.Account); can {
		t.Error("a Reader can buy")
	}
}

// The API's "no" is a quote; that it can not be reached is an error.
func TestRefusalIsAQuote(t *testing.T) {
	client, _, server := connect(t)
	reader := provider.NewReader(client)
	if err := server.SetKnobs(sandbox.Knobs{MissingMarkets: []string{"UK"}}); err != nil {
		t.Fatal(err)
	}
	order := plan.Order{Name: "x", ProductType: plan.ProductType, Term: 12, Speed: plan.Speed10G, Location: 89, Market: "UK"}
	q, err := reader.Quote(t.Context(), order)
	if err != nil || q.Refusal == nil || q.Refusal.TraceID == "" {
		t.Fatalf("quote %+v, error %v", q, err)
	}
	if diff := cmp.Diff([]string{"Missing markets: United Kingdom"}, q.Refusal.Reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if err := server.SetKnobs(sandbox.Knobs{Faults: []sandbox.Fault{{Route: "validate", Kind: "403"}}}); err != nil {
		t.Fatal(err)
	}
	if q, err := reader.Quote(t.Context(), order); err == nil {
		t.Errorf("a 403 passes for a quote: %+v", q)
	}
}
