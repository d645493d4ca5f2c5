package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/plan"
)

func newLedgerCommand(s Streams, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Look at orders in doubt and settle them",
		Long: `The ledger holds the claims of orders: what was about to be bought, and what is
known of it. A claim stays open until the account shows the services, or a
person says what became of the order. An open claim whose outcome is unknown
holds back its entry, so that nothing is bought twice.`,
		Example: "  portctl ledger list\n  portctl ledger resolve lon-core-1 --not-created\n  portctl ledger unlock RUN",
	}
	cmd.AddCommand(newLedgerListCommand(s, g), newLedgerResolveCommand(s, g), newLedgerUnlockCommand(s, g), newLedgerMoveCommand(s, g))
	return cmd
}

// withLedger opens inventory, API and ledger for a command.
func (g *globals) withLedger(ctx context.Context, s Streams, do func(*inventory.Inventory, *session, *book) error) error {
	inv, err := g.load(s)
	if err != nil {
		return err
	}
	session, err := g.open(ctx, s, inv.Environment, false)
	if err != nil {
		return err
	}
	defer session.close()
	book, err := g.openNamedLedger(ctx, session.target, inv)
	if err != nil {
		return err
	}
	defer book.store.Close()
	return do(inv, session, book)
}

func newLedgerListCommand(s Streams, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the open claims",
		Long: `List the claims that are not closed: name, state, age, who made them, and what
is known. Nothing is looked up and nothing is changed.

claimed and unknown mean that the order may or may not have been carried out;
bought that the account does not list its services yet; approval that it waits
for an approval within the company.`,
		Example: "  portctl ledger list -f examples/emea-rollout.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withLedger(cmd.Context(), s, func(_ *inventory.Inventory, _ *session, b *book) error {
				snapshot, err := b.Snapshot(cmd.Context())
				if err != nil {
					return err
				}
				return render.ClaimsText(s.Out, snapshot.Open, time.Now(), render.Options{Width: s.Width, Color: g.color(s)})
			})
		},
	}
}

type resolveOptions struct {
	*globals
	names      []string
	uids       []string
	notCreated bool
	all        bool
	horizon    time.Duration
}

func newLedgerResolveCommand(s Streams, g *globals) *cobra.Command {
	o := resolveOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "resolve [NAME...]",
		Short: "Say what became of an order in doubt",
		Long: `Settle claims that nobody but a person can settle. The account is looked at once
more first: an order that is found there is settled as bought, whatever was
said.

--uid names the services that the order became; --not-created says that there
are none, so that the entry can be bought again. That is refused before the
horizon, because a service may take that long to show in the account. --all
means every claim in doubt.

Exit codes: 0 settled, 3 refused, 1 any other error.`,
		Example: `  portctl ledger resolve lon-core-1 --uid 36b3f68e-2f54-4331-bf94-f8984449365f
  portctl ledger resolve --all --not-created`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			return runResolve(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.uids, "uid", nil, "`uid` of a service that the order became; may repeat for a LAG")
	f.BoolVar(&o.notCreated, "not-created", false, "the order was not carried out")
	f.BoolVar(&o.all, "all", false, "every claim in doubt")
	f.DurationVar(&o.horizon, "horizon", apply.DefaultHorizon, "`duration` after which a claim may be called not created")
	cmd.MarkFlagsMutuallyExclusive("uid", "not-created")
	cmd.MarkFlagsMutuallyExclusive("uid", "all")
	return cmd
}

func (o resolveOptions) check() error {
	switch {
	case len(o.uids) == 0 && !o.notCreated:
		return withHint(errors.New("it is not said what became of the order"), "--uid UID names the service it became, --not-created says that there is none")
	case o.all && len(o.names) > 0:
		return errors.New("--all takes no names")
	case !o.all && len(o.names) == 0:
		return withHint(errors.New("no claim is named"), "name one, or use --all; `portctl ledger list` lists them")
	case len(o.uids) > 0 && len(o.names) != 1:
		return errors.New("--uid goes with exactly one name")
	}
	return nil
}

func runResolve(ctx context.Context, s Streams, o resolveOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	return o.withLedger(ctx, s, func(_ *inventory.Inventory, session *session, b *book) error {
		if o.notCreated && o.horizon < apply.DefaultHorizon && session.Environment != sandboxName {
			return exitWith(exitRefused, withHint(fmt.Errorf("--horizon %s is too short: a service may take up to %s to show", o.horizon, apply.DefaultHorizon),
				"a shorter one is for rehearsing in a sandbox"))
		}
		unlock, err := b.lock(ctx, s)
		if err != nil {
			return err
		}
		defer unlock()
		resolution := apply.Resolution{Names: o.names, All: o.all, NotCreated: o.notCreated, Horizon: o.horizon}
		for _, u := range o.uids {
			resolution.UIDs = append(resolution.UIDs, plan.ServiceUID(u))
		}
		settled, err := apply.Resolve(ctx, provider.NewReader(session.client), b.Ledger, resolution)
		for _, r := range settled {
			fmt.Fprintf(s.Out, "%s: %s\n", render.Clean(r.Name), render.Settled(r))
		}
		var refused *apply.ResolveError
		if errors.As(err, &refused) {
			return exitWith(exitRefused, err)
		}
		if err == nil && len(settled) == 0 {
			fmt.Fprintln(s.Out, "no claim is in doubt")
		}
		return err
	})
}

func newLedgerUnlockCommand(s Streams, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "unlock RUN",
		Short: "Break the lock of a run that is dead",
		Long: `Break the lock that a run left behind in a bucket. RUN is the run's id, as the
message about the lock names it. Make sure that the run is really dead. A lock
on a local disk ends with its process and needs no breaking.`,
		Example: "  portctl ledger unlock 0f8c2d1e-6c0b-4a39-9a0e-0c4e0b6c7a55",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withLedger(cmd.Context(), s, func(_ *inventory.Inventory, _ *session, b *book) error {
				if err := b.Unlock(cmd.Context(), args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(s.Out, "the lock of run %s is broken\n", args[0])
				return err
			})
		},
	}
}
