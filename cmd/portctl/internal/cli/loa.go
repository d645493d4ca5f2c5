package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/progress"
	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/plan"
)

// defaultLOADir is where LOAs are kept unless --loa-dir says otherwise.
const defaultLOADir = "loas"

type loaOptions struct {
	*globals
	only        []string
	loaDir      string
	refresh     bool
	zipBy       string
	wait        time.Duration
	parallelism int
}

func newLOACommand(s Env, g *globals) *cobra.Command {
	o := loaOptions{globals: g}
	cmd := &cobra.Command{
		Use:               "loa [NAME...]",
		ValidArgsFunction: g.entryNames,
		Short:             "Download Letters of Authorization (LOA) without ordering anything",
		Long: `Download the Letters of Authorization (LOA) of the inventory's ports, as apply does,
without ordering or changing anything. Names and globs select entries. Existing
LOAs are kept, and missing LOAs and manifests are restored; --refresh renews all of
them, with today's date of issue. portctl warns of an LOA that was issued more than
30 days ago: data centres want a recent one.

--zip-by site or metro writes one archive for each into the folder, with the LOAs
of these ports and their part of the manifest as JSON and CSV. The same LOAs give
the same archive.

An LOA that Megaport refused for good (403, or 404 an hour after the port was
provisioned) is named and not asked for again, except by --refresh.

--wait waits for ports that are not ready yet.

Exit codes: 0 every LOA is there or was refused for good by an earlier run, 7 one
is missing or its port not ready, 1 any other error.`,
		Example: `  portctl loa -f examples/emea-rollout.yaml --zip-by metro
  portctl loa 'lon-*' --refresh
  portctl loa --wait 2h`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.only = args
			return runLOA(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.loaDir, "loa-dir", defaultLOADir, "`folder` for the LOAs and their manifest")
	f.BoolVar(&o.refresh, "refresh", false, "download existing LOAs again")
	f.StringVar(&o.zipBy, "zip-by", "", "write one archive per `recipient`: site or metro")
	f.DurationVar(&o.wait, "wait", 0, "`duration` to wait for ports that are not ready")
	f.IntVar(&o.parallelism, "parallelism", 16, "`number` of downloads at one time")
	return cmd
}

func (o loaOptions) check() error {
	switch {
	case o.parallelism < 1:
		return fmt.Errorf("--parallelism must be at least 1, not %d", o.parallelism)
	case o.wait < 0:
		return fmt.Errorf("--wait must not be negative: %s", o.wait)
	case o.zipBy == "":
		return nil
	}
	return oneOf("zip-by", o.zipBy, "site", "metro")
}

func runLOA(ctx context.Context, s Env, o loaOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	return o.withLedger(ctx, s, func(inv *inventory.Inventory, session *session, b *openLedger) error {
		if err := b.checkLeaving(ctx); err != nil {
			return err
		}
		status, err := o.readStatus(ctx, inv, session, b, look{only: o.only, loaDir: o.loaDir})
		if err != nil {
			return err
		}
		folder, err := loa.Open(o.loaDir, session.Environment)
		if err != nil {
			return err
		}
		options := apply.LOAOptions{LOAs: folder, Refresh: o.refresh, Parallelism: o.parallelism, Wait: o.wait, Budgeted: session.budgeted}
		if !o.quiet {
			options.Sink = progress.NewLines(s.Err, time.Now).Event
		}
		loas := apply.FetchLOAs(ctx, provider.NewReader(session.client), status, options)
		if err := o.zip(s, folder, loas); err != nil {
			return err
		}
		return o.tell(s, status, loas)
	})
}

// zip writes the archives.
func (o loaOptions) zip(s Env, folder *loa.Folder, loas []apply.LOA) error {
	if o.zipBy == "" {
		return nil
	}
	recipient := loa.BySite
	if o.zipBy == "metro" {
		recipient = loa.ByMetro
	}
	chosen := map[plan.ServiceUID]bool{}
	for _, l := range loas {
		chosen[l.UID] = true
	}
	archives, err := folder.Archives(recipient, func(uid plan.ServiceUID) bool { return chosen[uid] })
	for _, a := range archives {
		fmt.Fprintf(s.Out, "%s: %s\n", render.Clean(a.Path), render.Plural(len(a.Ports), "LOA", "LOAs"))
	}
	return err
}

// tell sums up: which LOAs are missing and why, which are old, how many there
// are.
func (o loaOptions) tell(s Env, status apply.Status, loas []apply.LOA) error {
	have, fresh, missing, refused := 0, 0, 0, 0
	for _, l := range loas {
		switch {
		case l.Final && l.Known:
			refused++
			fmt.Fprintf(s.Out, "%s %s: no LOA: %s\n", render.Clean(l.Name), l.UID, render.Clean(o.askAgain(l.Name, l.LOAResult, o.loaDir).Error.Message))
			continue
		case l.File == "":
			missing++
			fmt.Fprintf(s.Out, "%s %s: no LOA: %s\n", render.Clean(l.Name), l.UID, render.Clean(l.Error.Message))
			continue
		case !l.Kept:
			fresh++
		}
		have++
		if age := time.Since(l.FetchedAt); l.Kept && age > loa.RenewAfter {
			fmt.Fprintf(s.Err, "warning: the LOA of %s (%s) was issued %s ago; --refresh renews it\n", render.Clean(l.Name), l.File, render.Age(age))
		}
	}
	for _, p := range status.Ports {
		if p.CrossConnect() {
			fmt.Fprintf(s.Out, "%s %s: no LOA is needed: Megaport orders the cross connect\n", render.Clean(p.Name), p.UID)
		}
		if p.UID == "" && p.State != apply.PortGone {
			missing++
			fmt.Fprintf(s.Out, "%s: no LOA: the port is %s\n", render.Clean(p.Name), p.State)
		}
	}
	line := fmt.Sprintf("%s in %s (%d new)", render.Plural(have, "LOA", "LOAs"), render.Clean(o.loaDir), fresh)
	if refused > 0 {
		line += fmt.Sprintf(" · %d refused by Megaport", refused)
	}
	if missing > 0 {
		line += fmt.Sprintf(" · %d missing", missing)
	}
	fmt.Fprintln(s.Out, line)
	if missing > 0 {
		return exitWith(exitNotReady, nil)
	}
	return nil
}
