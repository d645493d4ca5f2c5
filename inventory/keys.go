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
	name, environment given
	defaults          shared
	defaultKeys       *found[shared] // nil when there are none to use
	defaultsBroken    bool           // there are defaults, but they could not be read
	sites             sites
	ports             []entry
}

// shared are the fields that an entry and the defaults both have. A nil or zero
// field is not declared.
type shared struct {
	term                  int // months
	costCentre            *string
	marketplaceVisibility *bool
	tags                  map[string]string
}

// entry is one element of ports.
type entry struct {
	shared
	port     plan.Port
	nameNode *yamlNode // the value of name, when it is good
	lagNode  *yamlNode // the value of lag, when it is good
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
		{name: "defaults", read: func(r *reader, v *yamlNode, d *document) {
			d.defaultKeys, _ = decode(r, &defaultsKeys, v, &d.defaults)
		}},
		{name: "sites", read: func(r *reader, v *yamlNode, d *document) { r.sites(v, &d.sites) }},
		{name: "ports", read: func(r *reader, v *yamlNode, d *document) { r.ports(v, &d.ports) }},
	},
	later: []string{"state", "policy", "rollouts", "unmanaged"},
	elsewhere: elsewhere("in defaults, or in an entry of ports", "term", "costCentre", "marketplaceVisibility", "tags").
		and("in an entry of ports", "site", "speed", "diversityZone", "lag", "promoCode"),
	synonyms: map[string]string{"apiversion": "version", "env": "environment", "locations": "sites", "default": "defaults"},
}

// defaultsKeys are the keys of defaults. Speed, site and zone are not among
// them: what is bought, and where, is read off the entry itself.
var defaultsKeys = table[shared]{
	what:      "defaults",
	keys:      sharedKeys(func(s *shared) *shared { return s }),
	elsewhere: elsewhere("in each entry of ports: what is bought, and where, is not left to defaults", "name", "site", "speed", "diversityZone", "lag", "promoCode"),
	synonyms:  portSynonyms,
}

// portKeys are the keys of an entry of ports.
var portKeys = table[entry]{
	what: "a port",
	keys: append([]key[entry]{
		{name: "name", required: `add "name: ..."; it is the product name, and identifies the entry`, read: func(r *reader, v *yamlNode, e *entry) {
			if text, ok := r.text(v, "name", maxName); ok {
				e.port.Name, e.nameNode = text, v
			}
		}},
		{name: "site", required: `add "site: ..." with an alias, the name of a location, or {id: 89}`, read: func(r *reader, v *yamlNode, e *entry) {
			e.port.Site = r.site(v)
		}},
		{name: "speed", required: fmt.Sprintf(`add "speed: ...", one of %s`, speedList()), read: func(r *reader, v *yamlNode, e *entry) {
			e.port.Speed = r.speed(v)
		}},
		{name: "diversityZone", read: func(r *reader, v *yamlNode, e *entry) {
			e.port.Zone = r.zone(v)
		}},
		{name: "lag", read: func(r *reader, v *yamlNode, e *entry) {
			if members, ok := r.members(v); ok {
				e.port.LAG, e.lagNode = members, v
			}
		}},
		{name: "promoCode", read: func(r *reader, v *yamlNode, e *entry) {
			e.port.PromoCode, _ = r.text(v, "promoCode", unlimited)
		}},
	}, sharedKeys(func(e *entry) *shared { return &e.shared })...),
	later:     []string{"formerly", "uid", "replaces", "state", "locked"},
	elsewhere: elsewhere("at the top of the file", "version", "environment", "defaults", "sites", "ports"),
	synonyms:  portSynonyms,
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
	e.port.TermDeclared = e.found.has("term")
	if !e.port.TermDeclared {
		e.term = d.defaults.term
	}
	e.port.Term = e.term
	e.port.CostCentre = orDefault(e.costCentre, d.defaults.costCentre)
	e.port.MarketplaceVisibility = orDefault(e.marketplaceVisibility, d.defaults.marketplaceVisibility)
	e.port.Tags = mergeTags(d.defaults.tags, e.tags)
	e.port.Fields = e.fields(r, d.defaultKeys)
	r.followAlias(&e.port.Site, d.sites, e.found.keys["site"])

	e.found.require(e.port.Name)
	if !d.mayDefault("term") {
		e.found.requireKey("term", e.port.Name, fmt.Sprintf(
			`add "term: 12" to the entry or to defaults: months, one of %s; a contract is never chosen by default`, termList()))
	}
	e.checkLAG(r)
}

// fields gives the position of every declared value: in the entry, or else in
// the defaults.
func (e *entry) fields(r *reader, defaults *found[shared]) map[string]plan.Source {
	fields := make(map[string]plan.Source, len(e.found.keys)+2)
	if defaults != nil {
		for name, v := range defaults.keys {
			fields[name] = r.at(v)
		}
	}
	for name, v := range e.found.keys {
		fields[name] = r.at(v)
	}
	return fields
}
