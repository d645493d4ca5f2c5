package plan

import (
	"cmp"
	"fmt"
)

// Desired is what an inventory asks for, with everything short-hand expanded:
// defaults applied, aliases followed. The order of Ports carries no meaning.
type Desired struct {
	// Inventory is the inventory's name; it goes into the tags of what is ordered.
	Inventory string
	// Environment is the guard written in the file; empty when it has none.
	Environment string
	// Ports are the entries, each with a name that is unique under FoldName; only
	// an Absent entry may share the name of the entry that Replaces its service.
	Ports []Port
	// Policy limits what one run may spend. Where a change of the inventory is
	// reviewed, Base is the policy before the change, and both hold; nil means that
	// nothing was before it.
	Policy Policy
	Base   *Policy
	// Unmanaged are the names or UIDs of services that are known and left alone.
	Unmanaged []string
}

// Policy limits a run: its sums are checked before the first order, and each order
// against what may be ordered at all.
type Policy struct {
	// Limits are those of the whole run.
	Limits
	// MaxBuy limits the number of orders; 0 means DefaultMaxBuy.
	MaxBuy int
	// PerCostCentre and PerMarket limit parts of the run, by cost centre and by the
	// code of the market. What is not listed has no limits of its own.
	PerCostCentre map[string]Limits
	PerMarket     map[string]Limits
	// Terms are the contract terms allowed, in months, Speeds the speeds and Sites the
	// locations that may be ordered; empty allows all.
	Terms  []int
	Speeds []Speed
	Sites  []Site
	// RequiredTags are the names of tags that every order must declare.
	RequiredTags []string
}

// Limits are the most that may be added, per currency. Once any is set, a currency
// without one is refused.
type Limits struct {
	// MaxMonthly limits the monthly price, MaxCommitment what is signed for: monthly
	// price times term, plus one-time charges.
	MaxMonthly    map[string]Amount
	MaxCommitment map[string]Amount
}

// DefaultMaxBuy is the number of orders in one run when the policy names none.
const DefaultMaxBuy = 100

// Port is one entry: a single Port, or a LAG of several.
type Port struct {
	// Name is the product name and the identity of the entry.
	Name string
	// Formerly is the name that the entry's service still has; empty for none.
	Formerly string
	// UID binds the entry to exactly this service; such an entry is never bought.
	UID ServiceUID
	// Replaces is a terminated service of the same name that the entry is to be
	// bought instead of; without it such a buy is blocked.
	Replaces ServiceUID
	// Absent asks for the service to be cancelled. Site, Speed and Term may then
	// be missing.
	Absent bool
	// Site is where it stands.
	Site Site
	// Speed is in Mbps; a LAG's is that of one member.
	Speed Speed
	// Zone is the diversity zone; empty lets the API choose.
	Zone Zone
	// LAG is the number of members, 1 to MaxLagMembers; 0 means a single port.
	LAG int
	// Term is the contract term in months.
	Term int
	// TermDeclared says that the entry itself, not the defaults, names the term.
	TermDeclared bool
	// CostCentre is free text for the invoice; nil when not declared.
	CostCentre *string
	// MarketplaceVisibility shows the port in the Megaport Marketplace; nil when
	// not declared.
	MarketplaceVisibility *bool
	// CrossConnect asks for a cross connect to be ordered with each port. It says nothing
	// of a service that exists: see Observed.CrossConnects.
	CrossConnect bool
	// PromoCode is sent as it is; the API does not validate it (API facts §3.2).
	PromoCode string
	// SameZone says that a diversity zone shared with other entries is intended.
	SameZone bool
	// Takeover lets this inventory change, rename, grow or cancel a service that
	// another inventory ordered.
	Takeover bool
	// Locked protects the service against changes; nil when not declared.
	Locked *bool
	// Tags are the declared resource tags; nil when not declared.
	Tags map[string]string
	// Handoff is where the cross connect goes in the data centre; nil when nothing is
	// said of it. It is never sent to Megaport.
	Handoff *Handoff
	// Source is where the entry stands.
	Source Source
	// Fields is where the value of each declared field stands, by the field's
	// name in the inventory ("site", "speed", ...). A default's value stands
	// where the defaults are written.
	Fields map[string]Source
}

// At is where a field's value stands, or the entry when the field is not
// written anywhere.
func (p Port) At(field string) Source {
	if s, ok := p.Fields[field]; ok {
		return s
	}
	return p.Source
}

// Members is how many ports the entry stands for.
func (p Port) Members() int { return max(1, p.LAG) }

// MemberName is a port for people: of a LAG's, which count from 1, its number stands
// behind the name; 0 is a single port.
func MemberName(name string, member int) string {
	if member == 0 {
		return name
	}
	return fmt.Sprintf("%s (%d)", name, member)
}

// Site is how an entry names its location: by id, or by a name to look up.
type Site struct {
	// ID is the location's id; zero when the site is given by name.
	ID LocationID
	// Name is the name to look up when ID is zero. An alias of the inventory is
	// followed already.
	Name string
	// Written is the text in the entry itself: the alias, the name or the id.
	Written string
	// NetBox is the slug of the site in NetBox; empty when it is not written.
	NetBox string
}

// Handoff is what a data centre asks for when a cross connect to a port is ordered, as
// only the customer knows it. Every field is free text, and empty when it is not known.
type Handoff struct {
	// Operator runs the data centre, Account is the customer's with it.
	Operator string `json:"operator,omitzero"`
	Account  string `json:"account,omitzero"`
	// Cage, Cabinet, Panel and Ports are where the cable ends on the customer's side.
	Cage    string `json:"cage,omitzero"`
	Cabinet string `json:"cabinet,omitzero"`
	Panel   string `json:"panel,omitzero"`
	Ports   string `json:"ports,omitzero"`
	// Connector and Media say what the cable is, such as LC and single-mode.
	Connector string `json:"connector,omitzero"`
	Media     string `json:"media,omitzero"`
	// Contact is who is to be asked.
	Contact string `json:"contact,omitzero"`
}

// Or lays a hand-off over another one, field by field.
func (h *Handoff) Or(under *Handoff) *Handoff {
	switch {
	case h == nil:
		return under
	case under == nil:
		return h
	}
	return &Handoff{
		Operator: cmp.Or(h.Operator, under.Operator), Account: cmp.Or(h.Account, under.Account), Cage: cmp.Or(h.Cage, under.Cage),
		Cabinet: cmp.Or(h.Cabinet, under.Cabinet), Panel: cmp.Or(h.Panel, under.Panel), Ports: cmp.Or(h.Ports, under.Ports),
		Connector: cmp.Or(h.Connector, under.Connector), Media: cmp.Or(h.Media, under.Media), Contact: cmp.Or(h.Contact, under.Contact),
	}
}
