package forges

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// NewGitHub starts a stand-in of GitHub's REST API.
func NewGitHub(token string) *Forge { return newForge(token, (*Forge).github) }

// maxGitHubComment is the most characters of a comment.
const maxGitHubComment = 65536

type object = map[string]any

func (f *Forge) github() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, parameters map[string]string, handle http.HandlerFunc) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /repos/"+f.Repository+path, func(w http.ResponseWriter, r *http.Request) {
			if query(w, r, parameters) {
				handle(w, r)
			}
		})
	}
	route("GET /pulls/{n}", nil, f.githubPull)
	route("GET /pulls", pageParameters(map[string]string{"state": "open|closed|all", "base": "main", "sort": "created|updated", "direction": "asc|desc"}), f.githubPulls)
	route("GET /issues/{n}/comments", pageParameters(nil), f.githubComments)
	route("POST /issues/{n}/comments", nil, f.githubComment)
	route("PATCH /issues/comments/{id}", nil, f.githubEditComment)
	route("GET /issues", pageParameters(map[string]string{"state": "open|closed|all", "labels": "*"}), f.githubIssues)
	route("POST /issues", nil, f.githubIssue)
	route("PATCH /issues/{n}", nil, f.githubEditIssue)
	route("GET /actions/workflows/{file}/runs", pageParameters(map[string]string{"branch": "main", "event": "push", "status": "success"}), f.githubRuns)
	route("GET /compare/{range}", pageParameters(nil), f.githubCompare)
	route("GET /commits", pageParameters(map[string]string{"sha": "*"}), f.githubCommits)
	route("GET /actions/artifacts", pageParameters(map[string]string{"name": "*"}), f.githubArtifacts)
	route("GET /actions/artifacts/{id}/zip", nil, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, fmt.Sprintf("%s/%d", f.storage.URL, number(r, "id")), http.StatusFound)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+f.token:
			refuse(w, http.StatusUnauthorized, "Bad credentials")
		case r.Header.Get("Accept") != "application/vnd.github+json", r.Header.Get("X-GitHub-Api-Version") != "2022-11-28", r.Header.Get("User-Agent") == "":
			refuse(w, http.StatusBadRequest, "a header is missing")
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

func (f *Forge) githubPull(w http.ResponseWriter, r *http.Request) {
	p := f.pulls[int(number(r, "n"))]
	if p == nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	reply(w, http.StatusOK, object{"number": p.Number, "head": object{"sha": p.Head}})
}

func (f *Forge) githubPulls(w http.ResponseWriter, r *http.Request) {
	state := cmp.Or(r.URL.Query().Get("state"), "open")
	all := f.byUpdate(func(p *Pull) bool { return state == "all" || p.Merged.IsZero() == (state == "open") })
	if r.URL.Query().Get("sort") != "updated" {
		slices.SortFunc(all, func(a, b *Pull) int { return cmp.Compare(a.Number, b.Number) })
	}
	rows := []object{}
	for _, p := range page(w, r, 30, sorted(r, "direction", "desc", all)) {
		// Of an open one the API names the commit that merges it on trial.
		row := object{"number": p.Number, "updated_at": p.Updated, "merged_at": nil, "merge_commit_sha": cmp.Or(p.MergeCommit, "trial-"+p.Head), "head": object{"sha": p.Head}}
		if !p.Merged.IsZero() {
			row["merged_at"] = p.Merged
		}
		rows = append(rows, row)
	}
	reply(w, http.StatusOK, rows)
}

// byUpdate are pull requests, the one that was changed first at the beginning.
func (f *Forge) byUpdate(wanted func(*Pull) bool) []*Pull {
	var all []*Pull
	for _, p := range f.pulls {
		if wanted(p) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *Pull) int { return a.Updated.Compare(b.Updated) })
	return all
}

func (f *Forge) githubComments(w http.ResponseWriter, r *http.Request) {
	p := f.pulls[int(number(r, "n"))]
	if p == nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	rows := []object{}
	for _, c := range page(w, r, 30, p.Comments) {
		rows = append(rows, object{"id": c.ID, "body": c.Body, "author_association": c.Association, "user": githubUser(c.User)})
	}
	reply(w, http.StatusOK, rows)
}

func githubUser(login string) object {
	kind := "User"
	if strings.HasSuffix(login, "[bot]") {
		kind = "Bot"
	}
	return object{"login": login, "type": kind}
}

func (f *Forge) githubComment(w http.ResponseWriter, r *http.Request) {
	p := f.pulls[int(number(r, "n"))]
	var sent struct{ Body string }
	switch {
	case !body(w, r, &sent):
	case p == nil:
		refuse(w, http.StatusNotFound, "Not Found")
	case utf8.RuneCountInString(sent.Body) > maxGitHubComment, sent.Body == "":
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed")
	default:
		c := &Post{f.id(), "github-actions[bot]", "NONE", sent.Body}
		p.Comments = append(p.Comments, c)
		reply(w, http.StatusCreated, object{"id": c.ID})
	}
}

func (f *Forge) githubEditComment(w http.ResponseWriter, r *http.Request) {
	var sent struct{ Body string }
	if !body(w, r, &sent) {
		return
	}
	if utf8.RuneCountInString(sent.Body) > maxGitHubComment {
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed")
		return
	}
	for _, p := range f.pulls {
		for _, c := range p.Comments {
			if c.ID == number(r, "id") {
				c.Body = sent.Body
				reply(w, http.StatusOK, object{"id": c.ID})
				return
			}
		}
	}
	refuse(w, http.StatusNotFound, "Not Found")
}

func (f *Forge) githubIssues(w http.ResponseWriter, r *http.Request) {
	rows := []object{}
	for _, i := range page(w, r, 30, newestFirst(inState(f.labelled(r.URL.Query().Get("labels")), cmp.Or(r.URL.Query().Get("state"), "open"), "open"))) {
		row := object{"id": 9000 + i.Number, "number": i.Number, "title": i.Title, "body": i.Body, "state": state(i, "open"), "author_association": "NONE", "user": githubUser("github-actions[bot]")}
		if i.Pull {
			row["pull_request"] = object{}
		}
		rows = append(rows, row)
	}
	reply(w, http.StatusOK, rows)
}

func (f *Forge) labelled(label string) []*Issue {
	var all []*Issue
	for _, i := range f.issues {
		if slices.Contains(i.Labels, label) {
			all = append(all, i)
		}
	}
	return all
}

func state(i *Issue, open string) string {
	if i.Closed {
		return "closed"
	}
	return open
}

func (f *Forge) githubIssue(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Title, Body string
		Labels      []string
	}
	switch {
	case !body(w, r, &sent):
	case utf8.RuneCountInString(sent.Body) > maxGitHubComment:
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed")
	default:
		i := f.addIssue(sent.Title, sent.Body, sent.Labels, false)
		reply(w, http.StatusCreated, object{"number": i.Number})
	}
}

func (f *Forge) githubEditIssue(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Title, Body, State string
		StateReason        string `json:"state_reason"`
	}
	n := number(r, "n")
	switch {
	case !body(w, r, &sent):
	case n < 1 || n > int64(len(f.issues)):
		refuse(w, http.StatusNotFound, "Not Found")
	case sent.State != "open" && sent.State != "closed", !slices.Contains([]string{"completed", "not_planned", "reopened"}, sent.StateReason):
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed")
	default:
		i := f.issues[n-1]
		i.Title, i.Body, i.Closed = sent.Title, sent.Body, sent.State == "closed"
		reply(w, http.StatusOK, object{"number": n})
	}
}

func (f *Forge) githubRuns(w http.ResponseWriter, r *http.Request) {
	var found []mark
	for _, m := range newestFirst(f.successes) {
		if m.name == r.PathValue("file") && m.status == r.URL.Query().Get("status") {
			found = append(found, m)
		}
	}
	rows := []object{}
	for _, m := range page(w, r, 30, found) {
		rows = append(rows, object{"id": 1, "head_sha": m.commit, "conclusion": m.status, "created_at": m.at})
	}
	reply(w, http.StatusOK, object{"total_count": len(found), "workflow_runs": rows})
}

func (f *Forge) githubCompare(w http.ResponseWriter, r *http.Request) {
	base, head, ok := strings.Cut(r.PathValue("range"), "...")
	commits, known := f.between(base, head)
	if !ok || !known {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	reply(w, http.StatusOK, object{"total_commits": len(commits), "commits": shas(page(w, r, 30, commits))})
}

func (f *Forge) githubCommits(w http.ResponseWriter, r *http.Request) {
	commits, known := f.between("", r.URL.Query().Get("sha"))
	if !known {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	reply(w, http.StatusOK, shas(page(w, r, 30, newestFirst(commits))))
}

func shas(commits []string) []object {
	rows := []object{}
	for _, c := range commits {
		rows = append(rows, object{"sha": c})
	}
	return rows
}

func (f *Forge) githubArtifacts(w http.ResponseWriter, r *http.Request) {
	var found []*artifact
	for _, a := range newestFirst(f.artifacts) {
		if a.name+"-"+a.head == r.URL.Query().Get("name") {
			found = append(found, a)
		}
	}
	rows := []object{}
	for _, a := range page(w, r, 30, found) {
		run := object{"id": a.pipeline, "repository_id": 1001, "head_repository_id": 1001, "head_sha": a.head}
		if a.fork {
			run["head_repository_id"] = 2002
		}
		rows = append(rows, object{"id": a.id, "name": a.name, "expired": a.expired, "workflow_run": run})
	}
	reply(w, http.StatusOK, object{"total_count": len(found), "artifacts": rows})
}
