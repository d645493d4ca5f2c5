package render

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// limits draws the policy against what the plan uses. An exceeded limit reads
// as what it is: a refusal.
func (o Options) limits(b *strings.Builder, p plan.Plan) {
	if len(p.Policy) == 0 {
		return
	}
	title := o.paint(bold, "Limits of the policy")
	exceeded := len(p.Exceeded())
	if exceeded > 0 {
		title = o.paint(red, fmt.Sprintf("! Refused by the policy: %s exceeded, so apply buys nothing", Plural(exceeded, "limit is", "limits are")))
	}
	fmt.Fprintf(b, "\n%s\n", title)
	var rows [][]string
	for _, l := range p.Policy {
		rows = append(rows, []string{limitName(l), cmp.Or(l.Max.Grouped(), "none"), l.Used.Grouped(), dash(l.Left.Grouped()), limitMark(l)})
	}
	_ = o.grid(b, []column{
		{title: "LIMIT"},
		{title: "MAX", right: true},
		{title: "USED", right: true},
		{title: "LEFT", right: true},
		{title: ""},
	}, rows)
	if exceeded > 0 {
		fmt.Fprintf(b, "  hint: %s\n", LimitHint(p))
	}
}

// LimitHint is what to do about exceeded limits: the lines to write, when the plan is
// what is wanted.
func LimitHint(p plan.Plan) string {
	var lines limitLines
	for _, l := range p.Exceeded() {
		if l.Base {
			return "exclude entries with --except, or merge a change of the policy first: the base branch's limit holds until then"
		}
		lines.add(l)
	}
	hint := "exclude entries with --except, or write `policy: " + lines.String() + "`"
	for _, a := range p.Actions {
		if a.Source.File != "" {
			return hint + " in " + Clean(a.Source.File)
		}
	}
	return hint
}

// limitLines is a mapping of YAML, its keys in the order in which they came.
type limitLines struct {
	keys  []string
	parts map[string]*limitLines
	value string
}

// add sets a limit to what is used.
func (m *limitLines) add(l plan.PolicyLine) {
	at := m
	for _, key := range []string{l.Per, l.Of, l.Limit, l.Currency} {
		if key != "" {
			at = at.under(yamlKey(key))
		}
	}
	at.value = l.Used.String()
}

// yamlKey is a text as a key within braces.
func yamlKey(s string) string {
	if plainKey.MatchString(s) {
		return s
	}
	return fmt.Sprintf("%q", Clean(s))
}

var plainKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

func (m *limitLines) under(key string) *limitLines {
	if m.parts == nil {
		m.parts = map[string]*limitLines{}
	}
	if m.parts[key] == nil {
		m.keys, m.parts[key] = append(m.keys, key), &limitLines{}
	}
	return m.parts[key]
}

func (m *limitLines) String() string {
	if len(m.keys) == 0 {
		return m.value
	}
	pairs := make([]string, len(m.keys))
	for i, key := range m.keys {
		pairs[i] = key + ": " + m.parts[key].String()
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

// limitName is a limit, of which part of the run, and whose when it is not the
// inventory's own.
func limitName(l plan.PolicyLine) string {
	name := l.Limit
	for _, more := range []string{l.Currency, partName(l)} {
		if more != "" {
			name += " " + more
		}
	}
	if l.Base {
		name += " (base branch)"
	}
	return name
}

// partName is the part of a run that a limit is about.
func partName(l plan.PolicyLine) string {
	words := map[string]string{"perCostCentre": "of cost centre ", "perMarket": "of market "}
	return words[l.Per] + l.Of
}

// limitMark says in words what is wrong with a limit; nothing when it is kept.
func limitMark(l plan.PolicyLine) string {
	switch {
	case !l.Exceeded:
		return ""
	case l.Max.IsNone():
		return "EXCEEDED: no limit is set"
	}
	return "EXCEEDED by " + l.Left.Abs().Grouped()
}
