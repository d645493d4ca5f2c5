package megaport

import (
	"context"
	"fmt"
)

// withDeadline limits how long one attempt may take, its body included.
func withDeadline(next step) step {
	return func(ctx context.Context, a *attempt) error {
		cause := fmt.Errorf("no complete answer within %s: %w", a.timeout, context.DeadlineExceeded)
		ctx, cancel := context.WithTimeoutCause(ctx, a.timeout, cause)
		defer cancel()
		return next(ctx, a)
	}
}
