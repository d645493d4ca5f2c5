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
	out := s.excludes(p.names())
	p.Actions = slices.Clone(p.Actions)
	for i, a := range p.Actions {
		if out(a.Name) {
			p.Actions[i] = a.withoutEffect(Excluded, Reason{Code: ReasonExcluded, Text: "excluded from this run", Source: a.Source})
		}
	}
	return p.summed(), nil
}

func (p Plan) names() []string {
	names := make([]string, len(p.Actions))
	for i := range p.Actions {
		names[i] = p.Actions[i].Name
	}
	return names
}

func (p Plan) fitsSome(patterns []string) error {
	known := map[string]bool{}
	for _, a := range p.Actions {
		known[FoldName(a.Name)] = true
	}
	for _, pattern := range patterns {
		if _, err := path.Match(globbed(pattern), ""); err != nil {
			return fmt.Errorf("%q is not a pattern: %w", pattern, err)
		}
		if known[FoldName(pattern)] {
			continue
		}
		fits := glob(pattern)
		if !slices.ContainsFunc(p.Actions, func(a Action) bool { return fits(a.Name) }) {
			return fmt.Errorf("no entry is named %q", pattern)
		}
	}
	return nil
}

// excludes says which of the names are taken out of the run.
func (s Selection) excludes(names []string) func(string) bool {
	known, named := map[string]bool{}, map[string]bool{}
	for _, n := range names {
		known[FoldName(n)] = true
	}
	for _, n := range s.Names {
		named[FoldName(n)] = true
	}
	only, except := matcher(s.Only, known), matcher(s.Except, known)
	return func(name string) bool {
		return named[FoldName(name)] || len(s.Only) > 0 && !only(name) || except(name)
	}
}

// matcher is patterns at work. One that is the name of an entry means that entry
// and no other, whatever characters are in it.
func matcher(patterns []string, known map[string]bool) func(string) bool {
	exact, globs := map[string]bool{}, []func(string) bool{}
	for _, pattern := range patterns {
		if folded := FoldName(pattern); known[folded] {
			exact[folded] = true
		} else {
			globs = append(globs, glob(pattern))
		}
	}
	return func(name string) bool {
		return exact[FoldName(name)] || slices.ContainsFunc(globs, func(fits func(string) bool) bool { return fits(name) })
	}
}

// Fits says that a name is what a pattern says, a name or a glob.
func Fits(pattern, name string) bool { return glob(pattern)(name) }

func glob(pattern string) func(string) bool {
	pattern = globbed(pattern)
	return func(name string) bool {
		ok, err := path.Match(pattern, globbed(name))
		return err == nil && ok
	}
}

// globbed is a text as path.Match is to see it: a slash in a name is a character
// like any other.
func globbed(s string) string { return strings.ReplaceAll(FoldName(s), "/", "\x00") }
