package provider_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// A plan of a thousand ports that are as they should be asks for four things: a
// token, the locations, the products and the approvals.
func TestUnchangedPlanIsFourRequests(t *testing.T) {
	client, recorder, server := connect(t)
	var seeds []sandbox.Seed
	d := plan.Desired{Inventory: "inv"}
	for i := range 1000 {
		name := fmt.Sprintf("edge-%d", i)
		seeds = append(seeds, sandbox.Seed{Name: name, LocationID: 89, SpeedMbps: 10_000, TermMonths: 12, Status: "LIVE"})
		d.Ports = append(d.Ports, plan.Port{Name: name, Site: plan.Site{ID: 89}, Speed: plan.Speed10G, Term: 12})
	}
	if _, err := server.Seed(seeds...); err != nil {
		t.Fatal(err)
	}
	book := ledger.New(storetest.NewMemory(), "h", ledger.Run{})
	draft, err := refresh.Read(t.Context(), provider.NewReader(client), d, refresh.Options{Ledger: book})
	if err != nil {
		t.Fatal(err)
	}
	if draft.Plan.Summary.Unchanged != 1000 || !draft.Plan.Empty() {
		t.Fatalf("plan %+v", draft.Plan.Summary)
	}
	slices.Sort(recorder.calls)
	want := "GET /v2/products, GET /v3/locations, GET /v3/order_approvals, POST /oauth2/token"
	if got := strings.Join(recorder.calls, ", "); got != want {
		t.Errorf("requests: %s\nwant:     %s", got, want)
	}
}

// edit is something that a person does to the inventory or, by hand, to the
// account.
type edit struct {
	what, name, to string
	number         int
}

func drawEdits(t *rapid.T) []edit {
	name := rapid.SampledFrom([]string{"a", "b", "c", "lag"})
	var edits []edit
	for range rapid.IntRange(1, 8).Draw(t, "edits") {
		edits = append(edits, edit{
			what: rapid.SampledFrom([]string{
				"add", "add", "remove", "rename", "rename-formerly", "cost", "tag", "hide", "grow", "absent", "term", "lock",
				"portal-rename", "portal-cancel",
			}).Draw(t, "edit"),
			name: name.Draw(t, "name"), to: name.Draw(t, "to"), number: rapid.IntRange(0, 3).Draw(t, "number"),
		})
	}
	return edits
}

// person is somebody with an inventory and an account, and what they did.
type person struct {
	desired plan.Desired
	server  *sandbox.Server
	account *provider.Account
	store   *storetest.Memory
	problem string
}

// Whatever a person does: applying and planning again finds nothing to do, no
// name is ever bought twice, and only what says absent is cancelled.
func TestRandomPerson(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		edits := drawEdits(rt)
		problem := ""
		synctest.Test(t, func(t *testing.T) { problem = live(t, edits) }) // a failure inside the bubble could not be shrunk
		if problem != "" {
			rt.Fatalf("%s\nafter %+v", problem, edits)
		}
	})
}

func live(t *testing.T, edits []edit) string {
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, err := megaport.New(megaport.Options{
		BaseURL: "http://sandbox.invalid", TokenURL: "http://sandbox.invalid" + sandbox.TokenPath,
		Credentials: megaport.Credentials{AccessKey: "k", SecretKey: "s"}, Transport: server.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &person{
		desired: plan.Desired{Inventory: "inv"}, server: server, account: provider.NewAccount(client), store: storetest.NewMemory(),
	}
	for _, e := range edits {
		if p.do(e); p.problem == "" {
			p.apply(t.Context())
		}
		if p.problem != "" {
			return p.problem
		}
	}
	return ""
}

func (p *person) find(name string) *plan.Port {
	for i := range p.desired.Ports {
		if p.desired.Ports[i].Name == name {
			return &p.desired.Ports[i]
		}
	}
	return nil
}

func (p *person) do(e edit) {
	entry := p.find(e.name)
	if e.what == "add" && entry == nil {
		n := plan.Port{Name: e.name, Site: plan.Site{ID: 89}, Speed: plan.Speed10G, Term: 12}
		if e.name == "lag" {
			n.LAG = 2
		}
		p.desired.Ports = append(p.desired.Ports, n)
	}
	if strings.HasPrefix(e.what, "portal-") {
		p.portal(e)
	}
	time.Sleep(time.Minute) // what was bought is LIVE by now, so that a term can be made longer
	if entry != nil {
		p.edit(entry, e)
	}
}

func (p *person) edit(entry *plan.Port, e edit) {
	text, yes := fmt.Sprint(e.number), e.number%2 == 0
	switch e.what {
	case "remove":
		p.desired.Ports = slices.DeleteFunc(p.desired.Ports, func(x plan.Port) bool { return x.Name == e.name })
	case "rename", "rename-formerly":
		if p.find(e.to) != nil {
			return
		}
		entry.Name = e.to
		if entry.Formerly = ""; e.what == "rename-formerly" {
			entry.Formerly = e.name
		}
	case "cost":
		entry.CostCentre = &text
	case "tag":
		entry.Tags = map[string]string{"team": text}
	case "hide":
		entry.MarketplaceVisibility = &yes
	case "lock":
		entry.Locked = &yes
	case "grow":
		if entry.LAG > 0 {
			entry.LAG = min(entry.LAG+e.number, plan.MaxLagMembers)
		}
	case "term":
		entry.Term, entry.TermDeclared = 24, true
	case "absent":
		entry.Absent = true
	}
}

// portal is what is done by hand, behind portctl's back.
func (p *person) portal(e edit) {
	ctx := context.Background()
	seen, err := p.account.Observe(ctx)
	if err != nil {
		p.problem = err.Error()
		return
	}
	for _, s := range seen.Services {
		if s.Name != e.name || s.Status.Terminated() || s.Locked {
			continue
		}
		if e.what == "portal-cancel" {
			err = p.account.Cancel(ctx, s.UID)
		} else {
			err = p.account.Update(ctx, s.UID, plan.FieldUpdate{Name: "by hand " + s.UID.Short(), CostCentre: s.CostCentre})
		}
		if err != nil {
			p.problem = err.Error()
		}
	}
}

// apply applies the inventory, checks what came of it, and plans again.
func (p *person) apply(ctx context.Context) {
	book := ledger.New(p.store, "h", ledger.Run{})
	before := p.server.Record().Purchases
	draft, recovered, err := refresh.ReadAndRecord(ctx, p.account, p.desired, refresh.Options{Ledger: book, PerOrder: true})
	if err != nil {
		p.problem = err.Error()
		return
	}
	if !draft.Plan.CanApply() {
		return // a person mends the entry, or takes it out
	}
	if !slices.ContainsFunc(p.desired.Ports, func(x plan.Port) bool { return x.Absent }) && draft.Plan.Summary.Cancel > 0 {
		p.problem = "something is cancelled although no entry says absent"
		return
	}
	result := apply.Run(ctx, draft, apply.Options{Account: p.account, Ledger: book, Wait: time.Hour, Recovered: recovered})
	if result.ExitCode != apply.ExitDone {
		p.problem = fmt.Sprintf("apply exits %d: %+v", result.ExitCode, result)
		return
	}
	again, err := refresh.Read(ctx, p.account, p.desired, refresh.Options{Ledger: book})
	switch {
	case err != nil:
		p.problem = err.Error()
	case again.Plan.Changes() > 0:
		p.problem = fmt.Sprintf("after apply the plan is not empty: %+v", again.Plan.Actions)
	default:
		p.check(draft.Plan, before)
	}
}

// check holds the account against the promise: one service per name.
func (p *person) check(was plan.Plan, before map[string]int) {
	after := p.server.Record().Purchases
	bought := map[string]int{}
	for _, a := range was.Actions {
		if a.Kind == plan.Buy || a.Kind == plan.Grow {
			bought[a.Name]++
		}
	}
	for name, n := range after {
		if n-before[name] != bought[name] {
			p.problem = fmt.Sprintf("%q was ordered %d times, planned %d", name, n-before[name], bought[name])
		}
	}
	seen, err := p.account.Observe(context.Background())
	if err != nil {
		p.problem = err.Error()
		return
	}
	units := map[string]map[string]bool{}
	for _, s := range seen.Services {
		if s.Status.Terminated() {
			continue
		}
		unit := string(s.UID)
		if s.AggregationID != 0 {
			unit = fmt.Sprint(s.AggregationID)
		}
		if units[s.Name] == nil {
			units[s.Name] = map[string]bool{}
		}
		units[s.Name][unit] = true
		if len(units[s.Name]) > 1 {
			p.problem = fmt.Sprintf("%d services are named %q", len(units[s.Name]), s.Name)
		}
	}
}
