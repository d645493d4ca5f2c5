package sandbox

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// crossed is an order with a cross connect, at a location that offers it.
const crossed = `{"productName":"syd-1","productType":"MEGAPORT","portSpeed":10000,"locationId":2,"term":12,
	"addOns":[{"addOnType":"CROSS_CONNECT","crossConnectRequested":true}]}`

// TestCrossConnectRules: API facts §3.2.
func TestCrossConnectRules(t *testing.T) {
	a := start(t, Config{})
	for order, reason := range map[string]string{
		with(crossed, `"term":12`, `"term":1`):                  "a cross connect needs a term",
		with(crossed, `"locationId":2`, `"locationId":89`):      "does not offer cross connects",
		with(crossed, `CROSS_CONNECT`, `IPSEC`):                 `addOnType \"IPSEC\" is not CROSS_CONNECT`,
		with(crossed, `"addOns":[`, `"addOns":"x","ignored":[`): "addOns is neither an object nor an array",
	} {
		a.do("POST", "/v3/networkdesign/validate", "["+order+"]").want(400).says(reason)
		a.do("POST", "/v3/networkdesign/buy", "["+order+"]").want(400)
	}
	a.buy(with(crossed, `"crossConnectRequested":true`, `"crossConnectRequested":false`)) // nothing is asked for
	a.buy(crossed)
}

// TestFormsOfAddOns: which form an order must have is a knob.
func TestFormsOfAddOns(t *testing.T) {
	object := with(with(crossed, `"addOns":[`, `"addOns":`), `true}]`, `true}`)
	for form, want := range map[string][2]int{"": {200, 200}, "object": {200, 400}, "array": {400, 200}} {
		a := start(t, Config{Knobs: Knobs{AddOnsForm: form}})
		for i, order := range []string{object, crossed} {
			if got := a.do("POST", "/v3/networkdesign/validate", "["+order+"]"); got.status != want[i] {
				t.Errorf("form %q, order %d: %d %s", form, i, got.status, got.body)
			}
		}
		a.do("POST", "/v3/networkdesign/validate", "["+london+"]").want(200)
	}
}

// TestCrossConnectsArePriced in validation, per port of a LAG too.
func TestCrossConnectsArePriced(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{LAGPrice: "total"}})
	a.do("POST", "/v3/networkdesign/validate", "["+crossed+"]").want(200).says(`"monthlyRate":675.00`).says(`"monthlySetup":300.00`)
	lag := with(crossed, `"term":12`, `"term":12,"lagPortCount":3`)
	a.do("POST", "/v3/networkdesign/validate", "["+lag+"]").want(200).says(`"monthlyRate":2025.00`).says(`"monthlySetup":900.00`)
}

// TestAPortIsLiveWhenItsCrossConnectIsDone, and has no LOA to hand over.
func TestAPortIsLiveWhenItsCrossConnectIsDone(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{CrossConnectDelay: 48 * time.Hour}})
	with, without := a.buy(crossed)[0], a.buy(london)[0]
	a.wait(24 * time.Hour)
	for uid, want := range map[string]string{with: "CONFIGURED", without: "LIVE"} {
		if got := a.product(uid)["provisioningStatus"]; got != want {
			t.Errorf("status %v, want %s", got, want)
		}
	}
	a.get("/v2/product/" + with + "/loa").want(400).says("Megaport orders its cross connect")
	a.get("/v2/product/" + without + "/loa").want(200)
	a.wait(24*time.Hour + 4*time.Second)
	if got := a.product(with)["provisioningStatus"]; got != "LIVE" {
		t.Errorf("status %v", got)
	}
}

// TestThePriceBookAddsUp: the monthly prices less the discounts are the monthly rate,
// and without them the rack rate (API facts §7).
func TestThePriceBookAddsUp(t *testing.T) {
	p := Prices{Setup: decimal.NewFromInt(120)}.withDefaults()
	rapid.Check(t, func(t *rapid.T) {
		term := rapid.SampledFrom([]int{1, 12, 24, 36, 48, 60}).Draw(t, "term")
		percent := rapid.IntRange(1, 300).Draw(t, "percent")
		q := p.quote("UK", rapid.SampledFrom([]int{1000, 10000, 100000, 400000}).Draw(t, "speed"), term, 1, percent)
		if rapid.Bool().Draw(t, "cross connect") {
			q = q.withCrossConnect(p, 1, percent)
		}
		b := bookOf(q, term)
		var monthly, discounts decimal.Decimal
		for _, price := range b["prices"].([]object) {
			if price["frequency"] == "MONTHLY" {
				monthly = monthly.Add(number(t, price["amount"]))
			}
			if (price["chargeReason"] == "ADD_ON_CHARGE") != (price["addOnType"] != nil) {
				t.Errorf("price %+v", price)
			}
		}
		for _, d := range b["discounts"].([]object) {
			discounts = discounts.Add(number(t, d["amount"]))
		}
		if !monthly.Equal(number(t, b["monthlyRackRate"])) || !monthly.Sub(discounts).Equal(number(t, b["monthlyRate"])) {
			t.Errorf("prices %s, discounts %s, book %+v", monthly, discounts, b)
		}
	})
}

func number(t *rapid.T, v any) decimal.Decimal {
	d, err := decimal.NewFromString(string(v.(jsontext.Value)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}
