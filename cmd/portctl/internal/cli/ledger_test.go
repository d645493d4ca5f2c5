package cli

import (
	"testing"
	"time"

	"github.com/portctl/portctl/pkg/apply"
)

// What counts on a service not being there waits as long as one may take to show,
// outside of a sandbox.
func TestTimeoutOfResolve(t *testing.T) {
	for name, c := range map[string]struct {
		word    apply.Resolution
		timeout time.Duration
		refused bool
	}{
		"not created":          {apply.Resolution{NotCreated: true}, time.Second, true},
		"in part":              {apply.Resolution{Partial: true}, time.Second, true},
		"services as they are": {apply.Resolution{AsIs: true}, time.Second, true},
		"services":             {apply.Resolution{}, time.Second, false},
		"ordered again":        {apply.Resolution{Again: true}, time.Second, false},
		"not created, in time": {apply.Resolution{NotCreated: true}, apply.DefaultLookupTimeout, false},
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
