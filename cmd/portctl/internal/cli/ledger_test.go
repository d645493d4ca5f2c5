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
		refused bool
	}{
		"not created":          {apply.Resolution{NotCreated: true}, true},
		"in part":              {apply.Resolution{Partial: true}, true},
		"services as they are": {apply.Resolution{AsIs: true}, true},
		"services":             {apply.Resolution{}, false},
		"ordered again":        {apply.Resolution{Again: true}, false},
		"not created, in time": {apply.Resolution{NotCreated: true, LookupTimeout: apply.DefaultLookupTimeout}, false},
	} {
		if c.word.LookupTimeout == 0 {
			c.word.LookupTimeout = time.Second
		}
		o := resolveOptions{Resolution: c.word}
		if err := o.checkTimeout(productionName); (err != nil) != c.refused {
			t.Errorf("%s: %v", name, err)
		}
		if err := o.checkTimeout(sandboxName); err != nil {
			t.Errorf("%s, in a sandbox: %v", name, err)
		}
	}
}
