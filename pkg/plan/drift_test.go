package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/plan"
)

// A contract is told from 90 days before its last day until that day, by dates in UTC.
func TestContractEnds(t *testing.T) {
	ends := func(end string) plan.Action {
		return plan.Action{Kind: plan.Unchanged, Name: end, Service: &plan.ServiceRef{UID: "u", Term: 12, ContractEnd: end}}
	}
	for name, c := range map[string]struct {
		today string
		end   string
		days  int // -1: not told
	}{
		"today":                      {"2026-11-27T23:59:59Z", "2026-11-27", 0},
		"yesterday":                  {"2026-11-28T00:00:00Z", "2026-11-27", -1},
		"tomorrow, by the last hour": {"2026-11-27T23:59:59Z", "2026-11-28", 1},
		"another time zone's day":    {"2026-11-27T23:30:00-02:00", "2026-11-28", 0},
		"over a leap day":            {"2028-02-28T12:00:00Z", "2028-03-01", 2},
		"without a leap day":         {"2026-02-28T12:00:00Z", "2026-03-01", 1},
		"over a change of clocks":    {"2026-10-24T12:00:00+01:00", "2026-10-26", 2},
		"90 days":                    {"2026-01-01T00:00:00Z", "2026-04-01", 90},
		"91 days":                    {"2026-01-01T00:00:00Z", "2026-04-02", -1},
		"not known":                  {"2026-01-01T00:00:00Z", "", -1},
	} {
		t.Run(name, func(t *testing.T) {
			today, err := time.Parse(time.RFC3339, c.today)
			if err != nil {
				t.Fatal(err)
			}
			var want []plan.ContractEnd
			if c.days >= 0 {
				want = []plan.ContractEnd{{Name: c.end, UID: "u", Term: 12, End: c.end, Days: c.days}}
			}
			got := plan.DriftOf(plan.Plan{Actions: []plan.Action{ends(c.end)}}, today, false, 0)
			if diff := cmp.Diff(want, got.Contracts[:len(got.Contracts):len(got.Contracts)]); diff != "" && len(want)+len(got.Contracts) > 0 {
				t.Error(diff)
			}
			if got.Found {
				t.Error("the end of a contract counts without being asked for")
			}
		})
	}
}

func TestWhatCountsAsDrift(t *testing.T) {
	today := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	ending := plan.Action{Kind: plan.Unchanged, Service: &plan.ServiceRef{ContractEnd: "2026-12-27"}}
	for name, c := range map[string]struct {
		plan      plan.Plan
		unmanaged bool
		days      int
		want      bool
	}{
		"nothing":                         {plan.Plan{Summary: plan.Summary{Unchanged: 9, Excluded: 1, Unknown: 1}}, true, 30, false},
		"a missing service":               {plan.Plan{Summary: plan.Summary{Buy: 1}}, false, 0, true},
		"a missing member":                {plan.Plan{Summary: plan.Summary{Grow: 1}}, false, 0, true},
		"another name":                    {plan.Plan{Summary: plan.Summary{Update: 1}}, false, 0, true},
		"one to cancel":                   {plan.Plan{Summary: plan.Summary{Cancel: 1}}, false, 0, true},
		"the account in the way":          {plan.Plan{Summary: plan.Summary{Blocked: 1}}, false, 0, true},
		"a service of nobody":             {plan.Plan{Unmanaged: []plan.ServiceRef{{}}}, false, 0, false},
		"a service of nobody that counts": {plan.Plan{Unmanaged: []plan.ServiceRef{{}}}, true, 0, true},
		"a service left alone":            {plan.Plan{Unmanaged: []plan.ServiceRef{{LeftAlone: true}}}, true, 0, false},
		"a service of others":             {plan.Plan{Unmanaged: []plan.ServiceRef{{Inventory: "lab"}}}, true, 0, false},
		"a contract":                      {plan.Plan{Actions: []plan.Action{ending}}, true, 29, false},
		"a contract that counts":          {plan.Plan{Actions: []plan.Action{ending}}, false, 30, true},
	} {
		if got := plan.DriftOf(c.plan, today, c.unmanaged, c.days); got.Found != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
