package apply_test

import (
	"context"
	"fmt"
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

// answered is an error answer of the API, or of something before it.
type answered struct {
	status int
	page   bool
}

func (e answered) Error() string   { return fmt.Sprintf("HTTP %d", e.status) }
func (e answered) HTTPStatus() int { return e.status }
func (e answered) Trace() string   { return "t-1" }
func (e answered) Envelope() bool  { return !e.page }

// An LOA that is refused for good costs one run its exit code, and no run its time.
func TestRefusedLOAIsNotWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		first time.Duration // how long the first run takes, about
		later time.Duration // how long after it the second one comes
		again bool          // the second run asks once more
		exit  int           // of the second
		third int           // exit of a third, right after it
	}{
		"403":                      {answered{status: 403}, time.Minute, time.Minute, false, apply.ExitDone, apply.ExitDone},
		"404 within the hour":      {answered{status: 404}, 30 * time.Minute, time.Minute, true, apply.ExitNotReady, apply.ExitNotReady},
		"404 after an hour":        {answered{status: 404}, 30 * time.Minute, time.Hour, true, apply.ExitNotReady, apply.ExitDone},
		"a gateway's 403 page":     {answered{403, true}, 30 * time.Minute, time.Hour, true, apply.ExitNotReady, apply.ExitNotReady},
		"a failure of the service": {answered{status: 500}, 30 * time.Minute, time.Hour, true, apply.ExitNotReady, apply.ExitNotReady},
	} {
		t.Run(name, func(t *testing.T) {
			letters := folder(t)
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{account: &fakeAccount{}, options: apply.Options{LOAs: letters, Wait: 30 * time.Minute}}
				s.account.loa = func(plan.ServiceUID, int) ([]byte, error) { return nil, c.err }
				r := s.run(t, entries("a"))
				if r.ExitCode != apply.ExitNotReady || r.Summary.LOAsMissing != 1 || s.took > c.first+time.Minute || s.took < c.first-time.Minute {
					t.Errorf("first run: exit %d after %s, summary %+v", r.ExitCode, s.took, r.Summary)
				}
				uid := r.Actions[0].UIDs[0]
				time.Sleep(c.later)
				calls := s.account.loaCalls[uid]
				r = s.run(t, entries("a"))
				if asked := s.account.loaCalls[uid] > calls; r.ExitCode != c.exit || asked != c.again {
					t.Errorf("second run: exit %d, asked %t, letters %+v", r.ExitCode, asked, r.Actions[0].LOAs)
				}
				r = s.run(t, entries("a"))
				if r.ExitCode != c.third {
					t.Errorf("third run: exit %d, letters %+v", r.ExitCode, r.Actions[0].LOAs)
				}
				if c.third == apply.ExitDone && (r.Summary.LOAsRefused != 1 || s.took > time.Second) {
					t.Errorf("third run: summary %+v after %s", r.Summary, s.took)
				}
			})
		})
	}
}

// A refresh asks again for what was refused, and then it is there for all.
func TestRefreshAsksAgainForRefusedLOAs(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{}, options: apply.Options{LOAs: letters, Wait: time.Minute}}
		s.account.loa = func(plan.ServiceUID, int) ([]byte, error) { return nil, answered{status: 403} }
		s.run(t, entries("a"))
		s.account.loa = nil
		survey := surveyed(t, s, entries("a"))
		without := apply.FetchLOAs(t.Context(), s.account, survey, apply.LOAOptions{LOAs: letters})
		if len(without) != 1 || !without[0].Final || !without[0].Known || without[0].File != "" {
			t.Errorf("without --refresh: %+v", without)
		}
		with := apply.FetchLOAs(t.Context(), s.account, survey, apply.LOAOptions{LOAs: letters, Refresh: true})
		if len(with) != 1 || with[0].File == "" {
			t.Errorf("with --refresh: %+v", with)
		}
		if refused := letters.Refusals(); len(refused) != 0 {
			t.Errorf("still refused: %+v", refused)
		}
	})
}

// slowLOAs is an account whose downloads hang.
type slowLOAs struct{ *fakeAccount }

func (s slowLOAs) LOA(ctx context.Context, _ plan.ServiceUID) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A download that does not end ends with the waiting time; one that is asked for
// after it has a few seconds.
func TestSlowDownloadEndsWithTheWait(t *testing.T) {
	for _, wait := range []time.Duration{0, 20 * time.Minute} {
		letters := folder(t)
		synctest.Test(t, func(t *testing.T) {
			account := slowLOAs{&fakeAccount{}}
			(&scenario{account: account.fakeAccount}).run(t, entries("a"))
			book := ledger.New(storetest.NewMemory(), "api.test", ledger.Run{By: "test"})
			draft, _, err := refresh.ReadAndRecord(t.Context(), account, entries("a"), refresh.Options{PerOrder: true, Ledger: book})
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			r := apply.Run(t.Context(), draft, apply.Options{Account: account, Ledger: book, LOAs: letters, Wait: wait})
			if took := time.Since(begun); took > wait+15*time.Second || r.Summary.LOAsMissing != 1 {
				t.Errorf("--wait %s: took %s, summary %+v", wait, took, r.Summary)
			}
		})
	}
}

// A port that was FAILED before the run is told and counted, and neither waited for
// nor a failure of every run; one that fails during the run is.
func TestFailedPortIsOneRunsFailure(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{account: &fakeAccount{stuck: map[string]apply.Outcome{"a": apply.Bought}}, options: apply.Options{LOAs: letters, Wait: time.Hour}}
		time.AfterFunc(time.Minute, func() {
			s.account.mu.Lock()
			defer s.account.mu.Unlock()
			s.account.services[0].Status = plan.StatusFailed
		})
		r := s.run(t, entries("a"))
		if r.ExitCode != apply.ExitNotReady || r.Summary.NotReady != 1 || r.Summary.Broken != 0 {
			t.Errorf("exit %d, summary %+v", r.ExitCode, r.Summary)
		}
		r = s.run(t, entries("a"))
		if diff := gocmp.Diff(apply.ResultSummary{Existing: 1, Broken: 1}, r.Summary); diff != "" || r.ExitCode != apply.ExitDone || s.took > time.Second {
			t.Errorf("exit %d after %s, summary (-want +got):\n%s", r.ExitCode, s.took, diff)
		}
	})
}

// A key that is revoked while the run waits is the reason in the result.
func TestLostSightIsTheReasonOfWhatIsNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := &revoked{fakeAccount: &fakeAccount{stuck: map[string]apply.Outcome{"a": apply.Bought}}, after: 3}
		book := ledger.New(storetest.NewMemory(), "api.test", ledger.Run{By: "test"})
		draft, _, err := refresh.ReadAndRecord(t.Context(), account, entries("a"), refresh.Options{PerOrder: true, Ledger: book})
		if err != nil {
			t.Fatal(err)
		}
		r := apply.Run(t.Context(), draft, apply.Options{Account: account, Ledger: book, Wait: 10 * time.Minute})
		p := r.Actions[0].Ports[0]
		if r.ExitCode != apply.ExitNotReady || p.Status != plan.StatusDeployable || p.Error == nil || p.Error.Status != 403 || p.Error.TraceID != "t-1" {
			t.Errorf("exit %d, port %+v", r.ExitCode, p)
		}
	})
}

type revoked struct {
	*fakeAccount
	after int
}

func (r *revoked) Observe(ctx context.Context) (plan.Observed, error) {
	if r.after--; r.after < 0 {
		return plan.Observed{}, answered{status: 403}
	}
	return r.fakeAccount.Observe(ctx)
}
