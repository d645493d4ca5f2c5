package sandbox

import (
	"errors"

	"github.com/shopspring/decimal"
)

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
		var out []object
		for _, o := range orders {
			place := in.places[o.LocationID]
			out = append(out, object{
				"price": s.priceOf(c.knobs, o, place), "serviceName": o.ProductName, "productType": "MEGAPORT",
				"productUid": newUUID(),                           // not the UID a purchase will give (API facts §3.3, confidence B)
				"market":     place.Market, "string": place.Metro, // the key really is "string"
			})
		}
		return ok("Validation passed", out)
	})
}

var errNoArray = errors.New("it must be an array of orders")

// priceOf prices one order, a LAG per member or as a total as the knob says (API facts
// §3.3, confidence B). The answer has one line for each order, also for a LAG
// (confidence A).
func (s *Server) priceOf(k *Knobs, o *order, place Location) any {
	rate, once, currency := s.ratesOf(k, o, place)
	p := object{
		"hourlySetup": 0, "dailySetup": 0, "monthlySetup": 0, "hourlyRate": 0, "dailyRate": 0, "monthlyRate": amount(rate),
		"fixedRecurringCharge": amount(rate), "postPaidBaseRate": "no base rate", "longHaulMbpsRate": 0, "mbpsRate": 0,
		"currency": currency, "key": "no key", "productType": "MEGAPORT", "empty": false,
	}
	if !once.IsZero() {
		p["monthlySetup"] = amount(once)
	}
	switch k.PriceShape {
	case "missing":
		return nil
	case "empty":
		p["empty"] = true
		setNull("monthlyRate", "fixedRecurringCharge", "currency")(p)
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
