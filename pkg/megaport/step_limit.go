package megaport

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// withLimit holds an attempt back until the client may send it. A repetition's wait
// takes place outside, so it blocks no slot.
func withLimit(l *limiter, next step) step {
	return func(ctx context.Context, a *attempt) error {
		t, err := a.turn, error(nil)
		if t != nil && t.begin() {
			err = t.stillOpen(ctx)
		} else {
			t, err = l.enter(ctx, a.class == classOrder, a.kept)
		}
		if err != nil {
			return notSent(ctx, a, err.Error())
		}
		err = next(ctx, a)
		t.leave(err, a.status)
		return err
	}
}

// limiter decides when a request may be sent: as many at once as there are slots, no
// more than the budget of the environment allows, and none while the API is busy.
// Listings, lookups and tokens go on while all others wait.
type limiter struct {
	lane, keptLane lane
	window         *window // nil without a budget
	learned        *learnedRate
	gate           gate
	waits          func(Wait)
}

// lane is where requests of a kind wait. Whoever waits for the budget does so at the
// head of its queue, so that those behind it go by what was learnt meanwhile.
type lane struct {
	slots, head chan struct{}
}

// keptSlots is how many listings, lookups and tokens there may be at once.
const keptSlots = 8

const (
	waitsForSlot   = "waiting for a free slot"
	waitsForBudget = "waiting for the request budget"
	waitsForAPI    = "waiting because the API is busy"
)

func newLimiter(concurrency int, w *window, waits func(Wait)) *limiter {
	return &limiter{
		lane:     lane{make(chan struct{}, concurrency), make(chan struct{}, 1)},
		keptLane: lane{make(chan struct{}, keptSlots), make(chan struct{}, 1)},
		window:   w, learned: newLearnedRate(), gate: gate{window: w}, waits: waits,
	}
}

// enter waits for a turn. Its error says what was waited for.
func (l *limiter) enter(ctx context.Context, order, kept bool) (*turn, error) {
	lane := l.lane
	if kept {
		lane = l.keptLane
	}
	select {
	case lane.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, errors.New(waitsForSlot)
	}
	t := &turn{limiter: l, slots: lane.slots}
	if err := t.wait(ctx, lane, order, kept); err != nil {
		t.leave(nil, 0)
		return nil, err
	}
	return t, nil
}

// wait waits until the request of a turn that has a slot may be sent. The one that tries
// whether the API is still busy need not queue.
func (t *turn) wait(ctx context.Context, l lane, order, kept bool) (err error) {
	if t.probe, err = t.limiter.gate.enter(ctx, order); err != nil {
		return errors.New(waitsForAPI)
	}
	if !t.probe {
		select {
		case l.head <- struct{}{}:
			defer func() { <-l.head }()
		case <-ctx.Done():
			return errors.New(waitsForBudget)
		}
		if t.probe, err = t.limiter.gate.enter(ctx, order); err != nil { // it may have closed meanwhile
			return errors.New(waitsForAPI)
		}
	}
	if err := t.limiter.spend(ctx, kept); err != nil {
		return errors.New(waitsForBudget)
	}
	return nil
}

// spend waits until one more request may be sent, and counts it.
func (l *limiter) spend(ctx context.Context, kept bool) error {
	if l.window == nil {
		return l.learned.take(ctx)
	}
	return l.window.take(ctx, kept, func(until time.Time) { l.waits(Wait{Until: until, Budget: l.window.Budget}) })
}

// turn is the right to send one request at once.
type turn struct {
	limiter *limiter
	slots   chan struct{}
	probe   bool // it is the one that tries whether the API is still busy
	begun   atomic.Bool
}

// begin uses the turn up; false when it was.
func (t *turn) begin() bool { return t.begun.CompareAndSwap(false, true) }

// stillOpen waits once more when the API has become busy since the turn was given.
func (t *turn) stillOpen(ctx context.Context) (err error) {
	if t.probe { // it is the one that all others wait for
		return nil
	}
	if t.probe, err = t.limiter.gate.enter(ctx, true); err != nil {
		t.leave(nil, 0)
		return errors.New(waitsForAPI)
	}
	return nil
}

// leave gives the turn back with what became of its request.
func (t *turn) leave(err error, status int) {
	<-t.slots
	var answer *Error
	if errors.As(err, &answer) && answer.Status == http.StatusTooManyRequests {
		t.limiter.learned.refused(time.Now())
		t.limiter.gate.refused(time.Now(), t.probe, answer.RetryAfter)
		return
	}
	if status != 0 {
		t.limiter.learned.answered(time.Now())
	}
	t.limiter.gate.leave(t.probe, status != 0)
}

// withBudget has a request counted that needs no turn: a token, without which nobody's
// turn is of use.
func withBudget(l *limiter, next step) step {
	return func(ctx context.Context, a *attempt) error {
		if err := l.spend(ctx, true); err != nil {
			return notSent(ctx, a, waitsForBudget)
		}
		return next(ctx, a)
	}
}
