package apply

import (
	"time"

	"github.com/portctl/portctl/pkg/plan"
)

// Event is something that happened during a run. Events come one at a time and
// in order: RunStarted is the first, RunFinished the last. EventWriter writes
// them as NDJSON.
type Event interface{ event() }

// RunStarted announces the whole run, so that whoever shows it can size it.
type RunStarted struct {
	Identity
	// Orders and Services are what will be bought; a LAG is one order and as
	// many services as it has members.
	Orders, Services int
	// Updates and Cancels count further changes.
	Updates, Cancels int
	// Ports is how many ports the run looks after: those to buy and those that
	// exist. Ready is how many of them are provisioned already.
	Ports, Ready int
	// Letters is how many Letters of Authorization the run wants, Kept how many
	// of them are on disk already.
	Letters, Kept int
	// Parallelism is the number of orders at one time, and Wait how long the run
	// waits for provisioning once all are sent.
	Parallelism int
	Wait        time.Duration
	// Totals is what the run adds when everything is bought, per currency.
	Totals plan.Totals
	// Planned are the changes that the run is going to make.
	Planned []Planned
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
type OrderStarted struct{ Name string }

// OrderFinished says what became of an order. An Unknown or Queued one may
// finish once more, when the look-up finds it.
type OrderFinished struct {
	Name    string
	Outcome Outcome
	UIDs    []plan.ServiceUID
	Price   plan.Price
	Failure *Failure
	// FoundBy says how an order without an answer was found; empty otherwise.
	FoundBy string
}

// PaceChanged says that fewer orders are sent side by side, because the API is
// busy, or that there are as many again as at the start.
type PaceChanged struct{ Parallelism int }

// APIBusy says that requests wait because the API is busy (429), and how long.
type APIBusy struct{ Wait time.Duration }

// ChangeStarted says that an update (Update, Grow, Buy) or a cancellation (Cancel)
// is about to be made.
type ChangeStarted struct {
	Kind plan.Kind
	Name string
}

// ChangeFinished says what became of an update or a cancellation.
type ChangeFinished struct {
	Kind    plan.Kind
	Name    string
	Outcome Outcome
	Failure *Failure
	// Cancelled are the services that a cancellation terminated, whatever failed
	// after it.
	Cancelled []CancelledService
}

// OrdersSettled says that every order is sent and recorded: the lock is given
// back, and the time to wait for provisioning begins.
type OrdersSettled struct {
	// Doubts counts the orders without an answer that are looked for now, those of
	// earlier runs too, and Until is when the last of them is given up; zero
	// without unconfirmed orders.
	Doubts int
	Until  time.Time
}

// OrderRecovered says that an order of an earlier run was found.
type OrderRecovered struct{ Recovered }

// PortStatus says that a port was seen in a new status.
type PortStatus struct {
	Name   string
	UID    plan.ServiceUID
	Status plan.Status
	// Elapsed is the time since the run started.
	Elapsed time.Duration
}

// ListingFailed says that a look at the account failed; the next tick looks
// again.
type ListingFailed struct{ Err error }

// LedgerFailed says that something could not be recorded. No new order is sent.
type LedgerFailed struct {
	Name string
	Err  error
}

// LOASaved says that a Letter of Authorization is on disk.
type LOASaved struct {
	Name string
	UID  plan.ServiceUID
	Path string
}

// LOAFailed says that a Letter of Authorization could not be had.
type LOAFailed struct {
	Name string
	UID  plan.ServiceUID
	Err  error
	// Final says that Megaport refused it for good: later runs do not ask again.
	Final bool
}

// ManifestFailed says that the manifest of the LOAs could not be brought up to
// date. The LOAs themselves are on disk.
type ManifestFailed struct{ Err error }

// RunFinished sums the run up.
type RunFinished struct{ Result Result }

func (RunStarted) event()     {}
func (OrderStarted) event()   {}
func (OrderFinished) event()  {}
func (PaceChanged) event()    {}
func (APIBusy) event()        {}
func (ChangeStarted) event()  {}
func (ChangeFinished) event() {}
func (OrdersSettled) event()  {}
func (OrderRecovered) event() {}
func (PortStatus) event()     {}
func (ListingFailed) event()  {}
func (LedgerFailed) event()   {}
func (LOASaved) event()       {}
func (LOAFailed) event()      {}
func (ManifestFailed) event() {}
func (RunFinished) event()    {}
