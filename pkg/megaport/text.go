package megaport

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How much of a foreign text is shown.
const (
	maxText    = 400 // characters of one message or reason
	maxReasons = 20
)

// printable makes a foreign text safe for one line of a terminal: control
// characters, line ends, invisible and direction-changing ones are escaped, and
// a long text is cut at max characters.
func printable(text string, limit int) string {
	var b strings.Builder
	n := 0
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if n == limit {
			fmt.Fprintf(&b, "… (%d bytes more)", len(text))
			break
		}
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteByte(' ')
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		text = text[size:]
		n++
	}
	return strings.TrimSpace(b.String())
}
