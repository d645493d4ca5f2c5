package sandbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Fault makes some requests go wrong. Each fault counts the calls that match its
// Route and Name, from 1, and fires on those that Nth, Times and Probability
// choose. As JSON it is an object or the short form of ParseFault.
type Fault struct {
	Route       string        `json:"route"`       // a route class (see Routes) or "*" for every route
	Kind        string        `json:"kind"`        // what happens; see FaultKinds
	Probability float64       `json:"probability"` // above 0 and up to 1 lets chance decide; 0 means always
	Nth         int           `json:"nth"`         // lets the first Nth-1 matching calls pass; 0 means none
	Times       int           `json:"times"`       // at most; 0 means once when Nth is given, else without bound
	Name        string        `json:"name"`        // glob on the product name, * for any characters; empty matches every call
	Wait        time.Duration `json:"wait"`        // delay of "late", Retry-After of "429"; zero means one second
	RetryAfter  string        `json:"retryAfter"`  // its form: "seconds", "date" or "none"; empty takes the knob's
	// Body is the body of an error: "" for the API's envelope, where it has one; "bare"
	// for JSON that is none, "html" for a gateway's page.
	Body string `json:"body"`
}

// faultOption is one option of the short form.
type faultOption struct {
	name, example, doc string
	set                func(f *Fault, value string) error
}

// faultOptions is the table of options; docs/sandbox.md is made from it.
var faultOptions = []faultOption{
	{"p", "p=0.2", "strikes by chance, the same chance for the same seed", func(f *Fault, value string) (err error) {
		if f.Probability, err = strconv.ParseFloat(value, 64); err == nil && f.Probability == 0 {
			err = errors.New("a probability of 0 would never fire")
		}
		return err
	}},
	{"n", "n=3", "passes the first two calls; strikes once when `times` is not given", func(f *Fault, value string) (err error) {
		f.Nth, err = strconv.Atoi(value)
		return err
	}},
	{"times", "times=5", "strikes at most so often", func(f *Fault, value string) (err error) {
		f.Times, err = strconv.Atoi(value)
		return err
	}},
	{"name", "name=lon-*", "only calls about products of such a name", func(f *Fault, value string) error {
		f.Name = value
		return nil
	}},
	{"wait", "wait=2s", "the delay of `late`, the Retry-After of `429`", func(f *Fault, value string) (err error) {
		f.Wait, err = time.ParseDuration(value)
		return err
	}},
	{"retry-after", "retry-after=date", "its form: `seconds`, `date` or `none`", func(f *Fault, value string) error {
		f.RetryAfter = value
		return nil
	}},
	{"body", "body=html", "the body of an error: `html` for a gateway's page, `bare` for JSON without the API's envelope", func(f *Fault, value string) error {
		f.Body = value
		return nil
	}},
}

// ParseFault reads the short form of a fault: the route class, the kind, and
// options, separated by colons.
//
//	buy:commit-then-drop:p=0.2
//	*:429:n=10:times=5:wait=2s:retry-after=date
//	loa:loa-truncated:times=1:name=lon-*
//
// A name with a colon needs the JSON form.
func ParseFault(text string) (Fault, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 {
		return Fault{}, fmt.Errorf("fault %q: want ROUTE:KIND[:OPTION=VALUE...], such as buy:commit-then-drop:p=0.2", text)
	}
	f := Fault{Route: parts[0], Kind: parts[1]}
	for _, part := range parts[2:] {
		name, value, _ := strings.Cut(part, "=")
		i := slices.IndexFunc(faultOptions, func(o faultOption) bool { return o.name == name })
		if i < 0 {
			return Fault{}, fmt.Errorf("fault %q: option %q: the options are %s", text, part,
				listOf(faultOptions, ", ", func(o faultOption) string { return o.name }))
		}
		if err := faultOptions[i].set(&f, value); err != nil {
			return Fault{}, fmt.Errorf("fault %q: option %q: %w", text, part, err)
		}
	}
	if err := f.Validate(); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return f, nil
}

// UnmarshalJSONFrom reads an object or the short form.
func (f *Fault) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '"' {
		type plain Fault
		return json.UnmarshalDecode(d, (*plain)(f))
	}
	var text string
	if err := json.UnmarshalDecode(d, &text); err != nil {
		return err
	}
	var err error
	*f, err = ParseFault(text)
	return err
}

// Validate reports what is wrong with a fault: an unknown route or kind, a kind
// that the route does not have, or a number out of range.
func (f Fault) Validate() error {
	kind, known := faultKind(f.Kind)
	classes := routeClasses()
	is := func(problem string, args ...any) error {
		return fmt.Errorf("fault %s:%s: "+problem, append([]any{f.Route, f.Kind}, args...)...)
	}
	switch {
	case !known:
		return fmt.Errorf("fault kind %q is none of %s", f.Kind, listOf(faultKinds, ", ", func(k FaultKind) string { return k.Name }))
	case f.Route != "*" && !slices.Contains(classes, f.Route):
		return fmt.Errorf("fault route %q is neither * nor one of %s", f.Route, strings.Join(classes, ", "))
	case f.Route != "*" && !kind.fits(f.Route):
		return fmt.Errorf("fault kind %s is for the routes %s, not %s", f.Kind, strings.Join(kind.Routes, ", "), f.Route)
	case !(f.Probability >= 0 && f.Probability <= 1): // NaN as well
		return is("probability %v is not between 0 and 1", f.Probability)
	case f.Nth < 0 || f.Times < 0 || f.Wait < 0:
		return is("nth, times and wait cannot be negative")
	case !utf8.ValidString(f.Name):
		return is("name %q is not UTF-8", f.Name)
	case !slices.Contains([]string{"", "seconds", "date", "none"}, f.RetryAfter):
		return is("retryAfter %q is none of seconds, date, none", f.RetryAfter)
	case !slices.Contains([]string{"", "bare", "html"}, f.Body):
		return is("body %q is none of bare, html", f.Body)
	}
	return nil
}

func (f *Fault) wait() time.Duration {
	if f.Wait == 0 {
		return time.Second
	}
	return f.Wait
}

func (f Fault) matches(class string, names func() []string) bool {
	kind, _ := faultKind(f.Kind)
	if f.Route != "*" && f.Route != class || !kind.fits(class) {
		return false
	}
	return f.Name == "" || slices.ContainsFunc(names(), func(n string) bool { return matchGlob(f.Name, n) })
}

// faultEngine decides which fault a call meets.
type faultEngine struct {
	mu    sync.Mutex
	list  []Fault
	seed  uint64
	seen  []int // matching calls, by fault
	fired []int
	rng   *rand.Rand
}

// set takes a new list. An equal one changes nothing, so that turning another
// knob does not start the counters anew.
func (e *faultEngine) set(list []Fault, seed uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rng != nil && slices.Equal(e.list, list) && e.seed == seed {
		return
	}
	e.list, e.seed = slices.Clone(list), seed
	e.startCounting()
}

// restart counts anew.
func (e *faultEngine) restart() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.startCounting()
}

func (e *faultEngine) startCounting() {
	e.seen, e.fired = make([]int, len(e.list)), make([]int, len(e.list))
	e.rng = rand.New(rand.NewPCG(e.seed, 0))
}

// pick gives the first fault of the list that fires, among the kinds that the caller
// takes. Faults behind it count the call as well, but do not fire.
func (e *faultEngine) pick(class string, names func() []string, takes func(kind string) bool) (Fault, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	chosen := -1
	for i, f := range e.list {
		if !takes(f.Kind) || !f.matches(class, names) {
			continue
		}
		e.seen[i]++
		if chosen < 0 && e.fires(i) {
			chosen = i
		}
	}
	if chosen < 0 {
		return Fault{}, false
	}
	e.fired[chosen]++
	return e.list[chosen], true
}

func (e *faultEngine) fires(i int) bool {
	f := e.list[i]
	times := f.Times
	if times == 0 && f.Nth > 0 {
		times = 1
	}
	if e.seen[i] < f.Nth || times > 0 && e.fired[i] >= times {
		return false
	}
	return f.Probability == 0 || e.rng.Float64() < f.Probability
}
