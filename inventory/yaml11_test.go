package inventory

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The patterns of YAML 1.1's types, from yaml.org/type, each as its own text has
// it; that of float as tools read it, who take 1.2.3 for text.
func typesOfYAML11() map[string]string {
	return map[string]string{
		"bool":         `y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF`,
		"null":         `~|null|Null|NULL`,
		"merge":        `<<`,
		"value":        `=`,
		"binary":       `[-+]?0b[01_]{1,5}`,
		"octal":        `[-+]?0[0-7_]{1,5}`,
		"decimal":      `[-+]?(0|[1-9][0-9_]{0,6})`,
		"hexadecimal":  `[-+]?0x[0-9a-fA-F_]{1,5}`,
		"sexagesimal":  `[-+]?[1-9][0-9_]{0,3}(:[0-5]?[0-9]){1,3}`,
		"float":        `[-+]?[0-9][0-9_]{0,4}\.[0-9_]{0,4}([eE][-+][0-9]{1,2})?`,
		"float point":  `[-+]?\.[0-9][0-9_]{0,4}([eE][-+][0-9]{1,2})?`,
		"float base60": `[-+]?[0-9][0-9_]{0,3}(:[0-5]?[0-9]){1,3}\.[0-9_]{0,3}`,
		"inf":          `[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)`,
		"date":         `[0-9]{4}-[0-9]{2}-[0-9]{2}`,
		"time":         `[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]| {1,2})[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]{0,3})?( ?(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?`,
		"ruby commas":  `[1-9][0-9]{0,2}(,[0-9]{3}){1,2}`,
		"core octal":   `0o[0-7]{1,4}`,
		"core float":   `[-+]?(\.[0-9]{1,3}|[0-9]{1,3}(\.[0-9]{0,3})?)([eE][-+]?[0-9]{1,2})?`,
	}
}

// TestYAML11 proves of every text that YAML 1.1 reads as something else that it
// is refused without quotes, as a value and as a key, and taken with them.
func TestYAML11(t *testing.T) {
	for name, pattern := range typesOfYAML11() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				text := rapid.StringMatching(pattern).Draw(t, "text")
				const head = "version: 1\nname: net\n"
				for form, good := range map[string]bool{
					"ports:\n  - site: LD5\n    speed: 10G\n    term: 12\n    name: " + text + "\n":                        false,
					"ports:\n  - site: LD5\n    speed: 10G\n    term: 12\n    name: \"" + text + "\"\n":                    true,
					"ports: []\nsites:\n  " + text + ": {id: 89}\n":                                                        false,
					"ports: []\nsites:\n  '" + text + "': {id: 89}\n":                                                      true,
					"ports: []\nunmanaged:\n  - lab\n  - " + text + "\n":                                                   false,
					"ports:\n  - {name: a, site: LD5, speed: 10G, term: 12, tags: {a: &x '" + text + "', b: *x}}\n":        true,
					"ports:\n  - name: a\n    site: LD5\n    speed: 10G\n    term: 12\n    tags:\n      a: " + text + "\n": false,
				} {
					if _, err := Parse(file("a.yaml", head+form)); (err == nil) != good {
						t.Fatalf("%v\n%s", err, form)
					}
				}
			})
		})
	}
}

// TestOrdinaryNames proves that no name of the usual kind needs quotes.
func TestOrdinaryNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z]{2}[a-zA-Z]{0,3}([-_. /][0-9a-z]{1,4}){1,3}|[0-9]{1,3}-[a-z]{1,5}|[0-9]{1,3}G-[0-9]{1,3}|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}|[a-z]{1,3}[0-9]{1,3}:[0-9]{2}`).Draw(t, "name")
		if _, err := Parse(file("a.yaml", "version: 1\nname: net\nports:\n  - name: "+name+"\n    site: LD5\n    speed: 10G\n    term: 12\n")); err != nil {
			t.Fatal(err)
		}
	})
}

// traps are the rows of the reference that say what is refused, and what to
// write in its place.
var traps = regexp.MustCompile("(?m)^\\| `([^`]+)`[^|]* \\| [^|]+ \\| `([^`]+)` \\|$")

// TestReferenceTraps keeps the promises of that table.
func TestReferenceTraps(t *testing.T) {
	page, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| Written | Problem | Write |")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := traps.FindAllStringSubmatch(table, -1)
	if len(rows) < 12 || len(rows) != strings.Count(table, "\n| ")-1 {
		t.Fatalf("%d rows were found in\n%s", len(rows), table)
	}
	for _, row := range rows {
		for i, line := range row[1:] {
			text := "version: 1\nname: net\nports:\n  - " + line + "\n"
			if strings.Contains(line, "{site}") {
				text = "version: 1\nname: net\nrollouts:\n  - " + line + "\n    sites: [LD5]\n"
			}
			for key, value := range map[string]string{"name": "a", "site": "LD5", "speed": "10G", "term": "12"} {
				if !strings.HasPrefix(line, key+":") && !(key == "site" && strings.Contains(line, "{site}")) {
					text += "    " + key + ": " + value + "\n"
				}
			}
			if _, err := Parse(file("a.yaml", text)); (err == nil) != (i == 1) {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}
