package sandbox

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

const termsLine = `"terms":"This data is subject to the Acceptable Use Policy https://www.megaport.com/legal/acceptable-use-policy"`

// numbered gives UIDs that say when they were made.
func numbered() func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
	}
}

func fixture(t *testing.T, name string) any {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// wantShape demands every member of want in got, with a value of the same JSON
// type; null stands for any type.
func wantShape(t *testing.T, path string, got, want any) {
	t.Helper()
	switch w := want.(type) {
	case map[string]any:
		g, isObject := got.(map[string]any)
		if !isObject {
			t.Errorf("%s: %T, want an object", path, got)
			return
		}
		for key, value := range w {
			if _, there := g[key]; !there {
				t.Errorf("%s.%s is missing", path, key)
				continue
			}
			wantShape(t, path+"."+key, g[key], value)
		}
	case []any:
		g, isArray := got.([]any)
		if !isArray {
			t.Errorf("%s: %T, want an array", path, got)
			return
		}
		for i := range min(len(g), len(w)) {
			wantShape(t, fmt.Sprintf("%s[%d]", path, i), g[i], w[i])
		}
	default:
		if got != nil && want != nil && fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			t.Errorf("%s: %T, want %T", path, got, want)
		}
	}
}

func elementByID(list any, id float64) map[string]any {
	for _, item := range list.([]any) {
		if m := item.(map[string]any); m["id"] == id {
			return m
		}
	}
	return nil
}

func TestLocationsV3IsThePublishedExchange(t *testing.T) {
	a := start(t, Config{})
	a.token = "" // no token is needed
	got := a.get("/v3/locations").want(200).object()
	want := fixture(t, "locations-v3.json").(map[string]any)
	for _, key := range []string{"message", "terms"} {
		if got[key] != want[key] {
			t.Errorf("%s: %q, want %q", key, got[key], want[key])
		}
	}
	g, _ := json.Marshal(elementByID(got["data"], 89))
	w, _ := json.Marshal(elementByID(want["data"], 89))
	wantEqual(t, string(g), string(w))
}

func TestLocationsKnobsAndQuery(t *testing.T) {
	a := start(t, Config{})
	a.get("/v2/locations").want(404).says("No endpoint GET /v2/locations")
	for query, want := range map[string][]string{
		"?locationStatuses=Restricted":                            {"EdgeConneX Atlanta ATL02"},
		"?locationStatuses=Restricted&metro=London":               {},
		"?locationStatuses=Restricted,Deployment&metro=Atlanta":   {"EdgeConneX Atlanta ATL02"},
		"?metro=dublin&unknown=ignored&locationStatuses=Active":   nil,
		"?locationStatuses=New&locationStatuses=Restricted&x=%20": {"EdgeConneX Atlanta ATL02", "Invented Copenhagen 2"},
	} {
		var names []string
		for _, l := range a.get("/v3/locations" + query).want(200).data().([]any) {
			m := l.(map[string]any)
			names = append(names, m["name"].(string))
			if want == nil && m["metro"] != "Dublin" {
				t.Errorf("%s gives %v", query, m["metro"])
			}
		}
		if want != nil && !slices.Equal(names, want) {
			t.Errorf("%s gives %v, want %v", query, names, want)
		}
		if want == nil && len(names) == 0 {
			t.Errorf("%s gives nothing", query)
		}
	}
	restricted := elementByID(a.get("/v3/locations").data(), 1299)
	if red := restricted["diversityZones"].(map[string]any)["red"].(map[string]any)["megaportSpeedMbps"]; len(red.([]any)) == 0 {
		t.Error("location 1299 must list speeds although it is Restricted")
	}
	a.knobs(func(k *Knobs) {
		k.LocationsV3Off = true
		k.LocationNames = map[int]string{3: "DigiCo Sydney SYD1"}
		k.LocationStatuses = map[int]string{89: "Expired"}
		k.ExtraLocations = []Location{{ID: 9999, Name: "New Place", Market: "UK", Status: "New"}}
	})
	a.get("/v3/locations").want(404).says("No endpoint GET /v3/locations")
	a.knobs(func(k *Knobs) { k.LocationsV3Off = false })
	rows := a.get("/v3/locations").want(200).data()
	if elementByID(rows, 3)["name"] != "DigiCo Sydney SYD1" || elementByID(rows, 89)["status"] != "Expired" || elementByID(rows, 9999) == nil {
		t.Error("the knobs on locations have no effect")
	}
}

func TestCatalogServesOnlyAPIFields(t *testing.T) {
	a := start(t, Config{})
	body := string(a.get("/v3/locations").body)
	for _, key := range []string{"formerNames", "nameSource", "siteCode"} {
		if strings.Contains(body, key) {
			t.Errorf("v3 locations show %s", key)
		}
	}
	for _, zones := range a.get("/v3/locations").data().([]any) {
		if _, there := zones.(map[string]any)["diversityZones"].(map[string]any); !there {
			t.Errorf("location without diversityZones: %v", zones)
		}
	}
	sydney := elementByID(a.get("/v3/locations").data(), 2)
	got, _ := json.Marshal(sydney["productAddOns"])
	wantEqual(t, string(got), `{"crossConnect":{"available":true,"type":"STANDARD"}}`)
}

func TestNetworkRegions(t *testing.T) {
	catalog := []Location{
		{ID: 1, Market: "UK", Address: Address{Country: "United Kingdom"}},
		{ID: 2, Market: "UK", Address: Address{Country: "United Kingdom"}},
		{ID: 3, Market: "AU", Address: Address{Country: "Australia"}},
	}
	a := start(t, Config{Locations: catalog})
	a.get("/v2/networkRegions").want(200).wantJSON(`{"message":"List all public network regions",` + termsLine + `,"data":[{"networkRegion":"MP1","countries":[
		{"code":"AUS","prefix":"AU","name":"Australia","siteCount":1},
		{"code":"GBR","prefix":"GB","name":"United Kingdom","siteCount":2}]}]}`)
}

func TestValidateIsThePublishedExchange(t *testing.T) {
	a := start(t, Config{})
	request, err := os.ReadFile("testdata/validate-request.json")
	if err != nil {
		t.Fatal(err)
	}
	got := a.do("POST", "/v3/networkdesign/validate", string(request)).want(200)
	got.says(`"monthlyRate":500.00`).says(`"fixedRecurringCharge":500.00`)
	want := fixture(t, "validate-response.json").(map[string]any)
	line := got.data().([]any)[0].(map[string]any)
	published := want["data"].([]any)[0].(map[string]any)
	if line["productUid"] == published["productUid"] || len(line["productUid"].(string)) != 36 {
		t.Errorf("productUid %v", line["productUid"])
	}
	delete(line, "productUid")
	delete(published, "productUid")
	g, _ := json.Marshal(line)
	w, _ := json.Marshal(published)
	wantEqual(t, string(g), string(w))
	if rows := a.listing(); len(rows) != 0 {
		t.Errorf("validate bought something: %v", rows)
	}
}

func TestBuyReplyHasThePublishedShape(t *testing.T) {
	a := start(t, Config{NewUID: numbered()})
	got := a.do("POST", "/v3/networkdesign/buy", "["+london+"]").want(200)
	wantShape(t, "buy", got.object(), fixture(t, "buy-response.json"))
	got.wantJSON(`{"message":"MEGAPORT [00000000-0000-4000-8000-000000000001] created. ",` + termsLine + `,"data":[{
		"serviceName":"lon-1","name":"lon-1","secondaryName":null,"technicalServiceId":68001,
		"technicalServiceUid":"00000000-0000-4000-8000-000000000001","requestedDate":1772366400000,"configuredDate":null,
		"currentEstimatedDelivery":null,"companyName":"Sandbox Networks","companyId":1750,"aggregationId":null,"lagPrimary":false,
		"billingContactName":null,"billingContactId":null,"adminContactName":null,"adminContactId":null,"technicalContactName":null,
		"technicalContactId":null,"salesName":null,"salesId":null,"billableId":56001,"billableUsageAlgorithm":"NOT_POST_PAID",
		"productType":"MEGAPORT","provisioningStatus":"DEPLOYABLE","failedReason":null,"inAdvanceBillingStatus":"NOT_ACTIVATED",
		"provisioningItems":[],"tags":[],"vxcDistanceBand":null,"intercapPath":null,"marketplaceVisibility":false,"vxcPermitted":true,
		"vxcAutoApproval":false,"createDate":1772366400000,"terminationDate":null,"contractStartDate":null,"contractTermMonths":1,
		"rateType":"MONTHLY","trialAgreement":false,"payerCompanyId":null,"nonPayerCompanyId":null,"minimumSpeed":null,
		"maximumSpeed":null,"rateLimit":1000,"errorMessage":null,"costCentre":"NET-042","market":"UK","accountManager":null,
		"promptUid":null,"components":[],"attributes":[],"aLocation":"lon-tc1","bLocation":null,"aLocationId":null,"bLocationId":null,
		"attributeTags":{},"createdBy":"a51cc1c6-95a0-48c7-a5a0-e49d77a6c536","buyoutPort":false,"virtual":false,"locked":false,
		"adminLocked":false,"bgpShutdownDefault":false}]}`)
}

func TestProductAsItIsRead(t *testing.T) {
	a := start(t, Config{NewUID: numbered()})
	uids := a.buy(strings.Replace(londonLAG, `"marketplaceVisibility":false`, `"marketplaceVisibility":true,"costCentre":"CC"`, 1))
	a.clock.advance(4 * time.Second)
	row := `{"productId":68001,"productUid":"00000000-0000-4000-8000-000000000001","productName":"lon-lag","productType":"megaport",
		"provisioningStatus":"LIVE","createDate":1772366400000,"createdBy":"a51cc1c6-95a0-48c7-a5a0-e49d77a6c536","portSpeed":10000,
		"terminateDate":null,"liveDate":1772366404000,"market":"UK","locationId":89,"usageAlgorithm":"NOT_POST_PAID",
		"marketplaceVisibility":true,"vxcpermitted":true,"vxcAutoApproval":false,"secondaryName":null,"lagPrimary":true,"lagId":1,
		"aggregationId":24001,"companyUid":"5f0c2a4e-7b1d-4c39-9a86-d21e04b7c3f8","companyName":"Sandbox Networks","costCentre":"CC",
		"contractStartDate":1772366404000,"contractEndDate":1803902404000,"contractTermMonths":12,"attributeTags":{},"virtual":false,
		"buyoutPort":false,"locked":false,"adminLocked":false,"cancelable":true,"diversityZone":"red",
		"resources":{"interface":{"demarcation":"MMR 1, Rack 37.01, Panel 3, Ports 19/20","description":"","id":168001,
			"loa_template":"megaport","media":"LR","name":"lon-lag","port_speed":10000,"resource_name":"interface",
			"resource_type":"interface","up":1}},
		"locationDetail":{"name":"Digital Realty London LHR20","city":"London","metro":"London","country":"United Kingdom"},
		"associatedVxcs":[],"associatedIxs":[]}`
	a.get("/v2/product/" + uids[0]).want(200).wantJSON(
		`{"message":"Found Product 00000000-0000-4000-8000-000000000001",` + termsLine + `,"data":` + row + `}`)
	listed, _ := json.Marshal(a.listing()[0])
	wantEqual(t, string(listed), row)
}

func TestErrorsArePublishedShapes(t *testing.T) {
	const unknown = "00000000-0000-0000-0000-000000000000"
	for i, item := range fixture(t, "errors.json").([]any) {
		want := item.(map[string]any)
		body := want["body"].(map[string]any)
		if data, _ := body["data"].(string); strings.Contains(data, "B-End") {
			continue // of a VXC, which the sandbox does not sell
		}
		a := start(t, Config{})
		order := strings.Replace(london, `"locationId":89,"term":1,"market":"UK"`, `"locationId":2,"term":1,"market":"AU"`, 1)
		var got answer
		switch {
		case want["status"] == 401.0:
			a.token = "nonsense"
			got = a.get("/v2/products")
		case want["status"] == 404.0:
			got = a.get("/v2/product/" + unknown)
		case body["data"] == nil:
			a.knobs(func(k *Knobs) { k.HistoricNotFound = true })
			got = a.get("/v2/product/" + unknown)
		default:
			a.knobs(func(k *Knobs) {
				k.ErrorData = "list"
				if strings.Contains(fmt.Sprint(body["data"]), "markets") {
					k.MissingMarkets = []string{"AU"}
				} else {
					k.MissingTechnicalContact = true
				}
			})
			got = a.do("POST", "/v3/networkdesign/buy", "["+order+"]")
		}
		if float64(got.status) != want["status"] {
			t.Errorf("error %d: status %d, want %v", i, got.status, want["status"])
		}
		body["terms"] = got.object()["terms"]
		w, _ := json.Marshal(body)
		got.wantJSON(string(w))
	}
}

func TestTraceIDAndContentTypeOnEverything(t *testing.T) {
	a := start(t, Config{})
	seen := make(map[string]bool)
	for _, path := range []string{"/v3/locations", "/v2/products", "/nowhere", "/v2/product/x", "/_sandbox/knobs"} {
		h := a.get(path).header
		id := h.Get("Trace-Id")
		if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" || seen[id] {
			t.Errorf("%s: Trace-Id %q", path, id)
		}
		seen[id] = true
		if got := h.Get("Content-Type"); got != "application/json;charset=UTF-8" {
			t.Errorf("%s: Content-Type %q", path, got)
		}
	}
}

func TestRoutesAndPaths(t *testing.T) {
	a := start(t, Config{})
	uid := a.buy(london)[0]
	a.get("/v2//product///" + uid).want(200)
	a.get("//v2/product/" + uid + "/").want(200)
	a.get("/v2/product/").want(404).says("No endpoint GET /v2/product")
	a.do("DELETE", "/v3/product/"+uid, "").want(404).says("No endpoint DELETE /v3/product/" + uid)
	a.do("DELETE", "/v2/product/"+uid, "").want(405)
	a.do("PUT", "/v2/product/"+uid+"/lock", "{}").want(405)
	a.do("GET", "/v2/networkdesign/buy", "").want(404).says("No endpoint GET /v2/networkdesign/buy")
	a.do("GET", "/v2/product/"+uid+"/loa", "{}").want(400) // a GET with a body, as one client sends it
	for _, knob := range []string{"v3", "v4"} {
		a.knobs(func(k *Knobs) { k.BuyV3Off, k.BuyV4Off = knob == "v3", knob == "v4" })
		a.do("POST", "/"+knob+"/networkdesign/buy", "["+london+"]").want(404).says("No endpoint POST /" + knob + "/networkdesign/buy")
	}
	if n := len(a.listing()); n != 1 {
		t.Errorf("%d services, want 1", n)
	}
}

func TestOnlyTokenLocationsAndRegionsNeedNoToken(t *testing.T) {
	a := start(t, Config{})
	a.token = ""
	for _, r := range Routes() {
		path := strings.NewReplacer("{uid}", "u", "{id}", "1", "{action}", "CANCEL_NOW", "{decision}", "approve").Replace(r.Pattern)
		got := a.do(r.Method, path, "{}")
		public := slices.Contains([]string{"token", "locations", "regions"}, r.Class)
		if public == (got.status == http.StatusUnauthorized) {
			t.Errorf("%s %s: %d", r.Method, r.Pattern, got.status)
		}
		if !public {
			got.wantJSON(`{"message":"Bad session token - try logging in again.",` + termsLine + `}`)
		}
	}
}
