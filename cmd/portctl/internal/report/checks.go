package report

import (
	"fmt"
	"strings"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// check is something that was looked at. Level is error, warning or ok.
type check struct{ Level, Text, Where, Hint string }

func checksOf(in Input) []check {
	var out []check
	if d := in.Document; d != nil {
		out = append(out, planChecks(*d)...)
	}
	out = append(out, statusChecks(in.Status)...)
	for _, r := range in.Runs {
		for _, f := range r.Audit {
			out = append(out, check{Level: "warning", Text: strings.TrimPrefix(f.Name+": "+f.Text, ": "), Where: "run of " + clock(r.StartedAt)})
		}
		if r.Error != nil {
			out = append(out, check{"error", r.Error.Message, "run of " + clock(r.StartedAt), r.Error.Hint})
		}
	}
	return out
}

// planChecks are what keeps a plan from being applied, and what was held against it.
func planChecks(d plan.Document) []check {
	var out []check
	for _, c := range plan.Causes(d.Of(plan.Blocked)) {
		text := c.Name
		if n := len(c.Others); n > 0 {
			text = fmt.Sprintf("%s and %d more (%s)", c.Name, n, c.OtherNames())
		}
		out = append(out, check{"error", text + ": " + c.Reason.Text, c.Reason.Source.String(), c.Reason.Hint})
	}
	for _, a := range d.Of(plan.Unknown) {
		out = append(out, check{"warning", a.Name + ": " + a.Reason.Text, a.Reason.Source.String(), a.Reason.Hint})
	}
	for _, l := range d.Policy {
		out = append(out, limitCheck(l))
	}
	if d.Spends() && d.Summary.Blocked == 0 {
		out = append(out, check{Level: "ok", Text: "Megaport validated and priced every order of this plan"})
	}
	for _, w := range d.Warnings {
		out = append(out, check{Level: "warning", Text: strings.TrimPrefix(w.Name+": "+w.Text, ": "), Where: w.Source.String()})
	}
	return out
}

func limitCheck(l plan.PolicyLine) check {
	name := strings.TrimSpace(strings.Join([]string{l.Limit, l.Currency, l.Of}, " "))
	if l.Exceeded {
		return check{Level: "error", Text: render.Exceeded(l)}
	}
	return check{Level: "ok", Text: fmt.Sprintf("%s: %s of %s", name, l.Used.Grouped(), l.Max.Grouped())}
}

// statusChecks are what is in the way of ports that exist, and what costs money unused.
func statusChecks(s apply.Status) []check {
	var out []check
	told := map[string]bool{}
	for _, p := range s.Ports {
		if p.Note == "" || told[p.Name] || p.State == apply.PortBlocked || p.State == apply.PortUnconfirmed {
			continue // once for all members; what blocks a plan stands with the plan
		}
		told[p.Name] = true
		out = append(out, check{Level: "warning", Text: p.Name + ": " + p.Note})
	}
	if n := s.Summary.Dark; n > 0 {
		out = append(out, check{Level: "warning", Text: render.Plural(n, "port is", "ports are") + " billed and not LIVE"})
	}
	if n := s.Summary.LOAsMissing; n > 0 {
		out = append(out, check{Level: "warning", Text: render.Plural(n, "ready port has", "ready ports have") + " no LOA"})
	}
	if n := s.Summary.LOAsOld; n > 0 {
		out = append(out, check{Level: "warning", Text: render.Plural(n, "LOA is", "LOAs are") + " older than 30 days", Hint: "`portctl loa --refresh` renews them"})
	}
	if n := s.Summary.CrossConnects; n > 0 {
		out = append(out, check{Level: "ok", Text: render.Plural(n, "cross connect is", "cross connects are") + " on the way: Megaport orders them"})
	}
	return out
}
