package megaport

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// errorOf makes the error of one answer, as the chain does.
func errorOf(status int, body string, headers ...string) *Error {
	a := testAttempt(classRead)
	resp := reply(status, body, headers...)
	a.traceID = traceID(resp.Header, noSecrets)
	return readError(a, noSecrets, resp)
}

func TestPublishedErrors(t *testing.T) {
	var published []struct {
		Status int            `json:"status"`
		Body   jsontext.Value `json:"body"`
	}
	if err := json.Unmarshal([]byte(exchange(t, "errors.json")), &published); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GET /x: HTTP 401: Bad session token - try logging in again.",
		"GET /x: HTTP 400: Validation failed: Valid B-End is required",
		"GET /x: HTTP 400: Validation failed: Missing markets: Australia",
		"GET /x: HTTP 400: Validation failed: Missing Technical Support Contact Details.",
		"GET /x: HTTP 404: Could not find a service with UID 00000000-0000-0000-0000-000000000000",
		"GET /x: HTTP 400: Could not find a service with UID 00000000-0000-0000-0000-000000000000",
	}
	notFound := []bool{false, false, false, false, true, true}
	if len(published) != len(want) {
		t.Fatalf("%d published errors, want %d", len(published), len(want))
	}
	for i, p := range published {
		err := errorOf(p.Status, string(p.Body))
		if err.Error() != want[i] || !err.FromAPI {
			t.Errorf("got %q (from the API: %v), want %q", err, err.FromAPI, want[i])
		}
		if IsNotFound(fmt.Errorf("wrapped: %w", err)) != notFound[i] {
			t.Errorf("IsNotFound(%v) is %v", err, !notFound[i])
		}
	}
}

func TestErrorReasons(t *testing.T) {
	tests := map[string]struct {
		data string
		want []string
	}{
		"none":              {`null`, nil},
		"text":              {`"one"`, []string{"one"}},
		"empty text":        {`" "`, nil},
		"list of texts":     {`["one","two"]`, []string{"one", "two"}},
		"list of objects":   {`[{"error":"one","x":1},{"message":"two"}]`, []string{"one", "two"}},
		"map":               {`{"portSpeed":"bad speed","term":["bad","worse"]}`, []string{"portSpeed: bad speed", "term: bad", "term: worse"}},
		"error in a map":    {`{"a":{"error":"one"}}`, []string{"a: one"}},
		"deep names":        {`{"a":{"b":true,"c":null,"d":1.50}}`, []string{"a.b: true", "a.d: 1.50"}},
		"error not a text":  {`{"error":{"code":5}}`, []string{"error.code: 5"}},
		"number":            {`5`, []string{"5"}},
		"nested very deep":  {strings.Repeat("[", 12) + `1` + strings.Repeat("]", 12), []string{"[[[[1]]]]"}},
		"duplicate members": {`{"a":1,"a":2}`, []string{"a: 1", "a: 2"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := errorOf(400, `{"message":"Validation failed","data":`+tt.data+`}`)
			if diff := cmp.Diff(tt.want, err.Reasons); diff != "" {
				t.Error(diff)
			}
		})
	}
	many := errorOf(400, `{"message":"m","data":[`+strings.Repeat(`"x",`, 99)+`"x"]}`)
	if len(many.Reasons) != maxReasons+1 || many.Reasons[maxReasons] != "and 80 more" {
		t.Errorf("%d reasons, the last %q", len(many.Reasons), many.Reasons[len(many.Reasons)-1])
	}
}

// What a stranger sends must not flood or steer a terminal.
func TestErrorsOfStrangers(t *testing.T) {
	tests := map[string]struct {
		status  int
		body    string
		headers []string
		want    string
	}{
		"HTML page":       {503, fact(t, "error-503.html"), []string{"Content-Type", "text/html"}, `GET /x: HTTP 503: an HTML page titled "503 Service Temporarily  Unavailable"`},
		"HTML as JSON":    {502, "\ufeff <html><title>Bad Gateway</title>", nil, `GET /x: HTTP 502: an HTML page titled "Bad Gateway"`},
		"HTML no title":   {502, "<html><TITLE>open", nil, "GET /x: HTTP 502: an HTML page"},
		"empty":           {504, "", nil, "GET /x: HTTP 504 Gateway Timeout"},
		"plain text":      {403, "denied by\nproxy", []string{"Content-Type", "text/plain"}, "GET /x: HTTP 403: denied by proxy"},
		"long text":       {403, strings.Repeat("a", 5000), nil, "GET /x: HTTP 403: " + strings.Repeat("a", 400) + "… (4600 bytes more)"},
		"terminal codes":  {400, `{"message":"a\u001b[31mb\u0007\u202ec\u0000d\u0085"}`, nil, `GET /x: HTTP 400: a\x1b[31mb\x07\u202ec\x00d\x85`},
		"invalid UTF-8":   {400, "{\"message\":\"a\xff\"}", nil, "GET /x: HTTP 400: a\ufffd"},
		"plain not UTF-8": {400, "a\xffb", nil, `GET /x: HTTP 400: a\xffb`},
		"no message":      {400, `{"error":"x"}`, nil, "GET /x: HTTP 400: x"},
		"redirect":        {302, "", []string{"Location", "https://elsewhere.test/"}, "GET /x: HTTP 302: redirected to https://elsewhere.test/, which is not followed; is the base URL right?"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := errorOf(tt.status, tt.body, tt.headers...)
			if err.Error() != tt.want {
				t.Errorf("got  %q\nwant %q", err, tt.want)
			}
		})
	}
	if fromAPI := errorOf(503, fact(t, "error-503.html")).FromAPI; fromAPI {
		t.Error("a page is not the API's word")
	}
}

func TestTraceID(t *testing.T) {
	tests := []struct {
		body    string
		headers []string
		want    string
	}{
		{`{"message":"m"}`, nil, ""},
		{`{"message":"m"}`, []string{"Trace-Id", "abc"}, "abc"},
		{`{"message":"m"}`, []string{"UOW", "old"}, "old"},
		{`{"message":"m"}`, []string{"UOW", "old", "Trace-Id", "abc"}, "abc"},
		{`{"message":"m","trace_id":"body"}`, []string{"Trace-Id", "abc"}, "body"},
		{`{"message":"m","trace_id":""}`, []string{"Trace-Id", "abc"}, "abc"},
		{`<html>`, []string{"Trace-Id", "abc"}, "abc"},
		{`{"message":"m"}`, []string{"Trace-Id", "4bf92f3577b34da6a3ce929d0e0e4736"}, "4bf92f3577b34da6a3ce929d0e0e4736"},
		{`{"message":"m"}`, []string{"UOW", testUID}, testUID},
		{`{"message":"m"}`, []string{"Trace-Id", "Bearer abc"}, ""},
		{`{"message":"m"}`, []string{"Trace-Id", strings.Repeat("a", 65)}, ""},
		{`{"message":"m","trace_id":"\u001b[2J"}`, nil, ""},
	}
	for _, tt := range tests {
		if got := errorOf(500, tt.body, tt.headers...).TraceID; got != tt.want {
			t.Errorf("%s %v: %q, want %q", tt.body, tt.headers, got, tt.want)
		}
	}
	if err := errorOf(500, `{"message":"m","trace_id":"t1"}`); !strings.HasSuffix(err.Error(), "(trace t1)") {
		t.Errorf("the trace id is not shown: %v", err)
	}
}

func TestIsNotFoundIsCautious(t *testing.T) {
	tests := []struct {
		status int
		body   string
		want   bool
	}{
		{404, `{"message":"Service gone","terms":""}`, true},
		{404, `{"message":"Service gone"}`, false},
		{404, `{"message":"m","terms":"…","data":"Could not find a service with UID x"}`, true},
		{404, `{"message":"No endpoint GET /v2/product/x","terms":"…"}`, false},
		{405, `{"message":"m","terms":"…"}`, false},
		{404, `<html>not found</html>`, false},
		{404, ``, false},
		{400, `{"message":"Validation failed","terms":"…"}`, false},
		{500, `{"message":"Could not find a service with UID x","terms":"…"}`, false},
	}
	for _, tt := range tests {
		if got := IsNotFound(errorOf(tt.status, tt.body)); got != tt.want {
			t.Errorf("%d %s: %v", tt.status, tt.body, got)
		}
	}
	if IsNotFound(nil) || IsRateLimited(nil) || IsVXCsAttached(nil) {
		t.Error("no error is none of these")
	}
	if !IsVXCsAttached(errorOf(400, `{"message":"MEGAPORT x has active VXCs associated with it."}`)) {
		t.Error("attached VXCs are not recognised")
	}
	if !IsRateLimited(errorOf(429, ``)) {
		t.Error("429 is not recognised")
	}
}

// Only the published envelope is the API's word: an order hangs on it.
func TestErrorFromAPI(t *testing.T) {
	tests := map[string]bool{
		`{"message":"m","terms":"t"}`:                  true,
		`{"message":"","terms":"","data":[1]}`:         true,
		"{\"message\":\"\xff\",\"terms\":\"\\ud83d\"}": true,
		`{"message":"m"}`:                              false,
		`{"message":"m","terms":null}`:                 false,
		`{"message":"m","terms":{}}`:                   false,
		`{"message":null,"terms":"t"}`:                 false,
		`{"message":7,"terms":"t"}`:                    false,
		`{"Message":"m","Terms":"t"}`:                  false,
		`{"terms":"t"}`:                                false,
		`[{"message":"m","terms":"t"}]`:                false,
		`{"message":"m","terms":"t"`:                   false,
		`<html>`:                                       false,
		``:                                             false,
	}
	for body, want := range tests {
		for _, status := range []int{400, 401, 404, 429} {
			if err := errorOf(status, body); err.FromAPI != want || err.Envelope() != want {
				t.Errorf("%d %s: %v", status, body, err.FromAPI)
			}
		}
	}
}

func TestIsNoRoute(t *testing.T) {
	const envelope = `{"message":%q,"terms":"…"}`
	tests := []struct {
		status  int
		message string
		want    bool
	}{
		{404, "No endpoint POST /v3/networkdesign/buy", true},
		{404, "Not Found.", true},
		{404, "nothing answers at /v4/networkdesign/buy", true},
		{404, "Could not find a LAG with aggregationId 0", false},
		{404, "Location not found", false},
		{405, "Method not allowed", true},
		{410, "This version was shut down", true},
		{410, "got code 500", false},
		{400, "No endpoint POST /v3/networkdesign/buy", false},
		{500, "No endpoint POST /v3/networkdesign/buy", false},
	}
	for _, tt := range tests {
		if got := isNoRoute(errorOf(tt.status, fmt.Sprintf(envelope, tt.message))); got != tt.want {
			t.Errorf("%d %s: %v", tt.status, tt.message, got)
		}
		if isNoRoute(errorOf(tt.status, fmt.Sprintf(`{"message":%q}`, tt.message))) {
			t.Errorf("%d %s: a gateway's word counts", tt.status, tt.message)
		}
	}
}

// What pkg/apply asks of an error, it asks through an interface.
func TestErrorsTellStatusAndTrace(t *testing.T) {
	for _, err := range []error{
		errorOf(503, ``, "Trace-Id", "t-1"),
		&DecodeError{Status: 503, TraceID: "t-1"},
		&RequestError{Status: 503, TraceID: "t-1", Err: http.ErrHandlerTimeout},
		&OrderError{Status: 503, TraceID: "t-1", Err: http.ErrHandlerTimeout},
	} {
		var traced interface {
			HTTPStatus() int
			Trace() string
		}
		if !errors.As(fmt.Errorf("wrapped: %w", err), &traced) || traced.HTTPStatus() != 503 || traced.Trace() != "t-1" {
			t.Errorf("%T does not tell", err)
		}
	}
	var envelope interface{ Envelope() bool }
	if !errors.As(fmt.Errorf("wrapped: %w", errorOf(403, `{"message":"m","terms":"t"}`)), &envelope) || !envelope.Envelope() {
		t.Error("it does not tell whether it is the API's")
	}
}

func TestErrorRetryAfter(t *testing.T) {
	if got := errorOf(429, `{"message":"m"}`, "Retry-After", "7").RetryAfter; got != 7*time.Second {
		t.Errorf("got %s", got)
	}
	if got := errorOf(http.StatusServiceUnavailable, ``, "Retry-After", "soon").RetryAfter; got != 0 {
		t.Errorf("got %s", got)
	}
}
