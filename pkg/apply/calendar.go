package apply

import (
	"cmp"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// MoneyDate is a day on which a port begins to cost money, or may stop to be bound.
type MoneyDate struct {
	// Date is the day, as year-month-day in UTC, Days how many days away it is:
	// negative when it is over.
	Date string        `json:"date"`
	Days int           `json:"days"`
	Kind MoneyDateKind `json:"kind"`
	// Latest says that the day may still come earlier: the port is not LIVE.
	Latest bool `json:"latest,omitzero"`
	// Reminders are the days on which somebody should be told.
	Reminders  []string        `json:"reminders"`
	Name       string          `json:"name"`
	Member     int             `json:"member,omitzero"`
	UID        plan.ServiceUID `json:"uid"`
	Place      *plan.Place     `json:"location"`
	Term       int             `json:"termMonths"`
	CostCentre string          `json:"costCentre,omitzero"`
	// Purchase is what it was bought with; nil when the ledger does not know.
	Purchase *ledger.Purchase `json:"purchase,omitzero"`
	// OrderedAt is when the port was ordered, which is what the date hangs on.
	OrderedAt time.Time `json:"orderedAt,omitzero"`
}

// MoneyDateKind is what happens on a day.
type MoneyDateKind string

// The kinds of days.
const (
	// ChargesBegin: the first day that is billed.
	ChargesBegin MoneyDateKind = "charges-begin"
	// ContractEnds: the last day of the term. Whether the contract renews or rolls over
	// to month-to-month the API does not tell (API facts §0.6).
	ContractEnds MoneyDateKind = "contract-ends"
)

// Calendar is when the ports of an inventory begin to cost money and when their
// contracts end.
type Calendar struct {
	Dates []MoneyDate `json:"dates"`
	// Unknown are the ports of which the API does not tell the dates yet.
	Unknown []UnknownDate `json:"unknown"`
}

// UnknownDate is a date that the API does not tell.
type UnknownDate struct {
	Name   string          `json:"name"`
	Member int             `json:"member,omitzero"`
	UID    plan.ServiceUID `json:"uid"`
	Kind   MoneyDateKind   `json:"kind"`
}

// ContractReminders are how many days before the end of a contract somebody should be
// told.
func ContractReminders() []int { return []int{90, 30} }

// NewCalendar takes the dates out of a status, the first to come first. A port that is
// month to month has no end to be reminded of.
func NewCalendar(s Status) Calendar {
	c := Calendar{Dates: []MoneyDate{}, Unknown: []UnknownDate{}}
	for _, p := range s.Ports {
		if p.UID == "" || p.State == PortGone || p.Status.Terminated() {
			continue
		}
		c.add(p, s.TakenAt, ChargesBegin, p.BilledFrom, p.BilledLatest, nil)
		if p.Term > 1 {
			c.add(p, s.TakenAt, ContractEnds, p.ContractEnd, false, ContractReminders())
		}
	}
	slices.SortStableFunc(c.Dates, func(a, b MoneyDate) int { return cmp.Compare(a.Date, b.Date) })
	return c
}

func (c *Calendar) add(p PortStatus, today time.Time, kind MoneyDateKind, date string, latest bool, reminders []int) {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		c.Unknown = append(c.Unknown, UnknownDate{p.Name, p.Member, p.UID, kind})
		return
	}
	d := MoneyDate{
		Date: date, Days: plan.Charges{From: at}.DaysLeft(today), Kind: kind, Latest: latest, Reminders: []string{}, Name: p.Name, Member: p.Member,
		UID: p.UID, Place: p.Place, Term: p.Term, CostCentre: p.CostCentre, Purchase: p.Purchase, OrderedAt: p.CreatedAt,
	}
	for _, days := range reminders {
		d.Reminders = append(d.Reminders, at.AddDate(0, 0, -days).Format(time.DateOnly))
	}
	c.Dates = append(c.Dates, d)
}
