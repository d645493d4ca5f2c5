package cli

import (
	"bytes"
	"context"
	"errors"
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
	query                  string
	metro, market, country []string
	speed, zone            string
	format                 string
}

func newSitesCommand(s Env, g *globals) *cobra.Command {
	o := sitesOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "sites [QUERY]",
		Short: "List the locations that offer ports",
		Long: `List Megaport locations with their id, metro, market and the port speeds on
offer in each diversity zone. QUERY keeps those whose id, name, metro, market or
country contains every one of its words.

The name or the id of a location is what an inventory entry takes as its site.

--metro, --market and --country keep the locations of one; given several times,
of any of them. --speed and --zone keep the locations that take orders for ports
of that speed, in that zone, or in both together in the same zone.

--format api writes the whole list as the API sent it, for --locations of a
sandbox. Like the other formats it needs no API key.`,
		Example: `  portctl sites --env sandbox
  portctl sites --env sandbox --country Germany --speed 100G --zone red
  portctl sites frankfurt --env production
  portctl sites 89 --env sandbox --format json
  portctl sites --env production --format api > locations.json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.query = strings.Join(args, " ")
			return runSites(cmd.Context(), s, o)
		},
	}
	cmd.Flags().StringArrayVar(&o.metro, "metro", nil, "keep the locations of a `metro`, such as London; may repeat")
	cmd.Flags().StringArrayVar(&o.market, "market", nil, "keep the locations of a `market`, such as UK; may repeat")
	cmd.Flags().StringArrayVar(&o.country, "country", nil, "keep the locations of a `country`, such as Germany; may repeat")
	cmd.Flags().StringVar(&o.speed, "speed", "", "keep the locations with ports of a `speed`: 1G, 10G, 100G or 400G")
	cmd.Flags().StringVar(&o.zone, "zone", "", "keep the locations with ports in a diversity `zone`: red or blue")
	cmd.Flags().StringVar(&o.format, "format", "text", "`format` of the list: text, json, or api for all of it as the API sent it")
	return cmd
}

func runSites(ctx context.Context, s Env, o sitesOptions) error {
	if err := oneOf("format", o.format, "text", "json", "api"); err != nil {
		return err
	}
	if o.format == "api" && o.filters() {
		return withHint(errors.New("--format api writes all locations, as the API sent them"), "leave out the query and the filters, or use --format json")
	}
	wanted, err := o.filter()
	if err != nil {
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
	if o.format == "api" {
		return writeReceived(ctx, s, session)
	}
	all, err := provider.NewReader(session.client).Locations(ctx)
	if err != nil {
		return err
	}
	locations := plan.NewCatalog(all).Locations()
	found := slices.DeleteFunc(slices.Clone(locations), func(l plan.Location) bool { return !wanted.fits(l) })
	if o.format == "json" {
		return writeSites(s, found)
	}
	if len(found) == 0 {
		return wanted.nothing(locations, o.command("sites"))
	}
	return render.SitesText(s.Out, found, render.Options{Width: s.Width, Color: o.color(s)})
}

// filters reports whether only some locations are asked for.
func (o sitesOptions) filters() bool {
	return o.query != "" || o.speed != "" || o.zone != "" || len(o.metro)+len(o.market)+len(o.country) > 0
}

// writeReceived writes the API's own answer.
func writeReceived(ctx context.Context, s Env, session *session) error {
	answer, err := session.client.Locations.Received(ctx)
	if err != nil {
		return err
	}
	_, err = s.Out.Write(append(bytes.TrimRight(answer, "\n"), '\n'))
	return err
}

// siteFilter says which locations to list. What is empty keeps all.
type siteFilter struct {
	query                  string
	metro, market, country []string
	speed                  plan.Speed
	zone                   plan.Zone
}

// filter reads the flags.
func (o sitesOptions) filter() (siteFilter, error) {
	f := siteFilter{query: o.query, metro: o.metro, market: o.market, country: o.country, zone: plan.Zone(o.zone)}
	if o.zone != "" {
		if err := oneOf("zone", o.zone, string(plan.Red), string(plan.Blue)); err != nil {
			return f, err
		}
	}
	if o.speed == "" {
		return f, nil
	}
	speed, err := inventory.ParseSpeed(o.speed)
	if err != nil {
		return f, fmt.Errorf("--speed: %w", err)
	}
	f.speed = speed
	return f, nil
}

// fits says whether a location is wanted.
func (f siteFilter) fits(l plan.Location) bool {
	return fits(l, f.query) && anyOf(f.metro, l.Metro) && anyOf(f.market, l.Market) && anyOf(f.country, l.Country) && f.offers(l)
}

// offers says whether a location takes orders for the speed and zone. Without
// either it need not take any.
func (f siteFilter) offers(l plan.Location) bool {
	switch {
	case f.speed == 0 && f.zone == "":
		return true
	case l.Status != plan.LocationActive:
		return false
	case f.speed == 0:
		return len(l.Zones[f.zone]) > 0
	}
	return l.Offers(f.speed, f.zone)
}

func anyOf(wanted []string, have string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool { return plan.FoldName(w) == plan.FoldName(have) })
}

// nothing says what kept all locations away, if it is one thing.
func (f siteFilter) nothing(all []plan.Location, list string) error {
	for _, c := range []struct {
		what   string
		wanted []string
		of     func(plan.Location) string
	}{
		{"metro", f.metro, func(l plan.Location) string { return l.Metro }},
		{"market", f.market, func(l plan.Location) string { return l.Market }},
		{"country", f.country, func(l plan.Location) string { return l.Country }},
	} {
		var known []string
		for _, l := range all {
			known = append(known, c.of(l))
		}
		for _, w := range c.wanted {
			if !anyOf(known, w) {
				slices.Sort(known)
				return withHint(fmt.Errorf("no location is in a %s %q", c.what, w), "there are "+strings.Join(slices.Compact(known), ", "))
			}
		}
	}
	if f.query != "" && !slices.ContainsFunc(all, func(l plan.Location) bool { return fits(l, f.query) }) {
		return withHint(fmt.Errorf("no location matches %q", f.query), list+" lists all locations")
	}
	return withHint(errors.New("no location matches all filters"), "leave one of them out")
}

// inventoryEnvironment is the environment of the inventory, if there is one:
// sites works without, but not with one that was named and cannot be read.
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

func writeSites(s Env, locations []plan.Location) error {
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
