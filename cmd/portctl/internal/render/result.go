package render

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// ResultText draws what a run did: what was bought and changed, what was not and
// why, which orders are unconfirmed, what is not ready, where the LOAs are, and the
// command to go on with. The last line sums it up, or says what an unfinished run
// left open.
func ResultText(w io.Writer, r apply.Result, o Options) error {
	var b strings.Builder
	o.recovered(&b, r.Recovered)
	o.bought(&b, r)
	o.changed(&b, "Updated", green, r, apply.Updated)
	o.changed(&b, "Cancelled", red, r, apply.Cancelled)
	o.failed(&b, r, "Blocked", plan.Blocked)
	o.failed(&b, r, "Not bought", plan.Buy, plan.Grow)
	o.failed(&b, r, "Not changed", plan.Update)
	o.failed(&b, r, "Not cancelled", plan.Cancel)
	o.inDoubt(&b, r)
	o.audit(&b, r.Audit)
	o.queued(&b, r)
	o.notReady(&b, r)
	o.totals(&b, "This run added", r.Totals)
	o.next(&b, r)
	fmt.Fprintf(&b, "\n%s\n", o.verdict(r))
	if open := o.Open(r); open != "" {
		fmt.Fprintln(&b, open)
	}
	_, err := io.WriteString(w, strings.TrimPrefix(b.String(), "\n"))
	return err
}

// of lists the actions of one outcome, and of some kinds when any are given.
func of(r apply.Result, x apply.Outcome, kinds ...plan.Kind) []apply.ActionResult {
	var out []apply.ActionResult
	for _, a := range r.Actions {
		if a.Outcome == x && (len(kinds) == 0 || slices.Contains(kinds, a.Kind)) {
			out = append(out, a)
		}
	}
	return out
}

// section draws a title and lines below it, unless there are none.
func section(b *strings.Builder, title string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n%s\n%s\n", title, strings.Join(lines, "\n"))
	}
}

// recovered tells what became of the orders that earlier runs left open.
func (o Options) recovered(b *strings.Builder, all []refresh.Recovered) {
	var lines []string
	for _, x := range all {
		line := fmt.Sprintf("  %s: %s", Clean(x.Name), recoveredAs(x.State))
		if x.Cause != "" && x.State != plan.OrderQueued {
			line += ", " + Clean(x.Cause)
		}
		for _, uid := range x.UIDs {
			line += "\n    service " + Clean(string(uid))
		}
		lines = append(lines, line)
	}
	section(b, o.paint(green, fmt.Sprintf("Recovered from earlier runs (%d)", len(all))), lines)
}

func recoveredAs(s plan.OrderState) string {
	switch s {
	case plan.OrderDelivered, plan.OrderBought:
		return "was bought"
	case plan.OrderQueued:
		return "waits for an approval"
	case plan.OrderRejected:
		return "was not bought"
	case plan.OrderResolved:
		return "resolved"
	}
	return Clean(string(s))
}

// bought draws what was bought: all services of a new entry, the new members of
// a LAG that grew.
func (o Options) bought(b *strings.Builder, r apply.Result) {
	all := of(r, apply.Bought)
	if len(all) == 0 {
		return
	}
	grown := len(of(r, apply.Bought, plan.Grow))
	title := fmt.Sprintf("Bought %s, %s", Plural(r.Summary.Bought, "entry", "entries"), services(r.Summary.Services))
	if grown > 0 {
		title += fmt.Sprintf(" (%s)", Plural(grown, "LAG grown", "LAGs grown"))
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(green, title))
	columns := []column{
		{title: "NAME", wrap: true},
		{title: "SITE", shrink: true},
		{title: "UID"},
		{title: "MONTHLY", right: true},
		{title: "STATUS"},
		{title: "LOA"},
	}
	if o.narrower(roomy) && loasAlike(all) {
		columns = columns[:5]
	}
	var rows [][]string
	for _, a := range all {
		for _, row := range boughtRows(a) {
			rows = append(rows, row[:len(columns)])
		}
	}
	_ = o.grid(b, columns, rows)
	for _, a := range all {
		if a.FoundBy != "" {
			fmt.Fprintf(b, "  %s: the order got no answer; %s\n", Clean(a.Name), Clean(a.FoundBy))
		}
	}
}

func boughtRows(a apply.ActionResult) [][]string {
	uids := a.UIDs
	if a.Kind == plan.Grow {
		uids = a.New
	}
	var rows [][]string
	for i, uid := range uids {
		row := []string{"", "", uid.Short(), "", portStatus(a, uid), loaText(a, uid)}
		if i == 0 {
			row[0], row[3] = a.Name, money(a.Price)
			if a.Place != nil {
				row[1] = a.Place.Name
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// loasAlike says that a column for the LOAs would tell the same of every
// service, and so no more than the last line.
func loasAlike(all []apply.ActionResult) bool {
	seen := map[string]bool{}
	for _, a := range all {
		for _, row := range boughtRows(a) {
			seen[row[5]] = true
		}
	}
	return len(seen) < 2
}

func portStatus(a apply.ActionResult, uid plan.ServiceUID) string {
	for _, p := range a.Ports {
		if p.UID == uid {
			return dash(string(p.Status))
		}
	}
	return "-"
}

func loaText(a apply.ActionResult, uid plan.ServiceUID) string {
	for _, l := range a.LOAs {
		if l.UID == uid && l.File != "" {
			return "saved"
		}
	}
	for _, p := range a.Ports {
		if p.UID == uid && p.CrossConnect {
			return "not needed" // Megaport orders the cross connect
		}
	}
	return "-"
}

// changed lists what was updated or cancelled.
func (o Options) changed(b *strings.Builder, title, code string, r apply.Result, x apply.Outcome) {
	all := of(r, x)
	var lines []string
	for _, a := range all {
		line := fmt.Sprintf("  %s (%s)", Clean(a.Name), joinUIDs(a.UIDs))
		for _, c := range a.Cancelled {
			line += fmt.Sprintf("\n    %s", CancelledService(c))
		}
		if x == apply.Updated && a.Price != nil {
			line += ": " + strings.Replace(signs(a.Price), "signs", "signed", 1)
		}
		lines = append(lines, line)
	}
	section(b, o.paint(code, fmt.Sprintf("%s %s", title, Plural(len(all), "entry", "entries"))), lines)
}

func joinUIDs(uids []plan.ServiceUID) string {
	var all []string
	for _, u := range uids {
		all = append(all, Clean(string(u)))
	}
	return strings.Join(all, ", ")
}

// failed lists what is known to have had no effect, or not the whole of it.
func (o Options) failed(b *strings.Builder, r apply.Result, title string, kinds ...plan.Kind) {
	var lines []string
	for _, a := range r.Actions {
		switch a.Outcome {
		case apply.Refused, apply.NotProcessed, apply.NotSent, apply.Failed:
			if slices.Contains(kinds, a.Kind) {
				line := fmt.Sprintf("  %s: %s%s", Clean(a.Name), a.Outcome, cause(a.Error))
				for _, c := range a.Cancelled {
					line += fmt.Sprintf("\n    %s is cancelled, for good", CancelledService(c))
				}
				lines = append(lines, line)
			}
		}
	}
	section(b, o.paint(red, fmt.Sprintf("%s (%d)", title, len(lines))), lines)
}

// CancelledService names a service that was terminated, with its early termination
// fee.
func CancelledService(c apply.CancelledService) string {
	return fmt.Sprintf("service %s (early termination fee: %s)", Clean(string(c.UID)), chargeText(&c.Charge))
}

func cause(f *apply.Failure) string {
	switch {
	case f == nil:
		return ""
	case f.TraceID != "" && !strings.Contains(f.Message, f.TraceID):
		return fmt.Sprintf(": %s (trace id %s)", Clean(f.Message), Clean(f.TraceID))
	}
	return ": " + Clean(f.Message)
}

// inDoubt lists the unconfirmed orders, each with the commands that
// resolve it.
func (o Options) inDoubt(b *strings.Builder, r apply.Result) {
	all := of(r, apply.Unknown)
	var lines []string
	for _, a := range all {
		line := fmt.Sprintf("  %s: %s%s", Clean(a.Name), a.Outcome, cause(a.Error))
		for _, uid := range a.New {
			line += fmt.Sprintf("\n    service %s was named in the answer", Clean(string(uid)))
		}
		lines = append(lines, line)
	}
	section(b, o.paint(yellow, fmt.Sprintf("Outcome unknown. portctl does not retry these orders; check the Megaport portal (%d)", len(all))), lines)
	if len(all) == 0 {
		return
	}
	open := slices.DeleteFunc(slices.Clone(all), heldBack)
	fmt.Fprintf(b, "  The next apply looks them up again. To resolve one yourself, check the Megaport portal first.\n")
	if len(open) > 1 {
		fmt.Fprintf(b, "  If the account has none of these orders:\n    %s\n", o.resolveCommand("--all", "--not-created"))
	}
	for _, a := range open[:min(maxCommands, len(open))] {
		fmt.Fprintf(b, "  If the account has %s, or if it does not:\n    %s\n    %s\n", Clean(a.Name),
			o.resolveClaim(plan.WayOut{Claim: a.Name}, "--uid", "UID"), o.resolveClaim(plan.WayOut{Claim: a.Name}, "--not-created"))
	}
	if more := len(open) - maxCommands; more > 0 {
		fmt.Fprintf(b, "  The same commands resolve %d more.\n", more)
	}
}

// maxCommands is how many unconfirmed orders get their commands spelt out.
const maxCommands = 5

// heldBack says that an entry has no unconfirmed order of its own: it waits for
// that of another name, which is listed beside it.
func heldBack(a apply.ActionResult) bool {
	return a.Reason == plan.ReasonConflictingClaim
}

// audit tells where the account is not as the run left it.
func (o Options) audit(b *strings.Builder, findings []apply.AuditFinding) {
	var lines []string
	for _, f := range findings {
		if f.Name == "" { // it is about the whole account
			lines = append(lines, "  "+Clean(f.Text))
			continue
		}
		lines = append(lines, fmt.Sprintf("  %s: %s", Clean(f.Name), Clean(f.Text)))
	}
	section(b, o.paint(red, fmt.Sprintf("The final check of the account found problems (%d); portctl does not fix these", len(findings))), lines)
}

// queued lists the orders that wait for a second person.
func (o Options) queued(b *strings.Builder, r apply.Result) {
	var lines []string
	for _, a := range of(r, apply.Queued) {
		lines = append(lines, fmt.Sprintf("  %s%s", Clean(a.Name), cause(a.Error)))
	}
	section(b, o.paint(yellow, fmt.Sprintf("Waiting for an approval within the company (%d); approve or reject it in the Megaport portal", len(lines))), lines)
}

func (o Options) notReady(b *strings.Builder, r apply.Result) {
	var lines, settled []string
	for _, a := range r.Actions {
		for _, p := range a.Ports {
			line := fmt.Sprintf("  %s %s: %s", Clean(a.Name), p.UID.Short(), statusText(p))
			switch {
			case p.Ready:
			case p.Known:
				settled = append(settled, line)
			default:
				lines = append(lines, line)
			}
		}
		for _, l := range a.LOAs {
			line := fmt.Sprintf("  %s %s: no LOA%s", Clean(a.Name), l.UID.Short(), cause(l.Error))
			switch {
			case l.File != "" || !ready(a, l.UID):
			case l.Known:
				settled = append(settled, line)
			default:
				lines = append(lines, line)
			}
		}
	}
	section(b, o.paint(yellow, "Not ready; run the same command again to pick it up"), lines)
	section(b, o.paint(yellow, "Known before this run, and not waited for"), settled)
}

func ready(a apply.ActionResult, uid plan.ServiceUID) bool {
	for _, p := range a.Ports {
		if p.UID == uid {
			return p.Ready
		}
	}
	return false
}

func statusText(p apply.PortResult) string {
	text := "not listed yet"
	if p.Status != "" {
		text = Clean(string(p.Status))
	}
	if p.Error != nil {
		return fmt.Sprintf("%s when it was last seen; the account could not be listed since then%s", text, cause(p.Error))
	}
	return text
}

// next names the command to go on with, when a further run would do something.
func (o Options) next(b *strings.Builder, r apply.Result) {
	s := r.Summary
	if s.NotDone+s.Unknown+s.NotReady+s.LOAsMissing+s.Queued > 0 && len(o.Apply) > 0 && r.ExitCode != apply.ExitRefused {
		fmt.Fprintf(b, "\nNext: %s\n", o.applyCommand())
	}
}

// Open says what an unfinished run left open, and how to list it; empty when it
// left nothing.
func (o Options) Open(r apply.Result) string {
	if r.ExitCode == apply.ExitDone {
		return ""
	}
	s := r.Summary
	var parts []string
	count := func(one, many string, n int) {
		if n > 0 {
			parts = append(parts, Plural(n, one, many))
		}
	}
	count("unconfirmed order", "unconfirmed orders", s.Unknown)
	count("order waiting for approval", "orders waiting for approval", s.Queued)
	if len(parts) > 0 {
		return fmt.Sprintf("Open: %s; list them: %s", strings.Join(parts, ", "), command([]string{"portctl", "ledger", "list"}, o.Ledger))
	}
	count("port not ready", "ports not ready", s.NotReady)
	count("LOA missing", "LOAs missing", s.LOAsMissing)
	if r.Interrupted {
		count("entry not done", "entries not done", s.NotDone)
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("Open: %s; list them: %s", strings.Join(parts, ", "), command([]string{"portctl", "status"}, o.Ledger, o.LOAs))
}

// verdict is the sum: what a person who reads one line reads.
func (o Options) verdict(r apply.Result) string {
	s := r.Summary
	parts := o.done(r)
	count := func(code, one, many string, n int) {
		if n > 0 {
			parts = append(parts, o.paint(code, Plural(n, one, many)))
		}
	}
	count(red, "not done", "not done", s.NotDone)
	count(yellow, "unconfirmed", "unconfirmed", s.Unknown)
	count(red, "with a second service", "with a second service", s.Doubled)
	count(yellow, "waiting for approval", "waiting for approval", s.Queued)
	count("", "already exists", "already exist", s.Existing)
	count(yellow, "not ready", "not ready", s.NotReady)
	count("", "cross connect pending", "cross connects pending", s.CrossConnects)
	if dir := loaDir(r); dir != "" {
		parts = append(parts, fmt.Sprintf("%s in %s (%d new)", Plural(s.LOAs, "LOA", "LOAs"), Clean(dir), s.LOAsNew))
	}
	count(yellow, "LOA missing", "LOAs missing", s.LOAsMissing)
	count(yellow, "LOA refused by Megaport", "LOAs refused by Megaport", s.LOAsRefused)
	count(yellow, "broken port", "broken ports", s.Broken)
	if r.Interrupted {
		parts = append(parts, o.paint(yellow, "interrupted"))
	}
	return strings.Join(parts, " · ") + o.paint(dim, fmt.Sprintf(" · %s", r.FinishedAt.Sub(r.StartedAt).Round(100*time.Millisecond)))
}

// done says first what took effect, or that nothing did.
func (o Options) done(r apply.Result) []string {
	s := r.Summary
	var parts []string
	if s.Bought > 0 {
		parts = append(parts, o.paint(green, "Bought "+services(s.Services)))
	}
	for _, x := range []struct {
		word, code string
		n          int
	}{{"updated", green, s.Updated}, {"cancelled", red, s.Cancelled}} {
		switch {
		case x.n > 0 && len(parts) == 0:
			parts = append(parts, o.paint(x.code, fmt.Sprintf("%s%s %d", strings.ToUpper(x.word[:1]), x.word[1:], x.n)))
		case x.n > 0:
			parts = append(parts, o.paint(x.code, fmt.Sprintf("%s %d", x.word, x.n)))
		}
	}
	switch {
	case len(parts) > 0:
	case r.ExitCode == apply.ExitRefused:
		parts = append(parts, o.paint(red, "Refused, nothing was sent"))
	case s.NotDone+s.Unknown+s.Queued == 0:
		parts = append(parts, "Nothing to buy")
	case s.Unknown == 0:
		parts = append(parts, "Nothing bought")
	}
	return parts
}

func loaDir(r apply.Result) string {
	for _, a := range r.Actions {
		for _, l := range a.LOAs {
			if l.File != "" {
				return filepath.ToSlash(filepath.Dir(l.File)) + "/"
			}
		}
	}
	return ""
}
