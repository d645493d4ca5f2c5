package render

import (
	"cmp"
	"fmt"
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

// LimitHint is what to do about exceeded limits: the line to write, when the plan is what
// is wanted.
func LimitHint(p plan.Plan) string {
	var limits []string
	amounts := map[string][]string{}
	for _, l := range p.Exceeded() {
		if l.Currency == "" {
			limits = append(limits, fmt.Sprintf("%s: %s", l.Limit, l.Used))
			continue
		}
		if amounts[l.Limit] == nil {
			limits = append(limits, l.Limit)
		}
		amounts[l.Limit] = append(amounts[l.Limit], fmt.Sprintf("%s: %s", Clean(l.Currency), l.Used))
	}
	for i, l := range limits {
		if of := amounts[l]; of != nil {
			limits[i] = fmt.Sprintf("%s: {%s}", l, strings.Join(of, ", "))
		}
	}
	hint := "exclude entries with --except, or write `policy: {" + strings.Join(limits, ", ") + "}`"
	for _, a := range p.Actions {
		if a.Source.File != "" {
			return hint + " in " + Clean(a.Source.File)
		}
	}
	return hint
}

func limitName(l plan.PolicyLine) string {
	return strings.TrimSpace(l.Limit + " " + l.Currency)
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
