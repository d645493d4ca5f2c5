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
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

func newLedgerCommand(s Env, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "List unconfirmed orders and resolve them",
		Long: `The ledger holds a claim for each order: a record that portctl writes before it
sends the order. A claim stays open until the account shows the services, or
until you resolve it. An unconfirmed order holds back its entry, so that nothing is
bought twice.`,
		Example: "  portctl ledger list\n  portctl ledger resolve lon-core-1 --not-created\n  portctl ledger unlock RUN",
	}
	cmd.AddCommand(newLedgerListCommand(s, g), newLedgerResolveCommand(s, g), newLedgerUnlockCommand(s, g), newLedgerMoveCommand(s, g))
	return cmd
}

func newLedgerListCommand(s Env, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the open claims",
		Long: `List the claims that are not closed: name, state, age, who made them, and what
is known. Nothing is looked up or changed.

The states: claimed, sending and unknown are unconfirmed orders, which may or may
not have been carried out. bought: the account does not list the services yet.
turned-away: the API did not process the order; the next apply looks it up and
sends it again. approval: it waits for an approval within the company. rejected: the
approval was refused. damaged: the claim cannot be read, and its key is shown.`,
		Example: "  portctl ledger list -f examples/emea-rollout.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withLedger(cmd.Context(), s, func(_ *inventory.Inventory, _ *session, b *openLedger) error {
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
	refresh.Resolution
	uids []string
}

func newLedgerResolveCommand(s Env, g *globals) *cobra.Command {
	o := resolveOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "resolve [NAME...]",
		Short: "Resolve an unconfirmed order",
		Long: `Close the claims of unconfirmed orders. resolve reads the account first: an order
that it finds there is closed as bought, whatever the flags say.

Specify what became of the order with one of these:
  --uid UID       the service it became; once for each port of a LAG. The service
                  must be what was ordered; --as-is accepts it all the same.
  --not-created   there is none, so that the entry can be ordered again. Refused
                  while a service that may be the order's exists, and until the
                  lookup timeout after the order was last sent.
  --partial       a LAG of which fewer ports exist than were ordered: accept them,
                  under the same conditions. The entry can then grow it.
  --again         its approval was rejected, withdrawn or expired: order it again.

Where the order approvals cannot be read, look at them in the Megaport portal and
add --approvals-checked. --all means every unconfirmed order. A claim that cannot
be read has no name: --key takes its key, as "portctl ledger list" shows it.

Exit codes: 0 resolved, 3 refused, 1 any other error.`,
		Example: `  portctl ledger resolve lon-core-1 --uid 36b3f68e-2f54-4331-bf94-f8984449365f
  portctl ledger resolve --all --not-created
  portctl ledger resolve lon-lag --partial`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Names = args
			return runResolve(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.uids, "uid", nil, "`uid` of a service that the order became; may repeat for a LAG")
	f.BoolVar(&o.AsIs, "as-is", false, "accept the services of --uid although they are not what was ordered")
	f.BoolVar(&o.NotCreated, "not-created", false, "the order was not carried out")
	f.BoolVar(&o.Partial, "partial", false, "accept a LAG with fewer ports than were ordered")
	f.BoolVar(&o.Again, "again", false, "order again what was not approved")
	f.BoolVar(&o.ApprovalsChecked, "approvals-checked", false, "the order is not among the order approvals: you looked")
	f.BoolVar(&o.All, "all", false, "every unconfirmed order")
	f.StringArrayVar(&o.Keys, "key", nil, "`key` of a claim that cannot be read; may repeat")
	o.registerLookupTimeout(f, "`duration` after which an order may be called not created")
	cmd.MarkFlagsMutuallyExclusive("uid", "not-created", "partial", "again")
	cmd.MarkFlagsMutuallyExclusive("uid", "all")
	return cmd
}

func (o resolveOptions) check() error {
	claims := len(o.Names) + len(o.Keys)
	switch {
	case len(o.uids) == 0 && !o.NotCreated && !o.Partial && !o.Again:
		return withHint(errors.New("specify --uid or --not-created"), "--uid UID names the service that the order became, --not-created says that there is none; for a LAG see --partial, after a rejected approval --again")
	case o.All && claims > 0:
		return errors.New("--all takes no names and no keys")
	case !o.All && claims == 0:
		return withHint(errors.New("no claim is named"), "name one, or use --all; "+o.command("ledger", "list")+" lists them")
	case len(o.uids) > 0 && claims != 1:
		return errors.New("--uid goes with exactly one claim")
	case o.AsIs && len(o.uids) == 0:
		return errors.New("--as-is goes with --uid")
	}
	return nil
}

// checkTimeout refuses to wait for less time than a service may take to show, for all
// that counts on its absence: fewer services accepted as they are do, too.
func (o resolveOptions) checkTimeout(environment string) error {
	counts := o.NotCreated || o.Partial || o.AsIs
	if !counts || o.lookupTimeout >= apply.DefaultLookupTimeout || environment == sandboxName {
		return nil
	}
	return exitWith(exitRefused, withHint(fmt.Errorf("--lookup-timeout %s is too short: a service may take up to %s to show", o.lookupTimeout, apply.DefaultLookupTimeout),
		"a shorter one is for rehearsing in a sandbox"))
}

func runResolve(ctx context.Context, s Env, o resolveOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	return o.withLedger(ctx, s, func(inv *inventory.Inventory, session *session, b *openLedger) error {
		if err := o.checkTimeout(session.Environment); err != nil {
			return err
		}
		unlock, err := b.lock(ctx, s)
		if err != nil {
			return err
		}
		defer unlock()
		o.LookupTimeout, o.SameAccount = o.lookupTimeout, o.sameAccount
		for _, u := range o.uids {
			o.UIDs = append(o.UIDs, plan.FoldUID(u))
		}
		resolved, err := refresh.Resolve(ctx, provider.NewReader(session.client), b.Ledger, inv.Desired(), o.Resolution)
		for _, r := range resolved {
			fmt.Fprintf(s.Out, "%s: %s\n", render.Clean(r.Name), render.Resolved(r))
		}
		var refused *refresh.ResolveError
		if errors.As(err, &refused) {
			return exitWith(exitRefused, err)
		}
		if err == nil && len(resolved) == 0 {
			fmt.Fprintln(s.Out, "there are no unconfirmed orders")
		}
		return refusal(err)
	})
}

func newLedgerUnlockCommand(s Env, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "unlock RUN",
		Short: "Break the lock of a run that is dead",
		Long: `Break the lock that a dead run left behind in a bucket. RUN is the run's id, as
shown in the message about the lock. Make sure that the run is really dead. A lock
on a local disk ends with its process and never needs breaking.`,
		Example: "  portctl ledger unlock 0f8c2d1e-6c0b-4a39-9a0e-0c4e0b6c7a55",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withLedger(cmd.Context(), s, func(_ *inventory.Inventory, _ *session, b *openLedger) error {
				if err := b.Unlock(cmd.Context(), args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(s.Out, "the lock of run %s is broken\n", args[0])
				return err
			})
		},
	}
}
