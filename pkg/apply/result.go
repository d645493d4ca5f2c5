package apply

import (
	"cmp"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// ResultVersion is the version of the result document: major.minor.
const ResultVersion = "1.0"

// The exit codes that a run can end with.
const (
	ExitDone = 0
	// ExitRefused: refused, nothing sent.
	ExitRefused = 3
	// ExitPartly: partly done, or interrupted before all was sent.
	ExitPartly = 4
	// ExitUnknown: an order's outcome is unknown.
	ExitUnknown = 5
	// ExitNotReady: all bought, but something is not ready or an LOA is missing.
	ExitNotReady = 7
	// ExitStopped: a second interruption ended the run with orders in flight.
	ExitStopped = 130
)

// Identity says whose run something is.
type Identity struct {
	// Tool is the program and its version.
	Tool        string            `json:"tool"`
	Environment string            `json:"environment"`
	BaseURL     string            `json:"baseURL"`
	Inventory   plan.InventoryRef `json:"inventory"`
}

// Result is what a run did. It has the spine of the plan document.
type Result struct {
	FormatVersion string `json:"formatVersion"`
	Identity
	Evidence
	StartedAt  time.Time `json:"startedAt"`
	FinishedAt time.Time `json:"finishedAt"`
	// Interrupted says that the run was asked to stop before it was done.
	Interrupted bool           `json:"interrupted"`
	Actions     []ActionResult `json:"actions"`
	// Error is why the run did not begin, or broke; missing when it went its way.
	Error *RunError `json:"error,omitzero"`
	// Recovered are the claims of earlier runs that this one resolved.
	Recovered []refresh.Recovered `json:"recovered"`
	// Audit is what the last look at the account found fault with.
	Audit []AuditFinding `json:"audit"`
	// Totals is what was bought in this run, per currency.
	Totals   plan.Totals   `json:"totals"`
	Summary  ResultSummary `json:"summary"`
	ExitCode int           `json:"exitCode"`
}

// Evidence says whose work a run was, and what of it was reviewed before.
type Evidence struct {
	// Origin is the job that ran it; nil outside CI.
	Origin *plan.Origin `json:"origin,omitzero"`
	// Checksum is that of the plan that was carried out, empty when there was none.
	Checksum string `json:"checksum,omitzero"`
	// Expected is the checksum that was asked for by hand.
	Expected string `json:"expected,omitzero"`
	// Reviewed are the saved plans that limited the run.
	Reviewed []ReviewedPlan `json:"reviewed,omitzero"`
}

// ReviewedPlan is a saved plan that limited a run.
type ReviewedPlan struct {
	File     string `json:"file"`
	Checksum string `json:"checksum"`
	// Seal covers the whole document.
	Seal string `json:"seal"`
	// Origin is the job that made it; nil outside CI.
	Origin *plan.Origin `json:"origin,omitzero"`
}

// RunError is why a run did not begin, and what to do about it.
type RunError struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitzero"`
	// Status is the HTTP status and TraceID the API's own name of the exchange, when
	// the API said no.
	Status  int    `json:"status,omitzero"`
	TraceID string `json:"traceID,omitzero"`
}

// NewRunError keeps what support needs of an error.
func NewRunError(err error, hint string) RunError {
	f := failureOf(err)
	return RunError{f.Message, hint, f.Status, f.TraceID}
}

// ActionResult is what became of one action.
type ActionResult struct {
	Kind plan.Kind `json:"action"`
	Name string    `json:"name"`
	// Reason is that of the plan.
	Reason  plan.ReasonCode `json:"reason"`
	Outcome Outcome         `json:"outcome"`
	Place   *plan.Place     `json:"location" jsonschema:"nullable"`
	// UIDs are the services that stand for the entry now.
	UIDs []plan.ServiceUID `json:"uids"`
	// New are those of them that this run bought.
	New   []plan.ServiceUID `json:"new,omitzero"`
	Price *plan.Price       `json:"price" jsonschema:"nullable"`
	// TraceID is the API's own name of the exchange in which the order was sent.
	TraceID string   `json:"traceID,omitzero"`
	Error   *Failure `json:"error" jsonschema:"nullable"`
	// Cancelled are the services that were terminated, also when a later step failed.
	Cancelled []CancelledService `json:"cancelled,omitzero"`
	// FoundBy says how an order without an answer was found after all.
	FoundBy string       `json:"foundBy,omitzero"`
	Ports   []PortResult `json:"ports"`
	LOAs    []LOAResult  `json:"loa"`
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

// outcomes is what the result says of an order; of what is not here it says Unknown.
var outcomes = map[plan.OrderState]Outcome{
	plan.OrderBought: Bought, plan.OrderDelivered: Bought, plan.OrderQueued: Queued, plan.OrderRejected: Refused, plan.OrderRefused: Refused,
	plan.OrderTurnedAway: NotProcessed, plan.OrderNotProcessed: NotProcessed, plan.OrderNotSent: NotSent,
}

func outcomeOf(s plan.OrderState) Outcome { return cmp.Or(outcomes[s], Unknown) }

// PortResult is how far one port came.
type PortResult struct {
	UID    plan.ServiceUID `json:"uid"`
	Status plan.Status     `json:"status"`
	Ready  bool            `json:"ready"`
	// CrossConnect says that Megaport orders its cross connect: it becomes LIVE with that,
	// and has no LOA.
	CrossConnect bool `json:"crossConnect,omitzero"`
	// Known says that the run has nothing to wait for: an earlier run, or a
	// person, knows already that the port will not be ready by itself.
	Known bool `json:"known,omitzero"`
	// Error says why Status is not known to be that of the end of the run.
	Error *Failure `json:"error,omitzero"`
}

// CancelledService is a service that was terminated, for good.
type CancelledService struct {
	UID plan.ServiceUID `json:"uid"`
	// Charge is its early termination fee, as the plan quoted it.
	Charge plan.Charge `json:"charge"`
}

// hasItsTags says that a service of the entry has the declared tags: they were compared,
// set, or ordered with a single port. Whether each member of a LAG gets those of its order
// is not known.
func (a ActionResult) hasItsTags(uid plan.ServiceUID) bool {
	if slices.Contains(a.New, uid) {
		return a.Outcome == Bought && a.FoundBy == "" && len(a.New) == 1
	}
	return a.Outcome == Existing || a.Outcome == Updated
}

// LOAResult is one Letter of Authorization.
type LOAResult struct {
	UID plan.ServiceUID `json:"uid"`
	// File is the path of the PDF; empty when it could not be had.
	File string `json:"file"`
	// Kept says that it was there from an earlier run.
	Kept bool `json:"kept"`
	// FetchedAt is its date of issue; zero when it could not be had.
	FetchedAt time.Time `json:"fetchedAt,omitzero"`
	// Final says that Megaport refused it for good, and Known that this was known
	// before the run, which did not ask for it.
	Final bool `json:"final,omitzero"`
	Known bool `json:"known,omitzero"`

	Error *Failure `json:"error" jsonschema:"nullable"`
}

// ResultSummary counts.
type ResultSummary struct {
	// Bought, Updated, Cancelled and Existing count entries, Services the
	// services bought.
	Bought    int `json:"bought"`
	Services  int `json:"services"`
	Updated   int `json:"updated"`
	Cancelled int `json:"cancelled"`
	Existing  int `json:"existing"`
	// Queued counts orders that wait for an approval within the company.
	Queued int `json:"approval"`
	// NotDone counts what was planned and is known to have had no effect.
	NotDone int `json:"notDone"`
	Unknown int `json:"unknown"`
	// Doubled counts entries that more than one service stands for.
	Doubled int `json:"doubled"`
	// NotReady counts ports that exist and are not provisioned; Broken those that
	// were FAILED, SLEEP or ON_HOLD before the run, and that no run waits for.
	NotReady int `json:"notReady"`
	Broken   int `json:"broken"`
	// LOAs counts the LOAs on disk, LOAsNew those fetched in this run,
	// LOAsMissing those of existing ports that could not be had, LOAsRefused those
	// that Megaport refused for good before this run.
	LOAs        int `json:"loas"`
	LOAsNew     int `json:"loasNew"`
	LOAsMissing int `json:"loasMissing"`
	LOAsRefused int `json:"loasRefused"`
	// CrossConnects counts provisioned ports whose cross connect Megaport has yet to
	// bring: they are not LIVE.
	CrossConnects int `json:"crossConnectsPending"`
}

// fold sums the actions up and settles the exit code; waited says whether the
// run waited for provisioning.
func (r *Result) fold(waited bool) {
	r.Totals, r.Summary = plan.Totals{}, ResultSummary{}
	for _, a := range r.Actions {
		r.Summary.add(a)
		if a.Price != nil && (a.Outcome == Bought || a.Outcome == Updated) {
			r.Totals.Add(*a.Price)
		}
	}
	misfits := 0
	for _, f := range r.Audit {
		switch f.Kind {
		case auditSecond:
			r.Summary.Doubled++
		case auditRewritten: // worth knowing, and nothing is wrong
		default:
			misfits++
		}
	}
	r.ExitCode = r.Summary.exitCode(waited, misfits)
}

func (s *ResultSummary) add(a ActionResult) {
	counters := map[Outcome]*int{
		Bought: &s.Bought, Updated: &s.Updated, Cancelled: &s.Cancelled, Existing: &s.Existing, Queued: &s.Queued,
		Unknown: &s.Unknown, Refused: &s.NotDone, NotProcessed: &s.NotDone, NotSent: &s.NotDone, Failed: &s.NotDone,
	}
	if n := counters[a.Outcome]; n != nil {
		*n++
	}
	if a.Outcome == Bought && a.Error != nil {
		s.NotDone++ // bought, but a change that belongs to it failed
	}
	s.Services += len(a.New)
	for _, p := range a.Ports {
		if p.Ready && p.CrossConnect && p.Status != plan.StatusLive {
			s.CrossConnects++
		}
		switch {
		case p.Ready:
		case p.Known:
			s.Broken++
		default:
			s.NotReady++
		}
	}
	for _, l := range a.LOAs {
		switch {
		case l.Final && l.Known:
			s.LOAsRefused++
		case l.Known: // the port is broken, and counted as that
		case l.File == "":
			s.LOAsMissing++
		case l.Kept:
			s.LOAs++
		default:
			s.LOAs++
			s.LOAsNew++
		}
	}
}

// exitCode is the first that fits, the worst for the wallet first. A run that
// was told not to wait does not complain of what it did not wait for.
func (s ResultSummary) exitCode(waited bool, misfits int) int {
	switch {
	case s.Unknown > 0 || s.Doubled > 0:
		return ExitUnknown
	case s.NotDone > 0 || misfits > 0:
		return ExitPartly
	case s.Queued > 0, waited && (s.NotReady > 0 || s.LOAsMissing > 0):
		return ExitNotReady
	}
	return ExitDone
}

// Encode writes the result as indented JSON with a final newline.
func (r Result) Encode() ([]byte, error) {
	b, err := json.Marshal(r, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}
