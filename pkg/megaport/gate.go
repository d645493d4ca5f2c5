package megaport

import (
	"context"
	"sync"
	"time"
)

// gate holds all calls back together after a 429, for as long as the API asks. When it
// does not say, it is until the oldest request of the budget no longer counts, or, where
// no budget is known, for a time that doubles. Then one of them tries; when it is let
// through, so are the others. Were each call to wait for itself, one could come at the
// wrong moment every time, and all of them together would keep the API busy.
type gate struct {
	window *window // nil without a budget

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
	if tried || g.refusals == 0 || now.Sub(g.since) >= refusalsTogether { // those of one moment count once
		g.refusals++
		g.since = now
	}
	until := now.Add(attemptFacts{number: g.refusals, retryAfter: asked}.backoff())
	if opens := g.window.opens(); asked == 0 && opens.After(until) {
		until = opens
	}
	if until.After(g.until) {
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
