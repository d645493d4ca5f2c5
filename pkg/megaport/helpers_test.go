package megaport

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

const (
	testAccess = "ak-7d21c0ffee"
	testSecret = "sk-very/secret+value=="
	testToken  = "eyJhbGciOiJSUzI1NiJ9.token-one"
	testUID    = "36b3f68e-2f54-4331-bf94-f8984449365f"
)

func testCredentials() Credentials {
	return Credentials{AccessKey: testAccess, SecretKey: testSecret}
}

// transport is an API that answers without a socket, so that it can live in a
// synctest bubble.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	return f(r)
}

// reply is an answer with a body and headers given as pairs.
func reply(status int, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json;charset=UTF-8"}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// script is a transport that issues tokens and gives each API request to a
// handler with its number, from 1; it keeps what it saw.
type script struct {
	mu       sync.Mutex
	requests []seenRequest
	tokens   int
	answer   func(n int, r seenRequest) (*http.Response, error)
}

type seenRequest struct {
	Method, Path, Query, Body string
	Header                    http.Header
	Close                     bool
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/oauth2/token" {
		s.mu.Lock()
		s.tokens++
		s.mu.Unlock()
		return reply(200, `{"access_token":"`+testToken+`","expires_in":3600,"token_type":"Bearer"}`), nil
	}
	seen := seenRequest{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Header: r.Header.Clone(), Close: r.Close}
	if r.Body != nil {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		seen.Body = string(data)
	}
	s.mu.Lock()
	s.requests = append(s.requests, seen)
	n := len(s.requests)
	s.mu.Unlock()
	return s.answer(n, seen)
}

func (s *script) seen() []seenRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]seenRequest(nil), s.requests...)
}

// always answers every request alike.
func always(status int, body string, headers ...string) func(int, seenRequest) (*http.Response, error) {
	return func(int, seenRequest) (*http.Response, error) { return reply(status, body, headers...), nil }
}

// inTurn answers the n-th request with the n-th answer, and fails beyond.
func inTurn(answers ...func() (*http.Response, error)) func(int, seenRequest) (*http.Response, error) {
	return func(n int, _ seenRequest) (*http.Response, error) {
		if n > len(answers) {
			return nil, errors.New("one request too many")
		}
		return answers[n-1]()
	}
}

func says(status int, body string, headers ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) { return reply(status, body, headers...), nil }
}

func breaks(text string) func() (*http.Response, error) {
	return func() (*http.Response, error) { return nil, errors.New(text) }
}

func testOptions(way http.RoundTripper) Options {
	return Options{
		BaseURL: "https://api.test", TokenURL: "https://auth.test/oauth2/token",
		Credentials: testCredentials(), Transport: way,
		Jitter: func() float64 { return 0 }, UserAgent: "portctl/test",
	}
}

func newTestClient(t *testing.T, way http.RoundTripper) *Client {
	t.Helper()
	return mustNew(t, testOptions(way))
}

func mustNew(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testdata(t testing.TB, parts ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func exchange(t testing.TB, name string) string { t.Helper(); return testdata(t, "exchanges", name) }

func fact(t testing.TB, name string) string { t.Helper(); return testdata(t, "facts", name) }

func testOrder() Order {
	return Order{Name: "API Port", Term: 1, Speed: 1000, LocationID: 89, Market: "UK"}
}

func mustDecimal(t *testing.T, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.NewFromString(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// compact is JSON without its spaces, members in their own order.
func compact(t *testing.T, text string) string {
	t.Helper()
	v := jsontext.Value(bytes.Clone([]byte(text)))
	if err := v.Compact(); err != nil {
		t.Fatal(err)
	}
	return string(v)
}

// quoted is a text as a JSON string.
func quoted(t testing.TB, text string) string {
	t.Helper()
	data, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func testAttempt(c class) *attempt {
	return &attempt{call: &call{class: c, method: http.MethodGet, path: "/x", timeout: timeoutRead, limit: limitAnswer, decode: decodeDone}}
}

func noSecrets(text string) string { return text }

// orderBody is an order as it is sent, without its envelope.
func orderBody(o Order) ([]byte, error) {
	o.ProductType = productType
	return json.Marshal(o)
}
