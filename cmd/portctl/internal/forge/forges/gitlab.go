package forges

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// NewGitLab starts a stand-in of GitLab's REST API, whose address is URL()+"/api/v4".
func NewGitLab(token string) *Forge { return newForge(token, (*Forge).gitlab) }

// maxGitLabNote is the most characters of a note.
const maxGitLabNote = 1_000_000

func (f *Forge) gitlab() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, parameters map[string]string, handle http.HandlerFunc) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(fmt.Sprintf("%s /api/v4/projects/%d%s", method, f.Project, path), func(w http.ResponseWriter, r *http.Request) {
			if query(w, r, parameters) {
				handle(w, r)
			}
		})
	}
	route("GET /merge_requests/{n}", nil, f.gitlabRequest)
	route("GET /merge_requests", pageParameters(map[string]string{"state": "merged", "target_branch": "main", "order_by": "created_at|updated_at", "sort": "asc|desc"}), f.gitlabRequests)
	route("GET /merge_requests/{n}/notes", pageParameters(map[string]string{"sort": "asc|desc", "order_by": "created_at|updated_at"}), f.gitlabNotes)
	route("POST /merge_requests/{n}/notes", nil, f.gitlabNote)
	route("PUT /merge_requests/{n}/notes/{id}", nil, f.gitlabEditNote)
	route("GET /issues", pageParameters(map[string]string{"state": "opened|closed|all", "labels": "*", "scope": "all"}), f.gitlabIssues)
	route("POST /issues", nil, f.gitlabIssue)
	route("PUT /issues/{n}", nil, f.gitlabEditIssue)
	route("GET /deployments", pageParameters(map[string]string{"environment": "*", "status": "success", "order_by": "id", "sort": "desc"}), f.gitlabDeployments)
	route("GET /repository/compare", map[string]string{"from": "*", "to": "*"}, f.gitlabCompare)
	route("GET /repository/commits", pageParameters(map[string]string{"ref_name": "*"}), f.gitlabCommits)
	route("GET /merge_requests/{n}/pipelines", pageParameters(nil), f.gitlabPipelines)
	route("GET /pipelines/{id}/jobs", pageParameters(map[string]string{"scope[]": "success"}), f.gitlabJobs)
	route("GET /jobs/{id}/artifacts/{path...}", nil, f.gitlabArtifact)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Private-Token") != f.token {
			refuse(w, http.StatusUnauthorized, "401 Unauthorized")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (f *Forge) gitlabRequest(w http.ResponseWriter, r *http.Request) {
	p := f.pulls[int(number(r, "n"))]
	if p == nil {
		refuse(w, http.StatusNotFound, "404 Not found")
		return
	}
	reply(w, http.StatusOK, gitlabRow(p))
}

func gitlabRow(p *Pull) object {
	row := object{"iid": p.Number, "sha": p.Head, "merge_commit_sha": nil, "squash_commit_sha": nil, "updated_at": p.Updated}
	switch {
	case p.Squash:
		row["squash_commit_sha"] = p.MergeCommit
	case p.MergeCommit != p.Head && p.MergeCommit != "": // else it was a fast-forward
		row["merge_commit_sha"] = p.MergeCommit
	}
	return row
}

func (f *Forge) gitlabRequests(w http.ResponseWriter, r *http.Request) {
	all := f.byUpdate(func(p *Pull) bool { return !p.Merged.IsZero() })
	if r.URL.Query().Get("order_by") != "updated_at" {
		slices.SortFunc(all, func(a, b *Pull) int { return cmp.Compare(a.Number, b.Number) })
	}
	rows := []object{}
	for _, p := range page(w, r, 20, sorted(r, "sort", "desc", all)) {
		rows = append(rows, gitlabRow(p))
	}
	reply(w, http.StatusOK, rows)
}

func (f *Forge) gitlabNotes(w http.ResponseWriter, r *http.Request) {
	p := f.pulls[int(number(r, "n"))]
	if p == nil {
		refuse(w, http.StatusNotFound, "404 Not found")
		return
	}
	rows := []object{}
	for _, c := range page(w, r, 20, sorted(r, "sort", "desc", p.Comments)) {
		rows = append(rows, object{"id": c.ID, "body": c.Body, "system": c.User == "system"})
	}
	reply(w, http.StatusOK, rows)
}

func (f *Forge) gitlabNote(w http.ResponseWriter, r *http.Request) {
	p := f.pulls[int(number(r, "n"))]
	var sent struct{ Body string }
	switch {
	case !body(w, r, &sent):
	case p == nil:
		refuse(w, http.StatusNotFound, "404 Not found")
	case len([]rune(sent.Body)) > maxGitLabNote, sent.Body == "":
		refuse(w, http.StatusBadRequest, "400 Bad request")
	default:
		c := &Post{f.id(), "project_42_bot", "", sent.Body}
		p.Comments = append(p.Comments, c)
		reply(w, http.StatusCreated, object{"id": c.ID})
	}
}

func (f *Forge) gitlabEditNote(w http.ResponseWriter, r *http.Request) {
	p := f.pulls[int(number(r, "n"))]
	var sent struct{ Body string }
	if !body(w, r, &sent) {
		return
	}
	if len([]rune(sent.Body)) > maxGitLabNote {
		refuse(w, http.StatusBadRequest, "400 Bad request")
		return
	}
	if p != nil {
		for _, c := range p.Comments {
			if c.ID == number(r, "id") && c.User != "system" {
				c.Body = sent.Body
				reply(w, http.StatusOK, object{"id": c.ID})
				return
			}
		}
	}
	refuse(w, http.StatusNotFound, "404 Not found")
}

func (f *Forge) gitlabIssues(w http.ResponseWriter, r *http.Request) {
	rows := []object{}
	for _, i := range page(w, r, 20, newestFirst(inState(f.labelled(r.URL.Query().Get("labels")), cmp.Or(r.URL.Query().Get("state"), "all"), "opened"))) {
		rows = append(rows, object{"id": 9000 + i.Number, "iid": i.Number, "title": i.Title, "description": i.Body, "state": state(i, "opened")})
	}
	reply(w, http.StatusOK, rows)
}

func (f *Forge) gitlabIssue(w http.ResponseWriter, r *http.Request) {
	var sent struct{ Title, Description, Labels string }
	if body(w, r, &sent) {
		i := f.addIssue(sent.Title, sent.Description, strings.Split(sent.Labels, ","), false)
		reply(w, http.StatusCreated, object{"iid": i.Number})
	}
}

func (f *Forge) gitlabEditIssue(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Title, Description string
		StateEvent         string `json:"state_event"`
	}
	n := number(r, "n")
	switch {
	case !body(w, r, &sent):
	case n < 1 || n > int64(len(f.issues)):
		refuse(w, http.StatusNotFound, "404 Not found")
	case sent.StateEvent != "close" && sent.StateEvent != "reopen":
		refuse(w, http.StatusBadRequest, "state_event does not have a valid value")
	default:
		i := f.issues[n-1]
		i.Title, i.Body, i.Closed = sent.Title, sent.Description, sent.StateEvent == "close"
		reply(w, http.StatusOK, object{"iid": n})
	}
}

func (f *Forge) gitlabDeployments(w http.ResponseWriter, r *http.Request) {
	var found []mark
	for _, m := range sorted(r, "sort", "asc", f.successes) {
		if m.name == r.URL.Query().Get("environment") && m.status == "success" {
			found = append(found, m)
		}
	}
	rows := []object{}
	for _, m := range page(w, r, 20, found) {
		rows = append(rows, object{"id": 1, "sha": m.commit, "status": m.status})
	}
	reply(w, http.StatusOK, rows)
}

func (f *Forge) gitlabCompare(w http.ResponseWriter, r *http.Request) {
	commits, known := f.between(r.URL.Query().Get("from"), r.URL.Query().Get("to"))
	if !known {
		refuse(w, http.StatusNotFound, "404 Ref Not Found")
		return
	}
	reply(w, http.StatusOK, object{"commits": commitIDs(commits)})
}

func (f *Forge) gitlabCommits(w http.ResponseWriter, r *http.Request) {
	commits, known := f.between("", r.URL.Query().Get("ref_name"))
	if !known {
		refuse(w, http.StatusNotFound, "404 Ref Not Found")
		return
	}
	reply(w, http.StatusOK, commitIDs(page(w, r, 20, newestFirst(commits))))
}

func commitIDs(commits []string) []object {
	rows := []object{}
	for _, c := range commits {
		rows = append(rows, object{"id": c})
	}
	return rows
}

func (f *Forge) gitlabPipelines(w http.ResponseWriter, r *http.Request) {
	rows := []object{}
	for _, a := range newestFirst(f.artifacts) {
		if a.pull != int(number(r, "n")) {
			continue
		}
		project := f.Project
		if a.fork {
			project = 77
		}
		rows = append(rows, object{"id": a.pipeline, "sha": a.head, "status": "success", "project_id": project})
	}
	reply(w, http.StatusOK, page(w, r, 20, rows))
}

func (f *Forge) gitlabJobs(w http.ResponseWriter, r *http.Request) {
	rows := []object{{"id": 1, "name": "lint", "status": "success"}}
	for _, a := range f.artifacts {
		if a.pipeline == number(r, "id") {
			rows = append(rows, object{"id": a.job, "name": a.name, "status": "success"})
		}
	}
	reply(w, http.StatusOK, page(w, r, 20, rows))
}

func (f *Forge) gitlabArtifact(w http.ResponseWriter, r *http.Request) {
	for _, a := range f.artifacts {
		if content, there := a.files[r.PathValue("path")]; there && !a.expired && a.job == number(r, "id") {
			_, _ = w.Write(content)
			return
		}
	}
	refuse(w, http.StatusNotFound, "404 Not Found")
}
