package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// afterTerm is all that can be said of what follows a term.
const afterTerm = "renews or rolls over: the API does not tell"

// CalendarText lists the days to come, and counts those that are over.
func CalendarText(w io.Writer, c apply.Calendar, o Options) error {
	var b strings.Builder
	var rows [][]string
	over := 0
	for _, d := range c.Dates {
		if d.Days < 0 {
			over++
			continue
		}
		rows = append(rows, []string{d.Date, fmt.Sprint(d.Days), moneyDateText(d), plan.MemberName(d.Name, d.Member), d.UID.Short(), dash(placeName(d.Place)), dash(d.CostCentre)})
	}
	if len(rows) > 0 {
		if err := o.grid(&b, []column{
			{title: "DATE"},
			{title: "DAYS", right: true},
			{title: "WHAT", wrap: true},
			{title: "NAME", wrap: true},
			{title: "UID"},
			{title: "SITE", shrink: true},
			{title: "COST CENTRE", wrap: true},
		}, rows); err != nil {
			return err
		}
		b.WriteString("\n")
	}
	for _, u := range c.Unknown {
		what := "the first day that is billed"
		if u.Kind == apply.ContractEnds {
			what = "the end of its contract"
		}
		fmt.Fprintf(&b, "not known yet: %s of %s\n", what, Clean(plan.MemberName(u.Name, u.Member)))
	}
	fmt.Fprintf(&b, "%s to come · %d over · %d not known\n", Plural(len(rows), "date", "dates"), over, len(c.Unknown))
	_, err := io.WriteString(w, b.String())
	return err
}

func moneyDateText(d apply.MoneyDate) string {
	switch {
	case d.Kind == apply.ContractEnds:
		return "contract ends (" + months(d.Term) + ")"
	case d.Latest:
		return "billed from here on at the latest, not LIVE"
	}
	return "billed from here on"
}

// CalendarICS writes the days as a calendar (RFC 5545), those that are over too. The same
// account gives the same bytes: nothing in it comes from the clock.
func CalendarICS(w io.Writer, name string, c apply.Calendar) error {
	cal := ics.NewCalendarFor("portctl")
	cal.SetVersion("2.0")
	cal.SetProductId("-//portctl//calendar//EN")
	cal.SetXWRCalName(Clean(name))
	for _, d := range c.Dates {
		day, err := time.Parse(time.DateOnly, d.Date)
		if err != nil {
			return err
		}
		e := cal.AddEvent(fmt.Sprintf("%s-%s@portctl", d.UID, d.Kind))
		stamp := d.OrderedAt
		if stamp.IsZero() {
			stamp = day
		}
		e.SetDtStampTime(stamp.UTC())
		e.SetAllDayStartAt(day)
		e.SetAllDayEndAt(day.AddDate(0, 0, 1))
		e.SetSummary(Clean(summaryOf(d)))
		e.SetDescription(Clean(descriptionOf(d)))
		e.SetTimeTransparency(ics.TransparencyTransparent)
		for i := range d.Reminders {
			days := apply.ContractReminders()[i]
			a := e.AddAlarm()
			a.SetAction(ics.ActionDisplay)
			a.SetTrigger(fmt.Sprintf("-P%dD", days))
			a.SetDescription(Clean(fmt.Sprintf("in %d days: %s", days, summaryOf(d))))
		}
	}
	return cal.SerializeTo(w, ics.WithNewLineWindows)
}

func summaryOf(d apply.MoneyDate) string {
	return fmt.Sprintf("%s: %s", plan.MemberName(d.Name, d.Member), moneyDateText(d))
}

func descriptionOf(d apply.MoneyDate) string {
	text := fmt.Sprintf("Service %s, term %s.", d.UID, months(d.Term))
	if d.Place != nil {
		text = fmt.Sprintf("Service %s at %s, term %s.", d.UID, placeName(d.Place), months(d.Term))
	}
	if d.CostCentre != "" {
		text += " Cost centre " + d.CostCentre + "."
	}
	switch b := d.Purchase; {
	case b == nil:
	case b.Ports > 1:
		text += fmt.Sprintf(" Ordered at %s a month for %d ports.", money(&b.Price), b.Ports)
	default:
		text += fmt.Sprintf(" Ordered at %s a month.", money(&b.Price))
	}
	if d.Kind == apply.ContractEnds {
		text += " What follows the last day " + afterTerm + "."
	}
	return text
}
