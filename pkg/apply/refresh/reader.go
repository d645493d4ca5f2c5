package refresh

import (
	"context"
	"time"

	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/plan"
)

// Reader is the read half of an account. Validating an order counts as
// reading: it commits nothing (API facts §3.3). Who holds only a Reader cannot
// change anything.
type Reader interface {
	// Locations lists all locations.
	Locations(ctx context.Context) ([]plan.Location, error)
	// Observe lists the account completely, or fails; it never returns a part.
	Observe(ctx context.Context) (plan.Observed, error)
	// Service reads one port by its UID; found is false when there is none.
	Service(ctx context.Context, uid plan.ServiceUID) (s plan.Service, found bool, err error)
	// Tags reads the resource tags of one port.
	Tags(ctx context.Context, uid plan.ServiceUID) (map[string]string, error)
	// Charge asks what cancelling a port now would cost.
	Charge(ctx context.Context, uid plan.ServiceUID) (plan.Charge, error)
	// Companies asks whose account it is, for an account without ports: UIDs and names
	// of the companies that its markets and users name; none when they name none or
	// cannot be read. The key is not set.
	Companies(ctx context.Context) (plan.Owner, error)
	// Approvals lists the orders that wait, or waited, for a second person. That
	// they cannot be read is no error but an answer that says so.
	Approvals(ctx context.Context) (Approvals, error)
	// Quotes has the API validate and price orders of distinct names in one request:
	// there is a quote for each. That the API refuses them, or gives no usable answer, is
	// that of all, not an error.
	Quotes(ctx context.Context, orders []plan.Order) ([]plan.Quote, error)
	// LOA fetches the Letter of Authorization of one port as a PDF.
	LOA(ctx context.Context, uid plan.ServiceUID) ([]byte, error)
}

// Listing is one look at the account.
type Listing struct {
	plan.Observed
	Approvals Approvals
	// Begun is when it was asked for.
	Begun time.Time

	index *serviceIndex // nil until List made it
}

// List looks at the account. One without ports is asked whose it is.
func List(ctx context.Context, r Reader, now time.Time) (Listing, error) {
	l := Listing{Begun: now}
	g, gctx := panics.WithContext(ctx, 0)
	g.Go(func() (err error) { l.Observed, err = observe(gctx, r); return err })
	g.Go(func() (err error) { l.Approvals, err = r.Approvals(gctx); return err })
	if err := g.Wait(); err != nil {
		return l, err
	}
	l.index = indexServices(l.Observed)
	return l, nil
}

// observe lists the services of the account and finds out whose it is.
func observe(ctx context.Context, r Reader) (plan.Observed, error) {
	o, err := r.Observe(ctx)
	if err != nil || len(o.Owner.Companies) > 0 {
		return o, err
	}
	asked, err := r.Companies(ctx)
	o.Owner.Companies = asked.Companies
	if len(o.Owner.Names) == 0 {
		o.Owner.Names = asked.Names
	}
	return o, err
}
