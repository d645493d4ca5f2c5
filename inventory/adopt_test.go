package inventory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/plan"
)

// places are the locations of the tests of imports. Two share a code.
func places() plan.Catalog {
	zones := map[plan.Zone][]plan.Speed{plan.Red: {plan.Speed10G}, plan.Blue: {plan.Speed10G, plan.Speed100G}}
	at := func(id plan.LocationID, name, status string) plan.Location {
		return plan.Location{ID: id, Name: name, Metro: "M", Market: "UK", Status: status, Zones: zones, Speeds: []plan.Speed{plan.Speed10G, plan.Speed100G}}
	}
	return plan.NewCatalog([]plan.Location{
		at(59, "Equinix LA1", plan.LocationActive), at(60, "CoreSite LA1", plan.LocationActive), at(90, "Equinix LD5", plan.LocationActive),
		at(256, "Telehouse North", "Restricted"), at(7, "Odd\nname # \"x\": {y}", plan.LocationActive),
	})
}

// adopt makes an inventory of an account, and gives the plan of it.
func adopt(t interface{ Fatal(...any) }, o plan.Observed, declare ...string) (inventory.Adopted, plan.Plan) {
	judge := func(d plan.Desired) plan.Plan { return plan.Build(d, o, places()) }
	got, err := inventory.Adopt(inventory.Adoption{
		Name: "net", Environment: "production", Declare: declare, Holdings: plan.Holdings(o), Catalog: places(), Judge: judge,
	})
	if err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.Parse(inventory.File{Name: "net.yaml", Content: got.Content})
	if err != nil {
		t.Fatal(fmt.Sprintf("%v\n%s", err, got.Content))
	}
	return got, judge(inv.Desired())
}

func TestAdopt(t *testing.T) {
	end := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	port := func(n int, name string, change func(*plan.Service)) plan.Service {
		s := plan.Service{
			UID: plan.ServiceUID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", n)), Name: name, Status: plan.StatusLive, Location: 90,
			Speed: plan.Speed10G, Zone: plan.Red, Term: 12, CostCentre: "NET",
		}
		if change != nil {
			change(&s)
		}
		return s
	}
	lag := func(primary bool) func(*plan.Service) {
		return func(s *plan.Service) { s.AggregationID, s.LAGPrimary, s.Location = 3, primary, 59 }
	}
	got, p := adopt(t, plan.Observed{Services: []plan.Service{
		port(1, "lon-1", func(s *plan.Service) { s.ContractEnd = end }),
		port(2, "lon-2", func(s *plan.Service) { s.Zone, s.CostCentre, s.Locked = plan.Blue, "", true }),
		port(3, "lag", lag(true)), port(4, "lag", lag(false)),
		port(5, "dup", nil), port(6, "DUP", nil),
		port(7, "la", func(s *plan.Service) { s.Location, s.Term, s.MarketplaceVisibility = 60, 1, true }),
		port(8, " ", nil), port(9, "yes # no: {", func(s *plan.Service) { s.Location = 4711 }),
		port(10, "gone", func(s *plan.Service) { s.Status = plan.StatusCancelled }),
		port(11, "old", func(s *plan.Service) { s.Speed, s.Location = 40_000, 7 }),
	}}, "costCentre", "locked", "marketplaceVisibility")
	const want = `version: 1
name: net
environment: production

defaults:
  term: 12
  costCentre: NET
  marketplaceVisibility: false

sites:
  coresite-la1: {id: 60}  # CoreSite LA1
  equinix-la1: {id: 59}   # Equinix LA1
  ld5: {id: 90}           # Equinix LD5
  location-4711: {id: 4711}

ports:
  - {name: la, site: coresite-la1, speed: 10G, diversityZone: red, term: 1, marketplaceVisibility: true}  # 00000007-0000-4000-8000-000000000000
  - {name: lag, site: equinix-la1, speed: 10G, diversityZone: red, lag: 2}                                # 00000003-0000-4000-8000-000000000000
  - {name: lon-1, site: ld5, speed: 10G, diversityZone: red}                                              # 00000001-0000-4000-8000-000000000000, contract until 2027-03-01
  - {name: lon-2, site: ld5, speed: 10G, diversityZone: blue, costCentre: "", locked: true}               # 00000002-0000-4000-8000-000000000000
  - {name: "yes # no: {", site: location-4711, speed: 10G, diversityZone: red}                            # 00000009-0000-4000-8000-000000000000

unmanaged:
`
	text, aside, _ := strings.Cut(string(got.Content), "unmanaged:\n")
	if diff := cmp.Diff(want, text+"unmanaged:\n"); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, why := range []string{`00000005-0000-4000-8000-000000000000  # "dup": 2 services have this name`, `00000006-0000-4000-8000-000000000000  # "DUP"`, `00000008-0000-4000-8000-000000000000  # " ": `, `00000011-0000-4000-8000-000000000000  # "old": "40G" is 40000 Mbps`} {
		if !strings.Contains(aside, why) {
			t.Errorf("%q is not among\n%s", why, aside)
		}
	}
	if got.Entries != 5 || len(got.Aside) != 4 || p.Changes() > 0 || !p.CanApply() {
		t.Errorf("%d entries, %d aside, %d changes", got.Entries, len(got.Aside), p.Changes())
	}
}

// After an import a plan finds nothing to do, whatever the account holds; and every
// service that is not terminated is an entry's or unmanaged. Each check draws a hundred
// accounts, so that they are a thousand.
func TestAdoptLeavesTheAccountAsItIs(t *testing.T) {
	for range 10 {
		rapid.Check(t, leavesTheAccountAsItIs)
	}
}

func leavesTheAccountAsItIs(rt *rapid.T) {
	o := drawnAccount(rt)
	declare := rapid.SliceOfDistinct(rapid.SampledFrom(inventory.DeclarableKeys()), rapid.ID).Draw(rt, "declare")
	got, p := adopt(rt, o, declare...)
	for _, a := range p.Actions {
		if a.Kind != plan.Unchanged {
			rt.Errorf("%s: %s (%s)\n%s", a.Name, a.Kind, a.Reason.Text, got.Content)
		}
	}
	covered := map[plan.ServiceUID]bool{}
	for _, a := range p.Actions {
		if a.Service != nil {
			for _, uid := range a.Service.Members {
				covered[uid] = true
			}
		}
	}
	for _, x := range got.Aside {
		for _, m := range x.Members {
			covered[m.UID] = true
		}
	}
	for _, s := range o.Services {
		if !s.Status.Terminated() && !covered[s.UID] {
			rt.Errorf("%s (%q) is nowhere", s.UID, s.Name)
		}
	}
	if again, err := inventory.Format(inventory.File{Name: "net.yaml", Content: got.Content}); err != nil || string(again) != string(got.Content) {
		rt.Errorf("it is not in the canonical style: %v", err)
	}
}

func drawnAccount(t *rapid.T) plan.Observed {
	names := rapid.OneOf(
		rapid.SampledFrom([]string{"a", "A", "b", "lon-1", "yes", "12:30", "# x", "{n}", "a: b", "", " ", "é", "x\u202ey", "-", "null", strings.Repeat("n", 300), "tab\tand\nline"}),
		rapid.String(),
	)
	tag := rapid.SampledFrom([]string{"", "team", "net", "portctl-inventory", "y"})
	o := plan.Observed{Tags: map[plan.ServiceUID]map[string]string{}}
	for i := range rapid.IntRange(0, 12).Draw(t, "services") {
		s := plan.Service{
			UID: plan.ServiceUID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)), Name: names.Draw(t, "name"),
			Status:   rapid.SampledFrom([]plan.Status{plan.StatusLive, plan.StatusConfigured, plan.StatusDeployable, plan.StatusFailed, plan.StatusCancelled, "ODD"}).Draw(t, "status"),
			Location: rapid.SampledFrom([]plan.LocationID{59, 60, 90, 256, 7, 4711}).Draw(t, "location"),
			Speed:    rapid.SampledFrom([]plan.Speed{1000, 10_000, 100_000, 40_000}).Draw(t, "speed"),
			Zone:     rapid.SampledFrom([]plan.Zone{"", plan.Red, plan.Blue, "green"}).Draw(t, "zone"),
			Term:     rapid.SampledFrom([]int{0, 1, 7, 12, 36, 60}).Draw(t, "term"), CostCentre: rapid.SampledFrom([]string{"", "NET", "a\nb", "# \"x\"", " x "}).Draw(t, "cost centre"),
			MarketplaceVisibility: rapid.Bool().Draw(t, "visible"), Locked: rapid.Bool().Draw(t, "locked"),
			AggregationID: rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "lag"),
		}
		if rapid.Bool().Draw(t, "like the last") && len(o.Services) > 0 {
			last := o.Services[len(o.Services)-1]
			last.UID = s.UID
			s = last
		}
		o.Services = append(o.Services, s)
		o.Tags[s.UID] = map[string]string{tag.Draw(t, "tag"): "v"}
	}
	for i := range o.Services { // the first of a LAG stands for it
		id := o.Services[i].AggregationID
		o.Services[i].LAGPrimary = id != 0 && slices.IndexFunc(o.Services, func(s plan.Service) bool { return s.AggregationID == id }) == i
	}
	return o
}

// What is added to an inventory leaves its comments, its entries and the account as they
// are; and a second time there is nothing to add.
func TestAdoptIntoKeepsTheRest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := drawnAccount(rt)
		judge := func(d plan.Desired) plan.Plan { return plan.Build(d, o, places()) }
		file := inventory.File{Name: "net.yaml", Content: []byte(drawnInventory(rt))}
		before, err := inventory.Parse(file)
		if err != nil {
			rt.Skip("no inventory")
		}
		a := inventory.Adoption{Declare: []string{"costCentre"}, Holdings: plan.Holdings(o), Catalog: places(), Judge: judge}
		changed, _, err := inventory.AdoptInto([]inventory.File{file}, "net.yaml", a)
		if err != nil {
			if strings.Contains(err.Error(), "which it would not now") {
				return
			}
			rt.Fatalf("%v\n%s", err, file.Content)
		}
		after, err := inventory.Parse(changed)
		if err != nil {
			rt.Fatalf("%v\n%s", err, changed.Content)
		}
		was := map[string]plan.Kind{}
		for _, x := range judge(before.Desired()).Actions {
			was[x.Name] = x.Kind
		}
		for _, x := range judge(after.Desired()).Actions {
			if kind, existed := was[x.Name]; existed && kind != x.Kind || !existed && x.Kind != plan.Unchanged {
				rt.Errorf("%s: %s, before %q\n%s", x.Name, x.Kind, kind, changed.Content)
			}
		}
		for line := range strings.Lines(string(file.Content)) {
			if !strings.Contains(string(changed.Content), strings.TrimRight(line, "\n")) && !strings.HasPrefix(line, "sites: {") {
				rt.Errorf("the line %q is lost\n%s", line, changed.Content)
			}
		}
		again, _, err := inventory.AdoptInto([]inventory.File{changed}, "net.yaml", a)
		if err != nil || string(again.Content) != string(changed.Content) {
			rt.Errorf("a second time: %v\n%s\n%s", err, changed.Content, again.Content)
		}
	})
}
