package plan_test

import (
	"strings"
	"testing"

	"github.com/portctl/portctl/pkg/plan"
)

// What was bought and is not as ordered is not called unlisted, and a command accepts
// it.
func TestOrderedOtherwise(t *testing.T) {
	c := plan.Claim{ID: "1", Name: "a", State: plan.OrderBought, UIDs: []plan.ServiceUID{"u9"}, Evidence: "service u9 is in LAG 8"}
	c.Order = plan.Order{Name: "a", Location: 89, Speed: plan.Speed10G}
	a := only(t, wanting(entry("a")), plan.Observed{Claims: []plan.Claim{c}})
	if a.Kind != plan.Unchanged || !strings.Contains(a.Reason.Text, "in LAG 8") || !strings.Contains(a.Reason.Hint, "ledger resolve a --uid u9 --as-is") {
		t.Errorf("%s: %s (%s)", a.Kind, a.Reason.Text, a.Reason.Hint)
	}
}

// What keeps an order that was turned away from being sent again has ways out.
func TestTurnedAwayWithTroubleHasAWayOut(t *testing.T) {
	c := plan.Claim{ID: "1", Name: "a", State: plan.OrderTurnedAway, Evidence: "service u9 is new and may be the order's"}
	c.Order = plan.Order{Name: "a", Location: 89, Speed: plan.Speed10G}
	a := only(t, wanting(entry("a")), plan.Observed{Claims: []plan.Claim{c}})
	for _, way := range []string{"ledger resolve a --uid UID", "unmanaged"} {
		if a.Kind != plan.Unknown || !strings.Contains(a.Reason.Hint, way) {
			t.Errorf("%s: %s (%s)", a.Kind, a.Reason.Text, a.Reason.Hint)
		}
	}
}
