package inventory

import (
	"fmt"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/pkg/plan"
)

// sites are the aliases of one document.
type sites struct {
	byName map[string]alias // by folded name
	names  []string
	near   map[string]string // guesses already made, by what was written
}

// alias is one row of sites. Its site is empty when its value was bad.
type alias struct {
	key, value *yamlNode
	site       plan.Site
	handoff    *plan.Handoff
}

// locationID reads the number in {id: 89}.
func (r *reader) locationID(v *yamlNode) plan.Site {
	n, ok := r.integer(v, "id", "write the number of the location, as in {id: 89}")
	if ok && n < 1 {
		r.report(ruleLocationID, v, fmt.Sprintf("%d is not the id of a location", n), "ids are numbers from 1; `portctl sites --env production` lists them, without an API key")
		ok = false
	}
	if !ok {
		return plan.Site{}
	}
	return plan.Site{ID: plan.LocationID(n), Written: strconv.Itoa(n)}
}

// site reads the place of a port: text, or {id: 89}. The hint goes with a list.
func (r *reader) site(v *yamlNode, listHint string) plan.Site {
	var site plan.Site
	switch {
	case v.Kind == yaml.MappingNode:
		var e entry
		r.decode(inSite, v, &e).require("")
		return e.port.Site
	case v.Kind == yaml.ScalarNode && v.Tag == tagInt && plainNumber.MatchString(v.Value):
		r.report(ruleType, v, "site must be text or {id: ...}, but this is a number", fmt.Sprintf("write {id: %s} for the location with that id", v.Value))
	case v.Kind == yaml.SequenceNode:
		r.report(ruleType, v, "site must be text or {id: ...}, but this is a list", listHint)
	default:
		if text, ok := r.text(v, "site", unlimited); ok {
			site.Name, site.Written = text, text
		}
	}
	return site
}

// aliasSite reads what a short name stands for: a location, and what is known of it.
func (r *reader) aliasSite(v *yamlNode) (plan.Site, *plan.Handoff) {
	if v.Kind != yaml.MappingNode {
		return r.site(v, "a short name names one location"), nil
	}
	var e entry
	r.decode(inAlias, v, &e).require("")
	return e.port.Site, e.port.Handoff
}

// handoff reads where a cross connect goes; nil when it is no mapping.
func (r *reader) handoff(v *yamlNode) *plan.Handoff {
	e := &entry{port: plan.Port{Handoff: &plan.Handoff{}}}
	f := r.decode(inHandoff, v, e)
	switch {
	case f == nil:
		return nil
	case len(v.Content) == 0:
		r.report(ruleEmptyValue, v, "handoff is empty", "write what is known, as in {cage: C12, cabinet: A3}, or delete the line")
	}
	return e.port.Handoff
}

// sites reads the aliases of a document.
func (r *reader) sites(v *yamlNode) {
	if v.Kind != yaml.MappingNode {
		r.report(ruleType, v, "sites must be a mapping of short names to locations, but this is "+describe(v), r.notMapping(v, "write for example {lhr20: {id: 89}}"))
		return
	}
	into := &r.doc.sites
	*into = sites{byName: map[string]alias{}, near: map[string]string{}}
	for _, p := range r.pairs(v) {
		name := p.key.Value
		if name == "" {
			r.report(ruleEmptyValue, p.key, "the short name of a site is empty", "give it a name")
			continue
		}
		if !r.goodText(p.key, name, "the short name of a site", unlimited) {
			continue
		}
		value := follow(p.value)
		if isNull(value) {
			r.report(ruleEmptyValue, p.key, fmt.Sprintf("the site %s has no value", quoted(name)), "write the name of a location, or {id: 89}")
		}
		folded := plan.FoldName(name)
		if first, taken := into.byName[folded]; taken {
			r.report(ruleDuplicateSite, p.key, fmt.Sprintf("the site %s is already defined at %s", quoted(name), r.at(first.key)),
				"short names that differ only in case are the same: keep one of the two")
			continue
		}
		a := alias{key: p.key, value: value}
		if value.Tag != tagNull {
			a.site, a.handoff = r.aliasSite(value)
		}
		into.byName[folded] = a
		into.names = append(into.names, name)
	}
	r.checkChains(into)
}

// checkChains refuses aliases of aliases: a file in which a short name can mean
// another short name takes two looks to read.
func (r *reader) checkChains(s *sites) {
	for _, name := range s.names {
		a := s.byName[plan.FoldName(name)]
		folded := plan.FoldName(a.site.Name)
		if other, ok := s.byName[folded]; ok && a.site.ID == 0 && folded != plan.FoldName(name) {
			r.report(ruleSiteChain, a.value,
				fmt.Sprintf("%s is itself a short name, defined at %s", quoted(a.site.Name), r.at(other.key)),
				"write the name of the location or its {id: ...}")
		}
	}
}

// followAlias replaces an alias by the location it stands for. What is no alias
// is the name of a location, which planning looks up in the catalog; a name one
// letter away from an alias is worth a warning, because it would be looked up
// among hundreds. What the alias says of the hand-off is given back.
func (r *reader) followAlias(site *plan.Site, v *yamlNode) *plan.Handoff {
	s := r.doc.sites
	if site.ID != 0 || site.Name == "" {
		return nil
	}
	if a, ok := s.byName[plan.FoldName(site.Name)]; ok {
		site.ID, site.Name, site.NetBox = a.site.ID, a.site.Name, a.site.NetBox
		return a.handoff
	}
	if len(s.names) == 0 {
		return nil
	}
	near, known := s.near[site.Name]
	if !known {
		near = nearest(site.Name, slices.DeleteFunc(slices.Clone(s.names), func(n string) bool { return plan.OtherBuilding(site.Name, n) }))
		s.near[site.Name] = near
	}
	if near != "" {
		r.report(ruleSiteNearAlias, follow(v), fmt.Sprintf("%s is not defined under sites, so it is looked up as the name of a location", quoted(site.Name)),
			fmt.Sprintf("did you mean %s?", quoted(near)))
	}
	return nil
}

// siteText is a site as it is written.
func siteText(s plan.Site) string {
	if s.ID != 0 && s.Written == strconv.Itoa(int(s.ID)) {
		return "{id: " + s.Written + "}"
	}
	return s.Written
}
