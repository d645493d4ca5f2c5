package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/plan"
)

type adviseOptions struct {
	*globals
	only   []string
	days   int
	term   int
	format string
}

func newAdviseCommand(s Env, g *globals) *cobra.Command {
	o := adviseOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "advise [NAME...]",
		Short: "Compare the prices of longer terms for ports that no contract binds for long",
		Long: `List the ports that are month-to-month, or whose contract has ended or ends within
--days, with what a new port like it costs today for each longer term: the list price of
one port, without its cross connect, as the API prices it for this account. Your own
contract may say otherwise. A saving is what that is less a month than a term of 1 month;
the commitment is the monthly price times the term. Terms that the policy does not allow
are left out. Names and globs select entries.

What follows is a change of the inventory, as a diff that git apply takes, that sets for
each LIVE port the shortest term that saves something, or that of --term. Nothing is
written, ordered or changed: apply signs a longer term, after plan has shown its price.

Exit codes: 0 success, 1 any error, 3 the inventory is invalid.`,
		Example: `  portctl advise
  portctl advise --days 180 --term 24 'lon-*'
  portctl advise --format diff | git apply`,
		ValidArgsFunction: g.entryNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.only = args
			return runAdvise(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.days, "days", 90, "list contracts that end within a `number` of days")
	f.IntVar(&o.term, "term", 0, "propose a contract term of this `number` of months")
	f.StringVar(&o.format, "format", "table", "`format`: table, json, or diff for the change of the inventory alone")
	return cmd
}

func runAdvise(ctx context.Context, s Env, o adviseOptions) error {
	if err := oneOf("format", o.format, "table", "json", "diff"); err != nil {
		return err
	}
	if o.days < 0 {
		return fmt.Errorf("--days must not be negative, not %d", o.days)
	}
	if o.term != 0 && !slices.Contains(plan.Terms(), o.term) {
		return withHint(fmt.Errorf("--term %d is not a term that Megaport sells", o.term), "it is one of 12, 24, 36, 48, 60 months")
	}
	return o.withLedger(ctx, s, func(inv *inventory.Inventory, session *session, b *openLedger) error {
		status, err := o.readStatus(ctx, inv, session, b, look{only: o.only, noLOA: true})
		if err != nil {
			return err
		}
		advice, err := apply.ReadAdvice(ctx, provider.NewReader(session.client), status, o.days, inv.Policy.Terms)
		if err != nil {
			return err
		}
		switch o.format {
		case "json":
			return writeJSON(s.Out, advice)
		case "table":
			if err := render.AdviceText(s.Out, advice, render.Options{Width: s.Width, Color: o.color(s)}); err != nil {
				return err
			}
		}
		return o.showPatch(s, advice)
	})
}

// showPatch writes the change of the inventory that sets the proposed terms, and names
// the entries whose term has to be written by hand.
func (o adviseOptions) showPatch(s Env, advice []apply.Advice) error {
	terms := map[string]int{}
	for _, a := range advice {
		if best, found := a.Best(o.term); found && a.Status == plan.StatusLive {
			terms[a.Name] = best.Term
		}
	}
	if len(terms) == 0 {
		return nil
	}
	files, err := inventory.Read(o.files)
	if err != nil {
		return err
	}
	changed, refused, err := inventory.LongerTerms(files, terms)
	if err != nil {
		return err
	}
	if o.format == "table" && len(changed) > 0 {
		fmt.Fprintln(s.Out)
	}
	for _, f := range changed {
		was := files[slices.IndexFunc(files, func(x inventory.File) bool { return x.Name == f.Name })]
		if o.format == "diff" {
			err = writePatch(s.content(), was, f.Content)
		} else {
			err = o.showDiff(s, was, f.Content)
		}
		if err != nil {
			return err
		}
	}
	told := map[plan.Source]bool{}
	for _, r := range refused {
		if told[r.At] { // another port of the same rollout
			continue
		}
		told[r.At] = true
		fmt.Fprintf(s.Err, "%s: note: %s: %s\n  hint: %s\n", render.Clean(r.At.String()), render.Clean(r.Entry), render.Clean(r.Reason), render.Clean(r.Hint))
	}
	return nil
}
