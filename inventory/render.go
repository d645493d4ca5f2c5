package inventory

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/portctl/portctl/inventory/layout"
	"github.com/portctl/portctl/pkg/plan"
)

// Render is what WriteText writes, as a string.
func (ds Diagnostics) Render() string {
	var b strings.Builder
	for i, d := range ds {
		if i > 0 {
			b.WriteByte('\n')
		}
		d.render(&b)
	}
	return b.String()
}

// WriteText writes the problems the way a good compiler does: position and
// message, the line itself with a caret under what is meant, and a hint. An
// empty line stands between two problems. Its only errors are those of w.
func (ds Diagnostics) WriteText(w io.Writer) error {
	_, err := io.WriteString(w, ds.Render())
	return err
}

func (d Diagnostic) render(b *strings.Builder) {
	b.WriteString(printable(d.String()))
	b.WriteByte('\n')
	if d.Line > 0 {
		d.renderLine(b)
	}
	if d.Hint != "" {
		fmt.Fprintf(b, "hint: %s\n", printable(d.Hint))
	}
}

// renderLine writes the line of the file and the caret under it.
func (d Diagnostic) renderLine(b *strings.Builder) {
	number := fmt.Sprintf("%5d", d.Line)
	fmt.Fprintf(b, "%s | %s\n", number, printable(d.Snippet))
	fmt.Fprintf(b, "%s | %s\n", strings.Repeat(" ", len(number)), d.caret())
}

// caret is the line under the snippet. A tab above is a tab below, so that the
// two agree whatever the width of a tab is, and a wide character takes two
// places.
func (d Diagnostic) caret() string {
	var b strings.Builder
	column := d.SnippetColumn
	places := 0
	for _, r := range d.Snippet {
		switch {
		case column >= d.EndColumn:
		case column >= d.Column:
			places += cells(r)
		case r == '\t':
			b.WriteByte('\t')
		default:
			b.WriteString(strings.Repeat(" ", cells(r)))
		}
		column++
	}
	b.WriteByte('^')
	b.WriteString(strings.Repeat("~", max(0, places-1)))
	return b.String()
}

// cells is the number of places that a character takes as printable shows it, a
// tab one.
func cells(r rune) int {
	if r == '\t' || isUnprintable(r) {
		return 1
	}
	return layout.Width(r)
}

// printable replaces what could steer a terminal, and shows that something is
// there where nothing would be seen: text of a file is quoted in messages and
// shown in snippets, and a file may come from anywhere.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && isUnprintable(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// isUnprintable reports characters that steer a terminal or cannot be seen.
func isUnprintable(r rune) bool {
	return isControl(r) || plan.Invisible(r) || unicode.In(r, unicode.Zl, unicode.Zp)
}
