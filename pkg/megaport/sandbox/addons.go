package sandbox

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// crossConnect is the type of the one add-on of ports (API facts §3.2, confidence B).
const crossConnect = "CROSS_CONNECT"

// addOn is an add-on as orders and the price book ask for it.
type addOn struct {
	Type      string `json:"addOnType"`
	Requested *bool  `json:"crossConnectRequested"`
}

// wantsCrossConnect reports whether the add-ons ask for a cross connect; false says
// that none is requested.
func wantsCrossConnect(list []addOn) bool {
	for _, a := range list {
		if a.Type == crossConnect && (a.Requested == nil || *a.Requested) {
			return true
		}
	}
	return false
}

// readAddOns reads addOns in either form; which one an order has is not settled
// (API facts §12.13, confidence D).
func readAddOns(raw jsontext.Value) (list []addOn, form string, err error) {
	switch raw.Kind() {
	case 0, 'n':
		return nil, "", nil
	case '{':
		var one addOn
		err = decode(raw, &one)
		return []addOn{one}, "object", err
	case '[':
		err = decode(raw, &list)
		return list, "array", err
	}
	return nil, "", fmt.Errorf("addOns is neither an object nor an array")
}

// checkAddOns holds the rules of cross connects: only where the location offers
// them, and only with a term (API facts §3.2, confidence B).
func (in *inspection) checkAddOns(o *order, place Location, add func(string, ...any)) {
	if want := in.knobs.AddOnsForm; want != "" && o.addOnsForm != "" && o.addOnsForm != want {
		add("addOns must be an %s", want)
		return
	}
	for _, a := range o.addOns {
		if a.Type != crossConnect {
			add("addOnType %q is not CROSS_CONNECT", a.Type)
		}
	}
	if !o.crossConnect() {
		return
	}
	if !place.CrossConnect {
		add("Location %s does not offer cross connects", place.Name)
	}
	if o.Term == 1 {
		add("a cross connect needs a term longer than 1 month")
	}
}

// AddOnPrice is what an add-on costs, per port of a LAG too.
type AddOnPrice struct {
	Monthly decimal.Decimal
	Once    decimal.Decimal // installation; the decommissioning fee is not simulated
}

// withCrossConnect adds the cross connects of count ports to the quote. They get no
// discount (confidence D).
func (q quote) withCrossConnect(p Prices, count, percent int) quote {
	scale := scaleOf(count, percent)
	q.addOnMonthly = p.CrossConnect.Monthly.Mul(scale).Round(2)
	q.addOnOnce = p.CrossConnect.Once.Mul(scale).Round(2)
	return q
}

// rates are the quote's prices with its add-ons.
func (q quote) rates() (monthly, once decimal.Decimal) {
	return q.monthly.Add(q.addOnMonthly), q.setup.Add(q.addOnOnce)
}
