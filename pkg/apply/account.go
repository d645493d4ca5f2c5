package apply

import (
	"context"
	"time"

	"github.com/portctl/portctl/pkg/plan"
)

// Reader is the read half of an account. Validating an order counts as
// reading: it commits nothing (API facts §3.3). Who holds only a Reader cannot
// change anything.
type Reader interface {
	// Locations lists all locations.
	Locations(ctx context.Context) ([]plan.Location, error)
	// Observe lists the account completely, or fails; it never returns a part.
	Observe(ctx context.Context) (plan.Observed, error)
	// Service reads one port by its UID; found is false when there is none.
	Service(ctx context.Context, uid plan.ServiceUID) (s plan.Service, found bool, err error)
	// Tags reads the resource tags of one port.
	Tags(ctx context.Context, uid plan.ServiceUID) (map[string]string, error)
	// Charge asks what cancelling a port now would cost.
	Charge(ctx context.Context, uid plan.ServiceUID) (plan.Charge, error)
	// Companies asks whose account it is, for an account without ports: UIDs and names
	// of the companies that its markets and users name; none when they name none or
	// cannot be read. The key is not set.
	Companies(ctx context.Context) (plan.Owner, error)
	// Approvals lists the orders that wait, or waited, for a second person. That
	// they cannot be read is no error but an answer that says so.
	Approvals(ctx context.Context) (Approvals, error)
	// Quote has the API validate and price one order. That the API refuses the
	// order, or gives no usable answer, is a quote, not an error.
	Quote(ctx context.Context, o plan.Order) (plan.Quote, error)
	// LOA fetches the Letter of Authorization of one port as a PDF.
	LOA(ctx context.Context, uid plan.ServiceUID) ([]byte, error)
}

// Account is a Reader that can also buy and change.
type Account interface {
	Reader
	// Buy sends one order, marked with the claim's id, once: it repeats only what
	// never left this machine. It is not to be cancelled half-way: pass a context
	// that outlives an interruption. After notAfter, by the wall clock, it is not sent
	// any more.
	Buy(ctx context.Context, o plan.Order, claim string, notAfter time.Time) Purchase
	// Update changes fields of one port.
	Update(ctx context.Context, uid plan.ServiceUID, u Update) error
	// SetTags replaces all resource tags of one port.
	SetTags(ctx context.Context, uid plan.ServiceUID, tags map[string]string) error
	// SetLock locks or unlocks one port.
	SetLock(ctx context.Context, uid plan.ServiceUID, locked bool) error
	// Cancel terminates one port, at once and for good. It fails when VXCs are
	// attached.
	Cancel(ctx context.Context, uid plan.ServiceUID) error
}

// Update is what to change of a port.
type Update struct {
	// Name is the new name; empty leaves it.
	Name string
	// CostCentre is always set: what the API does without it is not known (API
	// facts §5.1).
	CostCentre string
	// MarketplaceVisibility is left as it is when nil.
	MarketplaceVisibility *bool
	// Term is the new contract term in months; 0 leaves it.
	Term int
}

// Approvals are the order approvals of the account.
type Approvals struct {
	// Unknown says why they could not be read; empty when List is all there are.
	Unknown string
	// Absent says that the API told that this account has none of that feature: it
	// may not ask, or there is no such thing. List is empty then.
	Absent bool
	List   []Approval
}

// Approval is an order that waits, or waited, for a second person. The shape of
// what it says of the order is not public (API facts §3.5), so what was recognised
// is told, and what was not is zero.
type Approval struct {
	// UID is the approval's own.
	UID string
	// Type is NEW_ORDER, TERM_CHANGE or SPEED_CHANGE.
	Type string
	// Status is PENDING, APPROVED, REJECTED, FAILED, WITHDRAWN or EXPIRED.
	Status string
	// CreatedAt is when it was asked for.
	CreatedAt time.Time
	// Texts are the texts among the order's values that can be its name, and the
	// claims' ids among its tags, unescaped: no keys, no comments of persons.
	Texts []string
	// Location and Speed (Mbps) are those of the order.
	Location plan.LocationID
	Speed    plan.Speed
}

// Purchase is what is known about an order after it was handed to Buy.
type Purchase struct {
	Outcome Outcome
	// UIDs are those the API named: as many as ordered when Bought, perhaps fewer or
	// more when Unknown. They are candidates: the account has to show them.
	UIDs []plan.ServiceUID
	// Failure says what went wrong; nil when Bought.
	Failure *Failure
	// FoundBy says how an order without an answer was found; empty otherwise.
	FoundBy string
	// Late says that a NotSent order waited until it was too late to send it.
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

// Outcome is what became of an action.
type Outcome string

// The outcomes.
const (
	// Bought: the API named as many UIDs as were ordered.
	Bought Outcome = "bought"
	// Refused: the API would not take the order; nothing was bought.
	Refused Outcome = "refused"
	// NotProcessed: the API said that it turned the order away unread (429, 401).
	// That is believed only when the account, listed a while later, agrees.
	NotProcessed Outcome = "not-processed"
	// NotSent: not a byte of the order left; nothing was bought.
	NotSent Outcome = "not-sent"
	// Unknown: no usable answer; the order may exist.
	Unknown Outcome = "unknown"
	// Queued: the order waits for an approval within the company.
	Queued Outcome = "approval"
	// Existing: the service was there before the run.
	Existing Outcome = "existing"
	// Updated: the changes were made.
	Updated Outcome = "updated"
	// Cancelled: the service was terminated.
	Cancelled Outcome = "cancelled"
	// Failed: a change or a cancellation was not, or not wholly, carried out; it
	// can be tried again.
	Failed Outcome = "failed"
	// Gone: there is nothing to do about an entry that says absent.
	Gone Outcome = "gone"
	// Excluded: taken out of the run by name.
	Excluded Outcome = "excluded"
)
