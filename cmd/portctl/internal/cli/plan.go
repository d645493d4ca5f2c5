package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/plan"
)

type planOptions struct {
	*globals
	format string
}

func newPlanCommand(s Streams, g *globals) *cobra.Command {
	o := planOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what apply would buy and what it would cost",
		Long: `Compare the inventory with the account and show what "portctl apply" would buy
and what it would cost. Nothing is bought or changed: plan holds no way to write.

Sites are resolved to Megaport locations, entries are matched with services by
name, and every order is priced by the API's own validation.

Exit codes: 0 the plan can be applied (or there is nothing to do), 3 the
inventory is invalid or an entry is blocked, 1 any other error.`,
		Example: `  portctl plan -f examples/emea-rollout.yaml
  portctl plan -f inventory/ --env staging --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runPlan(cmd.Context(), s, o) },
	}
	cmd.Flags().StringVar(&o.format, "format", "text", "`format` of the plan: text or json")
	return cmd
}

func runPlan(ctx context.Context, s Streams, o planOptions) error {
	if err := oneOf("format", o.format, "text", "json"); err != nil {
		return err
	}
	inv, err := o.load(s)
	if err != nil {
		return err
	}
	session, err := o.open(ctx, s, inv.Environment, false)
	if err != nil {
		return err
	}
	defer session.close()
	draft, err := apply.MakeDraft(ctx, provider.NewReader(session.client), inv.Desired(), apply.DraftOptions{})
	if err != nil {
		return err
	}
	if err := writePlan(s, o.globals, o.format, document(session.target, inv, draft)); err != nil {
		return err
	}
	if n := draft.Plan.Summary.Blocked; n > 0 {
		return exitWith(exitRefused, fmt.Errorf("%s; apply would buy nothing", blockedEntries(n)))
	}
	return nil
}

func blockedEntries(n int) string {
	if n == 1 {
		return "1 entry is blocked"
	}
	return fmt.Sprintf("%d entries are blocked", n)
}

// document puts a draft's plan into its envelope.
func document(t target, inv *inventory.Inventory, d apply.Draft) plan.Document {
	doc := plan.Document{
		FormatVersion: plan.FormatVersion,
		Tool:          "portctl " + Version(),
		CreatedAt:     time.Now().UTC().Truncate(time.Second),
		Environment:   t.Environment,
		BaseURL:       t.Address(),
		Inventory:     plan.InventoryRef{Name: inv.Name, Digest: inv.Desired().Digest()},
		Checksum:      d.Plan.Checksum(t.Environment, inv.Name),
		Plan:          d.Plan,
	}
	if d.Observed.Company != "" {
		doc.Company = &d.Observed.Company
	}
	return doc
}

func writePlan(s Streams, g *globals, format string, doc plan.Document) error {
	if format == "text" {
		return render.PlanText(s.Out, doc, render.Options{Width: s.Width, Color: g.color(s)})
	}
	b, err := doc.Encode()
	if err != nil {
		return err
	}
	_, err = s.Out.Write(b)
	return err
}
