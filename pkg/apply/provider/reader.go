package provider

import (
	"context"
	"errors"
	"strings"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/plan"
)

// Reader reads an account. It holds no way to change one.
type Reader struct {
	locations *megaport.LocationService
	validate  func(context.Context, megaport.Order) (megaport.Quote, error)
	list      func(context.Context) ([]megaport.Port, error)
	loa       func(context.Context, string) ([]byte, error)
}

var _ apply.Reader = (*Reader)(nil)

// NewReader takes of the client what reads.
func NewReader(c *megaport.Client) *Reader {
	return &Reader{c.Locations, c.Orders.Validate, c.Products.List, c.Products.LOA}
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
	ports, err := r.list(ctx)
	if err != nil {
		return plan.Observed{}, err
	}
	var o plan.Observed
	for _, p := range ports {
		o.Services = append(o.Services, service(p))
		if o.Company == "" {
			o.Company = p.CompanyUID
		}
	}
	return o, nil
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
	return r.loa(ctx, string(uid))
}

// refused tells the API's "no" to an order from a failure to get an answer: a
// 400 of the API is the former. Anything else says nothing about the order.
func refused(err error) (*plan.Refusal, bool) {
	var e *megaport.Error
	if !errors.As(err, &e) || e.Status != 400 {
		return nil, false
	}
	return &plan.Refusal{Message: strings.TrimSpace(e.Message), Reasons: e.Reasons, TraceID: e.TraceID}, true
}
