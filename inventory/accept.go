package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/inventory/layout"
	"github.com/portctl/portctl/pkg/plan"
)

// Acceptance says for which entries the account's values are taken over.
type Acceptance struct {
	// Wanted are names or globs of entries, as in plan.Selection.
	Wanted []string
	// Observed is the account.
	Observed plan.Observed
	// Judge is what a plan makes of an inventory.
	Judge func(plan.Desired) plan.Plan
}

// Accepted is what became of an Acceptance.
type Accepted struct {
	// Files are those that change, with their new content.
	Files []File
	// Values is how many values are taken over.
	Values int
	// Refused are the differences that stay.
	Refused []Refusal
}

// Refusal is a difference between an entry and its service that stays.
type Refusal struct {
	// Entry is the name of the entry.
	Entry string
	// At is where the value stands, or the entry.
	At plan.Source
	// Reason is why it stays, Hint what to do; Hint may be empty.
	Reason, Hint string
}

// Accept takes over what the account says of services that a plan would update, or that
// look renamed: name (with the UID), costCentre, marketplaceVisibility, locked and declared
// tags. Order, style and comments of the files stay. Only the entry's own values change;
// what a plan would do about other entries stays what it is.
//
// A non-nil error is Diagnostics when the files have problems, which must be fixed first.
func Accept(files []File, a Acceptance) (Accepted, error) {
	var out Accepted
	current := slices.Clone(files)
	for wanted := a.Wanted; len(wanted) > 0; {
		// What else differs of a renamed service shows once its entry is bound to it.
		w := &accepter{Acceptance: a, files: current, aside: map[string]string{}}
		w.Wanted = wanted
		changed, err := w.accept()
		if err != nil {
			return Accepted{}, err
		}
		current, wanted = changed, w.renamed
		out.Values += w.values
		out.Refused = append(out.Refused, w.refused...)
	}
	for i, f := range current {
		if !bytes.Equal(f.Content, files[i].Content) {
			out.Files = append(out.Files, f)
		}
	}
	return out, nil
}

// accepter takes values over, again and again until a plan finds nothing wrong with them.
type accepter struct {
	Acceptance
	files []File
	inv   *Inventory
	plan  plan.Plan
	aside map[string]string // why an entry is left as it is, by its name

	documents []entries
	services  map[plan.ServiceUID]plan.Service
	ports     map[string]int // those of entries that are not absent, by folded name
	targets   map[plan.ServiceUID]int
	expected  []plan.Port
	taken     map[string]string // the new names of changed entries, by their folded names
	renamed   []string
	touched   map[string]bool // files
	refused   []Refusal
	values    int
}

// entries are the entries of a document, by line and column.
type entries struct {
	file     string
	editor   *layout.Editor
	defaults *yamlNode
	at       map[[2]int]*yamlNode
}

func (w *accepter) accept() ([]File, error) {
	var err error
	if w.inv, err = Parse(w.files...); err != nil {
		return nil, err
	}
	w.plan = w.Judge(w.inv.Desired())
	chosen, err := w.plan.Select(plan.Selection{Only: w.Wanted})
	if err != nil {
		return nil, err
	}
	w.index()
	for range len(chosen.Actions) + 1 { // each round sets an entry aside
		changed, err := w.round(chosen)
		if err != nil {
			return nil, err
		}
		before := len(w.aside)
		if err := w.judge(changed); err != nil {
			return nil, err
		}
		if len(w.aside) == before {
			return changed, nil
		}
	}
	return nil, errors.New("no value can be taken over without changing something else")
}

func (w *accepter) index() {
	w.services = make(map[plan.ServiceUID]plan.Service, len(w.Observed.Services))
	for _, s := range w.Observed.Services {
		w.services[s.UID] = s
	}
	w.ports = make(map[string]int, len(w.inv.Ports))
	for i, p := range w.inv.Ports {
		if !p.Absent {
			w.ports[plan.FoldName(p.Name)] = i
		}
	}
	w.targets = map[plan.ServiceUID]int{}
	for _, a := range w.plan.Actions {
		if a.Reason.Renamed != "" {
			w.targets[a.Reason.Renamed]++
		}
	}
}

// round makes all changes of entries that are not set aside.
func (w *accepter) round(chosen plan.Plan) ([]File, error) {
	w.expected, w.taken, w.renamed, w.refused, w.values = slices.Clone(w.inv.Ports), map[string]string{}, nil, nil, 0
	w.documents, w.touched = nil, map[string]bool{}
	editors := make([]*layout.Editor, len(w.files))
	for i, f := range w.files {
		e, err := layout.NewEditor(newSource(f).Text)
		if err != nil {
			return nil, err
		}
		editors[i] = e
		for _, root := range e.Nodes {
			w.documents = append(w.documents, entriesOf(f.Name, e, root))
		}
	}
	for _, a := range chosen.Actions {
		if i, known := w.ports[plan.FoldName(a.Name)]; known && !a.Wanted.Absent {
			w.take(a, i)
		}
	}
	changed := slices.Clone(w.files)
	for i, f := range w.files {
		if !w.touched[f.Name] { // byte for byte, whatever its line ends are
			continue
		}
		text, err := editors[i].Text()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		changed[i].Content = []byte(text)
	}
	return changed, nil
}

func entriesOf(file string, e *layout.Editor, root *yamlNode) entries {
	d := entries{file: file, editor: e, at: map[[2]int]*yamlNode{}}
	if ports := valueOf(root, "ports"); ports != nil {
		for _, n := range follow(ports).Content {
			d.at[[2]int{n.Line, n.Column}] = n
		}
	}
	d.defaults = valueOf(root, "defaults")
	return d
}

// valueOf is the value of a key that is written in the mapping itself.
func valueOf(n *yamlNode, key string) *yamlNode {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// take takes over what a plan would change of one entry.
func (w *accepter) take(a plan.Action, i int) {
	p := w.inv.Ports[i]
	if why := w.aside[p.Name]; why != "" {
		w.refuse(p, p.Source, why, "")
		return
	}
	switch {
	case a.Kind == plan.Update:
		for _, c := range a.Changes {
			w.change(a, i, c)
		}
	case a.Kind == plan.Blocked && a.Reason.Renamed != "":
		w.rename(i, w.services[a.Reason.Renamed])
	case a.Kind == plan.Blocked && a.Reason.Code == plan.ReasonLooksRenamed:
		w.refuse(p, a.Reason.Source, "several services could be this one renamed", "bind the entry to one of them with `uid`")
	case a.Kind == plan.Blocked:
		w.refuse(p, a.Reason.Source, a.Reason.Text, a.Reason.Hint)
	case a.Kind == plan.Buy && slices.ContainsFunc(w.Wanted, func(name string) bool { return plan.FoldName(name) == plan.FoldName(p.Name) }):
		w.refuse(p, p.Source, "no service is known as this entry's, and a plan would buy it", "if a service was renamed before the first apply, bind the entry to it with `uid`")
	}
}

func (w *accepter) refuse(p plan.Port, at plan.Source, reason, hint string) {
	w.refused = append(w.refused, Refusal{Entry: p.Name, At: at, Reason: reason, Hint: hint})
}

// change takes one value over.
func (w *accepter) change(a plan.Action, i int, c plan.Change) {
	p := w.inv.Ports[i]
	key, tag, isTag := strings.Cut(c.Field, ".")
	switch {
	case isTag && tag == plan.TagInventory: // says whose the service is; an apply writes it
	case c.UID != "":
		w.refuse(p, p.At(key), fmt.Sprintf("the members of the LAG differ in %s (%s has %s)", c.Field, c.UID, quoted(c.From)), "make them alike in the Megaport portal, or let apply do it")
	case isTag:
		w.acceptTag(i, a.Service.UID, tag)
	case key == "name" && p.Formerly != "":
		w.refuse(p, p.At("formerly"), "the entry asks for this rename", "take `formerly` out to keep the name of the service")
	case key == "name":
		w.rename(i, w.services[a.Service.UID])
	case !slices.Contains(DeclarableKeys(), key):
		w.refuse(p, p.At(key), fmt.Sprintf("%s is never taken over from the account (%s there, %s here)", key, c.From, c.To), "")
	default:
		w.write(i, key, c.From)
	}
}

// write writes a value of an entry.
func (w *accepter) write(i int, key, value string) {
	p := w.inv.Ports[i]
	text := value
	if key == "costCentre" {
		text = plan.YAMLScalar(value)
	}
	read, why := asRead(key + ": " + text)
	if why != "" {
		w.refuse(p, p.At(key), "the value of the account cannot be written: "+why, "")
		return
	}
	d, n := w.own(p, key)
	if n == nil {
		return
	}
	d.editor.Replace(n, text)
	switch e := &w.expected[i]; key {
	case "costCentre":
		e.CostCentre = read.CostCentre
	case "marketplaceVisibility":
		e.MarketplaceVisibility = read.MarketplaceVisibility
	case "locked":
		e.Locked = read.Locked
	}
	w.done(p, p.Name)
}

func (w *accepter) done(p plan.Port, name string) {
	w.values++
	w.touched[p.Source.File] = true
	if folded := plan.FoldName(p.Name); w.taken[folded] == "" || name != p.Name {
		w.taken[folded] = name
	}
}

func (w *accepter) acceptTag(i int, uid plan.ServiceUID, tag string) {
	p := w.inv.Ports[i]
	have, there := w.Observed.Tags[uid][tag]
	if !there {
		w.refuse(p, p.At("tags"), fmt.Sprintf("the service has no tag %s", quoted(tag)), "delete it here, or let apply write it")
		return
	}
	read, why := asRead("tags: {" + plan.YAMLScalar(tag) + ": " + plan.YAMLScalar(have) + "}")
	if why != "" {
		w.refuse(p, p.At("tags"), "the value of the account cannot be written: "+why, "")
		return
	}
	d, tags := w.ownOf(p, "tags")
	n := valueOf(tags, tag)
	if tags != nil && n == nil && d.defaults != nil {
		w.fromElsewhere(p, d.place(valueOf(valueOf(d.defaults, "tags"), tag), p.At("tags")), "tag "+quoted(tag), "defaults")
		return
	}
	if n = w.scalar(p, "tags", n); n == nil {
		return
	}
	d.editor.Replace(n, plan.YAMLScalar(have))
	w.expected[i].Tags = maps.Clone(w.expected[i].Tags)
	w.expected[i].Tags[tag] = read.Tags[tag]
	w.done(p, p.Name)
}

func (d entries) place(n *yamlNode, otherwise plan.Source) plan.Source {
	if n == nil {
		return otherwise
	}
	return plan.Source{File: d.file, Line: n.Line, Column: n.Column}
}

// rename gives an entry the name of its service, and its UID where the name does not find
// it.
func (w *accepter) rename(i int, s plan.Service) {
	p := w.inv.Ports[i]
	other, taken := w.ports[plan.FoldName(s.Name)]
	read, why := asRead("name: " + plan.YAMLScalar(s.Name))
	switch {
	case p.Formerly != "":
		w.refuse(p, p.At("formerly"), "the entry asks for a rename itself", "take `formerly` out first")
		return
	case w.targets[s.UID] > 1:
		w.refuse(p, p.Source, fmt.Sprintf("service %s could be several entries renamed", s.UID), "bind one of them to it with `uid`")
		return
	case why != "":
		w.refuse(p, p.At("name"), "the name of the service cannot be an entry's: "+why, "rename the service in the Megaport portal")
		return
	case taken && other != i:
		w.refuse(p, p.At("name"), fmt.Sprintf("the service is called %s now, which is the name of the entry at %s", quoted(s.Name), w.inv.Ports[other].Source), "rename one of the two services in the Megaport portal")
		return
	}
	d, n := w.own(p, "name")
	if n == nil {
		return
	}
	d.editor.Replace(n, plan.YAMLScalar(s.Name))
	e := &w.expected[i]
	if e.Name = read.Name; p.UID == "" && plan.FoldName(p.Name) != plan.FoldName(s.Name) {
		d.editor.Add(d.at[[2]int{p.Source.Line, p.Source.Column}], "uid: "+string(s.UID), "")
		e.UID = s.UID
		w.renamed = append(w.renamed, s.Name)
	}
	w.done(p, s.Name)
}

// own is the scalar that an entry itself has for a key. It refuses the value and gives nil
// when it comes from elsewhere.
func (w *accepter) own(p plan.Port, key string) (entries, *yamlNode) {
	d, n := w.ownOf(p, key)
	return d, w.scalar(p, key, n)
}

// scalar is a value if it is written where it is used, and only there.
func (w *accepter) scalar(p plan.Port, key string, n *yamlNode) *yamlNode {
	switch {
	case n == nil:
		return nil
	case n.Kind != yaml.ScalarNode || n.Anchor != "":
		w.fromElsewhere(p, p.At(key), key, "an anchor")
		return nil
	}
	return n
}

func (w *accepter) ownOf(p plan.Port, key string) (entries, *yamlNode) {
	for _, d := range w.documents {
		entry := d.at[[2]int{p.Source.Line, p.Source.Column}]
		if d.file != p.Source.File || entry == nil {
			continue
		}
		n := valueOf(entry, key)
		switch {
		case entry.Kind != yaml.MappingNode || entry.Anchor != "" || n == nil && valueOf(entry, "<<") != nil:
			w.fromElsewhere(p, p.At(key), key, "an anchor")
			return d, nil
		case n == nil:
			w.fromElsewhere(p, p.At(key), key, "defaults")
		}
		return d, n
	}
	w.fromElsewhere(p, p.At(key), key, "a rollout")
	return entries{}, nil
}

func (w *accepter) fromElsewhere(p plan.Port, at plan.Source, what, source string) {
	hint := "change it there for all entries, or declare it in the entry itself"
	if source == "a rollout" {
		hint = "change the rollout, or write the port as an entry of its own"
	}
	w.refuse(p, at, fmt.Sprintf("%s comes from %s", what, source), hint)
}

// asRead is how the language reads a pair of an entry, or why it refuses it.
func asRead(pair string) (plan.Port, string) {
	name := "name: entry, "
	if strings.HasPrefix(pair, "name: ") {
		name = ""
	}
	inv, err := Parse(File{Name: "value", Content: []byte("version: 1\nname: value\nports:\n  - {" + name + pair + ", site: {id: 1}, speed: 10G, term: 12}\n")})
	var problems Diagnostics
	if errors.As(err, &problems) {
		return plan.Port{}, problems[0].Message
	}
	return inv.Ports[0], ""
}

// judge compares what the files mean now with what they should, and sets aside the entries
// that a plan would block or buy then.
func (w *accepter) judge(changed []File) error {
	after, err := Parse(changed...)
	if err != nil {
		return fmt.Errorf("with the account's values the inventory would be refused: %w", err)
	}
	if !means(after, w.inv, w.expected) {
		return errors.New("the account's values cannot be written without changing something else")
	}
	was := map[string]plan.Kind{}
	for _, a := range w.plan.Actions {
		was[actionKey(a.Name, a.Wanted.Absent)] = a.Kind
	}
	before := map[string]string{} // names of changed entries, by their new ones
	for _, p := range w.inv.Ports {
		if name := w.taken[plan.FoldName(p.Name)]; name != "" && !p.Absent {
			before[plan.FoldName(name)] = p.Name
		}
	}
	var spoilt error
	count := len(w.aside)
	for _, a := range w.Judge(after.Desired()).Actions {
		name, changed := before[plan.FoldName(a.Name)]
		switch kind := was[actionKey(a.Name, a.Wanted.Absent)]; {
		case changed && !a.Wanted.Absent:
			if a.Kind != plan.Unchanged && a.Kind != plan.Update {
				w.aside[name] = "with the account's values the entry would not stand for the service: " + a.Reason.Text
			}
		case a.Kind != kind:
			spoilt = fmt.Errorf("with the account's values a plan would not leave %q as it is now (%s, then %s)", a.Name, kind, a.Kind)
		}
	}
	if len(w.aside) > count {
		return nil
	}
	return spoilt
}

func actionKey(name string, absent bool) string {
	return fmt.Sprint(absent, " ", plan.FoldName(name))
}

// means says that an inventory means what another one does, but for its ports, which are
// to be these.
func means(read, inv *Inventory, ports []plan.Port) bool {
	return reflect.DeepEqual(withoutPlaces(ports), withoutPlaces(read.Ports)) && reflect.DeepEqual(withoutPorts(inv), withoutPorts(read))
}

// withoutPlaces are ports without the lines on which they stand.
func withoutPlaces(ports []plan.Port) []plan.Port {
	out := slices.Clone(ports)
	for i := range out {
		out[i].Source, out[i].Fields = plan.Source{}, nil
	}
	return out
}

// withoutPorts is all that an inventory says besides its ports.
func withoutPorts(inv *Inventory) Inventory {
	out := *inv
	out.Ports, out.Warnings = nil, nil
	return out
}
