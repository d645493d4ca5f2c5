package render

import (
	"fmt"
	"strings"
	"unicode"
)

// zeroWidth keeps a sign and what follows it from being read as one: it is how
// a mention or a reference to an issue is kept from being made.
const zeroWidth = "&#8203;"

// escape makes a text from elsewhere safe within a paragraph, a list item or a
// table cell of Markdown: it shows what it says, and is never markup, a link, a
// mention, a reference or the end of a cell.
func escape(s string) string {
	var b strings.Builder
	runes := []rune(Clean(s))
	for i, r := range runes {
		next := rune(' ')
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case strings.ContainsRune("&<>|`\\*_[]~$", r), r == ':' && next == '/', r == '.' && afterWWW(runes[:i]):
			fmt.Fprintf(&b, "&#%d;", r)
		case r == '@', r == '#' && unicode.IsDigit(next):
			b.WriteString(string(r) + zeroWidth)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// afterWWW says that a text ends in "www", which makes what follows a link.
func afterWWW(before []rune) bool {
	return len(before) >= 3 && strings.EqualFold(string(before[len(before)-3:]), "www")
}

// code is a name or a number as code, which hosts leave alone: it can be copied
// as it is. What could break out of a code span is escaped text instead.
func code(s string) string {
	switch {
	case s == "":
		return "–"
	case !fitsCode(s):
		return escape(s)
	}
	return "`" + Clean(s) + "`"
}

// fitsCode says that nothing in a text can end a code span or a cell, and that a
// code span shows all of it.
func fitsCode(s string) bool {
	return s != "" && !strings.ContainsAny(s, "`|<>") && strings.TrimSpace(s) == s
}

// prose escapes a text of ours that sets names and commands in backticks.
func prose(s string) string {
	parts := strings.Split(s, "`")
	if len(parts)%2 == 0 {
		return escape(s)
	}
	var b strings.Builder
	for i, p := range parts {
		switch {
		case i%2 == 0:
			b.WriteString(escape(p))
		case fitsCode(p):
			b.WriteString(code(p))
		default:
			b.WriteString(escape("`" + p + "`"))
		}
	}
	return b.String()
}

// clip keeps a text of a heading or a footer within a number of characters.
func clip(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return s
}

// Command is a command line that can be pasted into a shell.
func Command(words ...string) string { return command(words) }
