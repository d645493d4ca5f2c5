package plan

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// AddOns is what is ordered together with ports: the cross connect of each. Its value is
// the form in which that is sent, because which one the API takes is open (API facts
// §3.2): the object is tried first, the list at validation only. An order is sent in the
// form that was validated.
type AddOns string

// The forms of add-ons.
const (
	NoAddOns           AddOns = ""
	CrossConnectObject AddOns = "object"
	CrossConnectArray  AddOns = "array"
)

// CrossConnect says that each port of the order gets a cross connect, which Megaport
// orders from the data centre.
func (o Order) CrossConnect() bool { return o.AddOns != NoAddOns }

// withoutAddOns is the same order without its cross connects: what it costs less is
// their price.
func (o Order) withoutAddOns() Order {
	o.AddOns = NoAddOns
	return o
}

// addOn is an add-on in an order.
type addOn struct {
	Type      string `json:"addOnType"`
	Requested bool   `json:"crossConnectRequested"`
}

// crossConnect is the one add-on that ports have.
var crossConnect = addOn{"CROSS_CONNECT", true}

// MarshalJSONTo writes the add-ons as they are sent.
func (a AddOns) MarshalJSONTo(e *jsontext.Encoder) error {
	if a == CrossConnectArray {
		return json.MarshalEncode(e, []addOn{crossConnect})
	}
	return json.MarshalEncode(e, crossConnect)
}

// UnmarshalJSONFrom reads what MarshalJSONTo wrote, and refuses what it does not know:
// it was ordered, and costs money.
func (a *AddOns) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	form, list := CrossConnectObject, make([]addOn, 1)
	var err error
	if d.PeekKind() == '[' {
		form = CrossConnectArray
		err = json.UnmarshalDecode(d, &list)
	} else {
		err = json.UnmarshalDecode(d, &list[0])
	}
	if err == nil && (len(list) != 1 || list[0] != crossConnect) {
		err = fmt.Errorf("the order has add-ons that are not known: %v", list)
	}
	*a = form
	return err
}
