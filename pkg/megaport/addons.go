package megaport

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// AddOns is what is ordered together with ports: for each of them the cross connect,
// which Megaport then orders from the data centre, at a monthly rate and one-time fees
// and only with a term of more than 1 month (API facts §0.8, confidence B). Its value is
// the form in which that is sent. Which one the API takes is open: the documentation has
// an object, the price book a list (API facts §3.2).
type AddOns string

// The forms of add-ons.
const (
	NoAddOns           AddOns = ""
	CrossConnectObject AddOns = "object"
	CrossConnectArray  AddOns = "array"
)

// wireAddOn is an add-on in an order (API facts §3.2, confidence B).
type wireAddOn struct {
	Type      string `json:"addOnType"`
	Requested bool   `json:"crossConnectRequested"`
}

// MarshalJSONTo writes the add-ons as they are sent.
func (a AddOns) MarshalJSONTo(e *jsontext.Encoder) error {
	cross := wireAddOn{Type: "CROSS_CONNECT", Requested: true}
	if a == CrossConnectArray {
		return json.MarshalEncode(e, []wireAddOn{cross})
	}
	return json.MarshalEncode(e, cross)
}
