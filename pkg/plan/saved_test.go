package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/plan"
)

func documentOf(p plan.Plan, created time.Time) plan.Document {
	return plan.Document{
		FormatVersion: plan.FormatVersion, Tool: "portctl test", CreatedAt: created, ExpiresAt: created.Add(time.Hour), Environment: "sandbox",
		BaseURL: "embedded", Inventory: plan.InventoryRef{Name: "inv", Digest: "sha256:x"}, Checksum: p.Checksum("sandbox", "inv"), Plan: p,
	}.Sealed()
}

// A plan that is saved and read again is the same, and covers itself.
func TestSavedPlanRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unpriced := plan.Build(genDesired().Draw(t, "desired"), genObserved().Draw(t, "observed"), plan.NewCatalog(testCatalog()))
		p := unpriced.Priced(quoteAll(unpriced.Orders()))
		created := time.Unix(1_700_000_000, 0).UTC()
		doc := documentOf(p, created)
		b, err := doc.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := plan.DecodeDocument(b)
		if err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		again, err := back.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(b), string(again)); diff != "" {
			t.Fatalf("(-saved +read):\n%s", diff)
		}
		if objections := back.Objections(doc, created); len(objections) > 0 {
			t.Fatalf("a plan objects to itself: %v", objections)
		}
		if objections := back.Objections(doc, created.Add(2*time.Hour)); len(objections) != 1 {
			t.Fatalf("an expired plan objects: %v", objections)
		}
	})
}

// What would be done beyond a saved plan is objected to, whatever it is.
func TestObjections(t *testing.T) {
	price := func(monthly string) *plan.Price {
		a, err := plan.ParseAmount(monthly)
		if err != nil {
			t.Fatal(err)
		}
		return &plan.Price{Currency: "GBP", Cost: plan.Cost{Monthly: a, Commitment: a.Times(12)}}
	}
	base := func() plan.Action {
		return plan.Action{
			Kind: plan.Buy, Name: "a", Changes: []plan.Change{}, Price: price("475"),
			Order: &plan.Order{Name: "a", Term: 12, Speed: plan.Speed10G, Tags: []plan.Tag{}},
		}
	}
	update := plan.Action{Kind: plan.Update, Name: "a", Changes: []plan.Change{{Field: "costCentre", From: "x", To: "y"}}}
	cancel := plan.Action{Kind: plan.Cancel, Name: "a", Service: &plan.ServiceRef{UID: "1", Members: []plan.ServiceUID{"1"}}}
	for name, c := range map[string]struct {
		saved, now plan.Action
		want       string
	}{
		"the same":             {base(), base(), ""},
		"cheaper":              {base(), with(base(), func(a *plan.Action) { a.Price = price("400") }), ""},
		"satisfied":            {base(), plan.Action{Kind: plan.Unchanged, Name: "a"}, ""},
		"in doubt by now":      {base(), plan.Action{Kind: plan.Unknown, Name: "a"}, ""},
		"a folded name":        {base(), with(base(), func(a *plan.Action) { a.Name = "A" }), ""},
		"dearer":               {base(), with(base(), func(a *plan.Action) { a.Price = price("475.01") }), "a: it costs GBP 475.01 a month now, 475.00 in the plan"},
		"another currency":     {base(), with(base(), func(a *plan.Action) { a.Price = price("1"); a.Price.Currency = "USD" }), "a: it is priced in USD now, in GBP in the plan"},
		"a longer term":        {base(), with(base(), func(a *plan.Action) { a.Order.Term = 24 }), "a: the order is another one than in the plan"},
		"an entry since":       {base(), with(base(), func(a *plan.Action) { a.Name = "b" }), "b: the plan does not know this entry; it would be bought"},
		"was unchanged":        {plan.Action{Kind: plan.Unchanged, Name: "a"}, base(), "a: it would be bought now; in the plan it is unchanged"},
		"was excluded":         {plan.Action{Kind: plan.Excluded, Name: "a"}, base(), "a: it would be bought now; in the plan it is excluded"},
		"blocked by now":       {base(), plan.Action{Kind: plan.Blocked, Name: "a", Reason: plan.Reason{Text: "no such site"}}, "a: it was to be bought, and is blocked now: no such site"},
		"blocked before, too":  {plan.Action{Kind: plan.Blocked, Name: "a"}, plan.Action{Kind: plan.Blocked, Name: "a"}, ""},
		"the same change":      {update, with(update, func(a *plan.Action) { a.Changes = []plan.Change{{Field: "costCentre", From: "z", To: "y"}} }), ""},
		"another change":       {update, with(update, func(a *plan.Action) { a.Changes = []plan.Change{{Field: "costCentre", From: "x", To: "z"}} }), `a: costCentre would become "z", which is not in the plan`},
		"the same cancel":      {cancel, cancel, ""},
		"another cancellation": {cancel, with(cancel, func(a *plan.Action) { a.Service = &plan.ServiceRef{UID: "2", Members: []plan.ServiceUID{"2"}} }), "a: service 2 would be cancelled, which is not in the plan"},
	} {
		t.Run(name, func(t *testing.T) {
			saved, now := documentOf(plan.Plan{Actions: []plan.Action{c.saved}}, time.Time{}), documentOf(plan.Plan{Actions: []plan.Action{c.now}}, time.Time{})
			saved.ExpiresAt = time.Now().Add(time.Hour)
			var got []string
			for _, o := range saved.Objections(now, time.Now()) {
				got = append(got, o.String())
			}
			if text := strings.Join(got, "\n"); text != c.want {
				t.Errorf("objections %q, want %q", text, c.want)
			}
		})
	}
}

func with(a plan.Action, change func(*plan.Action)) plan.Action {
	change(&a)
	return a
}

// The envelope binds a plan to its account.
func TestEnvelopeObjections(t *testing.T) {
	one, other := "company-1", "company-2"
	saved := documentOf(plan.Plan{}, time.Time{})
	saved.ExpiresAt, saved.Company = time.Now().Add(time.Hour), &one
	for want, change := range map[string]func(*plan.Document){
		"": func(*plan.Document) {},
		"the plan is for environment sandbox, this is staging":                         func(d *plan.Document) { d.Environment = "staging" },
		"the plan was made against embedded, this is http://x":                         func(d *plan.Document) { d.BaseURL = "http://x" },
		`the plan is for inventory "inv", this is "other"`:                             func(d *plan.Document) { d.Inventory.Name = "other" },
		"the plan is for company company-1, this account belongs to company company-2": func(d *plan.Document) { d.Company = &other },
		"the plan is for company company-1, this account names no company":             func(d *plan.Document) { d.Company = nil },
		"the inventory has changed since the plan was made":                            func(d *plan.Document) { d.Inventory.Digest = "sha256:y" },
	} {
		fresh := saved
		change(&fresh)
		var got []string
		for _, o := range saved.Objections(fresh, time.Now()) {
			got = append(got, o.String())
		}
		if text := strings.Join(got, "\n"); text != want {
			t.Errorf("objections %q, want %q", text, want)
		}
	}
	saved.Company = nil
	fresh := saved
	fresh.Company = &other
	if o := saved.Objections(fresh, time.Now()); len(o) > 0 {
		t.Errorf("a company that was not known then is objected to: %v", o)
	}
}

// FuzzDecodeDocument: whatever is read as a plan can be written and read again,
// and nothing makes it panic.
func FuzzDecodeDocument(f *testing.F) {
	desired := plan.Desired{Inventory: "inv", Ports: []plan.Port{{Name: "a", Site: plan.Site{ID: 1}, Speed: plan.Speed10G, Term: 12}}}
	p := plan.Build(desired, plan.Observed{}, plan.NewCatalog(testCatalog()))
	b, err := documentOf(p.Priced(quoteAll(p.Orders())), time.Unix(0, 0).UTC()).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"formatVersion":"1.9","new":true}`))
	f.Add([]byte(`{"formatVersion":"2.0"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := plan.DecodeDocument(b)
		if err != nil {
			return
		}
		again, err := d.Encode()
		if err != nil {
			return // a time that RFC 3339 can not write
		}
		if _, err := plan.DecodeDocument(again); err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
	})
}
