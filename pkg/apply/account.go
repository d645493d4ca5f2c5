package apply

import (
	"context"

	"github.com/portctl/portctl/pkg/plan"
)

// Reader is the read half of an account. Validating an order counts as
// reading: it commits nothing (API facts §3.3). Who holds only a Reader can not
// buy.
type Reader interface {
	// Locations lists all locations.
	Locations(ctx context.Context) ([]plan.Location, error)
	// Observe lists the account completely, or fails; it never returns a part.
	Observe(ctx context.Context) (plan.Observed, error)
	// Quote has the API validate and price one order. That the API refuses the
	// order is a quote, not an error.
	Quote(ctx context.Context, o plan.Order) (plan.Quote, error)
	// LOA fetches the Letter of Authorization of one port as a PDF.
	LOA(ctx context.Context, uid plan.ServiceUID) ([]byte, error)
}

// Account is a Reader that can also buy.
type Account interface {
	Reader
	// Buy sends one order, marked with the claim's id. It never sends an order
	// twice unless it is certain that the first was not processed. It is not to
	// be cancelled half-way: pass a context that outlives an interruption.
	Buy(ctx context.Context, o plan.Order, claim string) Purchase
}

// Purchase is what is known about an order after it was handed to Buy.
type Purchase struct {
	Outcome Outcome
	// UIDs are those the API named: as many as ordered when Bought, perhaps some
	// when Unknown.
	UIDs []plan.ServiceUID
	// Failure says what went wrong; nil when Bought.
	Failure *Failure
}

// Failure is an error with what support needs to look into it.
type Failure struct {
	Message string `json:"message"`
	// Status is the HTTP status; 0 when there was no answer.
	Status int `json:"status,omitzero"`
	// TraceID is the API's own name of the exchange.
	TraceID string `json:"traceID,omitzero"`
}

// Outcome is what became of an action.
type Outcome string

// The outcomes.
const (
	// Bought: the API named as many UIDs as were ordered.
	Bought Outcome = "bought"
	// Refused: the API would not take the order; nothing was bought.
	Refused Outcome = "refused"
	// NotProcessed: the API turned the order away unread (429); nothing was
	// bought.
	NotProcessed Outcome = "not-processed"
	// NotSent: not a byte of the order left; nothing was bought.
	NotSent Outcome = "not-sent"
	// Unknown: no usable answer; the order may exist.
	Unknown Outcome = "unknown"
	// Existing: the service was there before the run.
	Existing Outcome = "existing"
)
