package report

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// rollout is the input of a rollout of n ports at several places, with names and notes as
// long as people write them.
func rollout(t testing.TB, n int, name string) Input {
	t.Helper()
	locations := []plan.Location{
		{ID: 89, Name: "Digital Realty London LHR20", Metro: "London", Market: "UK", Status: plan.LocationActive, Speeds: plan.Speeds(), Latitude: 51.5, Longitude: -0.01},
		{ID: 2, Name: "Equinix SY1", Metro: "Sydney", Market: "AU", Status: plan.LocationActive, Speeds: plan.Speeds(), Latitude: -33.9, Longitude: 151.2},
		{ID: 3, Name: "Nowhere", Metro: "Nowhere", Market: "NZ", Status: plan.LocationActive, Speeds: plan.Speeds()},
	}
	d := plan.Desired{Inventory: "world"}
	o := plan.Observed{}
	purchases := map[plan.ServiceUID]ledger.Purchase{}
	for i := range n {
		at := locations[i%len(locations)]
		p := plan.Port{Name: fmt.Sprintf("%s-%04d", name, i), Site: plan.Site{ID: at.ID}, Speed: plan.Speed10G, Zone: []plan.Zone{plan.Red, plan.Blue}[i%2], Term: 12, SameZone: true}
		d.Ports = append(d.Ports, p)
		if i%4 == 3 {
			continue // to be bought
		}
		uid := plan.ServiceUID(fmt.Sprintf("36b3f68e-2f54-4331-bf94-%012d", i))
		o.Services = append(o.Services, plan.Service{
			UID: uid, Name: p.Name, Status: plan.StatusLive, Location: at.ID, Speed: p.Speed, Zone: p.Zone, Term: 12, CostCentre: "NET-042 <core>",
			CreatedAt: noon.Add(time.Duration(i) * time.Minute), LiveAt: noon.Add(time.Duration(i) * time.Hour), ContractEnd: noon.AddDate(1, 0, i%40),
		})
		purchases[uid] = ledger.Purchase{At: noon.Add(time.Duration(i) * time.Minute), Ports: 1, Term: 12, Price: price("GBP", 500)}
	}
	p := refresh.PricedPlan{Desired: d, Observed: o, Catalog: plan.NewCatalog(locations), Purchases: purchases}
	p.Plan = plan.Build(d, o, p.Catalog)
	quotes := plan.Quotes{}
	for _, order := range p.Plan.Orders() {
		quotes[order.Key()] = plan.Quote{Priced: true, Currency: "AUD", Monthly: amount(750)}
	}
	p.Plan = p.Plan.Priced(quotes)
	s := apply.StatusOf(p)
	for i := range s.Ports {
		s.Ports[i].LOA = &apply.LOAState{File: "loas/" + s.Ports[i].Name + " #1.pdf", FetchedAt: noon}
	}
	return Input{Inventory: "world", Environment: "production", Status: s, Document: &plan.Document{Plan: p.Plan, Checksum: "sha256:0", ExpiresAt: noon}}
}

func amount(n int64) plan.Amount { return plan.NewAmount(decimal.NewFromInt(n)) }

func price(currency string, monthly int64) plan.Price {
	return plan.Price{Currency: currency, Cost: plan.Cost{Monthly: amount(monthly), OneTime: amount(0), Commitment: amount(12 * monthly)}}
}

func written(t *testing.T, in Input) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A page is small enough to be mailed, and that of 1,000 ports to be opened.
func TestSizes(t *testing.T) {
	name := strings.Repeat("north-west-core-", 3)
	for n, limit := range map[int]int{200: 500_000, 1000: 2_000_000} {
		if size := len(written(t, rollout(t, n, name))); size > limit {
			t.Errorf("%d ports: %d bytes, at most %d are wanted", n, size, limit)
		}
	}
	if len(land) > 20_000 {
		t.Errorf("the land has %d bytes", len(land))
	}
}

// Whatever names say, they are text: nothing of them is run, fetched or hidden.
func TestHostileTextIsText(t *testing.T) {
	const hostile = "\"><script>alert(1)</script><img src=//evil.example/x>\u202e\x1b[31m"
	in := rollout(t, 8, hostile)
	in.Inventory, in.Environment = hostile, hostile
	in.Document.Warnings = append(in.Document.Warnings, plan.Warning{Name: hostile, Text: hostile})
	in.Status.Ports[0].CostCentre, in.Status.Ports[0].Place = hostile, &plan.Place{ID: 89, Name: hostile, Metro: hostile, Market: hostile}
	in.Status.Ports[1].LOA = &apply.LOAState{File: "javascript:alert(1)"}
	html := written(t, in)
	for _, raw := range []string{"<script>alert", "<img", "\u202e", "\x1b", `href="javascript:`, "evil.example/x>"} {
		if strings.Contains(html, raw) {
			t.Errorf("the page has %q", raw)
		}
	}
	if n := strings.Count(html, "<script"); n != 1 {
		t.Errorf("the page has %d scripts", n)
	}
	if links := regexp.MustCompile(`(href|src)="[^#."]`).FindAllString(html, -1); len(links) > 0 {
		t.Errorf("the page leads elsewhere: %v", links)
	}
}

// The page forbids itself to fetch anything, and to run anything that is not its own.
func TestThePageIsClosed(t *testing.T) {
	html := written(t, rollout(t, 4, "a"))
	rules := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(html)
	if len(rules) != 2 || !strings.HasPrefix(rules[1], "default-src &#39;none&#39;; style-src &#39;sha256-") || strings.Contains(rules[1], "unsafe") {
		t.Errorf("the rules are %q", rules)
	}
	if strings.Contains(html, "http://") || strings.Contains(html, "https://") {
		t.Error("the page names an address")
	}
}

// The report that the README shows is one of this page.
func TestTheExampleIsCurrent(t *testing.T) {
	example, err := os.ReadFile("../../../../docs/emea-rollout/report.html")
	if err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string]string{"style": pageCSS, "script": pageJS, "land": strings.TrimSpace(land)} {
		if !strings.Contains(string(example), part) {
			t.Errorf("docs/emea-rollout has another %s: run `make screenshots`", name)
		}
	}
	now := written(t, rollout(t, 8, "p"))
	tags := regexp.MustCompile(`<(h2|section|figure|form|table|thead)[^>]*>`)
	have := map[string]bool{}
	for _, tag := range tags.FindAllString(now, -1) {
		have[tag] = true
	}
	for _, tag := range tags.FindAllString(string(example), -1) {
		if !have[tag] && !strings.Contains(pageHTML, tag) {
			t.Errorf("docs/emea-rollout has %s, which the page has no more: run `make screenshots`", tag)
		}
	}
}

func TestMoneyBeforeAndAfter(t *testing.T) {
	bought := func(name, currency string, monthly int64, ports int) apply.PortStatus {
		return apply.PortStatus{Name: name, UID: plan.ServiceUID(name), Purchase: &ledger.Purchase{At: noon, Price: price(currency, monthly), Ports: ports}}
	}
	in := Input{
		Status: apply.Status{Ports: []apply.PortStatus{
			bought("a", "GBP", 500, 1), bought("lag", "GBP", 900, 2), bought("lag", "GBP", 900, 2), bought("b", "EUR", 100, 1),
			{Name: "old", UID: "old"},
			{Name: "new"},
			{Name: "gone", UID: "gone", Status: plan.StatusCancelled, Purchase: &ledger.Purchase{Price: price("GBP", 7)}},
		}},
		Document: &plan.Document{Plan: plan.Plan{
			Totals: plan.Totals{"GBP": plan.Cost{Monthly: amount(450), OneTime: amount(30), Commitment: amount(10830)}, "SEK": plan.Cost{Monthly: amount(1)}},
			Actions: []plan.Action{
				{Kind: plan.Update, Name: "a", Price: &plan.Price{Currency: "GBP", Cost: plan.Cost{Monthly: amount(450)}}}, // a longer term
				{Kind: plan.Cancel, Name: "b"}, {Kind: plan.Unchanged, Name: "lag"},
			},
		}},
	}
	want := money{Unknown: 1, Rows: []moneyRow{
		{"EUR", "100.00", "0.00", "100.00", "0.00", "0.00", "0.00"},
		{"GBP", "1,400.00", "450.00", "500.00", "1,350.00", "30.00", "10,830.00"},
		{"SEK", "0.00", "1.00", "0.00", "1.00", "0.00", "0.00"},
	}}
	if diff := cmp.Diff(want, moneyOf(in)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Two entries can have one name when one is absent: each row has its own action.
func TestActionsOfOneName(t *testing.T) {
	at := &plan.Place{ID: 89, Name: "L"}
	cancel := plan.Action{Kind: plan.Cancel, Name: "a", Location: at, Wanted: plan.Wanted{Absent: true}, Service: &plan.ServiceRef{UID: "old", Members: []plan.ServiceUID{"old"}}}
	waits := plan.Action{Kind: plan.Unchanged, Name: "a", Location: at}
	for _, actions := range [][]plan.Action{{cancel, waits}, {waits, cancel}} {
		in := Input{
			Document: &plan.Document{Plan: plan.Plan{Actions: actions}},
			Status:   apply.Status{Ports: []apply.PortStatus{{Name: "a", UID: "old"}, {Name: "a"}}},
		}
		if rows := portsOf(in); rows[0].Plan != "cancel" || rows[1].Plan != "unchanged" {
			t.Errorf("%+v", rows)
		}
	}
}

func TestBars(t *testing.T) {
	sums := map[string]map[string]plan.Amount{"GBP": {"a": amount(50), "b": amount(200), "c": amount(1)}, "EUR": {"alone": amount(9)}}
	want := []bars{{"By x", "GBP", []bar{{"b", "200.00", 100}, {"a", "50.00", 25}, {"c", "1.00", 1}}}}
	if diff := cmp.Diff(want, drawn("By x", sums)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	many := map[string]plan.Amount{}
	for i := range 30 {
		many[fmt.Sprintf("site %02d", i)] = amount(10)
	}
	rows := drawn("By x", map[string]map[string]plan.Amount{"GBP": many})[0].Rows
	if last := rows[len(rows)-1]; len(rows) != mostBars+1 || last.Label != "18 others" || last.Amount != "180.00" {
		t.Errorf("%d bars, the last is %+v", len(rows), last)
	}
}

// Zones stand apart, states look apart in colour and shape, and all places are seen.
func TestMap(t *testing.T) {
	m := mapOf(rollout(t, 24, "p").Status)
	seen := map[string]string{}
	for _, x := range m.Marks {
		seen[x.Title] = x.X
	}
	for _, title := range []string{"London: 4 ports ready, zone red", "London: 2 ports ready, zone blue", "London: 2 ports planned, zone blue", "Sydney: 4 ports ready, zone red"} {
		if seen[title] == "" {
			t.Errorf("there is no mark %q: %v", title, seen)
		}
	}
	if seen["London: 4 ports ready, zone red"] == seen["London: 2 ports ready, zone blue"] {
		t.Error("red and blue are one point")
	}
	if m.Unknown != 8 || m.ViewBox == "" {
		t.Errorf("%d places are unknown, the view is %q", m.Unknown, m.ViewBox)
	}
	var left, top, width, height, x, y float64
	if _, err := fmt.Sscan(m.ViewBox, &left, &top, &width, &height); err != nil {
		t.Fatal(err)
	}
	for title, at := range seen {
		if _, err := fmt.Sscan(at, &x, &y); err != nil || x < left || x > left+width || y < top || y > top+height {
			t.Errorf("%q stands at %s, outside of %s", title, at, m.ViewBox)
		}
	}
	if mapOf(apply.Status{}) != nil {
		t.Error("a map of nothing")
	}
}

// The timeline has the times that are known, and none that is not.
func TestTimeline(t *testing.T) {
	in := Input{Status: apply.Status{Ports: []apply.PortStatus{
		{UID: "1", Purchase: &ledger.Purchase{At: noon}, LOA: &apply.LOAState{File: "x", FetchedAt: noon.Add(time.Minute)}},
		{UID: "2", CreatedAt: noon.Add(time.Second), LiveAt: noon.Add(time.Hour)},
		{Name: "not ordered"},
	}}, Events: []Event{
		{Type: "port-status", UID: "1", Status: plan.StatusDeployable, Time: noon.Add(5 * time.Second)},
		{Type: "port-status", UID: "1", Status: plan.StatusConfigured, Time: noon.Add(10 * time.Second)},
		{Type: "port-status", UID: "1", Status: plan.StatusLive, Time: noon.Add(20 * time.Second)},
		{Type: "loa-saved", UID: "1", Time: noon.Add(time.Minute + 300*time.Millisecond)},
		{Type: "port-status", UID: "stranger", Status: plan.StatusLive, Time: noon.Add(-time.Hour)},
	}, Runs: []apply.Result{{StartedAt: noon.Add(-time.Minute), FinishedAt: noon.Add(2 * time.Minute)}}}
	tl := timelineOf(in)
	got := map[string]string{}
	for _, s := range tl.Series {
		got[s.Key] = fmt.Sprint(s.Count, " ", s.First)
	}
	want := map[string]string{"ordered": "2 2026-11-27 12:00 UTC", "provisioned": "1 2026-11-27 12:00 UTC", "loa": "1 2026-11-27 12:01 UTC", "live": "1 2026-11-27 13:00 UTC"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if tl.Shades[0].X != timelineLeft || tl.Ticks[0].Text != "11-27 11:59" {
		t.Errorf("it begins with %+v, %+v", tl.Shades, tl.Ticks[0])
	}
	if timelineOf(Input{Status: apply.Status{Ports: []apply.PortStatus{{UID: "1", CreatedAt: noon}}}}) != nil {
		t.Error("a timeline of one time")
	}
}

func TestEventsAreRead(t *testing.T) {
	var b bytes.Buffer
	w := apply.NewEventWriter(&b, func() time.Time { return noon })
	w.Event(apply.OrderStarted{Name: "a"})
	w.Event(apply.PortSeen{Name: "a", UID: "1", Status: plan.StatusLive})
	w.Event(apply.LOASaved{Name: "a", UID: "1", Path: "x"})
	got, err := ReadEvents(strings.NewReader(b.String() + `{"v":1,"seq":4,"ti`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Event{{1, noon, "port-status", "1", plan.StatusLive}, {1, noon, "loa-saved", "1", ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a log that was cut off (-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"nonsense":                      "line 1 is no event",
		b.String() + "broken\n{}":       "line 4 is no event",
		`{"v":2,"type":"port-status"}`:  "line 1: events of version 2",
		b.String() + "{\"type\":\"x\"}": "line 4: events of version 0",
	} {
		if _, err := ReadEvents(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

func FuzzReadEvents(f *testing.F) {
	f.Add(`{"v":1,"seq":1,"time":"2026-11-27T12:00:00Z","type":"port-status","uid":"1","status":"LIVE"}`)
	f.Add("{}\n{")
	f.Fuzz(func(t *testing.T, text string) {
		events, err := ReadEvents(strings.NewReader(text))
		if err != nil && events != nil {
			t.Error("events beside an error")
		}
		for _, e := range events {
			if e.Time.IsZero() || e.Version != apply.EventVersion {
				t.Errorf("%+v", e)
			}
		}
	})
}

func TestCalendarByMonth(t *testing.T) {
	c := apply.Calendar{Dates: []apply.MoneyDate{
		{Date: "2028-02-29", Kind: apply.ChargesBegin, Latest: true, Name: "a"},
		{Date: "2028-02-29", Kind: apply.ChargesBegin, Latest: true, Name: "lag", Member: 1},
		{Date: "2028-03-01", Kind: apply.ContractEnds, Name: "b"},
	}, Unknown: []apply.UnknownDate{{Name: "x", Kind: apply.ContractEnds}}}
	months, undated := monthsOf(c)
	want := []month{
		{"February 2028", []day{{"2028-02-29", "billed from here on at the latest", "a, lag (1)"}}},
		{"March 2028", []day{{"2028-03-01", "contract ends; it renews or rolls over: the API does not tell", "b"}}},
	}
	if diff := cmp.Diff(want, months); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"end of the contract: x"}, undated); diff != "" {
		t.Errorf("not known (-want +got):\n%s", diff)
	}
}

func BenchmarkWrite(b *testing.B) {
	in := rollout(b, 1000, "port")
	for b.Loop() {
		if err := Write(io.Discard, in); err != nil {
			b.Fatal(err)
		}
	}
}
