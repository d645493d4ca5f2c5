package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Plan is what an apply would do. It is a value: nothing in it changes after
// Build and Priced returned it.
type Plan struct {
	Summary Summary `json:"summary"`
	// Actions holds one action per entry, by name.
	Actions []Action `json:"actions"`
	// Totals is what the plan adds, per currency.
	Totals   Totals    `json:"totals"`
	Warnings []Warning `json:"warnings"`
	// Unmanaged are the services that no entry mentions. They are never touched.
	Unmanaged []ServiceRef `json:"unmanaged"`
}

// Summary counts the actions of each kind.
type Summary struct {
	Buy       int `json:"buy"`
	Unchanged int `json:"unchanged"`
	Blocked   int `json:"blocked"`
}

// Warning is something a reviewer should look at that stops nothing.
type Warning struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	Source Source `json:"source"`
}

// Of lists the actions of one kind, in the plan's order.
func (p Plan) Of(k Kind) []Action {
	var out []Action
	for _, a := range p.Actions {
		if a.Kind == k {
			out = append(out, a)
		}
	}
	return out
}

// Empty says that there is nothing to do and nothing in the way.
func (p Plan) Empty() bool { return p.Summary.Buy == 0 && p.Summary.Blocked == 0 }

// CanApply says that nothing is in the way.
func (p Plan) CanApply() bool { return p.Summary.Blocked == 0 }

// Services is how many services the plan would buy: a LAG's members each count.
func (p Plan) Services() int {
	n := 0
	for _, a := range p.Of(Buy) {
		n += a.Services()
	}
	return n
}

// Orders lists the orders that must be validated before the plan can be
// priced: each that would be sent and, for a LAG, the one for a single member,
// whose price is the LAG's unit price.
func (p Plan) Orders() []Order {
	var orders []Order
	for _, a := range p.Of(Buy) {
		orders = append(orders, *a.Order)
		if a.Order.LAGPorts > 1 {
			orders = append(orders, a.Order.oneMember())
		}
	}
	return orders
}

// Priced is the plan with the prices of its orders. An order that the API
// refuses, or without a price that can be relied on, is blocked.
func (p Plan) Priced(quotes Quotes) Plan {
	out := p
	out.Actions = slices.Clone(p.Actions)
	for i, a := range out.Actions {
		if a.Kind == Buy {
			out.Actions[i] = a.priced(quotes)
		}
	}
	out.Totals, out.Summary = sum(out.Actions)
	return out
}

func (a Action) priced(quotes Quotes) Action {
	own := quotes[a.Order.Key()]
	if own.Refusal != nil {
		return a.block(Reason{
			Code:    ReasonRefused,
			Text:    "Megaport would refuse the order: " + own.Refusal.Message,
			Details: own.Refusal.Reasons,
			TraceID: own.Refusal.TraceID,
			Source:  a.Source,
		})
	}
	unit := own
	if a.Order.LAGPorts > 1 {
		unit = quotes[a.Order.oneMember().Key()]
	}
	price, problem := priceOf(*a.Order, own, unit)
	if problem != "" {
		return a.block(Reason{Code: ReasonPriceUnknown, Text: problem, Source: a.Source,
			Hint: "nothing is bought at a price that nobody could review: ask Megaport, or take the entry out"})
	}
	a.Price = &price
	return a
}

// priceOf works out the price of an order from its own quote and that of one
// member. Whether the API prices a LAG per member or as a whole is not public
// (API facts §3.3), so both are understood and anything else is a problem.
func priceOf(o Order, own, unit Quote) (Price, string) {
	if !own.Priced || own.Currency == "" || !unit.Priced || unit.Currency == "" {
		return Price{}, "the price is unknown: the validation named none"
	}
	n := o.Members()
	monthly, once := unit.Monthly.Times(n), unit.OneTime.Times(n)
	same := own.Monthly.Equal(unit.Monthly) && own.OneTime.Equal(unit.OneTime)
	whole := own.Monthly.Equal(monthly) && own.OneTime.Equal(once)
	if own.Currency != unit.Currency || (!same && !whole) {
		return Price{}, fmt.Sprintf("the price is unknown: the LAG is quoted at %s %s a month, one member at %s %s, and %d members fit neither",
			own.Currency, own.Monthly, unit.Currency, unit.Monthly, n)
	}
	return Price{own.Currency, Cost{monthly, once, monthly.Times(o.Term).Add(once)}}, ""
}

func sum(actions []Action) (Totals, Summary) {
	totals, summary := Totals{}, Summary{}
	for _, a := range actions {
		switch a.Kind {
		case Buy:
			summary.Buy++
			if a.Price != nil {
				totals.Add(*a.Price)
			}
		case Unchanged:
			summary.Unchanged++
		case Blocked:
			summary.Blocked++
		}
	}
	return totals, summary
}

// decision is the part of an action that a checksum covers: what would be done
// and for how much, not how it is explained or where it is written.
type decision struct {
	Kind    Kind         `json:"action"`
	Name    string       `json:"name"`
	Members []ServiceUID `json:"members"`
	Changes []Change     `json:"changes"`
	Order   *Order       `json:"order"`
	Price   *Price       `json:"price"`
}

// Checksum is "sha256:" and the hash of the plan's decisions in one
// environment. Two plans with one checksum do the same at the same price.
func (p Plan) Checksum(environment, inventory string) string {
	var decisions []decision
	for _, a := range p.Actions {
		d := decision{Kind: a.Kind, Name: a.Name, Changes: a.Changes, Order: a.Order, Price: a.Price}
		if a.Service != nil {
			d.Members = a.Service.Members
		}
		decisions = append(decisions, d)
	}
	return digest(struct {
		Environment string     `json:"environment"`
		Inventory   string     `json:"inventory"`
		Decisions   []decision `json:"decisions"`
	}{environment, inventory, decisions})
}

// Digest identifies the expanded desired set, whatever files it stands in.
func (d Desired) Digest() string {
	ports := slices.Clone(d.Ports)
	for i := range ports {
		ports[i].Source, ports[i].Fields = Source{}, nil
	}
	slices.SortFunc(ports, func(a, b Port) int { return cmp.Compare(canonical(a), canonical(b)) })
	d.Ports = ports
	return digest(d)
}

func digest(v any) string {
	sum := sha256.Sum256([]byte(canonical(v)))
	return "sha256:" + hex.EncodeToString(sum[:])
}
