package sandbox

import (
	"strings"
	"testing"
	"time"
)

// live buys the London port and lets it go LIVE.
func live(a *api, order string) string {
	a.t.Helper()
	uid := a.buy(order)[0]
	a.wait(4 * time.Second)
	return uid
}

func TestModify(t *testing.T) {
	a := start(t, Config{NewUID: numbered()})
	uid := live(a, london)
	// As the official client sends it, leaked keys and all.
	got := a.do("PUT", "/v2/product/megaport/"+uid, `{"ProductID":"x","ProductType":"MEGAPORT","name":"lon-2","costCentre":"","Name":"no","term":24}`+"\n").want(200)
	if got.message() != "Product ["+uid+"] has been updated" {
		t.Errorf("message %q", got.message())
	}
	data := got.data().(map[string]any)
	wantShape(t, "modify", data, fixture(t, "buy-response.json").(map[string]any)["data"].([]any)[0])
	if data["name"] != "lon-2" || data["technicalServiceUid"] != uid || data["provisioningStatus"] != "LIVE" {
		t.Errorf("data %v", data)
	}
	row := a.product(uid)
	if row["productName"] != "lon-2" || row["costCentre"] != nil || row["contractTermMonths"] != 24.0 || row["marketplaceVisibility"] != false {
		t.Errorf("row %v", row)
	}
	// The documented spelling of the path; what is left out stays.
	a.do("PUT", "/v2/product/"+uid, `{"marketplaceVisibility":true,"costCentre":"CC"}`).want(200)
	a.do("PUT", "/v2/product/"+uid, `{"name":"lon-3"}`).want(200)
	row = a.product(uid)
	if row["productName"] != "lon-3" || row["costCentre"] != "CC" || row["marketplaceVisibility"] != true || row["contractTermMonths"] != 24.0 {
		t.Errorf("row %v", row)
	}
	a.knobs(func(k *Knobs) { k.AbsentCostCentreClears = true })
	a.do("PUT", "/v2/product/"+uid, `{"name":"lon-4"}`).want(200)
	if row = a.product(uid); row["costCentre"] != nil {
		t.Errorf("cost centre %v", row["costCentre"])
	}
}

func TestModifyRefuses(t *testing.T) {
	a := start(t, Config{})
	uid := live(a, with(london, `"term":1`, `"term":12`))
	young := a.buy(london)[0]
	put := func(uid, body string) answer { return a.do("PUT", "/v2/product/"+uid, body) }
	put("nobody", `{"name":"x"}`).want(404).says("Could not find a service with UID nobody")
	put(uid, `{"name":""}`).want(400).says("productName is missing")
	put(uid, `{"name":"`+strings.Repeat("x", 65)+`"}`).want(400).says("longer than 64")
	put(uid, `{"costCentre":"`+strings.Repeat("x", 256)+`"}`).want(400).says("longer than 255")
	put(uid, `{"term":5}`).want(400).says("term 5 is none of")
	put(uid, `{"term":1}`).want(400).says("shortened only in its last month")
	put(young, `{"term":12}`).want(400).says("only while the service is LIVE")
	put(uid, `{"name":`).want(400).says("Could not read the request body")
	put(uid, ``).want(400)
	put(uid, `{"term":"12"}`).want(400)
	if row := a.product(uid); row["productName"] != "lon-1" || row["contractTermMonths"] != 12.0 {
		t.Errorf("row %v", row)
	}
	a.wait(340 * 24 * time.Hour) // the last month of twelve
	put(uid, `{"term":1}`).want(200)
}

func TestTags(t *testing.T) {
	a := start(t, Config{NewUID: numbered()})
	uid := a.buy(with(london, `{"key":"portctl-order","value":"o-1"}`, ``))[0]
	path := "/v2/product/" + uid + "/tags"
	tags := func(list string) string {
		return `{"message":"Found resource tags for ` + uid + `",` + termsLine + `,"data":{"resourceTags":` + list + `}}`
	}
	a.get(path).want(200).wantJSON(tags(`[]`))
	a.do("PUT", path, `{"resourceTags":[{"key":"a","value":"1"},{"key":"A","value":""}]}`).want(200)
	a.get(path).want(200).wantJSON(tags(`[{"key":"a","value":"1"},{"key":"A","value":""}]`))
	for _, body := range []string{
		``, `{}`, `{"resourceTags":null}`, `{"ResourceTags":[]}`, `[]`, `{"resourceTags":[{"key":"","value":"x"}]}`,
		`{"resourceTags":[{"key":"a","value":1}]}`, `{"resourceTags":[{"key":"a","value":"1"},{"key":"a","value":"2"}]}`,
	} {
		a.do("PUT", path, body).want(400)
	}
	a.get(path).want(200).wantJSON(tags(`[{"key":"a","value":"1"},{"key":"A","value":""}]`))
	a.do("PUT", path, `{"resourceTags":[]}`).want(200)
	a.get(path).want(200).wantJSON(tags(`[]`))
	a.get("/v2/product/nobody/tags").want(404)
	a.do("PUT", "/v2/product/nobody/tags", `{"resourceTags":[]}`).want(404)
	if rows := a.listing(); rows[0]["resourceTags"] != nil || rows[0]["tags"] != nil {
		t.Error("tags are in the listing")
	}
}

func TestLock(t *testing.T) {
	a := start(t, Config{})
	uid := live(a, london)
	path := "/v2/product/" + uid
	got := a.do("POST", path+"/lock", "").want(200)
	data := got.data().(map[string]any)
	if got.message() != "Service locked" || data["locked"] != true || data["productUid"] != uid {
		t.Errorf("%s: %v", got.message(), data)
	}
	a.do("POST", path+"/lock", "").want(200) // idempotent
	if row := a.product(uid); row["locked"] != true || row["cancelable"] != false {
		t.Errorf("row %v", row)
	}
	a.do("PUT", path, `{"name":"x"}`).want(400).says("is locked")
	a.do("POST", "/v3/product/"+uid+"/action/CANCEL_NOW", "").want(400).says("is locked")
	a.do("PUT", path+"/tags", `{"resourceTags":[]}`).want(200)
	if got := a.do("DELETE", path+"/lock", "").want(200); got.data().(map[string]any)["locked"] != false {
		t.Errorf("data %v", got.data())
	}
	a.do("PUT", path, `{"name":"x"}`).want(200)
	a.do("POST", "/v2/product/nobody/lock", "").want(404)

	uids, err := a.server.Seed(Seed{Name: "theirs", AdminLocked: true})
	if err != nil {
		t.Fatal(err)
	}
	a.do("DELETE", "/v2/product/"+uids[0]+"/lock", "").want(400).says("locked by an administrator")
	a.do("PUT", "/v2/product/"+uids[0], `{"name":"x"}`).want(400)
}

func TestCancel(t *testing.T) {
	a := start(t, Config{})
	uid := live(a, london)
	act := func(uid, action, body string) answer {
		return a.do("POST", "/v3/product/"+uid+"/action/"+action, body)
	}
	act(uid, "CANCEL", "").want(400).says("use CANCEL_NOW")
	act(uid, "UN_CANCEL", "").want(400).says("is not CANCELLED")
	act(uid, "EXPLODE", "").want(400)
	act("nobody", "CANCEL_NOW", "").want(404)
	act(uid, "CANCEL_NOW", `{"cancellation_reason":"BORED"}`).want(400)
	act(uid, "CANCEL_NOW", `{"cancellation_comment":"`+strings.Repeat("x", 401)+`"}`).want(400)
	act(uid, "CANCEL_NOW", `{`).want(400)

	got := act(uid, "CANCEL_NOW?safeDelete=true", `{"cancellation_reason":"OTHER","cancellation_comment":"rehearsal"}`).want(200)
	got.wantJSON(`{"message":"Action [CANCEL_NOW Service ` + uid + `] has been done.",` + termsLine + `}`)
	row := a.product(uid)
	if row["provisioningStatus"] != "DECOMMISSIONED" || row["terminateDate"] == nil || row["cancelable"] != false || row["liveDate"] == nil {
		t.Errorf("row %v", row)
	}
	if rows := a.listing(); len(rows) != 1 || rows[0]["provisioningStatus"] != "DECOMMISSIONED" {
		t.Errorf("a terminated service must stay listed: %v", rows)
	}
	act(uid, "CANCEL_NOW", "").want(400).says("is terminated")
	a.do("PUT", "/v2/product/"+uid, `{"name":"x"}`).want(400)
	a.do("POST", "/v2/product/"+uid+"/lock", "").want(400)
	// The name is free again, for a twin.
	if twin := a.buy(london)[0]; twin == uid {
		t.Error("the UID was used again")
	}
}

func TestCancelPhases(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{DecommissionDelay: time.Minute}})
	uid := a.buy(london)[0]
	a.do("POST", "/v3/product/"+uid+"/action/CANCEL_NOW", "").want(200)
	if row := a.product(uid); row["provisioningStatus"] != "DECOMMISSIONING" || row["liveDate"] != nil {
		t.Errorf("row %v", row)
	}
	a.wait(time.Minute)
	if row := a.product(uid); row["provisioningStatus"] != "DECOMMISSIONED" || row["liveDate"] != nil {
		t.Errorf("row %v", row)
	}
}

func TestCancelWithVXCs(t *testing.T) {
	a := start(t, Config{})
	a.do("POST", "/_sandbox/services", `[{"uid":"u-1","name":"a","vxcs":[{"productUid":"v-1"}]}]`).want(200)
	if got := a.product("u-1")["associatedVxcs"].([]any); len(got) != 1 {
		t.Fatalf("VXCs %v", got)
	}
	a.do("POST", "/v3/product/u-1/action/CANCEL_NOW?safeDelete=true", "").want(400).says("has active VXCs associated with it.")
	a.do("POST", "/v3/product/u-1/action/CANCEL_NOW", "").want(200)
	if row := a.product("u-1"); row["provisioningStatus"] != "DECOMMISSIONED" || len(row["associatedVxcs"].([]any)) != 0 {
		t.Errorf("row %v", row)
	}
}

func TestUnCancelRestoresFromCancelled(t *testing.T) {
	a := start(t, Config{})
	a.do("POST", "/_sandbox/services", `[{"uid":"u-1","name":"a","status":"CANCELLED"}]`).want(200)
	a.do("POST", "/v3/product/u-1/action/UN_CANCEL", "").want(200).
		wantJSON(`{"message":"Action [UN_CANCEL Service u-1] has been done.",` + termsLine + `}`)
	if got := a.product("u-1")["provisioningStatus"]; got != "LIVE" {
		t.Errorf("status %v", got)
	}
}

func TestCancellingALAG(t *testing.T) {
	for _, cascade := range []bool{false, true} {
		a := start(t, Config{Knobs: Knobs{LAGCancelCascades: cascade}})
		uids := a.buy(londonLAG)
		a.do("POST", "/v3/product/"+uids[0]+"/action/CANCEL_NOW", "").want(200)
		second := a.product(uids[1])
		if gone := second["provisioningStatus"] == "DECOMMISSIONED"; gone != cascade {
			t.Errorf("cascade %v: the second member is %v", cascade, second["provisioningStatus"])
		}
		if first := a.product(uids[0]); first["aggregationId"] != second["aggregationId"] {
			t.Error("a terminated member lost its aggregationId")
		}
	}
}

func TestCharges(t *testing.T) {
	a := start(t, Config{NewUID: numbered()})
	uid := live(a, with(london, `"term":1`, `"term":12`))
	want := func(months, amount string) string {
		return `{"message":"Cancellation charges",` + termsLine + `,"data":{"productUid":"` + uid + `","productName":"lon-1","currency":"GBP","remainingMonths":` +
			months + `,"monthlyRate":475,"amount":` + amount + `}}`
	}
	for _, version := range []string{"v2", "v3"} {
		a.get("/" + version + "/product/" + uid + "/action/CANCEL_NOW/charges").want(200).says(`"amount":5700.00`).wantJSON(want("12", "5700"))
	}
	a.wait(32 * 24 * time.Hour)
	a.get("/v3/product/" + uid + "/action/CANCEL_NOW/charges").want(200).wantJSON(want("11", "5225"))
	a.do("POST", "/v3/product/"+uid+"/action/CANCEL_NOW", "").want(200)
	a.get("/v3/product/" + uid + "/action/CANCEL_NOW/charges").want(200).wantJSON(want("0", "0"))
	a.get("/v3/product/nobody/action/CANCEL_NOW/charges").want(404)
	before := a.buy(with(london, `"term":1`, `"term":24`))[0]
	a.get("/v3/product/" + before + "/action/CANCEL_NOW/charges").want(200).says(`"remainingMonths":24`).says(`"amount":11100.00`)
}
