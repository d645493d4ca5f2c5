package sandbox

import (
	"fmt"
	"testing"
	"time"
)

func TestApprovalQueue(t *testing.T) {
	a := start(t, Config{NewUID: numbered(), Knobs: Knobs{Approvals: true, ProvisionDelay: -1}})
	got := a.do("POST", "/v3/networkdesign/buy", "["+londonLAG+"]").want(200)
	if items := got.data().([]any); len(items) != 0 {
		t.Errorf("data %v, want none", items)
	}
	if n := len(a.listing()); n != 0 {
		t.Errorf("%d services before the approval", n)
	}
	const uid = "00000000-0000-4000-8000-000000000001"
	r := a.server.Record()
	if o := r.Orders[0]; o.Committed || o.Approval != uid || r.Committed != 0 {
		t.Errorf("record %+v", r)
	}
	list := a.get("/v3/order_approvals").want(200)
	list.wantJSON(`{"message":"Found order approvals",` + termsLine + `,"data":[{"uid":"` + uid + `","id":301,"referenceId":"REF-1",
		"status":"PENDING","type":"NEW_ORDER","active":true,"acctName":"Sandbox Networks","acctRef":"1750",
		"approverCompanyId":1750,"requesterCompanyId":1750,"serviceId":null,"comment":null,"createDate":1772366400000,
		"detail":` + londonLAG + `}]}`)

	a.clock.advance(time.Minute)
	path := "/v3/order_approvals/" + uid
	a.do("POST", path+"/ponder", "").want(404)
	a.do("POST", path+"/approve", "{").want(400)
	a.do("POST", "/v3/order_approvals/nobody/approve", "").want(404).says("Could not find an order approval with UID nobody")
	decided := a.do("POST", path+"/approve", `{"comments":"fine"}`).want(200).data().(map[string]any)
	if decided["status"] != "APPROVED" || decided["comment"] != "fine" || decided["serviceId"] != 68001.0 || decided["active"] != false {
		t.Errorf("decided %v", decided)
	}
	rows := a.listing()
	if len(rows) != 2 || rows[0]["createDate"] != float64(a.clock.Now().UnixMilli()) {
		t.Errorf("listing %v", rows)
	}
	if r := a.server.Record(); r.Committed != 1 || r.Received != 1 || r.Services != 2 || r.Purchases["lon-lag"] != 1 {
		t.Errorf("record %+v", r)
	}
	a.do("POST", path+"/reject", "").want(400).says("is APPROVED already")
	for query, want := range map[string]int{"?serviceIds=68001": 1, "?serviceIds=1,68002": 1, "?serviceIds=1": 0} {
		if n := len(a.get("/v3/order_approvals" + query).want(200).data().([]any)); n != want {
			t.Errorf("%s: %d", query, n)
		}
	}
}

func TestApprovalsThatEndOtherwise(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{Approvals: true}})
	for range 4 {
		a.do("POST", "/v4/networkdesign/buy", `{"networkDesign":[`+london+`]}`).want(200)
	}
	var uids []string
	for _, o := range a.server.Record().Orders {
		uids = append(uids, o.Approval)
	}
	a.do("POST", "/v3/order_approvals/"+uids[0]+"/reject", "").want(200).says("REJECTED")
	a.do("POST", "/v3/order_approvals/"+uids[1]+"/withdraw", "").want(200).says("WITHDRAWN")
	a.do("POST", "/_sandbox/approvals/"+uids[2]+"/expire", "").want(200).says("EXPIRED")
	a.do("POST", "/_sandbox/approvals/"+uids[3]+"/ponder", "").want(404)
	a.knobs(func(k *Knobs) { k.NoCapacity = []Capacity{{}} })
	a.do("POST", "/_sandbox/approvals/"+uids[3]+"/approve", "").want(200).says("FAILED").says("no capacity")
	if n := len(a.listing()); n != 0 {
		t.Errorf("%d services", n)
	}
	for query, want := range map[string]int{"": 4, "?status=REJECTED": 1, "?status=REJECTED,EXPIRED": 2, "?status=PENDING": 0, "?serviceIds=68001": 0} {
		if n := len(a.get("/v3/order_approvals" + query).want(200).data().([]any)); n != want {
			t.Errorf("%s: %d", query, n)
		}
	}
	a.get("/_sandbox/approvals").want(200).says("WITHDRAWN")
}

func TestApprovalsArePaged(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{Approvals: true}})
	for i := range 5 {
		a.do("POST", "/v3/networkdesign/buy", "["+with(london, `"lon-1"`, fmt.Sprintf(`"p%d"`, i))+"]").want(200)
	}
	page := func(query string) (string, answer) {
		got := a.get("/v3/order_approvals" + query).want(200)
		names := ""
		for _, item := range got.data().([]any) {
			names += item.(map[string]any)["detail"].(map[string]any)["productName"].(string) + " "
		}
		return names, got
	}
	for query, want := range map[string]string{
		"": "p4 p3 p2 p1 p0 ", "?pageSize=2": "p4 p3 ", "?pageSize=2&pageNumber=0": "p4 p3 ", "?pageSize=2&pageNumber=2": "p2 p1 ",
		"?pageSize=2&pageNumber=3": "p0 ", "?pageSize=2&pageNumber=4": "", "?pageSize=2&direction=ASC": "p0 p1 ",
	} {
		if got, _ := page(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for query, want := range map[string]string{"": "10", "?pageSize=500": "100", "?pageSize=0": "1"} {
		if _, got := page(query); got.header.Get("Pagination-Limit") != want {
			t.Errorf("%s: pages of %s, want %s", query, got.header.Get("Pagination-Limit"), want)
		}
	}
	_, got := page("?pageSize=2&pageNumber=2")
	for name, want := range map[string]string{
		"Pagination-Total-Count": "5", "Pagination-Page": "2", "Pagination-Limit": "2", "Pagination-Total-Page": "3",
	} {
		if v := got.header.Get(name); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	a.get("/v3/order_approvals?pageSize=x").want(400)
	a.get("/v3/order_approvals?pageNumber=-1").want(400)
}

func TestServiceKeys(t *testing.T) {
	a := start(t, Config{NewUID: numbered()})
	port := a.buy(london)[0]
	// As the official client sends it: integers and a leaked key in another form.
	const key = "00000000-0000-4000-8000-000000000002"
	a.do("POST", "/v2/service/key", `{"productUid":"`+port+`","description":"for them","active":true,"singleUse":true,"maxSpeed":500,
		"preApproved":true,"vlan":100,"validFor":{"start":1772366400000,"end":1772370000000},"ValidFor":{"start":"2026-01-01T00:00:00Z"}}`).
		want(200).wantJSON(`{"message":"Service key created",` + termsLine + `,"data":{"key":"` + key + `"}}`)
	one := `{"key":"` + key + `","createDate":1772366400000,"companyId":1750,"companyUid":"5f0c2a4e-7b1d-4c39-9a86-d21e04b7c3f8",
		"companyName":"Sandbox Networks","description":"for them","productId":68001,"productUid":"` + port + `","productName":"lon-1","vlan":100,
		"maxSpeed":500,"preApproved":true,"singleUse":true,"lastUsed":null,"active":true,
		"validFor":{"start":1772366400000,"end":1772370000000},"expired":false,"valid":true,"promoCode":null}`
	single := `{"message":"Found service key",` + termsLine + `,"data":` + one + `}`
	a.get("/v2/service/key?key=" + key).want(200).wantJSON(single)
	a.get("/v2/service/key%3Fkey=" + key).want(200).wantJSON(single)
	list := `{"message":"Found service keys",` + termsLine + `,"data":[` + one + `]}`
	for _, query := range []string{"", "?productIdOrUid=" + port, "?productIdOrUid=68001"} {
		a.get("/v2/service/key" + query).want(200).wantJSON(list)
	}
	a.get("/v2/service/key?productIdOrUid=1").want(200).wantJSON(`{"message":"Found service keys",` + termsLine + `,"data":[]}`)
	a.get("/v2/service/key?key=none").want(404)

	// Neither active nor description: both are cleared. singleUse and validFor stay.
	a.do("PUT", "/v2/service/key", `{"key":"`+key+`","productId":68001}`).want(200)
	got := a.get("/v2/service/key?key=" + key).data().(map[string]any)
	if got["active"] != false || got["description"] != "" || got["valid"] != false || got["singleUse"] != true || got["validFor"] == nil {
		t.Errorf("key %v", got)
	}
	a.do("PUT", "/v2/service/key", `{"key":"`+key+`","active":true,"singleUse":false}`).want(200)
	a.clock.advance(time.Hour)
	a.login()
	got = a.get("/v2/service/key?key=" + key).data().(map[string]any)
	if got["expired"] != true || got["valid"] != false || got["active"] != true || got["singleUse"] != false {
		t.Errorf("key %v", got)
	}
	a.do("PUT", "/v2/service/key", `{"key":"none"}`).want(404)
	a.do("POST", "/v2/service/key", `{"productUid":"none"}`).want(404)
	a.do("POST", "/v2/service/key", `{"productId":68001}`).want(200)
	a.do("POST", "/v2/service/key", `[]`).want(400)
	a.do("PUT", "/v2/service/key", `[]`).want(400)
	a.do("POST", "/v3/product/"+port+"/action/CANCEL_NOW", "").want(200)
	a.do("POST", "/v2/service/key", `{"productUid":"`+port+`"}`).want(400).says("is terminated")
}

// TestApprovalPagesMayCountFromZero: then page 1 is the second.
func TestApprovalPagesMayCountFromZero(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{Approvals: true, ApprovalPagesFromZero: true}})
	for range 3 {
		a.do("POST", "/v3/networkdesign/buy", "["+london+"]").want(200)
	}
	for query, want := range map[string]int{"?pageSize=2": 2, "?pageSize=2&pageNumber=0": 2, "?pageSize=2&pageNumber=1": 1, "?pageSize=2&pageNumber=2": 0} {
		if got := len(a.get("/v3/order_approvals" + query).want(200).data().([]any)); got != want {
			t.Errorf("%s: %d approvals, want %d", query, got, want)
		}
	}
}
