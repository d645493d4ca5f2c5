package cli

import (
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/term"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
)

// Env is the world a command runs in.
type Env struct {
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

func (s Env) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// guarded is the world with guards before what people and programs read: no text
// from elsewhere gets past them raw.
func guarded(s Env) Env {
	if s.Getenv("GITHUB_ACTIONS") == "true" {
		s.Out, s.Err = render.NewJobGuard(s.Out), render.NewJobGuard(s.Err)
		return s
	}
	painted := s.Getenv("NO_COLOR") == "" && s.Getenv("TERM") != "dumb"
	s.Out = render.NewGuard(s.Out, s.OutTerminal && painted)
	s.Err = render.NewGuard(s.Err, s.ErrTerminal && painted)
	return s
}

// flush ends what the guards still keep back.
func flush(s Env) {
	for _, w := range []io.Writer{s.Out, s.Err} {
		if g, ok := w.(*render.Guard); ok {
			_ = g.Flush()
		}
	}
}

// content is where a file's own content goes: a terminal is guarded, and a file
// gets it byte for byte.
func (s Env) content() io.Writer {
	if s.OutTerminal {
		return s.Out
	}
	return inner(s.Out)
}

// commands is where commands for the job go, each a line whose texts are escaped.
func (s Env) commands() io.Writer { return render.NewGuard(inner(s.Out), false) }

// inner is the writer behind the guard, for what draws in place. What cannot be written
// to standard output is still accounted for.
func inner(w io.Writer) io.Writer {
	switch x := w.(type) {
	case *output:
		return &output{w: inner(x.w), told: x}
	case *render.Guard:
		return x.Inner()
	}
	return w
}

// OS is the world of a real process.
func OS() Env {
	s := Env{
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
