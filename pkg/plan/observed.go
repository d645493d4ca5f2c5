package plan

import (
	"slices"
	"strings"
	"time"
)

// Observed is what the account holds, as one complete listing showed it, and
// what is known besides.
type Observed struct {
	// Owner is whose account it is.
	Owner Owner
	// Services are all Ports that the account lists, terminated ones too. Their
	// order carries no meaning.
	Services []Service
	// Untyped are products of which the account does not show whether they are ports.
	Untyped []Untyped
	// Others is how many products are no ports: MCRs, MVEs, VXCs, IXs.
	Others int
	// Tags are the resource tags of the services for which they were read: the
	// listing does not have them. See Missing.
	Tags map[ServiceUID]map[string]string
	// RecordedTags are the declared tags that services had by the ledger when an apply
	// last compared or set them. They spare reading tags where nothing else is to be done.
	RecordedTags map[ServiceUID]map[string]string
	// Unreadable says, for services whose tags could not be read, why.
	Unreadable map[ServiceUID]string
	// Charges is what cancelling would cost, where it was asked.
	Charges map[ServiceUID]Charge
	// Known has, for a folded name, the services that the ledger recorded for it,
	// the oldest first: those that orders of the name became, and those that an
	// entry of the name once stood for. One that is not among Services vanished
	// from the account.
	Known map[string][]ServiceUID
	// Inventories names the inventory that ordered a service, as far as the ledger
	// knows it.
	Inventories map[ServiceUID]string
	// CrossConnects are the services that were ordered with a cross connect, as the
	// ledger recorded it: no product read tells (API facts §4.5). Of others it is not
	// known.
	CrossConnects map[ServiceUID]bool
	// Cancelling are the services whose cancellation the ledger recorded as begun.
	Cancelling map[ServiceUID]bool
	// Claims are the open claims of earlier runs that the services do not close.
	Claims []Claim
	// ApprovalsUnknown says why the order approvals could not be read; empty when
	// they were.
	ApprovalsUnknown string
}

// Untyped is a product that may be a port. What it does not show is empty.
type Untyped struct {
	UID  ServiceUID
	Name string
}

// Owner is whose account was read.
type Owner struct {
	// Companies are the UIDs of the companies that own the account's ports, the one
	// with most ports first; or, without ports, those that the account's markets
	// and users name. A second company is normal (API facts §0).
	Companies []string
	// Names are what those companies are called, in that order. A company's users and
	// its ports have its name alike, while only the ports have its UID (API facts
	// §1.8, §4.2, confidence A), so the name tells whose account it is where a UID is
	// missing.
	Names []string
	// Key is a fingerprint of the API key. It stands in for the company where the
	// API names none.
	Key string
}

// Company is the UID of the account's company; empty when the API names none.
func (o Owner) Company() string {
	if len(o.Companies) == 0 {
		return ""
	}
	return o.Companies[0]
}

// CompanyName is what the account's company is called; empty when the API does not
// tell.
func (o Owner) CompanyName() string {
	if len(o.Names) == 0 {
		return ""
	}
	return o.Names[0]
}

// named says that one of the companies has a name, as names are compared.
func (o Owner) named(name string) bool {
	return slices.ContainsFunc(o.Names, func(n string) bool { return FoldName(n) == FoldName(name) })
}

// Claim is an order of an earlier run that the account does not show yet.
type Claim struct {
	ID string
	// Name and Order are what was ordered then, whatever the entry says today. Both
	// are empty when the claim is Damaged.
	Name  string
	Order Order
	// State is how much is known of it.
	State OrderState
	// UIDs are those that the API named; perhaps none.
	UIDs []ServiceUID
	// Found are services that may be some of the order's, fewer than were ordered.
	Found []ServiceUID
	// Evidence says what was found out about it, and what could not be; empty for
	// nothing.
	Evidence string
	// Key is the claim's key in the ledger, by which a damaged one is resolved, and
	// Hash the NameHash of its name.
	Key, Hash string
}

// Charge is what cancelling a service would cost at once.
type Charge struct {
	// Known is false when the API did not tell; then it is at most the rest of
	// the term.
	Known    bool
	Currency string
	Amount   Amount
}

// chargeUnknown is how a charge is written that the API does not tell.
const chargeUnknown = "unknown, at most the remaining term"

// String is the currency and the exact sum, or that it is unknown.
func (c Charge) String() string {
	if !c.Known {
		return chargeUnknown
	}
	return c.Currency + " " + c.Amount.String()
}

// MarshalText writes String, which is how a charge stands in JSON.
func (c Charge) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote. What is no sum of money is a charge
// that is not known.
func (c *Charge) UnmarshalText(text []byte) error {
	*c = Charge{}
	currency, number, ok := strings.Cut(string(text), " ")
	amount, err := ParseAmount(number)
	if ok && err == nil {
		*c = Charge{Known: true, Currency: currency, Amount: amount}
	}
	return nil
}

// exceeds says that c may cost more than what was reviewed. A charge that was
// reviewed as unknown could be anything.
func (c *Charge) exceeds(reviewed *Charge) bool {
	switch {
	case c == nil || reviewed == nil || !reviewed.Known:
		return false
	default:
		return !c.Known || c.Currency != reviewed.Currency || c.Amount.Cmp(reviewed.Amount) > 0
	}
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
	// VXCs is how many active VXCs end on the port. While there is one the port is
	// not cancelled.
	VXCs int
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

// Quote is the answer of the API's own validation of one order: it was refused,
// or it could not be had, or it has a price, or none that can be relied on.
type Quote struct {
	// Refusal is set when the API would not take the order.
	Refusal *Refusal
	// Failure is set when no usable answer came; then nothing else is.
	Failure *Refusal
	// Currency, Monthly and OneTime are the most that the answer can mean: where it
	// can be read in two ways, the dearer one.
	Currency string
	Monthly  Amount
	OneTime  Amount
	// Priced says that the answer held a price. A price of zero is a price.
	Priced bool
	// Unknown says why there is no price; empty when there is one.
	Unknown string
	// Notes is what the answer said besides its monthly rate, for the reviewer;
	// empty when it can be read in one way only.
	Notes []string
	// WithoutMarket says that the order is only taken with an empty market, and that
	// the quote is for such an order.
	WithoutMarket bool
	// AddOns is the form of the add-ons with which the order is taken, where it is another
	// one than it has; the quote is for such an order.
	AddOns AddOns
}

// Refusal is why the API would not take an order.
type Refusal struct {
	// Message is the API's summary, Reasons its details.
	Message string
	Reasons []string
	// Status is the HTTP status; 0 when no answer came.
	Status int
	// TraceID is what Megaport's support asks for.
	TraceID string
}

// Quotes are the quotes of orders, by Order.Key.
type Quotes map[string]Quote
