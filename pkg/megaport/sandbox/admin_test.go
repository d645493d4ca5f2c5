package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

const allKnobs = `{"latency":"1ms","jitter":"2ms","provisionDelay":"-1s","listingLag":"3s","notFoundAfterBuy":"4s","stuck":["a*"],
	"failed":["b*"],"loaDelay":"5s","decommissionDelay":"6s","forgetAfter":"8h0m0s","clockAhead":"9h0m0s","dateSkew":"-1h0m0s",
	"rateLimit":100,"rateBurst":50,"retryAfter":"date","limits":"published","windowRequests":900,"window":"10m0s","updateInterval":"11m0s",
	"windowCountsRefused":true,"rateLimitBody":"bare","tokenLifetime":"7m0s",
	"approvals":true,"missingMarkets":["AU"],"missingTechnicalContact":true,
	"noCapacity":[{"locationId":89,"zone":"red","speedMbps":1000,"buyOnly":true}],"accountInfo":"uid",
	"managedCompanies":[{"accountName":"an","accountRef":"ar","companyUid":"cu"}],"refusedTags":["t"],"addOnsForm":"array","crossConnectDelay":"12m0s",
	"wrongMarket":"ignore","maxNameLength":10,
	"historicNotFound":true,"errorData":"list","locationsV3Off":true,"buyV3Off":true,"buyV4Off":true,"offStatus":410,"locationsNeedToken":true,
	"locationNames":{"89":"Renamed"},"locationStatuses":{"90":"Expired"},
	"extraLocations":[{"id":1,"name":"n","siteCode":"s","metro":"m","market":"UK","status":"Active","address":{"street":"a","suburb":"b",
		"city":"c","state":"d","postcode":"e","country":"f"},"latitude":1.5,"longitude":2.5,"dataCentre":{"id":3,"name":"dc"},
		"megaportSpeedMbps":{"red":[1000]},"mcrSpeedMbps":{"blue":[2500]},"crossConnect":true,"orderingMessage":"m"}],
	"lagPrice":"total","pricePercent":150,"priceShape":"zero","marketUSA":true,"productTypeUpper":true,"zoneNullReads":2,
	"costCentreOnPrimaryOnly":true,"absentCostCentreClears":true,"lagCancelCascades":true,"approvalPagesFromZero":true,"aggregationDelay":"13m0s","rewriteNames":"trim","dropTags":true,"odd":["iso-dates"],
	"faults":[{"route":"buy","kind":"429","probability":0.5,"nth":1,"times":2,"name":"x*","wait":"2s","retryAfter":"none","body":"html"}],"faultSeed":7}`

func TestKnobsOverHTTP(t *testing.T) {
	a := start(t, Config{})
	a.do("PUT", "/_sandbox/knobs", allKnobs).want(200).wantJSON(allKnobs)
	a.get("/_sandbox/knobs").want(200).wantJSON(allKnobs)
	// A patch leaves the rest.
	a.do("PATCH", "/_sandbox/knobs", `{"latency":"0s","faultSeed":8}`).want(200).
		wantJSON(strings.NewReplacer(`"latency":"1ms"`, `"latency":"0s"`, `"faultSeed":7`, `"faultSeed":8`).Replace(allKnobs))
	for body, reason := range map[string]string{
		`{"latncy":"1s"}`:          "latncy",
		`{"latency":1}`:            `a duration is a string such as`,
		`{"latency":"fast"}`:       "invalid duration",
		`{"latency":"-1s"}`:        "cannot be negative",
		`{"odd":["x"]}`:            `knob odd: \"x\" is none of iso-dates`,
		`{"offStatus":500}`:        "none of 404, 405, 410",
		`{"window":"-1s"}`:         "cannot be negative",
		`{"errorData":"odd"}`:      `knob errorData: \"odd\" is none of`,
		`{"faults":[{"kind":""}]}`: "fault kind",
		`[`:                        "",
	} {
		a.do("PATCH", "/_sandbox/knobs", body).want(400).says(reason)
	}
	if k := a.server.Knobs(); k.FaultSeed != 8 || k.ErrorData != "list" {
		t.Error("a refused patch changed something")
	}
	a.do("PUT", "/_sandbox/knobs", `{}`).want(200)
	if k := a.server.Knobs(); k.Latency != 0 || k.Approvals || len(k.Faults) != 0 {
		t.Errorf("knobs %+v", k)
	}
}

func TestKnobsAreCopied(t *testing.T) {
	stuck := []string{"a"}
	a := start(t, Config{Knobs: Knobs{Stuck: stuck}})
	stuck[0] = "b"
	got := a.server.Knobs()
	got.Stuck[0] = "c"
	if k := a.server.Knobs(); k.Stuck[0] != "a" {
		t.Errorf("the knob follows a slice of the caller: %v", k.Stuck)
	}
	if err := a.server.SetKnobs(Knobs{LAGPrice: "each"}); err == nil {
		t.Error("a knob that means nothing is taken")
	}
	if _, err := New(Config{Knobs: Knobs{RateLimit: -1}}); err == nil {
		t.Error("a knob that means nothing is taken at start")
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	a := start(t, Config{})
	one := `{"route":"buy","kind":"drop","probability":0,"nth":1,"times":0,"name":"","wait":"0s","retryAfter":"","body":""}`
	two := `{"route":"loa","kind":"late","probability":0.5,"nth":0,"times":0,"name":"","wait":"2s","retryAfter":"","body":""}`
	a.get("/_sandbox/faults").want(200).wantJSON(`[]`)
	a.do("POST", "/_sandbox/faults", `["buy:drop:n=1"]`).want(200).wantJSON("[" + one + "]")
	a.do("POST", "/_sandbox/faults", `[{"route":"loa","kind":"late","probability":0.5,"wait":"2s"}]`).want(200).wantJSON("[" + one + "," + two + "]")
	a.do("POST", "/_sandbox/faults", `["buy:nothing"]`).want(400).says("buy:nothing")
	a.do("POST", "/_sandbox/faults", `[{"route":"buy","knd":"drop"}]`).want(400).says("knd")
	a.do("POST", "/_sandbox/faults", `"buy:drop"`).want(400)
	a.get("/_sandbox/faults").want(200).wantJSON("[" + one + "," + two + "]")
	a.do("DELETE", "/_sandbox/faults", "").want(200).wantJSON(`[]`)
}

func TestRecordOverHTTP(t *testing.T) {
	a := start(t, Config{NewUID: numbered()})
	a.buy(london)
	a.faults("buy:500:n=1")
	a.do("POST", "/v4/networkdesign/buy", `{"networkDesign":[`+with(londonLAG, `"lagPortCount":2`, `"lagPortCount":3,"aggregationId":4`)+`]}`).want(500)
	a.do("POST", "/v3/networkdesign/buy", "["+with(london, `"term":1`, `"term":2`)+"]").want(400)
	a.get("/nowhere").want(404)
	a.get("/_sandbox/record").want(200).wantJSON(`{"routes":{
			"POST /oauth2/token":{"count":1,"byStatus":{"200":1}},
			"POST /v3/networkdesign/buy":{"count":2,"byStatus":{"200":1,"400":1}},
			"POST /v4/networkdesign/buy":{"count":1,"byStatus":{"500":1}},
			"GET (no endpoint)":{"count":1,"byStatus":{"404":1}}},
		"orders":[
			{"seq":1,"time":"2026-03-01T12:00:00Z","route":"POST /v3/networkdesign/buy","name":"lon-1","members":1,"locationId":89,
				"speedMbps":1000,"aggregationId":0,"tags":{"portctl-order":"o-1"},"committed":true,
				"uids":["00000000-0000-4000-8000-000000000001"],"status":200,"fault":"","approval":"","reason":""},
			{"seq":2,"time":"2026-03-01T12:00:00Z","route":"POST /v4/networkdesign/buy","name":"lon-lag","members":3,"locationId":89,
				"speedMbps":10000,"aggregationId":4,"tags":{},"committed":false,"uids":[],"status":500,"fault":"500","approval":"","reason":""},
			{"seq":3,"time":"2026-03-01T12:00:00Z","route":"POST /v3/networkdesign/buy","name":"lon-1","members":1,"locationId":89,
				"speedMbps":1000,"aggregationId":0,"tags":{"portctl-order":"o-1"},"committed":false,"uids":[],"status":400,"fault":"",
				"approval":"","reason":"term 2 is none of 1, 12, 24, 36, 48, 60 months"}],
		"received":3,"committed":1,"services":1,"purchases":{"lon-1":1}}`)
	a.do("POST", "/_sandbox/reset", "").want(200).wantJSON(`{"reset":true}`)
	a.get("/_sandbox/record").want(200).wantJSON(`{"routes":{},"orders":[],"received":0,"committed":0,"services":0,"purchases":{}}`)
	if n := len(a.listing()); n != 0 {
		t.Errorf("%d services after the reset", n)
	}
	a.faults()
	if uid := a.buy(london)[0]; a.product(uid)["productId"] != 68001.0 {
		t.Error("numbers do not start anew after the reset")
	}
}

func TestSeed(t *testing.T) {
	a := start(t, Config{})
	a.do("POST", "/_sandbox/services", `[
		{"uid":"twin","name":"lon-1","status":"DECOMMISSIONED"},
		{"uid":"full","name":"f","locationId":90,"speedMbps":10000,"termMonths":36,"zone":"red","costCentre":"CC","visible":true,
			"tags":{"b":"2","a":"1"},"aggregationId":7,"lagId":3,"lagPrimary":true,"locked":true,"adminLocked":true,"status":"FAILED","age":"1h"},
		{"uid":"young","name":"y","age":"3s"},
		{"uid":"mcr","name":"r","productType":"MCR2","overrides":{"portSpeed":2500,"virtual":true,"resources":{"interface":[]},"new":null}},
		{"uid":"odd","name":"o","raw":{"productType":"MEGAPORT","productUid":5}}]`).want(200).
		wantJSON(`{"uids":["twin","full","young","mcr","odd"]}`)
	if got := a.product("twin"); got["provisioningStatus"] != "DECOMMISSIONED" || got["terminateDate"] == nil || got["diversityZone"] != nil {
		t.Errorf("twin %v", got)
	}
	full := a.product("full")
	for key, want := range map[string]any{
		"productName": "f", "locationId": 90.0, "portSpeed": 10000.0, "contractTermMonths": 36.0, "diversityZone": "red", "costCentre": "CC",
		"marketplaceVisibility": true, "aggregationId": 7.0, "lagId": 3.0, "lagPrimary": true, "locked": true, "adminLocked": true,
		"provisioningStatus": "FAILED", "createDate": float64(a.clock.Now().Add(-time.Hour).UnixMilli()),
	} {
		if full[key] != want {
			t.Errorf("%s: %v, want %v", key, full[key], want)
		}
	}
	a.get("/v2/product/full/tags").says(`[{"key":"a","value":"1"},{"key":"b","value":"2"}]`)
	if got := a.product("young")["provisioningStatus"]; got != "CONFIGURED" {
		t.Errorf("young is %v", got)
	}
	mcr := a.product("mcr")
	_, isList := mcr["resources"].(map[string]any)["interface"].([]any)
	if _, added := mcr["new"]; mcr["productType"] != "MCR2" || mcr["portSpeed"] != 2500.0 || mcr["virtual"] != true || !isList || !added {
		t.Errorf("mcr %v", mcr)
	}
	a.get("/v2/products").want(200).says(`{"productType":"MEGAPORT","productUid":5}`)
	if r := a.server.Record(); r.Received != 0 || len(a.listing()) != 5 {
		t.Errorf("record %+v", r)
	}
	a.do("POST", "/_sandbox/services", `[{"name":"n"},{"uid":"twin"}]`).want(400).says("UID twin already")
	a.do("POST", "/_sandbox/services", `[{"uid":"new"},{"uid":"new"}]`).want(400).says("UID new already")
	a.do("POST", "/_sandbox/services", `[{"nme":"n"}]`).want(400).says("nme")
	if n := len(a.listing()); n != 5 {
		t.Errorf("%d services after refused seeds", n)
	}
}

func TestAdminIndexAndUnknownEndpoints(t *testing.T) {
	a := start(t, Config{})
	a.token = ""
	index := a.get("/_sandbox").want(200).object()
	for list, want := range map[string]string{
		"endpoints":  `{"method":"GET","path":"/_sandbox","doc":"list the admin endpoints, route classes, fault kinds, oddities and knobs"}`,
		"routes":     `{"method":"POST","pattern":"/oauth2/token","class":"token"}`,
		"faultKinds": `{"name":"commit-then-drop","doc":"carry the request out, then close the connection without an answer","routes":[],"commits":true,"lies":false}`,
		"knobs":      `{"name":"latency","doc":"added to every answer, such as \"50ms\""}`,
	} {
		first, err := json.Marshal(index[list].([]any)[0])
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, string(first), want)
	}
	a.get("/_sandbox/nothing").want(404).says("GET /_sandbox lists them")
	a.do("DELETE", "/_sandbox/record", "").want(404)
	for _, e := range adminRoutes {
		if e.Doc == "" || !strings.HasPrefix(e.Path, "/_sandbox") {
			t.Errorf("endpoint %+v", e)
		}
	}
}

func TestEveryKnobIsDocumented(t *testing.T) {
	raw, err := encode(Knobs{})
	if err != nil {
		t.Fatal(err)
	}
	d := jsontext.NewDecoder(strings.NewReader(string(raw)))
	var names, documented []string
	for d.PeekKind() != 0 {
		token, err := d.ReadToken()
		if err != nil {
			t.Fatal(err)
		}
		if d.StackDepth() == 1 && token.Kind() == '"' {
			names = append(names, token.String())
			if err := d.SkipValue(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, k := range KnobDocs() {
		documented = append(documented, k.Name)
		if k.Doc == "" {
			t.Errorf("knob %s has no text", k.Name)
		}
	}
	if diff := cmp.Diff(names, documented); diff != "" {
		t.Errorf("knobs and their documentation differ (-knobs +docs):\n%s", diff)
	}
}

func TestParseKnobs(t *testing.T) {
	k, err := ParseKnobs([]byte(`{"latency":"50ms","faults":[{"route":"buy","kind":"drop"}]}`))
	if err != nil || k.Latency != 50*time.Millisecond || len(k.Faults) != 1 {
		t.Errorf("%+v, %v", k, err)
	}
	for _, bad := range []string{`{"latencies":"50ms"}`, `{"errorData":"odd"}`, `[]`, ``} {
		if _, err := ParseKnobs([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
