package plan_test

import (
	"testing"
	"time"

	"github.com/portctl/portctl/pkg/plan"
)

// Charges begin when the port is LIVE, or 14 days after the order, by dates in UTC.
func TestCharges(t *testing.T) {
	at := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		got, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for name, c := range map[string]struct {
		status                        plan.Status
		created, live, contract, from string
		latest                        bool
	}{
		"on its way":                   {plan.StatusConfigured, "2026-11-25T10:00:00Z", "", "", "2026-12-09", true},
		"LIVE at once":                 {plan.StatusLive, "2026-11-25T10:00:00Z", "2026-11-27T01:00:00Z", "", "2026-11-27", false},
		"LIVE late":                    {plan.StatusLive, "2026-11-25T10:00:00Z", "2027-02-01T01:00:00Z", "", "2026-12-09", false},
		"LIVE on the last day":         {plan.StatusLive, "2026-11-25T10:00:00Z", "2026-12-09T23:00:00Z", "", "2026-12-09", false},
		"LIVE without a date":          {plan.StatusLive, "2026-11-25T10:00:00Z", "", "", "2026-12-09", false},
		"the contract says it":         {plan.StatusLive, "2026-11-25T10:00:00Z", "2026-11-27T01:00:00Z", "2026-12-01T00:00:00Z", "2026-12-01", false},
		"over the end of a month":      {plan.StatusConfigured, "2026-01-31T00:00:00Z", "", "", "2026-02-14", true},
		"over a leap day":              {plan.StatusConfigured, "2028-02-20T00:00:00Z", "", "", "2028-03-05", true},
		"over February":                {plan.StatusConfigured, "2026-02-20T00:00:00Z", "", "", "2026-03-06", true},
		"over the end of a year":       {plan.StatusConfigured, "2026-12-25T00:00:00Z", "", "", "2027-01-08", true},
		"ordered in another time zone": {plan.StatusConfigured, "2026-11-25T22:00:00-05:00", "", "", "2026-12-10", true},
		"only LIVE is known":           {plan.StatusLive, "", "2026-11-27T01:00:00Z", "", "2026-11-27", false},
		"nothing is known":             {plan.StatusConfigured, "", "", "", "", false},
		"gone":                         {plan.StatusDecommissioned, "2026-11-25T10:00:00Z", "", "2026-12-01T00:00:00Z", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			got := plan.Service{Status: c.status, CreatedAt: at(c.created), LiveAt: at(c.live), ContractStart: at(c.contract)}.Charges()
			from := ""
			if !got.From.IsZero() {
				from = got.From.Format(time.DateOnly)
			}
			if from != c.from || got.Latest != c.latest {
				t.Errorf("from %q, latest %v", from, got.Latest)
			}
		})
	}
}

func TestDaysLeft(t *testing.T) {
	c := plan.Charges{From: time.Date(2026, 12, 9, 0, 0, 0, 0, time.UTC)}
	for now, want := range map[string]int{"2026-12-03T23:59:00Z": 6, "2026-12-09T00:00:00Z": 0, "2026-12-08T20:00:00-05:00": 0, "2026-12-10T00:00:00Z": -1} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.DaysLeft(at); got != want {
			t.Errorf("%s: %d, want %d", now, got, want)
		}
	}
}
