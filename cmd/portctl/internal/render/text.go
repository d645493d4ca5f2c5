package render

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/portctl/portctl/pkg/plan"
)

// Options say how to draw.
type Options struct {
	// Width is the number of columns to keep to; 0 means as wide as it gets.
	Width int
	// Color allows colour.
	Color bool
	// ShowUnmanaged lists the services that no entry mentions; otherwise a plan
	// for people only counts them.
	ShowUnmanaged bool
	// Verbose shows all notes; otherwise a plan for a terminal only counts those of
	// entries that do not change.
	Verbose bool
	// Apply are the arguments with which "portctl apply" does what was planned,
	// such as "-f", "net.yaml": they are repeated in the commands that a reader is
	// told to run.
	Apply []string
	// Ledger are the arguments with which "portctl ledger" finds the same ledger
	// again.
	Ledger []string
	// LOAs are the arguments with which "portctl status" finds the same LOAs again.
	LOAs []string
}

// The widths in columns from which a drawing holds more.
const (
	roomy = 100
	wide  = 120
)

// narrower says that less than n columns are to be had.
func (o Options) narrower(n int) bool { return o.Width > 0 && o.Width < n }

// paint colours a text, when colour is on.
func (o Options) paint(code, s string) string {
	if !o.Color || s == "" || code == "" {
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

// Clean makes a text from elsewhere safe to show: what is invisible, controls a
// terminal or turns the direction of writing is shown as an escape. Two names
// that differ are so never shown alike.
func Clean(s string) string { return plan.Visible(s) }

// column is one column of a grid.
type column struct {
	title string
	// right aligns to the right, as money wants.
	right bool
	// shrink lets the column be cut when the table is too wide.
	shrink bool
	// wrap lets the column go on in further lines when cutting is not enough:
	// what names a thing is never cut.
	wrap bool
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
	widths := o.widths(columns, rows)
	for i, c := range columns {
		header = append(header, c.title)
		config := table.ColumnConfig{Number: i + 1}
		if c.right {
			config.Align, config.AlignHeader = text.AlignRight, text.AlignRight
		}
		switch {
		case c.shrink:
			config.WidthMax, config.WidthMaxEnforcer = widths[i], shorten
		case c.wrap:
			config.WidthMax, config.WidthMaxEnforcer = widths[i], wrapHard
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

// minColumn is the least that a shrinking or wrapping column keeps.
const minColumn = 12

// widths shares the room out: columns are as wide as their texts, and when that
// is too wide the shrinking ones give way first, then the wrapping ones.
func (o Options) widths(columns []column, rows [][]string) []int {
	all := make([]int, len(columns))
	over := 2*len(columns) - o.Width
	for j := range columns {
		all[j] = widest(columns, rows, j)
		over += all[j]
	}
	for _, gives := range []func(column) bool{
		func(c column) bool { return c.shrink },
		func(c column) bool { return c.wrap },
	} {
		for j, c := range columns {
			if o.Width > 0 && gives(c) {
				less := max(0, min(over, all[j]-minColumn))
				all[j] -= less
				over -= less
			}
		}
	}
	return all
}

func widest(columns []column, rows [][]string, j int) int {
	n := text.StringWidthWithoutEscSequences(columns[j].title)
	for _, r := range rows {
		n = max(n, text.StringWidthWithoutEscSequences(Clean(r[j])))
	}
	return n
}

// wrapHard breaks a text into lines of a width: where one of its words ends, or, when a
// word is longer than a line, between any two characters.
func wrapHard(s string, width int) string {
	var b strings.Builder
	for rest := []rune(s); len(rest) > 0; {
		n := lineOf(rest, width)
		b.WriteString(string(rest[:n]))
		if rest = rest[n:]; len(rest) > 0 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// lineOf is how many characters of a text one line takes.
func lineOf(runes []rune, width int) int {
	used, word := 0, 0 // columns; characters up to the end of the last word
	for i, r := range runes {
		n := text.RuneWidth(r)
		if i > 0 && used+n > width {
			if word > 0 {
				return word
			}
			return i
		}
		used += n
		if strings.ContainsRune("-_ ./,:", r) {
			word = i + 1
		}
	}
	return len(runes)
}

// shorten cuts a text to a width and says so by an ellipsis.
func shorten(s string, width int) string {
	if width <= 0 || text.StringWidthWithoutEscSequences(s) <= width {
		return s
	}
	head, used := []rune{}, 0
	for _, r := range s {
		if used += text.RuneWidth(r); used > width-1 {
			break
		}
		head = append(head, r)
	}
	return string(head) + "…"
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
