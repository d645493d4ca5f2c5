package progress

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
)

// View draws the progress of a run in the last lines of a terminal, and prints
// what went wrong above them as it happens.
type View struct {
	screen   *Screen
	size     func() (cols, rows int)
	clock    func() time.Time
	color    bool
	mu       sync.Mutex
	progress *Progress
	lines    *Lines
	over     bool
	stop     chan struct{}
	stopped  chan struct{}
}

// refresh is how often the view is drawn.
const refresh = 150 * time.Millisecond

// NewView draws on a screen until Close. size is asked for every frame, so that
// the view follows the terminal; clock tells the time of day.
func NewView(screen *Screen, size func() (cols, rows int), clock func() time.Time, color bool) *View {
	v := &View{
		screen: screen, size: size, clock: clock, color: color, progress: NewProgress(), lines: NewLines(screen, clock),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go v.redraw()
	return v
}

// Event takes an event in.
func (v *View) Event(e apply.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.progress.Event(e, v.clock())
	if trouble(e) {
		v.lines.Event(e)
	} else {
		v.lines.text(e) // counts along
	}
	if _, done := e.(apply.RunFinished); done {
		v.over = true
	}
}

// Close takes the view off the screen.
func (v *View) Close() {
	close(v.stop)
	<-v.stopped
	cols, _ := v.size()
	_ = v.screen.Draw(nil, cols)
}

func (v *View) redraw() {
	defer close(v.stopped)
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()
	for {
		select {
		case <-v.stop:
			return
		case <-ticker.C:
			cols, rows := v.size()
			_ = v.screen.Draw(v.frame(cols, rows), cols)
		}
	}
}

func (v *View) frame(cols, rows int) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.progress.Started.IsZero() || v.over {
		return nil
	}
	return Frame(v.progress, v.clock(), cols, rows, v.color)
}

// trouble says that an event is worth a line of its own beside the bars.
func trouble(e apply.Event) bool {
	switch e := e.(type) {
	case apply.OrderFinished:
		return e.Outcome != apply.Bought || e.FoundBy != ""
	case apply.ChangeFinished:
		return e.Failure != nil
	case apply.PortSeen:
		return e.Status.Unhealthy() || e.Status.Terminated()
	case apply.APIBusy, apply.ListingFailed, apply.LedgerFailed, apply.LOAFailed, apply.ManifestFailed:
		return true
	}
	return false
}

// Frame draws progress in at most rows-1 lines of cols columns: the bars of the
// phases first, then money and time, then the ports that wait longest.
func Frame(p *Progress, now time.Time, cols, rows int, color bool) []string {
	f := frame{p, now, cols, color}
	lines := f.bars()
	lines = append(lines, f.money()...)
	lines = append(lines, f.time())
	room := rows - 1 - len(lines)
	lines = append(lines, f.slowest(min(room, 6))...)
	return lines[:min(len(lines), max(1, rows-1))]
}

type frame struct {
	*Progress
	now   time.Time
	cols  int
	color bool
}

func (f frame) bars() []string {
	var lines []string
	if f.Run.Orders > 0 {
		lines = append(lines, f.bar("Ordered", f.Bought, f.NotBought+f.Open, f.Run.Orders, badOrders(f.NotBought, f.Open)))
	}
	if changes := f.Run.Updates + f.Run.Cancels; changes > 0 {
		lines = append(lines, f.bar("Changed", f.Changed, 0, changes, ""))
	}
	lines = append(lines, f.bar("Provisioned", f.Ready, f.Broken, f.Expected, fmt.Sprintf("%d broken", f.Broken)))
	if f.Run.LOAs > 0 {
		lines = append(lines, f.bar("LOAs", f.Saved, f.Missed, f.Expected, fmt.Sprintf("%d missing", f.Missed)))
	}
	return lines
}

// bar is one phase: its name, a bar when there is room, the counts.
func (f frame) bar(name string, good, bad, total int, badly string) string {
	counts := fmt.Sprintf("%*d/%d", len(fmt.Sprint(total)), good, total)
	trouble := ""
	if bad > 0 {
		trouble = f.paint(red, " · "+badly)
	}
	width := min(f.cols-len("Provisioned  ")-len(counts)-26, 60)
	if width < 8 {
		return fmt.Sprintf("%-12s %s%s", name, counts, trouble)
	}
	done, failed := share(good, total, width), share(bad, total, width)
	rest := strings.Repeat("░", max(0, width-done-failed))
	return fmt.Sprintf("%-12s %s%s%s %s%s", name, f.paint(green, strings.Repeat("█", done)), f.paint(red, strings.Repeat("▒", failed)), rest, counts, trouble)
}

func badOrders(notBought, open int) string {
	switch {
	case open == 0:
		return fmt.Sprintf("%d not ordered", notBought)
	case notBought == 0:
		return fmt.Sprintf("%d unconfirmed", open)
	}
	return fmt.Sprintf("%d not ordered · %d unconfirmed", notBought, open)
}

// share is the part of a width that n of total take: all of it only when nothing
// is left, and something as soon as there is anything.
func share(n, total, width int) int {
	switch {
	case n <= 0 || total <= 0:
		return 0
	case n >= total:
		return width
	}
	return min(max(1, n*width/total), width-1)
}

func (f frame) money() []string {
	var lines []string
	for _, c := range f.Committed.Currencies() {
		cost := f.Committed[c]
		line := fmt.Sprintf("%s %s monthly, commitment %s", c, cost.Monthly.Grouped(), cost.Commitment.Grouped())
		if all, ok := f.Run.Totals[c]; ok && !all.Commitment.Equal(cost.Commitment) && f.cols >= 80 {
			line += fmt.Sprintf(" of %s", all.Commitment.Grouped())
		}
		lines = append(lines, render.Clean(line))
	}
	return lines
}

func (f frame) time() string {
	parts := []string{"elapsed " + clockTime(f.now.Sub(f.Started))}
	if left, ok := f.Left(f.now); ok {
		if f.SettledAt.IsZero() {
			parts = append(parts, "orders done in about "+clockTime(left))
		} else {
			parts = append(parts, "timeout in "+clockTime(left))
		}
	}
	if f.SettledAt.IsZero() && f.Run.Orders > 0 {
		parts = append(parts, fmt.Sprintf("%.1f orders/s", f.Rate(f.now)))
	}
	if f.now.Before(f.Waits.Until) {
		parts = slices.Insert(parts, 1, fmt.Sprintf("the request budget (%s) is spent, going on at %s", f.Waits.Budget, timeOfDay(f.Waits.Until)))
	}
	return f.paint(dim, fitting(parts, f.cols-1))
}

// fitting joins as many of the parts as there is room for.
func fitting(parts []string, cols int) string {
	line := parts[0]
	for _, p := range parts[1:] {
		if text.StringWidthWithoutEscSequences(line+" · "+p) > cols {
			break
		}
		line += " · " + p
	}
	return line
}

// slowest lists the ports that wait longest: at most n lines, with a title.
func (f frame) slowest(n int) []string {
	if n < 2 {
		return nil
	}
	waits := f.Slowest(n - 1)
	if len(waits) == 0 {
		return nil
	}
	lines := []string{"Waiting longest:"}
	for _, w := range waits {
		status := string(w.Status)
		if status == "" {
			status = "not listed yet"
		}
		lines = append(lines, fmt.Sprintf("  %s  %s  %s", clockTime(f.now.Sub(w.Since)), render.Clean(w.Name), render.Clean(status)))
	}
	return lines
}

// clockTime is minutes and seconds, with hours when there are any.
func clockTime(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

const (
	dim   = "2"
	red   = "31"
	green = "32"
)

func (f frame) paint(code, s string) string {
	if !f.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
