package simtest

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// rounds is how often a person follows the hints before they call it a dead end.
const rounds = 10

// lookupTimeout is what the person leaves as it is, unless they know that the
// listing of their account lags by more.
func (w *world) lookupTimeout() time.Duration {
	if lag := w.trial.settles() + time.Minute; lag > apply.DefaultLookupTimeout {
		return lag
	}
	return apply.DefaultLookupTimeout
}

// openClaims are the open claims, as `portctl ledger list` shows them.
func (w *world) openClaims(ctx context.Context) []ledger.Open {
	p := w.process(ctx, run{})
	defer p.die()
	for range 20 { // the ledger may fail for a while
		if snapshot, err := p.book().Snapshot(ctx); err == nil {
			return snapshot.Open
		}
	}
	return nil
}

// ordered finds what became of a claim's order.
func (w *world) ordered(claim string) (orders []sandbox.OrderRecord) {
	for _, o := range w.server.Record().Orders {
		if o.Tags[plan.TagOrder] == claim {
			orders = append(orders, o)
		}
	}
	return orders
}

// resolveOpen is a person who settles what is open: they look into the portal,
// and say what they see there. What the product does not let them say is not said.
func (w *world) resolveOpen(ctx context.Context) {
	open := w.openClaims(ctx)
	if len(open) == 0 {
		return
	}
	rows, err := w.portal.rows(ctx)
	if err != nil {
		return
	}
	for _, o := range open {
		for _, words := range w.words(ctx, o, rows) {
			p := w.process(ctx, run{})
			settled, err := p.resolve(words)
			p.die()
			w.count(func(t *totals) { t.resolved += len(settled) })
			if err == nil {
				w.refusals = append(w.refusals, fmt.Sprintf("%s %s: resolved as %+v", o.Name, o.Key, settled))
				break
			}
			w.refusals = append(w.refusals, fmt.Sprintf("%s %+v: %v", o.Name, words, err))
		}
	}
}

// words are what a person can say of a claim, the likeliest first. That it was not
// created they say of what the portal does not show; the product's guard is all
// that keeps them from saying it too early. Of the approvals they say that they
// looked only after they did.
func (w *world) words(ctx context.Context, o ledger.Open, rows map[string]row) []refresh.Resolution {
	say := refresh.Resolution{Names: []string{o.Name}, LookupTimeout: w.lookupTimeout()}
	if o.State == plan.OrderDamaged {
		say.Names, say.Keys = nil, []string{o.Key}
	}
	var alive []plan.ServiceUID
	for _, x := range w.ordered(o.ID) {
		for _, uid := range x.UIDs {
			if r, visible := rows[uid]; visible && r.alive() {
				alive = append(alive, plan.ServiceUID(uid))
			}
		}
	}
	none, some, these, again := say, say, say, say
	none.NotCreated, some.Partial, these.UIDs, again.Again = true, true, alive, true
	asIs := these
	asIs.AsIs = true
	var words []refresh.Resolution
	switch {
	case o.State == plan.OrderRejected && len(alive) == 0:
		words = []refresh.Resolution{again}
	case len(alive) == 0:
		words = []refresh.Resolution{none}
	case len(alive) < o.Order.Members():
		words = []refresh.Resolution{some, asIs}
	default:
		words = []refresh.Resolution{these, asIs}
	}
	if w.passed(ctx, o.ID) {
		for _, r := range slices.Clone(words) {
			r.ApprovalsChecked = true
			words = append(words, r)
		}
	}
	return words
}

// passed is a person who looks at the approvals: none that may still become the
// order's services is there.
func (w *world) passed(ctx context.Context, claim string) bool {
	for _, o := range w.ordered(claim) {
		if status := w.approvals(ctx)[o.Approval]; o.Approval != "" && (status == "PENDING" || status == "APPROVED") {
			return false
		}
	}
	return true
}

// recover does what a person does after trouble: once the API is well and its
// listing had time to catch up, apply again, and follow the hints until nothing is
// left to do.
func (w *world) recover(ctx context.Context) {
	time.Sleep(time.Minute) // what a killed process had sent arrives
	w.decide(ctx, "approve")
	w.failing.Store(false)
	w.liar.honest.Store(true)
	k := w.server.Knobs()
	k.Faults, k.Approvals, k.RateLimit = nil, false, 0
	if err := w.server.SetKnobs(k); err != nil {
		w.violated("%v", err)
	}
	w.wait = 2 * time.Hour
	time.Sleep(w.lookupTimeout() + 6*time.Minute)
	w.mend()
	first := w.again(ctx, "first apply of the recovery")
	if first == nil && w.trial.plain() {
		return
	}
	if first != nil {
		w.totals.adopted += len(first.Recovered)
	}
	w.totals.doubts = w.judgeOpen(ctx, first)
	for round := range rounds {
		if first != nil && first.ExitCode == apply.ExitDone && w.nothingLeft(ctx) {
			break
		}
		w.resolveOpen(ctx)
		w.followHints(ctx, round)
		time.Sleep(w.lookupTimeout() + 6*time.Minute)
		first = w.again(ctx, "apply of the recovery")
	}
	w.judgeEnd(ctx)
}

// nothingLeft says that a plan has nothing to do and no claim is open.
func (w *world) nothingLeft(ctx context.Context) bool {
	p := w.process(ctx, run{})
	defer p.die()
	draft, err := p.draft(w.file.desired())
	return err == nil && len(draft.Claims.Open) == 0 &&
		!slices.ContainsFunc(draft.Plan.Actions, func(a plan.Action) bool { return a.Kind != plan.Unchanged })
}

// mend is the file as it is wanted in the end.
func (w *world) mend() {
	bought := map[int]plan.Speed{}
	for _, o := range w.server.Record().Orders {
		if o.Committed {
			bought[entryOf(o.Name)] = plan.Speed(o.SpeedMbps)
		}
	}
	w.file.mended(w.trial.named, bought)
}

// again applies the mended inventory.
func (w *world) again(ctx context.Context, what string) *apply.Result {
	w.totals.runs++
	e := w.process(ctx, run{}).apply(w.file.desired(), true)
	w.judge(what, e)
	if e.result == nil {
		w.refusals = append(w.refusals, fmt.Sprintf("%s: %v", what, e.err))
		if w.trial.plain() {
			w.violated("%s: %v", what, e.err)
		}
		return nil
	}
	if e.result.ExitCode != apply.ExitDone {
		w.refusals = append(w.refusals, fmt.Sprintf("%s: exit %d: %+v", what, e.result.ExitCode, e.result.Summary))
	}
	for _, a := range e.result.Actions {
		if a.Error != nil && a.Kind != plan.Blocked {
			w.refusals = append(w.refusals, fmt.Sprintf("%s: %s: %s: %s", what, a.Name, a.Outcome, a.Error.Message))
		}
		if a.Kind == plan.Blocked {
			w.refusals = append(w.refusals, fmt.Sprintf("%s: %s is blocked: %s", what, a.Name, a.Error.Message))
			if w.trial.plain() && a.Reason != plan.ReasonRejected {
				w.violated("%s: %s is blocked: %s", what, a.Name, a.Error.Message)
			}
		}
	}
	return e.result
}

// pasted finds what a hint tells a person to write into the file.
var pasted = regexp.MustCompile("(replaces|uid|formerly): ?(\"(?:[^\"\\\\]|\\\\.)*\"|'[^']*'|[^`\"']+)")

// mistaken finds the service that may be an order's, for all that portctl knows.
var mistaken = regexp.MustCompile("service ([0-9a-fA-F-]{36}) .* is new and may be the order's")

// followHints does what the plan's hints say, as far as they speak of the file.
// Where a service stands that nobody wanted there, it is cancelled in the portal.
func (w *world) followHints(ctx context.Context, round int) {
	p := w.process(ctx, run{})
	defer p.die()
	draft, err := p.draft(w.file.desired())
	rows, portalErr := w.portal.rows(ctx)
	if err != nil || portalErr != nil {
		w.refusals = append(w.refusals, fmt.Sprintf("plan: %v", cmp.Or(err, portalErr)))
		return
	}
	for _, a := range draft.Plan.Actions {
		i := slices.IndexFunc(w.file.lines, func(l line) bool { return plan.FoldName(l.name) == plan.FoldName(a.Name) })
		if i < 0 {
			continue
		}
		l := &w.file.lines[i]
		if a.Kind == plan.Update && round > 2 {
			l.accept(a.Changes)
		}
		if a.Kind != plan.Blocked && a.Kind != plan.Unknown {
			continue
		}
		w.refusals = append(w.refusals, fmt.Sprintf("plan: %s: %s: %s; %s", a.Name, a.Kind, a.Reason.Text, a.Reason.Hint))
		if !w.cancelMisplaced(ctx, i, rows) {
			w.follow(i, a.Reason.Text+"; "+a.Reason.Hint)
		}
	}
}

// accept is a person who has seen twice that the API does not keep a name as it is
// written, and writes it as the API does.
func (l *line) accept(changes []plan.Change) {
	for _, c := range changes {
		if c.Field == "name" {
			l.name, l.formerly = c.From, ""
		}
	}
}

// follow writes into the file what a hint says, unless it speaks of the port of
// another entry: a person knows their ports apart.
func (w *world) follow(i int, hint string) {
	if m := mistaken.FindStringSubmatch(hint); m != nil {
		if other := w.ownerOf(m[1]); other >= 0 && other != i && w.file.lines[other].lag == 0 {
			w.file.lines[other].uid = plan.FoldUID(m[1]) // "given to its entry by `uid`"
			return
		}
	}
	l := &w.file.lines[i]
	for _, m := range pasted.FindAllStringSubmatch(hint, -1) {
		value := strings.Trim(strings.TrimSpace(m[2]), "\"'")
		if other := w.ownerOf(value); other >= 0 && other != i {
			continue
		}
		switch m[1] {
		case "replaces":
			l.replaces, l.uid, l.formerly = plan.ServiceUID(value), "", ""
			return
		case "uid":
			l.uid = plan.FoldUID(value)
			return
		case "formerly":
			l.formerly = value
			return
		}
	}
}

// ownerOf is the entry that a name or a UID is of, as a person knows it.
func (w *world) ownerOf(value string) int {
	for _, o := range w.server.Record().Orders {
		if slices.Contains(o.UIDs, strings.ToLower(value)) {
			return entryOf(o.Name)
		}
	}
	return entryOf(value)
}

// cancelMisplaced cancels in the portal what stands where it was not wanted, and
// says whether there was any.
func (w *world) cancelMisplaced(ctx context.Context, i int, rows map[string]row) bool {
	found := false
	aggregation := 0
	for _, o := range w.server.Record().Orders {
		if !o.Committed || entryOf(o.Name) != i {
			continue
		}
		for _, uid := range o.UIDs {
			r := rows[uid]
			if r.UID == "" || !r.alive() {
				continue
			}
			other := aggregation != 0 && r.Aggregation != aggregation
			aggregation = cmp.Or(aggregation, r.Aggregation)
			if o.LocationID != w.file.lines[i].site || other {
				found = w.portal.cancel(ctx, uid) == nil || found
			}
		}
	}
	return found
}
