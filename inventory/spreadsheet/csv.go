// Package spreadsheet reads the cells of CSV and XLSX files, each with its place. What
// they mean is for package inventory to say; it does no I/O.
package spreadsheet

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Cell is one cell.
type Cell struct {
	// Text is what it says, without quotes and without the spaces around it.
	Text string
	// Line and Column are where the text begins, from 1; columns are characters.
	Line, Column int
}

// SyntaxError says where a file stops being CSV.
type SyntaxError struct {
	// Line and Column count from 1.
	Line, Column int
	// Reason is why, in a few words.
	Reason string
}

func (e *SyntaxError) Error() string { return e.Reason }

// Read gives the rows of a CSV text in UTF-8 that say something, and all that come
// before a *SyntaxError. Cells are separated by commas, semicolons or tabs, whichever
// the first rows have most of, or by what Excel's own first line, "sep=;", names.
func Read(text string) ([][]Cell, error) {
	lines := strings.Split(text, "\n")
	separator, skipped := separatorOf(lines[:min(len(lines), guessedFrom)]), 0
	if sep := strings.TrimRight(lines[0], "\r"); len(sep) == 5 && strings.EqualFold(sep[:4], "sep=") {
		separator, skipped = rune(sep[4]), 1
	}
	r := csv.NewReader(strings.NewReader(strings.Join(lines[skipped:], "\n")))
	r.Comma, r.FieldsPerRecord = separator, -1
	r.TrimLeadingSpace = separator != '\t'
	var rows [][]Cell
	for {
		record, err := r.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case errors.As(err, &broken):
			return rows, &SyntaxError{broken.Line + skipped, broken.Column, broken.Err.Error()}
		case err != nil:
			return rows, &SyntaxError{1, 1, err.Error()}
		}
		row := make([]Cell, len(record))
		for i, text := range record {
			line, column := r.FieldPos(i)
			row[i] = cell(text, lines[line+skipped-1], line+skipped, column)
		}
		if slices.ContainsFunc(row, func(c Cell) bool { return c.Text != "" }) {
			rows = append(rows, row)
		}
	}
}

// guessedFrom is how many lines tell the separator: titles may stand above the columns.
const guessedFrom = 20

// separatorOf guesses the separator: the one that most lines have several of.
func separatorOf(lines []string) rune {
	best, count := ',', 0
	for _, s := range []rune{',', ';', '\t'} {
		n := 0
		for _, line := range lines {
			n += strings.Count(line, string(s))
		}
		if n > count {
			best, count = s, n
		}
	}
	return best
}

// cell is the cell at a byte column of a line.
func cell(text, written string, line, column int) Cell {
	before := written[:min(max(column-1, 0), len(written))]
	at := utf8.RuneCountInString(before) + 1
	if strings.HasPrefix(written[len(before):], `"`) {
		at++
	}
	return Cell{strings.TrimFunc(strings.ReplaceAll(text, "\u00a0", " "), unicode.IsSpace), line, at}
}
