package simtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// What the simulation found, each by itself.

// An unconfirmed order that waits for an approval, or has been approved and is not
// listed yet, is not "not created" because somebody says so: it would be bought a
// second time.
func TestNotCreatedDoesNotOverruleAnApproval(t *testing.T) {
	for _, decision := range []string{"", "approve"} {
		t.Run("decision="+decision, func(t *testing.T) {
			c := onePort(sandbox.Knobs{Approvals: true, ListingLag: 3 * time.Hour})
			c.Steps = []step{{Runs: []run{{Die: 1}}}}
			// The ledger is gone after the claim, so that nobody notes the approval.
			c.Ledger = []ledgerFault{{Op: "create", Nth: 3, Times: 100}}
			protect(t, c, func(ctx context.Context, w *world) {
				w.process(ctx, run{}).apply(w.file.desired(), true)
				w.failing.Store(false)
				time.Sleep(time.Hour)
				w.decide(ctx, decision)
				settled, err := w.process(ctx, run{}).resolve(refresh.Resolution{All: true, NotCreated: true, LookupTimeout: time.Minute})
				var no *refresh.ResolveError
				if len(settled) != 0 || !errors.As(err, &no) {
					w.violated("resolved as %+v: %v", settled, err)
				}
				w.applies(ctx, true)
				w.wantReceived(1)
			})
		})
	}
}

func (w *world) wantReceived(n int) {
	if got := w.server.Record().Received; got != n {
		w.violated("the API received %d orders, wanted were %d", got, n)
	}
}

// One order that cannot be called not created does not keep the others from it.
func TestResolveAllGoesOn(t *testing.T) {
	c := onePort(sandbox.Knobs{Faults: []sandbox.Fault{{Route: "buy", Kind: "hang"}}})
	c.Entries = append(c.Entries, c.Entries[0])
	c.Parallelism, c.Horizon = 1, time.Minute
	protect(t, c, func(ctx context.Context, w *world) {
		w.file.edit(edit{Entry: 0, What: "remove"})
		w.process(ctx, run{}).apply(w.file.desired(), true)
		w.file.edit(edit{Entry: 0, What: "restore"})
		w.file.lines[0].site = 2 // where nothing is unconfirmed
		w.process(ctx, run{}).apply(w.file.desired(), true)
		settled, err := w.process(ctx, run{}).resolve(refresh.Resolution{All: true, NotCreated: true, LookupTimeout: 5 * time.Minute}) // only the second is as old
		var young *refresh.ResolveError
		if len(settled) != 1 || !errors.As(err, &young) {
			w.violated("settled %+v: %v", settled, err)
		}
	})
}

// An entry that is renamed while its order is open, known to be bought or waiting
// for an approval, is held back as it is while the order is unconfirmed.
func TestRenamedWhileTheOrderIsOpen(t *testing.T) {
	for name, k := range map[string]sandbox.Knobs{
		"bought and not to be read yet": {NotFoundAfterBuy: time.Hour},
		"waiting for an approval":       {Approvals: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := onePort(k)
			c.Steps = []step{{Runs: []run{{Die: 1}}}}
			protect(t, c, func(ctx context.Context, w *world) {
				w.applies(ctx, true)
				w.file.edit(edit{Entry: 0, What: "rename"})
				r := w.applies(ctx, true)
				w.wantReceived(1)
				if r.Summary.Unknown != 1 {
					w.violated("the renamed entry is not held back: %+v", r.Summary)
				}
			})
		})
	}
}

// The tags of a service are read once, however many orders are unconfirmed at its
// place.
func TestLookUpsShareTheTagsTheyRead(t *testing.T) {
	c := tenPorts(sandbox.Knobs{Faults: []sandbox.Fault{{Route: "buy", Kind: "hang", Nth: 7, Times: 4}}})
	c.Parallelism, c.Horizon = 4, time.Minute
	protect(t, c, func(ctx context.Context, w *world) {
		w.applies(ctx, true)
		before := w.server.Record().Routes["GET /v2/product/{uid}/tags"].Count
		p := w.process(ctx, run{})
		draft, err := p.draft(w.file.desired())
		p.die()
		if doubts := draft.Plan.Summary.Unknown; err != nil || doubts != 4 {
			w.violated("%d doubts: %v", doubts, err)
		}
		if reads := w.server.Record().Routes["GET /v2/product/{uid}/tags"].Count - before; reads != 6 {
			w.violated("the tags of 6 services were read %d times", reads)
		}
	})
}

// A service that can be read proves an order, whatever a person says.
func TestNotCreatedDoesNotOverruleAService(t *testing.T) {
	c := onePort(sandbox.Knobs{ListingLag: 2 * time.Hour})
	c.Steps = []step{{Runs: []run{{Die: 1}}}}
	protect(t, c, func(ctx context.Context, w *world) {
		w.applies(ctx, true)
		time.Sleep(time.Hour)
		p := w.process(ctx, run{})
		account, err := p.account()
		if err != nil {
			w.violated("%v", err)
			return
		}
		_, err = refresh.Resolve(ctx, account, p.book(), w.file.desired(), refresh.Resolution{Names: []string{"port-0"}, NotCreated: true})
		var refused *refresh.ResolveError
		if !errors.As(err, &refused) {
			w.violated("a service that can be read is called not created: %v", err)
		}
		if r := w.applies(ctx, true); r.Summary.Existing != 1 {
			w.violated("%+v", r.Summary)
		}
		w.wantOrders(1, 1)
	})
}

// Tags that cannot be read are not "no tags": the service may be the entry's under the
// name that it had, and is not bought a second time.
func TestUnreadableTagsAreNotNoTags(t *testing.T) {
	for _, kind := range []string{"404", "500", "503-html", "drop"} {
		t.Run(kind, func(t *testing.T) {
			c := onePort(sandbox.Knobs{})
			protect(t, c, func(ctx context.Context, w *world) {
				w.applies(ctx, true)
				w.file.edit(edit{Entry: 0, What: "rename"})
				k := w.server.Knobs()
				k.Faults = []sandbox.Fault{{Route: "tags", Kind: kind, Times: 1000}}
				if err := w.server.SetKnobs(k); err != nil {
					w.violated("%v", err)
				}
				w.process(ctx, run{}).apply(w.file.desired(), true)
				w.wantReceived(1)
			})
		})
	}
}

// Of a LAG one member was cancelled so long ago that the account has forgotten it, and
// another one lately. An entry that says what it replaces is told one service in the end,
// not the one after the other for ever. Which one comes last hangs on their UIDs.
func TestReplacesComesToAnEnd(t *testing.T) {
	for range 8 {
		c := onePort(sandbox.Knobs{
			Latency: 700 * time.Millisecond, NotFoundAfterBuy: 50 * time.Second, HistoricNotFound: true,
			Faults: []sandbox.Fault{{Route: "buy", Kind: "hang-after-commit", Nth: 1, Times: 3}},
		})
		c.Entries[0].LAG, c.Parallelism = 3, 3
		c.Traits = traits{UpperUIDs: true, Clock: 48 * time.Hour, Unsettled: 4 * time.Minute}
		c.Steps = []step{
			{Pause: 11 * time.Minute, Runs: []run{{}}},
			{Pause: 3 * time.Second, Edits: []edit{{What: "remove"}, {What: "portal-cancel"}}, Resolve: true, Locked: true, Runs: []run{{}}},
			{Pause: 31 * 24 * time.Hour, Edits: []edit{{What: "portal-cancel"}}, Runs: []run{{After: 50 * time.Millisecond}}},
		}
		if _, violation := play(t, c); violation != "" {
			t.Fatal(violation)
		}
	}
}
