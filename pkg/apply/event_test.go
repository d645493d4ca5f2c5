package apply_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

var update = flag.Bool("update", false, "rewrite the expected outputs")

const exampleUID = plan.ServiceUID("36b3f68e-2f54-4331-bf94-f8984449365f")

// exampleEvents is one event of every type, in an order in which they may come.
func exampleEvents() []apply.Event {
	price := plan.Price{Currency: "GBP", Cost: plan.Cost{Monthly: plan.NewAmount(decimal.NewFromInt(500)), Commitment: plan.NewAmount(decimal.NewFromInt(6000))}}
	totals := plan.Totals{}
	totals.Add(price)
	identity := apply.Identity{Tool: "portctl 1.0.0", Environment: "staging", BaseURL: "https://api-staging.megaport.com", Inventory: plan.InventoryRef{Name: "emea-core", Digest: "sha256:…"}}
	place := &plan.Place{ID: 89, Name: "Digital Realty London LHR20", Metro: "London", Market: "UK"}
	return []apply.Event{
		apply.RunStarted{
			Identity: identity, Orders: 1, Services: 1, Updates: 1, Ports: 2, Ready: 1, LOAs: 2, Kept: 1, Parallelism: 16, Wait: apply.Seconds{Duration: 30 * time.Minute}, Totals: totals,
			Planned: []apply.Planned{{Kind: plan.Buy, Name: "lon-core-1", Place: place, Services: 1, Price: &price}},
		},
		apply.OrderStarted{Name: "lon-core-1"},
		apply.BudgetSpent{Budget: "500/5m", Until: time.Date(2026, 3, 1, 12, 5, 0, 0, time.UTC)},
		apply.OrderFinished{Name: "lon-core-1", Outcome: apply.Bought, UIDs: []plan.ServiceUID{exampleUID}, Price: price},
		apply.APIBusy{Wait: apply.Seconds{Duration: 8 * time.Second}},
		apply.ChangeStarted{Kind: plan.Update, Name: "lon-core-2"},
		apply.ChangeFinished{Kind: plan.Update, Name: "lon-core-2", Outcome: apply.Updated},
		apply.ChangeFinished{
			Kind: plan.Cancel, Name: "lon-old", Outcome: apply.Failed, Failure: &apply.Failure{Message: "the second member was refused"},
			Cancelled: []apply.CancelledService{{UID: exampleUID, Charge: plan.Charge{Known: true, Currency: "GBP", Amount: plan.NewAmount(decimal.NewFromInt(1500))}}},
		},
		apply.OrdersSent{Unconfirmed: 1, Until: time.Date(2026, 3, 1, 12, 10, 0, 0, time.UTC)},
		apply.OrderRecovered{Recovered: refresh.Recovered{Name: "lon-core-3", State: "delivered", UIDs: []plan.ServiceUID{exampleUID}, Cause: "found by its name"}},
		apply.ListingFailed{Failure: &apply.Failure{Message: "GET /v2/products: HTTP 502"}},
		apply.LedgerFailed{Name: "lon-core-1", Failure: &apply.Failure{Message: "no space left on device"}},
		apply.PortSeen{Name: "lon-core-1", UID: exampleUID, Status: plan.StatusConfigured, Elapsed: apply.Seconds{Duration: 72500 * time.Millisecond}},
		apply.LOASaved{Name: "lon-core-1", UID: exampleUID, Path: "loas/lon-core-1-36b3f68e.pdf"},
		apply.LOAFailed{Name: "lon-core-1", UID: exampleUID, Failure: &apply.Failure{Message: "the LOA is not a PDF"}},
		apply.ManifestFailed{Failure: &apply.Failure{Message: "no space left on device"}},
		apply.RunFinished{Result: apply.Result{
			FormatVersion: apply.ResultVersion, Identity: identity, Actions: []apply.ActionResult{}, Recovered: []refresh.Recovered{}, Audit: []apply.AuditFinding{},
			Totals: totals, Summary: apply.ResultSummary{Bought: 1, Services: 1, Updated: 1, LOAs: 2, LOAsNew: 1},
		}},
	}
}

// The lines on docs/events.md are what the program writes: one of every type.
func TestEventsPageShowsEveryLine(t *testing.T) {
	var b bytes.Buffer
	w := apply.NewEventWriter(&b, func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) })
	for _, e := range exampleEvents() {
		w.Event(e)
	}
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	page := filepath.Join("..", "..", "docs", "events.md")
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "```json\n", "```\n"
	before, rest, ok := strings.Cut(string(have), begin)
	shown, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("the page has no lines")
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(b.String(), shown); diff != "" {
		t.Errorf("docs/events.md is not current; run make golden (-want +have):\n%s", diff)
	}
	for _, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		var members map[string]any
		if err := json.Unmarshal([]byte(line), &members); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for name := range members {
			if !strings.Contains(before+after, "`"+name+"`") {
				t.Errorf("member %s of %s is not described", name, members["type"])
			}
		}
		if !strings.Contains(before+after, "`"+members["type"].(string)+"`") {
			t.Errorf("type %s is not described", members["type"])
		}
	}
}

// The lines of a real run are numbered without a gap, begin with the
// announcement and end with the sum; and folding them gives that sum.
func TestEventLinesOfARunAddUp(t *testing.T) {
	letters := folder(t)
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{
			account: &fakeAccount{readyAfter: time.Minute, lose: map[string]bool{"b": true}, outcome: map[string]apply.Outcome{"c": apply.Refused}},
			options: apply.Options{LOAs: letters, Wait: time.Hour},
		}
		r := s.run(t, entries("a", "b", "c", "lag"))
		type line struct {
			V       int            `json:"v"`
			Seq     int            `json:"seq"`
			Type    string         `json:"type"`
			Orders  int            `json:"orders"`
			Name    string         `json:"name"`
			Outcome apply.Outcome  `json:"outcome"`
			UIDs    []string       `json:"uids"`
			Result  map[string]any `json:"result"`
		}
		var all []line
		for i, e := range s.events {
			b, err := apply.EncodeEvent(e, i+1, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			var l line
			if err := json.Unmarshal(b, &l); err != nil || bytes.Count(b, []byte("\n")) != 1 {
				t.Fatalf("%s: %v", b, err)
			}
			all = append(all, l)
		}
		last := len(all) - 1
		if all[0].Type != "run-started" || all[0].Orders != 4 || all[0].V != 1 || all[last].Type != "run-finished" || all[last].Seq != len(all) {
			t.Errorf("first %+v, last %+v", all[0], all[last])
		}
		outcome, services, saved := map[string]apply.Outcome{}, 0, 0
		for _, l := range all {
			switch l.Type {
			case "order-finished":
				outcome[l.Name] = l.Outcome
				if l.Outcome == apply.Bought {
					services += len(l.UIDs)
				}
			case "loa-saved":
				saved++
			}
		}
		if diff := gocmp.Diff(outcomes(r), outcome); diff != "" || services != r.Summary.Services || saved != r.Summary.LOAsNew {
			t.Errorf("%d services, %d letters, summary %+v; outcomes (-result +events):\n%s", services, saved, r.Summary, diff)
		}
		summary := all[last].Result["summary"].(map[string]any)
		if summary["bought"] != float64(3) || all[last].Result["exitCode"] != float64(apply.ExitPartly) {
			t.Errorf("the last event sums up %v", summary)
		}
	})
}

type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, errors.New("broken pipe")
	}
	return len(p), nil
}

// A reader that goes away stops the lines, not the run.
func TestEventWriterStopsAtTheFirstFailure(t *testing.T) {
	sink := &failingWriter{left: 2}
	w := apply.NewEventWriter(sink, time.Now)
	for _, e := range slices.Repeat([]apply.Event{apply.OrderStarted{Name: "a"}}, 5) {
		w.Event(e)
	}
	if w.Err() == nil || sink.left != -1 {
		t.Errorf("error %v, %d writes after it", w.Err(), -1-sink.left)
	}
}
