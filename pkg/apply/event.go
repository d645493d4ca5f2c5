package apply

import (
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// Event is something that happened during a run. Events come one at a time and
// in order: RunStarted is the first, RunFinished the last. Their JSON is what
// EventWriter writes.
type Event interface {
	// Type is its name in the event lines.
	Type() string
}

// RunStarted announces the whole run, so that whoever shows it can size it.
type RunStarted struct {
	Identity
	// Orders and Services are what will be bought; a LAG is one order and as
	// many services as it has members.
	Orders   int `json:"orders"`
	Services int `json:"services"`
	// Updates and Cancels count further changes.
	Updates int `json:"updates"`
	Cancels int `json:"cancels"`
	// Ports is how many ports the run looks after: those to buy and those that
	// exist. Ready is how many of them are provisioned already.
	Ports int `json:"ports"`
	Ready int `json:"ready"`
	// LOAs is how many Letters of Authorization the run wants, Kept how many
	// of them are on disk already.
	LOAs int `json:"loas"`
	Kept int `json:"kept"`
	// Parallelism is the number of orders at one time, and Wait how long the run
	// waits for provisioning once all are sent.
	Parallelism int     `json:"parallelism"`
	Wait        Seconds `json:"waitSeconds"`
	// Totals is what the run adds when everything is bought, per currency.
	Totals plan.Totals `json:"totals"`
	// Planned are the changes that the run is going to make.
	Planned []Planned `json:"planned"`
}

// Planned is one change that a run is going to make.
type Planned struct {
	Kind     plan.Kind   `json:"action"`
	Name     string      `json:"name"`
	Place    *plan.Place `json:"location"`
	Services int         `json:"services"`
	Price    *plan.Price `json:"price"`
}

// OrderStarted says that an order is about to be sent.
type OrderStarted struct {
	Name string `json:"name"`
}

// OrderFinished says what became of an order. An Unknown or Queued one may
// finish once more, when the lookup finds it.
type OrderFinished struct {
	Name    string            `json:"name"`
	Outcome Outcome           `json:"outcome"`
	UIDs    []plan.ServiceUID `json:"uids"`
	Price   plan.Price        `json:"price"`
	Failure *Failure          `json:"error"`
	// FoundBy says how an order without an answer was found; empty otherwise.
	FoundBy string `json:"foundBy,omitzero"`
}

// APIBusy says that requests wait because the API is busy (429), and how long.
type APIBusy struct {
	Wait Seconds `json:"waitSeconds"`
}

// BudgetSpent says that requests wait because as many were sent as the API allows in a
// time, and until when.
type BudgetSpent struct {
	// Budget is how many in which time, such as "500/5m".
	Budget string    `json:"budget"`
	Until  time.Time `json:"until"`
}

// ChangeStarted says that an update (Update, Grow, Buy) or a cancellation (Cancel)
// is about to be made.
type ChangeStarted struct {
	Kind plan.Kind `json:"action"`
	Name string    `json:"name"`
}

// ChangeFinished says what became of an update or a cancellation.
type ChangeFinished struct {
	Kind    plan.Kind `json:"action"`
	Name    string    `json:"name"`
	Outcome Outcome   `json:"outcome"`
	Failure *Failure  `json:"error"`
	// Cancelled are the services that a cancellation terminated, whatever failed
	// after it.
	Cancelled []CancelledService `json:"cancelled,omitzero"`
}

// OrdersSent says that every order is sent and recorded: the lock is given
// back, and the time to wait for provisioning begins.
type OrdersSent struct {
	// Unconfirmed counts the orders without an answer that are looked for now, those of
	// earlier runs too, and Until is when the last of them is given up; zero
	// without unconfirmed orders.
	Unconfirmed int       `json:"unconfirmed"`
	Until       time.Time `json:"until,omitzero"`
}

// OrderRecovered says that an order of an earlier run was found.
type OrderRecovered struct{ refresh.Recovered }

// PortSeen says that a port was seen in a new status.
type PortSeen struct {
	Name   string          `json:"name"`
	UID    plan.ServiceUID `json:"uid"`
	Status plan.Status     `json:"status"`
	// Elapsed is the time since the run started.
	Elapsed Seconds `json:"elapsedSeconds"`
}

// ListingFailed says that a look at the account failed; the next tick looks
// again.
type ListingFailed struct {
	Failure *Failure `json:"error"`
}

// LedgerFailed says that something could not be recorded. No new order is sent.
type LedgerFailed struct {
	Name    string   `json:"name,omitzero"`
	Failure *Failure `json:"error"`
}

// LOASaved says that a Letter of Authorization is on disk.
type LOASaved struct {
	Name string          `json:"name"`
	UID  plan.ServiceUID `json:"uid"`
	Path string          `json:"file"`
}

// LOAFailed says that a Letter of Authorization could not be had.
type LOAFailed struct {
	Name    string          `json:"name"`
	UID     plan.ServiceUID `json:"uid"`
	Failure *Failure        `json:"error"`
	// Final says that Megaport refused it for good: later runs do not ask again.
	Final bool `json:"final,omitzero"`
}

// ManifestFailed says that the manifest of the LOAs could not be brought up to
// date. The LOAs themselves are on disk.
type ManifestFailed struct {
	Failure *Failure `json:"error"`
}

// RunFinished sums the run up.
type RunFinished struct {
	Result Result `json:"result"`
}

func (RunStarted) Type() string     { return "run-started" }
func (OrderStarted) Type() string   { return "order-started" }
func (OrderFinished) Type() string  { return "order-finished" }
func (APIBusy) Type() string        { return "api-busy" }
func (BudgetSpent) Type() string    { return "budget-spent" }
func (ChangeStarted) Type() string  { return "change-started" }
func (ChangeFinished) Type() string { return "change-finished" }
func (OrdersSent) Type() string     { return "orders-sent" }
func (OrderRecovered) Type() string { return "order-recovered" }
func (PortSeen) Type() string       { return "port-status" }
func (ListingFailed) Type() string  { return "listing-failed" }
func (LedgerFailed) Type() string   { return "ledger-failed" }
func (LOASaved) Type() string       { return "loa-saved" }
func (LOAFailed) Type() string      { return "loa-failed" }
func (ManifestFailed) Type() string { return "manifest-failed" }
func (RunFinished) Type() string    { return "run-finished" }

// Seconds is a time that is written as seconds, to the millisecond.
type Seconds struct{ time.Duration }

// MarshalJSON writes a number.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(s.Round(time.Millisecond).Seconds())
}

// EventVersion is the version of the event lines. It changes when a member is
// taken away or means something else; new members and types do not change it.
const EventVersion = 1

// EventWriter writes events as NDJSON: one JSON object per line, with v, seq,
// time and type first. docs/events.md describes every type. It is for one run,
// and for one goroutine at a time.
type EventWriter struct {
	w     io.Writer
	clock func() time.Time
	seq   int
	err   error
}

// NewEventWriter writes to w; clock tells the time.
func NewEventWriter(w io.Writer, clock func() time.Time) *EventWriter {
	return &EventWriter{w: w, clock: clock}
}

// Event writes the line of an event. After a failure nothing more is written, so
// that a reader never sees a line that follows a broken one; see Err.
func (w *EventWriter) Event(e Event) {
	if w.err != nil {
		return
	}
	w.seq++
	line, err := EncodeEvent(e, w.seq, w.clock())
	if err == nil {
		_, err = w.w.Write(line)
	}
	w.err = err
}

// Err is what went wrong first, or nil.
func (w *EventWriter) Err() error { return w.err }

// EncodeEvent is the line of an event with its final newline.
func EncodeEvent(e Event, seq int, at time.Time) ([]byte, error) {
	head := fmt.Appendf(nil, `{"v":%d,"seq":%d,"time":%q,"type":%q`, EventVersion, seq, at.UTC().Format(time.RFC3339Nano), e.Type())
	members, err := json.Marshal(e, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	if len(members) > len("{}") { // two objects become one
		head = append(head, ',')
	}
	return append(append(head, members[1:]...), '\n'), nil
}
