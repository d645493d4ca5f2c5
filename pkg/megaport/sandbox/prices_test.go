package sandbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestPrices(t *testing.T) {
	a := start(t, Config{})
	for _, c := range []struct {
		location, speed, term int
		want                  string
	}{
		{89, 1000, 1, `"currency":"GBP","dailyRate":0,"dailySetup":0,"empty":false,"fixedRecurringCharge":500.00,"hourlyRate":0,"hourlySetup":0,"key":"no key","longHaulMbpsRate":0,"mbpsRate":0,"monthlyRate":500.00,"monthlySetup":0,"postPaidBaseRate":"no base rate"`},
		{60, 10000, 12, `"currency":"USD","dailyRate":0,"dailySetup":0,"empty":false,"fixedRecurringCharge":475.00,"hourlyRate":0,"hourlySetup":0,"key":"no key","longHaulMbpsRate":0,"mbpsRate":0,"monthlyRate":475.00,"monthlySetup":0,"postPaidBaseRate":"no base rate"`},
		{2, 100000, 24, `"monthlyRate":1387.50`},
		{2, 100000, 36, `"monthlyRate":1350.00`},
		{2, 100000, 60, `"monthlyRate":1350.00`},
		{131, 10000, 1, `"currency":"EUR"`},
		{137, 10000, 1, `"currency":"EUR"`},
		{98, 10000, 1, `"currency":"SEK"`},
		{36, 10000, 1, `"currency":"SGD"`},
	} {
		order := fmt.Sprintf(`[{"productName":"x","productType":"MEGAPORT","portSpeed":%d,"locationId":%d,"term":%d}]`, c.speed, c.location, c.term)
		got := a.do("POST", "/v3/networkdesign/validate", order).want(200)
		if !strings.Contains(string(got.body), c.want) {
			t.Errorf("%d at %d for %d: %s\nwant %s", c.speed, c.location, c.term, got.body, c.want)
		}
	}
}

func TestPriceKnobs(t *testing.T) {
	a := start(t, Config{Prices: Prices{Setup: decimal.NewFromInt(250)}})
	validate := func() answer { return a.do("POST", "/v3/networkdesign/validate", "["+london+"]").want(200) }
	validate().says(`"monthlySetup":250.00,`).says(`"monthlyRate":500.00`)
	a.knobs(func(k *Knobs) { k.PricePercent = 110 })
	validate().says(`"monthlyRate":550.00`)
	a.knobs(func(k *Knobs) { k.PriceShape = "zero" })
	validate().says(`"monthlySetup":0,`).says(`"monthlyRate":0.00`).says(`"currency":"GBP"`)
	a.knobs(func(k *Knobs) { k.PriceShape = "empty" })
	validate().says(`"monthlyRate":null`).says(`"fixedRecurringCharge":null`).says(`"currency":null`).says(`"empty":true`)
	a.knobs(func(k *Knobs) { k.PriceShape = "missing" })
	validate().says(`"data":[{"market":"UK","price":null,`).says(`"serviceName":"lon-1"`)
}

func TestOwnPriceTable(t *testing.T) {
	a := start(t, Config{Prices: Prices{
		Monthly:  map[int]decimal.Decimal{1000: decimal.RequireFromString("333.33")},
		Currency: map[string]string{"UK": "XTS"},
		Discount: map[int]decimal.Decimal{1: decimal.RequireFromString("33.3")},
	}})
	a.do("POST", "/v3/networkdesign/validate", "["+london+"]").want(200).says(`"monthlyRate":222.33`).says(`"currency":"XTS"`)
}

func TestPricebook(t *testing.T) {
	a := start(t, Config{Prices: Prices{Setup: decimal.NewFromInt(100)}})
	a.do("POST", "/v4/pricebook/product?companyUid=x", `{"productType":"MEGAPORT","locationId":2,"speed":10000,"term":12,
		"addOns":[{"addOnType":"CROSS_CONNECT","crossConnectRequested":true}]}`).want(200).wantJSON(
		`{"message":"Price book",` + termsLine + `,"data":{"productType":"MEGAPORT","currency":"AUD","monthlyRate":675,"monthlyRackRate":700,
		"prices":[{"chargeReason":"CORE","frequency":"MONTHLY","amount":500},{"chargeReason":"CORE","frequency":"ONCE","amount":100},
			{"chargeReason":"ADD_ON_CHARGE","frequency":"MONTHLY","amount":200,"addOnType":"CROSS_CONNECT"},
			{"chargeReason":"ADD_ON_CHARGE","frequency":"ONCE","amount":300,"addOnType":"CROSS_CONNECT"}],
		"discounts":[{"discountReason":"TERM","amount":25,"discountDetails":{"uid":"2f6b1d0e-94c7-4a35-8e1b-6c0d5a7f3e92","code":"TERM12",
			"description":"12-month term discount","percentageAmount":5,"shared":false}}]}}`)
	a.do("POST", "/v4/pricebook/product", `{"productType":"MEGAPORT","locationId":89,"speed":10000,"addOns":[{"addOnType":"CROSS_CONNECT"}]}`).want(400).
		says("does not offer cross connects")
	a.do("POST", "/v4/pricebook/product", `{"productType":"MEGAPORT","locationId":89,"speed":1000}`).want(200).says(`"monthlyRate":500.00`).says(`"discounts":[]`)
	a.do("POST", "/v4/pricebook/product", `{"productType":"MEGAPORT","locationId":89,"speed":1000,"currency":"USD"}`).want(400).says("no price in USD")
	for _, body := range []string{`{}`, `[]`, ``, `{"productType":"MEGAPORT","locationId":0,"speed":1000}`, `{"productType":"MEGAPORT","locationId":89,"speed":1}`} {
		a.do("POST", "/v4/pricebook/product", body).want(400)
	}
}

// TestLAGTotalIsTheSumOfItsMembers holds for every speed and term whose discount
// leaves whole cents, which is all of the default table.
func TestLAGTotalIsTheSumOfItsMembers(t *testing.T) {
	p := Prices{}.withDefaults()
	rapid.Check(t, func(t *rapid.T) {
		speed := rapid.SampledFrom([]int{1000, 10000, 100000, 400000}).Draw(t, "speed")
		term := rapid.SampledFrom([]int{1, 12, 24, 36, 48, 60}).Draw(t, "term")
		n := rapid.IntRange(1, 8).Draw(t, "members")
		one, all := p.quote("UK", speed, term, 1, 0), p.quote("UK", speed, term, n, 0)
		if !all.monthly.Equal(one.monthly.Mul(decimal.NewFromInt(int64(n)))) {
			t.Errorf("%d members cost %s, one %s", n, all.monthly, one.monthly)
		}
		if one.monthly.GreaterThan(one.rack) {
			t.Errorf("a discount made %s of %s", one.monthly, one.rack)
		}
	})
}

// TestARoundedLAG is priced as a total that no multiple of a member's price is.
func TestARoundedLAG(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{LAGPrice: "rounded", PricePercent: 103}})
	a.do("POST", "/v3/networkdesign/validate", "["+londonLAG+"]").want(200).says(`"monthlyRate":978.00`) // of 978.50
	a.do("POST", "/v3/networkdesign/validate", "["+with(londonLAG, `"lagPortCount":2,`, "")+"]").want(200).says(`"monthlyRate":489.25`)
}
