package cli

import (
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/term"
)

// Streams is the world a command runs in.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	// Hurry is closed by the second Ctrl-C: the command has two seconds to write its
	// result and to give the lock back. Nil never is.
	Hurry <-chan struct{}
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// Width is the number of columns of Out; 0 when it is no terminal.
	Width int
	// InTerminal, OutTerminal and ErrTerminal say which ends are a person's.
	InTerminal, OutTerminal, ErrTerminal bool
}

func (s Streams) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// OS is the world of a real process.
func OS() Streams {
	s := Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if s.OutTerminal {
		if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
			s.Width = width
		}
	}
	if width, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && width > 0 {
		s.Width = width
	}
	return s
}
