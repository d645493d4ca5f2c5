package sandbox

import (
	"slices"
	"strconv"

	"github.com/shopspring/decimal"
)

// pricebookQuery is the body of the price book (API facts §7, confidence A).
type pricebookQuery struct {
	ProductType string  `json:"productType"`
	LocationID  int     `json:"locationId"`
	Speed       int     `json:"speed"` // Mbps
	Term        int     `json:"term"`  // months, 1 when absent
	Currency    string  `json:"currency"`
	AddOns      []addOn `json:"addOns"`
}

// priceProduct prices one port (API facts §7, confidence A). Prices are given in
// the location's currency; another one asked for is refused (confidence D).
func (s *Server) priceProduct(c *call) reply {
	var q pricebookQuery
	if err := decode(c.body, &q); err != nil {
		return badBody(err)
	}
	if q.Term == 0 {
		q.Term = 1
	}
	place, known := s.places(c.knobs)[q.LocationID]
	refuse := func(reason string) reply { return refusal(c.knobs, problems{{Text: reason}}) }
	switch {
	case q.ProductType != "MEGAPORT":
		return refuse("productType must be MEGAPORT")
	case !known:
		return refuse("Location " + strconv.Itoa(q.LocationID) + " does not exist")
	case !slices.Contains(allowedSpeeds, q.Speed) || !slices.Contains(allowedTerms, q.Term):
		return refuse("speed or term cannot be ordered")
	case wantsCrossConnect(q.AddOns) && !place.CrossConnect:
		return refuse("Location " + place.Name + " does not offer cross connects")
	}
	price := s.config.Prices.quote(place.Market, q.Speed, q.Term, 1, c.knobs.PricePercent)
	if wantsCrossConnect(q.AddOns) {
		price = price.withCrossConnect(s.config.Prices, 1, c.knobs.PricePercent)
	}
	if q.Currency != "" && q.Currency != price.currency {
		return refuse("there is no price in " + q.Currency)
	}
	return ok("Price book", bookOf(price, q.Term))
}

// bookOf writes a quote as the price book does. It adds up: the CORE amount is the
// rack rate and the discounts come off it (API facts §7, confidence A); that the
// rates hold the add-ons is D.
func bookOf(q quote, term int) object {
	monthly, _ := q.rates()
	prices, discounts := []object{}, []object{}
	add := func(reason, frequency string, d decimal.Decimal) {
		if reason == "CORE" && frequency == "MONTHLY" || !d.IsZero() {
			prices = append(prices, object{"chargeReason": reason, "frequency": frequency, "amount": amount(d)})
		}
	}
	add("CORE", "MONTHLY", q.rack)
	add("CORE", "ONCE", q.setup)
	ports := len(prices)
	add("ADD_ON_CHARGE", "MONTHLY", q.addOnMonthly)
	add("ADD_ON_CHARGE", "ONCE", q.addOnOnce)
	for _, price := range prices[ports:] {
		price["addOnType"] = crossConnect
	}
	if !q.discount.IsZero() {
		months := strconv.Itoa(term)
		discounts = append(discounts, object{"discountReason": "TERM", "amount": amount(q.rack.Sub(q.monthly)), "discountDetails": object{
			"uid":  "2f6b1d0e-94c7-4a35-8e1b-6c0d5a7f3e92", // invented
			"code": "TERM" + months, "description": months + "-month term discount", "percentageAmount": amount(q.discount), "shared": false,
		}})
	}
	return object{
		"productType": "MEGAPORT", "currency": q.currency, "monthlyRate": amount(monthly), "monthlyRackRate": amount(q.rack.Add(q.addOnMonthly)),
		"prices": prices, "discounts": discounts,
	}
}
