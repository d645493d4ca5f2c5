package provider

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/plan"
)

// Reader reads an account. What it holds of the client can change nothing.
type Reader struct {
	locations interface {
		List(context.Context) ([]megaport.Location, error)
	}
	products interface {
		ListInfo(context.Context) (megaport.Listing, error)
		Get(context.Context, string) (megaport.Port, error)
		Tags(context.Context, string) (map[string]string, error)
		CancellationCharges(context.Context, string) (megaport.Charges, error)
		LOA(context.Context, string) ([]byte, error)
	}
	approvals interface {
		List(context.Context) ([]megaport.Approval, error)
	}
	validate func(context.Context, megaport.Order) (megaport.Quote, error)
}

var _ apply.Reader = (*Reader)(nil)

// NewReader takes of the client what reads.
func NewReader(c *megaport.Client) *Reader {
	return &Reader{c.Locations, c.Products, c.Approvals, c.Orders.Validate}
}

// Locations lists all locations.
func (r *Reader) Locations(ctx context.Context) ([]plan.Location, error) {
	found, err := r.locations.List(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]plan.Location, len(found))
	for i, l := range found {
		out[i] = location(l)
	}
	return out, nil
}

// Observe lists all ports of the account, terminated ones too.
func (r *Reader) Observe(ctx context.Context) (plan.Observed, error) {
	listing, err := r.products.ListInfo(ctx)
	if err != nil {
		return plan.Observed{}, err
	}
	o := plan.Observed{Services: make([]plan.Service, len(listing.Ports))}
	if listing.CompanyUID != "" {
		o.Owner.Companies = []string{listing.CompanyUID}
	}
	for i, p := range listing.Ports {
		o.Services[i] = service(p)
	}
	return o, nil
}

// Service reads one port.
func (r *Reader) Service(ctx context.Context, uid plan.ServiceUID) (plan.Service, bool, error) {
	p, err := r.products.Get(ctx, string(uid))
	if megaport.IsNotFound(err) {
		return plan.Service{}, false, nil
	}
	if err != nil {
		return plan.Service{}, false, err
	}
	return service(p), true, nil
}

// Tags reads the resource tags of one port.
func (r *Reader) Tags(ctx context.Context, uid plan.ServiceUID) (map[string]string, error) {
	return r.products.Tags(ctx, string(uid))
}

// Charge asks what cancelling a port now would cost.
func (r *Reader) Charge(ctx context.Context, uid plan.ServiceUID) (plan.Charge, error) {
	c, err := r.products.CancellationCharges(ctx, string(uid))
	if err != nil {
		return plan.Charge{}, err
	}
	return plan.Charge{Known: c.Known, Currency: c.Currency, Amount: plan.NewAmount(c.Amount)}, nil
}

// Companies asks whose account it is.
func (r *Reader) Companies(context.Context) ([]string, error) { return nil, nil }

// Approvals lists order approvals. An account without that feature has none.
func (r *Reader) Approvals(ctx context.Context) (apply.Approvals, error) {
	found, err := r.approvals.List(ctx)
	var answer *megaport.Error
	if errors.As(err, &answer) && (answer.Status == http.StatusNotFound || answer.Status == http.StatusForbidden) {
		return apply.Approvals{}, nil
	}
	if err != nil {
		return apply.Approvals{}, err
	}
	out := apply.Approvals{}
	for _, a := range found {
		out.List = append(out.List, approval(a))
	}
	return out, nil
}

// Quote validates one order.
func (r *Reader) Quote(ctx context.Context, o plan.Order) (plan.Quote, error) {
	q, err := r.validate(ctx, order(o, ""))
	if refusal, ok := refused(err); ok {
		return plan.Quote{Refusal: refusal}, nil
	}
	if err != nil {
		return plan.Quote{}, err
	}
	return quote(q), nil
}

// LOA fetches one Letter of Authorization.
func (r *Reader) LOA(ctx context.Context, uid plan.ServiceUID) ([]byte, error) {
	return r.products.LOA(ctx, string(uid))
}

// refused tells the API's "no" to an order from a failure to get an answer: a
// 400 of the API is the former. Anything else says nothing about the order.
func refused(err error) (*plan.Refusal, bool) {
	var e *megaport.Error
	if !errors.As(err, &e) || e.Status != http.StatusBadRequest {
		return nil, false
	}
	return &plan.Refusal{Message: strings.TrimSpace(e.Message), Reasons: e.Reasons, TraceID: e.TraceID}, true
}
