package inventory

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/pkg/plan"
)

// languageVersion is the version of the inventory language that is read here.
const languageVersion = 1

// document is what one YAML document says, before anything is expanded.
type document struct {
	name, environment, state given
	policy                   policy
	unmanaged                unmanaged
	defaults                 shared
	defaultKeys              *found[shared] // nil when there are none to use
	defaultsBroken           bool           // there are defaults, but they could not be read
	sites                    sites
	ports                    []entry
	rollouts                 []rollout
	rolloutsFirst            bool // rollouts stand above ports
}

// shared are the fields that an entry and the defaults both have. A nil or zero
// field is not declared.
type shared struct {
	term                  int // months
	costCentre            *string
	marketplaceVisibility *bool
	tags                  map[string]string
}

// bought are the fields that an entry and a rollout both have beside the shared
// ones.
type bought struct {
	shared
	speed     plan.Speed
	lag       int
	lagNode   *yamlNode // the value of lag, when it is good
	locked    *bool
	promoCode string
}

// entry is one element of ports.
type entry struct {
	bought
	port     plan.Port
	nameNode *yamlNode // the value of name, when it is good
	found    *found[entry]
}

// documentKeys are the keys at the top of a file.
var documentKeys = table[document]{
	what: "the inventory",
	keys: []key[document]{
		{name: "version", required: `begin the file with "version: 1"`, read: readVersion},
		{name: "name", read: func(r *reader, v *yamlNode, d *document) {
			d.name = r.given(v, "name", maxName)
		}},
		{name: "environment", read: func(r *reader, v *yamlNode, d *document) {
			d.environment = r.environment(v)
		}},
		{name: "state", read: func(r *reader, v *yamlNode, d *document) { d.state = r.ledger(v) }},
		{name: "policy", read: func(r *reader, v *yamlNode, d *document) { r.policy(v, &d.policy) }},
		{name: "unmanaged", read: func(r *reader, v *yamlNode, d *document) { r.unmanaged(v, &d.unmanaged) }},
		{name: "defaults", read: func(r *reader, v *yamlNode, d *document) {
			d.defaultKeys, _ = decode(r, &defaultsKeys, v, &d.defaults)
		}},
		{name: "sites", read: func(r *reader, v *yamlNode, d *document) { r.sites(v, &d.sites) }},
		{name: "ports", read: func(r *reader, v *yamlNode, d *document) { r.ports(v, &d.ports) }},
		{name: "rollouts", read: func(r *reader, v *yamlNode, d *document) {
			d.rolloutsFirst = d.ports == nil
			r.rollouts(v, &d.rollouts)
		}},
	},
	elsewhere: elsewhere("in defaults, or in an entry of ports or rollouts", "term", "costCentre", "marketplaceVisibility", "tags").
		and("in an entry of ports or rollouts", "speed", "lag", "promoCode", "locked").
		and("in an entry of ports", "site", "diversityZone", "formerly", "uid", "replaces", "takeover").
		and("in an entry of rollouts", "zones", "count").
		and("under policy", "maxMonthly", "maxCommitment", "maxBuy", "terms"),
	synonyms: map[string]string{
		"apiversion": "version", "env": "environment", "locations": "sites", "default": "defaults",
		"ledger": "state", "backend": "state", "limits": "policy", "budget": "policy", "ignore": "unmanaged", "ignored": "unmanaged",
		"entries": "ports",
	},
}

// defaultsKeys are the keys of defaults. Speed, site and zone are not among
// them: what is bought, and where, is read off the entry itself.
var defaultsKeys = table[shared]{
	what: "defaults",
	keys: sharedKeys(func(s *shared) *shared { return s }),
	elsewhere: elsewhere("in each entry of ports: what is bought, and where, is not left to defaults",
		"name", "site", "speed", "diversityZone", "lag", "promoCode", "locked", "formerly", "uid", "replaces", "state", "takeover"),
	synonyms: portSynonyms,
}

// portKeys are the keys of an entry of ports. Which of them must be there
// depends on the entry: see entry.requireKeys.
var portKeys = table[entry]{
	what: "a port",
	keys: append([]key[entry]{
		{name: "name", required: `add "name: ..."; it is the product name, and identifies the entry`, read: func(r *reader, v *yamlNode, e *entry) {
			if text, ok := r.text(v, "name", maxName); ok && !r.looksLikeTemplate(v, text) {
				e.port.Name, e.nameNode = text, v
			}
		}},
		{name: "site", required: `add "site: ..." with an alias, the name of a location, or {id: 89}`, read: func(r *reader, v *yamlNode, e *entry) {
			e.port.Site = r.site(v, "an entry is one port at one site: write an entry for each site, or a rollout")
		}},
		{name: "diversityZone", read: func(r *reader, v *yamlNode, e *entry) {
			e.port.Zone = r.zone(v, "diversityZone")
		}},
	}, append(boughtKeys(func(e *entry) *bought { return &e.bought }), linkKeys()...)...),
	elsewhere: elsewhere("at the top of the file", "version", "environment", "defaults", "ports", "policy", "unmanaged", "rollouts").
		and("in an entry of rollouts", "sites", "zones", "count"),
	synonyms: portSynonyms,
}

// linkKeys are the rows that bind an entry to a service.
func linkKeys() []key[entry] {
	return []key[entry]{
		{name: "formerly", read: func(r *reader, v *yamlNode, e *entry) {
			e.port.Formerly, _ = r.text(v, "formerly", unlimited)
		}},
		{name: "uid", read: func(r *reader, v *yamlNode, e *entry) { e.port.UID = r.uid(v, "uid") }},
		{name: "replaces", read: func(r *reader, v *yamlNode, e *entry) { e.port.Replaces = r.uid(v, "replaces") }},
		{name: "state", read: func(r *reader, v *yamlNode, e *entry) { e.port.Absent = r.absent(v) }},
		{name: "takeover", read: func(r *reader, v *yamlNode, e *entry) {
			if take := r.boolean(v, "takeover"); take != nil {
				e.port.Takeover = *take
			}
		}},
	}
}

// boughtKeys are the rows that entries and rollouts have in common.
func boughtKeys[T any](part func(*T) *bought) []key[T] {
	return append([]key[T]{
		{name: "speed", required: fmt.Sprintf(`add "speed: ...", one of %s`, speedList()), read: func(r *reader, v *yamlNode, into *T) {
			part(into).speed = r.speed(v)
		}},
		{name: "lag", read: func(r *reader, v *yamlNode, into *T) {
			if members, ok := r.members(v); ok {
				part(into).lag, part(into).lagNode = members, v
			}
		}},
		{name: "locked", read: func(r *reader, v *yamlNode, into *T) { part(into).locked = r.boolean(v, "locked") }},
		{name: "promoCode", read: func(r *reader, v *yamlNode, into *T) {
			part(into).promoCode, _ = r.text(v, "promoCode", unlimited)
		}},
	}, sharedKeys(func(into *T) *shared { return &part(into).shared })...)
}

// sharedKeys are the rows that defaults and entries have in common.
func sharedKeys[T any](part func(*T) *shared) []key[T] {
	return []key[T]{
		{name: "term", read: func(r *reader, v *yamlNode, into *T) { part(into).term = r.term(v) }},
		{name: "costCentre", read: func(r *reader, v *yamlNode, into *T) { part(into).costCentre = r.costCentre(v) }},
		{name: "marketplaceVisibility", read: func(r *reader, v *yamlNode, into *T) {
			part(into).marketplaceVisibility = r.boolean(v, "marketplaceVisibility")
		}},
		{name: "tags", read: func(r *reader, v *yamlNode, into *T) { part(into).tags = r.tags(v) }},
	}
}

// portSynonyms are what the API, its official clients and common sense call the
// keys of a port.
var portSynonyms = map[string]string{
	"productname": "name", "portname": "name", "servicename": "name", "title": "name",
	"location": "site", "locationid": "site", "locationname": "site", "siteid": "site", "sitename": "site", "datacentre": "site", "datacenter": "site",
	"portspeed": "speed", "bandwidth": "speed", "ratelimit": "speed", "capacity": "speed",
	"zone": "diversityZone", "diversity": "diversityZone",
	"lagportcount": "lag", "lagcount": "lag", "members": "lag", "lagmembers": "lag",
	"contractterm": "term", "contracttermmonths": "term", "months": "term", "termmonths": "term",
	"costcenter": "costCentre", "servicelevelreference": "costCentre",
	"visibility": "marketplaceVisibility", "marketplace": "marketplaceVisibility",
	"resourcetags": "tags", "labels": "tags", "tag": "tags",
	"previousname": "formerly", "oldname": "formerly", "renamedfrom": "formerly", "former": "formerly",
	"productuid": "uid", "serviceuid": "uid", "portuid": "uid", "id": "uid", "uuid": "uid",
	"replace": "replaces", "ensure": "state", "status": "state", "delete": "state", "absent": "state",
	"lock": "locked", "protected": "locked",
	"adopt": "takeover", "force": "takeover", "takeownership": "takeover",
	"promo": "promoCode", "promotion": "promoCode", "discountcode": "promoCode", "discountcodes": "promoCode",
}

// places says of keys where they belong.
type places map[string]string

func elsewhere(place string, keys ...string) places {
	return places{}.and(place, keys...)
}

func (p places) and(place string, keys ...string) places {
	for _, k := range keys {
		p[k] = place
	}
	return p
}

func readVersion(r *reader, v *yamlNode, _ *document) {
	n, ok := r.integer(v, "version", "write 1, the only version of the language so far")
	if ok && n != languageVersion {
		r.report(ruleVersion, v, fmt.Sprintf("this portctl reads version %d of the inventory language, not %d", languageVersion, n), "write version: 1")
	}
}

// ports reads the list of entries.
func (r *reader) ports(v *yamlNode, into *[]entry) {
	if v.Kind != yaml.SequenceNode {
		r.report(ruleType, v, "ports must be a list, but this is "+describe(v), `begin each entry with "- name: ..."`)
		return
	}
	*into = make([]entry, 0, len(v.Content))
	for _, item := range v.Content {
		e := entry{port: plan.Port{Source: r.at(item)}}
		if f, ok := decode(r, &portKeys, item, &e); ok {
			e.found = f
			*into = append(*into, e)
		}
	}
}

// mayDefault tells whether the defaults say something about a key, or may have
// meant to.
func (d *document) mayDefault(key string) bool {
	return d.defaultsBroken || d.defaultKeys != nil && d.defaultKeys.mentions(key)
}

// complete applies the defaults of the document to an entry, follows its site
// alias, and checks what takes more than one key to judge.
func (e *entry) complete(r *reader, d *document) {
	e.port.Fields = fields(r, e.found.keys, d.defaultKeys)
	e.bought.fill(&e.port, d, e.found.has("term"))
	r.followAlias(&e.port.Site, d.sites, e.found.keys["site"])
	e.requireKeys(d)
	e.checkLAG(r)
	e.checkState(r)
}

// fill gives a port what an entry or a rollout declares, or else the defaults.
func (b *bought) fill(p *plan.Port, d *document, termDeclared bool) {
	p.Speed, p.LAG, p.PromoCode = b.speed, b.lag, b.promoCode
	p.Term, p.TermDeclared = b.term, termDeclared
	if !termDeclared {
		p.Term = d.defaults.term
	}
	p.Locked = orDefault(b.locked, nil)
	p.CostCentre = orDefault(b.costCentre, d.defaults.costCentre)
	p.MarketplaceVisibility = orDefault(b.marketplaceVisibility, d.defaults.marketplaceVisibility)
	p.Tags = mergeTags(d.defaults.tags, b.tags)
}

// requireKeys reports what is missing. A service that is to be cancelled is
// known by its name or UID alone.
func (e *entry) requireKeys(d *document) {
	if e.found.mentions("state") {
		if !e.found.mentions("uid") {
			e.found.requireKey("name", "", `add "name: ..." or "uid: ...": which service is to be cancelled?`)
		}
		return
	}
	e.found.require(e.port.Name)
	if !d.mayDefault("term") {
		e.found.requireKey("term", e.port.Name, missingTerm("the entry"))
	}
}

func missingTerm(where string) string {
	return fmt.Sprintf(`add "term: 12" to %s or to defaults: months, one of %s; a contract is never chosen by default`, where, termList())
}

// fields gives the position of every declared value: in the entry, or else in
// the defaults.
func fields(r *reader, own map[string]*yamlNode, defaults *found[shared]) map[string]plan.Source {
	fields := make(map[string]plan.Source, len(own)+2)
	if defaults != nil {
		for name, v := range defaults.keys {
			fields[name] = r.at(v)
		}
	}
	for name, v := range own {
		fields[name] = r.at(v)
	}
	return fields
}
