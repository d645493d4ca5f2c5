package apply

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/internal/weaken"
	"github.com/portctl/portctl/pkg/plan"
)

// clockSkew is how far the API's clock may be behind that of a claim when a
// service is taken for the order's by its name alone.
const clockSkew = 24 * time.Hour

// lookup is one look at the account for orders that are not closed. It goes by the
// orders that the claims store, never by what an entry says today. Absence is
// evidence, not proof: what is not found stays open.
type lookup struct {
	reader    Reader
	services  []plan.Service
	byUID     map[plan.ServiceUID]plan.Service
	approvals Approvals
	// untyped are products of the listing that may be ports.
	untyped []plan.Untyped
	// claims are all open claims, entries the folded names of the inventory's: a
	// service that bears one of these names is theirs.
	claims  []ledger.Open
	entries map[string]bool
	// aside are services that the inventory says are something else: their tags need
	// not be readable.
	aside map[plan.ServiceUID]bool
	// begun is when the listing was asked for.
	begun time.Time
	// recheck is how long after an order was turned away a listing must begin to
	// show that it was not carried out.
	recheck time.Duration
}

func newLookup(r Reader, listed plan.Observed, approvals Approvals, claims []ledger.Open, desired plan.Desired) *lookup {
	l := &lookup{
		reader: r, services: listed.Services, untyped: listed.Untyped, byUID: map[plan.ServiceUID]plan.Service{}, approvals: approvals, claims: claims,
		entries: map[string]bool{}, aside: map[plan.ServiceUID]bool{},
	}
	unmanaged := map[string]bool{}
	for _, name := range desired.Unmanaged {
		unmanaged[plan.FoldName(name)] = true
	}
	for _, p := range desired.Ports {
		l.entries[plan.FoldName(p.Name)] = true
		l.aside[p.UID] = true
	}
	for _, s := range listed.Services {
		l.byUID[s.UID] = s
		if unmanaged[plan.FoldName(s.Name)] || unmanaged[plan.FoldName(string(s.UID))] {
			l.aside[s.UID] = true
		}
	}
	return l
}

// finding is what a look at the account says about an open claim.
type finding struct {
	open ledger.Open
	// record is what to write down; without a State there is nothing new.
	record ledger.Record
	// seen are services that were read one by one, because the listing lacks them.
	seen []plan.Service
	// shown says that every service of the order can be seen and is the order's, so
	// that the services speak for themselves.
	shown bool
	// found are services that may be the order's, fewer or more than were ordered.
	found []plan.ServiceUID
	// evidence says what is known, for people.
	evidence string
	// trouble is what could not be looked at. It keeps the claim open.
	trouble error
	// split says that the ports of a LAG are in several LAGs: that stays so.
	split bool
	// rewritten says that a service was known by its place alone: it has another
	// name and no tags.
	rewritten bool
}

// news says that there is something to record.
func (f finding) news() bool { return f.record.State != "" }

// state is what the claim is, with what was found.
func (f finding) state() ledger.State {
	if f.news() {
		return f.record.State
	}
	return f.open.State
}

// uids are the services known to be the order's.
func (f finding) uids() []plan.ServiceUID {
	if f.news() && f.record.UIDs != nil {
		return f.record.UIDs
	}
	return f.open.UIDs
}

func (f finding) become(s ledger.State, uids []plan.ServiceUID, format string, args ...any) finding {
	f.evidence = fmt.Sprintf(format, args...)
	f.record = ledger.Record{State: s, UIDs: uids, Lookup: true, Cause: f.evidence}
	return f
}

// claimStates is how planning sees the states of open claims.
var claimStates = map[ledger.State]plan.ClaimState{
	ledger.Bought: plan.Ordered, ledger.Approval: plan.Queued, ledger.TurnedAway: plan.TurnedAway,
	ledger.Rejected: plan.Rejected, ledger.Damaged: plan.Damaged,
}

// claim is the claim as planning sees it, unless the account closes it.
func (f finding) claim() (plan.Claim, bool) {
	if f.state().Closed() || f.shown {
		return plan.Claim{}, false
	}
	c := plan.Claim{
		ID: f.open.ID, Name: f.open.Name, Order: f.open.Order, UIDs: f.uids(), Found: f.found,
		State: plan.Unconfirmed, Evidence: f.evidence, Key: f.open.Key, Hash: f.open.Hash(),
	}
	if s, known := claimStates[f.state()]; known {
		c.State = s
	}
	if f.trouble != nil {
		c.Evidence = strings.TrimPrefix(c.Evidence+"; "+f.trouble.Error(), "; ")
	}
	return c, true
}

// find looks for an open claim in the account.
func (l *lookup) find(ctx context.Context, open ledger.Open) finding {
	switch {
	case open.State.Closed(): // whoever closed it was interrupted before it was marked so
		last := open.Records[len(open.Records)-1]
		return finding{open: open, record: last, evidence: last.Cause}
	case open.State == ledger.Damaged:
		return finding{open: open, evidence: open.Trouble}
	case open.State == ledger.Bought:
		return l.findBought(ctx, open)
	default:
		return l.findUnconfirmed(ctx, open)
	}
}

// findBought holds the services that the answer named against the account: they are
// candidates until it shows them.
func (l *lookup) findBought(ctx context.Context, open ledger.Open) finding {
	f := finding{open: open}
	listed := 0
	var services []plan.Service
	var refuted []plan.ServiceUID
	for _, uid := range open.UIDs {
		s, there := l.byUID[uid]
		if there {
			listed++
		} else if s, there = l.read(ctx, &f, uid); there {
			f.seen = append(f.seen, s)
		}
		if !there {
			continue
		}
		v := l.verify(ctx, open, s)
		switch {
		case v.trouble != nil && s.Status.Terminated(): // whatever it was, nothing of it lives
		case v.trouble != nil:
			f.trouble = v.trouble
		case v.against != "":
			refuted, f.evidence = append(refuted, uid), v.against
		default:
			services, f.rewritten = append(services, s), f.rewritten || v.rewritten
		}
	}
	switch {
	case len(refuted) > 0:
		f = f.become(ledger.Unknown, nil, "%s", f.evidence)
		f.record.Refuted = refuted
		return f
	case len(services) < open.Order.Members():
		return f
	}
	if conflict, late := lagOf(open.Order, services); conflict != "" || late {
		f.evidence, f.split = conflict, conflict != ""
		return f
	}
	if listed < open.Order.Members() {
		f.shown = true
		return f
	}
	return f.become(ledger.Delivered, open.UIDs, "the account lists every service of the order")
}

// read reads a service that the listing lacks.
func (l *lookup) read(ctx context.Context, f *finding, uid plan.ServiceUID) (plan.Service, bool) {
	s, found, err := l.reader.Service(ctx, uid)
	if err != nil {
		f.trouble = fmt.Errorf("service %s cannot be read: %w", uid, err)
	}
	return s, found && err == nil
}

// verdict is what speaks for or against a service being an order's.
type verdict struct {
	against   string // why it is not; empty when nothing says so
	trouble   error  // why it cannot be told
	rewritten bool   // only place, speed and age speak for it
}

// verify holds a service that an answer named against the order.
func (l *lookup) verify(ctx context.Context, open ledger.Open, s plan.Service) verdict {
	switch {
	case slices.Contains(open.Listed, s.UID):
		return verdict{against: fmt.Sprintf("the answer named service %s, which existed before the order", s.UID)}
	case !placed(open, s):
		return verdict{against: fmt.Sprintf("the answer named service %s, which is a %s port at location %d; ordered was %s at location %d", s.UID, s.Speed, s.Location, open.Order.Speed, open.Order.Location)}
	case plan.FoldName(s.Name) == plan.FoldName(open.Name):
		return verdict{}
	}
	tags, err := l.reader.Tags(ctx, s.UID)
	if err != nil {
		return verdict{trouble: fmt.Errorf("service %s is named %q, and its tags cannot be read: %w", s.UID, s.Name, err)}
	}
	switch tag := tags[plan.TagOrder]; {
	case tag == open.ID:
		return verdict{}
	case tag != "":
		return verdict{against: fmt.Sprintf("the answer named service %s (%q), which is that of another order", s.UID, s.Name)}
	case l.elses(open, s):
		return verdict{against: fmt.Sprintf("the answer named service %s, which has the name of another order or entry (%q)", s.UID, s.Name)}
	case !young(open, s):
		return verdict{trouble: fmt.Errorf("service %s is named %q and is older than the order", s.UID, s.Name)}
	}
	return verdict{rewritten: true}
}

// elses says that a service has the name of another order or entry, or that the
// answer to another order named it as well.
func (l *lookup) elses(open ledger.Open, s plan.Service) bool {
	return l.namedElse(open, s) || slices.ContainsFunc(l.claims, func(c ledger.Open) bool {
		return c.ID != open.ID && slices.Contains(c.UIDs, s.UID)
	})
}

// namedElse says that a service has the name of another order or entry.
func (l *lookup) namedElse(open ledger.Open, s plan.Service) bool {
	name := plan.FoldName(s.Name)
	return l.entries[name] || slices.ContainsFunc(l.claims, func(c ledger.Open) bool {
		return c.ID != open.ID && plan.FoldName(c.Name) == name
	})
}

// lagOf checks that services are one LAG, and that of the order when it is a
// growth; late says that the account does not show that yet.
func lagOf(o plan.Order, services []plan.Service) (conflict string, late bool) {
	if o.LAGPorts == 0 {
		return "", false
	}
	id := o.AggregationID
	for _, s := range services {
		switch {
		case s.AggregationID == 0:
			late = true
		case id == 0:
			id = s.AggregationID
		case id != s.AggregationID:
			return fmt.Sprintf("service %s is in LAG %d and not in LAG %d: the API made another LAG of it", s.UID, s.AggregationID, id), late
		}
	}
	return "", late
}

// findUnconfirmed looks for the services of an order without a usable answer: by
// name, then by the order tag, then among the approvals.
func (l *lookup) findUnconfirmed(ctx context.Context, open ledger.Open) finding {
	f := finding{open: open}
	want := open.Order.Members()
	named := l.newOfName(open)
	if len(named) == want {
		return l.found(f, named, "found by its name")
	}
	tagged, trouble := l.taggedBy(ctx, open)
	f.trouble = trouble
	if len(tagged) == want {
		return l.found(f, tagged, "found by its order tag")
	}
	for _, s := range slices.Concat(named, tagged) {
		if !slices.Contains(f.found, s.UID) {
			f.found = append(f.found, s.UID)
		}
	}
	slices.Sort(f.found)
	if len(f.found) > 0 {
		f.evidence = fmt.Sprintf("%d of %d services found", len(f.found), want)
		return f
	}
	return l.findApproval(ctx, f)
}

// found is the finding of all services of an order. The members of a LAG must be
// one in the account before the claim is closed.
func (l *lookup) found(f finding, services []plan.Service, cause string) finding {
	uids := uidsOf(services)
	conflict, late := lagOf(f.open.Order, services)
	if conflict == "" && !late {
		return f.become(ledger.Delivered, uids, "%s", cause)
	}
	f = f.become(ledger.Bought, uids, "%s", cause)
	f.evidence, f.split = cmp.Or(conflict, cause), conflict != ""
	return f
}

func uidsOf(services []plan.Service) []plan.ServiceUID {
	uids := make([]plan.ServiceUID, len(services))
	for i, s := range services {
		uids[i] = s.UID
	}
	slices.Sort(uids)
	return uids
}

// findApproval follows an order through its approval, and says that an order that
// was turned away was not carried out once that is certain enough.
func (l *lookup) findApproval(ctx context.Context, f finding) finding {
	a, ok := l.approvalOf(f.open)
	state := f.open.State
	switch {
	case ok && a.refused() && state != ledger.Rejected && len(f.open.Answered) > 0:
		f.evidence = fmt.Sprintf("the approval of the order is %s, and yet its answer named %s", a.Status, plan.JoinUIDs(f.open.Answered))
	case ok && a.refused():
		f.evidence = "the approval of the order is " + a.Status
		if state != ledger.Rejected {
			f = f.become(ledger.Rejected, nil, "%s", f.evidence)
		}
	case ok && state == ledger.Approval:
		f.evidence = "the approval of the order is " + a.Status
	case ok:
		f = f.become(ledger.Approval, nil, "the approval of the order is %s", a.Status)
	case state == ledger.TurnedAway && f.trouble == nil && l.approvals.Unknown == "" && !l.begun.Before(f.open.QuietSince(l.begun).Add(l.recheck)):
		if f.trouble = l.hidden(ctx, f.open); f.trouble != nil {
			return f
		}
		f = f.become(ledger.NotProcessed, nil, "the API turned it away, and a later listing does not show it")
	}
	return f
}

// newOfName lists the services of the claim's name, terminated ones too, that
// were not there before the claim.
func (l *lookup) newOfName(open ledger.Open) []plan.Service {
	var out []plan.Service
	if weaken.Off(weaken.Name) {
		return nil
	}
	for _, s := range l.services {
		if plan.FoldName(s.Name) == plan.FoldName(open.Name) && couldBe(open, s) {
			out = append(out, s)
		}
	}
	return out
}

// taggedBy lists the services that carry the claim's id, among those that could
// be the order's by place and speed, whatever their age. Tags that cannot be read
// are no absence: they are trouble, and the others are looked at all the same.
func (l *lookup) taggedBy(ctx context.Context, open ledger.Open) (out []plan.Service, trouble error) {
	if weaken.Off(weaken.Tag) {
		return nil, nil
	}
	for _, s := range l.services {
		if !placed(open, s) || slices.Contains(open.Listed, s.UID) {
			continue
		}
		tags, err := l.reader.Tags(ctx, s.UID)
		if err != nil && l.aside[s.UID] {
			continue
		}
		if err != nil {
			trouble = fmt.Errorf("the tags of service %s cannot be read, so that it may be the order's: %w", s.UID, err)
			continue
		}
		if tags[plan.TagOrder] == open.ID {
			out = append(out, s)
		}
	}
	return out, trouble
}

// hidden names a service that is new, that nothing else explains, and that may be
// that of an order that was turned away: one of its name that the API shows at
// another place, or one at its place whose name and tags the API does not show as
// they were ordered. It only ever keeps the order from being sent again.
func (l *lookup) hidden(ctx context.Context, open ledger.Open) error {
	if u, may := (plan.Observed{Untyped: l.untyped}).MayBe("", open.Name); may {
		return fmt.Errorf("the account lists a product %q (UID %q) that may be the order's, and does not show whether it is a port", u.Name, u.UID)
	}
	for _, s := range l.services {
		named := plan.FoldName(s.Name) == plan.FoldName(open.Name)
		if s.Status.Terminated() || l.aside[s.UID] || slices.Contains(open.Listed, s.UID) {
			continue
		}
		// What has its name or its place would be among the services listed before, if
		// it were older, whatever the clocks say.
		if !named && (!placed(open, s) && !young(open, s) || l.namedElse(open, s)) {
			continue
		}
		tags, err := l.reader.Tags(ctx, s.UID)
		other := tags[plan.TagOrder] != "" && tags[plan.TagOrder] != open.ID
		if err == nil && (other || !named && !placed(open, s) && tags[plan.TagOrder] != open.ID) {
			continue
		}
		return fmt.Errorf("service %s (%q, at location %d) is new and may be the order's", s.UID, s.Name, s.Location)
	}
	return nil
}

// placed says that a service stands where and is as fast as was ordered. Of a
// terminated one the API may no longer tell.
func placed(open ledger.Open, s plan.Service) bool {
	untold := s.Status.Terminated() && s.Location == 0
	return untold || s.Location == open.Order.Location && s.Speed == open.Order.Speed
}

// young says that a service may be younger than the claim, for all that clocks
// tell.
func young(open ledger.Open, s plan.Service) bool {
	return s.CreatedAt.IsZero() || open.FromTheFuture() || !s.CreatedAt.Before(open.Time.Add(-clockSkew))
}

// couldBe says that a service may be the order's, by place, speed and age, and
// was not there before the claim.
func couldBe(open ledger.Open, s plan.Service) bool {
	return placed(open, s) && young(open, s) && !slices.Contains(open.Listed, s.UID)
}

// approvalOf finds the approval of a claim: by its id, or else by time, place, speed
// and name, a pending one first.
func (l *lookup) approvalOf(open ledger.Open) (Approval, bool) {
	var found Approval
	if open.ID == "" { // the claim cannot be read
		return found, false
	}
	for _, a := range l.approvals.List {
		if slices.Contains(a.Texts, open.ID) {
			return a, true
		}
		if a.of(open) && (found.Status == "" || a.pending()) {
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
	late := a.CreatedAt.IsZero() || !a.CreatedAt.Before(open.Time.Add(-time.Minute))
	if open.Approvals != nil || open.FromTheFuture() {
		late = true
	}
	return late && a.orders(open.Name, open.Order.Location, open.Order.Speed)
}

// orders says that an approval is about the order of such a port.
func (a Approval) orders(name string, at plan.LocationID, speed plan.Speed) bool {
	return (a.Type == "" || a.Type == "NEW_ORDER") &&
		(a.Location == 0 || at == 0 || a.Location == at) && (a.Speed == 0 || a.Speed == speed) &&
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
		at := p.Site.ID
		if match, err := catalog.Resolve(p.Site); err == nil {
			at = match.Location.ID
		}
		if slices.ContainsFunc(approvals.List, func(a Approval) bool { return a.pending() && a.orders(p.Name, at, p.Speed) }) {
			out = append(out, plan.Claim{
				ID: "approval of " + p.Name, Name: p.Name, State: plan.Queued, Hash: plan.NameHash(p.Name),
				Order: plan.Order{Name: p.Name, Location: at, Speed: p.Speed},
			})
		}
	}
	return out
}
