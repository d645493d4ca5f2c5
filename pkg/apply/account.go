package apply

import (
	"context"
	"time"

	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// Account is a Reader that can also buy and change.
type Account interface {
	refresh.Reader
	// Turn waits until an order can be sent at once, however long the API or its request
	// budget has it wait. A claim is made in its turn, so that it does not age.
	Turn(ctx context.Context) (Turn, error)
	// Buy sends one order in its turn, marked with the claim's id, once: it repeats only
	// what never left this machine. It is not to be cancelled half-way: pass a context
	// that outlives an interruption. After notAfter, by the wall clock, it is not sent
	// any more.
	Buy(ctx context.Context, turn Turn, o plan.Order, claim string, notAfter time.Time) Purchase
	// Update changes fields of one port.
	Update(ctx context.Context, uid plan.ServiceUID, u plan.FieldUpdate) error
	// SetTags replaces all resource tags of one port.
	SetTags(ctx context.Context, uid plan.ServiceUID, tags map[string]string) error
	// SetLock locks or unlocks one port.
	SetLock(ctx context.Context, uid plan.ServiceUID, locked bool) error
	// Cancel terminates one port, at once and for good. It fails when VXCs are
	// attached.
	Cancel(ctx context.Context, uid plan.ServiceUID) error
}

// Turn is the right to send one order now.
type Turn interface {
	// Release gives the right back, if no order used it.
	Release()
}

// Purchase is what is known about an order after it was handed to Buy.
type Purchase struct {
	// State is OrderBought, OrderRefused, OrderNotSent, OrderTurnedAway or OrderUnknown
	// from Buy.
	State plan.OrderState
	// UIDs are those the API named: as many as ordered when bought, perhaps fewer or
	// more when unknown. They are candidates: the account has to show them.
	UIDs []plan.ServiceUID
	// TraceID is the API's own name of the exchange; empty when it named none.
	TraceID string
	// Failure says what went wrong; nil when bought.
	Failure *Failure
	// FoundBy says how an order without an answer was found; empty otherwise.
	FoundBy string
	// Late says that an order was not sent because it waited too long.
	Late bool
}

// Failure is an error with what support needs to look into it.
type Failure struct {
	Message string `json:"message"`
	// Status is the HTTP status; 0 when there was no answer.
	Status int `json:"status,omitzero"`
	// TraceID is the API's own name of the exchange.
	TraceID string `json:"traceID,omitzero"`
}
