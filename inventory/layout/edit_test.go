package layout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/inventory/layout"
)

// value is the value of a top-level key of the first document.
func value(e *layout.Editor, key string) (k, v *yaml.Node) {
	root := e.Nodes[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == key {
			return root.Content[i], root.Content[i+1]
		}
	}
	return nil, nil
}

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		name, before, after string
		edit                func(e *layout.Editor)
	}{
		{"a pair in a block", "sites:\n  a: {id: 1} # one\n# below\nports: []\n", "sites:\n  a: {id: 1} # one\n  b: {id: 2}  # two\n# below\nports: []\n", func(e *layout.Editor) {
			_, v := value(e, "sites")
			e.Add(v, "b: {id: 2}", "two")
		}},
		{"a pair in braces", "sites: {a: {id: 1}, } # c\n", "sites: {a: {id: 1}, b: {id: 2}, } # c\n", func(e *layout.Editor) {
			_, v := value(e, "sites")
			e.Add(v, "b: {id: 2}", "two")
		}},
		{"in empty braces", "ports: []\n", "ports: [{name: a}]\n", func(e *layout.Editor) {
			_, v := value(e, "ports")
			e.Add(v, "{name: a}", "")
		}},
		{"an item, at the end of a file without a line break", "ports:\n- {name: a} # x", "ports:\n- {name: a} # x\n- {name: b}", func(e *layout.Editor) {
			_, v := value(e, "ports")
			e.Add(v, "{name: b}", "")
		}},
		{"an item below comments of the list", "ports:\n  - name: a\n    tags:\n      x: |\n        long\n        text\n  # - name: old\n\n# end\n", "ports:\n  - name: a\n    tags:\n      x: |\n        long\n        text\n  # - name: old\n  - {name: b}  # note\n\n# end\n", func(e *layout.Editor) {
			_, v := value(e, "ports")
			e.Add(v, "{name: b}", "note")
		}},
		{"another value", "name: \"a b\"   # why\r\nsites: {x: Équinix LD5, y: 2}\r\n", "name: c   # why\r\nsites: {x: {id: 90}, y: 2}\r\n", func(e *layout.Editor) {
			_, v := value(e, "name")
			e.Replace(v, "c")
			_, v = value(e, "sites")
			e.Replace(v.Content[1], "{id: 90}")
		}},
		{"where nothing stands", "unmanaged:\nname: n\n", "unmanaged: [x]\nname: n\n", func(e *layout.Editor) {
			_, v := value(e, "unmanaged")
			e.Replace(v, "[x]")
		}},
		{"above a key and its comments", "name: n\n\n# the ports\n# of it\nports: []\n", "name: n\n\nsites:\n  a: {id: 1}\n\n# the ports\n# of it\nports: []\n", func(e *layout.Editor) {
			k, _ := value(e, "ports")
			e.AddAbove(k, "sites:", "  a: {id: 1}", "")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := layout.NewEditor(tt.before)
			if err != nil {
				t.Fatal(err)
			}
			tt.edit(e)
			got, err := e.Text()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.after, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A change that does not fit is refused, not written.
func TestEditThatDoesNotFit(t *testing.T) {
	e, err := layout.NewEditor("a: b # kept\n")
	if err != nil {
		t.Fatal(err)
	}
	_, v := value(e, "a")
	e.Replace(v, `"`)
	if got, err := e.Text(); err == nil {
		t.Errorf("it was written: %s", got)
	}
}
