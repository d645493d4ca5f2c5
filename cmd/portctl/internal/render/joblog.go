package render

import (
	"unicode"
	"unicode/utf8"
)

// jobLog keeps a text from commanding the job that logs it: GitHub Actions carries out
// what stands in a log as "::command::" at the beginning of a line, or as "##[command]"
// anywhere. A port can be named so by anybody in the account.
type jobLog struct {
	begun  bool // something stands in the line already
	colon  bool // the line begins with a colon, so far
	hashes int  // how many stand right before
}

// quiet is a text in which no command begins: the character that would make one is
// escaped. Texts are taken one after the other, of whole characters each. Blanks before a
// command are those of Unicode, as the runner of GitHub Actions trims them.
func (j *jobLog) quiet(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == ':' && j.colon:
			out = append(out, `\u003a`...)
		case r == '[' && j.hashes >= 2:
			out = append(out, `\u005b`...)
		default:
			out = append(out, b[:size]...)
		}
		b = b[size:]
		j.colon = r == ':' && !j.begun
		j.begun = r != '\n' && (j.begun || !unicode.IsSpace(r))
		if r == '#' {
			j.hashes++
		} else {
			j.hashes = 0
		}
	}
	return out
}
