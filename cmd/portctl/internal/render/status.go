package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// StatusText draws a status: one line per port, and a sum. Columns that do not fit are
// left out from the right, the name and the state never.
func StatusText(w io.Writer, s apply.Status, o Options) error {
	titles, rows := []string{"NAME", "STATE", "SITE", "UID", "STATUS", "AGE", "LOA", "HANDED OVER", "BILLED FROM", "CONTRACT END", "CLAIM", "ORDERED AT", "NEW TODAY"}, [][]string{}
	for _, p := range s.Ports {
		rows = append(rows, statusRow(p, s.TakenAt))
	}
	var b strings.Builder
	if len(s.Ports) > 0 {
		columns, rows := o.fitting(titles, rows)
		if err := o.grid(&b, columns, rows); err != nil {
			return err
		}
	}
	for i, p := range s.Ports {
		if p.Note != "" && (i == 0 || s.Ports[i-1].Name != p.Name) { // once for all members
			fmt.Fprintf(&b, "\n  %s: %s", Clean(p.Name), Clean(p.Note))
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
	parts := []string{fmt.Sprintf("%d of %s ready", sum.Ready, Plural(sum.Ports, "port", "ports"))}
	for _, x := range []struct {
		n    int
		what string
	}{
		{sum.NotReady, "not ready"},
		{sum.NotOrdered, "not ordered"},
		{sum.Unconfirmed, "unconfirmed"},
		{sum.CrossConnects, "with a cross connect pending"},
		{sum.LOAsMissing, "without LOA"},
		{sum.LOAsRefused, "LOA refused by Megaport"},
		{sum.Dark, "billed and not LIVE"},
	} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	parts = append(parts, Plural(sum.LOAs, "LOA", "LOAs"))
	if sum.LOAsOld > 0 {
		parts = append(parts, fmt.Sprintf("%d older than 30 days", sum.LOAsOld))
	}
	return strings.Join(parts, " · ")
}

func rowName(p apply.PortStatus) string {
	return plan.MemberName(Clean(p.Name), p.Member)
}

func statusRow(p apply.PortStatus, now time.Time) []string {
	site := ""
	if p.Place != nil {
		site = Clean(p.Place.Name)
	}
	age := ""
	if !p.CreatedAt.IsZero() {
		age = Age(now.Sub(p.CreatedAt))
	}
	row := []string{
		rowName(p), string(p.State), site, p.UID.Short(), Clean(string(p.Status)), age,
		loaAge(p.LOA, now), handedOver(p), billedFrom(p, now), p.ContractEnd, string(p.Claim), orderedAt(p), money(p.NewPrice),
	}
	for i := range row {
		row[i] = cmp.Or(row[i], "-")
	}
	return row
}

// handedOver is what was noted of a port after its order.
func handedOver(p apply.PortStatus) string {
	h := p.Handover
	switch {
	case p.CrossConnect():
		return "by Megaport"
	case h == nil:
		return ""
	case h.Order != "":
		return "ordered " + Clean(h.Order)
	case h.SendAgain:
		return "send again"
	}
	return h.SentAt.UTC().Format(time.DateOnly)
}

// orderedAt is the monthly price of the order that a port came of.
func orderedAt(p apply.PortStatus) string {
	if p.Purchase == nil {
		return ""
	}
	return MonthlyOf(&p.Purchase.Price, p.Purchase.Ports)
}

// MonthlyOf is the monthly price of an order, with the number of its ports when they are
// several.
func MonthlyOf(p *plan.Price, ports int) string {
	if ports > 1 {
		return fmt.Sprintf("%s for %d", money(p), ports)
	}
	return money(p)
}

// billedFrom is the first day that costs money; of a port that is not LIVE it is the
// latest one, with the days that are left.
func billedFrom(p apply.PortStatus, now time.Time) string {
	days, known := p.DaysToCharges(now)
	switch {
	case !known:
		return ""
	case p.Dark(now):
		return p.BilledFrom + ", not LIVE"
	case p.BilledLatest:
		return fmt.Sprintf("%s, %s left", p.BilledFrom, Plural(days, "day", "days"))
	}
	return p.BilledFrom
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

// fitting leaves out columns that are empty in every row, and those that do not fit.
func (o Options) fitting(titles []string, rows [][]string) ([]column, [][]string) {
	var columns []column
	cells := make([][]string, len(rows))
	used := 0
	for i, title := range titles {
		c := column{title: title}
		one := make([][]string, len(rows))
		for n, row := range rows {
			one[n] = row[i : i+1]
		}
		n := 2 + widest([]column{c}, one, 0)
		empty := !slices.ContainsFunc(one, func(r []string) bool { return r[0] != "-" })
		if empty || i > 1 && o.Width > 0 && used+n > o.Width {
			continue
		}
		used += n
		columns = append(columns, c)
		for n, row := range one {
			cells[n] = append(cells[n], row[0])
		}
	}
	return columns, cells
}
