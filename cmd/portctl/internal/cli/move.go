package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply/ledger"
)

type moveOptions struct {
	*globals
	from, to string
}

func newLedgerMoveCommand(s Env, g *globals) *cobra.Command {
	o := moveOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "move",
		Short: "Move the ledger to another place",
		Long: `Copy all claims of the account from one ledger to another and mark the old one as
moved, so that others who still use it learn where it went. Nothing is deleted, and
no login is needed. move holds the locks of both. If their claims contradict each
other, nothing is copied.

A place is a folder or s3://bucket/prefix. Name the new place afterwards: as
"state" in the inventory, or with --state.

Exit codes: 0 moved, 3 refused and nothing changed, 1 any other error.`,
		Example: "  portctl ledger move --from .portctl/ledger --to s3://netops/portctl",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runMove(cmd.Context(), s, o) },
	}
	cmd.Flags().StringVar(&o.from, "from", "", "`place` of the ledger now")
	cmd.Flags().StringVar(&o.to, "to", "", "`place` where it is to be")
	return cmd
}

func runMove(ctx context.Context, s Env, o moveOptions) error {
	if o.from == "" || o.to == "" {
		return withHint(errors.New("specify both --from and --to"), "`portctl ledger move --help` shows an example")
	}
	inv, err := o.load(s)
	if err != nil {
		return err
	}
	t, err := o.target(s, inv.Environment)
	if err != nil {
		return err
	}
	if err := mustExist(o.from); err != nil {
		return exitWith(exitRefused, fmt.Errorf("there is no ledger at %s: %w", o.from, err))
	}
	var ledgers []*ledger.Ledger
	for _, place := range []string{o.from, o.to} {
		store, err := ledger.OpenStore(ctx, place, "")
		if err != nil {
			return err
		}
		defer store.Close()
		ledgers = append(ledgers, o.newLedger(store, t))
	}
	from, to := ledgers[0], ledgers[1]
	if samePlace(from.Place(), to.Place()) {
		return exitWith(exitRefused, fmt.Errorf("--from and --to are one place: %s", to.Place()))
	}
	copied, err := ledger.Move(ctx, from, to)
	if err != nil {
		return refusedMove(err)
	}
	return o.tell(s, t, memory{o.ledgerPlace(t, inv).folder, t.account()}, from, to, copied)
}

// refusedMove gives what stands in the way of a move its exit code.
func refusedMove(err error) error {
	var conflict *ledger.ConflictError
	var locked *ledger.LockedError
	if errors.As(err, &conflict) || errors.As(err, &locked) {
		return exitWith(exitRefused, err)
	}
	return movedAway(err)
}

// tell says what was done and what is left to do, and remembers the new place
// where the old one was remembered.
func (o moveOptions) tell(s Env, t target, m memory, from, to *ledger.Ledger, copied int) error {
	last, err := m.last()
	if err == nil && (last == "" || samePlace(last, from.Place())) {
		err = m.remember(to.Place())
	}
	fmt.Fprintf(s.Out, "moved the ledger of %s from %s to %s: %s copied\n", t.account(), from.Place(), to.Place(), render.Plural(copied, "record", "records"))
	fmt.Fprintf(s.Out, "name it from now on: `state: %s` in the inventory, or --state\n", to.Place())
	return err
}
