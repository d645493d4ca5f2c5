package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/portctl/portctl/cmd/portctl/internal/live"
	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
)

// eventsToStdout is the value of --events that gives standard output to the
// events.
const eventsToStdout = "-"

// errTwoDocuments: one stream can not carry both.
var errTwoDocuments = withHint(errors.New("--events - and --format json both want standard output"),
	"the last event holds the whole result; or write one of the two to a file: --events FILE, --result FILE")

// eventStream is where the events of a run go as NDJSON.
type eventStream struct {
	*apply.EventWriter
	close func() error
}

// openEvents opens the file of --events before any money is spent. When the
// events take standard output, everything that is for people goes to standard
// error: the streams returned say so.
func openEvents(s Streams, name string) (*eventStream, Streams, error) {
	switch name {
	case "":
		return nil, s, nil
	case eventsToStdout:
		stream := &eventStream{apply.NewEventWriter(s.Out, time.Now), func() error { return nil }}
		s.Out, s.OutTerminal = s.Err, s.ErrTerminal
		return stream, s, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, s, err
	}
	return &eventStream{apply.NewEventWriter(render.NewGuard(file, false), time.Now), file.Close}, s, nil
}

// finish closes the stream and tells of an event that could not be written: the
// run itself went on.
func (e *eventStream) finish(s Streams) {
	if e == nil {
		return
	}
	if err := errors.Join(e.Err(), e.close()); err != nil {
		fmt.Fprintf(s.Err, "warning: not all events could be written: %v\n", err)
	}
}

// watching is what shows a run while it goes on.
type watching struct {
	sinks []func(apply.Event)
	stop  func()
}

// watch shows a run: live on a terminal, as lines elsewhere, not at all when
// quiet; and as events when asked to.
func (g *globals) watch(s Streams, events *eventStream) *watching {
	w := &watching{stop: func() {}}
	if events != nil {
		w.sinks = append(w.sinks, events.Event)
	}
	switch {
	case g.quiet:
	case s.ErrTerminal && s.Getenv("TERM") != "dumb":
		screen := screenOf(s)
		view := live.NewView(screen, size(screen.Inner()), time.Now, g.colorErr(s))
		w.sinks, w.stop = append(w.sinks, view.Event), sync.OnceFunc(view.Close)
	default:
		w.sinks = append(w.sinks, live.NewLines(s.Err, time.Now).Event)
	}
	return w
}

// Event hands an event to everything that shows it.
func (w *watching) Event(e apply.Event) {
	for _, sink := range w.sinks {
		sink(e)
	}
}

// onScreen is the world with a standard error in which lines can be drawn in
// place.
func onScreen(s Streams) Streams {
	if s.ErrTerminal {
		s.Err = live.NewScreen(s.Err)
	}
	return s
}

func screenOf(s Streams) *live.Screen {
	if screen, ok := inner(s.Err).(*live.Screen); ok {
		return screen
	}
	return live.NewScreen(inner(s.Err))
}

// size asks a terminal how large it is, now.
func size(w io.Writer) func() (cols, rows int) {
	return func() (int, int) {
		if file, ok := w.(*os.File); ok {
			if cols, rows, err := term.GetSize(int(file.Fd())); err == nil && cols > 0 && rows > 0 {
				return cols, rows
			}
		}
		return 80, 24
	}
}

// surviveClosedPipes lets a write to a pipe that nobody reads any more fail
// instead of ending the process: it must not cut off orders in flight.
func surviveClosedPipes() { signal.Ignore(syscall.SIGPIPE) }
