package inventory

import (
	"fmt"

	"github.com/portctl/portctl/pkg/plan"
)

// Inventory is what the files say once every short-hand is expanded: defaults
// applied, aliases followed, names known to be unique.
type Inventory struct {
	// Name is the inventory's name; it goes into the tags of what is ordered.
	Name string
	// Environment is production, staging, development or sandbox, and guards
	// against any other; empty when no file names one.
	Environment string
	// Ports are the entries in the order of files and lines.
	Ports []plan.Port
	// Files are the names of the files that were read, in reading order.
	Files []string
	// Warnings are the problems that stop nothing.
	Warnings Diagnostics
}

// Desired is the inventory as the value that planning compares with the
// account. It shares its ports with the inventory.
func (inv *Inventory) Desired() plan.Desired {
	return plan.Desired{Inventory: inv.Name, Environment: inv.Environment, Ports: inv.Ports}
}

// File is one inventory file in memory.
type File struct {
	// Name is the name used in positions; nothing is read from it.
	Name string
	// Content is the file as it is on disk: YAML in UTF-8, up to 10 MiB.
	Content []byte
}

// Parse reads the files as one inventory. It touches nothing but its
// arguments. A non-nil error is always Diagnostics, with every problem of every
// file, and then there is no inventory.
func Parse(files ...File) (*Inventory, error) {
	return parse(files, nil)
}

// parse does the work of Parse and Load. The problems that came up before, in
// finding and reading files, are reported together with those inside them.
func parse(files []File, found Diagnostics) (*Inventory, error) {
	b := builder{inv: &Inventory{}, diags: found, incomplete: len(found) > 0}
	if len(files) == 0 && len(found) == 0 {
		b.diags = append(b.diags, Diagnostic{
			Rule: ruleNoFile, Severity: Error,
			Message: "there is no inventory file", Hint: "name one with -f",
		})
	}
	for _, f := range files {
		b.inv.Files = append(b.inv.Files, f.Name)
		b.file(newSource(f), f.Content)
	}
	b.finish()
	diags := b.diags.settle()
	if errors, _ := diags.Counts(); errors > 0 {
		return nil, diags
	}
	b.inv.Warnings = diags
	return b.inv, nil
}

// builder collects what the documents say into one inventory.
type builder struct {
	inv   *Inventory
	diags Diagnostics
	// incomplete says that some file could not be understood, so that nothing
	// can be said about what is missing from the inventory as a whole.
	incomplete  bool
	named       bool    // a name is there, if perhaps a bad one
	listed      bool    // ports are there, if perhaps bad ones
	first       *source // the first file, where a missing name is reported
	name        given
	environment given
	names       map[string]plan.Source // by folded name
}

// file reads one file, which may hold several YAML documents: each stands for
// itself, as if it were a file of its own.
func (b *builder) file(src *source, content []byte) {
	if b.first == nil {
		b.first = src
	}
	if d, bad := src.inspect(content); bad {
		b.diags, b.incomplete = append(b.diags, d), true
		return
	}
	nodes, problem := src.documents()
	if problem != nil {
		b.diags, b.incomplete = append(b.diags, *problem), true
		return
	}
	if len(nodes) == 0 {
		b.diags = append(b.diags, src.whole(ruleEmptyFile, "the file says nothing",
			`an inventory begins with "version: 1" and a name`))
		b.incomplete = true
		return
	}
	for _, n := range nodes {
		if d, bad := src.checkAliases(n); bad {
			b.diags, b.incomplete = append(b.diags, d), true
			continue
		}
		b.document(src, n)
	}
}

// document adds what one YAML document says.
func (b *builder) document(src *source, n *yamlNode) {
	r := reader{source: src}
	var doc document
	if keys, ok := decode(&r, &documentKeys, n, &doc); ok {
		keys.require("")
		doc.defaultsBroken = doc.defaultKeys == nil && keys.mentions("defaults")
		b.named = b.named || keys.mentions("name")
		b.listed = b.listed || keys.mentions("ports")
	} else {
		b.incomplete = true
	}
	b.once(&r, &b.name, doc.name, "name")
	b.once(&r, &b.environment, doc.environment, "environment")
	for i := range doc.ports {
		e := &doc.ports[i]
		e.complete(&r, &doc)
		b.unique(&r, e)
		b.inv.Ports = append(b.inv.Ports, e.port)
	}
	b.diags = append(b.diags, r.diags...)
}

// given is a value that the whole inventory has once.
type given struct {
	text string
	node *yamlNode // nil when it was not given
	at   plan.Source
}

func (b *builder) once(r *reader, have *given, now given, key string) {
	switch {
	case now.node == nil:
	case have.node == nil:
		*have = now
	default:
		r.report(ruleGivenTwice, now.node,
			fmt.Sprintf("%s is given a second time, first at %s", key, have.at),
			fmt.Sprintf("all files together are one inventory with one %s: keep one of the two", key))
	}
}

// unique refuses a second entry whose name is the same once case, spaces and
// the spelling of accents are set aside: the API would take both, and nobody
// could tell which service belongs to which entry.
func (b *builder) unique(r *reader, e *entry) {
	if e.nameNode == nil {
		return
	}
	if b.names == nil {
		b.names = map[string]plan.Source{}
	}
	folded := plan.FoldName(e.port.Name)
	first, taken := b.names[folded]
	switch {
	case !taken:
		b.names[folded] = r.at(e.nameNode)
		return
	case first == r.at(e.nameNode): // One text, used twice by way of an anchor.
		r.report(ruleDuplicateName, e.found.node,
			fmt.Sprintf("this entry repeats the name %s, by way of an anchor at %s", quoted(e.port.Name), first),
			"names identify ports: give this entry a name of its own, which wins over a merged one")
		return
	}
	r.report(ruleDuplicateName, e.nameNode,
		fmt.Sprintf("a port named %s is already at %s", quoted(e.port.Name), first),
		"names identify ports, and differing only in case or spelling of accents is no difference: choose another")
}

// finish checks what only the inventory as a whole can tell.
func (b *builder) finish() {
	b.inv.Name, b.inv.Environment = b.name.text, b.environment.text
	if b.incomplete || b.first == nil {
		return
	}
	if !b.named {
		b.diags = append(b.diags, b.first.at(ruleMissingKey, 1, 1, 2, "the inventory has no name",
			`add a line such as "name: emea-core"; it goes into the tags of every order`))
	}
	if errors, _ := b.diags.Counts(); errors == 0 && len(b.inv.Ports) == 0 && !b.listed {
		b.diags = append(b.diags, b.first.whole(ruleNoPorts, "the inventory lists no ports",
			"entries stand under \"ports:\", each beginning with \"- name:\""))
	}
}
