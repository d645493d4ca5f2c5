package sandbox

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// partner are the knobs of an account that manages two companies.
func partner() []ManagedCompany {
	return []ManagedCompany{
		{AccountName: "One", AccountRef: "ref-1", CompanyUID: "11111111-1111-4111-8111-111111111111"},
		{AccountName: "Two", AccountRef: "ref-2", CompanyUID: "22222222-2222-4222-8222-222222222222"},
	}
}

// TestTheAccountAnswersAsPublished holds what the official CLI's auth status,
// billing-market get, users list, managed-account list, locations list-countries
// and list-market-codes read to the published exchanges.
func TestTheAccountAnswersAsPublished(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{ManagedCompanies: partner()}})
	for path, file := range map[string]string{
		"/v2/market": "market.json", "/v2/employment": "employment.json", "/v2/employee/9012": "employee.json",
		"/v2/managedCompanies": "managed-companies.json", "/v2/networkRegions": "network-regions.json",
	} {
		t.Run(file, func(t *testing.T) {
			got, want := a.get(path).want(200).object(), fixture(t, file).(map[string]any)
			wantShape(t, file, got, want)
			if got["terms"] != want["terms"] {
				t.Errorf("terms %q", got["terms"])
			}
		})
	}
	body := a.do("POST", "/v4/pricebook/product", `{"productType":"MEGAPORT","locationId":89,"speed":10000,"term":12}`).want(200).object()
	wantShape(t, "pricebook.json", body, fixture(t, "pricebook.json"))
	for path, message := range map[string]string{
		"/v2/market": "Markets for company 1750", "/v2/managedCompanies": "Managed Accounts.",
		"/v2/networkRegions": "List all public network regions", "/v2/employment": "Users retrieved successfully",
	} {
		if got := a.get(path).message(); got != message {
			t.Errorf("%s: message %q", path, got)
		}
	}
	a.get("/v2/employee/1").want(404)
}

// TestCountriesAndMarketsAreListed is what list-countries and list-market-codes
// show: all 24 billing markets, the United Kingdom's as GB.
func TestCountriesAndMarketsAreListed(t *testing.T) {
	a := start(t, Config{})
	a.token = ""
	region := a.get("/v2/networkRegions").want(200).data().([]any)[0].(map[string]any)
	prefixes := map[string]bool{}
	for _, c := range region["countries"].([]any) {
		m := c.(map[string]any)
		prefixes[m["prefix"].(string)] = true
		if m["name"] == "" || len(m["code"].(string)) != 3 || m["siteCount"].(float64) < 1 {
			t.Errorf("country %v", m)
		}
	}
	for market := range billingMarkets {
		if market == "UK" {
			market = "GB"
		}
		if !prefixes[market] {
			t.Errorf("no location is in the market %s", market)
		}
	}
	if len(prefixes) != 24 {
		t.Errorf("%d countries", len(prefixes))
	}
}

// TestTheTwoRefusalsCanBeForeseen: what the order would be refused for is missing
// from the account's own answers.
func TestTheTwoRefusalsCanBeForeseen(t *testing.T) {
	a := start(t, Config{})
	if markets := a.get("/v2/market").data().([]any); len(markets) != 24 {
		t.Errorf("%d markets", len(markets))
	}
	a.get("/v2/market").says(`"wellKnownSupplier":"MEGAPORT_UK"`).says(`"currencyEnum":"GBP"`)
	a.get("/v2/employment").says(`"technicalContact"`).says(`"companyName":"Sandbox Networks"`).says(`"companyId":1750`)
	a.knobs(func(k *Knobs) { k.MissingMarkets, k.MissingTechnicalContact = []string{"UK"}, true })
	if body := string(a.get("/v2/market").body); strings.Contains(body, "GBP") {
		t.Error("the missing market is listed")
	}
	if body := string(a.get("/v2/employment").body); strings.Contains(body, "technicalContact") {
		t.Error("there is a technical contact")
	}
	a.do("POST", "/v3/networkdesign/validate", "["+london+"]").want(400).says("Missing markets: United Kingdom").says("Missing Technical Support Contact")
}

func TestAccountInfoKnob(t *testing.T) {
	a := start(t, Config{})
	paths := []string{"/v2/market", "/v2/employment"}
	for _, path := range paths {
		if body := string(a.get(path).want(200).body); strings.Contains(body, "companyUid") {
			t.Errorf("%s names the company's UID, which is not published", path)
		}
	}
	a.knobs(func(k *Knobs) { k.AccountInfo = "uid" })
	for _, path := range paths {
		a.get(path).want(200).says(`"companyUid":"5f0c2a4e-7b1d-4c39-9a86-d21e04b7c3f8"`)
	}
	a.knobs(func(k *Knobs) { k.AccountInfo = "empty" })
	for _, path := range paths {
		a.get(path).want(200).says(`"data":[]`)
	}
	a.knobs(func(k *Knobs) { k.AccountInfo = "refused" })
	for _, path := range append(paths, "/v2/employee/9012") {
		a.get(path).want(403)
	}
}

// as sends a call that acts for a company.
func (a *api) as(company, method, path, body string) answer {
	a.t.Helper()
	req, err := a.request(method, path, body)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("X-Call-Context", company)
	res, err := a.http.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return answer{a.t, res.StatusCode, res.Header, b}
}

func TestManagedCompaniesAreForPartners(t *testing.T) {
	a := start(t, Config{})
	a.get("/v2/managedCompanies").want(http.StatusForbidden)
	a.as(partner()[0].CompanyUID, "GET", "/v2/products", "").want(http.StatusForbidden)
	a.as("any", "GET", "/v3/locations", "").want(200) // it has nothing to say there
	a.as("any", "GET", "/v2/market", "").want(200)
}

// TestCallContextActsForOneCompany: what is bought for a managed company is its own,
// and nobody else sees it.
func TestCallContextActsForOneCompany(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{ManagedCompanies: partner()}})
	one, two := partner()[0].CompanyUID, partner()[1].CompanyUID
	a.as(one, "POST", "/v3/networkdesign/buy", "["+london+"]").want(200)
	a.as("33333333-3333-4333-8333-333333333333", "GET", "/v2/products", "").want(403)
	rows := a.as(one, "GET", "/v2/products", "").want(200).data().([]any)
	if len(rows) != 1 {
		t.Fatalf("%d products of company one", len(rows))
	}
	row := rows[0].(map[string]any)
	if row["companyUid"] != one || row["companyName"] != "One" {
		t.Errorf("owner %v %v", row["companyUid"], row["companyName"])
	}
	uid := row["productUid"].(string)
	a.as(one, "GET", "/v2/product/"+uid, "").want(200)
	for _, other := range []string{two, ""} {
		if n := len(a.as(other, "GET", "/v2/products", "").want(200).data().([]any)); n != 0 {
			t.Errorf("%q sees %d products", other, n)
		}
		a.as(other, "GET", "/v2/product/"+uid, "").want(404).says("Could not find a service with UID")
		a.as(other, "POST", "/v3/product/"+uid+"/action/CANCEL_NOW", "").want(404)
	}
}

// TestAnApprovedOrderIsItsCompanys: the second person decides, the company stays.
func TestAnApprovedOrderIsItsCompanys(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{ManagedCompanies: partner(), Approvals: true, RewriteNames: "upper"}})
	one := partner()[0].CompanyUID
	a.as(one, "POST", "/v3/networkdesign/buy", "["+london+"]").want(200).says(`"data":[]`)
	waiting := a.get("/v3/order_approvals").data().([]any)[0].(map[string]any)["uid"].(string)
	a.do("POST", "/_sandbox/approvals/"+waiting+"/approve", "").want(200)
	if n := len(a.listing()); n != 0 {
		t.Errorf("the account's own listing has %d services", n)
	}
	a.as(one, "GET", "/v2/products", "").want(200).says(`"productName":"LON-1"`)
}

// TestASecondCompanyInTheListing: a service of a company that the account does not
// manage is listed like its own.
func TestASecondCompanyInTheListing(t *testing.T) {
	a := start(t, Config{})
	a.do("POST", "/_sandbox/services", `[{"name":"mine"},{"name":"theirs","companyUid":"44444444-4444-4444-8444-444444444444","companyName":"Other Ltd"},
		{"name":"nameless","companyUid":"55555555-5555-4555-8555-555555555555"},
		{"name":"overridden","overrides":{"companyUid":"66666666-6666-4666-8666-666666666666"}},
		{"name":"all","overrides":{"companyUid":"77777777-7777-4777-8777-777777777777","companyName":"All Ltd"}},
		{"name":"odd","overrides":{"companyUid":7}}]`).want(200)
	owners, names := map[string]any{}, map[string]any{}
	for _, row := range a.listing() {
		owners[row["productName"].(string)], names[row["productName"].(string)] = row["companyUid"], row["companyName"]
	}
	want := map[string]any{
		"mine": "Sandbox Networks", "theirs": "Other Ltd", "nameless": "Company 55555555", "overridden": "Company 66666666",
		"all": "All Ltd", "odd": "Sandbox Networks",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names %s", diff)
	}
	if owners["mine"] != "5f0c2a4e-7b1d-4c39-9a86-d21e04b7c3f8" || owners["theirs"] != "44444444-4444-4444-8444-444444444444" {
		t.Errorf("owners %v", owners)
	}
}
