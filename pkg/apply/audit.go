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
func (r *run) audit(ctx context.Context) {
	updated := slices.ContainsFunc(r.result.Actions, func(a ActionResult) bool { return a.Outcome == Updated })
	if len(r.orders) == 0 && r.latest == nil && !updated {
		return // nothing was ordered or changed, so the draft was the audit
	}
	if r.latest == nil {
		if err := r.lookOnceMore(ctx); err != nil {
			r.result.Audit = append(r.result.Audit, AuditFinding{Kind: auditNotDone, Text: "the account could not be listed after the orders, `portctl plan` looks again: " + err.Error()})
			return
		}
	}
	r.auditEntries()
	for _, o := range r.orders {
		if o.last.split {
			r.result.Audit = append(r.result.Audit, AuditFinding{o.claim.Name, auditAttribute, o.last.evidence})
		}
	}
	for i, a := range r.draft.Plan.Actions {
		if a.Order != nil && r.result.Actions[i].Outcome == Bought {
			r.auditOrder(*a.Order, r.result.Actions[i])
		}
	}
}

// lookOnceMore lists the account for the audit, when no listing came since the
// orders. It returns why it could not.
func (r *run) lookOnceMore(ctx context.Context) error {
	for pause := time.Second; ; pause *= 2 {
		observed, err := r.Account.Observe(ctx)
		if err == nil {
			r.latest = observed.Services
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
func (r *run) auditEntries() {
	after := r.draft.Observed
	after.Services, after.Claims = r.latest, r.openOrders()
	checked := plan.Build(r.draft.Desired, after, r.draft.Catalog)
	for _, a := range checked.Actions {
		i := slices.IndexFunc(r.result.Actions, func(x ActionResult) bool { return x.Name == a.Name && x.Kind != plan.Cancel })
		if i < 0 || r.result.Actions[i].Outcome == Excluded {
			continue
		}
		if f, ok := auditOne(a, r.result.Actions[i]); ok {
			r.result.Audit = append(r.result.Audit, f)
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

// openOrders are the orders of this run that the account does not show wholly yet.
func (r *run) openOrders() []plan.Claim {
	var claims []plan.Claim
	for _, o := range r.orders {
		f := o.last
		f.open = o.claim
		if c, open := f.claim(); open {
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

// auditOrder compares what was bought with what was ordered. What the API fills
// in late says nothing yet.
func (r *run) auditOrder(o plan.Order, res ActionResult) {
	differs := func(uid plan.ServiceUID, what string, have, want any) {
		r.result.Audit = append(r.result.Audit, AuditFinding{
			res.Name, auditAttribute,
			fmt.Sprintf("service %s has %s %v, ordered was %v", uid, what, have, want),
		})
	}
	for _, s := range r.latest {
		if !slices.Contains(res.New, s.UID) {
			continue
		}
		if s.Term != 0 && s.Term != o.Term {
			differs(s.UID, "a term (months) of", s.Term, o.Term)
		}
		if s.Speed != o.Speed {
			differs(s.UID, "speed", s.Speed, o.Speed)
		}
		if s.Location != o.Location {
			differs(s.UID, "location", s.Location, o.Location)
		}
		if s.Zone != "" && o.Config.Zone != "" && s.Zone != o.Config.Zone {
			differs(s.UID, "zone", s.Zone, o.Config.Zone)
		}
		if s.MarketplaceVisibility != o.MarketplaceVisibility {
			differs(s.UID, "marketplaceVisibility", s.MarketplaceVisibility, o.MarketplaceVisibility)
		}
	}
}
