package plan

import (
	"fmt"
	"maps"
	"strings"
)

// Offer is what the list price of a new port hangs on, the customer's own agreements
// apart.
type Offer struct {
	Location LocationID
	// Speed is in Mbps, Term in months.
	Speed Speed
	Zone  Zone
	Term  int
	// CrossConnect includes the cross connect.
	CrossConnect bool
}

// name tells an offer from others in a request; nobody sees it.
func (o Offer) name() string {
	return fmt.Sprintf("price of %s at %d %s for %d, cross connect %t", o.Speed, o.Location, o.Zone, o.Term, o.CrossConnect)
}

// Offers is a plan that would buy one port of each offer, to be priced and never carried
// out: an offer that a location does not sell is blocked in it, as an entry would be.
func Offers(catalog Catalog, offers []Offer) Plan {
	wanted := map[Offer]bool{}
	for _, o := range offers {
		wanted[o] = true
	}
	d := Desired{Inventory: "portctl-offers"}
	for o := range maps.Keys(wanted) {
		d.Ports = append(d.Ports, Port{
			Name: o.name(), Site: Site{ID: o.Location}, Speed: o.Speed, Zone: o.Zone, Term: o.Term, CrossConnect: o.CrossConnect, SameZone: true,
		})
	}
	return Build(d, Observed{}, catalog)
}

// OfferPrice is what one new port costs, or why that is not known.
type OfferPrice struct {
	Price *Price
	// Reason is why there is no price; empty when there is one.
	Reason string
}

// OfferPrices are the prices of one new port of each offer.
func (p Plan) OfferPrices(offers []Offer) map[Offer]OfferPrice {
	named := make(map[string]*Action, len(p.Actions))
	for i := range p.Actions {
		named[p.Actions[i].Name] = &p.Actions[i]
	}
	prices := map[Offer]OfferPrice{}
	for _, o := range offers {
		switch a := named[o.name()]; {
		case a == nil:
			prices[o] = OfferPrice{Reason: "it was not asked for"}
		case a.Kind == Buy && a.Price != nil:
			prices[o] = OfferPrice{Price: a.Price}
		default:
			prices[o] = OfferPrice{Reason: strings.Join(append([]string{a.Reason.Text}, a.Reason.Details...), ": ")}
		}
	}
	return prices
}
