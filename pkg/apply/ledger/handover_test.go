package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// Notes are kept in order, of each port by itself, seen by everybody who shares the
// ledger; what is damaged is left out, and claims know nothing of them.
func TestHandovers(t *testing.T) {
	ctx := t.Context()
	store := storetest.NewMemory()
	mine, theirs := open(store, "mine"), open(store, "theirs")
	for _, note := range []struct {
		l *ledger.Ledger
		h ledger.Handover
	}{{mine, ledger.Handover{UID: "u1", LOA: "a"}}, {theirs, ledger.Handover{UID: "u1", Order: "x"}}, {mine, ledger.Handover{UID: "u2", LOA: "b"}}, {theirs, ledger.Handover{UID: "u1", LOA: "c"}}} {
		if err := note.l.NoteHandover(ctx, note.h); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := store.List(ctx, "handover/")
	if err != nil || len(keys) != 4 {
		t.Fatalf("%v, %v", keys, err)
	}
	if err := store.Create(ctx, keys[0]+"-damaged.json", []byte("{")); err != nil {
		t.Fatal(err)
	}
	got, err := mine.Handovers(ctx)
	if err != nil {
		t.Fatal(err)
	}
	short := map[plan.ServiceUID][]string{}
	for uid, notes := range got {
		for _, n := range notes {
			short[uid] = append(short[uid], n.LOA+n.Order)
		}
	}
	if diff := cmp.Diff(map[plan.ServiceUID][]string{"u1": {"a", "x", "c"}, "u2": {"b"}}, short); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := mine.NoteHandover(ctx, ledger.Handover{UID: "../u1"}); err == nil {
		t.Error("a key that leads elsewhere is taken")
	}
	if s, err := mine.Snapshot(ctx); err != nil || len(s.Open) != 0 {
		t.Errorf("claims: %v, %v", s.Open, err)
	}
}
