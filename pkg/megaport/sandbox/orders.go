package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// order is a MEGAPORT order as clients send it (API facts §3.2, confidence A).
// Fields that the API reads but that change nothing here are left out, and
// unknown ones ignored.
type order struct {
	ProductType    string         `json:"productType"`
	ProductName    string         `json:"productName"`
	Term           int            `json:"term"`
	PortSpeed      int            `json:"portSpeed"`
	LocationID     int            `json:"locationId"`
	Market         string         `json:"market"`
	Virtual        bool           `json:"virtual"`
	Visibility     *bool          `json:"marketplaceVisibility"`
	CostCentre     string         `json:"costCentre"`
	LAGPorts       *int           `json:"lagPortCount"`
	AggregationRef *int           `json:"aggregationId"`
	RawAddOns      jsontext.Value `json:"addOns"`
	Tags           []tag          `json:"resourceTags"`
	VXCs           []struct{}     `json:"associatedVxcs"`
	IXs            []struct{}     `json:"associatedIxs"`
	Config         struct {
		DiversityZone string `json:"diversityZone"`
	} `json:"config"`
	raw jsontext.Value // as it came, for the approval queue

	// Aggregation is AggregationRef, 0 when it is absent.
	Aggregation int `json:"-"`
	addOns      []addOn
	addOnsForm  string
	split       bool // a fault gives the members two aggregation ids
	// The managed company that the order is for, empty for the account's own.
	company, companyName string
}

// members is the number of services the order asks for.
func (o *order) members() int {
	if o.LAGPorts == nil {
		return 1
	}
	return *o.LAGPorts
}

// isLAG reports whether the order makes a LAG or makes one grow. A count of 1 is
// a LAG of one member, not a plain port (API facts §3.2, confidence B).
func (o *order) isLAG() bool { return o.LAGPorts != nil || o.Aggregation != 0 }

// crossConnect reports whether Megaport is to order the cross connects.
func (o *order) crossConnect() bool { return wantsCrossConnect(o.addOns) }

// visible is the marketplace visibility. The published order that leaves it out
// came back visible (API facts §3.2, confidence B).
func (o *order) visible() bool { return o.Visibility == nil || *o.Visibility }

// readOrders reads the body of validate or buy: a bare array, or the envelope of
// the v4 buy.
func readOrders(body []byte) ([]*order, error) {
	var envelope struct {
		Orders []jsontext.Value `json:"networkDesign"`
	}
	var into any = &envelope.Orders
	if isEnvelope(body) {
		into = &envelope
	}
	if err := decode(body, into); err != nil {
		return nil, err
	}
	if len(envelope.Orders) == 0 {
		return nil, errors.New("no orders")
	}
	var orders []*order
	for _, raw := range envelope.Orders {
		o, err := readOrder(raw)
		if err != nil {
			return nil, err
		}
		orders = append(orders, o)
	}
	return orders, nil
}

// readOrder reads one order.
func readOrder(raw jsontext.Value) (*order, error) {
	o := &order{raw: raw}
	if raw.Kind() != '{' {
		return nil, errors.New("an order must be an object")
	}
	if err := decode(raw, o); err != nil {
		return nil, err
	}
	if o.AggregationRef != nil {
		o.Aggregation = *o.AggregationRef
	}
	var err error
	o.addOns, o.addOnsForm, err = readAddOns(o.RawAddOns)
	return o, err
}

// isEnvelope reports whether a body is an object and no array.
func isEnvelope(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))
}

func badBody(err error) reply {
	return fail(http.StatusBadRequest, "Could not read the request body: %s", oneLine(err))
}

// oneLine keeps a decoding error on one line and to a length.
func oneLine(err error) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(err.Error(), "?")), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "..."
	}
	return text
}

// What can be ordered: terms in months and speeds in Mbps (API facts §3.2, confidence A).
var (
	allowedTerms  = []int{1, 12, 24, 36, 48, 60}
	allowedSpeeds = []int{1000, 10000, 100000, 400000}
)

const (
	maxCostCentre = 255 // characters (API facts §3.2, confidence B)
	maxLAG        = 8   // members (API facts §3.3, confidence B)
	minLAGSpeed   = 10000
)

// inspection checks orders against the account, the catalog and the knobs.
type inspection struct {
	st     *state
	knobs  *Knobs
	places places
	buying bool

	growing map[int]int // members ordered so far, by aggregation id
}

// all checks every order; problems of several orders say which one they are of.
func (in *inspection) all(orders []*order) problems {
	var out problems
	for i, o := range orders {
		for _, p := range in.one(o) {
			if len(orders) > 1 {
				p.Text = fmt.Sprintf("order %d (%s): %s", i+1, o.ProductName, p.Text)
			}
			out = append(out, p)
		}
	}
	return out
}

func (in *inspection) one(o *order) (out problems) {
	if o.ProductType != "MEGAPORT" {
		out.add("productType %q is not MEGAPORT, the only product type this sandbox sells", o.ProductType)
		return out
	}
	in.checkForm(o, out.add)
	if in.knobs.MissingTechnicalContact {
		out.add("Missing Technical Support Contact Details.")
	}
	place, known := in.places[o.LocationID]
	if !known {
		out.add("Location %d does not exist", o.LocationID)
		return out
	}
	if slices.Contains(in.knobs.MissingMarkets, place.Market) {
		out = append(out, missingMarket(place))
	}
	in.checkPlace(o, place, out.add)
	return out
}

// missingMarket words the refusal as reported (API facts §1.7, confidence C).
func missingMarket(l Location) problem {
	country := l.Address.Country
	return problem{
		Text:    "Missing markets: " + country,
		Markets: []string{"MEGAPORT_" + strings.ToUpper(strings.ReplaceAll(country, " ", "_"))},
	}
}

// checkForm checks what needs no location.
func (in *inspection) checkForm(o *order, add func(string, ...any)) {
	checkName(in.knobs, o.ProductName, add)
	checkCostCentre(o.CostCentre, add)
	if !slices.Contains(allowedTerms, o.Term) {
		add("term %d is none of 1, 12, 24, 36, 48, 60 months", o.Term)
	}
	if !slices.Contains(allowedSpeeds, o.PortSpeed) {
		add("portSpeed %d is none of 1000, 10000, 100000, 400000 Mbps", o.PortSpeed)
	}
	if o.Virtual {
		add("virtual ports cannot be ordered")
	}
	if len(o.VXCs)+len(o.IXs) > 0 {
		add("associatedVxcs and associatedIxs cannot be ordered in this sandbox")
	}
	checkTags(o.Tags, add)
	for _, t := range o.Tags {
		if slices.Contains(in.knobs.RefusedTags, t.Key) {
			add("resource tag %q is not allowed", t.Key)
		}
	}
	checkGrowthForm(o, add)
	if !o.isLAG() {
		return
	}
	if n := o.members(); n < 1 || n > maxLAG {
		add("lagPortCount %d is not between 1 and %d", n, maxLAG)
	}
	if o.PortSpeed < minLAGSpeed {
		add("a LAG needs ports of at least %d Mbps", minLAGSpeed)
	}
}

// checkGrowthForm holds what an order that makes a LAG grow must have: the LAG, and
// how many ports more (API facts §3.2, confidence A).
func checkGrowthForm(o *order, add func(string, ...any)) {
	switch {
	case o.AggregationRef == nil:
	case o.Aggregation == 0:
		add("There is no LAG with aggregationId 0")
	case o.LAGPorts == nil:
		add("lagPortCount is missing: it says by how many ports the LAG %d grows", o.Aggregation)
	}
}

func checkName(k *Knobs, name string, add func(string, ...any)) {
	if strings.TrimSpace(name) == "" {
		add("productName is missing")
	}
	if limit := k.nameLimit(); limit > 0 && utf8.RuneCountInString(name) > limit {
		add("productName is longer than %d characters", limit)
	}
}

func checkCostCentre(s string, add func(string, ...any)) {
	if utf8.RuneCountInString(s) > maxCostCentre {
		add("costCentre is longer than %d characters", maxCostCentre)
	}
}

// checkTags refuses what cannot be kept: an empty key or a key given twice.
// Limits of the real API are not public (API facts §12.11, confidence D).
func checkTags(tags []tag, add func(string, ...any)) {
	seen := make(map[string]bool)
	for _, t := range tags {
		if t.Key == "" {
			add("a resource tag has an empty key")
		} else if seen[t.Key] {
			add("resource tag %q is given twice", t.Key)
		}
		seen[t.Key] = true
	}
}

// checkPlace checks the order against its location.
func (in *inspection) checkPlace(o *order, place Location, add func(string, ...any)) {
	in.checkAddOns(o, place, add)
	if place.Status != statusActive {
		add("Location %s is %s and cannot be ordered at", place.Name, place.Status)
	}
	if !in.marketFits(o.Market, place.Market) {
		add("market %q is not the market of %s, %q", o.Market, place.Name, place.Market)
	}
	zone := o.Config.DiversityZone
	speeds := place.speeds()
	if zone != "" {
		var has bool
		if speeds, has = place.PortSpeeds[zone]; !has || len(speeds) == 0 {
			add("Location %s has no diversity zone %q", place.Name, zone)
			return
		}
	}
	if slices.Contains(allowedSpeeds, o.PortSpeed) && !slices.Contains(speeds, o.PortSpeed) {
		in := ""
		if zone != "" {
			in = " in zone " + zone
		}
		add("Location %s does not offer %d Mbps%s", place.Name, o.PortSpeed, in)
		return
	}
	if in.full(o, place) {
		add("There is no capacity for %d Mbps at %s", o.PortSpeed, place.Name)
	}
	if o.Aggregation != 0 {
		in.checkGrowth(o, add)
	}
}

func (in *inspection) marketFits(ordered, market string) bool {
	switch {
	case ordered == "" || in.knobs.WrongMarket == "ignore":
		return true
	case in.knobs.WrongMarket == "any":
		return false
	}
	return ordered == market || ordered == "USA" && market == "US"
}

// full reports whether the zones the order could stand in have no capacity left.
func (in *inspection) full(o *order, place Location) bool {
	zones := zonesFor(o, place)
	return len(zones) > 0 && !slices.ContainsFunc(zones, func(zone string) bool { return !in.zoneFull(o, zone) })
}

func (in *inspection) zoneFull(o *order, zone string) bool {
	return slices.ContainsFunc(in.knobs.NoCapacity, func(c Capacity) bool {
		return (c.LocationID == 0 || c.LocationID == o.LocationID) &&
			(c.Zone == "" || c.Zone == zone) &&
			(c.SpeedMbps == 0 || c.SpeedMbps == o.PortSpeed) &&
			(in.buying || !c.BuyOnly)
	})
}

// zonesFor gives the zones an order could stand in, the preferred one first.
func zonesFor(o *order, place Location) []string {
	var out []string
	for _, zone := range []string{"red", "blue"} {
		wanted := o.Config.DiversityZone == "" || o.Config.DiversityZone == zone
		if wanted && slices.Contains(place.PortSpeeds[zone], o.PortSpeed) {
			out = append(out, zone)
		}
	}
	return out
}

// zone chooses the diversity zone of an order that passed inspection.
func (in *inspection) zone(o *order) string {
	zones := zonesFor(o, in.places[o.LocationID])
	for _, zone := range zones {
		if !in.zoneFull(o, zone) {
			return zone
		}
	}
	return o.Config.DiversityZone
}

// checkGrowth checks an order that makes a LAG grow: same location, same speed,
// same zone, not more than eight members (API facts §3.3, confidence B; the zone
// D).
func (in *inspection) checkGrowth(o *order, add func(string, ...any)) {
	members := in.st.activeMembers(o.Aggregation)
	if len(members) == 0 {
		add("There is no LAG with aggregationId %d", o.Aggregation)
		return
	}
	first := members[0]
	if first.LocationID != o.LocationID {
		add("LAG %d is at location %d, not %d", o.Aggregation, first.LocationID, o.LocationID)
	}
	if first.SpeedMbps != o.PortSpeed {
		add("LAG %d has ports of %d Mbps, not %d", o.Aggregation, first.SpeedMbps, o.PortSpeed)
	}
	if zone := o.Config.DiversityZone; zone != "" && first.Zone != "" && zone != first.Zone {
		add("LAG %d is in diversity zone %s, not %s", o.Aggregation, first.Zone, zone)
	}
	if in.growing == nil {
		in.growing = make(map[int]int)
	}
	in.growing[o.Aggregation] += o.members()
	if total := len(members) + in.growing[o.Aggregation]; total > maxLAG {
		add("LAG %d would have %d members; %d is the most", o.Aggregation, total, maxLAG)
	}
}
