package contract

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/portctl/portctl/pkg/megaport"
)

func asError(err error) (*megaport.Error, bool) {
	var e *megaport.Error
	return e, errors.As(err, &e)
}

func contains(list []string, text string) bool { return slices.Contains(list, text) }

// statuses are those that a port can have (API facts §4.3, confidence A).
func statuses() []string {
	return []string{
		"NEW", "DESIGN", "IN_PROGRESS", "ON_HOLD", "DEPLOYABLE", "CONFIGURED", "LIVE", "CANCELLED",
		"CANCELLED_PARENT", "SLEEP", "FAILED", "DECOMMISSIONING", "DECOMMISSIONED",
	}
}

// readBehaviours change nothing; validation is one of them (API facts §3.3).
func readBehaviours() []behaviour {
	return []behaviour{
		{name: "locations", check: checkLocations},
		{name: "locations need no key", check: checkPublicLocations},
		{name: "locations can be kept as received", check: checkReceivedLocations},
		{name: "a wrong key is refused", check: checkWrongKey},
		{name: "validation prices an order", check: checkQuote},
		{name: "validation prices a LAG in one line", check: checkLAGQuote},
		{name: "validation refuses with reasons", check: checkRefusals},
		{name: "validation refuses what is believed to be refused", assumed: true, check: checkBelievedRefusals},
		{name: "the listing is complete", check: checkListing},
		{name: "an unknown product is not found", check: checkNotFound},
		{name: "approvals can be listed", check: checkApprovals},
	}
}

// checkLocations holds API facts §2.1: ids are unique and the one stable key.
func checkLocations(a *api) {
	list, err := a.Locations.List(a.ctx)
	a.must(err)
	seen, orderable := map[int]bool{}, 0
	for _, l := range list {
		if seen[l.ID] {
			a.Errorf("location %d is listed twice", l.ID)
		}
		seen[l.ID] = true
		if l.Name == "" || l.Market == "" || l.Metro == "" || l.Status == "" {
			a.Errorf("location %d lacks a name, market, metro or status: %+v", l.ID, l)
		}
		if !l.Orderable() {
			continue
		}
		orderable++
		for zone := range l.Zones {
			if zone != "red" && zone != "blue" {
				a.Errorf("location %d has the zone %q", l.ID, zone)
			}
		}
	}
	if orderable == 0 {
		a.Errorf("none of %d locations can be ordered at", len(list))
	}
	i := slices.IndexFunc(list, func(l megaport.Location) bool { return l.ID == 89 })
	if i < 0 || list[i].Market != "UK" || list[i].Metro != "London" || list[i].Country != "United Kingdom" {
		a.Errorf("location 89 is not in London, UK (API facts §2.4)")
	}
}

// checkPublicLocations: API facts §2.1, confidence A.
func checkPublicLocations(a *api) {
	c := a.client(func(o *megaport.Options) { o.Credentials = megaport.Credentials{} })
	if list, err := c.Locations.List(a.ctx); err != nil || len(list) == 0 {
		a.Errorf("%d locations, %v", len(list), err)
	}
	if _, err := c.Products.List(a.ctx); !errors.Is(err, megaport.ErrNoCredentials) {
		a.Errorf("products without a key: %v", err)
	}
}

// checkReceivedLocations: the v3 listing is an envelope of message, terms and data,
// and the data is what List reads (API facts §1.6, §2.1, confidence A). An API that
// has the older listing only says so.
func checkReceivedLocations(a *api) {
	c := a.client(func(o *megaport.Options) { o.Credentials = megaport.Credentials{} })
	answer, err := c.Locations.Received(a.ctx)
	if e, ok := asError(err); ok && (e.Status == 404 || e.Status == 410) {
		return
	}
	a.must(err)
	var envelope struct {
		Message string           `json:"message"`
		Terms   string           `json:"terms"`
		Data    []jsontext.Value `json:"data"`
	}
	a.must(json.Unmarshal(answer, &envelope))
	list, err := c.Locations.List(a.ctx)
	a.must(err)
	if envelope.Message == "" || envelope.Terms == "" || len(envelope.Data) != len(list) {
		a.Errorf("message %q, terms %q, %d locations of %d", envelope.Message, envelope.Terms, len(envelope.Data), len(list))
	}
}

// checkWrongKey: API facts §1.2. An order that gets no token was never sent.
func checkWrongKey(a *api) {
	c := a.client(func(o *megaport.Options) {
		o.Credentials = megaport.Credentials{AccessKey: "portctl-contract-no-such-key", SecretKey: "portctl-contract-no-such-secret"}
	})
	var refused *megaport.AuthError
	if _, err := c.Products.List(a.ctx); !errors.As(err, &refused) || !refused.Refused {
		a.Errorf("listing: %v", err)
	}
	var order *megaport.OrderError
	if _, err := c.Orders.Buy(a.ctx, a.order("no-key")); !errors.As(err, &order) || order.Outcome != megaport.OrderNotSent {
		a.Errorf("order: %v", err)
	}
}

// checkQuote: API facts §3.3.
func checkQuote(a *api) {
	o := a.order("quote")
	l, _ := a.site()
	q, err := a.Orders.Validate(a.ctx, o)
	a.must(err)
	if !q.HasPrice || q.Unknown != "" || len(q.Currency) != 3 || q.Monthly.IsNegative() || q.OneTime.IsNegative() {
		a.Errorf("price %+v", q)
	}
	if q.Market != l.Market || q.Metro != l.Metro {
		a.Errorf("market %q, metro %q of location %+v", q.Market, q.Metro, l)
	}
	// The API derives an empty market from the location (§3.2, confidence A).
	o.Market = ""
	again, err := a.Orders.Validate(a.ctx, o)
	a.must(err)
	if !again.Monthly.Equal(q.Monthly) || again.Currency != q.Currency {
		a.Errorf("%s %s with a market, %s %s without", q.Monthly, q.Currency, again.Monthly, again.Currency)
	}
	if found := a.named(o.Name); len(found) != 0 {
		a.Errorf("validation bought %+v", found)
	}
}

// checkLAGQuote: one line for a LAG (API facts §3.3, confidence A), whose price is
// one member's or all members' (confidence D, but there is no third way).
func checkLAGQuote(a *api) {
	one, err := a.Orders.Validate(a.ctx, a.order("lag-quote"))
	a.must(err)
	o := a.order("lag-quote")
	o.LAGPorts = 3
	lag, err := a.Orders.Validate(a.ctx, o)
	a.must(err)
	all := one.Monthly.Add(one.Monthly).Add(one.Monthly)
	if !lag.HasPrice || !lag.Monthly.Equal(one.Monthly) && !lag.Monthly.Equal(all) {
		a.Errorf("3 members cost %s, one costs %s", lag.Monthly, one.Monthly)
	}
}

// checkRefusals: API facts §3.3, confidence A.
func checkRefusals(a *api) {
	a.refusals(map[string]func(*megaport.Order){
		"an unknown location": func(o *megaport.Order) { o.LocationID, o.Market, o.Config.Zone = 99_999_999, "", "" },
		"an odd speed":        func(o *megaport.Order) { o.Speed = 1234 },
	})
}

// checkBelievedRefusals: API facts §3.3, confidence B and D.
func checkBelievedRefusals(a *api) {
	l, zone := a.site()
	missing := slices.IndexFunc([]int{400_000, 100_000, 1_000}, func(speed int) bool { return !l.Offers(speed, zone) })
	a.refusals(map[string]func(*megaport.Order){
		"an odd term":               func(o *megaport.Order) { o.Term = 13 },
		"an unknown zone":           func(o *megaport.Order) { o.Config.Zone = "green" },
		"a speed the zone lacks":    func(o *megaport.Order) { o.Speed = []int{400_000, 100_000, 1_000}[max(missing, 0)] },
		"a long name":               func(o *megaport.Order) { o.Name = strings.Repeat("n", 300) },
		"a long cost centre":        func(o *megaport.Order) { o.CostCentre = strings.Repeat("c", 256) },
		"nine members":              func(o *megaport.Order) { o.LAGPorts = 9 },
		"a LAG of 1G":               func(o *megaport.Order) { o.LAGPorts, o.Speed = 2, 1000 },
		"a LAG that is not there":   func(o *megaport.Order) { o.LAGPorts, o.AggregationID = 1, 99_999_999 },
		"another location's market": func(o *megaport.Order) { o.Market = "XX" },
	})
}

func (a *api) refusals(cases map[string]func(*megaport.Order)) {
	a.Helper()
	for what, change := range cases {
		o := a.order("refused")
		change(&o)
		_, err := a.Orders.Validate(a.ctx, o)
		if e := a.refused(err, what); e.Status != 400 || len(e.Reasons) == 0 || megaport.IsNotFound(err) {
			a.Errorf("%s: %v", what, err)
		}
	}
}

// checkListing: API facts §4.1, §4.2. The listing and the read by UID agree.
func checkListing(a *api) {
	info, err := a.Products.ListInfo(a.ctx)
	a.must(err)
	seen := map[string]bool{}
	for i, p := range info.Ports {
		if seen[strings.ToLower(p.UID)] {
			a.Errorf("%s is listed twice", p.UID)
		}
		seen[strings.ToLower(p.UID)] = true
		if _, err := uuid.Parse(p.UID); err != nil || !contains(statuses(), p.Status) || p.Speed <= 0 || p.LocationID <= 0 {
			a.Errorf("port %+v", p)
		}
		if i < 3 {
			if one := a.get(p.UID); one.Name != p.Name || one.Speed != p.Speed || one.LocationID != p.LocationID || one.AggregationID != p.AggregationID {
				a.Errorf("listed as %+v, read as %+v", p, one)
			}
		}
	}
}

// checkNotFound: API facts §1.7, confidence A.
func checkNotFound(a *api) {
	uid := uuid.NewString()
	_, get := a.Products.Get(a.ctx, uid)
	_, tags := a.Products.Tags(a.ctx, uid)
	_, loa := a.Products.LOA(a.ctx, uid)
	_, charges := a.Products.CancellationCharges(a.ctx, uid)
	for what, err := range map[string]error{"product": get, "tags": tags, "LOA": loa, "charges": charges} {
		if a.refused(err, what); !megaport.IsNotFound(err) {
			a.Errorf("%s: %v is not recognised as not found", what, err)
		}
	}
}

// checkApprovals: API facts §3.5. An account without that feature may refuse.
func checkApprovals(a *api) {
	list, err := a.Approvals.List(a.ctx)
	if err != nil {
		if e := a.refused(err, "approvals"); e.Status != 403 && e.Status != 404 {
			a.Errorf("approvals: %v", err)
		}
		return
	}
	known := []string{
		megaport.ApprovalPending, megaport.ApprovalApproved, megaport.ApprovalRejected,
		megaport.ApprovalFailed, megaport.ApprovalWithdrawn, megaport.ApprovalExpired,
	}
	for _, approval := range list {
		if !contains(known, approval.Status) {
			a.Errorf("approval %+v", approval)
		}
	}
}
