package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/handover"
	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/plan"
)

type handoverOptions struct {
	*globals
	only    []string
	by      string
	to      string
	loaDir  string
	maxAge  time.Duration
	sent    bool
	ordered []string
}

func newHandoverCommand(s Env, g *globals) *cobra.Command {
	o := handoverOptions{globals: g}
	cmd := &cobra.Command{
		Use:               "handover [NAME...]",
		ValidArgsFunction: g.entryNames,
		Short:             "Pack LOAs, orders and a mail for the data centres",
		Long: `Write for each site, operator or metro a folder with what a data centre needs to build
the cross connects: the Letters of Authorization (LOA), the order as a table (order.csv)
and, at Equinix, in the form of its Cross Connect API (order.json, never tried, ten in
each), a mail with the LOAs attached that any mail program opens as a draft (mail.eml),
and a checklist (checklist.md). Nothing is sent.

Where the cable goes is what "handoff" says in the inventory. What is not known, LOAs that
are older than --max-age, and those over 2 MB, which Equinix's portal refuses, are named.
The LOAs are those that "portctl apply" and "portctl loa" saved. Ports that are LIVE are
left out, unless they are named.

When a pack is sent, --sent notes it in the ledger for the same ports, and --ordered
NAME=NUMBER (a member of a LAG is NAME/2, or give the UID) notes the data centre's number
of a cross connect: "portctl status" shows both, and "send again" when an LOA has changed
since. Neither a plan nor an apply reads these notes.

Exit codes: 0 success, 7 a port has no LOA, 1 any other error.`,
		Example: `  portctl handover --by operator --to handover
  portctl handover 'lon-*'
  portctl handover --by operator --sent
  portctl handover --ordered lon-core-1=XC-4711 --ordered lon-lag/2=XC-4712`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.only = args
			return runHandover(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.by, "by", "site", "`recipient` of each pack: site, operator or metro")
	f.StringVar(&o.to, "to", "handover", "`folder` for the packs")
	f.StringVar(&o.loaDir, "loa-dir", defaultLOADir, "`folder` of the LOAs")
	f.BoolVar(&o.sent, "sent", false, "note that the packs of these ports were sent, and write none")
	f.StringArrayVar(&o.ordered, "ordered", nil, "note the data centre's `NAME=NUMBER` of a cross connect; may repeat")
	cmd.MarkFlagsMutuallyExclusive("sent", "ordered")
	f.DurationVar(&o.maxAge, "max-age", loa.RenewAfter, "`duration` after its issue from which an LOA is named as old")
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
		status, err := o.readStatus(ctx, inv, session, b, look{only: o.only, loaDir: o.loaDir})
		if err != nil {
			return err
		}
		if len(o.ordered) > 0 {
			return o.noteOrders(ctx, s, b, status)
		}
		folder, err := loa.Open(o.loaDir, session.Environment)
		if err != nil {
			return err
		}
		items, without, err := o.items(inv, status, folder)
		if err != nil {
			return err
		}
		if o.sent {
			return o.noteSent(ctx, s, b, items)
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
		case p.State == apply.PortGone || p.State == apply.PortLeaving || p.Status.Terminated() || p.CrossConnect():
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

// noteSent notes that the LOAs of ports were sent.
func (o handoverOptions) noteSent(ctx context.Context, s Env, b *openLedger, items []handover.Item) error {
	for _, i := range items {
		if err := b.NoteHandover(ctx, ledger.Handover{UID: i.UID, LOA: i.SHA256}); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.Out, "noted: the LOAs of %s were sent\n", render.Plural(len(items), "port", "ports"))
	return nil
}

// noteOrders notes the numbers of cross connects, all or none.
func (o handoverOptions) noteOrders(ctx context.Context, s Env, b *openLedger, status apply.Status) error {
	var notes []ledger.Handover
	for _, text := range o.ordered {
		which, number, ok := strings.Cut(text, "=")
		if number = strings.TrimSpace(number); !ok || number == "" {
			return withHint(fmt.Errorf("--ordered %q is not NAME=NUMBER", text), "write for example --ordered lon-core-1=XC-4711")
		}
		uid, err := portNamed(status, which)
		if err != nil {
			return err
		}
		notes = append(notes, ledger.Handover{UID: uid, Order: number})
	}
	for _, n := range notes {
		if err := b.NoteHandover(ctx, n); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.Out, "noted: %s\n", render.Plural(len(notes), "cross connect is ordered", "cross connects are ordered"))
	return nil
}

// portNamed is the port that NAME, NAME/MEMBER or a UID stands for.
func portNamed(status apply.Status, which string) (plan.ServiceUID, error) {
	which = strings.TrimSpace(which)
	meant := func(p apply.PortStatus) bool {
		folded := plan.FoldName(p.Name)
		return folded == plan.FoldName(which) || string(p.UID) == strings.ToLower(which) ||
			p.Member > 0 && plan.FoldName(which) == folded+"/"+strconv.Itoa(p.Member)
	}
	var found []apply.PortStatus
	for _, p := range status.Ports {
		if p.UID != "" && meant(p) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 1:
		return found[0].UID, nil
	case 0:
		return "", withHint(fmt.Errorf("no port is named %q", which), "portctl status lists the ports; a port that is not ordered has none")
	}
	return "", withHint(fmt.Errorf("%q is a LAG of %d ports", which, len(found)), fmt.Sprintf("name a member: %s/1", which))
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
		fmt.Fprintln(s.Out, "nothing to hand over: every port is LIVE, or gets its cross connect from Megaport")
	}
	return nil
}
