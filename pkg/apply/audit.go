package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/plan"
)

// AuditFinding is something that the last look at the account showed to be
// otherwise than the run left it.
type AuditFinding struct {
	Name string `json:"name"`
	// Kind is second-service, when more than one service has the entry's name, or
	// attribute, when a service is not as it was ordered; not-audited, when there
	// was no look at the account after the orders; rewritten, when the API did not
	// keep the name and the tags of an order, which is said once.
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// NotAudited says that the account was not looked at after the run, so that somebody
// should.
func (f AuditFinding) NotAudited() bool { return f.Kind == auditNotDone }

// The kinds of audit findings.
const (
	auditSecond    = "second-service"
	auditAttribute = "attribute"
	auditNotDone   = "not-audited"
	auditRewritten = "rewritten"
)

// audit holds the account against the run: every entry that was carried out must
// be exactly one service, and what was bought must be as it was ordered. Nothing
// is fixed by itself: a second service is named with what it costs, never
// cancelled.
func (e *engine) audit(ctx context.Context) {
	actions := e.report.actions()
	updated := slices.ContainsFunc(actions, func(a ActionResult) bool { return a.Outcome == Updated })
	if len(e.open.list) == 0 && e.latest == nil && !updated {
		return // nothing was ordered or changed, so the plan was the audit
	}
	if e.latest == nil {
		if err := e.lookOnceMore(ctx); err != nil {
			e.report.found(AuditFinding{Kind: auditNotDone, Text: "the account could not be listed after the orders: " + err.Error()})
			return
		}
	}
	e.auditEntries(actions)
	for _, o := range e.open.list {
		if o.last.Split {
			e.report.found(AuditFinding{o.claim.Name, auditAttribute, o.last.Evidence})
		}
	}
	listed := make(map[plan.ServiceUID]int, len(e.latest))
	for i := range e.latest {
		listed[e.latest[i].UID] = i
	}
	for n := range e.priced.Plan.Actions {
		if a := &e.priced.Plan.Actions[n]; a.Order != nil && actions[n].Outcome == Bought {
			e.auditOrder(*a.Order, actions[n], listed)
		}
	}
}

// lookOnceMore lists the account for the audit, when no listing came since the
// orders. It returns why it could not.
func (e *engine) lookOnceMore(ctx context.Context) error {
	for pause := time.Second; ; pause *= 2 {
		observed, err := e.Account.Observe(ctx)
		if err == nil {
			e.latest = observed.Services
			return nil
		}
		if pause > 4*time.Second {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// auditEntries plans once more against the last listing.
func (e *engine) auditEntries(actions []ActionResult) {
	after := e.priced.Observed
	after.Services, after.Claims = e.latest, e.stillOpen()
	checked := plan.Build(e.priced.Desired, after, e.priced.Catalog)
	byName := make(map[string]int, len(actions))
	for i := range slices.Backward(actions) { // so that the first of a name stays
		if actions[i].Kind != plan.Cancel {
			byName[actions[i].Name] = i
		}
	}
	for _, a := range checked.Actions {
		i, known := byName[a.Name]
		if !known || actions[i].Outcome == Excluded {
			continue
		}
		if f, ok := auditOne(a, actions[i]); ok {
			e.report.found(f)
		}
	}
}

// unchanged says which field of a service is as it was although the API took the
// change. Tags are not in the listing.
func unchanged(a plan.Action) string {
	for _, c := range a.Changes {
		if !strings.HasPrefix(c.Field, "tags.") {
			return fmt.Sprintf("the API took the change, and the account still shows %s %q, not %q", c.Field, c.From, c.To)
		}
	}
	return ""
}

// stillOpen are the orders of this run that the account does not show wholly yet.
func (e *engine) stillOpen() []plan.Claim {
	var claims []plan.Claim
	for _, o := range e.open.list {
		f := o.last
		f.Open = o.claim
		if c, open := f.Claim(); open {
			claims = append(claims, c)
		}
	}
	return claims
}

func auditOne(a plan.Action, res ActionResult) (AuditFinding, bool) {
	switch {
	case a.Reason.Code == plan.ReasonDuplicateService:
		text := a.Reason.Text
		if res.Price != nil {
			text += fmt.Sprintf("; a second one costs %s %s monthly", res.Price.Currency, res.Price.Monthly.Grouped())
		}
		return AuditFinding{a.Name, auditSecond, text}, true
	case res.Outcome == Bought && a.Kind == plan.Blocked && a.Service != nil:
		return AuditFinding{a.Name, auditAttribute, a.Reason.Text}, true
	case res.Outcome == Updated:
		if stuck := unchanged(a); stuck != "" {
			return AuditFinding{a.Name, auditAttribute, stuck}, true
		}
	}
	return AuditFinding{}, false
}

// auditOrder compares what was bought with what was ordered; listed is where a service
// stands in the last listing.
func (e *engine) auditOrder(o plan.Order, res ActionResult, listed map[plan.ServiceUID]int) {
	var found []int
	for _, uid := range res.New {
		if i, is := listed[uid]; is {
			found = append(found, i)
		}
	}
	slices.Sort(found)
	for _, i := range slices.Compact(found) {
		s := e.latest[i]
		for _, d := range o.Deviations(s) {
			e.report.found(AuditFinding{res.Name, auditAttribute, fmt.Sprintf("service %s has %s %v, ordered was %v", s.UID, d.What, d.Have, d.Want)})
		}
	}
}
