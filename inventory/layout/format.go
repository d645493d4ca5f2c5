// Package layout knows where the values and comments of a YAML file stand, which
// the YAML library does not tell, and writes a file in the canonical style of
// inventories. It does no I/O and does not know the language.
package layout

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
	"gopkg.in/yaml.v3"
)

// errFormat means that the formatter would have changed what a file says. It is
// a bug of the formatter, noticed before it could do harm.
var errFormat = errors.New("formatting would change what the file says, which is a bug in portctl; the file is left as it is")

// A DirectiveError says that a file has a YAML directive, which is not formatted.
type DirectiveError struct {
	// Line counts from 1.
	Line int
}

func (e *DirectiveError) Error() string {
	return fmt.Sprintf("line %d is a YAML directive", e.Line)
}

// Format gives a text with LF line endings in the canonical style. The error is a
// *DirectiveError, or else a bug.
func Format(text string) (string, error) {
	src := &Source{Text: text}
	nodes, err := Parse(text)
	if err != nil {
		return "", err
	}
	l := layout{extents: measure(src, nodes)}
	if l.directive > 0 {
		return "", &DirectiveError{l.directive}
	}
	l.documents(nodes)
	out := l.render()
	again, err := Parse(out)
	if err != nil {
		return "", fmt.Errorf("%w (%w)", errFormat, err)
	}
	after := measure(&Source{Text: out}, again)
	if !slices.EqualFunc(nodes, again, sameNode) || !slices.Equal(commentTexts(l.comments), commentTexts(after.comments)) {
		return "", errFormat
	}
	return out, nil
}

func sameNode(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.Tag == b.Tag && a.Value == b.Value && a.Anchor == b.Anchor &&
		slices.EqualFunc(a.Content, b.Content, sameNode)
}

func commentTexts(comments []comment) []string {
	texts := make([]string, len(comments))
	for i, c := range comments {
		texts[i] = c.text
	}
	slices.Sort(texts)
	return texts
}

// layout writes nodes out again, line by line.
type layout struct {
	extents
	lines []outLine
	next  int     // the first comment that is not written yet
	done  int     // the last line of the file that is written, or passed
	open  []block // the blocks around what is being written
	trail []block // the blocks around what was written last
}

// outLine is one line of the formatted file.
type outLine struct {
	blank   bool // an empty line stands above
	indent  int
	text    string // without comment
	comment string
}

// block is a block mapping or list: the column at which it stands in the file,
// from 1, and its indentation in the formatted text.
type block struct{ column, indent int }

// documents writes all documents of the file.
func (l *layout) documents(nodes []*yaml.Node) {
	for i, n := range nodes {
		if i > 0 {
			marker := l.markerBefore(n.Line)
			l.lead(marker, 0, 0)
			l.put(0, "---", marker)
		}
		if isBlock(n) {
			if props := l.properties(n); props != "" {
				l.lead(n.Line, n.Column, 0)
				l.put(0, props, n.Line)
			}
			l.block(n, 0, "")
			continue
		}
		l.lead(n.Line, n.Column, 0)
		l.value(n, 0, "", "")
	}
	l.lead(len(l.src.Starts())+1, 0, 0)
}

// isBlock says that a node is written over indented lines.
func isBlock(n *yaml.Node) bool {
	return (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0
}

// block writes a block mapping or list. The first line begins with the prefix,
// and what comes before it in the file has been written.
func (l *layout) block(n *yaml.Node, indent int, prefix string) {
	column := n.Content[0].Column
	if n.Kind == yaml.SequenceNode {
		column = l.listColumn(n)
	}
	l.open = append(l.open, block{column, indent})
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			l.item(item, column, indent)
		}
	} else {
		for i := 0; i+1 < len(n.Content); i += 2 {
			l.pair(n.Content[i], n.Content[i+1], indent, prefix)
			prefix = ""
		}
	}
	l.open = l.open[:len(l.open)-1]
}

// item writes one element of a block list.
func (l *layout) item(item *yaml.Node, column, indent int) {
	l.lead(l.dashLine(item), column, indent)
	l.leadFixed(item.Line, indent)
	switch props := l.properties(item); {
	case !isBlock(item):
		l.value(item, indent, "- ", "")
	case props != "":
		l.put(indent, "- "+props, item.Line)
		l.block(item, indent+2, "")
	case item.Kind == yaml.MappingNode:
		l.block(item, indent+2, "- ")
	default: // A list in a list.
		l.put(indent, "-", item.Line)
		l.block(item, indent+2, "")
	}
}

// pair writes one key of a block mapping and its value. With a prefix, which is
// "- ", the line is that of the list's item, two further left.
func (l *layout) pair(key, value *yaml.Node, indent int, prefix string) {
	if prefix == "" {
		l.lead(key.Line, key.Column, indent)
	}
	head := prefix + l.scalar(key) + ":"
	if !isBlock(value) {
		l.value(value, indent-len(prefix), head+" ", "")
		return
	}
	line := key.Line
	if props := l.properties(value); props != "" {
		head, line = head+" "+props, value.Line
	}
	l.put(indent-len(prefix), head, line)
	l.block(value, indent+2, "")
}

// value writes what is not a block: a scalar, an alias, or braces. What the
// file has on one line stays on one line.
func (l *layout) value(n *yaml.Node, indent int, head, tail string) {
	end := l.endLine(n)
	if n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode || end == n.Line || len(n.Content) == 0 {
		l.put(indent, strings.TrimRight(head+l.inline(n)+tail, " "), end)
		return
	}
	opening, closing := braces(n)
	if props := l.properties(n); props != "" {
		opening = props + " " + opening
	}
	l.put(indent, head+opening, n.Line)
	l.members(n, indent+2)
	l.leadFixed(end, indent+2)
	l.put(indent, closing+tail, end)
}

// members writes what stands between braces over several lines: what shares a
// line in the file shares one here.
func (l *layout) members(n *yaml.Node, indent int) {
	var texts []string
	from, to := 0, 0
	flush := func(comma string) {
		if len(texts) > 0 {
			l.leadFixed(from, indent)
			l.put(indent, strings.Join(texts, ", ")+comma, to)
			texts = nil
		}
	}
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i < len(n.Content); i += step {
		first, last := n.Content[i], n.Content[i+step-1]
		head := ""
		if step == 2 {
			head = l.scalar(first) + ": "
		}
		if end := l.endLine(last); end == first.Line || last.Kind == yaml.ScalarNode {
			if len(texts) > 0 && first.Line != to {
				flush(",")
			}
			if len(texts) == 0 {
				from = first.Line
			}
			texts, to = append(texts, strings.TrimRight(head+l.inline(last), " ")), end
			continue
		}
		flush(",")
		l.leadFixed(first.Line, indent)
		comma := ","
		if i+step >= len(n.Content) {
			comma = ""
		}
		l.value(last, indent, head, comma)
	}
	flush("")
}

func braces(n *yaml.Node) (opening, closing string) {
	if n.Kind == yaml.MappingNode {
		return "{", "}"
	}
	return "[", "]"
}

// inline is a value on one line.
func (l *layout) inline(n *yaml.Node) string {
	switch n.Kind {
	case yaml.AliasNode:
		return "*" + n.Value
	case yaml.ScalarNode:
		return l.scalar(n)
	}
	var parts []string
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			parts = append(parts, strings.TrimRight(l.inline(n.Content[i])+": "+l.inline(n.Content[i+1]), " "))
		}
	} else {
		for _, c := range n.Content {
			parts = append(parts, l.inline(c))
		}
	}
	opening, closing := braces(n)
	return withProperties(l.properties(n), opening+strings.Join(parts, ", ")+closing)
}

// scalar is a text or number as it is written, on one line.
func (l *layout) scalar(n *yaml.Node) string {
	if n.Kind == yaml.AliasNode {
		return l.inline(n)
	}
	raw := l.written(n)
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0, strings.Contains(raw, "\n") && raw[0] == '"', strings.Contains(raw, "\n") && raw[0] == '\'':
		raw = doubleQuoted(n.Value)
	case strings.HasPrefix(raw, "'") && !strings.ContainsAny(n.Value, `"\`):
		raw = doubleQuoted(n.Value)
	case strings.Contains(raw, "\n"):
		raw = n.Value
	}
	return withProperties(l.properties(n), raw)
}

func withProperties(props, text string) string {
	return strings.TrimSuffix(strings.TrimPrefix(props+" "+text, " "), " ")
}

// doubleQuoted writes a text of one line.
func doubleQuoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// lead writes the comments above a line of the file, and notes whether an empty
// line stands there. A comment is indented like the line, unless it stands
// further right: then it belongs to the block before it that it lines up with.
func (l *layout) lead(line, column, indent int) {
	l.flush(line, func(c comment) int {
		if !c.own || c.column <= column {
			return indent
		}
		best := block{column, indent}
		for _, b := range l.trail {
			if b.column <= c.column && b.column > best.column {
				best = b
			}
		}
		return best.indent
	})
}

// leadFixed is lead where all comments are indented alike.
func (l *layout) leadFixed(line, indent int) {
	l.flush(line, func(comment) int { return indent })
}

func (l *layout) flush(line int, indent func(comment) int) {
	for l.next < len(l.comments) && l.comments[l.next].line < line {
		c := l.comments[l.next]
		l.next++
		l.lines = append(l.lines, outLine{blank: l.gap(c.line), indent: indent(c), comment: c.text})
		l.done = c.line
	}
}

// gap says whether an empty line stands between what was written last and a
// line of the file. At the beginning of the file there is none.
func (l *layout) gap(line int) bool {
	return len(l.lines) > 0 && line > l.done && l.blankBetween(l.done, line)
}

// put writes a line that ends on the given line of the file. A comment there
// ends it; those that are left over from lines before stand above it.
func (l *layout) put(indent int, text string, line int) {
	out := outLine{indent: indent, text: text, blank: l.gap(l.firstOpen(line))}
	var above []comment
	for l.next < len(l.comments) && l.comments[l.next].line <= line {
		above = append(above, l.comments[l.next])
		l.next++
	}
	if k := len(above); k > 0 && !above[k-1].own {
		out.comment, above = above[k-1].text, above[:k-1]
	}
	for _, c := range above {
		l.lines = append(l.lines, outLine{blank: out.blank, indent: indent, comment: c.text})
		out.blank = false
	}
	l.lines = append(l.lines, out)
	l.done = max(l.done, line)
	l.trail = append(l.trail[:0], l.open...)
}

// firstOpen is the first line of the file, up to the given one, that is more
// than empty and not written yet.
func (l *layout) firstOpen(line int) int {
	for n := l.done + 1; n < line; n++ {
		if !l.isBlank(n) {
			return n
		}
	}
	return line
}

// render joins the lines, with the comments at the ends of neighbouring lines
// aligned.
func (l *layout) render() string {
	var b strings.Builder
	for i := 0; i < len(l.lines); {
		run := i
		width := 0
		for ; run < len(l.lines) && l.lines[run].trails() && (run == i || !l.lines[run].blank); run++ {
			width = max(width, l.lines[run].width())
		}
		for run = max(run, i+1); i < run; i++ {
			l.lines[i].render(&b, width)
		}
	}
	return b.String()
}

// trails says that a comment stands behind the text.
func (o outLine) trails() bool { return o.text != "" && o.comment != "" }

func (o outLine) width() int {
	width := o.indent
	for _, r := range o.text {
		width += Width(r)
	}
	return width
}

func (o outLine) render(b *strings.Builder, width int) {
	if o.blank {
		b.WriteByte('\n')
	}
	b.WriteString(strings.Repeat(" ", o.indent))
	b.WriteString(o.text)
	if o.trails() {
		b.WriteString(strings.Repeat(" ", width-o.width()+2))
	}
	b.WriteString(o.comment)
	b.WriteByte('\n')
}

// Width is the number of places that a character that can be seen takes on a
// terminal.
func Width(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}
