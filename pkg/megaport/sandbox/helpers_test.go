package sandbox

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// clock is a clock that tests move by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// api is a plain HTTP client of a sandbox: it knows wire JSON and nothing else.
type api struct {
	t      testing.TB
	server *Server
	http   *http.Client
	token  string
	clock  *clock
}

func start(t testing.TB, config Config) *api {
	t.Helper()
	a := &api{t: t, clock: newClock()}
	if config.Now == nil {
		config.Now = a.clock.Now
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	a.server, a.http = s, &http.Client{Transport: s.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	a.login()
	return a
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

func (a *api) request(method, path, body string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, "http://sandbox.test"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	return req, nil
}

// try sends a request that may fail.
func (a *api) try(method, path, body string) (answer, error) {
	req, err := a.request(method, path, body)
	if err != nil {
		return answer{}, err
	}
	res, err := a.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{a.t, res.StatusCode, res.Header, b}, err
}

func (a *api) do(method, path, body string) answer {
	a.t.Helper()
	got, err := a.try(method, path, body)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	return got
}

func (a *api) get(path string) answer {
	a.t.Helper()
	return a.do("GET", path, "")
}

func (a *api) login() {
	a.t.Helper()
	req, err := a.request("POST", "/oauth2/token", "grant_type=client_credentials")
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("key", "secret")
	res, err := a.http.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	a.token = answer{a.t, res.StatusCode, res.Header, b}.want(200).object()["access_token"].(string)
}

func (a *api) knobs(change func(*Knobs)) {
	a.t.Helper()
	k := a.server.Knobs()
	change(&k)
	if err := a.server.SetKnobs(k); err != nil {
		a.t.Fatal(err)
	}
}

func (a *api) faults(texts ...string) {
	a.t.Helper()
	var list []Fault
	for _, text := range texts {
		f, err := ParseFault(text)
		if err != nil {
			a.t.Fatal(err)
		}
		list = append(list, f)
	}
	a.knobs(func(k *Knobs) { k.Faults = list })
}

// buy buys with one order in the v3 form and gives the UIDs.
func (a *api) buy(order string) []string {
	a.t.Helper()
	var uids []string
	for _, item := range a.do("POST", "/v3/networkdesign/buy", "["+order+"]").want(200).data().([]any) {
		uids = append(uids, item.(map[string]any)["technicalServiceUid"].(string))
	}
	return uids
}

// listing gives the rows of /v2/products.
func (a *api) listing() []map[string]any {
	a.t.Helper()
	var rows []map[string]any
	for _, row := range a.get("/v2/products").want(200).data().([]any) {
		rows = append(rows, row.(map[string]any))
	}
	return rows
}

func (a *api) product(uid string) map[string]any {
	a.t.Helper()
	return a.get("/v2/product/" + uid).want(200).data().(map[string]any)
}

func (r answer) want(status int) answer {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d; body: %.500s", r.status, status, r.body)
	}
	return r
}

func (r answer) object() map[string]any {
	r.t.Helper()
	var m map[string]any
	if err := json.Unmarshal(r.body, &m); err != nil {
		r.t.Fatalf("not a JSON object: %v: %.500s", err, r.body)
	}
	return m
}

func (r answer) data() any {
	r.t.Helper()
	return r.object()["data"]
}

func (r answer) message() string {
	r.t.Helper()
	m, _ := r.object()["message"].(string)
	return m
}

// says fails unless the message or the data contains the text.
func (r answer) says(text string) answer {
	r.t.Helper()
	if !strings.Contains(string(r.body), text) {
		r.t.Fatalf("body does not say %q: %.500s", text, r.body)
	}
	return r
}

// wantJSON compares the whole body with JSON as it should stand on the wire.
func (r answer) wantJSON(want string) {
	r.t.Helper()
	wantEqual(r.t, string(r.body), want)
}

func wantEqual(t testing.TB, got, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("got: %v: %.500s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("want: %v", err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Fatalf("JSON differs (-want +got):\n%s", diff)
	}
}

const (
	london    = `{"productName":"lon-1","productType":"MEGAPORT","portSpeed":1000,"locationId":89,"term":1,"market":"UK","virtual":false,"createDate":0,"marketplaceVisibility":false,"costCentre":"NET-042","config":{"diversityZone":"blue"},"resourceTags":[{"key":"portctl-order","value":"o-1"}]}`
	londonLAG = `{"productName":"lon-lag","productType":"MEGAPORT","portSpeed":10000,"locationId":89,"term":12,"market":"","lagPortCount":2,"marketplaceVisibility":false}`
)

// wait moves the clock and fetches a fresh token.
func (a *api) wait(d time.Duration) {
	a.t.Helper()
	a.clock.advance(d)
	a.login()
}
