package progress

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
)

// StatusTable draws a status: one line per port, and a sum. width is the number
// of columns to keep to; 0 is as wide as it gets. Columns that do not fit are
// left out from the right, the name and the state never.
func StatusTable(w io.Writer, s apply.Status, width int) error {
	rows := [][]string{{"NAME", "STATE", "SITE", "UID", "STATUS", "AGE", "LOA", "CONTRACT END", "CLAIM"}}
	for _, p := range s.Ports {
		rows = append(rows, statusRow(p, s.TakenAt))
	}
	var b strings.Builder
	if len(s.Ports) > 0 {
		table(&b, rows, width)
	}
	for i, p := range s.Ports {
		if p.Note != "" && (i == 0 || s.Ports[i-1].Name != p.Name) { // once for all members
			fmt.Fprintf(&b, "\n  %s: %s", render.Clean(p.Name), render.Clean(p.Note))
		}
	}
	if strings.HasSuffix(b.String(), "\n") || b.Len() == 0 {
		fmt.Fprintf(&b, "\n%s\n", StatusLine(s))
	} else {
		fmt.Fprintf(&b, "\n\n%s\n", StatusLine(s))
	}
	_, err := io.WriteString(w, strings.TrimPrefix(b.String(), "\n"))
	return err
}

// StatusLine is a status in one line.
func StatusLine(s apply.Status) string {
	sum := s.Summary
	parts := []string{fmt.Sprintf("%d of %s ready", sum.Ready, render.Plural(sum.Ports, "port", "ports"))}
	for _, x := range []struct {
		n    int
		what string
	}{
		{sum.NotReady, "not ready"},
		{sum.NotOrdered, "not ordered"},
		{sum.Unconfirmed, "unconfirmed"},
		{sum.LOAsMissing, "without LOA"},
		{sum.LOAsRefused, "LOA refused by Megaport"},
	} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	parts = append(parts, render.Plural(sum.LOAs, "LOA", "LOAs"))
	if sum.LOAsOld > 0 {
		parts = append(parts, fmt.Sprintf("%d older than 30 days", sum.LOAsOld))
	}
	return strings.Join(parts, " · ")
}

func rowName(p apply.PortStatus) string {
	if p.Member > 0 {
		return fmt.Sprintf("%s (%d)", render.Clean(p.Name), p.Member)
	}
	return render.Clean(p.Name)
}

func statusRow(p apply.PortStatus, now time.Time) []string {
	site := ""
	if p.Place != nil {
		site = render.Clean(p.Place.Name)
	}
	age := ""
	if !p.CreatedAt.IsZero() {
		age = Age(now.Sub(p.CreatedAt))
	}
	row := []string{
		rowName(p), string(p.State), site, p.UID.Short(), render.Clean(string(p.Status)), age,
		loaAge(p.LOA, now), p.ContractEnd, string(p.Claim),
	}
	for i := range row {
		row[i] = cmp.Or(row[i], "-")
	}
	return row
}

func loaAge(l *apply.LOAState, now time.Time) string {
	switch {
	case l != nil && l.Refused != "":
		return "refused"
	case l == nil || l.File == "":
		return ""
	case l.Old:
		return Age(now.Sub(l.FetchedAt)) + ", renew"
	}
	return Age(now.Sub(l.FetchedAt))
}

// Age writes a time span in its largest unit, rounded down: 40s, 12m, 5h, 3d.
func Age(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// table writes rows of columns; the first row is the titles. A column that is
// empty in every row is left out.
func table(b *strings.Builder, rows [][]string, width int) {
	widths := make([]int, len(rows[0]))
	shown := make([]bool, len(rows[0]))
	for n, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], text.StringWidthWithoutEscSequences(cell))
			shown[i] = shown[i] || n > 0 && cell != "-"
		}
	}
	used := 0
	for i := range widths {
		if !shown[i] {
			continue
		}
		if i > 1 && width > 0 && used+2+widths[i] > width {
			shown[i] = false
			continue
		}
		used += 2 + widths[i]
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if shown[i] {
				line.WriteString("  " + text.Pad(cell, widths[i], ' '))
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
