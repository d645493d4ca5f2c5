package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// PlanText draws a plan for a terminal: what is bought, what is in the way, what
// it adds. The last line sums it up.
func PlanText(w io.Writer, d plan.Document, o Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s\n", o.paint(bold, "Plan for "+Clean(d.Inventory.Name)), environment(d.Environment, d.BaseURL))
	o.purchases(&b, d.Plan)
	o.blocked(&b, d.Of(plan.Blocked))
	o.warnings(&b, d.Warnings)
	o.totals(&b, "This plan adds", d.Totals)
	fmt.Fprintf(&b, "\n%s\n", o.Headline(d.Plan))
	_, err := io.WriteString(w, b.String())
	return err
}

func environment(name, address string) string {
	if address == "embedded" {
		return name + " (embedded)"
	}
	return fmt.Sprintf("%s (%s)", name, Clean(address))
}

// Headline sums a plan up in one line.
func (o Options) Headline(p plan.Plan) string {
	var parts []string
	if p.Summary.Buy > 0 {
		parts = append(parts, o.paint(green, fmt.Sprintf("Buy %d", p.Summary.Buy)))
	}
	if p.Summary.Blocked > 0 {
		parts = append(parts, o.paint(red, fmt.Sprintf("blocked %d", p.Summary.Blocked)))
	}
	parts = append(parts, fmt.Sprintf("unchanged %d", p.Summary.Unchanged))
	if n := len(p.Unmanaged); n > 0 {
		parts = append(parts, o.paint(dim, Plural(n, "service not in this inventory", "services not in this inventory")))
	}
	line := strings.Join(parts, " · ")
	if p.Empty() {
		line = "Nothing to do: " + line
	}
	return line
}

func (o Options) purchases(b *strings.Builder, p plan.Plan) {
	buys := p.Of(plan.Buy)
	if len(buys) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(green, fmt.Sprintf("+ Buy %s, %s", Plural(len(buys), "entry", "entries"), Plural(p.Services(), "service", "services"))))
	var rows [][]string
	for _, a := range buys {
		rows = append(rows, []string{
			a.Name, fmt.Sprintf("%s (%d)", a.Location.Name, a.Location.ID), portKind(a.Entry.Speed, a.Entry.LAG),
			dash(string(a.Entry.Zone)), months(a.Entry.Term), money(a.Price),
		})
	}
	_ = o.grid(b, []column{
		{title: "NAME"},
		{title: "SITE", shrink: true},
		{title: "SPEED"},
		{title: "ZONE"},
		{title: "TERM", right: true},
		{title: "MONTHLY", right: true},
	}, rows)
}

// portKind is the speed, and for a LAG how many of it: "4 x 100G".
func portKind(s plan.Speed, lag int) string {
	if lag > 0 {
		return fmt.Sprintf("%d x %s", lag, s)
	}
	return s.String()
}

func months(n int) string { return fmt.Sprintf("%d mo", n) }

func money(p *plan.Price) string {
	if p == nil {
		return "-"
	}
	return p.Currency + " " + p.Monthly.Grouped()
}

func (o Options) blocked(b *strings.Builder, actions []plan.Action) {
	if len(actions) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(red, "! Blocked "+Plural(len(actions), "entry", "entries")))
	for _, a := range actions {
		b.WriteString(o.Blocked(a))
	}
}

// Blocked tells of one blocked action: where, what is wrong and what to do.
func (o Options) Blocked(a plan.Action) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s\n", o.paint(bold, a.Reason.Source.String()+": "+o.paint(red, "error:")), Clean(a.Name), Clean(a.Reason.Text))
	for _, d := range a.Reason.Details {
		fmt.Fprintf(&b, "  - %s\n", Clean(d))
	}
	if a.Reason.TraceID != "" {
		fmt.Fprintf(&b, "  trace id %s\n", Clean(a.Reason.TraceID))
	}
	if a.Reason.Hint != "" {
		fmt.Fprintf(&b, "  hint: %s\n", nest("  ", cleanLines(a.Reason.Hint)))
	}
	return b.String()
}

// cleanLines is Clean for a text of several lines.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

func (o Options) warnings(b *strings.Builder, warnings []plan.Warning) {
	if len(warnings) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(yellow, "Worth a look"))
	for _, x := range warnings {
		fmt.Fprintf(b, "%s: %s: %s\n", x.Source, Clean(x.Name), Clean(x.Text))
	}
}

func (o Options) totals(b *strings.Builder, title string, t plan.Totals) {
	if len(t) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(bold, title))
	var rows [][]string
	for _, c := range t.Currencies() {
		rows = append(rows, []string{c, t[c].Monthly.Grouped(), t[c].OneTime.Grouped(), t[c].Commitment.Grouped()})
	}
	_ = o.grid(b, []column{
		{title: "CURRENCY"},
		{title: "A MONTH", right: true},
		{title: "ONE-TIME", right: true},
		{title: "COMMITMENT", right: true},
	}, rows)
}
