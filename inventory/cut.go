package inventory

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/inventory/layout"
	"github.com/portctl/portctl/pkg/plan"
)

// warnIfCut warns of a text without quotes that a "#" cuts short: in
// "costCentre: PO #4711" the value is "PO", which nobody meant and no tool
// complains of. A comment has a space behind its "#", as portctl's own
// formatter leaves it, or begins with another sign, as in "#---"; a letter or
// digit glued to the "#" is how numbers of orders, tickets and rooms are
// written.
func (r *reader) warnIfCut(v *yamlNode) {
	comment, ok := r.source.commentBehind(v)
	if !ok || !gluedHash(comment) {
		return
	}
	whole := v.Value + " " + comment
	hint := fmt.Sprintf(`write %s if all of it is meant, and put a space behind the "#" of a comment`, plan.YAMLQuoted(whole))
	if utf8.RuneCountInString(whole) > quotedMax {
		hint = `put all of it in double quotes if it is meant, and put a space behind the "#" of a comment`
	}
	r.report(ruleCut, v, fmt.Sprintf(`the value is %s alone: a "#" after a space begins a comment`, quoted(v.Value)), hint)
}

// gluedHash says that a comment begins with a letter or digit right behind its
// "#".
func gluedHash(comment string) bool {
	c, _ := utf8.DecodeRuneInString(strings.TrimPrefix(comment, "#"))
	return unicode.IsLetter(c) || unicode.IsDigit(c)
}

// commentBehind is the comment behind a text without quotes, on the line that
// the text ends on; false when there is none.
func (s *source) commentBehind(v *yamlNode) (string, bool) {
	if v.Value == "" || v.Style&^yaml.TaggedStyle != 0 || v.Line < 1 {
		return "", false
	}
	end := layout.PlainEnd(s.Text, s.SkipProperties(s.Offset(v.Line, v.Column)), v.Value)
	rest := s.Text[end : end+layout.LineLength(s.Text[end:])]
	comment := strings.TrimLeft(rest, " \t")
	if len(comment) == len(rest) || !strings.HasPrefix(comment, "#") {
		return "", false
	}
	return strings.TrimRight(comment, " \t\r"), true
}

// emptyHint is the hint for a key without a value, which a "#" may have hidden.
func (r *reader) emptyHint(key *yamlNode) string {
	const hint = "write the value, or delete the line"
	rest := r.source.Line(key.Line).From(key.Column + r.source.span(key))
	comment := strings.TrimLeft(strings.TrimPrefix(rest, ":"), " \t")
	if !strings.HasPrefix(rest, ":") || !strings.HasPrefix(comment, "#") || !gluedHash(comment) || utf8.RuneCountInString(comment) > quotedMax {
		return hint
	}
	return fmt.Sprintf(`a "#" after a space begins a comment: write %s if it is meant as text`, plan.YAMLQuoted(strings.TrimRight(comment, " \t")))
}
