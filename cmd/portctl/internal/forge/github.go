package forge

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// GitHub is one repository, and the pull request that a job is about. Sources: GitHub's
// REST API, version 2022-11-28.
type GitHub struct {
	client
	repository string // owner/name
	pull       int
}

// perPage is the most that one page of a listing has, at both forges.
const perPage = 100

// NewGitHub is a repository, by the address of the API, such as https://api.github.com.
// Pull is 0 when the job is about none.
func NewGitHub(api, repository, token string, pull int) *GitHub {
	rights := "the job needs `permissions:` with pull-requests: write for comments, issues: write for issues, actions: read for plans"
	return &GitHub{repository: repository, pull: pull, client: newClient("GitHub", api, rights, func(h http.Header) {
		h.Set("Authorization", "Bearer "+token)
		h.Set("Accept", "application/vnd.github+json")
		h.Set("X-GitHub-Api-Version", "2022-11-28")
	})}
}

func (g *GitHub) path(format string, args ...any) string {
	return "/repos/" + g.repository + fmt.Sprintf(format, args...)
}

// Head is the pull request's newest commit.
func (g *GitHub) Head(ctx context.Context) (string, error) {
	var pull struct {
		Head struct {
			SHA string `json:"sha"`
		} `json:"head"`
	}
	_, err := g.get(ctx, g.path("/pulls/%d", g.pull), nil, &pull)
	return pull.Head.SHA, err
}

// githubPost is a comment or an issue.
type githubPost struct {
	ID     int64  `json:"id"`
	Number int64  `json:"number"`
	Title  string `json:"title"`
	Body   string `json:"body"`
	State  string `json:"state"`
	User   struct {
		Type string `json:"type"`
	} `json:"user"`
	Association string `json:"author_association"`
	// PullRequest is there when an issue is a pull request.
	PullRequest *struct{} `json:"pull_request"`
}

// trusted: a bot, or somebody who may write.
func (p githubPost) trusted() bool {
	switch p.Association {
	case "OWNER", "MEMBER", "COLLABORATOR":
		return true
	}
	return p.User.Type == "Bot"
}

// Comments lists the comments of the pull request.
func (g *GitHub) Comments(ctx context.Context) ([]Posted, error) {
	posts, err := pages[githubPost](ctx, g, g.path("/issues/%d/comments", g.pull), url.Values{})
	var out []Posted
	for _, p := range posts {
		out = append(out, Posted{ID: p.ID, Body: p.Body, Trusted: p.trusted()})
	}
	return out, err
}

// CreateComment begins a comment.
func (g *GitHub) CreateComment(ctx context.Context, body string) error {
	return g.write(ctx, http.MethodPost, g.path("/issues/%d/comments", g.pull), map[string]string{"body": body})
}

// UpdateComment replaces a comment.
func (g *GitHub) UpdateComment(ctx context.Context, id int64, body string) error {
	return g.write(ctx, http.MethodPatch, g.path("/issues/comments/%d", id), map[string]string{"body": body})
}

// Issues lists the issues with a label, open or closed.
func (g *GitHub) Issues(ctx context.Context, label string) ([]Posted, error) {
	posts, err := pages[githubPost](ctx, g, g.path("/issues"), url.Values{"state": {"all"}, "labels": {label}})
	var out []Posted
	for _, p := range posts {
		if p.PullRequest == nil {
			out = append(out, Posted{ID: p.Number, Title: p.Title, Body: p.Body, Closed: p.State == "closed", Trusted: p.trusted()})
		}
	}
	return out, err
}

// CreateIssue opens an issue.
func (g *GitHub) CreateIssue(ctx context.Context, label, title, body string) error {
	return g.write(ctx, http.MethodPost, g.path("/issues"), map[string]any{"title": title, "body": body, "labels": []string{label}})
}

// UpdateIssue replaces an issue, and opens or closes it.
func (g *GitHub) UpdateIssue(ctx context.Context, number int64, title, body string, open bool) error {
	state, reason := "open", "reopened"
	if !open {
		state, reason = "closed", "completed"
	}
	return g.write(ctx, http.MethodPatch, g.path("/issues/%d", number), map[string]string{"title": title, "body": body, "state": state, "state_reason": reason})
}

// Merged is a pull request that was merged.
type Merged struct {
	Number int
	// Head is its last commit: what was reviewed.
	Head string
}

// MergedSince lists the pull requests that were merged into a branch since the last run
// of a workflow that was a success, the oldest first; up to the given commit. Without
// such a run the last hundred commits of the branch count.
func (g *GitHub) MergedSince(ctx context.Context, workflow, branch, commit string) ([]Merged, error) {
	base, since, err := g.lastSuccess(ctx, workflow, branch)
	if err != nil {
		return nil, err
	}
	commits, err := g.commits(ctx, base, commit)
	if err != nil {
		return nil, err
	}
	var out []Merged
	for page := 1; ; page++ {
		var pulls []struct {
			Number      int       `json:"number"`
			MergedAt    time.Time `json:"merged_at"`
			UpdatedAt   time.Time `json:"updated_at"`
			MergeCommit string    `json:"merge_commit_sha"`
			Head        struct {
				SHA string `json:"sha"`
			} `json:"head"`
		}
		header, err := g.get(ctx, g.path("/pulls"), paged(page, url.Values{"state": {"closed"}, "base": {branch}, "sort": {"updated"}, "direction": {"desc"}}), &pulls)
		if err != nil {
			return nil, err
		}
		over := !more(header)
		for _, p := range pulls {
			if !p.MergedAt.IsZero() && commits[p.MergeCommit] {
				out = append(out, Merged{p.Number, p.Head.SHA})
			}
			over = over || p.UpdatedAt.Before(since)
		}
		if over || since.IsZero() { // without a success the newest page will do
			return oldestFirst(out), nil
		}
	}
}

// lastSuccess is the commit of the workflow's last success on a branch, and a time before
// which nothing was merged that it did not know.
func (g *GitHub) lastSuccess(ctx context.Context, workflow, branch string) (commit string, at time.Time, err error) {
	var runs struct {
		Runs []struct {
			Head      string    `json:"head_sha"`
			CreatedAt time.Time `json:"created_at"`
		} `json:"workflow_runs"`
	}
	// Only pushes: a pull request of a fork may come from a branch of the same name.
	query := url.Values{"branch": {branch}, "event": {"push"}, "status": {"success"}, "per_page": {"1"}}
	if _, err := g.get(ctx, g.path("/actions/workflows/%s/runs", url.PathEscape(workflow)), query, &runs); err != nil || len(runs.Runs) == 0 {
		return "", time.Time{}, err
	}
	return runs.Runs[0].Head, runs.Runs[0].CreatedAt.Add(-time.Hour), nil
}

type githubCommit struct {
	SHA string `json:"sha"`
}

// commits are those after base up to a commit; without base the last hundred.
func (g *GitHub) commits(ctx context.Context, base, commit string) (map[string]bool, error) {
	out := map[string]bool{}
	add := func(commits []githubCommit) {
		for _, c := range commits {
			out[c.SHA] = true
		}
	}
	if base == "" {
		var last []githubCommit
		_, err := g.get(ctx, g.path("/commits"), paged(1, url.Values{"sha": {commit}}), &last)
		add(last)
		return out, err
	}
	for page := 1; ; page++ {
		var compared struct {
			Commits []githubCommit `json:"commits"`
		}
		header, err := g.get(ctx, g.path("/compare/%s...%s", base, commit), paged(page, url.Values{}), &compared)
		if err != nil {
			return nil, err
		}
		add(compared.Commits)
		if !more(header) {
			return out, nil
		}
	}
}

// Plan is a file of the artefact that a run for a commit left; nil when there is none.
// The artefact is named name-COMMIT. What a fork left is none of ours: whoever owns the
// fork may have written it.
func (g *GitHub) Plan(ctx context.Context, m Merged, name, file string) ([]byte, error) {
	var listed struct {
		Artifacts []struct {
			ID      int64 `json:"id"`
			Expired bool  `json:"expired"`
			Run     struct {
				Repository     int64  `json:"repository_id"`
				HeadRepository int64  `json:"head_repository_id"`
				Head           string `json:"head_sha"`
			} `json:"workflow_run"`
		} `json:"artifacts"`
	}
	query := paged(1, url.Values{"name": {name + "-" + m.Head}})
	if _, err := g.get(ctx, g.path("/actions/artifacts"), query, &listed); err != nil {
		return nil, err
	}
	for _, a := range listed.Artifacts { // the newest first
		if a.Expired || a.Run.Head != m.Head || a.Run.HeadRepository != a.Run.Repository {
			continue
		}
		_, archive, err := g.read(ctx, g.path("/actions/artifacts/%d/zip", a.ID), nil, maxArtifact)
		if err != nil {
			return nil, err
		}
		return unzip(archive, file)
	}
	return nil, nil
}

// unzip is one file of an archive.
func unzip(archive []byte, name string) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("GitHub: the artefact is no ZIP file: %w", err)
	}
	for _, f := range z.File {
		if path.Base(f.Name) != name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(io.LimitReader(r, maxArtifact))
		return content, errors.Join(err, r.Close())
	}
	return nil, nil
}

// WorkflowFile is the file of a workflow, by the variable GITHUB_WORKFLOW_REF:
// owner/name/.github/workflows/apply.yml@refs/heads/main.
func WorkflowFile(ref string) string {
	file, _, _ := strings.Cut(ref, "@")
	if file == "" {
		return ""
	}
	return path.Base(file)
}

// getter is what pages needs of a forge.
type getter interface {
	get(ctx context.Context, path string, query url.Values, into any) (http.Header, error)
}

// pages reads all pages of a listing.
func pages[T any](ctx context.Context, c getter, path string, query url.Values) ([]T, error) {
	var all []T
	for page := 1; ; page++ {
		var some []T
		header, err := c.get(ctx, path, paged(page, query), &some)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if !more(header) {
			return all, nil
		}
	}
}

func paged(page int, query url.Values) url.Values {
	query.Set("per_page", strconv.Itoa(perPage))
	query.Set("page", strconv.Itoa(page))
	return query
}

// more says that a listing has a further page.
func more(h http.Header) bool { return strings.Contains(h.Get("Link"), `rel="next"`) }

func oldestFirst(merged []Merged) []Merged {
	out := make([]Merged, 0, len(merged))
	for i := range merged {
		out = append(out, merged[len(merged)-1-i])
	}
	return out
}
