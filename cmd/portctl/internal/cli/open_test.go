package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply/ledger"
)

// A ledger that is moved away between being opened and being locked is not used:
// the lock is given back, and its place is not remembered.
func TestLockOfALedgerThatMoved(t *testing.T) {
	t.Chdir(t.TempDir())
	sandboxed := target{Environment: sandboxName}
	g := &globals{state: "old"}
	old, err := g.openLedgerToBuy(t.Context(), sandboxed, &inventory.Inventory{})
	if err != nil {
		t.Fatal(err)
	}
	defer old.store.Close()
	store, err := ledger.OpenStore(t.Context(), "new", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Move(t.Context(), old.Ledger, g.newLedger(store, sandboxed)); err != nil {
		t.Fatal(err)
	}
	var moved *ledger.MovedError
	if _, err := old.Lock(t.Context()); !errors.As(err, &moved) || codeOf(err) != exitRefused {
		t.Fatalf("locking gives %v, exit %d", err, codeOf(err))
	}
	if _, err := os.Stat(filepath.Join(sandboxDir, memoryFile)); err == nil {
		t.Error("the place was remembered")
	}
	if lock, err := old.Ledger.Lock(t.Context()); err != nil {
		t.Errorf("the lock was kept: %v", err)
	} else if err := lock.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Only what may buy remembers, and only once it holds the lock.
func TestWhoRemembersTheLedger(t *testing.T) {
	t.Chdir(t.TempDir())
	file := filepath.Join(sandboxDir, memoryFile)
	for _, buys := range []bool{false, true} {
		g := &globals{state: "ledger"}
		open := g.openNamedLedger
		if buys {
			open = g.openLedgerToBuy
		}
		b, err := open(t.Context(), target{Environment: sandboxName}, &inventory.Inventory{})
		if err != nil {
			t.Fatal(err)
		}
		defer b.store.Close()
		if _, err := os.Stat(file); err == nil {
			t.Error("remembered without the lock")
		}
		lock, err := b.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(file); (err == nil) != buys {
			t.Errorf("may buy: %t, remembered: %t", buys, err == nil)
		}
		if err := lock.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
