package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// scenario is an API, an inventory and a ledger, and what is done there one after the
// other.
type scenario struct {
	ports   int
	latency time.Duration
	limit   limit
	bucket  bool // the ledger is in a bucket that is bucketLatency away, else on the disk
	seeded  bool // the account has the ports, and the ledger knows nothing of them
	tags    bool // the inventory declares tags
	steps   []step
	always  bool // else only on request, because it takes long
}

// limit is what the API lets in.
type limit struct {
	name   string // empty for any number
	knobs  sandbox.Knobs
	budget string // as --request-budget has it, empty for none
	floor  func(let int) floor
}

const (
	apiLatency    = 50 * time.Millisecond
	bucketLatency = 30 * time.Millisecond
)

var (
	fiveASecond = limit{
		name: "5 a second", knobs: sandbox.Knobs{RateLimit: 5, RateBurst: 5},
		floor: func(let int) floor { return rateFloor(let, 5, 5) },
	}
	published = limit{
		name: "published limit", knobs: sandbox.Knobs{Limits: "published"}, budget: "500/5m",
		floor: func(let int) floor { return windowFloor(let, 500, 5*time.Minute) },
	}
)

// step is one command.
type step struct {
	kind        kind
	parallelism int  // 0: the command's own
	loas        bool // of a purchase
}

type kind string

const (
	buy    kind = "buy"
	replan kind = "plan unchanged"
	status kind = "status"
	loas   kind = "LOAs of"
	expert kind = "xargs -P10, buy" // the expert's way: a vendor's command line for each port
)

// How much goes on side by side when nothing else is said.
const (
	ownParallelism    = 16 // of portctl
	expertParallelism = 10
)

// scenarios lists all there are, the quick ones first.
func scenarios() []scenario {
	var all []scenario
	for _, n := range []int{20, 100, 1000, 5000} {
		quick, usual := n <= 100, n <= 1000
		unchanged := step{kind: replan}
		all = append(
			all,
			scenario{ports: n, tags: true, always: quick, steps: []step{{kind: buy}}},
			scenario{ports: n, tags: true, always: quick, steps: []step{{kind: buy, loas: true}}},
			scenario{ports: n, tags: true, always: usual, steps: []step{{kind: buy, parallelism: 64}, unchanged}},
			scenario{ports: n, tags: true, always: usual, steps: []step{{kind: buy, parallelism: 64, loas: true}}},
			scenario{ports: n, tags: true, always: quick, bucket: true, steps: []step{{kind: buy, parallelism: 64}, unchanged}},
		)
		if n == 100 || n == 1000 {
			all = append(all, scenario{ports: n, always: true, steps: []step{{kind: expert}}})
		}
	}
	for i := range all {
		all[i].latency = apiLatency
	}
	return append(
		all,
		scenario{ports: 20, tags: true, latency: apiLatency, limit: fiveASecond, steps: []step{{kind: buy, loas: true}}},
		scenario{ports: 100, tags: true, latency: apiLatency, limit: fiveASecond, steps: []step{{kind: buy, loas: true}}},
		scenario{ports: 1000, tags: true, latency: apiLatency, limit: published, steps: []step{{kind: buy, loas: true}}},
		// What grows with the account: no latency, so that the CPU time is all there is.
		scenario{ports: 1000, seeded: true, always: true, steps: []step{{kind: replan}, {kind: status}}},
		scenario{ports: 10000, seeded: true, always: true, steps: []step{{kind: replan}, {kind: status}}},
		scenario{ports: 100000, seeded: true, steps: []step{{kind: replan}, {kind: status}}},
		scenario{ports: 250, seeded: true, always: true, steps: []step{{kind: loas}}},
		scenario{ports: 500, seeded: true, steps: []step{{kind: loas}}},
		scenario{ports: 2000, seeded: true, steps: []step{{kind: loas}}},
	)
}

// name says what a row is about.
func (s scenario) name(t step) string {
	parts := []string{fmt.Sprintf("%s %s", t.kind, thousands(s.ports))}
	if t.loas {
		parts = append(parts, "with LOAs")
	}
	if t.parallelism > 0 {
		parts = append(parts, fmt.Sprintf("parallelism %d", t.parallelism))
	}
	if s.bucket {
		parts = append(parts, "bucket")
	}
	if s.seeded && t.kind == replan {
		parts = append(parts, "no tags")
	}
	if s.limit.name != "" {
		parts = append(parts, s.limit.name)
	}
	return strings.Join(parts, ", ")
}

// sideBySide is how many requests the command may have going at one time.
func (t step) sideBySide() int {
	switch {
	case t.parallelism > 0:
		return t.parallelism
	case t.kind == expert:
		return expertParallelism
	default:
		return ownParallelism
	}
}

// chain is how many requests have to follow one another, whoever makes them: a token,
// what the account has, the validation of an order, the order, the listing that shows
// its port, the port's LOA.
func (t step) chain() int {
	switch {
	case t.kind == expert, t.kind == loas:
		return 3
	case t.kind == buy && t.loas:
		return 6
	case t.kind == buy:
		return 5
	default:
		return 2
	}
}

// wantLOAs is how many LOAs a step must have downloaded to have done what it was to
// do.
func (s scenario) wantLOAs(t step) int {
	if t.loas || t.kind == loas {
		return s.ports
	}
	return 0
}

// sites are the locations of the sandbox where the ports of an inventory can stand.
func sites() ([]int, error) {
	all, err := sandbox.Catalog()
	if err != nil {
		return nil, err
	}
	var ids []int
	for _, l := range all {
		if l.Status == "Active" && offers(l, speedMbps) {
			ids = append(ids, l.ID)
		}
	}
	return ids, nil
}

func offers(l sandbox.Location, speed int) bool {
	for _, speeds := range l.PortSpeeds {
		for _, s := range speeds {
			if s == speed {
				return true
			}
		}
	}
	return false
}

// All ports are of one speed and term.
const (
	speedMbps  = 10000
	termMonths = 12
)

func portName(i int) string { return fmt.Sprintf("port-%06d", i) }

// inventoryOf is a file of n single ports, spread over the sites.
func inventoryOf(n int, sites []int, tags bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\nname: bench\nenvironment: sandbox\npolicy: {maxBuy: %d}\ndefaults:\n  term: %d\n", n, termMonths)
	if tags {
		b.WriteString("  tags: {team: network, rollout: bench}\n")
	}
	b.WriteString("ports:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {name: %s, site: {id: %d}, speed: 10G}\n", portName(i), sites[i%len(sites)])
	}
	return b.String()
}

// seeds are the services that the inventory asks for.
func seeds(n int, sites []int) []sandbox.Seed {
	all := make([]sandbox.Seed, n)
	for i := range all {
		all[i] = sandbox.Seed{Name: portName(i), LocationID: sites[i%len(sites)], SpeedMbps: speedMbps, TermMonths: termMonths}
	}
	return all
}

// orders are the arguments of the expert's command, a line for each port.
func orders(n int, sites []int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(portName(i) + " " + strconv.Itoa(sites[i%len(sites)]) + "\n")
	}
	return b.String()
}
