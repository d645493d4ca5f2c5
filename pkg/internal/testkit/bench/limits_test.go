package main

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// ports is how many ports TestLimits buys. With the few of `go test ./...` it shows
// that a rollout ends as it should; `make bench` buys 1,000 and has the rows printed.
var ports = flag.Int("limits.ports", 0, "buy so many ports under limits in virtual time, and print rows for docs/performance.md")

// Under a limit a rollout takes as long as the server says, and ends well. That is
// half an hour for 1,000 ports, so that it is played in virtual time.
func TestLimits(t *testing.T) {
	rows := table{head: []string{"work, in virtual time", "wall", "exit", "requests", "refused", "bound", "wall / bound", "calls of the ledger"}}
	small := limit{
		name: "50 in 5 minutes", knobs: sandbox.Knobs{WindowRequests: 50},
		floor: func(let int) floor { return windowFloor(let, 50, 5*time.Minute) },
	}
	for _, c := range []struct {
		limit
		quick int // ports in a quick test, 0 to leave it out: enough to meet the limit
		most  int // ports for the page, 0 to leave it out: a slow server takes long
		away  time.Duration
	}{
		{small, 20, 0, 0},
		{published, 0, 1000, 0},
		{published, 0, 1000, bucketLatency},
		{fiveASecond, 10, 100, 0},
	} {
		n := c.quick
		if *ports > 0 {
			n = min(*ports, c.most)
		}
		if n > 0 {
			rows.add(playLimit(t, c.limit, n, c.away)...)
		}
	}
	if *ports > 0 {
		rows.write(os.Stdout)
	}
}

func playLimit(t *testing.T, l limit, n int, away time.Duration) (cells []string) {
	desired, folder := files(t, n, true)
	synctest.Test(t, func(t *testing.T) {
		v := newVirtual(t, desired, folder, l.knobs, away)
		defer v.server.Close()
		start := time.Now()
		result := v.apply(t, ownParallelism)
		wall := time.Since(start)
		v.wantBoughtOnce(t)
		if result.Summary.Bought != n || result.Summary.LOAsNew != n {
			t.Errorf("%s: exit %d , summary %+v, first entry %+v", l.name, result.ExitCode, result.Summary, result.Actions[0].Error)
		}
		seen := v.traffic()
		least := l.floor(seen.requests() - seen.refused)
		name := fmt.Sprintf("buy %s with LOAs, %s", thousands(n), l.name)
		if away > 0 {
			name += fmt.Sprintf(", ledger %s away", away)
		}
		cells = []string{
			name, wall.Round(time.Second).String(), fmt.Sprint(result.ExitCode), thousands(seen.requests()), share(seen.refused, seen.requests()),
			least.String(), ratio(wall, least.time), thousands(int(v.store.calls.Load())),
		}
	})
	return cells
}
