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

	"github.com/portctl/portctl/cmd/portctl/internal/progress"
	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/megaport"
)

// eventsToStdout is the value of --events that gives standard output to the
// events.
const eventsToStdout = "-"

// errTwoDocuments: one stream cannot carry both.
var errTwoDocuments = withHint(errors.New("--events - and --format json both write to standard output"),
	"the last event holds the whole result; or write one of the two to a file: --events FILE, --result FILE")

// eventStream is where the events of a run go as NDJSON.
type eventStream struct {
	*apply.EventWriter
	close func() error
}

// openEvents opens the file of --events before any money is spent. When the
// events take standard output, everything that is for people goes to standard
// error: the streams returned say so.
func openEvents(s Env, name string) (*eventStream, Env, error) {
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

// finish closes the stream and adds an event that could not be written to the
// command's own error: the run itself went on, and its exit code counts more.
func (e *eventStream) finish(s Env, err error) error {
	if e == nil {
		return err
	}
	lost := errors.Join(e.Err(), e.close())
	switch {
	case lost == nil:
		return err
	case err == nil:
		return fmt.Errorf("not all events could be written: %w", lost)
	}
	fmt.Fprintf(s.Err, "warning: not all events could be written: %v\n", lost)
	return err
}

// watching is what shows a run while it goes on.
type watching struct {
	mu    sync.Mutex
	sinks []func(apply.Event)
	stop  func()
}

// watch shows a run: live on a terminal, as lines elsewhere, not at all when
// quiet; and as events when asked to.
func (g *globals) watch(s Env, events *eventStream) *watching {
	w := &watching{stop: func() {}}
	if events != nil {
		w.sinks = append(w.sinks, within(events.Event))
	}
	switch {
	case g.quiet:
	case s.ErrTerminal && s.Getenv("TERM") != "dumb":
		screen := screenOf(s)
		view := progress.NewView(screen, size(screen.Inner()), time.Now, g.colorErr(s))
		w.sinks, w.stop = append(w.sinks, view.Event), sync.OnceFunc(view.Close)
	default:
		w.sinks = append(w.sinks, progress.NewLines(s.Err, time.Now).Event)
	}
	return w
}

// within keeps what is not of the run itself between its first and its last event.
func within(sink func(apply.Event)) func(apply.Event) {
	running := false
	return func(e apply.Event) {
		switch e.(type) {
		case apply.RunStarted:
			running = true
		case apply.RunFinished:
			running = false
		case apply.APIBusy, apply.BudgetSpent:
			if !running {
				return
			}
		}
		sink(e)
	}
}

// waitTeller says that requests wait, so that nobody does so in silence.
type waitTeller struct {
	mu        sync.Mutex
	otherwise func(apply.Event) // while nothing shows a run; nil says nothing
	failing   func(error)       // that a call is repeated, while nothing shows a run
	sink      func(apply.Event)
}

func (g *globals) waitTeller(s Env) *waitTeller {
	t := &waitTeller{failing: func(error) {}}
	if !g.quiet {
		t.otherwise = progress.NewLines(s.Err, time.Now).Event
		t.failing = func(err error) {
			fmt.Fprintf(s.Err, "no usable answer, trying again: %s\n", render.Clean(err.Error()))
		}
	}
	return t
}

// to hands the news to what shows a run; nil ends that.
func (t *waitTeller) to(sink func(apply.Event)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sink = sink
}

// tell is called by the client, from many goroutines.
func (t *waitTeller) tell(w megaport.Wait) {
	t.mu.Lock()
	sink, running := t.sink, t.sink != nil
	if sink == nil {
		sink = t.otherwise
	}
	t.mu.Unlock()
	switch {
	case w.Failure != nil && running: // a run tells what its own looks and orders came to
	case w.Failure != nil:
		t.failing(w.Failure)
	case sink == nil:
	case w.Budget == megaport.Budget{}:
		sink(apply.APIBusy{Wait: apply.Seconds{Duration: time.Until(w.Until).Round(time.Second)}})
	default:
		sink(apply.BudgetSpent{Budget: w.Budget.String(), Until: w.Until.UTC().Truncate(time.Second)})
	}
}

// planning shows what is done before there is a plan.
type planning struct {
	*progress.Planning // nil shows nothing
}

// planning begins to show it, on standard error.
func (g *globals) planning(s Env) planning {
	var p planning
	switch {
	case g.quiet:
	case s.ErrTerminal && s.Getenv("TERM") != "dumb":
		screen := screenOf(s)
		p.Planning = progress.NewDrawnPlanning(screen, size(screen.Inner()))
	default:
		p.Planning = progress.NewWrittenPlanning(func(line string) { fmt.Fprintln(s.Err, line) })
	}
	return p
}

// Step shows what is being done.
func (p planning) Step(step refresh.Step) {
	if p.Planning != nil {
		p.Show(step.String())
	}
}

// Close ends the showing.
func (p planning) Close() {
	if p.Planning != nil {
		p.Planning.Close()
	}
}

// Event hands an event to everything that shows it.
func (w *watching) Event(e apply.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, sink := range w.sinks {
		sink(e)
	}
}

// onScreen is the world with a standard error in which lines can be drawn in
// place.
func onScreen(s Env) Env {
	if s.ErrTerminal {
		s.Err = progress.NewScreen(s.Err)
	}
	return s
}

func screenOf(s Env) *progress.Screen {
	if screen, ok := inner(s.Err).(*progress.Screen); ok {
		return screen
	}
	return progress.NewScreen(inner(s.Err))
}

// size asks a terminal how large it is, now.
func size(w io.Writer) func() (cols, rows int) {
	if o, ok := w.(*output); ok {
		w = o.w
	}
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
