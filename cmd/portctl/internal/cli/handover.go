package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/handover"
	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/plan"
)

type handoverOptions struct {
	*globals
	only   []string
	by     string
	to     string
	loaDir string
	maxAge time.Duration
}

func newHandoverCommand(s Env, g *globals) *cobra.Command {
	o := handoverOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "handover [NAME...]",
		Short: "Pack LOAs, orders and a mail for the data centres",
		Long: `Write for each site, operator or metro a folder with what a data centre needs to build
the cross connects: the Letters of Authorization (LOA), the order as a table (order.csv)
and, at Equinix, in the form of its Cross Connect API (order.json, never tried, ten in
each), a mail with the LOAs attached that any mail program opens as a draft (mail.eml),
and a checklist (checklist.md). Nothing is sent.

Where the cable goes is what "handoff" says in the inventory. What is not known, LOAs that
are older than --max-age, and those over 2 MB, which Equinix's portal refuses, are named.
The LOAs are those that "portctl apply" and "portctl loa" saved. Ports that are LIVE are
left out, unless they are named.

Exit codes: 0 success, 7 a port has no LOA, 1 any other error.`,
		Example: `  portctl handover --by operator --to handover
  portctl handover 'lon-*'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.only = args
			return runHandover(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.by, "by", "site", "who gets a pack: each site, operator or metro")
	f.StringVar(&o.to, "to", "handover", "`folder` for the packs")
	f.StringVar(&o.loaDir, "loa-dir", defaultLOADir, "`folder` of the LOAs")
	f.DurationVar(&o.maxAge, "max-age", loa.RenewAfter, "`age` from which an LOA is named as old")
	return cmd
}

func runHandover(ctx context.Context, s Env, o handoverOptions) error {
	if err := oneOf("by", o.by, string(handover.BySite), string(handover.ByOperator), string(handover.ByMetro)); err != nil {
		return err
	}
	if o.maxAge <= 0 {
		return fmt.Errorf("--max-age must be positive, not %s", o.maxAge)
	}
	return o.withLedger(ctx, s, func(inv *inventory.Inventory, session *session, b *openLedger) error {
		status, err := o.readStatus(ctx, inv, session, b, o.only, o.loaDir, false)
		if err != nil {
			return err
		}
		folder, err := loa.Open(o.loaDir, session.Environment)
		if err != nil {
			return err
		}
		items, without, err := o.items(inv, status, folder)
		if err != nil {
			return err
		}
		packs, err := handover.Packs(items, handover.By(o.by), s.now(), o.maxAge)
		if err != nil {
			return err
		}
		return o.write(s, packs, without)
	})
}

// items are the ports to be handed over, and those that have no LOA yet.
func (o handoverOptions) items(inv *inventory.Inventory, status apply.Status, folder *loa.Folder) (items []handover.Item, without []string, err error) {
	kept, err := folder.Kept()
	if err != nil {
		return nil, nil, err
	}
	handoffs := make(map[string]plan.Handoff, len(inv.Ports))
	for _, p := range inv.Ports {
		if p.Handoff != nil && !p.Absent {
			handoffs[plan.FoldName(p.Name)] = *p.Handoff
		}
	}
	for _, p := range status.Ports {
		row, has := kept[p.UID]
		switch {
		case p.State == apply.PortGone || p.State == apply.PortLeaving || p.Status.Terminated():
			continue
		case p.Status == plan.StatusLive && len(o.only) == 0:
			continue
		case !has:
			without = append(without, p.Name)
			continue
		}
		pdf, err := folder.Read(row)
		if err != nil {
			return nil, nil, err
		}
		items = append(items, handover.Item{Row: row, Handoff: handoffs[plan.FoldName(p.Name)], PDF: pdf})
	}
	return items, without, nil
}

// write writes the packs, and names what is in the way.
func (o handoverOptions) write(s Env, packs []handover.Pack, without []string) error {
	for _, p := range packs {
		dir := filepath.Join(o.to, p.Name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		for _, f := range p.Files {
			if err := writePrivate(filepath.Join(dir, f.Name), f.Content); err != nil {
				return err
			}
		}
		fmt.Fprintf(s.Out, "%s: %s\n", render.Clean(dir), render.Plural(len(p.Items), "port", "ports"))
		for _, x := range p.Problems {
			fmt.Fprintf(s.Err, "warning: %s\n", render.Clean(x))
		}
	}
	for _, name := range without {
		fmt.Fprintf(s.Err, "error: %s: no LOA in %s\n", render.Clean(name), render.Clean(o.loaDir))
	}
	if len(without) > 0 {
		return exitWith(exitNotReady, withHint(fmt.Errorf("%s without an LOA", render.Plural(len(without), "port", "ports")), o.command("loa", "--loa-dir", o.loaDir)+" fetches what there is"))
	}
	if len(packs) == 0 {
		fmt.Fprintln(s.Out, "nothing to hand over: every port is LIVE")
	}
	return nil
}
