package inventory

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

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
	// State is where claims and lock are kept: the s3:// URL of a bucket, or a
	// path, already taken from the directory of the file that names it; empty
	// when no file says so.
	State string
	// Policy limits what one run may spend.
	Policy plan.Policy
	// Unmanaged are the names of services that are known and left alone.
	Unmanaged []string
	// Ports are the entries in the order of files and lines, with every rollout
	// expanded in its place.
	Ports []plan.Port
	// Files are the names of the files that were read, in reading order.
	Files []string
	// Warnings are the problems that stop nothing.
	Warnings Diagnostics
}

// Desired is the inventory as the value that planning compares with the
// account. It shares its ports, policy and names with the inventory.
func (inv *Inventory) Desired() plan.Desired {
	return plan.Desired{
		Inventory: inv.Name, Environment: inv.Environment,
		Ports: inv.Ports, Policy: inv.Policy, Unmanaged: inv.Unmanaged,
	}
}

// Services is how many services the inventory stands for: every port and every
// member of a LAG, without what is to be absent.
func (inv *Inventory) Services() int {
	count := 0
	for _, p := range inv.Ports {
		if !p.Absent {
			count += p.Members()
		}
	}
	return count
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
func Parse(files ...File) (*Inventory, error) { return attributes.parse(files, nil) }

// parse does the work of Parse and Load. The problems that came up before, in
// finding and reading files, are reported together with those inside them.
func (l language) parse(files []File, found Diagnostics) (*Inventory, error) {
	b := l.newBuilder()
	b.diags, b.incomplete = found, len(found) > 0
	if len(files) == 0 && len(found) == 0 {
		b.diags = append(b.diags, Diagnostic{
			Rule: ruleNoFile, Severity: Error,
			Message: "there is no inventory file", Hint: "name one with -f",
		})
	}
	for _, f := range files {
		b.file(f)
	}
	b.finish()
	return b.result()
}

// builder collects what the documents say into one inventory.
type builder struct {
	language language
	inv      *Inventory
	sources  map[string]*source // by file name
	diags    Diagnostics
	// incomplete says that some file could not be understood, so that nothing
	// can be said about what is missing from the inventory as a whole.
	incomplete  bool
	named       bool                   // a name is there, if perhaps a bad one
	listed      bool                   // ports are there, if perhaps bad ones
	first       *source                // the first file, where a missing name is reported
	given       map[string]plan.Source // where a key stands that is given once
	termsAt     plan.Source            // where the policy's terms stand
	unmanaged   []item[string]
	unmanagedIn *source // the file that lists them
	leaveAlone  map[string]plan.Source
	names       map[string]owner // by folded name
	places      map[placement]occupant
	shared      []sharing
	links       []link
	expanded    int64 // ports that rollouts stand for
}

func (l language) newBuilder() *builder {
	return &builder{
		language: l,
		inv:      &Inventory{},
		sources:  map[string]*source{}, given: map[string]plan.Source{},
		names: map[string]owner{}, places: map[placement]occupant{}, leaveAlone: map[string]plan.Source{},
	}
}

// result is the inventory, unless there are errors.
func (b *builder) result() (*Inventory, error) {
	diags := b.diags.settle()
	if errors, _ := diags.Counts(); errors > 0 {
		return nil, diags
	}
	b.inv.Warnings = diags
	return b.inv, nil
}

// file reads one file, which may hold several YAML documents: each stands for
// itself, as if it were a file of its own.
func (b *builder) file(f File) {
	src := newSource(f)
	b.inv.Files = append(b.inv.Files, f.Name)
	b.sources[f.Name] = src
	if b.first == nil {
		b.first = src
	}
	nodes, problem := src.read(f.Content)
	if problem != nil {
		b.diags, b.incomplete = append(b.diags, *problem), true
		return
	}
	for _, n := range nodes {
		if d, bad := src.checkAliases(n); bad {
			b.diags, b.incomplete = append(b.diags, d), true
			continue
		}
		if d, ok := src.foreign(); ok && n.Kind == yaml.ScalarNode {
			b.diags, b.incomplete = append(b.diags, d), true
			continue
		}
		b.document(src, n)
	}
}

// document adds what one YAML document says.
func (b *builder) document(src *source, n *yamlNode) {
	doc := &document{}
	r := reader{language: b.language, source: src, doc: doc}
	r.checkTags(n)
	if keys := r.decode(atTop, n, &entry{}); keys != nil {
		keys.require("")
		b.once(&r, keys)
		doc.defaultsBroken = doc.defaults == nil && keys.mentions("defaults")
		b.named = b.named || keys.mentions("name")
		b.listed = b.listed || keys.mentions("ports") || keys.mentions("rollouts")
	} else {
		b.incomplete = true
	}
	if doc.rolloutsFirst {
		b.rollouts(&r)
	}
	b.ports(&r)
	if !doc.rolloutsFirst {
		b.rollouts(&r)
	}
	b.diags = append(b.diags, r.diags...)
}

// ports adds the entries of a document.
func (b *builder) ports(r *reader) {
	b.inv.Ports = slices.Grow(b.inv.Ports, len(r.doc.ports))
	for _, e := range r.doc.ports {
		e.complete(r)
		if e.port.Name == "" || b.unique(r, e.port, e.found.value("name"), e.found.node) {
			b.share(r, e.port, e.found.keys["diversityZone"])
		}
		if e.port.Formerly != "" || e.port.UID != "" || e.port.Replaces != "" {
			b.links = append(b.links, link{r.source, e})
		}
		b.inv.Ports = append(b.inv.Ports, e.port)
	}
}

// rollouts adds the ports that the rollouts of a document stand for.
func (b *builder) rollouts(r *reader) {
	for _, o := range r.doc.rollouts {
		if !o.completeRollout(r) || !b.fits(r, o) {
			continue
		}
		b.inv.Ports = slices.Grow(b.inv.Ports, int(o.size()))
		tooLong := map[*yamlNode]bool{} // reported once for each site
		o.expand(r, func(p plan.Port, site, zone *yamlNode) {
			if len(p.Name) > maxName && !tooLong[site] {
				tooLong[site] = true
				r.report(ruleTooLong, site, fmt.Sprintf("the name %s has %d bytes, and at most %d are safe", quoted(p.Name), len(p.Name), maxName),
					"write a short name of the site here, and define it under sites")
			}
			if b.unique(r, p, site, o.found.node) {
				b.share(r, p, zone)
			}
			b.inv.Ports = append(b.inv.Ports, p)
		})
	}
}

// fits refuses rollouts that stand for more ports than any account can have.
func (b *builder) fits(r *reader, o *entry) bool {
	if o.size() <= maxExpanded-b.expanded {
		b.expanded += o.size()
		return true
	}
	at := o.found.node
	if v := o.found.value("count"); v != nil {
		at = v
	}
	r.report(ruleRolloutSize, at, fmt.Sprintf("with this rollout the rollouts of the inventory expand to %d ports, more than the limit of %d", b.expanded+o.size(), maxExpanded),
		"a rollout expands to sites × zones × count ports")
	return false
}

// once takes what a document says for the whole inventory, unless another one has
// said it before.
func (b *builder) once(r *reader, top *found) {
	for _, a := range r.language.of(atTop) {
		v := top.value(a.key)
		if a.once == nil || v == nil || isNull(v) {
			continue
		}
		if first, given := b.given[a.key]; given {
			r.report(ruleGivenTwice, v, fmt.Sprintf("%s is given a second time, first at %s", a.key, first),
				fmt.Sprintf("all files together are one inventory with one %s: keep one of the two", a.key))
			continue
		}
		b.given[a.key] = r.at(v)
		a.once(b, r)
	}
}

// finish checks what only the inventory as a whole can tell.
func (b *builder) finish() {
	b.checkEntries()
	if b.incomplete || b.first == nil {
		return
	}
	if !b.named {
		b.diags = append(b.diags, b.first.at(ruleMissingKey, 1, 1, 2, "the inventory has no name",
			`add a line such as "name: emea-core"; it goes into the tags of every order`))
	}
	if errors, _ := b.diags.Counts(); errors == 0 && len(b.inv.Ports) == 0 && !b.listed {
		b.diags = append(b.diags, b.first.whole(ruleNoPorts, "the inventory lists no ports",
			"entries go under \"ports:\", each beginning with \"- name:\""))
	}
}
