package live

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Screen is a writer to a terminal whose last lines can be drawn in place. What
// is written while they are shown goes above them, line by line. Without them it
// writes through, so that it can stand for the terminal all along. It is safe for
// use by many goroutines.
type Screen struct {
	mu   sync.Mutex
	w    io.Writer
	area []string // as drawn
	cols int      // of the terminal when it was drawn
	rest []byte   // of a line that is not whole yet
}

// NewScreen writes to w.
func NewScreen(w io.Writer) *Screen { return &Screen{w: w} }

// Inner is the writer below.
func (s *Screen) Inner() io.Writer { return s.w }

// Write prints above the drawn lines, if there are any.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.area) == 0 {
		return s.w.Write(p)
	}
	s.rest = append(s.rest, p...)
	end := bytes.LastIndexByte(s.rest, '\n') + 1
	if end == 0 {
		return len(p), nil
	}
	var b bytes.Buffer
	b.WriteString(s.up(s.cols))
	b.WriteString("\x1b[J")
	b.Write(s.rest[:end])
	s.rest = append(s.rest[:0], s.rest[end:]...)
	b.WriteString(join(s.area))
	_, err := s.w.Write(b.Bytes())
	return len(p), err
}

// Draw shows lines in place of those drawn before, in one write, so that nothing
// flickers. cols is the width of the terminal; longer lines are cut. No lines
// clear the area.
func (s *Screen) Draw(lines []string, cols int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b bytes.Buffer
	b.WriteString(s.up(cols))
	shown := make([]string, 0, len(lines))
	for _, l := range lines {
		// The last column stays free: some terminals begin a new line in it.
		shown = append(shown, text.Trim(l, max(1, cols-1)))
	}
	b.WriteString(join(shown))
	if len(s.area) > 0 {
		b.WriteString("\x1b[J")
	}
	if len(shown) == 0 {
		b.Write(s.rest)
		s.rest = nil
	}
	s.area, s.cols = shown, cols
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

// join ends each line after clearing what is behind it.
func join(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l)
		b.WriteString("\x1b[K\n")
	}
	return b.String()
}
