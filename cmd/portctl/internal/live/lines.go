package live

import (
	"fmt"
	"io"
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
			return fmt.Sprintf("buying %s, %s", render.Plural(e.Orders, "order", "orders"), render.Plural(e.Services, "service", "services"))
		}
	case apply.OrderFinished:
		l.done++
		return l.order(e)
	case apply.PortStatus:
		return fmt.Sprintf("%s %s is %s", render.Clean(e.Name), e.UID.Short(), e.Status)
	case apply.ListingFailed:
		return fmt.Sprintf("the account could not be listed, looking again: %s", render.Clean(e.Err.Error()))
	case apply.LOASaved:
		return fmt.Sprintf("%s %s: LOA saved to %s", render.Clean(e.Name), e.UID.Short(), e.Path)
	case apply.LOAFailed:
		return fmt.Sprintf("%s %s: no LOA: %s", render.Clean(e.Name), e.UID.Short(), render.Clean(e.Err.Error()))
	}
	return ""
}

func (l *Lines) order(e apply.OrderFinished) string {
	count := fmt.Sprintf("[%d/%d]", l.done, l.total)
	if e.Outcome == apply.Bought {
		return fmt.Sprintf("%s bought %s: %s %s a month", count, render.Clean(e.Name), e.Price.Currency, e.Price.Monthly.Grouped())
	}
	return fmt.Sprintf("%s %s: %s: %s", count, e.Outcome, render.Clean(e.Name), render.Clean(e.Failure.Message))
}
