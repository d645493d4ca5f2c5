package progress

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
)

// Lines writes one line per event, each with the time of day.
type Lines struct {
	w     io.Writer
	clock func() time.Time
	done  int
	total int
}

// NewLines writes to w; clock tells the time of day.
func NewLines(w io.Writer, clock func() time.Time) *Lines { return &Lines{w: w, clock: clock} }

// Event writes the line of an event, if it has one.
func (l *Lines) Event(e apply.Event) {
	if text := l.text(e); text != "" {
		fmt.Fprintf(l.w, "%s %s\n", l.clock().Format("15:04:05"), text)
	}
}

func (l *Lines) text(e apply.Event) string {
	switch e := e.(type) {
	case apply.RunStarted:
		l.total = e.Orders
		if e.Orders > 0 {
			return fmt.Sprintf("ordering %s, %s", render.Plural(e.Orders, "order", "orders"), render.Plural(e.Services, "service", "services"))
		}
	case apply.OrderFinished:
		return l.order(e)
	case apply.OrdersSent:
		if e.Unconfirmed > 0 {
			return fmt.Sprintf("looking up %s until %s", render.Plural(e.Unconfirmed, "unconfirmed order", "unconfirmed orders"), timeOfDay(e.Until))
		}
	case apply.OrderRecovered:
		return fmt.Sprintf("%s, ordered by an earlier run: %s", render.Clean(e.Name), render.Clean(e.Cause))
	case apply.APIBusy:
		return fmt.Sprintf("the API is busy, waiting %s", e.Wait.Round(time.Second))
	case apply.BudgetSpent:
		return fmt.Sprintf("the request budget (%s) is spent, going on at %s", e.Budget, timeOfDay(e.Until))
	case apply.ChangeFinished:
		return change(e)
	case apply.PortSeen:
		return fmt.Sprintf("%s %s is %s", render.Clean(e.Name), e.UID.Short(), render.Clean(string(e.Status)))
	case apply.ListingFailed:
		return fmt.Sprintf("the account could not be listed, trying again: %s", render.Clean(e.Failure.Message))
	case apply.LedgerFailed:
		return fmt.Sprintf("%s: the ledger failed, no new order is sent: %s", render.Clean(e.Name), render.Clean(e.Failure.Message))
	case apply.LOASaved:
		return fmt.Sprintf("%s %s: LOA saved to %s", render.Clean(e.Name), e.UID.Short(), render.Clean(e.Path))
	case apply.LOAFailed:
		if e.Final {
			return fmt.Sprintf("%s %s: no LOA, and later runs do not ask again: %s", render.Clean(e.Name), e.UID.Short(), render.Clean(e.Failure.Message))
		}
		return fmt.Sprintf("%s %s: no LOA: %s", render.Clean(e.Name), e.UID.Short(), render.Clean(e.Failure.Message))
	case apply.ManifestFailed:
		return fmt.Sprintf("the manifest of the LOAs could not be written: %s", render.Clean(e.Failure.Message))
	}
	return ""
}

func timeOfDay(t time.Time) string { return t.Local().Format("15:04:05") }

func (l *Lines) order(e apply.OrderFinished) string {
	name := render.Clean(e.Name)
	if e.FoundBy != "" {
		return fmt.Sprintf("bought %s after all: %s", name, render.Clean(e.FoundBy))
	}
	l.done++
	count := fmt.Sprintf("[%d/%d]", min(l.done, l.total), l.total)
	if e.Outcome == apply.Bought {
		return fmt.Sprintf("%s bought %s: %s %s monthly", count, name, render.Clean(e.Price.Currency), e.Price.Monthly.Grouped())
	}
	return fmt.Sprintf("%s %s: %s: %s", count, e.Outcome, name, failure(e.Failure))
}

// change is what became of an update or a cancellation. What was terminated is told
// whatever failed after it.
func change(e apply.ChangeFinished) string {
	text := fmt.Sprintf("%s %s", e.Outcome, render.Clean(e.Name))
	if e.Failure != nil {
		text = fmt.Sprintf("%s: %s: %s", e.Outcome, render.Clean(e.Name), failure(e.Failure))
	}
	for _, c := range e.Cancelled {
		text += fmt.Sprintf("; %s is cancelled", render.CancelledService(c))
	}
	return text
}

// failure is what went wrong, with the name by which support finds it.
func failure(f *apply.Failure) string {
	switch {
	case f == nil:
		return "no reason is known"
	case f.TraceID != "" && !strings.Contains(f.Message, f.TraceID):
		return fmt.Sprintf("%s (trace id %s)", render.Clean(f.Message), render.Clean(f.TraceID))
	}
	return render.Clean(f.Message)
}
