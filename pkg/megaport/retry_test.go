package megaport

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// Each line says why. An order is the one thing that must not be repeated on
// suspicion.
func TestRetryDecision(t *testing.T) {
	tests := []struct {
		why   string
		class class
		facts attemptFacts
		again bool
	}{
		{"a read whose connection broke changes nothing by being repeated", classRead, attemptFacts{number: 1, broken: true}, true},
		{"setting a state twice is setting it once", classWrite, attemptFacts{number: 1, broken: true}, true},
		{"a cancellation that got no answer needs a look at the product", classCancel, attemptFacts{number: 1, broken: true}, false},
		{"an order that got no answer may have been taken", classOrder, attemptFacts{number: 1, broken: true}, false},

		{"a server that was busy did not process a read", classRead, attemptFacts{number: 1, status: 429}, true},
		{"nor a write", classWrite, attemptFacts{number: 1, status: 429}, true},
		{"nor a cancellation", classCancel, attemptFacts{number: 1, status: 429}, true},
		{"an order may have been taken before it was turned away", classOrder, attemptFacts{number: 1, status: 429}, false},
		{"patience with a busy server is counted in time", classRead, attemptFacts{number: 500, status: 429, waited: 9 * time.Minute}, true},
		{"but it ends", classRead, attemptFacts{number: 3, status: 429, waited: patience - time.Second}, false},
		{"a wait beyond it is not begun", classRead, attemptFacts{number: 1, status: 429, retryAfter: time.Hour}, false},
		{"a wait within it is", classRead, attemptFacts{number: 1, status: 429, retryAfter: 5 * time.Minute}, true},
		{"a side question is not asked for long", classRead, attemptFacts{number: 3, broken: true, took: 8 * time.Second, patience: 10 * time.Second}, false},
		{"though it is repeated", classRead, attemptFacts{number: 2, broken: true, took: time.Second, patience: 10 * time.Second}, true},
		{"and outlives a busy server like others", classRead, attemptFacts{number: 3, status: 429, waited: time.Minute, took: time.Minute, patience: 10 * time.Second}, true},

		{"what was never written was never processed", classOrder, attemptFacts{number: 1, unsent: true, broken: true}, true},
		{"which holds for a cancellation, too", classCancel, attemptFacts{number: 1, unsent: true, broken: true}, true},
		{"a host that cannot be reached is given up on", classOrder, attemptFacts{number: maxTries, unsent: true, broken: true}, false},

		{"bad gateway: the read may work next time", classRead, attemptFacts{number: 1, status: 502}, true},
		{"maintenance passes", classRead, attemptFacts{number: 1, status: 503}, true},
		{"gateway timeout passes", classWrite, attemptFacts{number: 1, status: 504}, true},
		{"but it is not asked for ever", classRead, attemptFacts{number: maxTries, status: 503}, false},
		{"behind a 502 an order may have been taken", classOrder, attemptFacts{number: 1, status: 502}, false},
		{"behind a 503 as well", classOrder, attemptFacts{number: 1, status: 503}, false},
		{"and behind a 504", classOrder, attemptFacts{number: 1, status: 504}, false},
		{"behind a 503 a cancellation may have been done", classCancel, attemptFacts{number: 1, status: 503}, false},

		{"a 500 is the API's own failure and comes back", classRead, attemptFacts{number: 1, status: 500}, false},
		{"a 500 may hide an order", classOrder, attemptFacts{number: 1, status: 500}, false},
		{"a 408 may hide an order", classOrder, attemptFacts{number: 1, status: 408}, false},
		{"a refusal stays one", classRead, attemptFacts{number: 1, status: 400}, false},
		{"what is not there is not there", classRead, attemptFacts{number: 1, status: 404}, false},
		{"a redirect is not followed, so not repeated", classRead, attemptFacts{number: 1, status: 302}, false},
		{"who gave up wants no more", classRead, attemptFacts{number: 1, final: true, broken: true}, false},
		{"even if the server was only busy", classRead, attemptFacts{number: 1, final: true, status: 429}, false},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			got := retryDecision(tt.class, tt.facts)
			if got.again != tt.again {
				t.Errorf("again is %v (%s)", got.again, got.why)
			}
			if got.why == "" {
				t.Error("the decision gives no reason")
			}
		})
	}
}

func TestRetryWait(t *testing.T) {
	tests := []struct {
		facts attemptFacts
		want  time.Duration
	}{
		{attemptFacts{number: 1, status: 503}, time.Second},
		{attemptFacts{number: 2, status: 503}, 2 * time.Second},
		{attemptFacts{number: 4, status: 503}, 8 * time.Second},
		{attemptFacts{number: 7, status: 429}, 30 * time.Second},
		{attemptFacts{number: 2, status: 503, jitter: 0.5}, 2250 * time.Millisecond},
		{attemptFacts{number: 1, status: 429, retryAfter: 7 * time.Second}, 7 * time.Second},
		{attemptFacts{number: 5, status: 429, retryAfter: 7 * time.Second}, 7 * time.Second},
		{attemptFacts{number: 1, status: 429, retryAfter: 5 * time.Minute}, 5 * time.Minute},
		{attemptFacts{number: 1, status: 503, retryAfter: 4 * time.Second, jitter: 1}, 5 * time.Second},
	}
	for _, tt := range tests {
		tt.facts.broken = tt.facts.status == 0
		if got := retryDecision(classRead, tt.facts); got.wait != tt.want {
			t.Errorf("%+v: %s, want %s", tt.facts, got.wait, tt.want)
		}
	}
}

// Whatever the facts: orders are repeated only on proof that nothing was written,
// repetition ends, and nobody waits beyond the time there is.
func TestRetryProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]class{classRead, classWrite, classCancel, classOrder}).Draw(t, "class")
		f := attemptFacts{
			number:     rapid.IntRange(1, 100).Draw(t, "number"),
			status:     rapid.SampledFrom([]int{0, 200, 302, 400, 401, 404, 408, 429, 500, 502, 503, 504}).Draw(t, "status"),
			retryAfter: time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "retryAfter")),
			unsent:     rapid.Bool().Draw(t, "unsent"), broken: rapid.Bool().Draw(t, "broken"), final: rapid.Bool().Draw(t, "final"),
			waited: time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "waited")),
			jitter: rapid.Float64Range(0, 1).Draw(t, "jitter"),
		}
		d := retryDecision(c, f)
		switch {
		case d.again && c == classOrder && !f.unsent:
			t.Fatalf("repeated: %+v", d)
		case d.again && c == classCancel && f.status != 429 && !f.unsent:
			t.Fatalf("repeated: %+v", d)
		case d.again && f.final, d.again && f.status != 429 && f.number >= maxTries:
			t.Fatalf("never ends: %+v", d)
		case d.again && f.status == 429 && !f.unsent && f.waited+d.wait > patience:
			t.Fatalf("waits beyond its patience: %+v", d)
		case d.again && d.wait <= 0:
			t.Fatalf("waits %s", d.wait)
		case !d.again && d.wait != 0:
			t.Fatalf("waits for nothing: %+v", d)
		}
	})
}

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		value string
		want  time.Duration
		ok    bool
	}{
		{"", 0, false},
		{"0", 0, true},
		{"120", 2 * time.Minute, true},
		{" 5 ", 5 * time.Second, true},
		{"4294967295", 24 * time.Hour, true},
		{"99999999999999", 0, false},
		{"-1", 0, false},
		{"1.5", 0, false},
		{"soon", 0, false},
		{"Fri, 02 Jan 2026 03:05:05 GMT", time.Minute, true},
		{"Fri, 02 Jan 2026 03:00:00 GMT", 0, true},
		{"Friday, 02-Jan-26 03:05:05 GMT", time.Minute, true},
		{"Fri Jan  2 03:05:05 2026", time.Minute, true},
		{"Fri, 02 Jan 2099 03:05:05 GMT", 24 * time.Hour, true},
	}
	for _, tt := range tests {
		if got, ok := parseRetryAfter(tt.value, now); got != tt.want || ok != tt.ok {
			t.Errorf("%q: %s, %v; want %s, %v", tt.value, got, ok, tt.want, tt.ok)
		}
	}
}

// The published limit, 500 requests in a rolling 5 minutes (API facts §8.1), is
// outlived by everything but orders, which are turned away at most once each. That
// it holds whether or not refused requests count, and without a Retry-After, is
// what the facts leave open.
func TestPublishedLimitIsOutlived(t *testing.T) {
	const limit, window, reads = 500, 5 * time.Minute, 1200
	for name, tt := range map[string]struct {
		refusedCount bool
		retryAfter   string
	}{
		"refused requests do not count": {},
		"refused requests count":        {refusedCount: true},
		"it says how long to wait":      {retryAfter: "60"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var counted []time.Time
				refused, told := 0, 0
				api := &script{answer: func(int, seenRequest) (*http.Response, error) {
					mu.Lock()
					defer mu.Unlock()
					now := time.Now()
					counted = slices.DeleteFunc(counted, func(at time.Time) bool { return now.Sub(at) >= window })
					full := len(counted) >= limit
					if !full || tt.refusedCount {
						counted = append(counted, now)
					}
					if full {
						refused++
						return reply(429, `{"message":"Too many requests","terms":"…"}`, "Retry-After", tt.retryAfter), nil
					}
					return reply(200, exchange(t, "validate-response.json")), nil
				}}
				o := testOptions(api)
				o.OnWait = func(Wait) {
					mu.Lock()
					defer mu.Unlock()
					told++
				}
				c := mustNew(t, o)
				var wg sync.WaitGroup
				for range 16 {
					wg.Go(func() {
						for range reads / 16 {
							if _, err := c.Orders.Validate(t.Context(), testOrder()); err != nil {
								t.Error(err)
							}
						}
					})
				}
				wg.Wait()
				if refused == 0 || told == 0 || told > refused {
					t.Errorf("%d requests were refused, %d times it was told", refused, told)
				}
			})
		})
	}
}
