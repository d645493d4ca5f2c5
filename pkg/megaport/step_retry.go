package megaport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// withRetry repeats attempts as retryDecision says. That the API is busy, or cannot be
// reached, is told to waits, so that a long wait is no silence.
func withRetry(jitter func() float64, waits func(Wait), next step) step {
	return func(ctx context.Context, a *attempt) error {
		var failed time.Time // when it did so first
		begun := time.Now()
		for number := 1; ; number++ {
			a.begin(a.number + 1)
			err := next(ctx, a)
			if err == nil {
				return nil
			}
			if number == 1 {
				failed = time.Now()
			}
			f := factsOf(ctx, err)
			f.number, f.jitter = number, jitter()
			f.waited, f.took, f.patience = time.Since(failed), time.Since(begun), a.patience
			d := retryDecision(a.class, f)
			if !d.again {
				return err
			}
			if f.status == http.StatusTooManyRequests {
				waits(Wait{Until: time.Now().Add(d.wait)})
				if f.retryAfter == 0 && !a.ungated {
					d.wait = 0 // it queues at the limiter's gate, with all others
				}
			} else {
				waits(Wait{Until: time.Now().Add(d.wait), Failure: err})
			}
			if waitErr := pause(ctx, d.wait); waitErr != nil {
				return fmt.Errorf("%w (not retried: %w)", err, waitErr)
			}
		}
	}
}

// factsOf reads an attempt's error.
func factsOf(ctx context.Context, err error) attemptFacts {
	var apiErr *Error
	var reqErr *RequestError
	switch {
	case ctx.Err() != nil:
		return attemptFacts{final: true}
	case errors.As(err, &apiErr):
		return attemptFacts{status: apiErr.Status, retryAfter: apiErr.RetryAfter}
	case errors.As(err, &reqErr):
		return attemptFacts{unsent: reqErr.NotSent, broken: true, final: errors.Is(err, errTooLarge) || errors.Is(err, ErrTooLate)}
	default:
		return attemptFacts{final: true}
	}
}

// pause waits, unless the caller's deadline comes first: then it says so at
// once, so that the error the caller gets is the one worth reading.
func pause(ctx context.Context, wait time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return fmt.Errorf("the next attempt would come after the deadline: %w", context.DeadlineExceeded)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Wait is a time in which calls wait before they are sent.
type Wait struct {
	// Until is when the first of them goes on, or tries to.
	Until time.Time
	// Budget is the one that is spent; the zero value when the API says that it is
	// busy (429).
	Budget Budget
	// Failure is why a call is repeated that got no usable answer; nil when it waits for
	// another reason.
	Failure error
}

// waitKind is what is told once.
type waitKind struct {
	budget  Budget
	failing bool
}

// newWaits tells that calls wait: once when waiting begins, however many calls do, and
// again when there was time to forget it.
func newWaits(o Options) func(Wait) {
	const forgotten = time.Minute
	var mu sync.Mutex
	told := map[waitKind]time.Time{}
	return func(w Wait) {
		now := time.Now()
		kind := waitKind{w.Budget, w.Failure != nil}
		if w.Until.Sub(now) < time.Second && !kind.failing {
			return
		}
		mu.Lock()
		last, before := told[kind]
		news := !before || now.Sub(last) >= forgotten
		if news {
			told[kind] = now
		}
		mu.Unlock()
		if !news {
			return
		}
		level := zerolog.WarnLevel
		if o.OnWait != nil {
			o.OnWait(w)
			level = zerolog.InfoLevel
		}
		why := "the API says that it is busy (429): waiting, then asking again"
		switch {
		case w.Failure != nil:
			why = "no usable answer, asking again"
		case w.Budget != (Budget{}):
			why = "the request budget is spent: waiting until requests may be sent again"
		}
		o.Logger.WithLevel(level).Time("until", w.Until).Stringer("budget", w.Budget).AnErr("failure", w.Failure).Msg(why)
	}
}
