package render_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/plan"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain ü 漢字":      "plain ü 漢字",
		"\x1b[31mred":     `\u001b[31mred`,
		"a\tb\nc\r":       `a\u0009b\u000ac\u000d`,
		"\u202egnp.exe":   `\u202egnp.exe`,
		"a\u200bb":        `a\u200bb`,
		"a\u2028b":        `a\u2028b`,
		"\U000e0041":      `\udb40\udc41`,
		"\xff\xfe":        `\xff\xfe`,
		"\uFFFD is there": "\uFFFD is there",
		"":                "",
	} {
		if got := render.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestNothingReachesTheTerminal: whatever text a plan holds, what is drawn is
// printable, line by line.
func TestNothingReachesTheTerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := named(rapid.String().Draw(t, "text"))
		var b bytes.Buffer
		if err := render.PlanText(&b, doc, render.Options{Width: 80, ShowUnmanaged: true}); err != nil {
			t.Fatal(err)
		}
		drawn := b.String()
		if !utf8.ValidString(drawn) {
			t.Fatalf("not UTF-8: %q", drawn)
		}
		for _, r := range drawn {
			if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Fatalf("%U is drawn: %q", r, drawn)
			}
		}
	})
}

// TestPurchasesKeepToTheWidth: from 64 columns on, no row of the purchases is
// wider than the terminal, and a name is there in full.
func TestPurchasesKeepToTheWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(64, 130).Draw(t, "width")
		name := rapid.StringOfN(rapid.RuneFrom([]rune("abc-9ü漢")), 1, 70, -1).Draw(t, "name")
		site := rapid.StringOfN(rapid.RuneFrom([]rune("abc 漢")), 1, 70, -1).Draw(t, "site")
		a := plan.Action{
			Kind: plan.Buy, Name: name, Location: &plan.Place{ID: 1, Name: site}, Order: &plan.Order{},
			Wanted: plan.Wanted{Speed: plan.Speed100G, LAG: 8, Zone: plan.Blue, Term: 60}, Price: &plan.Price{Currency: "GBP"},
		}
		var b bytes.Buffer
		doc := plan.Document{Plan: plan.Plan{Actions: []plan.Action{a}, Summary: plan.Summary{Buy: 1}}}
		if err := render.PlanText(&b, doc, render.Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		names := ""
		rows := strings.Split(strings.Split(b.String(), "\n\n")[1], "\n")[2:]
		for _, row := range rows {
			if n := text.StringWidthWithoutEscSequences(row); n > width {
				t.Fatalf("%d columns in %d: %q", n, width, row)
			}
			first, _, _ := strings.Cut(strings.TrimPrefix(row, "  "), " ")
			names += first
		}
		if names != name {
			t.Fatalf("the name is drawn as %q, want %q:\n%s", names, name, b.String())
		}
	})
}
