package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/internal/weaken"
	"github.com/portctl/portctl/pkg/plan"
)

// clockSkew is how far the API's clock may be behind ours when a service is
// looked up by its date.
const clockSkew = 24 * time.Hour

// finding is what the account says about an open claim.
type finding struct {
	open ledger.Open
	// state is what the claim has become; that of open when nothing new is known.
	state ledger.State
	// uids are the services found to be the order's.
	uids []plan.ServiceUID
	// cause says how that is known.
	cause string
	// seen are services that were read one by one, because the listing lacks them.
	seen []plan.Service
}

// news says that there is something to record.
func (f finding) news() bool { return f.state != f.open.State }

// claim is the claim as planning sees it, unless the account settles it.
func (f finding) claim() (plan.Claim, bool) {
	if f.state.Closed() {
		return plan.Claim{}, false
	}
	c := plan.Claim{ID: f.open.ID, Name: f.open.Name, Order: f.open.Order, UIDs: f.open.UIDs, State: plan.Unconfirmed}
	switch f.state {
	case ledger.Bought:
		if len(f.seen) == len(f.open.UIDs) {
			return plan.Claim{}, false // every port can be read: the account shows them after all
		}
		c.State = plan.Ordered
	case ledger.Approval:
		c.State = plan.Queued
	}
	return c, true
}

// find looks for an open claim in the account. It always goes by the order that
// the claim stores, never by what an entry says today. Absence is evidence, not
// proof: what is not found stays open.
func find(ctx context.Context, r Reader, open ledger.Open, services []plan.Service, approvals Approvals) (finding, error) {
	switch open.State {
	case ledger.Bought:
		return findBought(ctx, r, open, services)
	case ledger.Approval:
		return findApproval(open, services, approvals), nil
	default:
		return findDoubtful(ctx, r, open, services, approvals)
	}
}

// findBought wants to see every UID that the API named. A service that the
// listing lacks is read by itself.
func findBought(ctx context.Context, r Reader, open ledger.Open, services []plan.Service) (finding, error) {
	f := finding{open: open, state: open.State}
	missing := slices.DeleteFunc(slices.Clone(open.UIDs), func(u plan.ServiceUID) bool {
		return slices.ContainsFunc(services, func(s plan.Service) bool { return s.UID == u })
	})
	if len(missing) == 0 {
		f.state, f.uids, f.cause = ledger.Delivered, open.UIDs, "the account lists every service of the order"
		return f, nil
	}
	for _, uid := range missing {
		s, found, err := r.Service(ctx, uid)
		if err != nil {
			return f, err
		}
		if found {
			f.seen = append(f.seen, s)
			f.cause = fmt.Sprintf("the account has service %s of it", uid)
		}
	}
	if listed := len(open.UIDs) - len(missing); listed+len(f.seen) < len(open.UIDs) {
		f.seen = nil
	} else {
		for _, s := range services {
			if slices.Contains(open.UIDs, s.UID) {
				f.seen = append(f.seen, s)
			}
		}
	}
	return f, nil
}

// findApproval follows an order through its approval.
func findApproval(open ledger.Open, services []plan.Service, approvals Approvals) finding {
	f := finding{open: open, state: open.State}
	if uids := newOfName(open, services); len(uids) == open.Order.Members() {
		f.state, f.uids, f.cause = ledger.Delivered, uids, "approved, and found by its name"
		return f
	}
	if a, ok := approvalOf(open, approvals); ok {
		f.cause = "the approval is " + a.Status
		if a.refused() && slices.Contains(a.Texts, open.ID) { // by its name alone it could be another's
			f.state = ledger.Rejected
		}
	}
	return f
}

// findDoubtful looks for the services of an order without a usable answer: by
// name, then by the order tag, then among the approvals.
func findDoubtful(ctx context.Context, r Reader, open ledger.Open, services []plan.Service, approvals Approvals) (finding, error) {
	f := finding{open: open, state: open.State}
	want := open.Order.Members()
	named := newOfName(open, services)
	if len(named) == want {
		f.state, f.uids, f.cause = ledger.Delivered, named, "found by its name"
		return f, nil
	}
	tagged, err := taggedBy(ctx, r, open, services)
	if err != nil {
		return f, err
	}
	switch {
	case len(tagged) == want:
		f.state, f.uids, f.cause = ledger.Delivered, tagged, "found by its order tag"
	case len(tagged)+len(named) > 0:
		f.cause = fmt.Sprintf("%d of %d services found", max(len(tagged), len(named)), want)
	default:
		a, ok := approvalOf(open, approvals)
		switch {
		case ok && a.Status == "PENDING":
			f.state, f.cause = ledger.Approval, "it waits for an approval"
		case ok && a.Status == "APPROVED":
			f.state, f.cause = ledger.Approval, "it is approved, and not listed yet"
		}
	}
	return f, nil
}

// newOfName lists the services of the claim's name, terminated ones too, that
// were not there before the claim.
func newOfName(open ledger.Open, services []plan.Service) []plan.ServiceUID {
	var uids []plan.ServiceUID
	if weaken.Off(weaken.Name) {
		return nil
	}
	for _, s := range services {
		if plan.FoldName(s.Name) == plan.FoldName(open.Name) && couldBe(open, s) {
			uids = append(uids, s.UID)
		}
	}
	slices.Sort(uids)
	return uids
}

// taggedBy lists the services that carry the claim's id, among those that could
// be the order's by place, speed and age. A tag that can not be read is an
// error: it must not pass for absence.
func taggedBy(ctx context.Context, r Reader, open ledger.Open, services []plan.Service) ([]plan.ServiceUID, error) {
	var uids []plan.ServiceUID
	if weaken.Off(weaken.Tag) {
		return nil, nil
	}
	for _, s := range services {
		if !couldBe(open, s) {
			continue
		}
		tags, err := r.Tags(ctx, s.UID)
		if err != nil {
			return nil, fmt.Errorf("looking for order %s of %q: the tags of service %s can not be read: %w", open.ID, open.Name, s.UID, err)
		}
		if tags[plan.TagOrder] == open.ID {
			uids = append(uids, s.UID)
		}
	}
	slices.Sort(uids)
	return uids, nil
}

// couldBe says that a service may be the order's, by place, speed and age, and
// was not there before the claim.
func couldBe(open ledger.Open, s plan.Service) bool {
	young := s.CreatedAt.IsZero() || !s.CreatedAt.Before(open.Time.Add(-clockSkew))
	return young && s.Location == open.Order.Location && s.Speed == open.Order.Speed && !slices.Contains(open.Listed, s.UID)
}

// approvalOf finds the approval of a claim: by its id, or else one of a new order
// by its name, a pending one first.
func approvalOf(open ledger.Open, approvals Approvals) (Approval, bool) {
	for _, a := range approvals.List {
		if slices.Contains(a.Texts, open.ID) {
			return a, true
		}
	}
	var found Approval
	for _, a := range approvals.List {
		if a.orders(open.Name) && (found.Status == "" || a.pending()) {
			found = a
		}
	}
	return found, found.Status != ""
}

// orders says that an approval is about the order of a port of that name.
func (a Approval) orders(name string) bool {
	return (a.Type == "" || a.Type == "NEW_ORDER") && slices.ContainsFunc(a.Texts, func(t string) bool { return plan.FoldName(t) == plan.FoldName(name) })
}

func (a Approval) pending() bool { return a.Status == "PENDING" }

func (a Approval) refused() bool {
	return slices.Contains([]string{"REJECTED", "WITHDRAWN", "EXPIRED", "FAILED"}, a.Status)
}

// foreignOrders are the pending orders of entries, made by somebody else or by
// hand: they count as existing (there is no claim of ours to follow them by).
func foreignOrders(ports []plan.Port, services []plan.Service, claims []ledger.Open, approvals Approvals) []plan.Claim {
	taken := map[string]bool{}
	for _, s := range services {
		taken[plan.FoldName(s.Name)] = taken[plan.FoldName(s.Name)] || !s.Status.Terminated()
	}
	for _, c := range claims {
		taken[plan.FoldName(c.Name)] = true
	}
	var out []plan.Claim
	for _, p := range ports {
		if p.Absent || p.UID != "" || taken[plan.FoldName(p.Name)] {
			continue
		}
		if slices.ContainsFunc(approvals.List, func(a Approval) bool { return a.pending() && a.orders(p.Name) }) {
			out = append(out, plan.Claim{ID: "approval of " + p.Name, Name: p.Name, State: plan.Queued, Order: plan.Order{Name: p.Name, Location: p.Site.ID, Speed: p.Speed}})
		}
	}
	return out
}
