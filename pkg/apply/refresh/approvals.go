package refresh

import (
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

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

// before lists the approvals that could be taken for that of an order and that are
// there before it; nil when they are not known: who may not see them (403) does not
// know either, as the right to do so may come.
func (a Approvals) before(o plan.Order, x approvalIndex) []string {
	if a.Unknown != "" || a.Absent {
		return nil
	}
	uids := []string{}
	for _, i := range x.byText[plan.FoldName(o.Name)] {
		if a := a.List[i]; a.orders(o.Name, o.Location, o.Speed) {
			uids = append(uids, a.UID)
		}
	}
	return uids
}

// approvalOf finds the approval of a claim: by its id, or else by time, place, speed
// and name, a pending one first.
func (l *Lookup) approvalOf(open ledger.Open) (Approval, bool) {
	var found Approval
	if open.ID == "" { // the claim cannot be read
		return found, false
	}
	x := l.approvals()
	for _, i := range x.byText[open.ID] {
		if a := l.Approvals.List[i]; slices.Contains(a.Texts, open.ID) {
			return a, true
		}
	}
	for _, i := range x.byText[plan.FoldName(open.Name)] {
		if a := l.Approvals.List[i]; a.of(open) && (found.Status == "" || a.pending()) {
			found = a
		}
	}
	return found, found.Status != ""
}

// of says that an approval can be that of a claim.
func (a Approval) of(open ledger.Open) bool {
	if open.Approvals != nil && slices.Contains(open.Approvals, a.UID) {
		return false // it existed before the order
	}
	return (open.Approvals != nil || a.since(open)) && a.orders(open.Name, open.Order.Location, open.Order.Speed)
}

// since says that an approval may be younger than a claim, for all that clocks tell.
func (a Approval) since(open ledger.Open) bool {
	return a.CreatedAt.IsZero() || open.FromTheFuture() || !a.CreatedAt.Before(open.Time.Add(-time.Minute))
}

// at says that an approval may be about a new port at a location.
func (a Approval) at(location plan.LocationID, speed plan.Speed) bool {
	return (a.Type == "" || a.Type == "NEW_ORDER") &&
		(a.Location == 0 || location == 0 || a.Location == location) && (a.Speed == 0 || a.Speed == speed)
}

// hiddenApproval finds an approval, pending or given, of an order at the place of a claim
// that is not known to be another's: the API may not show names and tags as they were
// ordered.
func (l *Lookup) hiddenApproval(open ledger.Open) (Approval, bool) {
	for _, i := range l.approvals().open {
		if a := l.Approvals.List[i]; !slices.Contains(open.Approvals, a.UID) && a.since(open) && a.at(open.Order.Location, open.Order.Speed) && !l.explained(open, a) {
			return a, true
		}
	}
	return Approval{}, false
}

// explained says that an approval is that of another claim or entry.
func (l *Lookup) explained(open ledger.Open, a Approval) bool {
	return slices.ContainsFunc(a.Texts, func(t string) bool {
		return l.namedElse(open, t) || l.others(open, l.of().byID[t])
	})
}

// orders says that an approval is about the order of such a port.
func (a Approval) orders(name string, at plan.LocationID, speed plan.Speed) bool {
	return a.at(at, speed) &&
		slices.ContainsFunc(a.Texts, func(t string) bool { return plan.FoldName(t) == plan.FoldName(name) })
}

func (a Approval) pending() bool { return a.Status == "PENDING" }

func (a Approval) approved() bool { return a.Status == "APPROVED" }

func (a Approval) refused() bool {
	return slices.Contains([]string{"REJECTED", "WITHDRAWN", "EXPIRED", "FAILED"}, a.Status)
}

// foreignOrders are the pending orders of entries, made by somebody else or by
// hand: they count as existing (there is no claim of ours to follow them by).
func foreignOrders(ports []plan.Port, catalog plan.Catalog, services []plan.Service, claims []ledger.Open, approvals Approvals) []plan.Claim {
	if len(approvals.List) == 0 {
		return nil
	}
	named, taken := approvals.index().byText, map[string]bool{}
	for i := range services {
		if s := &services[i]; !s.Status.Terminated() {
			taken[plan.FoldName(s.Name)] = true
		}
	}
	for _, c := range claims {
		taken[plan.FoldName(c.Name)] = true
	}
	var out []plan.Claim
	for _, p := range ports {
		name := plan.FoldName(p.Name)
		if p.Absent || p.UID != "" || taken[name] || named[name] == nil {
			continue
		}
		at := p.Site.ID
		if match, err := catalog.Resolve(p.Site); err == nil {
			at = match.Location.ID
		}
		if slices.ContainsFunc(named[name], func(i int) bool { a := approvals.List[i]; return a.pending() && a.orders(p.Name, at, p.Speed) }) {
			out = append(out, plan.Claim{
				ID: "approval of " + p.Name, Name: p.Name, State: plan.OrderQueued, Hash: plan.NameHash(p.Name),
				Order: plan.Order{Name: p.Name, Location: at, Speed: p.Speed},
			})
		}
	}
	return out
}
