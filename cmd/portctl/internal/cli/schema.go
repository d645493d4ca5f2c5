package cli

import (
	"reflect"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"
	"github.com/spf13/cobra"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

func newSchemaCommand(s Env) *cobra.Command {
	var ofPlan, ofResult bool
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the inventory, a plan or a result",
		Long: `Print the JSON Schema (draft 2020-12) of an inventory file. With it, an editor
that has a YAML language server completes keys and marks mistakes while you
type. "portctl init" writes it beside the inventory, and the line that tells the
editor; this command renews it.

With --plan it is the schema of a plan ("portctl plan --format json" or --out),
with --result that of a result ("portctl apply --format json" or --result).
Both have a version: a newer minor one only adds members.`,
		Example: `  portctl schema > ` + inventory.SchemaFile + `
  portctl schema --plan`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := schemaOf(ofPlan, ofResult)
			if err != nil {
				return err
			}
			_, err = s.Out.Write(text)
			return err
		},
	}
	cmd.Flags().BoolVar(&ofPlan, "plan", false, "the schema of a plan")
	cmd.Flags().BoolVar(&ofResult, "result", false, "the schema of a result")
	cmd.MarkFlagsMutuallyExclusive("plan", "result")
	return cmd
}

func schemaOf(ofPlan, ofResult bool) ([]byte, error) {
	switch {
	case ofPlan:
		return documentSchema("portctl plan", "What portctl would do, and what it would cost.", &plan.Document{})
	case ofResult:
		return documentSchema("portctl result", "What portctl did.", &apply.Result{})
	default:
		return inventory.Schema()
	}
}

// documentSchema is the schema of a document that portctl writes. Readers are to
// tolerate members they do not know, so it allows them.
func documentSchema(title, description string, document any) ([]byte, error) {
	r := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, AllowAdditionalProperties: true, Mapper: mapper}
	s := r.Reflect(document)
	s.Title, s.Description = title, description
	b, err := json.Marshal(s, json.Deterministic(true), jsontext.WithIndent("  "))
	return append(b, '\n'), err
}

// mapper tells the forms of what writes itself.
func mapper(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[plan.Amount]():
		return &jsonschema.Schema{Type: "string", Pattern: `^-?[0-9]+\.[0-9]{2,}$`, Description: "An exact sum of money, as a decimal."}
	case reflect.TypeFor[plan.Quantity]():
		return &jsonschema.Schema{Type: "string", Pattern: `^(-?[0-9]+(\.[0-9]{2,})?)?$`, Description: "A sum of money as a decimal, or a number of orders; empty for none."}
	case reflect.TypeFor[plan.Charge]():
		return &jsonschema.Schema{Type: "string", Description: "A currency and an exact sum of money, or in words that it is unknown."}
	case reflect.TypeFor[plan.AddOns]():
		one := &jsonschema.Schema{Type: "object", Description: "The cross connect of each port of the order."}
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{one, {Type: "array", Items: one}}}
	case reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	}
	return nil
}
