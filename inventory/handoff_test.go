package inventory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/plan"
)

// A hand-off is merged key by key: the entry's over that of its site over the defaults',
// also for the ports of a rollout.
func TestHandoffIsMerged(t *testing.T) {
	inv, err := Parse(File{Name: "net.yaml", Content: []byte(`version: 1
name: net
defaults: {term: 12, handoff: {contact: default, cage: default, cabinet: default}}
sites: {ld5: {id: 90, netbox: lon-ld5, handoff: {cage: site, cabinet: site}}, ld8: LD8}
ports:
  - {name: all, site: ld5, speed: 10G, handoff: {cabinet: own, panel: own}}
  - {name: site-and-defaults, site: ld5, speed: 10G}
  - {name: defaults, site: ld8, speed: 10G}
  - {name: own-and-defaults, site: {id: 90}, speed: 10G, handoff: {cage: own}}
rollouts:
  - {name: "{site}-edge", sites: [ld5], speed: 10G, handoff: {panel: rollout}}
`)})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]plan.Handoff{}
	for _, p := range inv.Ports {
		got[p.Name] = *p.Handoff
	}
	want := map[string]plan.Handoff{
		"all":               {Contact: "default", Cage: "site", Cabinet: "own", Panel: "own"},
		"site-and-defaults": {Contact: "default", Cage: "site", Cabinet: "site"},
		"defaults":          {Contact: "default", Cage: "default", Cabinet: "default"},
		"own-and-defaults":  {Contact: "default", Cage: "own", Cabinet: "default"},
		"ld5-edge":          {Contact: "default", Cage: "site", Cabinet: "site", Panel: "rollout"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if inv.Ports[0].Site.NetBox != "lon-ld5" || inv.Ports[3].Site.NetBox != "" {
		t.Errorf("slugs %q and %q", inv.Ports[0].Site.NetBox, inv.Ports[3].Site.NetBox)
	}
}
