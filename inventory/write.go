package inventory

import (
	_ "embed"
	"errors"
	"strings"

	"github.com/portctl/portctl/inventory/layout"
	"github.com/portctl/portctl/pkg/plan"
)

// Format gives a file in the canonical style, which is its own canonical style:
//
//   - two spaces of indentation, lists indented below their key, one space after
//     "key:", "-" and the commas and colons of {...} and [...];
//   - comments stay with the line they stand at or above; those at the ends of
//     neighbouring lines are aligned;
//   - one empty line at most between two lines, none at the ends of the file;
//   - text keeps its quotes, which are double unless the text holds a quote or a
//     backslash, and stands on one line;
//   - LF line endings, no byte order mark, "---" only between documents.
//
// The order of keys and entries, anchors, aliases and the choice between the
// block style and the braces are the author's. Parse gives the same for both.
//
// A non-nil error is Diagnostics when the file by itself has problems, which
// must be fixed first, except that the inventory's name may stand in another
// file.
func Format(f File) ([]byte, error) { return attributes.format(f) }

func (l language) format(f File) ([]byte, error) {
	b := l.newBuilder()
	b.file(f)
	b.checkEntries()
	if diags := b.diags.settle(); hasErrors(diags) {
		return nil, diags
	}
	src := newSource(f)
	text, err := layout.Format(strings.ReplaceAll(src.Text, "\r\n", "\n"))
	var directive *layout.DirectiveError
	if errors.As(err, &directive) {
		return nil, Diagnostics{src.at(ruleSyntax, directive.Line, 1, src.Line(directive.Line).Length()+1,
			"a file with a YAML directive is not formatted", "delete the line: it is not needed")}
	}
	return []byte(text), err
}

func hasErrors(ds Diagnostics) bool {
	count, _ := ds.Counts()
	return count > 0
}

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
