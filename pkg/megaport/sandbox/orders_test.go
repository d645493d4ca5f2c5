package sandbox

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// with replaces one piece of an order.
func with(order, old, replacement string) string {
	if !strings.Contains(order, old) {
		panic("the order has no " + old)
	}
	return strings.Replace(order, old, replacement, 1)
}

func TestOrdersThatAreRefused(t *testing.T) {
	long := strings.Repeat("é", 65)
	for name, c := range map[string]struct{ order, reason string }{
		"another product type":    {with(london, `"productType":"MEGAPORT"`, `"productType":"MCR2"`), `productType \"MCR2\" is not MEGAPORT`},
		"product type by case":    {with(london, `"productType":"MEGAPORT"`, `"ProductType":"MEGAPORT"`), `productType \"\" is not MEGAPORT`},
		"no name":                 {with(london, `"lon-1"`, `""`), "productName is missing"},
		"name by case":            {with(london, `"productName"`, `"ProductName"`), "productName is missing"},
		"a name of blanks":        {with(london, `"lon-1"`, `"  "`), "productName is missing"},
		"a long name":             {with(london, `"lon-1"`, `"`+long+`"`), "productName is longer than 64 characters"},
		"no speed":                {with(london, `"portSpeed":1000,`, ``), "portSpeed 0 is none of"},
		"an odd speed":            {with(london, `"portSpeed":1000`, `"portSpeed":2500`), "portSpeed 2500 is none of"},
		"a speed the site lacks":  {with(london, `"portSpeed":1000`, `"portSpeed":400000`), "does not offer 400000 Mbps in zone blue"},
		"and without a zone":      {with(with(london, `"portSpeed":1000`, `"portSpeed":400000`), `{"diversityZone":"blue"}`, `{}`), "does not offer 400000 Mbps"},
		"no term":                 {with(london, `"term":1,`, ``), "term 0 is none of"},
		"an odd term":             {with(london, `"term":1`, `"term":6`), "term 6 is none of"},
		"an unknown location":     {with(london, `"locationId":89`, `"locationId":999999`), "Location 999999 does not exist"},
		"no location":             {with(london, `"locationId":89,`, ``), "Location 0 does not exist"},
		"a Restricted location":   {with(with(london, `"locationId":89`, `"locationId":1299`), `"UK"`, `"US"`), "EdgeConneX Atlanta ATL02 is Restricted"},
		"an unknown zone":         {with(london, `"blue"`, `"green"`), `has no diversity zone \"green\"`},
		"a wrong market":          {with(london, `"UK"`, `"US"`), `market \"US\" is not the market of Digital Realty London LHR20`},
		"a long cost centre":      {with(london, `"NET-042"`, `"`+strings.Repeat("x", 256)+`"`), "costCentre is longer than 255 characters"},
		"a virtual port":          {with(london, `"virtual":false`, `"virtual":true`), "virtual ports cannot be ordered"},
		"nested orders":           {with(london, `"createDate":0`, `"associatedVxcs":[{}]`), "associatedVxcs and associatedIxs cannot be ordered"},
		"other nested orders":     {with(london, `"createDate":0`, `"associatedIxs":[{}]`), "associatedVxcs and associatedIxs cannot be ordered"},
		"a tag without key":       {with(london, `"portctl-order"`, `""`), "empty key"},
		"a tag twice":             {with(london, `{"key":"portctl-order","value":"o-1"}`, `{"key":"a","value":"1"},{"key":"a","value":"2"}`), `resource tag \"a\" is given twice`},
		"a LAG of none":           {with(londonLAG, `"lagPortCount":2`, `"lagPortCount":0`), "lagPortCount 0 is not between 1 and 8"},
		"a LAG of nine":           {with(londonLAG, `"lagPortCount":2`, `"lagPortCount":9`), "lagPortCount 9 is not between 1 and 8"},
		"a LAG of slow ports":     {with(londonLAG, `"portSpeed":10000`, `"portSpeed":1000`), "a LAG needs ports of at least 10000 Mbps"},
		"growth of no LAG":        {with(londonLAG, `"lagPortCount":2`, `"lagPortCount":1,"aggregationId":5`), "There is no LAG with aggregationId 5"},
		"a speed that is text":    {with(london, `"portSpeed":1000`, `"portSpeed":"1000"`), "Could not read the request body"},
		"an order that is a list": {`[]`, "an order must be an object"},
	} {
		t.Run(name, func(t *testing.T) {
			a := start(t, Config{})
			for _, call := range []struct{ path, body string }{
				{"/v3/networkdesign/validate", "[" + c.order + "]"},
				{"/v3/networkdesign/buy", "[" + c.order + "]"},
				{"/v4/networkdesign/buy", `{"networkDesign":[` + c.order + `],"discountCodes":[]}`},
			} {
				a.do("POST", call.path, call.body).want(400).says(c.reason)
			}
			if n := len(a.listing()); n != 0 {
				t.Errorf("%d services were bought", n)
			}
			if r := a.server.Record(); r.Committed != 0 {
				t.Errorf("the record says %d committed", r.Committed)
			}
		})
	}
}

func TestBodiesThatCannotBeRead(t *testing.T) {
	a := start(t, Config{})
	for _, body := range []string{"", "null", "[]", "{}", "17", `"x"`, "[", "[null]", `{"networkDesign":null}`, "\xff", `[{"term":1,"term":2}]`} {
		a.do("POST", "/v3/networkdesign/validate", body).want(400)
		a.do("POST", "/v3/networkdesign/buy", body).want(400)
		a.do("POST", "/v4/networkdesign/buy", body).want(400)
	}
	a.do("POST", "/v4/networkdesign/buy", "["+london+"]").want(400).says("networkDesign")
	a.do("POST", "/v3/networkdesign/buy", `{"networkDesign":[`+london+`]}`).want(400).says("array of orders")
	if n := len(a.listing()); n != 0 {
		t.Errorf("%d services were bought", n)
	}
}

func TestOrdersThatAreTaken(t *testing.T) {
	sydney := with(with(with(london, `"UK"`, `"AU"`), `"locationId":89`, `"locationId":2`), `"term":1`, `"term":12`)
	for name, order := range map[string]string{
		"no market":             with(london, `"UK"`, `""`),
		"market USA":            with(with(london, `"UK"`, `"USA"`), `"locationId":89`, `"locationId":60`),
		"config empty":          with(london, `{"diversityZone":"blue"}`, `{}`),
		"config null":           with(london, `{"diversityZone":"blue"}`, `null`),
		"no config":             with(london, `"config":{"diversityZone":"blue"},`, ``),
		"leaked and odd keys":   with(london, `"virtual":false`, `"Virtual":true,"TERM":99,"locationUid":null,"promoCode":"none"`),
		"add-ons as an object":  with(sydney, `"createDate":0`, `"addOns":{"addOnType":"CROSS_CONNECT","crossConnectRequested":true}`),
		"add-ons as an array":   with(sydney, `"createDate":0`, `"addOns":[{"addOnType":"CROSS_CONNECT"}]`),
		"64 characters of name": with(london, `"lon-1"`, `"`+strings.Repeat("é", 64)+`"`),
		"255 of cost centre":    with(london, `"NET-042"`, `"`+strings.Repeat("é", 255)+`"`),
		"60 months":             with(london, `"term":1`, `"term":60`),
	} {
		t.Run(name, func(t *testing.T) {
			a := start(t, Config{})
			a.do("POST", "/v3/networkdesign/validate", "["+order+"]").want(200)
			if uids := a.buy(order); len(uids) != 1 {
				t.Errorf("UIDs %v", uids)
			}
		})
	}
}

func TestEveryFieldOfAnOrderArrives(t *testing.T) {
	a := start(t, Config{})
	uid := a.buy(london)[0]
	row := a.product(uid)
	want := map[string]any{
		"productName": "lon-1", "portSpeed": 1000.0, "locationId": 89.0, "contractTermMonths": 1.0, "market": "UK",
		"marketplaceVisibility": false, "costCentre": "NET-042", "diversityZone": "blue", "virtual": false, "aggregationId": nil,
	}
	got := make(map[string]any)
	for key := range want {
		got[key] = row[key]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantEqual(t, string(a.get("/v2/product/"+uid+"/tags").want(200).body),
		`{"message":"Found resource tags for `+uid+`",`+termsLine+`,"data":{"resourceTags":[{"key":"portctl-order","value":"o-1"}]}}`)
	// Without the field, the published order came back visible.
	visible := a.buy(with(london, `"marketplaceVisibility":false,`, ``))[0]
	if got := a.product(visible)["marketplaceVisibility"]; got != true {
		t.Errorf("marketplaceVisibility %v when the order leaves it out", got)
	}
}

func TestV4EnvelopeBuysTheSame(t *testing.T) {
	a := start(t, Config{})
	got := a.do("POST", "/v4/networkdesign/buy", `{"networkDesign":[`+london+`],"discountCodes":[]}`).want(200)
	if items := got.data().([]any); len(items) != 1 {
		t.Errorf("%d items", len(items))
	}
	if rows := a.listing(); len(rows) != 1 || rows[0]["productName"] != "lon-1" {
		t.Errorf("listing %v", rows)
	}
}

func TestAnArrayIsBoughtWholeOrNotAtAll(t *testing.T) {
	a := start(t, Config{})
	bad := with(london, `"term":1`, `"term":7`)
	a.do("POST", "/v3/networkdesign/buy", "["+london+","+bad+"]").want(400).says("order 2 (lon-1): term 7")
	if n := len(a.listing()); n != 0 {
		t.Fatalf("%d services were bought", n)
	}
	got := a.do("POST", "/v3/networkdesign/buy", "["+london+","+londonLAG+"]").want(200)
	if n := len(got.data().([]any)); n != 3 {
		t.Errorf("%d services, want 3", n)
	}
	if n := len(a.do("POST", "/v3/networkdesign/validate", "["+london+","+londonLAG+"]").want(200).data().([]any)); n != 2 {
		t.Errorf("validate gives %d lines, want one for each order", n)
	}
}

func TestSameOrderTwiceBuysTwice(t *testing.T) {
	a := start(t, Config{})
	if first, second := a.buy(london)[0], a.buy(london)[0]; first == second {
		t.Error("the second order was taken for the first")
	}
	if r := a.server.Record(); r.Purchases["lon-1"] != 2 {
		t.Errorf("purchases %v", r.Purchases)
	}
}

func TestDataOfRefusals(t *testing.T) {
	one := "[" + with(london, `"term":1`, `"term":7`) + "]"
	two := "[" + with(with(london, `"term":1`, `"term":7`), `"lon-1"`, `""`) + "]"
	const term = "term 7 is none of 1, 12, 24, 36, 48, 60 months"
	for _, c := range []struct{ shape, body, data string }{
		{"", one, `,"data":"` + term + `"`},
		{"", two, `,"data":[{"error":"productName is missing"},{"error":"` + term + `"}]`},
		{"string", two, `,"data":"productName is missing; ` + term + `"`},
		{"list", one, `,"data":[{"error":"` + term + `"}]`},
		{"none", two, ``},
	} {
		a := start(t, Config{Knobs: Knobs{ErrorData: c.shape}})
		a.do("POST", "/v3/networkdesign/validate", c.body).want(400).wantJSON(`{"message":"Validation failed",` + termsLine + c.data + `}`)
	}
}

func TestCompanyAndPlaceKnobs(t *testing.T) {
	validate := func(a *api) answer { return a.do("POST", "/v3/networkdesign/validate", "["+london+"]") }
	buy := func(a *api) answer { return a.do("POST", "/v3/networkdesign/buy", "["+london+"]") }
	t.Run("wrong market ignored", func(t *testing.T) {
		a := start(t, Config{Knobs: Knobs{WrongMarket: "ignore"}})
		a.buy(with(london, `"UK"`, `"AU"`))
	})
	t.Run("name length", func(t *testing.T) {
		a := start(t, Config{Knobs: Knobs{MaxNameLength: 4}})
		validate(a).want(400).says("longer than 4 characters")
		a.knobs(func(k *Knobs) { k.MaxNameLength = -1 })
		a.buy(with(london, `"lon-1"`, `"`+strings.Repeat("x", 500)+`"`))
	})
	t.Run("no capacity", func(t *testing.T) {
		a := start(t, Config{Knobs: Knobs{NoCapacity: []Capacity{{LocationID: 89, Zone: "blue", SpeedMbps: 1000}}}})
		validate(a).want(400).says("no capacity for 1000 Mbps at Digital Realty London LHR20")
		buy(a).want(400)
		red := a.buy(with(london, `{"diversityZone":"blue"}`, `{}`))[0]
		if zone := a.product(red)["diversityZone"]; zone != "red" {
			t.Errorf("zone %v, want the one with capacity", zone)
		}
		a.knobs(func(k *Knobs) { k.NoCapacity = []Capacity{{SpeedMbps: 10000}, {LocationID: 90}, {Zone: "red"}} })
		buy(a).want(200)
		a.knobs(func(k *Knobs) { k.NoCapacity = []Capacity{{Zone: "red"}} })
		if zone := a.product(a.buy(with(london, `{"diversityZone":"blue"}`, `{}`))[0])["diversityZone"]; zone != "blue" {
			t.Errorf("zone %v, want the one with capacity", zone)
		}
	})
	t.Run("capacity that fails at buy only", func(t *testing.T) {
		a := start(t, Config{Knobs: Knobs{NoCapacity: []Capacity{{BuyOnly: true}}}})
		validate(a).want(200)
		buy(a).want(400).says("no capacity")
	})
	t.Run("market USA", func(t *testing.T) {
		a := start(t, Config{Knobs: Knobs{MarketUSA: true}})
		got := a.do("POST", "/v3/networkdesign/buy", "["+with(with(london, `"UK"`, `"US"`), `"locationId":89`, `"locationId":60`)+"]").want(200)
		item := got.data().([]any)[0].(map[string]any)
		if item["market"] != "USA" || a.product(item["technicalServiceUid"].(string))["market"] != "USA" {
			t.Errorf("market %v", item["market"])
		}
	})
}

func TestLAG(t *testing.T) {
	a := start(t, Config{})
	uids := a.buy(with(londonLAG, `"lagPortCount":2`, `"lagPortCount":3`))
	if len(uids) != 3 {
		t.Fatalf("%d UIDs, want one for each member", len(uids))
	}
	primaries := 0
	aggregation := a.product(uids[0])["aggregationId"]
	for _, uid := range uids {
		m := a.product(uid)
		if m["productName"] != "lon-lag" || m["aggregationId"] != aggregation || m["lagId"] != 1.0 || m["diversityZone"] != "red" {
			t.Errorf("member %v", m)
		}
		if m["lagPrimary"] == true {
			primaries++
		}
	}
	if primaries != 1 || aggregation == nil {
		t.Errorf("%d primaries, aggregationId %v", primaries, aggregation)
	}
	if other := a.product(a.buy(with(londonLAG, `"lagPortCount":2`, `"lagPortCount":1`))[0]); other["aggregationId"] == aggregation || other["lagPrimary"] != true {
		t.Errorf("a LAG of one member: %v", other)
	}
}

func TestLAGGrowth(t *testing.T) {
	a := start(t, Config{})
	uids := a.buy(londonLAG)
	const grow = `"lagPortCount":2,"aggregationId":24001,"lagId":"1"`
	growth := with(londonLAG, `"lagPortCount":2`, grow)
	for name, c := range map[string]struct{ order, reason string }{
		"elsewhere":        {with(growth, `"locationId":89`, `"locationId":90`), "LAG 24001 is at location 89, not 90"},
		"at another speed": {with(growth, `"portSpeed":10000`, `"portSpeed":100000`), "LAG 24001 has ports of 10000 Mbps, not 100000"},
		"in another zone":  {with(growth, `"market":""`, `"config":{"diversityZone":"blue"}`), "LAG 24001 is in diversity zone red, not blue"},
		"beyond eight":     {with(growth, `"lagPortCount":2`, `"lagPortCount":7`), "would have 9 members"},
	} {
		t.Run(name, func(t *testing.T) {
			a.do("POST", "/v3/networkdesign/validate", "["+c.order+"]").want(400).says(c.reason)
		})
	}
	four := with(growth, `"lagPortCount":2`, `"lagPortCount":4`)
	a.do("POST", "/v3/networkdesign/buy", "["+four+","+four+"]").want(400).says("would have 10 members")
	added := a.buy(growth)
	if len(added) != 2 {
		t.Fatalf("%d UIDs", len(added))
	}
	for _, uid := range added {
		if m := a.product(uid); m["aggregationId"] != 24001.0 || m["lagPrimary"] != false || m["diversityZone"] != "red" {
			t.Errorf("new member %v", m)
		}
	}
	// Terminated members do not count.
	a.do("POST", "/v3/product/"+uids[1]+"/action/CANCEL_NOW", "").want(200)
	a.buy(with(growth, `"lagPortCount":2`, `"lagPortCount":5`))
	a.do("POST", "/v3/networkdesign/buy", "["+with(growth, `"lagPortCount":2,`, ``)+"]").want(400).says("would have 9 members")
}

func TestLAGPrices(t *testing.T) {
	a := start(t, Config{})
	price := func() any {
		line := a.do("POST", "/v3/networkdesign/validate", "["+londonLAG+"]").want(200).data().([]any)
		return line[0].(map[string]any)["price"].(map[string]any)["monthlyRate"]
	}
	if got := price(); got != 475.0 {
		t.Errorf("per member: %v", got)
	}
	a.knobs(func(k *Knobs) { k.LAGPrice = "total" })
	if got := price(); got != 950.0 {
		t.Errorf("total: %v", got)
	}
}
