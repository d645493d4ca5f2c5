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

// world is an account and what a ledger remembers of it, in which plans are carried
// out.
type world struct {
	desired  plan.Desired
	services []plan.Service
	tags     map[plan.ServiceUID]map[string]string
	known    map[string][]plan.ServiceUID
	began    map[plan.ServiceUID]bool
	next     int
	history  []string
}

// firstBought is the creation time, in seconds, from which on services are bought
// by the test.
const firstBought = 100_000

func (w *world) observed() plan.Observed {
	return plan.Observed{Services: slices.Clone(w.services), Tags: w.tags, Known: w.known, Cancelling: w.began}
}

// genWorld draws small accounts and inventories from few names, so that they meet.
func genWorld(t *rapid.T) (*world, bool) {
	w := &world{next: 1, tags: map[plan.ServiceUID]map[string]string{}, known: map[string][]plan.ServiceUID{}, began: map[plan.ServiceUID]bool{}}
	for range rapid.IntRange(0, 4).Draw(t, "groups") {
		w.genServices(t)
	}
	content := w.genInventory(t)
	inv, err := inventory.Parse(inventory.File{Name: "x.yaml", Content: []byte(content)})
	if err != nil {
		return nil, false
	}
	w.desired = inv.Desired()
	w.history = append(w.history, content)
	w.next += 1000
	return w, true
}

func (w *world) genServices(t *rapid.T) {
	statuses := []plan.Status{plan.StatusLive, plan.StatusLive, plan.StatusLive, plan.StatusConfigured, plan.StatusFailed, plan.StatusDecommissioned, plan.StatusCancelled}
	members, aggregation := 1, 0
	if rapid.Bool().Draw(t, "lag") {
		members, aggregation = rapid.IntRange(1, 3).Draw(t, "members"), 100+w.next
	}
	name := rapid.SampledFrom([]string{"a", "B", "c", "d"}).Draw(t, "service")
	status := rapid.SampledFrom(statuses).Draw(t, "status")
	location := plan.LocationID(1 + rapid.IntRange(0, 5).Draw(t, "location")/5)
	for m := range members {
		s := plan.Service{
			UID: uid(w.next), Name: name, Status: status, Location: location, Speed: plan.Speed10G, Term: 12,
			AggregationID: aggregation, LAGPrimary: aggregation != 0 && m == 0, CreatedAt: time.Unix(int64(1000+w.next/2), 0),
			Locked: rapid.IntRange(0, 7).Draw(t, "locked") == 0, VXCs: max(0, rapid.IntRange(-6, 1).Draw(t, "vxcs")),
		}
		if aggregation != 0 && rapid.IntRange(0, 3).Draw(t, "own status") == 0 {
			s.Status = rapid.SampledFrom(statuses).Draw(t, "member's status")
		}
		if aggregation != 0 && rapid.IntRange(0, 5).Draw(t, "late") == 0 {
			s.AggregationID = 0
		}
		w.tags[s.UID] = map[string]string{}
		if owner := rapid.SampledFrom([]string{"", "net", "net", "other"}).Draw(t, "owner"); owner != "" {
			w.tags[s.UID][plan.TagInventory] = owner
		}
		if rapid.IntRange(0, 2).Draw(t, "known") == 0 {
			as := rapid.SampledFrom([]string{"a", "b", "c", "d", plan.FoldName(name)}).Draw(t, "known as")
			w.known[as] = append(w.known[as], s.UID)
		}
		w.began[s.UID] = rapid.IntRange(0, 9).Draw(t, "began") == 0
		w.services = append(w.services, s)
		w.next++
	}
}

func (w *world) genInventory(t *rapid.T) string {
	var b strings.Builder
	b.WriteString("version: 1\nname: net\ndefaults: {term: 12}\nports:\n")
	maybe := func(label string, one int) bool { return rapid.IntRange(1, one).Draw(t, label) == 1 }
	name := func(label string) string { return rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, label) }
	some := func(label string) plan.ServiceUID { return uid(rapid.IntRange(1, w.next).Draw(t, label)) }
	for range rapid.IntRange(1, 3).Draw(t, "entries") {
		as, lag := name("entry"), maybe("a LAG", 3)
		if len(w.services) > 0 && maybe("of a service", 2) {
			s := rapid.SampledFrom(w.services).Draw(t, "of")
			as, lag = plan.FoldName(s.Name), s.AggregationID != 0
		}
		fmt.Fprintf(&b, "  - {name: %s, site: {id: 1}, speed: 10G", as)
		if lag {
			fmt.Fprintf(&b, ", lag: %d", rapid.IntRange(1, 3).Draw(t, "size"))
		}
		if maybe("a uid", 4) {
			fmt.Fprintf(&b, ", uid: %s", some("uid"))
		}
		if maybe("replaces", 3) {
			fmt.Fprintf(&b, ", replaces: %s", some("replaced"))
		}
		if maybe("formerly", 4) {
			fmt.Fprintf(&b, ", formerly: %s", name("former name"))
		}
		if maybe("absent", 4) {
			b.WriteString(", state: absent")
		}
		if maybe("lock", 6) {
			b.WriteString(", locked: true")
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// carryOut does what a plan says, and fails where that must never be said.
func (w *world) carryOut(t *rapid.T, p plan.Plan, bought map[string]bool) {
	w.note(p)
	for _, a := range p.Actions {
		name := plan.FoldName(a.Name)
		if a.Kind == plan.Buy && bought[name] {
			t.Fatalf("%s is bought twice\n%s", a.Name, strings.Join(w.history, "\n"))
		}
		switch a.Kind {
		case plan.Buy:
			bought[name] = true
			w.order(a)
		case plan.Grow:
			w.order(a)
		case plan.Cancel:
			w.cancel(t, a)
		}
		if a.Kind == plan.Update || a.Kind == plan.Grow {
			w.change(t, a)
		}
	}
}

func (w *world) order(a plan.Action) {
	aggregation := a.Order.AggregationID
	if a.Order.LAGPorts > 0 && aggregation == 0 {
		aggregation = 5000 + w.next
	}
	for m := range a.Order.Members() {
		s := plan.Service{
			UID: uid(w.next), Name: a.Order.Name, Status: plan.StatusLive, Location: a.Order.Location, Speed: a.Order.Speed, Term: a.Order.Term,
			AggregationID: aggregation, LAGPrimary: a.Kind == plan.Buy && aggregation != 0 && m == 0, CreatedAt: time.Unix(int64(firstBought+w.next), 0),
		}
		w.services = append(w.services, s)
		w.tags[s.UID] = map[string]string{plan.TagInventory: "net"}
		w.known[plan.FoldName(s.Name)] = append(w.known[plan.FoldName(s.Name)], s.UID)
		w.next++
	}
}

func (w *world) cancel(t *rapid.T, a plan.Action) {
	for _, m := range a.Service.Members {
		s := w.service(m)
		if s.CreatedAt.Unix() >= firstBought || s.VXCs > 0 || w.tags[m][plan.TagInventory] == "other" {
			t.Fatalf("%s is cancelled, which was bought before, has VXCs or is another's\n%s", m, strings.Join(w.history, "\n"))
		}
	}
	// Perhaps only some of the members are cancelled before the run breaks off.
	for _, m := range a.Service.Members[:rapid.IntRange(1, len(a.Service.Members)).Draw(t, "cancelled")] {
		w.service(m).Status = plan.StatusDecommissioned
		w.began[m] = true
	}
}

func (w *world) change(t *rapid.T, a plan.Action) {
	for _, m := range a.Service.Members {
		if w.tags[m][plan.TagInventory] == "other" {
			t.Fatalf("%s is changed, which is another's\n%s", m, strings.Join(w.history, "\n"))
		}
		s := w.service(m)
		for _, c := range a.Changes {
			switch {
			case c.UID != "" && c.UID != m:
			case c.Field == "name":
				s.Name = c.To
			case c.Field == "locked":
				s.Locked = c.To == "true"
			}
		}
	}
}

func (w *world) service(uid plan.ServiceUID) *plan.Service {
	i := slices.IndexFunc(w.services, func(s plan.Service) bool { return s.UID == uid })
	return &w.services[i]
}

// note keeps what happened, to be read when the test fails.
func (w *world) note(p plan.Plan) {
	var b strings.Builder
	b.WriteString("=====\n")
	for _, s := range w.services {
		fmt.Fprintf(&b, "%s %s %s agg %d loc %d vxcs %d tags %v began %v\n", s.UID[:8], s.Name, s.Status, s.AggregationID, s.Location, s.VXCs, w.tags[s.UID], w.began[s.UID])
	}
	fmt.Fprintf(&b, "known %v\n", w.known)
	for _, a := range p.Actions {
		fmt.Fprintf(&b, "  %s %s: %s %s %v\n", a.Kind, a.Name, a.Reason.Code, a.Reason.Text, a.Changes)
	}
	w.history = append(w.history, b.String())
}

func (w *world) converges(t *rapid.T, kinds map[plan.Kind]int) {
	bought := map[string]bool{}
	for range 8 {
		p := plan.Build(w.desired, w.observed(), plan.NewCatalog(testCatalog()))
		for _, a := range p.Actions {
			kinds[a.Kind]++
		}
		w.carryOut(t, p, bought)
		if p.Changes() == 0 {
			return
		}
	}
	t.Fatalf("it does not come to an end\n%s", strings.Join(w.history, "\n"))
}

// Whatever the account holds: carrying plans out comes to an end, buys no name
// twice, and never cancels what it bought, what has VXCs or what is another's.
func TestPlansConverge(t *testing.T) {
	kinds := map[plan.Kind]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			if w, valid := genWorld(t); valid {
				w.converges(t, kinds)
			}
		}
	})
	t.Logf("%v", kinds)
	for _, k := range []plan.Kind{plan.Buy, plan.Grow, plan.Update, plan.Cancel, plan.Blocked, plan.Unchanged} {
		if kinds[k] == 0 {
			t.Errorf("no plan had an action of kind %s: the test sees too little", k)
		}
	}
}
