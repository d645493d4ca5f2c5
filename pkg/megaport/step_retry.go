package megaport

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// withRetry repeats attempts as retryDecision says.
func withRetry(jitter func() float64, next step) step {
	return func(ctx context.Context, a *attempt) error {
		for number := 1; ; number++ {
			a.begin(a.number + 1)
			err := next(ctx, a)
			if err == nil {
				return nil
			}
			f := factsOf(ctx, err)
			f.number, f.jitter = number, jitter()
			d := retryDecision(a.class, f)
			if !d.again {
				return err
			}
			if waitErr := pause(ctx, d.wait); waitErr != nil {
				return fmt.Errorf("%w (not tried again: %w)", err, waitErr)
			}
		}
	}
}

// factsOf reads an attempt's error.
func factsOf(ctx context.Context, err error) facts {
	var apiErr *Error
	var reqErr *RequestError
	switch {
	case ctx.Err() != nil:
		return facts{final: true}
	case errors.As(err, &apiErr):
		return facts{status: apiErr.Status, retryAfter: apiErr.RetryAfter}
	case errors.As(err, &reqErr):
		return facts{unsent: reqErr.NotSent, broken: true, final: errors.Is(err, errTooLarge)}
	default:
		return facts{final: true}
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
