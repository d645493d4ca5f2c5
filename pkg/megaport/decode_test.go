package megaport

import (
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
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
		Address: Address{Street: "227 Marsh Wall", City: "London", Postcode: "E14 9SD", Country: "United Kingdom"},
		Zones:   map[string]Zone{"red": {Speeds: []int{1000, 10000, 100000}}, "blue": {Speeds: []int{1000, 10000, 100000}}},
		Speeds:  []int{1000, 10000, 100000}, Latitude: 51.499714, Longitude: -0.012144,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if l := got[0]; !l.Orderable() || !l.Offers(10000, "red") || !l.Offers(10000, "") || l.Offers(400000, "red") || l.Offers(1000, "green") {
		t.Errorf("what it offers is wrong: %+v", l)
	}
}

// A coordinate that is none is not known; it stops nobody.
func TestDecodeOddCoordinates(t *testing.T) {
	for text, want := range map[string][2]float64{
		`"latitude":51.5,"longitude":-0.1`:       {51.5, -0.1},
		`"latitude":"51.5","longitude":" -0.1 "`: {51.5, -0.1},
		`"latitude":-90,"longitude":180`:         {-90, 180},
		`"latitude":91,"longitude":2`:            {},
		`"latitude":1,"longitude":-180.5`:        {},
		`"latitude":1e999,"longitude":1`:         {},
		`"latitude":null,"longitude":[7]`:        {},
		`"name":"x"`:                             {},
	} {
		got, err := decodeLocations(strings.NewReader(`{"data":[{"id":1,` + text + `}]}`))
		if err != nil || got[0].Latitude != want[0] || got[0].Longitude != want[1] {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
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
			Address: Address{Suburb: "Suburbia", City: "Atlanta", State: "GA", Country: "USA"},
			Zones:   map[string]Zone{"red": {Speeds: []int{1000, 10000}}}, Speeds: []int{1000, 10000},
			CrossConnect: true,
		},
		{ID: 4000, Name: "Nowhere yet", Status: "New", Zones: map[string]Zone{}, Latitude: 1, Longitude: 2},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if got[0].Orderable() {
		t.Error("a Restricted site takes no orders, whatever speeds it lists")
	}
}

func TestDecodePublishedValidation(t *testing.T) {
	got, err := decodeQuote(strings.NewReader(exchange(t, "validate-response.json")), 1000)
	if err != nil {
		t.Fatal(err)
	}
	want := Quote{HasPrice: true, Currency: "GBP", Monthly: decimal.NewFromInt(500), Market: "UK", Metro: "London"}
	if diff := cmp.Diff(want, got, equalDecimals()); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeSetupFees(t *testing.T) {
	got, err := decodeQuote(strings.NewReader(fact(t, "validate-setup-fees.json")), 10000)
	if err != nil {
		t.Fatal(err)
	}
	want := Quote{
		HasPrice: true, Currency: "USD", Monthly: mustDecimal(t, "475"), OneTime: mustDecimal(t, "3.21"),
		Market: "US", Metro: "Los Angeles",
		Notes: []string{"hourlySetup 0.01, dailySetup 0.20, monthlySetup 3.00: their sum counts"},
	}
	if diff := cmp.Diff(want, got, equalDecimals()); diff != "" {
		t.Error(diff)
	}
}

// A price is bounded or it is not; what bounds it is the dearest reading. The order
// is for 1000 Mbps.
func TestQuoteIsTheDearerReading(t *testing.T) {
	type notes = []string
	tests := map[string]struct {
		price   string
		monthly string
		once    string
		notes   notes
	}{
		"zero is a price":        {price: `"monthlyRate":0`, monthly: "0"},
		"digits, not floats":     {price: `"monthlyRate":1234567890123.45678901`, monthly: "1234567890123.45678901"},
		"an exponent":            {price: `"monthlyRate":5e2`, monthly: "500"},
		"a number as text":       {price: `"monthlyRate":"500.50"`, monthly: "500.50"},
		"not marked as empty":    {price: `"monthlyRate":5,"empty":"false"`, monthly: "5"},
		"the dearer is fixed":    {price: `"monthlyRate":100,"fixedRecurringCharge":120.5`, monthly: "120.5", notes: notes{"monthlyRate 100.00, fixedRecurringCharge 120.50: the dearer counts"}},
		"the dearer is the rate": {price: `"monthlyRate":100,"fixedRecurringCharge":0`, monthly: "100", notes: notes{"monthlyRate 100.00, fixedRecurringCharge 0.00: the dearer counts"}},
		"the same in two ways":   {price: `"monthlyRate":100,"fixedRecurringCharge":100.00`, monthly: "100"},
		"by the hour":            {price: `"monthlyRate":5,"hourlyRate":0.01`, monthly: "12.44", notes: notes{"hourlyRate 0.01 x 744 hours is added"}},
		"by the day":             {price: `"monthlyRate":5,"dailyRate":1`, monthly: "36", notes: notes{"dailyRate 1.00 x 31 days is added"}},
		"by the Mbps":            {price: `"monthlyRate":5,"mbpsRate":0.01`, monthly: "15", notes: notes{"mbpsRate 0.01 x 1000 Mbps is added"}},
		"the rate by the Mbps":   {price: `"monthlyRate":475,"mbpsRate":0.475`, monthly: "475", notes: notes{"mbpsRate 0.475 x 1000 Mbps is the monthlyRate"}},
		"by the haul":            {price: `"monthlyRate":5,"longHaulMbpsRate":0.005`, monthly: "10", notes: notes{"longHaulMbpsRate 0.005 x 1000 Mbps is added"}},
		"all at once": {
			price: `"monthlyRate":5,"fixedRecurringCharge":6,"hourlyRate":1,"dailyRate":1,"mbpsRate":1`, monthly: "1781",
			notes: notes{"monthlyRate 5.00, fixedRecurringCharge 6.00: the dearer counts", "hourlyRate 1.00 x 744 hours is added", "dailyRate 1.00 x 31 days is added", "mbpsRate 1.00 x 1000 Mbps is added"},
		},
		"one setup":      {price: `"monthlyRate":5,"dailySetup":7`, monthly: "5", once: "7"},
		"several setups": {price: `"monthlyRate":5,"hourlySetup":1,"dailySetup":2.5,"monthlySetup":"3"`, monthly: "5", once: "6.5", notes: notes{"hourlySetup 1.00, dailySetup 2.50, monthlySetup 3.00: their sum counts"}},
		"a new number":   {price: `"monthlyRate":5,"crossConnectFee":12,"discount":0,"key":"no key"`, monthly: "5", notes: notes{"crossConnectFee 12 is not known to be a charge, and is not counted"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q, err := decodeQuote(strings.NewReader(`{"message":"Validation passed","data":[{"price":{"currency":"GBP",`+tt.price+`}}]}`), 1000)
			if err != nil {
				t.Fatal(err)
			}
			if !q.HasPrice || q.Unknown != "" || q.Currency != "GBP" {
				t.Errorf("got %+v", q)
			}
			if tt.once == "" {
				tt.once = "0"
			}
			if !q.Monthly.Equal(mustDecimal(t, tt.monthly)) || !q.OneTime.Equal(mustDecimal(t, tt.once)) {
				t.Errorf("monthly %s, one-time %s; want %s, %s", q.Monthly, q.OneTime, tt.monthly, tt.once)
			}
			if diff := cmp.Diff(tt.notes, q.Notes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What cannot be bounded is no price, and the reason is the API's own.
func TestQuoteKnowsWhatItDoesNotKnow(t *testing.T) {
	tests := map[string]struct{ price, unknown string }{
		"no price":              {`null`, "the answer has no price"},
		"a bare number":         {`500`, "the price cannot be read"},
		"no number":             {`{"monthlyRate":null,"currency":"GBP"}`, "the price has no monthly rate"},
		"number missing":        {`{"currency":"GBP"}`, "the price has no monthly rate"},
		"no currency":           {`{"monthlyRate":5}`, "the price has no currency"},
		"null currency":         {`{"monthlyRate":5,"currency":null}`, "the price has no currency"},
		"no currency, in words": {`{"monthlyRate":5,"currency":"pounds"}`, `the price has the currency "pounds"`},
		"half a currency":       {`{"monthlyRate":5,"currency":"GB\ud83d"}`, `the price has the currency "GB`},
		"empty":                 {`{"monthlyRate":5,"currency":"GBP","empty":true}`, "the price is marked as empty"},
		"empty, as text":        {`{"monthlyRate":5,"currency":"GBP","empty":"TRUE"}`, "the price is marked as empty"},
		"negative":              {`{"monthlyRate":-5,"currency":"GBP"}`, "the price has a negative monthlyRate -5.00"},
		"negative setup":        {`{"monthlyRate":5,"monthlySetup":-1,"currency":"GBP"}`, "the price has a negative monthlySetup -1.00"},
		"negative by the Mbps":  {`{"monthlyRate":5,"mbpsRate":-1,"currency":"GBP"}`, "the price has a negative mbpsRate -1.00"},
		"another case":          {`{"MonthlyRate":5,"currency":"GBP"}`, "the price has no monthly rate"},
		"a word":                {`{"monthlyRate":"on request","currency":"GBP"}`, "the price cannot be read: field monthlyRate: want an amount, not a text"},
		"a mad exponent":        {`{"monthlyRate":1e999999999,"currency":"GBP"}`, "want an amount of money"},
		"emptiness unreadable":  {`{"monthlyRate":5,"currency":"GBP","empty":{}}`, "field empty: want true or false, not an object"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q, err := decodeQuote(strings.NewReader(`{"message":"Validation passed","data":[{"price":`+tt.price+`}]}`), 1000)
			if err != nil {
				t.Fatal(err)
			}
			if q.HasPrice || !strings.Contains(q.Unknown, tt.unknown) {
				t.Errorf("HasPrice %v, Unknown %q, want %q", q.HasPrice, q.Unknown, tt.unknown)
			}
		})
	}
}

func TestQuoteOfSeveralLines(t *testing.T) {
	line := func(monthly, currency string) string {
		return `{"price":{"monthlyRate":` + monthly + `,"monthlySetup":1,"currency":"` + currency + `"}}`
	}
	tests := map[string]struct{ data, monthly, unknown string }{
		"two lines":           {line("5", "GBP") + "," + line("7", "gbp"), "12", ""},
		"two currencies":      {line("5", "GBP") + "," + line("7", "EUR"), "", "prices in GBP and EUR"},
		"the second unknown":  {line("5", "GBP") + `,{"price":null}`, "", "the answer has no price"},
		"the first is empty":  {`{"price":{"empty":true}},` + line("5", "GBP"), "", "marked as empty"},
		"the first has none":  {`{},` + line("5", "GBP"), "", "the answer has no price"},
		"three, one negative": {line("5", "GBP") + "," + line("-7", "GBP") + "," + line("1", "GBP"), "", "negative"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q, err := decodeQuote(strings.NewReader(`{"data":[`+tt.data+`]}`), 1000)
			if err != nil {
				t.Fatal(err)
			}
			if tt.unknown != "" {
				if q.HasPrice || !strings.Contains(q.Unknown, tt.unknown) {
					t.Errorf("got %+v, want %q", q, tt.unknown)
				}
				return
			}
			if !q.HasPrice || !q.Monthly.Equal(mustDecimal(t, tt.monthly)) || !q.OneTime.Equal(mustDecimal(t, "2")) || !slices.Contains(q.Notes, "the answer has 2 prices: their sum counts") {
				t.Errorf("got %+v", q)
			}
		})
	}
	for _, data := range []string{`[{"price":{"monthlyRate":5,"monthlyRate":6,"currency":"GBP"}}]`, `[]`, `{"orders":[]}`, `null`, `["x"]`} {
		if q, err := decodeQuote(strings.NewReader(`{"data":`+data+`}`), 1000); err == nil {
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
		got, odd, err := decodePurchase(strings.NewReader(body))
		if err != nil || odd {
			t.Fatalf("odd %v, %v", odd, err)
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
	got, _, err := decodePurchase(strings.NewReader(body[:cut]))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error is %v, want an unexpected end", err)
	}
	if diff := cmp.Diff([]string{testUID}, got); diff != "" {
		t.Error(diff)
	}
}

// The UIDs of an odd answer are candidates like others: none is lost, and none
// passes for what was ordered.
func TestDecodePurchaseMarksOddUIDs(t *testing.T) {
	upper := strings.ToUpper(testUID)
	element := func(uid string) string { return `{"technicalServiceUid":` + uid + `}` }
	tests := map[string]struct {
		data string
		want []string
	}{
		"the same twice":         {element(`"`+testUID+`"`) + "," + element(`"`+testUID+`"`), []string{testUID}},
		"the same in other case": {element(`"`+upper+`"`) + "," + element(`"`+testUID+`"`), []string{upper}},
		"none":                   {element(`null`) + "," + element(`"`+testUID+`"`), []string{testUID}},
		"empty":                  {element(`" "`), nil},
		"no field":               {`{}`, nil},
		"a number":               {element(`7`) + "," + element(`"`+testUID+`"`), []string{"7", testUID}},
		"an object":              {element(`{"uid":"x"}`), nil},
		"no object":              {`"` + testUID + `"`, nil},
		"no UUID":                {element(`"a/b"`), []string{"a/b"}},
		"a short one":            {element(`"` + testUID[:35] + `"`), []string{testUID[:35]}},
		"a terminal's":           {element(`"\u001b[2J"`), []string{`\x1b[2J`}},
		"half a character":       {element(`"` + testUID[:35] + `\ud83d"`), []string{testUID[:35] + "\ufffd"}},
		"two in one element":     {`{"technicalServiceUid":"` + upper + `","technicalServiceUid":"` + testUID + `"}`, []string{testUID}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, odd, err := decodePurchase(strings.NewReader(`{"data":[` + tt.data + `]}`))
			if err != nil || !odd {
				t.Errorf("odd %v, %v", odd, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got, odd, err := decodePurchase(strings.NewReader(`{"data":[` + element(`"`+upper+`"`) + `]}`)); err != nil || odd || got[0] != upper {
		t.Errorf("in upper case: %v, odd %v, %v", got, odd, err)
	}
}

func TestDecodeProduct(t *testing.T) {
	got, err := decodeProduct(strings.NewReader(fact(t, "product-live.json")), testUID, noSecrets)
	if err != nil {
		t.Fatal(err)
	}
	at := func(ms int64) time.Time { return time.UnixMilli(1700000000000 + ms).UTC() }
	want := Port{
		UID: testUID, ID: 68124, Name: "lon-core-1", ProductType: "MEGAPORT", Status: "LIVE",
		CreateDate: at(1), LiveDate: at(3), ContractStart: at(4), ContractEnd: at(5),
		Speed: 10000, LocationID: 89, Market: "UK", Zone: "red",
		MarketplaceVisibility: true, LAGPrimary: true, AggregationID: 23,
		CompanyUID: "160208ae-01e4-4cb9-8d69-03a197b31cd2", CompanyName: "Example Networks", CostCentre: "NET-042",
		ContractTerm: 36, Locked: true,
		Demarcation: "Rack 4, panel 2, port 17", VXCs: 2,
		Location: PortLocation{Name: "Digital Realty London LHR20"},
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
		Companies: []string{company}, CompanyNames: []string{"Example Networks"}, Others: 2,
		Ports: []Port{
			{
				UID: "11111111-1111-4111-8111-111111111111", ID: 1, Name: "young", ProductType: "MEGAPORT", Status: "CONFIGURED",
				CreateDate: time.UnixMilli(1588862976322).UTC(), Speed: 1000, LocationID: 60, Market: "USA",
				CompanyUID: company, CompanyName: "Example Networks", ContractTerm: 12, AdminLocked: true, VXCs: 1,
			},
			{
				UID: "22222222-2222-4222-8222-222222222222", Name: "gone", ProductType: "MEGAPORT", Status: "DECOMMISSIONED",
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

// A decision hangs on these fields of a living port: what cannot be read fails the
// listing and is named.
func TestListingIsStrictAboutPorts(t *testing.T) {
	with := func(field, value string) string {
		fields := map[string]string{"productType": `"MEGAPORT"`, "productUid": `"u-1"`, "productName": `"p-1"`, "provisioningStatus": `"LIVE"`, "portSpeed": `1000`, "locationId": `89`}
		fields[field] = value
		var all []string
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if fields[name] != "" {
				all = append(all, `"`+name+`":`+fields[name])
			}
		}
		return "{" + strings.Join(all, ",") + "}"
	}
	tests := map[string]struct {
		row  string
		want string // part of the error; empty: the row is fine
	}{
		"the least":                 {row: `{` + strictPort + `}`},
		"unknown fields":            {row: `{` + strictPort + `,"new":{"a":[1,{"a":2,"a":3}]}}`},
		"type in other case":        {row: with("productType", `" megaPort"`)},
		"not an object":             {row: `"MEGAPORT"`, want: "product number 2: data: want an object, not a text"},
		"null":                      {row: `null`, want: "want an object, not null"},
		"speed with a point":        {row: with("portSpeed", `1000.0`)},
		"speed as text":             {row: with("portSpeed", `"1000"`)},
		"speed in words":            {row: with("portSpeed", `"10G"`), want: `("p-1", uid "u-1"): field portSpeed: want a whole number, not a text`},
		"speed with a fraction":     {row: with("portSpeed", `1000.5`), want: "field portSpeed: want a whole number, not 1000.5"},
		"speed null":                {row: with("portSpeed", `null`), want: "field portSpeed is missing"},
		"speed in another case":     {row: `{"productType":"MEGAPORT","productUid":"u-1","productName":"p-1","provisioningStatus":"LIVE","PortSpeed":1,"locationId":89}`, want: "field portSpeed is missing"},
		"no location":               {row: with("locationId", ``), want: "field locationId is missing"},
		"location as object":        {row: with("locationId", `{"id":89}`), want: "field locationId: want a whole number, not an object"},
		"no uid":                    {row: with("productUid", ``), want: "field productUid is missing"},
		"uid as number":             {row: with("productUid", `7`), want: "field productUid: want a text, not a number"},
		"half a uid":                {row: with("productUid", `"u\ud83d"`), want: "field productUid holds invalid UTF-8"},
		"no name":                   {row: with("productName", ``), want: "field productName is missing"},
		"name as list":              {row: with("productName", `["a"]`), want: "field productName: want a text, not a list"},
		"no status":                 {row: with("provisioningStatus", ``), want: "field provisioningStatus is missing"},
		"half a status":             {row: with("provisioningStatus", `"DECOMMISSIONED\ud83d"`), want: "field provisioningStatus holds invalid UTF-8"},
		"two statuses":              {row: `{` + strictPort + `,"provisioningStatus":"DECOMMISSIONED"}`, want: "field provisioningStatus occurs twice"},
		"a name twice":              {row: `{` + strictPort + `,"productName":"p-2"}`, want: "field productName occurs twice"},
		"a lag id as text":          {row: `{` + strictPort + `,"aggregationId":"12"}`},
		"a lag id as object":        {row: `{` + strictPort + `,"aggregationId":{}}`, want: "field aggregationId: want a whole number, not an object"},
		"a lag id that is odd":      {row: `{` + strictPort + `,"aggregationId":{"a":1,"a":2}}`, want: "field aggregationId: "},
		"an odd router":             {row: `{"productType":"MCR2","portSpeed":{},"productUid":[],"virtual":"x","companyUid":8}`},
		"a port of the first MCRs":  {row: `{"productType":"megaport","virtual":true,"portSpeed":"odd"}`},
		"one of them, as text":      {row: `{"productType":"megaport","virtual":"true","portSpeed":"odd"}`},
		"one of them, as number":    {row: `{"productType":"megaport","virtual":1,"portSpeed":"odd"}`},
		"perhaps one of them":       {row: `{"productType":"megaport","virtual":{},"portSpeed":"odd"}`, want: "field portSpeed"},
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

// Nothing hangs on these fields, so no value of them stops anything; what can be
// understood is.
func TestListingIsTolerantAboutTheRest(t *testing.T) {
	odd := []string{`null`, `"x"`, `""`, `7`, `-1.5`, `1e400`, `true`, `{}`, `{"a":1,"a":2}`, `[]`, `[1]`, `[null]`, `"a\ud83d"`, "\"\xff\""}
	fields := map[string]bool{}
	for i := range reflect.TypeFor[wireProduct]().NumField() {
		if f := reflect.TypeFor[wireProduct]().Field(i); f.Type != reflect.TypeFor[decisive]() {
			fields[f.Tag.Get("json")] = true
		}
	}
	for field := range fields {
		for _, value := range odd {
			for _, twice := range []string{``, `,"` + field + `":null`} {
				row := `{` + strictPort + `,"` + field + `":` + value + twice + `}`
				l, err := decodeProducts(strings.NewReader(`{"data":[` + row + `]}`))
				if err != nil || len(l.Ports) != 1 && field != "virtual" {
					t.Errorf("%s: %+v, %v", row, l, err)
				}
			}
		}
	}
	for _, required := range []string{"createDate", "associatedVxcs", "resources", "virtual", "locationDetail", "companyUid"} {
		if !fields[required] {
			t.Errorf("%s was not tried", required)
		}
	}
	day := time.Date(2015, 3, 1, 10, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		fields string
		want   func(*Port)
	}{
		"ISO dates": {`"createDate":"2015-03-01T10:00:00Z","liveDate":"2015-03-01T11:00:00.000+0100","contractEndDate":"2015-03-01"`, func(p *Port) {
			p.CreateDate, p.LiveDate, p.ContractEnd = day, day, day.Add(-10*time.Hour)
		}},
		"dates as digits":       {`"createDate":"1425204000000","liveDate":1425204000000.5`, func(p *Port) { p.CreateDate, p.LiveDate = day, day }},
		"no dates":              {`"createDate":"soon","liveDate":0,"contractEndDate":-5`, func(*Port) {}},
		"numbers as texts":      {`"contractTermMonths":" 12 ","productId":"7"`, func(p *Port) { p.ContractTerm, p.ID = 12, 7 }},
		"a broken month":        {`"contractTermMonths":12.5`, func(*Port) {}},
		"booleans as texts":     {`"locked":"true","adminLocked":"FALSE","marketplaceVisibility":1,"lagPrimary":"1"`, func(p *Port) { p.Locked, p.MarketplaceVisibility, p.LAGPrimary = true, true, true }},
		"texts as numbers":      {`"market":7,"costCentre":42.10`, func(p *Port) { p.Market, p.CostCentre = "7", "42.10" }},
		"a zone in upper case":  {`"diversityZone":" RED "`, func(p *Port) { p.Zone = "red" }},
		"an interface in words": {`"resources":{"interface":"up"},"locationDetail":"London"`, func(*Port) {}},
		"an interface by parts": {`"resources":{"interface":{"up":{},"demarcation":7}}`, func(p *Port) { p.Demarcation = "7" }},
		"half a company":        {`"companyName":"Z\ud83d"`, func(p *Port) { p.CompanyName = "Z\ufffd" }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := Port{UID: "u-1", Name: "p-1", ProductType: "MEGAPORT", Status: "LIVE", Speed: 1000, LocationID: 89}
			tt.want(&want)
			l, err := decodeProducts(strings.NewReader(`{"data":[{` + strictPort + `,` + tt.fields + `}]}`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Port{want}, l.Ports); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A living product without a type is a port if it has all that makes one; of any
// other nobody knows, which stops nothing but what has its name.
func TestListingOfUntypedProducts(t *testing.T) {
	const rest = `"productUid":"u-1","productName":"p-1","provisioningStatus":"LIVE"`
	const whole = rest + `,"portSpeed":1000,"locationId":89`
	named := []Untyped{{"u-1", "p-1"}}
	tests := map[string]struct {
		row     string
		ports   int
		others  int
		untyped []Untyped
	}{
		"a whole port":             {row: whole, ports: 1},
		"one of a null type":       {row: whole + `,"productType":null`, ports: 1},
		"one of half a type":       {row: whole + `,"productType":"MEGAPORT\ud83d"`, ports: 1},
		"one of an empty type":     {row: whole + `,"productType":" "`, ports: 1},
		"a type of another kind":   {row: whole + `,"productType":7`, untyped: named},
		"two types":                {row: whole + `,"productType":"MCR2","productType":"MEGAPORT"`, untyped: named},
		"no speed":                 {row: rest + `,"locationId":89`, untyped: named},
		"no location":              {row: rest + `,"portSpeed":1000`, untyped: named},
		"an odd speed":             {row: rest + `,"portSpeed":"fast","locationId":89`, untyped: named},
		"a uid and a name":         {row: `"productUid":"u-1","productName":"p-1"`, untyped: named},
		"nothing":                  {row: ``, untyped: []Untyped{{}}},
		"a router of the first":    {row: rest + `,"virtual":true`, others: 1},
		"one that has ended":       {row: `"productUid":"u-1","provisioningStatus":"CANCELLED"`, others: 1},
		"ended, or perhaps not":    {row: rest + `,"provisioningStatus":"CANCELLED"`, untyped: named},
		"a whole port of no name":  {row: `"productUid":"u-1","provisioningStatus":"LIVE","portSpeed":1000,"locationId":89`, untyped: []Untyped{{UID: "u-1"}}},
		"a whole port without uid": {row: `"productName":"p-1","provisioningStatus":"LIVE","portSpeed":1000,"locationId":89`, untyped: []Untyped{{Name: "p-1"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l, err := decodeProducts(strings.NewReader(`{"data":[{` + tt.row + `}]}`))
			if err != nil || len(l.Ports) != tt.ports || l.Others != tt.others {
				t.Errorf("%+v, %v", l, err)
			}
			if diff := cmp.Diff(tt.untyped, l.Untyped); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Of a port that has ended nothing but which it was is asked.
func TestListingOfTerminatedPorts(t *testing.T) {
	const gone = `"productType":"MEGAPORT","productUid":"u-1","productName":"p-1","provisioningStatus":"decommissioned"`
	for _, field := range []string{`"portSpeed":null`, `"portSpeed":"fast"`, `"locationId":{}`, `"aggregationId":[]`, `"productName":"p-1"`, `"createDate":{}`} {
		l, err := decodeProducts(strings.NewReader(`{"data":[{` + gone + `,` + field + `}]}`))
		if err != nil || len(l.Ports) != 1 || l.Ports[0].Status != "DECOMMISSIONED" {
			t.Errorf("%s: %+v, %v", field, l, err)
		}
	}
	if l, err := decodeProducts(strings.NewReader(`{"data":[{"productUid":"u","provisioningStatus":"CANCELLED"}]}`)); err != nil || l.Others != 1 {
		t.Errorf("without a type: %+v, %v", l, err)
	}
	for row, want := range map[string]string{
		`{"productType":"MEGAPORT","productName":"p-1","provisioningStatus":"CANCELLED"}`:                  "field productUid is missing",
		`{"productType":"MEGAPORT","productUid":"u-1","provisioningStatus":"CANCELLED"}`:                   "field productName is missing",
		`{"productType":"MEGAPORT","productUid":["u"],"productName":"p","provisioningStatus":"CANCELLED"}`: "field productUid: want a text, not a list",
	} {
		if _, err := decodeProducts(strings.NewReader(`{"data":[` + row + `]}`)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %q", row, err, want)
		}
	}
}

// Half an emoji, or a byte of Latin-1, stops nothing wherever it stands.
func TestListingReadsDamagedTexts(t *testing.T) {
	for _, bad := range []string{`to AWS \ud83d`, "Z\xfcrich", `\udc00x`} {
		body := `{"data":[
			{"productType":"MCR2","productName":"` + bad + `","associatedVxcs":[{"productName":"` + bad + `","productName":"b"}]},
			{` + strictPort + `,"market":"` + bad + `"},
			{"productType":"MEGAPORT","productUid":"u-2","productName":"` + bad + `","provisioningStatus":"LIVE","portSpeed":1000,"locationId":89}]}`
		l, err := decodeProducts(strings.NewReader("\xef\xbb\xbf" + body)) // after a byte order mark
		if err != nil || len(l.Ports) != 2 {
			t.Fatalf("%q: %+v, %v", bad, l, err)
		}
		if p := l.Ports[0]; p.NameDamaged || !strings.ContainsRune(p.Market, '\ufffd') {
			t.Errorf("%q elsewhere: %+v", bad, p)
		}
		if p := l.Ports[1]; !p.NameDamaged || !strings.ContainsRune(p.Name, '\ufffd') {
			t.Errorf("%q as the name: %+v", bad, p)
		}
	}
	l, err := decodeProducts(strings.NewReader(`{"data":[{"productType":"MEGAPORT","productUid":"u","productName":"a\ufffd 😀 \ud83d\ude00","provisioningStatus":"LIVE","portSpeed":1,"locationId":1}]}`))
	if err != nil || l.Ports[0].NameDamaged || l.Ports[0].Name != "a\ufffd 😀 😀" {
		t.Errorf("a name that is whole: %+v, %v", l, err)
	}
}

// While a VXC ends on a port, the port is not cancelled.
func TestListingCountsActiveVXCs(t *testing.T) {
	tests := map[string]int{
		`null`: 0, `[]`: 0,
		`[{"provisioningStatus":"LIVE"},{"provisioningStatus":"CONFIGURED"}]`:                                                   0 + 2,
		`[{"provisioningStatus":"DECOMMISSIONED"},{"provisioningStatus":"decommissioning"},{"provisioningStatus":"Cancelled"}]`: 0,
		`[{"nested":{"provisioningStatus":"DECOMMISSIONED"}}]`:                                                                  1,
		`[{"provisioningStatus":null},{"provisioningStatus":7},{},"x",null]`:                                                    5,
		`[{"provisioningStatus":"DECOMMISSIONED","provisioningStatus":"LIVE"}]`:                                                 1,
		`{"uid":{}}`: 1, `"two"`: 1, `true`: 1,
	}
	for vxcs, want := range tests {
		l, err := decodeProducts(strings.NewReader(`{"data":[{` + strictPort + `,"associatedVxcs":` + vxcs + `}]}`))
		if err != nil || len(l.Ports) != 1 || l.Ports[0].VXCs != want {
			t.Errorf("%s: %+v, %v; want %d", vxcs, l, err, want)
		}
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
		"not a number": {`{"data":[{"productType":"MCR2","x":NaN}]}`, "not JSON"},
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

// The account belongs to those who own its ports; other products are no sign.
func TestListingKnowsSeveralCompanies(t *testing.T) {
	port := func(company string) string { return `{` + strictPort + `,"companyUid":` + company + `}` }
	rows := []string{
		`{"productType":"MCR2","companyUid":"other","companyName":"Other"}`, port(`"c"`), port(`null,"companyName":"Nobody"`), port(`"b","companyName":" Bee"`),
		port(`"a","companyName":"Ay"`), port(`"b","companyName":"Bee"`), port(`{},"companyName":"half \ud83d"`), port(`null,"companyName":[]`),
	}
	l, err := decodeProducts(strings.NewReader(`{"data":[` + strings.Join(rows, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b", "a", "c"}, l.Companies); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Bee", "Ay", "Nobody"}, l.CompanyNames); diff != "" {
		t.Error(diff)
	}
	l, err = decodeProducts(strings.NewReader(`{"data":[` + rows[0] + `]}`))
	if err != nil || len(l.Companies)+len(l.CompanyNames) != 0 {
		t.Errorf("without ports: %+v, %v", l, err)
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
	for _, body := range []string{`{}`, `{"data":null}`, `{"data":[]}`, `{"data":{"resourceTags":[{"value":"x"}]}}`, `{"data":{"resourceTags":[{"key":"a","value":"1"},{"key":"a","value":"2"}]}}`, `{"data":{"resourceTags":[{"key":"a","value":1}]}}`, `{"data":{"resourceTags":[{"key":"a","value":"\ud83d"}]}}`, `{"data":{"resourceTags":[{"key":"\ud83d","value":"a"}]}}`} {
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
			Order: ApprovalOrder{Texts: []string{"lon-core-1"}},
		},
		{UID: "5f7b0f0e-0000-4000-8000-000000000002", ID: 13, Status: ApprovalRejected, Type: "TERM_CHANGE", Detail: []byte("null")},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestDecodePublishedApproval(t *testing.T) {
	got, err := decodeApprovals(strings.NewReader(exchange(t, "approvals.json")))
	if err != nil || len(got) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if diff := cmp.Diff(ApprovalOrder{Texts: []string{"test"}}, got[0].Order, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff) // neither "NEW_ORDER" nor who asked for it
	}
}

// The endpoint may write its values in other ways; one odd element spoils the list
// only if it cannot be told whether it waits.
func TestDecodeApprovalsTolerantly(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		row   string
		want  Approval
		fails string
	}{
		"ISO dates":          {row: `{"uid":"u","id":1,"status":"APPROVED","createDate":"2026-01-01T00:00:00Z","detail":null}`, want: Approval{UID: "u", ID: 1, Status: "APPROVED", CreateDate: at}},
		"milliseconds":       {row: `{"uid":"u","status":"APPROVED","createDate":1767225600000}`, want: Approval{UID: "u", Status: "APPROVED", CreateDate: at}},
		"ids as texts":       {row: `{"uid":"u","id":"1","status":"pending ","type":"new_order","serviceId":"77"}`, want: Approval{UID: "u", ID: 1, Status: "PENDING", Type: "NEW_ORDER", ServiceID: 77}},
		"no uid":             {row: `{"status":"PENDING"}`, want: Approval{Status: "PENDING"}},
		"a uid as number":    {row: `{"uid":12,"status":"PENDING","active":{},"comment":[],"type":null}`, want: Approval{UID: "12", Status: "PENDING"}},
		"half a comment":     {row: `{"uid":"u","status":"PENDING","comment":"\ud83d"}`, want: Approval{UID: "u", Status: "PENDING", Comment: "\ufffd"}},
		"no status":          {row: `{"uid":"u"}`, fails: "approval number 1: field status is missing"},
		"a status as number": {row: `{"uid":"u","status":3}`, fails: "field status: want a text, not a number"},
		"half a status":      {row: `{"uid":"u","status":"PENDING\ud83d"}`, fails: "field status holds invalid UTF-8"},
		"no object":          {row: `"PENDING"`, fails: "want an object, not a text"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := decodeApprovals(strings.NewReader(`{"data":[` + tt.row + `]}`))
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("error is %v, want %q", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				got[i].Detail = nil
			}
			if diff := cmp.Diff([]Approval{tt.want}, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Where an order stands in an approval is not public, so it is looked for.
func TestOrderInApproval(t *testing.T) {
	type order = ApprovalOrder
	tests := map[string]struct {
		detail string
		want   order
	}{
		"as it was ordered": {
			`{"productName":"Z\u00fcrich 1","portSpeed":10000,"locationId":89,"productType":"MEGAPORT","config":{"diversityZone":"red"},"resourceTags":[{"key":"portctl-order","value":"c-1"},{"key":"team","value":"net"}]}`,
			order{Texts: []string{"Zürich 1"}, Tags: map[string][]string{"portctl-order": {"c-1"}, "team": {"net"}}, LocationID: 89, Speed: 10000},
		},
		"within a list":     {`{"productRequest":[{"name":"a\/b","portSpeed":"10000"},{"locationId":"89"}]}`, order{Texts: []string{"a/b"}, LocationID: 89, Speed: 10000}},
		"as JSON in a text": {`{"body":"[{\"productName\":\"a\",\"locationId\":89}]"}`, order{Texts: []string{"a"}, LocationID: 89}},
		"a text that looks": {`{"productName":"[x"}`, order{Texts: []string{"[x"}}},
		"a bare text":       {`"lon-1"`, order{Texts: []string{"lon-1"}}},
		"tags as a map":     {`{"tags":{"portctl-order":"c-1"}}`, order{Tags: map[string][]string{"portctl-order": {"c-1"}}}},
		"two places":        {`[{"locationId":89,"portSpeed":1000},{"locationId":2,"portSpeed":1000}]`, order{Speed: 1000}},
		"odd places":        {`{"locationId":0,"portSpeed":1e400,"x":{"locationId":-3,"portSpeed":{}}}`, order{}},
		"what persons said": {`{"comment":"a","comments":[{"text":"b"}],"rejectionReason":"c","notes":"d","requestedBy":{"name":"e"},"approver":"f","userName":"g","createdBy":"h","companyName":"i","contact":{"name":"j"}}`, order{}},
		"kinds of things":   {`{"type":"NEW_ORDER","status":"Pending","productType":"MEGAPORT","market":"UK","key":"k"}`, order{}},
		"nothing":           {`null`, order{}},
		"too deep":          {strings.Repeat(`[`, 100) + `"a"` + strings.Repeat(`]`, 100), order{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, orderIn(jsontext.Value(tt.detail)), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeCompanies(t *testing.T) {
	const uid = "160208ae-01e4-4cb9-8d69-03a197b31cd2"
	tests := map[string]struct {
		body string
		want Companies
	}{
		"the published markets": {exchange(t, "market.json"), Companies{}},
		"the published users":   {exchange(t, "employment.json"), Companies{}},
		"in the row":            {`{"data":[{"companyUid":"` + strings.ToUpper(uid) + `"},{"companyUid":"` + uid + `"}]}`, Companies{UIDs: []string{uid}}},
		"in an object":          {`{"data":[{"company":{"uid":"` + uid + `"}},{"company":{"companyUid":"` + testUID + `"}}]}`, Companies{UIDs: []string{uid, testUID}}},
		"a bare list":           {` [{"companyUid":"` + uid + `","uid":"` + testUID + `"}]`, Companies{UIDs: []string{uid}}},
		"odd rows":              {`{"data":[null,7,{"companyUid":41950},{"company":"x"},{"companyUid":"n/a"}]}`, Companies{}},
		"by name":               {`{"data":[{"companyName":" Example Ltd"},{"companyName":"Example Ltd"},{"companyName":"Second"}]}`, Companies{Names: []string{"Example Ltd", "Second"}}},
		"odd names":             {`{"data":[{"companyName":""},{"companyName":null},{"companyName":{}},{"companyName":"half \ud83d"},{"name":"a person"}]}`, Companies{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := decodeCompanies(strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, body := range []string{``, `{}`, `{"data":null}`, `{"data":{}}`, `<html>`, `[`} {
		if got, err := decodeCompanies(strings.NewReader(body)); err == nil {
			t.Errorf("%s: %v", body, got)
		}
	}
}

// One odd location stops nobody who does not want it.
func TestDecodeOddLocations(t *testing.T) {
	tests := map[string]struct {
		row  string
		want Location
	}{
		"status in lower case": {`{"id":89,"status":"active"}`, Location{ID: 89, Status: "Active"}},
		"status in upper case": {`{"id":89,"status":" RESTRICTED"}`, Location{ID: 89, Status: "Restricted"}},
		"an address in a line": {`{"id":89,"address":"1 Street","dataCentre":"X","productAddOns":[]}`, Location{ID: 89}},
		"nulls":                {`{"id":89,"market":null,"status":null,"diversityZones":null}`, Location{ID: 89}},
		"an id as text":        {`{"id":"89","metro":7}`, Location{ID: 89, Metro: "7"}},
		"a zone of no shape":   {`{"id":89,"diversityZones":{"red":true,"BLUE":{"megaportSpeedMbps":["1000",null,{},10000]}}}`, Location{ID: 89, Zones: map[string]Zone{"blue": {Speeds: []int{1000, 10000}}}, Speeds: []int{1000, 10000}}},
		"zones of no shape":    {`{"id":89,"diversityZones":["red"]}`, Location{ID: 89}},
		"speeds in Gbps":       {`{"id":89,"diversityZones":{"red":{"megaportSpeedMbps":[1,10,100]}}}`, Location{ID: 89, Zones: map[string]Zone{"red": {Speeds: []int{1000, 10000, 100000}}}, Speeds: []int{1000, 10000, 100000}}},
		"half a name":          {`{"id":89,"name":"Z\ud83d"}`, Location{ID: 89, Name: "Z\ufffd"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := decodeLocations(strings.NewReader(`{"data":[` + tt.row + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Location{tt.want}, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
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
		Name: "syd-lag", Term: 36, Speed: 100000, LocationID: 6, Market: "AU", Config: OrderConfig{Zone: "blue"}, LAGPorts: 4, AggregationID: 23,
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
		"with a cross connect": { // as the documentation has it
			order: Order{Name: "API Port", Term: 12, Speed: 1000, LocationID: 89, AddOns: CrossConnectObject},
			want:  `{"productName":"API Port","term":12,"productType":"MEGAPORT","portSpeed":1000,"locationId":89,"createDate":0,"virtual":false,"market":"","marketplaceVisibility":false,"config":{},"addOns":{"addOnType":"CROSS_CONNECT","crossConnectRequested":true}}`,
		},
		"with a list of one": { // as the price book has it
			order: Order{Name: "API Port", Term: 12, Speed: 1000, LocationID: 89, AddOns: CrossConnectArray},
			want:  `{"productName":"API Port","term":12,"productType":"MEGAPORT","portSpeed":1000,"locationId":89,"createDate":0,"virtual":false,"market":"","marketplaceVisibility":false,"config":{},"addOns":[{"addOnType":"CROSS_CONNECT","crossConnectRequested":true}]}`,
		},
		"everything": {
			order: full,
			want:  `{"productName":"syd-lag","term":36,"productType":"MEGAPORT","portSpeed":100000,"locationId":6,"createDate":0,"virtual":false,"market":"AU","costCentre":"NET-042","lagPortCount":4,"aggregationId":23,"marketplaceVisibility":true,"config":{"diversityZone":"blue"},"promoCode":"promox3mnthfree2","resourceTags":[{"key":"a","value":"1"},{"key":"b","value":"2"},{"key":"c","value":""}]}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := orderBody(tt.order)
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
	body, err := orderBody(order)
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
