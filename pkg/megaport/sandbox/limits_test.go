package sandbox

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

// TestPublishedLimits: one switch, 500 requests in any 5 minutes, and one update of a
// service in 5 minutes (API facts §8.1).
func TestPublishedLimits(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{Limits: "published"}})
	uid := a.buy(london)[0]
	for range 498 {
		a.get("/v3/locations?metro=nowhere").want(200)
	}
	a.clock.advance(4 * time.Minute)
	a.get("/v2/products").want(200)
	refused := a.get("/v2/products").want(429).says("Too many requests")
	if got := refused.header.Get("Retry-After"); got != "60" {
		t.Errorf("Retry-After %q, the first of the 500 is a minute from the window's end", got)
	}
	a.login() // another host on the real API
	a.get("/_sandbox/knobs").want(200)
	a.clock.advance(time.Minute)
	a.do("PUT", "/v2/product/"+uid, `{"name":"a"}`).want(200)
	a.do("PUT", "/v2/product/"+uid, `{"name":"b"}`).want(429)
	a.do("PUT", "/v2/product/"+uid+"/tags", `{"resourceTags":[]}`).want(200)
	a.clock.advance(5 * time.Minute)
	a.do("PUT", "/v2/product/"+uid, `{"name":"b"}`).want(200)
}

func TestNoLimitByDefault(t *testing.T) {
	a := start(t, Config{})
	uid := a.buy(london)[0]
	for i := range 501 {
		a.do("PUT", "/v2/product/"+uid, `{"name":"n`+strconv.Itoa(i)+`"}`).want(200)
	}
}

// TestTheWindowCanBeSet: tests shrink it; what was refused counts only if asked for.
func TestTheWindowCanBeSet(t *testing.T) {
	for _, counts := range []bool{false, true} {
		a := start(t, Config{Knobs: Knobs{WindowRequests: 2, Window: time.Second, WindowCountsRefused: counts}})
		a.get("/v2/products").want(200)
		a.get("/v2/products").want(200)
		a.clock.advance(900 * time.Millisecond)
		a.get("/v2/products").want(429)
		a.get("/v2/products").want(429)
		a.clock.advance(200 * time.Millisecond)
		if got, want := a.get("/v2/products").status, map[bool]int{false: 200, true: 429}[counts]; got != want {
			t.Errorf("refused requests count: %t; status %d, want %d", counts, got, want)
		}
	}
}

func TestTheWindowIsPerAddress(t *testing.T) {
	s := start(t, Config{Knobs: Knobs{WindowRequests: 1}}).server
	for _, address := range []string{"192.0.2.1:1000", "192.0.2.2:1000"} {
		for i, want := range []int{200, 429} {
			req := httptest.NewRequest(http.MethodGet, "/v3/locations", http.NoBody)
			req.RemoteAddr = address
			w := httptest.NewRecorder()
			s.ServeHTTP(w, req)
			if w.Code != want {
				t.Errorf("%s, request %d: %d, want %d", address, i+1, w.Code, want)
			}
		}
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if n := len(s.windows.requests); n != 0 {
		t.Errorf("%d addresses after a reset", n)
	}
}

func TestBodiesOfA429(t *testing.T) {
	for body, want := range map[string]string{"": `"terms":`, "bare": `{"error":"Too Many Requests"}`, "html": "<!DOCTYPE html>"} {
		a := start(t, Config{Knobs: Knobs{WindowRequests: 1, RateLimitBody: body, RetryAfter: "none"}})
		a.get("/v2/products").want(200)
		got := a.get("/v2/products").want(429).says(want)
		if got.header.Get("Retry-After") != "" {
			t.Error("there is a Retry-After")
		}
	}
}

// TestLimitedOrdersAreRecorded: an order that met the limit was received, not
// carried out.
func TestLimitedOrdersAreRecorded(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{WindowRequests: 1}})
	a.get("/v2/products").want(200)
	a.do("POST", "/v3/networkdesign/buy", "["+london+"]").want(429)
	if r := a.server.Record(); r.Received != 1 || r.Committed != 0 || r.Orders[0].Status != 429 {
		t.Errorf("record %+v", r)
	}
}

// TestDecommissionedServicesAreForgotten: 30 days after their end they are neither
// listed nor found (API facts §4.1).
func TestDecommissionedServicesAreForgotten(t *testing.T) {
	a := start(t, Config{})
	uid := a.buy(london)[0]
	a.wait(time.Hour)
	a.do("POST", "/v3/product/"+uid+"/action/CANCEL_NOW", "").want(200)
	a.wait(30*24*time.Hour - time.Second)
	if len(a.listing()) != 1 || a.product(uid)["provisioningStatus"] != "DECOMMISSIONED" {
		t.Error("forgotten too early")
	}
	a.wait(time.Second)
	if n := len(a.listing()); n != 0 {
		t.Errorf("%d services are listed", n)
	}
	a.get("/v2/product/" + uid).want(404).says("Could not find a service with UID " + uid)
	a.get("/v2/product/" + uid + "/tags").want(404)
	a.do("POST", "/v3/product/"+uid+"/action/CANCEL_NOW", "").want(404)
	a.knobs(func(k *Knobs) { k.ForgetAfter = -1 })
	if len(a.listing()) != 1 {
		t.Error("forgotten although services are kept for ever")
	}
}

// TestTheClockCanBeMoved: everything follows it, also seeds that ended long ago.
func TestTheClockCanBeMoved(t *testing.T) {
	a := start(t, Config{})
	a.do("POST", "/_sandbox/services", `[{"name":"old","status":"DECOMMISSIONED","ended":"696h"},{"name":"living"}]`).want(200)
	if n := len(a.listing()); n != 2 {
		t.Errorf("%d services 29 days after the end of one", n)
	}
	a.do("PATCH", "/_sandbox/knobs", `{"clockAhead":"25h"}`).want(200)
	a.get("/v2/products").want(401) // the token is of yesterday
	a.login()
	if rows := a.listing(); len(rows) != 1 || rows[0]["productName"] != "living" {
		t.Errorf("listed %v", rows)
	}
}

// TestDateSkew: dates of answers are off, and nothing else is.
func TestDateSkew(t *testing.T) {
	a := start(t, Config{})
	uid := a.buy(london)[0]
	a.wait(time.Hour)
	before := a.product(uid)
	a.knobs(func(k *Knobs) { k.DateSkew = -48 * time.Hour })
	after := a.product(uid)
	for _, date := range []string{"createDate", "liveDate", "contractStartDate", "contractEndDate"} {
		if got := before[date].(float64) - after[date].(float64); got != 48*3600*1000 {
			t.Errorf("%s is off by %v ms", date, got)
		}
	}
	if after["provisioningStatus"] != "LIVE" {
		t.Errorf("status %v", after["provisioningStatus"])
	}
}
