package inventory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Diagnostic is one problem, at the place where it stands.
type Diagnostic struct {
	// Rule is the ID of the rule that is broken, such as "unknown-key";
	// docs/diagnostics.md lists them.
	Rule string `json:"rule"`
	// Severity is that of the rule.
	Severity Severity `json:"severity"`
	// File is the name of the file as it was given.
	File string `json:"file"`
	// Line counts from 1; 0 means the file as a whole.
	Line int `json:"line"`
	// Column counts characters (not bytes) from 1; 0 when Line is 0.
	Column int `json:"column"`
	// EndColumn is the column behind the last character meant, always greater
	// than Column; 0 when Line is 0.
	EndColumn int `json:"endColumn"`
	// Message says what is wrong, in one line.
	Message string `json:"message"`
	// Hint says what to do about it; it may be empty.
	Hint string `json:"hint,omitzero"`
	// Snippet is the line of the file. Of a very long line it is the part
	// around Column.
	Snippet string `json:"snippet,omitzero"`
	// SnippetColumn is the column at which Snippet begins: 1, unless the line
	// was too long.
	SnippetColumn int `json:"snippetColumn,omitzero"`
}

// Position is the file:line:column form that editors jump to, or the file alone
// when the problem is the file as a whole.
func (d Diagnostic) Position() string {
	if d.Line == 0 {
		return d.File
	}
	return fmt.Sprintf("%s:%d:%d", d.File, d.Line, d.Column)
}

// String is the diagnostic in one line, without the source line and the hint.
func (d Diagnostic) String() string {
	s := fmt.Sprintf("%s: %s [%s]", d.Severity, d.Message, d.Rule)
	if at := d.Position(); at != "" {
		return at + ": " + s
	}
	return s
}

// Diagnostics are the problems of an inventory, sorted by file, line and
// column. As an error it means that at least one of them is an Error; warnings
// found in the same run are kept beside the errors.
type Diagnostics []Diagnostic

// errorLines is how many problems Error writes out; WriteText writes all.
const errorLines = 10

// Error is the list of problems, a line each, shortened after the first few.
func (ds Diagnostics) Error() string {
	var b strings.Builder
	for i, d := range ds {
		if i == errorLines {
			fmt.Fprintf(&b, "\nand %d more", len(ds)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(d.String())
	}
	return b.String()
}

// Counts is the number of errors and of warnings.
func (ds Diagnostics) Counts() (errors, warnings int) {
	for _, d := range ds {
		if d.Severity == Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

// settle sorts the problems by position and drops repetitions: a bad value
// behind an anchor is met once per alias, and is still one problem.
func (ds Diagnostics) settle() Diagnostics {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(ds, func(a, b Diagnostic) bool { return a == b })
}
