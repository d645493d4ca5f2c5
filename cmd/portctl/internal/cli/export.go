package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/export"
	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/plan"
)

func newExportCommand(s Env, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the ports for NetBox or Terraform",
		Long: `Write the ports of the inventory in the form of another system. Nothing is changed.
"portctl status --format csv" and "--format xlsx" write them for a spreadsheet.`,
		Example: `  portctl export netbox --sites netbox_sites.csv --to netbox
  portctl export terraform > imports.tf`,
	}
	cmd.AddCommand(newExportNetBoxCommand(s, g), newExportTerraformCommand(s, g))
	return cmd
}

type netboxOptions struct {
	*globals
	only            []string
	version         string
	sites           string
	circuits        string
	providerNetwork string
	planned         bool
	to              string
}

func newExportNetBoxCommand(s Env, g *globals) *cobra.Command {
	o := netboxOptions{globals: g}
	cmd := &cobra.Command{
		Use:               "netbox [NAME...]",
		ValidArgsFunction: g.entryNames,
		Short:             "Write circuits and terminations as NetBox imports them",
		Long: `Write circuits.csv and terminations.csv for NetBox's import of circuits and circuit
terminations: a circuit for each port, with its UID as cid, the provider Megaport and the
type Port, which must exist; its status, the day of going LIVE, the end of its contract
and its rate; and the end in the site, with the panel that "handoff" names.

--sites is NetBox's own export of sites (CSV with id, name and slug): the site of an entry
is found by the slug that "netbox:" gives its short name under sites. Entries whose site is
not found are listed, and their ends left out. --circuits is NetBox's own export of
circuits: those that exist are changed by their id, not made again. Import circuits.csv
first.

Exit codes: 0 success, 3 a site is not found (what else there is was written) or the
inventory is invalid, 1 any other error.`,
		Example: `  portctl export netbox --sites netbox_sites.csv
  portctl export netbox --sites netbox_sites.csv --circuits netbox_circuits.csv --to netbox`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.only = args
			return runExportNetBox(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.version, "netbox", "4.2", "`version` of NetBox's import: 4.2 (and later) or 4.1 (and earlier)")
	f.StringVar(&o.sites, "sites", "", "NetBox's export of sites, a CSV `file`")
	f.StringVar(&o.circuits, "circuits", "", "NetBox's export of circuits, a CSV `file`")
	f.StringVar(&o.providerNetwork, "provider-network", "", "Megaport's provider network in NetBox, for the other end: its `id` (4.2) or name (4.1)")
	f.BoolVar(&o.planned, "planned", false, "write ports that are not ordered yet, with their name as cid")
	f.StringVar(&o.to, "to", ".", "`folder` for the two files")
	_ = cmd.MarkFlagRequired("sites")
	return cmd
}

func runExportNetBox(ctx context.Context, s Env, o netboxOptions) error {
	if err := oneOf("netbox", o.version, "4.1", "4.2"); err != nil {
		return err
	}
	n := export.NetBox{Numbered: o.version == "4.2", Planned: o.planned, ProviderNetwork: o.providerNetwork}
	var err error
	if n.Sites, err = readWith(o.sites, export.ReadNetBoxSites); err != nil {
		return err
	}
	if o.circuits != "" {
		if n.Circuits, err = readWith(o.circuits, export.ReadNetBoxCircuits); err != nil {
			return err
		}
	}
	ports, err := o.exported(ctx, s, o.only)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.to, 0o755); err != nil {
		return err
	}
	var unmatched []string
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"circuits.csv", func(w io.Writer) error { return n.WriteCircuits(w, ports) }},
		{"terminations.csv", func(w io.Writer) (err error) {
			unmatched, err = n.WriteTerminations(w, ports)
			return err
		}},
	} {
		var b bytes.Buffer
		if err := f.write(&b); err != nil {
			return err
		}
		path := filepath.Join(o.to, f.name)
		if err := replace(path, b.Bytes(), 0o644); err != nil {
			return err
		}
		fmt.Fprintln(s.Out, path)
	}
	for _, u := range unmatched {
		fmt.Fprintf(s.Err, "error: %s\n", render.Clean(u))
	}
	if len(unmatched) > 0 {
		return exitWith(exitRefused, withHint(fmt.Errorf("%s without a site in NetBox; the ends there are left out", render.Plural(len(unmatched), "port", "ports")),
			"write the slug beside the id: sites: {ld5: {id: 90, netbox: SLUG}}"))
	}
	return nil
}

// readWith reads a file of another system.
func readWith[T any](file string, read func(io.Reader) (T, error)) (T, error) {
	f, err := os.Open(file)
	if err != nil {
		var none T
		return none, err
	}
	got, err := read(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return got, withHint(fmt.Errorf("%s: %w", file, err), "it is NetBox's own export of all rows, as CSV")
	}
	return got, nil
}

func newExportTerraformCommand(s Env, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:               "terraform [NAME...]",
		ValidArgsFunction: g.entryNames,
		Short:             "Write import blocks for Terraform",
		Long: `Write a Terraform import block for each port and LAG that exists, for the provider
megaport/megaport. Use it to hand ports over to Terraform; one tool only should manage a
port, so list them under "unmanaged" then.

Exit codes: 0 success, 3 the inventory is invalid, 1 any other error.`,
		Example: `  portctl export terraform 'lon-*' > imports.tf`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ports, err := g.exported(cmd.Context(), s, args)
			if err != nil {
				return err
			}
			return export.WriteTerraform(s.content(), ports)
		},
	}
	return cmd
}

// exported are the ports of the inventory with what their entries say of their places.
func (g *globals) exported(ctx context.Context, s Env, only []string) (ports []export.Port, err error) {
	err = g.withLedger(ctx, s, func(inv *inventory.Inventory, session *session, b *openLedger) error {
		status, err := g.readStatus(ctx, inv, session, b, look{only: only, noLOA: true, handovers: true})
		if err != nil {
			return err
		}
		entries := make(map[string]*plan.Port, len(inv.Ports))
		for i, p := range inv.Ports {
			if !p.Absent {
				entries[plan.FoldName(p.Name)] = &inv.Ports[i]
			}
		}
		for _, row := range status.Ports {
			p := export.Port{PortStatus: row}
			if entry := entries[plan.FoldName(row.Name)]; entry != nil {
				p.Slug, p.Handoff = entry.Site.NetBox, entry.Handoff
			}
			ports = append(ports, p)
		}
		return nil
	})
	return ports, err
}
