package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/plan"
)

type sitesOptions struct {
	*globals
	query  string
	format string
}

func newSitesCommand(s Streams, g *globals) *cobra.Command {
	o := sitesOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "sites [QUERY]",
		Short: "List the locations where ports can stand",
		Long: `List Megaport locations with their id, metro, market and the port speeds on
offer in each diversity zone. QUERY keeps those whose id, name, metro, market or
country contains every one of its words.

The name or the id of a location is what an inventory entry takes as its site.`,
		Example: `  portctl sites --env sandbox
  portctl sites frankfurt --env production
  portctl sites 89 --env sandbox --format json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.query = strings.Join(args, " ")
			return runSites(cmd.Context(), s, o)
		},
	}
	cmd.Flags().StringVar(&o.format, "format", "text", "`format` of the list: text or json")
	return cmd
}

func runSites(ctx context.Context, s Streams, o sitesOptions) error {
	if err := oneOf("format", o.format, "text", "json"); err != nil {
		return err
	}
	environment, err := o.inventoryEnvironment()
	if err != nil {
		return err
	}
	session, err := o.open(ctx, s, environment, true)
	if err != nil {
		return err
	}
	defer session.close()
	all, err := provider.NewReader(session.client).Locations(ctx)
	if err != nil {
		return err
	}
	found := slices.DeleteFunc(plan.NewCatalog(all).Locations(), func(l plan.Location) bool { return !fits(l, o.query) })
	if o.format == "json" {
		return writeSites(s, found)
	}
	if len(found) == 0 {
		return withHint(fmt.Errorf("no location fits %q", o.query), "`portctl sites` without words lists them all")
	}
	return render.SitesText(s.Out, found, render.Options{Width: s.Width, Color: o.color(s)})
}

// inventoryEnvironment is the environment of the inventory, if there is one:
// sites works without, but not with one that was named and can not be read.
func (g *globals) inventoryEnvironment() (string, error) {
	inv, err := inventory.Load(g.files)
	switch {
	case err == nil:
		return inv.Environment, nil
	case len(g.files) > 0:
		return "", err
	default:
		return "", nil
	}
}

// fits says whether a location contains every word of the query.
func fits(l plan.Location, query string) bool {
	text := plan.FoldName(fmt.Sprintf("%d %s %s %s %s", l.ID, l.Name, l.Metro, l.Market, l.Country))
	for _, word := range strings.Fields(plan.FoldName(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

type siteJSON struct {
	ID      plan.LocationID            `json:"id"`
	Name    string                     `json:"name"`
	Metro   string                     `json:"metro"`
	Market  string                     `json:"market"`
	Country string                     `json:"country"`
	Address string                     `json:"address"`
	Status  string                     `json:"status"`
	Zones   map[plan.Zone][]plan.Speed `json:"portSpeedsMbps"`
}

func writeSites(s Streams, locations []plan.Location) error {
	out := make([]siteJSON, len(locations))
	for i, l := range locations {
		out[i] = siteJSON{l.ID, l.Name, l.Metro, l.Market, l.Country, l.Address, l.Status, l.Zones}
	}
	b, err := json.Marshal(out, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	_, err = s.Out.Write(append(b, '\n'))
	return err
}
