package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/portctl/portctl/pkg/plan"
)

// A cancellation that was meant once and did not end a single member gives an entry
// that names one of them no leave to cancel all.
func TestCancellationThatNeverBegan(t *testing.T) {
	services := lagOf(2, "lag")
	tags := map[plan.ServiceUID]map[string]string{"u1": {plan.TagInventory: "inv"}, "u2": {plan.TagInventory: "inv"}}
	o := plan.Observed{Services: services, Tags: tags, Cancelling: map[plan.ServiceUID]bool{"u1": true, "u2": true}}
	d := wanting(plan.Port{UID: "u2", Absent: true})
	if a := only(t, d, o); a.Kind != plan.Blocked || a.Reason.Code != plan.ReasonLAGMismatch {
		t.Errorf("%s %s: %s", a.Kind, a.Reason.Code, a.Reason.Text)
	}
	services[0].Status = plan.StatusCancelled // now it has begun
	if a := only(t, d, o); a.Kind != plan.Cancel || !slices.Equal(a.Service.Members, []plan.ServiceUID{"u2"}) {
		t.Errorf("begun: %s %s: %s", a.Kind, a.Reason.Code, a.Reason.Text)
	}
}

// What was bought and is not as ordered is not called unlisted, and a command accepts
// it.
func TestOrderedOtherwise(t *testing.T) {
	c := plan.Claim{ID: "1", Name: "a", State: plan.Ordered, UIDs: []plan.ServiceUID{"u9"}, Evidence: "service u9 is in LAG 8"}
	c.Order = plan.Order{Name: "a", Location: 89, Speed: plan.Speed10G}
	a := only(t, wanting(entry("a")), plan.Observed{Claims: []plan.Claim{c}})
	if a.Kind != plan.Unchanged || !strings.Contains(a.Reason.Text, "in LAG 8") || !strings.Contains(a.Reason.Hint, "ledger resolve a --uid u9 --as-is") {
		t.Errorf("%s: %s (%s)", a.Kind, a.Reason.Text, a.Reason.Hint)
	}
}

// What keeps an order that was turned away from being sent again has ways out.
func TestTurnedAwayWithTroubleHasAWayOut(t *testing.T) {
	c := plan.Claim{ID: "1", Name: "a", State: plan.TurnedAway, Evidence: "service u9 is new and may be the order's"}
	c.Order = plan.Order{Name: "a", Location: 89, Speed: plan.Speed10G}
	a := only(t, wanting(entry("a")), plan.Observed{Claims: []plan.Claim{c}})
	for _, way := range []string{"ledger resolve a --uid UID", "unmanaged"} {
		if a.Kind != plan.Unknown || !strings.Contains(a.Reason.Hint, way) {
			t.Errorf("%s: %s (%s)", a.Kind, a.Reason.Text, a.Reason.Hint)
		}
	}
}
