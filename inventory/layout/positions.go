package layout

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Parse reads a text into its YAML documents. Empty ones, as between two "---"
// lines, are left out.
func Parse(text string) (nodes []*yaml.Node, err error) {
	// The library reports its own errors by panicking and catches them, but a
	// bug in it must not end a run that is about money with a stack trace.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: %v", p)
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		document := new(yaml.Node)
		err := decoder.Decode(document)
		if errors.Is(err, io.EOF) {
			return nodes, nil
		}
		if err != nil {
			return nil, err
		}
		if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
			continue
		}
		if n := document.Content[0]; n.Kind != yaml.ScalarNode || n.Tag != "!!null" || n.Value != "" || n.Anchor != "" {
			nodes = append(nodes, n)
		}
	}
}

// Source is the text of a file, and finds lines and columns in it. It is not for
// concurrent use.
type Source struct {
	// Text is in UTF-8, without a byte order mark.
	Text   string
	starts []int // byte offset of every line; built when first needed
	last   Line
}

// Line is one line without its line break. Columns are characters, so a
// line that is not plain ASCII keeps the byte offset of each of them; keeping
// the last line used makes many problems on one huge line cheap.
type Line struct {
	// Text is the line, with a replacement character for what is not UTF-8.
	Text    string
	number  int
	offsets []int // byte offset of every character; nil when Text is ASCII
}

// Starts are the byte offsets of the lines.
func (s *Source) Starts() []int {
	if s.starts == nil {
		s.starts = append(s.starts, 0)
		for i := range len(s.Text) {
			if s.Text[i] == '\n' {
				s.starts = append(s.starts, i+1)
			}
		}
	}
	return s.starts
}

// Line gives line n, counting from 1; lines that are not there are empty.
func (s *Source) Line(n int) Line {
	if s.last.number == n && n > 0 {
		return s.last
	}
	starts := s.Starts()
	if n < 1 || n > len(starts) {
		return Line{number: n}
	}
	end := len(s.Text)
	if n < len(starts) {
		end = starts[n] - 1
	}
	text := strings.ToValidUTF8(strings.TrimSuffix(s.Text[starts[n-1]:end], "\r"), "\uFFFD")
	s.last = Line{number: n, Text: text}
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			s.last.offsets = runeOffsets(text)
			break
		}
	}
	return s.last
}

func runeOffsets(s string) []int {
	offsets := make([]int, 0, len(s))
	for i := range s {
		offsets = append(offsets, i)
	}
	return offsets
}

// Length is the number of characters.
func (l Line) Length() int {
	if l.offsets != nil {
		return len(l.offsets)
	}
	return len(l.Text)
}

// From is the text from a column on, counting from 1.
func (l Line) From(column int) string {
	switch {
	case column < 1:
		return l.Text
	case column > l.Length():
		return ""
	case l.offsets != nil:
		return l.Text[l.offsets[column-1]:]
	default:
		return l.Text[column-1:]
	}
}

// Between is the text from one column up to, not including, another.
func (l Line) Between(column, end int) string {
	head := l.From(column)
	return head[:len(head)-len(l.From(end))]
}

// Position is the line and column of a byte offset.
func (s *Source) Position(at int) (line, column int) {
	line = s.lineOf(at)
	return line, utf8.RuneCountInString(s.Text[s.Starts()[line-1]:at]) + 1
}

// Offset is the byte offset of a position.
func (s *Source) Offset(line, column int) int {
	return s.Starts()[line-1] + len(s.Line(line).Between(1, column))
}

// lineOf is the line of a byte offset.
func (s *Source) lineOf(offset int) int { return sort.SearchInts(s.Starts(), offset+1) }

// SkipProperties is the offset behind anchor and tag.
func (s *Source) SkipProperties(at int) int {
	for at < len(s.Text) && strings.IndexByte("&!", s.Text[at]) >= 0 {
		end := s.wordEnd(at)
		next := s.skipBlank(end)
		if s.lineOf(next) > s.lineOf(end)+1 && s.endsValue(next) {
			return end
		}
		at = next
	}
	return at
}

// endsValue says that no value can begin at an offset.
func (s *Source) endsValue(at int) bool {
	return at >= len(s.Text) || strings.IndexByte(",]}", s.Text[at]) >= 0
}

// wordEnd is the offset of the next space or flow indicator.
func (s *Source) wordEnd(at int) int {
	for at < len(s.Text) && strings.IndexByte(" \t\n,[]{}", s.Text[at]) < 0 {
		at++
	}
	return at
}

// skipBlank is the offset of the next character that is neither space, line
// break nor comment.
func (s *Source) skipBlank(at int) int {
	for at < len(s.Text) {
		switch c := s.Text[at]; {
		case c == ' ' || c == '\t' || c == '\n':
			at++
		case c == '#' && at > 0 && strings.IndexByte(" \t\n", s.Text[at-1]) >= 0:
			at += LineLength(s.Text[at:])
		default:
			return at
		}
	}
	return at
}

// LineLength is the number of bytes up to the end of the line.
func LineLength(text string) int {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return i
	}
	return len(text)
}

// QuotedEnd is the offset behind the quote that closes the one at an offset.
func QuotedEnd(text string, from int, quote byte) int {
	for i := from + 1; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return len(text)
}

// PlainEnd is the offset behind a text without quotes, which stands in the file
// as it is, save for its line breaks.
func PlainEnd(text string, from int, value string) int {
	at := from
	for len(value) > 0 && at < len(text) {
		r, size := utf8.DecodeRuneInString(value)
		if r == ' ' || r == '\n' {
			value = strings.TrimLeft(value, " \n")
			for at < len(text) && strings.IndexByte(" \t\n", text[at]) >= 0 {
				at++
			}
			continue
		}
		value = value[size:]
		at += size
	}
	return min(at, len(text))
}

// comment is a comment of a file. Its column is that of the "#", from 1.
type comment struct {
	line, column int
	text         string
	own          bool // nothing else stands on its line
}

// extents know where in a file its nodes end, which the YAML library does not
// tell, and so where its comments are, which it attaches to nodes as it sees
// fit.
type extents struct {
	src       *Source
	ends      map[*yaml.Node]int // the byte offset behind a node, where it has one of its own
	comments  []comment
	markers   []int // the lines that begin with "---"
	directive int   // the first line that begins with "%", or 0
}

// measure finds the extents of the nodes of a file with LF line endings.
func measure(src *Source, nodes []*yaml.Node) extents {
	e := extents{src: src, ends: map[*yaml.Node]int{}}
	var scalars [][2]int
	for _, n := range nodes {
		e.measure(n, 0, &scalars)
	}
	sort.Slice(scalars, func(i, j int) bool { return scalars[i][0] < scalars[j][0] })
	e.scan(scalars)
	return e
}

// measure finds the end of a node and of those in it. The parent is the column
// of the block around it, from 1, or 0.
func (e *extents) measure(n *yaml.Node, parent int, scalars *[][2]int) {
	start := e.src.Offset(n.Line, n.Column)
	switch n.Kind {
	case yaml.AliasNode:
		e.ends[n] = start + 1 + len(n.Value)
	case yaml.ScalarNode:
		from := e.src.SkipProperties(start)
		end := e.scalarEnd(n, from, parent)
		e.ends[n] = end
		*scalars = append(*scalars, [2]int{from, end})
	default:
		inner := parent
		if isBlock(n) {
			inner = n.Content[0].Column
			if n.Kind == yaml.SequenceNode {
				inner = e.listColumn(n)
			}
		}
		for _, c := range n.Content {
			e.measure(c, inner, scalars)
		}
		if !isBlock(n) {
			e.ends[n] = e.flowEnd(n, e.src.SkipProperties(start))
		}
	}
}

// endLine is the line on which a node that is no block ends.
func (e *extents) endLine(n *yaml.Node) int {
	start := e.src.Offset(n.Line, n.Column)
	return e.src.lineOf(max(start, e.ends[n]-1))
}

// written is the text of a scalar as it stands in the file.
func (e *extents) written(n *yaml.Node) string {
	from := e.src.SkipProperties(e.src.Offset(n.Line, n.Column))
	return strings.TrimRight(e.src.Text[min(from, e.ends[n]):e.ends[n]], " \t\n")
}

// properties are the anchor and the tag of a node as they are written. A block
// mapping without any begins where its first key does, whose own they may be.
func (e *extents) properties(n *yaml.Node) string {
	if n.Kind == yaml.AliasNode || n.Kind != yaml.ScalarNode && len(n.Content) > 0 && n.Content[0].Line == n.Line && n.Content[0].Column == n.Column {
		return ""
	}
	start := e.src.Offset(n.Line, n.Column)
	var words []string
	for at := start; at < len(e.src.Text) && strings.IndexByte("&!", e.src.Text[at]) >= 0; {
		end := e.src.wordEnd(at)
		words = append(words, e.src.Text[at:end])
		at = e.src.skipBlank(end)
	}
	return strings.Join(words, " ")
}

// scalarEnd is the offset behind a scalar that begins at an offset.
func (e *extents) scalarEnd(n *yaml.Node, from, parent int) int {
	text := e.src.Text
	switch {
	case from >= len(text):
		return len(text)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return e.blockScalarEnd(from, parent)
	case n.Style&yaml.SingleQuotedStyle != 0:
		return QuotedEnd(text, from, '\'')
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return QuotedEnd(text, from, '"')
	}
	return PlainEnd(text, from, n.Value)
}

// blockScalarEnd is the offset behind a text that begins with "|" or ">": it
// goes on while lines are indented further than the block around it.
func (e *extents) blockScalarEnd(from, parent int) int {
	text := e.src.Text
	end := from + LineLength(text[from:])
	indent := 0
	for at := end + 1; at < len(text); {
		line := text[at : at+LineLength(text[at:])]
		depth := len(line) - len(strings.TrimLeft(line, " "))
		if strings.TrimSpace(line) != "" {
			if indent == 0 {
				indent = max(depth, parent)
			}
			if depth < indent {
				break
			}
			end = at + len(line)
		}
		at += len(line) + 1
	}
	return end
}

// flowEnd is the offset behind the bracket that closes a list or mapping. A
// pair within a list, [a: b], has no brackets and ends with its value.
func (e *extents) flowEnd(n *yaml.Node, from int) int {
	text := e.src.Text
	if from >= len(text) || strings.IndexByte("[{", text[from]) < 0 || len(n.Content) > 0 && e.src.Offset(n.Content[0].Line, n.Content[0].Column) == from {
		if len(n.Content) == 0 {
			return from
		}
		return e.ends[n.Content[len(n.Content)-1]]
	}
	at := from + 1
	if len(n.Content) > 0 {
		at = e.ends[n.Content[len(n.Content)-1]]
	}
	for at = e.src.skipBlank(at); at < len(text) && strings.IndexByte("]}", text[at]) < 0; {
		at = e.src.skipBlank(at + 1)
	}
	return min(at+1, len(text))
}

// listColumn is the column of the "-" of a block list. With an anchor the list
// begins there, and its first "-" must be looked for.
func (e *extents) listColumn(n *yaml.Node) int {
	if e.properties(n) == "" {
		return n.Column
	}
	item := n.Content[0]
	for at := e.src.Offset(item.Line, item.Column) - 1; at >= 0; at-- {
		if e.src.Text[at] == '-' {
			line := e.src.lineOf(at)
			return 1 + utf8.RuneCountInString(e.src.Text[e.src.Starts()[line-1]:at])
		}
	}
	return item.Column
}

// dashLine is the line of the "-" before an item of a block list.
func (e *extents) dashLine(item *yaml.Node) int {
	line, column := item.Line, item.Column
	for ; line > 1; line-- {
		before := strings.TrimRight(e.src.Line(line).Between(1, column), " \t")
		if strings.HasSuffix(before, "-") {
			break
		}
		column = e.src.Line(line-1).Length() + 1
		if i := sort.Search(len(e.comments), func(i int) bool { return e.comments[i].line >= line-1 }); i < len(e.comments) && e.comments[i].line == line-1 {
			column = e.comments[i].column
		}
	}
	return line
}

// scan finds the comments, and the lines that separate documents. It looks
// everywhere but inside the scalars.
func (e *extents) scan(scalars [][2]int) {
	text := e.src.Text
	for at := 0; at < len(text); {
		if len(scalars) > 0 && at >= scalars[0][0] {
			at = max(at, scalars[0][1])
			scalars = scalars[1:]
			continue
		}
		lineBegins := at == 0 || text[at-1] == '\n'
		switch {
		case text[at] == '#' && (lineBegins || strings.IndexByte(" \t", text[at-1]) >= 0):
			end := at + LineLength(text[at:])
			line := e.src.lineOf(at)
			before := text[e.src.Starts()[line-1]:at]
			e.comments = append(e.comments, comment{
				line: line, column: utf8.RuneCountInString(before) + 1,
				text: strings.TrimRight(text[at:end], " \t"), own: strings.TrimSpace(before) == "",
			})
			at = end
			continue
		case lineBegins && strings.HasPrefix(text[at:], "---"):
			e.markers = append(e.markers, e.src.lineOf(at))
		case lineBegins && text[at] == '%' && e.directive == 0:
			e.directive = e.src.lineOf(at)
		}
		at++
	}
}

// markerBefore is the line of the last "---" before or on a line.
func (e *extents) markerBefore(line int) int {
	i := sort.SearchInts(e.markers, line+1)
	if i == 0 {
		return line
	}
	return e.markers[i-1]
}

// isBlank says whether a line is empty.
func (e *extents) isBlank(line int) bool { return strings.TrimSpace(e.src.Line(line).Text) == "" }

// blankBetween says whether an empty line stands between two lines.
func (e *extents) blankBetween(before, line int) bool {
	for n := before + 1; n < line; n++ {
		if e.isBlank(n) {
			return true
		}
	}
	return false
}
