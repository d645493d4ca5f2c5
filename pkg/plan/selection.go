package plan

import (
	"fmt"
	"path"
	"slices"
)

// Selection takes entries into a run, or out of it, by name. A pattern is a name
// or a glob (*, ?, [a-z]); names are compared folded.
type Selection struct {
	// Only keeps what fits one of its patterns; empty keeps all.
	Only []string
	// Except takes out what fits one of its patterns.
	Except []string
}

// Select is the plan without what the selection takes out: such entries are
// shown as excluded and are part of the checksum. A pattern that fits no entry
// is an error: it is probably misspelt, and something would be bought, or not,
// against the will of whoever wrote it.
func (p Plan) Select(s Selection) (Plan, error) {
	if err := p.fitsSome(slices.Concat(s.Only, s.Except)); err != nil {
		return Plan{}, err
	}
	p.Actions = slices.Clone(p.Actions)
	for i, a := range p.Actions {
		if s.excludes(a.Name) {
			p.Actions[i] = a.still(Excluded, Reason{Code: ReasonExcluded, Text: "taken out of this run by name", Source: a.Source})
		}
	}
	return p.summed(), nil
}

func (p Plan) fitsSome(patterns []string) error {
	for _, pattern := range patterns {
		if _, err := path.Match(FoldName(pattern), ""); err != nil {
			return fmt.Errorf("%q is not a pattern: %w", pattern, err)
		}
		if !slices.ContainsFunc(p.Actions, func(a Action) bool { return fits(pattern, a.Name) }) {
			return fmt.Errorf("no entry is named %q", pattern)
		}
	}
	return nil
}

func (s Selection) excludes(name string) bool {
	fitting := func(pattern string) bool { return fits(pattern, name) }
	return len(s.Only) > 0 && !slices.ContainsFunc(s.Only, fitting) || slices.ContainsFunc(s.Except, fitting)
}

func fits(pattern, name string) bool {
	if FoldName(pattern) == FoldName(name) {
		return true
	}
	ok, err := path.Match(FoldName(pattern), FoldName(name))
	return err == nil && ok
}
