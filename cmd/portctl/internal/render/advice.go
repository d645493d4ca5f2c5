package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// AdviceText lists what longer terms cost, a group of rows for ports that are alike.
func AdviceText(w io.Writer, advice []apply.Advice, o Options) error {
	if len(advice) == 0 {
		_, err := fmt.Fprintln(w, "no port is month-to-month, and no contract ends within that time")
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", o.prose("List prices of one new port today, without a cross connect. Your contract may say otherwise."))
	var rows [][]string
	for _, group := range alike(advice) {
		rows = append(rows, adviceRows(group)...)
	}
	if err := o.grid(&b, []column{
		{title: "NAME", wrap: true},
		{title: "SITE", shrink: true},
		{title: "SPEED"},
		{title: "NOW"},
		{title: "TERM", right: true},
		{title: "MONTHLY", right: true},
		{title: "SAVES A MONTH", right: true},
		{title: "COMMITMENT", right: true},
	}, rows); err != nil {
		return err
	}
	told := map[string]bool{}
	for _, a := range advice {
		if a.NoPrice != "" && !told[a.NoPrice] {
			told[a.NoPrice] = true
			fmt.Fprintf(&b, "  no price: %s: %s\n", Clean(a.Name), Clean(a.NoPrice))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// alike puts ports together of which the same is to be said.
func alike(advice []apply.Advice) [][]apply.Advice {
	at := map[string]int{}
	var groups [][]apply.Advice
	for _, a := range advice {
		key := fmt.Sprint(a.Place.ID, a.Speed, a.Zone, bound(a))
		i, known := at[key]
		if !known {
			i = len(groups)
			at[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], a)
	}
	return groups
}

// bound says how long a contract still binds.
func bound(a apply.Advice) string {
	switch {
	case a.ContractEnd == "":
		return "month-to-month"
	case a.Days < 0:
		return "ended " + a.ContractEnd
	}
	return fmt.Sprintf("ends %s, %s", a.ContractEnd, Plural(a.Days, "day", "days"))
}

func adviceRows(group []apply.Advice) [][]string {
	first, names := group[0], make([]string, 0, len(group))
	for _, a := range group {
		names = append(names, plan.MemberName(a.Name, a.Member))
	}
	rows := [][]string{}
	if first.Monthly != nil {
		rows = append(rows, []string{"", "", "", "", months(1), money(first.Monthly), "-", "-"})
	}
	for _, t := range first.Terms {
		saves := "-"
		if t.Saving != nil {
			saves = t.Saving.Grouped()
		}
		rows = append(rows, []string{"", "", "", "", months(t.Term), t.Currency + " " + t.Monthly.Grouped(), saves, t.Commitment.Grouped()})
	}
	if len(rows) == 0 {
		rows = append(rows, []string{"", "", "", "", "-", "no price", "-", "-"})
	}
	copy(rows[0], []string{plan.FoldNames(names), placeName(first.Place), first.Speed.String(), bound(first)})
	return rows
}
