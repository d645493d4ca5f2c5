package inventory_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/plan"
)

// locations are what names of sites mean in the tests of pins.
func locations() map[string]plan.Location {
	return map[string]plan.Location{
		"LD5": {ID: 90, Name: "Equinix LD5"}, "Equinix SY1": {ID: 2, Name: "Equinix SY1"},
		"a: b # c": {ID: 7, Name: "Odd\nname: \"x\""},
	}
}

func TestPin(t *testing.T) {
	for _, tt := range []struct{ name, before, after string }{
		{"above the ports", `version: 1
name: net

# ours
ports:
  - {name: a, site: LD5, speed: 10G, term: 12} # one
  - {name: b, site: Equinix SY1, speed: 10G, term: 12}
  - {name: c, site: Elsewhere, speed: 10G, term: 12}
`, `version: 1
name: net

sites:
  LD5: {id: 90}  # Equinix LD5
  Equinix SY1: {id: 2}

# ours
ports:
  - {name: a, site: LD5, speed: 10G, term: 12} # one
  - {name: b, site: Equinix SY1, speed: 10G, term: 12}
  - {name: c, site: Elsewhere, speed: 10G, term: 12}
`},
		{"beside other short names, and in them", `version: 1
name: net
sites:
  lon: LD5 # docklands
  fra: {id: 131}
defaults: {term: 12}
rollouts:
  - {name: "r-{site}", sites: [lon, fra, "a: b # c"], speed: 10G}
`, `version: 1
name: net
sites:
  lon: {id: 90} # docklands
  fra: {id: 131}
  "a: b # c": {id: 7}  # Odd name: "x"
defaults: {term: 12}
rollouts:
  - {name: "r-{site}", sites: [lon, fra, "a: b # c"], speed: 10G}
`},
		{"in each document that uses it", `version: 1
name: net
sites: {x: {id: 1}}
ports: [{name: a, site: LD5, speed: 10G, term: 12}]
---
version: 1
ports:
- {name: b, site: LD5, speed: 10G, term: 12}
`, `version: 1
name: net
sites: {x: {id: 1}, LD5: {id: 90}}
ports: [{name: a, site: LD5, speed: 10G, term: 12}]
---
version: 1
sites:
  LD5: {id: 90}  # Equinix LD5

ports:
- {name: b, site: LD5, speed: 10G, term: 12}
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := inventory.File{Name: "net.yaml", Content: []byte(tt.before)}
			changed, err := inventory.Pin([]inventory.File{file}, locations())
			if err != nil || len(changed) != 1 {
				t.Fatalf("%d files change: %v", len(changed), err)
			}
			if diff := cmp.Diff(tt.after, string(changed[0].Content)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if again, err := inventory.Pin(changed, locations()); err != nil || len(again) > 0 {
				t.Errorf("a second time %d files change: %v", len(again), err)
			}
		})
	}
}

// Whatever an inventory is, ids are written without losing a comment or changing anything
// but the sites.
func TestPinKeepsTheRest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		file := inventory.File{Name: "net.yaml", Content: []byte(drawnInventory(rt))}
		before, err := inventory.Parse(file)
		if err != nil {
			rt.Skip("no inventory")
		}
		changed, err := inventory.Pin([]inventory.File{file}, locations())
		if err != nil {
			rt.Fatalf("%v\n%s", err, file.Content)
		}
		if len(changed) == 0 {
			return
		}
		after, err := inventory.Parse(changed...)
		if err != nil {
			rt.Fatal(err)
		}
		for i, p := range before.Ports {
			q := after.Ports[i]
			if l, known := locations()[p.Site.Name]; known && p.Site.ID == 0 && q.Site.ID != l.ID {
				rt.Errorf("%s is at %v, want %d", p.Name, q.Site, l.ID)
			}
		}
		for line := range strings.Lines(string(file.Content)) {
			if _, comment, found := strings.Cut(line, "# "); found && !strings.Contains(string(changed[0].Content), comment) {
				rt.Errorf("the comment %q is lost", comment)
			}
		}
	})
}

// drawnInventory is an inventory with comments, whose ports stand at named sites.
func drawnInventory(t *rapid.T) string {
	site := rapid.SampledFrom([]string{"LD5", "Equinix SY1", `"a: b # c"`, "lon", "Nowhere", "{id: 4}"})
	var b strings.Builder
	b.WriteString("version: 1\nname: net # the name\n")
	switch rapid.IntRange(0, 3).Draw(t, "sites") {
	case 1:
		b.WriteString("sites: {lon: LD5} # short\n")
	case 2:
		b.WriteString("sites: # short\n  # first\n  lon: Equinix SY1 # sydney\n\n  # last\n")
	case 3:
		b.WriteString("sites:\n    lon:\n      id: 5 # five\n")
	}
	b.WriteString("defaults: {term: 12}\n# above\nports: # all\n")
	for i := range rapid.IntRange(1, 4).Draw(t, "ports") {
		name := string(rune('a' + i))
		switch rapid.IntRange(0, 1).Draw(t, "style") {
		case 0:
			b.WriteString("  - {name: " + name + ", site: " + site.Draw(t, "site") + ", speed: 10G} # flow " + name + "\n")
		case 1:
			b.WriteString("  # over " + name + "\n  - name: " + name + "\n    site: " + site.Draw(t, "site") + " # site\n    speed: 10G\n")
		}
	}
	return b.String()
}
