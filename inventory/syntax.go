package inventory

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/inventory/layout"
	"github.com/portctl/portctl/pkg/plan"
)

// yamlNode is short for the node type that everything here walks.
type yamlNode = yaml.Node

// documents parses the file into its YAML documents.
func (s *source) documents() ([]*yamlNode, *Diagnostic) {
	nodes, err := layout.Parse(s.Text)
	if err != nil {
		d := s.syntaxError(err)
		return nil, &d
	}
	return nodes, nil
}

// syntaxHelp puts a problem of the YAML library into words. The library says
// what its grammar expected; people need to hear what they probably wrote.
type syntaxHelp struct {
	problem string // what the library's text contains
	rule    string
	message string
	hint    string
	place   place
}

// place says which characters of the line found are meant.
type place int

const (
	theWord      place = iota // the word that the problem is in
	theCharacter              // the last character of the shortest text that has the problem
	theLine                   // the line from its first character on
	theBracket                // the bracket that is not closed, or what lacks a comma before it
)

// syntaxHelps is searched from the top.
var syntaxHelps = []syntaxHelp{
	{"cannot start any token", ruleSyntax, "a value cannot begin with this character", `put the value in double quotes`, theCharacter},
	{"mapping values are not allowed", ruleSyntax, `unexpected ":"`, `a text that contains ": " needs double quotes; otherwise check that the line is indented like its neighbours`, theCharacter},
	{"did not find expected ',' or ']'", ruleSyntax, "this list is not closed", `close it with "]"; a "[" or "]" in a text needs quotes`, theBracket},
	{"did not find expected ',' or '}'", ruleSyntax, "this mapping is not closed", `close it with "}"; a "{" or "}" in a text needs quotes`, theBracket},
	{"found unexpected end of stream", ruleSyntax, "the quote that is opened here is never closed", "close it on the same line", theCharacter},
	{"found unexpected document indicator", ruleSyntax, "the quote that is opened here is never closed", "close it on the same line", theCharacter},
	{"unknown escape character", ruleSyntax, `after a "\" in double quotes this is not an escape that YAML knows`, `write \\ for a backslash, or use single quotes`, theCharacter},
	{"did not find expected hexdecimal number", ruleSyntax, "this escape needs hexadecimal digits", `write \\ for a backslash, or use single quotes`, theCharacter},
	{"invalid Unicode character escape code", ruleSyntax, "this escape is not a character", "write the character itself", theCharacter},
	{"did not find expected key", ruleSyntax, "this does not line up with what stands above", "indent it like the key it belongs beside, and check that quotes above are closed", theWord},
	{"did not find expected '-' indicator", ruleSyntax, `this is not an item of the list above, which needs "- "`, `begin the line with "- ", or indent it so that it belongs to an item`, theWord},
	{"could not find expected ':'", ruleSyntax, `this is not a "key: value"`, `put ": " between key and value`, theLine},
	{"block sequence entries are not allowed", ruleSyntax, `a list cannot begin here`, `put the "- " on a line of its own, indented below the key`, theCharacter},
	{"did not find expected node content", ruleSyntax, "there is no value where one is needed", "write the value, close the bracket that is open, or put the text in double quotes", theCharacter},
	{"did not find expected <document start>", ruleSyntax, "the document has ended, so nothing can follow here", `begin a new document with "---", or indent this line so that it belongs to what stands above`, theWord},
	{"found a tab character", ruleTab, "a tab is used where YAML wants spaces", "indent with spaces", theCharacter},
	{"unknown anchor", ruleUnknownAnchor, "this alias has no anchor above it in this document", `define it with "&name" before it is used, or put the value in double quotes if it is a text beginning with "*"`, theWord},
	{"did not find expected alphabetic or numeric character", ruleSyntax, `after "*" or "&" the name of an anchor is needed`, "put the value in double quotes if it is a text", theWord},
	{"undefined tag handle", ruleSyntax, `a value that begins with "!" is a YAML tag, and this one is not defined`, "put the value in double quotes if it is a text", theWord},
	{"directive", ruleSyntax, `a line that begins with "%" is a YAML directive, and this is not one that YAML knows`, "delete the line", theLine},
	{"did not find expected comment or line break", ruleSyntax, `after "|" or ">" the text must begin on the next line`, "put the value in double quotes if it begins with this character", theWord},
	{"block scalar", ruleSyntax, `after "|" or ">" the text must begin on the next line`, "put the value in double quotes", theWord},
	{"exceeded max depth", ruleSyntax, "this is nested too deeply to be an inventory", "an inventory nests four levels deep at most", theWord},
}

// syntaxError names and places what the YAML library could not read.
func (s *source) syntaxError(err error) Diagnostic {
	line, problem := splitYAMLError(err)
	help := syntaxHelp{
		rule: ruleSyntax, message: "the file is not YAML from here on (" + problem + ")",
		hint: "check quotes, brackets and indentation on this line and the one above",
	}
	for _, h := range syntaxHelps {
		if strings.Contains(problem, h.problem) {
			help = h
			break
		}
	}
	if d, ok := s.foreign(); ok {
		return d
	}
	if d, ok := s.unquotedTemplate(line); ok {
		return d
	}
	if help.place == theBracket {
		if d, ok := s.wrongBracket(help); ok {
			return d
		}
		help.message, help.hint, help.place = "a comma is missing before this", `put "," between what the brackets hold, and quotes around a text with ": "`, theWord
	}
	line, column := s.locate(line, problem)
	if before := s.Line(line).Between(1, column); help.place == theWord && strings.Contains(before, "; ") && strings.ContainsAny(before, "{[") {
		help.message, help.hint = `";" does not separate what brackets hold`, `write "," in its place`
	}
	if d, ok := s.knownMistake(line, column, problem); ok {
		return d
	}
	text := s.Line(line)
	switch help.place {
	case theCharacter:
		return s.at(help.rule, line, column, column+1, help.message, help.hint)
	case theLine:
		column = 1 + utf8.RuneCountInString(text.Text) - utf8.RuneCountInString(strings.TrimLeft(text.Text, " "))
		return s.at(help.rule, line, column, text.Length()+1, help.message, help.hint)
	default:
		start, end := wordAround(text, column)
		return s.at(help.rule, line, start, end, help.message, help.hint)
	}
}

// knownMistake looks for a mistake on the line that the library could not read
// and on the one above, where it often is: a text without quotes goes on over
// lines until something stands in its way.
func (s *source) knownMistake(line, column int, problem string) (Diagnostic, bool) {
	if tab := indentationTab(s.Line(line).Text); tab > 0 {
		return s.at(ruleTab, line, tab, tab+1, "a tab is used to indent the line", "YAML is indented with spaces"), true
	}
	if strings.HasPrefix(s.Line(line).From(column), "\t") {
		return s.at(ruleTab, line, column, column+1, "a tab is used where YAML wants a space", "write a space in its place"), true
	}
	above := s.above(line)
	if d, ok := s.mistake(line, problem); ok || above < 1 {
		return d, ok
	}
	for _, early := range lineMistakes[:5] {
		if d, ok := early.find(s, above); ok {
			return d, true
		}
	}
	return Diagnostic{}, false
}

// bareTemplate is a rollout's name that begins with a placeholder, has text
// behind it, and no quotes: YAML takes the brace for a mapping.
var bareTemplate = regexp.MustCompile(`\bname:\s*(\{[A-Za-z]*\}[^\s,\]}]+)`)

// unquotedTemplate finds such a name near the line that the library reports.
func (s *source) unquotedTemplate(line int) (Diagnostic, bool) {
	for _, n := range []int{line, line + 1} {
		text := s.Line(n).Text
		m := bareTemplate.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		return s.within(ruleTemplate, n, m[2], m[3],
			"a name that begins with a brace needs quotes", "write "+plan.YAMLQuoted(text[m[2]:m[3]])), true
	}
	return Diagnostic{}, false
}

// yamlErrorLine is the line number that the library puts in front of most of
// its errors.
var yamlErrorLine = regexp.MustCompile(`^line (\d+): `)

// splitYAMLError takes an error of the library apart. The line is a lower
// bound: the library reports the beginning of what it was reading, at times one
// line early, and at times nothing, which is 1 here.
func splitYAMLError(err error) (line int, problem string) {
	problem = strings.TrimPrefix(err.Error(), "yaml: ")
	line = 1
	if m := yamlErrorLine.FindStringSubmatch(problem); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
		problem = problem[len(m[0]):]
	}
	return line, problem
}

// locateBudget bounds the work of locate, in bytes parsed again.
const locateBudget = 16 << 20

// locate finds the place of a syntax error, which the library knows but does
// not tell. The parser reads from the front and stops at its first problem, so
// the shortest beginning of the file that has the same problem ends there.
func (s *source) locate(line int, problem string) (int, int) {
	budget := locateBudget
	fails := func(end int) bool {
		budget -= end
		_, err := layout.Parse(s.closed(end))
		if err == nil {
			return false
		}
		_, p := splitYAMLError(err)
		return p == problem
	}
	line = s.locateLine(line, &budget, fails)
	text := s.Line(line)
	column := text.Length()
	if column > snippetMax {
		return line, 1
	}
	begin := s.Starts()[line-1]
	for column > 1 && budget > 0 && fails(begin+len(text.Between(1, column))) {
		column--
	}
	return line, max(1, column)
}

// locateLine finds the first line from the given one on with which the text
// fails: in growing steps, and then by halving the last of them.
func (s *source) locateLine(line int, budget *int, fails func(end int) bool) int {
	starts := append(s.Starts()[:len(s.Starts()):len(s.Starts())], len(s.Text)) // The end of line n is starts[n].
	count := len(starts) - 1
	high := min(line, count)
	low := high - 1
	for step := 1; high < count && *budget > 0 && !fails(starts[high]); step *= 2 {
		low, high = high, min(count, high+step)
	}
	for high-low > 1 && *budget > 0 {
		if middle := (low + high) / 2; fails(starts[middle]) {
			high = middle
		} else {
			low = middle
		}
	}
	// A text that ends in a line break has an empty line behind it, where an
	// error at the end of the file would be of no help.
	for high > 1 && strings.TrimSpace(s.Line(high).Text) == "" {
		high--
	}
	return high
}

// indentationTab gives the column of the first tab that indents a line, or 0.
func indentationTab(line string) int {
	for i := range len(line) {
		switch line[i] {
		case '\t':
			return i + 1
		case ' ':
		default:
			return 0
		}
	}
	return 0
}

// wordAround gives the columns of the word that a column is in, up to the next
// space.
func wordAround(line layout.Line, column int) (start, end int) {
	runes := []rune(line.Text)
	start = min(max(column, 1), max(len(runes), 1))
	for start > 1 && runes[start-2] != ' ' {
		start--
	}
	end = start
	for end <= len(runes) && runes[end-1] != ' ' {
		end++
	}
	return start, max(end, start+1)
}
