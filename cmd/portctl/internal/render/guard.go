package render

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/portctl/portctl/pkg/plan"
)

// Guard is a writer at the edge of the program: whatever is written, and whoever
// forgot to clean a text from elsewhere, nothing that is invisible, controls a
// terminal or turns the direction of writing gets through as it is. Line ends and
// tabs do, and colours when they are allowed. It is safe for use by many
// goroutines.
type Guard struct {
	mu      sync.Mutex
	w       io.Writer
	painted bool
	rest    []byte // the beginning of a character or colour whose end is to come
	job     *jobLog
}

// NewGuard writes to w. painted allows the colours that portctl itself uses.
func NewGuard(w io.Writer, painted bool) *Guard { return &Guard{w: w, painted: painted} }

// NewJobGuard writes to the log of a job, which carries out commands that stand in it:
// none gets through, and no colours.
func NewJobGuard(w io.Writer) *Guard { return &Guard{w: w, job: &jobLog{}} }

// Inner is the writer below.
func (g *Guard) Inner() io.Writer { return g.w }

// Write passes on what may be shown, and everything else as an escape.
func (g *Guard) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	whole := append(g.rest, p...)
	cut := len(whole) - unfinished(whole, g.painted)
	g.rest = append([]byte(nil), whole[cut:]...)
	if err := g.pass(whole[:cut]); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (g *Guard) pass(b []byte) error {
	shown := Shown(b, g.painted)
	if g.job != nil {
		shown = g.job.quiet(shown)
	}
	_, err := g.w.Write(shown)
	return err
}

// Flush passes on what was kept back because it could have been the beginning of a
// character.
func (g *Guard) Flush() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.rest) == 0 {
		return nil
	}
	err := g.pass(g.rest)
	g.rest = nil
	return err
}

// Shown is a text as it may be shown; see [Guard].
func Shown(b []byte, painted bool) []byte {
	if !painted {
		return plan.VisibleText(b)
	}
	var out []byte
	for {
		at := bytes.IndexByte(b, 0x1b)
		if at < 0 {
			return append(out, plan.VisibleText(b)...)
		}
		n := colour(b[at:])
		out = append(out, plan.VisibleText(b[:at])...)
		if n == 0 {
			n = 1
			out = append(out, plan.VisibleText(b[at:at+1])...)
		} else {
			out = append(out, b[at:at+n]...)
		}
		b = b[at+n:]
	}
}

// colour is the length of the sequence that a text begins with, if it is one that
// portctl or its log sets: no background, nothing concealed, nothing that moves.
func colour(b []byte) int {
	body, found := bytes.CutPrefix(b, []byte("\x1b["))
	end := bytes.IndexByte(body, 'm')
	if !found || end < 0 {
		return 0
	}
	for code := range strings.SplitSeq(string(body[:end]), ";") {
		n, err := strconv.ParseUint(code, 10, 8)
		foreground := n >= 30 && n <= 37 || n == 39 || n >= 90 && n <= 97
		if code != "" && (err != nil || n > 2 && n != 22 && !foreground) {
			return 0
		}
	}
	return len("\x1b[") + end + 1
}

// begun says that a text, which begins with ESC, may become a colour.
func begun(b []byte) bool {
	const longest = 16
	return len(b) <= longest && len(bytes.Trim(b[1:], "[0123456789;")) == 0
}

// unfinished is the number of bytes at the end of a text that need what follows to
// be understood.
func unfinished(b []byte, painted bool) int {
	if painted {
		if at := bytes.LastIndexByte(b, 0x1b); at >= 0 && begun(b[at:]) {
			return len(b) - at
		}
	}
	for n := 1; n <= min(len(b), utf8.UTFMax-1); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return n
			}
			return 0
		}
	}
	return 0
}
