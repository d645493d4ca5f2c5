package apply

import (
	"fmt"
	"slices"

	"github.com/portctl/portctl/pkg/plan"
)

// AuditFinding is something that the last look at the account showed to be
// otherwise than the run left it.
type AuditFinding struct {
	Name string `json:"name"`
	// Kind is second-service, when more than one service has the entry's name, or
	// attribute, when a service is not as it was ordered.
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// The kinds of audit findings.
const (
	auditSecond    = "second-service"
	auditAttribute = "attribute"
)

// audit plans once more against the last listing: every entry that was carried
// out must be exactly one service with the ordered attributes. Nothing is mended
// by itself: a second service is named with what it costs, never cancelled.
func (r *run) audit() {
	if r.latest == nil {
		return // nothing was ordered, so the draft was the audit
	}
	after := r.draft.Observed
	after.Services, after.Claims = r.latest, nil
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

func auditOne(a plan.Action, res ActionResult) (AuditFinding, bool) {
	switch {
	case a.Reason.Code == plan.ReasonDuplicateService:
		text := a.Reason.Text
		if res.Price != nil {
			text += fmt.Sprintf("; a second one costs %s %s a month", res.Price.Currency, res.Price.Monthly.Grouped())
		}
		return AuditFinding{a.Name, auditSecond, text}, true
	case res.Outcome == Bought && a.Kind == plan.Blocked && a.Service != nil:
		return AuditFinding{a.Name, auditAttribute, a.Reason.Text}, true
	}
	return AuditFinding{}, false
}
