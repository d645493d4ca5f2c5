package inventory

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
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

// rolloutSites reads where the ports of a rollout stand. An item that is bad is
// reported and left out.
func (r *reader) rolloutSites(v *yamlNode) []item[plan.Site] {
	return r.siteList(v, "a rollout covers each site once; count gives several ports in one zone")
}

// siteList reads a list of sites, in which each may stand once.
func (r *reader) siteList(v *yamlNode, twice string) []item[plan.Site] {
	const hint = "write the sites, as in sites: [lhr20, {id: 131}]"
	sites := items(r, v, "sites", hint, func(n *yamlNode) (plan.Site, bool) {
		site := r.site(n, "write the sites in one list")
		return site, site.Written != ""
	})
	return unrepeated(r, sites, func(s plan.Site) string { return plan.FoldName(siteText(s)) }, twice)
}

// rolloutZones reads the zones of a rollout.
func (r *reader) rolloutZones(v *yamlNode) []item[plan.Zone] {
	zones := items(r, v, "zones", "write zones: [red, blue], or leave zones out to let Megaport choose", func(n *yamlNode) (plan.Zone, bool) {
		zone := r.zone(n, "a zone")
		return zone, zone != ""
	})
	return unrepeated(r, zones, func(z plan.Zone) string { return string(z) }, "count gives several ports in one zone")
}

// items reads the elements of a list that must not be empty, aliases followed.
// What is bad is left out.
func items[T any](r *reader, v *yamlNode, what, hint string, read func(*yamlNode) (T, bool)) []item[T] {
	switch {
	case v.Kind != yaml.SequenceNode:
		r.report(ruleType, v, fmt.Sprintf("%s must be a list, but this is %s", what, describe(v)), hint)
		return nil
	case len(v.Content) == 0:
		r.report(ruleEmptyValue, v, what+" is empty", hint)
	}
	var all []item[T]
	for _, n := range v.Content {
		n = follow(n)
		if value, ok := read(n); ok {
			all = append(all, item[T]{value, n})
		}
	}
	return all
}

// unrepeated reports the items of a list that stand in it twice, and leaves
// them out.
func unrepeated[T any](r *reader, items []item[T], text func(T) string, hint string) []item[T] {
	first := make(map[string]*yamlNode, len(items))
	return slices.DeleteFunc(items, func(i item[T]) bool {
		key := text(i.value)
		at, twice := first[key]
		if twice {
			r.report(ruleListedTwice, i.node, fmt.Sprintf("%s is listed twice, first at %s", quoted(key), r.at(at)), hint)
		} else {
			first[key] = i.node
		}
		return twice
	})
}

// count reads how many ports stand within one site and zone; 1 when it is bad.
func (r *reader) count(v *yamlNode) int {
	n, ok := r.integer(v, "count", "write how many ports each site and zone gets")
	switch {
	case !ok:
		return 1
	case n < 1:
		r.report(ruleCount, v, fmt.Sprintf("a rollout cannot have a count of %d", n), "it is 1 or more; without it each site and zone gets one port")
		return 1
	}
	return n
}

// The placeholders of a rollout's name.
const (
	holdSite = "{site}"
	holdZone = "{zone}"
	holdN    = "{n}"

	placeholderList = "{site}, {zone} and {n}"
)

var placeholders = []string{holdSite, holdZone, holdN}

// inBraces is a placeholder, whatever stands in it, or a brace that stands alone.
var inBraces = regexp.MustCompile(`\{[^{}]*\}|[{}]`)

// template reads the name of a rollout; empty when it is bad.
func (r *reader) template(v *yamlNode) string {
	if v.Kind == yaml.MappingNode {
		r.report(ruleTemplate, v, "name must be text, but braces without quotes are a mapping to YAML", `put the name in quotes: "{site}-edge-{zone}"`)
		return ""
	}
	name, ok := r.text(v, "name", unlimited)
	if !ok {
		return ""
	}
	for _, part := range inBraces.FindAllString(name, -1) {
		switch {
		case len(part) == 1:
			r.reportWithin(ruleTemplate, v, part, "a brace in the name has no partner", "braces hold a placeholder: "+placeholderList)
			return ""
		case !slices.Contains(placeholders, part):
			hint := "the placeholders are " + placeholderList
			if near := nearest(strings.Trim(part, "{ }"), []string{"site", "zone", "n"}); near != "" {
				hint = fmt.Sprintf("did you mean {%s}? The placeholders are %s", near, placeholderList)
			}
			r.reportWithin(ruleTemplate, v, part, fmt.Sprintf("there is no placeholder %s", quoted(part)), hint)
			ok = false
		}
	}
	if !ok {
		return ""
	}
	return name
}

// portName reads the name of a port; empty when it is bad. A name with a
// placeholder in it is refused: nothing would be put in its place, and the port
// would be bought by that name.
func (r *reader) portName(v *yamlNode) string {
	name, ok := r.text(v, "name", maxName)
	if !ok {
		return ""
	}
	for _, hold := range placeholders {
		if strings.Contains(name, hold) {
			r.reportWithin(ruleTemplate, v, hold, hold+" is a placeholder of rollouts, and this is one port",
				"move the entry under rollouts, with sites, or write the name out")
			return ""
		}
	}
	return name
}

// reportWithin reports a problem at a part of a value, when the part stands in
// the file as it is, and else at the value.
func (r *reader) reportWithin(rule string, v *yamlNode, part, message, hint string) {
	line := r.source.Line(v.Line)
	written := line.Between(v.Column, v.Column+r.source.span(v))
	if i := strings.Index(written, part); i >= 0 {
		column := v.Column + utf8.RuneCountInString(written[:i])
		r.add(r.source.at(rule, v.Line, column, column+utf8.RuneCountInString(part), message, hint))
		return
	}
	r.report(rule, v, message, hint)
}

// completeRollout checks what takes more than one key of the rollout to judge. It
// is false when the rollout cannot be expanded.
func (e *entry) completeRollout(r *reader) bool {
	e.found.require("")
	e.requireTerm(r.doc, "", "the rollout")
	e.checkLAG(r)
	good := e.checkLocations(r)
	return e.port.Name != "" && e.checkTemplate(r) && good
}

// checkLocations refuses one location under two spellings: by an alias and its
// id, by two aliases, or by names that differ in case, accents or spaces. Ports
// of one rollout that were meant for two sites would be at one. Whether two
// different names are one location only the catalog knows, when planning.
func (e *entry) checkLocations(r *reader) bool {
	first := make(map[placement]item[plan.Site], len(e.sites))
	good := true
	for _, s := range e.sites {
		site := s.value
		r.followAlias(&site, s.node)
		where := placement{id: site.ID, name: plan.FoldSite(site.Name)}
		other, twice := first[where]
		switch {
		case site.ID == 0 && site.Name == "": // An alias without a good value, reported there.
		case twice:
			good = false
			written := siteText(other.value)
			r.followAlias(&other.value, other.node)
			means := quoted(other.value.Name)
			if site.ID != 0 {
				means = fmt.Sprintf("{id: %d}", site.ID)
			}
			r.report(ruleListedTwice, s.node, fmt.Sprintf("%s is the same location as %s at %s: %s",
				quoted(siteText(s.value)), quoted(written), r.at(other.node), means),
				"a rollout covers each site once; count gives several ports in one zone")
		default:
			first[where] = s
		}
	}
	return good
}

// checkTemplate sees to it that every placeholder stands for something, and
// that the name tells apart what the rollout multiplies.
func (e *entry) checkTemplate(r *reader) bool {
	good, name := true, e.found.value("name")
	if strings.Contains(e.port.Name, holdZone) && len(e.zones) == 0 {
		if !e.found.mentions("zones") {
			r.reportWithin(ruleTemplate, name, holdZone, "{zone} has no value: the rollout has no zones", "add zones: [red, blue], or take {zone} out of the name")
		}
		good = false
	}
	for _, m := range []struct {
		hold, what string
		many       int
	}{{holdSite, "sites", len(e.sites)}, {holdZone, "zones", len(e.zones)}, {holdN, "ports in each zone", e.count}} {
		if m.many > 1 && !strings.Contains(e.port.Name, m.hold) {
			r.report(ruleTemplate, name, fmt.Sprintf("the name has no %s, so %d %s would share it", m.hold, m.many, m.what),
				fmt.Sprintf("write %s where it belongs in the name", m.hold))
			good = false
		}
	}
	return good
}

// size is how many ports the rollout stands for. Its factors are bounded by the
// size of a file and by 31 bits, so the product cannot overflow.
func (e *entry) size() int64 {
	return int64(len(e.sites)) * int64(max(1, len(e.zones))) * int64(e.count)
}

// expand gives every port of the rollout to add, with the site's item in the
// list and the zone's, site by site, zone by zone, by number.
func (e *entry) expand(r *reader, add func(p plan.Port, site, zone *yamlNode)) {
	zones := e.zones
	if len(zones) == 0 {
		zones = []item[plan.Zone]{{}}
	}
	own := *e.found
	own.keys = maps.Clone(own.keys)
	maps.DeleteFunc(own.keys, func(key string, _ *yamlNode) bool { return key == "sites" || key == "zones" || key == "count" })
	for _, s := range e.sites {
		site := s.value
		handoff := r.followAlias(&site, s.node)
		for _, z := range zones {
			for n := 1; n <= e.count; n++ {
				one := entry{port: plan.Port{Source: e.port.Source}, found: &own}
				r.readAgain(&own, &one, func(a *attribute) bool { return a.in&inPorts != 0 })
				r.inherit(&one)
				one.port.Handoff = one.handoffOver(handoff)
				one.port.Name = strings.NewReplacer(holdSite, s.value.Written, holdZone, string(z.value), holdN, strconv.Itoa(n)).Replace(e.port.Name)
				one.port.Site, one.port.Zone, one.port.Fields["site"] = site, z.value, r.at(s.node)
				if z.node != nil {
					one.port.Fields["diversityZone"] = r.at(z.node)
				}
				add(one.port, s.node, z.node)
			}
		}
	}
}
