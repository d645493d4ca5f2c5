package plan_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
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
		if objections := objectionsTo(back, doc, created); len(objections) > 0 {
			t.Fatalf("a plan objects to itself: %v", objections)
		}
		if objections := objectionsTo(back, doc, created.Add(2*time.Hour)); len(objections) != 1 {
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
		"dearer":               {base(), with(base(), func(a *plan.Action) { a.Price = price("475.01") }), "a: it costs GBP 475.01 monthly now, 475.00 in the plan"},
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
			for _, o := range objectionsTo(saved, now, time.Now()) {
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
	one := "company-1"
	saved := documentOf(plan.Plan{}, time.Time{})
	saved.ExpiresAt, saved.Company, saved.Account = time.Now().Add(time.Hour), &one, "key-1"
	for want, change := range map[string]func(*plan.Document){
		"": func(*plan.Document) {},
		"the plan is for environment sandbox, this is staging": func(d *plan.Document) { d.Environment = "staging" },
		"the plan was made against embedded, this is http://x": func(d *plan.Document) { d.BaseURL = "http://x" },
		`the plan is for inventory "inv", this is "other"`:     func(d *plan.Document) { d.Inventory.Name = "other" },
	} {
		fresh := saved
		fresh.Owner = plan.Owner{Companies: []string{one}, Key: "key-1"}
		change(&fresh)
		if text := objectionsOf(saved, fresh); text != want {
			t.Errorf("objections %q, want %q", text, want)
		}
	}
}

// objectionsTo holds a fresh plan against a single saved one.
func objectionsTo(saved, fresh plan.Document, now time.Time) []plan.Objection {
	return plan.Reviewed{{Document: saved}}.Objections(fresh, now)
}

func objectionsOf(saved, fresh plan.Document) string {
	var got []string
	for _, o := range objectionsTo(saved, fresh, time.Now()) {
		got = append(got, o.String())
	}
	return strings.Join(got, "\n")
}

// A company that both know by UID decides whose account it is; else one that both
// know by name, else the API key. Somebody may vouch for all but the UID.
func TestAccountObjections(t *testing.T) {
	const (
		other   = "the plan is for company a, this account belongs to company b"
		noneNow = "the plan was made with another API key, and this account names no company to tell by whether it is the same account; if it is, say so with --same-account"
		another = `the plan is for company "Ay Ltd", this account belongs to company "Bee"; if it is the same account, say so with --same-account`
		noneYet = "the plan was made with another API key, and the account named no company then to tell by whether it is the same account; if it is, say so with --same-account"
	)
	for name, c := range map[string]struct {
		company   string
		name      string
		companies []string
		names     []string
		key       string
		same      bool
		want      string
	}{
		"the company":                        {"a", "", []string{"a"}, nil, "1", false, ""},
		"the company, another key":           {"a", "", []string{"a"}, nil, "2", false, ""},
		"one of several":                     {"a", "", []string{"b", "a"}, nil, "2", false, ""},
		"another company":                    {"a", "", []string{"b"}, nil, "1", false, other},
		"another company, vouched for":       {"a", "", []string{"b"}, nil, "1", true, other},
		"none now":                           {"a", "", nil, nil, "1", false, ""},
		"none now, another key":              {"a", "", nil, nil, "2", false, noneNow},
		"none now, another key, vouched":     {"a", "", nil, nil, "2", true, ""},
		"none then":                          {"", "", []string{"b"}, nil, "1", false, ""},
		"none then, another key":             {"", "", []string{"b"}, nil, "2", false, noneYet},
		"none then, another key, vouched":    {"", "", []string{"b"}, nil, "2", true, ""},
		"never any":                          {"", "", nil, nil, "1", false, ""},
		"never any, another key":             {"", "", nil, nil, "2", false, noneYet},
		"never any, another key, vouched":    {"", "", nil, nil, "2", true, ""},
		"never any, and no key is known":     {"", "", nil, nil, "", false, noneYet},
		"a company now, and no key is known": {"", "", []string{"a"}, nil, "", false, noneYet},

		"the UID, another name":                 {"a", "Ay Ltd", []string{"a"}, []string{"Bee"}, "1", false, ""},
		"another UID, the same name":            {"a", "Ay Ltd", []string{"b"}, []string{"Ay Ltd"}, "1", false, other},
		"another UID, the same name, vouched":   {"a", "Ay Ltd", []string{"b"}, []string{"Ay Ltd"}, "1", true, other},
		"the name, ports since":                 {"", "Ay Ltd", []string{"b"}, []string{"Bee", "AY ltd "}, "1", false, ""},
		"the name, ports since, another key":    {"", "Ay Ltd", []string{"b"}, []string{"Ay Ltd"}, "2", false, ""},
		"the name, ports ended since":           {"a", "Ay Ltd", nil, []string{"ay ltd"}, "2", false, ""},
		"the name, never any ports":             {"", "Ay Ltd", nil, []string{"Ay Ltd"}, "2", false, ""},
		"another name, the same key":            {"", "Ay Ltd", []string{"b"}, []string{"Bee"}, "1", false, another},
		"another name, never any ports":         {"", "Ay Ltd", nil, []string{"Bee"}, "1", false, another},
		"another name, ports ended since":       {"a", "Ay Ltd", nil, []string{"Bee"}, "1", false, another},
		"another name, vouched for":             {"", "Ay Ltd", []string{"b"}, []string{"Bee"}, "2", true, ""},
		"a name then, none now":                 {"", "Ay Ltd", []string{"b"}, nil, "1", false, ""},
		"a name then, none now, another key":    {"", "Ay Ltd", nil, nil, "2", false, noneNow},
		"no name then, one now, another key":    {"", "", nil, []string{"Ay Ltd"}, "2", false, noneYet},
		"no name then, one now, the key is new": {"", "", nil, []string{"Ay Ltd"}, "2", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			saved := documentOf(plan.Plan{}, time.Time{})
			saved.ExpiresAt, saved.Account = time.Now().Add(time.Hour), "1"
			saved.CompanyName = c.name
			if c.company != "" {
				saved.Company = &c.company
			}
			fresh := saved
			fresh.Owner, fresh.SameAccount = plan.Owner{Companies: c.companies, Names: c.names, Key: c.key}, c.same
			if text := objectionsOf(saved, fresh); text != c.want {
				t.Errorf("objections %q, want %q", text, c.want)
			}
		})
	}
}

// everything is a document with something in each of its parts.
func everything(t testing.TB) []byte {
	t.Helper()
	company := "a"
	amount, err := plan.ParseAmount("475")
	if err != nil {
		t.Fatal(err)
	}
	price := &plan.Price{Currency: "GBP", Cost: plan.Cost{Monthly: amount, Commitment: amount.Times(12)}}
	totals := plan.Totals{}
	totals.Add(*price)
	p := plan.Plan{
		Actions: []plan.Action{{
			Kind: plan.Buy, Name: "a", Changes: []plan.Change{}, Price: price, Reason: plan.Reason{Code: plan.ReasonNew, Text: "not in the account", Hint: "none"},
			Order: &plan.Order{Name: "a", Term: 12, Speed: plan.Speed10G, Tags: []plan.Tag{}},
		}},
		Totals: totals, Policy: []plan.PolicyLine{{}}, Warnings: []plan.Warning{{Name: "a", Text: "look"}},
		Unmanaged: []plan.ServiceRef{{UID: "1", Members: []plan.ServiceUID{"1"}}}, Summary: plan.Summary{Buy: 1},
	}
	d := documentOf(p, time.Unix(0, 0).UTC())
	d.Company, d.CompanyName, d.Account, d.Inventory.Files = &company, "Ay Ltd", "key", []string{"net.yaml"}
	b, err := d.Sealed().Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever is edited in a saved plan, it is found out: every value of it in turn
// is replaced, and every member is taken out.
func TestAnyEditIsFoundOut(t *testing.T) {
	saved := everything(t)
	if _, err := plan.DecodeDocument(saved); err != nil {
		t.Fatal(err)
	}
	count := 0
	refused := func(what string, edited any) {
		t.Helper()
		count++
		b, err := json.Marshal(edited)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plan.DecodeDocument(b); err == nil {
			t.Errorf("%s is not found out", what)
		}
	}
	var root any
	var walk func(path string, v any, set func(any))
	walk = func(path string, v any, set func(any)) {
		switch v := v.(type) {
		case map[string]any:
			for k, old := range v {
				walk(path+"."+k, old, func(x any) { v[k] = x })
				delete(v, k)
				refused(path+" without "+k, root)
				v[k] = old
			}
		case []any:
			for i, old := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), old, func(x any) { v[i] = x })
			}
			set(append(slices.Clone(v), "more"))
			refused(path+" with more", root)
			set(v)
		default:
			set(map[string]any{"string": "edited", "float64": 7.0, "bool": v != true}[fmt.Sprintf("%T", v)])
			if v == nil {
				set("edited")
			}
			refused(path, root)
			set(v)
		}
	}
	if err := json.Unmarshal(saved, &root); err != nil {
		t.Fatal(err)
	}
	walk("", root, func(any) {})
	if count < 60 {
		t.Errorf("only %d edits were tried", count)
	}
	for n := range len(saved) - 2 {
		if _, err := plan.DecodeDocument(saved[:n]); err == nil {
			t.Fatalf("a plan cut after %d bytes is not found out", n)
		}
	}
}

// A plan that only another layout was given to is the same, and so is one of a
// newer minor version whose seal covers what this version does not know.
func TestSealIsOfTheDocument(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(everything(t), &root); err != nil {
		t.Fatal(err)
	}
	compact, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.DecodeDocument(compact); err != nil {
		t.Errorf("another layout: %v", err)
	}
	root["formatVersion"], root["new"] = "1.7", map[string]any{"z": 1.5, "a": []any{"x"}}
	delete(root, "seal")
	rest, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	canonical := jsontext.Value(rest)
	if err := canonical.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(canonical)
	root["seal"] = "sha256:" + hex.EncodeToString(sum[:])
	newer, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.DecodeDocument(newer); err != nil {
		t.Errorf("a newer minor version: %v", err)
	}
	root["new"] = "edited"
	if newer, err = json.Marshal(root); err != nil {
		t.Fatal(err)
	}
	var edited *plan.EditedError
	if _, err := plan.DecodeDocument(newer); !errors.As(err, &edited) {
		t.Errorf("an edit of what is not known here: %v", err)
	}
}

// No character that cannot be seen stands in a saved plan as it is.
func TestSavedPlanIsVisible(t *testing.T) {
	hostile := "a\x1b[31m\u009b\u202e\u200b\U000e0041\u2028\x7f"
	d := documentOf(plan.Plan{Warnings: []plan.Warning{{Name: hostile, Text: hostile}}}, time.Unix(0, 0).UTC())
	b, err := d.Sealed().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range string(b) {
		if r != '\n' && plan.Unseen(r) {
			t.Errorf("%q stands in it", r)
		}
	}
	back, err := plan.DecodeDocument(b)
	if err != nil {
		t.Fatal(err)
	}
	if back.Warnings[0].Name != hostile {
		t.Errorf("read %q, want %q", back.Warnings[0].Name, hostile)
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
			return // a time that RFC 3339 cannot write
		}
		if _, err := plan.DecodeDocument(again); err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
	})
}
