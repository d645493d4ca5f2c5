package plan

import "time"

// Observed is what the account holds, as one complete listing showed it, and
// what is known besides.
type Observed struct {
	// Company is the UID of the company that owns the account; empty when no
	// product told it.
	Company string
	// Services are all Ports ever ordered, terminated ones too. Their order
	// carries no meaning.
	Services []Service
	// Tags are the resource tags of the services for which they were read: the
	// listing does not have them. See Missing.
	Tags map[ServiceUID]map[string]string
	// Charges is what cancelling would cost, where it was asked.
	Charges map[ServiceUID]Charge
	// Vanished has, for the folded name of what is to be bought, the service that
	// an order of it became last, if the account knows nothing of it any more.
	Vanished map[string]ServiceUID
	// Claims are the open claims of earlier runs that the services do not settle.
	Claims []Claim
}

// Claim is an order of an earlier run that can not be seen in the account yet.
type Claim struct {
	ID string
	// Name and Order are what was ordered then, whatever the entry says today.
	Name  string
	Order Order
	// Standing is how much is known of it.
	Standing Standing
	// UIDs are those that the API named; perhaps none.
	UIDs []ServiceUID
}

// Standing is how much is known of an order that can not be seen yet.
type Standing string

// The standings.
const (
	// Doubtful: no usable answer came, so it may or may not have been carried out.
	Doubtful Standing = "unknown"
	// Ordered: the API named the UIDs; the listing does not show them all yet.
	Ordered Standing = "bought"
	// Queued: the order waits for an approval within the company.
	Queued Standing = "approval"
)

// Charge is what cancelling a service would cost at once.
type Charge struct {
	// Known is false when the API did not tell; then it is at most the rest of
	// the term.
	Known    bool
	Currency string
	Amount   Amount
}

// Service is one Port of the account: a single port or one member of a LAG.
type Service struct {
	UID      ServiceUID
	Name     string
	Status   Status
	Location LocationID
	// Speed is in Mbps.
	Speed Speed
	// Zone is empty when the API does not tell it, which means unknown and never
	// "none" (API facts §4.5).
	Zone Zone
	// AggregationID is shared by the members of one LAG; 0 for a single port.
	AggregationID int
	// LAGPrimary marks the one member that stands for the LAG.
	LAGPrimary bool
	// Term is the contract term in months.
	Term                  int
	CostCentre            string
	MarketplaceVisibility bool
	Locked                bool
	AdminLocked           bool
	// CreatedAt and the contract's dates are zero while the API has not filled
	// them in.
	CreatedAt     time.Time
	LiveAt        time.Time
	ContractStart time.Time
	ContractEnd   time.Time
	// Demarcation is the data centre's name for the hand-off, as on the LOA.
	Demarcation string
}

// Status is a provisioning status (API facts §4.3).
type Status string

// The provisioning statuses.
const (
	StatusNew             Status = "NEW"
	StatusDesign          Status = "DESIGN"
	StatusInProgress      Status = "IN_PROGRESS"
	StatusOnHold          Status = "ON_HOLD"
	StatusDeployable      Status = "DEPLOYABLE"
	StatusConfigured      Status = "CONFIGURED"
	StatusLive            Status = "LIVE"
	StatusSleep           Status = "SLEEP"
	StatusFailed          Status = "FAILED"
	StatusCancelled       Status = "CANCELLED"
	StatusCancelledParent Status = "CANCELLED_PARENT"
	StatusDecommissioning Status = "DECOMMISSIONING"
	StatusDecommissioned  Status = "DECOMMISSIONED"
)

// Terminated says that the service is gone or going, so that it no longer
// stands for an entry. Anything not known to be terminated counts as existing.
func (s Status) Terminated() bool {
	switch s {
	case StatusCancelled, StatusCancelledParent, StatusDecommissioning, StatusDecommissioned:
		return true
	}
	return false
}

// Ready says that the port is provisioned: its LOA can be fetched.
func (s Status) Ready() bool { return s == StatusConfigured || s == StatusLive }

// Unhealthy says that the service exists, and may bill, but is not on its way
// to being ready.
func (s Status) Unhealthy() bool {
	return s == StatusFailed || s == StatusSleep || s == StatusOnHold
}

// Quote is the answer of the API's own validation of one order. Exactly one of
// its three cases holds: refused, priced, or neither (the price is unknown).
type Quote struct {
	// Refusal is set when the API would not take the order.
	Refusal *Refusal
	// Currency, Monthly and OneTime are what the answer said.
	Currency string
	Monthly  Amount
	OneTime  Amount
	// Priced says that the answer held a price. A price of zero is a price.
	Priced bool
}

// Refusal is why the API would not take an order.
type Refusal struct {
	// Message is the API's summary, Reasons its details.
	Message string
	Reasons []string
	// TraceID is what Megaport's support asks for.
	TraceID string
}

// Quotes are the quotes of orders, by Order.Key.
type Quotes map[string]Quote
