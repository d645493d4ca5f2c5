package apply_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portctl/portctl/pkg/apply"
)

// Orders that were turned away wait for a look at the account. That is no order
// without an answer: it does not keep others from being sent.
func TestOrdersTurnedAwayTogetherBrakeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var names []string
		turned := map[string]apply.Outcome{}
		for i := range 60 {
			names = append(names, fmt.Sprintf("port-%d", i))
			if i < 40 {
				turned[names[i]] = apply.NotProcessed
			}
		}
		s := &scenario{account: &fakeAccount{outcome: turned, once: true}, options: apply.Options{Wait: time.Minute, Parallelism: 16, MaxUnconfirmed: 10}}
		r := s.run(t, entries(names...))
		if r.ExitCode != apply.ExitDone || r.Summary.Bought != len(names) {
			t.Errorf("exit %d, %+v", r.ExitCode, r.Summary)
		}
	})
}
