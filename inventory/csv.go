package inventory

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portctl/portctl/pkg/plan"
)

// FromCSV turns a spreadsheet into an inventory of the given name: a row is a
// port, and the first row says what the columns are. It takes commas, semicolons
// and tabs, and common names of columns: "Data centre", "Speed (Gbps)", "Term in
// months". A column named "tag:team" is the tag team.
//
// The inventory is in the canonical style and is accepted by Parse. A non-nil
// error is Diagnostics, with every problem of every row, at its place in the CSV
// file; the warnings are columns that were not used.
func FromCSV(f File, name string) (inventory []byte, warnings Diagnostics, err error) {
	return attributes.fromCSV(f, name)
}

func (l language) fromCSV(f File, name string) (inventory []byte, warnings Diagnostics, err error) {
	t := sheet{language: l, src: newSource(f)}
	if d, bad := t.src.inspect(f.Content); bad {
		return nil, nil, Diagnostics{d}
	}
	t.read()
	t.columns()
	if hasErrors(t.diags) {
		return nil, nil, t.diags.settle()
	}
	text := t.inventory(name)
	t.check(text)
	diags := t.diags.settle()
	if hasErrors(diags) {
		return nil, nil, diags
	}
	formatted, err := t.language.format(File{Name: f.Name, Content: text})
	return formatted, diags, err
}

// sheet is a spreadsheet on its way to an inventory.
type sheet struct {
	language language
	src      *source
	diags    Diagnostics
	header   []cell
	rows     [][]cell
	use      []column
	lines    map[int]cell // what a line of the inventory was made from
}

// cell is one cell. Its column counts characters from 1.
type cell struct {
	text         string
	line, column int
	of           *column // nil for a row as a whole
}

// column is a column of the spreadsheet that is used.
type column struct {
	*attribute
	index  int
	header string
	tag    string // the name of the tag, when the column is one tag
	unit   string // of speeds and terms
}

// id tells columns apart.
func (c column) id() string {
	if c.attribute == nil {
		return ""
	}
	return c.key + c.tag
}

func (c cell) empty() bool { return c.line == 0 }

// required are the columns that there must be: there are no defaults.
func (t *sheet) required() []string { return append(t.language.required(inPorts), "term") }

func (t *sheet) report(rule string, c cell, message, hint string) {
	width := max(1, utf8.RuneCountInString(c.text))
	t.diags = append(t.diags, t.src.at(rule, c.line, c.column, c.column+width, message, hint))
}

// read splits the file into cells.
func (t *sheet) read() {
	text, skipped := t.src.text, 0
	first, rest, _ := strings.Cut(text, "\n")
	separator := separatorOf(first)
	if sep := strings.TrimRight(first, "\r"); len(sep) == 5 && strings.EqualFold(sep[:4], "sep=") { // Excel's own header.
		separator, text, skipped = rune(sep[4]), rest, 1
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = separator, -1
	r.TrimLeadingSpace = separator != '\t'
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			t.diags = append(t.diags, t.src.at(ruleCSV, broken.Line+skipped, broken.Column, broken.Column+1,
				"this can not be read as CSV: "+broken.Err.Error(), `a cell with quotes is in quotes as a whole, and quotes in it are doubled: "a ""b"" c"`))
			return
		}
		var row []cell
		for i, text := range record {
			line, column := r.FieldPos(i)
			row = append(row, t.cell(text, line+skipped, column))
		}
		t.add(row)
	}
	if len(t.rows) == 0 && !hasErrors(t.diags) {
		t.diags = append(t.diags, t.src.whole(ruleCSV, "the file has no rows", "the first row names the columns, and each row below it is a port"))
	}
}

// separatorOf guesses the separator from the names of the columns.
func separatorOf(header string) rune {
	best, count := ',', 0
	for _, s := range []rune{',', ';', '\t'} {
		if n := strings.Count(header, string(s)); n > count {
			best, count = s, n
		}
	}
	return best
}

// cell is a cell at a byte column of a line. Spaces around the text are none of
// it, and neither are the quotes.
func (t *sheet) cell(text string, line, byteColumn int) cell {
	l := t.src.line(line)
	prefix := l.text[:min(max(byteColumn-1, 0), len(l.text))]
	column := utf8.RuneCountInString(prefix) + 1
	if strings.HasPrefix(l.from(column), `"`) {
		column++
	}
	trimmed := strings.TrimFunc(strings.ReplaceAll(text, "\u00a0", " "), unicode.IsSpace)
	return cell{text: trimmed, line: line, column: column}
}

// add keeps a row that says something.
func (t *sheet) add(row []cell) {
	if !slices.ContainsFunc(row, func(c cell) bool { return c.text != "" }) {
		return
	}
	if t.header == nil {
		t.header = row
		return
	}
	for i, c := range row {
		if i >= len(t.header) && c.text != "" {
			t.report(ruleCSV, c, fmt.Sprintf("this row has more cells than there are columns: %s", quoted(c.text)), "put a cell that contains the separator in quotes")
			return
		}
	}
	t.rows = append(t.rows, row)
}

// columnNames are the names of columns that are keys of a port, without case
// and separators. In a spreadsheet an id is the number of a row.
func (l language) columnNames() map[string]*attribute {
	names := map[string]*attribute{}
	for _, a := range l.columns() {
		names[strings.ToLower(a.key)] = a
		for _, word := range a.words {
			names[word] = a
		}
	}
	delete(names, "id")
	return names
}

// columns are the keys of a port that a column can be.
func (l language) columns() []*attribute {
	return slices.DeleteFunc(l.of(inPorts), func(a *attribute) bool { return a.single })
}

// units are what the name of a column may end with.
func units() []string {
	return []string{"gbps", "gbits", "gb", "mbps", "mbits", "mb", "inmonths", "months", "mths", "inyears", "years", "yrs"}
}

// columns finds out what the columns are.
func (t *sheet) columns() {
	if t.header == nil {
		return
	}
	names := t.language.columnNames()
	known := slices.Sorted(maps.Keys(names))
	have := map[string]cell{}
	var unknown []cell
	for i, h := range t.header {
		c, ok := readHeader(h.text, names)
		first, twice := have[c.id()]
		switch {
		case !ok && (h.text != "" || t.filled(i)):
			unknown = append(unknown, h)
		case ok && twice:
			t.report(ruleCSVColumn, h, fmt.Sprintf("the columns %s and %s are both the %s", quoted(first.text), quoted(h.text), c.key), "keep one of the two")
		case ok:
			have[c.id()] = h
			c.index, c.header = i, h.text
			t.use = append(t.use, c)
		}
	}
	misspelt := false
	for _, h := range unknown {
		near := ""
		if word := wordOf(h.text); len(word) >= 3 {
			near = nearest(word, known)
		}
		if near == "" || !have[names[near].key].empty() {
			t.report(ruleCSVUnused, h, fmt.Sprintf("the column %s is not used", quoted(h.text)), "what is used are "+list(t.keys())+", and tag:NAME for a tag")
			continue
		}
		misspelt = true
		t.report(ruleCSVColumn, h, fmt.Sprintf("the column %s is not known", quoted(h.text)), fmt.Sprintf("did you mean %s? Rename the column, or take it out", quoted(names[near].key)))
	}
	for _, key := range t.required() {
		if have[key].empty() && !misspelt {
			t.report(ruleCSVColumn, t.header[0], "there is no column for the "+key, fmt.Sprintf("name a column %s; the first row holds the names", quoted(key)))
		}
	}
}

// filled says whether any row has something in a column.
func (t *sheet) filled(index int) bool {
	return slices.ContainsFunc(t.rows, func(row []cell) bool { return index < len(row) && row[index].text != "" })
}

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

func readHeader(header string, names map[string]*attribute) (column, bool) {
	if m := tagColumn.FindStringSubmatch(header); m != nil {
		return column{attribute: names["tags"], tag: m[1]}, true
	}
	word := wordOf(header)
	if a, ok := names[word]; ok {
		return column{attribute: a}, true
	}
	for _, unit := range units() {
		if a, ok := names[strings.TrimSuffix(word, unit)]; ok && strings.HasSuffix(word, unit) {
			return column{attribute: a, unit: strings.TrimPrefix(unit, "in")}, true
		}
	}
	return column{}, false
}

// inventory writes the rows as entries. What all of them share of the term and
// the cost centre becomes a default.
func (t *sheet) inventory(name string) []byte {
	t.lines = map[int]cell{}
	var b bytes.Buffer
	line := 1
	write := func(c cell, text string) {
		t.lines[line] = c
		b.WriteString(text + "\n")
		line++
	}
	for _, text := range strings.Split(strings.TrimSuffix(modeline, "\n")+"\n\nversion: 1\nname: "+plan.YAMLScalar(name)+"\nenvironment: sandbox\n", "\n") {
		write(cell{}, text)
	}
	shared := t.shared()
	if len(shared) > 0 {
		write(cell{}, "defaults:")
		for _, s := range shared {
			write(s.cell, "  "+s.text)
		}
		write(cell{}, "")
	}
	write(cell{}, "ports:")
	for _, row := range t.rows {
		entry := t.entry(row, shared)
		for i, l := range entry {
			lead := "    "
			if i == 0 {
				lead = "  - "
			}
			write(l.cell, lead+l.text)
		}
	}
	return b.Bytes()
}

// entryLine is one line of an entry and the cell it comes from.
type entryLine struct {
	cell cell
	key  string
	text string
}

// shared are the lines that every row has alike.
func (t *sheet) shared() []entryLine {
	var shared []entryLine
	for _, c := range t.use {
		if c.in&inDefaults == 0 || c.merges || len(t.rows) < 2 {
			continue
		}
		first, ok := t.line(t.rows[0], c)
		for _, row := range t.rows[1:] {
			l, has := t.line(row, c)
			ok = ok && has && l.text == first.text
		}
		if ok {
			shared = append(shared, first)
		}
	}
	return shared
}

// entry is what a row says, the name first.
func (t *sheet) entry(row []cell, shared []entryLine) []entryLine {
	var lines []entryLine
	var tags []string
	var tagCell cell
	for _, c := range t.use {
		l, ok := t.line(row, c)
		switch {
		case !ok:
			if slices.Contains(t.required(), c.key) {
				t.report(ruleMissingKey, t.at(row, c), fmt.Sprintf("row %d has no %s", row[0].line, c.key), fmt.Sprintf("fill in the column %s", quoted(c.header)))
			}
		case c.key == "tags":
			tags, tagCell = append(tags, l.text), l.cell
		case !slices.ContainsFunc(shared, func(s entryLine) bool { return s.key == c.key }):
			lines = append(lines, l)
		}
	}
	slices.SortStableFunc(lines, func(a, b entryLine) int { return t.position(a.key) - t.position(b.key) })
	if tags != nil {
		lines = append(lines, entryLine{cell: tagCell, text: "tags: {" + strings.Join(tags, ", ") + "}"})
	}
	if lines == nil {
		lines = []entryLine{{text: "{}"}}
	}
	return lines
}

// keys are the keys of a port that a column can be.
func (t *sheet) keys() []string {
	var keys []string
	for _, a := range t.language.columns() {
		keys = append(keys, a.key)
	}
	return keys
}

// position is the place of a key in an entry: what is bought first, and where.
func (t *sheet) position(key string) int {
	first := []string{"name", "site", "speed", "diversityZone", "lag", "term"}
	if i := slices.Index(first, key); i >= 0 {
		return i
	}
	return len(first) + slices.Index(t.keys(), key)
}

// at is the cell of a row in a column, which may be missing at its end.
func (t *sheet) at(row []cell, c column) cell {
	if c.index < len(row) {
		at := row[c.index]
		at.of = &c
		return at
	}
	last := row[len(row)-1]
	return cell{line: last.line, column: last.column + utf8.RuneCountInString(last.text), of: &c}
}

// line is what a cell says, as a line of an entry; false when it says nothing.
func (t *sheet) line(row []cell, c column) (entryLine, bool) {
	at := t.at(row, c)
	value, ok := c.value(at.text)
	return entryLine{cell: at, key: c.key, text: c.key + ": " + value}.of(c, value), ok
}

// of makes the line of a tag.
func (l entryLine) of(c column, value string) entryLine {
	if c.key == "tags" {
		l.text = value
	}
	return l
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
func (t *sheet) check(text []byte) {
	_, err := t.language.parse([]File{{Name: "sheet", Content: text}}, nil)
	found, _ := err.(Diagnostics)
	for _, d := range found {
		if d.Severity == Warning || d.Rule == ruleMissingKey && hasErrors(t.diags) {
			continue
		}
		c := t.lines[d.Line]
		if c.line == 0 {
			c = cell{line: t.header[0].line, column: 1}
		}
		message := madeFrom.ReplaceAllStringFunc(d.Message, func(at string) string {
			n, _ := strconv.Atoi(madeFrom.FindStringSubmatch(at)[1])
			return fmt.Sprintf("in row %d", t.lines[n].line)
		})
		if c.of != nil {
			message = fmt.Sprintf("%s (column %s)", message, quoted(c.of.header))
		}
		t.report(d.Rule, c, message, d.Hint)
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
