package provider_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/apply/refresh"
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
	draft, err := refresh.Read(t.Context(), account, desired(), refresh.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if draft.Plan.Summary.Buy != 2 {
		t.Fatalf("plan %+v", draft.Plan)
	}
	for i, a := range draft.Plan.Actions {
		claim := fmt.Sprintf("claim-%d", i)
		p := account.Buy(t.Context(), nil, *a.Order, claim, time.Time{})
		if p.State != plan.OrderBought || len(p.UIDs) != a.Order.Members() {
			t.Fatalf("purchase %+v", p)
		}
		// Byte for byte, but for the claim that nobody knows before it is made.
		planned := strings.Replace("["+mustJSON(t, a.Order)+"]", plan.ClaimPlaceholder, claim, 1)
		if diff := cmp.Diff(planned, string(recorder.bodies["POST /v3/networkdesign/buy"])); diff != "" {
			t.Errorf("order %s (-planned +sent):\n%s", a.Name, diff)
		}
	}
	if r := server.Record(); r.Committed != 2 || r.Services != 4 {
		t.Errorf("the sandbox saw %d orders, %d services", r.Committed, r.Services)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A service comes back as it was ordered, and a LAG as one unit.
func TestWhatWasBoughtIsObserved(t *testing.T) {
	client, _, _ := connect(t)
	account := provider.NewAccount(client)
	draft, err := refresh.Read(t.Context(), account, desired(), refresh.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range draft.Plan.Actions {
		account.Buy(t.Context(), nil, *a.Order, "c", time.Time{})
	}
	again, err := refresh.Read(t.Context(), account, desired(), refresh.Options{})
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
	if _, err := refresh.Read(t.Context(), provider.NewReader(client), desired(), refresh.Options{}); err != nil {
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

// script is an API that answers as it is told, and keeps what it was asked.
type script struct {
	mu     sync.Mutex
	asked  []string
	bodies []string
	answer func(n int, method, path, body string) (status int, text string)
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	status, text := 200, `{"access_token":"token-of-a-test","expires_in":3600,"token_type":"Bearer"}`
	if req.URL.Path != "/oauth2/token" {
		var body []byte
		if req.Body != nil {
			var err error
			if body, err = io.ReadAll(req.Body); err != nil {
				return nil, err
			}
		}
		s.mu.Lock()
		s.asked, s.bodies = append(s.asked, req.Method+" "+req.URL.Path), append(s.bodies, string(body))
		n := len(s.asked)
		s.mu.Unlock()
		status, text = s.answer(n, req.Method, req.URL.Path, string(body))
	}
	switch status {
	case 0:
		return nil, errors.New(text)
	case hangs:
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	header := http.Header{"Trace-Id": {"t-1"}}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(text))}, nil
}

// hangs is the status of an answer that never comes.
const hangs = -1

func scripted(t *testing.T, answer func(n int, method, path, body string) (int, string)) (*provider.Account, *script) {
	t.Helper()
	s := &script{answer: answer}
	client, err := megaport.New(megaport.Options{
		BaseURL: "https://api.test", TokenURL: "https://api.test/oauth2/token", Transport: s,
		Credentials: megaport.Credentials{AccessKey: "access", SecretKey: "secret"}, Jitter: func() float64 { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return provider.NewAccount(client), s
}

func always(status int, text string) func(int, string, string, string) (int, string) {
	return func(int, string, string, string) (int, string) { return status, text }
}

const priced = `{"message":"Validation passed","terms":"t","data":[{"price":{"monthlyRate":100,"fixedRecurringCharge":120,"currency":"GBP"}}]}`

// The API's "no" is a quote, and so is that no usable answer came: both block the
// entry that it is about, and nothing else.
func TestEveryValidationIsAQuote(t *testing.T) {
	amount := func(text string) plan.Amount {
		a, err := plan.ParseAmount(text)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	refused := func(status int, message string, reasons ...string) plan.Quote {
		return plan.Quote{Refusal: &plan.Refusal{Message: message, Reasons: reasons, Status: status, TraceID: "t-1"}}
	}
	failed := func(status int, message string) plan.Quote {
		f := &plan.Refusal{Message: message, Status: status}
		if status != 0 {
			f.TraceID = "t-1"
		}
		return plan.Quote{Failure: f}
	}
	const url = "POST /v3/networkdesign/validate: "
	good := plan.Quote{Currency: "GBP", Monthly: amount("120"), Priced: true, Notes: []string{"monthlyRate 100.00, fixedRecurringCharge 120.00: the dearer counts"}}
	tests := map[string]struct {
		answer func(int, string, string, string) (int, string)
		want   plan.Quote
	}{
		"a price":               {always(200, priced), good},
		"no price":              {always(200, `{"data":[{"price":{"empty":true}}]}`), plan.Quote{Unknown: "the price is marked as empty"}},
		"a refusal":             {always(400, `{"message":"Validation failed ","terms":"t","data":["No capacity"]}`), refused(400, "Validation failed", "No capacity")},
		"another one":           {always(422, `{"message":"No capacity","terms":"t"}`), refused(422, "No capacity")},
		"no permission":         {always(403, `{"message":"Forbidden","terms":"t"}`), refused(403, "Forbidden")},
		"a gateway's no":        {always(400, `{"message":"Bad request"}`), failed(400, url+"HTTP 400: Bad request (trace t-1)")},
		"a page":                {always(403, `<html><title>Denied</title>`), failed(403, url+`HTTP 403: an HTML page titled "Denied" (trace t-1)`)},
		"a failure":             {always(500, `{"message":"oops","terms":"t"}`), failed(500, url+"HTTP 500: oops (trace t-1)")},
		"the key is no good":    {always(401, `{"message":"Bad session token","terms":"t"}`), failed(401, url+"HTTP 401: Bad session token (trace t-1)")},
		"busy for good":         {always(429, `{"message":"Too many","terms":"t"}`), failed(429, url+"HTTP 429: Too many (trace t-1)")},
		"no answer":             {always(0, "EOF"), failed(0, url+"no answer: EOF")},
		"an answer of no shape": {always(200, `{"data":{"orders":[]}}`), failed(200, url+"unusable answer (HTTP 200): data: want a list, not an object (trace t-1)")},
		"accepted, no more":     {always(202, `{"message":"accepted","terms":"t","data":[]}`), failed(202, url+"unusable answer (HTTP 202): it has no price for the order (trace t-1)")},
	}
	order := plan.Order{Name: "x", ProductType: plan.ProductType, Term: 12, Speed: plan.Speed10G, Location: 89, Market: "UK"}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				account, _ := scripted(t, tt.answer)
				got, err := account.Quotes(t.Context(), []plan.Order{order})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]plan.Quote{tt.want}, got, cmpopts.EquateEmpty()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
	account, _ := scripted(t, always(200, priced))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if q, err := account.Quotes(ctx, []plan.Order{order}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %+v, %v", q, err)
	}
	if q, err := account.Quotes(t.Context(), []plan.Order{{}}); err != nil || q[0].Failure == nil || q[0].Failure.Message == "" {
		t.Errorf("an order of nothing: %+v, %v", q, err)
	}
}

// Several orders are validated in one request, whose answer is believed only when it
// names each of them once.
func TestSeveralOrdersAreValidatedTogether(t *testing.T) {
	line := func(name, rate string) string {
		return fmt.Sprintf(`{"serviceName":%q,"price":{"monthlyRate":%s,"currency":"GBP"}}`, name, rate)
	}
	answer := func(lines ...string) string {
		return `{"message":"Validation passed","terms":"t","data":[` + strings.Join(lines, ",") + `]}`
	}
	orders := []plan.Order{
		{Name: "a", ProductType: plan.ProductType, Term: 12, Speed: plan.Speed10G, Location: 89},
		{Name: "b", ProductType: plan.ProductType, Term: 12, Speed: plan.Speed10G, Location: 2},
	}
	for name, tt := range map[string]struct {
		status int
		body   string
		want   []string // of each order: its rate, or what failed
	}{
		"a price each":       {200, answer(line("a", "1"), line("b", "2")), []string{"1.00", "2.00"}},
		"in another order":   {200, answer(line("b", "2"), line("a", "1")), []string{"1.00", "2.00"}},
		"one has no price":   {200, answer(line("a", "1"), line("b", "null")), []string{"1.00", "the price has no monthly rate"}},
		"a price is missing": {200, answer(line("a", "1")), []string{"there is no price for the order \"b\"", "there is no price for the order \"b\""}},
		"one has two":        {200, answer(line("a", "1"), line("b", "2"), line("a", "3")), []string{"there are two prices for the order \"a\"", "there are two prices for the order \"a\""}},
		"a stranger's":       {200, answer(line("a", "1"), line("c", "2")), []string{"names no order of the request", "names no order of the request"}},
		"none is named":      {200, answer(line("", "1"), line("", "2")), []string{"names no order of the request", "names no order of the request"}},
		"a refusal":          {400, `{"message":"Validation failed","terms":"t","data":["No capacity"]}`, []string{"refused: Validation failed", "refused: Validation failed"}},
		"a gateway's":        {502, `<html>`, []string{"HTTP 502", "HTTP 502"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				account, s := scripted(t, always(tt.status, tt.body))
				quotes, err := account.Quotes(t.Context(), orders)
				if err != nil || len(quotes) != len(orders) {
					t.Fatalf("%v, %v", quotes, err)
				}
				for i, q := range quotes {
					got := q.Monthly.String()
					switch {
					case q.Refusal != nil:
						got = "refused: " + q.Refusal.Message
					case q.Failure != nil:
						got = q.Failure.Message
					case !q.Priced:
						got = q.Unknown
					}
					if !strings.Contains(got, tt.want[i]) {
						t.Errorf("%s: %q, want %q", orders[i].Name, got, tt.want[i])
					}
				}
				_ = s
			})
		})
	}
}

// Whatever the endpoint of the approvals answers, the account can be worked with.
func TestApprovalsAreAnAnswer(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	list := func(rows string) string { return `{"message":"m","terms":"t","data":[` + rows + `]}` }
	tests := map[string]struct {
		status  int
		text    string
		want    refresh.Approvals
		unknown string
	}{
		"none":               {200, list(``), refresh.Approvals{}, ""},
		"may not":            {403, `{"message":"Forbidden","terms":"t"}`, refresh.Approvals{Absent: true}, ""},
		"no such thing":      {404, `{"message":"No endpoint GET /v3/order_approvals","terms":"t"}`, refresh.Approvals{Absent: true}, ""},
		"a gateway's 404":    {404, `<html><title>Not here</title>`, refresh.Approvals{}, `an HTML page titled "Not here"`},
		"a gateway's 403":    {403, `{"message":"Forbidden"}`, refresh.Approvals{}, "HTTP 403"},
		"not enabled":        {400, `{"message":"Order approvals are not enabled","terms":"t"}`, refresh.Approvals{}, "HTTP 400: Order approvals are not enabled"},
		"the token":          {401, `{"message":"Bad session token","terms":"t"}`, refresh.Approvals{}, "HTTP 401"},
		"the method":         {405, `{"message":"Method not allowed","terms":"t"}`, refresh.Approvals{}, "HTTP 405"},
		"a failure":          {500, `{"message":"oops","terms":"t"}`, refresh.Approvals{}, "HTTP 500"},
		"down":               {503, ``, refresh.Approvals{}, "HTTP 503"},
		"no answer":          {0, "EOF", refresh.Approvals{}, "no answer: EOF"},
		"no content":         {204, ``, refresh.Approvals{}, "ends too early"},
		"null":               {200, `{"message":"ok","terms":"","data":null}`, refresh.Approvals{}, "has no data"},
		"an object":          {200, `{"message":"ok","terms":"","data":{"content":[]}}`, refresh.Approvals{}, "want a list, not an object"},
		"a page":             {200, `<html>`, refresh.Approvals{}, "an HTML page"},
		"one without status": {200, list(`{"uid":"u","status":"PENDING"},{"uid":"v"}`), refresh.Approvals{}, "approval number 2: field status is missing"},
		"other types": {
			200, list(`{"uid":"U-1","id":"1","status":"pending","type":"new_order","createDate":"2026-01-01T00:00:00Z","serviceId":"77","comment":"lon-2",
			"detail":{"type":"NEW_ORDER","userName":"lon-3","productRequest":[{"productName":"lon\u002d1","locationId":"89","portSpeed":10000,
			"resourceTags":[{"key":"portctl-inventory","value":"net"},{"key":"portctl-order","value":"claim-1"}]}]}}`),
			refresh.Approvals{List: []refresh.Approval{{
				UID: "u-1", Type: "NEW_ORDER", Status: "PENDING", CreatedAt: at, Texts: []string{"lon-1", "claim-1"}, Location: 89, Speed: plan.Speed10G,
			}}},
			"",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				account, _ := scripted(t, always(tt.status, tt.text))
				start := time.Now()
				got, err := account.Approvals(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(got.Unknown, tt.unknown) || (got.Unknown == "") != (tt.unknown == "") {
					t.Errorf("unknown because of %q, want %q", got.Unknown, tt.unknown)
				}
				got.Unknown = ""
				if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Error(diff)
				}
				if waited := time.Since(start); waited > 10*time.Second { // of virtual time: a side question
					t.Errorf("it was asked for %s", waited)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { // an endpoint that hangs holds nothing up for long
		start := time.Now()
		account, api := scripted(t, always(hangs, ""))
		if got, err := account.Approvals(t.Context()); err != nil || got.Unknown == "" || len(api.asked) != 1 || time.Since(start) > 30*time.Second {
			t.Errorf("%+v, %v after %s", got, err, time.Since(start))
		}
	})
	account, _ := scripted(t, always(200, list(``)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := account.Approvals(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %+v, %v", got, err)
	}
}

func row(name, uid, more string) string {
	return fmt.Sprintf(`{"productType":"MEGAPORT","productUid":%q,"productName":"%s","provisioningStatus":"live","portSpeed":10000,"locationId":89%s}`, uid, name, more)
}

// UIDs are known by one form, and asked for in the API's own.
func TestUIDsAreFolded(t *testing.T) {
	const upper, lower, other = "A49CF3F1-20A1-4390-93AA-5005BDAFE3D7", "a49cf3f1-20a1-4390-93aa-5005bdafe3d7", "36B3F68E-2F54-4331-BF94-F8984449365F"
	account, api := scripted(t, func(_ int, method, path, _ string) (int, string) {
		switch {
		case path == "/v2/products":
			return 200, `{"data":[` + row("a", upper, "") + `]}`
		case strings.HasSuffix(path, "/buy"):
			return 200, `{"data":[{"technicalServiceUid":"` + other + `"}]}`
		case strings.HasSuffix(path, "/tags") && method == "GET":
			return 200, `{"data":{"resourceTags":[]}}`
		case strings.HasSuffix(path, "/loa"):
			return 200, "%PDF-1.4\n%%EOF\n"
		}
		return 200, `{"message":"m","data":` + row("a", upper, "") + `}`
	})
	ctx := t.Context()
	seen, err := account.Observe(ctx)
	if err != nil || len(seen.Services) != 1 || seen.Services[0].UID != lower || seen.Services[0].Status != plan.StatusLive {
		t.Fatalf("observed %+v, %v", seen, err)
	}
	p := account.Buy(ctx, nil, plan.Order{Name: "x", Term: 12, Speed: plan.Speed10G, Location: 89}, "c", time.Time{})
	if p.State != plan.OrderBought || len(p.UIDs) != 1 || string(p.UIDs[0]) != strings.ToLower(other) {
		t.Errorf("bought %+v", p)
	}
	s, found, err := account.Service(ctx, lower)
	if err != nil || !found || s.UID != lower {
		t.Errorf("read %+v, %v", s, err)
	}
	_, tags := account.Tags(ctx, lower)
	_, charge := account.Charge(ctx, plan.ServiceUID(upper))
	_, loa := account.LOA(ctx, lower)
	for what, err := range map[string]error{
		"tags": tags, "charge": charge, "LOA": loa, "update": account.Update(ctx, lower, plan.FieldUpdate{}),
		"set tags": account.SetTags(ctx, lower, nil), "lock": account.SetLock(ctx, lower, true), "unlock": account.SetLock(ctx, lower, false),
		"cancel": account.Cancel(ctx, lower), "lock of the bought": account.SetLock(ctx, p.UIDs[0], true),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, call := range api.asked {
		if strings.Contains(call, lower) || strings.Contains(call, strings.ToLower(other)) {
			t.Errorf("asked for %s", call)
		}
	}
}

// What the account has is told, whatever odd rows stand beside it.
func TestObserve(t *testing.T) {
	const one, two = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	account, _ := scripted(t, always(200, `{"data":[
		{"productType":"MCR2","productName":"to AWS \ud83d","companyUid":"PARTNER"},
		{"productUid":"Z","productName":"x"},
		`+row("a", one, `,"companyUid":"B","companyName":"Bee","associatedVxcs":[{"provisioningStatus":"LIVE"},{"provisioningStatus":"DECOMMISSIONED"},{}]`)+`,
		`+row(`half \ud83d`, two, `,"companyUid":"a","companyName":"Ay"`)+`,
		`+row(`half \ud83d`, "33333333-3333-4333-8333-333333333333", `,"companyUid":"A"`)+`]}`))
	seen, err := account.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, seen.Owner.Companies); diff != "" || seen.Owner.Company() != "a" {
		t.Errorf("companies: %s", diff)
	}
	if diff := cmp.Diff([]string{"Bee", "Ay"}, seen.Owner.Names); diff != "" {
		t.Errorf("names: %s", diff)
	}
	if key := seen.Owner.Key; len(key) != 16 || strings.Contains(key, "access") {
		t.Errorf("the key's fingerprint is %q", key)
	}
	if s := seen.Services[0]; s.VXCs != 2 || s.Name != "a" {
		t.Errorf("observed %+v", s)
	}
	if diff := cmp.Diff([]plan.Untyped{{UID: "z", Name: "x"}}, seen.Untyped); diff != "" {
		t.Errorf("untyped: %s", diff)
	}
	first, second := seen.Services[1].Name, seen.Services[2].Name
	if plan.FoldName(first) == plan.FoldName(second) || !strings.HasPrefix(first, "half \ufffd (unreadable name of "+two) {
		t.Errorf("names that cannot be read are %q and %q", first, second)
	}
}

func TestCompanies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const uid = "160208AE-01E4-4CB9-8D69-03A197B31CD2"
		account, _ := scripted(t, always(200, `{"data":[{"companyUid":"`+uid+`","companyName":"Example Ltd"}]}`))
		got, err := account.Companies(t.Context())
		if diff := cmp.Diff(plan.Owner{Companies: []string{strings.ToLower(uid)}, Names: []string{"Example Ltd"}}, got); err != nil || diff != "" {
			t.Errorf("%s, %v", diff, err)
		}
		for _, status := range []int{0, 403, 404, 500, 200} {
			account, _ = scripted(t, always(status, `<html>`))
			if got, err := account.Companies(t.Context()); err != nil || len(got.Companies)+len(got.Names) != 0 {
				t.Errorf("%d: %v, %v", status, got, err)
			}
		}
	})
}

// An order is sent once, whatever the answer; what it means is the caller's to see.
func TestBuyIsSentOnce(t *testing.T) {
	const envelope = `{"message":"m","terms":"t"}`
	tests := map[string]struct {
		status int
		text   string
		want   plan.OrderState
	}{
		"busy":               {429, envelope, plan.OrderTurnedAway},
		"busy, by a gateway": {429, `slow down`, plan.OrderUnknown},
		"the token":          {401, envelope, plan.OrderTurnedAway},
		"a gateway's 401":    {401, `{"message":"m"}`, plan.OrderUnknown},
		"refused":            {400, envelope, plan.OrderRefused},
		"a gateway's 400":    {400, `{"message":"m"}`, plan.OrderUnknown},
		"a failure":          {503, envelope, plan.OrderUnknown},
		"no answer":          {0, "EOF", plan.OrderUnknown},
		"two for one":        {200, `{"data":[{"technicalServiceUid":"11111111-1111-4111-8111-111111111111"},{"technicalServiceUid":"22222222-2222-4222-8222-222222222222"}]}`, plan.OrderUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				account, api := scripted(t, always(tt.status, tt.text))
				p := account.Buy(t.Context(), nil, plan.Order{Name: "x", Term: 12, Speed: plan.Speed10G, Location: 89}, "c", time.Time{})
				if p.State != tt.want || p.Failure == nil || len(api.asked) != 1 {
					t.Errorf("%+v after %v", p, api.asked)
				}
				if tt.status == 200 && len(p.UIDs) != 2 {
					t.Errorf("the UIDs are lost: %+v", p)
				}
			})
		})
	}
}
