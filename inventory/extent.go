package inventory

import (
	"sort"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

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
	src       *source
	ends      map[*yamlNode]int // the byte offset behind a node, where it has one of its own
	comments  []comment
	markers   []int // the lines that begin with "---"
	blanks    []int // how many lines up to each are empty
	directive int   // the first line that begins with "%", or 0
}

// measure finds the extents of the nodes of a file with LF line endings.
func measure(src *source, nodes []*yamlNode) extents {
	e := extents{src: src, ends: map[*yamlNode]int{}}
	var scalars [][2]int
	for _, n := range nodes {
		e.measure(n, 0, &scalars)
	}
	sort.Slice(scalars, func(i, j int) bool { return scalars[i][0] < scalars[j][0] })
	e.scan(scalars)
	e.countBlanks()
	return e
}

// measure finds the end of a node and of those in it. The parent is the column
// of the block around it, from 1, or 0.
func (e *extents) measure(n *yamlNode, parent int, scalars *[][2]int) {
	start := e.offset(n.Line, n.Column)
	switch n.Kind {
	case yaml.AliasNode:
		e.ends[n] = start + 1 + len(n.Value)
	case yaml.ScalarNode:
		from := e.skipProperties(start)
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
			e.ends[n] = e.flowEnd(n, e.skipProperties(start))
		}
	}
}

// offset is the byte offset of a position.
func (e *extents) offset(line, column int) int {
	l := e.src.line(line)
	return e.src.lineStarts()[line-1] + len(l.between(1, column))
}

// lineOf is the line of a byte offset.
func (e *extents) lineOf(offset int) int {
	return sort.SearchInts(e.src.lineStarts(), offset+1)
}

// endLine is the line on which a node that is no block ends.
func (e *extents) endLine(n *yamlNode) int {
	start := e.offset(n.Line, n.Column)
	return e.lineOf(max(start, e.ends[n]-1))
}

// written is the text of a scalar as it stands in the file.
func (e *extents) written(n *yamlNode) string {
	from := e.skipProperties(e.offset(n.Line, n.Column))
	return strings.TrimRight(e.src.text[min(from, e.ends[n]):e.ends[n]], " \t\n")
}

// properties are the anchor and the tag of a node as they are written. A block
// mapping without any begins where its first key does, whose own they may be.
func (e *extents) properties(n *yamlNode) string {
	if n.Kind == yaml.AliasNode || n.Kind != yaml.ScalarNode && len(n.Content) > 0 && n.Content[0].Line == n.Line && n.Content[0].Column == n.Column {
		return ""
	}
	start := e.offset(n.Line, n.Column)
	var words []string
	for at := start; at < len(e.src.text) && strings.IndexByte("&!", e.src.text[at]) >= 0; {
		end := e.wordEnd(at)
		words = append(words, e.src.text[at:end])
		at = e.skipBlank(end)
	}
	return strings.Join(words, " ")
}

// skipProperties is the offset behind anchor and tag.
func (e *extents) skipProperties(at int) int {
	for at < len(e.src.text) && strings.IndexByte("&!", e.src.text[at]) >= 0 {
		end := e.wordEnd(at)
		next := e.skipBlank(end)
		if e.lineOf(next) > e.lineOf(end)+1 && e.endsValue(next) {
			return end
		}
		at = next
	}
	return at
}

// endsValue says that no value can begin at an offset.
func (e *extents) endsValue(at int) bool {
	return at >= len(e.src.text) || strings.IndexByte(",]}", e.src.text[at]) >= 0
}

// wordEnd is the offset of the next space or flow indicator.
func (e *extents) wordEnd(at int) int {
	for at < len(e.src.text) && strings.IndexByte(" \t\n,[]{}", e.src.text[at]) < 0 {
		at++
	}
	return at
}

// skipBlank is the offset of the next character that is neither space, line
// break nor comment.
func (e *extents) skipBlank(at int) int {
	for at < len(e.src.text) {
		switch c := e.src.text[at]; {
		case c == ' ' || c == '\t' || c == '\n':
			at++
		case c == '#' && at > 0 && strings.IndexByte(" \t\n", e.src.text[at-1]) >= 0:
			at += lineLength(e.src.text[at:])
		default:
			return at
		}
	}
	return at
}

// lineLength is the number of bytes up to the end of the line.
func lineLength(text string) int {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return i
	}
	return len(text)
}

// scalarEnd is the offset behind a scalar that begins at an offset.
func (e *extents) scalarEnd(n *yamlNode, from, parent int) int {
	text := e.src.text
	switch {
	case from >= len(text):
		return len(text)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return e.blockScalarEnd(from, parent)
	case n.Style&yaml.SingleQuotedStyle != 0:
		return quotedEnd(text, from, '\'')
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return quotedEnd(text, from, '"')
	}
	return plainEnd(text, from, n.Value)
}

// quotedEnd is the offset behind the quote that closes the one at an offset.
func quotedEnd(text string, from int, quote byte) int {
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

// plainEnd is the offset behind a text without quotes, which stands in the file
// as it is, save for its line breaks.
func plainEnd(text string, from int, value string) int {
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

// blockScalarEnd is the offset behind a text that begins with "|" or ">": it
// goes on while lines are indented further than the block around it.
func (e *extents) blockScalarEnd(from, parent int) int {
	text := e.src.text
	end := from + lineLength(text[from:])
	indent := 0
	for at := end + 1; at < len(text); {
		line := text[at : at+lineLength(text[at:])]
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
func (e *extents) flowEnd(n *yamlNode, from int) int {
	text := e.src.text
	if from >= len(text) || strings.IndexByte("[{", text[from]) < 0 || len(n.Content) > 0 && e.offset(n.Content[0].Line, n.Content[0].Column) == from {
		if len(n.Content) == 0 {
			return from
		}
		return e.ends[n.Content[len(n.Content)-1]]
	}
	at := from + 1
	if len(n.Content) > 0 {
		at = e.ends[n.Content[len(n.Content)-1]]
	}
	for at = e.skipBlank(at); at < len(text) && strings.IndexByte("]}", text[at]) < 0; {
		at = e.skipBlank(at + 1)
	}
	return min(at+1, len(text))
}

// listColumn is the column of the "-" of a block list. With an anchor the list
// begins there, and its first "-" must be looked for.
func (e *extents) listColumn(n *yamlNode) int {
	if e.properties(n) == "" {
		return n.Column
	}
	item := n.Content[0]
	for at := e.offset(item.Line, item.Column) - 1; at >= 0; at-- {
		if e.src.text[at] == '-' {
			line := e.lineOf(at)
			return 1 + utf8.RuneCountInString(e.src.text[e.src.lineStarts()[line-1]:at])
		}
	}
	return item.Column
}

// dashLine is the line of the "-" before an item of a block list.
func (e *extents) dashLine(item *yamlNode) int {
	line, column := item.Line, item.Column
	for ; line > 1; line-- {
		before := strings.TrimRight(e.src.line(line).between(1, column), " \t")
		if strings.HasSuffix(before, "-") {
			break
		}
		column = e.src.line(line-1).length() + 1
		if i := sort.Search(len(e.comments), func(i int) bool { return e.comments[i].line >= line-1 }); i < len(e.comments) && e.comments[i].line == line-1 {
			column = e.comments[i].column
		}
	}
	return line
}

// scan finds the comments, and the lines that separate documents. It looks
// everywhere but inside the scalars.
func (e *extents) scan(scalars [][2]int) {
	text := e.src.text
	for at := 0; at < len(text); {
		if len(scalars) > 0 && at >= scalars[0][0] {
			at = max(at, scalars[0][1])
			scalars = scalars[1:]
			continue
		}
		lineBegins := at == 0 || text[at-1] == '\n'
		switch {
		case text[at] == '#' && (lineBegins || strings.IndexByte(" \t", text[at-1]) >= 0):
			end := at + lineLength(text[at:])
			line := e.lineOf(at)
			before := text[e.src.lineStarts()[line-1]:at]
			e.comments = append(e.comments, comment{
				line: line, column: utf8.RuneCountInString(before) + 1,
				text: strings.TrimRight(text[at:end], " \t"), own: strings.TrimSpace(before) == "",
			})
			at = end
			continue
		case lineBegins && strings.HasPrefix(text[at:], "---"):
			e.markers = append(e.markers, e.lineOf(at))
		case lineBegins && text[at] == '%' && e.directive == 0:
			e.directive = e.lineOf(at)
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

func (e *extents) countBlanks() {
	starts := e.src.lineStarts()
	e.blanks = make([]int, len(starts)+1)
	for i := range starts {
		e.blanks[i+1] = e.blanks[i]
		if strings.TrimSpace(e.src.text[starts[i]:starts[i]+lineLength(e.src.text[starts[i]:])]) == "" {
			e.blanks[i+1]++
		}
	}
}

// isBlank says whether a line is empty.
func (e *extents) isBlank(line int) bool { return e.blanks[line] > e.blanks[line-1] }

// blankBetween says whether an empty line stands between two lines.
func (e *extents) blankBetween(before, line int) bool {
	return line > before+1 && e.blanks[line-1] > e.blanks[before]
}
