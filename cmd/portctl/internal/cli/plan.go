package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/cmd/portctl/internal/report"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

type planOptions struct {
	*globals
	selection     plan.Selection
	format        string
	out           string
	expires       time.Duration
	detailed      bool
	showUnmanaged bool
	verbose       bool
	policyFrom    string
	drift         bool
	failOn        []string
	// written says that a plan was made, target and inventory what it was made for as
	// far as that is known.
	written   bool
	target    target
	inventory *inventory.Inventory
	// countUnmanaged and contractDays are what failOn says.
	countUnmanaged bool
	contractDays   int
}

func newPlanCommand(s Env, g *globals) *cobra.Command {
	o := planOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what apply would do and what it would cost",
		Long: `Compare the inventory with the account and show what "portctl apply" would buy,
change and cancel, and what it would cost. plan never changes the account.

plan resolves sites to Megaport locations, matches entries with services by uid,
name and former name, and takes the price of every order from the API's own
validation. It shows the unconfirmed orders of earlier runs, which hold back
their entries.

With --out the plan is saved, readable only by you, and sealed: "portctl apply
PLAN.json" does at most what the plan lists, and refuses a plan that was edited.
Without -f it reads the inventory files that the plan was made from, so run it in
the same directory of a checkout. If no plan can be made, FILE says why instead, so
that no older plan is taken for it.

With --policy-from the policy of another inventory, that of the branch a change is
to be merged into, limits the plan too: of each limit the stricter one holds, and
what the change makes looser takes effect after merge.

--format html writes one HTML page for people without a terminal; "portctl report" writes
such a page about what was ordered.

With --drift the plan is a nightly look at an account that was brought in line
before: it says what is missing, what differs, what stands in the way, which
services no entry mentions, and which contracts end within 90 days. --fail-on has
services that no entry mentions (unmanaged) and contracts that end within some days
(contract=30d) count as drift too.

If CI is set and the ledger is on the machine's own disk, plan warns that it
cannot see the unconfirmed orders of other runs.

Exit codes: 0 success: the plan can be applied, or nothing would change, 2 changes
are pending (with --detailed-exitcode only), 3 the inventory is invalid, an entry is
blocked or a limit exceeded, 5 an earlier order's outcome is unknown, 1 any
other error. With --drift the first that fits: 1 any error, 3 the inventory is
invalid, 5 an earlier order's outcome is unknown, 2 there is drift, 0 there is none.`,
		Example: `  portctl plan -f examples/emea-rollout.yaml
  portctl plan -f inventory/ --env staging --format json
  portctl plan --out plan.json --except 'lab-*'
  portctl plan --drift --fail-on unmanaged,contract=30d`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.recordFailure(s, runPlan(cmd.Context(), s, &o)) },
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "`format` of the plan: text, markdown, json or html")
	f.StringVar(&o.out, "out", "", "save the plan to this `file`, for portctl apply")
	f.DurationVar(&o.expires, "expires", 7*24*time.Hour, "`duration` for which a saved plan may be applied")
	f.BoolVar(&o.detailed, "detailed-exitcode", false, "exit 2 when changes are pending")
	f.StringVar(&o.policyFrom, "policy-from", "", "inventory `file` or directory of the base branch, whose policy limits the plan too")
	f.BoolVar(&o.drift, "drift", false, "look for drift: exit 2 when the account is not as the inventory says")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "`what` else counts as drift: unmanaged, contract=30d; separated by commas")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show all notes, also those on entries that do not change")
	f.BoolVar(&o.showUnmanaged, "show-unmanaged", false, "list the services that are not in the inventory")
	o.registerCheckTags(f)
	registerSelection(f, &o.selection)
	cmd.MarkFlagsMutuallyExclusive("drift", "detailed-exitcode")
	return cmd
}

func registerSelection(f *pflag.FlagSet, s *plan.Selection) {
	f.StringArrayVar(&s.Only, "only", nil, "include only entries of this `name` or glob; may repeat")
	f.StringArrayVar(&s.Except, "except", nil, "exclude entries of this `name` or glob; may repeat")
}

func runPlan(ctx context.Context, s Env, o *planOptions) error {
	if err := oneOf("format", o.format, "text", "markdown", "json", "html"); err != nil {
		return err
	}
	if o.format == "html" {
		if err := noPageOnTerminal(s, "portctl plan --format html > plan.html"); err != nil {
			return err
		}
	}
	if err := o.readFailOn(); err != nil {
		return err
	}
	if o.expires <= 0 {
		return fmt.Errorf("--expires must be positive, not %s", o.expires)
	}
	return o.withLedger(ctx, s, func(inv *inventory.Inventory, session *session, b *openLedger) error {
		o.inventory, o.target = inv, session.target
		if err := b.checkLeaving(ctx); err != nil {
			return err
		}
		desired, err := o.limited(inv)
		if err != nil {
			return err
		}
		planning := o.planning(s)
		defer planning.Close()
		draft, err := refresh.Read(ctx, provider.NewReader(session.client), desired, refresh.Options{
			Ledger: b.Ledger, Selection: o.selection, SameAccount: o.sameAccount, CheckTags: o.checkTags, OnStep: planning.Step,
		})
		planning.Close()
		if err != nil {
			return err
		}
		doc := o.document(s, session.target, inv, draft, o.expires)
		if o.volatile(s, session.target, inv) {
			doc.Warnings = append([]plan.Warning{{Text: noSharedLedger}}, doc.Warnings...)
		}
		if desired.Base != nil {
			doc.AfterMerge = desired.Policy.Loosened(*desired.Base)
		} else if o.policyFrom != "" {
			doc.Warnings = append([]plan.Warning{{Text: fmt.Sprintf("--policy-from %s: there is no such file or directory, so only the inventory's own policy limits the plan", o.policyFrom)}}, doc.Warnings...)
		}
		if o.drift {
			drift := plan.DriftOf(doc.Plan, s.now(), o.countUnmanaged, o.contractDays)
			doc.Drift = &drift
		}
		o.written = true
		if err := o.write(s, doc); err != nil {
			return err
		}
		if o.format == "html" {
			err = report.Write(s.content(), report.Input{
				Inventory: inv.Name, Environment: session.Environment, BaseURL: session.Address(), Document: &doc, Status: apply.StatusOf(draft),
			})
			if err != nil {
				return err
			}
		}
		return o.verdict(doc)
	})
}

// limited is what the inventory asks for, within the policy of the base branch too.
func (o planOptions) limited(inv *inventory.Inventory) (plan.Desired, error) {
	desired := inv.Desired()
	if o.policyFrom == "" {
		return desired, nil
	}
	base, found, err := inventory.LoadPolicy([]string{o.policyFrom})
	if err != nil {
		return desired, err
	}
	if found {
		desired.Base = &base
	}
	return desired, nil
}

// readFailOn reads what else counts as drift.
func (o *planOptions) readFailOn() error {
	if len(o.failOn) > 0 && !o.drift {
		return withHint(errors.New("--fail-on says what counts as drift, and there is no --drift"), "add --drift")
	}
	for _, what := range o.failOn {
		days, isContract := strings.CutPrefix(what, "contract=")
		n, err := strconv.Atoi(strings.TrimSuffix(days, "d"))
		switch {
		case what == "unmanaged":
			o.countUnmanaged = true
		case isContract && err == nil && n > 0 && strings.HasSuffix(days, "d"):
			o.contractDays = n
		default:
			return withHint(fmt.Errorf("--fail-on %q is not known", what), "use unmanaged, contract=30d, or both: --fail-on unmanaged,contract=30d")
		}
	}
	return nil
}

// applyArgs are the arguments of the apply that does what is planned: those of a
// saved plan name its file, which knows what it takes out.
func (o planOptions) applyArgs() []string {
	if o.out != "" {
		return append([]string{o.out}, o.repeatFlags(plan.Selection{})...)
	}
	return append(o.repeatFlags(o.selection), o.repeatCheckTags()...)
}

// verdict is the exit of plan: what apply would make of it.
func (o planOptions) verdict(p plan.Document) error {
	switch {
	case p.Drift != nil && p.Summary.Unknown > 0:
		return exitWith(exitUnknown, nil)
	case p.Drift != nil && p.Drift.Found:
		return exitWith(exitPending, nil)
	case p.Drift != nil:
		return nil
	case !p.CanApply():
		return exitWith(exitRefused, fmt.Errorf("%s; apply would do nothing", inTheWay(p.Plan)))
	case p.Summary.Unknown > 0:
		return exitWith(exitUnknown, nil)
	case o.detailed && p.Changes() > 0:
		return exitWith(exitPending, nil)
	}
	return nil
}

// inTheWay says what keeps a plan from being applied.
func inTheWay(p plan.Plan) string {
	blocked, exceeded := p.Summary.Blocked, len(p.Exceeded())
	switch {
	case exceeded == 0:
		return are(blocked, "entry", "entries", "blocked")
	case blocked == 0:
		return are(exceeded, "limit", "limits", "exceeded")
	default:
		return are(blocked, "entry", "entries", "blocked") + " and " + are(exceeded, "limit", "limits", "exceeded")
	}
}

func are(n int, one, many, what string) string {
	verb := "are"
	if n == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%s %s %s", render.Plural(n, one, many), verb, what)
}

// noSharedLedger: the disk of the runner that bought is not this one's.
const noSharedLedger = "CI is set and the ledger is on this machine's own disk: unconfirmed orders of other runs cannot be seen; keep the ledger in a bucket (`state: s3://BUCKET/PREFIX`)"

// document puts a draft's plan into its envelope.
func (g *globals) document(s Env, t target, inv *inventory.Inventory, d refresh.PricedPlan, expires time.Duration) plan.Document {
	now := time.Now().UTC().Truncate(time.Second)
	doc := plan.Document{
		FormatVersion: plan.FormatVersion,
		Tool:          "portctl " + Version(),
		CreatedAt:     now,
		ExpiresAt:     now.Add(expires),
		Environment:   t.Environment,
		BaseURL:       t.Address(),
		CompanyName:   d.Observed.Owner.CompanyName(),
		Account:       d.Observed.Owner.Key,
		Owner:         d.Observed.Owner,
		Origin:        s.origin(),
		SameAccount:   g.sameAccount,
		Inventory:     plan.InventoryRef{Name: inv.Name, Digest: inv.Desired().Digest(), Files: g.named()},
		Checksum:      d.Plan.Checksum(t.Environment, inv.Name),
		Plan:          d.Plan.WithHints(g.pasted().Hint),
	}
	if company := d.Observed.Owner.Company(); company != "" {
		doc.Company = &company
	}
	return doc
}

// write shows the plan, and saves it when asked to.
func (o planOptions) write(s Env, doc plan.Document) error {
	var encoded []byte
	if o.out != "" || o.format == "json" {
		doc.Review = render.Review(doc.Plan)
		var err error
		if encoded, err = doc.Sealed().Encode(); err != nil {
			return err
		}
	}
	if o.out != "" {
		if err := writePrivate(o.out, encoded); err != nil {
			return withHint(fmt.Errorf("the plan could not be saved: %w", err), "name another file with --out")
		}
		if !o.quiet {
			fmt.Fprintf(s.Err, "saved as %s, valid until %s\n", o.out, doc.ExpiresAt.Format("2006-01-02 15:04 MST"))
		}
	}
	drawing := render.Options{Width: s.Width, Color: o.color(s), ShowUnmanaged: o.showUnmanaged, Verbose: o.verbose, Apply: o.applyArgs(), Ledger: o.repeatFlags(plan.Selection{})}
	switch o.format {
	case "text":
		if o.quiet {
			_, err := fmt.Fprintln(s.Out, render.DocumentVerdict(doc))
			return err
		}
		return render.PlanText(s.Out, doc, drawing)
	case "markdown":
		return render.PlanMarkdown(s.Out, doc, drawing)
	case "html": // a page needs more than the document
		return nil
	}
	_, err := s.Out.Write(encoded)
	return err
}
