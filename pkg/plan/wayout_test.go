package plan_test

import (
	"slices"
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
	if a.Kind != plan.Unchanged || !strings.Contains(a.Reason.Text, "in LAG 8") || a.Reason.Way == nil || a.Reason.Way.Kind != plan.WayAsIs || a.Reason.Way.Claim != "a" || !slices.Equal(a.Reason.Way.UIDs, c.UIDs) {
		t.Errorf("%s: %s (%s)", a.Kind, a.Reason.Text, a.Reason.Hint)
	}
}

// What keeps an order that was turned away from being sent again has ways out.
func TestTurnedAwayWithTroubleHasAWayOut(t *testing.T) {
	c := plan.Claim{ID: "1", Name: "a", State: plan.OrderTurnedAway, Evidence: "service u9 is new and may be the order's"}
	c.Order = plan.Order{Name: "a", Location: 89, Speed: plan.Speed10G}
	a := only(t, wanting(entry("a")), plan.Observed{Claims: []plan.Claim{c}})
	if a.Kind != plan.Unknown || a.Reason.Way == nil || a.Reason.Way.Kind != plan.WayName || a.Reason.Way.Claim != "a" {
		t.Errorf("%s: %s (%+v)", a.Kind, a.Reason.Text, a.Reason.Way)
	}
}
