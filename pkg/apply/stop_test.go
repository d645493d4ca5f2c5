package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// slowStore takes a while to make a claim, as a bucket does; when its caller gives
// up meanwhile the record is made all the same.
type slowStore struct {
	*storetest.Memory
	takes time.Duration
}

func (s slowStore) Create(ctx context.Context, key string, content []byte) error {
	if err := s.Memory.Create(ctx, key, content); err != nil || !strings.HasSuffix(key, "/claim.json") {
		return err
	}
	select {
	case <-time.After(s.takes):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// An interruption while the claim is written leaves no unconfirmed order: nothing
// was sent, and the ledger says so.
func TestInterruptionWhileTheClaimIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		s := &scenario{ctx: ctx, account: &fakeAccount{}, store: slowStore{storetest.NewMemory(), time.Second}, options: apply.Options{Wait: time.Hour}}
		time.AfterFunc(500*time.Millisecond, interrupt)
		r := s.run(t, entries("a", "b"))
		if len(s.account.orders) != 0 || !r.Interrupted || r.ExitCode != apply.ExitPartly {
			t.Errorf("orders %v, interrupted %t, exit %d", s.account.orders, r.Interrupted, r.ExitCode)
		}
		want := map[string]apply.Outcome{"a": apply.NotSent, "b": apply.NotSent}
		if diff := gocmp.Diff(want, outcomes(r)); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		if open := snapshot(t, s.store); len(open) != 0 {
			t.Errorf("%d claims are open, want none: %+v", len(open), open)
		}
	})
}

// A second interruption ends the run at once: what is in flight is unknown in the
// result, its claims are open, and nothing of what follows is told any more.
func TestSecondInterruptionGivesTheResultAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		hurry := make(chan struct{})
		store := storetest.NewMemory()
		first := &scenario{account: &fakeAccount{}, store: store}
		first.run(t, entries("there"))

		s := &scenario{ctx: ctx, account: first.account, store: store, options: apply.Options{Parallelism: 3, Wait: time.Hour, Hurry: hurry}}
		s.account.buyTakes = time.Hour
		time.AfterFunc(10*time.Second, interrupt)
		time.AfterFunc(20*time.Second, func() { close(hurry) })
		r := s.run(t, entries("there", "a", "b", "c", "d"))
		if s.took != 20*time.Second {
			t.Errorf("took %s, want to end with the second interruption after 20s", s.took)
		}
		want := map[string]apply.Outcome{"there": apply.Existing, "a": apply.Unknown, "b": apply.Unknown, "c": apply.Unknown, "d": apply.NotSent}
		if diff := gocmp.Diff(want, outcomes(r)); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		if r.ExitCode != apply.ExitStopped || !r.Interrupted || r.Summary.Unknown != 3 || r.Summary.NotDone != 1 {
			t.Errorf("exit %d, interrupted %t, summary %+v", r.ExitCode, r.Interrupted, r.Summary)
		}
		if open := snapshot(t, store); len(open) != 3 {
			t.Errorf("%d claims are open, want 3", len(open))
		}
		told := len(s.events)
		time.Sleep(2 * time.Hour) // the answers come, and nobody is told
		if last, ok := s.events[len(s.events)-1].(apply.RunFinished); !ok || len(s.events) != told || last.Result.ExitCode != apply.ExitStopped {
			t.Errorf("the last of %d events (%d when the run ended) is %T", len(s.events), told, s.events[len(s.events)-1])
		}
	})
}

// What a run did before it was ended is in its result as in that of any run.
func TestResultOfAStoppedRunKnowsWhatWasDone(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		hurry := make(chan struct{})
		s := &scenario{
			account: &fakeAccount{readyAfter: time.Minute, stuck: map[string]apply.Outcome{"lag": apply.Bought}, outcome: map[string]apply.Outcome{"no": apply.Refused}},
			options: apply.Options{LOAs: letters, Wait: time.Hour, Hurry: hurry},
		}
		time.AfterFunc(10*time.Minute, func() { close(hurry) })
		r := s.run(t, entries("a", "lag", "no"))
		want := apply.ResultSummary{Bought: 2, Services: 3, NotDone: 1, NotReady: 2, LOAs: 1, LOAsNew: 1, LOAsMissing: 2}
		if diff := gocmp.Diff(want, r.Summary); diff != "" {
			t.Errorf("summary (-want +got):\n%s", diff)
		}
		if got := r.Totals["GBP"]; got.Monthly.String() != "1425.00" {
			t.Errorf("totals %s a month", got.Monthly)
		}
		if r.Actions[0].Ports[0].Status != plan.StatusConfigured || r.Actions[2].Error.Message != "as told" {
			t.Errorf("actions %+v", r.Actions)
		}
		if len(r.Audit) != 1 || r.Audit[0].Kind != "not-audited" {
			t.Errorf("audit %+v", r.Audit)
		}
		time.Sleep(2 * time.Hour) // what was left behind ends
	})
}

// A watcher that hangs, as a terminal does after Ctrl-S, does not keep the result
// from being written.
func TestWatcherThatHangsDoesNotHoldTheResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hurry, release := make(chan struct{}), make(chan struct{})
		account := &fakeAccount{}
		book := ledger.New(storetest.NewMemory(), "api.test", ledger.Run{By: "test"})
		draft, _, err := refresh.ReadAndRecord(t.Context(), account, entries("a"), refresh.Options{PerOrder: true, Ledger: book})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Minute, func() { close(hurry) })
		start := time.Now()
		r := apply.Run(t.Context(), draft, apply.Options{Account: account, Ledger: book, Hurry: hurry, Sink: func(apply.Event) { <-release }})
		if took := time.Since(start); r.ExitCode != apply.ExitStopped || took > time.Minute+2*time.Second {
			t.Errorf("exit %d after %s", r.ExitCode, took)
		}
		close(release)
		time.Sleep(time.Hour) // what was left behind ends
	})
}

// A change in flight may have been made, and one that was over is what it became.
func TestStoppedChangesAreNotCalledNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hurry := make(chan struct{})
		account := &hangingUpdates{&fakeAccount{}}
		book := ledger.New(storetest.NewMemory(), "api.test", ledger.Run{By: "test"})
		(&scenario{account: account.fakeAccount}).run(t, entries("a"))
		d := entries("a")
		d.Ports[0].CostCentre = new(string)
		*d.Ports[0].CostCentre = "NET-1"
		draft, _, err := refresh.ReadAndRecord(t.Context(), account, d, refresh.Options{PerOrder: true, Ledger: book})
		if err != nil || draft.Plan.Summary.Update != 1 {
			t.Fatalf("%+v, %v", draft.Plan.Summary, err)
		}
		time.AfterFunc(time.Minute, func() { close(hurry) })
		r := apply.Run(t.Context(), draft, apply.Options{Account: account, Ledger: book, Hurry: hurry})
		if a := r.Actions[0]; a.Outcome != apply.Failed || !strings.Contains(a.Error.Message, "may have been made") {
			t.Errorf("%+v", a)
		}
		time.Sleep(2 * time.Hour) // what was left behind ends
	})
}

type hangingUpdates struct{ *fakeAccount }

func (h *hangingUpdates) Update(context.Context, plan.ServiceUID, plan.FieldUpdate) error {
	time.Sleep(time.Hour)
	return errors.New("no answer")
}

// A run that breaks still says what it did.
func TestBrokenRunHasAResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := &fakeAccount{}
		book := ledger.New(storetest.NewMemory(), "api.test", ledger.Run{By: "test"})
		draft, _, err := refresh.ReadAndRecord(t.Context(), account, entries("a"), refresh.Options{PerOrder: true, Ledger: book})
		if err != nil {
			t.Fatal(err)
		}
		r := apply.Run(t.Context(), draft, apply.Options{Account: account, Ledger: book, OnOrdersSent: func() { panic("broken") }})
		if r.Error == nil || r.ExitCode != apply.ExitPartly || r.Summary.Bought != 1 {
			t.Errorf("error %v, exit %d, summary %+v", r.Error, r.ExitCode, r.Summary)
		}
	})
}

// Answers that fail to come stop new orders, those that come in between do not.
func TestUnconfirmedOrdersBrake(t *testing.T) {
	for name, c := range map[string]struct {
		most  int
		lost  []string
		sends int
	}{
		"three in a row":          {3, []string{"p001", "p002", "p003"}, 4},
		"an answer ends the row":  {3, []string{"p001", "p002", "p004", "p005"}, 8},
		"0 never stops":           {0, names(8), 8},
		"fewer than are allowed":  {10, names(8), 8},
		"an answer that says no":  {2, []string{"p001", "p003", "p005"}, 8},
		"the first ones, at once": {1, []string{"p000"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				outcome := map[string]apply.Outcome{"p002": apply.Refused}
				for _, n := range c.lost {
					outcome[n] = apply.Unknown
				}
				s := &scenario{account: &fakeAccount{outcome: outcome}, options: apply.Options{Parallelism: 1, MaxUnconfirmed: c.most}}
				r := s.run(t, entries(names(8)...))
				if len(s.account.orders) != c.sends {
					t.Errorf("sent %v, want %d orders", s.account.orders, c.sends)
				}
				want := fmt.Sprintf("not sent: stopped after %d unconfirmed orders in a row", c.most)
				for _, a := range r.Actions[c.sends:] {
					if a.Outcome != apply.NotSent || a.Error.Message != want {
						t.Errorf("%s: %s, %+v", a.Name, a.Outcome, a.Error)
					}
				}
			})
		})
	}
}

// hanging is an account that does not answer some orders for five minutes.
type hanging struct {
	*fakeAccount
	hangs func(name string) bool

	mu           sync.Mutex
	flying, most int
	sent         map[string]time.Time
}

func (h *hanging) Buy(ctx context.Context, turn apply.Turn, o plan.Order, claim string, notAfter time.Time) apply.Purchase {
	h.mu.Lock()
	h.flying++
	h.most = max(h.most, h.flying)
	h.sent[o.Name] = time.Now()
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.flying--
	}()
	if h.hangs(o.Name) {
		time.Sleep(5 * time.Minute)
		return apply.Purchase{State: plan.OrderUnknown, Failure: &apply.Failure{Message: "no answer"}}
	}
	time.Sleep(time.Second)
	return h.fakeAccount.Buy(ctx, turn, o, claim, notAfter)
}

func (h *hanging) run(t *testing.T, d plan.Desired, o apply.Options) apply.Result {
	t.Helper()
	h.sent = map[string]time.Time{}
	book := ledger.New(storetest.NewMemory(), "api.test", ledger.Run{By: "test"})
	draft, _, err := refresh.ReadAndRecord(t.Context(), h, d, refresh.Options{PerOrder: true, Ledger: book})
	if err != nil {
		t.Fatal(err)
	}
	o.Account, o.Ledger = h, book
	return apply.Run(t.Context(), draft, o)
}

// Orders that hang give their slots to the others; they do not take more than as
// many again.
func TestHangingOrdersDoNotHoldTheOthersUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := names(60)
		h := &hanging{fakeAccount: &fakeAccount{}, hangs: func(name string) bool { return slices.Index(all, name) < 16 }}
		begun := time.Now()
		r := h.run(t, entries(all...), apply.Options{Parallelism: 16})
		if r.Summary.Bought != 44 || r.Summary.Unknown != 16 {
			t.Fatalf("summary %+v", r.Summary)
		}
		for name, at := range h.sent {
			if at.Sub(begun) > time.Minute {
				t.Errorf("%s was sent after %s: it waited for those that hang", name, at.Sub(begun))
			}
		}
		if h.most > 32 {
			t.Errorf("%d orders in flight at one time, want at most twice 16", h.most)
		}
	})
}

// When every order hangs the brake counts them before their deadline.
func TestHangingOrdersBrake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hanging{fakeAccount: &fakeAccount{}, hangs: func(string) bool { return true }}
		r := h.run(t, entries(names(90)...), apply.Options{Parallelism: 8, MaxUnconfirmed: 10})
		if len(h.sent) < 10 || len(h.sent) > 18 {
			t.Errorf("%d orders sent, want about the 10 that are allowed", len(h.sent))
		}
		if r.Summary.Unknown != len(h.sent) || r.Summary.NotDone != 90-len(h.sent) {
			t.Errorf("summary %+v", r.Summary)
		}
	})
}
