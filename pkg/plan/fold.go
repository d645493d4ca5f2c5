package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Line is several actions that cost money and differ in nothing but their names: what is
// alike is reviewed once.
type Line struct {
	// Actions are the actions of the line, by name.
	Actions []Action
	// Price is the sum of theirs; nil when they have none.
	Price *Price
}

// First is an action that stands for all of the line.
func (l Line) First() Action { return l.Actions[0] }

// Names are the names of the line's entries, runs of numbers folded: see FoldNames.
func (l Line) Names() string {
	names := make([]string, len(l.Actions))
	for i := range l.Actions {
		names[i] = l.Actions[i].Name
	}
	return FoldNames(names)
}

// Runs splits a line where its names do not follow one another: each of the lines it gives
// has one name, or names that are one run of numbers.
func (l Line) Runs() []Line {
	actions := slices.SortedStableFunc(slices.Values(l.Actions), func(a, b Action) int { return CompareNames(a.Name, b.Name) })
	names := make([]string, len(actions))
	for i := range actions {
		names[i] = actions[i].Name
	}
	var runs []Line
	for i := 0; i < len(actions); {
		n, _ := run(names[i:])
		r := Line{Actions: actions[i : i+n]}
		for _, a := range r.Actions {
			if a.Price != nil {
				r.Price = r.Price.plus(*a.Price)
			}
		}
		runs = append(runs, r)
		i += n
	}
	return runs
}

// CompareNames orders names as people do: numbers within them by their value.
func CompareNames(a, b string) int {
	return cmp.Or(compareNatural(FoldName(a), FoldName(b)), cmp.Compare(a, b))
}

// lineKey is what the actions of a line have in common.
type lineKey struct {
	kind       Kind
	site       string
	location   LocationID
	lag        int
	zone       Zone
	order      string
	price      string
	warned     string
	term, size int
}

// Lines folds what costs money, in the order of the first of each line.
func (p Plan) Lines() []Line {
	at := map[lineKey]int{}
	var lines []Line
	for _, a := range p.Actions {
		if a.ServicesOrdered() == 0 && a.Price == nil {
			continue
		}
		key := a.lineKey()
		i, known := at[key]
		if !known {
			i = len(lines)
			at[key] = i
			lines = append(lines, Line{})
		}
		lines[i].Actions = append(lines[i].Actions, a)
		if a.Price != nil {
			lines[i].Price = lines[i].Price.plus(*a.Price)
		}
	}
	return lines
}

func (a Action) lineKey() lineKey {
	k := lineKey{kind: a.Kind, site: a.Wanted.Site, zone: a.Wanted.Zone, lag: a.Wanted.LAG, term: a.Wanted.Term, size: int(a.Wanted.Speed)}
	if a.Location != nil {
		k.location = a.Location.ID
	}
	if a.Order != nil {
		nameless := *a.Order
		nameless.Name = ""
		k.order = canonical(nameless)
	}
	if a.Service != nil { // what changes an existing service is shown one by one
		k.warned = string(a.Service.UID)
	}
	if a.Price != nil {
		k.price = fmt.Sprint(a.Price.Currency, a.Price.Monthly, a.Price.OneTime, a.Price.Commitment)
	}
	return k
}

// plus adds a price of the same currency.
func (p *Price) plus(other Price) *Price {
	if p == nil {
		return &other
	}
	sum := Price{Currency: p.Currency, Cost: p.Plus(other.Cost), CrossConnect: p.CrossConnect}
	switch {
	case other.CrossConnect == nil:
	case p.CrossConnect == nil:
		sum.CrossConnect = other.CrossConnect
	default:
		cross := p.CrossConnect.Plus(*other.CrossConnect)
		sum.CrossConnect = &cross
	}
	return &sum
}

// FoldNames lists names in one text from which each can be read: names that differ in one
// number, in a row, are written as a shell does, edge-{1..24}, or edge-{1..23..2} where
// every second one is meant. What would be read as such a run, or as two names, stands in
// quotes.
func FoldNames(names []string) string {
	sorted := slices.SortedFunc(slices.Values(names), CompareNames)
	var out []string
	for i := 0; i < len(sorted); {
		n, text := run(sorted[i:])
		out = append(out, text)
		i += n
	}
	return strings.Join(out, ", ")
}

// shortestRun is how many names are worth a run.
const shortestRun = 3

// run is how many names at the beginning are one run, and its text.
func run(names []string) (n int, text string) {
	first := names[0]
	if strings.ContainsAny(first, `{}",`) || strings.TrimSpace(first) != first || first == "" {
		return 1, strconv.Quote(first)
	}
	best := 1
	text = first
	for _, at := range numbersIn(first) {
		at.step = at.stepTo(names)
		if n := at.length(names); n > best && n >= shortestRun {
			best = n
			text = at.before + "{" + at.digits + ".." + at.nth(n-1) + at.every() + "}" + at.after
		}
	}
	return best, text
}

// numeral is a number within a name.
type numeral struct {
	before, digits, after string
	value                 int
	step                  int // to the next name's
}

// stepTo is the step from the first of the names to the second, 1 when there is none.
func (x numeral) stepTo(names []string) int {
	if len(names) < 2 {
		return 1
	}
	digits, begins := strings.CutPrefix(names[1], x.before)
	digits, ends := strings.CutSuffix(digits, x.after)
	value, err := strconv.Atoi(digits)
	if !begins || !ends || err != nil || len(digits) > 9 {
		return 1
	}
	if step := value - x.value; step > 1 && step <= widestStep {
		return step
	}
	return 1
}

// widestStep is the widest step that is seen at a glance.
const widestStep = 10

// every is how a run writes a step.
func (x numeral) every() string {
	if x.step == 1 {
		return ""
	}
	return ".." + strconv.Itoa(x.step)
}

func numbersIn(name string) []numeral {
	var all []numeral
	for i := 0; i < len(name); {
		j := i
		for j < len(name) && name[j] >= '0' && name[j] <= '9' {
			j++
		}
		if j == i {
			i++
			continue
		}
		if value, err := strconv.Atoi(name[i:j]); err == nil && j-i < 10 {
			all = append(all, numeral{name[:i], name[i:j], name[j:], value, 1})
		}
		i = j
	}
	return all
}

// nth is the number that is so many steps further, as wide as the first where that has zeros in
// front.
func (x numeral) nth(n int) string {
	text := strconv.Itoa(x.value + n*x.step)
	if len(x.digits) > 1 && x.digits[0] == '0' {
		return strings.Repeat("0", max(0, len(x.digits)-len(text))) + text
	}
	return text
}

// length is how many of the names follow one another in the number.
func (x numeral) length(names []string) int {
	n := 0
	for n < len(names) && names[n] == x.before+x.nth(n)+x.after {
		n++
	}
	return n
}

// Cause is what keeps several entries from being carried out in the same way.
type Cause struct {
	// Action is the first of them, which tells the reason.
	Action
	// Others have the same reason, elsewhere in the inventory.
	Others []Action
}

// Causes puts actions with one reason together, in the order of the first of each: twelve
// mistakes in a hundred rows are twelve things to fix.
func Causes(actions []Action) []Cause {
	at := map[string]int{}
	var causes []Cause
	for _, a := range actions {
		r := a.Reason
		key := strings.Join(append([]string{string(r.Code), r.Text, r.Hint}, r.Details...), "\x00")
		i, known := at[key]
		if !known {
			at[key] = len(causes)
			causes = append(causes, Cause{Action: a})
			continue
		}
		causes[i].Others = append(causes[i].Others, a)
	}
	return causes
}

// OtherNames are the names of the others, folded.
func (c Cause) OtherNames() string {
	names := make([]string, len(c.Others))
	for i := range c.Others {
		names[i] = c.Others[i].Name
	}
	return FoldNames(names)
}
