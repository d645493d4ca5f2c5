package ledger_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// local is the ledger in a folder, and its store.
func local(t *testing.T, dir, by string) (*ledger.Ledger, *ledger.Local) {
	t.Helper()
	store, err := ledger.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return open(store, by), store
}

func claimed(t *testing.T, l *ledger.Ledger, name string) ledger.Open {
	t.Helper()
	c, err := l.Claim(t.Context(), snapshot(t, l), intent(name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A ledger that moves takes every record of its account along, none of another,
// and can come back.
func TestMove(t *testing.T) {
	dir := t.TempDir()
	a, storeA := local(t, filepath.Join(dir, "a"), "ops")
	b, storeB := local(t, filepath.Join(dir, "b"), "ops")
	closed := claimed(t, a, "one")
	if _, err := a.Record(t.Context(), closed, ledger.Record{State: plan.OrderNotSent, Cause: "no route"}); err != nil {
		t.Fatal(err)
	}
	claimed(t, a, "two")
	if err := a.Bind(t.Context(), plan.Owner{Companies: []string{"company"}, Key: "k1"}, false); err != nil {
		t.Fatal(err)
	}
	if err := storeA.Create(t.Context(), "claims/other/hash.000001/claim.json", []byte("theirs")); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, a)
	if n, err := ledger.Move(t.Context(), a, b); err != nil || n != 5 {
		t.Fatalf("copied %d records: %v", n, err)
	}
	if diff := cmp.Diff(before.Open, snapshot(t, b).Open, cmp.AllowUnexported(ledger.Open{})); diff != "" || snapshot(t, b).Closed("one") != 1 {
		t.Errorf("the claims changed on the way (-before +after):\n%s", diff)
	}
	if keys, err := storeB.List(t.Context(), "claims/other/"); err != nil || len(keys) > 0 {
		t.Errorf("records of another account were copied: %v (%v)", keys, err)
	}
	var moved *ledger.MovedError
	if err := a.CheckHere(t.Context()); !errors.As(err, &moved) || moved.To != storeB.Place() || moved.By != "ops" {
		t.Errorf("the old ledger says %v", err)
	}
	if err := b.CheckHere(t.Context()); err != nil {
		t.Errorf("the new ledger says %v", err)
	}
	claimed(t, b, "three")
	if n, err := ledger.Move(t.Context(), b, a); err != nil || n != 1 {
		t.Fatalf("on the way back: copied %d records: %v", n, err)
	}
	if err := a.CheckHere(t.Context()); err != nil {
		t.Errorf("after the way back: %v", err)
	}
	if err := b.CheckHere(t.Context()); !errors.As(err, &moved) {
		t.Errorf("the ledger that was left says %v", err)
	}
}

// Nothing moves while somebody works with one of the two, when they contradict
// each other, from where it is no more, or onto itself.
func TestMoveRefuses(t *testing.T) {
	dir := t.TempDir()
	a, _ := local(t, filepath.Join(dir, "a"), "ops")
	b, storeB := local(t, filepath.Join(dir, "b"), "ops")
	claimed(t, a, "one")
	for _, l := range []*ledger.Ledger{a, b} {
		other, _ := local(t, l.Place(), "night")
		lock, err := other.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var locked *ledger.LockedError
		if _, err := ledger.Move(t.Context(), a, b); !errors.As(err, &locked) || !strings.Contains(err.Error(), l.Place()) {
			t.Errorf("with a lock: %v", err)
		}
		if err := lock.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if keys, err := storeB.List(t.Context(), ""); err != nil || len(keys) > 0 {
		t.Errorf("something was copied: %v (%v)", keys, err)
	}
	if _, err := ledger.Move(t.Context(), a, a); err == nil {
		t.Error("a ledger moved onto itself")
	}
	claimed(t, b, "one")
	var conflict *ledger.ConflictError
	if _, err := ledger.Move(t.Context(), a, b); !errors.As(err, &conflict) || len(conflict.Keys) != 1 {
		t.Errorf("two claims of one name: %v", err)
	}
	c, _ := local(t, filepath.Join(dir, "c"), "ops")
	if _, err := ledger.Move(t.Context(), a, c); err != nil {
		t.Fatal(err)
	}
	d, _ := local(t, filepath.Join(dir, "d"), "ops")
	var moved *ledger.MovedError
	if _, err := ledger.Move(t.Context(), a, d); !errors.As(err, &moved) {
		t.Errorf("from where it is no more: %v", err)
	}
}

// failing is a store of which one record cannot be written.
type failing struct {
	*ledger.Local
	key string
}

func (f failing) Create(ctx context.Context, key string, content []byte) error {
	if strings.HasSuffix(key, f.key) {
		return errors.New("disk full")
	}
	return f.Local.Create(ctx, key, content)
}

// A move that breaks off leaves the old ledger in use and the new one with more
// open than there is; done again it ends.
func TestMoveBreaksOff(t *testing.T) {
	for _, key := range []string{"claim.json", "1.json", "closed.json", "000001.json"} {
		dir := t.TempDir()
		a, _ := local(t, filepath.Join(dir, "a"), "ops")
		b, storeB := local(t, filepath.Join(dir, "b"), "ops")
		c := claimed(t, a, "one")
		for _, s := range []plan.OrderState{plan.OrderUnknown, plan.OrderBought, plan.OrderDelivered} {
			var err error
			if c, err = a.Record(t.Context(), c, ledger.Record{State: s, Cause: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		// The mark is written to the old ledger, the copies to the new one.
		from, to := a, open(failing{storeB, key}, "ops")
		if key == "000001.json" {
			_, storeA := local(t, filepath.Join(dir, "a"), "ops")
			from, to = open(failing{storeA, key}, "ops"), b
		}
		if _, err := ledger.Move(t.Context(), from, to); err == nil {
			t.Fatalf("%s was written", key)
		}
		if err := a.CheckHere(t.Context()); err != nil {
			t.Errorf("%s: the old ledger is left already: %v", key, err)
		}
		if _, err := b.Snapshot(t.Context()); err != nil {
			t.Errorf("%s: the new ledger is damaged: %v", key, err)
		}
		if _, err := ledger.Move(t.Context(), a, b); err != nil {
			t.Errorf("%s: done again: %v", key, err)
		}
		if s := snapshot(t, b); len(s.Open) > 0 || s.Closed("one") != 1 {
			t.Errorf("%s: %d claims are open, %d closed", key, len(s.Open), s.Closed("one"))
		}
	}
}

// A ledger that went elsewhere is not called back by another one, which does not
// know what happened since where it went.
func TestMoveOntoALedgerThatIsElsewhere(t *testing.T) {
	dir := t.TempDir()
	a, _ := local(t, filepath.Join(dir, "a"), "ops")
	b, _ := local(t, filepath.Join(dir, "b"), "ops")
	c, _ := local(t, filepath.Join(dir, "c"), "ops")
	claimed(t, a, "one")
	if _, err := ledger.Move(t.Context(), a, b); err != nil {
		t.Fatal(err)
	}
	claimed(t, c, "two")
	var moved *ledger.MovedError
	if _, err := ledger.Move(t.Context(), c, a); !errors.As(err, &moved) {
		t.Errorf("moved: %v", err)
	}
	if err := a.CheckHere(t.Context()); !errors.As(err, &moved) {
		t.Errorf("two ledgers are in use: %v", err)
	}
}
