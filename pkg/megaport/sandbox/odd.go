package sandbox

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Oddity is one way in which right answers may be spelt otherwise than is known,
// switched on by the knob odd. All of them are possible answers of the real API to
// what is not published (confidence D).
type Oddity struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
	// Routes are the route classes whose answers it changes.
	Routes []string `json:"routes"`

	change func(data any) any // of a decoded data member
}

// Oddities lists all of them.
func Oddities() []Oddity {
	return slices.Concat(rowOddities(), locationOddities(), priceOddities(), approvalOddities())
}

func oddity(name string) (Oddity, bool) {
	all := Oddities()
	if i := slices.IndexFunc(all, func(o Oddity) bool { return o.Name == name }); i >= 0 {
		return all[i], true
	}
	return Oddity{}, false
}

func oddityNames() []string {
	var out []string
	for _, o := range Oddities() {
		out = append(out, o.Name)
	}
	return out
}

type object = map[string]any

// eachObject makes an oddity of a change to one object, for data that is one or
// an array of them.
func eachObject(change func(object)) func(any) any {
	return func(data any) any {
		list, isList := data.([]any)
		if !isList {
			list = []any{data}
		}
		for _, item := range list {
			if o, isObject := item.(object); isObject {
				change(o)
			}
		}
		return data
	}
}

// asText writes numbers as text.
func asText(names ...string) func(object) {
	return func(o object) {
		for _, name := range names {
			if n, isNumber := o[name].(float64); isNumber {
				o[name] = strconv.FormatFloat(n, 'f', -1, 64)
			}
		}
	}
}

// asISO writes times in epoch milliseconds as ISO 8601.
func asISO(names ...string) func(object) {
	return func(o object) {
		for _, name := range names {
			if n, isNumber := o[name].(float64); isNumber {
				o[name] = time.UnixMilli(int64(n)).UTC().Format("2006-01-02T15:04:05.000-0700")
			}
		}
	}
}

func setNull(names ...string) func(object) {
	return func(o object) {
		for _, name := range names {
			o[name] = nil
		}
	}
}

func lower(name string) func(object) {
	return func(o object) {
		if text, isText := o[name].(string); isText {
			o[name] = strings.ToLower(text)
		}
	}
}

// within applies a change to an object below another.
func within(path []string, change func(object)) func(object) {
	return func(o object) {
		for _, name := range path {
			next, isObject := o[name].(object)
			if !isObject {
				return
			}
			o = next
		}
		change(o)
	}
}

// rowOddities are those of products.
func rowOddities() []Oddity {
	rows, listing := []string{classProducts, classProduct}, []string{classProducts}
	terminated := func(o object) {
		if o["provisioningStatus"] == statusDecommissioned {
			setNull("portSpeed", "locationId", "aggregationId", "createDate", "companyUid")(o)
		}
	}
	return []Oddity{
		{"iso-dates", "dates of products as ISO text", rows, eachObject(asISO("createDate", "liveDate", "terminateDate", "contractStartDate", "contractEndDate"))},
		{"text-numbers", "speed, location, term and LAG of products as text", rows, eachObject(asText("productId", "portSpeed", "locationId", "contractTermMonths", "aggregationId"))},
		{"up-bool", "resources.interface.up is true", rows, eachObject(within([]string{"resources", "interface"}, func(o object) { o["up"] = true }))},
		{"interface-list", "resources.interface is an array", rows, eachObject(within([]string{"resources"}, func(o object) { o["interface"] = []any{o["interface"]} }))},
		{"odd-cosmetics", "fields that decide nothing have other types", rows, eachObject(func(o object) {
			o["createdBy"], o["marketplaceVisibility"], o["locationDetail"], o["attributeTags"] = 17, "yes", "London", []any{}
			o["secondaryName"], o["vxcAutoApproval"], o["usageAlgorithm"] = object{}, nil, 3
		})},
		{"status-lower", "statuses of products in lower case", rows, eachObject(lower("provisioningStatus"))},
		{"aggregation-zero", "aggregationId and lagId are 0 where there is no LAG", rows, eachObject(func(o object) {
			for _, name := range []string{"aggregationId", "lagId"} {
				if o[name] == nil {
					o[name] = 0
				}
			}
		})},
		{"terminated-null", "terminated products have no speed, location, LAG, date and company", rows, eachObject(terminated)},
		{"half-emoji", "the emoji 😀 in a name is cut in half: a lone surrogate", rows, eachObject(func(o object) {
			if name, isText := o["productName"].(string); isText {
				o["productName"] = strings.ReplaceAll(name, "😀", halfEmoji)
			}
		})},
		{"row-without-type", "one more row in the listing, with a UID and a name only", listing, func(data any) any {
			list, _ := data.([]any)
			return append(list, object{"productUid": "z", "productName": "x"})
		}},
		{"empty-null", "an empty listing is null", listing, func(data any) any {
			if list, isList := data.([]any); isList && len(list) == 0 {
				return nullData()
			}
			return data
		}},
	}
}

// halfEmoji stands for half an emoji until the answer is written: JSON that is
// encoded properly cannot hold one.
const halfEmoji = "\ue0ff"

// cutEmojis puts lone surrogates where halfEmoji stands.
func cutEmojis(body []byte) []byte {
	return bytes.ReplaceAll(body, []byte(halfEmoji), []byte(`\ud83d`))
}

func locationOddities() []Oddity {
	routes := []string{classLocations}
	first := func(change func(object)) func(any) any {
		return func(data any) any {
			if list, isList := data.([]any); isList && len(list) > 0 {
				eachObject(change)(list[0])
			}
			return data
		}
	}
	return []Oddity{
		{"locations-status-lower", "statuses of locations in lower case", routes, eachObject(lower("status"))},
		{"locations-zones-null", "no location names diversity zones", routes, eachObject(setNull("diversityZones"))},
		{"locations-market-null", "no location names a market", routes, eachObject(setNull("market"))},
		{"locations-market-gb", "the market of the United Kingdom is GB", routes, eachObject(func(o object) {
			if o["market"] == "UK" {
				o["market"] = "GB"
			}
		})},
		{"locations-speed-gbps", "port speeds of locations in Gbps", routes, eachObject(within([]string{"diversityZones"}, speedsInGbps))},
		{"locations-one-odd", "the address of the first location is a text", routes, first(func(o object) { o["address"] = "1 Street" })},
	}
}

func speedsInGbps(zones object) {
	for _, z := range zones {
		zone, _ := z.(object)
		speeds, _ := zone["megaportSpeedMbps"].([]any)
		for i, speed := range speeds {
			if n, isNumber := speed.(float64); isNumber {
				speeds[i] = n / 1000
			}
		}
	}
}

func priceOddities() []Oddity {
	routes := []string{classValidate}
	price := func(name, doc string, change func(object)) Oddity {
		return Oddity{name, doc, routes, eachObject(within([]string{"price"}, change))}
	}
	return []Oddity{
		price("price-text", "the monthly rate is a text", func(o object) {
			asText("monthlyRate")(o)
		}),
		price("price-recurring-zero", "fixedRecurringCharge is 0 beside a monthly rate", func(o object) { o["fixedRecurringCharge"] = 0 }),
		price("price-no-currency", "the price names no currency", setNull("currency")),
		price("price-empty-true", "the price says that it is empty, and yet has a rate", func(o object) { o["empty"] = true }),
		price("price-mbps", "mbpsRate is a rate of its own", func(o object) { o["mbpsRate"] = 0.01 }),
		price("price-mbps-derived", "mbpsRate is the monthly rate by Mbps of a 10G port", func(o object) {
			if n, isNumber := o["monthlyRate"].(float64); isNumber {
				o["mbpsRate"] = n / 10000
			}
		}),
		price("price-setup", "each order costs a one-time 100 more, a LAG as much as a port", func(o object) { o["monthlySetup"] = 100 }),
		{"price-two-lines", "one more line with the same price, for a CROSS_CONNECT", routes, func(data any) any {
			list, _ := data.([]any)
			if len(list) == 0 {
				return data
			}
			second := object{}
			for k, v := range list[0].(object) {
				second[k] = v
			}
			second["productType"] = crossConnect
			return append(list, second)
		}},
		{"price-nested", "the lines stand in an object", routes, func(data any) any { return object{"orders": data} }},
	}
}

func approvalOddities() []Oddity {
	routes := []string{classApprovals}
	return []Oddity{
		{"approval-iso-dates", "dates of approvals as ISO text", routes, eachObject(asISO("createDate"))},
		{"approval-text-ids", "ids of approvals as text", routes, eachObject(asText("id", "serviceId", "approverCompanyId", "requesterCompanyId"))},
		{"approval-no-detail", "approvals say nothing of the order", routes, eachObject(setNull("detail"))},
		{"approval-text-detail", "the order in an approval is a text that holds JSON, escaped", routes, eachObject(func(o object) {
			if b, err := json.Marshal(o["detail"], jsontext.EscapeForHTML(true)); err == nil {
				o["detail"] = string(b)
			}
		})},
	}
}

// oddReply applies the oddities that the knob names to a right answer.
func oddReply(c *call, r reply) reply {
	if len(c.knobs.Odd) == 0 || r.status != 200 || r.data == nil || r.raw != nil {
		return r
	}
	var data any
	decoded := false
	for _, name := range c.knobs.Odd {
		o, known := oddity(name)
		if !known || !slices.Contains(o.Routes, c.route.Class) {
			continue
		}
		if !decoded {
			b, err := encode(r.data)
			if err != nil || decode(b, &data) != nil {
				return r
			}
			decoded = true
		}
		data = o.change(data)
	}
	if decoded {
		r.data = data
	}
	return r
}
