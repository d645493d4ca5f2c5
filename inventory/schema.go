package inventory

import (
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"
)

// Schema is the JSON Schema (draft 2020-12) of one document of an inventory, as
// indented JSON with a final newline. Editors complete and check by it.
//
// It accepts every document that Parse accepts. What it can not say is what
// takes more than one entry or file, or the catalog of locations, to judge, and
// what YAML has turned into a value already; Parse has the last word.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, Namer: shapeTitle}
	s := r.Reflect(&shapeInventory{})
	s.Title = "portctl inventory"
	s.Description = "The Megaport Ports that a team wants to have."
	s.Type = "object"
	b, err := json.Marshal(s, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

// shapeTitle names a type in the schema.
func shapeTitle(t reflect.Type) string {
	name, _ := strings.CutPrefix(t.Name(), "shape")
	if name == "" {
		return ""
	}
	return strings.ToLower(name[:1]) + name[1:]
}
