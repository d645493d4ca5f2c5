package megaport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

func noJitter() float64 { return 0 }

func silent(Wait) {}

// fails is an inner step that fails n times and then succeeds.
func fails(n int, err error, count *int) step {
	return func(context.Context, *attempt) error {
		*count++
		if *count <= n {
			return err
		}
		return nil
	}
}

func TestRetryStepWaitsAndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := 0
		start := time.Now()
		a := testAttempt(classRead)
		err := withRetry(noJitter, silent, fails(3, &Error{Status: 503}, &count))(t.Context(), a)
		if err != nil || count != 4 || a.number != 4 {
			t.Errorf("%v after %d attempts, numbered %d", err, count, a.number)
		}
		if took := time.Since(start); took != 7*time.Second { // 1 + 2 + 4
			t.Errorf("it took %s", took)
		}
	})
}

func TestRetryStepObeysRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := 0
		start := time.Now()
		err := withRetry(noJitter, silent, fails(2, &Error{Status: 429, RetryAfter: 20 * time.Second}, &count))(t.Context(), testAttempt(classRead))
		if err != nil || time.Since(start) != 40*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestRetryStepStops(t *testing.T) {
	tests := map[string]struct {
		class class
		err   error
		want  int // attempts
	}{
		"a read that finds no network":   {classRead, &RequestError{Err: io.EOF}, maxTries},
		"a write that finds no network":  {classWrite, &RequestError{Err: io.EOF}, maxTries},
		"an order without an answer":     {classOrder, &RequestError{Err: io.EOF}, 1},
		"an order that was not sent":     {classOrder, &RequestError{Err: io.EOF, NotSent: true}, maxTries},
		"an order that is too much":      {classOrder, &Error{Status: 429}, 1},
		"a read that is always too much": {classRead, &Error{Status: 429, RetryAfter: time.Minute}, 11},
		"a wait beyond all patience":     {classRead, &Error{Status: 429, RetryAfter: time.Hour}, 1},
		"an order and a 503":             {classOrder, &Error{Status: 503}, 1},
		"a cancellation and a 503":       {classCancel, &Error{Status: 503}, 1},
		"a refusal":                      {classRead, &Error{Status: 400}, 1},
		"an answer without sense":        {classRead, &DecodeError{Err: io.EOF}, 1},
		"a key that is refused":          {classRead, &AuthError{Refused: true, Err: io.EOF}, 1},
		"an answer without end":          {classRead, &RequestError{Err: errTooLarge}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				count := 0
				err := withRetry(noJitter, silent, fails(99, tt.err, &count))(t.Context(), testAttempt(tt.class))
				if !errors.Is(err, tt.err) || count != tt.want {
					t.Errorf("%v after %d attempts, want %d", err, count, tt.want)
				}
			})
		})
	}
}

func TestRetryStepStopsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		count := 0
		start := time.Now()
		err := withRetry(noJitter, silent, fails(99, &Error{Status: 503}, &count))(ctx, testAttempt(classRead))
		var apiErr *Error
		if count != 1 || !errors.Is(err, context.Canceled) || !errors.As(err, &apiErr) || time.Since(start) != 500*time.Millisecond {
			t.Errorf("%v after %d attempts and %s", err, count, time.Since(start))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		count := 0
		start := time.Now()
		err := withRetry(noJitter, silent, fails(99, &Error{Status: 429, RetryAfter: time.Minute}, &count))(ctx, testAttempt(classRead))
		if count != 1 || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 0 {
			t.Errorf("it should not wait for what comes too late: %v after %s", err, time.Since(start))
		}
	})
}

func TestDeadlineStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := testAttempt(classOrder)
		a.timeout = timeoutOrder
		start := time.Now()
		err := withDeadline(func(ctx context.Context, _ *attempt) error {
			<-ctx.Done()
			return context.Cause(ctx)
		})(t.Context(), a)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no complete answer within 5m0s") || time.Since(start) != 5*time.Minute {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestLimitStepCapsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := 0, 0
		inner := func(context.Context, *attempt) error {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			return nil
		}
		limited := withLimit(newLimiter(3, nil, silent), inner)
		start := time.Now()
		var wg sync.WaitGroup
		for range 9 {
			wg.Go(func() {
				if err := limited(t.Context(), testAttempt(classRead)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if most != 3 || time.Since(start) != 3*time.Second {
			t.Errorf("%d at once, %s", most, time.Since(start))
		}
	})
}

// What is given up while queueing has certainly not been sent.
func TestLimitStepGivesUpUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1, newWindow(Budget{Requests: 2, Per: time.Minute}, "", nil), silent)
		limited := withLimit(l, func(context.Context, *attempt) error { return nil })
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if err := limited(ctx, testAttempt(classOrder)); err != nil {
			t.Fatal(err)
		}
		err := limited(ctx, testAttempt(classOrder)) // the budget allows it in a minute
		var reqErr *RequestError
		if !errors.As(err, &reqErr) || !reqErr.NotSent || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("held back by the budget: %v", err)
		}
		l.lane.slots <- struct{}{}
		err = limited(ctx, testAttempt(classOrder))
		if !errors.As(err, &reqErr) || !reqErr.NotSent || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("held back by the cap: %v", err)
		}
	})
}

// While the API has asked for a wait nothing begins, an order above all: it would
// only be turned away.
func TestLimitStepHoldsBackWhileBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(4, nil, silent)
		busy := true
		limited := withLimit(l, func(_ context.Context, a *attempt) error {
			if busy {
				return &Error{Status: 429, RetryAfter: time.Minute}
			}
			a.status = 200
			return nil
		})
		start := time.Now()
		if err := limited(t.Context(), testAttempt(classRead)); !IsRateLimited(err) {
			t.Fatal(err)
		}
		busy = false
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		var reqErr *RequestError
		if err := limited(ctx, testAttempt(classOrder)); !errors.As(err, &reqErr) || !reqErr.NotSent || time.Since(start) != time.Second {
			t.Errorf("given up: %v after %s", err, time.Since(start))
		}
		if err := limited(t.Context(), testAttempt(classOrder)); err != nil || time.Since(start) != time.Minute+orderPause {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
	synctest.Test(t, func(t *testing.T) { // when it is over, one tries, and no order while others are there
		l := newLimiter(8, nil, silent)
		var mu sync.Mutex
		var began []string
		busy := true
		limited := withLimit(l, func(_ context.Context, a *attempt) error {
			mu.Lock()
			defer mu.Unlock()
			began = append(began, map[class]string{classRead: "read", classOrder: "order"}[a.class])
			if busy {
				return &Error{Status: 429}
			}
			a.status = 200
			return nil
		})
		start := time.Now()
		_ = limited(t.Context(), testAttempt(classRead)) // refused: nobody begins for a second
		var wg sync.WaitGroup
		for _, c := range []class{classOrder, classOrder, classRead, classRead} {
			wg.Go(func() { _ = limited(t.Context(), testAttempt(c)) })
		}
		synctest.Wait()
		mu.Lock()
		busy = false
		mu.Unlock()
		wg.Wait()
		slices.Sort(began[2:]) // once the first is through, all are
		if diff := cmp.Diff([]string{"read", "read", "order", "order", "read"}, began); diff != "" || time.Since(start) > 3*time.Second {
			t.Errorf("%s after %s", diff, time.Since(start))
		}
		busy = true
		_ = limited(t.Context(), testAttempt(classRead))
		start = time.Now()
		_ = limited(t.Context(), testAttempt(classOrder)) // nobody else is there
		if time.Since(start) != time.Second+orderPause {
			t.Errorf("an order tried after %s", time.Since(start))
		}
	})
	synctest.Test(t, func(t *testing.T) { // a wait that nobody has the patience for holds nobody else back
		l := newLimiter(1, nil, silent)
		l.gate.refused(time.Now(), false, time.Hour)
		if err := withLimit(l, func(context.Context, *attempt) error { return nil })(t.Context(), testAttempt(classRead)); err != nil {
			t.Error(err)
		}
	})
}

// A wait is told once when it begins, not once for each call that waits.
func TestWaitsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		var told []Wait
		o := Options{Logger: zerolog.New(&b)}
		budget := PublishedBudget()
		begun := time.Now()
		tell := func(waits func(Wait)) {
			waits(Wait{Until: time.Now().Add(8 * time.Second)})
			waits(Wait{Until: time.Now().Add(9 * time.Second)})
			waits(Wait{Until: time.Now().Add(time.Hour), Budget: budget})
			waits(Wait{Until: time.Now().Add(time.Millisecond), Budget: Budget{Requests: 1, Per: time.Second}}) // nobody notices
			time.Sleep(time.Minute)
			waits(Wait{Until: time.Now().Add(10 * time.Second)})
		}
		tell(newWaits(o))
		if got := b.String(); strings.Count(got, "\n") != 3 || strings.Count(got, `"level":"warn"`) != 3 || !strings.Contains(got, `"budget":"500/5m"`) {
			t.Errorf("logged %s", got)
		}
		b.Reset()
		begun = begun.Add(time.Minute)
		o.OnWait = func(w Wait) { told = append(told, w) }
		tell(newWaits(o))
		want := []Wait{{Until: begun.Add(8 * time.Second)}, {Until: begun.Add(time.Hour), Budget: budget}, {Until: begun.Add(70 * time.Second)}}
		if diff := cmp.Diff(want, told); diff != "" || strings.Contains(b.String(), "warn") {
			t.Errorf("%s; logged %s", diff, b.String())
		}
	})
}

// That a call gets no usable answer is told when it is repeated first, however short the
// wait is, and not again for a minute.
func TestFailuresAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		waits := newWaits(Options{OnWait: func(w Wait) { told = append(told, w.Failure.Error()) }})
		first := func(text string, times int) step {
			n := 0
			return func(context.Context, *attempt) error {
				if n++; n > times {
					return nil
				}
				return &RequestError{Err: errors.New(text), NotSent: true}
			}
		}
		for _, text := range []string{"refused", "reset"} {
			a := &attempt{call: &call{class: classRead}}
			if err := withRetry(func() float64 { return 0 }, waits, first(text, 2))(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		if len(told) != 1 || !strings.Contains(told[0], "refused") {
			t.Errorf("told %q", told)
		}
	})
}

// numberedTokens makes tokens whose n-th token is "token-n", good for so long.
func numberedTokens(life time.Duration, fetched *int, fail func(n int) error) *tokens {
	t := &tokens{redact: noSecrets, url: "https://auth.test/"}
	t.fetch = func(ctx context.Context) (token, error) {
		*fetched++
		n := *fetched
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return token{}, context.Cause(ctx)
		}
		if fail != nil {
			if err := fail(n); err != nil {
				return token{}, err
			}
		}
		now := time.Now()
		return token{value: "token-" + string(rune('0'+n)), refreshAt: now.Add(life * 8 / 10), expires: now.Add(life)}, nil
	}
	return t
}

func TestAuthStep(t *testing.T) {
	tests := map[string]struct {
		statuses []int // what the API answers in turn; 200 is success
		public   bool
		class    class
		tokens   []string // those the attempts carried
		fetched  int
		fails    bool
	}{
		"a token":              {[]int{200}, false, classRead, []string{"token-1"}, 1, false},
		"no token for all":     {[]int{200}, true, classRead, []string{""}, 0, false},
		"refused once":         {[]int{401, 200}, false, classRead, []string{"token-1", "token-2"}, 2, false},
		"refused twice":        {[]int{401, 401}, false, classRead, []string{"token-1", "token-2"}, 2, true},
		"public and refused":   {[]int{401}, true, classRead, []string{""}, 0, true},
		"other failures pass":  {[]int{403}, false, classRead, []string{"token-1"}, 1, true},
		"an order is refused":  {[]int{401}, false, classOrder, []string{"token-1"}, 1, true},
		"refused, then failed": {[]int{401, 500}, false, classRead, []string{"token-1", "token-2"}, 2, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fetched := 0
				var carried []string
				auth := withAuth(numberedTokens(time.Hour, &fetched, nil), func(_ context.Context, a *attempt) error {
					status := tt.statuses[len(carried)]
					carried = append(carried, a.token)
					if status == 200 {
						return nil
					}
					return &Error{Status: status}
				})
				a := testAttempt(tt.class)
				a.public = tt.public
				a.number = 1
				err := auth(t.Context(), a)
				if (err != nil) != tt.fails || fetched != tt.fetched || strings.Join(carried, " ") != strings.Join(tt.tokens, " ") {
					t.Errorf("%v, %d fetched, carried %v", err, fetched, carried)
				}
				if a.number != len(carried) {
					t.Errorf("the last attempt is number %d", a.number)
				}
			})
		})
	}
}

func TestTokensAreSharedAndRefreshedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetched := 0
		tokens := numberedTokens(1000*time.Second, &fetched, nil)
		ask := func(want string) {
			t.Helper()
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if got, err := tokens.get(t.Context()); err != nil || got != want {
						t.Errorf("got %s, %v; want %s", got, err, want)
					}
				})
			}
			wg.Wait()
		}
		ask("token-1")
		time.Sleep(799 * time.Second)
		ask("token-1")
		time.Sleep(2 * time.Second) // past 80 % of the life
		ask("token-2")
		tokens.drop("token-1") // an old refusal must not throw away the new token
		ask("token-2")
		tokens.drop("token-2")
		ask("token-3")
		if fetched != 3 {
			t.Errorf("%d fetched, want 3", fetched)
		}
	})
}

func TestTokensOutliveOneCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetched := 0
		tokens := numberedTokens(time.Hour, &fetched, nil)
		impatient, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			var authErr *AuthError
			if _, err := tokens.get(impatient); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &authErr) {
				t.Errorf("the impatient one got %v", err)
			}
		})
		wg.Go(func() {
			if got, err := tokens.get(t.Context()); got != "token-1" || err != nil {
				t.Errorf("the patient one got %s, %v", got, err)
			}
		})
		wg.Wait()
		if fetched != 1 {
			t.Errorf("%d fetched, want 1", fetched)
		}
	})
	synctest.Test(t, func(t *testing.T) { // when all give up, so does the fetch: no goroutine is left, or synctest complains
		fetched := 0
		tokens := numberedTokens(time.Hour, &fetched, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if _, err := tokens.get(ctx); err == nil {
			t.Error("no error")
		}
		synctest.Wait()
		if got, err := tokens.get(t.Context()); got != "token-2" || err != nil {
			t.Errorf("afterwards: %s, %v", got, err)
		}
	})
}

// A token server in trouble stops nobody as long as the old token holds.
func TestTokensFallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetched := 0
		trouble := errors.New("trouble")
		tokens := numberedTokens(1000*time.Second, &fetched, func(n int) error {
			if n > 1 {
				return trouble
			}
			return nil
		})
		holds := func(asked int) {
			t.Helper()
			if got, err := tokens.get(t.Context()); got != "token-1" || err != nil || fetched != asked {
				t.Errorf("%s, %v, asked %d times", got, err, fetched)
			}
		}
		holds(1)
		time.Sleep(900 * time.Second)
		holds(2) // in vain
		holds(2) // not again at once
		time.Sleep(50 * time.Second)
		holds(3)
		time.Sleep(100 * time.Second)
		if got, err := tokens.get(t.Context()); !errors.Is(err, trouble) {
			t.Errorf("expired: %q, %v", got, err)
		}
	})
}

func TestLogStepWritesOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		a := testAttempt(classRead)
		a.path, a.number = "/v2/products", 3
		a.query = map[string][]string{"q": {"hidden"}}
		_ = withLog(zerolog.New(&b), func(_ context.Context, a *attempt) error {
			time.Sleep(1500 * time.Millisecond)
			a.status, a.traceID = 503, "abc"
			return &Error{Method: "GET", Path: "/v2/products", Status: 503, Message: "down"}
		})(t.Context(), a)
		want := `{"level":"debug","method":"GET","path":"/v2/products","status":503,"duration_ms":1500,"attempt":3,"trace_id":"abc","error":"GET /v2/products: HTTP 503: down","message":"request"}` + "\n"
		if b.String() != want {
			t.Errorf("got  %swant %s", b.String(), want)
		}
	})
}

func TestAnswerStep(t *testing.T) {
	broken := func() *http.Response {
		r := reply(200, "", "Trace-Id", "abc")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"data":`), iotest.ErrReader(io.ErrUnexpectedEOF)))
		return r
	}
	tests := map[string]struct {
		resp *http.Response
		err  error
		want string
	}{
		"done":           {reply(200, `{"message":"Service locked"}`), nil, ""},
		"done, data":     {reply(200, `{"message":"Service locked","data":{"a":1}}`), nil, ""},
		"done, null":     {reply(200, `{"message":"x","data":null}`), nil, ""},
		"no content":     {reply(204, ``), nil, ""},
		"no body at all": {&http.Response{StatusCode: 200, Header: http.Header{}}, nil, ""},
		"a login page":   {reply(200, `<html><title>Hotel</title></html>`, "Trace-Id", "abc"), nil, `GET /x: unusable answer (HTTP 200): it is an HTML page titled "Hotel", not the API's JSON; is the address right, is there a proxy in between? (trace abc)`},
		"half a body":    {broken(), nil, "GET /x: HTTP 200, incomplete answer: the answer was cut off: unexpected EOF"},
		"truncated JSON": {reply(200, `{"message":`), nil, "GET /x: unusable answer (HTTP 200): it ends too early: unexpected EOF"},
		"an error":       {reply(409, `{"message":"no"}`), nil, "GET /x: HTTP 409: no"},
		"no answer":      {nil, io.EOF, "GET /x: no answer: EOF"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := withAnswer(noSecrets, func(context.Context, *attempt) (*http.Response, error) { return tt.resp, tt.err })(t.Context(), testAttempt(classRead))
			if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestAnswerStepLimitsSize(t *testing.T) {
	run := func(size, limit int) error {
		a := testAttempt(classRead)
		a.limit = int64(limit)
		a.decode = func(body io.Reader, _ *attempt) error {
			data, err := io.ReadAll(body)
			if err == nil && len(data) != size {
				t.Errorf("%d bytes, want %d", len(data), size)
			}
			return err
		}
		return withAnswer(noSecrets, func(context.Context, *attempt) (*http.Response, error) {
			return reply(200, strings.Repeat("x", size)), nil
		})(t.Context(), a)
	}
	for _, size := range []int{0, 1, 999, 1000} {
		if err := run(size, 1000); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if err := run(1001, 1000); !errors.Is(err, errTooLarge) {
		t.Errorf("one byte too many: %v", err)
	}
}

func TestPrintable(t *testing.T) {
	tests := []struct{ in, want string }{
		{"  plain text ", "plain text"},
		{"naïve 東京 😀", "naïve 東京 😀"},
		{"a\r\nb\tc", "a  b c"},
		{"\x1b]0;x\x07", `\x1b]0;x\x07`},
		{"\u200b\u2028\ufeff", `\u200b\u2028\ufeff`},
		{"\xc3\x28", `\xc3(`},
		{"123456789", "12345678… (1 bytes more)"},
	}
	for _, tt := range tests {
		limit := 100
		if strings.HasPrefix(tt.in, "123") {
			limit = 8
		}
		if got := printable(tt.in, limit); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}
