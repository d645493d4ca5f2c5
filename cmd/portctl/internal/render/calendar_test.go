package render

import (
	"bytes"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// A calendar can be read by a calendar program: lines end in CRLF and are folded at 75
// bytes, days are dates, reminders come before the end of a contract, and whatever a name
// holds ends no property.
func TestCalendarICS(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.SampledFrom([]string{"lon-core-1", "a, b; c\\n:d", "BEGIN:VEVENT"}), rapid.StringN(1, 60, -1)).Draw(t, "name")
		c := apply.Calendar{Dates: []apply.MoneyDate{
			{Date: "2026-12-09", Kind: apply.ChargesBegin, Latest: true, Name: name, UID: "u1", Term: 12, OrderedAt: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)},
			{Date: "2027-12-08", Kind: apply.ContractEnds, Reminders: []string{"2027-09-09", "2027-11-08"}, Name: name, Member: 2, UID: "u1", Place: &plan.Place{ID: 90, Name: "Zürich"}, Term: 12, CostCentre: name},
		}}
		var b, again bytes.Buffer
		for _, w := range []*bytes.Buffer{&b, &again} {
			if err := CalendarICS(w, name, c); err != nil {
				t.Fatal(err)
			}
		}
		if b.String() != again.String() {
			t.Fatal("two writings differ")
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(b.String(), "\r\n"), "\r\n") {
			if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("%d bytes: %q", len(line), line)
			}
		}
		cal, err := ics.ParseCalendar(&b)
		if err != nil {
			t.Fatalf("%v\n%s", err, again.String())
		}
		events := cal.Events()
		if len(events) != 2 || len(events[0].Alarms()) != 0 || len(events[1].Alarms()) != 2 {
			t.Fatalf("%d events\n%s", len(events), again.String())
		}
		for i, e := range events {
			if start, err := e.GetAllDayStartAt(); err != nil || start.Format(time.DateOnly) != c.Dates[i].Date {
				t.Fatalf("event %d starts at %v, %v", i, start, err)
			}
			if id := e.Id(); id != "u1-"+string(c.Dates[i].Kind)+"@portctl" {
				t.Fatalf("event %d is %q", i, id)
			}
			if got := e.GetProperty(ics.ComponentPropertySummary).Value; got != Clean(summaryOf(c.Dates[i])) {
				t.Fatalf("event %d is called %q, not %q", i, got, Clean(summaryOf(c.Dates[i])))
			}
		}
		if trigger := events[1].Alarms()[0].GetProperty(ics.ComponentPropertyTrigger).Value; trigger != "-P90D" {
			t.Fatalf("the first reminder is %q", trigger)
		}
	})
}
