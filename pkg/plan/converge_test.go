package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/plan"
)

// account is a small Megaport account in which plans are carried out to the
// letter.
type account struct {
	services []plan.Service
	tags     map[plan.ServiceUID]map[string]string
	ours     map[plan.ServiceUID]bool // what plans ordered
	first    int                      // the UIDs of what plans order are ones that no entry names
}

func accountUID(n int) plan.ServiceUID {
	return plan.ServiceUID(fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n))
}

// add puts a service into the account.
func (a *account) add(s plan.Service, tags map[string]string) {
	s.UID = accountUID(a.first + len(a.services) + 1)
	s.CreatedAt = time.Unix(int64(1000+len(a.services)), 0)
	a.services = append(a.services, s)
	a.tags[s.UID] = tags
}

// drawAccount is what earlier times left: ports and LAGs in all states, some of
// them under one name, some tagged as this inventory's.
func drawAccount(t *rapid.T) *account {
	a := &account{tags: map[plan.ServiceUID]map[string]string{}, ours: map[plan.ServiceUID]bool{}}
	statuses := rapid.SampledFrom([]plan.Status{"LIVE", "LIVE", "LIVE", "CONFIGURED", "DEPLOYABLE", "FAILED", "DECOMMISSIONED", "CANCELLED", "DECOMMISSIONING"})
	for range rapid.IntRange(0, 4).Draw(t, "services") {
		s := plan.Service{
			Name: rapid.SampledFrom([]string{"a", "B", "c", "d"}).Draw(t, "name"), Speed: plan.Speed10G, Term: 12,
			Location: rapid.SampledFrom([]plan.LocationID{1, 1, 1, 2}).Draw(t, "location"),
			Status:   statuses.Draw(t, "status"), Locked: rapid.IntRange(0, 7).Draw(t, "locked") == 0,
		}
		members := 1
		if rapid.IntRange(0, 2).Draw(t, "lag") == 0 {
			members, s.AggregationID = rapid.IntRange(1, 3).Draw(t, "members"), 100+len(a.services)
		}
		for m := range members {
			s.LAGPrimary = s.AggregationID != 0 && m == 0
			if m > 0 && rapid.IntRange(0, 3).Draw(t, "member differs") == 0 {
				s.Status = statuses.Draw(t, "member status")
			}
			tags := map[string]string{}
			if rapid.Bool().Draw(t, "tagged") {
				tags[plan.TagInventory] = "net"
			}
			a.add(s, tags)
		}
	}
	return a
}

// drawInventory draws entries that mean these services in every way that the
// language has; nil when the draw is not a valid inventory.
func drawInventory(t *rapid.T, services int) (*inventory.Inventory, string) {
	var b strings.Builder
	b.WriteString("version: 1\nname: net\ndefaults: {term: 12}\nports:\n")
	maybe := func(label string, one int, text string) {
		if rapid.IntRange(1, one).Draw(t, label) == 1 {
			b.WriteString(text)
		}
	}
	uid := func(label string) string { return string(accountUID(rapid.IntRange(1, services+1).Draw(t, label))) }
	name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
	for range rapid.IntRange(1, 3).Draw(t, "entries") {
		fmt.Fprintf(&b, "  - {name: %s, site: {id: 1}, speed: 10G", name.Draw(t, "entry"))
		maybe("with lag", 3, fmt.Sprintf(", lag: %d", rapid.IntRange(1, 3).Draw(t, "of")))
		maybe("with uid", 4, ", uid: "+uid("uid"))
		maybe("with replaces", 3, ", replaces: "+uid("replaces"))
		maybe("with formerly", 4, ", formerly: "+name.Draw(t, "formerly"))
		maybe("absent", 4, ", state: absent")
		maybe("locked", 6, ", locked: true")
		maybe("takeover", 6, ", takeover: true")
		b.WriteString("}\n")
	}
	inv, err := inventory.Parse(inventory.File{Name: "net.yaml", Content: []byte(b.String())})
	if err != nil {
		return nil, b.String()
	}
	return inv, b.String()
}

// order makes the services of an order.
func (a *account) order(action plan.Action) {
	o := *action.Order
	aggregation := o.AggregationID
	if o.LAGPorts > 0 && aggregation == 0 {
		aggregation = 5000 + len(a.services)
	}
	for m := range o.Members() {
		a.add(plan.Service{
			Name: o.Name, Status: "LIVE", Location: o.Location, Speed: o.Speed, Term: o.Term,
			AggregationID: aggregation, LAGPrimary: action.Kind == plan.Buy && aggregation != 0 && m == 0,
		}, map[string]string{plan.TagInventory: "net"})
		a.ours[a.services[len(a.services)-1].UID] = true
	}
}

// change applies an action to the members of its service.
func (a *account) change(t *rapid.T, action plan.Action) {
	if action.Service == nil || action.Kind != plan.Cancel && action.Kind != plan.Update && action.Kind != plan.Grow {
		return
	}
	for i := range a.services {
		s := &a.services[i]
		if !slices.Contains(action.Service.Members, s.UID) {
			continue
		}
		if action.Kind == plan.Cancel {
			if a.ours[s.UID] {
				t.Fatalf("%s, which a plan ordered, is cancelled", s.UID)
			}
			s.Status = "DECOMMISSIONED"
		}
		for _, c := range action.Changes {
			switch c.Field {
			case "name":
				s.Name = c.To
			case "locked":
				s.Locked = c.To == "true"
			}
		}
	}
}

// TestPlansConverge proves for any account and inventory that carrying a plan
// out and planning again comes to an end within a few rounds, and that on the
// way no name is bought twice and nothing is cancelled that was just ordered.
func TestPlansConverge(t *testing.T) {
	catalog := plan.NewCatalog(testCatalog())
	changed := 0
	rapid.Check(t, func(t *rapid.T) {
		a := drawAccount(t)
		inv, text := drawInventory(t, len(a.services))
		if inv == nil {
			return
		}
		a.first = 1000
		bought := map[string]bool{}
		for round := 1; ; round++ {
			p := plan.Build(inv.Desired(), plan.Observed{Services: slices.Clone(a.services), Tags: a.tags}, catalog)
			changes := 0
			for _, action := range p.Actions {
				if action.Kind.Changes() {
					changes++
				}
				if action.Kind == plan.Buy {
					if bought[plan.FoldName(action.Name)] {
						t.Fatalf("%q is bought twice\n%s", action.Name, text)
					}
					bought[plan.FoldName(action.Name)] = true
				}
			}
			for _, action := range p.Actions {
				if action.Kind == plan.Buy || action.Kind == plan.Grow {
					a.order(action)
				}
				a.change(t, action)
			}
			changed += changes
			if changes == 0 {
				return
			}
			if round == 5 {
				t.Fatalf("the plans come to no end\n%s", text)
			}
		}
	})
	if changed == 0 {
		t.Error("no plan changed anything")
	}
}
