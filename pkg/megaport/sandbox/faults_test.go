package sandbox

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseFault(t *testing.T) {
	for text, want := range map[string]Fault{
		"buy:commit-then-drop:p=0.2":                     {Route: "buy", Kind: "commit-then-drop", Probability: 0.2},
		"buy:500-after-commit:n=3":                       {Route: "buy", Kind: "500-after-commit", Nth: 3},
		"*:429:n=10:times=5:wait=2s:retry-after=date":    {Route: "*", Kind: "429", Nth: 10, Times: 5, Wait: 2 * time.Second, RetryAfter: "date"},
		"loa:loa-truncated:times=1:name=lon-*":           {Route: "loa", Kind: "loa-truncated", Times: 1, Name: "lon-*"},
		"products:undecodable-item":                      {Route: "products", Kind: "undecodable-item"},
		"*:fewer-uids-after-commit:p=1":                  {Route: "*", Kind: "fewer-uids-after-commit", Probability: 1},
		"approval-action:500:name=a=b:times=2:p=0.5":     {Route: "approval-action", Kind: "500", Name: "a=b", Times: 2, Probability: 0.5},
		"approvals:404:body=html":                        {Route: "approvals", Kind: "404", Body: "html"},
		"service-keys:late:wait=1500ms:retry-after=none": {Route: "service-keys", Kind: "late", Wait: 1500 * time.Millisecond, RetryAfter: "none"},
	} {
		got, err := ParseFault(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for text, reason := range map[string]string{
		"":                          "want ROUTE:KIND",
		"buy":                       "want ROUTE:KIND",
		"bye:drop":                  `route "bye" is neither * nor one of token, locations`,
		"buy:explode":               `kind "explode" is none of commit-then-drop`,
		"buy:loa-html":              "kind loa-html is for the routes loa, not buy",
		"buy:drop:x=1":              "the options are p, n, times",
		"buy:drop:p=2":              "not between 0 and 1",
		"buy:drop:p=NaN":            "not between 0 and 1",
		"buy:drop:p=0":              "would never fire",
		"buy:drop:p":                "invalid syntax",
		"buy:drop:n=-1":             "cannot be negative",
		"buy:429:retry-after=never": "none of seconds, date, none",
		"buy:late:wait=2":           "missing unit",
		"buy:429:body=xml":          "none of bare, html",
	} {
		if f, err := ParseFault(text); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %+v, %v; want an error with %q", text, f, err, reason)
		}
	}
}

func TestEveryFaultKindIsDocumented(t *testing.T) {
	seen := make(map[string]bool)
	for _, k := range FaultKinds() {
		if k.Doc == "" || k.answer == nil || seen[k.Name] {
			t.Errorf("kind %q: doc %q", k.Name, k.Doc)
		}
		seen[k.Name] = true
		if strings.HasSuffix(k.Name, "-after-commit") && !k.Commits {
			t.Errorf("kind %s does not commit", k.Name)
		}
		for _, class := range k.Routes {
			if !slices.Contains(routeClasses(), class) {
				t.Errorf("kind %s: no route class %s", k.Name, class)
			}
		}
	}
}

// outcome is what the client of a faulty buy sees: a status, and the number of
// UIDs in a readable answer or -1; 0 for a lost answer.
type outcome struct{ status, uids int }

// TestEveryFaultOfABuy holds each kind to what its documentation says, and the
// record to the truth.
func TestEveryFaultOfABuy(t *testing.T) {
	want := map[string]outcome{
		"commit-then-drop": {0, -1}, "drop": {0, -1}, "refused": {0, -1}, "hang": {0, -1}, "hang-after-commit": {0, -1},
		"late": {200, 2}, "500": {500, -1}, "500-after-commit": {500, -1}, "502": {502, -1}, "502-after-commit": {502, -1},
		"503-html": {503, -1}, "504-after-commit": {504, -1}, "429": {429, -1}, "408": {408, -1}, "403": {403, -1}, "401": {401, -1},
		"token-expired": {401, -1}, "404": {404, -1}, "backend-400": {400, -1}, "backend-400-after-commit": {400, -1},
		"backend-500": {500, -1}, "rollback": {500, -1}, "redirect": {307, -1}, "empty-200-after-commit": {200, -1},
		"truncated-200-after-commit": {0, -1}, "unreadable-200-after-commit": {200, -1}, "html-200-after-commit": {200, -1},
		"no-uids-after-commit": {200, 0}, "fewer-uids-after-commit": {200, 1},
		"400": {400, -1}, "404-no-endpoint": {404, -1}, "405": {405, -1}, "410": {410, -1}, "422": {422, -1},
		"400-after-commit": {400, -1}, "404-after-commit": {404, -1}, "401-after-commit": {401, -1}, "403-after-commit": {403, -1}, "429-after-commit": {429, -1},
		"slow-body":               {200, 2},
		"other-uids-after-commit": {200, 2}, "more-uids-after-commit": {200, 3}, "unknown-uids-after-commit": {200, 2},
		"upper-uids-after-commit": {200, 2}, "reversed-uids-after-commit": {200, 2}, "double-uids-after-commit": {200, 4},
		"wrong-site": {200, 2}, "partial-lag": {200, 1}, "new-lag": {200, 2}, "split-lag": {200, 2}, "renamed": {200, 2}, "untagged": {200, 2},
	}
	for _, kind := range FaultKinds() {
		if !kind.fits(classBuy) {
			continue
		}
		t.Run(kind.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := start(t, Config{Now: time.Now})
				a.faults("buy:" + kind.Name)
				got := buyOutcome(t, a)
				if got != want[kind.Name] {
					t.Errorf("outcome %+v, want %+v", got, want[kind.Name])
				}
				a.faults()
				a.login()
				bought, ordered := len(a.listing()), 2
				if kind.Name == "partial-lag" {
					ordered = 1
				}
				if kind.Commits != (bought == ordered) || !kind.Commits && bought != 0 {
					t.Errorf("%d services bought", bought)
				}
				checkFaultRecord(t, a, kind, got)
			})
		})
	}
}

func buyOutcome(t *testing.T, a *api) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := a.request("POST", "/v4/networkdesign/buy", `{"networkDesign":[`+londonLAG+`]}`)
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.http.Do(req.WithContext(ctx))
	if err != nil {
		return outcome{0, -1}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return outcome{0, -1}
	}
	var body struct {
		Data []struct{} `json:"data"`
	}
	body.Data = nil
	if decode(b, &body) != nil || res.StatusCode != 200 {
		return outcome{res.StatusCode, -1}
	}
	return outcome{res.StatusCode, len(body.Data)}
}

func checkFaultRecord(t *testing.T, a *api, kind FaultKind, got outcome) {
	t.Helper()
	r := a.server.Record()
	if kind.Name == kindRefused {
		if r.Received != 0 {
			t.Error("a refused connection brought an order")
		}
		return
	}
	if r.Received != 1 {
		t.Fatalf("received %d", r.Received)
	}
	o := r.Orders[0]
	status := got.status
	if kind.Name == "truncated-200-after-commit" {
		status = 200 // the head of the answer was sent
	}
	if o.Fault != kind.Name || o.Committed != kind.Commits || o.Status != status || o.Name != "lon-lag" || o.Members != 2 {
		t.Errorf("record %+v", o)
	}
	wantUIDs := 2
	if kind.Name == "partial-lag" {
		wantUIDs = 1
	}
	if kind.Commits && len(o.UIDs) != wantUIDs || !kind.Commits && len(o.UIDs) != 0 {
		t.Errorf("UIDs in the record %v", o.UIDs)
	}
	if by := r.Routes["POST /v4/networkdesign/buy"].ByStatus; by[status] != 1 || len(by) != 1 {
		t.Errorf("statuses of the route %v", by)
	}
}

func TestWhichCallsAFaultHits(t *testing.T) {
	for text, want := range map[string]string{
		"products:500":             "xxxxxxxx",
		"products:500:n=3":         "..x.....",
		"products:500:times=2":     "xx......",
		"products:500:n=3:times=2": "..xx....",
		"product:500":              "........",
		"*:500:n=8":                ".......x",
	} {
		a := start(t, Config{})
		a.faults(text)
		var got string
		for range 8 {
			mark := "."
			if a.get("/v2/products").status == 500 {
				mark = "x"
			}
			got += mark
		}
		if got != want {
			t.Errorf("%s hits %s, want %s", text, got, want)
		}
	}
}

func TestChanceIsSeeded(t *testing.T) {
	run := func(seed uint64) string {
		a := start(t, Config{Knobs: Knobs{FaultSeed: seed, Faults: []Fault{{Route: "products", Kind: "500", Probability: 0.5}}}})
		var got string
		for range 64 {
			got += string(rune('0' + a.get("/v2/products").status/500))
		}
		return got
	}
	first := run(1)
	if first != run(1) {
		t.Error("the same seed gives another run")
	}
	if first == run(2) {
		t.Error("another seed gives the same run")
	}
	if n := strings.Count(first, "1"); n < 15 || n > 49 {
		t.Errorf("%d of 64 at probability 0.5", n)
	}
}

func TestFaultsByName(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{ProvisionDelay: -1}})
	a.faults("buy:500:name=syd-*", "loa:loa-html:name=*lag", "validate:backend-400:name=lon-1", "cancel:rollback:times=1")
	one, lag := a.buy(london)[0], a.buy(londonLAG)[0]
	a.do("POST", "/v3/networkdesign/buy", "["+with(london, `"lon-1"`, `"syd-1"`)+"]").want(500)
	a.do("POST", "/v3/networkdesign/validate", "["+london+"]").want(400).says("Problem talking with network provisioning system, got code 500")
	a.do("POST", "/v3/networkdesign/validate", "["+londonLAG+"]").want(200)
	wantPDF(t, a.get("/v2/product/"+one+"/loa").want(200).body)
	if h := a.get("/v2/product/" + lag + "/loa").want(200); h.header.Get("Content-Type") != "text/html" {
		t.Errorf("Content-Type %q", h.header.Get("Content-Type"))
	}
	a.do("POST", "/v3/product/"+one+"/action/CANCEL_NOW", "").want(500).says("Transaction silently rolled back because it has been marked as rollback-only")
	a.do("POST", "/v3/product/"+one+"/action/CANCEL_NOW", "").want(200)
}

func TestSpoiltLOAs(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{ProvisionDelay: -1}})
	uid := a.buy(london)[0]
	whole := a.get("/v2/product/" + uid + "/loa").want(200).body
	a.faults("loa:loa-truncated:n=1", "loa:loa-json:n=1", "loa:truncated-200-after-commit:n=2")
	got := a.get("/v2/product/" + uid + "/loa").want(200)
	if len(got.body) != len(whole)/2 || got.header.Get("Content-Type") != "application/pdf" {
		t.Errorf("truncated: %d of %d bytes, %s", len(got.body), len(whole), got.header.Get("Content-Type"))
	}
	a.get("/v2/product/" + uid + "/loa").want(200).wantJSON(`{"message":"LOA is being generated",` + termsLine + `}`)
	if _, err := a.try("GET", "/v2/product/"+uid+"/loa", ""); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut connection: %v", err)
	}
}

func TestUndecodableRows(t *testing.T) {
	a := start(t, Config{})
	a.buy(london)
	a.faults("products:undecodable-item:n=1", "products:undecodable-router:n=2")
	for _, want := range []string{"megaport", "MCR2"} {
		rows := a.get("/v2/products").want(200).data().([]any)
		if len(rows) != 2 {
			t.Fatalf("%d rows", len(rows))
		}
		odd := rows[1].(map[string]any)
		if odd["productType"] != want || odd["createDate"] != "yesterday" || odd["productUid"] != 17.0 {
			t.Errorf("row %v", odd)
		}
	}
	if n := len(a.listing()); n != 1 {
		t.Errorf("%d rows without a fault", n)
	}
}

func TestRetryAfterForms(t *testing.T) {
	a := start(t, Config{})
	a.faults("products:429:n=1", "products:429:n=1:wait=1500ms", "products:429:n=1:wait=2s:retry-after=date", "products:429:n=1:retry-after=none")
	for _, want := range []string{"1", "2", "Sun, 01 Mar 2026 12:00:02 GMT", ""} {
		if got := a.get("/v2/products").want(429).header.Get("Retry-After"); got != want {
			t.Errorf("Retry-After %q, want %q", got, want)
		}
	}
	a.knobs(func(k *Knobs) { k.RetryAfter = "none"; k.Faults = []Fault{{Route: "products", Kind: "429"}} })
	if got := a.get("/v2/products").want(429).header.Get("Retry-After"); got != "" {
		t.Errorf("Retry-After %q", got)
	}
}

func TestRateLimit(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{RateLimit: 2, RateBurst: 3}})
	// The token took one.
	for i, want := range []int{200, 200, 429, 429} {
		if got := a.get("/v2/products").status; got != want {
			t.Errorf("call %d: %d, want %d", i, got, want)
		}
	}
	if got := a.get("/v2/products").header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q", got)
	}
	a.do("POST", "/v3/networkdesign/buy", "["+london+"]").want(429)
	if o := a.server.Record().Orders; len(o) != 1 || o[0].Fault != "429" || o[0].Committed {
		t.Errorf("record %+v", o)
	}
	a.clock.advance(500 * time.Millisecond)
	a.get("/v2/products").want(200)
	a.get("/v2/products").want(429)
	a.get("/_sandbox/record").want(200) // admin calls are free
	a.knobs(func(k *Knobs) { k.RateLimit = 0 })
	a.get("/v2/products").want(200)
}

func TestTokenExpiredFault(t *testing.T) {
	a := start(t, Config{})
	a.faults("products:token-expired:n=2")
	a.get("/v2/products").want(200)
	a.get("/v2/products").want(401)
	a.get("/v3/locations").want(200)
	a.get("/v2/market").want(401)
	a.login()
	a.get("/v2/market").want(200)
}

func TestTurningAKnobKeepsFaultCounters(t *testing.T) {
	a := start(t, Config{})
	a.faults("products:500:n=2")
	a.get("/v2/products").want(200)
	a.knobs(func(k *Knobs) { k.Jitter = time.Microsecond })
	a.get("/v2/products").want(500)
	a.get("/v2/products").want(200)
	if err := a.server.Reset(); err != nil {
		t.Fatal(err)
	}
	a.get("/v2/products").want(200)
	a.get("/v2/products").want(500)
}

// TestFaultsOverSockets looks at the faults that are about connections from the
// other side of a real one.
func TestFaultsOverSockets(t *testing.T) {
	a := start(t, Config{})
	h := httptest.NewServer(a.server)
	t.Cleanup(h.Close)
	send := func(ctx context.Context) (int, error) {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		req, err := http.NewRequestWithContext(ctx, "POST", h.URL+"/v3//networkdesign/buy", strings.NewReader("["+london+"]"))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Authorization", "Bearer "+a.token)
		res, err := client.Do(req)
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		_, err = io.ReadAll(res.Body)
		return res.StatusCode, err
	}
	a.faults("buy:commit-then-drop:n=1", "buy:drop:n=1", "buy:refused:n=1", "buy:truncated-200-after-commit:n=1")
	for range 3 {
		if _, err := send(t.Context()); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("want a closed connection: %v", err)
		}
	}
	if status, err := send(t.Context()); status != 200 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("want a connection cut in the body: %d, %v", status, err)
	}
	if status, err := send(t.Context()); status != 200 || err != nil {
		t.Errorf("no fault left: %d, %v", status, err)
	}
	a.faults("buy:hang-after-commit")
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := send(ctx)
		left <- err
	}()
	waitFor(t, func() bool { return a.server.Record().Committed == 4 })
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("hang: %v", err)
	}
	if r := a.server.Record(); r.Received != 6 || r.Committed != 4 {
		t.Errorf("received %d, committed %d", r.Received, r.Committed)
	}
}

// waitFor polls what another goroutine brings about.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatal("it never happened")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestRefusedIsADialError(t *testing.T) {
	a := start(t, Config{})
	a.faults("buy:refused:times=1:name=lon-*")
	_, err := a.try("POST", "/v3/networkdesign/buy", "["+london+"]")
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "dial" || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v", err)
	}
	a.buy(london)
}

func TestMatchGlobAgreesWithSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		glob := rapid.StringOfN(rapid.SampledFrom([]rune("ab*")), 0, 6, -1).Draw(t, "glob")
		name := rapid.StringOfN(rapid.SampledFrom([]rune("ab")), 0, 6, -1).Draw(t, "name")
		if got, want := matchGlob(glob, name), slowGlob(glob, name); got != want {
			t.Errorf("matchGlob(%q, %q) = %v", glob, name, got)
		}
	})
}

// slowGlob tries every length of every star.
func slowGlob(glob, name string) bool {
	if glob == "" {
		return name == ""
	}
	if glob[0] != '*' {
		return name != "" && glob[0] == name[0] && slowGlob(glob[1:], name[1:])
	}
	for i := range len(name) + 1 {
		if slowGlob(glob[1:], name[i:]) {
			return true
		}
	}
	return false
}

func FuzzParseFault(f *testing.F) {
	for _, seed := range []string{"buy:drop", "buy:500-after-commit:n=3", "*:429:p=0.5:wait=1s:retry-after=date", "loa:late:name=a*:times=9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := ParseFault(text)
		if err != nil {
			return
		}
		if err := fault.Validate(); err != nil {
			t.Errorf("%q parses to a fault that is not valid: %v", text, err)
		}
		s, err := New(Config{Knobs: Knobs{Faults: []Fault{fault}}})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := s.Knobs().Faults; !slices.Equal(got, []Fault{fault}) {
			t.Errorf("%q: %+v is read back as %+v", text, fault, got)
		}
	})
}
