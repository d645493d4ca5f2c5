package ledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// An fsync costs a millisecond of somebody's disk, and each claim of a rollout waits
// for its own. So their number for a port, from claim to closing, is held: claimed,
// bought and delivered are three records. A change that means to make more or fewer
// renews the numbers below from what the test says.
func TestFsyncsOfAPort(t *testing.T) {
	const first, further = 10, 7 // the first port makes the folders that all share
	local, err := ledger.OpenLocal(filepath.Join(t.TempDir(), "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	syncs := 0
	local.SetSync(func(*os.File) error { syncs++; return nil })
	l := open(local, "a")
	empty := snapshot(t, l)
	var counts []int
	for i := range 20 {
		before := syncs
		live(t, l, empty, fmt.Sprintf("p%d", i))
		counts = append(counts, syncs-before)
	}
	if counts[0] != first {
		t.Errorf("the first port takes %d fsyncs, want %d", counts[0], first)
	}
	for i, n := range counts[1:] {
		if n != further {
			t.Errorf("port %d takes %d fsyncs, want %d", i+2, n, further)
		}
	}
}

// live is what the ledger keeps of an undisturbed order.
func live(t *testing.T, l *ledger.Ledger, s ledger.Snapshot, name string) {
	t.Helper()
	claim, err := l.Claim(t.Context(), s, intent(name))
	for _, state := range []plan.OrderState{plan.OrderBought, plan.OrderDelivered} {
		if err == nil {
			claim, err = l.Record(t.Context(), claim, ledger.Record{State: state, Cause: "it went well", UIDs: []plan.ServiceUID{"u1"}})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
