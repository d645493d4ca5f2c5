package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/plan"
)

// order is the client's form of a planned order. The claim goes along as a tag: the
// one handle by which an order can be found again (API facts §3.1). An order that is
// only to be validated has none.
func order(o plan.Order, claim string) megaport.Order {
	tags := make(megaport.Tags, len(o.Tags))
	for _, t := range o.Tags {
		tags[t.Key] = t.Value
	}
	if tags[plan.TagOrder] = claim; claim == "" {
		delete(tags, plan.TagOrder)
	}
	return megaport.Order{
		Name: o.Name, Term: o.Term, ProductType: o.ProductType, Speed: int(o.Speed), LocationID: int(o.Location),
		CreateDate: o.CreateDate, Virtual: o.Virtual, Market: o.Market, CostCentre: o.CostCentre, LAGPorts: o.LAGPorts,
		AggregationID: o.AggregationID, MarketplaceVisibility: o.MarketplaceVisibility,
		Config: megaport.OrderConfig{Zone: string(o.Config.Zone)}, PromoCode: o.PromoCode, AddOns: megaport.AddOns(o.AddOns), Tags: tags,
	}
}

func quote(q megaport.Quote) plan.Quote {
	return plan.Quote{
		Currency: q.Currency,
		Monthly:  plan.NewAmount(q.Monthly),
		OneTime:  plan.NewAmount(q.OneTime),
		Priced:   q.HasPrice,
		Unknown:  q.Unknown,
		Notes:    q.Notes,
	}
}

func location(l megaport.Location) plan.Location {
	out := plan.Location{
		ID: plan.LocationID(l.ID), Name: l.Name, Metro: l.Metro, Market: l.Market, Status: l.Status,
		Country: l.Country, Address: address(l.Address), Zones: map[plan.Zone][]plan.Speed{},
		CrossConnect: l.CrossConnect, Latitude: l.Latitude, Longitude: l.Longitude,
	}
	for name, zone := range l.Zones {
		for _, mbps := range zone.Speeds {
			out.Zones[plan.Zone(name)] = append(out.Zones[plan.Zone(name)], plan.Speed(mbps))
		}
	}
	for _, mbps := range l.Speeds {
		out.Speeds = append(out.Speeds, plan.Speed(mbps))
	}
	return out
}

func address(a megaport.Address) string {
	var parts []string
	for _, p := range []string{a.Street, a.Suburb, a.City, a.State, a.Postcode, a.Country} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

func (r *Reader) service(p megaport.Port) plan.Service {
	uid := r.spelt.fold(p.UID)
	return plan.Service{
		UID: uid, Name: name(p, uid), Status: plan.Status(p.Status),
		Location: plan.LocationID(p.LocationID), Speed: plan.Speed(p.Speed), Zone: plan.Zone(p.Zone),
		AggregationID: p.AggregationID, LAGPrimary: p.LAGPrimary, Term: p.ContractTerm,
		CostCentre: p.CostCentre, MarketplaceVisibility: p.MarketplaceVisibility,
		Locked: p.Locked, AdminLocked: p.AdminLocked,
		CreatedAt: p.CreateDate, LiveAt: p.LiveDate, ContractStart: p.ContractStart, ContractEnd: p.ContractEnd,
		Demarcation: p.Demarcation, VXCs: p.VXCs,
	}
}

// name is the product name. One that held what is no character is no longer the
// name that it was, so it must equal no entry's, nor another such one's: it gets
// the service's UID.
func name(p megaport.Port, uid plan.ServiceUID) string {
	if !p.NameDamaged {
		return p.Name
	}
	return fmt.Sprintf("%s (unreadable name of %s)", p.Name, uid)
}

// approval takes what can be told of an approval. Of the tags only the claim's id
// can stand for an order: the inventory's name is in every one of its orders.
func approval(a megaport.Approval) refresh.Approval {
	return refresh.Approval{
		UID: string(plan.FoldUID(a.UID)), Type: a.Type, Status: a.Status, CreatedAt: a.CreateDate,
		Texts:    slices.Concat(a.Order.Texts, a.Order.Tags[plan.TagOrder]),
		Location: plan.LocationID(a.Order.LocationID), Speed: plan.Speed(a.Order.Speed),
	}
}

func (r *Reader) uids(in []string) []plan.ServiceUID {
	out := make([]plan.ServiceUID, len(in))
	for i, u := range in {
		out[i] = r.spelt.fold(u)
	}
	return out
}
