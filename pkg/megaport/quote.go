package megaport

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// Quote is the price of one order, from its validation: the most that the answer
// can mean.
type Quote struct {
	// HasPrice is true when Monthly, OneTime and Currency say what the order costs at
	// most. A price of zero is a price. When it is false, Unknown says why.
	HasPrice bool
	// Unknown says in a few words why there is no price; empty when there is.
	Unknown string
	// Notes say what the answer tells besides one monthly rate, and what was made of
	// it; empty when it can be read in one way only.
	Notes []string
	// Currency is the three-letter code of the account's billing market, such as
	// "GBP", in upper case.
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

// The most hours and days that a month has.
const (
	hoursAMonth = 31 * 24
	daysAMonth  = 31
)

// wireQuote is an element of a validation's data (API facts §3.3).
type wireQuote struct {
	Price       jsontext.Value `json:"price"`
	ServiceName looseText      `json:"serviceName"`
	ProductType looseText      `json:"productType"`
	Market      looseText      `json:"market"`
	Metro       looseText      `json:"string"`
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

// decodeQuote reads the answer to a validation of one order of ports of a speed in
// Mbps: one element, for a LAG as well (API facts §3.3, confidence A). Should there
// be more, such as one for a cross connect, the order costs their sum.
func decodeQuote(body io.Reader, mbps int) (Quote, error) {
	var quotes []Quote
	err := readObjects(body, func(i int, w wireQuote, err error) error {
		if err != nil {
			return fmt.Errorf("price number %d: %w", i+1, err)
		}
		quotes = append(quotes, w.quote(mbps))
		return nil
	})
	if err != nil {
		return Quote{}, err
	}
	if len(quotes) == 0 {
		return Quote{}, fmt.Errorf("it has no price for the order")
	}
	return together(quotes), nil
}

// decodeQuotes reads the answer to a validation of several orders: one element each, in
// whatever order, which bears the order's name (API facts §3.3, confidence A).
func decodeQuotes(body io.Reader, orders []Order) ([]Quote, error) {
	number := make(map[string]int, len(orders))
	for i, o := range orders {
		number[o.Name] = i
	}
	quotes, seen := make([]Quote, len(orders)), make([]bool, len(orders))
	err := readObjects(body, func(i int, w wireQuote, err error) error {
		n, known := number[w.ServiceName.text]
		switch {
		case err != nil:
			return fmt.Errorf("price number %d: %w", i+1, err)
		case !known:
			return fmt.Errorf("price number %d names no order of the request", i+1)
		case seen[n]:
			return fmt.Errorf("there are two prices for the order %q", orders[n].Name)
		}
		quotes[n], seen[n] = w.quote(orders[n].Speed), true
		return nil
	})
	if missing := slices.Index(seen, false); err == nil && missing >= 0 {
		err = fmt.Errorf("there is no price for the order %q", orders[missing].Name)
	}
	if err != nil {
		return nil, err
	}
	return quotes, nil
}

// together adds up the lines of one answer.
func together(lines []Quote) Quote {
	sum := lines[0]
	if len(lines) == 1 {
		return sum
	}
	for _, q := range lines[1:] {
		sum.Monthly, sum.OneTime = sum.Monthly.Add(q.Monthly), sum.OneTime.Add(q.OneTime)
		sum.Notes = append(sum.Notes, q.Notes...)
		sum.Empty = sum.Empty || q.Empty
		switch {
		case sum.Unknown != "":
		case q.Unknown != "":
			sum.Unknown = q.Unknown
		case q.Currency != sum.Currency:
			sum.Unknown = fmt.Sprintf("the answer has prices in %s and %s", sum.Currency, q.Currency)
		}
	}
	sum.HasPrice = sum.Unknown == ""
	sum.Notes = append(sum.Notes, fmt.Sprintf("the answer has %d prices: their sum counts", len(lines)))
	return sum
}

func (w wireQuote) quote(mbps int) Quote {
	q := Quote{Market: w.Market.text, Metro: w.Metro.text}
	if len(w.Price) == 0 || w.Price.Kind() == 'n' {
		q.Unknown = "the answer has no price"
		return q
	}
	var p wirePrice
	if err := json.Unmarshal(w.Price, &p, tolerant()); err != nil || w.Price.Kind() != '{' {
		q.Unknown = "the price cannot be read"
		if err != nil {
			q.Unknown += ": " + printable(fieldError(err).Error(), maxText)
		}
		return q
	}
	q.Currency, q.Empty = folded(p.Currency.text), p.Empty.value
	if q.Unknown = p.unknown(q.Currency); q.Unknown == "" {
		q.HasPrice = true
		q.Monthly, q.Notes = p.monthly(mbps)
		q.OneTime = p.HourlySetup.amount.Add(p.DailySetup.amount).Add(p.MonthlySetup.amount)
		q.Notes = append(q.Notes, p.setupNote()...)
		q.Notes = append(q.Notes, p.strangers(w.Price)...)
	}
	return q
}

// unknown says why the fields set no bound to what the order costs.
func (p wirePrice) unknown(currency string) string {
	switch {
	case p.Empty.value:
		return "the price is marked as empty"
	case !p.MonthlyRate.set:
		return "the price has no monthly rate"
	case currency == "":
		return "the price has no currency"
	case p.Currency.damaged || len(currency) != 3 || strings.Trim(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return fmt.Sprintf("the price has the currency %q", printable(p.Currency.text, 40))
	}
	for _, f := range p.fields() {
		if f.amount.IsNegative() {
			return fmt.Sprintf("the price has a negative %s", said(f))
		}
	}
	return ""
}

// namedAmount is a field of the price with its name on the wire.
type namedAmount struct {
	name string
	wireMoney
}

func said(f namedAmount) string { return f.name + " " + moneyText(f.amount) }

// moneyText has two decimals at least, like money everywhere.
func moneyText(d decimal.Decimal) string { return d.StringFixed(max(2, -d.Exponent())) }

func (p wirePrice) fields() []namedAmount {
	return []namedAmount{
		{"monthlyRate", p.MonthlyRate},
		{"fixedRecurringCharge", p.FixedRecurringCharge},
		{"hourlyRate", p.HourlyRate},
		{"dailyRate", p.DailyRate},
		{"mbpsRate", p.MbpsRate},
		{"longHaulMbpsRate", p.LongHaulMbpsRate},
		{"hourlySetup", p.HourlySetup},
		{"dailySetup", p.DailySetup},
		{"monthlySetup", p.MonthlySetup},
	}
}

// monthly is the dearest reading of the recurring charges. A port is expected to
// have one monthly rate, told twice (API facts §3.3, confidence B); whatever else
// stands there is added, for as long as a month can be.
func (p wirePrice) monthly(mbps int) (decimal.Decimal, []string) {
	var notes []string
	rate, fixed := p.MonthlyRate, p.FixedRecurringCharge
	sum := decimal.Max(rate.amount, fixed.amount)
	if fixed.set && !fixed.amount.Equal(rate.amount) {
		notes = append(notes, fmt.Sprintf("monthlyRate %s, fixedRecurringCharge %s: the dearer counts", moneyText(rate.amount), moneyText(fixed.amount)))
	}
	for _, extra := range []struct {
		namedAmount
		times int
		unit  string
	}{
		{namedAmount{"hourlyRate", p.HourlyRate}, hoursAMonth, "hours"},
		{namedAmount{"dailyRate", p.DailyRate}, daysAMonth, "days"},
		{namedAmount{"mbpsRate", p.MbpsRate}, mbps, "Mbps"},
		{namedAmount{"longHaulMbpsRate", p.LongHaulMbpsRate}, mbps, "Mbps"},
	} {
		if extra.amount.IsZero() {
			continue
		}
		total := extra.amount.Mul(decimal.NewFromInt(int64(extra.times)))
		if extra.name == "mbpsRate" && total.Equal(rate.amount) {
			// Derived, not charged besides (API facts §3.3, confidence A/D).
			notes = append(notes, fmt.Sprintf("%s x %d %s is the monthlyRate", said(extra.namedAmount), extra.times, extra.unit))
			continue
		}
		sum = sum.Add(total)
		notes = append(notes, fmt.Sprintf("%s x %d %s is added", said(extra.namedAmount), extra.times, extra.unit))
	}
	return sum, notes
}

// setupNote says what the one-time charge is made of when it is of several.
func (p wirePrice) setupNote() []string {
	var parts []string
	for _, f := range []namedAmount{{"hourlySetup", p.HourlySetup}, {"dailySetup", p.DailySetup}, {"monthlySetup", p.MonthlySetup}} {
		if !f.amount.IsZero() {
			parts = append(parts, said(f))
		}
	}
	if len(parts) < 2 {
		return nil
	}
	return []string{strings.Join(parts, ", ") + ": their sum counts"}
}

// strangers says what numbers the price has that this client does not know: they
// may be charges, and a person is to see them.
func (p wirePrice) strangers(price jsontext.Value) []string {
	known := map[string]bool{}
	for _, f := range p.fields() {
		known[f.name] = true
	}
	var notes []string
	names, values := members(price)
	for i, name := range names {
		digits, number := numberText(values[i])
		if !number || known[name] {
			continue
		}
		if amount, err := money(digits); err != nil || !amount.IsZero() {
			notes = append(notes, fmt.Sprintf("%s %s is not known to be a charge, and is not counted", printable(name, 40), printable(digits, 40)))
		}
	}
	return notes
}
