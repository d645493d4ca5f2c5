package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/forge"
	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/plan"
)

type commentOptions struct {
	*globals
	on       string
	planFile string
	issue    bool
}

func newCommentCommand(s Env, g *globals) *cobra.Command {
	o := commentOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "comment",
		Short: "Show a saved plan on its pull request, or drift as an issue",
		Long: `Write a plan saved by "portctl plan --out" as one comment on the pull request (GitHub)
or merge request (GitLab) that the job is about. There is one comment for each inventory
and environment: it is found by a hidden line, also among many pages, and replaced.

A plan of a commit that is no longer the head of the pull request is not posted, nor is
one of a run before the one that commented last. A comment that says the same is left
alone. A plan that changes nothing replaces an older comment and begins none. Where no
plan could be made, the comment says why.

On GitHub, comment also writes annotations at the lines of the inventory (ten errors and
ten warnings, the rest counted), the step's summary, and the step's outputs checksum,
changes and monthly.

With --issue a plan made with --drift becomes the one issue of its inventory and
environment, with the label portctl-drift: it is opened, brought up to date, closed when
there is no drift, and opened again.

Everything else comes from the variables of the CI system. GitHub: GITHUB_TOKEN, with
"permissions: pull-requests: write", and for an issue "issues: write". GitLab:
GITLAB_TOKEN, a project access token with the scope api, since the job's own token cannot
write comments. --on file writes the comment to standard output, for any other place.

Exit codes: 0 written, or there was nothing to write, 1 any error.`,
		Example: `  portctl comment --on github --plan plan.json
  portctl comment --on gitlab --plan drift.json --issue
  portctl comment --on file --plan plan.json > comment.md`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runComment(cmd.Context(), s, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.on, "on", "", "`forge` to write to: github, gitlab or file")
	f.StringVar(&o.planFile, "plan", "plan.json", "saved plan `file`")
	f.BoolVar(&o.issue, "issue", false, "write the drift of a plan made with --drift as an issue")
	_ = cmd.MarkFlagRequired("on")
	return cmd
}

// poster writes comments and issues; forge has two.
type poster interface {
	Head(ctx context.Context) (string, error)
	Comments(ctx context.Context) ([]forge.Posted, error)
	CreateComment(ctx context.Context, body string) error
	UpdateComment(ctx context.Context, id int64, body string) error
	Issues(ctx context.Context, label string) ([]forge.Posted, error)
	CreateIssue(ctx context.Context, label, title, body string) error
	UpdateIssue(ctx context.Context, number int64, title, body string, open bool) error
}

func runComment(ctx context.Context, s Env, o commentOptions) error {
	if err := oneOf("on", o.on, "github", "gitlab", "file"); err != nil {
		return err
	}
	doc, err := readPlan(o.planFile)
	if err != nil {
		return err
	}
	if o.issue && doc.Drift == nil && doc.Failure == nil {
		return withHint(fmt.Errorf("%s: the plan was made without --drift", o.planFile), "make it with portctl plan --drift --out FILE")
	}
	text, err := o.text(s, doc)
	if err != nil {
		return err
	}
	if o.on == "file" {
		_, err := fmt.Fprint(s.content(), text.Whole())
		return err
	}
	if o.on == "github" {
		if err := writeToGitHubStep(s, doc, text); err != nil {
			return err
		}
	}
	on, err := o.forge(s, doc.Origin)
	if err != nil {
		return err
	}
	if o.issue {
		return o.writeIssue(ctx, s, on, text)
	}
	return o.writeComment(ctx, s, on, text)
}

// readPlan reads a saved plan, or what stands in the place of one that failed.
func readPlan(file string) (plan.Document, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return plan.Document{}, withHint(err, "save a plan with portctl plan --out "+file)
	}
	doc, err := plan.DecodeDocument(b)
	if err != nil {
		return plan.Document{}, fmt.Errorf("%s: %w", file, err)
	}
	return doc, nil
}

// driftLabel is the label of issues about drift.
const driftLabel = "portctl-drift"

// text is what is to be shown of a plan.
func (o commentOptions) text(s Env, doc plan.Document) (forge.Text, error) {
	origin := cmp.Or(doc.Origin, s.origin())
	if origin == nil {
		origin = &plan.Origin{}
	}
	marker := forge.Marker{
		Inventory: doc.Inventory.Name, Environment: doc.Environment, Files: doc.Inventory.Files,
		Head: origin.Commit, Run: origin.Run, Attempt: origin.Attempt,
	}
	// Who looks at it later has no files and no ledger at hand but those of the plan.
	drawing := render.Options{Apply: o.repeatFlags(plan.Selection{}), Ledger: o.repeatFlags(plan.Selection{})}
	var body, lasting bytes.Buffer
	if err := render.PlanMarkdown(&body, doc, drawing); err != nil {
		return forge.Text{}, err
	}
	bare := doc
	bare.CreatedAt, bare.ExpiresAt, bare.Tool = time.Time{}, time.Time{}, ""
	if err := render.PlanMarkdown(&lasting, bare, drawing); err != nil {
		return forge.Text{}, err
	}
	if origin.URL != "" {
		fmt.Fprintf(&body, "\n[Run %d](%s) for commit %s\n", origin.Run, origin.URL, origin.Commit)
	}
	name := firstOf(doc.Inventory.Name, strings.Join(doc.Inventory.Files, ", "))
	title := "Drift: " + name
	if doc.Environment != "" {
		title += " on " + doc.Environment
	}
	return forge.NewText(marker, render.Clean(title), body.String(), lasting.String(), o.silent(doc)), nil
}

// silent says that a plan has nothing to tell anybody who was told nothing before.
func (o commentOptions) silent(doc plan.Document) bool {
	switch {
	case doc.Failure != nil:
		return false
	case o.issue:
		return !doc.Drift.Found && doc.Summary.Unknown == 0
	}
	return doc.Empty() && len(doc.AfterMerge) == 0
}

// forge is the place to write to, by the variables of the CI system.
func (o commentOptions) forge(s Env, origin *plan.Origin) (poster, error) {
	pull := 0
	if own := s.origin(); own != nil {
		pull = own.PullRequest
	}
	if pull == 0 && origin != nil {
		pull = origin.PullRequest
	}
	if pull == 0 && !o.issue {
		return nil, withHint(errors.New("the job is about no pull request"), "run it on pull requests (GitHub: on: pull_request; GitLab: merge request pipelines), or use --on file")
	}
	if o.on == "gitlab" {
		return gitlab(s, pull)
	}
	return github(s, pull)
}

func github(s Env, pull int) (*forge.GitHub, error) {
	if err := need(s, "GITHUB_TOKEN", "GITHUB_REPOSITORY"); err != nil {
		return nil, err
	}
	return forge.NewGitHub(firstOf(s.Getenv("GITHUB_API_URL"), "https://api.github.com"), s.Getenv("GITHUB_REPOSITORY"), s.Getenv("GITHUB_TOKEN"), pull), nil
}

func gitlab(s Env, request int) (*forge.GitLab, error) {
	if err := need(s, "GITLAB_TOKEN", "CI_API_V4_URL", "CI_PROJECT_ID"); err != nil {
		return nil, err
	}
	return forge.NewGitLab(s.Getenv("CI_API_V4_URL"), s.Getenv("CI_PROJECT_ID"), s.Getenv("GITLAB_TOKEN"), request), nil
}

// need asks for variables of the CI system.
func need(s Env, names ...string) error {
	for _, name := range names {
		if s.Getenv(name) != "" {
			continue
		}
		hint := "the CI system sets it in its jobs"
		switch name {
		case "GITHUB_TOKEN":
			hint = "give it to the step: env: {GITHUB_TOKEN: ${{ github.token }}}"
		case "GITLAB_TOKEN":
			hint = "make a project access token with the scope api, and set it as a masked CI variable"
		}
		return withHint(fmt.Errorf("%s is not set", name), hint)
	}
	return nil
}

func (o commentOptions) writeComment(ctx context.Context, s Env, on poster, text forge.Text) error {
	head, err := on.Head(ctx)
	if err != nil {
		return err
	}
	posted, err := on.Comments(ctx)
	if err != nil {
		return err
	}
	decision := forge.DecideComment(text, head, posted)
	switch decision.Step {
	case forge.Create:
		if err := on.CreateComment(ctx, text.Whole()); err != nil {
			return err
		}
		o.say(s, "commented")
	case forge.Update:
		if err := on.UpdateComment(ctx, decision.Post.ID, text.Whole()); err != nil {
			return err
		}
		o.say(s, "updated the comment")
	default:
		o.say(s, "not posted: "+decision.Why)
	}
	return nil
}

func (o commentOptions) writeIssue(ctx context.Context, s Env, on poster, text forge.Text) error {
	posted, err := on.Issues(ctx, driftLabel)
	if err != nil {
		return err
	}
	decision := forge.DecideIssue(text, posted)
	switch decision.Step {
	case forge.Create:
		if err := on.CreateIssue(ctx, driftLabel, text.Title, text.Whole()); err != nil {
			return err
		}
		o.say(s, "opened an issue")
	case forge.Update, forge.Close:
		open := decision.Step == forge.Update
		if err := on.UpdateIssue(ctx, decision.Post.ID, text.Title, text.Whole(), open); err != nil {
			return err
		}
		o.say(s, fmt.Sprintf("%s issue %d", map[bool]string{true: "updated", false: "closed"}[open], decision.Post.ID))
	default:
		o.say(s, "not written: "+decision.Why)
	}
	return nil
}

func (o commentOptions) say(s Env, what string) {
	if !o.quiet {
		fmt.Fprintln(s.Err, render.Clean(what))
	}
}

// writeToGitHubStep writes what GitHub shows without a comment: annotations, the
// summary, and outputs for later steps.
func writeToGitHubStep(s Env, doc plan.Document, text forge.Text) error {
	if err := writeAnnotations(s.commands(), planAnnotations(doc), s.Getenv("GITHUB_WORKSPACE")); err != nil {
		return err
	}
	if err := appendTo(s.Getenv("GITHUB_STEP_SUMMARY"), text.Body+"\n"); err != nil {
		return err
	}
	var monthly []string
	for _, c := range doc.Totals.Currencies() {
		monthly = append(monthly, c+" "+doc.Totals[c].Monthly.String())
	}
	outputs := "checksum=" + doc.Checksum + "\nchanges=" + strconv.Itoa(doc.Changes()) + "\nmonthly=" + render.Clean(strings.Join(monthly, ", ")) + "\n"
	return appendTo(s.Getenv("GITHUB_OUTPUT"), outputs)
}

// appendTo adds to a file that the CI system named; none is named outside of it.
func appendTo(file, text string) error {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
