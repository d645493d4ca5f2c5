package refresh

import (
	"context"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// Recovered is a claim of an earlier run that was resolved.
type Recovered struct {
	Name  string            `json:"name"`
	State plan.OrderState   `json:"state"`
	UIDs  []plan.ServiceUID `json:"uids"`
	Cause string            `json:"cause"`
}

// ReadAndRecord is Read for a run that may buy: it records what became of the open
// claims of earlier runs first, and reads everything again whenever that was news. The caller holds the
// lock. The ledger becomes the account's only once the run begins: a plan that is
// refused, perhaps because it is of the wrong account, leaves it free.
//
// Orders are validated once, when nothing is news any more, and not at all when there are
// more of them than the policy allows: that needs no price, and the plan says it.
func ReadAndRecord(ctx context.Context, r Reader, desired plan.Desired, o Options) (PricedPlan, []Recovered, error) {
	var recovered []Recovered
	r = RememberOrderTags(r)
	for {
		d, err := ReadUnpriced(ctx, r, desired, o)
		if err != nil {
			return PricedPlan{}, recovered, err
		}
		if len(d.approvals.List) > 0 && !d.Claims.Memory.ApprovalsSeen {
			if _, err := o.Ledger.Notice(ctx, ledger.NoticeApprovals); err != nil {
				return PricedPlan{}, recovered, err
			}
		}
		again, err := d.recordFindings(ctx, o.Ledger, &recovered)
		if err != nil {
			return d, recovered, err
		}
		if !again {
			_ = o.Ledger.IndexClosed(ctx, d.Claims) // it spares later runs time and is of no other use
			if len(d.Plan.Exceeded()) == 0 {
				err = d.price(ctx, r, o)
			}
			return d, recovered, err
		}
	}
}

// recordFindings writes down what was found out about open claims; again says that
// the ledger is another one since. A claim from the future is marked as seen, so
// that its age counts from now on.
func (p *PricedPlan) recordFindings(ctx context.Context, l *ledger.Ledger, recovered *[]Recovered) (again bool, err error) {
	for _, f := range p.Findings {
		switch {
		case f.Open.State.Closed():
			_, err = l.Close(ctx, f.Open)
			again = true
		case f.News():
			_, err = l.Record(ctx, f.Open, f.Record)
			again = true
			*recovered = append(*recovered, Recovered{f.Open.Name, f.Record.State, append([]plan.ServiceUID{}, f.Record.UIDs...), f.Evidence})
		case !l.Own(f.Open) && f.Open.QuietSince(l.Now()).After(l.Now().Add(fromTheFuture)):
			_, err = l.Record(ctx, f.Open, ledger.Record{State: ledger.Seen, Lookup: true, Cause: "made by a clock that is ahead"})
			again = true
		}
		if err != nil {
			return again, err
		}
	}
	return again, nil
}

// fromTheFuture is how far ahead the time of a claim's last record may be: an order
// on its way counts its deadline more, and clocks differ a little.
const fromTheFuture = ledger.OrderDeadline + time.Minute
