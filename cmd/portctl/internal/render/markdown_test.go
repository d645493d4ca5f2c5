package render_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/plan"
)

func markdown(t interface{ Fatal(...any) }, doc plan.Document, o render.Options) string {
	var b bytes.Buffer
	if err := render.PlanMarkdown(&b, doc, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// named is a plan in which one text from elsewhere stands wherever there is
// room for one.
func named(s string) plan.Document {
	at := plan.Source{File: s, Line: 1, Column: 1}
	place := &plan.Place{ID: 1, Name: s, Metro: s, Market: s}
	ref := plan.ServiceRef{UID: plan.ServiceUID(s), Name: s, Members: []plan.ServiceUID{plan.ServiceUID(s)}, Status: plan.Status(s), Zone: plan.Zone(s), ContractEnd: s}
	price := &plan.Price{Currency: s}
	action := func(k plan.Kind) plan.Action {
		return plan.Action{
			Kind: k, Name: s, Location: place, Source: at, Wanted: plan.Wanted{Site: s + "x", Zone: plan.Zone(s), Term: 12},
			Reason: plan.Reason{Code: plan.ReasonUnconfirmed, Text: "about " + s, Hint: "try " + s, Details: []string{s}, TraceID: s, Source: at},
		}
	}
	buy, update, cancel := action(plan.Buy), action(plan.Update), action(plan.Cancel)
	buy.Order, buy.Price = &plan.Order{Name: s, Term: 12}, price
	update.Service, update.Price, update.Changes = &ref, price, []plan.Change{{Field: "name", From: "a" + s, To: "b" + s}}
	cancel.Service, cancel.Charge = &ref, &plan.Charge{Known: true, Currency: s}
	return plan.Document{
		Environment: s, BaseURL: s, Checksum: s, Tool: "x" + s, Inventory: plan.InventoryRef{Name: s},
		Plan: plan.Plan{
			Actions: []plan.Action{buy, update, cancel, action(plan.Blocked), action(plan.Unknown), action(plan.Excluded)},
			Summary: plan.Summary{Buy: 1, Update: 1, Cancel: 1, Blocked: 1, Unknown: 1, Excluded: 1},
			Totals:  plan.Totals{s: {}},
			Policy: []plan.PolicyLine{
				{Limit: "maxMonthly", Currency: s, Exceeded: true},
				{Limit: "maxBuy"},
			},
			Warnings:  []plan.Warning{{Name: s, Text: s, Source: at}},
			Unmanaged: []plan.ServiceRef{ref},
		},
	}
}

// ours are the only lines that hold HTML: those of the renderer itself.
var ours = regexp.MustCompile(`^(<details>|</details>|<summary>[A-Za-z0-9 ,:]*</summary>|<!-- portctl-plan inventory="[^"<>]*" environment="[^"<>]*" checksum="[^"<>]*"( created="[0-9TZ:-]+")? -->)$`)

// codeSpan is what hosts leave alone within a line.
var codeSpan = regexp.MustCompile("`[^`]*`")

// mention is what hosts turn into one, or into a reference or a link.
var mention = regexp.MustCompile(`@[\pL\pN_-]|#[0-9]|://|(?i:www\.)`)

// entity is a sign of which nothing can be made.
var entity = regexp.MustCompile(`&#[0-9]+;`)

// shape is a page without its texts: one line for each, with the number of cells
// and whether it is within a block of code.
func shape(t *testing.T, page string) []string {
	t.Helper()
	var out []string
	fence := false
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "```") {
			fence = !fence
			out = append(out, "fence")
			continue
		}
		if fence {
			out = append(out, "code")
			continue
		}
		out = append(out, fmt.Sprintf("%d cells", strings.Count(line, "|")))
		checkLine(t, line)
	}
	if fence {
		t.Errorf("a block of code is not closed:\n%s", page)
	}
	return out
}

// checkLine holds what may never stand outside of code.
func checkLine(t *testing.T, line string) {
	t.Helper()
	if strings.Count(line, "`")%2 != 0 {
		t.Errorf("a code span is not closed: %q", line)
	}
	bare := codeSpan.ReplaceAllLiteralString(line, "")
	if strings.ContainsAny(bare, "<>") && !ours.MatchString(bare) && !strings.HasPrefix(bare, "<!-- portctl-plan") {
		t.Errorf("HTML: %q", line)
	}
	if strings.HasPrefix(bare, "<!-- portctl-plan") && !ours.MatchString(bare) {
		t.Errorf("the hidden comment holds more than it should: %q", line)
	}
	if strings.HasPrefix(bare, "<!--") {
		return // nobody sees it
	}
	bare = entity.ReplaceAllLiteralString(bare, " ")
	if found := mention.FindString(bare); found != "" {
		t.Errorf("%q could be a mention, a reference or a link: %q", found, line)
	}
	if i := strings.IndexFunc(line, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }); i >= 0 {
		t.Errorf("an invisible character at %d: %q", i, line)
	}
}

// FuzzMarkdownEscapes: whatever a name is, the page keeps its lines and its
// tables keep their cells, and the name is no markup, mention or reference.
func FuzzMarkdownEscapes(f *testing.F) {
	for _, s := range []string{
		"lon-1", "a|b", "`", "``a`", "<script>", "</details>", "-->", "--", "@megaport", "#12", "x#1", "a\nb", "a\r\n\r\n# b", "\u202e", "\x1b[31m", "\x00", "\xff",
		"[a](b)", "![a](b)", "*a*", "__a__", "~~a~~", "$a$", "https://example.net", "www.example.net", "a\\|b", "\\", "&lt;", "&#60;", " a ", "```", "~~~", "| --- |", "\u2028", "GBP 12", "-", "a`b|c`d",
		"\U000e0001", "'", `"`, "", "…", "e\u0301",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 500 {
			return // what is left out for its length is another test's
		}
		want := shape(t, markdown(t, named("x"), render.Options{}))
		if s == "" {
			want = shape(t, markdown(t, named(""), render.Options{})) // nothing to show leaves lines out
		}
		// The text of a hint may have lines: they are points below it.
		if strings.Contains(s, "\n") {
			shape(t, markdown(t, named(s), render.Options{}))
			return
		}
		if diff := cmp.Diff(want, shape(t, markdown(t, named(s), render.Options{}))); diff != "" {
			t.Errorf("%q changes the shape of the page (-want +got):\n%s", s, diff)
		}
	})
}

// bigPlan has n of everything, with names of a given length.
func bigPlan(n, length int) plan.Document {
	doc := named("x")
	actions, warnings, unmanaged := doc.Actions, doc.Warnings, doc.Unmanaged
	doc.Actions, doc.Warnings, doc.Unmanaged = nil, nil, nil
	for i := range n {
		name := fmt.Sprintf("%d-%s", i, strings.Repeat("ü", length))
		for _, a := range actions {
			a.Name, a.Wanted.Site = name, name // at sites of their own, so that no two are one line
			doc.Actions = append(doc.Actions, a)
		}
		w, u := warnings[0], unmanaged[0]
		w.Name, w.Text, u.Name = name, name, name
		doc.Warnings, doc.Unmanaged = append(doc.Warnings, w), append(doc.Unmanaged, u)
	}
	doc.Summary = plan.Summary{Buy: n, Update: n, Cancel: n, Blocked: n, Unknown: n, Excluded: n}
	return doc
}

func TestMarkdownKeepsToItsBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := bigPlan(rapid.IntRange(0, 200).Draw(t, "n"), rapid.IntRange(0, 300).Draw(t, "length"))
		page := markdown(t, doc, render.Options{Apply: []string{"-f", "net.yaml"}})
		if n := utf8.RuneCountInString(page); n > render.MarkdownBudget {
			t.Fatalf("%d characters", n)
		}
		if strings.Count(page, "<details>") != strings.Count(page, "</details>") || strings.Count(page, "\n```")%2 != 0 {
			t.Fatal("something is not closed")
		}
		checkLeftOut(t, doc, page)
	})
}

// leftOut is how the page tells that rows are missing.
var leftOut = regexp.MustCompile(`\*(\d+) more (\w+)(?: rows?)? (?:is|are) left out`)

// checkLeftOut counts: every row of a table is there or counted as left out.
func checkLeftOut(t *rapid.T, doc plan.Document, page string) {
	told := map[string]int{}
	for _, m := range leftOut.FindAllStringSubmatch(page, -1) {
		var n int
		_, _ = fmt.Sscan(m[1], &n)
		told[strings.TrimSuffix(m[2], "s")] = n
	}
	longer := strings.Count(page, " | longer term, was 0 months |\n") // each update has a price
	told["purchase"] -= doc.Summary.Update - longer
	bought := 0 // lines of purchases
	for _, l := range doc.Lines() {
		if l.First().Kind == plan.Buy {
			bought++
		}
	}
	for _, x := range []struct {
		thing, row string
		want       int
	}{{"purchase", " | new |\n", bought}, {"update", "\n@@ ", doc.Summary.Buy}, {"order", "{\"productName\"", bought}} {
		if got, want := strings.Count(page, x.row)+told[x.thing], x.want; got != want {
			t.Fatalf("%d %ss shown or told of, want %d", got, x.thing, want)
		}
	}
}

func TestMarkdownCutsTheDetailsFirst(t *testing.T) {
	doc := bigPlan(100, 20)
	page := markdown(t, doc, render.Options{})
	if !strings.Contains(page, "more order rows are left out") {
		t.Error("no orders are left out")
	}
	if got := strings.Count(page, " | new |\n"); got != 100 {
		t.Errorf("%d of 100 purchases are shown, although there are details to leave out", got)
	}
}

// TestMarkdownOfTheExample: the comment that docs/plan.md shows, of an example, fits with
// room to spare, and shows every entry.
func TestMarkdownOfTheExample(t *testing.T) {
	content, err := os.ReadFile("../../../../docs/plan.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	if n := utf8.RuneCountInString(page); n > render.MarkdownBudget/2 {
		t.Errorf("%d characters", n)
	}
	if leftOut.MatchString(page) {
		t.Error("something is left out")
	}
	if n := strings.Count(page, "\n| `"); n < 24 {
		t.Errorf("%d entries are in tables", n)
	}
}

// A thousand purchases fit into a comment, each with its name, price and exact order,
// however they are written down.
func TestMarkdownOfAThousandPurchases(t *testing.T) {
	for name, nameOf := range map[string]func(i int) string{
		"a rollout": func(i int) string { return fmt.Sprintf("edge-%d-%d", i%100, i/100+1) },
		"named by hand, over 100 sites": func(i int) string {
			return fmt.Sprintf("%c%c-site%d-rack%d", 'a'+i*7%26, 'a'+i*11%26, i%100, i*37%1000)
		},
	} {
		t.Run(name, func(t *testing.T) {
			doc, names := thousand(t, nameOf)
			page := markdown(t, doc, render.Options{})
			if n := utf8.RuneCountInString(page); n > render.MarkdownBudget {
				t.Fatalf("%d characters", n)
			}
			for _, m := range leftOut.FindAllString(page, -1) { // sums may be, which can be made of the rest
				if !strings.Contains(m, "subtotal") {
					t.Fatalf("left out: %s", m)
				}
			}
			table, orders := map[string]int{}, map[string]int{}
			for _, m := range regexp.MustCompile("(?m)^\\| (?:\\*\\*[0-9]+ ×\\*\\* )?`([^`]*)` \\|").FindAllStringSubmatch(page, -1) {
				expand(table, m[1])
			}
			for _, m := range regexp.MustCompile(`"productName":"([^"]*)"`).FindAllStringSubmatch(page, -1) {
				expand(orders, m[1])
			}
			for _, n := range names {
				if table[n] != 1 || orders[n] != 1 {
					t.Fatalf("%s stands %d times among the purchases and %d times among the orders", n, table[n], orders[n])
				}
			}
			t.Logf("%d characters", utf8.RuneCountInString(page))
		})
	}
}

// expand notes the names of a folded text.
func expand(into map[string]int, text string) {
	run := regexp.MustCompile(`^(.*)\{([0-9]+)\.\.([0-9]+)(?:\.\.([0-9]+))?\}(.*)$`)
	for _, item := range strings.Split(text, ", ") {
		m := run.FindStringSubmatch(item)
		if m == nil {
			into[item]++
			continue
		}
		from, to, step := 0, 0, 1
		_, _ = fmt.Sscan(m[2], &from)
		_, _ = fmt.Sscan(m[3], &to)
		_, _ = fmt.Sscan(m[4], &step)
		for n := from; n <= to; n += step {
			into[fmt.Sprintf("%s%d%s", m[1], n, m[5])]++
		}
	}
}

// thousand is a priced plan that buys 1,000 ports at 100 sites.
func thousand(t *testing.T, nameOf func(i int) string) (plan.Document, []string) {
	t.Helper()
	var locations []plan.Location
	for id := range 100 {
		locations = append(locations, plan.Location{
			ID: plan.LocationID(id + 1), Name: fmt.Sprintf("Operator City SITE%d", id+1), Metro: "City", Market: "UK", Status: plan.LocationActive,
			Zones: map[plan.Zone][]plan.Speed{plan.Red: {plan.Speed10G}}, Speeds: []plan.Speed{plan.Speed10G},
		})
	}
	desired := plan.Desired{Inventory: "net", Policy: plan.Policy{MaxBuy: 2000}}
	centre := "NET-042"
	var names []string
	for i := range 1000 {
		names = append(names, nameOf(i))
		desired.Ports = append(desired.Ports, plan.Port{
			Name: names[i], Site: plan.Site{ID: plan.LocationID(i%100 + 1), Written: "site"}, Speed: plan.Speed10G, Zone: plan.Red, Term: 12,
			CostCentre: &centre, Tags: map[string]string{"team": "network", "stage": "pilot"}, Source: plan.Source{File: "net.yaml", Line: i + 1, Column: 5},
		})
	}
	p := plan.Build(desired, plan.Observed{}, plan.NewCatalog(locations))
	price, err := plan.ParseAmount("475.00")
	if err != nil {
		t.Fatal(err)
	}
	quotes := plan.Quotes{}
	for _, o := range p.Orders() {
		quotes[o.Key()] = plan.Quote{Currency: "GBP", Monthly: price, Priced: true}
	}
	p = p.Priced(quotes)
	if !p.CanApply() || p.Summary.Buy != 1000 {
		t.Fatalf("the plan buys %d", p.Summary.Buy)
	}
	return plan.Document{Plan: p, Environment: "production", Inventory: plan.InventoryRef{Name: "net"}}, names
}
