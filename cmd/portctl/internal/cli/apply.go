package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/live"
	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/plan"
)

type applyOptions struct {
	*globals
	autoApprove bool
	parallelism int
	wait        time.Duration
	noWait      bool
	loaDir      string
	noLOA       bool
	format      string
	resultFile  string
}

func newApplyCommand(s Streams, g *globals) *cobra.Command {
	o := applyOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Buy what the inventory lists and the account lacks",
		Long: `Buy what the inventory lists and the account lacks, wait until it is provisioned
and save every Letter of Authorization (LOA) as a PDF with a manifest.

Every order is validated by the API before the first one is sent; one refusal
and nothing is bought. Then the plan is shown and "yes" asked for. Orders are
sent in parallel, each exactly once: an order without a usable answer is
reported as unknown and never sent again by itself.

Ctrl-C starts nothing new, finishes the orders in flight and writes the result;
a second Ctrl-C leaves at once.

This version buys on loopback addresses only: in the embedded sandbox or one
started by "portctl sandbox serve".

Exit codes: 0 done or nothing to do, 3 refused and nothing sent, 4 partly done
or interrupted, 5 an order's outcome is unknown, 7 all bought but something is
not ready or a letter is missing, 1 any other error.`,
		Example: `  portctl apply -f examples/london.yaml
  portctl apply -f examples/emea-rollout.yaml --auto-approve --loa-dir letters`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runApply(cmd.Context(), s, o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.autoApprove, "auto-approve", false, "buy without asking")
	f.IntVar(&o.parallelism, "parallelism", 16, "orders, validations and downloads at one time")
	f.DurationVar(&o.wait, "wait", 30*time.Minute, "how `long` to wait for provisioning and letters")
	f.BoolVar(&o.noWait, "no-wait", false, "do not wait for provisioning")
	f.StringVar(&o.loaDir, "loa-dir", "loas", "`folder` for the letters and their manifest")
	f.BoolVar(&o.noLOA, "no-loa", false, "fetch no letters")
	f.StringVar(&o.format, "format", "text", "`format` of the result: text or json")
	f.StringVar(&o.resultFile, "result", "", "write the result as JSON to this `file` too, whatever happens")
	cmd.MarkFlagsMutuallyExclusive("wait", "no-wait")
	return cmd
}

func (o *applyOptions) check() error {
	if o.parallelism < 1 {
		return fmt.Errorf("--parallelism must be at least 1, not %d", o.parallelism)
	}
	if o.wait < 0 {
		return fmt.Errorf("--wait must not be negative: %s", o.wait)
	}
	if o.noWait {
		o.wait = 0
	}
	return oneOf("format", o.format, "text", "json")
}

func runApply(ctx context.Context, s Streams, o applyOptions) error {
	if err := o.check(); err != nil {
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
	if err := session.fence(); err != nil {
		return err
	}
	letters, err := o.letters(session.target)
	if err != nil {
		return exitWith(exitRefused, err)
	}
	account := provider.NewAccount(session.client)
	draft, err := apply.MakeDraft(ctx, account, inv.Desired(), apply.DraftOptions{Parallelism: o.parallelism, PerOrder: true})
	if err != nil {
		return err
	}
	if err := o.gate(s, session.target, inv, draft); err != nil {
		return err
	}
	lines := live.NewLines(s.Err, time.Now)
	result := apply.Run(ctx, draft, apply.Options{
		Account: account, Ledger: ledger.NewVolatile(), LOAs: letters,
		Sink: o.sink(lines), Parallelism: o.parallelism, Wait: o.wait,
	})
	return o.finish(s, session.target, inv, result)
}

// fence keeps this version from buying where it costs money: its ledger does
// not outlive the process yet, so it could not tell tomorrow what it bought
// today.
func (t target) fence() error {
	if t.Embedded() {
		return nil
	}
	for _, address := range []string{t.BaseURL, t.TokenURL} {
		if loopback, err := isLoopback(address); err != nil || !loopback {
			return exitWith(exitRefused, withHint(fmt.Errorf("this version does not buy on %s, only on loopback addresses", address),
				"rehearse with --env sandbox; `portctl plan` works everywhere"))
		}
	}
	return nil
}

func (o *applyOptions) letters(t target) (*loa.Folder, error) {
	if o.noLOA {
		return nil, nil
	}
	return loa.Open(o.loaDir, t.Environment)
}

// gate shows the plan and lets nothing through that is blocked or that nobody
// said yes to.
func (o *applyOptions) gate(s Streams, t target, inv *inventory.Inventory, d apply.Draft) error {
	doc := document(t, inv, d)
	drawing := render.Options{Width: s.Width, Color: o.color(s)}
	if !d.Plan.CanApply() {
		for _, a := range d.Plan.Of(plan.Blocked) {
			fmt.Fprint(s.Err, render.Options{Color: o.colorErr(s)}.Blocked(a))
		}
		return exitWith(exitRefused, fmt.Errorf("%s, so nothing is bought", blockedEntries(d.Plan.Summary.Blocked)))
	}
	if o.format == "text" && !o.quiet && !d.Plan.Empty() {
		if err := render.PlanText(s.Out, doc, drawing); err != nil {
			return err
		}
	}
	if d.Plan.Empty() || o.autoApprove {
		return nil
	}
	return o.confirm(s, d.Plan, drawing)
}

// confirm asks for the word "yes" and takes nothing else for it.
func (o *applyOptions) confirm(s Streams, p plan.Plan, drawing render.Options) error {
	if !s.InTerminal || !s.ErrTerminal {
		return exitWith(exitRefused, withHint(errors.New("nobody is there to confirm the purchase"),
			"review the plan and use --auto-approve, or run apply on a terminal"))
	}
	if o.quiet || o.format != "text" {
		fmt.Fprintln(s.Err, drawing.Headline(p))
		for _, c := range p.Totals.Currencies() {
			fmt.Fprintf(s.Err, "%s %s a month, commitment %s\n", c, p.Totals[c].Monthly.Grouped(), p.Totals[c].Commitment.Grouped())
		}
	}
	fmt.Fprint(s.Err, "\nBuy this? Only yes will do: ")
	answer, _ := bufio.NewReader(s.In).ReadString('\n')
	if strings.TrimSpace(answer) != "yes" {
		return exitWith(exitRefused, errors.New("declined, so nothing is bought"))
	}
	return nil
}

func (o *applyOptions) sink(lines *live.Lines) func(apply.Event) {
	if o.quiet {
		return nil
	}
	return lines.Event
}

// finish writes the result, on success and on failure alike.
func (o *applyOptions) finish(s Streams, t target, inv *inventory.Inventory, r apply.Result) error {
	r.Tool, r.Environment, r.BaseURL = "portctl "+Version(), t.Environment, t.Address()
	r.Inventory = plan.InventoryRef{Name: inv.Name, Digest: inv.Desired().Digest()}
	encoded, err := r.Encode()
	if err == nil && o.resultFile != "" {
		err = os.WriteFile(o.resultFile, encoded, 0o644)
	}
	if o.format == "json" {
		_, _ = s.Out.Write(encoded)
	} else {
		_ = render.ResultText(s.Out, r, render.Options{Width: s.Width, Color: o.color(s)})
	}
	if r.ExitCode != exitDone {
		return exitWith(r.ExitCode, err)
	}
	return err
}
