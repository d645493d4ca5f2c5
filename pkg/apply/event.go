package apply

import (
	"time"

	"github.com/portctl/portctl/pkg/plan"
)

// Event is something that happened during a run. Events come one at a time and
// in order: RunStarted is the first, RunFinished the last.
type Event interface{ event() }

// RunStarted announces the whole run, so that whoever shows it can size it.
type RunStarted struct {
	// Orders and Services are what will be bought; a LAG is one order and as
	// many services as it has members.
	Orders, Services int
	// Updates and Cancels count further changes.
	Updates, Cancels int
	// Ports is how many ports the run looks after: those to buy and those that
	// exist.
	Ports  int
	Totals plan.Totals
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

// ChangeFinished says what became of an update or a cancellation.
type ChangeFinished struct {
	Name    string
	Outcome Outcome
	Failure *Failure
}

// PortStatus says that a port was seen in a new status.
type PortStatus struct {
	Name    string
	UID     plan.ServiceUID
	Status  plan.Status
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
}

// RunFinished sums the run up.
type RunFinished struct{ Result Result }

func (RunStarted) event()     {}
func (OrderStarted) event()   {}
func (OrderFinished) event()  {}
func (ChangeFinished) event() {}
func (PortStatus) event()     {}
func (ListingFailed) event()  {}
func (LedgerFailed) event()   {}
func (LOASaved) event()       {}
func (LOAFailed) event()      {}
func (RunFinished) event()    {}
