package progress

import (
	"cmp"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// Progress is what the events of a run add up to.
type Progress struct {
	// Run is the announcement.
	Run apply.RunStarted
	// Started is when the run began; SettledAt when all orders were sent, zero
	// before.
	Started, SettledAt time.Time
	// Bought counts orders that were bought, NotBought those that failed,
	// and Open those that are unconfirmed or wait for an approval.
	Bought, NotBought, Open int
	// Changed counts updates and cancellations that are over.
	Changed int
	// Expected is how many ports the run looks after as far as is known now; of
	// these Ready are provisioned and Broken never will be by themselves.
	Expected, Ready, Broken int
	// Saved counts LOAs on disk, Missed those that could not be had.
	Saved, Missed int
	// Waits is the last time that requests waited for their budget.
	Waits apply.BudgetSpent
	// Committed is what was bought so far, per currency.
	Committed plan.Totals

	outcomes map[string]apply.Outcome
	planned  map[string]apply.Planned
	waits    map[plan.ServiceUID]Wait
}

// Wait is a port that was bought and is not ready.
type Wait struct {
	Name string
	UID  plan.ServiceUID
	// Since is when it was bought.
	Since  time.Time
	Status plan.Status
}

// NewProgress knows nothing yet.
func NewProgress() *Progress {
	return &Progress{
		Committed: plan.Totals{}, outcomes: map[string]apply.Outcome{},
		planned: map[string]apply.Planned{}, waits: map[plan.ServiceUID]Wait{},
	}
}

// Event takes an event in; now is the time of day.
func (p *Progress) Event(e apply.Event, now time.Time) {
	switch e := e.(type) {
	case apply.RunStarted:
		p.Run, p.Started = e, now
		p.Expected, p.Ready, p.Saved = e.Ports, e.Ready, e.Kept
		for _, x := range e.Planned {
			p.planned[x.Name] = x
		}
	case apply.OrderFinished:
		p.order(e, now)
	case apply.BudgetSpent:
		p.Waits = e
	case apply.ChangeFinished:
		p.Changed++
	case apply.OrdersSent:
		p.SettledAt = now
	case apply.PortSeen:
		p.port(e, now)
	case apply.LOASaved:
		p.Saved++
	case apply.LOAFailed:
		p.Missed++
	}
}

// order counts an order. An unconfirmed one may finish once more.
func (p *Progress) order(e apply.OrderFinished, now time.Time) {
	before, again := p.outcomes[e.Name]
	p.outcomes[e.Name] = e.Outcome
	services := p.planned[e.Name].Services
	if again {
		*p.counter(before)--
	}
	*p.counter(e.Outcome)++
	if e.Outcome != apply.Bought {
		if !again {
			p.Expected -= services
		}
		return
	}
	if again && before != apply.Bought {
		p.Expected += services
	}
	if !again || before != apply.Bought {
		p.Committed.Add(e.Price)
	}
	for _, uid := range e.UIDs {
		if _, known := p.waits[uid]; !known {
			p.waits[uid] = Wait{e.Name, uid, now, ""}
		}
	}
}

func (p *Progress) counter(o apply.Outcome) *int {
	switch o {
	case apply.Bought:
		return &p.Bought
	case apply.Unknown, apply.Queued:
		return &p.Open
	}
	return &p.NotBought
}

func (p *Progress) port(e apply.PortSeen, now time.Time) {
	w, known := p.waits[e.UID]
	if !known {
		w = Wait{e.Name, e.UID, now, ""}
	}
	was := w.Status
	w.Status = e.Status
	p.waits[e.UID] = w
	switch {
	case e.Status.Ready() && !was.Ready():
		p.Ready++
	case (e.Status.Unhealthy() || e.Status.Terminated()) && !was.Unhealthy() && !was.Terminated():
		p.Broken++
	}
}

// Orders is how many orders are over, whatever became of them.
func (p *Progress) Orders() int { return p.Bought + p.NotBought + p.Open }

// Slowest lists the n ports that wait longest, the longest first.
func (p *Progress) Slowest(n int) []Wait {
	var all []Wait
	for _, w := range p.waits {
		if !w.Status.Ready() {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b Wait) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID))
	})
	return all[:min(n, len(all))]
}

// Rate is orders per second so far; 0 while there is none.
func (p *Progress) Rate(now time.Time) float64 {
	end := now
	if !p.SettledAt.IsZero() {
		end = p.SettledAt
	}
	if took := end.Sub(p.Started).Seconds(); took > 0 {
		return float64(p.Orders()) / took
	}
	return 0
}

// Left estimates how long the orders will still take, and once they are all sent
// says how long the run is going to wait at most. It is false while there is
// nothing to go by.
func (p *Progress) Left(now time.Time) (time.Duration, bool) {
	if p.SettledAt.IsZero() {
		rate := p.Rate(now)
		if rate == 0 {
			return 0, false
		}
		return time.Duration(float64(p.Run.Orders-p.Orders()) / rate * float64(time.Second)), true
	}
	return max(0, p.Run.Wait.Duration-now.Sub(p.SettledAt)), p.Run.Wait.Duration > 0
}
