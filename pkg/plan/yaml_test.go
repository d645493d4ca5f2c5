package plan

import (
	"testing"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// What a hint shows can be pasted: YAML reads it back as the same text.
func FuzzYAMLScalar(f *testing.F) {
	for _, seed := range []string{"lon-1", "LON: primary", "LON #1", "@lon", "- x", "y", "No", "1:30", "0x1f", "null", "~", "a  b", " a", "", "ü", "\u2028", "\u0085", "\U000e0001", "a: ", `"`, "1e3", "=", "<<"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var back map[string]any
		if err := yaml.Unmarshal([]byte("formerly: "+yamlScalar(s)+"\nnext: 1\n"), &back); err != nil {
			t.Fatalf("%q is written %s: %v", s, yamlScalar(s), err)
		}
		if got, ok := back["formerly"].(string); !ok || got != s && utf8.ValidString(s) {
			t.Fatalf("%q is written %s and read as %#v", s, yamlScalar(s), back["formerly"])
		}
	})
}
