package simtest

import (
	"context"
	"testing"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// tenPorts is what the other tools were measured with. The stories peers-*.txtar
// play their cases on the command line; here is what takes minutes.
func tenPorts(k sandbox.Knobs) trial {
	c := trial{World: k, Horizon: 10 * time.Minute, Parallelism: 16}
	for range 10 {
		c.Entries = append(c.Entries, entry{Site: 89, Speed: plan.Speed10G})
	}
	// The case is not calm: something goes wrong in it.
	c.Steps = []step{{Runs: []run{{Interrupt: 1}}}}
	return c
}

// An order that hangs is let go of after five minutes and looked up, not sent
// again, whether it was carried out or not.
func TestPeersOrderHangs(t *testing.T) {
	for kind, committed := range map[string]int{"hang": 9, "hang-after-commit": 10} {
		t.Run(kind, func(t *testing.T) {
			protect(t, tenPorts(buyFault(kind)), func(ctx context.Context, w *world) {
				begin := time.Now()
				r := w.applies(ctx, true)
				w.wantOrders(10, committed)
				if took := time.Since(begin); took < 5*time.Minute {
					w.violated("the order was let go of after %s", took)
				}
				if r.Summary.Bought != committed || r.Summary.Unknown != 10-committed {
					w.violated("%+v", r.Summary)
				}
				again := w.applies(ctx, true)
				w.wantOrders(10, committed)
				if again.Summary.Unknown != 10-committed {
					w.violated("run again: %+v", again.Summary)
				}
			})
		})
	}
}

// Ctrl-C at any instant does not cut an order in flight: it is finished, and its
// answer recorded.
func TestInterruptionCutsNoOrder(t *testing.T) {
	interrupted := 0
	for at := 1; at < 90; at += 3 {
		c := tenPorts(sandbox.Knobs{Latency: time.Second})
		c.Parallelism = 3
		protect(t, c, func(ctx context.Context, w *world) {
			e := w.process(ctx, run{Interrupt: at}).apply(w.file.desired(), true)
			r := w.server.Record()
			if r.Received != r.Committed {
				w.violated("interrupted at boundary %d: %d orders received, %d carried out", at, r.Received, r.Committed)
			}
			if e.result == nil {
				if r.Received > 0 {
					w.violated("interrupted at boundary %d there is no result: %v", at, e.err)
				}
				return
			}
			if e.result.Summary.Unknown > 0 || e.result.Summary.Bought != r.Committed {
				w.violated("interrupted at boundary %d: %+v", at, e.result.Summary)
			}
			if e.result.ExitCode == apply.ExitPartly {
				interrupted++
			}
		})
	}
	if interrupted == 0 {
		t.Error("no run was interrupted with orders left")
	}
}
