package plan_test

import (
	"testing"

	"github.com/portctl/portctl/pkg/plan"
)

func only(t *testing.T, d plan.Desired, o plan.Observed) plan.Action {
	t.Helper()
	p := plan.Build(d, o, place())
	if len(p.Actions) != 1 {
		t.Fatalf("%d actions", len(p.Actions))
	}
	return p.Actions[0]
}

// What the ledger knows only ever holds a purchase back.
func TestKnownServiceOnlyBlocks(t *testing.T) {
	elsewhere := live("u1", "z")
	elsewhere.Location = 90 // so that nothing but the ledger connects it with the entry
	known := map[string][]plan.ServiceUID{"a": {"u1"}}
	for name, c := range map[string]struct {
		desired  plan.Desired
		services []plan.Service
		kind     plan.Kind
		reason   plan.ReasonCode
	}{
		"alive under another name": {wanting(entry("a")), []plan.Service{elsewhere}, plan.Blocked, plan.ReasonKnownService},
		"alive, by the former name": {
			wanting(entry("b", func(p *plan.Port) { p.Formerly = "a" })), []plan.Service{elsewhere}, plan.Blocked, plan.ReasonKnownService,
		},
		"terminated under another name": {wanting(entry("a")), []plan.Service{ended(elsewhere)}, plan.Blocked, plan.ReasonTerminatedPredecessor},
		"terminated and replaced":       {wanting(entry("a", func(p *plan.Port) { p.Replaces = "u1" })), []plan.Service{ended(elsewhere)}, plan.Buy, plan.ReasonNew},
		"alive, after one that ended":   {wanting(entry("a")), []plan.Service{elsewhere, ended(live("u0", "a"))}, plan.Blocked, plan.ReasonKnownService},
		"not listed":                    {wanting(entry("a")), nil, plan.Blocked, plan.ReasonVanished},
		"not listed and replaced":       {wanting(entry("a", func(p *plan.Port) { p.Replaces = "u1" })), nil, plan.Buy, plan.ReasonNew},
		"bound by its uid":              {wanting(entry("a", func(p *plan.Port) { p.UID, p.Site.ID = "u1", 90 })), []plan.Service{elsewhere}, plan.Update, plan.ReasonDiffers},
		"another has the name":          {wanting(entry("a")), []plan.Service{elsewhere, live("u2", "a")}, plan.Unchanged, plan.ReasonExists},
	} {
		t.Run(name, func(t *testing.T) {
			tags := map[plan.ServiceUID]map[string]string{"u1": {}}
			a := only(t, c.desired, plan.Observed{Services: c.services, Known: known, Tags: tags})
			if a.Kind != c.kind || a.Reason.Code != c.reason {
				t.Errorf("%s %s: %s", a.Kind, a.Reason.Code, a.Reason.Text)
			}
		})
	}
}

func ended(s plan.Service) plan.Service {
	s.Status = plan.StatusDecommissioned
	return s
}

// One that `unmanaged` lists, by name or by UID, is out of the way.
func TestKnownServiceUnderUnmanaged(t *testing.T) {
	for _, aside := range []string{"Z", "U1"} {
		d := wanting(entry("a"))
		d.Unmanaged = []string{aside}
		if a := only(t, d, plan.Observed{Services: []plan.Service{live("u1", "z")}, Known: map[string][]plan.ServiceUID{"a": {"u1"}}}); a.Kind != plan.Buy {
			t.Errorf("unmanaged %s: %s %s", aside, a.Kind, a.Reason.Text)
		}
	}
}

// Whatever order predecessors ended in, one `replaces` leads to the purchase.
func TestEveryPredecessorHasAWayOut(t *testing.T) {
	listed := []plan.Service{ended(live("u1", "a")), ended(live("u3", "x"))}
	for _, known := range [][]plan.ServiceUID{nil, {"u1"}, {"u1", "u2"}, {"u2", "u1"}, {"u2", "u3"}, {"u3", "u2"}, {"u2", "u4"}, {"u1", "u2", "u3", "u4"}} {
		found := ""
		for _, replaces := range []plan.ServiceUID{"u1", "u2", "u3", "u4"} {
			d := wanting(entry("a", func(p *plan.Port) { p.Replaces = replaces }))
			if only(t, d, plan.Observed{Services: listed, Known: map[string][]plan.ServiceUID{"a": known}}).Kind == plan.Buy {
				found += string(replaces)
			}
		}
		if len(found) != 2 { // exactly one: each `replaces` allows one purchase
			t.Errorf("recorded %v: it is bought with replaces %q", known, found)
		}
	}
}

// Members that the API lists late without their aggregation id are one LAG, and
// nothing is ordered into it.
func TestLateAggregation(t *testing.T) {
	services := lagOf(3, "core")
	want := func(n int) plan.Desired { return wanting(entry("core", func(p *plan.Port) { p.LAG = n })) }
	all := []plan.ServiceUID{"u1", "u2", "u3"}
	for late := range 4 { // how many members read without it
		got := lagOf(3, "core")
		for i := range late {
			got[2-i].AggregationID = 0
		}
		byLedger := plan.Observed{Services: got, Known: map[string][]plan.ServiceUID{"core": all}}
		if a := only(t, want(3), byLedger); a.Kind != plan.Unchanged || len(a.Service.Members) != 3 {
			t.Errorf("%d late: %s %s", late, a.Kind, a.Reason.Text)
		}
		a := only(t, want(4), byLedger)
		if known := late < 3; known != (a.Kind == plan.Grow) || known && a.Order.AggregationID != 7 {
			t.Errorf("%d late: growth is %s %s", late, a.Kind, a.Reason.Text)
		}
	}
	services[1].AggregationID = 9
	claim := plan.Claim{ID: "1", Name: "core", State: plan.OrderBought, UIDs: all, Order: plan.Order{Name: "core", Location: 89, Speed: plan.Speed10G, LAGPorts: 3}}
	if a := only(t, want(3), plan.Observed{Services: services, Claims: []plan.Claim{claim}}); a.Kind != plan.Blocked || a.Reason.Code != plan.ReasonLAGSplit {
		t.Errorf("two ids in one order: %s %s", a.Kind, a.Reason.Code)
	}
}

// Services that only happen to be known under one name are not made a LAG.
func TestNoLAGWithoutALAG(t *testing.T) {
	services := []plan.Service{live("u1", "a"), live("u2", "a")}
	a := only(t, wanting(entry("a")), plan.Observed{Services: services, Known: map[string][]plan.ServiceUID{"a": {"u1", "u2"}}})
	if a.Kind != plan.Blocked || a.Reason.Code != plan.ReasonDuplicateService {
		t.Errorf("%s %s", a.Kind, a.Reason.Code)
	}
}
