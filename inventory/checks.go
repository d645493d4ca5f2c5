package inventory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// checkLAG holds the members to the speeds that a LAG can have (API facts §3.3,
// confidence B).
func (e *entry) checkLAG(r *reader) {
	if e.port.LAG > 0 && e.port.Speed != 0 && e.port.Speed < plan.Speed10G {
		r.report(ruleLAGSpeed, e.found.value("lag"), fmt.Sprintf("a LAG cannot be made of %s ports", e.port.Speed), "its members have 10G or faster")
	}
}

// checkState refuses keys of one entry that exclude each other.
func (e *entry) checkState(r *reader) {
	clash := func(key, message, hint string) { r.report(ruleContradiction, e.found.value(key), message, hint) }
	p := e.port
	if p.Absent && e.found.has("formerly") {
		clash("formerly", "a service that is to be cancelled is not renamed", "name it by the name that it has, or by its uid")
	}
	if p.Absent && e.found.has("replaces") {
		clash("replaces", "an entry that is absent is not bought, so it replaces nothing", "write replaces in the entry that is bought instead")
	} else if p.UID != "" && e.found.has("replaces") {
		clash("replaces", "an entry with a uid is never bought, so it replaces nothing", "keep uid to manage that service, or replaces to buy another")
	}
}

// checkEntries checks the entries of all documents against one another.
func (b *builder) checkEntries() {
	b.checkLinks()
	b.checkUnmanaged()
	b.checkTerms()
	b.warnOfShared()
}

// atSource makes a diagnostic about the word at a position of any of the files.
func (b *builder) atSource(rule string, at plan.Source, message, hint string) Diagnostic {
	src := b.sources[at.File]
	end := strings.IndexAny(src.Line(at.Line).From(at.Column)+" ", " ,]}")
	return src.at(rule, at.Line, at.Column, at.Column+end, message, hint)
}

// leave notes the services that the inventory leaves alone.
func (b *builder) leave(r *reader) {
	b.unmanaged, b.unmanagedIn, b.inv.Unmanaged = r.doc.unmanaged, r.source, valuesOf(r.doc.unmanaged)
	for _, u := range b.unmanaged {
		b.leaveAlone[plan.FoldName(u.value)] = r.at(u.node)
	}
}

// checkUnmanaged refuses names that are to be left alone and looked after.
func (b *builder) checkUnmanaged() {
	uids := map[string]plan.Source{}
	for _, l := range b.links {
		if l.port.UID != "" {
			uids[string(l.port.UID)] = l.port.At("uid")
		}
	}
	for _, u := range b.unmanaged {
		if have, ok := b.names[plan.FoldName(u.value)]; ok {
			b.diags = append(b.diags, b.unmanagedIn.atNode(ruleUnmanagedEntry, u.node,
				fmt.Sprintf("%s is an entry of the inventory, at %s", quoted(u.value), have.at), "take it out of unmanaged, or delete the entry"))
		}
		if at, ok := uids[u.value]; ok {
			b.diags = append(b.diags, b.unmanagedIn.atNode(ruleUnmanagedEntry, u.node,
				fmt.Sprintf("the service %s belongs to the entry at %s", u.value, at), "take it out of unmanaged, or delete the entry"))
		}
	}
}

// checkTerms holds the ports to the terms that the policy allows. A term that
// comes from defaults is one problem, however many ports have it.
func (b *builder) checkTerms() {
	allowed := b.inv.Policy.Terms
	if len(allowed) == 0 {
		return
	}
	reported := map[plan.Source]bool{}
	for _, p := range b.inv.Ports {
		at := p.At("term")
		if p.Absent || p.Term == 0 || slices.Contains(allowed, p.Term) || reported[at] {
			continue
		}
		reported[at] = true
		b.diags = append(b.diags, b.atSource(rulePolicyTerms, at,
			fmt.Sprintf("the policy at %s does not allow a term of %s", b.termsAt, plan.TermText(p.Term)),
			fmt.Sprintf("it allows %s months", list(wordsOf(allowed, strconv.Itoa)))))
	}
}

// placement is a diversity zone of a site.
type placement struct {
	id   plan.LocationID
	name string
	zone plan.Zone
}

// occupant is the first port of a placement.
type occupant struct {
	name        string
	entry, site plan.Source
	warned      bool
}

// sharing is a port in a placement that another has already.
type sharing struct {
	name, zone, site string
	first            occupant
	at               Diagnostic // where the zone is written
}

// share notes ports with one placement, once for each: what is bought in two
// zones to survive the loss of one does not, if a zone was copied by mistake. A
// rollout's count says that it is meant, and so does sameZone.
func (b *builder) share(r *reader, p plan.Port, zone *yamlNode) {
	if p.Zone == "" || p.Absent || p.Site.Written == "" || p.SameZone {
		return
	}
	where := placement{p.Site.ID, plan.FoldSite(p.Site.Name), p.Zone}
	first, taken := b.places[where]
	switch {
	case !taken:
		b.places[where] = occupant{name: p.Name, entry: p.Source, site: p.At("site")}
	case first.warned || first.entry == p.Source && first.site == p.At("site"):
	default:
		first.warned = true
		b.places[where] = first
		b.shared = append(b.shared, sharing{p.Name, string(p.Zone), siteText(p.Site), first, r.source.atNode(ruleSameZone, follow(zone), "", "")})
	}
}

// moreShared is how many shared zones are named besides the first.
const moreShared = 4

// warnOfShared warns of all shared zones at once.
func (b *builder) warnOfShared() {
	if len(b.shared) == 0 {
		return
	}
	first := b.shared[0]
	d := first.at
	d.Message = fmt.Sprintf("%s is in the %s zone of %s, where %s is already, at %s", quoted(first.name), first.zone, quoted(first.site), quoted(first.first.name), first.first.entry)
	if rest := b.shared[1:]; len(rest) > 0 {
		var names []string
		for _, x := range rest[:min(len(rest), moreShared)] {
			names = append(names, fmt.Sprintf("%s of %s by %s and %s", x.zone, quoted(x.site), quoted(x.first.name), quoted(x.name)))
		}
		if more := len(rest) - len(names); more > 0 {
			names = append(names, fmt.Sprintf("and %d others", more))
		}
		verb := "zones are"
		if len(rest) == 1 {
			verb = "zone is"
		}
		d.Message += fmt.Sprintf("; %d more %s shared: %s", len(rest), verb, list(names))
	}
	d.Hint = "ports in one zone share a failure domain; use different zones if they are meant to be redundant, or write `sameZone: intended`"
	b.diags = append(b.diags, d)
}
