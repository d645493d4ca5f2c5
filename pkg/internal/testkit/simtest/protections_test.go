package simtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// Each test here holds one protection by itself and fails without it, as
// `make simulate-without` shows. TestSimulation holds all of them together.

// protect plays one scene in virtual time. What the scene objects to is reported
// outside the bubble.
func protect(t *testing.T, c trial, scene func(ctx context.Context, w *world)) {
	t.Helper()
	bubble(t, func(ctx context.Context) {
		w, err := newWorld(c)
		if err != nil {
			t.Error(err)
			return
		}
		defer w.end()
		scene(ctx, w)
		for _, v := range w.violations {
			t.Error(v)
		}
	})
}

func onePort(k sandbox.Knobs) trial {
	return trial{Entries: []entry{{Site: 89, Speed: plan.Speed10G}}, World: k, Horizon: 10 * time.Minute, Parallelism: 2}
}

func buyFault(kind string) sandbox.Knobs {
	return sandbox.Knobs{Faults: []sandbox.Fault{{Route: "buy", Kind: kind, Times: 1}}}
}

// applies runs `portctl apply` once and returns the result, which there must be.
func (w *world) applies(ctx context.Context, locked bool) apply.Result {
	e := w.process(ctx, run{}).apply(w.file.desired(), locked)
	if e.result == nil {
		w.violated("apply: %v", e.err)
		return apply.Result{}
	}
	w.judge("apply", e)
	return *e.result
}

func (w *world) wantOrders(received, committed int) {
	r := w.server.Record()
	if r.Received != received || r.Committed != committed {
		w.violated("the API received %d orders and carried out %d, wanted were %d and %d", r.Received, r.Committed, received, committed)
	}
}

// The instant an order arrives its claim is in the ledger already.
func TestProtectionClaimBeforeOrder(t *testing.T) {
	protect(t, onePort(sandbox.Knobs{}), func(ctx context.Context, w *world) {
		w.store.Fail = func(op, key string) (bool, error) {
			if op == "create" && strings.HasSuffix(key, "/claim.json") {
				return false, errors.New("the disk is full")
			}
			return false, nil
		}
		r := w.applies(ctx, true)
		w.wantOrders(0, 0)
		if r.Summary.NotDone != 1 {
			w.violated("without a ledger: %+v", r.Summary)
		}
	})
}

// A process dies at each instant that there is, one after the other, and the
// listing shows nothing of it: once the order may be on its way, the claim keeps
// it from being sent again.
func TestProtectionClaimOutlivesTheProcess(t *testing.T) {
	doubts, existing := 0, 0
	for die, died := 1, true; died; die++ {
		c := onePort(sandbox.Knobs{ListingLag: time.Hour})
		c.Steps = []step{{Runs: []run{{Die: die}}}}
		protect(t, c, func(ctx context.Context, w *world) {
			died = w.process(ctx, run{Die: die}).apply(w.file.desired(), true).killed
			sent := w.server.Record().Received
			r := w.applies(ctx, true)
			if again := w.server.Record().Received - sent; sent > 0 && again > 0 {
				w.violated("killed at boundary %d, the order was sent again", die)
			}
			doubts += r.Summary.Unknown
			existing += r.Summary.Existing
		})
	}
	if doubts == 0 || existing == 0 {
		t.Errorf("no death left a doubt (%d) or a known order (%d)", doubts, existing)
	}
}

// Two runs read the same ledger and the same account; only one may claim.
func TestProtectionClaimNumber(t *testing.T) {
	protect(t, onePort(sandbox.Knobs{}), func(ctx context.Context, w *world) {
		slow, fast := w.process(ctx, run{}), w.process(ctx, run{})
		before, err := slow.book().Snapshot(ctx)
		if err != nil {
			w.violated("%v", err)
		}
		// Meanwhile the other run claims, buys and closes its claim again.
		fast.apply(w.file.desired(), false)
		order := plan.Order{Name: "port-0", Location: 89, Speed: plan.Speed10G, Term: 12}
		_, err = slow.book().Claim(ctx, before, ledger.Intent{Order: order})
		var taken *ledger.TakenError
		if !errors.As(err, &taken) {
			w.violated("the slower run has a claim of its own: %v", err)
		}
		w.wantOrders(1, 1)
	})
}

// An order without an answer is known by its tag when somebody renamed its
// service.
func TestProtectionOrderTag(t *testing.T) {
	k := buyFault("hang-after-commit")
	k.ListingLag = time.Hour
	protect(t, onePort(k), func(ctx context.Context, w *world) {
		if r := w.applies(ctx, true); r.ExitCode != apply.ExitUnknown {
			w.violated("exit %d before the order is listed", r.ExitCode)
		}
		account, err := w.process(ctx, run{}).account()
		if err == nil {
			uid := plan.ServiceUID(w.server.Record().Orders[0].UIDs[0])
			err = account.Update(ctx, uid, plan.FieldUpdate{Name: "port-0-renamed"})
		}
		if err != nil {
			w.violated("%v", err)
		}
		time.Sleep(2 * time.Hour)
		w.wantRecovered(ctx, "found by its order tag")
	})
}

// An order without an answer is known by its name when its tags are gone.
func TestProtectionNameLookUp(t *testing.T) {
	k := buyFault("hang-after-commit")
	k.ListingLag = time.Hour
	protect(t, onePort(k), func(ctx context.Context, w *world) {
		w.applies(ctx, true)
		account, err := w.process(ctx, run{}).account()
		if err == nil {
			err = account.SetTags(ctx, plan.ServiceUID(w.server.Record().Orders[0].UIDs[0]), map[string]string{})
		}
		if err != nil {
			w.violated("%v", err)
		}
		time.Sleep(2 * time.Hour)
		w.wantRecovered(ctx, "found by its name")
	})
}

func (w *world) wantRecovered(ctx context.Context, cause string) {
	e := w.process(ctx, run{}).apply(plan.Desired{Inventory: "trial"}, true)
	if e.result == nil || len(e.result.Recovered) != 1 || e.result.Recovered[0].Cause != cause {
		w.violated("recovered %+v, wanted was one %s", e, cause)
	}
	w.wantOrders(1, 1)
}

// No answer that leaves a doubt makes the order be sent again.
func TestProtectionNoRetry(t *testing.T) {
	for _, kind := range []string{
		"500", "500-after-commit", "502", "502-after-commit", "503-html", "504-after-commit", "408",
		"drop", "commit-then-drop", "hang", "hang-after-commit", "redirect", "backend-400", "backend-400-after-commit", "backend-500", "rollback",
		"empty-200-after-commit", "truncated-200-after-commit", "unreadable-200-after-commit", "html-200-after-commit", "no-uids-after-commit",
	} {
		t.Run(kind, func(t *testing.T) {
			protect(t, onePort(buyFault(kind)), func(ctx context.Context, w *world) {
				w.applies(ctx, true)
				if n := w.server.Record().Received; n != 1 {
					w.violated("the order was sent %d times", n)
				}
			})
		})
	}
}

// A listing with a port that cannot be decoded may be hiding ours, so nothing is
// bought on its word.
func TestProtectionStrictListing(t *testing.T) {
	k := sandbox.Knobs{Faults: []sandbox.Fault{{Route: "products", Kind: "undecodable-item"}}}
	protect(t, onePort(k), func(ctx context.Context, w *world) {
		e := w.process(ctx, run{}).apply(w.file.desired(), true)
		if e.err == nil || !strings.Contains(e.err.Error(), "product number 1") {
			w.violated("a listing that cannot be decoded passes: %+v, %v", e.result, e.err)
		}
		w.wantOrders(0, 0)
	})
}

// The second of two runs does not even begin.
func TestProtectionLock(t *testing.T) {
	protect(t, onePort(sandbox.Knobs{Latency: time.Second}), func(ctx context.Context, w *world) {
		first, begins := make(chan end, 1), w.process(ctx, run{})
		go func() { first <- begins.apply(w.file.desired(), true) }()
		time.Sleep(500 * time.Millisecond)
		second := w.process(ctx, run{}).apply(w.file.desired(), true)
		var locked *ledger.LockedError
		if !errors.As(second.err, &locked) || locked.Holder.Run == "" {
			w.violated("two runs at once: %v", second.err)
		}
		if e := <-first; e.result == nil || e.result.Summary.Bought != 1 {
			w.violated("the first run: %+v", e)
		}
		w.wantOrders(1, 1)
	})
}

// An order that was carried out is not sent again because the API said that it was
// turned away, not even when the account shows it somewhere else for a while.
func TestProtectionTurnedAwayHidden(t *testing.T) {
	turnedAwayHidden(t, traits{SiteLate: true, Unsettled: 4 * time.Minute}, apply.Existing)
}

// Nor when it also has another name there, and a date that is older than the order: what
// was not listed before the order is new, whatever clocks say.
func TestProtectionTurnedAwayHiddenByTheClock(t *testing.T) {
	turnedAwayHidden(t, traits{SiteLate: true, Unsettled: 4 * time.Minute, Names: "amp", Clock: -48 * time.Hour}, apply.NotSent) // held back until a person says which name holds
}

func turnedAwayHidden(t *testing.T, as traits, later apply.Outcome) {
	t.Helper()
	c := onePort(sandbox.Knobs{})
	c.Lies, c.Traits = []lie{{"401-after", 1, 1}}, as
	protect(t, c, func(ctx context.Context, w *world) {
		w.applies(ctx, true)
		w.wantOrders(1, 1)
		time.Sleep(10 * time.Minute)
		if r := w.applies(ctx, true); r.Actions[0].Outcome != later {
			w.violated("when the account shows it, its outcome is %s, not %s", r.Actions[0].Outcome, later)
		}
		w.wantOrders(1, 1)
	})
}

// A gateway's page is no list of approvals: what may be waiting there is not called
// not created.
func TestProtectionApprovalsUnknown(t *testing.T) {
	c := onePort(sandbox.Knobs{Approvals: true})
	c.Traits.Approvals = "flapping"
	protect(t, c, func(ctx context.Context, w *world) {
		w.liar.inner = flipped{flip{answer: approvalsAnswer(404, "text/html", gatewayPage)}, w.server.Transport()}
		w.liar.traits.Approvals = ""
		w.applies(ctx, true)
		time.Sleep(time.Hour)
		say := refresh.Resolution{All: true, NotCreated: true, LookupTimeout: apply.DefaultLookupTimeout}
		settled, err := w.process(ctx, run{}).resolve(say)
		var refused *refresh.ResolveError
		if len(settled) > 0 || !errors.As(err, &refused) {
			w.violated("resolved as %+v: %v", settled, err)
		}
		say.ApprovalsChecked = true
		if settled, err = w.process(ctx, run{}).resolve(say); len(settled) != 1 || err != nil {
			w.violated("a person who looked is not believed: %+v, %v", settled, err)
		}
	})
}

// A UID is the same in whatever case the API writes it.
func TestProtectionCaseOfUIDs(t *testing.T) {
	c := onePort(sandbox.Knobs{ListingLag: time.Minute})
	c.Lies = []lie{{"upper-uids", 1, 1}}
	protect(t, c, func(ctx context.Context, w *world) {
		w.applies(ctx, true)
		time.Sleep(10 * time.Minute)
		if r := w.applies(ctx, true); r.Summary.Existing != 1 || r.Summary.Doubled > 0 {
			w.violated("%+v", r.Summary)
		}
		w.wantOrders(1, 1)
		if open := w.openClaims(ctx); len(open) > 0 {
			w.violated("its claim is open: %+v", open)
		}
	})
}

// A growth of which the API made another LAG is not taken for a growth.
func TestProtectionGrowthIsNoOtherLAG(t *testing.T) {
	c := onePort(sandbox.Knobs{})
	c.Entries[0].LAG, c.Lies = 2, []lie{{"new-lag", 2, 1}}
	protect(t, c, func(ctx context.Context, w *world) {
		w.applies(ctx, true)
		w.file.edit(edit{Entry: 0, What: "grow"})
		if r := w.applies(ctx, true); r.ExitCode == apply.ExitDone {
			w.violated("the growth is called done: %+v", r.Summary)
		}
		if open := w.openClaims(ctx); len(open) != 1 {
			w.violated("its claim is closed")
		}
		w.applies(ctx, true)
		w.wantOrders(2, 2)
	})
}
