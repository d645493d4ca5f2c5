package sandbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Fault makes some requests go wrong. Each fault counts the calls that match its
// Route and Name, from 1, and fires on those that Nth, Times and Probability
// choose.
type Fault struct {
	// Route is a route class (see Routes) or "*" for every route.
	Route string `json:"route"`
	// Kind is what happens; see FaultKinds.
	Kind string `json:"kind"`
	// Probability, above 0 and up to 1, lets chance decide; 0 means always.
	Probability float64 `json:"probability"`
	// Nth lets the first Nth-1 matching calls pass; 0 means none.
	Nth int `json:"nth"`
	// Times bounds how often the fault fires; 0 means once when Nth is given, and
	// without bound otherwise.
	Times int `json:"times"`
	// Name is a glob on the product name, * for any characters; empty matches
	// every call.
	Name string `json:"name"`
	// Wait is the delay of the kind "late" and the Retry-After of the kind "429";
	// zero means one second.
	Wait time.Duration `json:"wait"`
	// RetryAfter is the form of Retry-After of the kind "429": "seconds", "date"
	// or "none"; empty takes the knob's.
	RetryAfter string `json:"retryAfter"`
	// Body is the body of an error that the fault answers with: "" for the API's
	// envelope, where it has one; "bare" for JSON that is none, "html" for a
	// gateway's page.
	Body string `json:"body"`
}

// ParseFault reads the short form of a fault, for flags: the route class, the
// kind, and options, separated by colons.
//
//	buy:commit-then-drop:p=0.2
//	buy:500-after-commit:n=3
//	*:429:n=10:times=5:wait=2s:retry-after=date
//	loa:loa-truncated:times=1:name=lon-*
//	approvals:404:body=html
//
// p is Probability, n Nth, times Times, name Name, wait Wait (a duration),
// retry-after RetryAfter and body Body. A name with a colon needs the JSON form.
func ParseFault(text string) (Fault, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 {
		return Fault{}, fmt.Errorf("fault %q: want ROUTE:KIND[:OPTION=VALUE...], such as buy:commit-then-drop:p=0.2", text)
	}
	f := Fault{Route: parts[0], Kind: parts[1]}
	for _, option := range parts[2:] {
		if err := f.setOption(option); err != nil {
			return Fault{}, fmt.Errorf("fault %q: %w", text, err)
		}
	}
	if err := f.Validate(); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return f, nil
}

func (f *Fault) setOption(option string) error {
	name, value, _ := strings.Cut(option, "=")
	var err error
	switch name {
	case "p":
		f.Probability, err = strconv.ParseFloat(value, 64)
		if err == nil && f.Probability == 0 {
			err = fmt.Errorf("a probability of 0 would never fire")
		}
	case "n":
		f.Nth, err = strconv.Atoi(value)
	case "times":
		f.Times, err = strconv.Atoi(value)
	case "name":
		f.Name = value
	case "wait":
		f.Wait, err = time.ParseDuration(value)
	case "retry-after":
		f.RetryAfter = value
	case "body":
		f.Body = value
	default:
		err = fmt.Errorf("the options are p, n, times, name, wait, retry-after and body")
	}
	if err != nil {
		return fmt.Errorf("option %q: %w", option, err)
	}
	return nil
}

// Validate reports what is wrong with a fault: an unknown route or kind, a kind
// that the route does not have, or a number out of range.
func (f Fault) Validate() error {
	kind, known := faultKind(f.Kind)
	if !known {
		return fmt.Errorf("fault kind %q is none of %s", f.Kind, strings.Join(kindNames(), ", "))
	}
	if classes := routeClasses(); f.Route != "*" && !slices.Contains(classes, f.Route) {
		return fmt.Errorf("fault route %q is neither * nor one of %s", f.Route, strings.Join(classes, ", "))
	}
	if f.Route != "*" && !kind.fits(f.Route) {
		return fmt.Errorf("fault kind %s is for the routes %s, not %s", f.Kind, strings.Join(kind.Routes, ", "), f.Route)
	}
	if !(f.Probability >= 0 && f.Probability <= 1) {
		return fmt.Errorf("fault %s:%s: probability %v is not between 0 and 1", f.Route, f.Kind, f.Probability)
	}
	if f.Nth < 0 || f.Times < 0 || f.Wait < 0 {
		return fmt.Errorf("fault %s:%s: nth, times and wait can not be negative", f.Route, f.Kind)
	}
	if !utf8.ValidString(f.Name) {
		return fmt.Errorf("fault %s:%s: name %q is not UTF-8", f.Route, f.Kind, f.Name)
	}
	if !slices.Contains([]string{"", "seconds", "date", "none"}, f.RetryAfter) {
		return fmt.Errorf("fault %s:%s: retryAfter %q is none of seconds, date, none", f.Route, f.Kind, f.RetryAfter)
	}
	if !slices.Contains([]string{"", bodyBare, bodyHTML}, f.Body) {
		return fmt.Errorf("fault %s:%s: body %q is none of bare, html", f.Route, f.Kind, f.Body)
	}
	return nil
}

// routeClasses lists the route classes in the order of the route table.
func routeClasses() []string {
	var out []string
	for _, r := range Routes() {
		if !slices.Contains(out, r.Class) {
			out = append(out, r.Class)
		}
	}
	return out
}

func (f Fault) matches(class string, names func() []string) bool {
	kind, _ := faultKind(f.Kind)
	if f.Route != "*" && f.Route != class || !kind.fits(class) {
		return false
	}
	if f.Name == "" {
		return true
	}
	return slices.ContainsFunc(names(), func(n string) bool { return matchGlob(f.Name, n) })
}

// stage says where a fault can act.
type stage int

const (
	stageHandler   stage = iota // the request has arrived over a socket
	stageDial                   // Transport, before anything is written
	stageAfterDial              // the request has arrived through Transport
)

func (st stage) takes(kind string) bool {
	switch st {
	case stageDial:
		return kind == kindRefused
	case stageAfterDial:
		return kind != kindRefused
	default:
		return true
	}
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

func newFaultEngine() *faultEngine {
	e := &faultEngine{}
	e.startCounting()
	return e
}

// set takes a new list. An equal one changes nothing, so that turning another
// knob does not start the counters anew.
func (e *faultEngine) set(list []Fault, seed uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if slices.Equal(e.list, list) && e.seed == seed {
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

// pick gives the first fault of the list that fires. Faults behind it count the
// call as well, but do not fire.
func (e *faultEngine) pick(class string, names func() []string, at stage) (Fault, bool) {
	e.mu.Lock()
	list := e.list
	e.mu.Unlock()
	matching := make([]bool, len(list))
	for i, f := range list { // names may read the store: not under the lock
		matching[i] = at.takes(f.Kind) && f.matches(class, names)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Equal(list, e.list) {
		return Fault{}, false // the knobs changed in between
	}
	chosen := -1
	for i := range list {
		if matching[i] {
			e.seen[i]++
			if chosen < 0 && e.fires(i) {
				chosen = i
			}
		}
	}
	if chosen < 0 {
		return Fault{}, false
	}
	e.fired[chosen]++
	return list[chosen], true
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
