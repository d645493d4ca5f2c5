package render

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Options say how to draw.
type Options struct {
	// Width is the number of columns to keep to; 0 means as wide as it gets.
	Width int
	// Color allows colour.
	Color bool
}

// paint colours a text, when colour is on.
func (o Options) paint(code, s string) string {
	if !o.Color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// Clean makes a text from elsewhere safe for a terminal: control characters
// and those that turn the direction of writing are shown as escapes.
func Clean(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// column is one column of a grid.
type column struct {
	title string
	// right aligns to the right, as money wants.
	right bool
	// shrink lets the column be cut when the table is too wide.
	shrink bool
}

// grid draws a table without lines, indented by two columns. Cells are cleaned.
func (o Options) grid(w io.Writer, columns []column, rows [][]string) error {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	var header table.Row
	var configs []table.ColumnConfig
	for i, c := range columns {
		header = append(header, c.title)
		config := table.ColumnConfig{Number: i + 1}
		if c.right {
			config.Align, config.AlignHeader = text.AlignRight, text.AlignRight
		}
		if c.shrink {
			config.WidthMax, config.WidthMaxEnforcer = o.room(columns, rows, i), shorten
		}
		configs = append(configs, config)
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	for _, r := range rows {
		var row table.Row
		for _, cell := range r {
			row = append(row, Clean(cell))
		}
		t.AppendRow(row)
	}
	for i, line := range strings.Split(t.Render(), "\n") {
		line = strings.TrimRight(line, " ")
		if i == 0 {
			line = o.paint(dim, line)
		}
		if _, err := fmt.Fprintf(w, "  %s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// minColumn is the least a shrinking column keeps.
const minColumn = 12

// room is the width left for column i once all others have theirs.
func (o Options) room(columns []column, rows [][]string, i int) int {
	if o.Width == 0 {
		return 0
	}
	used := 2
	for j := range columns {
		if j != i {
			used += widest(columns, rows, j) + 2
		}
	}
	return max(minColumn, o.Width-used)
}

func widest(columns []column, rows [][]string, j int) int {
	n := text.StringWidthWithoutEscSequences(columns[j].title)
	for _, r := range rows {
		n = max(n, text.StringWidthWithoutEscSequences(Clean(r[j])))
	}
	return n
}

// shorten cuts a text to a width and says so by an ellipsis.
func shorten(s string, width int) string {
	if width <= 0 || text.StringWidthWithoutEscSequences(s) <= width {
		return s
	}
	return text.Trim(s, width-1) + "…"
}

// Plural counts things: "1 entry", "2 entries".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func dash(s string) string { return cmp.Or(s, "-") }

// nest sets the lines of a text under a first one.
func nest(indent, s string) string { return strings.ReplaceAll(s, "\n", "\n"+indent) }
