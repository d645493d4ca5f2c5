package inventory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/plan"
)

const u1, u2 = "00000001-0000-4000-8000-000000000000", "00000002-0000-4000-8000-000000000000"

func held(uid, name string, change func(*plan.Service)) plan.Service {
	s := plan.Service{UID: plan.ServiceUID(uid), Name: name, Status: plan.StatusLive, Location: 90, Speed: plan.Speed10G, Zone: plan.Red, Term: 12}
	if change != nil {
		change(&s)
	}
	return s
}

func accept(text string, o plan.Observed, wanted ...string) (string, inventory.Accepted, error) {
	file := inventory.File{Name: "net.yaml", Content: []byte(text)}
	got, err := inventory.Accept([]inventory.File{file}, inventory.Acceptance{
		Wanted: wanted, Observed: o, Judge: func(d plan.Desired) plan.Plan { return plan.Build(d, o, places()) },
	})
	if len(got.Files) > 0 {
		file = got.Files[0]
	}
	return string(file.Content), got, err
}

func TestAccept(t *testing.T) {
	const head = "version: 1\nname: net\ndefaults: {term: 12, costCentre: ALL} # all\nports:\n"
	centre := func(c string) func(*plan.Service) { return func(s *plan.Service) { s.CostCentre = c } }
	renamed := plan.Observed{Services: []plan.Service{held(u1, "new", centre("X"))}, Known: map[string][]plan.ServiceUID{"old": {u1}}}
	tagged := plan.Observed{
		Services: []plan.Service{held(u1, "a", centre("ALL"))},
		Tags:     map[plan.ServiceUID]map[string]string{u1: {"team": "y # \"z\"", "d": "2"}},
	}
	several := plan.Observed{Services: []plan.Service{held(u1, "x", nil), held(u2, "y", nil)}, Known: map[string][]plan.ServiceUID{"old": {u1, u2}}}
	shared := plan.Observed{Services: []plan.Service{held(u1, "x", centre("ALL"))}, Tags: map[plan.ServiceUID]map[string]string{u1: {plan.TagInventory: "net"}}}
	lag := func(n int, centre string) func(*plan.Service) {
		return func(s *plan.Service) { s.AggregationID, s.LAGPrimary, s.CostCentre = 3, n == 1, centre }
	}
	for _, tt := range []struct {
		name          string
		before, after string // entries
		account       plan.Observed
		refused       string
	}{
		{"values, in braces and in a block", "  - {name: a, site: {id: 90}, speed: 10G, costCentre: 'x', marketplaceVisibility: false, locked: true} # one\n  - name: b\n    # above\n    costCentre: W # at\n    site: {id: 90}\n    speed: 10G\n", "  - {name: a, site: {id: 90}, speed: 10G, costCentre: \"\", marketplaceVisibility: true, locked: false} # one\n  - name: b\n    # above\n    costCentre: NET # at\n    site: {id: 90}\n    speed: 10G\n", plan.Observed{Services: []plan.Service{held(u1, "a", func(s *plan.Service) { s.MarketplaceVisibility = true }), held(u2, "b", centre("NET"))}}, ""},
		{"a name, and what else differs then", "  - name: old # the name\n    site: {id: 90}\n    speed: 10G\n    costCentre: W # money\n  # below\n", "  - name: new # the name\n    site: {id: 90}\n    speed: 10G\n    costCentre: X # money\n    uid: " + u1 + "\n  # below\n", renamed, ""},
		{"a name in other letters needs no uid", "  - {name: A, site: {id: 90}, speed: 10G}\n", "  - {name: a, site: {id: 90}, speed: 10G}\n", tagged, ""},
		{"tags, of which one is missing and one is the defaults'", "  - {name: a, site: {id: 90}, speed: 10G, tags: {team: x, none: m}}\n", "  - {name: a, site: {id: 90}, speed: 10G, tags: {team: \"y # \\\"z\\\"\", none: m}}\n", tagged, `net.yaml:5:49 the service has no tag "none"`},
		{"a tag of the defaults", "  - {name: b, site: {id: 90}, speed: 10G, state: absent}\n---\nversion: 1\ndefaults: {tags: {team: x}}\nports:\n  - {name: a, site: {id: 90}, speed: 10G, term: 12, tags: {d: '2'}}\n", "", tagged, "net.yaml:8:25 tag \"team\" comes from defaults"},
		{"from the defaults", "  - {name: a, site: {id: 90}, speed: 10G}\n", "", plan.Observed{Services: []plan.Service{held(u1, "a", centre("X"))}}, "net.yaml:3:34 costCentre comes from defaults"},
		{"from an anchor", "  - &e {name: a, site: {id: 90}, speed: 10G, costCentre: x}\n  - {<<: *e, name: b}\n", "", plan.Observed{Services: []plan.Service{held(u1, "a", centre("X")), held(u2, "b", centre("X"))}}, "net.yaml:5:58 costCentre comes from an anchor\nnet.yaml:5:58 costCentre comes from an anchor"},
		{"from a rollout", "rollouts:\n  - {name: \"r-{n}\", sites: [{id: 90}], speed: 10G, costCentre: x}\n", "", plan.Observed{Services: []plan.Service{held(u1, "r-1", centre("X"))}}, "net.yaml:6:64 costCentre comes from a rollout"},
		{"of a LAG that differs in itself", "  - {name: l, site: {id: 90}, speed: 10G, lag: 2, costCentre: x}\n", "", plan.Observed{Services: []plan.Service{held(u1, "l", lag(1, "x")), held(u2, "l", lag(2, "y"))}}, `net.yaml:5:63 the members of the LAG differ in costCentre (` + u2 + ` has "y")`},
		{"a rename that the entry asks for", "  - {name: b, site: {id: 90}, speed: 10G, formerly: a}\n", "", tagged, "net.yaml:5:53 the entry asks for this rename"},
		{"a longer term", "  - {name: a, site: {id: 90}, speed: 10G, term: 24}\n", "", tagged, "net.yaml:5:49 term is never taken over from the account (12 there, 24 here)"},
		{"another speed", "  - {name: a, site: {id: 90}, speed: 100G}\n", "", tagged, "net.yaml:5:38 service " + u1 + " is a 10G port, not 100G, and the speed of a port cannot change"},
		{"a name that two services could have", "  - {name: old, site: {id: 90}, speed: 10G}\n", "", several, "net.yaml:5:12 service " + u1 + ` was ordered for this entry before, and the account still has it, as "x"`},
		{"a service that two entries could be", "  - {name: p, site: {id: 90}, speed: 10G}\n  - {name: q, site: {id: 90}, speed: 10G}\n", "", shared, "net.yaml:5:5 service " + u1 + " could be several entries renamed\nnet.yaml:6:5 service " + u1 + " could be several entries renamed"},
		{"a name that cannot be one", "  - {name: old, site: {id: 90}, speed: 10G}\n", "", plan.Observed{Services: []plan.Service{held(u1, strings.Repeat("n", 300), nil)}, Known: renamed.Known}, "net.yaml:5:12 the name of the service cannot be an entry's: "},
		{"what looks renamed and is no LAG", "  - {name: p, site: {id: 90}, speed: 10G, lag: 2}\n", "", shared, "net.yaml:5:5 with the account's values the entry would not stand for the service: service " + u1 + " is a single port, the entry a LAG of 2"},
		{"what is to be cancelled", "  - {name: a, uid: " + u1 + ", state: absent}\n", "", tagged, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := head + tt.before
			if strings.HasPrefix(tt.before, "rollouts") {
				before = strings.Replace(before, "ports:\n", "", 1)
				tt.refused = strings.Replace(tt.refused, ":6:", ":5:", 1)
			}
			after := head + tt.after
			if tt.after == "" {
				after = before
			}
			text, got, err := accept(before, tt.account, "*")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(after, text); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var refused []string
			for _, r := range got.Refused {
				refused = append(refused, fmt.Sprintf("%s %s", r.At, r.Reason))
			}
			if all := strings.Join(refused, "\n"); !strings.HasPrefix(all, tt.refused) || tt.refused == "" && all != "" {
				t.Errorf("refused\n%s\nwanted\n%s", all, tt.refused)
			}
		})
	}
}

// Of several files those without an accepted value stay as they are, byte for byte.
func TestAcceptTouchesNoOtherFile(t *testing.T) {
	entry := func(name, end string) inventory.File {
		return inventory.File{Name: name + ".yaml", Content: []byte("version: 1" + end + "defaults: {term: 12} # d\nports:\r\n  - {name: " + name + ", site: {id: 90}, speed: 10G, costCentre: X} # " + name + end)}
	}
	a, b := entry("a", "\r\n"), entry("b", "\n")
	b.Content = append(b.Content, "name: net\n"...)
	o := plan.Observed{Services: []plan.Service{held(u1, "a", nil), held(u2, "b", nil)}}
	got, err := inventory.Accept([]inventory.File{a, b}, inventory.Acceptance{
		Wanted: []string{"A"}, Observed: o, Judge: func(d plan.Desired) plan.Plan { return plan.Build(d, o, places()) },
	})
	if err != nil || len(got.Files) != 1 || got.Files[0].Name != "a.yaml" || got.Values != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	want := "version: 1\r\ndefaults: {term: 12} # d\r\nports:\r\n  - {name: a, site: {id: 90}, speed: 10G, costCentre: \"\"} # a\r\n"
	if diff := cmp.Diff(want, string(got.Files[0].Content)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	again, err := inventory.Accept([]inventory.File{b, got.Files[0]}, inventory.Acceptance{
		Wanted: []string{"a"}, Observed: o, Judge: func(d plan.Desired) plan.Plan { return plan.Build(d, o, places()) },
	})
	if err != nil || len(again.Files) != 0 || len(again.Refused) != 0 {
		t.Errorf("a second time: %+v, %v", again, err)
	}
}

// Whatever account and inventory are: accepting buys and cancels nothing, loses no comment
// and no entry, changes nothing of what cannot change, and a second time there is nothing.
func TestAcceptKeepsTheRest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := drawnAccount(rt)
		o.Known = map[string][]plan.ServiceUID{}
		judge := func(d plan.Desired) plan.Plan { return plan.Build(d, o, places()) }
		content, _ := adopt(rt, o, inventory.DeclarableKeys()...)
		before, err := inventory.Parse(inventory.File{Name: "net.yaml", Content: content.Content})
		if err != nil {
			rt.Fatal(err)
		}
		for _, a := range judge(before.Desired()).Actions { // as a run remembers it
			o.Known[plan.FoldName(a.Name)] = a.Service.Members
		}
		changeInPortal(rt, o)
		was := judge(before.Desired())
		text, got, err := accept(string(content.Content), o, "*")
		if len(was.Actions) == 0 {
			return
		}
		if err != nil {
			rt.Fatalf("%v\n%s", err, content.Content)
		}
		after, err := inventory.Parse(inventory.File{Name: "net.yaml", Content: []byte(text)})
		if err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		if len(after.Ports) != len(before.Ports) {
			rt.Fatalf("%d entries, then %d", len(before.Ports), len(after.Ports))
		}
		for i, p := range after.Ports {
			q := before.Ports[i]
			if p.Site != q.Site || p.Speed != q.Speed || p.Zone != q.Zone || p.LAG != q.LAG || p.Term != q.Term || p.Absent {
				rt.Errorf("%+v became %+v", q, p)
			}
		}
		now := judge(after.Desired())
		if got.Values == 0 != (text == string(content.Content)) {
			rt.Errorf("%d values\n%s", got.Values, text)
		}
		if count(now, plan.Buy) > count(was, plan.Buy) || count(now, plan.Cancel)+count(now, plan.Grow) > 0 || count(now, plan.Unchanged) < count(was, plan.Unchanged) {
			rt.Errorf("a plan of it would do more\n%s", text)
		}
		if open := count(now, plan.Update) + count(now, plan.Blocked); open > 0 && len(got.Refused) == 0 {
			rt.Errorf("%d entries differ, and nothing was refused\n%s", open, text)
		}
		for _, comment := range comments(string(content.Content)) {
			if !slices.Contains(comments(text), comment) {
				rt.Errorf("the comment %q is lost\n%s", comment, text)
			}
		}
		if again, _, err := accept(text, o, "*"); err != nil || again != text {
			rt.Errorf("a second time: %v\n%s\n%s", err, text, again)
		}
	})
}

func count(p plan.Plan, k plan.Kind) (n int) {
	for _, a := range p.Actions {
		if a.Kind == k {
			n++
		}
	}
	return n
}

// comments are the ends of the lines that begin with a UID, as an import writes them.
func comments(text string) (all []string) {
	for line := range strings.Lines(text) {
		if i := strings.LastIndex(line, "  # "); i >= 0 {
			all = append(all, strings.TrimSpace(line[i:]))
		}
	}
	return all
}

func changeInPortal(t *rapid.T, o plan.Observed) {
	for i := range o.Services {
		s := &o.Services[i]
		switch rapid.IntRange(0, 6).Draw(t, "change") {
		case 0:
			s.Name = rapid.SampledFrom([]string{"renamed", "r2", "r3", "lon-1", " ", "é\u202e", "x: # y", "No"}).Draw(t, "new name")
		case 1:
			s.CostCentre = rapid.SampledFrom([]string{"", "NEW", "q # \"r\"", "a\nb"}).Draw(t, "new centre")
		case 2:
			s.MarketplaceVisibility = !s.MarketplaceVisibility
		case 3:
			s.Locked = !s.Locked
		case 4:
			o.Tags[s.UID] = map[string]string{"team": "new"}
		}
	}
}
