package megaport

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// learnedRate is what refusals (429) teach of a server whose limit nobody published:
// how many requests it lets in a second. There is no limit until most requests of a
// moment were refused, or some were twice. From there the rate comes back halfway to
// where it was refused last, again and again, and then tries more by small steps that
// grow: a refusal is dear, because an order that was turned away is looked for before it
// is sent again, and yet one that had another reason is soon forgotten.
type learnedRate struct {
	limit *rate.Limiter

	mu       sync.Mutex
	accepted []time.Time // of the last learnFrom, or before the refusals that are not judged yet
	last     []bool      // of the last requests: whether they were let in
	refusals int         // not judged yet
	first    time.Time   // of them
	judged   time.Time   // when refusals were
	changed  time.Time
	top      rate.Limit // where it was refused last
	step     rate.Limit // by which more is tried next
}

const (
	// learnFrom is how far back the requests count that were let in.
	learnFrom = 2 * time.Second
	// refusalsTogether is how long the refusals of requests that were on their way
	// together count as one.
	refusalsTogether = time.Second
	// lately is how long refusals are remembered when they were few.
	lately = 10 * time.Second
	// slowestRate is the least there is, one request in two seconds, and above
	// fastestRate there is no limit any more.
	slowestRate, fastestRate rate.Limit = 0.5, 1000
	// firstRate is the least that one round of refusals leads to.
	firstRate rate.Limit = 10
	firstStep rate.Limit = 0.05
)

func newLearnedRate() *learnedRate { return &learnedRate{limit: rate.NewLimiter(rate.Inf, 1)} }

// take waits until a request may be sent.
func (r *learnedRate) take(ctx context.Context) error { return r.limit.Wait(ctx) }

// answered notes a request that was let in.
func (r *learnedRate) answered(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(true)
	if r.refusals > 0 && now.Sub(r.first) < refusalsTogether { // it was on its way with them
		r.accepted = append(r.accepted, now)
		return
	}
	if r.refusals > 0 {
		r.judge(now)
	}
	r.accepted = append(r.recent(now), now)
	r.raise(now)
}

// refused notes a request that was not.
func (r *learnedRate) refused(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refusals == 0 {
		r.first, r.accepted = now, r.recent(now)
	}
	r.refusals++
	r.note(false)
}

// fewLast is how many requests are enough to tell a limit from single refusals.
const fewLast = 20

func (r *learnedRate) note(let bool) {
	r.last = append(r.last, let)
	r.last = r.last[max(0, len(r.last)-fewLast):]
}

// mostRefused says that hardly anything is let in at this rate.
func (r *learnedRate) mostRefused() bool {
	refused := 0
	for _, let := range r.last {
		if !let {
			refused++
		}
	}
	return 2*refused > max(len(r.last), fewLast/2)
}

// judge lowers the rate for the refusals that came together.
func (r *learnedRate) judge(now time.Time) {
	at, seen, most := r.limit.Limit(), r.seen(), r.mostRefused()
	switch {
	case at != rate.Inf && most:
		r.top = at
		r.set(now, at/2)
	case at != rate.Inf:
		r.top = at
		r.set(now, at*0.95)
	case seen > 0 && (most || now.Sub(r.judged) < lately): // it may have been seen idle
		r.top = max(seen, firstRate)
		r.set(now, r.top*0.95)
	}
	r.refusals, r.judged, r.step = 0, now, firstStep
}

// raise tries a little more once in a while.
func (r *learnedRate) raise(now time.Time) {
	at, since := r.limit.Limit(), now.Sub(r.changed)
	switch {
	case at == rate.Inf:
	case at < r.top*0.95:
		if since >= 5*time.Second {
			r.set(now, at+(r.top-at)/2)
		}
	case r.step == firstStep && since >= 20*time.Second || r.step > firstStep && since >= 5*time.Second:
		r.set(now, at*(1+r.step))
		r.step = min(2*r.step, 1)
	}
}

func (r *learnedRate) set(now time.Time, to rate.Limit) {
	r.changed = now
	if to = max(to, slowestRate); to > fastestRate {
		to = rate.Inf
	}
	r.limit.SetLimit(to)
}

func (r *learnedRate) recent(now time.Time) []time.Time {
	return slices.DeleteFunc(r.accepted, func(at time.Time) bool { return now.Sub(at) > learnFrom })
}

// seen is the rate at which requests were let in before the refusals.
func (r *learnedRate) seen() rate.Limit {
	if len(r.accepted) == 0 {
		return 0
	}
	return rate.Limit(float64(len(r.accepted)) / max(r.first.Sub(r.accepted[0]).Seconds(), 1))
}
