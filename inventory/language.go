package inventory

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/pkg/plan"
)

// languageVersion is the version of the inventory language that is read here.
const languageVersion = 1

// language is a table of keys.
type language []attribute

// of are the rows of a mapping.
func (l language) of(in mapping) []*attribute {
	var rows []*attribute
	for i := range l {
		if l[i].in&in != 0 {
			rows = append(rows, &l[i])
		}
	}
	return rows
}

// names are the keys of a mapping.
func (l language) names(in mapping) []string {
	var names []string
	for _, a := range l.of(in) {
		names = append(names, a.key)
	}
	return names
}

// lookup is the row of a key, or nil.
func (l language) lookup(in mapping, key string) *attribute {
	for i := range l {
		if l[i].in&in != 0 && l[i].key == key {
			return &l[i]
		}
	}
	return nil
}

// called is the key that a word stands for in a mapping, or nothing.
func (l language) called(in mapping, word string) string {
	for i := range l {
		if l[i].in&in != 0 && slices.Contains(l[i].words, word) {
			return l[i].key
		}
	}
	return ""
}

// mappingNames are the mappings in messages.
var mappingNames = map[mapping]string{atTop: "the inventory", inPolicy: "policy", inDefaults: "defaults", inPorts: "a port", inRollouts: "a rollout", inSite: "a site", inPart: "a cost centre or market", inAlias: "a site", inHandoff: "handoff"}

// elsewhere says where a key belongs that is none of this mapping, or nothing.
func (l language) elsewhere(in mapping, key string) string {
	var all mapping
	for _, a := range l {
		if a.key == key && a.in&(inSite|inHandoff) == 0 {
			all |= a.in
		}
	}
	switch {
	case in != inHandoff && in != inSite && all == 0 && l.lookup(inHandoff, key) != nil:
		return "under handoff"
	case in == inSite, in == inAlias, in == inHandoff, in == inPart && all&inPolicy == 0:
		return ""
	case in == inDefaults && all&inPorts != 0:
		return "in each entry of ports: what is bought, and where, is not left to defaults"
	case in == inPolicy && key == "term":
		return "in an entry of ports or in defaults; policy has terms, a list"
	case in == inRollouts && all&inPorts != 0:
		return "in an entry of ports: it is about one service"
	case all&inDefaults != 0:
		return "in defaults, or in an entry of ports or rollouts"
	case all&inEntries == inEntries:
		return "in an entry of ports or rollouts"
	case all&inPorts != 0:
		return "in an entry of ports"
	case all&inRollouts != 0:
		return "in an entry of rollouts"
	case all&inPolicy != 0:
		return "under policy"
	case all&atTop != 0:
		return "at the top of the file"
	}
	return ""
}

// reader reads the nodes of one YAML document and collects what is wrong with
// them.
type reader struct {
	language language
	source   *source
	doc      *document
	diags    Diagnostics
	again    bool // what is read has been judged before
}

// report adds a problem of a key or value.
func (r *reader) report(rule string, n *yamlNode, message, hint string) {
	if !r.again {
		r.add(r.source.atNode(rule, n, message, hint))
	}
}

func (r *reader) add(d Diagnostic) {
	if !r.again {
		r.diags = append(r.diags, d)
	}
}

// at is the position of a node as planning carries it.
func (r *reader) at(n *yamlNode) plan.Source {
	return plan.Source{File: r.source.name, Line: n.Line, Column: n.Column}
}

// found tells what a mapping held, for the checks that need to know.
type found struct {
	r    *reader
	in   mapping
	node *yamlNode
	keys map[string]*yamlNode // the value by key, of the keys that the language knows
	// excused are keys that must not be called missing: the mapping holds an
	// unknown key that probably means one of them.
	excused []string
}

// has tells whether the key is written, whether or not its value was good.
func (f *found) has(name string) bool { return f.keys[name] != nil }

// value is the value of a key, or nil when it is not written.
func (f *found) value(name string) *yamlNode {
	if v := f.keys[name]; v != nil {
		return follow(v)
	}
	return nil
}

// mentions tells whether the mapping says something about the key, be it under
// a wrong name, so that calling it missing would only be noise.
func (f *found) mentions(name string) bool { return f.has(name) || slices.Contains(f.excused, name) }

// decode reads a mapping. It is nil when the node is none, which is reported.
func (r *reader) decode(in mapping, n *yamlNode, into *entry) *found {
	n = follow(n)
	if n.Kind != yaml.MappingNode {
		r.report(ruleType, n, fmt.Sprintf("%s must be a mapping of keys to values, but this is %s", mappingNames[in], describe(n)),
			r.notMapping(n, "it has the keys "+list(r.language.names(in))))
		return nil
	}
	f := &found{r: r, in: in, node: n, keys: make(map[string]*yamlNode, len(n.Content)/2)}
	for _, p := range r.pairs(n) {
		a := r.language.lookup(in, p.key.Value)
		if a == nil {
			f.unknown(p.key)
			continue
		}
		f.keys[a.key] = p.value
		if v := follow(p.value); isNull(v) {
			r.report(ruleEmptyValue, p.key, fmt.Sprintf("%s has no value", a.key), r.emptyHint(p.key))
		} else {
			a.read(r, v, into)
		}
	}
	return f
}

func isNull(n *yamlNode) bool { return n.Kind == yaml.ScalarNode && n.Tag == tagNull }

// unknown reports a key that the mapping does not have.
func (f *found) unknown(k *yamlNode) {
	name, l, hint := k.Value, f.r.language, ""
	known := f.in
	if known == inDefaults {
		known |= inPorts
	}
	if m := glued.FindStringSubmatch(name); m != nil && l.lookup(f.in, m[3]) != nil {
		f.excused = append(f.excused, m[3])
		hint = fmt.Sprintf(`put a space behind the ":", as in %s: %s`, m[3], m[4])
	} else if ours := l.called(known, bare(name)); ours != "" {
		f.excused = append(f.excused, ours)
		hint = fmt.Sprintf("here it is called %s", quoted(ours))
	} else if place := l.elsewhere(f.in, name); place != "" {
		hint = fmt.Sprintf("%s belongs %s", name, place)
	} else if near := nearest(name, l.names(f.in)); near != "" {
		f.excused = append(f.excused, near)
		hint = fmt.Sprintf("did you mean %s?", quoted(near))
	} else {
		hint = fmt.Sprintf("%s has the keys %s", mappingNames[f.in], list(l.names(f.in)))
	}
	f.r.report(ruleUnknownKey, k, fmt.Sprintf("%s has no key %s", mappingNames[f.in], quoted(name)), hint)
}

// require reports the required keys that are missing. The name of the thing,
// when it has one, goes into the message.
func (f *found) require(name string) {
	for _, a := range f.r.language.of(f.in) {
		if a.required != "" {
			f.requireKey(a.key, name, a.required)
		}
	}
}

func (f *found) requireKey(key, name, hint string) {
	if f.mentions(key) {
		return
	}
	which := mappingNames[f.in]
	if name != "" {
		which = "the port " + quoted(name)
	}
	f.r.report(ruleMissingKey, f.node, fmt.Sprintf("%s has no %s", which, key), hint)
}
