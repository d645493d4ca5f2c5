package megaport

import (
	"context"
	"errors"
	"net/http"
)

// withAuth gives an attempt its token. Who answers 401 has refused the request
// before processing it, so after one refresh it is sent again, whatever its class;
// a second 401 is the caller's.
func withAuth(tokens *tokens, next step) step {
	return func(ctx context.Context, a *attempt) error {
		if a.public {
			return next(ctx, a)
		}
		token, err := tokens.get(ctx)
		if err != nil {
			return err
		}
		a.token = token
		err = next(ctx, a)
		var apiErr *Error
		if !errors.As(err, &apiErr) || apiErr.Status != http.StatusUnauthorized {
			return err
		}
		tokens.drop(token)
		fresh, tokenErr := tokens.get(ctx)
		if tokenErr != nil {
			return tokenErr
		}
		a.begin(a.number + 1)
		a.token = fresh
		return next(ctx, a)
	}
}
