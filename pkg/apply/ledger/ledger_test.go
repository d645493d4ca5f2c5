package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
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
	if claim.State != plan.OrderClaimed || claim.Number != 1 || claim.ID == "" || claim.OrderHash != order("Lon-1").Hash() {
		t.Errorf("claim %+v", claim)
	}
	if _, err := l.Claim(t.Context(), snapshot(t, l), intent("LON-1 ")); err == nil {
		t.Error("a name with an open claim was claimed again")
	}
	for _, r := range []ledger.Record{
		{State: plan.OrderUnknown, Cause: "EOF", UIDs: []plan.ServiceUID{"u1"}},
		{State: plan.OrderBought, Cause: "found", UIDs: []plan.ServiceUID{"u1", "u2"}},
	} {
		if claim, err = l.Record(t.Context(), claim, r); err != nil {
			t.Fatal(err)
		}
	}
	again, ok := snapshot(t, open(store, "b")).Of("lon-1")
	if diff := cmp.Diff(claim, again, cmp.AllowUnexported(ledger.Open{})); !ok || diff != "" {
		t.Errorf("another run reads the claim otherwise (-want +got):\n%s", diff)
	}
	if claim, err = l.Record(t.Context(), claim, ledger.Record{State: plan.OrderDelivered, Cause: "listed"}); err != nil {
		t.Fatal(err)
	}
	s := snapshot(t, l)
	if len(s.Open) != 0 || s.Closed("lon-1") != 1 {
		t.Errorf("after closing: %d open, %d closed", len(s.Open), s.Closed("lon-1"))
	}
	known, broken, err := l.Delivered(t.Context(), s, "lon-1")
	if diff := cmp.Diff([]plan.ServiceUID{"u1", "u2"}, uidsOf(known)); err != nil || broken != nil || diff != "" {
		t.Errorf("the closing record lost UIDs (%v):\n%s", err, diff)
	}
	second, err := l.Claim(t.Context(), s, intent("lon-1"))
	if err != nil || second.Number != 2 {
		t.Errorf("the second claim has number %d (%v)", second.Number, err)
	}
}

func uidsOf(known []ledger.Known) []plan.ServiceUID {
	var uids []plan.ServiceUID
	for _, k := range known {
		uids = append(uids, k.UID)
	}
	return uids
}

// A claim never moves backwards, and a closed one not at all.
func TestTransitions(t *testing.T) {
	states := []plan.OrderState{plan.OrderClaimed, plan.OrderUnknown, plan.OrderBought, plan.OrderQueued, plan.OrderDelivered, plan.OrderRefused, plan.OrderNotSent, plan.OrderNotProcessed, plan.OrderRejected, plan.OrderResolved, plan.OrderSending, plan.OrderTurnedAway}
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
		"bought -> refused", "turned-away -> refused", "turned-away -> not-sent", "turned-away -> claimed", "bought -> not-sent", "approval -> unknown", "unknown -> claimed",
	} {
		if allowed[never] {
			t.Errorf("%s is allowed", never)
		}
	}
	if len(allowed) != 45 {
		t.Errorf("%d transitions are allowed, the table has 45: %v", len(allowed), allowed)
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
	if _, err := quick.Record(t.Context(), claim, ledger.Record{State: plan.OrderDelivered}); err != nil {
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
	if _, err := b.Record(t.Context(), claim, ledger.Record{State: plan.OrderUnknown, Cause: "b did not find it"}); err != nil {
		t.Fatal(err)
	}
	after, err := a.Record(t.Context(), claim, ledger.Record{State: plan.OrderBought, Cause: "the answer came", UIDs: []plan.ServiceUID{"u"}})
	if err != nil || after.State != plan.OrderBought || len(after.Records) != 2 {
		t.Errorf("state %s with %d records (%v)", after.State, len(after.Records), err)
	}
	if _, err := b.Record(t.Context(), after, ledger.Record{State: plan.OrderDelivered}); err != nil {
		t.Fatal(err)
	}
	final, err := a.Record(t.Context(), after, ledger.Record{State: plan.OrderResolved, Cause: "too late"})
	if err != nil || final.State != plan.OrderDelivered {
		t.Errorf("the claim that b closed is %s (%v)", final.State, err)
	}
}

func owner(key string, companies ...string) plan.Owner {
	return plan.Owner{Key: key, Companies: companies}
}

// A ledger belongs to one account: to the first company that is known, or, where
// the API names none, to the API keys that were used with it.
func TestOwner(t *testing.T) {
	type step struct {
		account plan.Owner
		same    bool // a person's word
		refused bool
	}
	for name, c := range map[string]struct {
		forgetful bool
		steps     []step
	}{
		"one company, with or without ports": {steps: []step{
			{account: owner("k1")}, {account: owner("k1", "acme")}, {account: owner("k1", "acme")}, {account: owner("k1")},
		}},
		"another company": {steps: []step{
			{account: owner("k1", "acme")}, {account: owner("k2", "emca"), refused: true}, {account: owner("k2", "emca"), same: true, refused: true},
		}},
		"a second company beside it": {steps: []step{
			{account: owner("k1", "acme")}, {account: owner("k1", "reseller", "acme")}, {account: owner("k2", "acme", "other")},
		}},
		"a rotated key of an account with ports": {steps: []step{
			{account: owner("k1", "acme")}, {account: owner("k2", "acme")}, {account: owner("k2")},
		}},
		"an empty account with another key": {steps: []step{
			{account: owner("k1", "acme")}, {account: owner("k2"), refused: true}, {account: owner("k2"), same: true}, {account: owner("k2")},
		}},
		"no company anywhere": {steps: []step{
			{account: owner("k1")},
			{account: owner("k1")},
			{account: owner("k2"), refused: true},
			{account: owner("k2", "emca"), refused: true},
			{account: owner("k2"), same: true},
			{account: owner("k2")},
			{account: owner("k1")},
		}},
		"a sandbox that was emptied": {forgetful: true, steps: []step{
			{account: owner("", "acme")}, {account: owner("")},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := ledger.New(storetest.NewMemory(), "api.test", ledger.Run{Ephemeral: c.forgetful})
			for i, s := range c.steps {
				checked := l.Check(t.Context(), s.account, s.same)
				err := l.Bind(t.Context(), s.account, s.same)
				var other *ledger.CompanyError
				if errors.As(err, &other) != s.refused || (err != nil) != s.refused || (checked != nil) != s.refused {
					t.Errorf("step %d: bind %v, check %v", i+1, err, checked)
				}
			}
		})
	}
}

// Once the last port of the ledger's company ended, while those of another are still
// listed, a person's word leads on; for a key that the ledger knows, and for no other.
func TestOwnerWithoutPortsOfItsOwn(t *testing.T) {
	l := open(storetest.NewMemory(), "a")
	if err := l.Bind(ctx(), plan.Owner{Companies: []string{"own", "partner"}, Key: "k1"}, false); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key  string
		word bool
		lets bool
	}{{"k1", false, false}, {"k1", true, true}, {"k2", true, false}} {
		err := l.Check(ctx(), plan.Owner{Companies: []string{"partner"}, Key: c.key}, c.word)
		var other *ledger.CompanyError
		if errors.As(err, &other) == c.lets {
			t.Errorf("key %s, word %t: %v", c.key, c.word, err)
		}
		if other != nil && strings.Contains(other.Hint(), "--same-account") != (c.key == "k1") {
			t.Errorf("key %s: %s", c.key, other.Hint())
		}
	}
}

// A claim or a record that cannot be understood must not pass for the absence of a
// claim: the claim is open, and a person can close it. A newer portctl's is an error.
func TestUnreadableClaimsAreOpen(t *testing.T) {
	for name, c := range map[string]struct{ claim, record string }{
		"half a claim":           {claim: `{"schema": 1, "id": "x", "na`},
		"no claim":               {claim: `{}`},
		"empty":                  {claim: ``},
		"a record without claim": {claim: "-", record: `{"schema": 1, "state": "unknown", "cause": "no answer", "time": "2023-11-14T22:13:20Z"}`},
		"half a record":          {record: `{"schema": 1, "sta`},
		"a record of no state":   {record: `{"schema": 1, "state": "sold"}`},
	} {
		t.Run(name, func(t *testing.T) {
			l, key := damaged(t, c.claim, c.record)
			o, ok := snapshot(t, l).Of("LON")
			if !ok || o.State != plan.OrderDamaged || o.Key != key || o.Trouble == "" {
				t.Fatalf("open %t, %+v", ok, o)
			}
			if _, err := l.Claim(t.Context(), snapshot(t, l), intent("lon")); err == nil {
				t.Error("the name can be claimed again")
			}
			o, ok, err := l.ByKey(t.Context(), snapshot(t, l), key)
			if err != nil || !ok {
				t.Fatalf("by its key: %t, %v", ok, err)
			}
			if _, err = l.Record(t.Context(), o, ledger.Record{State: plan.OrderResolved, Lookup: true, Cause: "not created"}); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Claim(t.Context(), snapshot(t, l), intent("lon")); err != nil {
				t.Errorf("after it was closed: %v", err)
			}
		})
	}
	l, key := damaged(t, `{"schema": 2, "id": "x", "name": "lon", "number": 1}`, "")
	if _, err := l.Snapshot(t.Context()); err == nil || !strings.Contains(err.Error(), key) {
		t.Errorf("the claim of a newer portctl: %v", err)
	}
}

// damaged is a ledger whose one claim, of "lon", has this content; "-" leaves the
// claim out, and nothing leaves it as it is.
func damaged(t *testing.T, claim, record string) (l *ledger.Ledger, key string) {
	t.Helper()
	whole, store := storetest.NewMemory(), storetest.NewMemory()
	o, err := open(whole, "a").Claim(t.Context(), ledger.Snapshot{}, intent("lon"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := whole.Read(t.Context(), o.Key+"/claim.json")
	if claim != "" || record == "" {
		content = []byte(claim)
	}
	if claim != "-" {
		err = errors.Join(err, store.Create(t.Context(), o.Key+"/claim.json", content))
	}
	if record != "" {
		err = errors.Join(err, store.Create(t.Context(), o.Key+"/1.json", []byte(record)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return open(store, "b"), o.Key
}

// A closing record that cannot be read hides which service its claim ended with:
// the name is not bought until a person says so, by the claim's key.
func TestUnreadableClosingRecord(t *testing.T) {
	store := storetest.NewMemory()
	l := open(store, "a")
	o, err := l.Claim(t.Context(), snapshot(t, l), intent("lon"))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Create(t.Context(), o.Key+"/closed.json", []byte(`{"sch`)); err != nil {
		t.Fatal(err)
	}
	_, broken, err := l.Delivered(t.Context(), snapshot(t, l), "lon")
	if err != nil || broken == nil || broken.State != plan.OrderDamaged {
		t.Fatalf("delivered: %+v, %v", broken, err)
	}
	again, ok, err := l.ByKey(t.Context(), snapshot(t, l), o.Key)
	if !ok || err != nil {
		t.Fatalf("by its key: %t, %v", ok, err)
	}
	if _, err := l.Record(t.Context(), again, ledger.Record{State: plan.OrderResolved, UIDs: []plan.ServiceUID{"u1"}, Lookup: true}); err != nil {
		t.Fatal(err)
	}
	known, broken, err := l.Delivered(t.Context(), snapshot(t, l), "lon")
	if err != nil || broken != nil || !slices.Equal(uidsOf(known), []plan.ServiceUID{"u1"}) {
		t.Errorf("after it was resolved: %v, %+v, %v", known, broken, err)
	}
}

// What earlier claims of a name ended with is known from the last of them alone, and
// each claim passes it on.
func TestDeliveredReadsOneClaim(t *testing.T) {
	counting := &countingStore{Store: storetest.NewMemory()}
	l := open(counting, "a")
	for i := range 5 {
		s := snapshot(t, l)
		known, _, err := l.Delivered(t.Context(), s, "lon")
		if err != nil || len(known) != i {
			t.Fatalf("before claim %d: %v, %v", i+1, known, err)
		}
		in := intent("lon")
		in.Earlier = known
		o, err := l.Claim(t.Context(), s, in)
		if err != nil {
			t.Fatal(err)
		}
		uid := plan.ServiceUID(fmt.Sprint("u", i))
		if _, err := l.Record(t.Context(), o, ledger.Record{State: plan.OrderDelivered, UIDs: []plan.ServiceUID{uid}}); err != nil {
			t.Fatal(err)
		}
	}
	s := snapshot(t, l)
	counting.reads = 0
	known, _, err := l.Delivered(t.Context(), s, "lon")
	if err != nil || len(known) != 5 || counting.reads != 2 {
		t.Errorf("%d services known after %d reads, %v", len(known), counting.reads, err)
	}
}

type countingStore struct {
	ledger.Store
	reads int
}

func (c *countingStore) Read(ctx context.Context, key string) ([]byte, error) {
	c.reads++
	return c.Store.Read(ctx, key)
}

// An order that was turned away is sent again by one run at most, and by none once
// its claim is closed.
func TestResend(t *testing.T) {
	store := storetest.NewMemory()
	a, b := open(store, "a"), open(store, "b")
	claim, err := a.Claim(t.Context(), snapshot(t, a), intent("x"))
	if err != nil {
		t.Fatal(err)
	}
	turned, err := a.Record(t.Context(), claim, ledger.Record{State: plan.OrderTurnedAway, Cause: "429"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Resend(t.Context(), turned); err != nil {
		t.Fatal(err)
	}
	var taken *ledger.TakenError
	if _, err := a.Resend(t.Context(), turned); !errors.As(err, &taken) {
		t.Errorf("the second sender: %v", err)
	}
	closed, err := a.Record(t.Context(), turned, ledger.Record{State: plan.OrderNotProcessed, Lookup: true})
	if err != nil || closed.State != plan.OrderSending {
		t.Errorf("closing what is being sent gives %s, %v", closed.State, err)
	}
	sending, _ := snapshot(t, b).Of("x")
	turned, err = b.Record(t.Context(), sending, ledger.Record{State: plan.OrderTurnedAway, Cause: "429"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Record(t.Context(), turned, ledger.Record{State: plan.OrderNotProcessed, Lookup: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Resend(t.Context(), turned); !errors.As(err, &taken) {
		t.Errorf("sending what was closed: %v", err)
	}
	if s := snapshot(t, a); len(s.Open) != 0 || s.Closed("x") != 1 {
		t.Errorf("open %+v", s.Open)
	}
}

// What is found of an order closes its claim also when the answer was recorded
// meanwhile, or recorded without the writer knowing; but not while it is being sent.
func TestFindingAfterAnUnseenRecord(t *testing.T) {
	found := ledger.Record{State: plan.OrderDelivered, UIDs: []plan.ServiceUID{"u"}, Lookup: true, Cause: "found"}
	for state, want := range map[plan.OrderState]plan.OrderState{plan.OrderUnknown: plan.OrderDelivered, plan.OrderBought: plan.OrderDelivered, plan.OrderSending: plan.OrderSending} {
		store := storetest.NewMemory()
		a, b := open(store, "a"), open(store, "b")
		claim, err := a.Claim(t.Context(), snapshot(t, a), intent("x"))
		if err != nil {
			t.Fatal(err)
		}
		if state == plan.OrderSending {
			_, err = a.Resend(t.Context(), claim)
		} else {
			_, err = a.Record(t.Context(), claim, ledger.Record{State: state})
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.Record(t.Context(), claim, found)
		if err != nil || got.State != want || want.Closed() && !slices.Equal(got.UIDs, found.UIDs) {
			t.Errorf("after %s: %s %v, %v", state, got.State, got.UIDs, err)
		}
		if closed := snapshot(t, a).Closed("x") == 1; closed != want.Closed() {
			t.Errorf("after %s: closed %t", state, closed)
		}
	}
}

// A run that dies between the two records that close such a claim leaves a claim
// that the next one closes.
func TestHalfClosedClaimIsClosed(t *testing.T) {
	store := storetest.NewMemory()
	l := open(store, "a")
	claim, err := l.Claim(t.Context(), snapshot(t, l), intent("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = l.Record(t.Context(), claim, ledger.Record{State: plan.OrderTurnedAway}); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(t.Context(), claim.Key+"/2.json", []byte(`{"schema":1,"state":"not-processed","cause":"not there"}`)); err != nil {
		t.Fatal(err)
	}
	o, ok := snapshot(t, l).Of("x")
	if !ok || !o.State.Closed() {
		t.Fatalf("open %t, %s", ok, o.State)
	}
	if _, err := l.Close(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if s := snapshot(t, l); s.Closed("x") != 1 {
		t.Errorf("%d claims are closed", s.Closed("x"))
	}
}

// Guards count from the last thing that was sent or answered; looking moves nothing.
func TestQuietSince(t *testing.T) {
	at := func(minutes int) time.Time { return time.Unix(0, 0).Add(time.Duration(minutes) * time.Minute) }
	for name, c := range map[string]struct {
		records []ledger.Record
		want    time.Time
	}{
		"claimed":               {nil, at(6)},
		"answered":              {[]ledger.Record{{State: plan.OrderUnknown, Time: at(3)}}, at(3)},
		"turned away":           {[]ledger.Record{{State: plan.OrderTurnedAway, Time: at(3)}}, at(3)},
		"sent again":            {[]ledger.Record{{State: plan.OrderTurnedAway, Time: at(3)}, {State: plan.OrderSending, Time: at(4)}}, at(10)},
		"answered then":         {[]ledger.Record{{State: plan.OrderTurnedAway, Time: at(3)}, {State: plan.OrderSending, Time: at(4)}, {State: plan.OrderUnknown, Time: at(6)}}, at(6)},
		"looked at":             {[]ledger.Record{{State: plan.OrderUnknown, Time: at(3)}, {State: plan.OrderUnknown, Time: at(60), Lookup: true}}, at(3)},
		"from the future, seen": {[]ledger.Record{{State: ledger.Seen, Time: at(-100), Lookup: true}}, at(-94)},
		"seen, answered":        {[]ledger.Record{{State: plan.OrderUnknown, Time: at(3)}, {State: ledger.Seen, Time: at(-100), Lookup: true}}, at(-100)},
	} {
		o := ledger.Open{Claim: ledger.Claim{Time: at(0)}, Records: c.records}
		if got := o.QuietSince(at(-90)); !got.Equal(c.want) { // to whom the claim is from the future
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	answered := ledger.Open{Claim: ledger.Claim{Time: at(0)}, Records: []ledger.Record{{State: plan.OrderTurnedAway, Time: at(3)}, {State: ledger.Seen, Time: at(-100), Lookup: true}}}
	if got := answered.QuietSince(at(4)); !got.Equal(at(3)) {
		t.Errorf("to its maker a claim that a slower clock saw is quiet since %s, want %s", got, at(3))
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
					if _, err := l.Record(ctx(), o, ledger.Record{State: plan.OrderResolved}); err != nil {
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
		const prefix = "claims/api.test:443/0123456789abcdef.000001/"
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
		if o := s.Open[0]; len(s.Open) != 1 || o.State != plan.OrderDamaged && (o.Name == "" || o.State == "" || o.State == ledger.Seen) || o.State == plan.OrderDamaged && (o.Trouble == "" || o.Key == "") {
			t.Fatalf("read as %+v", s.Open)
		}
	})
}

func ctx() context.Context { return context.Background() }
