package refresh

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// clockSkew is how far the API's clock may be behind that of a claim when a
// service is taken for the order's by its name alone.
const clockSkew = 24 * time.Hour

// Lookup looks for orders that are not closed in one listing of the account. It goes
// by the orders that the claims store, never by what an entry says today. Absence is
// evidence, not proof: what is not found stays open.
type Lookup struct {
	Listing
	reader Reader
	index  *serviceIndex
	// claims are all open claims, wishes are the inventory's: a service that bears the
	// name of one of them is theirs.
	claims    []ledger.Open
	of        func() claimIndex
	wishes    wishes
	approvals func() approvalIndex
	// before are the services that were listed before any claim was made that is not in
	// earlier; nil when that is not known.
	before  map[plan.ServiceUID]bool
	earlier map[string]bool
	// newcomers are the services of the listing that are not in before.
	newcomers func() []int
	// recheck is how long after an order was turned away a listing must begin to
	// show that it was not carried out.
	recheck time.Duration
}

// newLookup prepares a look for the orders of claims in a listing. wishes name what is
// not theirs; recheck is as in [Options].
func newLookup(r Reader, in Listing, claims []ledger.Open, w wishes, recheck time.Duration) *Lookup {
	l := &Lookup{
		Listing: in, reader: readTagsOnce(r), index: in.index, claims: claims, wishes: w, recheck: cmp.Or(recheck, DefaultRecheck),
		of: sync.OnceValue(func() claimIndex { return indexClaims(claims) }), approvals: sync.OnceValue(in.Approvals.index),
	}
	if l.index == nil {
		l.index = indexServices(in.Observed)
	}
	l.newcomers = sync.OnceValue(l.notBefore)
	return l
}

// notBefore lists what is in the listing and not in before.
func (l *Lookup) notBefore() (out []int) {
	for i := range l.Services {
		if !l.before[l.Services[i].UID] {
			out = append(out, i)
		}
	}
	return out
}

// Finding is what a look at the account says about an open claim.
type Finding struct {
	Open ledger.Open
	// Record is what to write down; without a State there is nothing new.
	Record ledger.Record
	// seen are services that were read one by one, because the listing lacks them.
	seen []plan.Service
	// shown says that every service of the order can be seen and is the order's, so
	// that the services speak for themselves.
	shown bool
	// found are services that may be the order's, fewer or more than were ordered.
	found []plan.ServiceUID
	// Evidence says what is known, for people.
	Evidence string
	// Trouble is what could not be looked at. It keeps the claim open.
	Trouble error
	// Split says that the ports of a LAG are in several LAGs: that stays so.
	Split bool
	// Rewritten says that a service was known by its place alone: it has another
	// name and no tags.
	Rewritten bool
}

// News says that there is something to record.
func (f Finding) News() bool { return f.Record.State != "" }

// state is what the claim is, with what was found.
func (f Finding) state() plan.OrderState {
	if f.News() {
		return f.Record.State
	}
	return f.Open.State
}

// UIDs are the services known to be the order's.
func (f Finding) UIDs() []plan.ServiceUID {
	if f.News() && f.Record.UIDs != nil {
		return f.Record.UIDs
	}
	return f.Open.UIDs
}

func (f Finding) become(s plan.OrderState, uids []plan.ServiceUID, format string, args ...any) Finding {
	f.Evidence = fmt.Sprintf(format, args...)
	f.Record = ledger.Record{State: s, UIDs: uids, Lookup: true, Cause: f.Evidence}
	return f
}

// Claim is the claim as planning sees it, unless the account closes it.
func (f Finding) Claim() (plan.Claim, bool) {
	if f.state().Closed() || f.shown {
		return plan.Claim{}, false
	}
	c := plan.Claim{
		ID: f.Open.ID, Name: f.Open.Name, Order: f.Open.Order, UIDs: f.UIDs(), Found: f.found,
		State: f.state(), Evidence: f.Evidence, Key: f.Open.Key, Hash: f.Open.Hash(),
	}
	if f.Trouble != nil {
		c.Evidence = strings.TrimPrefix(c.Evidence+"; "+f.Trouble.Error(), "; ")
	}
	return c, true
}

// Find looks for an open claim in the account.
func (l *Lookup) Find(ctx context.Context, open ledger.Open) Finding {
	switch {
	case open.State.Closed(): // whoever closed it was interrupted before it was marked so
		last := open.Records[len(open.Records)-1]
		return Finding{Open: open, Record: last, Evidence: last.Cause}
	case open.State == plan.OrderDamaged:
		return Finding{Open: open, Evidence: open.Trouble}
	case open.State == plan.OrderBought:
		return l.findBought(ctx, open)
	default:
		return l.findUnconfirmed(ctx, open)
	}
}

// findBought holds the services that the answer named against the account: they are
// candidates until it shows them.
func (l *Lookup) findBought(ctx context.Context, open ledger.Open) Finding {
	f := Finding{Open: open}
	listed := 0
	var services []plan.Service
	var refuted []plan.ServiceUID
	for _, uid := range open.UIDs {
		s, there := l.index.service(uid)
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
			f.Trouble = v.trouble
		case v.against != "":
			refuted, f.Evidence = append(refuted, uid), v.against
		default:
			services, f.Rewritten = append(services, s), f.Rewritten || v.rewritten
		}
	}
	switch {
	case len(refuted) > 0:
		f = f.become(plan.OrderUnknown, nil, "%s", f.Evidence)
		f.Record.Refuted = refuted
		return f
	case len(services) < open.Order.Members():
		return f
	}
	if conflict, late := CheckLAG(open.Order, services); conflict != "" || late {
		f.Evidence, f.Split = conflict, conflict != ""
		return f
	}
	if listed < open.Order.Members() {
		f.shown = true
		return f
	}
	return f.become(plan.OrderDelivered, open.UIDs, "the account lists every service of the order")
}

// read reads a service that the listing lacks.
func (l *Lookup) read(ctx context.Context, f *Finding, uid plan.ServiceUID) (plan.Service, bool) {
	s, found, err := l.reader.Service(ctx, uid)
	if err != nil {
		f.Trouble = fmt.Errorf("service %s cannot be read: %w", uid, err)
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
func (l *Lookup) verify(ctx context.Context, open ledger.Open, s plan.Service) verdict {
	switch {
	case open.Before(s.UID):
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

// Lists says that the listing has all of some services.
func (l *Lookup) Lists(uids []plan.ServiceUID) bool {
	return !slices.ContainsFunc(uids, func(u plan.ServiceUID) bool { _, listed := l.index.byUID[u]; return !listed })
}

// Contradicts says why a service of a name that an answer named is none of its
// order's, as far as can be told; empty when nothing says so.
func (l *Lookup) Contradicts(ctx context.Context, name string, s plan.Service) string {
	for i := range l.claims { // looked through once for a look, which an index would not pay for
		if c := &l.claims[i]; slices.Contains(c.UIDs, s.UID) && plan.FoldName(c.Name) == plan.FoldName(name) {
			if v := l.verify(ctx, *c, s); v.against != "" {
				return v.against
			}
		}
	}
	return ""
}

// elses says that a service has the name of another order or entry, or that the
// answer to another order named it as well.
func (l *Lookup) elses(open ledger.Open, s plan.Service) bool {
	return l.namedElse(open, s.Name) || l.others(open, l.of().byUID[s.UID])
}

// namedElse says that a name is that of another order or entry.
func (l *Lookup) namedElse(open ledger.Open, name string) bool {
	name = plan.FoldName(name)
	return l.wishes.entries[name] || l.others(open, l.of().byName[name])
}

// others says that one of some claims is another one.
func (l *Lookup) others(open ledger.Open, claims []int) bool {
	return slices.ContainsFunc(claims, func(i int) bool { return l.claims[i].ID != open.ID })
}

// CheckLAG checks that services are one LAG, and that of the order when it is a
// growth; late says that the account does not show that yet.
func CheckLAG(o plan.Order, services []plan.Service) (conflict string, late bool) {
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
func (l *Lookup) findUnconfirmed(ctx context.Context, open ledger.Open) Finding {
	f := Finding{Open: open}
	want := open.Order.Members()
	named := l.newOfName(open)
	if len(named) == want {
		return l.found(f, named, "found by its name")
	}
	tagged, trouble := l.taggedBy(ctx, open)
	f.Trouble = trouble
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
		f.Evidence = fmt.Sprintf("%d of %d services found", len(f.found), want)
		return f
	}
	return l.findApproval(ctx, f)
}

// found is the finding of all services of an order. The members of a LAG must be
// one in the account before the claim is closed.
func (l *Lookup) found(f Finding, services []plan.Service, cause string) Finding {
	uids := uidsOf(services)
	conflict, late := CheckLAG(f.Open.Order, services)
	if conflict == "" && !late {
		return f.become(plan.OrderDelivered, uids, "%s", cause)
	}
	f = f.become(plan.OrderBought, uids, "%s", cause)
	f.Evidence, f.Split = cmp.Or(conflict, cause), conflict != ""
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
func (l *Lookup) findApproval(ctx context.Context, f Finding) Finding {
	a, ok := l.approvalOf(f.Open)
	state := f.Open.State
	switch {
	case ok && a.refused() && state != plan.OrderRejected && len(f.Open.Answered) > 0:
		f.Evidence = fmt.Sprintf("the approval of the order is %s, and yet its answer named %s", a.Status, plan.JoinUIDs(f.Open.Answered))
	case ok && a.refused():
		f.Evidence = "the approval of the order is " + a.Status
		if state != plan.OrderRejected {
			f = f.become(plan.OrderRejected, nil, "%s", f.Evidence)
		}
	case ok && state == plan.OrderQueued:
		f.Evidence = "the approval of the order is " + a.Status
	case ok:
		f = f.become(plan.OrderQueued, nil, "the approval of the order is %s", a.Status)
	case state == plan.OrderTurnedAway && f.Trouble == nil && l.Approvals.Unknown == "" && !l.Begun.Before(f.Open.QuietSince(l.Begun).Add(l.recheck)):
		if f.Trouble = l.hidden(ctx, f.Open); f.Trouble != nil {
			return f
		}
		f = f.become(plan.OrderNotProcessed, nil, "the API turned it away, and a later listing does not show it")
	}
	return f
}

// newOfName lists the services of the claim's name, terminated ones too, that
// were not there before the claim.
func (l *Lookup) newOfName(open ledger.Open) []plan.Service {
	var out []plan.Service
	for _, i := range l.index.byName[plan.FoldName(open.Name)] {
		if s := l.index.services[i]; couldBe(open, s) {
			out = append(out, s)
		}
	}
	return out
}

// taggedBy lists the services that carry the claim's id, among those that could
// be the order's by place and speed, whatever their age. Tags that cannot be read
// are no absence: they are trouble, and the others are looked at all the same.
func (l *Lookup) taggedBy(ctx context.Context, open ledger.Open) (out []plan.Service, trouble error) {
	for _, i := range l.index.placed(open) {
		s := l.index.services[i]
		if !placed(open, s) || open.Before(s.UID) {
			continue
		}
		tags, err := l.reader.Tags(ctx, s.UID)
		if err != nil && l.wishes.aside(&s) {
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
func (l *Lookup) hidden(ctx context.Context, open ledger.Open) error {
	if u, may := l.index.untyped.MayBe("", open.Name); may {
		return fmt.Errorf("the account lists a product %q (UID %q) that may be the order's, and does not show whether it is a port", u.Name, u.UID)
	}
	if a, may := l.hiddenApproval(open); may && a.pending() {
		return fmt.Errorf("an order at the same location waits for an approval (%s) and may be this one", a.UID)
	}
	name := plan.FoldName(open.Name)
	for _, i := range l.mayBeNew(open) {
		s := l.index.services[i]
		named := plan.FoldName(s.Name) == name
		if s.Status.Terminated() || l.wishes.aside(&s) || open.Before(s.UID) {
			continue
		}
		// What has its name or its place would be among the services listed before, if
		// it were older, whatever the clocks say.
		if !named && (!placed(open, s) && !l.fresh(open, s) || l.namedElse(open, s.Name)) {
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

// mayBeNew lists the services that may be those of an order by their name or their place,
// or because nothing says that they are older, in the listing's order.
func (l *Lookup) mayBeNew(open ledger.Open) []int {
	var fresh []int
	switch {
	case l.before != nil && !l.earlier[open.ID]:
		fresh = l.newcomers()
	case open.FromTheFuture():
		fresh = l.index.youngest()
	default:
		fresh = l.index.since(open.Time.Add(-clockSkew))
	}
	all := slices.Concat(l.index.byName[plan.FoldName(open.Name)], l.index.placed(open), fresh)
	slices.Sort(all)
	return slices.Compact(all)
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

// fresh says that a service may be younger than the claim: it was not listed before, or,
// where that is not known, clocks allow it. A clock may be days off.
func (l *Lookup) fresh(open ledger.Open, s plan.Service) bool {
	if l.before != nil && !l.earlier[open.ID] {
		return !l.before[s.UID]
	}
	return young(open, s)
}

// couldBe says that a service may be the order's, by place, speed and age, and
// was not there before the claim.
func couldBe(open ledger.Open, s plan.Service) bool {
	return placed(open, s) && young(open, s) && !open.Before(s.UID)
}
