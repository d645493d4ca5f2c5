package inventory

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portctl/portctl/inventory/spreadsheet"
	"github.com/portctl/portctl/pkg/plan"
)

// SheetOptions say how a spreadsheet becomes an inventory.
type SheetOptions struct {
	// Name and Environment are the inventory's.
	Name, Environment string
	// Sheet is the sheet of a workbook; empty for the first one with cells.
	Sheet string
	// KeepColumns makes tags of the columns that are no key of a port.
	KeepColumns bool
	// Answers say what is meant by what is written; see Question.
	Answers map[string]string
	// Catalog knows the locations. Without it sites stay as they are written.
	Catalog *plan.Catalog
}

// Question is something in a spreadsheet that only a person knows: each thing that is
// written is one, in however many rows it stands.
type Question struct {
	// Key is what an answer is given for: "site:EQX FR5", "zone:A".
	Key string
	// Text is what is written, in Rows rows of which Line is the first.
	Text       string
	Rows, Line int
	// Proposals are answers that may be meant, the best first, with what they are.
	Proposals []Proposal
}

// Proposal is an answer that may be meant.
type Proposal struct{ Answer, Means string }

// FromSheet turns a spreadsheet, CSV or XLSX, into an inventory: a row is a port, and the
// row with the names of the columns says what they are; titles may stand above it. It
// takes common names of columns: "Data centre", "Speed (Gbps)", "Term in months". A column
// named "tag:team" is the tag team. Sites become short names with the ids of their
// locations where the catalog has exactly one of that name or code.
//
// With questions there is no inventory. Otherwise it is in the canonical style and is
// accepted by Parse. A non-nil error is Diagnostics, with every problem of every row, at
// its place in the file: a line is a row; there may be questions besides. The warnings are
// columns that were not used.
func FromSheet(f File, o SheetOptions) (inventory []byte, questions []Question, warnings Diagnostics, err error) {
	return attributes.fromSheet(f, o)
}

func (l language) fromSheet(f File, o SheetOptions) (inventory []byte, questions []Question, warnings Diagnostics, err error) {
	text, notes, err := spreadsheet.Text(f.Content, o.Sheet)
	if err != nil {
		return nil, nil, nil, Diagnostics{newSource(File{Name: f.Name}).whole(ruleCSV, err.Error(), "save it as XLSX or as CSV (UTF-8)")}
	}
	f.Content = []byte(text)
	t := sheet{language: l, src: newSource(f), lines: []cell{{}}, options: o, asked: map[string]*Question{}, askedAt: map[[2]int]bool{}}
	for _, note := range notes {
		t.diags = append(t.diags, t.src.whole(ruleCSVUnused, note, ""))
	}
	if d, bad := t.src.inspect(f.Content); bad {
		return nil, nil, nil, Diagnostics{d}
	}
	if t.read(); !hasErrors(t.diags) {
		t.columns()
	}
	if hasErrors(t.diags) {
		return nil, nil, nil, t.diags.settle()
	}
	t.answer()
	t.inventory(o.Name, o.Environment)
	t.check()
	if len(t.questions) > 0 { // they are asked once each, not for each row
		t.diags = slices.DeleteFunc(t.diags, func(d Diagnostic) bool { return t.askedAt[[2]int{d.Line, d.Column}] })
	}
	diags := t.diags.settle()
	switch {
	case hasErrors(diags):
		return nil, t.inOrder(), nil, diags
	case len(t.questions) > 0:
		return nil, t.inOrder(), diags, nil
	}
	formatted, err := l.format(File{Name: f.Name, Content: []byte(t.text.String())})
	return formatted, nil, diags, err
}

// sheet is a spreadsheet on its way to an inventory.
type sheet struct {
	askedAt   map[[2]int]bool // the lines and columns of cells that are asked about
	language  language
	src       *source
	diags     Diagnostics
	header    []spreadsheet.Cell
	rows      [][]spreadsheet.Cell // as many cells as the header has
	use       []column
	options   SheetOptions
	asked     map[string]*Question     // by key
	sites     map[string]plan.Location // those that are written by name, by what is written
	questions []*Question
	text      strings.Builder // the inventory
	lines     []cell          // what each line of it was made from
}

// cell is a cell, and the name of its column.
type cell struct {
	spreadsheet.Cell
	of string
}

// column is a column of the spreadsheet that is used.
type column struct {
	*attribute
	index  int
	header string
	tag    string // the name of the tag, when the column is one tag
	unit   string // of speeds and terms
}

func (t *sheet) report(rule string, c spreadsheet.Cell, message, hint string) {
	width := max(1, utf8.RuneCountInString(c.Text))
	t.diags = append(t.diags, t.src.at(rule, c.Line, c.Column, c.Column+width, message, hint))
}

// read splits the file into rows, and holds each to the columns that there are.
func (t *sheet) read() {
	rows, err := spreadsheet.Read(t.src.Text)
	var broken *spreadsheet.SyntaxError
	if errors.As(err, &broken) {
		t.report(ruleCSV, spreadsheet.Cell{Line: broken.Line, Column: broken.Column},
			"this cannot be read as CSV: "+broken.Reason, `a cell with quotes is in quotes as a whole, and quotes in it are doubled: "a ""b"" c"`)
	} else if len(rows) < 2 {
		t.diags = append(t.diags, t.src.whole(ruleCSV, "the file has no rows", "the first row names the columns, and each row below it is a port"))
	}
	if len(rows) == 0 {
		return
	}
	top := t.headerOf(rows)
	t.header = trimmed(rows[top])
	for _, row := range rows[top+1:] {
		last := row[len(row)-1]
		for len(row) < len(t.header) {
			row = append(row, spreadsheet.Cell{Line: last.Line, Column: last.Column + utf8.RuneCountInString(last.Text)})
		}
		for _, c := range row[len(t.header):] {
			if c.Text != "" {
				t.report(ruleCSV, c, fmt.Sprintf("this row has more cells than there are columns: %s", quoted(c.Text)), "put a cell that contains the separator in quotes")
				break
			}
		}
		t.rows = append(t.rows, row)
	}
}

// headerOf is the row with the names of the columns: of the first rows the one with most
// names that are known. Titles may stand above it.
func (t *sheet) headerOf(rows [][]spreadsheet.Cell) int {
	names := t.language.columnNames()
	best, known := 0, 0
	for i, row := range rows[:min(len(rows), 20)] {
		n := 0
		for _, c := range row {
			if readHeader(c.Text, names).attribute != nil {
				n++
			}
		}
		if n > known && (n > 1 || i == 0) {
			best, known = i, n
		}
	}
	return best
}

// trimmed is a row without the empty cells at its end.
func trimmed(row []spreadsheet.Cell) []spreadsheet.Cell {
	for len(row) > 1 && row[len(row)-1].Text == "" {
		row = row[:len(row)-1]
	}
	return row
}

// columnKeys are the keys of a port that a column can be.
func (l language) columnKeys() []string {
	return slices.DeleteFunc(l.names(inPorts), func(key string) bool { return l.lookup(inPorts, key).single })
}

// columnNames are the names of columns that are keys of a port, without case
// and separators. In a spreadsheet an id is the number of a row.
func (l language) columnNames() map[string]*attribute {
	names := map[string]*attribute{}
	for _, key := range l.columnKeys() {
		a := l.lookup(inPorts, key)
		names[strings.ToLower(key)] = a
		for _, word := range a.words {
			names[word] = a
		}
	}
	delete(names, "id")
	return names
}

// units are what the name of a column may end with.
var units = []string{"gbps", "gbits", "gb", "mbps", "mbits", "mb", "inmonths", "months", "mths", "inyears", "years", "yrs"}

// columns finds out what the columns are.
func (t *sheet) columns() {
	names := t.language.columnNames()
	have := map[string]string{} // header by key and tag
	var unknown []spreadsheet.Cell
	for i, h := range t.header {
		c := readHeader(h.Text, names)
		if c.attribute == nil {
			if h.Text != "" || slices.ContainsFunc(t.rows, func(row []spreadsheet.Cell) bool { return row[i].Text != "" }) {
				unknown = append(unknown, h)
			}
			continue
		}
		if first, twice := have[c.key+c.tag]; twice {
			t.report(ruleCSVColumn, h, fmt.Sprintf("the columns %s and %s are both the %s", quoted(first), quoted(h.Text), c.key), "keep one of the two")
			continue
		}
		have[c.key+c.tag] = h.Text
		c.index, c.header = i, h.Text
		t.use = append(t.use, c)
	}
	misspelt := false
	for _, h := range unknown {
		meant := ""
		if word := wordOf(h.Text); len(word) >= 3 {
			if near := nearest(word, slices.Sorted(maps.Keys(names))); near != "" && have[names[near].key] == "" {
				meant = names[near].key
			}
		}
		if slices.Contains(counts, wordOf(h.Text)) {
			t.report(ruleCSVColumn, h, fmt.Sprintf("the column %s counts ports, and a row is one port", quoted(h.Text)), "write a row for each port, or name the column lag if it counts the members of a LAG; else take it out")
			continue
		}
		if meant == "" && t.options.KeepColumns {
			t.use = append(t.use, column{attribute: names["tags"], index: slices.Index(t.header, h), header: h.Text, tag: h.Text})
			continue
		}
		if meant == "" {
			t.report(ruleCSVUnused, h, fmt.Sprintf("the column %s is not used", quoted(h.Text)), "what is used are "+list(t.language.columnKeys())+", and tag:NAME for a tag")
			continue
		}
		misspelt = true
		t.report(ruleCSVColumn, h, fmt.Sprintf("the column %s is not known", quoted(h.Text)), fmt.Sprintf("did you mean %s? Rename the column, or take it out", quoted(meant)))
	}
	for _, key := range t.required() {
		if _, given := t.options.Answers["default:"+key]; given {
			continue
		}
		if have[key] == "" && !misspelt {
			t.report(ruleCSVColumn, t.header[0], "there is no column for the "+key, fmt.Sprintf("name a column %s; the first row holds the names", quoted(key)))
		}
	}
}

// counts are what people call a column with numbers of ports.
var counts = []string{"qty", "quantity", "count", "ports", "noofports", "numberofports", "portcount"}

// required are the columns that there must be: there are no defaults.
func (t *sheet) required() []string { return append(t.language.required(inPorts), "term") }

// wordOf is the name of a column in lower case, letters and digits alone.
func wordOf(header string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, header)
}

// tagColumn is the name of a column that is one tag.
var tagColumn = regexp.MustCompile(`(?i)^tags?[:. ]\s*(\S.*)$`)

// readHeader is the column of a name; its attribute is nil when there is none.
func readHeader(header string, names map[string]*attribute) column {
	if m := tagColumn.FindStringSubmatch(header); m != nil {
		return column{attribute: names["tags"], tag: m[1]}
	}
	word := wordOf(header)
	for _, unit := range units {
		if a := names[strings.TrimSuffix(word, unit)]; a != nil && names[word] == nil {
			return column{attribute: a, unit: strings.TrimPrefix(unit, "in")}
		}
	}
	return column{attribute: names[word]}
}

// write adds a line to the inventory.
func (t *sheet) write(text string, from cell) {
	t.text.WriteString(text + "\n")
	t.lines = append(t.lines, from)
}

// inventory writes the rows as entries. What all of them share of what may be a
// default becomes one.
func (t *sheet) inventory(name, environment string) {
	for _, text := range []string{modeline, "", "version: 1", "name: " + plan.YAMLScalar(name), "environment: " + environment, ""} {
		t.write(text, cell{})
	}
	if n := len(t.rows); n > plan.DefaultMaxBuy {
		t.write(fmt.Sprintf("policy: {maxBuy: %d}  # as many as the spreadsheet has", n), cell{})
		t.write("", cell{})
	}
	shared := map[string]bool{}
	for _, c := range t.use {
		value, ok := t.value(c, t.rows[0][c.index].Text)
		differs := func(row []spreadsheet.Cell) bool {
			other, has := t.value(c, row[c.index].Text)
			return !has || other != value
		}
		if c.in&inDefaults == 0 || c.merges || !ok || len(t.rows) < 2 || slices.ContainsFunc(t.rows, differs) {
			continue
		}
		if len(shared) == 0 {
			t.write("defaults:", cell{})
		}
		shared[c.key] = true
		t.write("  "+c.key+": "+value, cell{t.rows[0][c.index], c.header})
	}
	if len(shared) > 0 {
		t.write("", cell{})
	}
	t.writeSites()
	t.write("ports:", cell{})
	for _, row := range t.rows {
		t.entry(row, shared)
	}
}

// leading are the keys that an entry begins with: what is bought, and where.
var leading = []string{"name", "site", "speed", "diversityZone", "lag", "term"}

// entry writes what a row says, what is bought first, and the tags last.
func (t *sheet) entry(row []spreadsheet.Cell, shared map[string]bool) {
	type line struct {
		key, value string
		from       cell
	}
	var lines []line
	tags := line{key: "tags"}
	for _, c := range t.use {
		at := row[c.index]
		value, ok := t.value(c, at.Text)
		switch {
		case !ok && t.given("default:"+c.key) != "":
		case !ok && slices.Contains(t.required(), c.key):
			t.report(ruleMissingKey, at, fmt.Sprintf("row %d has no %s", row[0].Line, c.key), fmt.Sprintf("fill in the column %s", quoted(c.header)))
		case !ok || shared[c.key]:
		case c.key == "tags":
			tags.value, tags.from = strings.TrimPrefix(tags.value+", "+value, ", "), cell{at, c.header}
		default:
			lines = append(lines, line{c.key, value, cell{at, c.header}})
		}
	}
	for _, key := range t.defaulted() {
		if !slices.ContainsFunc(lines, func(l line) bool { return l.key == key }) && !shared[key] {
			lines = append(lines, line{key, t.given("default:" + key), cell{}})
		}
	}
	order := append(slices.Clone(leading), t.language.columnKeys()...)
	slices.SortStableFunc(lines, func(a, b line) int { return slices.Index(order, a.key) - slices.Index(order, b.key) })
	if tags.value != "" {
		tags.value = "{" + tags.value + "}"
		lines = append(lines, tags)
	}
	if lines == nil {
		t.write("  - {}", cell{})
	}
	for i, l := range lines {
		lead := "    "
		if i == 0 {
			lead = "  - "
		}
		t.write(lead+l.key+": "+l.value, l.from)
	}
}

var (
	digits       = regexp.MustCompile(`^[0-9]+$`)
	grouped      = regexp.MustCompile(`^[0-9]{1,3}([ ,.'][0-9]{3})+$`)
	monthsOrYear = regexp.MustCompile(`(?i)^([0-9]+)\s*(m|mo|mon|mths?|months?|y|yrs?|years?)?$`)
)

// value is what a cell means, as YAML; false when it is empty.
func (c column) value(text string) (string, bool) {
	switch strings.ToLower(text) {
	case "":
		return "", false
	case "-", "–", "—", "n/a", "none":
		if c.key != "name" {
			return "", false
		}
	}
	switch c.kind.words {
	case aSite.words:
		if digits.MatchString(text) {
			return "{id: " + text + "}", true
		}
	case aSpeed.words:
		return c.speed(text), true
	case aTerm.words:
		return c.term(text), true
	case someMembers.words:
		if text == "0" || isNo(text) {
			return "", false
		}
		if digits.MatchString(text) {
			return text, true
		}
	case aBoolean.words:
		if isYes(text) || isNo(text) {
			return strconv.FormatBool(isYes(text)), true
		}
	case aZone.words:
		return plan.YAMLScalar(strings.ToLower(text)), true
	case someTags.words:
		return c.tags(text), true
	}
	return plan.YAMLScalar(text), true
}

// speed adds the unit of the column to a bare number.
func (c column) speed(text string) string {
	if grouped.MatchString(text) && !strings.HasPrefix(c.unit, "g") {
		text = strings.NewReplacer(" ", "", ",", "", ".", "", "'", "").Replace(text)
	}
	if digits.MatchString(text) && strings.HasPrefix(c.unit, "g") {
		text += "G"
	}
	if speed, problem, _ := parseSpeed(text); problem == "" {
		return speed.String()
	}
	if digits.MatchString(text) {
		return text
	}
	return plan.YAMLScalar(text)
}

// term is a number of months.
func (c column) term(text string) string {
	m := monthsOrYear.FindStringSubmatch(text)
	if m == nil {
		return plan.YAMLScalar(text)
	}
	n, err := strconv.Atoi(m[1])
	unit := strings.ToLower(m[2])
	if unit == "" {
		unit = c.unit
	}
	if err == nil && strings.HasPrefix(unit, "y") && n < 100 {
		n *= 12
	}
	return strconv.Itoa(n)
}

// tags are one tag, or several as in "team=network; stage=pilot".
func (c column) tags(text string) string {
	if c.tag != "" {
		return plan.YAMLScalar(c.tag) + ": " + plan.YAMLScalar(text)
	}
	var pairs []string
	for _, pair := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '|' }) {
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, plan.YAMLScalar(strings.TrimSpace(name))+": "+plan.YAMLScalar(strings.TrimSpace(value)))
	}
	return strings.Join(pairs, ", ")
}

func isYes(text string) bool {
	return slices.Contains([]string{"yes", "y", "true", "1", "x"}, strings.ToLower(text))
}

func isNo(text string) bool {
	return slices.Contains([]string{"no", "n", "false", "0"}, strings.ToLower(text))
}

// madeFrom is the position of a line of the inventory within a message.
var madeFrom = regexp.MustCompile(`\bat sheet:([0-9]+):[0-9]+`)

// check lets the decoder judge the inventory, and puts its findings where the
// spreadsheet has them. What takes the whole inventory in its final place to
// judge, such as warnings, is left to that.
func (t *sheet) check() {
	_, err := t.language.parse([]File{{Name: "sheet", Content: []byte(t.text.String())}}, nil)
	found, _ := err.(Diagnostics)
	for _, d := range found {
		if d.Severity == Warning || d.Rule == ruleMissingKey && hasErrors(t.diags) {
			continue
		}
		message := madeFrom.ReplaceAllStringFunc(d.Message, func(at string) string {
			n, _ := strconv.Atoi(madeFrom.FindStringSubmatch(at)[1])
			return fmt.Sprintf("in row %d", t.lines[n].Line)
		})
		c := t.lines[d.Line]
		if c.Line == 0 {
			c.Line, c.Column = t.header[0].Line, 1
		} else {
			message = fmt.Sprintf("%s (column %s)", message, quoted(c.of))
		}
		t.report(d.Rule, c.Cell, message, d.Hint)
	}
}

// NameFrom is a name for an inventory that is made from a file, or in a
// directory: that of the file or directory, without extension.
func NameFrom(path string) string {
	base := path[strings.LastIndexAny(path, `/\`)+1:]
	if dot := strings.LastIndexByte(base, '.'); dot > 0 {
		base = base[:dot]
	}
	base = strings.Join(strings.FieldsFunc(base, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), "-")
	if base == "" || len(base) > maxName {
		return "inventory"
	}
	return strings.ToLower(base)
}
