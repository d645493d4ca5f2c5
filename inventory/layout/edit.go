package layout

import (
	"errors"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Editor changes values of a file and leaves everything else as it stands: order, style,
// comments. Changes are collected, and made together by Text. It is not for concurrent
// use.
type Editor struct {
	// Nodes are the documents of the file.
	Nodes []*yaml.Node

	extents
	crlf    bool
	splices []splice
}

// splice puts a text in the place of another.
type splice struct {
	from, to int // byte offsets
	text     string
}

// NewEditor reads a file. It fails for what is no YAML.
func NewEditor(text string) (*Editor, error) {
	crlf := strings.Contains(text, "\r\n")
	src := &Source{Text: strings.ReplaceAll(text, "\r\n", "\n")}
	nodes, err := Parse(src.Text)
	if err != nil {
		return nil, err
	}
	return &Editor{Nodes: nodes, extents: measure(src, nodes), crlf: crlf}, nil
}

// Text is the file with all changes. It fails when the result is no YAML or lacks a
// comment that the file had: then a change does not fit where it was made.
func (e *Editor) Text() (string, error) {
	slices.SortStableFunc(e.splices, func(a, b splice) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for _, s := range e.splices {
		if s.from < at {
			return "", errors.New("two changes overlap")
		}
		b.WriteString(e.src.Text[at:s.from])
		b.WriteString(s.text)
		at = s.to
	}
	b.WriteString(e.src.Text[at:])
	out := b.String()
	again, err := Parse(out)
	if err != nil {
		return "", err
	}
	after := measure(&Source{Text: out}, again)
	if !holdsAll(commentTexts(after.comments), commentTexts(e.comments)) {
		return "", errors.New("a comment would be lost")
	}
	if e.crlf {
		out = strings.ReplaceAll(out, "\n", "\r\n")
	}
	return out, nil
}

// holdsAll says that all wanted texts are there, in their order.
func holdsAll(have, wanted []string) bool {
	for _, text := range have {
		if len(wanted) > 0 && wanted[0] == text {
			wanted = wanted[1:]
		}
	}
	return len(wanted) == 0
}

// Replace writes another value, as it stands in YAML, in the place of one that is no
// block.
func (e *Editor) Replace(n *yaml.Node, value string) {
	from := e.src.Offset(n.Line, n.Column)
	to := max(from, e.ends[n])
	if n.Kind == yaml.ScalarNode {
		to = from + len(strings.TrimRight(e.src.Text[from:to], " \t\n"))
	}
	if from == to { // nothing is written there but "key:"
		value = " " + value
	}
	e.splices = append(e.splices, splice{from, to, value})
}

// Add puts "key: value" at the end of a mapping, or an item at the end of a list. The
// comment stands at the end of its line, where there is a line.
func (e *Editor) Add(to *yaml.Node, text, comment string) {
	if !isBlock(to) {
		e.addToFlow(to, text)
		return
	}
	column, dash := to.Content[0].Column, ""
	if to.Kind == yaml.SequenceNode {
		column, dash = e.listColumn(to), "- "
	}
	e.addLine(e.lastLine(to, column), strings.Repeat(" ", column-1)+dash+text+trailing(comment))
}

func trailing(comment string) string {
	if comment == "" {
		return ""
	}
	return "  # " + comment
}

// addToFlow puts a text at the end of what stands in brackets.
func (e *Editor) addToFlow(n *yaml.Node, text string) {
	if len(n.Content) == 0 {
		e.splices = append(e.splices, splice{e.ends[n] - 1, e.ends[n] - 1, text})
		return
	}
	at := e.ends[n.Content[len(n.Content)-1]]
	e.splices = append(e.splices, splice{at, at, ", " + text})
}

// lastLine is the line on which a block ends: that of its last value, or of comments right
// below that are indented like the block.
func (e *extents) lastLine(n *yaml.Node, column int) int {
	last := n
	for isBlock(last) {
		last = last.Content[len(last.Content)-1]
	}
	line := e.endLine(last)
	for _, c := range e.comments {
		if c.line == line+1 && c.own && c.column >= column {
			line++
		}
	}
	return line
}

// addLine puts a line below another.
func (e *Editor) addLine(line int, text string) {
	starts := e.src.Starts()
	if line < len(starts) {
		e.splices = append(e.splices, splice{starts[line], starts[line], text + "\n"})
		return
	}
	end := len(e.src.Text)
	e.splices = append(e.splices, splice{end, end, "\n" + text})
}

// AddAbove puts lines above a key of a block and above the comments right over it.
func (e *Editor) AddAbove(key *yaml.Node, lines ...string) {
	line := key.Line
	for i := len(e.comments) - 1; i >= 0; i-- {
		if c := e.comments[i]; c.own && c.line == line-1 && c.column == key.Column {
			line--
		}
	}
	at := e.src.Starts()[line-1]
	var text strings.Builder
	for _, l := range lines {
		if l != "" {
			text.WriteString(strings.Repeat(" ", key.Column-1) + l)
		}
		text.WriteByte('\n')
	}
	e.splices = append(e.splices, splice{at, at, text.String()})
}
