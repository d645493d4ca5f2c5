package megaport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What each call sends, and that its answer is understood.
func TestCallsOnTheWire(t *testing.T) {
	visible := false
	tests := map[string]struct {
		do     func(c *Client) error
		answer string
		method string
		path   string
		query  string
		body   string
		accept string
	}{
		"get": {
			do:     func(c *Client) error { _, err := c.Products.Get(t.Context(), testUID); return err },
			answer: fact(t, "product-live.json"), method: "GET", path: "/v2/product/" + testUID,
		},
		"list": {
			do:     func(c *Client) error { _, err := c.Products.List(t.Context()); return err },
			answer: fact(t, "products-mixed.json"), method: "GET", path: "/v2/products",
		},
		"update of the cost centre alone": {
			do: func(c *Client) error {
				return c.Products.Update(t.Context(), testUID, PortUpdate{CostCentre: "NET-042"})
			},
			answer: `{"message":"Product [x] has been updated","data":{}}`, method: "PUT", path: "/v2/product/megaport/" + testUID,
			body: `{"costCentre":"NET-042"}`,
		},
		"update of everything": {
			do: func(c *Client) error {
				return c.Products.Update(t.Context(), testUID, PortUpdate{Name: "n", MarketplaceVisibility: &visible, Term: 24})
			},
			answer: `{"message":"Product [x] has been updated","data":{}}`, method: "PUT", path: "/v2/product/megaport/" + testUID,
			body: `{"name":"n","costCentre":"","marketplaceVisibility":false,"term":24}`,
		},
		"tags": {
			do:     func(c *Client) error { _, err := c.Products.Tags(t.Context(), testUID); return err },
			answer: fact(t, "tags.json"), method: "GET", path: "/v2/product/" + testUID + "/tags",
		},
		"set tags": {
			do: func(c *Client) error {
				return c.Products.SetTags(t.Context(), testUID, map[string]string{"b": "2", "a": "1"})
			},
			answer: `{"message":"m"}`, method: "PUT", path: "/v2/product/" + testUID + "/tags",
			body: `{"resourceTags":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}`,
		},
		"clear tags": {
			do:     func(c *Client) error { return c.Products.SetTags(t.Context(), testUID, nil) },
			answer: `{"message":"m"}`, method: "PUT", path: "/v2/product/" + testUID + "/tags",
			body: `{"resourceTags":[]}`,
		},
		"lock": {
			do:     func(c *Client) error { return c.Products.Lock(t.Context(), testUID) },
			answer: `{"message":"Service locked","data":{"locked":true}}`, method: "POST", path: "/v2/product/" + testUID + "/lock",
		},
		"unlock": {
			do:     func(c *Client) error { return c.Products.Unlock(t.Context(), testUID) },
			answer: `{"message":"Service unlocked","data":{"locked":false}}`, method: "DELETE", path: "/v2/product/" + testUID + "/lock",
		},
		"cancel": {
			do:     func(c *Client) error { return c.Products.Cancel(t.Context(), testUID) },
			answer: `{"message":"Action [CANCEL_NOW Service x] has been done.","terms":"…"}`, method: "POST", path: "/v3/product/" + testUID + "/action/CANCEL_NOW", query: "safeDelete=true",
		},
		"charges": {
			do:     func(c *Client) error { _, err := c.Products.CancellationCharges(t.Context(), testUID); return err },
			answer: `{"message":"m","data":{"x":1}}`, method: "GET", path: "/v2/product/" + testUID + "/action/CANCEL_NOW/charges",
		},
		"LOA": {
			do:     func(c *Client) error { _, err := c.Products.LOA(t.Context(), testUID); return err },
			answer: "%PDF-1.4\n%%EOF\n", method: "GET", path: "/v2/product/" + testUID + "/loa", accept: "application/pdf, application/json",
		},
		"approvals": {
			do:     func(c *Client) error { _, err := c.Approvals.List(t.Context()); return err },
			answer: fact(t, "approvals.json"), method: "GET", path: "/v3/order_approvals", query: "pageNumber=1&pageSize=100",
		},
		"an odd UID stays in its place": {
			do:     func(c *Client) error { return c.Products.Lock(t.Context(), "../a?b#c/d") },
			answer: `{"message":"m"}`, method: "POST", path: "/v2/product/..%2Fa%3Fb%23c%2Fd/lock",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			api := &script{answer: always(200, tt.answer)}
			if err := tt.do(newTestClient(t, api)); err != nil {
				t.Fatal(err)
			}
			if tt.accept == "" {
				tt.accept = "application/json"
			}
			header := http.Header{"Accept": {tt.accept}, "User-Agent": {"portctl/test"}, "Authorization": {"Bearer " + testToken}}
			if tt.method != "GET" {
				header.Set("Content-Type", "application/json")
			}
			want := []seenRequest{{Method: tt.method, Path: tt.path, Query: tt.query, Body: tt.body, Header: header}}
			if diff := cmp.Diff(want, api.seen()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCallsNeedAUID(t *testing.T) {
	api := &script{answer: always(500, "")}
	c := newTestClient(t, api)
	ctx := t.Context()
	for _, uid := range []string{"", " ", ".", ".."} {
		_, get := c.Products.Get(ctx, uid)
		_, tags := c.Products.Tags(ctx, uid)
		_, loa := c.Products.LOA(ctx, uid)
		_, charges := c.Products.CancellationCharges(ctx, uid)
		for what, err := range map[string]error{
			"get": get, "tags": tags, "LOA": loa, "charges": charges,
			"lock": c.Products.Lock(ctx, uid), "unlock": c.Products.Unlock(ctx, uid), "cancel": c.Products.Cancel(ctx, uid),
			"update": c.Products.Update(ctx, uid, PortUpdate{}), "set tags": c.Products.SetTags(ctx, uid, nil),
		} {
			if err == nil || !strings.Contains(err.Error(), "UID is missing") {
				t.Errorf("%s of %q: %v", what, uid, err)
			}
		}
	}
	if err := c.Products.SetTags(ctx, testUID, map[string]string{"": "x"}); err == nil {
		t.Error("a tag without a key")
	}
	if err := c.Products.Update(ctx, testUID, PortUpdate{Term: -1}); err == nil {
		t.Error("a negative term")
	}
	if len(api.seen()) != 0 {
		t.Errorf("sent %+v", api.seen())
	}
}

func TestReadsAndWritesAreRepeated(t *testing.T) {
	calls := map[string]func(ctx context.Context, c *Client) error{
		"list":     func(ctx context.Context, c *Client) error { _, err := c.Products.List(ctx); return err },
		"set tags": func(ctx context.Context, c *Client) error { return c.Products.SetTags(ctx, testUID, nil) },
		"update":   func(ctx context.Context, c *Client) error { return c.Products.Update(ctx, testUID, PortUpdate{}) },
		"lock":     func(ctx context.Context, c *Client) error { return c.Products.Lock(ctx, testUID) },
	}
	for name, do := range calls {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &script{answer: inTurn(breaks("reset"), says(502, ``), says(429, ``), says(504, ``), says(200, `{"message":"m","data":[]}`))}
				if err := do(t.Context(), newTestClient(t, api)); err != nil || len(api.seen()) != 5 {
					t.Errorf("%v after %d requests", err, len(api.seen()))
				}
			})
		})
	}
}

func TestGetTellsApart(t *testing.T) {
	get := func(status int, body string) error {
		_, err := newTestClient(t, &script{answer: always(status, body)}).Products.Get(t.Context(), testUID)
		return err
	}
	if err := get(404, `{"message":"Could not find a service with UID x","terms":"…"}`); !IsNotFound(err) {
		t.Errorf("not found: %v", err)
	}
	if err := get(200, `{"data":{"productType":"MVE"}}`); !errors.As(err, new(*NotPortError)) || strings.Contains(err.Error(), "unusable") {
		t.Errorf("another product: %v", err)
	}
	if err := get(200, `{"data":{"productType":"MEGAPORT"}}`); !errors.As(err, new(*DecodeError)) {
		t.Errorf("a port without fields: %v", err)
	}
}

func productIs(status string) string {
	return fmt.Sprintf(`{"data":{"productType":"MEGAPORT","productUid":"%s","productName":"n","provisioningStatus":"%s","portSpeed":1,"locationId":1}}`, testUID, status)
}

func TestCancel(t *testing.T) {
	gone := says(404, `{"message":"Could not find a service with UID x","terms":"…"}`)
	rollback := says(400, `{"message":"Transaction silently rolled back because it has been marked as rollback-only"}`)
	tests := map[string]struct {
		answers []func() (*http.Response, error)
		want    string // the requests: C cancel, G get
		fails   string
		took    time.Duration
	}{
		"done":                    {[]func() (*http.Response, error){says(200, `{"message":"Action done"}`)}, "C", "", 0},
		"busy, then done":         {[]func() (*http.Response, error){says(429, ``), says(200, ``)}, "CC", "", time.Second},
		"no answer, but it went":  {[]func() (*http.Response, error){breaks("reset"), says(200, productIs("DECOMMISSIONED"))}, "CG", "", 0},
		"no answer, on its way":   {[]func() (*http.Response, error){breaks("reset"), says(200, productIs("decommissioning"))}, "CG", "", 0},
		"no answer, still there":  {[]func() (*http.Response, error){breaks("reset"), says(200, productIs("LIVE")), says(200, ``)}, "CGC", "", 2 * time.Second},
		"rolled back":             {[]func() (*http.Response, error){rollback, says(200, productIs("LIVE")), says(200, ``)}, "CGC", "", 2 * time.Second},
		"rolled back every time":  {[]func() (*http.Response, error){rollback, says(200, productIs("LIVE")), rollback, says(200, productIs("LIVE")), rollback, says(200, productIs("LIVE"))}, "CGCGCG", "rolled back", 6 * time.Second},
		"a 500":                   {[]func() (*http.Response, error){says(500, ``), says(200, productIs("LIVE")), says(200, ``)}, "CGC", "", 2 * time.Second},
		"cancelled already":       {[]func() (*http.Response, error){says(400, `{"message":"not possible"}`), says(200, productIs("CANCELLED"))}, "CG", "", 0},
		"with VXCs":               {[]func() (*http.Response, error){says(400, `{"message":"n has active VXCs associated with it."}`), says(200, productIs("LIVE"))}, "CG", "has active VXCs", 0},
		"refused":                 {[]func() (*http.Response, error){says(403, `{"message":"no"}`), says(200, productIs("LIVE"))}, "CG", "HTTP 403: no", 0},
		"no such product":         {[]func() (*http.Response, error){gone, gone}, "CG", "Could not find", 0},
		"no answer, no look":      {[]func() (*http.Response, error){breaks("reset"), says(403, `{"message":"no"}`)}, "CG", "could not be seen", 0},
		"a login page for answer": {[]func() (*http.Response, error){says(200, `<html>`), says(200, productIs("LIVE")), says(200, ``)}, "CGC", "", 2 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &script{answer: inTurn(tt.answers...)}
				start := time.Now()
				err := newTestClient(t, api).Products.Cancel(t.Context(), testUID)
				took := time.Since(start)
				if (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("error is %v, want %q", err, tt.fails)
				}
				var got strings.Builder
				for _, r := range api.seen() {
					got.WriteString(map[string]string{"POST": "C", "GET": "G"}[r.Method])
					if r.Method == "POST" && r.Query != "safeDelete=true" {
						t.Errorf("sent without safeDelete: %q", r.Query)
					}
				}
				if got.String() != tt.want || took != tt.took {
					t.Errorf("%s in %s, want %s in %s", got.String(), took, tt.want, tt.took)
				}
			})
		})
	}
}

func TestLOA(t *testing.T) {
	pdf := "%PDF-1.7\n1 0 obj\n%%EOF"
	tests := map[string]struct {
		body, kind string
		reason     string // empty: it is a document
	}{
		"a PDF":              {pdf, "application/pdf", ""},
		"white space at end": {pdf + "\r\n \n", "application/octet-stream", ""},
		"empty":              {"", "application/pdf", "it is empty"},
		"HTML":               {"<!doctype html><title>Sign in</title>" + "%%EOF", "text/html", `an HTML page titled "Sign in"`},
		"HTML called PDF":    {"<html>", "application/pdf", "an HTML page"},
		"JSON":               {`{"message":"not yet"}`, "application/json", "it is JSON"},
		"truncated":          {pdf[:len(pdf)-2], "application/pdf", "its end is missing"},
		"something after":    {pdf + "x", "application/pdf", "its end is missing"},
		"other bytes":        {"PK\x03\x04", "application/pdf", "does not begin with %PDF-"},
		"only a beginning":   {"%PDF-", "application/pdf", "its end is missing"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			api := &script{answer: always(200, tt.body, "Content-Type", tt.kind, "Trace-Id", "t-7")}
			got, err := newTestClient(t, api).Products.LOA(t.Context(), testUID)
			if tt.reason == "" {
				if err != nil || string(got) != tt.body {
					t.Errorf("%q, %v", got, err)
				}
				return
			}
			var bad *NotPDFError
			if !errors.As(err, &bad) || !strings.Contains(bad.Reason, tt.reason) || bad.Size != len(tt.body) || bad.ContentType != tt.kind || bad.TraceID != "t-7" || got != nil {
				t.Errorf("%q, %v; want %q", got, err, tt.reason)
			}
			if len(api.seen()) != 1 {
				t.Errorf("%d requests", len(api.seen()))
			}
		})
	}
	_, err := newTestClient(t, &script{answer: always(400, `{"message":"not CONFIGURED"}`)}).Products.LOA(t.Context(), testUID)
	var apiErr *Error
	if !errors.As(err, &apiErr) || apiErr.Status != 400 {
		t.Errorf("before CONFIGURED: %v", err)
	}
	huge := "%PDF-" + strings.Repeat(" ", limitLOA) + "%%EOF"
	if _, err := newTestClient(t, &script{answer: always(200, huge)}).Products.LOA(t.Context(), testUID); !errors.Is(err, errTooLarge) {
		t.Errorf("a document of %d bytes: %v", len(huge), err)
	}
}

// The side questions about an account without ports.
func TestCompany(t *testing.T) {
	const uid = "160208ae-01e4-4cb9-8d69-03a197b31cd2"
	both := Companies{UIDs: []string{uid}, Names: []string{"Example Ltd"}}
	names := `{"message":"m","terms":"t","data":[{"companyUid":"` + uid + `","companyName":"Example Ltd"}]}`
	users := `{"message":"m","terms":"t","data":[{"companyId":1750,"companyName":"Example Ltd"},{"companyId":1750,"companyName":"Example Ltd"},{"companyName":"Second Ltd"}]}`
	tests := map[string]struct {
		market, employment func() (*http.Response, error)
		managed            bool
		want               Companies
		fails              string
	}{
		"as published":       {says(200, exchange(t, "market.json")), says(200, exchange(t, "employment.json")), false, Companies{}, ""},
		"by its name":        {says(200, exchange(t, "market.json")), says(200, users), false, Companies{Names: []string{"Example Ltd", "Second Ltd"}}, ""},
		"both name it":       {says(200, names), says(200, names), false, both, ""},
		"one may not":        {says(403, `{"message":"no"}`), says(200, names), false, both, ""},
		"the other is wrong": {says(200, names), says(200, `<html>`), false, both, ""},
		"neither":            {says(404, ``), breaks("EOF"), false, Companies{}, "no answer: EOF"},
		"a managed company":  {says(500, ``), says(200, names), true, both, ""}, // the markets are the partner's
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &script{answer: func(_ int, r seenRequest) (*http.Response, error) {
					if r.Path == "/v2/market" && !tt.managed {
						return tt.market()
					}
					if r.Path != "/v2/employment" {
						t.Errorf("asked %s", r.Path)
					}
					return tt.employment()
				}}
				o := testOptions(api)
				if tt.managed {
					o.CallContext = "company-1"
				}
				start := time.Now()
				got, err := mustNew(t, o).Company.Get(t.Context())
				if (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
					t.Fatalf("error is %v, want %q", err, tt.fails)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" || time.Since(start) > 2*patienceAside {
					t.Errorf("%s after %s", diff, time.Since(start))
				}
			})
		})
	}
}

func TestFingerprint(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range []string{"a", "b", testAccess} {
		o := testOptions(&script{})
		o.Credentials.AccessKey = key
		got := mustNew(t, o).Fingerprint()
		if len(got) != 16 || strings.Trim(got, "0123456789abcdef") != "" || seen[got] {
			t.Errorf("%q", got)
		}
		seen[got] = true
		o.Credentials.SecretKey = "another"
		if mustNew(t, o).Fingerprint() != got {
			t.Error("it depends on the secret")
		}
	}
	if got := mustNew(t, Options{BaseURL: "https://api.test"}).Fingerprint(); got != "" {
		t.Errorf("without credentials: %q", got)
	}
}

func approvalPage(from, to int) string {
	var rows []string
	for i := from; i < to; i++ {
		rows = append(rows, fmt.Sprintf(`{"uid":"a-%d","status":"PENDING"}`, i))
	}
	return `{"data":[` + strings.Join(rows, ",") + `]}`
}

func TestApprovalPages(t *testing.T) {
	type page struct {
		body    string
		headers []string
	}
	head := func(pages, count string) []string {
		return []string{"Pagination-Total-Page", pages, "Pagination-Total-Count", count, "Pagination-Page", "1", "Pagination-Limit", "2"}
	}
	tests := map[string]struct {
		pages []page
		want  int
		fails string
		zero  int // the request that asks for page 0; 0 for none
	}{
		"one page":              {[]page{{approvalPage(0, 2), head("1", "2")}}, 2, "", 0},
		"none":                  {[]page{{approvalPage(0, 0), head("0", "0")}}, 0, "", 0},
		"three pages":           {[]page{{approvalPage(0, 2), head("3", "5")}, {approvalPage(2, 4), head("3", "5")}, {approvalPage(4, 5), head("3", "5")}}, 5, "", 0},
		"one added meanwhile":   {[]page{{approvalPage(0, 2), head("2", "3")}, {approvalPage(1, 3), head("2", "4")}}, 3, "", 0},
		"fewer than announced":  {[]page{{approvalPage(0, 2), head("2", "4")}, {approvalPage(2, 3), head("2", "4")}, {approvalPage(0, 2), head("2", "4")}}, 0, "only 3 of 4", 3},
		"pages from 0":          {[]page{{approvalPage(0, 0), head("1", "1")}, {approvalPage(0, 1), head("1", "1")}}, 1, "", 2},
		"no headers, a part":    {[]page{{approvalPage(0, 99), nil}}, 99, "", 0},
		"no headers, two pages": {[]page{{approvalPage(0, 100), nil}, {approvalPage(100, 101), nil}}, 101, "", 0},
		"a limit of its own":    {[]page{{approvalPage(0, 2), []string{"Pagination-Limit", "2"}}, {approvalPage(2, 3), []string{"Pagination-Limit", "2"}}}, 3, "", 0},
		"always the same page":  {[]page{{approvalPage(0, 100), nil}, {approvalPage(0, 100), nil}}, 100, "", 0},
		"a header of nonsense":  {[]page{{approvalPage(0, 2), head("many", "2")}}, 0, `Pagination-Total-Page is "many"`, 0},
		"a negative header":     {[]page{{approvalPage(0, 2), head("1", "-2")}}, 0, `Pagination-Total-Count is "-2"`, 0},
		"one without uid":       {[]page{{`{"data":[{"status":"PENDING","id":1},{"status":"PENDING","id":2},{"status":"PENDING","id":2}]}`, nil}}, 2, "", 0},
		"one without status":    {[]page{{`{"data":[{"uid":"a"}]}`, nil}}, 0, "approval number 1: field status is missing", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			api := &script{answer: func(n int, r seenRequest) (*http.Response, error) {
				number := n
				if n == tt.zero {
					number = 0
				}
				if n > len(tt.pages) || r.Query != fmt.Sprintf("pageNumber=%d&pageSize=100", number) {
					t.Errorf("request %d asks %s", n, r.Query)
					return reply(500, ``), nil
				}
				return reply(200, tt.pages[n-1].body, tt.pages[n-1].headers...), nil
			}}
			got, err := newTestClient(t, api).Approvals.List(t.Context())
			if (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Fatalf("error is %v, want %q", err, tt.fails)
			}
			if len(got) != tt.want || err == nil && len(api.seen()) != len(tt.pages) {
				t.Errorf("%d approvals in %d requests", len(got), len(api.seen()))
			}
		})
	}
}

func TestLocationsWithAToken(t *testing.T) {
	v3 := exchange(t, "locations-v3.json")
	tests := map[string]struct {
		bare    func() (*http.Response, error) // what is answered without a token
		withKey func() (*http.Response, error) // and with one; nil: it is not asked
		fails   string
	}{
		"public":         {says(200, v3), nil, ""},
		"wants a token":  {says(401, `{"message":"Bad session token","terms":"…"}`), says(200, v3), ""},
		"wants it, too":  {says(403, `<html>`), says(200, v3), ""},
		"gone":           {says(410, ``), nil, "HTTP 410"},
		"no endpoint":    {says(404, `{"message":"No endpoint GET /v3/locations"}`), nil, "No endpoint"},
		"refuses":        {says(403, `{"message":"no"}`), says(403, `{"message":"no"}`), "HTTP 403: no"},
		"makes no sense": {says(200, `{"data":[{"name":"x"}]}`), nil, `location number 1 ("x"): field id: want a positive number`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			api := &script{answer: func(_ int, r seenRequest) (*http.Response, error) {
				switch auth := r.Header.Get("Authorization"); {
				case r.Path == "/v3/locations" && auth == "":
					return tt.bare()
				case r.Path == "/v3/locations" && tt.withKey != nil:
					return tt.withKey()
				}
				return nil, fmt.Errorf("unexpected request of %s", r.Path)
			}}
			got, err := newTestClient(t, api).Locations.List(t.Context())
			if (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Fatalf("error is %v, want %q", err, tt.fails)
			}
			if err == nil && (len(got) != 1 || got[0].ID != 89) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestLocationsNeedNoCredentials(t *testing.T) {
	way := transport(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path != "/base/v3/locations" || r.Header.Get("Authorization") != "" {
			t.Errorf("sent %s %v", r.URL, r.Header)
		}
		return reply(200, exchange(t, "locations-v3.json")), nil
	})
	c := mustNew(t, Options{BaseURL: "https://api.test/base/", Transport: way})
	if got, err := c.Locations.List(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
