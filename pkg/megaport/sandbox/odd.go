package sandbox

import (
	"bytes"
	"maps"
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

func oddity(name string) (Oddity, bool) {
	i := slices.IndexFunc(oddities, func(o Oddity) bool { return o.Name == name })
	if i < 0 {
		return Oddity{}, false
	}
	return oddities[i], true
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

// eachNumber writes numbers otherwise.
func eachNumber(as func(float64) any, names []string) func(object) {
	return func(o object) {
		for _, name := range names {
			if n, isNumber := o[name].(float64); isNumber {
				o[name] = as(n)
			}
		}
	}
}

// asText writes numbers as text.
func asText(names ...string) func(object) {
	return eachNumber(func(n float64) any { return strconv.FormatFloat(n, 'f', -1, 64) }, names)
}

// asISO writes times in epoch milliseconds as ISO 8601.
func asISO(names ...string) func(object) {
	return eachNumber(func(n float64) any { return time.UnixMilli(int64(n)).UTC().Format("2006-01-02T15:04:05.000-0700") }, names)
}

func setNull(names ...string) func(object) {
	return func(o object) {
		for _, name := range names {
			o[name] = nil
		}
	}
}

func set(name string, value any) func(object) { return func(o object) { o[name] = value } }

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

var (
	rowRoutes = []string{classProducts, classProduct}
	oddDates  = []string{"createDate", "liveDate", "terminateDate", "contractStartDate", "contractEndDate"}
)

// oddities is the table of oddities; docs/sandbox.md is made from it.
var oddities = []Oddity{
	{"iso-dates", "dates of products as ISO text", rowRoutes, eachObject(asISO(oddDates...))},
	{"text-numbers", "speed, location, term and LAG of products as text", rowRoutes, eachObject(asText("productId", "portSpeed", "locationId", "contractTermMonths", "aggregationId"))},
	{"up-bool", "resources.interface.up is true", rowRoutes, eachObject(within([]string{"resources", "interface"}, set("up", true)))},
	{"interface-list", "resources.interface is an array", rowRoutes, eachObject(within([]string{"resources"}, func(o object) { o["interface"] = []any{o["interface"]} }))},
	{"odd-cosmetics", "fields that decide nothing have other types", rowRoutes, eachObject(func(o object) {
		o["createdBy"], o["marketplaceVisibility"], o["locationDetail"], o["attributeTags"] = 17, "yes", "London", []any{}
		o["secondaryName"], o["vxcAutoApproval"], o["usageAlgorithm"] = object{}, nil, 3
	})},
	{"status-lower", "statuses of products in lower case", rowRoutes, eachObject(lower("provisioningStatus"))},
	{"aggregation-zero", "aggregationId and lagId are 0 where there is no LAG", rowRoutes, eachObject(func(o object) {
		for _, name := range []string{"aggregationId", "lagId"} {
			if o[name] == nil {
				o[name] = 0
			}
		}
	})},
	{"terminated-null", "terminated products have no speed, location, LAG, date and company", rowRoutes, eachObject(func(o object) {
		if o["provisioningStatus"] == statusDecommissioned {
			setNull("portSpeed", "locationId", "aggregationId", "createDate", "companyUid")(o)
		}
	})},
	{"half-emoji", "the emoji 😀 in a name is cut in half: a lone surrogate", rowRoutes, eachObject(func(o object) {
		if name, isText := o["productName"].(string); isText {
			o["productName"] = strings.ReplaceAll(name, "😀", halfEmoji)
		}
	})},
	{"row-without-type", "one more row in the listing, with a UID and a name only", listingOnly, func(data any) any {
		list, _ := data.([]any)
		return append(list, object{"productUid": "z", "productName": "x"})
	}},
	{"empty-null", "an empty listing is null", listingOnly, func(data any) any {
		if list, isList := data.([]any); isList && len(list) == 0 {
			return nullData
		}
		return data
	}},
	{"locations-status-lower", "statuses of locations in lower case", locationsOnly, eachObject(lower("status"))},
	{"locations-zones-null", "no location names diversity zones", locationsOnly, eachObject(setNull("diversityZones"))},
	{"locations-market-null", "no location names a market", locationsOnly, eachObject(setNull("market"))},
	{"locations-market-gb", "the market of the United Kingdom is GB", locationsOnly, eachObject(func(o object) {
		if o["market"] == "UK" {
			o["market"] = "GB"
		}
	})},
	{"locations-speed-gbps", "port speeds of locations in Gbps", locationsOnly, eachObject(within([]string{"diversityZones"}, speedsInGbps))},
	{"locations-one-odd", "the address of the first location is a text", locationsOnly, func(data any) any {
		if list, isList := data.([]any); isList && len(list) > 0 {
			eachObject(set("address", "1 Street"))(list[0])
		}
		return data
	}},
	{"price-text", "the monthly rate is a text", validateOnly, eachPrice(asText("monthlyRate"))},
	{"price-recurring-zero", "fixedRecurringCharge is 0 beside a monthly rate", validateOnly, eachPrice(set("fixedRecurringCharge", 0))},
	{"price-no-currency", "the price names no currency", validateOnly, eachPrice(setNull("currency"))},
	{"price-empty-true", "the price says that it is empty, and yet has a rate", validateOnly, eachPrice(set("empty", true))},
	{"price-mbps", "mbpsRate is a rate of its own", validateOnly, eachPrice(set("mbpsRate", 0.01))},
	{"price-mbps-derived", "mbpsRate is the monthly rate by Mbps of a 10G port", validateOnly, eachPrice(func(o object) {
		if n, isNumber := o["monthlyRate"].(float64); isNumber {
			o["mbpsRate"] = n / 10000
		}
	})},
	{"price-setup", "each order costs a one-time 100 more, a LAG as much as a port", validateOnly, eachPrice(set("monthlySetup", 100))},
	{"price-two-lines", "one more line with the same price, for a CROSS_CONNECT", validateOnly, func(data any) any {
		list, _ := data.([]any)
		if len(list) == 0 {
			return data
		}
		second := maps.Clone(list[0].(object))
		second["productType"] = crossConnect
		return append(list, second)
	}},
	{"price-nested", "the lines stand in an object", validateOnly, func(data any) any { return object{"orders": data} }},
	{"approval-iso-dates", "dates of approvals as ISO text", approvalsOnly, eachObject(asISO("createDate"))},
	{"approval-text-ids", "ids of approvals as text", approvalsOnly, eachObject(asText("id", "serviceId", "approverCompanyId", "requesterCompanyId"))},
	{"approval-no-detail", "approvals say nothing of the order", approvalsOnly, eachObject(setNull("detail"))},
	{"approval-text-detail", "the order in an approval is a text that holds JSON, escaped", approvalsOnly, eachObject(func(o object) {
		if b, err := json.Marshal(o["detail"], jsontext.EscapeForHTML(true)); err == nil {
			o["detail"] = string(b)
		}
	})},
}

// halfEmoji stands for half an emoji until the answer is written: JSON that is
// encoded properly cannot hold one.
const halfEmoji = "\ue0ff"

// cutEmojis puts lone surrogates where halfEmoji stands.
func cutEmojis(body []byte) []byte {
	return bytes.ReplaceAll(body, []byte(halfEmoji), []byte(`\ud83d`))
}

func eachPrice(change func(object)) func(any) any {
	return eachObject(within([]string{"price"}, change))
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

// oddReply applies the oddities that the knob names to a right answer.
func oddReply(c *call, r reply) reply {
	if len(c.knobs.Odd) == 0 || r.status != 200 || r.data == nil || r.raw != nil {
		return r
	}
	fits := slices.DeleteFunc(slices.Clone(c.knobs.Odd), func(name string) bool {
		o, _ := oddity(name)
		return !slices.Contains(o.Routes, c.route.Class)
	})
	var data any
	if b, err := encode(r.data); len(fits) == 0 || err != nil || decode(b, &data) != nil {
		return r
	}
	for _, name := range fits {
		o, _ := oddity(name)
		data = o.change(data)
	}
	r.data = data
	return r
}
