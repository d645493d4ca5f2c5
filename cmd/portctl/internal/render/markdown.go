package render

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portctl/portctl/pkg/plan"
)

// MarkdownBudget is how long a plan in Markdown gets, in characters: hosts of
// pull requests refuse comments from 65,536 on.
const MarkdownBudget = 60_000

// PlanMarkdown draws a plan as a comment for a pull request: the verdict and the
// money first, then each purchase, then what needs attention, then the details
// folded away. It keeps to MarkdownBudget: whole rows are left out, and it says how
// many.
func PlanMarkdown(w io.Writer, d plan.Document, o Options) error {
	lines := d.Lines()
	each, orders, err := orderLines(lines)
	if err != nil {
		return err
	}
	var p page
	if d.Failure != nil {
		p.text(failureHeading(d))
		p.add(failureProblems(d.Failure.Problems))
		p.text(footer(d, o))
		_, err = io.WriteString(w, p.within(MarkdownBudget, "portctl validate"))
		return err
	}
	p.text(heading(d))
	p.add(moneyTable(d.Plan))
	p.add(purchaseTable(lines))
	p.add(o.attention(d.Plan))
	p.add(partLimits(d.Plan))
	p.add(subtotalDetails(d.Plan))
	p.add(foldedNotes(d.Warnings))
	p.add(updateDetails(d.Plan))
	p.add(cancelDetails(d.Of(plan.Cancel)))
	p.add(excludedDetails(d.Of(plan.Excluded)))
	p.add(unmanagedDetails(unmanagedOf(d)))
	p.add(contractDetails(d.Drift))
	p.add(orderDetails(each, orders))
	p.text(footer(d, o))
	_, err = io.WriteString(w, p.within(MarkdownBudget, command([]string{"portctl", "plan"}, o.Ledger)))
	return err
}

// heading is the headline and the verdict.
func heading(d plan.Document) string {
	var b strings.Builder
	headline := Options{}.Headline(d.Plan)
	if d.Summary.Blocked > 0 && len(d.Exceeded()) == 0 {
		headline = "Refused: " + headline
	}
	fmt.Fprintf(&b, "## %s\n\n", headline)
	fmt.Fprintf(&b, "Plan for **%s** on **%s**. %s\n", escape(clip(d.Inventory.Name, 120)), escape(clip(d.Environment, 60)), escape(DocumentVerdict(d)))
	if len(d.AfterMerge) > 0 {
		fmt.Fprintf(&b, "\n**%s**\n", escape(afterMerge(d.AfterMerge)))
	}
	return b.String()
}

// moneyTable is what the plan adds per currency, and what the policy leaves.
func moneyTable(p plan.Plan) part {
	currencies := p.Totals.Currencies()
	limited := false
	for _, l := range p.Policy {
		if l.Currency != "" && l.Per == "" {
			currencies, limited = append(currencies, l.Currency), true
		}
	}
	slices.Sort(currencies)
	titles := []string{"Currency", ">Monthly", ">One-time", ">Commitment"}
	if limited {
		titles = append(titles, ">Monthly limit left", ">Commitment limit left")
	}
	x := part{open: "\n" + tableHead(titles...), one: "currency", many: "currencies", keep: keepMoney, end: ordersLimit(p)}
	for _, c := range slices.Compact(currencies) {
		t := p.Totals[c]
		cells := []string{escape(c), t.Monthly.Grouped(), t.OneTime.Grouped(), t.Commitment.Grouped()}
		if limited {
			cells = append(cells, limitLeft(p, "maxMonthly", c), limitLeft(p, "maxCommitment", c))
		}
		x.rows = append(x.rows, tableRow(cells...))
	}
	return x
}

func limitLeft(p plan.Plan, limit, currency string) string {
	for _, l := range p.Policy {
		switch {
		case l.Limit != limit || l.Currency != currency || l.Per != "":
		case l.Exceeded:
			return "**" + escape(limitMark(l)) + "**"
		default:
			return escape(l.Left.Grouped() + " of " + l.Max.Grouped())
		}
	}
	return "–"
}

// partLimits are the limits of cost centres and markets, folded away: one that is
// exceeded needs attention, and stands there.
func partLimits(p plan.Plan) part {
	x := part{
		open: folded("Limits of cost centres and markets") + tableHead("Limit", ">Max", ">Used", ">Left"), end: foldedEnd,
		one: "limit", many: "limits", keep: keepSubtotals,
	}
	for _, l := range p.Policy {
		if l.Per != "" {
			x.rows = append(x.rows, tableRow(code(limitName(l)), escape(cmp.Or(l.Max.Grouped(), "none")), escape(l.Used.Grouped()), escape(dash(l.Left.Grouped()))))
		}
	}
	return x
}

// ordersLimit tells of the limit that counts orders instead of money.
func ordersLimit(p plan.Plan) string {
	for _, l := range p.Policy {
		switch {
		case l.Currency != "":
		case l.Exceeded:
			return fmt.Sprintf("\n**%s orders, and the limit is %s.**\n", l.Used, l.Max)
		default:
			return fmt.Sprintf("\n%s of at most %s orders.\n", l.Used, l.Max)
		}
	}
	return ""
}

// purchaseTable lists everything that costs money: ports bought, LAGs grown,
// terms made longer. What differs in nothing but its name is one row, with the sum of it.
func purchaseTable(lines []plan.Line) part {
	x := part{
		open: "\n### Purchases\n\n" + tableHead("Name", "Site", "Speed", "Zone", ">Term", ">Monthly", ">One\u2011time", "Why"),
		one:  "purchase row", many: "purchase rows", keep: keepPurchases,
	}
	for _, l := range lines {
		a := l.First()
		once := "–"
		if l.Price != nil {
			once = l.Price.OneTime.Grouped()
		}
		x.rows = append(x.rows, tableRow(lineName(l), siteCell(a), tight(speedCell(a)), zoneCell(a), tight(months(termOf(a))), monthlyCell(l), once, why(l)))
	}
	return x
}

// lineName is the names of a line, and how many they are.
func lineName(l plan.Line) string {
	if len(l.Actions) == 1 {
		return code(l.First().Name)
	}
	return fmt.Sprintf("**%d ×** %s", len(l.Actions), code(l.Names()))
}

// monthlyCell is the monthly charge of a line; of several entries also what it is made of.
func monthlyCell(l plan.Line) string {
	if n := len(l.Actions); n > 1 && l.Price != nil {
		return tight(fmt.Sprintf("%s (%d × %s)", money(l.Price), n, l.First().Price.Monthly.Grouped()))
	}
	return tight(money(l.Price))
}

// tight escapes a short text that is not to be broken into two lines.
func tight(s string) string { return strings.ReplaceAll(escape(s), " ", "&nbsp;") }

// siteCell is the site as written and the location that it was read as.
func siteCell(a plan.Action) string {
	if a.Location == nil {
		return escape(a.Wanted.Site)
	}
	place := escape(placeName(a.Location))
	if a.Wanted.Site == "" || a.Wanted.Site == a.Location.Name || a.Wanted.Site == fmt.Sprint(int(a.Location.ID)) {
		return place
	}
	return code(a.Wanted.Site) + " → " + place
}

func speedCell(a plan.Action) string {
	if a.Kind == plan.Grow {
		return portKind(a.Wanted.Speed, a.ServicesOrdered())
	}
	if a.Kind == plan.Update && a.Service != nil {
		return portKind(a.Service.Speed, lagOf(a.Service))
	}
	return portKind(a.Wanted.Speed, a.Wanted.LAG)
}

func zoneCell(a plan.Action) string {
	zone := a.Wanted.Zone
	if zone == "" && a.Service != nil {
		zone = a.Service.Zone
	}
	return cmp.Or(escape(string(zone)), "–")
}

func termOf(a plan.Action) int {
	if a.Order != nil {
		return a.Order.Term
	}
	return a.Wanted.Term
}

// why says in a few words what is paid for.
func why(l plan.Line) string {
	a, text := l.First(), "new"
	switch {
	case a.Kind == plan.Grow:
		text = fmt.Sprintf("LAG grows from %d to %d", a.Services(), a.Wanted.LAG)
	case a.Kind == plan.Update:
		text = fmt.Sprintf("longer term, was %s", monthsLong(a.Service.Term))
	}
	if l.Price != nil && l.Price.CrossConnect != nil {
		text += "; of that, cross connects " + escape(crossConnectText(*l.Price))
	}
	return text
}

// attention lists what a reviewer must see: it is never folded away.
func (o Options) attention(p plan.Plan) part {
	x := part{open: "\n### Needs attention\n\n", one: "point", many: "points", keep: keepAttention}
	for _, c := range plan.Causes(p.Of(plan.Blocked)) {
		item := problemItem("Blocked", c.Action)
		if n := len(c.Others); n > 0 {
			item += fmt.Sprintf("  - the same holds for %d more: %s\n", n, code(c.OtherNames()))
		}
		x.rows = append(x.rows, item)
	}
	for _, l := range p.Exceeded() {
		x.rows = append(x.rows, fmt.Sprintf("- **Limit exceeded** %s: %s used of %s; %s\n",
			code(limitName(l)), escape(l.Used.Grouped()), cmp.Or(escape(l.Max.Grouped()), "none set"), prose(LimitHint(p))))
	}
	for _, a := range p.Of(plan.Unknown) {
		x.rows = append(x.rows, problemItem("Unknown", a))
	}
	if names := doubts(p.Of(plan.Unknown)); len(names) > 1 {
		x.rows = append(x.rows, fmt.Sprintf("- When the account holds none of these %d orders: `%s`\n", len(names), o.resolveCommand("--all", "--not-created")))
	}
	for _, a := range p.Of(plan.Cancel) {
		x.rows = append(x.rows, fmt.Sprintf("- **Cancels** %s (%s), which cannot be undone; costs now: %s\n",
			code(a.Name), services(a.Services()), escape(chargeText(a.Charge))))
	}
	for _, a := range pending(p.Actions) {
		x.rows = append(x.rows, problemItem("Waiting", a))
	}
	if notes := notesOf(p.Warnings); len(notes) <= maxNotes {
		for _, n := range notes {
			x.rows = append(x.rows, noteItem(n))
		}
	}
	return x
}

// maxNotes is the number of notes that are shown unfolded.
const maxNotes = 10

func foldedNotes(warnings []plan.Warning) part {
	all := notesOf(warnings)
	x := part{open: folded("Warnings: " + Plural(len(all), "note", "notes")), end: foldedEnd, one: "note", many: "notes", keep: keepNotes}
	if len(all) <= maxNotes {
		return x
	}
	for _, n := range all {
		x.rows = append(x.rows, noteItem(n))
	}
	return x
}

func noteItem(n note) string {
	item := fmt.Sprintf("- **Note** %s: %s (%s)\n", code(n.Name), prose(n.Text), code(n.Source.String()))
	if n.Name == "" { // it is about no single entry
		item = fmt.Sprintf("- **Note** %s (%s)\n", prose(n.Text), code(n.Source.String()))
	}
	if len(n.others) > 0 {
		item += fmt.Sprintf("  - the same holds for %d more: %s\n", len(n.others), someNames(n.others, code))
	}
	return item
}

// problemItem is one point about one action, with its details as points below.
func problemItem(word string, a plan.Action) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- **%s** %s: %s (%s)\n", word, code(a.Name), prose(a.Reason.Text), code(a.Reason.Source.String()))
	for _, d := range a.Reason.Details {
		fmt.Fprintf(&b, "  - %s\n", prose(d))
	}
	if a.Reason.TraceID != "" {
		fmt.Fprintf(&b, "  - trace id %s\n", code(a.Reason.TraceID))
	}
	if a.Reason.Hint == "" {
		return b.String()
	}
	lead, more, _ := strings.Cut(a.Reason.Hint, "\n")
	fmt.Fprintf(&b, "  - Hint: %s\n", prose(lead))
	for line := range strings.Lines(more) {
		fmt.Fprintf(&b, "    - %s\n", prose(strings.TrimSpace(line)))
	}
	return b.String()
}

// updateDetails are the changed fields, those of growing LAGs too.
func updateDetails(p plan.Plan) part {
	x := part{close: "```\n", end: foldedEnd, one: "update", many: "updates", keep: keepUpdates}
	for _, a := range p.Actions {
		if len(a.Changes) > 0 {
			x.rows = append(x.rows, diffLines(a))
		}
	}
	x.open = folded(Plural(len(x.rows), "update", "updates")) + "```diff\n"
	return x
}

// diffLines are the changes of one action within a block of code: every line
// begins with a sign of ours, so none can close the block.
func diffLines(a plan.Action) string {
	var b strings.Builder
	fmt.Fprintf(&b, "@@ %s · %s · %s @@\n", Clean(a.Name), serviceName(a.Service), Clean(a.Source.String()))
	for _, c := range byMember(a.Changes) {
		field := Clean(c.Field)
		if c.UID != "" {
			field += " of member " + Clean(string(c.UID))
		}
		if c.From != "" {
			fmt.Fprintf(&b, "- %s: %s\n", field, value(c.Field, c.From))
		}
		fmt.Fprintf(&b, "+ %s: %s\n", field, value(c.Field, c.To))
	}
	if a.Kind == plan.Update && a.Price != nil {
		fmt.Fprintf(&b, "! %s\n", signs(a.Price))
	}
	return b.String()
}

func cancelDetails(actions []plan.Action) part {
	x := part{
		open: folded(Plural(len(actions), "cancellation", "cancellations")) + tableHead("Name", "Services", "Site", "Speed", "Contract end", ">Costs now"),
		end:  foldedEnd, one: "cancellation", many: "cancellations", keep: keepCancels,
	}
	for _, a := range actions {
		var uids []string
		for _, u := range a.Service.Members {
			uids = append(uids, code(string(u)))
		}
		x.rows = append(x.rows, tableRow(code(a.Name), strings.Join(uids, " "), escape(placeName(a.Location)),
			tight(portKind(a.Service.Speed, lagOf(a.Service))), escape(cmp.Or(a.Service.ContractEnd, "not known")), tight(chargeText(a.Charge))))
	}
	return x
}

func excludedDetails(actions []plan.Action) part {
	x := part{
		open: folded(Plural(len(actions), "entry", "entries") + " excluded from this run"),
		end:  foldedEnd, one: "entry", many: "entries", keep: keepExcluded,
	}
	for _, a := range actions {
		x.rows = append(x.rows, fmt.Sprintf("- %s\n", code(a.Name)))
	}
	return x
}

func unmanagedDetails(all []plan.ServiceRef) part {
	x := part{
		open: folded(Plural(len(all), "service", "services")+" not in this inventory, never touched") + tableHead("Name", "Service", "Speed", "Zone", "Status"),
		end:  foldedEnd, one: "service", many: "services", keep: keepUnmanaged,
	}
	for _, s := range all {
		x.rows = append(x.rows, tableRow(code(s.Name), code(string(s.UID)), tight(portKind(s.Speed, lagOf(&s))), cmp.Or(escape(string(s.Zone)), "–"), escape(string(s.Status))))
	}
	return x
}

func orderDetails(each string, lines []string) part {
	return part{
		open: folded("Exact orders as sent, one body for what differs in its name alone") + "```json\n" + each,
		rows: lines, close: "```\n", end: foldedEnd, one: "order row", many: "order rows", keep: keepOrders,
	}
}

// orderLines are the orders as JSON, one a line; those that differ in their names alone
// are one, under the folded names, and what all of them have stands first. What is
// invisible is shown as an escape, which JSON reads back as the same.
func orderLines(lines []plan.Line) (each string, rows []string, err error) {
	var bodies [][]member
	var counts []string
	for _, l := range lines {
		if l.First().Order == nil {
			continue
		}
		order, count := *l.First().Order, ""
		if n := len(l.Actions); n > 1 {
			order.Name, count = l.Names(), fmt.Sprintf("%d × ", n)
		}
		body, err := membersOf(order)
		if err != nil {
			return "", nil, fmt.Errorf("the order of %q: %w", order.Name, err)
		}
		bodies, counts = append(bodies, body), append(counts, count)
	}
	common := commonMembers(bodies)
	if len(common) > 0 {
		each = "each: " + object(common) + "\n"
	}
	for i, body := range bodies {
		own := slices.DeleteFunc(body, func(m member) bool { return slices.Contains(common, m) })
		rows = append(rows, counts[i]+object(own)+"\n")
	}
	return each, rows, nil
}

// member is a member of a JSON object.
type member struct{ name, value string }

func membersOf(order plan.Order) ([]member, error) {
	b, err := json.Marshal(order, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, err
	}
	dec := jsontext.NewDecoder(bytes.NewReader(b), jsontext.AllowInvalidUTF8(true))
	var members []member
	for {
		t, err := dec.ReadToken()
		switch {
		case err != nil:
			return nil, err
		case t.Kind() == '{':
			continue
		case t.Kind() == '}':
			return members, nil
		}
		name := t.String()
		value, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		members = append(members, member{name, string(value)})
	}
}

// commonMembers are those that several orders all have.
func commonMembers(bodies [][]member) []member {
	if len(bodies) < 2 {
		return nil
	}
	common := slices.DeleteFunc(slices.Clone(bodies[0]), func(m member) bool { return m.name == "productName" })
	for _, body := range bodies[1:] {
		common = slices.DeleteFunc(common, func(m member) bool { return !slices.Contains(body, m) })
	}
	return common
}

func object(members []member) string {
	var pairs []string
	for _, m := range members {
		pairs = append(pairs, fmt.Sprintf("%q:%s", m.name, m.value))
	}
	return Clean("{" + strings.Join(pairs, ",") + "}")
}

// footer is how to tell this plan from another, until when it holds, and the
// command that does it.
func footer(d plan.Document, o Options) string {
	parts := []string{}
	if d.Checksum != "" {
		parts = append(parts, "Checksum "+code(d.Checksum))
	}
	if !d.CreatedAt.IsZero() {
		parts = append(parts, "made "+minute(d.CreatedAt))
	}
	if !d.ExpiresAt.IsZero() && d.Failure == nil {
		parts = append(parts, "valid until "+minute(d.ExpiresAt))
	}
	parts = append(parts, escape(clip(d.Tool, 60)))
	text := "\n---\n\n" + strings.Join(parts, " · ") + "\n"
	switch {
	case d.Failure != nil:
		return text
	case !d.CanApply():
		return text + "\nApply refuses this plan.\n"
	case d.Changes() == 0:
		return text
	}
	return text + "\n```sh\n" + o.applyCommand(append(allowances(d.Of(plan.Cancel)), "--expect", d.Checksum)...) + "\n```\n"
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// maxAllowances is the number of cancellations that a command names one by one.
const maxAllowances = 10

// allowances are the arguments without which apply cancels nothing.
func allowances(cancels []plan.Action) []string {
	var out []string
	for _, a := range cancels {
		out = append(out, "--allow-cancel", clip(a.Name, 200))
	}
	if len(cancels) > maxAllowances {
		return []string{"--allow-cancel", "NAME"}
	}
	return out
}
