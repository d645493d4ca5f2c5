package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/pkg/apply/panics"
)

// Main runs one command line and returns its exit code.
func Main(args []string, s Env) int {
	s = guarded(onScreen(s))
	defer flush(s)
	s, ctx, stop := interruptible(s)
	defer stop()
	out := &output{w: s.Out}
	s.Out = out
	cmd, g := commandTree(s)
	cmd.SetArgs(args)
	err := panics.Do(func() error { return cmd.ExecuteContext(ctx) }) // a panic must not exit 2
	err = g.withWayOut(out.account(err))
	reportError(s.Err, err)
	return codeOf(err)
}

// New is the whole command tree.
func New(s Env) *cobra.Command {
	root, _ := commandTree(s)
	return root
}

// commandTree is the command tree with the flags that all commands share.
func commandTree(s Env) (*cobra.Command, *globals) {
	g := &globals{}
	root := &cobra.Command{
		Use:   "portctl",
		Short: "Order Megaport Ports from a reviewed inventory",
		Long: `portctl manages Megaport Ports declaratively from a YAML inventory.

The inventory lists ports by name, site and speed. "portctl plan" compares it with
the account and shows what would be ordered and what it would cost. "portctl apply"
validates every order, asks for confirmation, orders in parallel, waits for
provisioning and downloads the Letters of Authorization (LOA) as PDF.`,
		Example: `  portctl plan -f examples/london.yaml
  portctl apply -f examples/london.yaml
  portctl sites london`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		DisableAutoGenTag: true,
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return withHint(err, fmt.Sprintf("`%s --help` lists the flags", cmd.CommandPath()))
	})
	g.register(root.PersistentFlags())
	root.AddCommand(
		newInitCommand(s, g),
		newImportCommand(s, g),
		newValidateCommand(s, g),
		newFmtCommand(s, g),
		newSchemaCommand(s),
		newPlanCommand(s, g),
		newApplyCommand(s, g),
		newCommentCommand(s, g),
		newCollectCommand(s, g),
		newStatusCommand(s, g),
		newCalendarCommand(s, g),
		newAdviseCommand(s, g),
		newReportCommand(s, g),
		newLOACommand(s, g),
		newHandoverCommand(s, g),
		newExportCommand(s, g),
		newLedgerCommand(s, g),
		newSitesCommand(s, g),
		newSandboxCommand(s, g),
		newVersionCommand(s),
	)
	explain(root, s.Width)
	explainVersion(root, s.Out)
	g.completions(root)
	root.InitDefaultHelpCmd()
	explainHelp(root)
	root.InitDefaultCompletionCmd()
	return root, g
}
