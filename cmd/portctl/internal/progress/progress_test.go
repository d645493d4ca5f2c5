package progress_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/shopspring/decimal"

	"github.com/portctl/portctl/cmd/portctl/internal/progress"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// terminal understands as much of a terminal as a Screen uses: it keeps lines
// and a cursor, and fails the test on anything else.
type terminal struct {
	t     *testing.T
	mu    sync.Mutex
	lines []string
	row   int
	col   int
}

var escape = regexp.MustCompile(`^\x1b\[(\d*)([AJKm])`)

func (term *terminal) Write(p []byte) (int, error) {
	term.mu.Lock()
	defer term.mu.Unlock()
	s := string(p)
	for s != "" {
		if m := escape.FindStringSubmatch(s); m != nil {
			term.control(m[1], m[2])
			s = s[len(m[0]):]
			continue
		}
		r := []rune(s)[0]
		s = s[len(string(r)):]
		switch {
		case r == '\n':
			term.row, term.col = term.row+1, 0
		case r == '\r':
			term.col = 0
		case r < ' ':
			term.t.Fatalf("control character %q", r)
		default:
			term.put(r)
		}
	}
	return len(p), nil
}

func (term *terminal) control(arg, what string) {
	n, _ := strconv.Atoi(arg)
	switch what {
	case "A":
		if n > term.row {
			term.t.Fatalf("moved up %d rows from row %d", n, term.row)
		}
		term.row -= n
	case "J":
		term.lines = term.lines[:min(term.row, len(term.lines))]
	case "K":
		if term.row < len(term.lines) {
			term.lines[term.row] = ""
		}
	}
}

func (term *terminal) put(r rune) {
	for len(term.lines) <= term.row {
		term.lines = append(term.lines, "")
	}
	line := []rune(term.lines[term.row])
	for len(line) <= term.col {
		line = append(line, ' ')
	}
	line[term.col] = r
	term.lines[term.row], term.col = string(line), term.col+1
}

func (term *terminal) text() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return strings.TrimRight(strings.Join(term.lines, "\n"), "\n")
}

func TestScreenKeepsDrawnLinesBelowPrintedOnes(t *testing.T) {
	term := &terminal{t: t}
	s := progress.NewScreen(term)
	fmt.Fprintln(s, "before")
	_ = s.Draw([]string{"one", "two", "three"}, 80)
	fmt.Fprintln(s, "a failure")
	fmt.Fprint(s, "half ")
	_ = s.Draw([]string{"ONE", "a line that is longer than the terminal is wide"}, 20)
	if diff := cmp.Diff("before\na failure\nONE\na line that is long", term.text()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	fmt.Fprintln(s, "a line")
	_ = s.Draw(nil, 80)
	fmt.Fprintln(s, "after")
	if diff := cmp.Diff("before\na failure\nhalf a line\nafter", term.text()); diff != "" {
		t.Errorf("the area is not off the screen (-want +got):\n%s", diff)
	}
}

func price() plan.Price {
	return plan.Price{Currency: "GBP", Cost: plan.Cost{Monthly: plan.NewAmount(decimal.NewFromInt(475)), Commitment: plan.NewAmount(decimal.NewFromInt(5700))}}
}

func started(orders int) apply.RunStarted {
	e := apply.RunStarted{Orders: orders, Services: orders, Ports: orders + 2, Ready: 2, LOAs: orders + 2, Kept: 1, Parallelism: 16, Wait: apply.Seconds{Duration: time.Hour}, Totals: plan.Totals{}}
	for i := range orders {
		p := price()
		e.Planned = append(e.Planned, apply.Planned{Kind: plan.Buy, Name: fmt.Sprint("p", i), Services: 1, Price: &p})
		e.Totals.Add(p)
	}
	return e
}

func bought(name, uid string) apply.OrderFinished {
	return apply.OrderFinished{Name: name, Outcome: apply.Bought, UIDs: []plan.ServiceUID{plan.ServiceUID(uid)}, Price: price()}
}

// An unconfirmed order that is found after all is counted once, and its money once.
func TestProgressFoldsEvents(t *testing.T) {
	p, now := progress.NewProgress(), time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int, events ...apply.Event) {
		for _, e := range events {
			p.Event(e, now.Add(time.Duration(seconds)*time.Second))
		}
	}
	at(0, started(4))
	at(1, bought("p0", "u0"), apply.OrderFinished{Name: "p1", Outcome: apply.Unknown, Failure: &apply.Failure{}})
	at(2, apply.OrderFinished{Name: "p2", Outcome: apply.Refused, Failure: &apply.Failure{}})
	if p.Bought != 1 || p.Open != 1 || p.NotBought != 1 || p.Expected != 4 {
		t.Errorf("bought %d, open %d, not bought %d, expected %d", p.Bought, p.Open, p.NotBought, p.Expected)
	}
	at(2, apply.OrderFinished{Name: "p3", Outcome: apply.NotSent, Failure: &apply.Failure{}}, apply.OrdersSent{})
	found := bought("p1", "u1")
	found.FoundBy = "its name"
	at(3, found)
	at(4, apply.PortSeen{Name: "p0", UID: "u0", Status: plan.StatusDeployable}, apply.PortSeen{Name: "p1", UID: "u1", Status: plan.StatusFailed})
	at(5, apply.PortSeen{Name: "p0", UID: "u0", Status: plan.StatusConfigured}, apply.PortSeen{Name: "p0", UID: "u0", Status: plan.StatusLive})
	at(6, apply.LOASaved{Name: "p0", UID: "u0"}, apply.LOAFailed{Name: "p1", UID: "u1", Failure: &apply.Failure{Message: "no"}})
	got := []int{p.Bought, p.Open, p.NotBought, p.Expected, p.Ready, p.Broken, p.Saved, p.Missed, p.Orders()}
	if diff := cmp.Diff([]int{2, 0, 2, 4, 3, 1, 2, 1, 4}, got); diff != "" {
		t.Errorf("bought, open, not bought, expected, ready, broken, saved, missed, orders (-want +got):\n%s", diff)
	}
	if c := p.Committed["GBP"]; c.Monthly.String() != "950.00" {
		t.Errorf("committed %s a month", c.Monthly)
	}
	if w := p.Slowest(5); len(w) != 1 || w[0].Name != "p1" {
		t.Errorf("slowest %+v", w)
	}
	if r := p.Rate(now.Add(time.Hour)); r != 2 {
		t.Errorf("rate %v, want the 4 orders over the 2 seconds that they took", r)
	}
	if left, ok := p.Left(now.Add(62 * time.Second)); !ok || left != 59*time.Minute {
		t.Errorf("left %s", left)
	}
}

// A frame keeps to any terminal, and without colour has no escapes.
func TestFrameFitsEveryTerminal(t *testing.T) {
	p, now := progress.NewProgress(), time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	p.Event(started(200), now)
	for i := range 150 {
		p.Event(bought(fmt.Sprint("p", i), fmt.Sprint("u", i)), now.Add(time.Duration(i)*time.Second))
	}
	p.Event(apply.OrderFinished{Name: "p150", Outcome: apply.Refused}, now)
	for cols := 1; cols < 220; cols += 7 {
		for rows := 1; rows < 60; rows += 5 {
			term := &terminal{t: t}
			screen := progress.NewScreen(term)
			_ = screen.Draw(progress.Frame(p, now.Add(time.Hour), cols, rows, true), cols)
			if len(term.lines) > max(1, rows-1) {
				t.Fatalf("%d lines on a terminal of %d×%d", len(term.lines), cols, rows)
			}
			for _, l := range term.lines {
				if text.StringWidth(l) > max(1, cols-1) {
					t.Fatalf("line %q on a terminal of %d×%d", l, cols, rows)
				}
			}
		}
	}
	plain := strings.Join(progress.Frame(p, now.Add(200*time.Second), 80, 24, false), "\n")
	if strings.Contains(plain, "\x1b") {
		t.Errorf("escapes without colour:\n%q", plain)
	}
	for _, want := range []string{"Ordered", "150/200 · 1 not ordered", "Provisioned", "LOAs", "GBP 71,250.00 monthly, commitment 855,000.00 of 1,140,000.00", "elapsed 3:20", "Waiting longest:", "  3:20  p0  not listed yet"} {
		if !strings.Contains(plain, want) {
			t.Errorf("%q is missing in\n%s", want, plain)
		}
	}
}

// The live view prints failures above its area and leaves nothing behind.
func TestViewLeavesOnlyFailuresBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term := &terminal{t: t}
		clock := func() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }
		v := progress.NewView(progress.NewScreen(term), func() (int, int) { return 80, 24 }, clock, false)
		v.Event(started(3))
		v.Event(bought("p0", "u0"))
		time.Sleep(time.Second)
		if !strings.Contains(term.text(), "1/3") {
			t.Errorf("no bar:\n%s", term.text())
		}
		v.Event(apply.OrderFinished{Name: "p\x1b1", Outcome: apply.Refused, Failure: &apply.Failure{Message: "no capacity", TraceID: "t1"}})
		time.Sleep(time.Second)
		v.Event(apply.RunFinished{})
		v.Close()
		want := `12:00:00 [2/3] refused: p\u001b1: no capacity (trace id t1)`
		if diff := cmp.Diff(want, term.text()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestLinesTellEveryEventThatAPersonMustKnow(t *testing.T) {
	var b bytes.Buffer
	l := progress.NewLines(&b, func() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) })
	for _, e := range []apply.Event{
		started(2),
		apply.OrderStarted{Name: "p0"},
		bought("p0", "u0"),
		apply.BudgetSpent{Budget: "500/5m", Until: time.Date(2026, 1, 1, 12, 5, 0, 0, time.Local)},
		apply.ChangeFinished{Name: "x", Outcome: apply.Updated},
		apply.ChangeFinished{Name: "y", Outcome: apply.Failed, Failure: &apply.Failure{Message: "locked"}},
		apply.OrdersSent{},
		apply.PortSeen{Name: "p0", UID: "12345678-9", Status: plan.StatusLive},
		apply.ListingFailed{Failure: &apply.Failure{Message: "502"}},
		apply.LedgerFailed{Name: "p1", Failure: &apply.Failure{Message: "disk full"}},
		apply.LOASaved{Name: "p0", UID: "12345678-9", Path: "loas/p0.pdf"},
		apply.LOAFailed{Name: "p1", UID: "12345678-9", Failure: &apply.Failure{Message: "HTML"}},
		apply.ManifestFailed{Failure: &apply.Failure{Message: "disk full"}},
		apply.RunFinished{},
	} {
		l.Event(e)
	}
	want := `12:00:00 ordering 2 orders, 2 services
12:00:00 [1/2] bought p0: GBP 475.00 monthly
12:00:00 the request budget (500/5m) is spent, going on at 12:05:00
12:00:00 updated x
12:00:00 failed: y: locked
12:00:00 p0 12345678 is LIVE
12:00:00 the account could not be listed, trying again: 502
12:00:00 p1: the ledger failed, no new order is sent: disk full
12:00:00 p0 12345678: LOA saved to loas/p0.pdf
12:00:00 p1 12345678: no LOA: HTML
12:00:00 the manifest of the LOAs could not be written: disk full
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
