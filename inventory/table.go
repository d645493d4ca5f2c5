package inventory

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/pkg/plan"
)

// reader reads the nodes of one YAML document and collects what is wrong with
// them.
type reader struct {
	source *source
	diags  Diagnostics
}

// report adds a problem of a key or value.
func (r *reader) report(rule string, n *yamlNode, message, hint string) {
	r.diags = append(r.diags, r.source.atNode(rule, n, message, hint))
}

// at is the position of a node as planning carries it.
func (r *reader) at(n *yamlNode) plan.Source {
	return plan.Source{File: r.source.name, Line: n.Line, Column: n.Column}
}

// key is one row of a table: a key of the language and how its value is read
// into a T.
type key[T any] struct {
	name string
	// required is the hint given when the key is missing; empty when it may be.
	required string
	read     func(r *reader, v *yamlNode, into *T)
}

// table is one kind of mapping in the language.
type table[T any] struct {
	// what names the mapping in messages: "a port".
	what string
	keys []key[T]
	// elsewhere says of keys that have a place, but not here, which one it is.
	elsewhere map[string]string
	// synonyms are what other Megaport tools call our keys, in lower case
	// without separators.
	synonyms map[string]string
}

// found tells what a mapping held, for the checks that need to know.
type found[T any] struct {
	r     *reader
	table *table[T]
	node  *yamlNode
	keys  map[string]*yamlNode // the value by key, of the keys that the table knows
	// excused are keys that must not be called missing: the mapping holds an
	// unknown key that probably means one of them.
	excused []string
}

// has tells whether the key is written, whether or not its value was good.
func (f *found[T]) has(name string) bool { return f.keys[name] != nil }

// mentions tells whether the mapping says something about the key, be it under
// a wrong name, so that calling it missing would only be noise.
func (f *found[T]) mentions(name string) bool {
	return f.has(name) || slices.Contains(f.excused, name)
}

// decode reads a mapping by its table. It is false when the node is no mapping,
// which is reported.
func decode[T any](r *reader, t *table[T], n *yamlNode, into *T) (*found[T], bool) {
	n = follow(n)
	if n.Kind != yaml.MappingNode {
		r.report(ruleType, n, fmt.Sprintf("%s must be a mapping of keys to values, but this is %s", t.what, describe(n)),
			r.notMapping(n, "it has the keys "+list(t.names())))
		return nil, false
	}
	f := &found[T]{r: r, table: t, node: n, keys: make(map[string]*yamlNode, len(n.Content)/2)}
	for _, p := range r.pairs(n) {
		k := t.lookup(p.key.Value)
		if k == nil {
			f.unknown(p.key)
			continue
		}
		f.keys[k.name] = p.value
		if v := follow(p.value); v.Kind == yaml.ScalarNode && v.Tag == tagNull {
			r.report(ruleEmptyValue, p.key, fmt.Sprintf("%s has no value", k.name), r.emptyHint(p.key))
			continue
		}
		k.read(r, follow(p.value), into)
	}
	return f, true
}

func (t *table[T]) lookup(name string) *key[T] {
	for i := range t.keys {
		if t.keys[i].name == name {
			return &t.keys[i]
		}
	}
	return nil
}

func (t *table[T]) names() []string {
	names := make([]string, len(t.keys))
	for i, k := range t.keys {
		names[i] = k.name
	}
	return names
}

// unknown reports a key that the table does not have.
func (f *found[T]) unknown(k *yamlNode) {
	name, t := k.Value, f.table
	hint := ""
	if m := glued.FindStringSubmatch(name); m != nil && t.lookup(m[2]) != nil {
		f.excused = append(f.excused, m[2])
		hint = fmt.Sprintf(`put a space behind the ":", as in %s: %s`, m[2], m[3])
	} else if place, ok := t.elsewhere[name]; ok {
		hint = fmt.Sprintf("%s belongs %s", name, place)
	} else if ours, ok := t.synonyms[bare(name)]; ok {
		f.excused = append(f.excused, ours)
		hint = fmt.Sprintf("here it is called %s", quoted(ours))
	} else if near := nearest(name, t.names()); near != "" {
		f.excused = append(f.excused, near)
		hint = fmt.Sprintf("did you mean %s?", quoted(near))
	} else {
		hint = fmt.Sprintf("%s has the keys %s", t.what, list(t.names()))
	}
	f.r.report(ruleUnknownKey, k, fmt.Sprintf("%s has no key %s", t.what, quoted(name)), hint)
}

// require reports the required keys that are missing. The name of the thing,
// when it has one, goes into the message.
func (f *found[T]) require(name string) {
	for _, k := range f.table.keys {
		if k.required != "" {
			f.requireKey(k.name, name, k.required)
		}
	}
}

func (f *found[T]) requireKey(key, name, hint string) {
	if f.mentions(key) {
		return
	}
	what := f.table.what
	if name != "" {
		what = "the port " + quoted(name)
	}
	f.r.report(ruleMissingKey, f.node, fmt.Sprintf("%s has no %s", what, key), hint)
}
