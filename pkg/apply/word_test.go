package apply_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/ledger/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// its own.
func unanswered(t *testing.T, name string) (*ledger.Ledger, ledger.Open) {
	t.Helper()
	store := storetest.NewMemory()
	return ledger.New(store, "api.test", ledger.Run{By: "person"}), claimByHand(t, store, name)
}

// port is a service that the account lists.
func port(uid plan.ServiceUID, name string) plan.Service {
	return plan.Service{UID: uid, Name: name, Status: plan.StatusLive, Location: 89, Speed: plan.Speed10G, CreatedAt: time.Now()}
}

func resolve(t *testing.T, a apply.Reader, l *ledger.Ledger, d plan.Desired, res apply.Resolution) error {
	t.Helper()
	if res.LookupTimeout == 0 {
		res.LookupTimeout = apply.DefaultLookupTimeout
	}
	_, err := apply.Resolve(t.Context(), a, l, d, res)
	return err
}

func refused(err error) bool {
	var no *apply.ResolveError
	return errors.As(err, &no)
}

// One service named twice is one service.
func TestOneServiceNamedTwiceIsNoLAG(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := unanswered(t, "lag")
		account := &fakeAccount{services: []plan.Service{port("u1", "somebody")}}
		if err := resolve(t, account, l, entries("lag"), apply.Resolution{Names: []string{"lag"}, UIDs: []plan.ServiceUID{"u1", "u1"}}); !refused(err) {
			t.Errorf("accepted: %v", err)
		}
	})
}

// that is said.
func TestFewerAsTheyAreWaitForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := unanswered(t, "lag")
		account := &fakeAccount{services: []plan.Service{port("u1", "lag")}}
		word := apply.Resolution{Names: []string{"lag"}, UIDs: []plan.ServiceUID{"u1"}, AsIs: true}
		if err := resolve(t, account, l, entries("lag"), word); !refused(err) {
			t.Errorf("at once: %v", err)
		}
		time.Sleep(time.Hour)
		if err := resolve(t, account, l, entries("lag"), word); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	})
}
