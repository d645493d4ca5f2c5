package render_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
)

// unsafe finds what must not reach a terminal in a text.
func unsafe(text string, painted bool) string {
	if painted {
		text = strings.NewReplacer("\x1b[0m", "", "\x1b[1m", "", "\x1b[31m", "", "\x1b[1;32m", "", "\x1b[m", "").Replace(text)
	}
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			return "a broken character"
		}
		if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return string(r)
		}
	}
	return ""
}

func guarded(t testing.TB, painted bool, parts ...[]byte) string {
	t.Helper()
	var b bytes.Buffer
	g := render.NewGuard(&b, painted)
	for _, p := range parts {
		if n, err := g.Write(p); err != nil || n != len(p) {
			t.Fatalf("wrote %d of %d: %v", n, len(p), err)
		}
	}
	if err := g.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGuard(t *testing.T) {
	for text, want := range map[string]string{
		"plain – ünïcode 東京 \t\n":               "plain – ünïcode 東京 \t\n",
		"\x1b[31mred\x1b[0m \x1b[1;32mg\x1b[m":  "\x1b[31mred\x1b[0m \x1b[1;32mg\x1b[m",
		"\x1b[8mhidden\x1b[41mback\x1b[38;5;1m": `\u001b[8mhidden\u001b[41mback\u001b[38;5;1m`,
		"\x1b[2J\x1b]0;title\x07\x1b[1A\r\b":    `\u001b[2J\u001b]0;title\u0007\u001b[1A\u000d\u0008`,
		"\u009b31m\x9b\x7f":                     `\u009b31m\x9b\u007f`,
		"\u202eevil\u2066\u200b\ufeff\u2028":    `\u202eevil\u2066\u200b\ufeff\u2028`,
		"\U000e0041":                            `\udb40\udc41`,
		"cut \xe2\x80":                          `cut \xe2\x80`,
		"cut \x1b[3":                            `cut \u001b[3`,
	} {
		if got := guarded(t, true, []byte(text)); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	if got := guarded(t, false, []byte("\x1b[31mred\x1b[0m")); got != `\u001b[31mred\u001b[0m` {
		t.Errorf("without colour: %q", got)
	}
}

// FuzzGuard: wherever a text is cut into writes, the same comes out, and nothing
// unsafe.
func FuzzGuard(f *testing.F) {
	f.Add([]byte("a\x1b[31mb\u009b\u202e\x1b[2J\xe2\x80\xae\x1b"), 3, true)
	f.Add([]byte("\x1b[1;32m\u200b\r\n\x9b"), 1, false)
	f.Fuzz(func(t *testing.T, b []byte, cut int, painted bool) {
		whole := guarded(t, painted, b)
		var parts [][]byte
		for n := 1 + max(cut, -cut)%7; len(b) > n; b = b[n:] {
			parts = append(parts, b[:n])
		}
		if got := guarded(t, painted, append(parts, b)...); got != whole {
			t.Errorf("in parts %q, at once %q", got, whole)
		}
		if what := unsafe(string(render.Shown([]byte(whole), false)), false); what != "" {
			t.Errorf("%q holds %q", whole, what)
		}
		if !painted {
			if what := unsafe(whole, false); what != "" {
				t.Errorf("%q holds %q", whole, what)
			}
		}
	})
}

// Nothing that is written to the log of a job commands it, however it is cut.
func TestJobLogTakesNoCommands(t *testing.T) {
	for text, want := range map[string]string{
		"::error::x\n  ::add-mask::y\n":         `:\u003aerror::x` + "\n" + `  :\u003aadd-mask::y` + "\n",
		"a ::b\n:c\n: :\n\t::\n:::":             "a ::b\n:c\n: :\n\t:\\u003a\n:\\u003a:",
		"a ##[error]x ###[b] #[c]\n## head [d]": `a ##\u005berror]x ###\u005bb] #[c]` + "\n## head [d]",
		"\u00a0 \u3000::error::x":               "\u00a0 \u3000:\\u003aerror::x",
		"\x1b[31m::error::":                     `\u001b[31m::error::`,
	} {
		for cut := range len(text) + 1 {
			var b bytes.Buffer
			g := render.NewJobGuard(&b)
			for _, part := range []string{text[:cut], text[cut:]} {
				if _, err := g.Write([]byte(part)); err != nil {
					t.Fatal(err)
				}
			}
			if err := g.Flush(); err != nil || b.String() != want {
				t.Errorf("%q, cut at %d, is %q, want %q (%v)", text, cut, &b, want, err)
			}
		}
	}
}
