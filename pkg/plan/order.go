package plan

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// The tags that every order carries, so that a service can be told from others
// without a state file.
const (
	TagInventory = "portctl-inventory"
	// TagOrder names the claim, which only the purchase knows: in a plan it is
	// ClaimPlaceholder.
	TagOrder     = "portctl-order"
	TagManagedBy = "managed-by"
	// ManagedBy is the value of TagManagedBy.
	ManagedBy = "portctl"
	// ClaimPlaceholder stands for the id of a claim that is not made yet.
	ClaimPlaceholder = "<claim>"
)

// ProductType is the product type of a Port in orders (API facts §3.2).
const ProductType = "MEGAPORT"

// Order is one order. Its JSON is the body that is sent, byte for byte but for the
// value of TagOrder; pkg/megaport has the same, and a test holds the two together.
type Order struct {
	Name        string     `json:"productName"`
	Term        int        `json:"term"`
	ProductType string     `json:"productType"`
	Speed       Speed      `json:"portSpeed"`
	Location    LocationID `json:"locationId"`
	// CreateDate and Virtual are sent as 0 and false, as the official clients do.
	CreateDate int64  `json:"createDate"`
	Virtual    bool   `json:"virtual"`
	Market     string `json:"market"`
	CostCentre string `json:"costCentre,omitzero"`
	// LAGPorts is the number of ports to buy for a LAG; 0 buys a single port.
	LAGPorts int `json:"lagPortCount,omitzero"`
	// AggregationID is the existing LAG that the ports join; 0 for a new one.
	AggregationID int `json:"aggregationId,omitzero"`
	// MarketplaceVisibility is always sent: what the API does without it has
	// changed over time (API facts §3.2).
	MarketplaceVisibility bool        `json:"marketplaceVisibility"`
	Config                OrderConfig `json:"config"`
	PromoCode             string      `json:"promoCode,omitzero"`
	// AddOns are the cross connects that are ordered with the ports.
	AddOns AddOns `json:"addOns,omitzero"`
	Tags   []Tag  `json:"resourceTags"`
}

// OrderConfig is the part of an order that says how it is placed.
type OrderConfig struct {
	Zone Zone `json:"diversityZone,omitzero"`
}

// Tag is one resource tag.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Members is how many ports, and so how many UIDs, the order asks for.
func (o Order) Members() int { return max(1, o.LAGPorts) }

// Key identifies the order: two orders with one key are the same, byte for byte.
func (o Order) Key() string { return canonical(o) }

// Configuration identifies what an order's price can depend on: everything but
// the name, the cost centre and the tags.
func (o Order) Configuration() string {
	o.Name, o.CostCentre, o.Tags = "", "", nil
	return canonical(o)
}

// subject is what is ordered: two orders of a name with one subject ask for the
// same.
func (o Order) subject() subject {
	return subject{spot{o.Location, o.Speed}, o.Config.Zone, o.LAGPorts, o.Term, o.CrossConnect()}
}

type subject struct {
	spot
	zone      Zone
	lag, term int
	cross     bool
}

// oneMember is the order for one single port of the same kind, whose price is
// the unit price of a LAG.
func (o Order) oneMember() Order {
	o.LAGPorts, o.AggregationID = 0, 0
	return o
}

// newOrder is the order that buys what an entry asks for.
func newOrder(inventory string, p Port, at Location) Order {
	o := Order{ProductType: ProductType, Location: at.ID, Market: at.Market, Tags: []Tag{{TagInventory, inventory}, {TagManagedBy, ManagedBy}, {TagOrder, ClaimPlaceholder}}}
	for _, a := range attributes {
		if a.order != nil {
			a.order(p, &o)
		}
	}
	slices.SortFunc(o.Tags, func(a, b Tag) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value)) })
	return o
}

// canonical is the deterministic JSON of a value of this package. Such values
// hold nothing that can fail to encode.
func canonical(v any) string {
	var b strings.Builder
	writeCanonical(&b, v)
	return b.String()
}

func writeCanonical(w io.Writer, v any) {
	if err := json.MarshalWrite(w, v, json.Deterministic(true)); err != nil {
		panic("plan: value without a JSON form: " + err.Error())
	}
}

// Hash is "sha256:" and the hash of Key.
func (o Order) Hash() string { return digest(o) }
