package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

func (s *Server) buyV3(c *call) reply { return s.buy(c, false) }

func (s *Server) buyV4(c *call) reply { return s.buy(c, true) }

// buy commits orders: all of an array or none. There is no idempotency key (API
// facts §3.1): the same body twice buys twice.
func (s *Server) buy(c *call, envelope bool) reply {
	orders, err := readOrders(c.body)
	switch {
	case err != nil:
		return badBody(err)
	case envelope && !isEnvelope(c.body):
		return badBody(errors.New("it must be an object with networkDesign"))
	case !envelope && isEnvelope(c.body):
		return badBody(errNoArray)
	}
	return s.update(func(t *tx) reply {
		p := &purchase{s: s, c: c, orders: orders}
		p.run(t)
		return p.reply
	})
}

// purchase is one buy call while it holds the store.
type purchase struct {
	s      *Server
	c      *call
	orders []*order
	reply  reply
}

// run inspects and commits the orders, and records them with the answer that the
// client will be given.
func (p *purchase) run(t *tx) {
	in := &inspection{st: t.state, knobs: p.c.knobs, places: p.s.places(p.c.knobs), buying: true}
	records := p.s.newRecords(t, p.c, p.orders)
	if problems := in.all(p.orders); len(problems) > 0 {
		p.reply = refusal(p.c.knobs, problems)
		for _, r := range records {
			r.Reason = problems.String()
		}
	} else if p.c.knobs.Approvals {
		p.queue(t, records)
	} else {
		p.commit(t, in, records)
	}
	status := p.s.spoil(p.c, p.reply).recordedStatus()
	for _, r := range records {
		r.Status = status
		t.saveOrder(r)
	}
}

func (p *purchase) commit(t *tx, in *inspection, records []*OrderRecord) {
	data, uids := []object{}, []string{}
	view := p.s.viewAt(p.c, t.now, in.places)
	for i, o := range p.orders {
		made := p.altered(o)
		for _, v := range p.s.createServices(t, p.c.knobs, made, in.zone(made)) {
			records[i].UIDs = append(records[i].UIDs, v.UID)
			data = append(data, view.service(v))
		}
		records[i].Committed = true
		uids = append(uids, records[i].UIDs...)
	}
	if p.c.fault != nil { // which may lie about the UIDs
		p.c.others = latestOthers(t.state, uids)
	}
	// The space at the end is published (API facts §1.6, confidence B): nobody shall
	// grow fond of parsing this.
	p.reply = ok(fmt.Sprintf("MEGAPORT [%s] created. ", strings.Join(uids, ", ")), data)
}

// altered gives the order as it is carried out: for the company that the call acts
// for, and with what knobs and faults make of it.
func (p *purchase) altered(o *order) *order {
	c := o.altered(p.c.knobs, p.c.company())
	if p.c.kind.order != nil {
		p.c.kind.order(p.s, p.c, c)
	}
	return c
}

// altered gives the order for a managed company, empty for the account's own, and
// with what the knobs make of it.
func (o *order) altered(k *Knobs, company string) *order {
	c := *o
	c.company = company
	c.companyName, _ = k.managed(company)
	c.ProductName = k.rewriteName(c.ProductName)
	if k.DropTags {
		c.Tags = nil
	}
	return &c
}

// rewriteName gives the name that a service gets.
func (k *Knobs) rewriteName(name string) string {
	switch k.RewriteNames {
	case "upper":
		return strings.ToUpper(name)
	case "trim":
		return strings.Join(strings.Fields(name), " ")
	case "short":
		runes := []rune(name)
		return string(runes[:min(len(runes), 20)])
	}
	return name
}

// latestOthers are the UIDs of services that are not terminated and not among
// these, the latest first.
func latestOthers(st *state, these []string) []string {
	var out []string
	for _, v := range slices.Backward(st.inOrder()) {
		if !v.terminated() && !slices.Contains(these, v.UID) && len(out) < maxLAG {
			out = append(out, v.UID)
		}
	}
	return out
}

// queue puts the orders before a second person. What the real buy answers then is
// not public: here 200 with empty data (API facts §3.5, confidence D).
func (p *purchase) queue(t *tx, records []*OrderRecord) {
	for i, o := range p.orders {
		a := &approval{
			UID: p.s.config.NewUID(), Seq: t.next(countApprovals), Status: "PENDING",
			Order: o.raw, Name: o.ProductName, CompanyUID: p.c.company(), OrderSeq: records[i].Seq, CreatedAt: t.now.UnixMilli(), UIDs: []string{},
		}
		t.approvals.put(a.UID, a)
		records[i].Approval = a.UID
	}
	p.reply = ok("The order is waiting for approval.", []object{})
}

// createServices makes the members of an order that passed inspection. LAG
// members share the name and the aggregation id; the first of a new LAG is its
// primary (API facts §4.4, confidence A).
func (s *Server) createServices(t *tx, k *Knobs, o *order, zone string) []*service {
	made := t.now.UnixMilli()
	delay := k.provisionDelay().Milliseconds()
	aggregation, lag, primary := o.Aggregation, 0, false
	if o.Aggregation != 0 {
		first := t.activeMembers(o.Aggregation)[0]
		lag, zone = first.LAGID, first.Zone
	} else if o.isLAG() {
		n := t.next(countAggregations)
		aggregation, lag, primary = firstAggregationID+n, firstLAGID+n-1, true
	}
	second := 0
	if o.split {
		second = firstAggregationID + t.next(countAggregations)
	}
	var out []*service
	for i := range o.members() {
		v := &service{
			UID: s.config.NewUID(), ProductID: firstProductID + t.next(countProducts),
			ProductType: "MEGAPORT", Name: o.ProductName, LocationID: o.LocationID, SpeedMbps: o.PortSpeed,
			TermMonths: o.Term, Zone: zone, CostCentre: o.CostCentre, Visible: o.visible(), Tags: o.Tags,
			CompanyUID: o.company, CompanyName: o.companyName, AggregationID: aggregation, LAGID: lag, LAGPrimary: primary && i == 0,
			CreatedAt: made, ConfiguredAt: made + delay, LiveAt: made + 2*delay, CrossConnect: o.crossConnect(),
		}
		if v.CrossConnect { // LIVE only when it is done (API facts §3.2, confidence B)
			v.LiveAt += k.CrossConnectDelay.Milliseconds()
		}
		if o.split && i >= (o.members()+1)/2 {
			v.AggregationID = second
		}
		t.saveService(v)
		out = append(out, v)
	}
	return out
}

// newRecords numbers and describes orders; they are not saved yet.
func (s *Server) newRecords(t *tx, c *call, orders []*order) []*OrderRecord {
	out := make([]*OrderRecord, 0, len(orders))
	for _, o := range orders {
		tags := make(map[string]string, len(o.Tags))
		for _, tag := range o.Tags {
			tags[tag.Key] = tag.Value
		}
		r := &OrderRecord{
			Seq: t.next(countOrders), Time: t.now.UTC(), Route: c.pattern(),
			Name: o.ProductName, Members: o.members(), LocationID: o.LocationID, SpeedMbps: o.PortSpeed,
			AggregationID: o.Aggregation, Tags: tags, UIDs: []string{}, Fault: c.kind.Name,
		}
		out = append(out, r)
	}
	return out
}

// noteUnprocessed records orders that a fault kept from being carried out.
func (s *Server) noteUnprocessed(c *call, status int) {
	orders, err := readOrders(c.body)
	if err != nil {
		return // nothing to tell of it
	}
	s.update(func(t *tx) reply {
		for _, r := range s.newRecords(t, c, orders) {
			r.Status = status
			t.saveOrder(r)
		}
		return reply{}
	})
}
