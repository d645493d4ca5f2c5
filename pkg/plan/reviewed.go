package plan

import (
	"fmt"
	"slices"
	"time"
)

// Reviewed are the saved plans that limit a run. Each was reviewed by itself, as a
// pull request, and a plan is a ceiling, not a script: what would be done now must
// stand in one of them, with the same order and at no higher price. What is satisfied
// meanwhile is simply no longer there, and what others brought is theirs. Without any
// plan nothing may be changed; nil is not that, but a run that no plan limits.
type Reviewed []SavedPlan

// SavedPlan is a plan that was read from a file.
type SavedPlan struct {
	// File is the path it was read from.
	File string
	Document
}

// Objection is why the saved plans do not cover what would be done now.
type Objection struct {
	// File is the saved plan; empty when it is about all of them.
	File string
	// Name is the entry; empty when it is about the plan as a whole.
	Name string
	Text string
}

func (o Objection) String() string {
	text := o.Text
	for _, lead := range []string{o.Name, o.File} {
		if lead != "" {
			text = lead + ": " + text
		}
	}
	return text
}

// Objections holds a fresh plan against the saved ones. A plan that is of no use here,
// because it expired or is for another account, covers nothing; it is an objection of
// its own when no other plan is of use, or when it alone knows what would be done.
func (r Reviewed) Objections(fresh Document, now time.Time) []Objection {
	ceilings, unfit := make([]ceiling, len(r)), []Objection{}
	for i, saved := range r {
		ceilings[i] = ceiling{SavedPlan: saved, byEntry: saved.byEntry(), unfit: saved.envelopeObjections(fresh, now)}
		unfit = append(unfit, ceilings[i].unfit...)
	}
	if len(unfit) > 0 && !slices.ContainsFunc(ceilings, ceiling.fits) {
		return unfit
	}
	var out []Objection
	for _, a := range fresh.Actions {
		out = append(out, uncovered(ceilings, a)...)
	}
	return out
}

// ceiling is a saved plan, ready to be compared.
type ceiling struct {
	SavedPlan
	byEntry map[entryKey][]Action
	// unfit are the reasons for which it covers nothing.
	unfit []Objection
}

func (c ceiling) fits() bool { return len(c.unfit) == 0 }

// uncovered says why no plan covers an action; it is empty when one does. A blocked
// action needs no cover: it is held against each plan that would have changed it.
func uncovered(ceilings []ceiling, a Action) []Objection {
	if !a.Kind.Changes() && a.Kind != Blocked {
		return nil
	}
	var out []Objection
	for _, c := range ceilings {
		objections, knows := c.objections(a)
		if knows && len(objections) == 0 && a.Kind.Changes() {
			return nil
		}
		out = append(out, objections...)
	}
	if len(out) > 0 || !a.Kind.Changes() {
		return out
	}
	switch len(ceilings) {
	case 0:
		return []Objection{{"", a.Name, fmt.Sprintf("no plan was reviewed; it would be %s", doing(a.Kind))}}
	case 1:
		return []Objection{{ceilings[0].File, a.Name, fmt.Sprintf("the plan does not know this entry; it would be %s", doing(a.Kind))}}
	}
	return []Objection{{"", a.Name, fmt.Sprintf("none of the %d plans knows this entry; it would be %s", len(ceilings), doing(a.Kind))}}
}

// objections holds one action against the saved ones of its entry, and says whether
// there are any. Several absent entries may share a name; any of theirs may cover it.
func (c ceiling) objections(a Action) (objections []Objection, knows bool) {
	saved := c.byEntry[entryOf(a)]
	for _, s := range saved {
		if text := objection(s, a); text != "" {
			objections = append(objections, Objection{c.File, a.Name, text})
		} else if c.fits() {
			return nil, true
		} else {
			return c.unfit[:1], true
		}
	}
	return objections[:min(1, len(objections))], len(saved) > 0
}

// ExcludedNames lists what the plans take out by name, unless another of them does
// something about it.
func (r Reviewed) ExcludedNames() []string {
	changed := map[string]bool{}
	for _, saved := range r {
		for _, a := range saved.Actions {
			if a.Kind.Changes() {
				changed[FoldName(a.Name)] = true
			}
		}
	}
	var names []string
	for _, saved := range r {
		for _, a := range saved.Of(Excluded) {
			if !changed[FoldName(a.Name)] {
				names = append(names, a.Name)
			}
		}
	}
	return names
}

// ChangesTags says that one of the plans sets tags of services that exist.
func (r Reviewed) ChangesTags() bool {
	return slices.ContainsFunc(r, func(saved SavedPlan) bool { return saved.Plan.ChangesTags() })
}

// envelopeObjections are the reasons for which the plan covers nothing here and now.
func (saved SavedPlan) envelopeObjections(fresh Document, now time.Time) []Objection {
	var out []Objection
	object := func(format string, args ...any) {
		out = append(out, Objection{File: saved.File, Text: fmt.Sprintf(format, args...)})
	}
	if saved.Failure != nil {
		object("it is no plan: making it failed: %s", saved.Failure.Message)
		return out
	}
	if saved.Environment != fresh.Environment {
		object("the plan is for environment %s, this is %s", saved.Environment, fresh.Environment)
	}
	if saved.BaseURL != fresh.BaseURL {
		object("the plan was made against %s, this is %s", saved.BaseURL, fresh.BaseURL)
	}
	if saved.Inventory.Name != fresh.Inventory.Name {
		object("the plan is for inventory %q, this is %q", saved.Inventory.Name, fresh.Inventory.Name)
	}
	if text := saved.accountObjection(fresh); text != "" {
		object("%s", text)
	}
	if now.After(saved.ExpiresAt) {
		object("the plan expired at %s", saved.ExpiresAt.UTC().Format(time.RFC3339))
	}
	for _, l := range saved.Exceeded() {
		object("the plan exceeded a limit when it was made: %s", l.Limit)
	}
	return out
}

// entryKey is what the actions of one entry have in common: an absent entry may share
// the name of the one that replaces its service.
type entryKey struct {
	name   string // folded
	absent bool
}

func entryOf(a Action) entryKey { return entryKey{FoldName(a.Name), a.Wanted.Absent} }

// byEntry sorts the actions by their entries.
func (p Plan) byEntry() map[entryKey][]Action {
	of := make(map[entryKey][]Action, len(p.Actions))
	for _, a := range p.Actions {
		of[entryOf(a)] = append(of[entryOf(a)], a)
	}
	return of
}
