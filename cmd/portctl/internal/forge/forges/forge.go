package forges

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Forge is a stand-in with one repository.
type Forge struct {
	// Repository is its name at GitHub, Project its number at GitLab.
	Repository string
	Project    int

	token   string
	api     *httptest.Server
	storage *httptest.Server // another host, to which artefacts are redirected

	mu        sync.Mutex
	clock     time.Time
	ids       int64
	pulls     map[int]*Pull
	main      []string // commits of the branch main, the oldest first
	issues    []*Issue // the oldest first
	successes []mark   // runs and deployments, the oldest first
	artifacts []*artifact
	requests  []string
	fail      []int // the statuses of the next answers
}

// Pull is a pull or merge request.
type Pull struct {
	Number      int
	Head        string
	MergeCommit string
	// Squash says that MergeCommit is the squashed commit, at GitLab a member of its own.
	Squash   bool
	Updated  time.Time
	Merged   time.Time
	Comments []*Post
}

// Post is a comment.
type Post struct {
	ID                int64
	User, Association string
	Body              string
}

// Issue is an issue, or at GitHub a pull request in the list of issues.
type Issue struct {
	Number      int64
	Title, Body string
	Closed      bool
	Labels      []string
	Pull        bool
}

// mark is a run of a workflow, or a deployment to an environment.
type mark struct {
	name, commit, status string
	at                   time.Time
}

// artifact is what a job left.
type artifact struct {
	id, job, pipeline int64
	name, head        string
	pull              int
	fork, expired     bool
	files             map[string][]byte
}

// newForge starts the servers of a forge.
func newForge(token string, handler func(*Forge) http.Handler) *Forge {
	f := &Forge{Repository: "acme-network/ports", Project: 42, token: token, clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), ids: 100, pulls: map[int]*Pull{}}
	f.api = httptest.NewServer(f.recorded(handler(f)))
	f.storage = httptest.NewServer(http.HandlerFunc(f.stored))
	f.storage.URL = strings.Replace(f.storage.URL, "127.0.0.1", "localhost", 1) // another host by name, too
	return f
}

// Close stops the servers.
func (f *Forge) Close() {
	f.api.Close()
	f.storage.Close()
}

// URL is the address of the server.
func (f *Forge) URL() string { return f.api.URL }

// recorded notes each request, and lets some fail.
func (f *Forge) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.requests = append(f.requests, r.Method+" "+r.URL.RequestURI())
		if len(f.fail) > 0 {
			status := f.fail[0]
			f.fail = f.fail[1:]
			refuse(w, status, "as the test wants it")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// locked runs a change of the state.
func (f *Forge) locked(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(time.Minute)
	change()
}

func (f *Forge) id() int64 {
	f.ids++
	return f.ids
}

// Requests lists what was asked so far: methods and addresses.
func (f *Forge) Requests() (all []string) {
	f.locked(func() { all = slices.Clone(f.requests) })
	return all
}

// Fail has the next requests answered with these statuses.
func (f *Forge) Fail(statuses ...int) { f.locked(func() { f.fail = statuses }) }

// OpenPull opens a pull request, Push gives it a new head.
func (f *Forge) OpenPull(number int, head string) {
	f.locked(func() { f.pulls[number] = &Pull{Number: number, Head: head, Updated: f.clock} })
}

// Push gives a pull request a new head.
func (f *Forge) Push(number int, head string) {
	f.locked(func() { f.pulls[number].Head, f.pulls[number].Updated = head, f.clock })
}

// Merge merges a pull request into main by a commit.
func (f *Forge) Merge(number int, commit string) {
	f.locked(func() {
		p := f.pulls[number]
		p.MergeCommit, p.Merged, p.Updated = commit, f.clock, f.clock
		f.main = append(f.main, commit)
	})
}

// Squash merges a pull request into main as one commit of its own.
func (f *Forge) Squash(number int, commit string) {
	f.Merge(number, commit)
	f.locked(func() { f.pulls[number].Squash = true })
}

// Expire lets what jobs left so far be gone.
func (f *Forge) Expire() {
	f.locked(func() {
		for _, a := range f.artifacts {
			a.expired = true
		}
	})
}

// Commit adds a commit to main that belongs to no pull request.
func (f *Forge) Commit(sha string) { f.locked(func() { f.main = append(f.main, sha) }) }

// Finish notes a finished run of a workflow, or a deployment, on main.
func (f *Forge) Finish(name, commit, status string) {
	f.locked(func() { f.successes = append(f.successes, mark{name, commit, status, f.clock}) })
}

// Artifact keeps what a job of a pull request left for a commit.
func (f *Forge) Artifact(pull int, name, head string, fork bool, files map[string][]byte) {
	f.locked(func() {
		f.artifacts = append(f.artifacts, &artifact{id: f.id(), job: f.id(), pipeline: f.id(), pull: pull, name: name, head: head, fork: fork, files: files})
	})
}

// Comment adds a comment of somebody.
func (f *Forge) Comment(pull int, user, association, body string) {
	f.locked(func() {
		f.pulls[pull].Comments = append(f.pulls[pull].Comments, &Post{f.id(), user, association, body})
	})
}

// Comments are those of a pull request.
func (f *Forge) Comments(pull int) (all []Post) {
	f.locked(func() {
		for _, p := range f.pulls[pull].Comments {
			all = append(all, *p)
		}
	})
	return all
}

// Issues are all issues.
func (f *Forge) Issues() (all []Issue) {
	f.locked(func() {
		for _, i := range f.issues {
			all = append(all, *i)
		}
	})
	return all
}

// addIssue opens an issue.
func (f *Forge) addIssue(title, body string, labels []string, pull bool) *Issue {
	i := &Issue{Number: int64(len(f.issues) + 1), Title: title, Body: body, Labels: labels, Pull: pull}
	f.issues = append(f.issues, i)
	return i
}

// AddIssue opens an issue of somebody, or lists a pull request among the issues.
func (f *Forge) AddIssue(title, body string, pull bool, labels ...string) {
	f.locked(func() { f.addIssue(title, body, labels, pull) })
}

// between are the commits of main after one up to another; all up to it when the first
// is empty.
func (f *Forge) between(after, upTo string) ([]string, bool) {
	to := slices.Index(f.main, upTo)
	from := slices.Index(f.main, after)
	if to < 0 || after != "" && from < 0 {
		return nil, false
	}
	return f.main[min(from+1, to+1) : to+1], true
}

// stored serves an artefact from the other host, which takes no token.
func (f *Forge) stored(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Header.Get("Authorization") != "" || r.Header.Get("Private-Token") != "" {
		refuse(w, http.StatusBadRequest, "a token was sent to another host")
		return
	}
	id, _ := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/"), 10, 64)
	i := slices.IndexFunc(f.artifacts, func(a *artifact) bool { return a.id == id })
	if i < 0 {
		refuse(w, http.StatusNotFound, "gone")
		return
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range f.artifacts[i].files {
		file, err := z.Create(name)
		if err == nil {
			_, err = file.Write(content)
		}
		if err != nil {
			refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
	}
	_ = z.Close()
	_, _ = w.Write(b.Bytes())
}

// query checks the parameters of a request: each must be known, and have a value that
// the API knows; "*" is any.
func query(w http.ResponseWriter, r *http.Request, known map[string]string) bool {
	for name, values := range r.URL.Query() {
		allowed, ok := known[name]
		if !ok || len(values) != 1 || allowed != "*" && !slices.Contains(strings.Split(allowed, "|"), values[0]) {
			refuse(w, http.StatusUnprocessableEntity, fmt.Sprintf("parameter %s=%s is not known", name, strings.Join(values, ",")))
			return false
		}
	}
	return true
}

// page is a page of a listing, with the Link header of both forges.
func page[T any](w http.ResponseWriter, r *http.Request, usual int, all []T) []T {
	q := r.URL.Query()
	per, number := usual, 1
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil {
		per = max(1, min(n, 100))
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil {
		number = max(1, n)
	}
	from, to := min((number-1)*per, len(all)), min(number*per, len(all))
	if to < len(all) {
		q.Set("page", strconv.Itoa(number+1))
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?%s>; rel="next"`, r.Host, r.URL.Path, q.Encode()))
	}
	return all[from:to]
}

// pageParameters are those of every listing.
func pageParameters(more map[string]string) map[string]string {
	all := map[string]string{"page": "*", "per_page": "*"}
	for k, v := range more {
		all[k] = v
	}
	return all
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]string{"message": message})
}

// body reads the JSON of a request, and refuses members that are not known.
func body(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if r.Header.Get("Content-Type") != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "the body is not JSON")
		return false
	}
	if err := d.Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return false
	}
	return true
}

// number is a number in the path; 0 for anything else.
func number(r *http.Request, name string) int64 {
	n, _ := strconv.ParseInt(r.PathValue(name), 10, 64)
	return n
}

// sorted is a listing that is given the oldest first, in the direction that is asked for
// or is usual.
func sorted[T any](r *http.Request, parameter, usual string, all []T) []T {
	if direction := r.URL.Query().Get(parameter); direction == "desc" || direction == "" && usual == "desc" {
		return newestFirst(all)
	}
	return all
}

// inState picks the issues in a state.
func inState(all []*Issue, state, open string) []*Issue {
	var out []*Issue
	for _, i := range all {
		if state == "all" || i.Closed == (state != open) {
			out = append(out, i)
		}
	}
	return out
}

func newestFirst[T any](all []T) []T {
	out := slices.Clone(all)
	slices.Reverse(out)
	return out
}
