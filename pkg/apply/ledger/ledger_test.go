package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/ledger/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

func order(name string) plan.Order {
	return plan.Order{Name: name, ProductType: plan.ProductType, Term: 12, Speed: plan.Speed10G, Location: 89, Market: "UK", Tags: []plan.Tag{}}
}

func intent(name string) ledger.Intent { return ledger.Intent{Inventory: "inv", Order: order(name)} }

func open(store ledger.Store, by string) *ledger.Ledger {
	return ledger.New(store, "api.test:443", ledger.Run{ID: by, By: by, Now: func() time.Time { return time.Unix(1_700_000_000, 0) }})
}

func snapshot(t interface{ Fatal(...any) }, l *ledger.Ledger) ledger.Snapshot {
	s, err := l.Snapshot(ctx())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLifeOfAClaim(t *testing.T) {
	store := storetest.NewMemory()
	l := open(store, "a")
	claim, err := l.Claim(t.Context(), snapshot(t, l), intent("Lon-1"))
	if err != nil {
		t.Fatal(err)
	}
	if claim.State != ledger.Claimed || claim.Number != 1 || claim.ID == "" || claim.OrderHash != order("Lon-1").Hash() {
		t.Errorf("claim %+v", claim)
	}
	if _, err := l.Claim(t.Context(), snapshot(t, l), intent("LON-1 ")); err == nil {
		t.Error("a name with an open claim was claimed again")
	}
	for _, r := range []ledger.Record{
		{State: ledger.Unknown, Cause: "EOF", UIDs: []plan.ServiceUID{"u1"}},
		{State: ledger.Bought, Cause: "found", UIDs: []plan.ServiceUID{"u1", "u2"}},
	} {
		if claim, err = l.Record(t.Context(), claim, r); err != nil {
			t.Fatal(err)
		}
	}
	again, ok := snapshot(t, open(store, "b")).Of("lon-1")
	if diff := cmp.Diff(claim, again); !ok || diff != "" {
		t.Errorf("another run reads the claim otherwise (-want +got):\n%s", diff)
	}
	if claim, err = l.Record(t.Context(), claim, ledger.Record{State: ledger.Delivered, Cause: "listed"}); err != nil {
		t.Fatal(err)
	}
	s := snapshot(t, l)
	if len(s.Open) != 0 || s.Closed("lon-1") != 1 {
		t.Errorf("after closing: %d open, %d closed", len(s.Open), s.Closed("lon-1"))
	}
	uids, err := l.Delivered(t.Context(), s, "lon-1")
	if diff := cmp.Diff([]plan.ServiceUID{"u1", "u2"}, uids); err != nil || diff != "" {
		t.Errorf("the closing record lost UIDs (%v):\n%s", err, diff)
	}
	second, err := l.Claim(t.Context(), s, intent("lon-1"))
	if err != nil || second.Number != 2 {
		t.Errorf("the second claim has number %d (%v)", second.Number, err)
	}
}

// A claim never moves backwards, and a closed one not at all.
func TestTransitions(t *testing.T) {
	states := []ledger.State{ledger.Claimed, ledger.Unknown, ledger.Bought, ledger.Approval, ledger.Delivered, ledger.Refused, ledger.NotSent, ledger.NotProcessed, ledger.Rejected, ledger.Settled}
	allowed := map[string]bool{}
	for _, from := range states {
		for _, to := range states {
			l := open(storetest.NewMemory(), "a")
			claim, err := l.Claim(t.Context(), snapshot(t, l), intent("x"))
			if err != nil {
				t.Fatal(err)
			}
			claim.State = from
			if _, err := l.Record(t.Context(), claim, ledger.Record{State: to}); err == nil {
				allowed[fmt.Sprintf("%s -> %s", from, to)] = true
			}
			if from.Closed() && allowed[fmt.Sprintf("%s -> %s", from, to)] {
				t.Errorf("a claim that is %s became %s", from, to)
			}
		}
	}
	for _, never := range []string{
		"unknown -> not-sent", "unknown -> not-processed", "unknown -> refused", // once in doubt, only evidence helps
		"bought -> unknown", "bought -> refused", "bought -> not-sent", "approval -> unknown", "unknown -> claimed",
	} {
		if allowed[never] {
			t.Errorf("%s is allowed", never)
		}
	}
	if len(allowed) != 20 {
		t.Errorf("%d transitions are allowed, the table has 20: %v", len(allowed), allowed)
	}
}

// Of all who claim one name at one time, exactly one succeeds, whatever the
// inventories and machines.
func TestOneClaimant(t *testing.T) {
	store := storetest.NewMemory()
	var wg sync.WaitGroup
	won := make(chan string, 100)
	for i := range 50 {
		l := open(store, fmt.Sprint(i))
		s := snapshot(t, l)
		wg.Go(func() {
			c, err := l.Claim(t.Context(), s, intent("x"))
			var taken *ledger.TakenError
			if err == nil {
				won <- c.ID
			} else if !errors.As(err, &taken) {
				t.Errorf("claim: %v", err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Errorf("%d runs hold the claim", len(won))
	}
}

// The number comes from the snapshot: a claim that somebody made and closed since
// then makes a late one fail.
func TestStaleSnapshotCanNotClaim(t *testing.T) {
	store := storetest.NewMemory()
	slow, quick := open(store, "slow"), open(store, "quick")
	stale := snapshot(t, slow)
	claim, err := quick.Claim(t.Context(), snapshot(t, quick), intent("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := quick.Record(t.Context(), claim, ledger.Record{State: ledger.Delivered}); err != nil {
		t.Fatal(err)
	}
	var taken *ledger.TakenError
	if _, err := slow.Claim(t.Context(), stale, intent("x")); !errors.As(err, &taken) {
		t.Errorf("the late claim gives %v", err)
	}
}

// Two runs that learn something at the same time: nothing is overwritten, and
// nothing that is known gets lost.
func TestRecordsOfTwoRunsAreKept(t *testing.T) {
	store := storetest.NewMemory()
	a, b := open(store, "a"), open(store, "b")
	claim, err := a.Claim(t.Context(), snapshot(t, a), intent("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Record(t.Context(), claim, ledger.Record{State: ledger.Unknown, Cause: "b did not find it"}); err != nil {
		t.Fatal(err)
	}
	after, err := a.Record(t.Context(), claim, ledger.Record{State: ledger.Bought, Cause: "the answer came", UIDs: []plan.ServiceUID{"u"}})
	if err != nil || after.State != ledger.Bought || len(after.Records) != 2 {
		t.Errorf("state %s with %d records (%v)", after.State, len(after.Records), err)
	}
	if _, err := b.Record(t.Context(), after, ledger.Record{State: ledger.Delivered}); err != nil {
		t.Fatal(err)
	}
	final, err := a.Record(t.Context(), after, ledger.Record{State: ledger.Settled, Cause: "too late"})
	if err != nil || final.State != ledger.Delivered {
		t.Errorf("the claim that b closed is %s (%v)", final.State, err)
	}
}

func TestCompany(t *testing.T) {
	store := storetest.NewMemory()
	l := open(store, "a")
	for _, c := range []string{"", "acme", "acme"} {
		if err := l.Bind(t.Context(), c); err != nil {
			t.Fatalf("binding to %q: %v", c, err)
		}
	}
	var other *ledger.CompanyError
	if err := l.Bind(t.Context(), "emca"); !errors.As(err, &other) || other.Have != "acme" {
		t.Errorf("another company: %v", err)
	}
	if err := l.CheckCompany(t.Context(), "emca"); !errors.As(err, &other) {
		t.Errorf("another company, read only: %v", err)
	}
	if err := l.Bind(t.Context(), ""); !errors.As(err, &other) {
		t.Errorf("an account that names no company any more: %v", err)
	}
	if err := ledger.New(store, "api.test:443", ledger.Run{Forgetful: true}).Bind(t.Context(), ""); err != nil {
		t.Errorf("a sandbox that was emptied: %v", err)
	}
	if err := ledger.New(store, "other.test", ledger.Run{}).Bind(t.Context(), "emca"); err != nil {
		t.Errorf("another host: %v", err)
	}
}

// A record that can not be understood stops everything: it must not pass for the
// absence of a claim.
func TestUnreadableRecordsFailClosed(t *testing.T) {
	for name, content := range map[string]string{
		"half a record":  `{"schema": 1, "id": "x", "na`,
		"a newer schema": `{"schema": 2, "id": "x", "name": "lon", "number": 1}`,
		"no claim":       `{}`,
		"empty":          ``,
	} {
		t.Run(name, func(t *testing.T) {
			store := storetest.NewMemory()
			l := open(store, "a")
			claim, err := l.Claim(t.Context(), snapshot(t, l), intent("lon"))
			if err != nil {
				t.Fatal(err)
			}
			keys, err := store.List(t.Context(), "claims/")
			if err != nil || len(keys) != 1 {
				t.Fatalf("keys %v (%v)", keys, err)
			}
			broken := storetest.NewMemory()
			if err := broken.Create(t.Context(), keys[0], []byte(content)); err != nil {
				t.Fatal(err)
			}
			_, err = open(broken, "a").Snapshot(t.Context())
			if err == nil || !strings.Contains(err.Error(), keys[0]) {
				t.Errorf("the error does not name the record: %v", err)
			}
			_ = claim
		})
	}
}

// The records can be read by people.
func TestRecordsAreReadable(t *testing.T) {
	store := storetest.NewMemory()
	l := open(store, "run-1")
	if _, err := l.Claim(t.Context(), snapshot(t, l), intent("lon")); err != nil {
		t.Fatal(err)
	}
	keys, _ := store.List(t.Context(), "claims/api.test:443/")
	b, err := store.Read(t.Context(), keys[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n  \"schema\": 1,", "\n  \"name\": \"lon\",", "\n  \"run\": \"run-1\",", `"productName": "lon"`, `"time": "2023-11-14T22:13:20Z"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%q is not in the record:\n%s", want, b)
		}
	}
}

// Whatever runs do, at most one claim of a name is open at a time, and numbers
// have no gaps.
func TestClaimsOfARandomHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := storetest.NewMemory()
		runs := []*ledger.Ledger{open(store, "a"), open(store, "b")}
		stale := map[*ledger.Ledger]ledger.Snapshot{}
		live := map[string]int{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			l := rapid.SampledFrom(runs).Draw(t, "run")
			name := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "name")
			switch rapid.SampledFrom([]string{"look", "claim", "close"}).Draw(t, "step") {
			case "look":
				stale[l] = snapshot(t, l)
			case "claim":
				if _, err := l.Claim(ctx(), stale[l], intent(name)); err == nil {
					live[name]++
				}
			case "close":
				if o, ok := snapshot(t, l).Of(name); ok {
					if _, err := l.Record(ctx(), o, ledger.Record{State: ledger.Settled}); err != nil {
						t.Fatal(err)
					}
					live[name]--
				}
			}
			if live[name] < 0 || live[name] > 1 {
				t.Fatalf("%d claims of %s are open", live[name], name)
			}
		}
		s := snapshot(t, runs[0])
		for _, name := range []string{"x", "y"} {
			o, isOpen := s.Of(name)
			if isOpen != (live[name] == 1) || isOpen && o.Number != s.Closed(name)+1 {
				t.Fatalf("%s: open %t, number %d, closed %d", name, isOpen, o.Number, s.Closed(name))
			}
		}
	})
}

// FuzzRecords: whatever stands in a record, reading it gives a claim or an error
// that names the record.
func FuzzRecords(f *testing.F) {
	f.Add(`{"schema":1,"id":"x","name":"lon","number":1}`, `{"schema":1,"state":"unknown"}`)
	f.Add(`{"schema":1,"id":"x","name":"lon","number":1,"order":{"portSpeed":"fast"}}`, `{"schema":1,"state":"sold"}`)
	f.Add(``, `[]`)
	f.Fuzz(func(t *testing.T, claim, record string) {
		store := storetest.NewMemory()
		const prefix = "claims/api.test:443/0123456789abcdef/000001/"
		if err := store.Create(ctx(), prefix+"claim.json", []byte(claim)); err != nil {
			t.Fatal(err)
		}
		if err := store.Create(ctx(), prefix+"1.json", []byte(record)); err != nil {
			t.Fatal(err)
		}
		s, err := open(store, "a").Snapshot(ctx())
		if err != nil {
			if !strings.Contains(err.Error(), prefix) {
				t.Fatalf("the error names no record: %v", err)
			}
			return
		}
		if len(s.Open) != 1 || s.Open[0].Name == "" || !s.Open[0].State.Known() {
			t.Fatalf("read as %+v", s.Open)
		}
	})
}

func ctx() context.Context { return context.Background() }
