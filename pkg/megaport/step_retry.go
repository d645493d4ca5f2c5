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

// withRetry repeats attempts as retryDecision says. That the API is busy is told to
// busy, so that a long wait is no silence.
func withRetry(jitter func() float64, busy func(wait time.Duration), next step) step {
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
				busy(d.wait)
				if f.retryAfter == 0 && !a.ungated {
					d.wait = 0 // it queues at the limiter's gate, with all others
				}
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

// newBusy tells that calls wait because the API is busy: once when waiting begins,
// however many calls do, and again when there was time to forget it.
func newBusy(o Options) func(wait time.Duration) {
	const forgotten = time.Minute
	var mu sync.Mutex
	var told time.Time
	return func(wait time.Duration) {
		now := time.Now()
		mu.Lock()
		news := told.IsZero() || now.Sub(told) >= forgotten
		if news {
			told = now
		}
		mu.Unlock()
		if !news {
			return
		}
		level := zerolog.WarnLevel
		if o.OnBusy != nil {
			o.OnBusy(wait)
			level = zerolog.InfoLevel
		}
		o.Logger.WithLevel(level).Dur("wait_ms", wait).Msg("the API says that it is busy (429): waiting, then asking again")
	}
}
