package inventory

import (
	"fmt"
	"maps"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/pkg/plan"
)

// document is what one YAML document says, before anything is expanded.
type document struct {
	name, environment, state string
	policy                   plan.Policy
	termsAt                  plan.Source // where the policy's terms stand
	policySites              []item[plan.Site]
	unmanaged                []item[string]
	defaults                 *found // nil when there are none to use
	defaultsBroken           bool   // there are defaults, but they could not be read
	sites                    sites
	ports, rollouts          []*entry
	rolloutsFirst            bool // rollouts stand above ports
}

// entry is one element of ports or rollouts. Only what it declares itself is in
// its port at first; what is bad is left out.
type entry struct {
	port  plan.Port
	found *found
	// Of a rollout, whose port has the template as its name:
	sites []item[plan.Site]
	zones []item[plan.Zone]
	count int
	// ownHandoff is what the entry itself says of its hand-off.
	ownHandoff *plan.Handoff
	// Of a policy, or of one of its parts:
	limits plan.Limits
}

// item is an element of a list, and where it stands.
type item[T any] struct {
	value T
	node  *yamlNode
}

func (r *reader) version(v *yamlNode) {
	n, ok := r.integer(v, "version", "write 1, the only version of the language so far")
	if ok && n != languageVersion {
		r.report(ruleVersion, v, fmt.Sprintf("this portctl reads version %d of the inventory language, not %d", languageVersion, n), "write version: 1")
	}
}

// entries reads the list of ports or of rollouts.
func (r *reader) entries(v *yamlNode, in mapping, key, noun string) []*entry {
	if v.Kind != yaml.SequenceNode {
		r.report(ruleType, v, key+" must be a list, but this is "+describe(v), fmt.Sprintf(`begin each %s with "- name: ..."`, noun))
		return nil
	}
	entries := make([]*entry, 0, len(v.Content))
	for _, n := range v.Content {
		e := &entry{port: plan.Port{Source: r.at(n)}, count: 1}
		if e.found = r.decode(in, n, e); e.found != nil {
			entries = append(entries, e)
		}
	}
	return entries
}

// mayDefault tells whether the defaults say something about a key, or may have
// meant to.
func (d *document) mayDefault(key string) bool {
	return d.defaultsBroken || d.defaults != nil && d.defaults.mentions(key)
}

// complete applies the defaults of the document to an entry of ports, follows its
// site alias, and checks what takes more than one key to judge.
func (e *entry) complete(r *reader) {
	r.inherit(e)
	e.port.Handoff = e.handoffOver(r.followAlias(&e.port.Site, e.found.keys["site"]))
	e.requireKeys(r.doc)
	e.checkLAG(r)
	e.checkState(r)
}

// handoffOver is the entry's hand-off over that of its site; what the defaults say is
// below both.
func (e *entry) handoffOver(site *plan.Handoff) *plan.Handoff {
	return e.ownHandoff.Or(site).Or(e.port.Handoff)
}

// inherit lays the values of the defaults under those that an entry declares
// itself, and notes where each of them stands. The defaults' are read anew for
// every port, so that no two share memory.
func (r *reader) inherit(e *entry) {
	e.port.TermDeclared, e.ownHandoff = e.found.has("term"), e.port.Handoff
	e.port.Fields = make(map[string]plan.Source, len(e.found.keys)+2)
	if r.doc.defaults != nil {
		for key, v := range r.doc.defaults.keys {
			e.port.Fields[key] = r.at(v)
		}
		r.readAgain(r.doc.defaults, e, func(a *attribute) bool { return a.merges || !e.found.has(a.key) })
	}
	for key, v := range e.found.keys {
		e.port.Fields[key] = r.at(v)
	}
}

// readAgain reads values that a mapping has into an entry, and says nothing of
// those that are bad a second time.
func (r *reader) readAgain(f *found, into *entry, which func(*attribute) bool) {
	quiet := reader{language: r.language, source: r.source, doc: r.doc, again: true}
	for i := range r.language {
		a := &r.language[i]
		if v := f.value(a.key); v != nil && !isNull(v) && a.in&f.in != 0 && which(a) {
			a.read(&quiet, v, into)
		}
	}
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
	e.requireTerm(d, e.port.Name, "the entry")
}

func (e *entry) requireTerm(d *document, name, where string) {
	if !d.mayDefault("term") {
		e.found.requireKey("term", name,
			fmt.Sprintf(`add "term: 12" to %s or to defaults: months, one of %s; a contract is never chosen by default`, where, termList))
	}
}

// under lays texts under others, name by name.
func under(over, under map[string]string) map[string]string {
	if over == nil {
		return under
	}
	merged := maps.Clone(under)
	if merged == nil {
		return over
	}
	maps.Copy(merged, over)
	return merged
}
