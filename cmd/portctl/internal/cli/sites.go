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
	pin, yes               bool
}

func newSitesCommand(s Env, g *globals) *cobra.Command {
	o := sitesOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "sites [QUERY | --pin [FILE]]",
		Short: "List the locations that offer ports",
		Long: `List Megaport locations with their id, metro, market and the port speeds on
offer in each diversity zone, and whether Megaport orders cross connects there
(crossConnect: true), where one of them does. QUERY finds those that it may mean, the best first:
an id, a name or a former one, a site code (LD5), the operator's short name with a
code (EQX FR5), or words of name, metro, market and country in any order.

The name or the id of a location is what an inventory entry takes as its site.

--pin writes the ids of locations into an inventory, FILE or those of -f, for the
sites that it gives by name: a location may be renamed, its id stays. It shows the
change and asks. A name that plan would not buy on is listed with what it may mean,
and left as it is.

Without an environment, neither by --env nor in an inventory, these are the
locations of the embedded sandbox.

--metro, --market and --country keep the locations of one; given several times,
of any of them. --speed and --zone keep the locations that take orders for ports
of that speed, in that zone, or in both together in the same zone.

--format api writes the whole list as the API sent it, for --locations of a
sandbox. Like the other formats it needs no API key.`,
		Example: `  portctl sites --env sandbox
  portctl sites --env sandbox --country Germany --speed 100G --zone red
  portctl sites frankfurt --env production
  portctl sites EQX FR5 --env production
  portctl sites 89 --env sandbox --format json
  portctl sites --env production --format api > locations.json
  portctl sites --pin inventory/emea.yaml`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: siteNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.pin {
				o.files = append(o.files, args...)
				return runPin(cmd.Context(), s, o)
			}
			if o.yes {
				return withHint(errors.New("--yes is for --pin"), "leave it out")
			}
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
	cmd.Flags().BoolVar(&o.pin, "pin", false, "write the ids of locations into the inventory")
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "write without asking")
	return cmd
}

// runPin writes ids for the sites that an inventory gives by name.
func runPin(ctx context.Context, s Env, o sitesOptions) error {
	if o.filters() || o.format != "text" {
		return withHint(errors.New("--pin takes no filter and no format"), "leave them out")
	}
	inv, err := o.load(s)
	if err != nil {
		return err
	}
	session, err := o.open(ctx, s, inv.Environment, true)
	if err != nil {
		return err
	}
	defer session.close()
	all, err := provider.NewReader(session.client).Locations(ctx)
	if err != nil {
		return err
	}
	found, unresolved := plan.NewCatalog(all).ResolveAll(inv.Unpinned())
	files, err := inventory.Read(o.files)
	if err != nil {
		return err
	}
	changed, err := inventory.Pin(files, found)
	if err != nil {
		return err
	}
	if len(changed) > 0 {
		if err := o.revise(ctx, s, files, changed, o.yes); err != nil {
			return err
		}
	}
	return o.notPinned(s, len(found), unresolved)
}

// notPinned says which names of sites have no id now, and what they may mean.
func (o sitesOptions) notPinned(s Env, pinned int, unresolved []*plan.SiteError) error {
	for _, e := range unresolved {
		hint, way := e.Suggestion()
		if way != nil {
			hint = o.pasted().Hint(*way, hint)
		}
		fmt.Fprintf(s.Err, "error: %s\n  hint: %s\n", render.Clean(e.Error()), indent(hint))
	}
	switch {
	case len(unresolved) > 0:
		return exitWith(exitRefused, withHint(fmt.Errorf("%s not pinned", render.Plural(len(unresolved), "site is", "sites are")), "write one of the ids given above"))
	case pinned == 0 && !o.quiet:
		fmt.Fprintln(s.Err, "every site is given by its id: nothing to pin")
	}
	return nil
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
	if errors.Is(err, errNoEnvironment) && o.baseURL == "" {
		o.environment = sandboxName
		fmt.Fprintln(s.Err, "note: no environment is set, so these are the locations of the embedded sandbox; --env production lists Megaport's")
		session, err = o.open(ctx, s, environment, true)
	}
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
	catalog := plan.NewCatalog(all)
	found := wanted.find(catalog)
	if o.format == "json" {
		return writeSites(s, found)
	}
	if len(found) == 0 {
		return wanted.nothing(catalog, o.command("sites"))
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

// find lists what is wanted: all by id, or what a query finds, the best first. What is
// only similar is not found.
func (f siteFilter) find(c plan.Catalog) []plan.Location {
	locations := c.Locations()
	if f.query != "" {
		locations = nil
		for _, found := range c.Search(f.query) {
			if found.Class != plan.MatchGuess {
				locations = append(locations, found.Location)
			}
		}
	}
	return slices.DeleteFunc(locations, func(l plan.Location) bool {
		return !(anyOf(f.metro, l.Metro) && anyOf(f.market, l.Market) && anyOf(f.country, l.Country) && f.offers(l))
	})
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
func (f siteFilter) nothing(catalog plan.Catalog, list string) error {
	all := catalog.Locations()
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
	if len(siteFilter{query: f.query}.find(catalog)) == 0 {
		hint := list + " lists all locations"
		var similar []string
		for _, near := range catalog.Search(f.query) {
			similar = append(similar, near.Location.String())
		}
		if len(similar) > 0 {
			hint = "similar: " + strings.Join(similar, ", ") + "; " + hint
		}
		return withHint(fmt.Errorf("no location matches %q", f.query), hint)
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

type siteJSON struct {
	ID      plan.LocationID            `json:"id"`
	Name    string                     `json:"name"`
	Metro   string                     `json:"metro"`
	Market  string                     `json:"market"`
	Country string                     `json:"country"`
	Address string                     `json:"address"`
	Status  string                     `json:"status"`
	Zones   map[plan.Zone][]plan.Speed `json:"portSpeedsMbps"`
	// CrossConnect says that Megaport orders cross connects there.
	CrossConnect bool `json:"crossConnect"`
}

func writeSites(s Env, locations []plan.Location) error {
	out := make([]siteJSON, len(locations))
	for i, l := range locations {
		out[i] = siteJSON{l.ID, l.Name, l.Metro, l.Market, l.Country, l.Address, l.Status, l.Zones, l.CrossConnect}
	}
	b, err := json.Marshal(out, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	_, err = s.Out.Write(append(b, '\n'))
	return err
}
