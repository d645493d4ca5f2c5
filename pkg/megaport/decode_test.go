package megaport

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"
)

func equalDecimals() cmp.Option { return cmp.Comparer(decimal.Decimal.Equal) }

func TestDecodePublishedLocation(t *testing.T) {
	got, err := decodeLocations(strings.NewReader(exchange(t, "locations-v3.json")))
	if err != nil {
		t.Fatal(err)
	}
	want := []Location{{
		ID: 89, Name: "Digital Realty London LHR20", Metro: "London", Market: "UK", Country: "United Kingdom", Status: "Active",
		Address:    Address{Street: "227 Marsh Wall", City: "London", Postcode: "E14 9SD", Country: "United Kingdom"},
		DataCentre: DataCentre{ID: 3, Name: "Digital Realty"}, Latitude: 51.499714, Longitude: -0.012144,
		Zones:   map[string]Zone{"red": {Speeds: []int{1000, 10000, 100000}}, "blue": {Speeds: []int{1000, 10000, 100000}}},
		Speeds:  []int{1000, 10000, 100000},
		Version: 3,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if l := got[0]; !l.Orderable() || !l.Offers(10000, "red") || !l.Offers(10000, "") || l.Offers(400000, "red") || l.Offers(1000, "green") {
		t.Errorf("what it offers is wrong: %+v", l)
	}
}

func TestDecodeRestrictedLocation(t *testing.T) {
	got, err := decodeLocations(strings.NewReader(fact(t, "locations-v3-restricted.json")))
	if err != nil {
		t.Fatal(err)
	}
	want := []Location{
		{
			ID: 1299, Name: "EdgeConneX Atlanta ATL02", Metro: "Atlanta", Market: "US", Country: "USA", Status: "Restricted",
			Address:    Address{Suburb: "Suburbia", City: "Atlanta", State: "GA", Country: "USA"},
			DataCentre: DataCentre{ID: 41, Name: "EdgeConneX"},
			Zones:      map[string]Zone{"red": {Speeds: []int{1000, 10000}}}, Speeds: []int{1000, 10000},
			CrossConnect: true, OrderingMessage: "No new orders", Version: 3,
		},
		{ID: 4000, Name: "Nowhere yet", Status: "New", Latitude: 1, Longitude: 2, Zones: map[string]Zone{}, Version: 3},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if got[0].Orderable() {
		t.Error("a Restricted site takes no orders, whatever speeds it lists")
	}
}

func TestDecodeLocationsV2(t *testing.T) {
	got, err := decodeLocationsV2(strings.NewReader(exchange(t, "locations-v2.json")))
	if err != nil {
		t.Fatal(err)
	}
	want := []Location{{
		ID: 89, Name: "Digital Realty LHR20", Metro: "London", Market: "UK", Country: "United Kingdom", Status: "Active", SiteCode: "lon-tc1",
		Address:    Address{Street: "227 Marsh Wall", City: "London", Postcode: "E14 9SD", Country: "United Kingdom"},
		DataCentre: DataCentre{ID: 3, Name: "Digital Telx"}, Latitude: 51.499714, Longitude: -0.012144,
		Zones: map[string]Zone{}, Speeds: []int{1000, 10000, 100000}, Version: 2,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	got, err = decodeLocationsV2(strings.NewReader(fact(t, "locations-v2-zones.json")))
	if err != nil {
		t.Fatal(err)
	}
	want = []Location{{
		ID: 60, Name: "CoreSite LA1", Metro: "Los Angeles", Market: "US", Country: "USA", Status: "Active", SiteCode: "lax-cs1",
		Address:    Address{Street: "624 South Grand Avenue", Suburb: "Downtown", City: "Los Angeles", State: "CA", Postcode: "90017", Country: "USA"},
		DataCentre: DataCentre{ID: 18, Name: "CoreSite"}, Latitude: 34.04791, Longitude: -118.25554, OrderingMessage: "Ask first",
		Zones:  map[string]Zone{"red": {Speeds: []int{1000, 10000}}, "blue": {Speeds: []int{1000}}},
		Speeds: []int{1000, 10000, 100000}, Version: 2,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodePublishedValidation(t *testing.T) {
	got, err := decodeQuote(strings.NewReader(exchange(t, "validate-response.json")))
	if err != nil {
		t.Fatal(err)
	}
	want := Quote{HasPrice: true, Currency: "GBP", Monthly: decimal.NewFromInt(500), Market: "UK", Metro: "London"}
	if diff := cmp.Diff(want, got, equalDecimals()); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeSetupFees(t *testing.T) {
	got, err := decodeQuote(strings.NewReader(fact(t, "validate-setup-fees.json")))
	if err != nil {
		t.Fatal(err)
	}
	want := Quote{
		HasPrice: true, Currency: "USD", Monthly: mustDecimal(t, "475"), OneTime: mustDecimal(t, "3.21"),
		Market: "US", Metro: "Los Angeles",
	}
	if diff := cmp.Diff(want, got, equalDecimals()); diff != "" {
		t.Error(diff)
	}
}

// A price is known or it is not; a number on its own is not one.
func TestQuoteKnowsWhatItDoesNotKnow(t *testing.T) {
	tests := map[string]struct {
		price   string
		unknown string
		monthly string
		fails   string
	}{
		"zero is a price":           {price: `{"monthlyRate":0,"currency":"AUD"}`, monthly: "0"},
		"digits, not floats":        {price: `{"monthlyRate":1234567890123.45678901,"currency":"JPY"}`, monthly: "1234567890123.45678901"},
		"an exponent is a number":   {price: `{"monthlyRate":5e2,"currency":"JPY"}`, monthly: "500"},
		"no price":                  {price: `null`, unknown: "no price"},
		"no number":                 {price: `{"monthlyRate":null,"currency":"GBP"}`, unknown: "no monthly rate"},
		"number missing":            {price: `{"currency":"GBP"}`, unknown: "no monthly rate"},
		"no currency":               {price: `{"monthlyRate":5}`, unknown: "no currency", monthly: "5"},
		"null currency":             {price: `{"monthlyRate":5,"currency":null}`, unknown: "no currency", monthly: "5"},
		"empty":                     {price: `{"monthlyRate":5,"currency":"GBP","empty":true}`, unknown: "empty", monthly: "5"},
		"negative":                  {price: `{"monthlyRate":-5,"currency":"GBP"}`, unknown: "negative", monthly: "-5"},
		"negative setup":            {price: `{"monthlyRate":5,"monthlySetup":-1,"currency":"GBP"}`, unknown: "negative", monthly: "5"},
		"two rates that differ":     {price: `{"monthlyRate":5,"fixedRecurringCharge":6,"currency":"GBP"}`, unknown: "recurring charge is 6", monthly: "5"},
		"charged by the day":        {price: `{"monthlyRate":5,"dailyRate":1,"currency":"GBP"}`, unknown: "beside the monthly", monthly: "5"},
		"charged by the hour":       {price: `{"monthlyRate":5,"hourlyRate":1,"currency":"GBP"}`, unknown: "beside the monthly", monthly: "5"},
		"charged by the Mbps":       {price: `{"monthlyRate":5,"mbpsRate":1,"currency":"GBP"}`, unknown: "beside the monthly", monthly: "5"},
		"charged by the haul":       {price: `{"monthlyRate":5,"longHaulMbpsRate":1,"currency":"GBP"}`, unknown: "beside the monthly", monthly: "5"},
		"another case is no number": {price: `{"MonthlyRate":5,"currency":"GBP"}`, unknown: "no monthly rate"},
		"a text is no number":       {price: `{"monthlyRate":"500","currency":"GBP"}`, fails: "field price.monthlyRate: want an amount, not a text"},
		"a mad exponent":            {price: `{"monthlyRate":1e999999999,"currency":"GBP"}`, fails: "want an amount of money"},
		"twice":                     {price: `{"monthlyRate":5,"monthlyRate":6,"currency":"GBP"}`, fails: "monthlyRate stands there twice"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q, err := decodeQuote(strings.NewReader(`{"message":"Validation passed","data":[{"price":` + tt.price + `}]}`))
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Fatalf("error is %v, want %q", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if q.HasPrice != (tt.unknown == "") || !strings.Contains(q.Unknown, tt.unknown) {
				t.Errorf("HasPrice %v, Unknown %q, want %q", q.HasPrice, q.Unknown, tt.unknown)
			}
			if tt.monthly != "" && !q.Monthly.Equal(mustDecimal(t, tt.monthly)) {
				t.Errorf("monthly is %s, want %s", q.Monthly, tt.monthly)
			}
		})
	}
}

func TestQuoteIsForOneOrder(t *testing.T) {
	for _, data := range []string{`[]`, `[{"price":{"monthlyRate":1,"currency":"GBP"}},{"price":{"monthlyRate":1,"currency":"GBP"}}]`} {
		if q, err := decodeQuote(strings.NewReader(`{"data":` + data + `}`)); err == nil {
			t.Errorf("%s gave %+v", data, q)
		}
	}
}

func TestDecodePublishedPurchase(t *testing.T) {
	tests := map[string][]string{
		exchange(t, "buy-response.json"): {"a49cf3f1-20a1-4390-93aa-5005bdafe3d7"},
		fact(t, "buy-lag.json"):          {"36b3f68e-2f54-4331-bf94-f8984449365f", "a49cf3f1-20a1-4390-93aa-5005bdafe3d7"},
	}
	for body, want := range tests {
		got, err := decodePurchase(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// UIDs that came before an answer broke off are ports that exist.
func TestDecodePurchaseKeepsWhatItHas(t *testing.T) {
	body := fact(t, "buy-lag.json")
	cut := strings.Index(body, `"a49cf3f1`)
	got, err := decodePurchase(strings.NewReader(body[:cut]))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error is %v, want an unexpected end", err)
	}
	if diff := cmp.Diff([]string{testUID}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeProduct(t *testing.T) {
	got, err := decodeProduct(strings.NewReader(fact(t, "product-live.json")), testUID, noSecrets)
	if err != nil {
		t.Fatal(err)
	}
	at := func(ms int64) time.Time { return time.UnixMilli(1700000000000 + ms).UTC() }
	want := Port{
		UID: testUID, ID: 68124, Name: "lon-core-1", ProductType: "megaport", Status: "LIVE",
		CreateDate: at(1), TerminateDate: at(2), LiveDate: at(3), ContractStart: at(4), ContractEnd: at(5),
		CreatedBy: "a51cc1c6-95a0-48c7-a5a0-e49d77a6c536", Speed: 10000, LocationID: 89, Market: "UK", Zone: "red",
		MarketplaceVisibility: true, LAGPrimary: true, LAGID: 7, AggregationID: 23,
		CompanyUID: "160208ae-01e4-4cb9-8d69-03a197b31cd2", CompanyName: "Example Networks", CostCentre: "NET-042",
		ContractTerm: 36, Locked: true, Cancelable: true,
		Demarcation: "Rack 4, panel 2, port 17", LOATemplate: "megaport", Media: "LR4", Up: true, VXCs: 2,
		Location: PortLocation{Name: "Digital Realty London LHR20", City: "London City", Metro: "London", Country: "United Kingdom"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeProductInsistsOnTheRightOne(t *testing.T) {
	if _, err := decodeProduct(strings.NewReader(fact(t, "product-live.json")), "another", noSecrets); err == nil || !strings.Contains(err.Error(), testUID) {
		t.Errorf("an answer about another product: %v", err)
	}
	var other *NotPortError
	_, err := decodeProduct(strings.NewReader(`{"data":{"productType":"MCR2","portSpeed":"odd"}}`), testUID, noSecrets)
	if !errors.As(err, &other) || other.ProductType != "MCR2" {
		t.Errorf("a router: %v", err)
	}
}

func TestDecodeProducts(t *testing.T) {
	got, err := decodeProducts(strings.NewReader(fact(t, "products-mixed.json")))
	if err != nil {
		t.Fatal(err)
	}
	company := "160208ae-01e4-4cb9-8d69-03a197b31cd2"
	want := Listing{
		Companies: []string{company}, Others: 2,
		Ports: []Port{
			{
				UID: "11111111-1111-4111-8111-111111111111", ID: 1, Name: "young", ProductType: "MEGAPORT", Status: "CONFIGURED",
				CreateDate: time.UnixMilli(1588862976322).UTC(), Speed: 1000, LocationID: 60, Market: "USA",
				CompanyUID: company, CompanyName: "Example Networks", ContractTerm: 12, AdminLocked: true, VXCs: 1,
			},
			{
				UID: "22222222-2222-4222-8222-222222222222", Name: "gone", ProductType: "megaport", Status: "DECOMMISSIONED",
				Speed: 100000, LocationID: 2, Demarcation: "old shape",
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// strictPort is the least that a port may be.
const strictPort = `"productType":"MEGAPORT","productUid":"u-1","productName":"p-1","provisioningStatus":"LIVE","portSpeed":1000,"locationId":89`

func TestListingIsStrictAboutPorts(t *testing.T) {
	tests := map[string]struct {
		row  string
		want string // part of the error; empty: the row is fine
	}{
		"the least":                 {row: `{` + strictPort + `}`},
		"a speed with a point":      {row: `{` + strictPort + `,"contractTermMonths":12.0}`},
		"virtual null":              {row: `{` + strictPort + `,"virtual":null}`},
		"unknown fields":            {row: `{` + strictPort + `,"new":{"a":[1,{"a":2,"a":3}]}}`},
		"no type":                   {row: `{"productUid":"u-1","productName":"p-1"}`, want: `product number 2 ("p-1", uid "u-1"): it does not show its productType`},
		"null type":                 {row: `{"productUid":"u-1","productType":null}`, want: "does not show its productType"},
		"type of another kind":      {row: `{"productType":7}`, want: "product number 2: it does not show its productType"},
		"two types":                 {row: `{"productType":"MCR2","productType":"MEGAPORT"}`, want: "more than one productType"},
		"not an object":             {row: `"MEGAPORT"`, want: "product number 2: data: want an object, not a text"},
		"null":                      {row: `null`, want: "want an object, not null"},
		"speed as text":             {row: `{"productType":"MEGAPORT","productUid":"u-1","productName":"p-1","provisioningStatus":"LIVE","portSpeed":"1000","locationId":89}`, want: `("p-1", uid "u-1"): field portSpeed: want a whole number, not a text`},
		"speed with a fraction":     {row: `{"productType":"MEGAPORT","productUid":"u-1","productName":"p-1","provisioningStatus":"LIVE","portSpeed":1000.5,"locationId":89}`, want: "field portSpeed: want a whole number, not 1000.5"},
		"speed null":                {row: `{"productType":"MEGAPORT","productUid":"u-1","productName":"p-1","provisioningStatus":"LIVE","portSpeed":null,"locationId":89}`, want: "field portSpeed is missing"},
		"speed in another case":     {row: `{"productType":"MEGAPORT","productUid":"u-1","productName":"p-1","provisioningStatus":"LIVE","PortSpeed":1,"locationId":89}`, want: "field portSpeed is missing"},
		"no location":               {row: `{"productType":"MEGAPORT","productUid":"u-1","productName":"p-1","provisioningStatus":"LIVE","portSpeed":1000}`, want: "field locationId is missing"},
		"no uid":                    {row: `{"productType":"megaport","productName":"p-1","provisioningStatus":"LIVE","portSpeed":1000,"locationId":1}`, want: "field productUid is missing"},
		"no name":                   {row: `{"productType":"megaport","productUid":"u-1","provisioningStatus":"LIVE","portSpeed":1000,"locationId":1}`, want: "field productName is missing"},
		"no status":                 {row: `{"productType":"megaport","productUid":"u-1","productName":"p-1","portSpeed":1000,"locationId":1}`, want: "field provisioningStatus is missing"},
		"virtual as text":           {row: `{` + strictPort + `,"virtual":"true"}`, want: "field virtual: want true or false, not a text"},
		"a date as text":            {row: `{` + strictPort + `,"createDate":"2020-05-07"}`, want: "field createDate: want a whole number, not a text"},
		"a flag as number":          {row: `{` + strictPort + `,"locked":1}`, want: "field locked: want true or false, not a number"},
		"a name twice":              {row: `{` + strictPort + `,"productName":"p-2"}`, want: "field productName stands there twice"},
		"a lag id as object":        {row: `{` + strictPort + `,"aggregationId":{}}`, want: "field aggregationId: want a whole number, not an object"},
		"demarcation as number":     {row: `{` + strictPort + `,"resources":{"interface":{"demarcation":5}}}`, want: "demarcation: want a text, not a number"},
		"an odd router":             {row: `{"productType":"MCR2","portSpeed":{},"productUid":[],"virtual":"x","companyUid":8}`},
		"a port of the first MCRs":  {row: `{"productType":"megaport","virtual":true,"portSpeed":"odd"}`},
		"a router's duplicate name": {row: `{"productType":"MCR2","x":1,"x":2}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			good := `{"productType":"VXC"}`
			l, err := decodeProducts(strings.NewReader(`{"data":[` + good + `,` + tt.row + `]}`))
			if tt.want == "" {
				if err != nil || len(l.Ports)+l.Others != 2 {
					t.Errorf("got %+v, %v", l, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
			if l.Ports != nil {
				t.Errorf("a listing that failed still lists %+v", l.Ports)
			}
		})
	}
}

// An answer is the whole answer or an error, never a short list.
func TestEnvelopeIsStrict(t *testing.T) {
	whole := compact(t, fact(t, "products-mixed.json"))
	for cut := range len(whole) {
		if l, err := decodeProducts(strings.NewReader(whole[:cut])); err == nil {
			t.Fatalf("cut after %d bytes it lists %+v", cut, l)
		}
	}
	tests := map[string]struct{ body, want string }{
		"empty":        {``, "ends too early"},
		"no data":      {`{"message":"x"}`, "has no data"},
		"null data":    {`{"data":null}`, "has no data"},
		"data twice":   {`{"data":[],"data":[]}`, "data twice"},
		"other case":   {`{"Data":[]}`, "has no data"},
		"not a list":   {`{"data":{}}`, "want a list, not an object"},
		"a text":       {`{"data":"none"}`, "want a list, not a text"},
		"a bare list":  {`[]`, "not an object"},
		"a tail":       {`{"data":[]} {}`, "follows after its end"},
		"broken":       {`{"data":[}`, "not JSON"},
		"HTML":         {`<html></html>`, "not JSON"},
		"invalid UTF8": {"{\"data\":[{\"productType\":\"MEGAPORT\",\"productName\":\"\xff\"}]}", "not JSON"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := decodeProducts(strings.NewReader(tt.body))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
		})
	}
	if l, err := decodeProducts(strings.NewReader(`{"message":"x","data":[],"terms":""}`)); err != nil || l.Ports == nil || len(l.Ports) != 0 {
		t.Errorf("an account without products: %+v, %v", l, err)
	}
}

func TestListingKnowsSeveralCompanies(t *testing.T) {
	l, err := decodeProducts(strings.NewReader(`{"data":[{"productType":"VXC","companyUid":"b"},{"productType":"VXC","companyUid":"a"},{"productType":"VXC"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Listing{Ports: []Port{}, Companies: []string{"a", "b"}, Others: 3}
	if diff := cmp.Diff(want, l); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeTags(t *testing.T) {
	got, err := decodeTags(strings.NewReader(fact(t, "tags.json")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"team": "network", "portctl-order": "abc"}, got); diff != "" {
		t.Error(diff)
	}
	for _, body := range []string{`{"data":{}}`, `{"data":{"resourceTags":null}}`, `{"data":{"resourceTags":[]}}`} {
		if got, err := decodeTags(strings.NewReader(body)); err != nil || got == nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
	for _, body := range []string{`{}`, `{"data":null}`, `{"data":[]}`, `{"data":{"resourceTags":[{"value":"x"}]}}`, `{"data":{"resourceTags":[{"key":"a","value":"1"},{"key":"a","value":"2"}]}}`, `{"data":{"resourceTags":[{"key":"a","value":1}]}}`} {
		if got, err := decodeTags(strings.NewReader(body)); err == nil {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestDecodeApprovals(t *testing.T) {
	got, err := decodeApprovals(strings.NewReader(fact(t, "approvals.json")))
	if err != nil {
		t.Fatal(err)
	}
	want := []Approval{
		{
			UID: "5f7b0f0e-0000-4000-8000-000000000001", ID: 11, ReferenceID: "REF-1", Status: ApprovalPending, Type: "NEW_ORDER", Active: true,
			ServiceID: 12, Comment: "please", CreateDate: time.UnixMilli(1700000000009).UTC(), Detail: []byte(`{"productName": "lon-core-1"}`),
		},
		{UID: "5f7b0f0e-0000-4000-8000-000000000002", ID: 13, Status: ApprovalRejected, Type: "TERM_CHANGE", Detail: []byte("null")},
	}
	for i := range got {
		if !strings.HasPrefix(string(got[i].Raw), `{"uid": "`+got[i].UID) || !strings.HasSuffix(string(got[i].Raw), "}") {
			t.Errorf("the approval as it came is %s", got[i].Raw)
		}
		got[i].Raw = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeCharges(t *testing.T) {
	tests := map[string]struct {
		data   string
		known  bool
		amount string
		text   []string
	}{
		"an amount":          {`{"amount":1200.50,"currency":"GBP"}`, true, "1200.50", []string{"amount: 1200.50", "currency: GBP"}},
		"a list of one":      {`[{"totalPrice":7,"currency":"GBP"}]`, true, "7", []string{"totalPrice: 7", "currency: GBP"}},
		"no currency":        {`{"amount":5}`, false, "0", []string{"amount: 5"}},
		"two amounts":        {`{"amount":5,"total":6,"currency":"GBP"}`, false, "0", []string{"amount: 5", "total: 6", "currency: GBP"}},
		"a list of two":      {`[{"amount":5,"currency":"GBP"},{"amount":6,"currency":"GBP"}]`, false, "0", []string{"amount: 5", "currency: GBP", "amount: 6", "currency: GBP"}},
		"an unknown name":    {`{"penalty":5,"currency":"GBP"}`, false, "0", []string{"penalty: 5", "currency: GBP"}},
		"a bare number":      {`12`, false, "0", []string{"12"}},
		"an amount as text":  {`{"amount":"5","currency":"GBP"}`, false, "0", []string{"amount: 5", "currency: GBP"}},
		"a negative amount":  {`{"amount":-5,"currency":"GBP"}`, false, "0", []string{"amount: -5", "currency: GBP"}},
		"an amount too long": {`{"amount":1e400,"currency":"GBP"}`, false, "0", []string{"amount: 1e400", "currency: GBP"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := decodeCharges(strings.NewReader(`{"data":` + tt.data + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if c.Known != tt.known || !c.Amount.Equal(mustDecimal(t, tt.amount)) || string(c.Raw) != tt.data {
				t.Errorf("got %+v", c)
			}
			if diff := cmp.Diff(tt.text, c.Text); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWholeNumber(t *testing.T) {
	good := map[string]int64{"0": 0, "-0": 0, "1000": 1000, "1000.0": 1000, "1e3": 1000, "1.5e1": 15, "9223372036854775807": 9223372036854775807, "-5": -5}
	for text, want := range good {
		if got, err := wholeNumber(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"1.5", "1e300", "9223372036854775808", "1e-3", "9007199254740994.0", "12345678901234567890123"} {
		if got, err := wholeNumber(text); err == nil {
			t.Errorf("%s: %d", text, got)
		}
	}
}

// What goes onto the wire is fixed to the byte.
func TestOrderOnTheWire(t *testing.T) {
	full := Order{
		Name: "syd-lag", Term: 36, Speed: 100000, LocationID: 6, Market: "AU", Zone: "blue", LAGPorts: 4, AggregationID: 23,
		MarketplaceVisibility: true, CostCentre: "NET-042", PromoCode: "promox3mnthfree2", Tags: map[string]string{"b": "2", "a": "1", "c": ""},
	}
	tests := map[string]struct {
		order Order
		want  string
	}{
		"the least": {
			order: Order{Name: "API Port", Term: 1, Speed: 1000, LocationID: 89},
			want:  `{"productName":"API Port","term":1,"productType":"MEGAPORT","portSpeed":1000,"locationId":89,"createDate":0,"virtual":false,"market":"","marketplaceVisibility":false,"config":{}}`,
		},
		"everything": {
			order: full,
			want:  `{"productName":"syd-lag","term":36,"productType":"MEGAPORT","portSpeed":100000,"locationId":6,"createDate":0,"virtual":false,"market":"AU","costCentre":"NET-042","lagPortCount":4,"aggregationId":23,"marketplaceVisibility":true,"config":{"diversityZone":"blue"},"promoCode":"promox3mnthfree2","resourceTags":[{"key":"a","value":"1"},{"key":"b","value":"2"},{"key":"c","value":""}]}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.order.JSON()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
			for form, envelope := range map[BuyForm]string{BuyV3: `[` + tt.want + `]`, BuyV4: `{"networkDesign":[` + tt.want + `],"discountCodes":[]}`} {
				_, body, err := buyRequest(tt.order, form)
				if err != nil || string(body) != envelope {
					t.Errorf("form %d: %s, %v", form, body, err)
				}
			}
		})
	}
}

// Every field of the published request that we send has its name and value there.
func TestOrderAgreesWithThePublishedRequest(t *testing.T) {
	var published []map[string]jsontext.Value
	if err := json.Unmarshal([]byte(exchange(t, "validate-request.json")), &published); err != nil {
		t.Fatal(err)
	}
	order := testOrder()
	order.PromoCode = "promox3mnthfree2"
	body, err := order.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var ours map[string]jsontext.Value
	if err := json.Unmarshal(body, &ours); err != nil {
		t.Fatal(err)
	}
	for name, value := range published[0] {
		switch name {
		case "createDate", "locationUid": // 0 and absent, as the official clients have it (API facts §3.2)
		default:
			if string(ours[name]) != string(value) {
				t.Errorf("%s is %s, want %s", name, ours[name], value)
			}
		}
	}
}
