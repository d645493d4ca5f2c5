package plan_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/plan"
)

// Of several saved plans, each action must stand in one: what is left out of all of
// them is objected to, by name, and nothing else is.
func TestEachActionMustBeReviewed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unpriced := plan.Build(genDesired().Draw(t, "desired"), plan.Observed{}, plan.NewCatalog(testCatalog()))
		whole := unpriced.Priced(quoteAll(unpriced.Orders()))
		now := time.Unix(1_700_000_000, 0).UTC()
		fresh := documentOf(whole, now)
		count := rapid.IntRange(0, 3).Draw(t, "plans")
		parts := make([]plan.Plan, count)
		var left []string
		for _, a := range whole.Actions {
			n := rapid.IntRange(-1, count-1).Draw(t, "the plan that has "+a.Name)
			switch {
			case n >= 0:
				parts[n].Actions = append(parts[n].Actions, a)
			case a.Kind.Changes():
				left = append(left, a.Name)
			}
		}
		reviewed := plan.Reviewed{}
		for _, p := range parts {
			reviewed = append(reviewed, plan.SavedPlan{File: "f", Document: documentOf(p, now)})
		}
		var names []string
		for _, o := range reviewed.Objections(fresh, now) {
			names = append(names, o.Name)
		}
		slices.Sort(left)
		slices.Sort(names)
		if diff := cmp.Diff(left, names); diff != "" {
			t.Fatalf("%d plans (-left out +objected to):\n%s", count, diff)
		}
	})
}

// What one plan takes out is taken out again, unless another plan does it.
func TestExcludedNames(t *testing.T) {
	out := func(name string) plan.Action { return plan.Action{Kind: plan.Excluded, Name: name} }
	buy := func(name string) plan.Action { return plan.Action{Kind: plan.Buy, Name: name} }
	saved := func(actions ...plan.Action) plan.SavedPlan {
		return plan.SavedPlan{Document: plan.Document{Plan: plan.Plan{Actions: actions}}}
	}
	got := plan.Reviewed{saved(out("lab-1"), out("Edge-1"), buy("a")), saved(buy("edge-1"), out("lab-1"))}.ExcludedNames()
	if diff := cmp.Diff([]string{"lab-1", "lab-1"}, got); diff != "" {
		t.Error(diff)
	}
}
