package plan

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Unseen says that a character is invisible, controls a terminal or turns the
// direction of writing: none is ever shown as it is.
func Unseen(r rune) bool {
	return !printableASCII(r) && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// printableASCII is what nearly all texts are made of.
func printableASCII(r rune) bool { return ' ' <= r && r <= '~' }

// Visible is a text from elsewhere, safe to show: what is [Unseen] stands there as
// an escape, in the form that JSON has for it. Two texts that differ are so never
// shown alike.
func Visible(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !printableASCII(r) }) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case Unseen(r):
			b.WriteString(EscapeRune(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// EscapeRune writes a character as JSON escapes it: \u001b, or two of these.
func EscapeRune(r rune) string {
	if r > 0xFFFF {
		high, low := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// VisibleText is [Visible] for a text of many lines: line ends and tabs stay. A
// JSON document stays the same document: JSON's own encoders leave most of what is
// [Unseen] as it is.
func VisibleText(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			out = fmt.Appendf(out, `\x%02x`, b[i])
		case r != '\n' && r != '\t' && Unseen(r):
			out = append(out, EscapeRune(r)...)
		default:
			out = append(out, b[i:i+size]...)
		}
		i += size
	}
	return out
}
