package render

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/portctl/portctl/pkg/plan"
)

// Verdict says in a sentence or two what a plan does, what that costs and whether it can
// be applied.
func Verdict(p plan.Plan) string {
	var parts []string
	if n := p.Services(); n > 0 {
		parts = append(parts, fmt.Sprintf("orders %s at %s", Plural(n, "port", "ports"), Plural(p.Sites(), "site", "sites")))
	}
	if n := p.Summary.Update; n > 0 {
		parts = append(parts, "updates "+Plural(n, "service", "services"))
	}
	if n := p.Summary.Cancel; n > 0 {
		parts = append(parts, fmt.Sprintf("cancels %s for good", Plural(n, "entry", "entries")))
	}
	var does string
	switch {
	case len(parts) > 0:
		does = strings.ToUpper(parts[0][:1]) + strings.Join(parts, ", ")[1:]
		if len(p.Totals) > 0 {
			does += ": " + amounts(p.Totals)
		}
		does += "."
	case p.Empty():
		return "The account matches the inventory."
	}
	return strings.TrimSpace(does + " " + standing(p))
}

// prose breaks a sentence between words where the terminal ends.
func (o Options) prose(sentence string) string {
	if o.Width <= 0 {
		return sentence
	}
	lines := strings.Split(text.WrapSoft(sentence, o.Width), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// afterMerge says what the plan cannot use yet of a looser policy.
func afterMerge(looser []string) string {
	return Clean("The base branch's policy still holds; after merge: " + strings.Join(looser, "; "))
}

// Review is the plan as people read it, as a value.
func Review(p plan.Plan) *plan.Review { return plan.NewReview(p, Verdict(p), decisions(p)) }

// amounts is what a plan adds, per currency.
func amounts(t plan.Totals) string {
	var sums []string
	for _, c := range t.Currencies() {
		sum := fmt.Sprintf("%s %s monthly", Clean(c), t[c].Monthly.Grouped())
		if !t[c].OneTime.IsZero() {
			sum += ", " + t[c].OneTime.Grouped() + " one-time"
		}
		sums = append(sums, sum+", "+t[c].Commitment.Grouped()+" commitment")
	}
	return strings.Join(sums, "; ")
}

// standing says whether a plan can be applied.
func standing(p plan.Plan) string {
	var reasons []string
	if n := p.Summary.Blocked; n > 0 {
		reasons = append(reasons, Plural(n, "entry is blocked", "entries are blocked"))
	}
	if n := len(p.Exceeded()); n > 0 {
		reasons = append(reasons, Plural(n, "limit is exceeded", "limits are exceeded"))
	}
	switch {
	case len(reasons) > 0:
		return "Refused: " + strings.Join(reasons, " and ") + ", so apply does nothing."
	case p.Summary.Unknown > 0:
		return fmt.Sprintf("%s held back by unconfirmed orders.", Plural(p.Summary.Unknown, "entry is", "entries are"))
	}
	return ""
}

// decisions are the points of a plan that somebody must decide, in the order of what they
// cost.
func decisions(p plan.Plan) []string {
	var points []string
	for _, a := range p.Of(plan.Cancel) {
		points = append(points, fmt.Sprintf("cancels %s (%s), which cannot be undone; costs now: %s", Clean(a.Name), services(a.Services()), chargeText(a.Charge)))
	}
	for _, l := range p.Exceeded() {
		points = append(points, Clean(Exceeded(l)))
	}
	for _, a := range p.Actions {
		from, takes := a.TakesOver()
		switch {
		case !takes || a.Kind != plan.Update && a.Kind != plan.Grow:
		case from == "":
			points = append(points, fmt.Sprintf("takes over %s", Clean(a.Name)))
		default:
			points = append(points, fmt.Sprintf("takes over %s from inventory %s", Clean(a.Name), Clean(from)))
		}
	}
	for _, a := range p.Of(plan.Update) {
		if a.Price != nil {
			points = append(points, fmt.Sprintf("%s: %s", Clean(a.Name), signs(a.Price)))
		}
	}
	return points
}

// maxDecisions is how many points are listed before they are counted.
const maxDecisions = 10

func (o Options) decisions(b *strings.Builder, p plan.Plan) {
	points := decisions(p)
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(yellow, "! Needs a decision"))
	for _, point := range points[:min(len(points), maxDecisions)] {
		fmt.Fprintf(b, "  %s\n", point)
	}
	if more := len(points) - maxDecisions; more > 0 {
		fmt.Fprintf(b, "  and %d more, below\n", more)
	}
}

// subtotalsOf are the ways in which a plan is added up, with what each part is called.
func subtotalsOf(p plan.Plan) []subtotals {
	var out []subtotals
	for _, x := range []subtotals{
		{title: "Site", parts: p.Subtotals(plan.BySite)},
		{title: "Market", parts: p.Subtotals(plan.ByMarket)},
		{title: "Cost centre", parts: p.Subtotals(plan.ByCostCentre)},
	} {
		if len(x.parts) > 1 { // one part is the whole
			out = append(out, x)
		}
	}
	return out
}

type subtotals struct {
	title string
	parts []plan.Subtotal
}

// maxSubtotals is how many parts a terminal shows of each way to add up.
const maxSubtotals = 8

func (o Options) subtotals(b *strings.Builder, p plan.Plan) {
	for _, x := range subtotalsOf(p) {
		var rows [][]string
		for i, part := range x.parts {
			if i == maxSubtotals && len(x.parts) > maxSubtotals+1 {
				rows = append(rows, []string{fmt.Sprintf("and %d more", len(x.parts)-i), "", "", ""})
				break
			}
			for _, c := range part.Totals.Currencies() {
				rows = append(rows, []string{dash(part.Of), fmt.Sprint(part.Services), c + " " + part.Totals[c].Monthly.Grouped(), part.Totals[c].Commitment.Grouped()})
			}
		}
		b.WriteString("\n")
		_ = o.grid(b, []column{
			{title: strings.ToUpper(x.title), wrap: true},
			{title: "PORTS", right: true},
			{title: "MONTHLY", right: true},
			{title: "COMMITMENT", right: true},
		}, rows)
	}
}

// subtotalDetails are the subtotals of a comment, folded away.
func subtotalDetails(p plan.Plan) part {
	all := subtotalsOf(p)
	x := part{
		open: folded("Subtotals") + tableHead("By", "", ">Ports", ">Monthly", ">Commitment"), end: foldedEnd,
		one: "subtotal", many: "subtotals", keep: keepSubtotals,
	}
	for _, s := range all {
		for _, part := range s.parts {
			for _, c := range part.Totals.Currencies() {
				x.rows = append(x.rows, tableRow(s.title, escape(dash(part.Of)), fmt.Sprint(part.Services), tight(c+" "+part.Totals[c].Monthly.Grouped()), part.Totals[c].Commitment.Grouped()))
			}
		}
	}
	return x
}
