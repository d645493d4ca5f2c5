package apply

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/plan"
)

func TestCalendar(t *testing.T) {
	ordered := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	s := Status{TakenAt: time.Date(2026, 12, 3, 23, 0, 0, 0, time.UTC), Ports: []PortStatus{
		{Name: "ends-after-a-leap-day", UID: "u1", Status: plan.StatusLive, Term: 12, BilledFrom: "2027-03-01", ContractEnd: "2028-03-30", CreatedAt: ordered},
		{Name: "on-its-way", Member: 2, UID: "u2", Status: plan.StatusConfigured, Term: 24, BilledFrom: "2026-12-09", BilledLatest: true},
		{Name: "month-to-month", UID: "u3", Status: plan.StatusLive, Term: 1, BilledFrom: "2026-01-01", ContractEnd: "2026-12-31"},
		{Name: "not-ordered"},
		{Name: "gone", UID: "u4", Status: plan.StatusDecommissioned, BilledFrom: "2026-01-01", ContractEnd: "2026-12-31", Term: 12},
	}}
	want := Calendar{
		Dates: []MoneyDate{
			{Date: "2026-01-01", Days: -336, Kind: ChargesBegin, Reminders: []string{}, Name: "month-to-month", UID: "u3", Term: 1},
			{Date: "2026-12-09", Days: 6, Kind: ChargesBegin, Latest: true, Reminders: []string{}, Name: "on-its-way", Member: 2, UID: "u2", Term: 24},
			{Date: "2027-03-01", Days: 88, Kind: ChargesBegin, Reminders: []string{}, Name: "ends-after-a-leap-day", UID: "u1", Term: 12, OrderedAt: ordered},
			{Date: "2028-03-30", Days: 483, Kind: ContractEnds, Reminders: []string{"2027-12-31", "2028-02-29"}, Name: "ends-after-a-leap-day", UID: "u1", Term: 12, OrderedAt: ordered},
		},
		Unknown: []UnknownDate{{"on-its-way", 2, "u2", ContractEnds}},
	}
	if diff := cmp.Diff(want, NewCalendar(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
