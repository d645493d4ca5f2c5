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
		probe, err := l.gate.enter(ctx, a.class == classOrder)
		if err != nil {
			return notSent(ctx, a, "waiting because the API is busy")
		}
		err = next(ctx, a)
		var apiErr *Error
		busy := errors.As(err, &apiErr) && apiErr.Status == http.StatusTooManyRequests
		switch now := time.Now(); {
		case busy:
			l.slow(now)
			l.gate.refused(now, probe, apiErr.RetryAfter)
		default:
			l.gate.leave(probe, a.status != 0)
			if a.status != 0 {
				l.recover(now)
			}
		}
		return err
	}
}

// limiter caps how many requests run at once and how many begin in a second, for
// the whole client. A 429 halves the rate; it comes back by a tenth a second.
type limiter struct {
	slots chan struct{}
	pace  *rate.Limiter
	full  rate.Limit

	gate gate

	mu      sync.Mutex
	changed time.Time
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

// gate holds all calls back together after a 429, for as long as the API asks or,
// when it does not say, for a time that doubles. Then one of them tries; when it is
// let through, so are the others. Were each call to wait for itself, one could come
// at the wrong moment every time, and all of them together would keep the API busy.
type gate struct {
	mu       sync.Mutex
	refusals int       // in a row; 0 is open
	since    time.Time // when the last was counted
	until    time.Time // nobody tries before
	trying   bool
}

const (
	// orderPause keeps an order from being the one that tries while there is anybody
	// else: one that is turned away costs a look at the account.
	orderPause = 2 * time.Second
	// gateLook is how often those who wait look whether the one who tries is through.
	gateLook = 100 * time.Millisecond
)

// enter waits until a call may begin, and says whether it is the one that tries.
func (g *gate) enter(ctx context.Context, order bool) (try bool, err error) {
	for {
		wait, try := g.look(time.Now(), order)
		if wait <= 0 {
			if ctx.Err() != nil {
				g.leave(try, false)
			}
			return try, ctx.Err()
		}
		if err := pause(ctx, wait); err != nil {
			return false, err
		}
	}
}

func (g *gate) look(now time.Time, order bool) (wait time.Duration, try bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refusals == 0 {
		return 0, false
	}
	until := g.until
	if order {
		until = until.Add(orderPause)
	}
	switch wait = until.Sub(now); {
	case wait > gateLook && order: // somebody else may be let through meanwhile
		return gateLook, false
	case wait > 0:
		return wait, false
	case g.trying:
		return gateLook, false
	}
	g.trying = true
	return 0, true
}

// refused closes the gate. A wait that nobody has the patience for is each call's
// own failure.
func (g *gate) refused(now time.Time, tried bool, asked time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tried {
		g.trying = false
	}
	if asked > patience {
		return
	}
	if tried || g.refusals == 0 || now.Sub(g.since) >= changeEvery { // those of one moment count once
		g.refusals++
		g.since = now
	}
	wait := attemptFacts{number: g.refusals, retryAfter: asked}.backoff()
	if until := now.Add(wait); until.After(g.until) {
		g.until = until
	}
}

// leave opens the gate when the one who tried got an answer.
func (g *gate) leave(tried, answered bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tried {
		g.trying = false
	}
	if tried && answered {
		g.refusals, g.until = 0, time.Time{}
	}
}
