package megaport

import (
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// Quote is the price of one order, from its validation.
type Quote struct {
	// HasPrice is true when Monthly, OneTime and Currency say what the order costs.
	// A price of zero is a price. When it is false, Unknown says why.
	HasPrice bool
	// Unknown says in a few words why there is no price; empty when there is.
	Unknown string
	// Currency is the three-letter code of the account's billing market, such as "GBP".
	Currency string
	// Monthly is the recurring charge. Whether a LAG's is one member's or that of
	// all is not public (API facts §3.3, confidence D).
	Monthly decimal.Decimal
	// OneTime is the sum of the setup fields.
	OneTime decimal.Decimal
	// Empty is the API's own word for having no price.
	Empty bool
	// Market is the location's market.
	Market string
	// Metro is the location's metropolitan area.
	Metro string
}

// wireQuote is an element of a validation's data (API facts §3.3).
type wireQuote struct {
	Price  *wirePrice `json:"price"`
	Market wireText   `json:"market"`
	Metro  wireText   `json:"string"`
}

type wirePrice struct {
	HourlySetup          wireMoney `json:"hourlySetup"`
	DailySetup           wireMoney `json:"dailySetup"`
	MonthlySetup         wireMoney `json:"monthlySetup"`
	HourlyRate           wireMoney `json:"hourlyRate"`
	DailyRate            wireMoney `json:"dailyRate"`
	MonthlyRate          wireMoney `json:"monthlyRate"`
	FixedRecurringCharge wireMoney `json:"fixedRecurringCharge"`
	LongHaulMbpsRate     wireMoney `json:"longHaulMbpsRate"`
	MbpsRate             wireMoney `json:"mbpsRate"`
	Currency             wireText  `json:"currency"`
	Empty                wireBool  `json:"empty"`
}

// decodeQuote reads the answer to a validation of one order: one element, for a
// LAG as well (API facts §3.3, confidence A).
func decodeQuote(body io.Reader) (Quote, error) {
	var quotes []Quote
	err := readEnvelope(body, func(dec *jsontext.Decoder) error {
		return readList(dec, func(i int, dec *jsontext.Decoder) error {
			var w wireQuote
			if err := readObject(dec, &w); err != nil {
				return fmt.Errorf("price number %d: %w", i+1, err)
			}
			quotes = append(quotes, w.quote())
			return nil
		})
	})
	if err != nil {
		return Quote{}, err
	}
	if len(quotes) != 1 {
		return Quote{}, fmt.Errorf("it has %d prices for one order", len(quotes))
	}
	return quotes[0], nil
}

func (w wireQuote) quote() Quote {
	q := Quote{Market: w.Market.text, Metro: w.Metro.text}
	if w.Price == nil {
		q.Unknown = "the answer has no price"
		return q
	}
	p := *w.Price
	q.Currency, q.Empty = p.Currency.text, p.Empty.value
	q.Monthly = p.MonthlyRate.amount
	q.OneTime = p.HourlySetup.amount.Add(p.DailySetup.amount).Add(p.MonthlySetup.amount)
	q.Unknown = p.unknown(q)
	q.HasPrice = q.Unknown == ""
	return q
}

// unknown says why the fields do not make a price. A charge by the hour, the day
// or the Mbps is not expected of a port; were there one, the monthly rate would
// not be the whole price.
func (p wirePrice) unknown(q Quote) string {
	switch {
	case q.Empty:
		return "the price is marked as empty"
	case !p.MonthlyRate.set:
		return "the price has no monthly rate"
	case q.Currency == "":
		return "the price has no currency"
	case q.Monthly.IsNegative() || q.OneTime.IsNegative():
		return "the price is negative"
	case p.FixedRecurringCharge.set && !p.FixedRecurringCharge.amount.Equal(q.Monthly):
		return fmt.Sprintf("the monthly rate is %s but the recurring charge is %s", q.Monthly, p.FixedRecurringCharge.amount)
	}
	for _, extra := range []wireMoney{p.HourlyRate, p.DailyRate, p.LongHaulMbpsRate, p.MbpsRate} {
		if !extra.amount.IsZero() {
			return "the price has charges beside the monthly rate"
		}
	}
	return ""
}
