package render

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// part is a piece of a page: what opens it, rows of which some can be left out,
// and what closes it again. Whatever is left out, what was opened is closed.
type part struct {
	open  string
	rows  []string
	close string
	// note follows what was closed, and end follows the note.
	end string
	// one and many name a row when some are left out.
	one, many string
	// keep says how dear the rows are: those of the least are left out first.
	keep int
	left int
}

// How dear the rows of a part are, the least first.
const (
	keepSubtotals = iota // what can be added up from the rest
	keepOrders
	keepUnmanaged
	keepExcluded
	keepUpdates
	keepNotes
	keepCancels
	keepPurchases
	keepAttention
	keepMoney
)

// page is a Markdown page of several parts.
type page []part

func (p *page) text(s string) { *p = append(*p, part{open: s}) }

func (p *page) add(x part) {
	if len(x.rows) > 0 {
		*p = append(*p, x)
	}
}

// noteRoom is the number of characters set aside for telling what was left out
// of one part.
const noteRoom = 120

// within is the page in no more than limit characters: whole rows are left out,
// from the end of the least dear parts, and their number is told with the command
// that shows all.
func (p page) within(limit int, all string) string {
	over := -limit
	for _, x := range p {
		over += x.size()
	}
	order := make([]int, len(p))
	for i := range p {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return p[i].keep - p[j].keep })
	cut := slices.Clone(p)
	for _, i := range order {
		over -= cut[i].cut(over)
	}
	var b strings.Builder
	for _, x := range cut {
		x.write(&b, all)
	}
	return b.String()
}

func (x part) size() int {
	n := utf8.RuneCountInString(x.open) + utf8.RuneCountInString(x.close) + utf8.RuneCountInString(x.end)
	for _, r := range x.rows {
		n += utf8.RuneCountInString(r)
	}
	if len(x.rows) > 0 {
		n += noteRoom
	}
	return n
}

// cut leaves out rows until over characters are saved, and says how many were.
func (x *part) cut(over int) int {
	saved := 0
	for len(x.rows) > 0 && saved < over {
		last := len(x.rows) - 1
		saved += utf8.RuneCountInString(x.rows[last])
		x.rows = x.rows[:last]
		x.left++
	}
	return saved
}

func (x part) write(b *strings.Builder, all string) {
	b.WriteString(x.open)
	b.WriteString(strings.Join(x.rows, ""))
	b.WriteString(x.close)
	if x.left > 0 {
		fmt.Fprintf(b, "\n*%s left out to keep this short; `%s` shows all.*\n", Plural(x.left, "more "+x.one+" is", "more "+x.many+" are"), all)
	}
	b.WriteString(x.end)
}

// folded opens a part that is shown when it is clicked on. The empty line lets
// Markdown begin again within.
func folded(title string) string {
	return "\n<details>\n<summary>" + title + "</summary>\n\n"
}

const foldedEnd = "\n</details>\n"

// tableHead is the head of a table; a title that begins with ">" is a column of
// numbers, aligned to the right.
func tableHead(titles ...string) string {
	head, rule := "|", "|"
	for _, t := range titles {
		title, numbers := strings.CutPrefix(t, ">")
		head += " " + title + " |"
		if numbers {
			rule += " ---: |"
		} else {
			rule += " --- |"
		}
	}
	return head + "\n" + rule + "\n"
}

// tableRow is one row; its cells are escaped already.
func tableRow(cells ...string) string {
	return "| " + strings.Join(cells, " | ") + " |\n"
}
