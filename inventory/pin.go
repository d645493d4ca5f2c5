package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/inventory/layout"
	"github.com/portctl/portctl/pkg/plan"
)

// Unpinned are the sites of an inventory that are given by name, each once, in the order
// of the file.
func (inv *Inventory) Unpinned() []plan.Site {
	var sites []plan.Site
	seen := map[string]bool{}
	for _, p := range inv.Ports {
		if name := plan.FoldSite(p.Site.Name); p.Site.ID == 0 && name != "" && !seen[name] {
			seen[name] = true
			sites = append(sites, p.Site)
		}
	}
	return sites
}

// Pin writes the ids of locations for the names by which the ports of an inventory give
// their sites, as short names under `sites:` where the name is used. It gives the files
// that change; order, style and comments stay. Names for which there is no location stay.
//
// A non-nil error is Diagnostics when the files have problems, which must be fixed first.
func Pin(files []File, locations map[string]plan.Location) ([]File, error) {
	before, err := Parse(files...)
	if err != nil {
		return nil, err
	}
	changed := slices.Clone(files)
	var out []File
	for i, f := range files {
		content, err := pinFile(f, before.Ports, locations)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if changed[i].Content = content; !bytes.Equal(content, f.Content) {
			out = append(out, changed[i])
		}
	}
	after, err := Parse(changed...)
	if err != nil {
		return nil, fmt.Errorf("with ids the inventory would be refused: %w", err)
	}
	if !reflect.DeepEqual(pinned(before.Ports, locations), pinned(after.Ports, locations)) {
		return nil, errors.New("ids cannot be written without changing something else")
	}
	return out, nil
}

// pinned are ports with their sites as they are once the names have their ids, and without
// their lines.
func pinned(ports []plan.Port, locations map[string]plan.Location) []plan.Port {
	out := slices.Clone(ports)
	for i := range out {
		p := &out[i]
		p.Source, p.Fields = plan.Source{}, nil
		if l, known := locations[p.Site.Name]; known && p.Site.ID == 0 {
			p.Site.ID = l.ID
		}
		if p.Site.ID != 0 {
			p.Site.Name = ""
		}
	}
	return out
}

// pinFile writes the ids into one file.
func pinFile(f File, ports []plan.Port, locations map[string]plan.Location) ([]byte, error) {
	src := newSource(f)
	e, err := layout.NewEditor(src.Text)
	if err != nil {
		return nil, err
	}
	for i, root := range e.Nodes {
		end := len(src.Starts()) + 1
		if i+1 < len(e.Nodes) {
			end = e.Nodes[i+1].Line
		}
		pinDocument(e, root, locations, namesIn(ports, f.Name, root.Line, end))
	}
	text, err := e.Text()
	if err != nil || text == src.Text {
		return f.Content, err
	}
	return []byte(text), nil
}

// namesIn are the names of sites in the lines of a document that are no short names, in
// their order.
func namesIn(ports []plan.Port, file string, from, end int) []string {
	var names []string
	for _, p := range ports {
		at := p.At("site")
		if p.Site.ID == 0 && p.Site.Name == p.Site.Written && at.File == file && at.Line >= from && at.Line < end && !slices.Contains(names, p.Site.Name) {
			names = append(names, p.Site.Name)
		}
	}
	return names
}

func pinDocument(e *layout.Editor, root *yamlNode, locations map[string]plan.Location, names []string) {
	if root.Kind != yaml.MappingNode {
		return
	}
	var sites, first *yamlNode // the short names, and the key above which they would be written
	for i := 0; i+1 < len(root.Content); i += 2 {
		switch key := root.Content[i]; key.Value {
		case "sites":
			sites = follow(root.Content[i+1])
		case "ports", "rollouts":
			if first == nil {
				first = key
			}
		}
	}
	if sites != nil {
		pinShortNames(e, sites, locations)
	}
	var lines []string
	for _, name := range names {
		l, known := locations[name]
		if !known {
			continue
		}
		pair, comment := fmt.Sprintf("%s: {id: %d}", plan.YAMLScalar(name), l.ID), commentOf(l, name)
		if sites != nil && sites.Kind == yaml.MappingNode {
			e.Add(sites, pair, comment)
			continue
		}
		if comment != "" {
			pair += "  # " + comment
		}
		lines = append(lines, "  "+pair)
	}
	if len(lines) > 0 && first != nil {
		e.AddAbove(first, slices.Concat([]string{"sites:"}, lines, []string{""})...)
	}
}

// pinShortNames replaces the names that short names stand for.
func pinShortNames(e *layout.Editor, sites *yamlNode, locations map[string]plan.Location) {
	for i := 1; i < len(sites.Content); i += 2 {
		if v := sites.Content[i]; v.Kind == yaml.ScalarNode {
			if l, known := locations[v.Value]; known {
				e.Replace(v, fmt.Sprintf("{id: %d}", l.ID))
			}
		}
	}
}

// commentOf is the location's name, if what is written does not tell it. It comes from
// elsewhere: nothing in it may end the line.
func commentOf(l plan.Location, written string) string {
	if plan.FoldSite(written) == plan.FoldSite(l.Name) {
		return ""
	}
	return printable(strings.Join(strings.Fields(l.Name), " "))
}
