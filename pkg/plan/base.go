package plan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Loosened lists where a policy allows more than the one before it, that of the base
// branch. What is looser is allowed after the change is merged, not by it.
func (y Policy) Loosened(base Policy) []string {
	out := loosenedLimits("", base.Limits, y.Limits)
	out = append(out, loosenedParts("perCostCentre", base.PerCostCentre, y.PerCostCentre)...)
	out = append(out, loosenedParts("perMarket", base.PerMarket, y.PerMarket)...)
	if was, is := base.maxBuy(), y.maxBuy(); is > was {
		out = append(out, fmt.Sprintf("maxBuy %d, was %d", is, was))
	}
	out = append(out, loosenedList("terms", base.Terms, y.Terms, strconv.Itoa)...)
	out = append(out, loosenedList("speeds", base.Speeds, y.Speeds, Speed.String)...)
	out = append(out, loosenedList("sites", base.Sites, y.Sites, Site.text)...)
	for _, tag := range base.RequiredTags {
		if !slices.Contains(y.RequiredTags, tag) {
			out = append(out, fmt.Sprintf("requiredTags without %s", tag))
		}
	}
	return out
}

// text is a site as it is compared: by id, or by its folded name.
func (s Site) text() string {
	if s.ID != 0 {
		return fmt.Sprintf("{id: %d}", s.ID)
	}
	return FoldSite(s.Name)
}

func loosenedParts(per string, base, head map[string]Limits) []string {
	var out []string
	for _, of := range slices.Sorted(maps.Keys(base)) {
		out = append(out, loosenedLimits(per+" "+of+" ", base[of], head[of])...)
	}
	return out
}

func loosenedLimits(lead string, base, head Limits) []string {
	return append(
		loosenedAmounts(lead+"maxMonthly", base.MaxMonthly, head.MaxMonthly),
		loosenedAmounts(lead+"maxCommitment", base.MaxCommitment, head.MaxCommitment)...,
	)
}

// loosenedAmounts compares limits of money. No limits at all allow everything; next to
// others, a currency without one allows nothing.
func loosenedAmounts(name string, base, head map[string]Amount) []string {
	var out []string
	switch {
	case len(base) == 0:
		return nil
	case len(head) == 0:
		return []string{fmt.Sprintf("%s is removed", name)}
	}
	for _, currency := range slices.Sorted(maps.Keys(head)) {
		was, limited := base[currency]
		switch is := head[currency]; {
		case !limited:
			out = append(out, fmt.Sprintf("%s %s %s, was not allowed", name, currency, is.Grouped()))
		case is.Cmp(was) > 0:
			out = append(out, fmt.Sprintf("%s %s %s, was %s", name, currency, is.Grouped(), was.Grouped()))
		}
	}
	return out
}

// loosenedList compares lists of what is allowed, of which an empty one allows all.
func loosenedList[T any](name string, base, head []T, text func(T) string) []string {
	switch {
	case len(base) == 0:
		return nil
	case len(head) == 0:
		return []string{name + " is removed"}
	}
	was := map[string]bool{}
	for _, v := range base {
		was[text(v)] = true
	}
	var more []T
	for _, v := range head {
		if !was[text(v)] {
			more = append(more, v)
		}
	}
	if len(more) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s also %s", name, joined(more, text))}
}
