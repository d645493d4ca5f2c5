package plan_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/portctl/portctl/pkg/plan"
)

// These are the ways in which a plan could spend more than was reviewed, each
// with the rule that stops it.

func place() plan.Catalog {
	return plan.NewCatalog([]plan.Location{
		{ID: 89, Name: "L", Market: "UK", Status: plan.LocationActive, Speeds: plan.Speeds()},
		{ID: 90, Name: "M", Market: "UK", Status: plan.LocationActive, Speeds: plan.Speeds()},
	})
}

func entry(name string, change ...func(*plan.Port)) plan.Port {
	p := plan.Port{Name: name, Site: plan.Site{ID: 89}, Speed: plan.Speed10G, Term: 12}
	for _, c := range change {
		c(&p)
	}
	return p
}

func wanting(ports ...plan.Port) plan.Desired { return plan.Desired{Inventory: "inv", Ports: ports} }

func live(uid, name string) plan.Service {
	return plan.Service{UID: plan.ServiceUID(uid), Name: name, Status: plan.StatusLive, Location: 89, Speed: plan.Speed10G, Term: 12}
}

func lagOf(n int, name string) []plan.Service {
	var out []plan.Service
	for i := range n {
		s := live(fmt.Sprintf("u%d", i+1), name)
		s.AggregationID, s.LAGPrimary = 7, i == 0
		out = append(out, s)
	}
	return out
}

func pricedAt(p plan.Plan, monthly int64) plan.Plan {
	q := plan.Quotes{}
	for _, o := range p.Orders() {
		q[o.Key()] = plan.Quote{Priced: true, Currency: "GBP", Monthly: plan.NewAmount(decimal.NewFromInt(monthly))}
	}
	return p.Priced(q)
}

func TestOneMemberNeverCancelsTheLAG(t *testing.T) {
	byUID := wanting(plan.Port{Name: "member", UID: "u3", Absent: true})
	if a := plan.Build(byUID, plan.Observed{Services: lagOf(8, "core")}, place()).Actions[0]; a.Kind != plan.Blocked {
		t.Errorf("the uid of one member: %s of %d", a.Kind, len(a.Service.Members))
	}
	renamed := lagOf(8, "core")
	renamed[2].Name = "member"
	tags := map[plan.ServiceUID]map[string]string{"u1": {plan.TagInventory: "inv"}}
	if a := plan.Build(wanting(plan.Port{Name: "member", Absent: true}), plan.Observed{Services: renamed, Tags: tags}, place()).Actions[0]; a.Kind != plan.Blocked {
		t.Errorf("the name of one member: %s of %d", a.Kind, len(a.Service.Members))
	}
	if a := plan.Build(wanting(plan.Port{Name: "core", UID: "u1", Absent: true}), plan.Observed{Services: lagOf(8, "core")}, place()).Actions[0]; a.Kind != plan.Cancel {
		t.Errorf("the uid of the primary: %s (%s)", a.Kind, a.Reason.Text)
	}
}

// An absent entry may give only a uid: people are asked for the service's name.
func TestCancelHasAName(t *testing.T) {
	a := plan.Build(wanting(plan.Port{UID: "x", Absent: true}), plan.Observed{Services: []plan.Service{live("x", "old")}}, place()).Actions[0]
	if a.Kind != plan.Cancel || a.Name != "old" {
		t.Errorf("%s %q", a.Kind, a.Name)
	}
}

func TestLongerTermsCountAsPurchases(t *testing.T) {
	d := wanting()
	d.Policy.MaxBuy = 1
	var o plan.Observed
	for _, n := range []string{"a", "b", "c"} {
		d.Ports = append(d.Ports, entry(n, func(p *plan.Port) { p.Term, p.TermDeclared = 60, true }))
		o.Services = append(o.Services, live("u"+n, n))
	}
	if p := pricedAt(plan.Build(d, o, place()), 475); p.CanApply() {
		t.Errorf("three terms of %s pass maxBuy 1: %+v", p.Totals["GBP"].Commitment, p.Policy)
	}
}

func TestGrowthAndTermAreTwoRuns(t *testing.T) {
	d := wanting(entry("core", func(p *plan.Port) { p.LAG, p.Term, p.TermDeclared = 8, 60, true }))
	if a := plan.Build(d, plan.Observed{Services: lagOf(7, "core")}, place()).Actions[0]; a.Kind != plan.Blocked || a.Reason.Code != plan.ReasonTermAndGrowth {
		t.Errorf("%s %s", a.Kind, a.Reason.Code)
	}
}

func TestCancelledMemberIsNotBoughtAgain(t *testing.T) {
	services := lagOf(3, "core")
	services[2].Status, services[2].CreatedAt = plan.StatusDecommissioned, time.Unix(5, 0)
	want := func(p *plan.Port) { p.LAG = 3 }
	if a := plan.Build(wanting(entry("core", want)), plan.Observed{Services: services}, place()).Actions[0]; a.Kind != plan.Blocked || !strings.Contains(a.Reason.Hint, "replaces: u3") {
		t.Errorf("%s: %s", a.Kind, a.Reason.Hint)
	}
	again := wanting(entry("core", want, func(p *plan.Port) { p.Replaces = "u3" }))
	if a := plan.Build(again, plan.Observed{Services: services}, place()).Actions[0]; a.Kind != plan.Grow || a.Order.LAGPorts != 1 {
		t.Errorf("with replaces: %s (%s)", a.Kind, a.Reason.Text)
	}
}

// A member that reads without its aggregation for a while must not be replaced.
func TestStrayMemberHoldsGrowth(t *testing.T) {
	services := lagOf(4, "core")
	services[3].AggregationID = 0
	d := wanting(entry("core", func(p *plan.Port) { p.LAG, p.UID = 4, "u1" }))
	if a := plan.Build(d, plan.Observed{Services: services}, place()).Actions[0]; a.Kind != plan.Blocked {
		t.Errorf("%s", a.Kind)
	}
}

// A claim's name that is given to another port still holds what was renamed.
func TestSwappedNamesAreHeldBack(t *testing.T) {
	claim := plan.Claim{ID: "1", Name: "x", State: plan.OrderUnknown, Order: plan.Order{Name: "x", Location: 89, Speed: plan.Speed10G}}
	for name, d := range map[string]plan.Desired{
		"another speed":       wanting(entry("x", func(p *plan.Port) { p.Speed = plan.Speed100G }), entry("y")),
		"another site":        wanting(entry("x", func(p *plan.Port) { p.Site.ID = 90 }), entry("y")),
		"a uid takes it over": wanting(entry("x", func(p *plan.Port) { p.UID = "u1" }), entry("y")),
	} {
		p := plan.Build(d, plan.Observed{Claims: []plan.Claim{claim}, Services: []plan.Service{live("u1", "z")}, Tags: map[plan.ServiceUID]map[string]string{"u1": {}}}, place())
		if p.Summary.Buy > 0 {
			t.Errorf("%s: %+v", name, p.Summary)
		}
	}
}

func TestSelectionPatterns(t *testing.T) {
	p := plan.Build(wanting(entry("lab-1"), entry("lab/2"), entry("edge1"), entry("edge[1]"), entry("core")), plan.Observed{}, place())
	for pattern, want := range map[string][]string{
		"lab*": {"lab-1", "lab/2"}, "edge[1]": {"edge[1]"}, "edge?": {"edge1"}, "LAB-1 ": {"lab-1"}, "*": {"core", "edge1", "edge[1]", "lab-1", "lab/2"},
	} {
		q, err := p.Select(plan.Selection{Only: []string{pattern}})
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		got := map[string]bool{}
		for _, a := range q.Of(plan.Buy) {
			got[a.Name] = true
		}
		for _, name := range want {
			if !got[name] {
				t.Errorf("--only %q leaves %s out", pattern, name)
			}
		}
		if len(got) != len(want) {
			t.Errorf("--only %q keeps %v", pattern, got)
		}
	}
	if _, err := p.Select(plan.Selection{Names: []string{"no such entry"}}); err != nil {
		t.Errorf("a name that a saved plan left out and that is gone: %v", err)
	}
}

// The charge of a cancellation is reviewed like a price.
func TestChargeIsReviewed(t *testing.T) {
	d := wanting(plan.Port{Name: "a", UID: "ua", Absent: true})
	document := func(charge *int64) plan.Document {
		charges := map[plan.ServiceUID]plan.Charge{"ua": {}}
		if charge != nil {
			charges["ua"] = plan.Charge{Known: true, Currency: "GBP", Amount: plan.NewAmount(decimal.NewFromInt(*charge))}
		}
		return documentOf(plan.Build(d, plan.Observed{Services: []plan.Service{live("ua", "a")}, Charges: charges}, place()), time.Now())
	}
	amount := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		was, now *int64
		objects  bool
	}{
		{amount(100), amount(100), false},
		{amount(100), amount(90), false},
		{amount(100), amount(101), true},
		{amount(100), nil, true},
		{nil, amount(100), false},
		{nil, nil, false},
	} {
		was, now := document(c.was), document(c.now)
		if got := objectionsTo(was, now, time.Now()); (len(got) > 0) != c.objects {
			t.Errorf("%s reviewed, %s now: objections %v", was.Actions[0].Charge, now.Actions[0].Charge, got)
		}
		if c.was != nil && c.now != nil && *c.was != *c.now && was.Checksum == now.Checksum {
			t.Error("another charge keeps the checksum")
		}
	}
}

// A change that was reviewed for one service is not made to another.
func TestUpdateOfAnotherServiceIsObjectedTo(t *testing.T) {
	d := wanting(entry("a", func(p *plan.Port) { p.Term, p.TermDeclared = 36, true }))
	document := func(uid string) plan.Document {
		return documentOf(pricedAt(plan.Build(d, plan.Observed{Services: []plan.Service{live(uid, "a")}}, place()), 475), time.Now())
	}
	if got := objectionsTo(document("ua"), document("ub"), time.Now()); len(got) != 1 {
		t.Errorf("objections %v", got)
	}
}

// Whatever is edited in a saved plan is found out.
func TestEditedPlanIsRefused(t *testing.T) {
	company := "company-1"
	doc := documentOf(pricedAt(plan.Build(wanting(entry("a")), plan.Observed{}, place()), 475), time.Unix(1_700_000_000, 0))
	doc.Company = &company
	b, err := doc.Sealed().Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.DecodeDocument(b); err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{`"expiresAt": "2023-11-14T23:13:20Z"`, `"expiresAt": "2033-11-14T23:13:20Z"`},
		{`"expiresAt": "2023-11-14T23:13:20Z",`, ``},
		{`"company": "company-1"`, `"company": "company-2"`},
		{`"company": "company-1"`, `"company": null`},
		{`"baseURL": "embedded"`, `"baseURL": "https://api.megaport.com"`},
		{`"environment": "sandbox"`, `"environment": "production"`},
		{`"digest": "sha256:x"`, `"digest": "sha256:y"`},
		{`"monthly": "475.00"`, `"monthly": "975.00"`},
		{`"term": 12`, `"term": 24`},
	} {
		edited := bytes.Replace(b, []byte(edit[0]), []byte(edit[1]), 1)
		if gocmp.Equal(b, edited) {
			t.Fatalf("%s is not in the plan:\n%s", edit[0], b)
		}
		if _, err := plan.DecodeDocument(edited); err == nil {
			t.Errorf("%s for %s is taken", edit[1], edit[0])
		}
	}
}

// What the cross connect costs is known only when both orders are priced alike; an update
// of a port that has one is not held back by that.
func TestCrossConnectsArePricedApart(t *testing.T) {
	here := plan.NewCatalog([]plan.Location{{ID: 89, Name: "L", Market: "UK", Status: plan.LocationActive, Speeds: plan.Speeds(), CrossConnect: true}})
	pounds := func(monthly, once int64) plan.Quote {
		return plan.Quote{Priced: true, Currency: "GBP", Monthly: plan.NewAmount(decimal.NewFromInt(monthly)), OneTime: plan.NewAmount(decimal.NewFromInt(once))}
	}
	failed, refused := plan.Quote{Failure: &plan.Refusal{Message: "timeout"}}, plan.Quote{Refusal: &plan.Refusal{Message: "no cross connects here"}}
	lag := wanting(entry("lag", func(p *plan.Port) { p.LAG, p.CrossConnect = 2, true }))
	longer := wanting(entry("a", func(p *plan.Port) { p.Term, p.TermDeclared = 24, true }))
	existing := plan.Observed{Services: []plan.Service{live("u1", "a")}, CrossConnects: map[plan.ServiceUID]bool{"u1": true}}
	tests := map[string]struct {
		desired  plan.Desired
		observed plan.Observed
		// quotes are those of the order, of one member, and of both without add-ons.
		own, unit, bare, bareUnit plan.Quote
		kind                      plan.Kind
		monthly, cross            string
		warned                    string
	}{
		"a LAG priced as a whole":           {desired: lag, own: pounds(1400, 600), unit: pounds(700, 300), bare: pounds(1000, 0), bareUnit: pounds(500, 0), kind: plan.Buy, monthly: "1400.00", cross: "400.00"},
		"no price of a bare member":         {desired: lag, own: pounds(1400, 600), unit: pounds(700, 300), bare: pounds(1000, 0), bareUnit: failed, kind: plan.Blocked},
		"no price without it":               {desired: lag, own: pounds(1400, 600), unit: pounds(700, 300), bare: failed, bareUnit: pounds(500, 0), kind: plan.Blocked},
		"free of charge":                    {desired: lag, own: pounds(1000, 0), unit: pounds(500, 0), bare: pounds(1000, 0), bareUnit: pounds(500, 0), kind: plan.Blocked},
		"cheaper once":                      {desired: lag, own: pounds(1400, 0), unit: pounds(700, 0), bare: pounds(1000, 10), bareUnit: pounds(500, 5), kind: plan.Blocked},
		"nothing once":                      {desired: lag, own: pounds(1400, 0), unit: pounds(700, 0), bare: pounds(1000, 0), bareUnit: pounds(500, 0), kind: plan.Buy, monthly: "1400.00", cross: "400.00", warned: "installation may come on top"},
		"a longer term":                     {desired: longer, observed: existing, own: pounds(700, 300), bare: pounds(500, 0), kind: plan.Update, monthly: "700.00", cross: "200.00"},
		"a longer term, free of charge":     {desired: longer, observed: existing, own: pounds(500, 0), bare: pounds(500, 0), kind: plan.Update, monthly: "500.00", warned: "no higher than without it"},
		"a longer term, not sold any more":  {desired: longer, observed: existing, own: refused, bare: pounds(500, 0), kind: plan.Update, monthly: "500.00", warned: "without its cross connect"},
		"a longer term that is refused too": {desired: longer, observed: existing, own: refused, bare: refused, kind: plan.Blocked},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := plan.Build(tt.desired, tt.observed, here)
			quotes := plan.Quotes{}
			for _, o := range p.Orders() {
				q := map[[2]bool]plan.Quote{{true, true}: tt.own, {false, true}: tt.bare, {true, false}: tt.unit, {false, false}: tt.bareUnit}
				whole := o.LAGPorts > 0 || tt.desired.Ports[0].LAG == 0
				quotes[o.Key()] = q[[2]bool{o.CrossConnect(), whole}]
			}
			p = p.Priced(quotes)
			a := p.Actions[0]
			if a.Kind != tt.kind {
				t.Fatalf("%s: %s", a.Kind, a.Reason.Text)
			}
			if tt.monthly != "" && a.Price.Monthly.String() != tt.monthly {
				t.Errorf("%s a month, want %s", a.Price.Monthly, tt.monthly)
			}
			if got := a.Price != nil && a.Price.CrossConnect != nil; got != (tt.cross != "") || got && a.Price.CrossConnect.Monthly.String() != tt.cross {
				t.Errorf("the part for cross connects is %+v, want %q", a.Price, tt.cross)
			}
			warned := slices.ContainsFunc(p.Warnings, func(w plan.Warning) bool { return tt.warned != "" && strings.Contains(w.Text, tt.warned) })
			if warned != (tt.warned != "") {
				t.Errorf("warnings: %+v", p.Warnings)
			}
		})
	}
}
