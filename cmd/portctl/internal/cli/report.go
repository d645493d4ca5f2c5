package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/report"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
)

type reportOptions struct {
	*globals
	only    []string
	results []string
	events  string
	loaDir  string
}

func newReportCommand(s Env, g *globals) *cobra.Command {
	o := reportOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "report [NAME...]",
		Short: "Write an HTML page about a rollout",
		Long: `Write one HTML page about the ports of the inventory to standard output: how far each
one is, what they cost a month as they were ordered, what needs attention, a map, a
timeline, the days on which money moves, and a table to search, with links to the LOAs.
The page is one file that fetches nothing; it prints on A4 paper and follows the reader's
light or dark colours. Links to LOAs are relative: keep the page in the folder from which
portctl was run.

The times of the timeline are those of the ledger, the account and the LOAs, and of the
files named here: --result takes the results of apply (apply --result), --events the
events of one (apply --events). What none of them tells is left out.

"portctl plan --format html" writes such a page about a plan.

Exit codes: 0 success, 1 any error, 3 the inventory is invalid.`,
		Example: `  portctl report -f examples/emea-rollout.yaml > report.html
  portctl report --result result.json --events events.ndjson > report.html`,
		ValidArgsFunction: g.entryNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.only = args
			return runReport(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.results, "result", nil, "`file` with the result of an apply; may repeat")
	f.StringVar(&o.events, "events", "", "`file` with the events of an apply")
	f.StringVar(&o.loaDir, "loa-dir", defaultLOADir, "`folder` of the LOAs")
	return cmd
}

func runReport(ctx context.Context, s Env, o reportOptions) error {
	if err := noPageOnTerminal(s, "portctl report > report.html"); err != nil {
		return err
	}
	runs, err := readResults(o.results)
	if err != nil {
		return err
	}
	events, err := readEvents(o.events)
	if err != nil {
		return err
	}
	return o.withLedger(ctx, s, func(inv *inventory.Inventory, session *session, b *openLedger) error {
		status, err := o.readStatus(ctx, inv, session, b, look{only: o.only, loaDir: o.loaDir, handovers: true})
		if err != nil {
			return err
		}
		return report.Write(s.content(), report.Input{
			Inventory: inv.Name, Environment: session.Environment, BaseURL: session.Address(), Status: status, Runs: runs, Events: events,
		})
	})
}

// noPageOnTerminal keeps a page off a terminal, where nobody can read it.
func noPageOnTerminal(s Env, command string) error {
	if s.OutTerminal {
		return withHint(errors.New("an HTML page is not for a terminal"), "write it to a file: "+command)
	}
	return nil
}

func readResults(files []string) ([]apply.Result, error) {
	var results []apply.Result
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var r apply.Result
		if err := json.Unmarshal(content, &r); err != nil || r.FormatVersion == "" {
			return nil, withHint(fmt.Errorf("%s is no result of apply", file), "apply writes one with --result")
		}
		results = append(results, r)
	}
	return results, nil
}

func readEvents(file string) ([]report.Event, error) {
	if file == "" {
		return nil, nil
	}
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	events, err := report.ReadEvents(in)
	if err != nil {
		return nil, withHint(fmt.Errorf("%s: %w", file, err), "apply writes events with --events FILE")
	}
	return events, nil
}
