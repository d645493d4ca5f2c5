package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// GitLab is one project, and the merge request that a job is about. Sources: GitLab's
// REST API, version 4.
type GitLab struct {
	client
	project string // its number
	request int
}

// NewGitLab is a project, by the address of the API, such as https://gitlab.com/api/v4.
// Request is 0 when the job is about none.
func NewGitLab(api, project, token string, request int) *GitLab {
	rights := "GITLAB_TOKEN must be a project access token with scope api: the job's own token cannot write comments"
	return &GitLab{project: project, request: request, client: newClient("GitLab", api, rights, func(h http.Header) { h.Set("Private-Token", token) })}
}

func (g *GitLab) path(format string, args ...any) string {
	return "/projects/" + url.PathEscape(g.project) + fmt.Sprintf(format, args...)
}

// Head is the merge request's newest commit.
func (g *GitLab) Head(ctx context.Context) (string, error) {
	var request struct {
		SHA string `json:"sha"`
	}
	_, err := g.get(ctx, g.path("/merge_requests/%d", g.request), nil, &request)
	return request.SHA, err
}

// Comments lists the comments of the merge request. Only members write there, so all of
// them are trusted.
func (g *GitLab) Comments(ctx context.Context) ([]Posted, error) {
	type note struct {
		ID     int64  `json:"id"`
		Body   string `json:"body"`
		System bool   `json:"system"`
	}
	notes, err := pages[note](ctx, g, g.path("/merge_requests/%d/notes", g.request), url.Values{"sort": {"asc"}, "order_by": {"created_at"}})
	var out []Posted
	for _, n := range notes {
		out = append(out, Posted{ID: n.ID, Body: n.Body, Trusted: !n.System})
	}
	return out, err
}

// CreateComment begins a comment.
func (g *GitLab) CreateComment(ctx context.Context, body string) error {
	return g.write(ctx, http.MethodPost, g.path("/merge_requests/%d/notes", g.request), map[string]string{"body": body})
}

// UpdateComment replaces a comment.
func (g *GitLab) UpdateComment(ctx context.Context, id int64, body string) error {
	return g.write(ctx, http.MethodPut, g.path("/merge_requests/%d/notes/%d", g.request, id), map[string]string{"body": body})
}

// Issues lists the issues with a label, open or closed.
func (g *GitLab) Issues(ctx context.Context, label string) ([]Posted, error) {
	type issue struct {
		IID         int64  `json:"iid"`
		Title       string `json:"title"`
		Description string `json:"description"`
		State       string `json:"state"`
	}
	issues, err := pages[issue](ctx, g, g.path("/issues"), url.Values{"state": {"all"}, "labels": {label}, "scope": {"all"}})
	var out []Posted
	for _, i := range issues {
		out = append(out, Posted{ID: i.IID, Title: i.Title, Body: i.Description, Closed: i.State == "closed", Trusted: true})
	}
	return out, err
}

// CreateIssue opens an issue.
func (g *GitLab) CreateIssue(ctx context.Context, label, title, body string) error {
	return g.write(ctx, http.MethodPost, g.path("/issues"), map[string]string{"title": title, "description": body, "labels": label})
}

// UpdateIssue replaces an issue, and opens or closes it.
func (g *GitLab) UpdateIssue(ctx context.Context, iid int64, title, body string, open bool) error {
	event := "reopen"
	if !open {
		event = "close"
	}
	return g.write(ctx, http.MethodPut, g.path("/issues/%d", iid), map[string]string{"title": title, "description": body, "state_event": event})
}

// MergedSince lists the merge requests that were merged into a branch since the last
// deployment to an environment that was a success, the oldest first; up to the given
// commit. Without one the last hundred commits of the branch count.
func (g *GitLab) MergedSince(ctx context.Context, environment, branch, commit string) ([]Merged, error) {
	commits, first, err := g.commits(ctx, environment, commit)
	if err != nil {
		return nil, err
	}
	var out []Merged
	for page := 1; ; page++ {
		var requests []struct {
			IID    int    `json:"iid"`
			SHA    string `json:"sha"`
			Merge  string `json:"merge_commit_sha"`
			Squash string `json:"squash_commit_sha"`
		}
		query := url.Values{"state": {"merged"}, "target_branch": {branch}, "order_by": {"updated_at"}, "sort": {"desc"}}
		header, err := g.get(ctx, g.path("/merge_requests"), paged(page, query), &requests)
		if err != nil {
			return nil, err
		}
		for _, r := range requests {
			if commits[r.Merge] || commits[r.Squash] || commits[r.SHA] { // SHA when it was a fast-forward
				out = append(out, Merged{r.IID, r.SHA})
			}
		}
		// The commits are few and new, so the requests of several pages are older.
		if !more(header) || first || page == 5 {
			return oldestFirst(out), nil
		}
	}
}

// commits are those after the last deployment up to a commit; first says that there was
// none, and that they are the last hundred.
func (g *GitLab) commits(ctx context.Context, environment, commit string) (commits map[string]bool, first bool, err error) {
	type listed struct {
		ID string `json:"id"`
	}
	var deployments []struct {
		SHA string `json:"sha"`
	}
	query := url.Values{"environment": {environment}, "status": {"success"}, "order_by": {"id"}, "sort": {"desc"}, "per_page": {"1"}}
	if _, err := g.get(ctx, g.path("/deployments"), query, &deployments); err != nil {
		return nil, false, err
	}
	var found []listed
	if len(deployments) == 0 {
		first = true
		_, err = g.get(ctx, g.path("/repository/commits"), paged(1, url.Values{"ref_name": {commit}}), &found)
	} else {
		var compared struct {
			Commits []listed `json:"commits"`
		}
		_, err = g.get(ctx, g.path("/repository/compare"), url.Values{"from": {deployments[0].SHA}, "to": {commit}}, &compared)
		found = compared.Commits
	}
	commits = map[string]bool{}
	for _, c := range found {
		commits[c.ID] = true
	}
	return commits, first, err
}

// Plan is a file of the artefacts that a job for a commit left; nil when there is none.
// What a fork's pipeline left is none of ours.
func (g *GitLab) Plan(ctx context.Context, m Merged, job, file string) ([]byte, error) {
	type pipeline struct {
		ID      int64  `json:"id"`
		Project int64  `json:"project_id"`
		SHA     string `json:"sha"`
	}
	pipelines, err := pages[pipeline](ctx, g, g.path("/merge_requests/%d/pipelines", m.Number), url.Values{})
	if err != nil {
		return nil, err
	}
	for _, p := range pipelines { // the newest first
		if p.SHA != m.Head || p.Project != 0 && fmt.Sprint(p.Project) != g.project {
			continue
		}
		content, err := g.artifact(ctx, p.ID, job, file)
		if err != nil || content != nil {
			return content, err
		}
	}
	return nil, nil
}

// artifact is a file that a job of a pipeline left.
func (g *GitLab) artifact(ctx context.Context, pipeline int64, name, file string) ([]byte, error) {
	type job struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	jobs, err := pages[job](ctx, g, g.path("/pipelines/%d/jobs", pipeline), url.Values{"scope[]": {"success"}})
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if j.Name != name {
			continue
		}
		_, content, err := g.read(ctx, g.path("/jobs/%d/artifacts/%s", j.ID, escapePath(file)), nil, maxArtifact)
		var refused *Error
		if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
			return nil, nil // expired, or the job left none
		}
		return content, err
	}
	return nil, nil
}

// escapePath keeps the slashes of a path.
func escapePath(file string) string { return strings.ReplaceAll(url.PathEscape(file), "%2F", "/") }
