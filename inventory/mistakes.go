package inventory

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/inventory/layout"
	"github.com/portctl/portctl/pkg/plan"
)

// This file knows the mistakes that people make in inventories, and names each
// in their own words. The YAML library says what its grammar expected where it
// gave up, which is often a line or more behind the mistake.

// conflictMarker begins the lines that Git leaves in a file it could not merge.
var conflictMarker = regexp.MustCompile(`(?m)^(<{7}|>{7}|\|{7})( |\r?$)`)

// mergeConflict finds such a line, whatever YAML makes of it.
func (s *source) mergeConflict() (Diagnostic, bool) {
	m := conflictMarker.FindStringIndex(s.Text)
	if m == nil {
		return Diagnostic{}, false
	}
	line := 1 + strings.Count(s.Text[:m[0]], "\n")
	return s.at(ruleSyntax, line, 1, 8, "a merge conflict is left in the file",
		"keep one of the two versions, or parts of both, and delete the lines with <<<<<<<, ======= and >>>>>>>"), true
}

// strangeSpace finds a space that is none for YAML where the layout needs one:
// in the indentation, and behind "-" and ":". In a text it is found later, with
// the name of what it stands in.
func (s *source) strangeSpace(at int, r rune) (message, hint string) {
	if r == ' ' || !unicode.Is(unicode.Zs, r) {
		return "", ""
	}
	near := s.Text[max(0, at-snippetMax):at] // Further on a line is no layout any more.
	begin := strings.LastIndexByte(near, '\n') + 1
	if begin == 0 && len(near) < at {
		return "", ""
	}
	before := near[begin:]
	lead := strings.TrimLeftFunc(before, unicode.IsSpace)
	where := ""
	switch {
	case lead == "":
		where = "to indent the line"
	case lead == "-" || !strings.Contains(before, "#") && strings.HasSuffix(before, ":"):
		where = fmt.Sprintf("behind %q", before[len(before)-1:])
	default:
		return "", ""
	}
	return fmt.Sprintf("U+%04X, which looks like an ordinary space but is not one, is used %s", r, where),
		"write ordinary spaces in its place; it often comes from a web page or a chat"
}

// looksLike says what a text that is no inventory seems to be instead, and what
// to do about it.
func looksLike(text string) (what, hint string) {
	first, _, _ := strings.Cut(strings.TrimLeft(text, " \t\r\n"), "\n")
	first = strings.TrimSpace(first)
	switch {
	case strings.HasPrefix(first, "<"):
		return "XML or HTML", "check where the file comes from: it may be an error page that was saved in its place"
	case strings.HasPrefix(first, "%PDF"), strings.HasPrefix(first, "PK\x03\x04"):
		return "a document or an archive", "save a spreadsheet as CSV, and turn it into an inventory with `portctl init --from FILE`"
	case strings.HasPrefix(first, "```"):
		return "Markdown", "delete the lines with ```"
	case strings.HasPrefix(first, "diff --git"), strings.HasPrefix(first, "--- a/"):
		return "a patch", "apply it with `git apply` or `patch` to the inventory that it was made from"
	case terraform.MatchString(first):
		return "a Terraform configuration", "portctl reads YAML: `portctl init` writes a first inventory"
	case strings.ContainsAny(first, ",;\t") && !strings.Contains(first, ":") && len(strings.FieldsFunc(first, isSeparator)) > 2:
		return "CSV", "turn it into an inventory with `portctl init --from FILE`"
	}
	return "", ""
}

var terraform = regexp.MustCompile(`^(resource|data|module|provider|variable|terraform)\b.*\{$`)

func isSeparator(r rune) bool { return r == ',' || r == ';' || r == '\t' }

// foreign reports a file that is something else from its first line on.
func (s *source) foreign() (Diagnostic, bool) {
	what, hint := looksLike(s.Text)
	if what == "" {
		return Diagnostic{}, false
	}
	lead := s.Text[:len(s.Text)-len(strings.TrimLeft(s.Text, " \t\r\n"))]
	line := 1 + strings.Count(lead, "\n")
	return s.at(ruleSyntax, line, 1, s.Line(line).Length()+1, "this looks like "+what+", not like an inventory", hint), true
}

// lineMistake is a mistake that shows on its line.
type lineMistake struct {
	pattern *regexp.Regexp
	meant   int // the group that is meant; 0 is all that matches
	message string
	hint    string // %[1]s and %[2]s are the groups behind the one that leads
}

// The lines of people who come from other languages, or type fast. They are
// looked for only where YAML stumbles.
var (
	glued     = regexp.MustCompile(`^(\s*(?:- +)?)(([A-Za-z][A-Za-z0-9]+):([^\s:/\\].*))$`)
	assigned  = regexp.MustCompile(`^(\s*(?:- +)?)(([A-Za-z][A-Za-z0-9_ -]*?)\s*=\s*(\S.*))$`)
	gluedDash = regexp.MustCompile(`^(\s*)(-([A-Za-z][A-Za-z0-9]*:(?: .*)?))$`)
	wideColon = regexp.MustCompile(`^(\s*(?:- +)?[^\s:#"']+)([：﹕∶]).*$`)
	slashes   = regexp.MustCompile(`^(\s*)(//.*)`)
	behind    = regexp.MustCompile(`^(\s*(?:- +)?[A-Za-z][A-Za-z0-9]*: +)(["'].*)$`)
	twoColons = regexp.MustCompile(`^(\s*(?:- +)?)([A-Za-z][A-Za-z0-9]*): +([^\s"'{\[#&*!|>].*?: .*|[^\s"'{\[#&*!|>].*:)\s*$`)
	keyValue  = regexp.MustCompile(`^(\s*(?:- +)*)([A-Za-z][A-Za-z0-9]*): +([^#\s].*)$`)
)

// lineMistakes is searched from the top. The first five are looked for on the line
// above as well.
var lineMistakes = []lineMistake{
	{glued, 2, `a space is missing behind the ":"`, "write %[1]s: %[2]s"},
	{assigned, 2, `YAML has "key: value", not "key = value"`, "write %[1]s: %[2]s"},
	{gluedDash, 2, `a space is missing behind the "-"`, "write - %[1]s"},
	{wideColon, 2, "this is a colon of another script, not the one that YAML needs", `write ": " in its place`},
	{slashes, 2, `a comment begins with "#" in YAML`, `write "#" in place of "//"`},
	{regexp.MustCompile(`^(={7})\s*$`), 1, "a merge conflict is left in the file", "keep one of the two versions, and delete the line"},
	{regexp.MustCompile("^\\s*(```.*)"), 1, "this is a line of Markdown", "delete it"},
	{regexp.MustCompile(`\{\{(?:.*\}\})?`), 0, "this is a placeholder of another tool, which portctl does not fill in", "let that tool write the file first; a rollout has {site}, {zone} and {n}"},
	{regexp.MustCompile(`^\s*(?:- +)?(?:[A-Za-z][A-Za-z0-9]*: +)?([“”„‟«»]).*$`), 1, "this is a typographic quote, which is text to YAML", `write straight quotes: "`},
	{regexp.MustCompile(`^\s*(?:- +)?[{\[].*: (![A-Za-z][^\s]*),`), 1, `a value that begins with "!" is a YAML tag`, "put the value in double quotes if it is a text"},
}

// find reports the mistake when a line has it.
func (m lineMistake) find(s *source, n int) (Diagnostic, bool) {
	text := s.Line(n).Text
	at := m.pattern.FindStringSubmatchIndex(text)
	if at == nil {
		return Diagnostic{}, false
	}
	hint := m.hint
	if strings.Contains(hint, "%[2]s") {
		hint = fmt.Sprintf(hint, text[at[6]:at[7]], text[at[8]:at[9]])
	} else if strings.Contains(hint, "%[1]s") {
		hint = fmt.Sprintf(hint, text[at[6]:at[7]])
	}
	return s.within(ruleSyntax, n, at[2*m.meant], at[2*m.meant+1], m.message, hint), true
}

// within makes a diagnostic about bytes of a line.
func (s *source) within(rule string, n, from, to int, message, hint string) Diagnostic {
	text := s.Line(n).Text
	start := utf8.RuneCountInString(text[:from]) + 1
	return s.at(rule, n, start, start+max(1, utf8.RuneCountInString(text[from:to])), message, hint)
}

// mistake looks for a known mistake on a line of a file that is no YAML. The
// problem is the library's.
func (s *source) mistake(n int, problem string) (Diagnostic, bool) {
	for _, m := range lineMistakes {
		if d, ok := m.find(s, n); ok {
			return d, true
		}
	}
	if d, ok := s.behindBrackets(n); ok {
		return d, true
	}
	return s.quoteOrColon(n, problem)
}

// quoteOrColon looks for the mistakes that are none on every line: a text
// behind a closing quote, and a ":" that YAML takes for that of a key.
func (s *source) quoteOrColon(n int, problem string) (Diagnostic, bool) {
	text := s.Line(n).Text
	if m := behind.FindStringSubmatchIndex(text); m != nil {
		if end := layout.QuotedEnd(text, m[4], text[m[4]]); end < len(text) && !strings.HasPrefix(strings.TrimLeft(text[end:], " \t"), "#") {
			return s.within(ruleSyntax, n, end, len(text), "the text goes on behind the quote that closes it", innerQuotes(strings.TrimRight(text[m[4]:], " "))), true
		}
	}
	switch {
	case strings.Contains(problem, "did not find expected key"), strings.Contains(problem, "did not find expected '-' indicator"):
		if d, ok := s.openQuote(n); ok {
			return d, true
		}
		return s.tooShallow(n)
	case !strings.Contains(problem, "mapping values are not allowed"):
		return Diagnostic{}, false
	}
	if m := twoColons.FindStringSubmatchIndex(text); m != nil {
		return s.within(ruleSyntax, n, m[6], m[7], `a text with a ": " in it needs quotes`, fmt.Sprintf("write %s: %s", text[m[4]:m[5]], plan.YAMLQuoted(text[m[6]:m[7]]))), true
	}
	return s.tooDeep(n)
}

// innerQuotes is the hint for a text that has quotes in it and around it.
func innerQuotes(written string) string {
	if last := len(written) - 1; last > 0 && written[last] == written[0] && utf8.RuneCountInString(written) <= quotedMax {
		return "if the quotes inside are part of the text, write " + plan.YAMLQuoted(written[1:last])
	}
	return "put all of the text in one pair of quotes"
}

// keyLines are a line with a key and a value, and the nearest one above; nil
// when one of them is something else.
func (s *source) keyLines(n int) (here, up []string) {
	above := s.above(n)
	return keyValue.FindStringSubmatch(s.Line(n).Text), keyValue.FindStringSubmatch(s.Line(above).Text)
}

// above is the nearest line above that is not empty, or 0.
func (s *source) above(n int) int {
	for n--; n > 0 && strings.TrimSpace(s.Line(n).Text) == ""; n-- {
	}
	return n
}

// tooDeep reports a key that is indented further than the key above it, which
// has a value on its own line: YAML takes it for more of that value.
func (s *source) tooDeep(n int) (Diagnostic, bool) {
	here, up := s.keyLines(n)
	if here == nil || up == nil || len(here[1]) <= len(up[1]) {
		return Diagnostic{}, false
	}
	return s.at(ruleSyntax, n, 1, len(here[1])+1, fmt.Sprintf("the line is indented further than %s above it, and so continues its value", quoted(up[2])),
		fmt.Sprintf("indent it with %d spaces, like %s; or take the value of %s away if it is the key of a mapping", len(up[1]), quoted(up[2]), quoted(up[2]))), true
}

// tooShallow reports a key that is indented less than the key above it and
// lines up with none further up.
func (s *source) tooShallow(n int) (Diagnostic, bool) {
	here, up := s.keyLines(n)
	if here == nil || up == nil || len(here[1]) >= len(up[1]) || strings.Contains(here[1], "-") || s.lacksDash(n, len(here[1])) {
		return Diagnostic{}, false
	}
	return s.at(ruleSyntax, n, 1, len(here[1])+1, fmt.Sprintf("the line is indented less than %s above it, and lines up with nothing", quoted(up[2])),
		fmt.Sprintf("indent it with %d spaces, like %s", len(up[1]), quoted(up[2]))), true
}

// lacksDash says that a line stands where the items of the list above begin.
func (s *source) lacksDash(n, indent int) bool {
	for ; n > 0; n-- {
		if text := s.Line(n).Text; strings.HasPrefix(strings.TrimLeft(text, " "), "- ") {
			return strings.IndexByte(text, '-') == indent
		}
	}
	return false
}

// openQuote looks upwards for a value whose quote is not closed on its line: the
// next quote closes it, lines below, where the library stumbles.
func (s *source) openQuote(n int) (Diagnostic, bool) {
	const far = 200 // lines
	for last := n - far; n > 1 && n > last; {
		n--
		text := s.Line(n).Text
		m := behind.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		if layout.QuotedEnd(text+" ", m[4], text[m[4]]) <= len(text) {
			return Diagnostic{}, false
		}
		return s.within(ruleSyntax, n, m[4], m[4]+1, "the quote that is opened here is not closed on its line", "close it at the end of the text"), true
	}
	return Diagnostic{}, false
}

// notMapping is the hint for a text that stands where a mapping is wanted, when
// the text shows why; else it is the other one.
func (r *reader) notMapping(n *yamlNode, otherwise string) string {
	if n.Kind != yaml.ScalarNode || !isPlain(n) {
		return otherwise
	}
	first, _, _ := strings.Cut(r.source.Line(n.Line).From(n.Column), " #")
	if comment, ok := r.source.commentBehind(n); ok && gluedHash(comment) && strings.Contains(comment, ":") {
		key, _, _ := strings.Cut(n.Value+" "+comment, ":")
		return fmt.Sprintf(`a "#" after a space begins a comment: put the key in quotes, as in %s: ...`, plan.YAMLQuoted(key))
	}
	if m := glued.FindStringSubmatch(first); m != nil {
		return fmt.Sprintf(`put a space behind the ":", as in %s: %s`, m[3], m[4])
	}
	if m := assigned.FindStringSubmatch(first); m != nil {
		return fmt.Sprintf(`YAML has "key: value", not "key = value": write %s: %s`, m[3], m[4])
	}
	return otherwise
}

// straight reports a text or key in typographic quotes, which are part of it
// to YAML; false means that it did.
func (r *reader) straight(n *yamlNode, what string) bool {
	const quotes = `“”„‟«»‘’‚‛"'`
	first, size := utf8.DecodeRuneInString(n.Value)
	last, _ := utf8.DecodeLastRuneInString(n.Value)
	if !isPlain(n) || size == len(n.Value) || !strings.ContainsRune(quotes, first) || !strings.ContainsRune(quotes, last) {
		return true
	}
	inner := strings.TrimFunc(n.Value, func(r rune) bool { return strings.ContainsRune(quotes, r) })
	r.report(ruleQuotes, n, what+" is in typographic quotes, which are part of the text to YAML",
		fmt.Sprintf("write %s; or %s if the quotes belong to it", plan.YAMLQuoted(inner), plan.YAMLQuoted(n.Value)))
	return false
}
