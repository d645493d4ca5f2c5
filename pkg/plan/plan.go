package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// Plan is what an apply would do. It is a value: nothing in it changes after
// Build, Select and Priced returned it.
type Plan struct {
	Summary Summary `json:"summary"`
	// Actions holds one action per entry, by name, and one for each
	// unconfirmed order that no entry names.
	Actions []Action `json:"actions"`
	// Totals is what the plan adds, per currency.
	Totals Totals `json:"totals"`
	// Policy is the inventory's limits against what the plan would use.
	Policy   []PolicyLine `json:"policy"`
	Warnings []Warning    `json:"warnings"`
	// Unmanaged are the services that no entry mentions. They are never touched.
	Unmanaged []ServiceRef `json:"unmanaged"`

	policy Policy
	base   *Policy
	needs  []entryNeed // of each entry, the first actions
}

// Summary counts the actions of each kind.
type Summary struct {
	Buy       int `json:"buy"`
	Grow      int `json:"grow"`
	Update    int `json:"update"`
	Cancel    int `json:"cancel"`
	Unchanged int `json:"unchanged"`
	Blocked   int `json:"blocked"`
	Unknown   int `json:"unknown"`
	Excluded  int `json:"excluded"`
}

// Count is the number of actions of one kind.
func (s Summary) Count(k Kind) int {
	if n := s.counter(k); n != nil {
		return *n
	}
	return 0
}

func (s *Summary) counter(k Kind) *int {
	switch k {
	case Buy:
		return &s.Buy
	case Grow:
		return &s.Grow
	case Update:
		return &s.Update
	case Cancel:
		return &s.Cancel
	case Unchanged:
		return &s.Unchanged
	case Blocked:
		return &s.Blocked
	case Unknown:
		return &s.Unknown
	case Excluded:
		return &s.Excluded
	}
	return nil
}

// Warning is something a reviewer should look at that stops nothing.
type Warning struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	Source Source `json:"source"`
	// Way is a command that leads out. WithHints adds it to the text.
	Way *WayOut `json:"-"`
}

// Of lists the actions of one kind, in the plan's order.
func (p Plan) Of(k Kind) []Action {
	var out []Action
	for i := range p.Actions {
		if p.Actions[i].Kind == k {
			out = append(out, p.Actions[i])
		}
	}
	return out
}

// Changes says how many actions change something in the account.
func (p Plan) Changes() int {
	return p.Summary.Buy + p.Summary.Grow + p.Summary.Update + p.Summary.Cancel
}

// Empty says that there is nothing to do and nothing in the way.
func (p Plan) Empty() bool { return p.Changes() == 0 && p.CanApply() && p.Summary.Unknown == 0 }

// CanApply says that nothing is in the way: no blocked action, no exceeded limit.
func (p Plan) CanApply() bool { return p.Summary.Blocked == 0 && len(p.Exceeded()) == 0 }

// Spends says that the plan costs money.
func (p Plan) Spends() bool {
	return slices.ContainsFunc(p.Actions, func(a Action) bool { return a.Price != nil || a.ServicesOrdered() > 0 })
}

// Services is how many services the plan would buy: a LAG's members each count.
func (p Plan) Services() int {
	n := 0
	for _, a := range p.Actions {
		n += a.ServicesOrdered()
	}
	return n
}

// Orders lists the orders that must be validated before the plan can be
// priced: each that would be sent, for a LAG the one for a single member, whose
// price is the unit price, for one with cross connects the same without them, and for
// a longer term the one it would be if it were ordered anew.
func (p Plan) Orders() []Order {
	var orders []Order
	for i := range p.Actions {
		a := &p.Actions[i]
		if a.quoteOnly != nil {
			orders = append(orders, a.quoteOnly.pricing()...)
		}
		if a.Order != nil {
			orders = append(orders, a.Order.pricing()...)
		}
	}
	return orders
}

// pricing is what must be validated to price an order.
func (o Order) pricing() []Order {
	orders := []Order{o}
	if o.LAGPorts > 0 {
		orders = append(orders, o.oneMember())
	}
	if o.CrossConnect() {
		orders = append(orders, o.withoutAddOns().pricing()...)
	}
	return orders
}

func (a Action) members() []ServiceUID {
	if a.Service == nil {
		return nil
	}
	return a.Service.Members
}

// summed counts the actions, adds up what they cost and holds the sums against
// the policy.
func (p Plan) summed() Plan {
	p.Totals, p.Summary = Totals{}, Summary{}
	for i := range p.Actions {
		a := &p.Actions[i]
		*p.Summary.counter(a.Kind)++
		if a.Price != nil {
			p.Totals.Add(*a.Price)
		}
	}
	p.Policy = p.policyLines()
	return p
}

// purchases counts what the policy's maxBuy limits: orders, and longer terms,
// which are signed like purchases.
func (p Plan) purchases() int {
	n := p.Summary.Buy + p.Summary.Grow
	for i := range p.Actions {
		if a := &p.Actions[i]; a.Kind == Update && (a.quoteOnly != nil || a.Price != nil) {
			n++
		}
	}
	return n
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
	Charge  string       `json:"charge"`
}

// Checksum is "sha256:" and the hash of the plan's decisions in one
// environment. Two plans with one checksum do the same at the same price.
func (p Plan) Checksum(environment, inventory string) string {
	var decisions []decision
	for _, a := range p.Actions {
		d := decision{Kind: a.Kind, Name: a.Name, Changes: a.Changes, Order: a.Order, Price: a.Price}
		if a.Charge != nil {
			d.Charge = a.Charge.String()
		}
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
	entries := make([]string, len(d.Ports))
	for i, p := range d.Ports {
		p.Source, p.Fields = Source{}, nil
		entries[i] = canonical(p)
	}
	slices.Sort(entries)
	d.Ports = nil
	return digest(struct {
		Desired Desired  `json:"desired"`
		Entries []string `json:"entries"`
	}{d, entries})
}

func digest(v any) string {
	sum := sha256.New()
	writeCanonical(sum, v)
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}
