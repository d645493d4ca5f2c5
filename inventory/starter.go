package inventory

import (
	_ "embed"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// SchemaFile is the name under which the JSON Schema stands beside an inventory
// that a Starter begins.
const SchemaFile = "portctl.schema.json"

// modeline tells editors with a YAML language server where the schema is.
const modeline = "# yaml-language-server: $schema=" + SchemaFile

//go:embed starter.yaml
var starter string

// Starter is a first inventory with everything explained, in the canonical
// style. It is for the sandbox, so that trying it costs nothing.
func Starter(name string) []byte {
	return []byte(strings.Replace(starter, "NAME", plan.YAMLScalar(name), 1))
}
