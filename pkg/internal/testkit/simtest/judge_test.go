package simtest

import (
	"context"
	"errors"
	"slices"
	"strings"
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
// asked for. What somebody terminated may be bought once more.
func (w *world) judgePurchases(what string, r sandbox.Record) {
	members := map[int]int{}
	for _, o := range r.Orders {
		if o.Committed {
			members[entryOf(o.Name)] += o.Members
		}
	}
	for i, n := range members {
		if i >= 0 && n <= w.file.lines[i].members() {
			continue
		}
		if alive := w.alive(r)[i]; i < 0 || alive > w.file.lines[i].members() {
			w.totals.duplicates++
			w.violated("%s: entry %d has %d services alive of %d that were bought", what, i, alive, n)
		}
	}
}

// alive counts the services of each entry that were bought and not terminated
// since. What the account does not show yet is alive.
func (w *world) alive(r sandbox.Record) map[int]int {
	rows, err := w.portal.rows(context.Background())
	if err != nil {
		rows = nil
	}
	out := map[int]int{}
	for _, o := range r.Orders {
		for _, uid := range o.UIDs {
			if row, listed := rows[uid]; o.Committed && (!listed || row.alive()) {
				out[entryOf(o.Name)]++
			}
		}
	}
	return out
}

// terminated says that all services of an order are gone.
func (w *world) terminated(o sandbox.OrderRecord) bool {
	rows, err := w.portal.rows(context.Background())
	return err == nil && !slices.ContainsFunc(o.UIDs, func(uid string) bool { r, listed := rows[uid]; return !listed || r.alive() })
}

// judgeLedger: every order that was carried out has a claim, and no claim says
// of such an order that nothing came of it while its service lives.
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
		switch {
		case c.last == plan.OrderClaimed:
		case c.last == plan.OrderDelivered || c.last == plan.OrderResolved && len(c.uids) > 0:
			if !sameUIDs(c.uids, o.UIDs) && !w.living(c.uids, o.UIDs) {
				w.violated("%s: order %d of %s became %v, and its claim says %v", what, o.Seq, o.Name, o.UIDs, c.uids)
			}
		case !w.terminated(o):
			w.totals.losses++
			w.violated("%s: order %d of %s was carried out, and its claim is closed as %s", what, o.Seq, o.Name, c.last)
		}
	}
}

// living says that a claim names all services of an order that live, and no others
// than its.
func (w *world) living(claim, order []string) bool {
	rows, err := w.portal.rows(context.Background())
	if err != nil {
		return false
	}
	var named []string
	for _, uid := range claim {
		named = append(named, strings.ToLower(uid))
		if !slices.Contains(order, strings.ToLower(uid)) {
			return false
		}
	}
	return !slices.ContainsFunc(order, func(uid string) bool {
		r, listed := rows[uid]
		return (!listed || r.alive()) && !slices.Contains(named, uid)
	})
}

func sameUIDs(a, b []string) bool {
	fold := func(uids []string) []string {
		out := make([]string, len(uids))
		for i, u := range uids {
			out[i] = strings.ToLower(u)
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(fold(a), fold(b))
}

// answeredWith says that the answer to an order of an entry named a service.
func (w *world) answeredWith(name string, uid plan.ServiceUID) bool {
	for _, c := range w.claims() {
		if entryOf(c.Name) == entryOf(name) && slices.ContainsFunc(c.answered, func(u string) bool { return strings.EqualFold(u, string(uid)) }) {
			return true
		}
	}
	return false
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
	lied := w.liar.told > 0
	open := map[int]bool{}
	for _, o := range w.openClaims(context.Background()) {
		open[entryOf(o.Name)] = true
	}
	for _, a := range result.Actions {
		if lied && (a.Outcome == apply.Unknown || open[entryOf(a.Name)]) {
			continue // it shows what the answer named, and says that it does not believe it
		}
		for _, uid := range a.UIDs {
			if lied && a.Outcome == apply.Existing && w.answeredWith(a.Name, uid) {
				continue // by an earlier run, which has not seen it in the account before this one ended
			}
			if _, known := owner[strings.ToLower(string(uid))]; lied && (slices.Contains(a.New, uid) || !known) {
				continue // an answer names candidates; the account has not shown them yet
			}
			if i, there := owner[strings.ToLower(string(uid))]; !there || i != entryOf(a.Name) {
				w.violated("%s: the result gives service %s to %s", what, uid, a.Name)
			}
		}
		if a.Outcome == apply.Bought && len(a.New) == 0 {
			w.violated("%s: %s is called bought without a service", what, a.Name)
		}
	}
	if result.Summary.Doubled > 0 && w.trial.plain() {
		w.violated("%s: the audit finds a second service: %+v", what, result.Audit)
	}
	if w.trial.calm() && result.Summary.Unknown > 0 {
		w.violated("%s: nothing went wrong, and %d orders are in doubt", what, result.Summary.Unknown)
	}
	w.judgeLookUp(what, r, result)
}

// judgeLookUp: an order that was carried out and listed before the lookup timeout was
// found by the run that sent it, if only the order went wrong.
func (w *world) judgeLookUp(what string, r sandbox.Record, result apply.Result) {
	readable := !slices.ContainsFunc(w.trial.World.Faults, func(f sandbox.Fault) bool { return f.Route != "buy" || f.Kind == "token-expired" })
	if !readable || !w.trial.plain() || len(w.trial.Ledger) > 0 || result.Interrupted || w.trial.World.RateLimit > 0 {
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

// judgeOpen counts the claims that are unconfirmed after the first apply of the
// recovery, and holds them against the record: where the API tells the truth none
// is of an order that was carried out, all are reported, and there are no more
// than orders were cut off.
func (w *world) judgeOpen(ctx context.Context, result *apply.Result) int {
	r := w.server.Record()
	unconfirmed, rejected := 0, false
	for _, o := range w.openClaims(ctx) {
		if o.State == plan.OrderRejected {
			rejected = true // it waits for a person's word, which is no lack of evidence
			continue
		}
		unconfirmed++
		if !w.trial.plain() || result == nil {
			continue
		}
		if o.State == plan.OrderTurnedAway || !o.State.Unconfirmed() {
			w.violated("after recovery the claim of %s is %s", o.Name, o.State)
		}
		if slices.ContainsFunc(r.Orders, func(x sandbox.OrderRecord) bool { return x.Committed && x.Tags[plan.TagOrder] == o.ID }) {
			w.totals.losses++
			w.violated("the order of %s was carried out and is listed, and is unconfirmed all the same", o.Name)
		}
		if !slices.ContainsFunc(result.Actions, func(a apply.ActionResult) bool {
			return a.Outcome == apply.Unknown && entryOf(a.Name) == entryOf(o.Name)
		}) {
			w.violated("that %s is unconfirmed is not reported", o.Name)
		}
	}
	if !w.trial.plain() || result == nil || rejected {
		return unconfirmed
	}
	if unconfirmed > 0 != (result.ExitCode == apply.ExitUnknown) {
		w.violated("%d unconfirmed, and exit code %d", unconfirmed, result.ExitCode)
	}
	if most := w.cutOff(r); unconfirmed > most {
		w.violated("%d unconfirmed, but only %d orders were cut off or not answered", unconfirmed, most)
	}
	return unconfirmed
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
	before := len(w.violations)
	defer func() {
		if len(w.violations) > before {
			w.totals.stuck++
		}
	}()
	r := w.server.Record()
	alive := w.alive(r)
	for i, l := range w.file.lines {
		if alive[i] != l.members() {
			w.violated("after recovery entry %d has %d services, wanted are %d", i, alive[i], l.members())
		}
	}
	draft, err := w.process(ctx, run{}).draft(w.file.desired())
	if err != nil {
		w.violated("the last plan: %v", err)
		return
	}
	known := map[string]bool{}
	for _, a := range draft.Plan.Actions {
		if a.Kind != plan.Unchanged || a.Service == nil {
			w.violated("the last plan would %s %s: %s; %s", a.Kind, a.Name, a.Reason.Text, a.Reason.Hint)
			continue
		}
		for _, uid := range a.Service.Members {
			known[strings.ToLower(string(uid))] = true
		}
	}
	rows, err := w.portal.rows(ctx)
	if err != nil {
		w.violated("%v", err)
	}
	for _, o := range r.Orders {
		for _, uid := range o.UIDs {
			if o.Committed && !known[uid] && rows[uid].UID != "" && rows[uid].alive() {
				w.violated("the account has a service that no entry knows of: %s of order %d", uid, o.Seq)
			}
		}
	}
	if open := draft.Claims.Open; len(open) > 0 {
		w.violated("claims are open after recovery: %+v", open)
	}
}
