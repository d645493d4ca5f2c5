package inventory

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/pkg/plan"
)

// maxExpanded is how many ports the rollouts of an inventory may stand for
// together. It is far beyond any account, and keeps a few bytes of file from
// filling the memory.
const maxExpanded = 100_000

// rollout is one element of rollouts: many ports that differ in site, zone and
// number only.
type rollout struct {
	bought
	source   plan.Source
	name     template
	nameNode *yamlNode // the value of name, when it is good
	sites    []rolloutSite
	zones    []rolloutZone
	count    int
	found    *found[rollout]
}

// rolloutSite and rolloutZone are items of a rollout's lists.
type rolloutSite struct {
	site plan.Site
	node *yamlNode
}

type rolloutZone struct {
	zone plan.Zone
	node *yamlNode
}

// rolloutKeys are the keys of an entry of rollouts.
var rolloutKeys = table[rollout]{
	what: "a rollout",
	keys: append([]key[rollout]{
		{name: "name", required: `add "name: ..." with {site}, {zone} and {n} where they belong, such as "{site}-edge-{zone}"`, read: func(r *reader, v *yamlNode, o *rollout) {
			if t, ok := r.template(v); ok {
				o.name, o.nameNode = t, v
			}
		}},
		{name: "sites", required: `add "sites: [...]" with aliases, names of locations, or {id: 89}`, read: func(r *reader, v *yamlNode, o *rollout) {
			o.sites = r.rolloutSites(v)
		}},
		{name: "zones", read: func(r *reader, v *yamlNode, o *rollout) { o.zones = r.rolloutZones(v) }},
		{name: "count", read: func(r *reader, v *yamlNode, o *rollout) { o.count = r.count(v) }},
	}, boughtKeys(func(o *rollout) *bought { return &o.bought })...),
	elsewhere: elsewhere("in an entry of ports: it is about one service", "formerly", "uid", "replaces", "state", "takeover").
		and("at the top of the file", "version", "environment", "defaults", "ports", "policy", "unmanaged", "rollouts"),
	synonyms: rolloutSynonyms(),
}

// rolloutSynonyms are those of a port, where the keys of a rollout are plural.
func rolloutSynonyms() map[string]string {
	synonyms := map[string]string{"number": "count", "quantity": "count", "n": "count", "template": "name"}
	for word, key := range portSynonyms {
		switch key {
		case "site":
			key = "sites"
		case "diversityZone":
			key = "zones"
		case "formerly", "uid", "replaces", "state", "takeover":
			continue
		}
		synonyms[word] = key
	}
	synonyms["site"], synonyms["diversityzone"] = "sites", "zones"
	return synonyms
}

// rollouts reads the list of rollouts.
func (r *reader) rollouts(v *yamlNode, into *[]rollout) {
	if v.Kind != yaml.SequenceNode {
		r.report(ruleType, v, "rollouts must be a list, but this is "+describe(v), `begin each rollout with "- name: ..."`)
		return
	}
	for _, item := range v.Content {
		o := rollout{source: r.at(item), count: 1}
		if f, ok := decode(r, &rolloutKeys, item, &o); ok {
			o.found = f
			*into = append(*into, o)
		}
	}
}

// rolloutSites reads where the ports of a rollout stand. An item that is bad is
// reported and left out.
func (r *reader) rolloutSites(v *yamlNode) []rolloutSite {
	var sites []rolloutSite
	for _, item := range r.items(v, "sites", "write the sites, as in sites: [lhr20, {id: 131}]") {
		if site := r.site(item, "write the sites in one list"); site.Written != "" {
			sites = append(sites, rolloutSite{site, item})
		}
	}
	return unrepeated(r, sites, func(s rolloutSite) (string, *yamlNode) { return plan.FoldName(siteText(s.site)), s.node },
		"a rollout stands at each site once; count gives several ports in one zone")
}

// rolloutZones reads the zones of a rollout.
func (r *reader) rolloutZones(v *yamlNode) []rolloutZone {
	var zones []rolloutZone
	for _, item := range r.items(v, "zones", "write zones: [red, blue], or leave zones out to let Megaport choose") {
		if zone := r.zone(item, "a zone"); zone != "" {
			zones = append(zones, rolloutZone{zone, item})
		}
	}
	return unrepeated(r, zones, func(z rolloutZone) (string, *yamlNode) { return string(z.zone), z.node },
		"count gives several ports in one zone")
}

// items gives the elements of a list that must not be empty, aliases followed.
func (r *reader) items(v *yamlNode, what, hint string) []*yamlNode {
	switch {
	case v.Kind != yaml.SequenceNode:
		r.report(ruleType, v, fmt.Sprintf("%s must be a list, but this is %s", what, describe(v)), hint)
		return nil
	case len(v.Content) == 0:
		r.report(ruleEmptyValue, v, what+" lists nothing", hint)
		return nil
	}
	items := make([]*yamlNode, len(v.Content))
	for i, item := range v.Content {
		items[i] = follow(item)
	}
	return items
}

// unrepeated reports the items of a list that stand in it twice, and leaves
// them out.
func unrepeated[T any](r *reader, items []T, of func(T) (string, *yamlNode), hint string) []T {
	first := make(map[string]*yamlNode, len(items))
	kept := items[:0]
	for _, item := range items {
		key, node := of(item)
		if at, twice := first[key]; twice {
			r.report(ruleListedTwice, node, fmt.Sprintf("%s is listed a second time, first at %s", quoted(key), r.at(at)), hint)
			continue
		}
		first[key] = node
		kept = append(kept, item)
	}
	return kept
}

// count reads how many ports stand within one site and zone; 1 when it is bad.
func (r *reader) count(v *yamlNode) int {
	n, ok := r.integer(v, "count", "write how many ports each site and zone gets")
	switch {
	case !ok:
		return 1
	case n < 1:
		r.report(ruleCount, v, fmt.Sprintf("a rollout can not have a count of %d", n), "it is 1 or more; without it each site and zone gets one port")
		return 1
	}
	return n
}

// The placeholders of a rollout's name.
const (
	holdSite = "site"
	holdZone = "zone"
	holdN    = "n"
)

func placeholders() []string { return []string{holdSite, holdZone, holdN} }

// template is the name of a rollout, in parts.
type template []templatePart

// templatePart is a text, or one of the placeholders.
type templatePart struct{ text, hold string }

func (t template) uses(hold string) bool {
	for _, p := range t {
		if p.hold == hold {
			return true
		}
	}
	return false
}

// expand is the name of one port.
func (t template) expand(site string, zone plan.Zone, n int) string {
	var b strings.Builder
	for _, p := range t {
		switch p.hold {
		case holdSite:
			b.WriteString(site)
		case holdZone:
			b.WriteString(string(zone))
		case holdN:
			b.WriteString(strconv.Itoa(n))
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// template reads the name of a rollout.
func (r *reader) template(v *yamlNode) (template, bool) {
	if v.Kind == yaml.MappingNode {
		r.report(ruleTemplate, v, "name must be text, but braces without quotes are a mapping to YAML", `put the name in quotes: "{site}-edge-{zone}"`)
		return nil, false
	}
	text, ok := r.text(v, "name", unlimited)
	if !ok {
		return nil, false
	}
	var t template
	good := true
	for text != "" {
		open := strings.IndexAny(text, "{}")
		if open < 0 {
			t = append(t, templatePart{text: text})
			break
		}
		if open > 0 {
			t = append(t, templatePart{text: text[:open]})
		}
		text = text[open:]
		end := strings.IndexAny(text[1:], "{}") + 1
		if text[0] == '}' || end == 0 || text[end] == '{' {
			r.reportWithin(ruleTemplate, v, text[:1], "a brace of the name stands alone", "braces hold a placeholder: "+placeholderList())
			return nil, false
		}
		hold := text[1:end]
		if !r.knownPlaceholder(v, hold) {
			good = false
		}
		t = append(t, templatePart{hold: hold})
		text = text[end+1:]
	}
	return t, good
}

func (r *reader) knownPlaceholder(v *yamlNode, hold string) bool {
	for _, known := range placeholders() {
		if hold == known {
			return true
		}
	}
	hint := "the placeholders are " + placeholderList()
	if near := nearest(strings.TrimSpace(hold), placeholders()); near != "" {
		hint = fmt.Sprintf("did you mean {%s}? %s", near, "T"+hint[1:])
	}
	r.reportWithin(ruleTemplate, v, "{"+hold+"}", fmt.Sprintf("there is no placeholder %s", quoted("{"+hold+"}")), hint)
	return false
}

// looksLikeTemplate refuses the name of a port that has a placeholder in it:
// nothing would be put in its place, and the port would be bought by that name.
func (r *reader) looksLikeTemplate(v *yamlNode, name string) bool {
	for _, hold := range placeholders() {
		if part := "{" + hold + "}"; strings.Contains(name, part) {
			r.reportWithin(ruleTemplate, v, part, part+" stands for something in a rollout only, and this is one port",
				"move the entry under rollouts, with sites, or write the name out")
			return true
		}
	}
	return false
}

func placeholderList() string { return "{site}, {zone} and {n}" }

// reportWithin reports a problem at a part of a value, when the part stands in
// the file as it is, and else at the value.
func (r *reader) reportWithin(rule string, v *yamlNode, part, message, hint string) {
	line := r.source.line(v.Line)
	written := line.between(v.Column, v.Column+r.source.span(v))
	if i := strings.Index(written, part); i >= 0 {
		column := v.Column + utf8.RuneCountInString(written[:i])
		r.diags = append(r.diags, r.source.at(rule, v.Line, column, column+utf8.RuneCountInString(part), message, hint))
		return
	}
	r.report(rule, v, message, hint)
}

// complete checks what takes more than one key of the rollout to judge. It is
// false when the rollout can not be expanded.
func (o *rollout) complete(r *reader, d *document) bool {
	o.found.require("")
	if !d.mayDefault("term") {
		o.found.requireKey("term", "", missingTerm("the rollout"))
	}
	o.checkLAG(r)
	good := o.checkLocations(r, d)
	return o.nameNode != nil && o.checkTemplate(r) && good
}

// checkLocations refuses one location under two spellings: by an alias and its
// id, by two aliases, or by names that differ in case, accents or spaces. Ports
// of one rollout that were meant for two places would stand in one. Whether two
// different names are one location only the catalog knows, when planning.
func (o *rollout) checkLocations(r *reader, d *document) bool {
	type at struct {
		id   plan.LocationID
		name string
	}
	type spelling struct {
		rolloutSite
		means plan.Site
	}
	first := make(map[at]spelling, len(o.sites))
	good := true
	for _, s := range o.sites {
		site := s.site
		r.followAlias(&site, d.sites, s.node)
		where := at{site.ID, plan.FoldSite(site.Name)}
		other, twice := first[where]
		switch {
		case site.ID == 0 && site.Name == "": // An alias without a good value, reported there.
		case twice:
			good = false
			r.report(ruleListedTwice, s.node, fmt.Sprintf("%s is the same location as %s at %s: %s",
				quoted(siteText(s.site)), quoted(siteText(other.site)), r.at(other.node), locationText(other.means)),
				"a rollout stands at each site once; count gives several ports in one zone")
		default:
			first[where] = spelling{s, site}
		}
	}
	return good
}

// locationText is what a site stands for once aliases are followed.
func locationText(s plan.Site) string {
	if s.ID != 0 {
		return fmt.Sprintf("{id: %d}", s.ID)
	}
	return quoted(s.Name)
}

// checkTemplate sees to it that every placeholder stands for something, and
// that the name tells apart what the rollout multiplies.
func (o *rollout) checkTemplate(r *reader) bool {
	good := true
	if o.name.uses(holdZone) && len(o.zones) == 0 {
		if !o.found.mentions("zones") {
			r.reportWithin(ruleTemplate, o.nameNode, "{zone}", "{zone} stands for nothing: the rollout has no zones", "add zones: [red, blue], or take {zone} out of the name")
		}
		good = false
	}
	for _, m := range []struct {
		hold, what string
		many       int
	}{{holdSite, "sites", len(o.sites)}, {holdZone, "zones", len(o.zones)}, {holdN, "ports in each zone", o.count}} {
		if m.many > 1 && !o.name.uses(m.hold) {
			r.report(ruleTemplate, o.nameNode, fmt.Sprintf("the name has no {%s}, so %d %s would share it", m.hold, m.many, m.what),
				fmt.Sprintf("write {%s} where it belongs in the name", m.hold))
			good = false
		}
	}
	return good
}

// size is how many ports the rollout stands for. Its factors are bounded by the
// size of a file and by 31 bits, so the product can not overflow.
func (o *rollout) size() int64 {
	return int64(len(o.sites)) * int64(max(1, len(o.zones))) * int64(o.count)
}

// expand gives every port of the rollout to add, with the site's item in the
// list and the zone's, site by site, zone by zone, by number.
func (o *rollout) expand(r *reader, d *document, add func(p plan.Port, site, zone *yamlNode)) {
	zones := o.zones
	if len(zones) == 0 {
		zones = []rolloutZone{{}}
	}
	own := make(map[string]*yamlNode, len(o.found.keys))
	for key, v := range o.found.keys {
		if key != "sites" && key != "zones" && key != "count" {
			own[key] = v
		}
	}
	for _, s := range o.sites {
		site := s.site
		r.followAlias(&site, d.sites, s.node)
		for _, z := range zones {
			for n := 1; n <= o.count; n++ {
				p := plan.Port{Name: o.name.expand(s.site.Written, z.zone, n), Site: site, Zone: z.zone, Source: o.source}
				p.Fields = fields(r, own, d.defaultKeys)
				p.Fields["site"] = r.at(s.node)
				if z.node != nil {
					p.Fields["diversityZone"] = r.at(z.node)
				}
				o.fill(&p, d, o.found.has("term"))
				add(p, s.node, z.node)
			}
		}
	}
}
