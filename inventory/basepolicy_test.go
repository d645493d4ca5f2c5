package inventory

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/plan"
)

// The policy is read out of files in which other things are broken, and out of none.
func TestLoadPolicy(t *testing.T) {
	limited := plan.Policy{MaxBuy: 7, Sites: []plan.Site{{ID: 90, Written: "ld5"}}}
	for name, c := range map[string]struct {
		content string
		want    plan.Policy
		bad     bool
	}{
		"whole":                  {"version: 1\nname: net\nsites: {ld5: {id: 90}}\npolicy: {maxBuy: 7, sites: [ld5]}\nports: []\n", limited, false},
		"an entry is broken":     {"version: 1\nname: net\nsites: {ld5: {id: 90}}\npolicy: {maxBuy: 7, sites: [ld5]}\nports: [{name: a, speed: 7G}]\n", limited, false},
		"keys are not known":     {"version: 1\nports: [7]\nwhat: is this\npolicy: {maxBuy: 7, sites: [ld5]}\nsites: {ld5: {id: 90}}\n", limited, true},
		"none":                   {"version: 1\nname: net\nports: broken\n", plan.Policy{}, false},
		"the policy is broken":   {"version: 1\nname: net\npolicy: {maxBuy: -7}\nports: []\n", plan.Policy{}, true},
		"the file is no YAML":    {"version: [1\n", plan.Policy{}, true},
		"the file is no mapping": {"- 7\n", plan.Policy{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "net.yaml")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, found, err := LoadPolicy([]string{path})
			if (err != nil) != c.bad || !found {
				t.Fatalf("found %v, error %v", found, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" && !c.bad {
				t.Error(diff)
			}
		})
	}
	if _, found, err := LoadPolicy([]string{filepath.Join(t.TempDir(), "gone.yaml")}); found || err != nil {
		t.Errorf("a missing file: found %v, error %v", found, err)
	}
}
