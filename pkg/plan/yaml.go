package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
)

// yamlScalar writes a text so that YAML reads it back as that text: as it is where
// it is obviously safe, otherwise in double quotes with the escapes of JSON, which
// YAML shares.
func yamlScalar(s string) string {
	if plainScalar().MatchString(s) && !slices.Contains(yamlWords(), strings.ToLower(s)) {
		return s
	}
	b, err := json.Marshal(s)
	if err != nil { // no valid UTF-8: nothing that an inventory could hold either
		b, _ = json.Marshal(strings.ToValidUTF8(s, "\uFFFD"))
	}
	var out strings.Builder
	for _, r := range string(b) {
		switch {
		case unicode.IsPrint(r):
			out.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&out, `\U%08x`, r)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// plainScalar is a text that begins with a letter and holds nothing that means
// something in YAML.
func plainScalar() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9_./-]|[A-Za-z0-9_./-] [A-Za-z0-9_./-])*$`)
}

// yamlWords are the plain words that some version of YAML reads as no text.
func yamlWords() []string {
	return []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
}
