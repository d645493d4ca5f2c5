package apply_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// misplaced is an account that builds port "a" at another location than was ordered.
type misplaced struct{ *fakeAccount }

func (m misplaced) Buy(ctx context.Context, turn apply.Turn, o plan.Order, claim string, notAfter time.Time) apply.Purchase {
	if o.Name == "a" {
		o.Location = 2
	}
	return m.fakeAccount.Buy(ctx, turn, o, claim, notAfter)
}

// A port at the wrong place gets no LOA under the entry's name, also while other
// orders go out.
func TestNoLOAOfAPortAtTheWrongPlace(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		account := misplaced{&fakeAccount{buyTakes: 20 * time.Second}}
		book := ledger.New(storetest.NewMemory(), "api.test", ledger.Run{})
		d, _, err := refresh.ReadAndRecord(t.Context(), account, entries("a", "b"), refresh.Options{Ledger: book, PerOrder: true})
		if err != nil {
			t.Fatal(err)
		}
		r := apply.Run(t.Context(), d, apply.Options{Account: account, Ledger: book, LOAs: letters, Wait: time.Minute, Parallelism: 1})
		kept, err := letters.Kept()
		if err != nil || len(kept) != 1 || r.Actions[0].Outcome != apply.Unknown {
			t.Errorf("LOAs %v (%v), outcomes %v", kept, err, outcomes(r))
		}
	})
}
