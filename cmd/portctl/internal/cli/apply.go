package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

type applyOptions struct {
	*globals
	selection   plan.Selection
	planFiles   []string
	expect      string
	autoApprove bool
	allowCancel []string
	parallelism int
	wait        time.Duration
	noWait      bool
	loaDir      string
	noLOA       bool
	format      string
	resultFile  string
	attestFile  string
	events      string
	maxFailures int
	// maxUnconfirmed is how many orders in a row may go without a usable answer.
	maxUnconfirmed int
	// kept are the flags that the next apply needs as well, and keptLOAs those that
	// say where the LOAs are.
	kept, keptLOAs []string
}

func newApplyCommand(s Env, g *globals) *cobra.Command {
	o := applyOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "apply [PLAN.json|FOLDER]...",
		Short: "Apply the inventory: order and update ports, wait for provisioning, download LOAs",
		Long: `Order the ports that the inventory lists and the account lacks, update those that
differ, wait for provisioning, and download every Letter of Authorization (LOA)
as a PDF, with a manifest.

The API validates every order before the first one is sent. If it refuses one,
nothing is ordered. Then apply shows the plan and asks for "yes". Before it sends
an order, it writes a claim to the ledger. An order without a usable answer is
looked up until the lookup timeout, and never sent again. An order that is still
unconfirmed holds back its entry until "portctl ledger resolve" closes the claim.

With PLAN.json, a plan saved by "portctl plan --out", apply does only what the plan
lists, at no higher price. The same file can be applied again after a partial
failure. Several plans, each reviewed by itself, are taken together: everything
that apply would do must stand in one of them. A folder stands for the plans in it
(*.json); an empty one says that nothing was reviewed, and that nothing may be
changed. --expect takes the checksum of a reviewed plan instead.

A service is cancelled only when its entry says "state: absent" and it is named
with --allow-cancel, or its name is typed when asked.

The account is looked at, and LOAs of ready ports are downloaded, while orders are
still being sent. Megaport lets in 500 requests in 5 minutes: apply spends them at
once, tells until when it waits then, and shares them with the other portctl
processes of the machine (--request-budget). That waiting counts against no timeout.

A terminal
shows the progress in place, other outputs line by line; --events writes it as
JSON. With "--events -" standard output carries nothing else, and the plan and the
result go to standard error.

An order that gets no answer within 30 seconds no longer holds up the others, and
after 10 unconfirmed orders in a row no new one is sent (--max-unconfirmed).

Ctrl-C starts nothing new, finishes the in-flight orders and writes the result.
A second Ctrl-C, a second or more later, exits within two seconds: the result
reports the in-flight orders as unknown, their claims stay open, and the lock is
released. --result and --format json have a result in every case, also when nothing
was sent; its "error" says why. --attest writes the same as an in-toto statement about
the inventory, the saved plans and the result, for cosign attest-blob to sign.

An LOA that Megaport refuses for good (403, or 404 an hour after the port is
provisioned), and a port that was FAILED before the run, are named and not waited
for; "portctl loa --refresh" asks again.

Exit codes: 0 success, 3 refused and nothing sent, 4 partly done
or interrupted, 5 an order's outcome is unknown or a name has a second service,
6 the saved or expected plan does not cover what would be done, 7 all bought but
something is not ready or an LOA is missing, 130 ended by a second Ctrl-C, 1 any
other error, also an output that could not be written.`,
		Example: `  portctl apply -f examples/london.yaml
  portctl apply -f examples/emea-rollout.yaml --auto-approve --loa-dir loas-emea
  portctl apply --auto-approve --events - | jq -r .type
  portctl plan --out plan.json && portctl apply plan.json --auto-approve
  portctl apply plans/ -f inventory/ --auto-approve`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.planFiles = args
			o.kept = given(cmd.Flags(), "loa-dir", "no-loa", "wait", "no-wait", "lookup-timeout", "horizon", "parallelism", "max-failures", "max-unconfirmed")
			o.keptLOAs = given(cmd.Flags(), "loa-dir", "no-loa")
			return runApply(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.expect, "expect", "", "`checksum` that the plan must have")
	f.BoolVar(&o.autoApprove, "auto-approve", false, "apply without asking for confirmation")
	f.StringArrayVar(&o.allowCancel, "allow-cancel", nil, "`name` of a service that may be cancelled; may repeat")
	f.IntVar(&o.parallelism, "parallelism", 16, "`number` of orders, validations and downloads at one time")
	f.DurationVar(&o.wait, "wait", 30*time.Minute, "`duration` to wait for provisioning and LOAs")
	f.BoolVar(&o.noWait, "no-wait", false, "do not wait for provisioning")
	o.registerLookupTimeout(f, "`duration` for which an unconfirmed order is looked for after it was sent")
	f.StringVar(&o.loaDir, "loa-dir", defaultLOADir, "`folder` for the LOAs and their manifest")
	f.BoolVar(&o.noLOA, "no-loa", false, "download no LOAs")
	f.StringVar(&o.format, "format", "text", "`format` of the result: text or json")
	f.StringVar(&o.events, "events", "", "write every event as a line of JSON to this `file`; - means standard output")
	f.IntVar(&o.maxFailures, "max-failures", 0, "start no new order after this `number` of failed orders; 0 for no limit")
	f.IntVar(&o.maxUnconfirmed, "max-unconfirmed", 10, "start no new order after this `number` of unconfirmed orders in a row; 0 for no limit")
	f.StringVar(&o.resultFile, "result", "", "write the result as JSON to this `file` too, whatever happens, also when apply is refused or interrupted")
	f.StringVar(&o.attestFile, "attest", "", "write an in-toto statement of what was done to this `file`, to be signed")
	o.registerCheckTags(f)
	registerSelection(f, &o.selection)
	cmd.MarkFlagsMutuallyExclusive("wait", "no-wait")
	return cmd
}

func (o *applyOptions) check() error {
	if o.parallelism < 1 {
		return fmt.Errorf("--parallelism must be at least 1, not %d", o.parallelism)
	}
	if o.maxFailures < 0 {
		return fmt.Errorf("--max-failures must not be negative: %d", o.maxFailures)
	}
	if o.maxUnconfirmed < 0 {
		return fmt.Errorf("--max-unconfirmed must not be negative: %d", o.maxUnconfirmed)
	}
	if o.wait < 0 || o.lookupTimeout <= 0 {
		return fmt.Errorf("--wait and --lookup-timeout must not be negative: %s, %s", o.wait, o.lookupTimeout)
	}
	if o.noWait {
		o.wait = 0
	}
	if o.events == eventsToStdout && o.format == "json" {
		return errTwoDocuments
	}
	return oneOf("format", o.format, "text", "json")
}

// applying is one apply on its way. What is known of it goes into the result,
// however early it ends.
type applying struct {
	applyOptions
	session   *session
	account   *provider.Account
	inventory *inventory.Inventory
	reviewed  plan.Reviewed
	loas      *loa.Folder
	ledger    *openLedger
	unlock    func()
	events    *eventStream

	started   time.Time
	identity  apply.Identity
	draft     refresh.PricedPlan
	checksum  string // of the draft
	recovered []refresh.Recovered
	told      bool // the result is written
}

func runApply(ctx context.Context, s Env, o applyOptions) error {
	surviveClosedPipes()
	a := &applying{applyOptions: o, started: time.Now(), identity: apply.Identity{Tool: "portctl " + Version()}}
	events, s, err := openEvents(s, o.events)
	if err == nil {
		a.events = events
		err = a.run(ctx, s)
	}
	return events.finish(s, a.conclude(ctx, s, err))
}

// run opens what apply needs and carries it out.
func (a *applying) run(ctx context.Context, s Env) (err error) {
	if err := a.check(); err != nil {
		return err
	}
	if a.reviewed, err = a.savedPlans(); err != nil {
		return err
	}
	if a.inventory, err = a.load(s); err != nil {
		return err
	}
	a.requests = inFlight(a.parallelism)
	if a.session, err = a.open(ctx, s, a.inventory.Environment, false); err != nil {
		return err
	}
	defer a.session.close()
	a.identity = identity(a.session.target, a.inventory)
	a.account = provider.NewAccount(a.session.client)
	if err := a.checkPlaces(); err != nil {
		return exitWith(exitRefused, err)
	}
	if a.loas, err = a.loaFolder(a.session.target); err != nil {
		return exitWith(exitRefused, err)
	}
	if err := a.checkLedgerPlace(s, a.session.target, a.inventory); err != nil {
		return err
	}
	if a.ledger, err = a.openLedgerToBuy(ctx, a.session.target, a.inventory); err != nil {
		return err
	}
	defer a.ledger.store.Close()
	if a.unlock, err = a.ledger.lock(ctx, s); err != nil {
		return err
	}
	defer a.unlock()
	return a.execute(ctx, s)
}

// inFlight is how many requests the client lets run at one time, so that an order
// whose claim is made never waits for a slot: those that are asked for, as many
// again whose slots were lent to others because they hang, and listings and LOAs.
func inFlight(parallelism int) int { return 2*parallelism + 16 }

// prepare drafts the run: what would be done now.
func (a *applying) prepare(ctx context.Context, s Env) (plan.Document, error) {
	planning := a.planning(s)
	defer planning.Close()
	draft, recovered, err := refresh.ReadAndRecord(ctx, a.account, a.inventory.Desired(), refresh.Options{
		Ledger: a.ledger.Ledger, Selection: a.selection, Parallelism: a.parallelism, PerOrder: true,
		SameAccount: a.sameAccount, CheckTags: a.checkTags || a.reviewed.ChangesTags(),
		Recheck: a.rehearsed(a.session.target, refresh.DefaultRecheck), OnStep: planning.Step,
	})
	a.recovered = append(a.recovered, recovered...)
	if err != nil {
		return plan.Document{}, nothingSent(refusal(err))
	}
	doc := a.document(s, a.session.target, a.inventory, draft, 0)
	a.draft, a.checksum = draft, doc.Checksum
	return doc, nil
}

// execute drafts, asks and runs, holding the lock until the orders are sent.
func (a *applying) execute(ctx context.Context, s Env) error {
	doc, err := a.prepare(ctx, s)
	if err != nil {
		return err
	}
	if len(doc.Exceeded()) > 0 && !a.draft.Priced() {
		return a.refuse(s, doc.Plan)
	}
	if err := a.checkReviewed(s, a.reviewed, doc); err != nil {
		return err
	}
	shown := s.now()
	if err := a.gate(ctx, s, doc); err != nil {
		return err
	}
	if s.now().Sub(shown) > staleAfter {
		fresh, err := a.prepare(ctx, s)
		if err != nil {
			return err
		}
		if fresh.Checksum != doc.Checksum {
			return exitWith(exitUncovered, withHint(errors.New("the account or the prices changed before you confirmed, so nothing is done"),
				"run the same command again to review the plan as it is now"))
		}
	}
	watching := a.watch(s, a.events)
	defer watching.stop()
	a.session.waits.to(watching.Event)
	stopping := context.AfterFunc(ctx, func() {
		fmt.Fprintln(s.Err, "Stopping: finishing in-flight orders. Press Ctrl-C again to exit now")
	})
	defer stopping()
	result := apply.Run(ctx, a.draft, apply.Options{
		Budgeted: a.session.budgeted,
		Account:  a.account, Identity: a.identity, Ledger: a.ledger.Ledger, OnOrdersSent: a.unlock, LOAs: a.loas, Sink: watching.Event,
		Parallelism: a.parallelism, MaxFailures: a.maxFailures, MaxUnconfirmed: a.maxUnconfirmed, Hurry: s.Hurry,
		Wait: a.wait, LookupTimeout: a.lookupTimeout, Recheck: a.rehearsed(a.session.target, refresh.DefaultRecheck), SameAccount: a.sameAccount, Recovered: a.recovered,
	})
	a.session.waits.to(nil)
	watching.stop()
	return a.finish(s, result)
}

// conclude writes the result of a run that did not begin.
func (a *applying) conclude(ctx context.Context, s Env, err error) error {
	if err == nil || a.told {
		return err
	}
	err = a.withWayOut(err)
	message := err.Error()
	if interrupted := ctx.Err() != nil && errors.Is(err, context.Canceled); interrupted {
		err = exitWith(exitPartly, withHint(err, "nothing was bought or changed; run the same command again"))
		message = "interrupted"
	}
	failure := apply.NewRunError(err, hintOf(err))
	failure.Message = message
	r := apply.NotRun(a.draft.Plan, a.identity, a.started, a.recovered, codeOf(err), failure)
	r.Interrupted = ctx.Err() != nil
	if unwritten := a.write(s, r); unwritten != nil {
		fmt.Fprintf(s.Err, "error: the result could not be written: %v\n", unwritten)
	}
	return err
}

// nothingSent tells whoever reads an error what they want to know first.
func nothingSent(err error) error {
	var h interface{ Hint() string }
	if err == nil || errors.As(err, &h) && h.Hint() != "" {
		return err
	}
	return withHint(err, "nothing was bought or changed; "+cmp.Or(advice(err), "run the same command again when the cause is fixed"))
}

// staleAfter is how long a plan that is shown may wait for its yes before the
// account is read again.
const staleAfter = time.Minute

// refusal gives errors of the ledger's rules their exit code: nothing was sent.
func refusal(err error) error {
	var company *ledger.CompanyError
	var locked *ledger.LockedError
	if errors.As(err, &company) {
		return exitWith(exitUncovered, err)
	}
	if errors.As(err, &locked) {
		return exitWith(exitRefused, err)
	}
	return err
}

// lock takes the ledger's lock; the function returned gives it back, once.
func (b *openLedger) lock(ctx context.Context, s Env) (func(), error) {
	lock, err := b.Lock(ctx)
	if err != nil {
		return nil, refusal(err)
	}
	return sync.OnceFunc(func() {
		if err := lock.Release(context.WithoutCancel(ctx)); err != nil {
			fmt.Fprintf(s.Err, "warning: the lock could not be released: %v\n", err)
		}
	}), nil
}

// savedPlans reads the plans that limit the run, if there are any. What they take
// out by name is taken out again.
func (o *applyOptions) savedPlans() (plan.Reviewed, error) {
	if len(o.planFiles) == 0 {
		return nil, nil
	}
	files, err := plansIn(o.planFiles)
	if err != nil {
		return nil, err
	}
	if o.expect != "" && len(files) != 1 {
		return nil, withHint(fmt.Errorf("--expect is for a single plan, and %d are given", len(files)), "leave --expect out: every saved plan limits the run by itself")
	}
	all := plan.Reviewed{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		doc, err := plan.DecodeDocument(b)
		if err != nil {
			return nil, exitWith(exitUncovered, withHint(fmt.Errorf("%s: %w", file, err),
				o.command("plan", "--out", "FILE")+" saves a plan; inventory files are named with -f"))
		}
		if doc.Failure != nil {
			return nil, exitWith(exitUncovered, withHint(fmt.Errorf("%s: it is no plan: making it failed: %s", file, render.Clean(doc.Failure.Message)),
				"make and review a new plan with "+o.command("plan", "--out", file)))
		}
		all = append(all, plan.SavedPlan{File: file, Document: doc})
	}
	o.selection.Names = all.ExcludedNames()
	return all, o.useFilesOf(all)
}

// checkReviewed holds what would be done against the plans that were reviewed.
func (o *applyOptions) checkReviewed(s Env, reviewed plan.Reviewed, fresh plan.Document) error {
	if o.expect != "" && o.expect != fresh.Checksum {
		return exitWith(exitUncovered, withHint(fmt.Errorf("the plan is not the expected one: its checksum is %s", fresh.Checksum),
			"review the plan as it is now: "+o.command(append([]string{"plan"}, selected(o.selection)...)...)))
	}
	if reviewed == nil {
		return nil
	}
	objections := reviewed.Objections(fresh, time.Now())
	for _, x := range objections {
		fmt.Fprintf(s.Err, "error: %s\n", render.Clean(x.String()))
	}
	if len(objections) == 0 {
		return nil
	}
	what, out := "the saved plan does not cover", ""
	switch len(reviewed) {
	case 0:
		what, out = "no saved plan covers", "FILE"
	case 1:
		out = reviewed[0].File
	default:
		what, out = "the saved plans do not cover", "FILE"
	}
	return exitWith(exitUncovered, withHint(errors.New(what+" what would be done now, so nothing is done"),
		"make and review a new plan with "+o.command(append([]string{"plan", "--out", out}, selected(o.selection)...)...)))
}

// checkPlaces finds out before money is spent that the LOAs or the result
// could not be written after it.
func (o *applyOptions) checkPlaces() error {
	if !o.noLOA {
		if err := writableFolder(o.loaDir); err != nil {
			return withHint(fmt.Errorf("LOAs could not be saved to %s, so nothing is done: %w", o.loaDir, err),
				"name another folder with --loa-dir, or fetch them later: --no-loa, then "+o.command("loa"))
		}
	}
	for _, f := range []struct {
		path       *string
		what, flag string
	}{{&o.resultFile, "the result", "--result"}, {&o.attestFile, "the statement", "--attest"}} {
		if *f.path == "" {
			continue
		}
		if err := writableFile(*f.path); err != nil {
			path := *f.path
			*f.path = "" // said once
			return withHint(fmt.Errorf("%s could not be written to %s, so nothing is done: %w", f.what, path, err), "name another file with "+f.flag)
		}
	}
	return nil
}

func (o *applyOptions) loaFolder(t target) (*loa.Folder, error) {
	if o.noLOA {
		return nil, nil
	}
	return loa.Open(o.loaDir, t.Environment)
}

// gate shows the plan and lets nothing through that is in the way of a reviewed
// bill, or that nobody said yes to.
func (o *applyOptions) gate(ctx context.Context, s Env, doc plan.Document) error {
	drawing := render.Options{Width: s.Width, Color: o.color(s), Ledger: o.repeatFlags(plan.Selection{})}
	if !doc.CanApply() {
		return o.refuse(s, doc.Plan)
	}
	if o.format == "text" && !o.quiet && !doc.Empty() {
		if err := render.PlanText(s.Out, doc, drawing); err != nil {
			return err
		}
	}
	return o.confirm(ctx, s, doc.Plan, drawing)
}

func (o *applyOptions) refuse(s Env, p plan.Plan) error {
	fmt.Fprint(s.Err, render.Options{Color: o.colorErr(s)}.Blocked(p.Of(plan.Blocked)))
	for _, l := range p.Exceeded() {
		fmt.Fprintf(s.Err, "error: %s\n", render.Exceeded(l))
	}
	hint := "fix the entries, or exclude them with --except"
	if p.Summary.Blocked == 0 {
		hint = render.LimitHint(p)
	}
	return exitWith(exitRefused, withHint(fmt.Errorf("%s, so nothing is bought", inTheWay(p)), hint))
}

// confirm asks for the word "yes", and for the name of each service that is to
// be cancelled and was not named with --allow-cancel.
func (o *applyOptions) confirm(ctx context.Context, s Env, p plan.Plan, drawing render.Options) error {
	if p.Changes() == 0 {
		return nil
	}
	person := s.InTerminal && s.ErrTerminal
	in := bufio.NewReader(s.In)
	if !o.autoApprove {
		if !person {
			return exitWith(exitRefused, withHint(errors.New("cannot ask for confirmation: not a terminal"),
				"review the plan and use --auto-approve, or run apply on a terminal"))
		}
		if o.quiet || o.format != "text" {
			o.summary(s, p, drawing)
		}
		if !asked(ctx, s, in, "\n"+drawing.Question(p), "yes") {
			return exitWith(exitRefused, errors.New("not confirmed, so nothing is ordered"))
		}
	}
	cancels, allowed, named := p.Of(plan.Cancel), map[string]bool{}, map[string]bool{}
	for _, a := range cancels {
		named[plan.FoldName(a.Name)] = true
	}
	for _, name := range o.allowCancel {
		allowed[plan.FoldName(name)] = true
		if !named[plan.FoldName(name)] {
			fmt.Fprintf(s.Err, "warning: --allow-cancel %s: the plan cancels no service of this name\n", render.Clean(name))
		}
	}
	for _, a := range cancels {
		if allowed[plan.FoldName(a.Name)] {
			continue
		}
		if !person || !asked(ctx, s, in, fmt.Sprintf("Cancel %s (%s) for good? Type its name: ", render.Clean(a.Name), a.Service.UID), a.Name) {
			return exitWith(exitRefused, withHint(fmt.Errorf("cancelling %q was not allowed, so nothing is done", a.Name),
				fmt.Sprintf("allow it with --allow-cancel %s, or exclude it with --except %s", a.Name, a.Name)))
		}
	}
	return nil
}

// summary tells in a few lines what yes would mean.
func (o *applyOptions) summary(s Env, p plan.Plan, drawing render.Options) {
	fmt.Fprintln(s.Err, drawing.Headline(p))
	for _, c := range p.Totals.Currencies() {
		fmt.Fprintf(s.Err, "%s %s monthly, commitment %s\n", c, p.Totals[c].Monthly.Grouped(), p.Totals[c].Commitment.Grouped())
	}
}

// asked puts a question, and says whether the answer is the wanted one. No answer
// is no, and so is Ctrl-C.
func asked(ctx context.Context, s Env, in *bufio.Reader, question, want string) bool {
	return want != "" && typed(ctx, s, in, question) == strings.TrimSpace(want)
}

// typed puts a question and gives the answer; it is empty after Ctrl-C and Ctrl-D.
func typed(ctx context.Context, s Env, in *bufio.Reader, question string) string {
	fmt.Fprint(s.Err, question)
	answers := make(chan string, 1)
	go func() { // A read of a terminal cannot be interrupted, so it is left behind.
		answer, _ := in.ReadString('\n')
		answers <- answer
	}()
	select {
	case answer := <-answers:
		if !strings.HasSuffix(answer, "\n") {
			fmt.Fprintln(s.Err) // Ctrl-D ends no line
		}
		if ctx.Err() != nil {
			return ""
		}
		return strings.TrimSpace(answer)
	case <-ctx.Done():
		fmt.Fprintln(s.Err)
		return ""
	}
}

// identity says whose run it is.
func identity(t target, inv *inventory.Inventory) apply.Identity {
	return apply.Identity{
		Tool: "portctl " + Version(), Environment: t.Environment, BaseURL: t.Address(),
		Inventory: plan.InventoryRef{Name: inv.Name, Digest: inv.Desired().Digest()},
	}
}

// sameArgs are the arguments of the same apply once more.
func (o *applyOptions) sameArgs() []string {
	if len(o.planFiles) > 0 {
		return slices.Concat(o.planFiles, o.repeatFlags(plan.Selection{Only: o.selection.Only}), o.kept)
	}
	return slices.Concat(o.repeatFlags(o.selection), o.repeatCheckTags(), o.kept)
}

// given repeats those of the named flags that were given.
func given(f *pflag.FlagSet, names ...string) []string {
	var args []string
	for _, name := range names {
		flag := f.Lookup(name)
		switch {
		case !flag.Changed:
		case flag.Value.Type() == "bool":
			args = append(args, "--"+name)
		default:
			args = append(args, "--"+name, flag.Value.String())
		}
	}
	return args
}

// finish writes the result of a run.
func (a *applying) finish(s Env, r apply.Result) error {
	a.told = true
	r = a.withCommands(r)
	err := a.write(s, r)
	drawing := render.Options{Width: s.Width, Color: a.color(s), Apply: a.sameArgs(), Ledger: a.repeatFlags(plan.Selection{}), LOAs: a.keptLOAs}
	if a.format == "json" {
		if open := drawing.Open(r); open != "" && !a.quiet {
			fmt.Fprintln(s.Err, open)
		}
	} else {
		_ = render.ResultText(s.Out, r, drawing) // Main tells of what could not be written
	}
	if r.Error != nil {
		err = errors.Join(errors.New(r.Error.Message), err)
	}
	if r.ExitCode != exitDone {
		return exitWith(r.ExitCode, err)
	}
	return err
}

// write writes the result to where JSON is wanted: the file first, since nobody can
// hold it up.
func (a *applying) write(s Env, r apply.Result) error {
	r.Evidence = a.evidence(s)
	encoded, err := r.Encode()
	if err != nil {
		return err
	}
	if a.resultFile != "" {
		if err = writePrivate(a.resultFile, plan.VisibleText(encoded)); err != nil {
			err = fmt.Errorf("the result could not be written to %s: %w", a.resultFile, err)
		}
	}
	err = errors.Join(err, a.attest(encoded))
	if a.format == "json" {
		_, _ = s.Out.Write(plan.VisibleText(encoded)) // Main tells of what could not be written
	}
	return err
}
