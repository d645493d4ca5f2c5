package campaign

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// judge holds the account, by the sandbox's own record, against what may be at
// any instant, and the end of a run against the account.
func (w *world) judge(what string, e end) {
	r := w.server.Record()
	w.judgePurchases(what, r)
	w.judgeLedger(what, r)
	if e.result != nil {
		w.judgeResult(what, r, *e.result)
	}
	var locked *ledger.LockedError
	if errors.As(e.err, &locked) && locked.Holder.Run == "" {
		w.violated("%s: the lock does not say who holds it", what)
	}
}

// judgePurchases: no entry was bought twice, no LAG has more members than were
// asked for.
func (w *world) judgePurchases(what string, r sandbox.Record) {
	members := map[int]int{}
	for _, o := range r.Orders {
		if o.Committed {
			members[entryOf(o.Name)] += o.Members
		}
	}
	for i, n := range members {
		if i < 0 || n > w.file.lines[i].members() {
			w.totals.duplicates++
			w.violated("%s: entry %d was bought %d times", what, i, n)
		}
	}
}

// judgeLedger: every order that was carried out has a claim, and no claim says
// of such an order that nothing came of it.
func (w *world) judgeLedger(what string, r sandbox.Record) {
	claims := w.claims()
	for _, o := range r.Orders {
		c, known := claims[o.Tags[plan.TagOrder]]
		if !known {
			w.violated("%s: order %d of %s was sent without a claim", what, o.Seq, o.Name)
			continue
		}
		if !o.Committed {
			continue
		}
		switch c.last {
		case ledger.Claimed, ledger.Delivered:
		default:
			w.totals.losses++
			w.violated("%s: order %d of %s was carried out, and its claim is closed as %s", what, o.Seq, o.Name, c.last)
		}
		if c.last == ledger.Delivered && !sameUIDs(c.uids, o.UIDs) {
			w.violated("%s: order %d of %s became %v, and its claim says %v", what, o.Seq, o.Name, o.UIDs, c.uids)
		}
	}
}

func sameUIDs(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// judgeResult: what a result names is in the account, under the entry that it
// names.
func (w *world) judgeResult(what string, r sandbox.Record, result apply.Result) {
	owner := map[string]int{}
	for _, o := range r.Orders {
		for _, uid := range o.UIDs {
			owner[uid] = entryOf(o.Name)
		}
	}
	for _, a := range result.Actions {
		for _, uid := range a.UIDs {
			if i, there := owner[string(uid)]; !there || i != entryOf(a.Name) {
				w.violated("%s: the result gives service %s to %s", what, uid, a.Name)
			}
		}
		if a.Outcome == apply.Bought && len(a.New) == 0 {
			w.violated("%s: %s is called bought without a service", what, a.Name)
		}
	}
	if result.Summary.Doubled > 0 {
		w.violated("%s: the audit finds a second service: %+v", what, result.Audit)
	}
	if w.trial.calm() && result.Summary.Unknown > 0 {
		w.violated("%s: nothing went wrong, and %d orders are in doubt", what, result.Summary.Unknown)
	}
	w.judgeLookUp(what, r, result)
}

// judgeLookUp: an order that was carried out and listed before the horizon was
// found by the run that sent it, if only the order went wrong.
func (w *world) judgeLookUp(what string, r sandbox.Record, result apply.Result) {
	readable := !slices.ContainsFunc(w.trial.World.Faults, func(f sandbox.Fault) bool { return f.Route != "buy" || f.Kind == "token-expired" })
	if !readable || len(w.trial.Ledger) > 0 || result.Interrupted || w.trial.World.RateLimit > 0 {
		return
	}
	claims := w.claims()
	for _, a := range result.Actions {
		if a.Outcome != apply.Unknown || a.Kind != plan.Buy && a.Kind != plan.Grow {
			continue
		}
		for _, o := range r.Orders {
			c := claims[o.Tags[plan.TagOrder]]
			listed := o.Time.Add(w.trial.settles() + time.Second)
			if o.Committed && o.Name == a.Name && listed.Before(c.Time.Add(w.trial.Horizon)) && !c.Time.Before(result.StartedAt) && o.Approval == "" {
				w.violated("%s: %s was carried out and listed before the horizon, and is in doubt", what, a.Name)
			}
		}
	}
}

// judgeDoubts counts the claims in doubt after the first apply of the recovery,
// and holds them against the record: none is of an order that was carried out,
// all are reported, and there are no more than orders were cut off.
func (w *world) judgeDoubts(ctx context.Context, result apply.Result) int {
	snapshot, err := w.process(ctx, run{}).book().Snapshot(ctx)
	if err != nil {
		w.violated("%v", err)
	}
	r := w.server.Record()
	doubts := 0
	for _, o := range snapshot.Open {
		if !o.State.Doubtful() {
			w.violated("after recovery the claim of %s is %s", o.Name, o.State)
			continue
		}
		doubts++
		if slices.ContainsFunc(r.Orders, func(x sandbox.OrderRecord) bool { return x.Committed && x.Tags[plan.TagOrder] == o.ID }) {
			w.totals.losses++
			w.violated("the order of %s was carried out and is listed, and is in doubt all the same", o.Name)
		}
		if !slices.ContainsFunc(result.Actions, func(a apply.ActionResult) bool {
			return a.Outcome == apply.Unknown && entryOf(a.Name) == entryOf(o.Name)
		}) {
			w.violated("the doubt about %s is not reported", o.Name)
		}
	}
	if doubts > 0 != (result.ExitCode == apply.ExitUnknown) {
		w.violated("%d doubts, and exit code %d", doubts, result.ExitCode)
	}
	if most := w.cutOff(r); doubts > most {
		w.violated("%d doubts, but only %d orders were cut off or not answered", doubts, most)
	}
	return doubts
}

// cutOff counts the orders that may rightly be in doubt: those that the record
// shows without a usable answer, and those that a dying process or a failing
// ledger kept from being sent after their claim.
func (w *world) cutOff(r sandbox.Record) int {
	n := w.totals.ledgerFaults + w.totals.kills*w.trial.Parallelism
	answered := []string{"", "429", "401", "403", "404", "token-expired", "late", "refused"}
	for _, o := range r.Orders {
		if o.Approval != "" || !slices.Contains(answered, o.Fault) {
			n++
		}
	}
	return n
}

// judgeEnd: after recovery everything is there exactly once, the plan sees it,
// and nothing is left open.
func (w *world) judgeEnd(ctx context.Context) {
	members := map[int]int{}
	uids := map[string]bool{}
	for _, o := range w.server.Record().Orders {
		if o.Committed {
			members[entryOf(o.Name)] += o.Members
			for _, uid := range o.UIDs {
				uids[uid] = true
			}
		}
	}
	for i, l := range w.file.lines {
		if members[i] != l.members() {
			w.totals.losses++
			w.violated("after recovery entry %d has %d services, wanted are %d", i, members[i], l.members())
		}
	}
	draft, err := w.process(ctx, run{}).draft(w.file.desired())
	if err != nil {
		w.violated("the last plan: %v", err)
		return
	}
	for _, a := range draft.Plan.Actions {
		if a.Kind != plan.Unchanged || a.Service == nil {
			w.violated("the last plan would %s %s: %s", a.Kind, a.Name, a.Reason.Text)
			continue
		}
		for _, uid := range a.Service.Members {
			delete(uids, string(uid))
		}
	}
	if len(uids) > 0 {
		w.violated("the account has services that no entry knows of: %v", uids)
	}
	if len(draft.Claims.Open) > 0 {
		w.violated("claims are open after recovery: %+v", draft.Claims.Open)
	}
}
