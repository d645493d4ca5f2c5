package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/plan"
)

func pounds(n int64) plan.Amount { return plan.NewAmount(decimal.NewFromInt(n)) }

func genLimits() *rapid.Generator[plan.Limits] {
	amounts := rapid.MapOfN(rapid.SampledFrom([]string{"GBP", "EUR"}), rapid.Map(rapid.Int64Range(0, 3000), pounds), 0, 2)
	return rapid.Custom(func(t *rapid.T) plan.Limits {
		return plan.Limits{MaxMonthly: amounts.Draw(t, "monthly"), MaxCommitment: amounts.Draw(t, "commitment")}
	})
}

func genPolicy() *rapid.Generator[plan.Policy] {
	return rapid.Custom(func(t *rapid.T) plan.Policy {
		return plan.Policy{
			Limits: genLimits().Draw(t, "limits"), MaxBuy: rapid.IntRange(0, 5).Draw(t, "maxBuy"),
			PerCostCentre: rapid.MapOfN(rapid.SampledFrom([]string{"x", "y"}), genLimits(), 0, 2).Draw(t, "per cost centre"),
			PerMarket:     rapid.MapOfN(rapid.SampledFrom([]string{"GB", "AU"}), genLimits(), 0, 2).Draw(t, "per market"),
			Terms:         rapid.SliceOfNDistinct(rapid.SampledFrom(plan.Terms()), 0, 3, rapid.ID[int]).Draw(t, "terms"),
			Speeds:        rapid.SliceOfNDistinct(rapid.SampledFrom([]plan.Speed{plan.Speed1G, plan.Speed10G}), 0, 2, rapid.ID[plan.Speed]).Draw(t, "speeds"),
			RequiredTags:  rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"k"}), 0, 1, rapid.ID[string]).Draw(t, "tags"),
		}
	})
}

// A plan under two policies can be applied exactly when it can be under each of them.
// Where the new policy is not looser, the old one alone never stands in the way.
func TestBothPoliciesHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		head, base := genPolicy().Draw(t, "head"), genPolicy().Draw(t, "base")
		desired, observed := genDesired().Draw(t, "desired"), plan.Observed{}
		build := func(policy plan.Policy, base *plan.Policy) plan.Plan {
			desired.Policy, desired.Base = policy, base
			p := plan.Build(desired, observed, plan.NewCatalog(testCatalog()))
			return p.Priced(quoteAll(p.Orders()))
		}
		// An order that one policy blocks counts in no sum, so the sums are compared
		// of plans in which nothing is blocked.
		both, own, old := build(head, &base), build(head, nil), build(base, nil)
		if both.CanApply() != (own.CanApply() && old.CanApply()) {
			t.Fatalf("both: %v, head: %v, base: %v\n%+v", both.CanApply(), own.CanApply(), old.CanApply(), both.Policy)
		}
		if len(head.Loosened(base)) == 0 && own.CanApply() && !both.CanApply() {
			t.Fatalf("nothing is said to be looser, and only the base policy refuses\n%+v", both.Policy)
		}
	})
}

func TestLoosened(t *testing.T) {
	money := func(n int64) map[string]plan.Amount { return map[string]plan.Amount{"GBP": pounds(n)} }
	for name, c := range map[string]struct {
		base, head plan.Policy
		want       []string
	}{
		"the same":          {plan.Policy{Limits: plan.Limits{MaxMonthly: money(1)}}, plan.Policy{Limits: plan.Limits{MaxMonthly: money(1)}}, nil},
		"stricter":          {plan.Policy{Limits: plan.Limits{MaxMonthly: money(2)}, MaxBuy: 9}, plan.Policy{Limits: plan.Limits{MaxMonthly: money(1)}, MaxBuy: 8, Terms: []int{12}}, nil},
		"more money":        {plan.Policy{Limits: plan.Limits{MaxMonthly: money(20000)}}, plan.Policy{Limits: plan.Limits{MaxMonthly: money(50000)}}, []string{"maxMonthly GBP 50,000.00, was 20,000.00"}},
		"removed":           {plan.Policy{Limits: plan.Limits{MaxCommitment: money(1)}}, plan.Policy{}, []string{"maxCommitment is removed"}},
		"another currency":  {plan.Policy{Limits: plan.Limits{MaxMonthly: money(1)}}, plan.Policy{Limits: plan.Limits{MaxMonthly: map[string]plan.Amount{"EUR": pounds(1)}}}, []string{"maxMonthly EUR 1.00, was not allowed"}},
		"more orders":       {plan.Policy{}, plan.Policy{MaxBuy: 101}, []string{"maxBuy 101, was 100"}},
		"a cost centre":     {plan.Policy{PerCostCentre: map[string]plan.Limits{"x": {MaxMonthly: money(1)}}}, plan.Policy{PerCostCentre: map[string]plan.Limits{"x": {MaxMonthly: money(2)}}}, []string{"perCostCentre x maxMonthly GBP 2.00, was 1.00"}},
		"a market removed":  {plan.Policy{PerMarket: map[string]plan.Limits{"GB": {MaxMonthly: money(1)}}}, plan.Policy{}, []string{"perMarket GB maxMonthly is removed"}},
		"more terms":        {plan.Policy{Terms: []int{12}}, plan.Policy{Terms: []int{1, 12}}, []string{"terms also 1"}},
		"every speed":       {plan.Policy{Speeds: []plan.Speed{plan.Speed1G}}, plan.Policy{}, []string{"speeds is removed"}},
		"a site by another": {plan.Policy{Sites: []plan.Site{{ID: 9, Written: "x"}}}, plan.Policy{Sites: []plan.Site{{ID: 9, Written: "y"}, {Name: "LD5"}}}, []string{"sites also ld5"}},
		"fewer tags":        {plan.Policy{RequiredTags: []string{"owner"}}, plan.Policy{}, []string{"requiredTags without owner"}},
	} {
		if diff := cmp.Diff(c.want, c.head.Loosened(c.base)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
