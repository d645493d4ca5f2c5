package inventory

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/portctl/portctl/inventory/layout"
)

// bracket is one of "[", "{", "]" and "}" in a file, at a byte offset.
type bracket struct {
	at   int
	sign byte
}

// closes is the bracket that closes one.
func (b bracket) closes() byte { return b.sign + 2 } // In ASCII, ] and } stand two behind [ and {.

// bracketValue is the beginning of a line up to the bracket of its value.
var bracketValue = regexp.MustCompile(`^\s*(?:- +)?(?:[A-Za-z][A-Za-z0-9]*: +)?[{\[]`)

// scanBrackets follows the brackets of a text, those in quotes and comments
// aside. It gives those that are open at its end, and the first that closes
// another than the last one opened, or none at all; wrong.sign is 0 without.
func scanBrackets(text string) (open []bracket, wrong bracket) {
	for at := 0; at < len(text); {
		c, before := text[at], byte('\n')
		if at > 0 {
			before = text[at-1]
		}
		begins := strings.IndexByte(" \t\n[{,:", before) >= 0
		switch {
		case c == '#' && strings.IndexByte(" \t\n", before) >= 0:
			at += layout.LineLength(text[at:])
			continue
		case begins && (c == '"' || c == '\''):
			at = layout.QuotedEnd(text, at, c)
			continue
		case (c == '[' || c == '{') && (begins || len(open) > 0):
			open = append(open, bracket{at, c})
		case (c == ']' || c == '}') && len(open) > 0:
			if open[len(open)-1].closes() != c {
				return open, bracket{at, c}
			}
			open = open[:len(open)-1]
		}
		at++
	}
	return open, bracket{}
}

// wrongBracket reports a bracket that is not closed, or is closed by another.
func (s *source) wrongBracket(help syntaxHelp) (Diagnostic, bool) {
	open, wrong := scanBrackets(s.Text)
	switch {
	case wrong.sign != 0:
		last := open[len(open)-1]
		line, column := s.Position(wrong.at)
		fromLine, fromColumn := s.Position(last.at)
		return s.at(help.rule, line, column, column+1,
			fmt.Sprintf("this %q cannot close the %q that is opened at %s:%d:%d", string(wrong.sign), string(last.sign), s.name, fromLine, fromColumn),
			fmt.Sprintf("close that one first, with %q", string(last.closes()))), true
	case len(open) > 0:
		return s.unclosed(open[len(open)-1], help), true
	}
	return Diagnostic{}, false
}

// unclosed reports a bracket that is never closed. A comment on its line may
// have swallowed the other one.
func (s *source) unclosed(b bracket, help syntaxHelp) Diagnostic {
	line, column := s.Position(b.at)
	rest := s.Text[b.at : b.at+layout.LineLength(s.Text[b.at:])]
	if i := strings.Index(rest, " #"); i >= 0 && gluedHash(rest[i+1:]) && strings.IndexByte(rest[i:], b.closes()) >= 0 {
		column += utf8.RuneCountInString(rest[:i+1])
		return s.at(help.rule, line, column, column+utf8.RuneCountInString(rest[i+1:]), fmt.Sprintf(`this is a comment, because "#" follows a space, and so the %q is not closed`, string(b.sign)),
			"put the text with the \"#\" in double quotes")
	}
	return s.at(help.rule, line, column, column+1, help.message, help.hint)
}

// closed is a beginning of the file with the brackets closed that it leaves
// open, so that the parser complains of what stands in them and not of its end.
func (s *source) closed(end int) string {
	open, _ := scanBrackets(s.Text[:end])
	text := s.Text[:end]
	if len(open) > 0 {
		text += "\n"
	}
	for _, b := range slices.Backward(open) {
		text += " " + string(b.closes())
	}
	return text
}

// behindBrackets reports what stands behind a list or mapping in brackets on
// its line: a text that begins with a bracket, or a bracket too many.
func (s *source) behindBrackets(n int) (Diagnostic, bool) {
	text := s.Line(n).Text
	m := bracketValue.FindStringIndex(text)
	if m == nil || len(text) > 4*snippetMax {
		return Diagnostic{}, false
	}
	for end := m[1]; end <= len(text); end++ {
		open, wrong := scanBrackets(text[m[1]-1 : end])
		if wrong.sign != 0 {
			return Diagnostic{}, false
		}
		if len(open) > 0 {
			continue
		}
		rest := strings.TrimLeft(text[end:], " \t")
		if rest == "" || rest[0] == '#' || rest[0] == ':' {
			return Diagnostic{}, false
		}
		start := utf8.RuneCountInString(text[:len(text)-len(rest)]) + 1
		return s.at(ruleSyntax, n, start, start+utf8.RuneCountInString(rest), "this follows the bracket that closes the value",
			"delete it; or put the whole text in double quotes if the brackets are part of it"), true
	}
	return Diagnostic{}, false
}
