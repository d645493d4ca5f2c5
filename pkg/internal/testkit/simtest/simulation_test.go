package simtest

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

var (
	cases = flag.Int("sim.cases", 30, "how many random rollouts to play")
	first = flag.Uint64("sim.seed", 1, "seed of the first batch")
)

// batch is how many cases share a seed: a failure shrinks within its batch, and
// the batches after it are played all the same.
const batch = 250

func bubble(t *testing.T, do func(context.Context)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { do(t.Context()) })
}

// TestSimulation plays random rollouts; see the package comment. It prints what it
// met and the seeds of the batches that failed.
func TestSimulation(t *testing.T) {
	var sum totals
	var failed []uint64
	for done, seed := 0, *first; done < *cases; done, seed = done+batch, seed+1 {
		n := min(batch, *cases-done)
		passed := t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			for name, value := range map[string]string{"rapid.checks": fmt.Sprint(n), "rapid.seed": fmt.Sprint(seed), "rapid.nofailfile": "true"} {
				if err := flag.Set(name, value); err != nil {
					t.Fatal(err)
				}
			}
			rapid.Check(t, func(rt *rapid.T) {
				c := rapid.Custom(drawTrial).Draw(rt, "case")
				one, violation := play(t, c)
				sum.add(one)
				if violation != "" {
					rt.Fatal(violation)
				}
			})
		})
		if !passed {
			failed = append(failed, seed)
		}
	}
	t.Logf("the simulation:\n%s\nseeds of failures: %v", &sum, failed)
	if sum.kills == 0 || sum.faults == 0 || sum.ledgerFaults == 0 || sum.adopted == 0 || sum.resolved == 0 {
		t.Errorf("the simulation met too little to prove anything:\n%s", &sum)
	}
}
