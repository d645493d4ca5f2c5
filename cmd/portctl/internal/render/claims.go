package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// ClaimsText draws open claims as a table: what is known, and for how long.
func ClaimsText(w io.Writer, open []ledger.Open, now time.Time, o Options) error {
	if len(open) == 0 {
		_, err := io.WriteString(w, "No claim is open.\n")
		return err
	}
	var b strings.Builder
	var rows [][]string
	for _, c := range open {
		rows = append(rows, claimRow(c, now))
	}
	_ = o.grid(&b, []column{
		{title: "NAME", wrap: true},
		{title: "STATE"},
		{title: "AGE", right: true},
		{title: "INVENTORY"},
		{title: "BY"},
		{title: "SPEED"},
		{title: "WHAT IS KNOWN", shrink: true},
	}, rows)
	_, err := io.WriteString(w, b.String())
	return err
}

func claimRow(c ledger.Open, now time.Time) []string {
	if c.Name == "" { // it cannot be read: its key is its only name
		return []string{c.Key, string(c.State), "-", "-", "-", "-", known(c)}
	}
	return []string{
		c.Name, string(c.State), now.Sub(c.Time).Round(time.Second).String(), c.Inventory, c.By,
		portKind(c.Order.Speed, c.Order.LAGPorts), known(c),
	}
}

// known says in a few words what the records of a claim tell.
func known(c ledger.Open) string {
	var parts []string
	if c.State == plan.OrderDamaged {
		parts = append(parts, c.Trouble)
		if c.Name != "" {
			parts = append(parts, c.Key)
		}
	}
	if n := len(c.Records); n > 0 {
		last := c.Records[n-1]
		parts = append(parts, last.Cause)
		if last.TraceID != "" {
			parts = append(parts, "trace id "+last.TraceID)
		}
	} else {
		parts = append(parts, "no answer was recorded")
	}
	for _, u := range c.UIDs {
		parts = append(parts, string(u))
	}
	return strings.Join(parts, "; ")
}

// Resolved tells what became of a claim.
func Resolved(r refresh.Recovered) string {
	state := string(r.State)
	if r.State == plan.OrderResolved {
		state = "resolved"
	}
	text := state + ": " + Clean(r.Cause)
	for _, u := range r.UIDs {
		text += " " + string(u)
	}
	return text
}

// Exceeded tells of a limit that a plan would break.
func Exceeded(l plan.PolicyLine) string {
	policy, limit := "policy", l.Limit
	if l.Base {
		policy = "policy of the base branch"
	}
	if part := partName(l); part != "" {
		limit += " " + part
	}
	switch {
	case l.Max.IsNone():
		return fmt.Sprintf("%s: %s names no limit for %s, and %s would be used", policy, limit, l.Currency, l.Used)
	case l.Currency == "":
		return fmt.Sprintf("%s: %s is %s, and the plan has %s orders", policy, limit, l.Max, l.Used)
	default:
		return fmt.Sprintf("%s: %s is %s %s, and the plan would use %s", policy, limit, l.Currency, l.Max, l.Used)
	}
}
