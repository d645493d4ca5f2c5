package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// follow lists the account until the ports are provisioned and every order is found,
// or the time for it is up. Whatever was ordered is looked for once at least.
func (e *engine) follow(ctx context.Context) {
	stop := e.watch.begin(e.Wait)
	defer stop()
	e.watch.add(e.existingPorts()...)
	poll(ctx, func(looks int) bool {
		return len(e.open.list) > 0 && looks == 0 || !e.watch.over(ctx) && e.watch.unready() ||
			slices.ContainsFunc(e.open.list, func(o *openOrder) bool { return e.searching(ctx, o) })
	}, e.untilNextEnd, func() { e.look(ctx) })
	services := e.latest
	if services == nil {
		services = e.priced.Observed.Services
	}
	e.watch.loas.close(services)
	for _, p := range e.watch.ports {
		e.report.change(p.action, func(a *ActionResult) {
			a.Ports = append(a.Ports, e.watch.result(p))
			if e.LOAs != nil && !p.crossConnect {
				a.LOAs = append(a.LOAs, p.loaResult())
			}
		})
	}
}

// existingPorts are the ports of the result as it is now.
func (e *engine) existingPorts() []*port {
	var ports []*port
	for n, a := range e.report.actions() {
		if a.Kind != plan.Cancel && a.Kind != plan.Excluded {
			ports = append(ports, e.ports(n, a.UIDs, 0)...)
		}
	}
	return ports
}

// ports are the ports of services of the nth action, before which it had some others.
func (e *engine) ports(n int, uids []plan.ServiceUID, before int) []*port {
	a := e.priced.Plan.Actions[n]
	ports := make([]*port, len(uids))
	for i, uid := range uids {
		p := &port{action: n, name: a.Name, uid: uid, crossConnect: e.report.hasCrossConnect(uid)}
		if a.Service == nil || !slices.Contains(a.Service.Members, uid) {
			p.unverified = a.Order
		}
		if a.Wanted.LAG > 0 {
			p.member = before + i + 1
		}
		ports[i] = p
	}
	return ports
}

// searching says that an order is to be looked for still: one without an answer
// until its lookup timeout, one whose services are not listed yet as long as the run
// waits.
func (e *engine) searching(ctx context.Context, o *openOrder) bool {
	switch {
	case o.claim.State.Closed(), o.last.Split:
		return false
	case o.claim.State.Unconfirmed():
		return e.lookTime(o) > 0
	default:
		return !e.watch.over(ctx) && o.claim.State == plan.OrderBought
	}
}

// lookTime is how long an order is looked for still.
func (e *engine) lookTime(o *openOrder) time.Duration {
	return e.LookupTimeout - e.Ledger.Now().Sub(o.claim.QuietSince(e.Ledger.Now()))
}

// untilNextEnd is the interval, cut so that there is a last look when the waiting time
// is up, and one at each lookup timeout.
func (e *engine) untilNextEnd() time.Duration {
	every := e.watch.untilDeadline()
	for _, o := range e.open.list {
		if left := e.lookTime(o); o.claim.State.Unconfirmed() && left > 0 {
			every = min(every, left)
		}
	}
	return every
}

// look is one look at the account: for orders, and then for ports.
func (e *engine) look(ctx context.Context) {
	in := refresh.Listing{Begun: e.Ledger.Now()}
	observed, err := e.watch.observe(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		e.watch.blind = err
		e.report.tell(ListingFailed{failureOf(err)})
		return
	}
	in.Observed = observed
	e.watch.blind, e.latest = nil, observed.Services
	if !e.bound && observed.Owner.Company() != "" { // a first purchase shows whose account it is
		e.ledgerFailed("", e.Ledger.Bind(ctx, observed.Owner, e.SameAccount))
		e.bound = true
	}
	e.watch.see(ctx, observed.Services, true) // an LOA need not wait for the ledger
	e.lookForOrders(ctx, in)
	e.watch.add(e.existingPorts()...)
	e.watch.see(ctx, observed.Services, true)
}

// lookForOrders finds out how far the orders of this run have come.
func (e *engine) lookForOrders(ctx context.Context, in refresh.Listing) {
	in.Approvals = refresh.Approvals{Unknown: "they were not asked for"}
	if slices.ContainsFunc(e.open.list, func(o *openOrder) bool { return o.claim.State.Unconfirmed() }) {
		var err error
		if in.Approvals, err = e.Account.Approvals(ctx); err != nil {
			e.report.tell(ListingFailed{failureOf(err)})
			return
		}
	}
	if len(in.Approvals.List) > 0 && !e.approvalsNoticed { // a later answer that there are none is not believed
		_, err := e.Ledger.Notice(context.WithoutCancel(ctx), ledger.NoticeApprovals)
		e.ledgerFailed("", err)
		e.approvalsNoticed = err == nil
	}
	e.recordAll(ctx, e.newsOf(ctx, e.lookup(in)))
}

// learnt is what a look at the account says of an order, and what became of recording it.
type learnt struct {
	*openOrder
	refresh.Finding
	claim ledger.Open
	err   error
}

// newsOf looks for the open orders, and gives those of which something new is known.
func (e *engine) newsOf(ctx context.Context, look *refresh.Lookup) (news []*learnt) {
	for _, o := range e.open.list {
		if o.claim.State.Closed() || o.claim.State == plan.OrderBought && !look.Lists(o.claim.UIDs) {
			continue
		}
		if f := look.Find(ctx, o.claim); f.News() && ctx.Err() == nil {
			news = append(news, &learnt{openOrder: o, Finding: f})
		} else {
			o.last = f
		}
	}
	return news
}

// recordAll records what was learnt of orders, side by side, and then what that makes of
// the result.
func (e *engine) recordAll(ctx context.Context, news []*learnt) {
	g, _ := panics.WithContext(ctx, e.Parallelism)
	for _, l := range news {
		l.err = errNotRecorded
		g.Go(func() error {
			l.claim, l.err = e.Ledger.Record(context.WithoutCancel(ctx), l.openOrder.claim, l.Record)
			return nil
		})
	}
	e.ledgerFailed("", g.Wait())
	for _, l := range news {
		e.recorded(ctx, l)
	}
}

var errNotRecorded = errors.New("it was not recorded")

// recorded is what a record makes of the result.
func (e *engine) recorded(ctx context.Context, l *learnt) {
	o, f, claim, before := l.openOrder, l.Finding, l.claim, l.openOrder.claim
	if l.err != nil {
		e.ledgerFailed(before.Name, l.err)
		return
	}
	o.claim, o.last = claim, refresh.Finding{Open: claim, Split: f.Split, Evidence: f.Evidence}
	if claim.State != f.Record.State {
		return // somebody else wrote something: the next look goes by that
	}
	if f.Rewritten {
		e.noticeRewritten(ctx, claim)
	}
	e.report.orderedBy(claim.Order, claim.UIDs)
	switch {
	case o.earlier:
		e.recovered(o, f)
	case before.State == plan.OrderBought && claim.State == plan.OrderDelivered:
		e.watch.verified(claim.UIDs)
	default:
		e.corrected(o, f)
	}
}

// noticeRewritten says once that the API does not keep names and tags as they were
// ordered.
func (e *engine) noticeRewritten(ctx context.Context, claim ledger.Open) {
	first, err := e.Ledger.Notice(context.WithoutCancel(ctx), ledger.NoticeRewritten)
	if err == nil && first {
		e.report.found(AuditFinding{claim.Name, auditRewritten, fmt.Sprintf("service %s has another name than was ordered, and no tags: it was known by its place, speed and age alone", plan.JoinUIDs(claim.UIDs))})
	}
}

// corrected enters into the result what has become of an order of this run since its
// answer.
func (e *engine) corrected(o *openOrder, f refresh.Finding) {
	a, p := e.report.action(o.action), purchaseOf(f)
	outcome := outcomeOf(p.State)
	if outcome == NotProcessed && a.Error != nil {
		p.Failure = a.Error // the answer says more, and has a trace id
	}
	uids, bought := a.UIDs, a.New
	for _, uid := range a.New {
		replaced := outcome == Bought && !slices.Contains(o.claim.UIDs, uid)
		if replaced || slices.Contains(f.Record.Refuted, uid) {
			uids, bought = without(uids, uid), without(bought, uid)
			e.watch.drop(uid)
		}
	}
	for _, uid := range o.claim.UIDs {
		if outcome == Bought && !slices.Contains(uids, uid) {
			uids, bought = append(slices.Clip(uids), uid), append(slices.Clip(bought), uid)
		}
	}
	e.report.update(OrderFinished{a.Name, outcome, bought, *a.Price, p.Failure, p.FoundBy}, func(r *Result) {
		a := &r.Actions[o.action]
		a.Outcome, a.Error, a.FoundBy, a.UIDs, a.New = outcome, p.Failure, p.FoundBy, uids, bought
	})
	if outcome == Bought {
		e.watch.add(e.ports(o.action, uids, 0)...)
		e.watch.verified(o.claim.UIDs)
	}
}

func without(uids []plan.ServiceUID, uid plan.ServiceUID) []plan.ServiceUID {
	return slices.DeleteFunc(slices.Clone(uids), func(u plan.ServiceUID) bool { return u == uid })
}

// earlierOrders are the unconfirmed orders of earlier runs, killed perhaps a moment ago,
// that are still within their lookup timeout: they are looked for like those of this
// run.
func (e *engine) earlierOrders() []*openOrder {
	var out []*openOrder
	waiting := e.waiting()
	for _, f := range e.priced.Findings {
		o := &openOrder{claim: f.Open, earlier: true}
		if !f.Open.State.Unconfirmed() || e.lookTime(o) <= 0 {
			continue
		}
		if n, waits := waiting[plan.FoldName(f.Open.Name)]; waits {
			o.action = n
			out = append(out, o)
		}
	}
	return out
}

// waiting has, by the folded name of a claim, the first action that the claim holds back:
// one of that name, or of an entry that was called so before.
func (e *engine) waiting() map[string]int {
	formerly := map[string][]string{}
	for i := range e.priced.Desired.Ports {
		if p := &e.priced.Desired.Ports[i]; p.Formerly != "" {
			name := plan.FoldName(p.Name)
			formerly[name] = append(formerly[name], plan.FoldName(p.Formerly))
		}
	}
	waiting := map[string]int{}
	for n, a := range slices.Backward(e.priced.Plan.Actions) { // so that the first stays
		if a.Kind != plan.Unknown || a.Reason.Code == plan.ReasonConflictingClaim {
			continue
		}
		name := plan.FoldName(a.Name)
		waiting[name] = n
		for _, former := range formerly[name] {
			waiting[former] = n
		}
	}
	return waiting
}

// recovered notes that it is known now what became of an order of an earlier run.
func (e *engine) recovered(o *openOrder, f refresh.Finding) {
	rec := refresh.Recovered{Name: o.claim.Name, State: o.claim.State, UIDs: append([]plan.ServiceUID{}, o.claim.UIDs...), Cause: f.Evidence}
	p, outcome := purchaseOf(f), outcomeOf(f.Record.State)
	e.report.update(OrderRecovered{rec}, func(r *Result) {
		r.Recovered = append(r.Recovered, rec)
		a := &r.Actions[o.action]
		a.Outcome, a.Error, a.FoundBy = outcome, p.Failure, p.FoundBy
		if outcome == Bought {
			a.Outcome, a.UIDs = Existing, rec.UIDs
		}
	})
}
