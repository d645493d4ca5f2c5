package sandbox

import (
	"cmp"
	"maps"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// Prices is the price table of the account. A nil map takes the default, which
// is invented except for the known points of API facts §7: 500 a month for 1G
// and 10G, 5 % off at 12 months.
type Prices struct {
	// Monthly gives the price per month of one port by its speed in Mbps.
	Monthly map[int]decimal.Decimal
	// Currency gives the ISO currency of a market code; a market that is not
	// there is priced in USD.
	Currency map[string]string
	// Discount gives the percentage off by term in months; a term takes that of
	// the longest term it reaches.
	Discount map[int]decimal.Decimal
	// Setup is charged once per port.
	Setup decimal.Decimal
	// CrossConnect is what a cross connect costs, per port.
	CrossConnect AddOnPrice
}

func (p Prices) withDefaults() Prices {
	whole := decimal.NewFromInt
	if p.Monthly == nil {
		p.Monthly = map[int]decimal.Decimal{1000: whole(500), 10000: whole(500), 100000: whole(1500), 400000: whole(4000)}
	}
	if p.Currency == nil {
		p.Currency = defaultCurrencies
	}
	if p.Discount == nil {
		p.Discount = map[int]decimal.Decimal{12: whole(5), 24: decimal.RequireFromString("7.5"), 36: whole(10)}
	}
	if p.CrossConnect == (AddOnPrice{}) {
		p.CrossConnect = AddOnPrice{Monthly: whole(200), Once: whole(300)}
	}
	p.Monthly, p.Currency, p.Discount = maps.Clone(p.Monthly), maps.Clone(p.Currency), maps.Clone(p.Discount)
	return p
}

// defaultCurrencies maps markets to currencies: GBP, USD and AUD are known, the
// others assumed (API facts §7, confidence D). Bulgaria uses the euro since 2026.
var defaultCurrencies = map[string]string{
	"UK": "GBP", "US": "USD", "AU": "AUD", "NZ": "NZD", "SG": "SGD", "HK": "HKD", "JP": "JPY",
	"CA": "CAD", "MX": "MXN", "BR": "BRL", "SE": "SEK", "NO": "NOK", "DK": "DKK", "CH": "CHF", "PL": "PLN",
	"IE": "EUR", "NL": "EUR", "DE": "EUR", "FR": "EUR", "FI": "EUR", "ES": "EUR", "IT": "EUR", "BE": "EUR",
	"BG": "EUR", "AT": "EUR", "LU": "EUR",
}

// quote is the price of some ports at one place.
type quote struct {
	currency string
	rack     decimal.Decimal // monthly, before the discount
	monthly  decimal.Decimal // after it
	setup    decimal.Decimal // once
	discount decimal.Decimal // percent

	addOnMonthly, addOnOnce decimal.Decimal // of cross connects
}

// quote prices count ports of a speed in Mbps for a term in months. The result
// has two decimals, as on the wire.
func (p Prices) quote(market string, speedMbps, term, count, percent int) quote {
	hundred := decimal.NewFromInt(100)
	scale := scaleOf(count, percent)
	q := quote{
		currency: p.currency(market),
		discount: p.discountAt(term),
		rack:     p.Monthly[speedMbps].Mul(scale).Round(2),
		setup:    p.Setup.Mul(scale).Round(2),
	}
	q.monthly = q.rack.Mul(hundred.Sub(q.discount)).Div(hundred).Round(2)
	return q
}

// scaleOf is the factor of count ports at a percentage, 0 for all of it.
func scaleOf(count, percent int) decimal.Decimal {
	return decimal.NewFromInt(int64(cmp.Or(percent, 100))).Div(decimal.NewFromInt(100)).Mul(decimal.NewFromInt(int64(count)))
}

// currency gives the ISO currency of a market, USD for one that is not in the table.
func (p Prices) currency(market string) string {
	return cmp.Or(p.Currency[market], "USD")
}

func (p Prices) discountAt(term int) decimal.Decimal {
	var best int
	for months := range p.Discount {
		if months <= term && months > best {
			best = months
		}
	}
	return p.Discount[best]
}

// amount writes money as a JSON number with two decimals, such as 500.00.
func amount(d decimal.Decimal) jsontext.Value {
	return jsontext.Value(d.StringFixed(2))
}
