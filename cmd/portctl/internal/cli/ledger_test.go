package cli

import (
	"testing"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/refresh"
)

// What counts on a service not being there waits as long as one may take to show,
// outside of a sandbox.
func TestTimeoutOfResolve(t *testing.T) {
	for name, c := range map[string]struct {
		word    refresh.Resolution
		timeout time.Duration
		refused bool
	}{
		"not created":          {refresh.Resolution{NotCreated: true}, time.Second, true},
		"in part":              {refresh.Resolution{Partial: true}, time.Second, true},
		"services as they are": {refresh.Resolution{AsIs: true}, time.Second, true},
		"services":             {refresh.Resolution{}, time.Second, false},
		"ordered again":        {refresh.Resolution{Again: true}, time.Second, false},
		"not created, in time": {refresh.Resolution{NotCreated: true}, apply.DefaultLookupTimeout, false},
	} {
		o := resolveOptions{globals: &globals{lookupTimeout: c.timeout}, Resolution: c.word}
		if err := o.checkTimeout(productionName); (err != nil) != c.refused {
			t.Errorf("%s: %v", name, err)
		}
		if err := o.checkTimeout(sandboxName); err != nil {
			t.Errorf("%s, in a sandbox: %v", name, err)
		}
	}
}
