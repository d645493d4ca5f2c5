package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/forge"
	"github.com/portctl/portctl/pkg/plan"
)

type collectOptions struct {
	*globals
	on       string
	artifact string
	file     string
	to       string
}

func newCollectCommand(s Env, g *globals) *cobra.Command {
	o := collectOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Fetch the plans of the pull requests that were merged since the last apply",
		Long: `Save the plans of the pull requests (GitHub) or merge requests (GitLab) that were merged
since the last apply that succeeded, as DIR/pr-NUMBER.json, for "portctl apply". An apply
that failed, or that never ran, loses nothing: the next one collects its plans as well.

The last apply is, on GitHub, the last run of this workflow on this branch that was a
success; on GitLab, the last successful deployment to the job's environment. A plan is
the artefact that the job of the pull request left for its last commit: on GitHub the
file plan.json in the artefact NAME-COMMIT, on GitLab plan.json of the job NAME. Plans of
forks, of another commit, that failed, and that change nothing are left out.

What was collected is written to standard output, a path in each line. Without any the
folder is empty: "portctl apply FOLDER" then refuses whatever would change something.

Everything else comes from the variables of the CI system. GitHub: GITHUB_TOKEN, with
"permissions: actions: read, contents: read, pull-requests: read". GitLab: GITLAB_TOKEN,
a project access token with the scope api or read_api.

Exit codes: 0 done, also when there was nothing to collect, 1 any error.`,
		Example: `  portctl collect --on github --to plans
  portctl collect --on gitlab --to plans && portctl apply plans --auto-approve`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runCollect(cmd.Context(), s, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.on, "on", "", "`forge` with the pull requests: github or gitlab")
	f.StringVar(&o.artifact, "artifact", "portctl-plan", "`name` of the artefacts (GitHub) or of the job (GitLab)")
	f.StringVar(&o.file, "plan", "plan.json", "`file` in the artefacts")
	f.StringVar(&o.to, "to", "plans", "new or empty `folder` for the plans")
	_ = cmd.MarkFlagRequired("on")
	return cmd
}

// merges lists what was merged, and fetches the plan of each.
type merges interface {
	MergedSince(ctx context.Context, mark, branch, commit string) ([]forge.Merged, error)
	Plan(ctx context.Context, m forge.Merged, name, file string) ([]byte, error)
}

func runCollect(ctx context.Context, s Env, o collectOptions) error {
	if err := oneOf("on", o.on, "github", "gitlab"); err != nil {
		return err
	}
	if entries, err := os.ReadDir(o.to); err == nil && len(entries) > 0 {
		return withHint(fmt.Errorf("%s is not empty: plans of an earlier run would be taken for those of this one", o.to), "name another folder with --to")
	}
	on, mark, branch, commit, err := o.place(s)
	if err != nil {
		return err
	}
	merged, err := on.MergedSince(ctx, mark, branch, commit)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.to, 0o700); err != nil {
		return err
	}
	for _, m := range merged {
		if err := o.fetch(ctx, s, on, m); err != nil {
			return err
		}
	}
	if len(merged) == 0 && !o.quiet {
		fmt.Fprintln(s.Err, "nothing was merged since the last apply")
	}
	return nil
}

// place is where to look, and from where on.
func (o collectOptions) place(s Env) (on merges, mark, branch, commit string, err error) {
	if o.on == "gitlab" {
		if err := need(s, "CI_ENVIRONMENT_NAME", "CI_COMMIT_BRANCH", "CI_COMMIT_SHA"); err != nil {
			return nil, "", "", "", withHint(err, "run it on the default branch, in a job with `environment:`")
		}
		on, err = gitlab(s, 0)
		return on, s.Getenv("CI_ENVIRONMENT_NAME"), s.Getenv("CI_COMMIT_BRANCH"), s.Getenv("CI_COMMIT_SHA"), err
	}
	if err := need(s, "GITHUB_WORKFLOW_REF", "GITHUB_REF_NAME", "GITHUB_SHA"); err != nil {
		return nil, "", "", "", err
	}
	on, err = github(s, 0)
	return on, forge.WorkflowFile(s.Getenv("GITHUB_WORKFLOW_REF")), s.Getenv("GITHUB_REF_NAME"), s.Getenv("GITHUB_SHA"), err
}

// fetch saves the plan of one pull request, if it has one that is of use.
func (o collectOptions) fetch(ctx context.Context, s Env, on merges, m forge.Merged) error {
	content, err := on.Plan(ctx, m, o.artifact, o.file)
	if err != nil {
		return err
	}
	why := "it has no plan"
	if content != nil {
		if why, err = unfit(content, m); err != nil {
			return fmt.Errorf("pull request %d: %w", m.Number, err)
		}
	}
	if why != "" {
		if !o.quiet {
			fmt.Fprintf(s.Err, "pull request %d left out: %s\n", m.Number, why)
		}
		return nil
	}
	file := filepath.Join(o.to, fmt.Sprintf("pr-%d.json", m.Number))
	if err := writePrivate(file, content); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.Out, file)
	return err
}

// unfit says why a plan is left out; it is empty when the plan is of use.
func unfit(content []byte, m forge.Merged) (string, error) {
	doc, err := plan.DecodeDocument(content)
	var edited *plan.EditedError
	switch {
	case errors.As(err, &edited):
		return "", err
	case err != nil:
		return err.Error(), nil
	case doc.Failure != nil:
		return "its plan failed", nil
	case doc.Origin != nil && doc.Origin.Commit != m.Head:
		return fmt.Sprintf("its plan is for commit %s, and %s was merged", doc.Origin.Commit, m.Head), nil
	case doc.Changes() == 0:
		return "its plan changes nothing", nil
	}
	return "", nil
}
