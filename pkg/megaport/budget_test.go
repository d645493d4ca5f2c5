package megaport

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseBudget(t *testing.T) {
	for text, want := range map[string]Budget{
		"none": {}, "500/5m": PublishedBudget(), "10/1s": {10, time.Second}, "20/10s": {20, 10 * time.Second},
		"1000/1h": {1000, time.Hour}, "30/1h30m": {30, 90 * time.Minute}, "7/1m30s": {7, 90 * time.Second},
	} {
		got, err := ParseBudget(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%q: %v (%s), %v", text, got, got, err)
		}
	}
	for _, text := range []string{"", "500", "500/", "/5m", "500/5", "1/5m", "-500/5m", "500/-5m", "0/5m", "500/1ms", "1e3/5m", "5000000/1s", "500/5m/5m"} {
		if b, err := ParseBudget(text); err == nil {
			t.Errorf("%q is %v", text, b)
		}
	}
}

// limitedServer lets so many requests in within a rolling time, and refuses others.
type limitedServer struct {
	Budget
	retryAfter string

	mu           sync.Mutex
	let          []time.Time
	all, refused int
}

func (s *limitedServer) answer(int, seenRequest) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.all++
	s.let = slices.DeleteFunc(s.let, func(at time.Time) bool { return now.Sub(at) >= s.Per })
	if len(s.let) < s.Requests {
		s.let = append(s.let, now)
		return reply(200, `{"message":"m","data":{}}`), nil
	}
	s.refused++
	var headers []string
	if s.retryAfter != "" {
		headers = []string{"Retry-After", s.retryAfter}
	}
	return reply(429, `{"message":"Too many requests","terms":"t"}`, headers...), nil
}

// load reads tags so many times, some at once.
func load(t *testing.T, c *Client, reads, atOnce int) {
	t.Helper()
	var wg sync.WaitGroup
	left := make(chan struct{}, reads)
	for range reads {
		left <- struct{}{}
	}
	close(left)
	for range atOnce {
		wg.Go(func() {
			for range left {
				if _, err := c.Products.Tags(t.Context(), testUID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// Under the published limit nothing is refused, and no more time is spent than the
// limit asks for.
func TestBudgetIsSpentAndNotExceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &limitedServer{Budget: PublishedBudget()}
		o := testOptions(&script{answer: server.answer})
		o.Budget, o.Concurrency = PublishedBudget(), 64
		var told []Wait
		o.OnWait = func(w Wait) { told = append(told, w) }
		begun := time.Now()
		c := mustNew(t, o)
		load(t, c, 470, 64)
		if took := time.Since(begun); took > time.Second {
			t.Errorf("the budget was not spent at full speed: %s", took)
		}
		load(t, c, 2049-470, 64)
		bound := time.Duration((2050-1)/500) * 5 * time.Minute // the token is one more
		if took := time.Since(begun); took < bound || took > bound+bound/20 || server.refused > 0 {
			t.Errorf("it took %s with %d refused; the bound is %s", took, server.refused, bound)
		}
		if len(told) == 0 || told[0].Budget != PublishedBudget() || told[0].Until.Sub(begun) != 5*time.Minute+onTheWay {
			t.Errorf("told %v", told)
		}
	})
}

// What is held back is for looks at the account.
func TestLooksGoOnWhenTheBudgetIsSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions(&script{answer: func(_ int, r seenRequest) (*http.Response, error) {
			if r.Path == "/v2/products" {
				return reply(200, `{"message":"m","data":[]}`), nil
			}
			return reply(200, `{"message":"m","data":{}}`), nil
		}})
		o.Budget, o.Concurrency = Budget{Requests: 100, Per: time.Minute}, 2
		c := mustNew(t, o)
		load(t, c, 95, 2)
		ctx, cancel := context.WithCancel(t.Context())
		for range 2 {
			go func() { _, _ = c.Products.Tags(ctx, testUID) }()
		}
		synctest.Wait()
		begun := time.Now()
		for range 4 {
			if _, err := c.Products.List(t.Context()); err != nil || time.Since(begun) != 0 {
				t.Errorf("%v after %s", err, time.Since(begun))
			}
		}
		if _, err := c.Products.List(t.Context()); err != nil || time.Since(begun) != time.Minute+onTheWay {
			t.Errorf("a look beyond the budget: %v after %s", err, time.Since(begun))
		}
		cancel()
	})
}

// Without a word from the server everybody waits until the oldest request no longer
// counts, and then one tries.
func TestRefusedWithinTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &limitedServer{Budget: Budget{Requests: 50, Per: 5 * time.Minute}} // others spend the rest
		o := testOptions(&script{answer: server.answer})
		o.Budget, o.Concurrency = PublishedBudget(), 8
		begun := time.Now()
		load(t, mustNew(t, o), 60, 8)
		if took := time.Since(begun); took < 5*time.Minute || took > 6*time.Minute || server.refused > 9 {
			t.Errorf("it took %s, %d of %d were refused", took, server.refused, server.all)
		}
	})
}

// A server whose limit nobody knows is used as far as it lets, whatever it says.
func TestUnknownLimitIsLearned(t *testing.T) {
	for _, tt := range []struct {
		requests   int
		per        time.Duration
		retryAfter string
		over       float64 // how much longer than the limit asks for
	}{
		{5, time.Second, "", 0.15},
		{5, time.Second, "1", 0.15},
		{20, time.Second, "", 0.15},
		{50, 10 * time.Second, "", 0.4}, // what came at once does not come again for ten seconds
	} {
		server := &limitedServer{Budget: Budget{Requests: tt.requests, Per: tt.per}, retryAfter: tt.retryAfter}
		synctest.Test(t, func(t *testing.T) {
			o := testOptions(&script{answer: server.answer})
			o.Concurrency = 64
			const reads = 4000
			begun := time.Now()
			load(t, mustNew(t, o), reads, 64)
			bound := time.Duration(float64(reads) / float64(server.Requests) * float64(server.Per))
			share := float64(server.refused) / float64(server.all)
			t.Logf("%s: %s, the bound is %s; %.1f %% refused", server.Budget, time.Since(begun), bound, 100*share)
			if took := time.Since(begun); took.Seconds() > bound.Seconds()*(1+tt.over) || share > 0.1 {
				t.Errorf("%s: it took %s, the bound is %s; %.1f %% refused", server.Budget, took, bound, 100*share)
			}
		})
	}
}

// Two clients that share a folder keep to one budget; what is no time in it is dropped.
func TestBudgetIsShared(t *testing.T) {
	folder := t.TempDir()
	base := &url.URL{Scheme: "https", Host: "api.test"}
	path := filepath.Join(folder, "api.test.requests")
	if err := os.WriteFile(path, []byte("\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b := Budget{Requests: 25, Per: time.Minute}
		one, two := newWindow(b, folder, base), newWindow(b, folder, base)
		begun := time.Now()
		for i := range 24 {
			if err := []*window{one, two}[i%2].take(t.Context(), false, silent2(t)); err != nil || time.Since(begun) != 0 {
				t.Fatal(i, err, time.Since(begun))
			}
		}
		waited := false
		if err := two.take(t.Context(), false, func(time.Time) { waited = true }); err != nil || !waited || time.Since(begun) != time.Minute+onTheWay {
			t.Errorf("the next went after %s: %v", time.Since(begun), err)
		}
		if two.shared == nil {
			t.Error("the budget is not shared any more")
		}
	})
	if newSharedTimes(filepath.Join(path, "below-a-file"), base) != nil {
		t.Error("a folder that cannot be made is shared")
	}
}

func silent2(t *testing.T) func(time.Time) {
	return func(until time.Time) { t.Errorf("it waits until %s", until) }
}

// In no rolling time are more requests sent than the budget has, whenever they come.
func TestWindowProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := Budget{Requests: rapid.IntRange(2, 40).Draw(rt, "requests"), Per: time.Duration(rapid.IntRange(1, 100).Draw(rt, "per")) * time.Second}
		w, now := newWindow(b, "", nil), time.Unix(1_000_000, 0)
		var sent []time.Time
		for range rapid.IntRange(1, 200).Draw(rt, "calls") {
			now = now.Add(time.Duration(rapid.IntRange(0, int(b.Per/4)).Draw(rt, "later")))
			until := w.try(now, rapid.Bool().Draw(rt, "kept"))
			if !until.IsZero() && !until.After(now) {
				rt.Fatalf("it waits until %s, which is over at %s", until, now)
			}
			if until.IsZero() {
				sent = append(sent, now)
			}
			within := 0
			for _, at := range sent {
				if now.Sub(at) < b.Per {
					within++
				}
			}
			if within > b.Requests {
				rt.Fatalf("%d requests within %s", within, b.Per)
			}
		}
	})
}

// An order that waited for its turn is sent without waiting once more; a turn that
// nobody used is given back.
func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions(&script{answer: always(200, exchange(t, "buy-response.json"))})
		o.Concurrency = 1
		c := mustNew(t, o)
		unused, err := c.Orders.Turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Orders.Turn(ctx); err == nil {
			t.Error("two turns with one slot")
		}
		unused.Release()
		unused.Release() // does no harm
		turn, err := c.Orders.Turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		order := testOrder()
		order.Turn = turn
		if _, err := c.Orders.Buy(t.Context(), order); err != nil {
			t.Error(err)
		}
		turn.Release() // it was used
		c.limit.gate.refused(time.Now(), false, 0)
		if turn, err = c.Orders.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
		order.Turn = turn // the one that tries whether the API is busy waits for nobody
		if _, err := c.Orders.Buy(t.Context(), order); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(0, len(c.limit.lane.slots)); diff != "" {
			t.Errorf("slots in use: %s", diff)
		}
	})
}
