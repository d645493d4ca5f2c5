package main

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// ports is how many ports TestLimits buys. With the few of `go test ./...` it shows
// that a rollout ends as it should; `make bench` buys 1,000 and has the rows printed.
var ports = flag.Int("limits.ports", 0, "buy so many ports under limits in virtual time, and print rows for docs/performance.md")

// Under a limit a rollout takes as long as the server says, and ends well. That is
// half an hour for 1,000 ports, so that it is played in virtual time.
func TestLimits(t *testing.T) {
	rows := table{head: []string{"work, in virtual time", "wall", "requests", "refused", "bound", "wall / bound", "calls of the ledger", "target", "met"}}
	small := limit{
		name: "50 in 5 minutes", knobs: sandbox.Knobs{WindowRequests: 50}, budget: "50/5m",
		floor: func(let int) floor { return windowFloor(let, 50, 5*time.Minute) },
	}
	var local time.Duration // what the row before took
	for _, c := range []struct {
		limit
		quick  int // ports in a quick test, 0 to leave it out: enough to meet the limit
		most   int // ports for the page, 0 to leave it out: a slow server takes long
		away   time.Duration
		target string
		met    func(limited) bool
	}{
		{small, 20, 0, 0, "", nil},
		{published, 0, 1000, 0, "<= 1.05 x, refused < 2 %", func(l limited) bool { return l.within(1.05) && 50*l.refused < l.requests() }},
		{published, 0, 1000, bucketLatency, "within 5 % of the row above", func(l limited) bool { return 20*(l.wall-local) <= local }},
		{fiveASecond, 10, 1000, 0, "<= 1.15 x", func(l limited) bool { return l.within(1.15) }},
	} {
		n := c.quick
		if *ports > 0 {
			n = min(*ports, c.most)
		}
		if n == 0 {
			continue
		}
		l := playLimit(t, c.limit, n, c.away)
		if c.met != nil {
			rows.add(append(l.cells(), c.target, yesNo(c.met(l)))...)
		}
		local = l.wall
	}
	if *ports > 0 {
		rows.write(os.Stdout)
	}
}

// limited is what a rollout under a limit took.
type limited struct {
	name  string
	wall  time.Duration
	bound floor
	calls int // of the ledger
	traffic
}

func (l limited) within(times float64) bool { return float64(l.wall) <= times*float64(l.bound.time) }

func (l limited) cells() []string {
	return []string{
		l.name, l.wall.Round(time.Second).String(), thousands(l.requests()), share(l.refused, l.requests()),
		l.bound.String(), ratio(l.wall, l.bound.time), thousands(l.calls),
	}
}

func playLimit(t *testing.T, how limit, n int, away time.Duration) (l limited) {
	desired, folder := files(t, n, true)
	l.name = fmt.Sprintf("buy %s with LOAs, %s", thousands(n), how.name)
	if away > 0 {
		l.name += fmt.Sprintf(", ledger %s away", away)
	}
	synctest.Test(t, func(t *testing.T) {
		v := newVirtual(t, desired, folder, how.knobs, away)
		defer v.server.Close()
		if how.budget != "" {
			b, err := megaport.ParseBudget(how.budget)
			if err != nil {
				t.Fatal(err)
			}
			v.budget = b
		}
		start := time.Now()
		result := v.apply(t, ownParallelism)
		l.wall = time.Since(start)
		v.wantBoughtOnce(t)
		if result.ExitCode != 0 || result.Summary.Bought != n || result.Summary.LOAsNew != n {
			t.Errorf("%s: exit %d, summary %+v", l.name, result.ExitCode, result.Summary)
		}
		l.traffic, l.calls = v.traffic(), int(v.store.calls.Load())
		l.bound = how.floor(l.requests() - l.refused)
	})
	return l
}
