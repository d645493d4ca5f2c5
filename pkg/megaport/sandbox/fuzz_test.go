package sandbox

import (
	"os"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// fuzzBody sends arbitrary bytes to an endpoint: no panic (Transport reports one
// as an error), no 5xx, always a JSON envelope, and afterwards a listing that can
// be read.
func fuzzBody(f *testing.F, send func(a *api, uid, body string) (answer, error), seeds ...string) {
	f.Helper()
	for _, seed := range append(seeds, "", "{}", "[]", "null", "[{}]", "\xff\xfe", `{"a":`) {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a := start(t, Config{Knobs: Knobs{ProvisionDelay: -1}})
		uid := a.buy(london)[0]
		got, err := send(a, uid, string(body))
		if err != nil {
			t.Fatal(err)
		}
		if got.status != 200 && got.status != 400 && got.status != 404 {
			t.Errorf("status %d: %s", got.status, got.body)
		}
		if !jsontext.Value(got.body).IsValid() {
			t.Errorf("not JSON: %q", got.body)
		}
		got.t = t
		if o := got.object(); o["message"] == nil && o["error"] == nil && o["access_token"] == nil {
			t.Errorf("no message: %s", got.body)
		}
		rows := a.listing()
		if r := a.server.Record(); r.Services != len(rows) {
			t.Errorf("%d services in the record, %d in the listing", r.Services, len(rows))
		}
	})
}

func FuzzBuyBody(f *testing.F) {
	published, err := os.ReadFile("testdata/validate-request.json")
	if err != nil {
		f.Fatal(err)
	}
	fuzzBody(f, func(a *api, _, body string) (answer, error) {
		return a.try("POST", "/v3/networkdesign/buy", body)
	}, "["+london+"]", "["+londonLAG+","+london+"]", string(published), `[{"productType":"MEGAPORT","lagPortCount":-1,"aggregationId":-5}]`)
}

func FuzzBuyV4Body(f *testing.F) {
	fuzzBody(f, func(a *api, _, body string) (answer, error) {
		return a.try("POST", "/v4/networkdesign/buy", body)
	}, `{"networkDesign":[`+london+`],"discountCodes":[]}`, `{"networkDesign":[`+londonLAG+`]}`)
}

func FuzzValidateBody(f *testing.F) {
	fuzzBody(f, func(a *api, _, body string) (answer, error) {
		return a.try("POST", "/v3/networkdesign/validate", body)
	}, "["+london+"]", "["+londonLAG+"]")
}

func FuzzModifyBody(f *testing.F) {
	fuzzBody(f, func(a *api, uid, body string) (answer, error) {
		return a.try("PUT", "/v2/product/megaport/"+uid, body)
	}, `{"name":"x","costCentre":"","term":12,"marketplaceVisibility":true,"ProductID":"u","ProductType":"MEGAPORT"}`, `{"term":-1}`)
}

func FuzzTagsBody(f *testing.F) {
	fuzzBody(f, func(a *api, uid, body string) (answer, error) {
		return a.try("PUT", "/v2/product/"+uid+"/tags", body)
	}, `{"resourceTags":[{"key":"a","value":"1"}]}`, `{"resourceTags":[]}`, `{"resourceTags":[null]}`)
}

func FuzzCancelBody(f *testing.F) {
	fuzzBody(f, func(a *api, uid, body string) (answer, error) {
		return a.try("POST", "/v3/product/"+uid+"/action/CANCEL_NOW", body)
	}, `{"cancellation_reason":"OTHER","cancellation_comment":"x"}`)
}

func FuzzServiceKeyBody(f *testing.F) {
	fuzzBody(f, func(a *api, _, body string) (answer, error) {
		return a.try("POST", "/v2/service/key", body)
	}, `{"productId":68001,"active":true,"validFor":{"start":1,"end":2},"ValidFor":{"start":"x"}}`)
}

func FuzzPricebookBody(f *testing.F) {
	fuzzBody(f, func(a *api, _, body string) (answer, error) {
		return a.try("POST", "/v4/pricebook/product", body)
	}, `{"productType":"MEGAPORT","locationId":89,"speed":1000,"term":12,"addOns":[{}]}`)
}

func FuzzTokenBody(f *testing.F) {
	fuzzBody(f, func(a *api, _, body string) (answer, error) {
		return a.try("POST", "/oauth2/token", body)
	}, "grant_type=client_credentials&client_id=a&client_secret=b", "%zz", "a;b")
}

func FuzzKnobsBody(f *testing.F) {
	fuzzBody(f, func(a *api, _, body string) (answer, error) {
		got, err := a.try("PATCH", "/_sandbox/knobs", body)
		if err == nil && got.status == 200 { // turned: back again, or the rest of the test is spoilt
			got.body = []byte(`{"message":"turned"}`)
			err = a.server.SetKnobs(Knobs{})
		}
		return got, err
	}, `{"latency":"1s","faults":[{"route":"buy","kind":"drop"}]}`, allKnobs)
}

func FuzzSeedBody(f *testing.F) {
	for _, seed := range []string{`[{"name":"a","overrides":{"x":1},"raw":{}}]`, `[{"uid":"u","age":"1h","speedMbps":-5,"termMonths":-9999999999}]`, `[{"vxcs":[1]}]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a := start(t, Config{})
		got := a.do("POST", "/_sandbox/services", string(body))
		if got.status != 200 && got.status != 400 {
			t.Errorf("status %d: %s", got.status, got.body)
		}
		if !jsontext.Value(a.get("/v2/products").want(200).body).IsValid() {
			t.Error("the listing is no JSON")
		}
	})
}
