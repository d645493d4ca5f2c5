package megaport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Order asks for one port, or for the ports of one LAG (API facts §3.2). Its JSON is
// the body that is sent, with the fields in the order of the official clients; those
// that they omit when empty are omitted (confidence A).
type Order struct {
	// Name is the product name; required.
	Name string `json:"productName"`
	// Term is the contract term in months; required.
	Term int `json:"term"`
	// ProductType is filled in: it is that of a port.
	ProductType string `json:"productType"`
	// Speed is in Mbps, that of one member for a LAG; required.
	Speed int `json:"portSpeed"`
	// LocationID is where; required.
	LocationID int `json:"locationId"`
	// CreateDate and Virtual are sent as 0 and false.
	CreateDate int64 `json:"createDate"`
	Virtual    bool  `json:"virtual"`
	// Market is the location's market. It may be empty: the API derives it (API
	// facts §3.2, confidence A).
	Market string `json:"market"`
	// CostCentre goes onto the invoice, at most 255 characters.
	CostCentre string `json:"costCentre,omitzero"`
	// LAGPorts is how many ports are wanted in a LAG; 0 is a single port without
	// one. 1 makes a LAG of one member.
	LAGPorts int `json:"lagPortCount,omitzero"`
	// AggregationID names an existing LAG that LAGPorts more ports shall join; 0 for
	// a new one.
	AggregationID int `json:"aggregationId,omitzero"`
	// MarketplaceVisibility shows the port in the Marketplace. It is always sent,
	// because the API's own default was seen to be true (API facts §3.2, confidence B).
	MarketplaceVisibility bool        `json:"marketplaceVisibility"`
	Config                OrderConfig `json:"config"`
	// PromoCode is not validated by the API, which silently ignores an unknown one
	// (API facts §3.2, confidence B).
	PromoCode string `json:"promoCode,omitzero"`
	// AddOns are the cross connects that Megaport is to order with the ports.
	AddOns AddOns `json:"addOns,omitzero"`
	// Tags are the resource tags the port gets at birth.
	Tags Tags `json:"resourceTags,omitempty"`
	// NotAfter is when it is too late to send the order, by the wall clock; zero is
	// never. An order that waited longer, or whose machine slept, is ErrTooLate.
	NotAfter time.Time `json:"-"`
	// Turn is what OrderService.Turn waited for; nil waits when the order is sent.
	Turn *Turn `json:"-"`
}

// Turn is the right to send one order at once: a slot, a request of the budget, and an
// API that is not busy. It is for what must not age between its making and its sending.
type Turn struct{ *turn }

// Turn waits for a turn, however long that takes. It is given back by Release, or by the
// order it is used for.
func (s *OrderService) Turn(ctx context.Context) (*Turn, error) {
	t, err := s.client.limit.enter(ctx, true, false)
	if err != nil {
		return nil, fmt.Errorf("megaport: %w: %w", err, context.Cause(ctx))
	}
	return &Turn{t}, nil
}

// Release gives back a turn that no order used; nil has none.
func (t *Turn) Release() {
	if t != nil && t.begin() {
		t.leave(nil, 0)
	}
}

// OrderConfig is the part of an order that says how it is placed.
type OrderConfig struct {
	// Zone is the diversity zone, "red" or "blue"; empty lets the API choose.
	Zone string `json:"diversityZone,omitzero"`
}

// productType is that of a port in orders.
const productType = "MEGAPORT"

// Ports is how many ports the order creates.
func (o Order) Ports() int { return max(1, o.LAGPorts) }

// check finds what the API cannot make sense of. What it may refuse is its own
// to say.
func (o Order) check() error {
	switch {
	case strings.TrimSpace(o.Name) == "":
		return errors.New("the order has no name")
	case o.Term <= 0:
		return fmt.Errorf("the order %q has no term", o.Name)
	case o.Speed <= 0:
		return fmt.Errorf("the order %q has no speed", o.Name)
	case o.LocationID <= 0:
		return fmt.Errorf("the order %q has no location", o.Name)
	case o.LAGPorts < 0 || o.AggregationID < 0:
		return fmt.Errorf("the order %q has a negative LAG", o.Name)
	case o.AggregationID > 0 && o.LAGPorts == 0:
		return fmt.Errorf("the order %q names a LAG to grow, but not by how many ports", o.Name)
	}
	return checkTags(o.Tags)
}

// wireOrderV4 is the envelope of the v4 form (API facts §3.1, confidence A).
type wireOrderV4 struct {
	NetworkDesign []Order  `json:"networkDesign"`
	DiscountCodes []string `json:"discountCodes"`
}

// OrderService prices and buys.
type OrderService struct {
	client *Client
	form   atomic.Int32 // the BuyForm in use
}

func newOrderService(c *Client, form BuyForm) *OrderService {
	s := &OrderService{client: c}
	s.form.Store(int32(form))
	return s
}

// Validate asks whether an order would be taken, and at what price at most. It
// commits nothing. An *Error with FromAPI set and a 4xx status is the API's refusal,
// with its reasons.
func (s *OrderService) Validate(ctx context.Context, o Order) (Quote, error) {
	q, err := newValidation(o)
	if err != nil {
		return Quote{}, err
	}
	return ask(ctx, s.client, q, func(body io.Reader, _ *attempt) (Quote, error) { return decodeQuote(body, o.Speed) })
}

// ValidateAll is Validate for several orders in one request, whose names are distinct
// (API facts §3.1, confidence B). The answer is believed only when it has exactly one
// price for each order, which names it; else the error is a *DecodeError. That one of
// them is refused refuses all, as far as is known (confidence D): the answer does not
// say which.
func (s *OrderService) ValidateAll(ctx context.Context, orders []Order) ([]Quote, error) {
	q, err := newValidation(orders...)
	if err != nil {
		return nil, err
	}
	return ask(ctx, s.client, q, func(body io.Reader, _ *attempt) ([]Quote, error) { return decodeQuotes(body, orders) })
}

func newValidation(orders ...Order) (call, error) {
	sent := slices.Clone(orders)
	for i, o := range orders {
		if err := o.check(); err != nil {
			return call{}, fmt.Errorf("megaport: %w", err)
		}
		sent[i].ProductType = productType
	}
	body, err := json.Marshal(sent)
	if err != nil {
		return call{}, fmt.Errorf("megaport: the orders cannot be sent: %w", fieldError(err))
	}
	return call{class: classRead, method: http.MethodPost, path: "/v3/networkdesign/validate", body: body}, nil
}

// Purchase is the answer to an order.
type Purchase struct {
	// UIDs are the new ports as the API spells them, one for each member of a LAG, in
	// its order. Two that differ in case only are one; an odd one is made printable.
	UIDs []string
	// TraceID is what Megaport's support asks for; empty when there was none.
	TraceID string
	// Status is the HTTP status; 0 when there was no answer.
	Status int

	odd bool // not every element of the answer has a UID of its own, of the usual shape
}

// Buy sends an order, and does not let go of it: the caller's context decides
// when to give up waiting, and giving up is an outcome unconfirmed. One POST may
// take five minutes. It is sent again only when nothing of it was written, or when
// the API says that it has no such route, so that the other form is to be tried.
// After 429 and 401 it is not: that is the caller's to do, after a look.
//
// Every failure is an *OrderError. The Purchase holds what is known in any case.
func (s *OrderService) Buy(ctx context.Context, o Order) (Purchase, error) {
	if err := o.check(); err != nil {
		return Purchase{}, &OrderError{Name: o.Name, Outcome: OrderNotSent, Err: err}
	}
	form := BuyForm(s.form.Load())
	p, err := s.buy(ctx, o, form)
	if isNoRoute(err) {
		// The API has no such route, so nothing was processed.
		other := BuyV4
		if form == BuyV4 {
			other = BuyV3
		}
		p, err = s.buy(ctx, o, other)
		if !isNoRoute(err) {
			s.form.Store(int32(other))
		}
	}
	if outcome := classifyOrder(answerOf(p, err, o.Ports())); outcome != OrderBought {
		if err == nil {
			err = fmt.Errorf("%d of %d service UIDs came back", len(p.UIDs), o.Ports())
			if p.odd {
				err = errors.New("the answer has service UIDs that are missing, repeated or of an odd form")
			}
		}
		return p, &OrderError{Name: o.Name, Outcome: outcome, UIDs: p.UIDs, TraceID: p.TraceID, Status: p.Status, Err: err}
	}
	return p, nil
}

func (s *OrderService) buy(ctx context.Context, o Order, form BuyForm) (Purchase, error) {
	path, body, err := buyRequest(o, form)
	if err != nil {
		return Purchase{}, &RequestError{Method: http.MethodPost, Path: path, NotSent: true, Err: err}
	}
	var p Purchase
	var t *turn
	if o.Turn != nil {
		t = o.Turn.turn
	}
	a, err := s.client.do(ctx, call{
		class: classOrder, turn: t, method: http.MethodPost, path: path, body: body, timeout: timeoutOrder, notAfter: o.NotAfter,
		decode: func(body io.Reader, _ *attempt) (err error) {
			p.UIDs, p.odd, err = decodePurchase(body)
			return err
		},
	})
	if a != nil {
		p.Status, p.TraceID = a.status, a.traceID
	}
	return p, err
}

func buyRequest(o Order, form BuyForm) (path string, body []byte, err error) {
	o.ProductType = productType
	orders := []Order{o}
	if form == BuyV4 {
		body, err = json.Marshal(wireOrderV4{NetworkDesign: orders, DiscountCodes: []string{}})
		return "/v4/networkdesign/buy", body, fieldError(err)
	}
	body, err = json.Marshal(orders)
	return "/v3/networkdesign/buy", body, fieldError(err)
}

// wireCreated is an element of the answer to an order. Like the official SDK it
// looks at the UID alone: the rest was seen stale or respelt (API facts §3.4,
// confidence A/B).
type wireCreated struct {
	TechnicalServiceUID looseText `json:"technicalServiceUid"`
}

// decodePurchase lists the UIDs of an answer. On an error it returns those that
// came before it, too: each may be a port that was bought. It is odd when an element
// has no UID, one that came before in whatever case, or one that is no UUID, which
// every UID is (API facts §13, confidence A).
func decodePurchase(body io.Reader) (uids []string, odd bool, err error) {
	err = readEnvelope(body, func(dec *jsontext.Decoder) error {
		return readList(dec, func(i int, dec *jsontext.Decoder) error {
			v, err := dec.ReadValue()
			if err != nil {
				return fmt.Errorf("service number %d: %w", i+1, err)
			}
			var w loose[wireCreated]
			if err := json.Unmarshal(v, &w, tolerant(), jsontext.AllowDuplicateNames(true)); err != nil {
				return fmt.Errorf("service number %d: %w", i+1, fieldError(err))
			}
			uid := printable(w.value.TechnicalServiceUID.text, 80)
			odd = odd || !isUUID(uid) || v.Kind() != '{' || !v.IsValid()
			if uid == "" {
				return nil
			}
			if slices.ContainsFunc(uids, func(u string) bool { return strings.EqualFold(u, uid) }) {
				odd = true
				return nil
			}
			uids = append(uids, uid)
			return nil
		})
	})
	return uids, odd, err
}

// isUUID looks at the shape alone: 32 hexadecimal digits in five groups.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, r := range text {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		digit := r >= '0' && r <= '9' || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F'
		if dash != (r == '-') || !dash && !digit {
			return false
		}
	}
	return true
}
