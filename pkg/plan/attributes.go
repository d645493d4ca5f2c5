package plan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// attribute is one key of an entry: how it gets into an order, how a service can
// differ from it, and what changes then. Whatever planning does with a single key
// stands in its row; the inventory has a row for each of these keys as well.
type attribute struct {
	key string
	// order puts it into the order of an entry.
	order func(p Port, o *Order)
	// inherit puts what a LAG has into the order of further members, where the entry
	// does not declare it.
	inherit func(p Port, s Service, o *Order)
	// fixed is why the service of an entry is not what the entry asks for, of what no
	// call can change after the order.
	fixed func(b *builder, p Port, u serviceGroup) *Reason
	// differs lists in what a member differs from what the entry declares.
	differs func(b *builder, p Port, u serviceGroup, m Service) []difference
	// afterOrder is what has to be done once new services are there, because it is no
	// part of an order.
	afterOrder func(p Port) []difference
	// update makes a difference part of what is changed of a service.
	update func(p Port, c Change, u *ServiceUpdate)
	// audit says what a new service has that was ordered otherwise.
	audit func(o Order, s Service) (Deviation, bool)
}

// difference is a declared value and what a member has instead, as people see them.
type difference struct{ field, from, to string }

// attributes is the table, in the order in which differences are looked for and shown.
var attributes = []attribute{
	{
		key:   "name",
		order: func(p Port, o *Order) { o.Name = p.Name },
		differs: func(_ *builder, p Port, _ serviceGroup, m Service) []difference {
			want := exactName(p.Name)
			return differsIf(p.Name != "" && exactName(m.Name) != want, "name", m.Name, want)
		},
		update: func(_ Port, c Change, u *ServiceUpdate) { u.Fields.Name = c.To },
	},
	{
		key:   "lag",
		order: func(p Port, o *Order) { o.LAGPorts = p.LAG },
		fixed: lagReason,
	},
	{
		key:   "site",
		fixed: siteFixed,
		audit: func(o Order, s Service) (Deviation, bool) {
			return Deviation{"location", s.Location, o.Location}, s.Location != o.Location
		},
	},
	{
		key:   "speed",
		order: func(p Port, o *Order) { o.Speed = p.Speed },
		fixed: speedFixed,
		audit: func(o Order, s Service) (Deviation, bool) {
			return Deviation{"speed", s.Speed, o.Speed}, s.Speed != o.Speed
		},
	},
	{
		key:   "diversityZone",
		order: func(p Port, o *Order) { o.Config.Zone = p.Zone },
		fixed: zoneFixed,
		inherit: func(p Port, s Service, o *Order) {
			if p.Zone == "" {
				o.Config.Zone = s.Zone
			}
		},
		audit: func(o Order, s Service) (Deviation, bool) {
			return Deviation{"zone", s.Zone, o.Config.Zone}, s.Zone != "" && o.Config.Zone != "" && s.Zone != o.Config.Zone
		},
	},
	{
		key:   "promoCode",
		order: func(p Port, o *Order) { o.PromoCode = p.PromoCode },
	},
	{
		key: "crossConnect",
		order: func(p Port, o *Order) {
			if p.CrossConnect {
				o.AddOns = CrossConnectObject
			}
		},
	},
	{
		key: "costCentre",
		order: func(p Port, o *Order) {
			if p.CostCentre != nil {
				o.CostCentre = *p.CostCentre
			}
		},
		inherit: func(p Port, s Service, o *Order) {
			if p.CostCentre == nil {
				o.CostCentre = s.CostCentre
			}
		},
		differs: func(_ *builder, p Port, _ serviceGroup, m Service) []difference {
			return declared("costCentre", p.CostCentre, m.CostCentre)
		},
		update: func(p Port, _ Change, u *ServiceUpdate) { u.Fields.CostCentre = *p.CostCentre },
	},
	{
		key: "marketplaceVisibility",
		order: func(p Port, o *Order) {
			o.MarketplaceVisibility = p.MarketplaceVisibility != nil && *p.MarketplaceVisibility
		},
		inherit: func(p Port, s Service, o *Order) {
			if p.MarketplaceVisibility == nil {
				o.MarketplaceVisibility = s.MarketplaceVisibility
			}
		},
		differs: func(_ *builder, p Port, _ serviceGroup, m Service) []difference {
			return declared("marketplaceVisibility", p.MarketplaceVisibility, m.MarketplaceVisibility)
		},
		update: func(p Port, _ Change, u *ServiceUpdate) { u.Fields.MarketplaceVisibility = p.MarketplaceVisibility },
		audit: func(o Order, s Service) (Deviation, bool) {
			return Deviation{"marketplaceVisibility", s.MarketplaceVisibility, o.MarketplaceVisibility}, s.MarketplaceVisibility != o.MarketplaceVisibility
		},
	},
	{
		key:   "term",
		order: func(p Port, o *Order) { o.Term = p.Term },
		differs: func(_ *builder, p Port, u serviceGroup, m Service) []difference {
			return differsIf(longerTerm(p, u) && m.Term != p.Term, "term", strconv.Itoa(m.Term), strconv.Itoa(p.Term))
		},
		update: func(p Port, _ Change, u *ServiceUpdate) { u.Fields.Term = p.Term },
		audit: func(o Order, s Service) (Deviation, bool) {
			return Deviation{"a term (months) of", s.Term, o.Term}, s.Term != 0 && s.Term != o.Term
		},
	},
	{
		key: "tags",
		order: func(p Port, o *Order) {
			for key, value := range p.Tags {
				o.Tags = append(o.Tags, Tag{key, value})
			}
		},
		differs: tagsDiffer,
		update:  setTag,
	},
	{
		key:     "takeover",
		differs: ownerDiffers,
	},
	{
		key: "locked",
		differs: func(_ *builder, p Port, _ serviceGroup, m Service) []difference {
			return declared("locked", p.Locked, m.Locked)
		},
		afterOrder: func(p Port) []difference {
			return differsIf(p.Locked != nil && *p.Locked, "locked", "false", "true")
		},
		update: func(p Port, _ Change, u *ServiceUpdate) { u.Locked = p.Locked },
	},
	// What says which service is meant, and is no part of it.
	{key: "formerly"},
	{key: "sameZone"},
	{key: "handoff"}, // for the data centre, never for Megaport
	{key: "uid"},
	{key: "replaces"},
	{key: "state"},
}

// declared compares a value that an entry may declare with that of a member.
func declared[T comparable](field string, want *T, have T) []difference {
	if want == nil || *want == have {
		return nil
	}
	return []difference{{field, fmt.Sprint(have), fmt.Sprint(*want)}}
}

func differsIf(differs bool, field, from, to string) []difference {
	if !differs {
		return nil
	}
	return []difference{{field, from, to}}
}

// tagsDiffer compares the declared tags; those of others are left alone.
func tagsDiffer(b *builder, p Port, _ serviceGroup, m Service) []difference {
	var out []difference
	if b.tagsRecorded(p, m.UID) {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(p.Tags)) {
		tags, read, _ := b.tagsOf(m.UID)
		have, there := tags[key]
		out = append(out, differsIf(read && (!there || have != p.Tags[key]), tagField+key, have, p.Tags[key])...)
	}
	return out
}

// ownerDiffers marks the members as this inventory's, when one of them is another's.
func ownerDiffers(b *builder, p Port, u serviceGroup, m Service) []difference {
	if !p.Takeover || !slices.ContainsFunc(u.members, func(s Service) bool { return b.foreign(s.UID) }) {
		return nil
	}
	tags, read, _ := b.tagsOf(m.UID)
	return differsIf(read && tags[TagInventory] != b.desired.Inventory, tagField+TagInventory, tags[TagInventory], b.desired.Inventory)
}

// ChangesTags says that the plan sets tags of services that exist.
func (p Plan) ChangesTags() bool {
	return slices.ContainsFunc(p.Actions, func(a Action) bool {
		return slices.ContainsFunc(a.Changes, func(c Change) bool { return strings.HasPrefix(c.Field, tagField) })
	})
}

// tagField begins the fields of changes that are tags.
const tagField = "tags."

func setTag(_ Port, c Change, u *ServiceUpdate) {
	if u.Tags == nil {
		u.Tags = map[string]string{}
	}
	u.Tags[strings.TrimPrefix(c.Field, tagField)] = c.To
}

// ServiceUpdate is what an action changes of one service; nil leaves it.
type ServiceUpdate struct {
	Fields *FieldUpdate
	// Tags are set; all others stay.
	Tags   map[string]string
	Locked *bool
}

// FieldUpdate is what one call changes of a service.
type FieldUpdate struct {
	// Name is the new name; empty leaves it.
	Name string
	// CostCentre is always set: what the API does without it is not known (API
	// facts §5.1).
	CostCentre string
	// MarketplaceVisibility is left as it is when nil.
	MarketplaceVisibility *bool
	// Term is the new contract term in months; 0 leaves it.
	Term int
}

// Empty says that nothing is to be changed.
func (u ServiceUpdate) Empty() bool { return u.Fields == nil && u.Tags == nil && u.Locked == nil }

// UpdateOf is what the action changes of one of its services. Of one that the run
// bought it is only what no order says.
func (a Action) UpdateOf(s Service, bought bool) ServiceUpdate {
	u := ServiceUpdate{Fields: &FieldUpdate{CostCentre: s.CostCentre}}
	untouched := *u.Fields
	for _, c := range a.Changes {
		row := attributeOf(c)
		if c.UID != "" && c.UID != s.UID || bought && row.afterOrder == nil {
			continue
		}
		row.update(*a.port, c, &u)
	}
	if *u.Fields == untouched {
		u.Fields = nil
	}
	return u
}

// attributeOf is the row that a change came from.
func attributeOf(c Change) attribute {
	key, _, _ := strings.Cut(c.Field, ".")
	return attributes[slices.IndexFunc(attributes, func(a attribute) bool { return a.key == key })]
}

// Deviation is what a service has that was ordered otherwise.
type Deviation struct {
	What       string
	Have, Want any
}

// Deviations compare a service with the order that it came of. What the API fills in
// late says nothing yet.
func (o Order) Deviations(s Service) []Deviation {
	var out []Deviation
	for _, a := range attributes {
		if a.audit == nil {
			continue
		}
		if d, differs := a.audit(o, s); differs {
			out = append(out, d)
		}
	}
	return out
}

// changes lists the declared fields that differ on any member: once where all members
// do alike, otherwise for each member that does.
func (b *builder) changes(p Port, u serviceGroup) []Change {
	changes := []Change{}
	for _, a := range attributes {
		if a.differs == nil {
			continue
		}
		var fields []string
		var of map[string][]Change
		for _, m := range u.members {
			for _, d := range a.differs(b, p, u, m) {
				if of == nil {
					of = map[string][]Change{}
				}
				if of[d.field] == nil {
					fields = append(fields, d.field)
				}
				of[d.field] = append(of[d.field], Change{d.field, d.from, d.to, m.UID})
			}
		}
		slices.Sort(fields)
		for _, field := range fields {
			changes = append(changes, together(of[field], len(u.members))...)
		}
	}
	return changes
}

// together makes one change of those that all members share.
func together(changes []Change, members int) []Change {
	if len(changes) < members || slices.ContainsFunc(changes, func(c Change) bool { return c.From != changes[0].From }) {
		return changes
	}
	one := changes[0]
	one.UID = ""
	return []Change{one}
}

// afterOrder adds to the changes of an order what is no part of the order itself, and
// done once the services are there.
func afterOrder(p Port, changes []Change) []Change {
	for _, a := range attributes {
		if a.afterOrder == nil || slices.ContainsFunc(changes, func(c Change) bool { return c.Field == a.key }) {
			continue
		}
		for _, d := range a.afterOrder(p) {
			changes = append(changes, Change{Field: d.field, From: d.from, To: d.to})
		}
	}
	return changes
}

// fixed finds a difference in what no call can change after the order: law 8.
func (b *builder) fixed(p Port, u serviceGroup) *Reason {
	for _, a := range attributes {
		if a.fixed == nil {
			continue
		}
		if r := a.fixed(b, p, u); r != nil {
			return r
		}
	}
	return nil
}

// Keys lists the keys of an entry that planning knows.
func Keys() []string {
	keys := make([]string, len(attributes))
	for i, a := range attributes {
		keys[i] = a.key
	}
	return keys
}
