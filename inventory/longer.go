package inventory

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/inventory/layout"
	"github.com/portctl/portctl/pkg/plan"
)

// LongerTerms writes contract terms, in months, into the entries of these names, each into
// the entry itself: a term from defaults is none that an existing service gets. A term that
// an entry names already is never made shorter. Order, style and comments of the files
// stay, and nothing else changes its meaning. It gives the files that change, and the
// entries whose term has to be written by hand.
//
// A non-nil error is Diagnostics when the files have problems, which must be fixed first.
func LongerTerms(files []File, terms map[string]int) ([]File, []Refusal, error) {
	inv, err := Parse(files...)
	if err != nil {
		return nil, nil, err
	}
	byName := make(map[string]int, len(terms))
	for name, months := range terms {
		byName[plan.FoldName(name)] = months
	}
	expected := slices.Clone(inv.Ports)
	var changed []File
	var refused []Refusal
	for _, f := range files {
		e, err := layout.NewEditor(newSource(f).Text)
		if err != nil {
			return nil, nil, err
		}
		documents, touched := make([]entries, len(e.Nodes)), false
		for i, root := range e.Nodes {
			documents[i] = entriesOf(f.Name, e, root)
		}
		for i, p := range inv.Ports {
			months, wanted := byName[plan.FoldName(p.Name)]
			if !wanted || p.Absent || p.Source.File != f.Name || p.TermDeclared && p.Term >= months {
				continue // an entry that names as long a term already asks for it
			}
			if why := writeTerm(documents, p, months); why != "" {
				refused = append(refused, Refusal{Entry: p.Name, At: p.At("term"), Reason: why, Hint: fmt.Sprintf("write `term: %d` there by hand", months)})
				continue
			}
			expected[i].Term, expected[i].TermDeclared, touched = months, true, true
		}
		if !touched { // byte for byte, whatever its line ends are
			continue
		}
		text, err := e.Text()
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		changed = append(changed, File{Name: f.Name, Content: []byte(text)})
	}
	return changed, refused, sameBut(files, changed, inv, expected)
}

// sameBut checks that changed files mean what they did, with other ports.
func sameBut(files, changed []File, inv *Inventory, ports []plan.Port) error {
	after := slices.Clone(files)
	for i, f := range after {
		if n := slices.IndexFunc(changed, func(c File) bool { return c.Name == f.Name }); n >= 0 {
			after[i] = changed[n]
		}
	}
	read, err := Parse(after...)
	if err != nil {
		return fmt.Errorf("with the longer terms the inventory would be refused: %w", err)
	}
	if !means(read, inv, ports) {
		return errors.New("the longer terms cannot be written without changing something else")
	}
	return nil
}

// writeTerm writes the term of one entry, or says why it cannot.
func writeTerm(documents []entries, p plan.Port, months int) string {
	for _, d := range documents {
		entry := d.at[[2]int{p.Source.Line, p.Source.Column}]
		if entry == nil {
			continue
		}
		switch n := valueOf(entry, "term"); {
		case entry.Kind != yaml.MappingNode || entry.Anchor != "" || valueOf(entry, "<<") != nil:
			return "the entry has an anchor or comes from one"
		case n == nil:
			d.editor.Add(entry, "term: "+strconv.Itoa(months), "")
		case n.Kind != yaml.ScalarNode || n.Anchor != "":
			return "the term has an anchor or comes from one"
		default:
			d.editor.Replace(n, strconv.Itoa(months))
		}
		return ""
	}
	return "the port comes from a rollout, whose term is that of all its ports"
}
