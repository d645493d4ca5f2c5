package render

import (
	"fmt"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

func entries(actions []plan.Action) string { return Plural(len(actions), "entry", "entries") }

func services(n int) string { return Plural(n, "service", "services") }

func ordered(actions []plan.Action) int {
	n := 0
	for _, a := range actions {
		n += a.ServicesOrdered()
	}
	return n
}

// placeName is the name of a location with its id, which never changes.
func placeName(p *plan.Place) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%s (%d)", p.Name, p.ID)
}

// portKind is the speed, and for a LAG how many of it: "4 x 100G".
func portKind(s plan.Speed, lag int) string {
	if lag > 0 {
		return fmt.Sprintf("%d x %s", lag, s)
	}
	return s.String()
}

// lagOf is the number of members when there are several; a single port and a LAG
// of one look alike in what an action shows.
func lagOf(s *plan.ServiceRef) int {
	if len(s.Members) > 1 {
		return len(s.Members)
	}
	return 0
}

func months(n int) string { return fmt.Sprintf("%d mo", n) }

// monthsLong is months in a sentence.
func monthsLong(n int) string { return Plural(n, "month", "months") }

func money(p *plan.Price) string {
	if p == nil {
		return "-"
	}
	return p.Currency + " " + p.Monthly.Grouped()
}

// signs says what a longer term commits to.
func signs(p *plan.Price) string {
	return fmt.Sprintf("signs %s %s a month, commitment %s", Clean(p.Currency), p.Monthly.Grouped(), p.Commitment.Grouped())
}

// shellQuote writes an argument so that it can be pasted into a shell.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r)
	}
	clean := Clean(s)
	if clean != "" && strings.IndexFunc(clean, func(r rune) bool { return !plain(r) }) < 0 {
		return clean
	}
	return "'" + strings.ReplaceAll(clean, "'", `'\''`) + "'"
}

// applyCommand is the command that does what was planned, with further
// arguments.
func (o Options) applyCommand(more ...string) string {
	words := []string{"portctl", "apply"}
	for _, a := range append(append([]string{}, o.Apply...), more...) {
		words = append(words, shellQuote(a))
	}
	return strings.Join(words, " ")
}
