package cli

import (
	"github.com/spf13/cobra"

	"github.com/portctl/portctl/inventory"
)

func newSchemaCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the inventory",
		Long: `Print the JSON Schema (draft 2020-12) of an inventory file. With it, an editor
that has a YAML language server completes keys and marks mistakes while you
type. "portctl init" writes it beside the inventory, and the line that tells the
editor; this command renews it.`,
		Example: `  portctl schema > ` + inventory.SchemaFile,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := inventory.Schema()
			if err != nil {
				return err
			}
			_, err = s.Out.Write(text)
			return err
		},
	}
}
