package apply

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// Status is how far the ports of an inventory are, as one look at the account
// showed it.
type Status struct {
	FormatVersion string    `json:"formatVersion"`
	Tool          string    `json:"tool"`
	TakenAt       time.Time `json:"takenAt"`
	Environment   string    `json:"environment"`
	// Ports has one row per port, in the plan's order: each member of a LAG has
	// its own, and so has an entry that nothing stands for.
	Ports    []PortStatus  `json:"ports"`
	Summary  StatusSummary `json:"summary"`
	ExitCode int           `json:"exitCode"`

	services  []plan.Service
	catalog   plan.Catalog
	purchases map[plan.ServiceUID]ledger.Purchase
	byUID     map[plan.ServiceUID]*plan.Service
	claims    map[string]plan.OrderState // of the open claims, by folded name
}

// StatusSummary counts ports.
type StatusSummary struct {
	// Ports counts all of them, Ready those that are provisioned.
	Ports int `json:"ports"`
	Ready int `json:"ready"`
	// NotReady counts ports that exist and are not provisioned, NotOrdered those
	// that are wanted and do not exist, Unconfirmed those of unconfirmed orders.
	NotReady    int `json:"notReady"`
	NotOrdered  int `json:"notOrdered"`
	Unconfirmed int `json:"unconfirmed"`
	// LOAs counts the LOAs on disk, LOAsMissing those of ready ports that are
	// not there, LOAsOld those that should be renewed.
	LOAs        int `json:"loas"`
	LOAsMissing int `json:"loasMissing"`
	LOAsOld     int `json:"loasOld"`
	// LOAsRefused counts those that Megaport refused for good.
	LOAsRefused int `json:"loasRefused"`
	// CrossConnects counts ready ports whose cross connect Megaport has yet to bring.
	CrossConnects int `json:"crossConnectsPending"`
	// Dark counts ports that cost money and are not LIVE: nothing is connected yet.
	Dark int `json:"dark"`
}

// StatusVersion is the version of the status document: major.minor.
const StatusVersion = "1.0"

// PortStatus is how far one port is.
type PortStatus struct {
	// Name is the entry's, and Member counts the ports of a LAG from 1; 0 is a
	// single port.
	Name   string `json:"name"`
	Member int    `json:"member,omitzero"`
	// State is ready, waiting, failed, missing, unconfirmed, approval, blocked,
	// leaving or gone.
	State PortState `json:"state"`
	// UID and Status are empty while nothing stands for the entry.
	UID    plan.ServiceUID `json:"uid"`
	Status plan.Status     `json:"status"`
	Place  *plan.Place     `json:"location"`
	// Speed is in Mbps, Term in months.
	Speed plan.Speed `json:"speedMbps"`
	Zone  plan.Zone  `json:"diversityZone"`
	Term  int        `json:"termMonths"`
	// CreatedAt is when it was ordered, ContractEnd the last day of the term as
	// year-month-day; empty while the API has not filled them in.
	CreatedAt   time.Time `json:"createdAt,omitzero"`
	ContractEnd string    `json:"contractEnd,omitzero"`
	// LiveAt is when it became LIVE. BilledFrom is the first day that is billed, as
	// year-month-day (UTC): at the latest, as long as the port is not LIVE and
	// BilledLatest says so.
	LiveAt       time.Time `json:"liveAt,omitzero"`
	BilledFrom   string    `json:"billedFrom,omitzero"`
	BilledLatest bool      `json:"billedLatest,omitzero"`
	// Demarcation is the data centre's name for the hand-off, as on the LOA.
	Demarcation string `json:"demarcation,omitzero"`
	// CostCentre is that of the service.
	CostCentre string `json:"costCentre,omitzero"`
	// Purchase is what it was bought with; nil when the ledger does not know.
	Purchase *ledger.Purchase `json:"purchase,omitzero"`
	// NewPrice is the list price of one new port like it today, with its cross connect;
	// nil when it was not asked for, or is not sold any more.
	NewPrice *plan.Price `json:"newPrice,omitzero"`
	// Claim is the state of the open claim of the entry, if there is one.
	Claim plan.OrderState `json:"claim,omitzero"`
	// Note says what is in the way; empty when nothing is.
	Note string `json:"note,omitzero"`
	// LOA is nil when LOAs were not looked at.
	LOA *LOAState `json:"loa"`
	// Handover is what was noted of it since; nil when nothing was.
	Handover *HandoverState `json:"handover,omitzero"`
	// Stage is how far it is on the way from order to light.
	Stage Stage `json:"stage,omitzero"`
}

// CrossConnect says that Megaport orders the cross connect of the port: nobody hands an
// LOA over.
func (p PortStatus) CrossConnect() bool { return p.Purchase != nil && p.Purchase.CrossConnect }

// HandoverState is what was noted of a port after its order.
type HandoverState struct {
	// SentAt is when its LOA was sent to the data centre last; zero when it was not.
	SentAt time.Time `json:"sentAt,omitzero"`
	// SendAgain says that the LOA on disk is another one than was sent.
	SendAgain bool `json:"sendAgain,omitzero"`
	// Order is the data centre's number of the cross connect, empty when it is not
	// ordered, and OrderedAt when that was noted.
	Order     string    `json:"order,omitzero"`
	OrderedAt time.Time `json:"orderedAt,omitzero"`
}

// Stage is how far a port is on the way from order to light.
type Stage string

// The stages, each after the one before.
const (
	StageOrdered     Stage = "ordered"
	StageProvisioned Stage = "provisioned"
	StageLOA         Stage = "loa"
	StageHandedOver  Stage = "handed-over"
	StageConnecting  Stage = "cross-connect-ordered"
	StageLive        Stage = "live"
)

// stage is the last one that the port has reached.
func (p PortStatus) stage() Stage {
	switch {
	case p.UID == "" || p.Status.Terminated() || p.Status == "":
		return ""
	case p.Status == plan.StatusLive:
		return StageLive
	case p.Status.Ready() && p.CrossConnect(), p.Handover != nil && p.Handover.Order != "":
		return StageConnecting
	case p.Handover != nil && !p.Handover.SentAt.IsZero() && !p.Handover.SendAgain:
		return StageHandedOver
	case p.LOA != nil && p.LOA.File != "":
		return StageLOA
	case p.Status.Ready():
		return StageProvisioned
	}
	return StageOrdered
}

// lookAtHandovers adds what was noted of the ports.
func (s *Status) lookAtHandovers(ctx context.Context, l *ledger.Ledger, hashes map[plan.ServiceUID]string) error {
	notes, err := l.Handovers(ctx)
	if err != nil {
		return err
	}
	for i, p := range s.Ports {
		if len(notes[p.UID]) > 0 {
			s.Ports[i].Handover = handoverOf(notes[p.UID], hashes[p.UID])
		}
	}
	return nil
}

// handoverOf sums up the notes of a port, the oldest first, of which the last of a kind
// counts. loa is the hash of its LOA on disk; empty when there is none.
func handoverOf(notes []ledger.Handover, loa string) *HandoverState {
	h := &HandoverState{}
	for _, n := range notes {
		if n.Order != "" {
			h.Order, h.OrderedAt = n.Order, n.Time
		} else {
			h.SentAt, h.SendAgain = n.Time, loa != "" && n.LOA != loa
		}
	}
	return h
}

// DaysToCharges is how many days are left before the port costs money, and whether that
// is known.
func (p PortStatus) DaysToCharges(now time.Time) (days int, known bool) {
	from, err := time.Parse(time.DateOnly, p.BilledFrom)
	if err != nil {
		return 0, false
	}
	return plan.Charges{From: from}.DaysLeft(now), true
}

// Dark says that the port costs money and is not LIVE.
func (p PortStatus) Dark(now time.Time) bool {
	days, known := p.DaysToCharges(now)
	return known && days <= 0 && p.Status != plan.StatusLive && !p.Status.Terminated()
}

// PortState is how far a port is, in a word.
type PortState string

// The states of a port.
const (
	// PortReady: provisioned.
	PortReady PortState = "ready"
	// PortWaiting: ordered, and on its way.
	PortWaiting PortState = "waiting"
	// PortFailed: it exists and will not be ready by itself.
	PortFailed PortState = "failed"
	// PortMissing: it is wanted and not ordered.
	PortMissing PortState = "missing"
	// PortUnconfirmed: an order of it is unconfirmed.
	PortUnconfirmed PortState = "unconfirmed"
	// PortApproval: its order waits for an approval within the company.
	PortApproval PortState = "approval"
	// PortBlocked: it is wanted, and something about the entry is in the way.
	PortBlocked PortState = "blocked"
	// PortLeaving: the entry says absent, and it is not cancelled yet.
	PortLeaving PortState = "leaving"
	// PortGone: the entry says absent, and it is.
	PortGone PortState = "gone"
)

// LOAState is how far the LOA of a port is.
type LOAState struct {
	// File is its path; empty when it is not there.
	File string `json:"file"`
	// FetchedAt is its date of issue.
	FetchedAt time.Time `json:"fetchedAt,omitzero"`
	// Old says that it should be renewed.
	Old bool `json:"old"`
	// Refused says that Megaport refused it for good; empty when it did not.
	Refused string `json:"refused,omitzero"`
}

// StatusOptions say what is looked at.
type StatusOptions struct {
	// Ledger is where open claims are read; nil reads none.
	Ledger *ledger.Ledger
	// LOAs is the folder of the LOAs; nil looks at none.
	LOAs *loa.Folder
	// Only keeps to entries of these names or globs; empty keeps all.
	Only []string
	// Parallelism is the number of requests at one time; 0 means 16.
	Parallelism int
	// Handovers says that what was noted of ports after their order is read from the
	// ledger.
	Handovers bool
	// SameAccount is as in refresh.Options.
	SameAccount bool
}

// ReadStatus looks at locations, account, ledger and LOAs. It changes nothing
// and validates no order.
func ReadStatus(ctx context.Context, r refresh.Reader, desired plan.Desired, o StatusOptions) (Status, error) {
	p, err := refresh.ReadUnpriced(ctx, r, desired, refresh.Options{
		Ledger: o.Ledger, Parallelism: o.Parallelism, Selection: plan.Selection{Only: o.Only}, SameAccount: o.SameAccount,
	})
	if err != nil {
		return Status{}, err
	}
	s := unfolded(p)
	hashes := map[plan.ServiceUID]string{}
	if o.LOAs != nil {
		if err := s.lookAtLOAs(o.LOAs, hashes); err != nil {
			return Status{}, err
		}
	}
	if o.Handovers && o.Ledger != nil {
		if err := s.lookAtHandovers(ctx, o.Ledger, hashes); err != nil {
			return Status{}, err
		}
	}
	s.fold()
	return s, nil
}

// StatusOf is how far the ports of a plan are, by what it was made from: without LOAs and
// what was noted of hand-overs.
func StatusOf(p refresh.PricedPlan) Status {
	s := unfolded(p)
	s.fold()
	return s
}

// unfolded has a row for each port, and no sums yet.
func unfolded(p refresh.PricedPlan) Status {
	s := Status{FormatVersion: StatusVersion, TakenAt: time.Now().UTC(), Ports: make([]PortStatus, 0, len(p.Plan.Actions)), services: p.Observed.Services, catalog: p.Catalog, purchases: p.Purchases}
	s.index(p.Claims.Open)
	for _, a := range p.Plan.Actions {
		if a.Kind != plan.Excluded {
			s.Ports = s.rows(s.Ports, a)
		}
	}
	return s
}

// Location is a location as the API listed it when the status was taken.
func (s Status) Location(id plan.LocationID) (plan.Location, bool) { return s.catalog.ByID(id) }

// index prepares to find services by UID and claims by name.
func (s *Status) index(open []ledger.Open) {
	s.byUID, s.claims = make(map[plan.ServiceUID]*plan.Service, len(s.services)), make(map[string]plan.OrderState, len(open))
	for i := range s.services {
		s.byUID[s.services[i].UID] = &s.services[i]
	}
	for _, c := range slices.Backward(open) { // so that the first of a name stays
		s.claims[plan.FoldName(c.Name)] = c.State
	}
}

// rows adds the rows of one entry.
func (s *Status) rows(rows []PortStatus, a plan.Action) []PortStatus {
	before := len(rows)
	row := PortStatus{Name: a.Name, Place: a.Location, Speed: a.Wanted.Speed, Zone: a.Wanted.Zone, Term: a.Wanted.Term, State: stateOf(a)}
	row.Claim = s.claims[plan.FoldName(a.Name)]
	if a.Reason.Code != plan.ReasonNew {
		row.Note = a.Reason.Text
	}
	if a.Service != nil {
		for n, uid := range a.Service.Members {
			rows = append(rows, s.member(row, a, n, uid))
		}
	}
	if a.Service == nil || a.Kind == plan.Grow { // what is not there yet
		for n := len(rows) - before; n < max(1, a.Wanted.LAG); n++ {
			if a.Kind == plan.Grow {
				row.State = PortMissing
			}
			if a.Wanted.LAG > 0 {
				row.Member = n + 1
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// member is the row of the nth service of an entry, from 0.
func (s *Status) member(row PortStatus, a plan.Action, n int, uid plan.ServiceUID) PortStatus {
	row.UID = uid
	if a.Wanted.LAG > 0 {
		row.Member = n + 1
	}
	if p, known := s.purchases[uid]; known {
		row.Purchase = &p
	}
	x, listed := s.byUID[uid]
	if !listed {
		return row
	}
	row.Status, row.Speed, row.Zone, row.Term, row.CreatedAt = x.Status, x.Speed, cmp.Or(x.Zone, row.Zone), x.Term, x.CreatedAt
	if !x.ContractEnd.IsZero() {
		row.ContractEnd = x.ContractEnd.UTC().Format(time.DateOnly)
	}
	row.LiveAt, row.CostCentre, row.Demarcation = x.LiveAt, x.CostCentre, x.Demarcation
	if charges := x.Charges(); !charges.From.IsZero() {
		row.BilledFrom, row.BilledLatest = charges.From.Format(time.DateOnly), charges.Latest
	}
	if row.State == PortUnconfirmed || row.State == PortLeaving {
		return row
	}
	if a.Kind != plan.Blocked {
		row.Note = ""
	}
	switch {
	case x.Status.Ready():
		row.State = PortReady
	case x.Status.Unhealthy(), x.Status.Terminated():
		row.State = PortFailed
	default:
		row.State = PortWaiting
	}
	return row
}

// stateOf is the state of an entry as long as no service says more.
func stateOf(a plan.Action) PortState {
	switch {
	case a.Kind == plan.Unknown:
		return PortUnconfirmed
	case a.Reason.Code == plan.ReasonApproval:
		return PortApproval
	case a.Reason.Code == plan.ReasonGone:
		return PortGone
	case a.Wanted.Absent:
		return PortLeaving
	case a.Kind == plan.Blocked:
		return PortBlocked
	case a.Service != nil:
		return PortWaiting
	}
	return PortMissing
}

func (s *Status) lookAtLOAs(f *loa.Folder, hashes map[plan.ServiceUID]string) error {
	kept, err := f.Kept()
	if err != nil {
		return err
	}
	refused := f.Refusals()
	for i, p := range s.Ports {
		state := &LOAState{}
		if row, ok := kept[p.UID]; ok {
			hashes[p.UID] = row.SHA256
			*state = LOAState{File: f.Path(row), FetchedAt: row.FetchedAt, Old: row.Old(s.TakenAt)}
		} else if r, ok := refused[p.UID]; ok && r.Final {
			state.Refused = r.Why()
		}
		s.Ports[i].LOA = state
	}
	return nil
}

// fold says how far each port is, counts and settles the exit code.
func (s *Status) fold() {
	for i, p := range s.Ports {
		s.Ports[i].Stage = p.stage()
	}
	sum := &s.Summary
	counters := map[PortState]*int{
		PortReady: &sum.Ready, PortWaiting: &sum.NotReady, PortFailed: &sum.NotReady, PortApproval: &sum.NotReady,
		PortMissing: &sum.NotOrdered, PortBlocked: &sum.NotOrdered, PortUnconfirmed: &sum.Unconfirmed,
	}
	for _, p := range s.Ports {
		if p.State == PortGone || p.State == PortLeaving {
			continue
		}
		sum.Ports++
		if p.Dark(s.TakenAt) {
			sum.Dark++
		}
		if p.CrossConnect() && p.Status == plan.StatusConfigured {
			sum.CrossConnects++
		}
		*counters[p.State]++
		switch {
		case p.LOA == nil:
		case p.LOA.File != "":
			sum.LOAs++
			if p.LOA.Old {
				sum.LOAsOld++
			}
		case p.LOA.Refused != "":
			sum.LOAsRefused++
		case p.State == PortReady && !p.CrossConnect():
			sum.LOAsMissing++
		}
	}
	switch {
	case sum.Unconfirmed > 0:
		s.ExitCode = ExitUnknown
	case sum.NotReady+sum.NotOrdered+sum.LOAsMissing > 0:
		s.ExitCode = ExitNotReady
	}
}
