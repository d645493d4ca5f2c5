package sandbox

import (
	"bytes"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

const secondLAG = `{"productName":"lon-lag-2","productType":"MEGAPORT","portSpeed":10000,"locationId":89,"term":12,"lagPortCount":2}`

// uidsOf gives the UIDs that the record says were created by the latest order.
func (a *api) created() []string {
	a.t.Helper()
	orders := a.server.Record().Orders
	return orders[len(orders)-1].UIDs
}

// TestAnswersThatNameOtherUIDs holds each lying answer to what it says.
func TestAnswersThatNameOtherUIDs(t *testing.T) {
	for kind, wrong := range map[string]func(answered, created, before []string) bool{
		"other-uids-after-commit": func(answered, _, before []string) bool {
			return !slices.Equal(answered, []string{before[1], before[0]})
		},
		"more-uids-after-commit": func(answered, created, before []string) bool {
			return !slices.Equal(answered, append(slices.Clone(created), before[1]))
		},
		"unknown-uids-after-commit": func(answered, created, before []string) bool {
			return len(answered) != 2 || slices.Contains(append(created, before...), answered[0])
		},
		"upper-uids-after-commit": func(answered, created, _ []string) bool {
			return answered[0] == created[0] || strings.ToLower(answered[0]) != created[0]
		},
		"reversed-uids-after-commit": func(answered, created, _ []string) bool {
			return answered[0] != created[1] || answered[1] != created[0]
		},
		"double-uids-after-commit": func(answered, created, _ []string) bool {
			return len(answered) != 4 || answered[0] != created[0] || answered[2] != created[0]
		},
	} {
		t.Run(kind, func(t *testing.T) {
			a := start(t, Config{})
			before := a.buy(londonLAG)
			a.faults("buy:" + kind + ":times=1")
			answered := a.buy(secondLAG)
			if created := a.created(); len(created) != 2 || wrong(answered, created, before) {
				t.Errorf("answered %v, created %v, before %v", answered, created, before)
			}
			if again := a.buy(secondLAG); !slices.Equal(again, a.created()) {
				t.Error("the next answer is wrong too")
			}
		})
	}
}

// TestOtherUIDsWithoutOthers: an answer about nothing that exists.
func TestOtherUIDsWithoutOthers(t *testing.T) {
	a := start(t, Config{})
	a.faults("buy:other-uids-after-commit")
	for _, uid := range a.buy(london) {
		a.get("/v2/product/" + uid).want(404)
	}
}

// TestOrdersThatAreCarriedOutOtherwise: the account has another service than the one
// that was ordered, and the answer looks right.
func TestOrdersThatAreCarriedOutOtherwise(t *testing.T) {
	for kind, of := range map[string]func(a *api, row map[string]any) any{
		"wrong-site": func(_ *api, row map[string]any) any { return row["locationId"] },
		"renamed":    func(_ *api, row map[string]any) any { return row["productName"] },
		"untagged": func(a *api, row map[string]any) any {
			return a.get("/v2/product/" + row["productUid"].(string) + "/tags").data().(map[string]any)["resourceTags"]
		},
	} {
		t.Run(kind, func(t *testing.T) {
			a := start(t, Config{})
			right := of(a, a.product(a.buy(london)[0]))
			a.faults("buy:" + kind + ":times=1")
			if wrong := of(a, a.product(a.buy(london)[0])); cmp.Equal(wrong, right) {
				t.Errorf("both are %v", right)
			}
			if after := of(a, a.product(a.buy(london)[0])); !cmp.Equal(after, right) {
				t.Errorf("the next is %v", after)
			}
		})
	}
}

// aggregations gives how many listed services each LAG has.
func (a *api) aggregations() map[any]int {
	a.t.Helper()
	out := map[any]int{}
	for _, row := range a.listing() {
		out[row["aggregationId"]]++
	}
	return out
}

func TestLAGsThatComeOutOtherwise(t *testing.T) {
	grow := func(count string) string {
		return with(londonLAG, `"lagPortCount":2`, `"lagPortCount":`+count+`,"aggregationId":24001`)
	}
	for name, c := range map[string]struct {
		fault string
		order string
		want  map[any]int
	}{
		"as ordered":              {"products:late:n=99", grow("2"), map[any]int{24001.0: 4}},
		"half of it":              {"buy:partial-lag", with(londonLAG, `"lagPortCount":2`, `"lagPortCount":5`), map[any]int{24001.0: 2, 24002.0: 2}},
		"a new LAG, not growth":   {"buy:new-lag", grow("2"), map[any]int{24001.0: 2, 24002.0: 2}},
		"two aggregation ids":     {"buy:split-lag", with(londonLAG, `"lagPortCount":2`, `"lagPortCount":4`), map[any]int{24001.0: 2, 24002.0: 2, 24003.0: 2}},
		"growth with another one": {"buy:split-lag", grow("2"), map[any]int{24001.0: 3, 24002.0: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			a := start(t, Config{})
			a.buy(londonLAG)
			a.faults(c.fault)
			a.do("POST", "/v3/networkdesign/buy", "["+c.order+"]").want(200)
			if diff := cmp.Diff(c.want, a.aggregations()); diff != "" {
				t.Errorf("LAGs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAggregationDelay: the LAG of a new member is not known at first.
func TestAggregationDelay(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{AggregationDelay: time.Minute}})
	a.do("POST", "/v3/networkdesign/buy", "["+londonLAG+"]").want(200).says(`"aggregationId":null`)
	if diff := cmp.Diff(map[any]int{nil: 2}, a.aggregations()); diff != "" {
		t.Error(diff)
	}
	a.knobs(func(k *Knobs) { k.Odd = []string{"aggregation-zero"} })
	if diff := cmp.Diff(map[any]int{0.0: 2}, a.aggregations()); diff != "" {
		t.Error(diff)
	}
	a.wait(time.Minute)
	if diff := cmp.Diff(map[any]int{24001.0: 2}, a.aggregations()); diff != "" {
		t.Error(diff)
	}
}

// TestGrowthNeedsALAGAndACount: API facts §3.2.
func TestGrowthNeedsALAGAndACount(t *testing.T) {
	a := start(t, Config{})
	a.buy(londonLAG)
	for order, reason := range map[string]string{
		with(londonLAG, `"lagPortCount":2`, `"lagPortCount":1,"aggregationId":0`): "There is no LAG with aggregationId 0",
		with(londonLAG, `"lagPortCount":2`, `"aggregationId":0`):                  "There is no LAG with aggregationId 0",
		with(londonLAG, `"lagPortCount":2`, `"aggregationId":24001`):              "lagPortCount is missing",
	} {
		for _, path := range []string{"validate", "buy"} {
			a.do("POST", "/v3/networkdesign/"+path, "["+order+"]").want(400).says(reason)
		}
	}
	a.buy(with(londonLAG, `"lagPortCount":2`, `"lagPortCount":1,"aggregationId":24001`))
	a.buy(with(londonLAG, `"lagPortCount":2`, `"lagPortCount":1,"aggregationId":null`))
	if diff := cmp.Diff(map[any]int{24001.0: 3, 24002.0: 1}, a.aggregations()); diff != "" {
		t.Error(diff)
	}
}

func TestNamesAndTagsThatAreNotKept(t *testing.T) {
	for knob, want := range map[string]string{"upper": "A  PORT OF LONDON, NUMBER 1", "trim": "a port of London, number 1", "short": "a  port of London, n"} {
		a := start(t, Config{Knobs: Knobs{RewriteNames: knob, DropTags: true}})
		uid := a.buy(with(london, `"lon-1"`, `"a  port of London, number 1"`))[0]
		if got := a.product(uid)["productName"]; got != want {
			t.Errorf("%s: %q", knob, got)
		}
		a.get("/v2/product/" + uid + "/tags").want(200).says(`"resourceTags":[]`)
		if o := a.server.Record().Orders[0]; o.Name != "a  port of London, number 1" || o.Tags["portctl-order"] != "o-1" {
			t.Errorf("the record says %+v, not what was ordered", o)
		}
	}
}

func TestTagsThatAreRefused(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{RefusedTags: []string{"portctl-order"}}})
	a.do("POST", "/v3/networkdesign/validate", "["+london+"]").want(400).says(`resource tag \"portctl-order\" is not allowed`)
}

// TestMarketsThatAreRefused: a market may have to be empty.
func TestMarketsThatAreRefused(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{WrongMarket: "any"}})
	a.do("POST", "/v3/networkdesign/validate", "["+london+"]").want(400).says(`market \"UK\"`)
	a.do("POST", "/v3/networkdesign/validate", "["+with(london, `"UK"`, `""`)+"]").want(200)
}

func TestRoutesThatAreTakenAway(t *testing.T) {
	for status, text := range map[int]string{0: "No endpoint", 404: "No endpoint", 405: "not available any more", 410: "not available any more"} {
		a := start(t, Config{Knobs: Knobs{BuyV3Off: true, OffStatus: status}})
		got := a.do("POST", "/v3/networkdesign/buy", "["+london+"]").says(text).says(`"terms"`)
		if want := max(status, 404); got.status != want {
			t.Errorf("status %d, want %d", got.status, want)
		}
		a.do("POST", "/v4/networkdesign/buy", `{"networkDesign":[`+london+`]}`).want(200)
	}
}

func TestLocationsThatNeedAToken(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{LocationsNeedToken: true}})
	a.get("/v3/locations").want(200)
	a.token = ""
	a.get("/v3/locations").want(401)
	a.get("/v2/networkRegions").want(200)
}

// TestVXCsOfASeed: only those that are not terminated stand in the way of a safe
// cancel.
func TestVXCsOfASeed(t *testing.T) {
	a := start(t, Config{})
	a.do("POST", "/_sandbox/services", `[
		{"uid":"ended","vxcs":[{"productUid":"v1","provisioningStatus":"DECOMMISSIONED"},{"productUid":"v2","provisioningStatus":"CANCELLED"}]},
		{"uid":"active","vxcs":[{"productUid":"v3","provisioningStatus":"DECOMMISSIONED"},{"productUid":"v4","provisioningStatus":"LIVE"}]},
		{"uid":"bare","vxcs":[{"productUid":"v5"}]}]`).want(200)
	for uid, status := range map[string]int{"ended": 200, "active": 400, "bare": 400} {
		if n := len(a.product(uid)["associatedVxcs"].([]any)); n == 0 {
			t.Errorf("%s shows no VXCs", uid)
		}
		a.do("POST", "/v3/product/"+uid+"/action/CANCEL_NOW?safeDelete=true", "").want(status)
	}
}

// TestApprovalsThatCannotBeRead lists what the endpoint may say that is no list of
// approvals, with the API's envelope and without.
func TestApprovalsThatCannotBeRead(t *testing.T) {
	for fault, want := range map[string]struct {
		status int
		body   string
	}{
		"400": {400, `"terms"`}, "401": {401, `"terms"`}, "403": {403, `"terms"`}, "404-no-endpoint": {404, "No endpoint GET /v3/order_approvals"},
		"405": {405, `"terms"`}, "500": {500, `"terms"`}, "204": {204, ""}, "null-data": {200, `"data":null`}, "object-data": {200, `"data":{`},
		"404:body=html": {404, "<!DOCTYPE html>"}, "403:body=bare": {403, `{"error":"Forbidden"}`}, "400:body=bare": {400, `{"error":"Bad Request"}`},
		"html-200-after-commit": {200, "<!DOCTYPE html>"},
	} {
		t.Run(fault, func(t *testing.T) {
			a := start(t, Config{})
			a.faults("approvals:" + fault)
			got := a.get("/v3/order_approvals").want(want.status)
			if got.says(want.body); want.body == "" && len(got.body) > 0 {
				t.Errorf("body %q", got.body)
			}
			if isEnvelope := strings.Contains(string(got.body), `"terms":`); strings.Contains(fault, "body=") && isEnvelope {
				t.Error("a gateway answers with the API's envelope")
			}
		})
	}
}

// TestBodiesOfFaults: a gateway spoils errors, never what went well.
func TestBodiesOfFaults(t *testing.T) {
	a := start(t, Config{})
	a.faults("buy:429-after-commit:body=html:times=1:wait=3s", "buy:401-after-commit:body=bare:times=1", "buy:late:body=html:wait=1ns")
	if got := a.do("POST", "/v3/networkdesign/buy", "["+london+"]").want(429).says("<!DOCTYPE html>"); got.header.Get("Retry-After") != "3" {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
	a.do("POST", "/v3/networkdesign/buy", "["+london+"]").want(401).wantJSON(`{"error":"Unauthorized"}`)
	a.buy(london)
	if n := len(a.listing()); n != 3 {
		t.Errorf("%d services were bought", n)
	}
}

// TestSlowBody: the answer is right, and arrives in pieces.
func TestSlowBody(t *testing.T) {
	a := start(t, Config{Now: time.Now})
	whole := a.get("/v3/locations").body
	a.faults("locations:slow-body:wait=20ms")
	h := httptest.NewServer(a.server)
	defer h.Close()
	res, err := h.Client().Get(h.URL + "/v3/locations")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if slow, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(slow, whole) {
		t.Errorf("%d of %d bytes, %v", len(slow), len(whole), err)
	}
	synctest.Test(t, func(t *testing.T) {
		a := start(t, Config{Now: time.Now, Knobs: Knobs{Faults: []Fault{{Route: "locations", Kind: "slow-body", Wait: time.Minute}}}})
		begun := time.Now()
		if a.get("/v3/locations"); time.Since(begun) != time.Minute {
			t.Errorf("it took %s of virtual time", time.Since(begun))
		}
	})
}

// TestEveryOddity asks for each oddity alone, and for what it changes.
func TestEveryOddity(t *testing.T) {
	const listing, locations, validate, approvals = "/v2/products", "/v3/locations", "/v3/networkdesign/validate", "/v3/order_approvals"
	want := map[string][2]string{ // where, and what is there only with it
		"iso-dates":              {listing, `"createDate":"2026-03-01T12:00:00.000+0000"`},
		"text-numbers":           {listing, `"portSpeed":"10000"`},
		"up-bool":                {listing, `"up":true`},
		"interface-list":         {listing, `"interface":[`},
		"odd-cosmetics":          {listing, `"locationDetail":"London"`},
		"status-lower":           {listing, `"provisioningStatus":"deployable"`},
		"aggregation-zero":       {listing, `"aggregationId":0`},
		"terminated-null":        {listing, `"portSpeed":null`},
		"half-emoji":             {listing, `"productName":"half an \ud83d"`},
		"row-without-type":       {listing, `"productUid":"z"`},
		"empty-null":             {listing + "?provisioningStatus=SLEEP", `"data":null`},
		"locations-status-lower": {locations, `"status":"active"`},
		"locations-zones-null":   {locations, `"diversityZones":null`},
		"locations-market-null":  {locations, `"market":null`},
		"locations-market-gb":    {locations, `"market":"GB"`},
		"locations-speed-gbps":   {locations, `"megaportSpeedMbps":[1,10,100]`},
		"locations-one-odd":      {locations, `"address":"1 Street"`},
		"price-text":             {validate, `"monthlyRate":"475"`},
		"price-recurring-zero":   {validate, `"fixedRecurringCharge":0,`},
		"price-no-currency":      {validate, `"currency":null`},
		"price-empty-true":       {validate, `"empty":true`},
		"price-mbps":             {validate, `"mbpsRate":0.01`},
		"price-mbps-derived":     {validate, `"mbpsRate":0.0475`},
		"price-setup":            {validate, `"monthlySetup":100`},
		"price-two-lines":        {validate, `"productType":"CROSS_CONNECT"`},
		"price-nested":           {validate, `"data":{"orders":[`},
		"approval-iso-dates":     {approvals, `"createDate":"2026-03-01T12:00:00.000+0000"`},
		"approval-text-ids":      {approvals, `"id":"301"`},
		"approval-no-detail":     {approvals, `"detail":null`},
		"approval-text-detail":   {approvals, `"detail":"{`},
	}
	a := start(t, Config{})
	a.buy(londonLAG)
	a.do("POST", "/_sandbox/services", `[{"name":"half an 😀"},{"name":"old","status":"DECOMMISSIONED"}]`).want(200)
	a.knobs(func(k *Knobs) { k.Approvals = true })
	a.do("POST", "/v3/networkdesign/buy", "["+london+"]").want(200)
	ask := func(path string) answer {
		if path == validate {
			return a.do("POST", path, "["+londonLAG+"]").want(200)
		}
		return a.get(path).want(200)
	}
	for _, o := range oddities {
		w, listed := want[o.Name]
		if !listed {
			t.Errorf("the test does not say what %s changes", o.Name)
			continue
		}
		a.knobs(func(k *Knobs) { k.Odd = nil })
		if body := string(ask(w[0]).body); strings.Contains(body, w[1]) {
			t.Errorf("%s: %s is there without it", o.Name, w[1])
		}
		a.knobs(func(k *Knobs) { k.Odd = []string{o.Name} })
		ask(w[0]).says(w[1])
	}
}

// TestOdditiesAddUp: several at once, and only where they belong.
func TestOdditiesAddUp(t *testing.T) {
	a := start(t, Config{})
	a.buy(london)
	plain := string(a.get("/v3/locations").body)
	a.knobs(func(k *Knobs) { k.Odd = []string{"iso-dates", "status-lower", "text-numbers"} })
	a.get("/v2/products").says(`"provisioningStatus":"deployable"`).says(`"createDate":"2026`).says(`"portSpeed":"1000"`)
	if string(a.get("/v3/locations").body) != plain {
		t.Error("oddities of products change locations")
	}
	var whole any
	if err := json.Unmarshal(a.get("/v2/products").body, &whole); err != nil {
		t.Error(err)
	}
}
