package inventory

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// What is written without quotes is text to us, who read YAML 1.2, and may be
// something else to a tool that reads YAML 1.1 (yaml.org/type): a reviewer, an
// editor or a script that works on the same file would see another inventory
// than the one that is ordered. Some of the patterns are wider than the
// specification, since tools are: Ruby reads 1,000 as a number, and 01:30.
var (
	base60     = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
	number11   = regexp.MustCompile(`^[-+]?(0b[01_]+|0x[0-9A-Fa-f_]+|0o[0-7_]+|[0-9][0-9_,]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))$`)
	timestamps = regexp.MustCompile(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?([ \t]*(Z|[-+][0-9]{1,2}(:?[0-9]{2})?))?)?$`)
)

// reading is what YAML 1.1 makes of a text, and the rule against it.
type reading struct{ rule, what string }

// otherReading says what tools that read YAML 1.1 make of a key or value that
// is text to us; false when it is text to all.
func otherReading(n *yamlNode) (reading, bool) {
	if n.Tag != tagString || !isPlain(n) {
		return reading{}, false
	}
	switch text := n.Value; {
	case isYAML11Boolean(text):
		return reading{ruleBoolean, "a boolean"}, true
	case base60.MatchString(text):
		return reading{ruleReading, "a number in base 60" + sixtieths(text)}, true
	case number11.MatchString(text):
		return reading{ruleReading, "a number"}, true
	case timestamps.MatchString(text):
		return reading{ruleReading, "a date"}, true
	case text == "=":
		return reading{ruleReading, "a default value (!!value)"}, true
	}
	return reading{}, false
}

// sixtieths is the number that a text in base 60 stands for, in brackets.
func sixtieths(text string) string {
	digits := strings.ReplaceAll(strings.TrimLeft(text, "+-"), "_", "")
	sum := int64(0)
	for part := range strings.SplitSeq(digits, ":") {
		n, err := strconv.ParseInt(part, 10, 32)
		if err != nil || sum > 1<<40 {
			return ""
		}
		sum = sum*60 + n
	}
	if strings.HasPrefix(text, "-") {
		sum = -sum
	}
	return fmt.Sprintf(" (%d)", sum)
}

// readAlike refuses a key or value that is text to us and something else to
// YAML 1.1; false means that it did.
func (r *reader) readAlike(n *yamlNode, what string) bool {
	other, ok := otherReading(n)
	if ok {
		r.report(other.rule, n, fmt.Sprintf("%s must be text, but %s without quotes is %s to YAML 1.1, which many tools read", what, n.Value, other.what), quoteHint(n))
	}
	return !ok
}

// isYAML11Boolean tells whether a plain word is a boolean in YAML 1.1 but a
// text in YAML 1.2, which is what our library reads.
func isYAML11Boolean(word string) bool {
	switch word {
	case "y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF":
		return true
	}
	return false
}

// meansTrue is what the words for a boolean mean.
func meansTrue(word string) bool {
	switch strings.ToLower(word) {
	case "true", "yes", "on", "y":
		return true
	}
	return false
}

// checkTags refuses tags on mappings and lists, such as !!omap: to other tools
// they make something else of what stands there. Those on scalars are judged
// where the scalar is read.
func (r *reader) checkTags(n *yamlNode) {
	if n.Kind == yaml.MappingNode && n.Tag != tagMap || n.Kind == yaml.SequenceNode && n.Tag != tagList {
		r.report(ruleType, n, fmt.Sprintf("this is tagged %s, which is not in the inventory language", printable(n.Tag)), "delete the tag")
	}
	for _, c := range n.Content {
		r.checkTags(c)
	}
}
