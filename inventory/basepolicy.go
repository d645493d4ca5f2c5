package inventory

import (
	"errors"
	"io/fs"
	"os"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/pkg/plan"
)

// LoadPolicy reads the policy of files and directories, as Load would, and leaves alone
// what else is wrong with them: limits hold also when an entry beside them is broken. It
// says whether there is anything at the paths. A non-nil error is Diagnostics.
func LoadPolicy(paths []string) (policy plan.Policy, found bool, err error) {
	for _, path := range paths {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return plan.Policy{}, false, nil
		}
	}
	files, err := Read(paths)
	if err != nil {
		return plan.Policy{}, true, err
	}
	policy, err = ParsePolicy(files...)
	return policy, true, err
}

// ParsePolicy reads the policy of files in memory.
func ParsePolicy(files ...File) (plan.Policy, error) {
	inv, err := Parse(files...)
	if err == nil {
		return inv.Policy, nil
	}
	// Some part is broken, perhaps another one.
	var limiting []File
	for _, f := range files {
		reduced, err := onlyPolicy(f)
		if err != nil {
			return plan.Policy{}, err
		}
		limiting = append(limiting, reduced)
	}
	inv, err = Parse(limiting...)
	if err != nil {
		return plan.Policy{}, err
	}
	return inv.Policy, nil
}

// onlyPolicy is a file with nothing but its policy and the short names of sites that
// may stand in it.
func onlyPolicy(f File) (File, error) {
	src := newSource(f)
	nodes, problem := src.read(f.Content)
	if problem != nil {
		return File{}, Diagnostics{*problem}
	}
	var documents []byte
	for _, n := range nodes {
		var top yaml.Node
		top.Kind, top.Tag = yaml.MappingNode, "!!map"
		top.Content = append(top.Content, scalar("version"), scalar("1"), scalar("ports"), &yaml.Node{Kind: yaml.SequenceNode})
		for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
			if key := n.Content[i].Value; key == "policy" || key == "sites" || key == "name" {
				top.Content = append(top.Content, n.Content[i], n.Content[i+1])
			}
		}
		text, err := yaml.Marshal(&top)
		if err != nil {
			return File{}, Diagnostics{src.whole(ruleSyntax, "the policy cannot be read by itself: "+err.Error(), "repair the file")}
		}
		documents = append(append(documents, "---\n"...), text...)
	}
	return File{Name: f.Name, Content: documents}, nil
}

func scalar(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }
