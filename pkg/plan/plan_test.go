package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/plan"
)

func testCatalog() []plan.Location {
	both := map[plan.Zone][]plan.Speed{plan.Red: {plan.Speed1G, plan.Speed10G}, plan.Blue: {plan.Speed10G}}
	any := []plan.Speed{plan.Speed1G, plan.Speed10G}
	return []plan.Location{
		{ID: 1, Name: "Equinix LD5", Metro: "London", Market: "UK", Status: plan.LocationActive, Zones: both, Speeds: any},
		{ID: 2, Name: "Equinix SY3", Metro: "Sydney", Market: "AU", Status: plan.LocationActive, Zones: both, Speeds: any},
		{ID: 3, Name: "Zürich West", Metro: "Zurich", Market: "CH", Status: plan.LocationActive, Speeds: any},
		{ID: 4, Name: "EdgeConneX ATL02", Metro: "Atlanta", Market: "US", Status: "Restricted", Zones: both, Speeds: any},
	}
}

// genDesired draws inventories of a few entries from small pools, so that they
// meet the services of genObserved often.
func genDesired() *rapid.Generator[plan.Desired] {
	return rapid.Custom(func(t *rapid.T) plan.Desired {
		d := plan.Desired{Inventory: "inv"}
		for i := range rapid.IntRange(0, 6).Draw(t, "entries") {
			d.Ports = append(d.Ports, plan.Port{
				Name:   rapid.SampledFrom([]string{"a", "A ", "b", "c-2", "c-10", "d"}).Draw(t, "name"),
				Site:   rapid.SampledFrom([]plan.Site{{ID: 1}, {Name: "equinix sy3"}, {Name: "Zurich"}, {ID: 4}, {Name: "nowhere"}, {Name: "Equinix"}}).Draw(t, "site"),
				Speed:  rapid.SampledFrom([]plan.Speed{plan.Speed1G, plan.Speed10G, plan.Speed100G}).Draw(t, "speed"),
				Zone:   rapid.SampledFrom([]plan.Zone{"", plan.Red, plan.Blue}).Draw(t, "zone"),
				LAG:    rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "lag"),
				Term:   rapid.SampledFrom([]int{1, 12}).Draw(t, "term"),
				Tags:   map[string]string{"x": "1", "y": "2"},
				UID:    rapid.SampledFrom([]plan.ServiceUID{"", "", "", uid(0), uid(2), uid(9)}).Draw(t, "uid"),
				Absent: rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "absent"),

				Takeover:     rapid.Bool().Draw(t, "takeover"),
				Formerly:     rapid.SampledFrom([]string{"", "", "b", "e", "z"}).Draw(t, "formerly"),
				Replaces:     rapid.SampledFrom([]plan.ServiceUID{"", "", uid(1), uid(3)}).Draw(t, "replaces"),
				TermDeclared: rapid.Bool().Draw(t, "termDeclared"),
				Source:       plan.Source{File: "f.yaml", Line: i + 1, Column: 1},
			})
		}
		return d
	})
}

func uid(n int) plan.ServiceUID {
	return plan.ServiceUID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", n))
}

func genObserved() *rapid.Generator[plan.Observed] {
	return rapid.Custom(func(t *rapid.T) plan.Observed {
		var o plan.Observed
		for i := range rapid.IntRange(0, 8).Draw(t, "services") {
			o.Services = append(o.Services, plan.Service{
				UID:           uid(i),
				Name:          rapid.SampledFrom([]string{"a", "b", "C-2", "e", "f"}).Draw(t, "name"),
				Status:        rapid.SampledFrom([]plan.Status{plan.StatusLive, plan.StatusFailed, plan.StatusDecommissioned, "SOMETHING_NEW"}).Draw(t, "status"),
				Location:      plan.LocationID(rapid.IntRange(1, 5).Draw(t, "location")),
				Speed:         rapid.SampledFrom([]plan.Speed{plan.Speed1G, plan.Speed10G}).Draw(t, "speed"),
				Zone:          rapid.SampledFrom([]plan.Zone{"", plan.Red}).Draw(t, "zone"),
				AggregationID: rapid.SampledFrom([]int{0, 0, 7, 8}).Draw(t, "aggregation"),
				LAGPrimary:    rapid.Bool().Draw(t, "primary"),
				Term:          rapid.SampledFrom([]int{1, 12}).Draw(t, "term"),
				Locked:        rapid.Bool().Draw(t, "locked"),
				VXCs:          max(0, rapid.IntRange(-2, 2).Draw(t, "vxcs")),
				CreatedAt:     time.Unix(int64(rapid.IntRange(0, 2).Draw(t, "created")), 0),
			})
		}
		o.Tags = map[plan.ServiceUID]map[string]string{}
		for i := range o.Services {
			if rapid.Bool().Draw(t, "tagged") {
				o.Tags[uid(i)] = map[string]string{plan.TagInventory: rapid.SampledFrom([]string{"inv", "other"}).Draw(t, "inventory"), "x": "1"}
			}
		}
		o.Known, o.Inventories, o.Unreadable = map[string][]plan.ServiceUID{}, map[plan.ServiceUID]string{}, map[plan.ServiceUID]string{}
		o.Cancelling = map[plan.ServiceUID]bool{}
		for range rapid.IntRange(0, 4).Draw(t, "recorded") {
			n := uid(rapid.IntRange(0, 9).Draw(t, "service"))
			as := rapid.SampledFrom([]string{"a", "b", "c-2", "d", "e"}).Draw(t, "recorded as")
			o.Known[as] = append(o.Known[as], n)
			o.Inventories[n] = rapid.SampledFrom([]string{"inv", "other"}).Draw(t, "recorded for")
			o.Cancelling[n] = rapid.IntRange(0, 3).Draw(t, "cancelling") == 0
		}
		if rapid.IntRange(0, 3).Draw(t, "unreadable") == 0 {
			o.Unreadable[uid(1)] = "HTTP 500"
		}
		states := []plan.OrderState{plan.OrderUnknown, plan.OrderBought, plan.OrderQueued, plan.OrderTurnedAway, plan.OrderDamaged, plan.OrderRejected}
		for i := range rapid.IntRange(0, 2).Draw(t, "claims") {
			name := rapid.SampledFrom([]string{"a", "d", "q"}).Draw(t, "claimed")
			c := plan.Claim{
				ID: fmt.Sprint(i), Name: name, State: rapid.SampledFrom(states).Draw(t, "state"),
				UIDs:  []plan.ServiceUID{uid(rapid.IntRange(0, 9).Draw(t, "named"))},
				Order: plan.Order{Location: 1, Speed: plan.Speed10G, Term: 12, LAGPorts: rapid.IntRange(0, 2).Draw(t, "ordered"), AggregationID: rapid.SampledFrom([]int{0, 7}).Draw(t, "joined")},
			}
			if c.State == plan.OrderDamaged {
				c = plan.Claim{ID: c.ID, State: plan.OrderDamaged, Key: "key-" + c.ID, Hash: plan.NameHash(name)}
			}
			o.Claims = append(o.Claims, c)
		}
		return o
	})
}

func quoteAll(orders []plan.Order) plan.Quotes {
	quotes := plan.Quotes{}
	for _, o := range orders {
		quotes[o.Key()] = plan.Quote{Priced: true, Currency: o.Market, Monthly: plan.NewAmount(decimal.RequireFromString("475.10"))}
	}
	return quotes
}

func document(t interface{ Fatal(...any) }, p plan.Plan) string {
	b, err := plan.Document{Plan: p}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Law 1: the same input in any order gives the same bytes, and is not touched.
func TestBuildIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired, observed, locations := genDesired().Draw(t, "desired"), genObserved().Draw(t, "observed"), testCatalog()
		digest := desired.Digest()
		first := plan.Build(desired, observed, plan.NewCatalog(locations))
		priced := first.Priced(quoteAll(first.Orders()))

		shuffle := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		desired.Ports, observed.Services, observed.Claims = slices.Clone(desired.Ports), slices.Clone(observed.Services), slices.Clone(observed.Claims)
		slices.Reverse(observed.Claims)
		shuffle.Shuffle(len(desired.Ports), func(i, j int) { desired.Ports[i], desired.Ports[j] = desired.Ports[j], desired.Ports[i] })
		shuffle.Shuffle(len(observed.Services), func(i, j int) {
			observed.Services[i], observed.Services[j] = observed.Services[j], observed.Services[i]
		})
		shuffle.Shuffle(len(locations), func(i, j int) { locations[i], locations[j] = locations[j], locations[i] })
		second := plan.Build(desired, observed, plan.NewCatalog(locations))
		if diff := cmp.Diff(document(t, first), document(t, second)); diff != "" {
			t.Fatalf("the order of the input shows (-first +second):\n%s", diff)
		}
		if again := first.Priced(quoteAll(first.Orders())); priced.Checksum("e", "i") != again.Checksum("e", "i") {
			t.Fatal("pricing twice gives two checksums")
		}
		if document(t, first) != document(t, second) || desired.Digest() != digest {
			t.Fatal("pricing changed the plan it started from, or the digest depends on order")
		}
	})
}

// Whatever the account holds: nothing is bought for a name that an existing
// service has, and no entry gets lost.
func TestBuildNeverBuysWhatExists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired, observed := genDesired().Draw(t, "desired"), genObserved().Draw(t, "observed")
		p := plan.Build(desired, observed, plan.NewCatalog(testCatalog()))
		if len(p.Actions) < len(desired.Ports) || len(p.Actions) > len(desired.Ports)+len(observed.Claims) {
			t.Fatalf("%d entries, %d actions", len(desired.Ports), len(p.Actions))
		}
		allowed := map[string]bool{} // names whose last service is terminated and named by `replaces`
		for _, port := range desired.Ports {
			for _, s := range observed.Services {
				allowed[plan.FoldName(port.Name)] = allowed[plan.FoldName(port.Name)] || s.UID == port.Replaces && s.Status.Terminated()
			}
		}
		bought := map[string]bool{}
		for _, a := range p.Of(plan.Buy) {
			name := plan.FoldName(a.Name)
			if bought[name] {
				t.Fatalf("%q is bought twice", a.Name)
			}
			bought[name] = true
			for _, s := range observed.Services {
				if plan.FoldName(s.Name) == name && !(s.Status.Terminated() && allowed[name]) {
					t.Fatalf("%q is bought although service %s (%s) has the name", a.Name, s.UID, s.Status)
				}
			}
			for _, c := range observed.Claims {
				if c.State != plan.OrderRejected && plan.FoldName(c.Name) == name || c.State == plan.OrderDamaged && c.Hash == plan.NameHash(name) {
					t.Fatalf("%q is bought although order %s of that name is open", a.Name, c.ID)
				}
			}
			for _, known := range observed.Known[name] {
				if i := slices.IndexFunc(observed.Services, func(s plan.Service) bool { return s.UID == known }); i >= 0 && standsForNothing(p, observed.Services[i]) {
					t.Fatalf("%q is bought although service %s, which was ordered for it, is alive", a.Name, known)
				}
			}
		}
		for _, a := range p.Of(plan.Cancel) {
			if !a.Wanted.Absent {
				t.Fatalf("%q is cancelled although it does not say absent", a.Name)
			}
		}
	})
}

// standsForNothing says that a service is alive and in no action.
func standsForNothing(p plan.Plan, s plan.Service) bool {
	return !s.Status.Terminated() && slices.ContainsFunc(p.Unmanaged, func(r plan.ServiceRef) bool { return slices.Contains(r.Members, s.UID) })
}

// Once an account holds what was planned, planning again finds nothing to buy.
func TestBuildConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired := genDesired().Draw(t, "desired")
		for i := range desired.Ports {
			desired.Ports[i].Replaces, desired.Ports[i].UID = "", ""
		}
		catalog := plan.NewCatalog(testCatalog())
		first := plan.Build(desired, plan.Observed{}, catalog)
		var observed plan.Observed
		for i, a := range first.Of(plan.Buy) {
			observed.Services = append(observed.Services, carryOut(*a.Order, i)...)
		}
		second := plan.Build(desired, observed, catalog)
		for _, bought := range first.Of(plan.Buy) {
			for _, a := range second.Actions {
				if a.Name == bought.Name && !a.Wanted.Absent && a.Kind == plan.Buy {
					t.Fatalf("%q is bought again: %+v", a.Name, a.Reason)
				}
			}
		}
	})
}

func carryOut(o plan.Order, n int) []plan.Service {
	var services []plan.Service
	for i := range o.Members() {
		s := plan.Service{
			UID: plan.ServiceUID(fmt.Sprintf("%04d%04d-0000-4000-8000-000000000000", n, i)), Name: o.Name, Status: plan.StatusDeployable,
			Location: o.Location, Speed: o.Speed, Zone: o.Config.Zone, Term: o.Term, LAGPrimary: i == 0,
		}
		if o.LAGPorts > 0 {
			s.AggregationID = n + 1
		}
		services = append(services, s)
	}
	return services
}

// A change in the decisions changes the checksum; a change in how they are
// explained does not.
func TestChecksumCoversDecisions(t *testing.T) {
	desired := plan.Desired{Inventory: "inv", Ports: []plan.Port{{Name: "a", Site: plan.Site{ID: 1}, Speed: plan.Speed10G, Term: 12}}}
	sum := func(d plan.Desired, monthly string) string {
		p := plan.Build(d, plan.Observed{}, plan.NewCatalog(testCatalog()))
		quotes := plan.Quotes{}
		for _, o := range p.Orders() {
			quotes[o.Key()] = plan.Quote{Priced: true, Currency: "GBP", Monthly: plan.NewAmount(decimal.RequireFromString(monthly))}
		}
		return p.Priced(quotes).Checksum("sandbox", "inv")
	}
	base := sum(desired, "500")
	if got := sum(desired, "500.00"); got != base {
		t.Error("the same price written differently changes the checksum")
	}
	if got := sum(desired, "500.01"); got == base {
		t.Error("another price keeps the checksum")
	}
	moved := desired
	moved.Ports = slices.Clone(desired.Ports)
	moved.Ports[0].Source = plan.Source{File: "other.yaml", Line: 9, Column: 9}
	if got := sum(moved, "500"); got != base {
		t.Error("moving the entry to another line changes the checksum")
	}
	longer := desired
	longer.Ports = slices.Clone(desired.Ports)
	longer.Ports[0].Term = 24
	if got := sum(longer, "500"); got == base {
		t.Error("another term keeps the checksum")
	}
}

func TestAmount(t *testing.T) {
	for _, c := range []struct{ in, exact, grouped string }{
		{"0", "0.00", "0.00"},
		{"500", "500.00", "500.00"},
		{"1234567.5", "1234567.50", "1,234,567.50"},
		{"-1234.125", "-1234.125", "-1,234.125"},
		{"1E3", "1000.00", "1,000.00"},
	} {
		a, err := plan.ParseAmount(c.in)
		if err != nil {
			t.Fatal(err)
		}
		if a.String() != c.exact || a.Grouped() != c.grouped {
			t.Errorf("%s is written %s and %s, want %s and %s", c.in, a, a.Grouped(), c.exact, c.grouped)
		}
	}
	if _, err := plan.ParseAmount("12,5"); err == nil {
		t.Error("12,5 passes for an amount")
	}
}

// FuzzParseAmount: what parses is written back as the same sum.
func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"0", "500.00", "-1.5", "1e3", "0.001", "1e999999999", "1e-999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := plan.ParseAmount(s)
		if err != nil {
			return
		}
		var back plan.Amount
		if err := back.UnmarshalText([]byte(a.String())); err != nil || !back.Equal(a) {
			t.Fatalf("%q is written %q and read back as %q (%v)", s, a, back, err)
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var desired plan.Desired
			var observed plan.Observed
			for i := range n {
				p := plan.Port{Name: fmt.Sprintf("edge-%d", i), Site: plan.Site{ID: 1}, Speed: plan.Speed10G, Term: 12}
				desired.Ports = append(desired.Ports, p)
				if i%2 == 0 {
					observed.Services = append(observed.Services, plan.Service{
						UID: plan.ServiceUID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)), Name: p.Name,
						Status: plan.StatusLive, Location: 1, Speed: plan.Speed10G, Term: 12,
					})
				}
			}
			catalog := plan.NewCatalog(testCatalog())
			for b.Loop() {
				plan.Build(desired, observed, catalog)
			}
		})
	}
}
