package plan_test

import (
	"slices"
	"testing"

	"github.com/portctl/portctl/pkg/plan"
)

// Before anything is done to a service its tags are asked for; for one that needs
// nothing they are not.
func TestTagsAreReadBeforeAChange(t *testing.T) {
	cost := "A"
	changed := entry("a", func(p *plan.Port) { p.CostCentre = &cost })
	for name, c := range map[string]struct {
		port plan.Port
		asks bool
	}{
		"unchanged": {entry("a"), false},
		"changed":   {changed, true},
		"renamed":   {entry("b", func(p *plan.Port) { p.Formerly = "a" }), true},
		"cancelled": {plan.Port{Name: "a", UID: "u1", Absent: true}, true},
		"grown":     {entry("a", func(p *plan.Port) { p.LAG = 2 }), true},
	} {
		s := live("u1", "a")
		if c.port.LAG > 0 {
			s.AggregationID = 7
		}
		need := plan.Build(wanting(c.port), plan.Observed{Services: []plan.Service{s}}, place()).Missing(plan.Selection{})
		if got := slices.Contains(need.Tags, "u1"); got != c.asks {
			t.Errorf("%s: tags asked for: %v", name, got)
		}
		without := plan.Build(wanting(c.port), plan.Observed{Services: []plan.Service{s}}, place()).Missing(plan.Selection{Except: []string{"?"}})
		if len(without.Tags)+len(without.Charges) > 0 {
			t.Errorf("%s: what is taken out still needs %v", name, without)
		}
	}
}

// Declared tags that the ledger recorded as they are need not be read, unless something
// else is to be done; what was read goes before the record.
func TestRecordedTagsSpareReading(t *testing.T) {
	tagged := func(tags map[string]string, edit func(*plan.Port)) plan.Port {
		return entry("a", func(p *plan.Port) {
			p.Tags = tags
			if edit != nil {
				edit(p)
			}
		})
	}
	cost := "A"
	declared := map[string]string{"team": "net"}
	for name, c := range map[string]struct {
		port     plan.Port
		recorded map[string]string
		read     map[string]string
		asks     bool
		kind     plan.Kind
	}{
		"nothing is recorded":  {port: tagged(declared, nil), asks: true, kind: plan.Unchanged},
		"the same is":          {port: tagged(declared, nil), recorded: declared, kind: plan.Unchanged},
		"more is":              {port: tagged(declared, nil), recorded: map[string]string{"team": "net", "x": "1"}, kind: plan.Unchanged},
		"another value is":     {port: tagged(declared, nil), recorded: map[string]string{"team": "dc"}, asks: true, kind: plan.Unchanged},
		"another tag is":       {port: tagged(map[string]string{"team": "net", "y": "2"}, nil), recorded: declared, asks: true, kind: plan.Unchanged},
		"something else to do": {port: tagged(declared, func(p *plan.Port) { p.CostCentre = &cost }), recorded: declared, asks: true, kind: plan.Update},
		"taken over":           {port: tagged(declared, func(p *plan.Port) { p.Takeover = true }), recorded: declared, asks: true, kind: plan.Unchanged},
		"read, and different":  {port: tagged(declared, nil), recorded: declared, read: map[string]string{"team": "dc"}, kind: plan.Update},
	} {
		o := plan.Observed{Services: []plan.Service{live("u1", "a")}}
		if c.recorded != nil {
			o.RecordedTags = map[plan.ServiceUID]map[string]string{"u1": c.recorded}
		}
		if c.read != nil {
			o.Tags = map[plan.ServiceUID]map[string]string{"u1": c.read}
		}
		built := plan.Build(wanting(c.port), o, place())
		need := built.Missing(plan.Selection{})
		if got := slices.Contains(need.Tags, "u1"); got != c.asks || built.Actions[0].Kind != c.kind {
			t.Errorf("%s: tags asked for: %v, kind %s", name, got, built.Actions[0].Kind)
		}
	}
}

// What a selection takes out is looked at all the same: its service stands for it.
func TestSelectionHidesNothing(t *testing.T) {
	d := wanting(entry("a", func(p *plan.Port) { p.Tags = map[string]string{"x": "1"} }), entry("b"))
	o := plan.Observed{Services: []plan.Service{live("u1", "a"), live("u2", "c")}}
	d.Ports = append(d.Ports, entry("0")) // bought beside u2 as well, and looked at first
	need := plan.Build(d, o, place()).Missing(plan.Selection{Only: []string{"b"}})
	if len(need.Tags) != 1 || need.Tags[0] != "u2" {
		t.Errorf("needs the tags of %v: b is bought beside u2, and u1 is a's", need.Tags)
	}
}

// A takeover settles: once the tag is written nothing is left to do, whatever the
// ledger still says.
func TestTakeoverSettles(t *testing.T) {
	d := wanting(entry("a", func(p *plan.Port) { p.Takeover = true }))
	o := plan.Observed{
		Services:    []plan.Service{live("u1", "a")},
		Inventories: map[plan.ServiceUID]string{"u1": "other"},
		Tags:        map[plan.ServiceUID]map[string]string{"u1": {plan.TagInventory: "other"}},
	}
	a := only(t, d, o)
	if a.Kind != plan.Update || len(a.Changes) != 1 || a.Changes[0].Field != "tags."+plan.TagInventory {
		t.Fatalf("%s %v", a.Kind, a.Changes)
	}
	o.Tags["u1"] = map[string]string{plan.TagInventory: a.Changes[0].To}
	if a := only(t, d, o); a.Kind != plan.Unchanged {
		t.Errorf("once it is taken over: %s %v", a.Kind, a.Changes)
	}
	theirs := plan.Desired{Inventory: "other", Ports: []plan.Port{entry("b", func(p *plan.Port) { p.Formerly = "a" })}}
	if a := only(t, theirs, o); a.Kind != plan.Blocked || a.Reason.Code != plan.ReasonOtherInventory {
		t.Errorf("the inventory that lost it: %s %s", a.Kind, a.Reason.Code)
	}
}

// A claim that cannot be read holds back what it could be of, and no more.
func TestDamagedClaims(t *testing.T) {
	claim := func(name string) plan.Observed {
		return plan.Observed{Claims: []plan.Claim{{ID: "1", State: plan.OrderDamaged, Key: "k", Hash: plan.NameHash(name)}}}
	}
	d := wanting(entry("a"), entry("c", func(p *plan.Port) { p.Formerly = "b" }))
	for name, buys := range map[string]int{"A": 1, "b": 1, "other": 0} {
		p := plan.Build(d, claim(name), place())
		if p.Summary.Buy != buys || p.Summary.Unknown != 2-buys {
			t.Errorf("claim of %s: %+v", name, p.Summary)
		}
	}
}

// A rejected order is not sent again as it was; in any other form it is.
func TestRejectedOrders(t *testing.T) {
	same := plan.Order{Name: "a", Location: 89, Speed: plan.Speed10G, Term: 12}
	for name, c := range map[string]struct {
		change func(*plan.Port)
		kind   plan.Kind
	}{
		"same":          {func(*plan.Port) {}, plan.Blocked},
		"cost centre":   {func(p *plan.Port) { p.CostCentre = new(string) }, plan.Blocked},
		"location":      {func(p *plan.Port) { p.Site.ID = 90 }, plan.Buy},
		"speed":         {func(p *plan.Port) { p.Speed = plan.Speed1G }, plan.Buy},
		"zone":          {func(p *plan.Port) { p.Zone = plan.Red }, plan.Buy},
		"term":          {func(p *plan.Port) { p.Term = 24 }, plan.Buy},
		"a LAG":         {func(p *plan.Port) { p.LAG = 2 }, plan.Buy},
		"a former name": {func(p *plan.Port) { p.Name, p.Formerly = "b", "a" }, plan.Blocked},
	} {
		a := only(t, wanting(entry("a", c.change)), plan.Observed{Claims: []plan.Claim{{ID: "1", Name: "a", State: plan.OrderRejected, Order: same}}})
		if a.Kind != c.kind {
			t.Errorf("%s: %s %s", name, a.Kind, a.Reason.Text)
		}
	}
}
