package cli

import (
	"context"
	"errors"
	"net/http"

	"github.com/portctl/portctl/pkg/megaport"
)

// hintOf is what an error itself says to do, or else what there is to do about an
// API that cannot be reached or understood; empty when nothing is known.
func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		return h.Hint()
	}
	return advice(err)
}

// advice is the way out of failures of the API. The client does not give it,
// because it knows neither flags nor commands.
func advice(err error) string {
	var auth *megaport.AuthError
	var request *megaport.RequestError
	var decode *megaport.DecodeError
	var answer *megaport.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "" // a person stopped it
	case errors.As(err, &auth) && auth.Refused && auth.Status == http.StatusNotFound:
		return "no token endpoint at this address: correct --token-url"
	case errors.As(err, &auth) && auth.Status != 0:
		return "" // the message says what to check
	case errors.As(err, &request) || errors.As(err, &auth):
		return "check the network, the proxy (HTTPS_PROXY) and the address, then run the same command again"
	case errors.As(err, &decode):
		return "portctl does not act on an unreadable answer: give Megaport support the trace id"
	case errors.As(err, &answer):
		return adviceOn(answer.Status)
	}
	return ""
}

func adviceOn(status int) string {
	switch {
	case status == http.StatusTooManyRequests, status >= 500:
		return "the API is busy or failing: run the same command again later"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "the API key lacks permission: check its role in the Megaport portal, and that it belongs to this environment"
	}
	return ""
}
