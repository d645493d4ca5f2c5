package render

import (
	"fmt"
	"regexp"
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
	return fmt.Sprintf("signs %s %s monthly, commitment %[1]s %[3]s", Clean(p.Currency), p.Monthly.Grouped(), p.Commitment.Grouped())
}

// chargeText is what a cancellation costs. When that is not known it may be the rest
// of the term.
func chargeText(c *plan.Charge) string {
	switch {
	case c == nil:
		return plan.Charge{}.String()
	case c.Known:
		return Clean(c.Currency) + " " + c.Amount.Grouped()
	}
	return c.String()
}

// note is one warning, and the names of the entries that have the same.
type note struct {
	plan.Warning
	others []string
}

// notesOf puts the warnings that say the same of several entries together: fifty
// ports under one default are one thing to look at.
func notesOf(all []plan.Warning) []note {
	var out []note
	seen, uid := map[string]int{}, uidPattern()
	for _, w := range all {
		key := w.Source.String() + " " + uid.ReplaceAllLiteralString(w.Text, "UID")
		if i, ok := seen[key]; ok && out[i].Name != w.Name {
			out[i].others = append(out[i].others, w.Name)
			continue
		}
		seen[key] = len(out)
		out = append(out, note{Warning: w})
	}
	return out
}

// uidPattern is the form of a service's UID.
func uidPattern() *regexp.Regexp {
	return regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
}

// maxNames is how many names are listed where their number tells as much.
const maxNames = 8

// someNames lists the first names and counts the rest.
func someNames(names []string, show func(string) string) string {
	var words []string
	for _, n := range names[:min(maxNames, len(names))] {
		words = append(words, show(n))
	}
	if more := len(names) - len(words); more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
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
	return command([]string{"portctl", "apply"}, o.Apply, more)
}

// resolveCommand is the command that resolves a claim in the same ledger.
func (o Options) resolveCommand(what ...string) string {
	return command([]string{"portctl", "ledger", "resolve"}, what, o.Ledger)
}

// command is a command line that can be pasted into a shell.
func command(parts ...[]string) string {
	var words []string
	for _, part := range parts {
		for _, word := range part {
			words = append(words, shellQuote(word))
		}
	}
	return strings.Join(words, " ")
}
