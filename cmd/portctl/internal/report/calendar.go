package report

import (
	"fmt"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// month is the days of one month on which money moves.
type month struct {
	Name string
	Days []day
}

// day is what happens to some ports on one day.
type day struct{ Date, What, Names string }

// monthsOf puts the days of a calendar into months, ports with the same day and news
// together, and names those whose days are not known.
func monthsOf(c apply.Calendar) (months []month, undated []string) {
	type news struct {
		date   string
		kind   apply.MoneyDateKind
		latest bool
	}
	names, order := map[news][]string{}, []news{}
	for _, d := range c.Dates { // by date
		n := news{d.Date, d.Kind, d.Latest}
		if names[n] == nil {
			order = append(order, n)
		}
		names[n] = append(names[n], plan.MemberName(d.Name, d.Member))
	}
	for _, n := range order {
		at, err := time.Parse(time.DateOnly, n.date)
		if err != nil {
			continue // a calendar has dates alone
		}
		title := at.Format("January 2006")
		if len(months) == 0 || months[len(months)-1].Name != title {
			months = append(months, month{Name: title})
		}
		last := &months[len(months)-1]
		last.Days = append(last.Days, day{n.date, moneyNews(n.kind, n.latest), plan.FoldNames(names[n])})
	}
	unknown := map[apply.MoneyDateKind][]string{}
	for _, u := range c.Unknown {
		unknown[u.Kind] = append(unknown[u.Kind], plan.MemberName(u.Name, u.Member))
	}
	for _, kind := range []apply.MoneyDateKind{apply.ChargesBegin, apply.ContractEnds} {
		if len(unknown[kind]) > 0 {
			what := map[apply.MoneyDateKind]string{apply.ChargesBegin: "first billed day", apply.ContractEnds: "end of the contract"}[kind]
			undated = append(undated, fmt.Sprintf("%s: %s", what, plan.FoldNames(unknown[kind])))
		}
	}
	return months, undated
}

func moneyNews(kind apply.MoneyDateKind, latest bool) string {
	switch {
	case kind == apply.ContractEnds:
		return "contract ends; it renews or rolls over: the API does not tell"
	case latest:
		return "billed from here on at the latest"
	}
	return "billed from here on"
}
