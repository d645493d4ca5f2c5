package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

type importOptions struct {
	*globals
	out, into      string
	declare        []string
	site, metro    []string
	name, tag      []string
	accept         []string
	takeover, yes  bool
	locationFilter map[plan.LocationID]bool // nil keeps all
}

func newImportCommand(s Env, g *globals) *cobra.Command {
	o := importOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Write an inventory of what the account has",
		Long: `Write an inventory of the ports that the account has, such that a plan of it has
nothing to do: LAGs are one entry, what most entries share stands under defaults,
and sites are short names with the ids of their locations.

A service that no entry can stand for, because several have its name, for example,
is listed under unmanaged with the reason. What another inventory ordered is left
out, as far as the ledger or its tags tell, unless --takeover is given. What is no
port (MCR, MVE, VXC, IX) is counted.

The inventory goes to standard output or, with --out, to a new file. --into adds the
services that an inventory does not know to one of its files: comments, order and
style stay, the change is shown, and import asks before it writes.

--declare lists the keys that entries declare, and so keep: costCentre,
marketplaceVisibility, locked (where a port is locked) and tags. Tags take a request
for each port; those by which portctl knows its orders are left out.

--accept changes the inventory instead of the account, for entries that a plan would
update or that look renamed: their name (with uid), costCentre, marketplaceVisibility,
locked and declared tags become the account's. The change is shown, and import asks.
Values from defaults or a rollout are refused with their line.`,
		Example: `  portctl import --env production --out portctl.yaml
  portctl import --env production --metro London --declare costCentre,tags
  portctl import --into inventory/emea.yaml --name 'lon-*'
  portctl import --accept lon-edge-1 --accept 'fra-*'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := acceptAlone(cmd); err != nil {
				return err
			}
			return runImport(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "write the inventory to this new `file`")
	f.StringVar(&o.into, "into", "", "add what is missing to this `file` of an inventory")
	f.StringSliceVar(&o.declare, "declare", []string{"costCentre", "locked", "marketplaceVisibility"}, "`keys` that entries declare, besides what is ordered")
	f.StringArrayVar(&o.site, "site", nil, "keep the ports at a `site`: a name or id; may repeat")
	f.StringArrayVar(&o.metro, "metro", nil, "keep the ports in a `metro`, such as London; may repeat")
	f.StringArrayVar(&o.name, "name", nil, "keep the ports of this `name` or glob; may repeat")
	f.StringArrayVar(&o.tag, "tag", nil, "keep the ports with a tag, as `name=value`; may repeat; takes a request for each port")
	f.StringArrayVar(&o.accept, "accept", nil, "take the account's values over for the entries of this `name` or glob; may repeat")
	f.BoolVar(&o.takeover, "takeover", false, "also take what another inventory ordered")
	f.BoolVarP(&o.yes, "yes", "y", false, "write without asking")
	return cmd
}

// acceptAlone refuses what makes entries beside --accept, which changes them.
func acceptAlone(cmd *cobra.Command) error {
	f := cmd.Flags()
	for _, other := range []string{"out", "into", "declare", "site", "metro", "name", "tag", "takeover"} {
		if f.Changed("accept") && f.Changed(other) {
			return withHint(fmt.Errorf("--accept and --%s exclude each other", other), "--accept changes entries of the inventory that -f names")
		}
	}
	return nil
}

// check refuses flags that do not go together.
func (o *importOptions) check() error {
	for _, key := range o.declare {
		if !slices.Contains(inventory.DeclarableKeys(), key) {
			return withHint(fmt.Errorf("--declare: %q is not a key that can be declared", key), "they are "+strings.Join(inventory.DeclarableKeys(), ", "))
		}
	}
	for _, tag := range o.tag {
		if !strings.Contains(tag, "=") {
			return withHint(fmt.Errorf("--tag %q is not name=value", tag), "write for example --tag team=network")
		}
	}
	switch {
	case o.out != "" && o.into != "":
		return withHint(errors.New("--out and --into exclude each other"), "--out writes a new file, --into changes one")
	case o.yes && o.into == "" && len(o.accept) == 0:
		return withHint(errors.New("--yes is for --into and --accept"), "leave it out")
	}
	if _, err := os.Lstat(o.out); o.out != "" && err == nil {
		return withHint(fmt.Errorf("%s already exists and is not overwritten", o.out), "name another file, or add to it with --into "+render.Command(o.out))
	}
	return nil
}

func runImport(ctx context.Context, s Env, o importOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	inv, files, err := o.existing(s)
	if err != nil {
		return err
	}
	session, err := o.open(ctx, s, inv.Environment, false)
	if err != nil {
		return err
	}
	defer session.close()
	b, err := o.openNamedLedger(ctx, session.target, inv)
	if err != nil {
		return err
	}
	defer b.store.Close()
	reader := provider.NewReader(session.client)
	planning := o.planning(s)
	defer planning.Close()
	options := refresh.Options{Ledger: b.Ledger, SameAccount: o.sameAccount, OnStep: planning.Step}
	if len(o.accept) > 0 {
		options.Selection, options.CheckTags = plan.Selection{Only: o.accept}, true
	}
	account, err := refresh.ReadUnpriced(ctx, reader, inv.Desired(), options)
	if err != nil {
		return err
	}
	if len(o.accept) > 0 {
		planning.Close()
		return o.takeOver(ctx, s, files, account)
	}
	if slices.Contains(o.declare, "tags") || len(o.tag) > 0 {
		if err := readTags(ctx, reader, &account, options); err != nil {
			return err
		}
	}
	planning.Close()
	holdings, foreign, err := o.chosen(account)
	if err != nil {
		return err
	}
	adoption := inventory.Adoption{
		Name: inv.Name, Environment: session.target.Environment, Declare: o.declare, Takeover: o.takeover, Holdings: holdings, Catalog: account.Catalog,
		Judge: func(d plan.Desired) plan.Plan { return plan.Build(d, account.Observed, account.Catalog) },
	}
	if o.into != "" {
		return o.insert(ctx, s, files, adoption, foreign, account.Observed)
	}
	return o.write(s, adoption, foreign, account.Observed)
}

// existing is the inventory that --into and --accept change, or an empty one.
func (o *importOptions) existing(s Env) (*inventory.Inventory, []inventory.File, error) {
	if o.into == "" && len(o.accept) == 0 {
		where := o.out
		if where == "" {
			where = inventory.DefaultFile
		}
		absolute, err := filepath.Abs(where)
		if err != nil {
			return nil, nil, err
		}
		name := inventory.NameFrom(filepath.Base(filepath.Dir(absolute)))
		return &inventory.Inventory{Name: name, Files: []string{absolute}}, nil, nil
	}
	if len(o.files) == 0 && o.into != "" {
		o.files = []string{o.into}
	}
	inv, err := o.load(s)
	if err != nil {
		return nil, nil, err
	}
	files, err := inventory.Read(o.files)
	return inv, files, err
}

// readTags reads the tags of all ports that are not terminated.
func readTags(ctx context.Context, r refresh.Reader, account *refresh.PricedPlan, options refresh.Options) error {
	var uids []plan.ServiceUID
	for _, svc := range account.Observed.Services {
		if !svc.Status.Terminated() {
			uids = append(uids, svc.UID)
		}
	}
	return account.ReadTags(ctx, r, uids, options)
}

// chosen are the holdings that the filters keep, and how many belong to other inventories.
func (o *importOptions) chosen(account refresh.PricedPlan) (chosen []plan.Holding, foreign int, err error) {
	if err := o.resolveSites(account.Catalog); err != nil {
		return nil, 0, err
	}
	for _, h := range plan.Holdings(account.Observed) {
		switch {
		case !o.fits(h, account.Catalog):
		case h.Inventory != "" && h.Inventory != account.Desired.Inventory && !o.takeover:
			foreign++
		default:
			chosen = append(chosen, h)
		}
	}
	return chosen, foreign, nil
}

func (o *importOptions) resolveSites(catalog plan.Catalog) error {
	for _, site := range o.site {
		found := catalog.Search(site)
		if len(found) == 0 || found[0].Class == plan.MatchGuess {
			return withHint(fmt.Errorf("--site: no location matches %q", site), o.command("sites")+" lists all locations")
		}
		if o.locationFilter == nil {
			o.locationFilter = map[plan.LocationID]bool{}
		}
		for _, x := range found {
			if x.Class == found[0].Class {
				o.locationFilter[x.Location.ID] = true
			}
		}
	}
	return nil
}

func (o *importOptions) fits(h plan.Holding, catalog plan.Catalog) bool {
	s := h.Primary()
	location, _ := catalog.ByID(s.Location)
	return (o.locationFilter == nil || o.locationFilter[s.Location]) && anyOf(o.metro, location.Metro) &&
		(len(o.name) == 0 || slices.ContainsFunc(o.name, func(pattern string) bool { return plan.Fits(pattern, s.Name) })) &&
		!slices.ContainsFunc(o.tag, func(tag string) bool {
			name, value, _ := strings.Cut(tag, "=")
			have, has := h.Tags[name]
			return !has || have != value
		})
}

// write writes a new inventory.
func (o *importOptions) write(s Env, a inventory.Adoption, foreign int, account plan.Observed) error {
	got, err := inventory.Adopt(a)
	if err != nil {
		return err
	}
	if o.out == "" {
		_, err = s.content().Write(got.Content)
	} else {
		err = writeNew(o.out, got.Content)
	}
	if err != nil {
		return err
	}
	o.tell(s, got, foreign, account)
	if o.out != "" && !o.quiet {
		again := *o.globals
		again.files = []string{o.out}
		fmt.Fprintf(s.Err, "wrote %s\nnext: %s\n", o.out, again.command("plan"))
	}
	return nil
}

// insert adds to an inventory, after a yes.
func (o *importOptions) insert(ctx context.Context, s Env, files []inventory.File, a inventory.Adoption, foreign int, account plan.Observed) error {
	changed, got, err := inventory.AdoptInto(files, o.into, a)
	if err != nil {
		return withHint(err, "leave services out with --name, --site or --metro")
	}
	o.tell(s, got, foreign, account)
	if got.Entries == 0 && len(got.Aside) == 0 {
		if !o.quiet {
			fmt.Fprintln(s.Err, "nothing to add: the inventory knows all of it")
		}
		return nil
	}
	return o.revise(ctx, s, files, []inventory.File{changed}, o.yes)
}

// tell says in a few lines what became of the account.
func (o *importOptions) tell(s Env, got inventory.Adopted, foreign int, account plan.Observed) {
	if o.quiet {
		return
	}
	parts := []string{render.Plural(got.Entries, "entry", "entries")}
	if n := len(got.Aside); n > 0 {
		parts = append(parts, fmt.Sprintf("%d unmanaged, each with its reason in the file", n))
	}
	if foreign > 0 {
		parts = append(parts, fmt.Sprintf("%d left out because another inventory ordered them (--takeover takes them)", foreign))
	}
	fmt.Fprintf(s.Err, "imported %s\n", strings.Join(parts, ", "))
	if account.Others > 0 {
		fmt.Fprintf(s.Err, "%s no ports (MCR, MVE, VXC, IX): portctl does not manage them\n", render.Plural(account.Others, "product is", "products are"))
	}
	if n := len(account.Untyped); n > 0 {
		fmt.Fprintf(s.Err, "warning: %s listed without a type and left out\n", render.Plural(n, "product is", "products are"))
	}
	if n := len(account.Claims); n > 0 {
		fmt.Fprintf(s.Err, "warning: %s unconfirmed; plan shows what to do\n", render.Plural(n, "order of an earlier run is", "orders of earlier runs are"))
	}
}

// takeOver writes the account's values into entries, after a yes.
func (o *importOptions) takeOver(ctx context.Context, s Env, files []inventory.File, account refresh.PricedPlan) error {
	got, err := inventory.Accept(files, inventory.Acceptance{
		Wanted: o.accept, Observed: account.Observed,
		Judge: func(d plan.Desired) plan.Plan { return plan.Build(d, account.Observed, account.Catalog) },
	})
	if err != nil {
		return err
	}
	if len(got.Files) > 0 {
		if err := o.revise(ctx, s, files, got.Files, o.yes); err != nil {
			return err
		}
	}
	for _, r := range got.Refused {
		fmt.Fprintf(s.Err, "error: %s\n", render.Clean(fmt.Sprintf("%s: %q: %s", r.At, r.Entry, r.Reason)))
		if r.Hint != "" {
			fmt.Fprintf(s.Err, "  hint: %s\n", indent(render.Clean(r.Hint)))
		}
	}
	switch {
	case len(got.Refused) > 0:
		return exitWith(exitRefused, withHint(fmt.Errorf("%s not taken over", render.Plural(len(got.Refused), "difference is", "differences are")), o.command("plan")+" shows what is left"))
	case len(got.Files) == 0 && !o.quiet:
		fmt.Fprintln(s.Err, "nothing to take over: the entries say what the account has")
	case !o.quiet:
		fmt.Fprintf(s.Err, "took over %s\nnext: %s\n", render.Plural(got.Values, "value", "values"), o.command("plan"))
	}
	return nil
}
