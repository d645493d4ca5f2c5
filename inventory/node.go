package inventory

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// The tags that the YAML library resolves plain values to.
const (
	tagNull      = "!!null"
	tagBool      = "!!bool"
	tagString    = "!!str"
	tagInt       = "!!int"
	tagFloat     = "!!float"
	tagTimestamp = "!!timestamp"
	tagMerge     = "!!merge"
	tagMap       = "!!map"
	tagList      = "!!seq"
)

// A file may grow by aliases to expansionFactor times what is written in it,
// and by expansionFree nodes in any case. Ten thousand entries that all merge
// one mapping stay far below; a file made to exhaust memory is far above.
const (
	expansionFactor = 20
	expansionFree   = 10_000
)

// follow gives the node behind an alias.
func follow(n *yamlNode) *yamlNode {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

// checkAliases refuses anchors that contain themselves and files that aliases
// blow up, so that whoever walks the nodes afterwards is sure to come to an end.
func (s *source) checkAliases(root *yamlNode) (Diagnostic, bool) {
	w := aliasWalk{sizes: map[*yamlNode]int{}, open: map[*yamlNode]bool{}, limit: expansionFree}
	w.limit += expansionFactor * countNodes(root)
	w.size(root)
	switch {
	case w.cycle != nil:
		return s.atNode(ruleAliasCycle, w.cycle,
			fmt.Sprintf("the alias *%s is inside the anchor &%s that it repeats", w.cycle.Value, w.cycle.Value),
			"write the value itself here"), true
	case w.bomb != nil:
		return s.atNode(ruleAliasBomb, w.bomb,
			fmt.Sprintf("with this alias the aliases of the file expand to more than %d values", w.limit),
			"an inventory needs far fewer: write the entries out"), true
	}
	return Diagnostic{}, false
}

func countNodes(n *yamlNode) int {
	count := 1
	for _, c := range n.Content {
		count += countNodes(c)
	}
	return count
}

// aliasWalk computes how many values a tree has once its aliases are expanded,
// without expanding them.
type aliasWalk struct {
	sizes map[*yamlNode]int // of the anchored nodes
	open  map[*yamlNode]bool
	limit int
	cycle *yamlNode // the first alias inside its own anchor
	bomb  *yamlNode // the first alias with which the limit is passed
	total int
}

func (w *aliasWalk) size(n *yamlNode) int {
	if n.Kind == yaml.AliasNode {
		return w.aliasSize(n)
	}
	if size, known := w.sizes[n]; known {
		return size
	}
	if n.Anchor != "" {
		w.open[n] = true
		defer delete(w.open, n)
	}
	size := 1
	for _, c := range n.Content {
		size = min(size+w.size(c), w.limit+1)
	}
	if n.Anchor != "" {
		w.sizes[n] = size
	}
	return size
}

func (w *aliasWalk) aliasSize(n *yamlNode) int {
	target := follow(n)
	if w.open[target] {
		if w.cycle == nil {
			w.cycle = n
		}
		return 1
	}
	size := w.size(target)
	if w.total = min(w.total+size, w.limit+1); w.total > w.limit && w.bomb == nil {
		w.bomb = n
	}
	return size
}

// pair is one key of a mapping with its value. The value may be an alias.
type pair struct {
	key, value *yamlNode
}

// pairs lists what a mapping holds, merge keys followed: what is written in the
// mapping itself wins over what it merges, and of several merged mappings the
// first wins. Keys that are not text, or stand there twice, are reported.
func (r *reader) pairs(n *yamlNode) []pair {
	ps := make([]pair, 0, len(n.Content)/2)
	have := make(map[string]*yamlNode, len(n.Content)/2)
	add := func(p pair) (first *yamlNode) {
		if first = have[p.key.Value]; first == nil {
			have[p.key.Value] = p.key
			ps = append(ps, p)
		}
		return first
	}
	var merges []*yamlNode
	var mergeKey *yamlNode
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind == yaml.ScalarNode && key.Tag == tagMerge:
			if mergeKey != nil {
				r.report(ruleDuplicateKey, key, "the merge key << is repeated, first at "+r.at(mergeKey).String(),
					"merge several mappings with a list: <<: [*one, *two]")
				continue
			}
			mergeKey = key
			merges = r.merged(value)
		case key.Kind != yaml.ScalarNode || key.Tag != tagString:
			r.keyNotText(key)
		case !r.readAlike(key, "a key") || !r.straight(key, "a key"):
		default:
			if first := add(pair{key, value}); first != nil {
				r.report(ruleDuplicateKey, key, fmt.Sprintf("the key %s is repeated, first at %s", quoted(key.Value), r.at(first)),
					"keep one of the two")
			}
		}
	}
	for _, m := range merges {
		for _, p := range r.pairs(m) {
			add(p)
		}
	}
	return ps
}

// merged gives the mappings that the value of a merge key names.
func (r *reader) merged(value *yamlNode) []*yamlNode {
	v := follow(value)
	switch v.Kind {
	case yaml.MappingNode:
		return []*yamlNode{v}
	case yaml.SequenceNode:
		var mappings []*yamlNode
		for _, item := range v.Content {
			if m := follow(item); m.Kind == yaml.MappingNode {
				mappings = append(mappings, m)
			} else {
				r.badMerge(item, m)
			}
		}
		return mappings
	default:
		r.badMerge(value, v)
		return nil
	}
}

func (r *reader) badMerge(at, value *yamlNode) {
	r.report(ruleMerge, at, "<< merges mappings, but this is "+describe(value), "name an anchor of a mapping, as in <<: *base")
}

func (r *reader) keyNotText(key *yamlNode) {
	hint := "write a plain word as the key"
	if key.Kind == yaml.ScalarNode && key.Value != "" {
		hint = quoteHint(key)
	}
	r.report(ruleKeyType, key, "a key must be text, but this is "+describe(follow(key)), hint)
}

// describe says in words what a node is, for "... but this is a list".
func describe(n *yamlNode) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case tagString:
		return "text"
	case tagInt:
		return "a number"
	case tagFloat:
		if strings.ContainsAny(n.Value, ".eEnN") {
			return "a decimal number"
		}
		return "a number"
	case tagBool:
		return "a boolean"
	case tagTimestamp:
		return "a date"
	case tagNull:
		return "empty"
	case tagMerge:
		return "a merge key"
	default:
		return "a value tagged " + printable(n.Tag)
	}
}
