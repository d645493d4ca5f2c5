package plan_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/plan"
)

func TestYAMLScalar(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"lon-core-1", "lon-core-1"},
		{"Zürich core 1", "Zürich core 1"},
		{"LON: primary", `"LON: primary"`},
		{"lon #1", `"lon #1"`},
		{"", `""`},
		{" lon", `" lon"`},
		{"1017", `"1017"`},
		{"1:30", `"1:30"`},
		{"N", `"N"`},
		{"NULL", `"NULL"`},
		{"=", `"="`},
		{`say "hi" \o/`, `"say \"hi\" \\o/"`},
		{"a\u200bb", `"a\U0000200Bb"`},
		{"a\u3164", `"a\U00003164"`},
		{"a\nb\x1b", `"a\U0000000Ab\U0000001B"`},
	} {
		if got := plan.YAMLScalar(c.text); got != c.want {
			t.Errorf("%q: got %s, want %s", c.text, got, c.want)
		}
	}
}

// TestYAMLScalarIsReadBack proves of any text that a YAML library reads back
// what was written, as a value, in a list in brackets and as a key, and that it
// stands on one line in characters that a terminal shows.
func TestYAMLScalarIsReadBack(t *testing.T) {
	odd := rapid.SampledFrom([]string{"", "y", "No", "~", "1_0", "0x1F", "12:30:45", "2024-01-01", "- a", "a: b", "a #b", "{a}", "*a", "\u2028", "\ufeff", "\ufffe", "\u0085", "\U000E0041", "null", "<<", "---", "%a"})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), odd, rapid.StringMatching(`[ -~]{0,12}`)).Draw(t, "text")
		if !utf8.ValidString(text) {
			t.Skip("no text")
		}
		written := plan.YAMLScalar(text)
		var read struct {
			Value any
			List  []any
			Keys  map[string]string
		}
		document := "value: " + written + "\nlist: [" + written + ", " + written + "]\nkeys: {" + written + ": x}\n"
		if err := yaml.Unmarshal([]byte(document), &read); err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		if read.Value != any(text) || len(read.List) != 2 || read.List[0] != any(text) || read.Keys[text] != "x" {
			t.Fatalf("%q was read back as %+v from\n%s", text, read, document)
		}
		if i := strings.IndexFunc(written, func(r rune) bool { return !unicode.IsPrint(r) || plan.Invisible(r) }); i >= 0 {
			t.Fatalf("%q has a character that is not seen", written)
		}
	})
}

func TestInvisible(t *testing.T) {
	for _, r := range []rune{0xAD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x180B, 0x180E, 0x200B, 0x200D, 0x2060, 0x2065, 0x2800, 0x3164, 0xFE0F, 0xFEFF, 0xFFA0, 0x1D159, 0x1D173, 0xE0041, 0xE0100} {
		if !plan.Invisible(r) {
			t.Errorf("U+%04X is seen", r)
		}
	}
	for _, r := range "aé東ـ́1-_/ ☃" {
		if plan.Invisible(r) {
			t.Errorf("U+%04X is not seen", r)
		}
	}
}
