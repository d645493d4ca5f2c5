package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply/ledger"
)

// checkLeaving refuses to go by a ledger while the one that was used before has
// open claims, which this one does not know: what they hold back would be bought
// again.
func (b *openLedger) checkLeaving(ctx context.Context) error {
	last, err := b.lastPlace()
	if err != nil {
		return err
	}
	for range 8 { // a ledger may have moved on from where it was moved to
		if last == "" || samePlace(last, b.Place()) {
			return nil
		}
		claims, movedTo, err := b.openClaims(ctx, last)
		switch {
		case err != nil:
			return b.unknownLeft(last, err)
		case movedTo != "":
			last = movedTo
			continue
		case len(claims) > 0:
			return b.leaves(last, claims)
		}
		return nil
	}
	return b.unknownLeft(last, fmt.Errorf("it was moved too often to follow"))
}

// lastPlace is the place that was used last. A ledger in the default place counts
// where nothing is remembered.
func (b *openLedger) lastPlace() (string, error) {
	last, err := b.memory.last()
	byDefault := b.place.defaultDir != "" && (last == "" || samePlace(last, b.place.defaultDir))
	if err != nil || !byDefault {
		return last, err
	}
	if _, err := os.Stat(b.place.defaultDir); err != nil {
		return "", nil // never made, or deleted together with its sandbox
	}
	return b.place.defaultDir, nil
}

// openClaims reads what is open in another ledger, or where that ledger went.
func (b *openLedger) openClaims(ctx context.Context, place string) (claims []ledger.Open, movedTo string, err error) {
	old, closeStore, err := b.reopen(ctx, place)
	if err != nil {
		return nil, "", err
	}
	defer closeStore()
	moved, err := old.WhereTo(ctx)
	if err != nil || moved.To != "" {
		return nil, moved.To, err
	}
	snapshot, err := old.Snapshot(ctx)
	return snapshot.Open, "", err
}

func (b *openLedger) leaves(last string, claims []ledger.Open) error {
	const most = 5
	var names []string
	for _, c := range claims[:min(most, len(claims))] {
		names = append(names, fmt.Sprintf("%s (%s)", c.Name, c.State))
	}
	if more := len(claims) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	err := fmt.Errorf("the ledger at %s, which the last apply used, has %s: %s; the one at %s does not know of it",
		last, render.Plural(len(claims), "open claim", "open claims"), strings.Join(names, ", "), b.Place())
	return exitWith(exitRefused, withHint(err, fmt.Sprintf("keep using the old one: `--state %s`;\nor take its claims along: `%s`", render.Command(last), b.moveCommand(last))))
}

func (b *openLedger) unknownLeft(last string, cause error) error {
	err := fmt.Errorf("the ledger at %s, which the last apply used, cannot be read, so it is unknown whether claims are open there: %w", last, cause)
	return exitWith(exitRefused, withHint(err, fmt.Sprintf(
		"make it readable, then take its claims along: `%s`;\nif it is gone for good, check the account for unconfirmed orders, then delete %s", b.moveCommand(last), b.memory.file())))
}

func (b *openLedger) moveCommand(from string) string {
	return render.Command(append([]string{"portctl", "ledger", "move", "--from", from, "--to", b.Place()}, b.args...)...)
}
