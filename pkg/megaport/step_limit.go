package megaport

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// withLimit holds an attempt back until a slot is free and the rate allows it.
// A repetition's wait takes place outside, so it blocks no slot.
func withLimit(l *limiter, next step) step {
	return func(ctx context.Context, a *attempt) error {
		select {
		case l.slots <- struct{}{}:
			defer func() { <-l.slots }()
		case <-ctx.Done():
			return notSent(ctx, a, "waiting for a free slot")
		}
		if err := l.pace.Wait(ctx); err != nil {
			return notSent(ctx, a, "waiting for the rate limit")
		}
		if err := l.open(ctx); err != nil {
			return notSent(ctx, a, "waiting for an API that is busy")
		}
		err := next(ctx, a)
		var apiErr *Error
		if errors.As(err, &apiErr) && apiErr.Status == http.StatusTooManyRequests {
			l.slow(time.Now())
			l.close(time.Now(), apiErr.RetryAfter)
		} else if a.status != 0 {
			l.recover(time.Now())
		}
		return err
	}
}

// limiter caps how many requests run at once and how many begin in a second, for
// the whole client. A 429 halves the rate; it comes back by a tenth a second. While
// the API has asked for a wait, nothing begins at all: a request would only be
// turned away, and an order that was turned away costs a look before it is sent
// again.
type limiter struct {
	slots chan struct{}
	pace  *rate.Limiter
	full  rate.Limit

	mu      sync.Mutex
	changed time.Time
	closed  time.Time // nothing begins before
}

// close lets nothing begin for the wait that was asked for. One that nobody has
// the patience for is each call's own failure.
func (l *limiter) close(now time.Time, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := now.Add(wait); wait <= patience && until.After(l.closed) {
		l.closed = until
	}
}

// open waits until something may begin.
func (l *limiter) open(ctx context.Context) error {
	for {
		l.mu.Lock()
		wait := time.Until(l.closed)
		l.mu.Unlock()
		if wait <= 0 {
			return ctx.Err()
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// slowest is where halving ends: one request in two seconds.
const slowest rate.Limit = 0.5

// changeEvery is how often the rate changes. Parallel requests meet the same 429;
// together they halve the rate once.
const changeEvery = time.Second

func newLimiter(concurrency int, perSecond float64) *limiter {
	full := rate.Limit(perSecond)
	if perSecond < 0 {
		full = rate.Inf
	}
	return &limiter{
		slots: make(chan struct{}, concurrency),
		pace:  rate.NewLimiter(full, burst(full)),
		full:  full,
	}
}

// burst is one second's worth, so that a short run is not held back at all.
func burst(r rate.Limit) int { return max(1, int(min(r, 1e6))) }

func (l *limiter) slow(now time.Time) {
	l.change(now, func(r rate.Limit) rate.Limit { return max(r/2, min(slowest, l.full)) })
}

func (l *limiter) recover(now time.Time) {
	l.change(now, func(r rate.Limit) rate.Limit { return min(r+l.full/10, l.full) })
}

func (l *limiter) change(now time.Time, to func(rate.Limit) rate.Limit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full == rate.Inf || now.Sub(l.changed) < changeEvery {
		return
	}
	before := l.pace.Limit()
	after := to(before)
	if after == before {
		return
	}
	l.changed = now
	l.pace.SetLimit(after)
	l.pace.SetBurst(burst(after))
}
