package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// DocumentVerdict is the verdict of a plan, or of a look for drift.
func DocumentVerdict(d plan.Document) string {
	if d.Drift == nil {
		return Verdict(d.Plan)
	}
	return driftVerdict(*d.Drift, d.Summary.Unknown)
}

// driftVerdict says what a look for drift found, and what of it counts.
func driftVerdict(d plan.Drift, unconfirmed int) string {
	var parts []string
	add := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, Plural(n, one, many))
		}
	}
	add(d.Missing, "entry is missing services", "entries are missing services")
	add(d.Differing, "service differs", "services differ")
	add(d.Blocked, "entry is blocked", "entries are blocked")
	if d.CountUnmanaged {
		add(d.Unmanaged, "service is in no entry", "services are in no entry")
	}
	if d.ContractDays > 0 {
		soon := 0
		for _, c := range d.Contracts {
			if c.Days <= d.ContractDays {
				soon++
			}
		}
		within := " within " + Plural(d.ContractDays, "day", "days")
		add(soon, "contract ends"+within, "contracts end"+within)
	}
	text := "No drift."
	if len(parts) > 0 {
		text = "Drift: " + strings.Join(parts, ", ") + "."
	}
	if unconfirmed > 0 {
		text += " " + Plural(unconfirmed, "entry is", "entries are") + " held back by unconfirmed orders."
	}
	return text
}

// unmanagedOf are the services that a plan lists as not in its inventory: a look for
// drift leaves out what the inventory leaves alone.
func unmanagedOf(d plan.Document) []plan.ServiceRef {
	if d.Drift == nil {
		return d.Unmanaged
	}
	return plan.Strangers(d.Unmanaged)
}

// contracts draws the ends of contracts that a look for drift found.
func (o Options) contracts(b *strings.Builder, d *plan.Drift) {
	if d == nil || len(d.Contracts) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(bold, "Contracts that end soon"))
	var rows [][]string
	for _, c := range d.Contracts {
		rows = append(rows, []string{c.Name, c.UID.Short(), months(c.Term), c.End, strconv.Itoa(c.Days)})
	}
	_ = o.grid(b, []column{{title: "NAME", wrap: true}, {title: "UID"}, {title: "TERM", right: true}, {title: "ENDS"}, {title: "DAYS LEFT", right: true}}, rows)
}

// contractDetails is contracts for a comment.
func contractDetails(d *plan.Drift) part {
	if d == nil {
		return part{}
	}
	x := part{
		open: "\n### Contracts that end soon\n\n" + tableHead("Name", "Service", ">Term", "Ends", ">Days left"),
		one:  "contract", many: "contracts", keep: keepNotes,
	}
	for _, c := range d.Contracts {
		x.rows = append(x.rows, tableRow(code(c.Name), code(string(c.UID)), tight(months(c.Term)), escape(c.End), strconv.Itoa(c.Days)))
	}
	return x
}
