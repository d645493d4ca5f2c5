package megaport

import (
	"context"
	"errors"
	"net/http"
)

// withAuth gives an attempt its token. After a 401 the token is dropped, and what
// may be repeated is sent again once with a new one; a second 401 is the caller's.
// An order is not: the caller looks first whether it was taken all the same.
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
		if a.class == classOrder {
			return err
		}
		fresh, tokenErr := tokens.get(ctx)
		if tokenErr != nil {
			return tokenErr
		}
		a.begin(a.number + 1)
		a.token = fresh
		return next(ctx, a)
	}
}
