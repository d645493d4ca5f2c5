package plan

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// plainWords is text that YAML reads as text without quotes, in any place and
// in any version: words that begin with a letter.
var plainWords = regexp.MustCompile(`^\pL[\pL\pN._/()+-]*( [\pL\pN._/()+-]+)*$`)

// YAMLScalar writes a text as one YAML scalar on one line: as it is where every
// YAML tool reads the same text, and otherwise in double quotes, with what
// cannot be seen escaped. It is for inventories that portctl writes, and for
// hints that people paste into theirs. Text that is valid UTF-8 is read back
// unchanged.
func YAMLScalar(text string) string {
	if plainWords.MatchString(text) && !isYAMLWord(text) && !strings.ContainsFunc(text, escaped) {
		return text
	}
	return YAMLQuoted(text)
}

// YAMLQuoted writes a text like YAMLScalar, in double quotes in any case.
func YAMLQuoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case escaped(r):
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// isYAMLWord says whether some version of YAML reads a word as a boolean or as
// no value at all.
func isYAMLWord(text string) bool {
	switch strings.ToLower(text) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return true
	}
	return false
}

// escaped says whether a character is written as an escape.
func escaped(r rune) bool { return !unicode.IsPrint(r) || Invisible(r) }

// Invisible says whether a character leaves no mark where it stands, so that
// two texts that differ in it look the same: the format characters and the
// property Default_Ignorable_Code_Point of Unicode, and letters and symbols
// whose sign is empty. Spaces and control characters are not among them.
func Invisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || blank(r)
}

// blank are characters of a script that show as empty space: Braille, musical
// notation and Egyptian hieroglyphs each have one or two.
func blank(r rune) bool {
	return r == 0x2800 || r == 0x1D159 || r == 0x13441 || r == 0x13442 || r == 0x16FE4
}
