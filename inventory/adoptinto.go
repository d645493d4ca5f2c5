package inventory

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/inventory/layout"
	"github.com/portctl/portctl/pkg/plan"
)

// AdoptInto adds entries for what the account holds and the inventory does not know to one
// of the inventory's files, whose order, comments and style stay. What cannot be an entry
// goes under `unmanaged`. No entry that exists may mean something else afterwards.
//
// A non-nil error is Diagnostics when the files have problems, which must be fixed first.
func AdoptInto(files []File, into string, a Adoption) (File, Adopted, error) {
	at := slices.IndexFunc(files, func(f File) bool { return f.Name == into })
	inv, err := Parse(files...)
	switch {
	case err != nil:
		return File{}, Adopted{}, err
	case at < 0:
		return File{}, Adopted{}, fmt.Errorf("%s is none of the inventory's files", into)
	}
	before := a.Judge(inv.Desired())
	a.Name, a.Holdings = inv.Name, unknown(a.Holdings, before, inv.Unmanaged)
	w := &adopter{Adoption: a, aside: map[plan.ServiceUID]string{}}
	alone, err := Adopt(a) // what can be no entry of any inventory
	if err != nil {
		return File{}, Adopted{}, err
	}
	for _, x := range alone.Aside {
		w.aside[x.Primary().UID] = x.Reason
	}
	for range len(a.Holdings) + 1 {
		changed := slices.Clone(files)
		if changed[at].Content, err = w.insert(files[at]); err != nil {
			return File{}, Adopted{}, err
		}
		settled, err := w.settleInto(changed, before)
		if err != nil || settled {
			out := w.result()
			out.Content = changed[at].Content
			return changed[at], out, err
		}
	}
	return File{}, Adopted{}, errors.New("no entries leave the account as it is")
}

// unknown are the holdings that no entry stands for and that are not under `unmanaged`.
func unknown(all []plan.Holding, p plan.Plan, unmanaged []string) []plan.Holding {
	taken, left := map[plan.ServiceUID]bool{}, map[string]bool{}
	for _, a := range p.Actions {
		if a.Service != nil {
			for _, uid := range a.Service.Members {
				taken[uid] = true
			}
		}
	}
	for _, u := range unmanaged {
		left[plan.FoldName(u)] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(h plan.Holding) bool {
		return slices.ContainsFunc(h.Members, func(s plan.Service) bool {
			return taken[s.UID] || left[plan.FoldName(s.Name)] || left[plan.FoldName(string(s.UID))]
		})
	})
}

// settleInto asks decoder and plan what the entries mean, and sets aside those that would
// change anything.
func (w *adopter) settleInto(files []File, before plan.Plan) (settled bool, err error) {
	inv, err := Parse(files...)
	if err != nil {
		return false, err
	}
	was := map[string]plan.Kind{}
	for _, a := range before.Actions {
		was[plan.FoldName(a.Name)] = a.Kind
	}
	ours := map[string]plan.ServiceUID{}
	for _, h := range w.kept() {
		ours[plan.FoldName(h.Primary().Name)] = h.Primary().UID
	}
	count := len(w.aside)
	for _, a := range w.Judge(inv.Desired()).Actions {
		name := plan.FoldName(a.Name)
		kind, existed := was[name]
		uid, isOurs := ours[name]
		switch {
		case existed && kind != a.Kind:
			return false, fmt.Errorf("with the new entries a plan would %s %q, which it would not now (%s)", a.Kind, a.Name, kind)
		case !existed && isOurs && !w.leavesAlone(a, uid):
			w.aside[uid] = judged(a)
		}
	}
	return len(w.aside) == count, nil
}

// insert adds entries, short names of their sites, and what is set aside.
func (w *adopter) insert(f File) ([]byte, error) {
	if len(w.Holdings) == 0 {
		return f.Content, nil
	}
	e, err := layout.NewEditor(newSource(f).Text)
	if err != nil {
		return nil, err
	}
	if len(e.Nodes) == 0 || e.Nodes[0].Kind != yaml.MappingNode || e.Nodes[0].Style&yaml.FlowStyle != 0 {
		return nil, fmt.Errorf("%s is not written as a block: write its keys on lines of their own", f.Name)
	}
	in := insertion{Editor: e, root: e.Nodes[0]}
	kept := w.kept()
	w.short = in.shortNames(w.Catalog, kept)
	in.addAll("sites", yaml.MappingNode, in.newSites)
	var entries, aside []added
	for _, h := range kept {
		entries = append(entries, added{"{" + strings.Join(w.entry(h), ", ") + "}", aboutHolding(h)})
	}
	for _, h := range w.Holdings {
		if why := w.aside[h.Primary().UID]; why != "" {
			for _, m := range h.Members {
				aside = append(aside, added{string(m.UID), oneLine(quoted(m.Name) + ": " + why)})
			}
		}
	}
	in.addAll("ports", yaml.SequenceNode, entries)
	in.addAll("unmanaged", yaml.SequenceNode, aside)
	in.addKeys()
	text, err := e.Text()
	return []byte(text), err
}

// insertion is what is added to a document.
type insertion struct {
	*layout.Editor
	root     *yamlNode
	newSites []added
	keys     []string // that the document lacks, with their values: they come last
}

// added is a pair or an item and its comment.
type added struct{ text, comment string }

func (in *insertion) value(key string) *yamlNode {
	for i := 0; i+1 < len(in.root.Content); i += 2 {
		if in.root.Content[i].Value == key {
			return in.root.Content[i+1]
		}
	}
	return nil
}

// addAll adds to the value of a key, which is made when it is not there or empty.
func (in *insertion) addAll(key string, kind yaml.Kind, all []added) {
	if len(all) == 0 {
		return
	}
	v := in.value(key)
	if v != nil && follow(v).Kind == kind && len(follow(v).Content) > 0 {
		for _, x := range all {
			in.Add(follow(v), x.text, x.comment)
		}
		return
	}
	dash := ""
	if kind == yaml.SequenceNode {
		dash = "- "
	}
	var lines strings.Builder
	for _, x := range all {
		fmt.Fprintf(&lines, "\n  %s%s  # %s", dash, x.text, x.comment)
	}
	if v != nil {
		in.Replace(v, lines.String())
		return
	}
	in.keys = append(in.keys, key+":"+lines.String())
}

// addKeys adds what the document lacks: short names above the ports, all else at its end.
func (in *insertion) addKeys() {
	for _, text := range in.keys {
		key := in.firstOf("ports", "rollouts")
		if strings.HasPrefix(text, "sites:") && key != nil {
			in.AddAbove(key, append(strings.Split(text, "\n"), "")...)
			continue
		}
		in.Add(in.root, text, "")
	}
}

// firstOf is the first of some keys.
func (in *insertion) firstOf(keys ...string) *yamlNode {
	for i := 0; i < len(in.root.Content); i += 2 {
		if slices.Contains(keys, in.root.Content[i].Value) {
			return in.root.Content[i]
		}
	}
	return nil
}

// shortNames are those that the document has, and new ones for other locations.
func (in *insertion) shortNames(catalog plan.Catalog, kept []plan.Holding) map[plan.LocationID]string {
	known, taken := map[plan.LocationID]string{}, map[string]bool{}
	if sites := in.value("sites"); sites != nil {
		sites = follow(sites)
		for i := 0; i+1 < len(sites.Content); i += 2 {
			name := sites.Content[i].Value
			taken[plan.FoldName(name)] = true
			if id := locationOf(follow(sites.Content[i+1]), catalog); id != 0 && known[id] == "" {
				known[id] = name
			}
		}
	}
	short := shortNames(catalog, kept)
	for _, h := range kept {
		id := h.Primary().Location
		if known[id] != "" {
			continue
		}
		name, comment := short[id], fmt.Sprintf("location %d", id)
		if taken[plan.FoldName(name)] {
			name = fmt.Sprintf("location-%d", id)
		}
		if l, found := catalog.ByID(id); found {
			comment = oneLine(l.Name)
		}
		known[id], taken[plan.FoldName(name)] = name, true
		in.newSites = append(in.newSites, added{fmt.Sprintf("%s: {id: %d}", plan.YAMLScalar(name), id), comment})
	}
	return known
}

// locationOf is the location of a row of `sites`; 0 when it is none.
func locationOf(v *yamlNode, catalog plan.Catalog) plan.LocationID {
	site := plan.Site{Name: v.Value}
	if v.Kind == yaml.MappingNode && len(v.Content) == 2 {
		var id int
		if v.Content[1].Decode(&id) != nil {
			return 0
		}
		site = plan.Site{ID: plan.LocationID(id)}
	}
	match, err := catalog.Resolve(site)
	if err != nil {
		return site.ID
	}
	return match.Location.ID
}
