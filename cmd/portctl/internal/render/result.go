package render

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// ResultText draws what a run did: what was bought, what was not and why, what
// is not ready, where the letters are.
func ResultText(w io.Writer, r apply.Result, o Options) error {
	var b strings.Builder
	o.bought(&b, r)
	o.failed(&b, r, "Not bought", red, func(x apply.Outcome) bool {
		return x == apply.Refused || x == apply.NotProcessed || x == apply.NotSent
	})
	o.failed(&b, r, "Outcome unknown: never sent again by itself; look into the account", yellow, func(x apply.Outcome) bool {
		return x == apply.Unknown
	})
	o.notReady(&b, r)
	o.totals(&b, "This run added", r.Totals)
	fmt.Fprintf(&b, "\n%s\n", o.verdict(r))
	_, err := io.WriteString(w, strings.TrimPrefix(b.String(), "\n"))
	return err
}

func (o Options) bought(b *strings.Builder, r apply.Result) {
	var rows [][]string
	for _, a := range r.Actions {
		if a.Outcome != apply.Bought {
			continue
		}
		for i, uid := range a.UIDs {
			row := []string{"", "", string(uid), "", portStatus(a, uid), letter(a, uid)}
			if i == 0 {
				row[0], row[1], row[3] = a.Name, a.Place.Name, money(a.Price)
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(green, fmt.Sprintf("Bought %s, %s",
		Plural(r.Summary.Bought, "entry", "entries"), Plural(r.Summary.Services, "service", "services"))))
	_ = o.grid(b, []column{
		{title: "NAME"},
		{title: "SITE", shrink: true},
		{title: "UID"},
		{title: "MONTHLY", right: true},
		{title: "STATUS"},
		{title: "LOA"},
	}, rows)
}

func portStatus(a apply.ActionResult, uid plan.ServiceUID) string {
	for _, p := range a.Ports {
		if p.UID == uid {
			return dash(string(p.Status))
		}
	}
	return "-"
}

func letter(a apply.ActionResult, uid plan.ServiceUID) string {
	for _, l := range a.LOAs {
		if l.UID == uid && l.File != "" {
			return "saved"
		}
	}
	return "-"
}

func (o Options) failed(b *strings.Builder, r apply.Result, title, color string, is func(apply.Outcome) bool) {
	var lines []string
	for _, a := range r.Actions {
		if a.Kind == plan.Buy && is(a.Outcome) {
			lines = append(lines, fmt.Sprintf("  %s: %s%s", Clean(a.Name), a.Outcome, cause(a.Error)))
			for _, uid := range a.UIDs {
				lines = append(lines, fmt.Sprintf("    service %s was named in the answer", uid))
			}
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n%s\n%s\n", o.paint(color, fmt.Sprintf("%s (%d)", title, len(lines))), strings.Join(lines, "\n"))
	}
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

func (o Options) notReady(b *strings.Builder, r apply.Result) {
	var lines []string
	for _, a := range r.Actions {
		for _, p := range a.Ports {
			if !p.Ready {
				lines = append(lines, fmt.Sprintf("  %s %s: %s", Clean(a.Name), p.UID, statusText(p.Status)))
			}
		}
		for _, l := range a.LOAs {
			if l.File == "" && ready(a, l.UID) {
				lines = append(lines, fmt.Sprintf("  %s %s: no LOA%s", Clean(a.Name), l.UID, cause(l.Error)))
			}
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n%s\n%s\n", o.paint(yellow, "Not ready; run the same command again to pick it up"), strings.Join(lines, "\n"))
	}
}

func ready(a apply.ActionResult, uid plan.ServiceUID) bool {
	for _, p := range a.Ports {
		if p.UID == uid {
			return p.Ready
		}
	}
	return false
}

func statusText(s plan.Status) string {
	if s == "" {
		return "not listed yet"
	}
	return string(s)
}

// verdict is the last line: what a person who reads one line reads.
func (o Options) verdict(r apply.Result) string {
	s := r.Summary
	var parts []string
	switch {
	case s.Bought > 0:
		parts = append(parts, o.paint(green, fmt.Sprintf("Bought %s", Plural(s.Services, "service", "services"))))
	case s.NotDone == 0 && s.Unknown == 0:
		parts = append(parts, "Nothing to buy")
	}
	if s.NotDone > 0 {
		parts = append(parts, o.paint(red, fmt.Sprintf("%d not bought", s.NotDone)))
	}
	if s.Unknown > 0 {
		parts = append(parts, o.paint(yellow, fmt.Sprintf("%d unknown", s.Unknown)))
	}
	if s.Existing > 0 {
		parts = append(parts, fmt.Sprintf("%s there already", Plural(s.Existing, "entry", "entries")))
	}
	if s.NotReady > 0 {
		parts = append(parts, o.paint(yellow, fmt.Sprintf("%d not ready", s.NotReady)))
	}
	if dir := letterDir(r); dir != "" {
		parts = append(parts, fmt.Sprintf("%s in %s (%d new)", Plural(s.LOAs, "LOA", "LOAs"), dir, s.LOAsNew))
	}
	if r.Interrupted {
		parts = append(parts, o.paint(yellow, "interrupted"))
	}
	return strings.Join(parts, " · ") + o.paint(dim, fmt.Sprintf(" · %s", r.FinishedAt.Sub(r.StartedAt).Round(100*time.Millisecond)))
}

func letterDir(r apply.Result) string {
	for _, a := range r.Actions {
		for _, l := range a.LOAs {
			if l.File != "" {
				return filepath.ToSlash(filepath.Dir(l.File)) + "/"
			}
		}
	}
	return ""
}
