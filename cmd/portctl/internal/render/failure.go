package render

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// failureHeading says that there is no plan, and why.
func failureHeading(d plan.Document) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## There is no plan\n\nPlanning **%s** on **%s** failed: %s\n",
		escape(clip(cmp.Or(d.Inventory.Name, strings.Join(d.Inventory.Files, ", ")), 120)), escape(clip(cmp.Or(d.Environment, "an unknown environment"), 60)),
		escape(clip(Clean(d.Failure.Message), 2000)))
	if d.Failure.Hint != "" {
		fmt.Fprintf(&b, "\nHint: %s\n", prose(clip(d.Failure.Hint, 2000)))
	}
	return b.String()
}

// failureProblems lists what is wrong with the inventory.
func failureProblems(problems []plan.Problem) part {
	x := part{open: "\n", one: "problem", many: "problems", keep: keepAttention}
	for _, p := range problems {
		row := fmt.Sprintf("- **%s** %s: %s (%s)\n", escape(p.Severity), code(p.Rule), prose(p.Message), code(p.Source.String()))
		if p.Hint != "" {
			row += fmt.Sprintf("  - Hint: %s\n", prose(p.Hint))
		}
		x.rows = append(x.rows, row)
	}
	return x
}
