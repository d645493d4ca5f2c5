package sandbox

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// wirePrice is the price of a validated order (API facts §3.3, confidence B).
type wirePrice struct {
	HourlySetup  jsontext.Value  `json:"hourlySetup"`
	DailySetup   jsontext.Value  `json:"dailySetup"`
	MonthlySetup jsontext.Value  `json:"monthlySetup"`
	HourlyRate   int             `json:"hourlyRate"`
	DailyRate    int             `json:"dailyRate"`
	MonthlyRate  *jsontext.Value `json:"monthlyRate"`
	FixedCharge  *jsontext.Value `json:"fixedRecurringCharge"`
	PostPaidBase string          `json:"postPaidBaseRate"`
	LongHaulRate int             `json:"longHaulMbpsRate"`
	MbpsRate     int             `json:"mbpsRate"`
	Currency     *string         `json:"currency"`
	Key          string          `json:"key"`
	ProductType  string          `json:"productType"`
	Empty        bool            `json:"empty"`
}

// wireValidated is one line of a validate reply, one for each order, also for a
// LAG (API facts §3.3, confidence A).
type wireValidated struct {
	Price       *wirePrice `json:"price"`
	ServiceName string     `json:"serviceName"`
	ProductType string     `json:"productType"`
	ProductUID  string     `json:"productUid"`
	Market      string     `json:"market"`
	Metro       string     `json:"string"` // the key really is "string"
}

// validateOrders checks and prices orders and commits nothing. One order that is
// refused refuses the whole array (API facts §12.5, confidence D).
func (s *Server) validateOrders(c *call) reply {
	orders, err := readOrders(c.body)
	if err == nil && isEnvelope(c.body) {
		err = errNoArray
	}
	if err != nil {
		return badBody(err)
	}
	in := &inspection{knobs: c.knobs, places: s.places(c.knobs)}
	return s.read(func(st *state) reply {
		in.st = st
		if reasons := in.all(orders); len(reasons) > 0 {
			return refusal(c.knobs, reasons)
		}
		var out []wireValidated
		for _, o := range orders {
			place := in.places[o.LocationID]
			out = append(out, wireValidated{
				Price: s.priceOf(c.knobs, o, place), ServiceName: o.ProductName, ProductType: "MEGAPORT",
				ProductUID: newUUID(), // not the UID a purchase will give (API facts §3.3, confidence B)
				Market:     place.Market, Metro: place.Metro,
			})
		}
		return ok("Validation passed", out)
	})
}

var errNoArray = errors.New("it must be an array of orders")

// priceOf prices one order, a LAG per member or as a total as the knob says.
func (s *Server) priceOf(k *Knobs, o *order, place Location) *wirePrice {
	rate, once, currency := s.ratesOf(k, o, place)
	monthly := amount(rate)
	zero := jsontext.Value("0")
	p := &wirePrice{
		HourlySetup: zero, DailySetup: zero, MonthlySetup: zero,
		MonthlyRate: &monthly, FixedCharge: &monthly,
		PostPaidBase: "no base rate", Currency: &currency, Key: "no key", ProductType: "MEGAPORT",
	}
	if !once.IsZero() {
		p.MonthlySetup = amount(once)
	}
	switch k.PriceShape {
	case "missing":
		return nil
	case "empty":
		p.Empty, p.MonthlyRate, p.FixedCharge, p.Currency = true, nil, nil, nil
	}
	return p
}

// ratesOf gives what an order costs a month and once. That the price of a cross
// connect is part of both is a guess (API facts §12.13, confidence D).
func (s *Server) ratesOf(k *Knobs, o *order, place Location) (monthly, once decimal.Decimal, currency string) {
	count := 1
	if k.LAGPrice == "total" || k.LAGPrice == "rounded" {
		count = o.members()
	}
	q := s.config.Prices.quote(place.Market, o.PortSpeed, o.Term, count, k.PricePercent)
	if o.crossConnect() {
		q = q.withCrossConnect(s.config.Prices, count, k.PricePercent)
	}
	if k.PriceShape == "zero" {
		return decimal.Zero, decimal.Zero, q.currency
	}
	monthly, once = q.rates()
	if k.LAGPrice == "rounded" && o.isLAG() {
		monthly = monthly.Floor()
	}
	return monthly, once, q.currency
}
