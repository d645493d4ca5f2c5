package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/portctl/portctl/pkg/apply/refresh"
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
	company interface {
		Get(context.Context) (megaport.Companies, error)
	}
	validate func(context.Context, []megaport.Order) ([]megaport.Quote, error)
	key      string // the API key's fingerprint
	spelt    *spelling
}

var _ refresh.Reader = (*Reader)(nil)

// NewReader takes of the client what reads.
func NewReader(c *megaport.Client) *Reader {
	return &Reader{
		locations: c.Locations, products: c.Products, approvals: c.Approvals, company: c.Company,
		validate: validating(c.Orders), key: c.Fingerprint(), spelt: &spelling{of: map[plan.ServiceUID]string{}},
	}
}

// spelling remembers how the API spells the UIDs that were folded where they came
// in: whether it takes another case is not known, so requests use its own.
type spelling struct {
	mu sync.Mutex
	of map[plan.ServiceUID]string
}

// fold gives the form that everybody else knows a UID by.
func (s *spelling) fold(uid string) plan.ServiceUID {
	folded := plan.FoldUID(uid)
	s.mu.Lock()
	defer s.mu.Unlock()
	if string(folded) == uid {
		delete(s.of, folded)
	} else {
		s.of[folded] = uid
	}
	return folded
}

// api gives the form that the API used last, or the UID as it is.
func (s *spelling) api(uid plan.ServiceUID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if as, known := s.of[plan.FoldUID(string(uid))]; known {
		return as
	}
	return string(uid)
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
	o := plan.Observed{
		Owner:    plan.Owner{Companies: companies(listing.Companies), Names: listing.CompanyNames, Key: r.key},
		Services: make([]plan.Service, len(listing.Ports)), Others: listing.Others,
	}
	for i, p := range listing.Ports {
		o.Services[i] = r.service(p)
	}
	for _, p := range listing.Untyped {
		o.Untyped = append(o.Untyped, plan.Untyped{UID: plan.FoldUID(p.UID), Name: p.Name})
	}
	return o, nil
}

// companies folds the UIDs of companies, as those of services are.
func companies(in []string) []string {
	var out []string
	for _, uid := range in {
		if folded := string(plan.FoldUID(uid)); folded != "" && !slices.Contains(out, folded) {
			out = append(out, folded)
		}
	}
	return out
}

// Service reads one port.
func (r *Reader) Service(ctx context.Context, uid plan.ServiceUID) (plan.Service, bool, error) {
	p, err := r.products.Get(ctx, r.spelt.api(uid))
	if megaport.IsNotFound(err) {
		return plan.Service{}, false, nil
	}
	if err != nil {
		return plan.Service{}, false, err
	}
	return r.service(p), true, nil
}

// Tags reads the resource tags of one port.
func (r *Reader) Tags(ctx context.Context, uid plan.ServiceUID) (map[string]string, error) {
	return r.products.Tags(ctx, r.spelt.api(uid))
}

// Charge asks what cancelling a port now would cost.
func (r *Reader) Charge(ctx context.Context, uid plan.ServiceUID) (plan.Charge, error) {
	c, err := r.products.CancellationCharges(ctx, r.spelt.api(uid))
	if err != nil {
		return plan.Charge{}, err
	}
	return plan.Charge{Known: c.Known, Currency: c.Currency, Amount: plan.NewAmount(c.Amount)}, nil
}

// Companies asks whose account it is. That it is not told is no error.
func (r *Reader) Companies(ctx context.Context) (plan.Owner, error) {
	found, err := r.company.Get(ctx)
	if ctx.Err() != nil {
		return plan.Owner{}, context.Cause(ctx)
	}
	if err != nil {
		return plan.Owner{}, nil
	}
	return plan.Owner{Companies: companies(found.UIDs), Names: found.Names}, nil
}

// Approvals lists order approvals. Whatever the endpoint answers is an answer:
// the list, that the account has none of that feature, or why it is not known.
func (r *Reader) Approvals(ctx context.Context) (refresh.Approvals, error) {
	found, err := r.approvals.List(ctx)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return refresh.Approvals{}, context.Cause(ctx)
	case megaport.IsFeatureAbsent(err):
		return refresh.Approvals{Absent: true}, nil
	default:
		return refresh.Approvals{Unknown: err.Error()}, nil
	}
	out := refresh.Approvals{}
	for _, a := range found {
		out.List = append(out.List, approval(a))
	}
	return out, nil
}

// Quotes validates orders in one request. Only that the context ended is an error.
func (r *Reader) Quotes(ctx context.Context, orders []plan.Order) ([]plan.Quote, error) {
	sent := make([]megaport.Order, len(orders))
	for i, o := range orders {
		sent[i] = order(o, "")
	}
	answers, err := r.validate(ctx, sent)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return slices.Repeat([]plan.Quote{quoteOf(err)}, len(orders)), nil
	}
	out := make([]plan.Quote, len(answers))
	for i, q := range answers {
		out[i] = quote(q)
	}
	return out, nil
}

// validating asks about one order as leniently as its answer allows, and about several
// only believes what names each of them.
func validating(s *megaport.OrderService) func(context.Context, []megaport.Order) ([]megaport.Quote, error) {
	return func(ctx context.Context, orders []megaport.Order) ([]megaport.Quote, error) {
		if len(orders) > 1 {
			return s.ValidateAll(ctx, orders)
		}
		q, err := s.Validate(ctx, orders[0])
		return []megaport.Quote{q}, err
	}
}

// LOA fetches one Letter of Authorization.
func (r *Reader) LOA(ctx context.Context, uid plan.ServiceUID) ([]byte, error) {
	return r.products.LOA(ctx, r.spelt.api(uid))
}

// quoteOf tells the API's "no" to an order from a failure to get an answer. A 4xx
// of the API is the former, unless it is about the token, the pace or the time it
// took: those say nothing about the order.
func quoteOf(err error) plan.Quote {
	var e *megaport.Error
	if !errors.As(err, &e) {
		return plan.Quote{Failure: failure(err)}
	}
	said := &plan.Refusal{Message: strings.TrimSpace(e.Message), Reasons: e.Reasons, Status: e.Status, TraceID: e.TraceID}
	about := slices.Contains([]int{http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests}, e.Status)
	if e.FromAPI && e.Status/100 == 4 && !about {
		return plan.Quote{Refusal: said}
	}
	return plan.Quote{Failure: failure(err)}
}

// failure keeps what support needs of an error that is no refusal.
func failure(err error) *plan.Refusal {
	f := &plan.Refusal{Message: err.Error()}
	var traced interface {
		HTTPStatus() int
		Trace() string
	}
	if errors.As(err, &traced) {
		f.Status, f.TraceID = traced.HTTPStatus(), traced.Trace()
	}
	return f
}
