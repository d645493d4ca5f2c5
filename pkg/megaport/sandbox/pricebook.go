package sandbox

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
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

type wireBookPrice struct {
	ChargeReason string         `json:"chargeReason"`
	Frequency    string         `json:"frequency"`
	Amount       jsontext.Value `json:"amount"`
	AddOnType    string         `json:"addOnType,omitempty"`
}

type wireDiscount struct {
	Reason  string         `json:"discountReason"`
	Amount  jsontext.Value `json:"amount"`
	Details struct {
		UID         string         `json:"uid"`
		Code        string         `json:"code"`
		Description string         `json:"description"`
		Percentage  jsontext.Value `json:"percentageAmount"`
		Shared      bool           `json:"shared"`
	} `json:"discountDetails"`
}

type wireBook struct {
	ProductType string          `json:"productType"`
	Currency    string          `json:"currency"`
	MonthlyRate jsontext.Value  `json:"monthlyRate"`
	RackRate    jsontext.Value  `json:"monthlyRackRate"`
	Prices      []wireBookPrice `json:"prices"`
	Discounts   []wireDiscount  `json:"discounts"`
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
	switch {
	case q.ProductType != "MEGAPORT":
		return refusal(c.knobs, []problem{{text: "productType must be MEGAPORT"}})
	case !known:
		return refusal(c.knobs, []problem{{text: "Location " + strconv.Itoa(q.LocationID) + " does not exist"}})
	case !allowedSpeed(q.Speed) || !allowedTerm(q.Term):
		return refusal(c.knobs, []problem{{text: "speed or term can not be ordered"}})
	case wantsCrossConnect(q.AddOns) && !place.CrossConnect:
		return refusal(c.knobs, []problem{{text: "Location " + place.Name + " does not offer cross connects"}})
	}
	price := s.config.Prices.quote(place.Market, q.Speed, q.Term, 1, c.knobs.PricePercent)
	if wantsCrossConnect(q.AddOns) {
		price = price.withCrossConnect(s.config.Prices, 1, c.knobs.PricePercent)
	}
	if q.Currency != "" && q.Currency != price.currency {
		return refusal(c.knobs, []problem{{text: "there is no price in " + q.Currency}})
	}
	return ok("Price book", bookOf(price, q.Term))
}

// bookOf writes a quote as the price book does. It adds up: the CORE amount is the
// rack rate and the discounts come off it (API facts §7, confidence A); that the
// rates hold the add-ons is D.
func bookOf(q quote, term int) wireBook {
	monthly, _ := q.rates()
	b := wireBook{
		ProductType: "MEGAPORT", Currency: q.currency, MonthlyRate: amount(monthly), RackRate: amount(q.rack.Add(q.addOnMonthly)),
		Prices: []wireBookPrice{{ChargeReason: "CORE", Frequency: "MONTHLY", Amount: amount(q.rack)}},
	}
	more := func(reason, frequency, addOn string, d decimal.Decimal) {
		if !d.IsZero() {
			b.Prices = append(b.Prices, wireBookPrice{reason, frequency, amount(d), addOn})
		}
	}
	more("CORE", "ONCE", "", q.setup)
	more("ADD_ON_CHARGE", "MONTHLY", crossConnect, q.addOnMonthly)
	more("ADD_ON_CHARGE", "ONCE", crossConnect, q.addOnOnce)
	if !q.discount.IsZero() {
		d := wireDiscount{Reason: "TERM", Amount: amount(q.rack.Sub(q.monthly))}
		d.Details.UID, d.Details.Code = termDiscountUID, "TERM"+strconv.Itoa(term)
		d.Details.Description = strconv.Itoa(term) + "-month term discount"
		d.Details.Percentage = amount(q.discount)
		b.Discounts = append(b.Discounts, d)
	}
	return b
}

// termDiscountUID names the one discount that there is, an invented one.
const termDiscountUID = "2f6b1d0e-94c7-4a35-8e1b-6c0d5a7f3e92"
