package render

// jobLog keeps a text from commanding the job that logs it: GitHub Actions carries out
// what stands in a log as "::command::" at the beginning of a line, or as "##[command]"
// anywhere. A port can be named so by anybody in the account.
type jobLog struct {
	begun  bool // something stands in the line already
	colon  bool // the line begins with a colon, so far
	hashes int  // how many stand right before
}

// quiet is a text in which no command begins: the character that would make one is
// escaped. Texts are taken one after the other, cut wherever they may be.
func (j *jobLog) quiet(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		switch {
		case c == ':' && j.colon:
			out = append(out, `\u003a`...)
		case c == '[' && j.hashes >= 2:
			out = append(out, `\u005b`...)
		default:
			out = append(out, c)
		}
		j.colon = c == ':' && !j.begun
		j.begun = c != '\n' && (j.begun || c != ' ' && c != '\t')
		if c == '#' {
			j.hashes++
		} else {
			j.hashes = 0
		}
	}
	return out
}
