package cli

import (
	"os"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/portctl/portctl/pkg/plan"
)

// origin is the job of GitHub or GitLab that the program runs in; nil for none.
func (s Env) origin() *plan.Origin {
	switch {
	case s.Getenv("GITHUB_ACTIONS") == "true":
		return s.githubOrigin()
	case s.Getenv("GITLAB_CI") == "true":
		return s.gitlabOrigin()
	}
	return nil
}

func (s Env) githubOrigin() *plan.Origin {
	o := &plan.Origin{
		System: "github", Repository: s.Getenv("GITHUB_REPOSITORY"), Actor: s.Getenv("GITHUB_ACTOR"), Commit: s.Getenv("GITHUB_SHA"),
		Run: s.number("GITHUB_RUN_ID"), Attempt: int(s.number("GITHUB_RUN_ATTEMPT")),
	}
	if o.Run > 0 {
		o.URL = s.Getenv("GITHUB_SERVER_URL") + "/" + o.Repository + "/actions/runs/" + strconv.FormatInt(o.Run, 10)
	}
	// In a pull request GITHUB_SHA is a commit that merges it on trial.
	if pull := s.githubPull(); pull.Number > 0 {
		o.PullRequest, o.Commit = pull.Number, pull.Head.SHA
	}
	return o
}

// githubPull is the pull request of the event that started a job of GitHub, as the
// event's file tells of it.
type githubPull struct {
	Number int `json:"number"`
	Head   struct {
		SHA string `json:"sha"`
	} `json:"head"`
}

func (s Env) githubPull() githubPull {
	var event struct {
		PullRequest githubPull `json:"pull_request"`
	}
	b, err := os.ReadFile(s.Getenv("GITHUB_EVENT_PATH"))
	if err == nil {
		err = json.Unmarshal(b, &event)
	}
	if err != nil {
		return githubPull{}
	}
	return event.PullRequest
}

func (s Env) gitlabOrigin() *plan.Origin {
	return &plan.Origin{
		System: "gitlab", Repository: s.Getenv("CI_PROJECT_PATH"), Actor: s.Getenv("GITLAB_USER_LOGIN"),
		// In a pipeline of merged results CI_COMMIT_SHA merges the request on trial.
		Commit:      firstOf(s.Getenv("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"), s.Getenv("CI_COMMIT_SHA")),
		PullRequest: int(s.number("CI_MERGE_REQUEST_IID")), Run: s.number("CI_PIPELINE_ID"), Attempt: int(s.number("CI_JOB_ID")),
		URL: s.Getenv("CI_PIPELINE_URL"),
	}
}

// number is a variable that holds a whole number; 0 for anything else.
func (s Env) number(name string) int64 {
	n, err := strconv.ParseInt(s.Getenv(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
