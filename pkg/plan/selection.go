package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Selection takes entries into a run, or out of it, by name. A pattern is a name
// or a glob (*, ?, [a-z]); names are compared folded.
type Selection struct {
	// Only keeps what fits one of its patterns; empty keeps all.
	Only []string
	// Except takes out what fits one of its patterns.
	Except []string
	// Names are taken out too, if there are such entries; they are no patterns.
	Names []string
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
	only, except := p.matchers(s.Only), p.matchers(s.Except)
	for i, a := range p.Actions {
		named := slices.ContainsFunc(s.Names, func(n string) bool { return FoldName(n) == FoldName(a.Name) })
		if named || len(only) > 0 && !anyOf(only, a.Name) || anyOf(except, a.Name) {
			p.Actions[i] = a.still(Excluded, Reason{Code: ReasonExcluded, Text: "taken out of this run by name", Source: a.Source})
		}
	}
	return p.summed(), nil
}

func (p Plan) fitsSome(patterns []string) error {
	for _, pattern := range patterns {
		if _, err := path.Match(globbed(pattern), ""); err != nil {
			return fmt.Errorf("%q is not a pattern: %w", pattern, err)
		}
		if !slices.ContainsFunc(p.Actions, func(a Action) bool { return p.matcher(pattern)(a.Name) }) {
			return fmt.Errorf("no entry is named %q", pattern)
		}
	}
	return nil
}

func (p Plan) matchers(patterns []string) []func(string) bool {
	var out []func(string) bool
	for _, pattern := range patterns {
		out = append(out, p.matcher(pattern))
	}
	return out
}

// matcher is a pattern at work. One that is the name of an entry means that entry
// and no other, whatever characters are in it.
func (p Plan) matcher(pattern string) func(string) bool {
	folded := FoldName(pattern)
	if slices.ContainsFunc(p.Actions, func(a Action) bool { return FoldName(a.Name) == folded }) {
		return func(name string) bool { return FoldName(name) == folded }
	}
	return func(name string) bool {
		ok, err := path.Match(globbed(pattern), globbed(name))
		return err == nil && ok
	}
}

// globbed is a text as path.Match is to see it: a slash in a name is a character
// like any other.
func globbed(s string) string { return strings.ReplaceAll(FoldName(s), "/", "\x00") }

func anyOf(matchers []func(string) bool, name string) bool {
	return slices.ContainsFunc(matchers, func(m func(string) bool) bool { return m(name) })
}
