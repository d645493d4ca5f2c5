package sandbox

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLifecycleInVirtualTime waits in real durations, which cost nothing in a
// synctest bubble because Transport uses no sockets.
func TestLifecycleInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, Config{Now: time.Now, Knobs: Knobs{Latency: 10 * time.Millisecond, ProvisionDelay: time.Minute}})
		began := time.Now()
		uid := a.buy(london)[0]
		var seen []string
		for {
			status := a.product(uid)["provisioningStatus"].(string)
			if len(seen) == 0 || seen[len(seen)-1] != status {
				seen = append(seen, status)
			}
			if status == "LIVE" {
				break
			}
			time.Sleep(time.Second)
		}
		if diff := cmp.Diff([]string{"DEPLOYABLE", "CONFIGURED", "LIVE"}, seen); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(began); took < 2*time.Minute || took > 2*time.Minute+2*time.Second {
			t.Errorf("LIVE after %s", took)
		}
	})
}

func TestDatesAreNullUntilLive(t *testing.T) {
	a := start(t, Config{})
	uid := a.buy(with(london, `"term":1`, `"term":12`))[0]
	dates := func() map[string]any {
		row := a.product(uid)
		out := make(map[string]any)
		for _, key := range []string{"provisioningStatus", "liveDate", "contractStartDate", "contractEndDate", "terminateDate"} {
			out[key] = row[key]
		}
		return out
	}
	unknown := func(status string) map[string]any {
		return map[string]any{"provisioningStatus": status, "liveDate": nil, "contractStartDate": nil, "contractEndDate": nil, "terminateDate": nil}
	}
	if diff := cmp.Diff(unknown("DEPLOYABLE"), dates()); diff != "" {
		t.Error(diff)
	}
	a.wait(2*time.Second - time.Millisecond)
	if diff := cmp.Diff(unknown("DEPLOYABLE"), dates()); diff != "" {
		t.Error(diff)
	}
	a.wait(time.Millisecond)
	if diff := cmp.Diff(unknown("CONFIGURED"), dates()); diff != "" {
		t.Error(diff)
	}
	a.wait(2 * time.Second)
	live := float64(time.Date(2026, 3, 1, 12, 0, 4, 0, time.UTC).UnixMilli())
	end := float64(time.Date(2027, 3, 1, 12, 0, 4, 0, time.UTC).UnixMilli())
	want := map[string]any{"provisioningStatus": "LIVE", "liveDate": live, "contractStartDate": live, "contractEndDate": end, "terminateDate": nil}
	if diff := cmp.Diff(want, dates()); diff != "" {
		t.Error(diff)
	}
}

func TestScheduleIsFixedWhenBought(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{ProvisionDelay: time.Hour}})
	slow := a.buy(london)[0]
	a.knobs(func(k *Knobs) { k.ProvisionDelay = -1 })
	if got := a.product(slow)["provisioningStatus"]; got != "DEPLOYABLE" {
		t.Errorf("an older port is %v", got)
	}
	if got := a.product(a.buy(london)[0])["provisioningStatus"]; got != "LIVE" {
		t.Errorf("a port without delay is %v", got)
	}
	a.wait(2 * time.Hour)
	if got := a.product(slow)["provisioningStatus"]; got != "LIVE" {
		t.Errorf("the older port is %v after its time", got)
	}
}

func TestStuckAndFailed(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{Stuck: []string{"lon-*"}, Failed: []string{"x", "*-lag"}}})
	stuck := a.buy(london)[0]
	failed := a.buy(with(londonLAG, `"lon-lag"`, `"a-lag"`))[0]
	if got := a.product(failed)["provisioningStatus"]; got != "DEPLOYABLE" {
		t.Errorf("before its time a failed port is %v", got)
	}
	a.wait(time.Hour)
	if got := a.product(stuck)["provisioningStatus"]; got != "DEPLOYABLE" {
		t.Errorf("the stuck port is %v", got)
	}
	if got := a.product(failed)["provisioningStatus"]; got != "FAILED" {
		t.Errorf("the failed port is %v", got)
	}
	a.get("/v2/product/" + failed + "/loa").want(400).says("its status is FAILED")
	a.knobs(func(k *Knobs) { k.Stuck, k.Failed = nil, nil })
	for _, uid := range []string{stuck, failed} {
		if got := a.product(uid)["provisioningStatus"]; got != "LIVE" {
			t.Errorf("released, the port is %v", got)
		}
	}
}

func TestListingLagAndNotFoundAfterBuy(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{ListingLag: 10 * time.Second, NotFoundAfterBuy: 3 * time.Second}})
	uid := a.buy(london)[0]
	for _, path := range []string{"", "/tags", "/loa"} {
		a.get("/v2/product/" + uid + path).want(404).says("Could not find a service with UID " + uid)
	}
	a.do("PUT", "/v2/product/"+uid, `{"name":"x"}`).want(404)
	a.wait(3 * time.Second)
	a.product(uid)
	if n := len(a.listing()); n != 0 {
		t.Errorf("%d rows before the lag is over", n)
	}
	a.wait(7 * time.Second)
	if n := len(a.listing()); n != 1 {
		t.Errorf("%d rows after the lag", n)
	}
	a.knobs(func(k *Knobs) { k.ListingLag, k.NotFoundAfterBuy = 0, time.Hour })
	if n := len(a.listing()); n != 0 {
		t.Error("what cannot be found by UID is listed")
	}
}

func TestZoneIsNullInTheFirstReads(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{ZoneNullReads: 2}})
	uid := a.buy(london)[0]
	for i, want := range []any{nil, nil, "blue"} {
		if got := a.product(uid)["diversityZone"]; got != want {
			t.Errorf("read %d: zone %v, want %v", i+1, got, want)
		}
	}
	if err := a.server.Reset(); err != nil {
		t.Fatal(err)
	}
}

func TestCostCentreOfLAGMembers(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{CostCentreOnPrimaryOnly: true}})
	uids := a.buy(with(londonLAG, `"market":""`, `"costCentre":"CC"`))
	if first, second := a.product(uids[0])["costCentre"], a.product(uids[1])["costCentre"]; first != "CC" || second != nil {
		t.Errorf("cost centres %v, %v", first, second)
	}
	a.knobs(func(k *Knobs) { k.CostCentreOnPrimaryOnly = false })
	if second := a.product(uids[1])["costCentre"]; second != "CC" {
		t.Errorf("cost centre %v", second)
	}
}

func TestProductTypeUpper(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{ProductTypeUpper: true}})
	if got := a.product(a.buy(london)[0])["productType"]; got != "MEGAPORT" {
		t.Errorf("productType %v", got)
	}
}

func TestListingSelectsByStatus(t *testing.T) {
	a := start(t, Config{})
	a.buy(london)
	a.wait(4 * time.Second)
	a.buy(londonLAG)
	for query, want := range map[string]int{"": 3, "?provisioningStatus=LIVE": 1, "?provisioningStatus=DEPLOYABLE": 2, "?provisioningStatus=live,DEPLOYABLE": 3, "?provisioningStatus=FAILED": 0} {
		if got := len(a.get("/v2/products" + query).want(200).data().([]any)); got != want {
			t.Errorf("%s: %d rows, want %d", query, got, want)
		}
	}
	a.get("/v2/products").says(`"message":"Found products"`)
}

func TestVLANs(t *testing.T) {
	a := start(t, Config{})
	uid := a.buy(london)[0]
	path := "/v2/product/port/" + uid + "/vlan"
	a.get(path + "?vlan=100").want(200).wantJSON(`{"message":"Free VLANs",` + termsLine + `,"data":[100]}`)
	a.get(path + "?vlan=4094").want(200).wantJSON(`{"message":"Free VLANs",` + termsLine + `,"data":[]}`)
	a.get(path + "?vlan=x").want(400)
	if n := len(a.get(path).want(200).data().([]any)); n != 4092 {
		t.Errorf("%d free VLANs", n)
	}
	a.get("/v2/product/port/nobody/vlan").want(404)
}

func TestLOA(t *testing.T) {
	a := start(t, Config{})
	port := a.buy(with(london, `"lon-1"`, `"Zürich (edge) 1"`))[0]
	lag := a.buy(londonLAG)
	loa := func(uid string) answer { return a.get("/v2/product/" + uid + "/loa") }
	loa(port).want(400).wantJSON(`{"message":"An LOA cannot be generated for service ` + port + `: its status is DEPLOYABLE, not CONFIGURED",` + termsLine + `}`)
	loa("nobody").want(404).says("Could not find a service with UID nobody")

	a.wait(2 * time.Second) // CONFIGURED
	got := loa(port).want(200)
	if ct := got.header.Get("Content-Type"); ct != "application/pdf" {
		t.Errorf("Content-Type %q", ct)
	}
	wantPDF(t, got.body)
	for _, text := range []string{
		"Z\xfcrich \\(edge\\) 1", port, "(" + port[:8] + ")", "Digital Realty London LHR20", "227 Marsh Wall, London E14 9SD, United Kingdom",
		"MMR 2, Rack", "Issue date: 1 March 2026", "SANDBOX, NOT VALID", "1 Gbps", "Requested by: Sandbox Networks",
	} {
		if !bytes.Contains(got.body, []byte(text)) {
			t.Errorf("the LOA does not say %q", text)
		}
	}
	if bytes.Contains(got.body, []byte("Member")) {
		t.Error("the LOA of a single port speaks of a LAG")
	}
	a.wait(24 * time.Hour) // LIVE, and a new issue date
	if b := loa(port).want(200).body; !bytes.Contains(b, []byte("Issue date: 2 March 2026")) {
		t.Error("a later download has an old issue date")
	}
	for i, text := range []string{"Member 1 of 2 of LAG 24001, primary", "Member 2 of 2 of LAG 24001"} {
		b := loa(lag[i]).want(200).body
		wantPDF(t, b)
		if !bytes.Contains(b, []byte(text)) {
			t.Errorf("the LOA does not say %q", text)
		}
	}
	a.do("POST", "/v3/product/"+port+"/action/CANCEL_NOW", "").want(200)
	loa(port).want(400).says("DECOMMISSIONED")
}

func wantPDF(t *testing.T, b []byte) {
	t.Helper()
	if !bytes.HasPrefix(b, []byte("%PDF-1.")) || !bytes.HasSuffix(bytes.TrimSpace(b), []byte("%%EOF")) {
		t.Errorf("not a whole PDF: %.20q ... %.20q", b, b[max(0, len(b)-20):])
	}
	if n := bytes.Count(b, []byte("/Type /Page\n")); n != 1 {
		t.Errorf("%d pages", n)
	}
}

func TestLOADelay(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{LOADelay: time.Minute}})
	uid := a.buy(london)[0]
	a.wait(2*time.Second + 59*time.Second)
	a.get("/v2/product/" + uid + "/loa").want(400).says("not available yet")
	a.wait(time.Second)
	a.get("/v2/product/" + uid + "/loa").want(200)
}

func TestLOAWithVeryLongName(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{MaxNameLength: -1, ProvisionDelay: -1}})
	uid := a.buy(with(london, `"lon-1"`, `"`+strings.Repeat("Ж", 2000)+`"`))[0]
	b := a.get("/v2/product/" + uid + "/loa").want(200).body
	wantPDF(t, b)
	if len(b) > 20000 {
		t.Errorf("the LOA has %d bytes; the name was not shortened", len(b))
	}
}
