package progress

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
)

// Screen is a writer to a terminal whose last lines can be drawn in place. What
// is written while they are shown goes above them, line by line. Without them it
// writes through, so that it can stand for the terminal all along. It is safe for
// use by many goroutines.
type Screen struct {
	mu   sync.Mutex
	w    io.Writer
	area []string // as drawn
	rest []byte   // to be printed above with the next drawing
}

// NewScreen writes to w.
func NewScreen(w io.Writer) *Screen { return &Screen{w: w} }

// Inner is the writer below.
func (s *Screen) Inner() io.Writer { return s.w }

// Write prints above the drawn lines, if there are any, with the next drawing:
// only then is it known how wide the terminal has become.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.area) == 0 {
		return s.w.Write(p)
	}
	s.rest = append(s.rest, p...)
	return len(p), nil
}

// Draw shows lines in place of those drawn before, in one write, so that nothing
// flickers. cols is the width of the terminal; longer lines are cut. No lines
// clear the area.
func (s *Screen) Draw(lines []string, cols int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b bytes.Buffer
	b.WriteString(s.up(cols))
	above := bytes.LastIndexByte(s.rest, '\n') + 1
	if len(lines) == 0 {
		above = len(s.rest)
	}
	if len(s.area) > 0 && (above > 0 || len(lines) == 0) {
		b.WriteString("\x1b[J")
	}
	b.Write(s.rest[:above])
	s.rest = append([]byte(nil), s.rest[above:]...)
	shown := make([]string, 0, len(lines))
	for _, l := range lines {
		// The last column stays free: some terminals begin a new line in it.
		shown = append(shown, text.Trim(string(render.Shown([]byte(l), true)), max(1, cols-1)))
	}
	b.WriteString(join(shown))
	if len(s.area) > 0 { // a terminal that became narrower has broken lines into more rows
		b.WriteString("\x1b[J")
	}
	s.area = shown
	_, err := s.w.Write(b.Bytes())
	return err
}

// up moves to the first of the drawn lines. A terminal that became narrower has
// broken them into several rows.
func (s *Screen) up(cols int) string {
	rows := 0
	for _, l := range s.area {
		rows += max(1, (text.StringWidthWithoutEscSequences(l)+cols-1)/max(1, cols))
	}
	if rows == 0 {
		return ""
	}
	return fmt.Sprintf("\r\x1b[%dA", rows)
}

// join writes each line onto an empty one. The whole line is emptied first: a
// terminal that is resized reflows what it believes to be part of a line, and it
// forgets that only for lines that were emptied.
func join(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString("\x1b[2K")
		b.WriteString(l)
		b.WriteString("\n")
	}
	return b.String()
}
