package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// The size of the timeline's picture.
const (
	timelineWidth  = 900
	timelineHeight = 240
	timelineLeft   = 40
	timelineBottom = 24
)

// timeline is how many ports came how far until when. Its times are those of events, of
// the ledger, of the LOAs and of the account.
type timeline struct {
	Series []series
	Ticks  []tick
	Shades []shade // runs
	Most   int
	Width, Height,
	Left, Floor int
}

// series is one line: steps up.
type series struct {
	Key, Name   string
	Path        string
	First, Last string
	Count       int
}

type tick struct {
	X    int
	Text string
}

type shade struct{ X, Width int }

// run is a run of apply, for the table beside the picture.
type run struct {
	Started, Finished string
	Bought, Services  int
	Exit              int
	Origin            string
}

func runsOf(results []apply.Result) []run {
	var runs []run
	for _, r := range results {
		x := run{Started: clock(r.StartedAt), Finished: clock(r.FinishedAt), Bought: r.Summary.Bought, Services: r.Summary.Services, Exit: r.ExitCode}
		if r.Origin != nil {
			x.Origin = r.Origin.URL
		}
		runs = append(runs, x)
	}
	return runs
}

// stage is what a series counts.
type stage struct {
	key, name string
	times     []time.Time
}

// stagesOf collects the times of each stage, one for each port.
func stagesOf(in Input) []stage {
	var ordered, provisioned, letters, sent, live []time.Time
	seen, saved := firstOf(in.Events, apply.PortSeen{}), firstOf(in.Events, apply.LOASaved{})
	for _, p := range in.Status.Ports {
		if p.UID == "" {
			continue
		}
		switch {
		case p.Purchase != nil:
			ordered = append(ordered, p.Purchase.At)
		case !p.CreatedAt.IsZero():
			ordered = append(ordered, p.CreatedAt)
		}
		if at, known := seen[p.UID]; known {
			provisioned = append(provisioned, at)
		}
		if p.LOA != nil && p.LOA.File != "" {
			letters = append(letters, later(p.LOA.FetchedAt, saved[p.UID]))
		}
		if p.Handover != nil && !p.Handover.SentAt.IsZero() {
			sent = append(sent, p.Handover.SentAt)
		}
		if !p.LiveAt.IsZero() {
			live = append(live, p.LiveAt)
		}
	}
	return []stage{{"ordered", "ordered", ordered}, {"provisioned", "provisioned", provisioned}, {"loa", "LOA", letters}, {"sent", "handed over", sent}, {"live", "LIVE", live}}
}

// firstOf is when each port was first seen ready, or its LOA saved.
func firstOf(events []Event, like apply.Event) map[plan.ServiceUID]time.Time {
	at := map[plan.ServiceUID]time.Time{}
	for _, e := range events {
		_, known := at[e.UID]
		if e.Type == like.Type() && !known && (e.Status == "" || e.Status.Ready()) {
			at[e.UID] = e.Time
		}
	}
	return at
}

// later is the event of a time that is known to the second only, where there is one.
func later(second, event time.Time) time.Time {
	if event.Truncate(time.Second).Equal(second) {
		return event
	}
	return second
}

// timelineOf is nil when fewer than two times are known.
func timelineOf(in Input) *timeline {
	stages := stagesOf(in)
	var first, last time.Time
	most := 0
	for _, s := range stages {
		most = max(most, len(s.times))
		for _, t := range s.times {
			if first.IsZero() || t.Before(first) {
				first = t
			}
			if t.After(last) {
				last = t
			}
		}
	}
	for _, r := range in.Runs {
		if !first.IsZero() && r.StartedAt.Before(first) {
			first = r.StartedAt
		}
		if r.FinishedAt.After(last) {
			last = r.FinishedAt
		}
	}
	if first.IsZero() || !last.After(first) {
		return nil
	}
	t := &timeline{Most: most, Width: timelineWidth, Height: timelineHeight, Left: timelineLeft, Floor: timelineHeight - timelineBottom}
	x := func(at time.Time) int {
		return timelineLeft + int(float64(at.Sub(first))/float64(last.Sub(first))*float64(timelineWidth-timelineLeft-10))
	}
	for _, s := range stages {
		if len(s.times) > 0 {
			t.Series = append(t.Series, t.steps(s, x))
		}
	}
	for _, r := range in.Runs {
		t.Shades = append(t.Shades, shade{x(r.StartedAt), max(1, x(r.FinishedAt)-x(r.StartedAt))})
	}
	t.Ticks = ticks(first, last, x)
	return t
}

// steps draws a line that goes up at each time, and on to the right edge.
func (t *timeline) steps(s stage, x func(time.Time) int) series {
	slices.SortFunc(s.times, time.Time.Compare)
	out := series{Key: s.key, Name: s.name, Count: len(s.times), First: clock(s.times[0]), Last: clock(s.times[len(s.times)-1])}
	var b strings.Builder
	fmt.Fprintf(&b, "M%d %d", x(s.times[0]), t.Floor)
	for i, at := range s.times {
		if i+1 < len(s.times) && x(s.times[i+1]) == x(at) {
			continue // one step for what is one point
		}
		fmt.Fprintf(&b, "H%dV%d", x(at), t.Floor-(i+1)*(t.Floor-10)/t.Most)
	}
	fmt.Fprintf(&b, "H%d", timelineWidth-10)
	out.Path = b.String()
	return out
}

// ticks are five times along the axis, as exact as the span asks for.
func ticks(first, last time.Time, x func(time.Time) int) []tick {
	format := time.DateOnly
	switch span := last.Sub(first); {
	case span < 20*time.Second:
		format = "15:04:05.0"
	case span < 5*time.Minute:
		format = "15:04:05"
	case span < 48*time.Hour:
		format = "01-02 15:04"
	}
	var out []tick
	for i := range 5 {
		at := first.Add(last.Sub(first) * time.Duration(i) / 4)
		out = append(out, tick{x(at), at.UTC().Format(format)})
	}
	return out
}
