package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// PlanText draws a plan for a terminal: what is bought and changed, what is in
// the way, what it costs against the limits. The last line sums it up.
func PlanText(w io.Writer, d plan.Document, o Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s\n", o.paint(bold, "Plan for "+Clean(d.Inventory.Name)), environment(d.Environment, d.BaseURL))
	if d.Drift != nil || !d.Empty() {
		fmt.Fprintf(&b, "%s\n", o.prose(DocumentVerdict(d)))
	}
	if len(d.AfterMerge) > 0 {
		fmt.Fprintf(&b, "%s\n", o.paint(yellow, o.prose("! "+afterMerge(d.AfterMerge))))
	}
	o.decisions(&b, d.Plan)
	lines := d.Lines()
	o.purchases(&b, d.Of(plan.Buy), linesOf(lines, plan.Buy))
	o.growth(&b, d.Of(plan.Grow))
	o.updates(&b, d.Of(plan.Update))
	o.cancels(&b, d.Of(plan.Cancel))
	o.unknowns(&b, d.Of(plan.Unknown))
	o.blocked(&b, d.Of(plan.Blocked))
	o.named(&b, "Excluded: ", d.Of(plan.Excluded))
	o.waiting(&b, d.Of(plan.Unchanged))
	o.warnings(&b, d.Plan)
	if o.ShowUnmanaged || d.Drift != nil {
		o.unmanaged(&b, unmanagedOf(d))
	}
	o.contracts(&b, d.Drift)
	o.limits(&b, d.Plan)
	o.subtotals(&b, d.Plan)
	o.totals(&b, totalsTitle(d.Plan), d.Totals)
	fmt.Fprintf(&b, "\n%s\n", o.Headline(d.Plan))
	_, err := io.WriteString(w, b.String())
	return err
}

func environment(name, address string) string {
	if address == "embedded" {
		return Clean(name) + " (embedded)"
	}
	return fmt.Sprintf("%s (%s)", Clean(name), Clean(address))
}

// Headline sums a plan up in one line.
func (o Options) Headline(p plan.Plan) string {
	var parts []string
	count := func(code, format string, n int) {
		if n > 0 {
			text := fmt.Sprintf(format, n)
			if len(parts) == 0 {
				text = strings.ToUpper(text[:1]) + text[1:]
			}
			parts = append(parts, o.paint(code, text))
		}
	}
	count(green, "buy %d", p.Summary.Buy)
	count(green, "grow %d", p.Summary.Grow)
	count(yellow, "update %d", p.Summary.Update)
	count(red, "cancel %d", p.Summary.Cancel)
	count(red, "blocked %d", p.Summary.Blocked)
	parts = append(parts, fmt.Sprintf("unchanged %d", p.Summary.Unchanged))
	count(yellow, "%d unconfirmed", p.Summary.Unknown)
	count(dim, "%d excluded", p.Summary.Excluded)
	if n := len(p.Unmanaged); n > 0 {
		parts = append(parts, o.paint(dim, Plural(n, "service not in this inventory", "services not in this inventory")))
	}
	line := strings.Join(parts, " · ")
	switch n := len(p.Exceeded()); {
	case n > 0:
		return o.paint(red, "Refused, "+Plural(n, "limit is", "limits are")+" exceeded:") + " " + line
	case p.Empty():
		return "Nothing to do: " + line
	case p.Changes()+p.Summary.Blocked == 0:
		return "Nothing to change: " + line
	}
	return line
}

// linesOf picks the lines of one kind, split into runs of names: a terminal has rows
// enough, and a column of names is read at a glance.
func linesOf(lines []plan.Line, kind plan.Kind) []plan.Line {
	var out []plan.Line
	for _, l := range lines {
		if l.First().Kind == kind {
			out = append(out, l.Runs()...)
		}
	}
	slices.SortStableFunc(out, func(a, b plan.Line) int { return plan.CompareNames(a.First().Name, b.First().Name) })
	return out
}

// purchases draws what is bought, one row for a run of names that differ in nothing else.
func (o Options) purchases(b *strings.Builder, buys []plan.Action, lines []plan.Line) {
	if len(buys) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(green, fmt.Sprintf("+ Buy %s, %s", entries(buys), services(ordered(buys)))))
	var rows [][]string
	for _, l := range lines {
		a, name := l.First(), l.First().Name
		if n := len(l.Actions); n > 1 {
			name = fmt.Sprintf("%d x %s", n, l.Names())
		}
		rows = append(rows, o.priced(l.Price,
			name, placeName(a.Location), portKind(a.Wanted.Speed, a.Wanted.LAG), dash(string(a.Wanted.Zone)), months(a.Wanted.Term)))
	}
	_ = o.grid(b, o.priceColumns(
		column{title: "NAME", wrap: true},
		column{title: "SITE", shrink: true},
		column{title: "SPEED"},
		column{title: "ZONE"},
		column{title: "TERM", right: true},
	), rows)
	o.crossConnects(b, lines)
}

// crossConnects says what part of the prices above is for cross connects.
func (o Options) crossConnects(b *strings.Builder, lines []plan.Line) {
	for _, l := range lines {
		if l.Price != nil && l.Price.CrossConnect != nil {
			fmt.Fprintf(b, "  of that, cross connects of %s: %s\n", Clean(l.Names()), crossConnectText(*l.Price))
		}
	}
}

// crossConnectText is the part of a price that is for cross connects.
func crossConnectText(p plan.Price) string {
	return fmt.Sprintf("%s %s monthly, %[1]s %[3]s one-time", Clean(p.Currency), p.CrossConnect.Monthly.Grouped(), p.CrossConnect.OneTime.Grouped())
}

// growth draws the LAGs that get further members.
func (o Options) growth(b *strings.Builder, grows []plan.Action) {
	if len(grows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(green, fmt.Sprintf("+ Grow %s by %s", Plural(len(grows), "LAG", "LAGs"), services(ordered(grows)))))
	var rows [][]string
	for _, a := range grows {
		rows = append(rows, o.priced(a.Price,
			a.Name, placeName(a.Location), portKind(a.Wanted.Speed, a.ServicesOrdered()),
			fmt.Sprintf("%d -> %d", a.Services(), a.Wanted.LAG), months(a.Wanted.Term)))
	}
	_ = o.grid(b, o.priceColumns(
		column{title: "NAME", wrap: true},
		column{title: "SITE", shrink: true},
		column{title: "ADDED"},
		column{title: "MEMBERS"},
		column{title: "TERM", right: true},
	), rows)
	for _, a := range grows {
		o.crossConnects(b, []plan.Line{{Actions: []plan.Action{a}, Price: a.Price}})
		if len(a.Changes) > 0 {
			fmt.Fprintf(b, "  %s is changed too, once it has grown\n%s", Clean(a.Name), o.changes(a.Changes))
		}
	}
}

// priceColumns adds the columns of a price; where it is narrow only the monthly
// charge, and the totals tell the rest.
func (o Options) priceColumns(columns ...column) []column {
	columns = append(columns, column{title: "MONTHLY", right: true})
	if !o.narrower(wide) {
		columns = append(columns, column{title: "ONE-TIME", right: true}, column{title: "COMMITMENT", right: true})
	}
	return columns
}

func (o Options) priced(p *plan.Price, cells ...string) []string {
	cells = append(cells, money(p))
	if o.narrower(wide) {
		return cells
	}
	if p == nil {
		return append(cells, "-", "-")
	}
	return append(cells, p.OneTime.Grouped(), p.Commitment.Grouped())
}

// cancels draws what is terminated, each with what that costs and the UIDs: it
// cannot be undone, so it is told at length.
func (o Options) cancels(b *strings.Builder, actions []plan.Action) {
	if len(actions) == 0 {
		return
	}
	n := 0
	for _, a := range actions {
		n += a.Services()
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(red, fmt.Sprintf("- Cancel %s, %s: this cannot be undone", entries(actions), services(n))))
	for _, a := range actions {
		s := a.Service
		fmt.Fprintf(b, "  %s: %s at %s, %s\n", o.paint(bold, Clean(a.Name)), portKind(s.Speed, lagOf(s)), Clean(placeName(a.Location)), Clean(string(s.Status)))
		fmt.Fprintf(b, "    costs now     %s\n", chargeText(a.Charge))
		fmt.Fprintf(b, "    contract end  %s, term %s\n", Clean(cmp.Or(s.ContractEnd, "not known")), months(s.Term))
		for _, uid := range s.Members {
			fmt.Fprintf(b, "    service       %s\n", Clean(string(uid)))
		}
		fmt.Fprintf(b, "    apply needs   --allow-cancel %s, or the name typed in\n", shellQuote(a.Name))
	}
}

// unknowns draws the unconfirmed orders with the commands that resolve them.
func (o Options) unknowns(b *strings.Builder, actions []plan.Action) {
	if len(actions) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(yellow, "? Unconfirmed: "+entries(actions)+lookedUp(actions)))
	for _, a := range actions {
		b.WriteString(o.problem(a, yellow, "unknown:"))
	}
	if names := doubts(actions); len(names) > 1 {
		fmt.Fprintf(b, "  when the account holds none of these %d: `%s`\n", len(names), o.resolveCommand("--all", "--not-created"))
	}
}

// lookedUp says what becomes of orders without an answer, where there are no others.
func lookedUp(actions []plan.Action) string {
	if slices.ContainsFunc(actions, func(a plan.Action) bool {
		return a.Reason.Code == plan.ReasonTurnedAway || a.Reason.Code == plan.ReasonClaimDamaged
	}) {
		return ""
	}
	return ": an order without an answer is looked up, never sent again"
}

// doubts lists the names of the unconfirmed orders: several entries can wait for
// one of them.
func doubts(actions []plan.Action) []string {
	var names []string
	for _, a := range actions {
		if a.Reason.Code == plan.ReasonUnconfirmed {
			names = append(names, a.Name)
		}
	}
	return names
}

func (o Options) blocked(b *strings.Builder, actions []plan.Action) {
	if len(actions) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(red, "! Blocked "+entries(actions)+causes(actions)))
	b.WriteString(o.Blocked(actions))
}

// causes counts what is wrong, where that is less than there are entries.
func causes(actions []plan.Action) string {
	if n := len(plan.Causes(actions)); n < len(actions) {
		return ", " + Plural(n, "cause", "causes")
	}
	return ""
}

// Blocked tells of blocked actions: where, what is wrong and what to do, once for what is
// wrong with several in the same way.
func (o Options) Blocked(actions []plan.Action) string {
	var b strings.Builder
	for _, c := range plan.Causes(actions) {
		b.WriteString(o.problem(c.Action, red, "error:"))
		if n := len(c.Others); n > 0 {
			fmt.Fprintf(&b, "  the same holds for %d more: %s\n", n, Clean(c.OtherNames()))
		}
	}
	return b.String()
}

// problem tells of what is in the way in the form of a compiler, so that
// editors can jump to it.
func (o Options) problem(a plan.Action, code, word string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s\n", o.paint(bold, Clean(a.Reason.Source.String())+": "+o.paint(code, word)), Clean(a.Name), Clean(a.Reason.Text))
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

// named lists actions by their names alone.
func (o Options) named(b *strings.Builder, title string, actions []plan.Action) {
	if len(actions) == 0 {
		return
	}
	var names []string
	for _, a := range actions {
		names = append(names, Clean(a.Name))
	}
	fmt.Fprintf(b, "\n%s%s\n", o.paint(dim, title), strings.Join(names, ", "))
}

// pending picks the actions that are done with for this plan, but not over.
func pending(unchanged []plan.Action) []plan.Action {
	var out []plan.Action
	for _, a := range unchanged {
		switch a.Reason.Code {
		case plan.ReasonOrdered, plan.ReasonApproval, plan.ReasonWaitsForCancel:
			out = append(out, a)
		}
	}
	return out
}

func (o Options) waiting(b *strings.Builder, unchanged []plan.Action) {
	waits := pending(unchanged)
	if len(waits) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(yellow, "Waiting"))
	for _, a := range waits {
		b.WriteString(o.problem(a, yellow, "waits:"))
	}
}

func (o Options) warnings(b *strings.Builder, p plan.Plan) {
	warnings, resting := p.Warnings, 0
	if !o.Verbose {
		warnings, resting = moving(p)
	}
	if resting > 0 {
		defer fmt.Fprintf(b, "\n%s\n", o.paint(dim, Plural(resting, "note", "notes")+" on entries that do not change: plan -v shows them"))
	}
	if len(warnings) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(yellow, "Warnings"))
	for _, x := range notesOf(warnings) {
		about := Clean(x.Source.String()) + ": "
		if x.Name != "" { // otherwise it is about no single entry
			about += Clean(x.Name) + ": "
		}
		fmt.Fprintf(b, "%s%s\n", about, Clean(x.Text))
		if n := len(x.others); n > 0 {
			fmt.Fprintf(b, "  the same holds for %d more: %s\n", n, someNames(x.others, Clean))
		}
	}
}

// moving are the warnings about what a plan changes or is blocked by, and about no single
// entry; resting counts those about entries that stay as they are. A few are shown in any
// case.
func moving(p plan.Plan) (moving []plan.Warning, resting int) {
	const few = 3
	stays := map[string]bool{}
	for _, a := range p.Of(plan.Unchanged) {
		stays[plan.FoldName(a.Name)] = true
	}
	for _, w := range p.Warnings {
		if w.Name != "" && stays[plan.FoldName(w.Name)] {
			resting++
			continue
		}
		moving = append(moving, w)
	}
	if resting <= few {
		return p.Warnings, 0
	}
	return moving, resting
}

func (o Options) unmanaged(b *strings.Builder, all []plan.ServiceRef) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(dim, "Not in this inventory, never touched"))
	var rows [][]string
	for _, s := range all {
		rows = append(rows, []string{s.Name, s.UID.Short(), portKind(s.Speed, lagOf(&s)), dash(string(s.Zone)), string(s.Status)})
	}
	_ = o.grid(b, []column{{title: "NAME", wrap: true}, {title: "UID"}, {title: "SPEED"}, {title: "ZONE"}, {title: "STATUS"}}, rows)
}

// totalsTitle says what the totals leave out.
func totalsTitle(p plan.Plan) string {
	if n := p.Summary.Blocked; n > 0 {
		return "This plan adds, without the " + Plural(n, "blocked entry", "blocked entries")
	}
	return "This plan adds"
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
		{title: "MONTHLY", right: true},
		{title: "ONE-TIME", right: true},
		{title: "COMMITMENT", right: true},
	}, rows)
}
