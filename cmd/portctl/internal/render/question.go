package render

import (
	"fmt"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// Question asks for the word yes: what apply is about to do, and what it costs.
func (o Options) Question(p plan.Plan) string {
	var does []string
	if n := p.Services(); n > 0 {
		does = append(does, "order "+Plural(n, "port", "ports"))
	}
	if n := p.Summary.Update; n > 0 {
		does = append(does, fmt.Sprintf("update %d", n))
	}
	if n := p.Summary.Cancel; n > 0 {
		does = append(does, fmt.Sprintf("cancel %d", n))
	}
	var costs []string
	for _, c := range p.Totals.Currencies() {
		t := p.Totals[c]
		costs = append(costs, fmt.Sprintf("%s %s monthly, %[1]s %[3]s one-time, %[1]s %[4]s commitment",
			Clean(c), t.Monthly.Grouped(), t.OneTime.Grouped(), t.Commitment.Grouped()))
	}
	line := strings.Join(does, ", ")
	if len(costs) > 0 {
		line += ": " + strings.Join(costs, "; ")
	}
	return fmt.Sprintf("%s%s. Type 'yes' to confirm: ", strings.ToUpper(line[:1]), line[1:])
}
