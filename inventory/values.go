package inventory

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/pkg/plan"
)

// Limits on texts, in bytes. The API's own limit on names is not public; 64 is
// what Megaport's CLI enforces, and it counts bytes (API facts §9, confidence
// A). A cost centre has 255 characters (API facts §3.2, confidence B), which
// the official SDK counts as bytes too. Fewer characters than bytes never hurt,
// more could. No limit of promo codes is known.
const (
	maxName       = 64
	maxCostCentre = 255
	unlimited     = 0
)

// text reads a text that must say something.
func (r *reader) text(v *yamlNode, what string, limit int) (string, bool) {
	text, ok := r.word(v, what, limit)
	if ok {
		r.warnIfCut(v)
	}
	return text, ok
}

// word reads a text that must say something, and is one of the words that a key
// can have, which the caller knows: a "#" can be no part of it.
func (r *reader) word(v *yamlNode, what string, limit int) (string, bool) {
	text, ok := r.anyWord(v, what, limit)
	if ok && text == "" {
		r.report(ruleEmptyValue, v, what+" is empty", "write the text between the quotes, or delete the line")
	}
	return text, ok && text != ""
}

// anyText reads a text that may be empty.
func (r *reader) anyText(v *yamlNode, what string, limit int) (string, bool) {
	text, ok := r.anyWord(v, what, limit)
	if ok {
		r.warnIfCut(v)
	}
	return text, ok
}

func (r *reader) anyWord(v *yamlNode, what string, limit int) (string, bool) {
	switch {
	case v.Kind != yaml.ScalarNode:
		r.report(ruleType, v, fmt.Sprintf("%s must be text, but this is %s", what, describe(v)), "write one text")
	case v.Tag == tagNull:
		r.report(ruleEmptyValue, v, what+" has no value", `write the text; "" is the empty text`)
	case v.Tag != tagString:
		r.report(ruleType, v, fmt.Sprintf("%s must be text, but YAML reads this as %s", what, describe(v)), quoteHint(v))
	case r.readAlike(v, what) && r.straight(v, what):
		return v.Value, r.goodText(v, v.Value, what, limit)
	}
	return "", false
}

// quoteHint shows a value in quotes, whole: half a value would be pasted.
func quoteHint(v *yamlNode) string {
	switch {
	case v.Style&yaml.TaggedStyle != 0:
		return "delete the tag; a text that begins with an exclamation mark needs double quotes"
	case utf8.RuneCountInString(v.Value) > quotedMax:
		return "put it in double quotes if it is meant as text"
	}
	return "put it in quotes if it is meant as text: " + plan.YAMLQuoted(v.Value)
}

// goodText checks the characters and the length of a text.
func (r *reader) goodText(v *yamlNode, text, what string, limit int) bool {
	for _, c := range text {
		if rule, message, hint := badCharacter(c); rule != "" {
			r.reportWithin(rule, v, string(c), what+" contains "+message, hint)
			return false
		}
	}
	switch trimmed := strings.TrimSpace(text); {
	case text != "" && trimmed == "":
		r.report(ruleSpace, v, what+" contains only spaces", "write the text between the quotes")
	case trimmed != text:
		r.report(ruleSpace, v, what+" begins or ends with a space", "write "+plan.YAMLQuoted(trimmed))
	case limit != unlimited && len(text) > limit:
		r.report(ruleTooLong, v, fmt.Sprintf("%s has %d bytes, and at most %d are safe", what, len(text), limit),
			"shorten it; the limit counts bytes, and a letter outside ASCII takes two to four")
	default:
		return true
	}
	return false
}

// badCharacter judges a character of a value. An empty rule means it is good.
func badCharacter(c rune) (rule, message, hint string) {
	switch {
	case c == '\n' || c == '\r':
		return ruleControl, "a line break", "write it on one line"
	case c == '\t':
		return ruleControl, "a tab", "write a space in its place"
	case isControl(c) || c == 0x2028 || c == 0x2029:
		return ruleControl, fmt.Sprintf("the control character U+%04X", c), "delete it"
	case c != ' ' && unicode.Is(unicode.Zs, c):
		return ruleHidden, fmt.Sprintf("U+%04X, which looks like an ordinary space but is not one", c), "write an ordinary space in its place; it often comes from a web page or a spreadsheet"
	case plan.Invisible(c):
		return ruleHidden, fmt.Sprintf("the invisible character U+%04X", c), "delete it: two names that look the same must be the same"
	}
	return "", "", ""
}

// isPlain tells that a scalar is written without quotes and without a tag.
func isPlain(v *yamlNode) bool {
	return v.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) == 0
}

// boolean reads true or false; nil when it is neither, which is reported.
func (r *reader) boolean(v *yamlNode, what string) *bool {
	meant := meansTrue(v.Value)
	word := strings.EqualFold(v.Value, "true") || strings.EqualFold(v.Value, "false")
	switch {
	case v.Kind == yaml.ScalarNode && v.Tag == tagBool && word:
		return &meant
	case v.Kind == yaml.ScalarNode && (v.Tag == tagString || v.Tag == tagBool) && isYAML11Boolean(v.Value):
		r.report(ruleBoolean, v, fmt.Sprintf("%s is a boolean to some YAML tools and text to others", v.Value), fmt.Sprintf("write %t", meant))
	case v.Kind == yaml.ScalarNode && v.Tag == tagString && word:
		r.report(ruleType, v, what+" must be a boolean, but this is text", fmt.Sprintf("write %t without quotes", meant))
	default:
		r.report(ruleType, v, fmt.Sprintf("%s must be a boolean, but this is %s", what, describe(v)), "write true or false")
	}
	return nil
}

var (
	plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	octalNumber = regexp.MustCompile(`^[-+]?0[0-9_]+$`)
)

// integer reads a whole number. The hint goes with a value that is no number.
func (r *reader) integer(v *yamlNode, what, hint string) (int, bool) {
	bare, comma := strings.CutSuffix(v.Value, ",")
	isText := v.Kind == yaml.ScalarNode && v.Tag == tagString && plainNumber.MatchString(bare)
	n, err := strconv.ParseInt(v.Value, 10, 32)
	switch {
	case isText && comma:
		r.report(ruleType, v, what+" must be a number, but this is text", "delete the comma: write "+bare)
	case isText:
		r.report(ruleType, v, what+" must be a number, but this is text", fmt.Sprintf("write %s without quotes", v.Value))
	case v.Kind != yaml.ScalarNode || v.Tag != tagInt && v.Tag != tagFloat:
		r.report(ruleType, v, fmt.Sprintf("%s must be a number, but this is %s", what, describe(v)), hint)
	case r.numberTrap(v, what):
	case !plainNumber.MatchString(v.Value):
		r.report(ruleType, v, fmt.Sprintf("%s must be a whole number, but this is %s", what, v.Value), hint)
	case err != nil:
		r.report(ruleNumber, v, fmt.Sprintf("%s is out of range: %s", what, quoted(v.Value)), hint)
	default:
		return int(n), true
	}
	return 0, false
}

// numberTrap reports numbers that look like one thing and are another.
func (r *reader) numberTrap(v *yamlNode, what string) bool {
	digits := strings.TrimLeft(v.Value, "+-0")
	switch {
	case octalNumber.MatchString(v.Value):
		r.report(ruleNumber, v, fmt.Sprintf("%s is written with a leading zero, which makes it octal to some YAML tools", what),
			"write it without the leading zero: "+strings.ReplaceAll(cmp.Or(digits, "0"), "_", ""))
	case strings.Contains(v.Value, "_"):
		r.report(ruleNumber, v, fmt.Sprintf("%s is written with an underscore, which some YAML tools read as text", what),
			"write it without: "+strings.ReplaceAll(v.Value, "_", ""))
	case strings.HasPrefix(v.Value, "+"):
		r.report(ruleNumber, v, what+" is written with a plus sign", "write it without: "+v.Value[1:])
	case len(v.Value) > 2 && v.Tag == tagInt && strings.ContainsAny(v.Value, "xXoObB"):
		r.report(ruleNumber, v, what+" is not written in decimal digits", "write it in decimal"+decimalForm(v.Value))
	default:
		return false
	}
	return true
}

func decimalForm(value string) string {
	n, err := strconv.ParseInt(value, 0, 32)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(": %d", n)
}

// environments are Megaport's (API facts §1.1, confidence A) and the sandbox.
var environments = []string{"production", "staging", "development", "sandbox"}

func (r *reader) environment(v *yamlNode) string {
	text, ok := r.word(v, "environment", unlimited)
	if ok && !slices.Contains(environments, text) {
		r.report(ruleEnvironment, v, quoted(text)+" is not an environment", oneOf(text, environments))
	}
	return text
}

// oneOf is the hint for a value out of few: the nearest, and all of them.
func oneOf(word string, allowed []string) string {
	if near := nearest(word, allowed); near != "" {
		return fmt.Sprintf("did you mean %s? It is one of %s", near, list(allowed))
	}
	return "it is one of " + list(allowed)
}

// term reads a contract term in months; 0 when it is bad.
func (r *reader) term(v *yamlNode) int {
	n, ok := r.integer(v, "term", "write the number of months alone, one of "+termList)
	if !ok {
		return 0
	}
	if !slices.Contains(plan.Terms(), n) {
		hint := "it is one of " + termList + " months"
		if n > 1 && n <= 5 && slices.Contains(plan.Terms(), 12*n) {
			hint = fmt.Sprintf("terms are in months: %d years are %d; %s", n, 12*n, hint)
		}
		r.report(ruleTerm, v, fmt.Sprintf("%d months is not a term that Megaport sells", n), hint)
		return 0
	}
	return n
}

// declared reads a text that may be empty: that is a declaration too, and asks
// for none.
func (r *reader) declared(v *yamlNode, what string, limit int) *string {
	text, ok := r.anyText(v, what, limit)
	if !ok {
		return nil
	}
	return &text
}

// zone reads a diversity zone.
func (r *reader) zone(v *yamlNode, what string) plan.Zone {
	text, ok := r.word(v, what, unlimited)
	if !ok {
		return ""
	}
	switch z := plan.Zone(text); z {
	case plan.Red, plan.Blue:
		return z
	}
	r.report(ruleZone, v, quoted(text)+" is not a diversity zone", oneOf(text, []string{string(plan.Red), string(plan.Blue)}))
	return ""
}

// intended reads the one value of sameZone.
func (r *reader) intended(v *yamlNode) bool {
	text, ok := r.word(v, "sameZone", unlimited)
	if ok && text != "intended" {
		r.report(ruleIntended, v, quoted(text)+" is not a value of sameZone", "write `sameZone: intended` for ports that may share a zone, or leave it out")
		return false
	}
	return ok
}

// members reads the size of a LAG; 0 when it is bad. One is a LAG too (API facts §3.2,
// confidence B), which is seldom what is meant.
func (r *reader) members(v *yamlNode) int {
	n, ok := r.integer(v, "lag", fmt.Sprintf("write the number of members, 1 to %d", plan.MaxLagMembers))
	switch {
	case ok && n < 1:
		r.report(ruleLAG, v, fmt.Sprintf("a LAG cannot have %d members", n), fmt.Sprintf("it has 1 to %d; leave lag out for a plain port", plan.MaxLagMembers))
		return 0
	case ok && n > plan.MaxLagMembers:
		r.report(ruleLAG, v, fmt.Sprintf("a LAG of %d members is too large", n), fmt.Sprintf("it has 1 to %d; write two entries", plan.MaxLagMembers))
		return 0
	case n == 1:
		r.report(ruleLAGOfOne, v, "this orders a LAG of one member, not a plain port", "leave lag out for a plain port; keep it to let the LAG grow later")
	}
	return n
}

// tags reads resource tags; nil when there are none.
func (r *reader) tags(v *yamlNode) map[string]string {
	if v.Kind != yaml.MappingNode {
		r.report(ruleType, v, "tags must be a mapping of names to texts, but this is "+describe(v), "write for example {team: network}")
		return nil
	}
	tags := map[string]string{}
	for _, p := range r.pairs(v) {
		name := p.key.Value
		switch {
		case name == "":
			r.report(ruleEmptyValue, p.key, "the name of a tag is empty", "give it a name")
			continue
		case !r.goodText(p.key, name, "the name of a tag", unlimited):
			continue
		case isReserved(name):
			r.report(ruleReservedTag, p.key, fmt.Sprintf("the tag %s is reserved: portctl sets it itself to find its orders again", quoted(name)),
				`choose a name other than "managed-by" that does not begin with "portctl-"`)
			continue
		}
		if text, ok := r.anyText(follow(p.value), "the tag "+quoted(name), unlimited); ok {
			tags[name] = text
		}
	}
	return tags
}

// isReserved tells whether a tag is one of ours. Case makes no difference:
// whether the API minds it is not known (API facts §12, number 11).
func isReserved(name string) bool {
	lower := strings.ToLower(name)
	return lower == "managed-by" || strings.HasPrefix(lower, "portctl-")
}
