package contract

import (
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/portctl/portctl/pkg/megaport"
)

func orderBehaviours() []behaviour {
	return []behaviour{
		{name: "an order in the documented form", buys: true, check: func(a *api) { checkPort(a, megaport.BuyV3) }},
		{name: "an order in the official clients' form", buys: true, check: func(a *api) { checkPort(a, megaport.BuyV4) }},
		{name: "the same order twice buys twice", buys: true, check: checkTwice},
		{name: "a refused order buys nothing", buys: true, check: checkRefusedOrder},
		{name: "a LAG is ordered and grows", buys: true, check: checkLAG},
		{name: "a LAG of one is a LAG", buys: true, check: checkLAGOfOne},
		{name: "a port becomes ready and has an LOA", buys: true, check: checkReady},
		{name: "there is no LOA before CONFIGURED", buys: true, assumed: true, check: checkEarlyLOA},
	}
}

// checkPort: what was ordered is what is there (API facts §3.2, §3.4, §4.2).
func checkPort(a *api, form megaport.BuyForm) {
	o := a.order("port")
	o.PromoCode = "portctl-no-such-code" // taken without a word (§3.2, confidence B)
	before := time.Now()
	uid := a.buy(a.client(func(to *megaport.Options) { to.BuyForm = form }), o)[0]
	if id, err := uuid.Parse(uid); err != nil || id.Version() != 4 || id.Variant() != uuid.RFC4122 {
		a.Errorf("the UID %q is not an RFC 4122 UUID (§13, confidence A)", uid)
	}
	p := a.get(uid)
	a.sameAsOrdered(p, o)
	if p.AggregationID != 0 || p.LAGPrimary {
		a.Errorf("a single port is in a LAG: %+v", p)
	}
	if p.CreateDate.Before(before.Add(-24*time.Hour)) || p.VXCs != 0 || p.Locked || p.CompanyUID == "" {
		a.Errorf("a new port reads %+v", p)
	}
	a.until("the new port is listed", func() bool { return len(a.named(o.Name)) > 0 })
	if listed := a.named(o.Name); len(listed) != 1 || listed[0].UID != uid {
		a.Errorf("listed as %+v", listed)
	}
	tags, err := a.Products.Tags(a.ctx, uid)
	a.must(err)
	a.hasTags(tags, o.Tags)
}

// sameAsOrdered compares a read with its order. The zone may read empty for a
// while (API facts §4.5), and the market of the USA is spelt in two ways (§3.4).
func (a *api) sameAsOrdered(p megaport.Port, o megaport.Order) {
	a.Helper()
	if p.Name != o.Name || p.Speed != o.Speed || p.LocationID != o.LocationID || p.ContractTerm != o.Term ||
		p.CostCentre != o.CostCentre || p.MarketplaceVisibility != o.MarketplaceVisibility ||
		p.Zone != "" && p.Zone != o.Config.Zone || p.Market != o.Market && p.Market != "USA" ||
		!strings.EqualFold(p.ProductType, "MEGAPORT") || p.Virtual {
		a.Errorf("ordered %+v, got %+v", o, p)
	}
}

// hasTags tolerates tags that the API adds (API facts §5.2, confidence A).
func (a *api) hasTags(got, want map[string]string) {
	a.Helper()
	for key, value := range want {
		if got[key] != value {
			a.Errorf("tags %v, want at least %v", got, want)
			return
		}
	}
}

// checkTwice: there is no idempotency key (API facts §3.1, confidence A). This is
// why portctl never sends an order again.
func checkTwice(a *api) {
	o := a.order("twice")
	first, second := a.buy(a.Client, o)[0], a.buy(a.Client, o)[0]
	if first == second {
		a.Errorf("both orders are %s", first)
	}
	a.until("both are listed", func() bool { return len(a.named(o.Name)) == 2 })
}

func checkRefusedOrder(a *api) {
	o := a.order("refused")
	o.Speed = 1234
	_, err := a.send(a.Client, o)
	a.refused(err, "an odd speed")
	if order, ok := asOrderError(err); !ok || order.Outcome != megaport.OrderRefused || len(order.UIDs) != 0 {
		a.Errorf("got %v", err)
	}
	if found := a.named(o.Name); len(found) != 0 {
		a.Errorf("a refused order bought %+v", found)
	}
}

// checkLAG: API facts §3.2, §3.4, §4.4.
func checkLAG(a *api) {
	o := a.order("lag")
	o.LAGPorts = 2
	uids := a.buy(a.Client, o)
	primary := a.get(uids[0])
	lag := primary.AggregationID
	if lag == 0 {
		a.Fatalf("a LAG member without an aggregation id: %+v", primary)
	}
	grown := o
	grown.AggregationID, grown.LAGPorts = lag, 1
	uids = append(uids, a.buy(a.Client, grown)...)
	primaries := 0
	for _, uid := range uids {
		p := a.get(uid)
		a.sameAsOrdered(p, o)
		if p.AggregationID != lag {
			a.Errorf("%s is in LAG %d, not %d", uid, p.AggregationID, lag)
		}
		if p.LAGPrimary {
			primaries++
		}
	}
	if len(uids) != 3 || primaries != 1 {
		a.Errorf("%d members, %d primaries", len(uids), primaries)
	}
	a.until("all members are listed", func() bool { return len(a.named(o.Name)) == 3 })
}

// checkLAGOfOne: a count of one is a LAG, not a plain port (API facts §3.2,
// confidence B).
func checkLAGOfOne(a *api) {
	o := a.order("lag-of-one")
	o.LAGPorts = 1
	if p := a.get(a.buy(a.Client, o)[0]); p.AggregationID == 0 || !p.LAGPrimary {
		a.Errorf("got %+v", p)
	}
}

// checkReady: API facts §4.3, §6. Dates are there once a port is LIVE.
func checkReady(a *api) {
	uid := a.buy(a.Client, a.order("ready"))[0]
	a.untilStatus(uid, "CONFIGURED", "LIVE")
	for range 2 { // it can be had again, with other bytes (§6, confidence B)
		a.loa(uid)
	}
	a.untilStatus(uid, "LIVE")
	p := a.get(uid)
	if p.LiveDate.IsZero() || p.ContractStart.IsZero() || !p.ContractEnd.After(p.ContractStart) {
		a.Errorf("a LIVE port reads %+v", p)
	}
	a.loa(uid)
}

func (a *api) loa(uid string) {
	a.Helper()
	var document []byte
	a.until("there is an LOA", func() bool {
		var err error
		if document, err = a.Products.LOA(a.ctx, uid); err != nil {
			a.refused(err, "an LOA that is not there yet")
		}
		return err == nil
	})
	if !strings.HasPrefix(string(document), "%PDF-") {
		a.Errorf("the LOA begins with %.20q", document)
	}
}

// checkEarlyLOA: API facts §6, confidence D.
func checkEarlyLOA(a *api) {
	uid := a.buy(a.Client, a.order("early"))[0]
	document, err := a.Products.LOA(a.ctx, uid)
	if status := a.get(uid).Status; err == nil {
		a.Errorf("an LOA of %d bytes, status %s", len(document), status)
		return
	}
	if a.refused(err, "an early LOA"); megaport.IsNotFound(err) {
		a.Errorf("an early LOA reads as a product that is not there: %v", err)
	}
}

func asOrderError(err error) (*megaport.OrderError, bool) {
	e, ok := err.(*megaport.OrderError)
	return e, ok
}

// with is a copy of tags with one more.
func with(tags map[string]string, key, value string) map[string]string {
	out := maps.Clone(tags)
	out[key] = value
	return out
}
