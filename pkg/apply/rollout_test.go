package apply_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

func names(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("p%03d", i))
	}
	return all
}

// Letters are fetched while other orders still go out.
func TestLettersComeWhileOrdersGoOut(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{
			account: &fakeAccount{buyTakes: 20 * time.Second, readyAfter: 20 * time.Second},
			options: apply.Options{LOAs: letters, Wait: time.Hour, Parallelism: 1},
		}
		r := s.run(t, entries(names(5)...))
		if r.ExitCode != apply.ExitDone || r.Summary.LOAsNew != 5 {
			t.Fatalf("exit %d, summary %+v", r.ExitCode, r.Summary)
		}
		first, last := -1, -1
		for i, e := range s.events {
			switch e.(type) {
			case apply.LOASaved:
				if first < 0 {
					first = i
				}
			case apply.OrderStarted:
				last = i
			}
		}
		if first > last {
			t.Errorf("the first letter is event %d, the last order was begun at event %d", first, last)
		}
		if s.took > 3*time.Minute {
			t.Errorf("took %s: waiting does not overlap with ordering", s.took)
		}
	})
}

// After so many orders that failed no new one is begun.
func TestMaxFailuresStopsNewOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{
			account: &fakeAccount{buyTakes: time.Second, outcome: map[string]apply.Outcome{"p001": apply.Refused, "p003": apply.NotSent}},
			options: apply.Options{Parallelism: 1, MaxFailures: 2},
		}
		r := s.run(t, entries(names(8)...))
		if diff := gocmp.Diff([]string{"p000", "p001", "p002", "p003"}, s.account.orders); diff != "" {
			t.Errorf("orders sent (-want +got):\n%s", diff)
		}
		if r.ExitCode != apply.ExitPartly || r.Summary.NotDone != 6 || r.Summary.Bought != 2 {
			t.Errorf("exit %d, summary %+v", r.ExitCode, r.Summary)
		}
		if got := r.Actions[7].Error.Message; got != "not sent: stopped after 2 failed orders" {
			t.Errorf("reason %q", got)
		}
	})
}

// Requests for n new ports are 2n, a validation for 50 of them, and a constant: one
// order and one LOA each. The listings are the ticks of the clock, whatever n is.
func TestRequestsPerPort(t *testing.T) {
	count := func(n int) (requests, listings int) {
		letters := folder(t)
		synctest.Test(t, func(t *testing.T) {
			server, err := sandbox.New(sandbox.Config{Knobs: sandbox.Knobs{Latency: 10 * time.Millisecond, ProvisionDelay: 5 * time.Second}})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			client, err := megaport.New(megaport.Options{
				BaseURL: "http://sandbox.invalid", TokenURL: "http://sandbox.invalid" + sandbox.TokenPath,
				Credentials: megaport.Credentials{AccessKey: "k", SecretKey: "s"}, Transport: server.Transport(),
			})
			if err != nil {
				t.Fatal(err)
			}
			account, book := provider.NewAccount(client), ledger.New(storetest.NewMemory(), "api.test", ledger.Run{})
			draft, _, err := refresh.ReadAndRecord(t.Context(), account, entries(names(n)...), refresh.Options{PerOrder: true, Ledger: book})
			if err != nil {
				t.Fatal(err)
			}
			r := apply.Run(t.Context(), draft, apply.Options{Account: account, Ledger: book, LOAs: letters, Wait: time.Hour})
			if r.ExitCode != apply.ExitDone || r.Summary.Bought != n || r.Summary.LOAsNew != n {
				t.Errorf("exit %d, summary %+v", r.ExitCode, r.Summary)
			}
			for route, c := range server.Record().Routes {
				if route == "GET /v2/products" {
					listings = c.Count
				} else {
					requests += c.Count
				}
			}
		})
		return requests, listings
	}
	fifty, _ := count(50)
	hundred, listings := count(100)
	if hundred-fifty != 101 {
		t.Errorf("50 ports take %d requests and 100 take %d, want 101 more", fifty, hundred)
	}
	if fifty > 101+5 || listings > 30 {
		t.Errorf("%d requests for 50 ports beside the listings, %d listings", fifty, listings)
	}
}

// An interruption while letters are fetched and orders sent keeps every promise
// of the result.
func TestInterruptionWhileEverythingOverlaps(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		n := 0
		s := &scenario{
			ctx: ctx, account: &fakeAccount{buyTakes: 20 * time.Second, readyAfter: time.Second},
			options: apply.Options{LOAs: letters, Wait: time.Hour, Parallelism: 2},
		}
		s.account.onBuy = func() {
			if n++; n == 6 {
				interrupt()
			}
		}
		r := s.run(t, entries(names(10)...))
		if !r.Interrupted || r.ExitCode != apply.ExitPartly || r.Summary.Bought != len(s.account.orders) || r.Summary.LOAsNew == 0 {
			t.Errorf("interrupted %t, exit %d, %d sent, summary %+v", r.Interrupted, r.ExitCode, len(s.account.orders), r.Summary)
		}
		s.ctx = t.Context()
		r = s.run(t, entries(names(10)...))
		if r.ExitCode != apply.ExitDone || len(s.account.orders) != 10 || r.Summary.LOAs != 10 {
			t.Errorf("afterwards: exit %d, %d orders, summary %+v", r.ExitCode, len(s.account.orders), r.Summary)
		}
	})
}

// What a run flags is a letter whose port is gone.
func TestTerminatedPortIsFlaggedInTheManifest(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{LOAs: letters, Wait: time.Hour}}
		s.run(t, entries("a", "b"))
		for i, x := range s.account.services {
			if x.Name == "b" {
				s.account.services[i].Status = plan.StatusDecommissioned
			}
		}
		s.run(t, entries("a"))
		m, err := letters.Manifest()
		if err != nil || len(m.LOAs) != 2 || m.LOAs[0].Terminated || !m.LOAs[1].Terminated {
			t.Errorf("manifest %+v (%v)", m, err)
		}
	})
}

func surveyed(t *testing.T, s *scenario, d plan.Desired) apply.Status {
	t.Helper()
	survey, err := apply.ReadStatus(t.Context(), s.account, d, apply.StatusOptions{LOAs: s.options.LOAs, Ledger: ledger.New(s.store, "api.test", ledger.Run{})})
	if err != nil {
		t.Fatal(err)
	}
	return survey
}

func TestStatusTellsHowFarEveryPortIs(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{
			account: &fakeAccount{
				readyAfter: time.Minute, stuck: map[string]apply.Outcome{"stuck": ""},
				outcome: map[string]apply.Outcome{"doubt": apply.Unknown, "queued": apply.Queued},
			},
			options: apply.Options{LOAs: letters, Wait: 10 * time.Minute},
		}
		s.run(t, entries("done", "lag", "stuck", "doubt", "queued"))
		sent := len(s.account.orders)
		d := entries("done", "lag", "stuck", "doubt", "queued", "new")
		survey := surveyed(t, s, d)
		states := map[string][]string{}
		for _, p := range survey.Ports {
			states[p.Name] = append(states[p.Name], strings.TrimSpace(fmt.Sprintf("%s %s %t", p.State, p.Claim, p.LOA.File != "")))
		}
		want := map[string][]string{
			"done": {"ready  true"}, "lag": {"ready  true", "ready  true"}, "stuck": {"waiting  false"},
			"doubt": {"unconfirmed unknown false"}, "queued": {"approval approval false"}, "new": {"missing  false"},
		}
		if diff := gocmp.Diff(want, states); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
		if diff := gocmp.Diff(apply.StatusSummary{Ports: 7, Ready: 3, NotReady: 2, NotOrdered: 1, Unconfirmed: 1, LOAs: 3}, survey.Summary); diff != "" || survey.ExitCode != apply.ExitUnknown {
			t.Errorf("exit %d, summary (-want +got):\n%s", survey.ExitCode, diff)
		}
		if len(s.account.orders) != sent || len(s.account.calls) != 0 {
			t.Errorf("a survey changes something: %v", s.account.calls)
		}
	})
}

// issued is the date of the first letter of a folder.
func issued(t *testing.T, f *loa.Folder) time.Time {
	t.Helper()
	m, err := f.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	return m.LOAs[0].FetchedAt
}

func TestFetchLettersWaitsAndRenews(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{readyAfter: 5 * time.Minute}}
		s.run(t, entries("a", "b"))
		s.options.LOAs = letters
		fetch := func(o apply.LOAOptions) []apply.LOA {
			o.LOAs = letters
			return apply.FetchLOAs(t.Context(), s.account, surveyed(t, s, entries("a", "b")), o)
		}
		if got := fetch(apply.LOAOptions{}); len(got) != 2 || got[0].Error == nil || got[0].Error.Message != "the port is DEPLOYABLE" {
			t.Errorf("without waiting: %+v", got)
		}
		if got := fetch(apply.LOAOptions{Wait: time.Hour}); len(got) != 2 || got[0].File == "" || got[0].Kept {
			t.Errorf("waiting: %+v", got)
		}
		if got := fetch(apply.LOAOptions{}); !got[0].Kept {
			t.Errorf("again: %+v", got)
		}
		before := issued(t, letters)
		time.Sleep(time.Hour)
		if got := fetch(apply.LOAOptions{Refresh: true}); got[0].Kept || got[0].File == "" {
			t.Errorf("renewed: %+v", got)
		}
		if after := issued(t, letters); !after.After(before) {
			t.Errorf("issued %s, then %s", before, after)
		}
		s.account.loa = func(plan.ServiceUID, int) ([]byte, error) { return nil, errors.New("no") }
		if got := fetch(apply.LOAOptions{Refresh: true}); got[0].File != "" || got[0].Error == nil {
			t.Errorf("a letter that could not be renewed: %+v", got)
		}
		if kept, err := letters.Kept(); err != nil || len(kept) != 2 {
			t.Errorf("the old letters are gone: %v (%v)", kept, err)
		}
		if len(s.account.orders) != 2 || len(s.account.calls) != 0 {
			t.Errorf("orders %v, changes %v", s.account.orders, s.account.calls)
		}
	})
}

// Without a request budget no port waits more than a tenth of its own time to be
// provisioned, also while other orders go out; under one, looks at the account are few.
func TestHowOftenTheAccountIsLookedAt(t *testing.T) {
	for _, ready := range []time.Duration{0, 10 * time.Second, 5 * time.Minute, 25 * time.Minute} {
		for _, budgeted := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{
					account: &fakeAccount{buyTakes: time.Second, readyAfter: ready},
					options: apply.Options{Parallelism: 1, Wait: time.Hour, Budgeted: budgeted},
				}
				bought := map[string]time.Time{}
				latest, started := time.Duration(0), time.Now()
				s.options.Sink = func(e apply.Event) {
					switch e := e.(type) {
					case apply.OrderFinished:
						bought[e.Name] = time.Now()
					case apply.PortSeen:
						if e.Status.Ready() {
							latest = max(latest, time.Since(bought[e.Name])-ready)
						}
					}
				}
				s.run(t, entries(names(30)...))
				if most := max(ready/10, 300*time.Millisecond); !budgeted && latest > most {
					t.Errorf("ready after %s: seen %s later, want at most %s", ready, latest, most)
				}
				minutes := time.Since(started).Minutes()
				if most := int(10*minutes/5) + 20; budgeted && s.account.listings > most {
					t.Errorf("ready after %s: %d looks in %.0f minutes, want at most %d", ready, s.account.listings, minutes, most)
				}
			})
		}
	}
}

// crowded lists slowly as long as orders are to come.
type crowded struct {
	*fakeAccount
	orders int
}

func (c crowded) Observe(ctx context.Context) (plan.Observed, error) {
	c.mu.Lock()
	waiting := len(c.fakeAccount.orders) > 0 && len(c.fakeAccount.orders) < c.orders
	c.mu.Unlock()
	if waiting {
		time.Sleep(2 * time.Second)
	}
	return c.fakeAccount.Observe(ctx)
}

// A listing that was slow beside orders says nothing of how often to look after them.
func TestLookSoonAfterTheLastOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := crowded{&fakeAccount{buyTakes: time.Second}, 10}
		book := ledger.New(storetest.NewMemory(), "api.test", ledger.Run{By: "test"})
		draft, _, err := refresh.ReadAndRecord(t.Context(), account, entries(names(10)...), refresh.Options{PerOrder: true, Ledger: book})
		if err != nil {
			t.Fatal(err)
		}
		var last time.Time
		options := apply.Options{Account: account, Ledger: book, Wait: time.Hour, Parallelism: 1, Sink: func(e apply.Event) {
			if _, ok := e.(apply.OrderFinished); ok {
				last = time.Now()
			}
		}}
		if r := apply.Run(t.Context(), draft, options); r.ExitCode != apply.ExitDone || time.Since(last) > 2*time.Second+300*time.Millisecond {
			t.Errorf("exit %d, %s after the last order", r.ExitCode, time.Since(last))
		}
	})
}
