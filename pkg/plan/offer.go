package plan

import (
	"fmt"
	"maps"
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

// OfferPrices are the prices of one new port each, of those offers that have one.
func (p Plan) OfferPrices(offers []Offer) map[Offer]Price {
	named := make(map[string]Price, len(p.Actions))
	for i := range p.Actions {
		if a := &p.Actions[i]; a.Kind == Buy && a.Price != nil {
			named[a.Name] = *a.Price
		}
	}
	prices := map[Offer]Price{}
	for _, o := range offers {
		if price, priced := named[o.name()]; priced {
			prices[o] = price
		}
	}
	return prices
}
