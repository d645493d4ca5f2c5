package inventory

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/inventory/layout"
)

// maxFileSize is the largest inventory file that is read, in bytes. It is about
// a hundred thousand entries; a file that is larger is no inventory.
const maxFileSize = 10 << 20

// Of a line longer than snippetMax characters only a part is kept in a
// diagnostic: it begins snippetLead characters before the problem.
const (
	snippetMax  = 200
	snippetLead = 60
)

// source is one file.
type source struct {
	name string
	layout.Source
}

func newSource(f File) *source {
	return &source{f.Name, layout.Source{Text: string(bytes.TrimPrefix(f.Content, []byte("\uFEFF")))}}
}

// at makes a diagnostic about the columns from column to end of a line. A
// position beyond the text is moved to its nearest end, so that a position is
// always one that an editor can jump to.
func (s *source) at(rule string, line, column, end int, message, hint string) Diagnostic {
	line = min(max(line, 1), len(s.Starts()))
	l := s.Line(line)
	column = min(max(column, 1), l.Length()+1)
	end = min(max(end, column+1), max(l.Length(), column)+1)
	d := Diagnostic{
		Rule: rule, Severity: severityOf(rule), File: s.name,
		Line: line, Column: column, EndColumn: end,
		Message: message, Hint: hint,
		Snippet: l.Text, SnippetColumn: 1,
	}
	if l.Length() > snippetMax {
		d.SnippetColumn = max(1, column-snippetLead)
		d.Snippet = l.Between(d.SnippetColumn, d.SnippetColumn+snippetMax)
	}
	return d
}

// whole makes a diagnostic about the file as a whole.
func (s *source) whole(rule, message, hint string) Diagnostic {
	return Diagnostic{Rule: rule, Severity: severityOf(rule), File: s.name, Message: message, Hint: hint}
}

// atNode makes a diagnostic about a key or a value.
func (s *source) atNode(rule string, n *yaml.Node, message, hint string) Diagnostic {
	return s.at(rule, n.Line, n.Column, n.Column+s.span(n), message, hint)
}

// span is the number of characters, on its first line, that a node takes.
func (s *source) span(n *yaml.Node) int {
	rest := s.Line(n.Line).From(n.Column)
	switch {
	case n.Kind == yaml.AliasNode:
		return 1 + utf8.RuneCountInString(n.Value)
	case n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0:
		if first := n.Content[0]; first.Line == n.Line && first.Column == n.Column && first.Kind == yaml.ScalarNode {
			return s.span(first)
		}
	case n.Kind == yaml.SequenceNode && n.Style&yaml.FlowStyle == 0:
		return 1 // The dash of the first item.
	case n.Kind == yaml.ScalarNode && n.Value != "" && strings.HasPrefix(rest, n.Value):
		return utf8.RuneCountInString(n.Value)
	case n.Kind == yaml.ScalarNode && (strings.HasPrefix(rest, `"`) || strings.HasPrefix(rest, `'`)):
		if end := strings.IndexByte(rest[1:], rest[0]); end >= 0 {
			return utf8.RuneCountInString(rest[:end+2])
		}
	case strings.HasPrefix(rest, "{") || strings.HasPrefix(rest, "["):
		if end := strings.IndexByte(rest, rest[0]+2); end >= 0 { // In ASCII, ] and } stand two behind [ and {.
			return utf8.RuneCountInString(rest[:end+1])
		}
		return 1
	case n.Kind == yaml.ScalarNode && n.Value == "":
		return 1
	}
	if comment := strings.Index(rest, " #"); comment >= 0 {
		rest = rest[:comment]
	}
	return max(1, utf8.RuneCountInString(strings.TrimRight(rest, " \t")))
}

// read gives the documents of the file, or the problem that there are none to
// be had.
func (s *source) read(content []byte) ([]*yamlNode, *Diagnostic) {
	if d, bad := s.inspect(content); bad {
		return nil, &d
	}
	nodes, problem := s.documents()
	if problem == nil && len(nodes) == 0 {
		d := s.whole(ruleEmptyFile, "the file is empty", `an inventory begins with "version: 1" and a name`)
		problem = &d
	}
	return nodes, problem
}

// inspect looks for what cannot be YAML text of ours before the YAML library
// sees it, because here it can be named and placed exactly. The first finding
// is enough: what follows it is usually a consequence.
func (s *source) inspect(content []byte) (Diagnostic, bool) {
	switch {
	case len(content) > maxFileSize:
		return s.whole(ruleTooLarge,
			fmt.Sprintf("the file is larger than %d MiB, the most that is read", maxFileSize>>20),
			"split it into several files and give their directory"), true
	case bytes.HasPrefix(content, []byte{0xFF, 0xFE, 0, 0}) || bytes.HasPrefix(content, []byte{0, 0, 0xFE, 0xFF}):
		return s.whole(ruleNotUTF8, "the file is UTF-32, not UTF-8", "save it again as UTF-8"), true
	case bytes.HasPrefix(content, []byte{0xFF, 0xFE}) || bytes.HasPrefix(content, []byte{0xFE, 0xFF}) || everySecondIsZero(content):
		return s.whole(ruleNotUTF8, "the file is UTF-16, not UTF-8",
			"save it again as UTF-8; PowerShell's > writes UTF-16, Out-File -Encoding utf8 does not"), true
	case bytes.HasPrefix(content, []byte("PK\x03\x04")) || bytes.HasPrefix(content, []byte("%PDF")):
		what, hint := looksLike(s.Text)
		return s.whole(ruleNotUTF8, "this is "+what+", not an inventory", hint), true
	}
	if d, ok := s.mergeConflict(); ok {
		return d, true
	}
	for i := 0; i < len(s.Text); {
		if c := s.Text[i]; c >= ' ' && c < 0x7F || c == '\n' {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s.Text[i:])
		if rule, message, hint := refused(s.Text[i:], r); rule != "" {
			line, column := s.Position(i)
			return s.at(rule, line, column, column+1, message, hint), true
		}
		if message, hint := s.strangeSpace(i, r); message != "" {
			line, column := s.Position(i)
			return s.at(ruleHidden, line, column, column+1, message, hint), true
		}
		i += size
	}
	return Diagnostic{}, false
}

// everySecondIsZero says that a text is UTF-16 without a byte order mark, going
// by its first characters.
func everySecondIsZero(content []byte) bool {
	return len(content) >= 4 && (content[0] == 0 && content[2] == 0 && content[1] != 0 || content[1] == 0 && content[3] == 0 && content[0] != 0)
}

// refused judges the character r at the beginning of rest. An empty rule means
// that it may stand in a file.
func refused(rest string, r rune) (rule, message, hint string) {
	switch {
	case r == '\t':
		return "", "", ""
	case r == utf8.RuneError && !strings.HasPrefix(rest, "\uFFFD"):
		return ruleNotUTF8, fmt.Sprintf("the byte 0x%02X is not UTF-8", rest[0]),
			"save the file again as UTF-8; editors often call the old one Latin-1 or Windows-1252"
	case r == '\r':
		if strings.HasPrefix(rest, "\r\n") {
			return "", "", ""
		}
		return ruleControl, "a carriage return without a line feed (U+000D)",
			"save the file again with LF or CRLF line endings"
	case r == 0x85 || r == 0x2028 || r == 0x2029:
		return ruleControl, fmt.Sprintf("the character U+%04X breaks the line for YAML but not for most editors", r),
			"delete it, or put an ordinary line break in its place"
	case r == 0xFEFF:
		return ruleHidden, "a byte order mark (U+FEFF) is inside the file", "delete it: it is invisible, and often comes from joining files"
	case isControl(r):
		return ruleControl, fmt.Sprintf("the control character U+%04X is not allowed", r), "delete it"
	case isBidi(r):
		return ruleHidden, fmt.Sprintf("the character U+%04X changes the order in which this line is shown", r),
			"delete it: the text that is reviewed must be the text that is ordered"
	}
	return "", "", ""
}

// isControl reports control characters: C0, DEL, C1, and those that are no
// characters at all.
func isControl(r rune) bool {
	return unicode.IsControl(r) || r&0xFFFE == 0xFFFE
}

// isBidi reports the characters that reorder the text around them and so can
// show a reviewer another line than the program reads: the property Bidi_Control
// of Unicode.
func isBidi(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }
