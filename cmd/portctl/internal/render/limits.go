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
		fmt.Fprintf(b, "  hint: %s\n", policyHint)
	}
}

// policyHint is what to do about an exceeded limit.
const policyHint = "exclude entries with --except, or raise the limits under `policy`"

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
