package forge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/cmd/portctl/internal/forge/forges"
)

// both is what the two forges have in common.
type both interface {
	Head(ctx context.Context) (string, error)
	Comments(ctx context.Context) ([]Posted, error)
	CreateComment(ctx context.Context, body string) error
	UpdateComment(ctx context.Context, id int64, body string) error
	Issues(ctx context.Context, label string) ([]Posted, error)
	CreateIssue(ctx context.Context, label, title, body string) error
	UpdateIssue(ctx context.Context, number int64, title, body string, open bool) error
	MergedSince(ctx context.Context, mark, branch, commit string) ([]Merged, error)
	Plan(ctx context.Context, m Merged, name, file string) ([]byte, error)
}

// onBoth runs a test against GitHub and GitLab; pull request 12 is the job's.
func onBoth(t *testing.T, test func(t *testing.T, server *forges.Forge, client both)) {
	t.Run("github", func(t *testing.T) {
		server := forges.NewGitHub("s3cret")
		t.Cleanup(server.Close)
		client := NewGitHub(server.URL(), server.Repository, "s3cret", 12)
		client.pause = noPause
		test(t, server, client)
	})
	t.Run("gitlab", func(t *testing.T) {
		server := forges.NewGitLab("s3cret")
		t.Cleanup(server.Close)
		client := NewGitLab(server.URL()+"/api/v4", fmt.Sprint(server.Project), "s3cret", 12)
		client.pause = noPause
		test(t, server, client)
	})
}

func noPause(context.Context, time.Duration) error { return nil }

func check[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// A comment is found behind a hundred others.
func TestComments(t *testing.T) {
	onBoth(t, func(t *testing.T, server *forges.Forge, client both) {
		ctx := context.Background()
		server.OpenPull(12, "c1")
		for i := range 120 {
			server.Comment(12, "somebody", "NONE", fmt.Sprintf("comment %d", i))
		}
		if err := client.CreateComment(ctx, "ours"); err != nil {
			t.Fatal(err)
		}
		posted := check[[]Posted](t)(client.Comments(ctx))
		last := posted[len(posted)-1]
		if len(posted) != 121 || last.Body != "ours" || !last.Trusted {
			t.Fatalf("%d comments, the last %+v", len(posted), last)
		}
		if err := client.UpdateComment(ctx, last.ID, "ours, again"); err != nil {
			t.Fatal(err)
		}
		if got := server.Comments(12)[120].Body; got != "ours, again" {
			t.Errorf("the comment is %q", got)
		}
		if head := check[string](t)(client.Head(ctx)); head != "c1" {
			t.Errorf("the head is %q", head)
		}
	})
}

// Only GitHub has comments of people who may not write; theirs are not trusted.
func TestStrangersAreNotTrusted(t *testing.T) {
	server := forges.NewGitHub("s3cret")
	defer server.Close()
	server.OpenPull(12, "c1")
	server.Comment(12, "stranger", "CONTRIBUTOR", "a")
	server.Comment(12, "colleague", "MEMBER", "b")
	server.Comment(12, "app[bot]", "NONE", "c")
	var trusted []bool
	for _, p := range check[[]Posted](t)(NewGitHub(server.URL(), server.Repository, "s3cret", 12).Comments(context.Background())) {
		trusted = append(trusted, p.Trusted)
	}
	if diff := cmp.Diff([]bool{false, true, true}, trusted); diff != "" {
		t.Error(diff)
	}
}

func TestIssues(t *testing.T) {
	onBoth(t, func(t *testing.T, server *forges.Forge, client both) {
		ctx := context.Background()
		for i := range 101 {
			server.AddIssue("old", "old", i == 0, "portctl-drift")
		}
		server.AddIssue("other", "other", false, "bug")
		if err := client.CreateIssue(ctx, "portctl-drift", "Drift", "body"); err != nil {
			t.Fatal(err)
		}
		posted := check[[]Posted](t)(client.Issues(ctx, "portctl-drift"))
		i := slices.IndexFunc(posted, func(p Posted) bool { return p.Title == "Drift" })
		if i < 0 || posted[i].Body != "body" || posted[i].Closed || !posted[i].Trusted {
			t.Fatalf("%+v", posted)
		}
		for _, open := range []bool{false, true} {
			if err := client.UpdateIssue(ctx, posted[i].ID, "Drift", "new body", open); err != nil {
				t.Fatal(err)
			}
			again := check[[]Posted](t)(client.Issues(ctx, "portctl-drift"))
			j := slices.IndexFunc(again, func(p Posted) bool { return p.ID == posted[i].ID })
			if again[j].Closed == open || again[j].Body != "new body" {
				t.Errorf("open %v: %+v", open, again[j])
			}
		}
	})
}

// What was merged since the last success is found, also over pages, and nothing else.
func TestMergedSince(t *testing.T) {
	onBoth(t, func(t *testing.T, server *forges.Forge, client both) {
		ctx := context.Background()
		merge := func(number int) {
			server.OpenPull(number, fmt.Sprintf("head%d", number))
			server.Merge(number, fmt.Sprintf("merge%d", number))
		}
		merge(1)
		first := check[[]Merged](t)(client.MergedSince(ctx, "apply", "main", "merge1"))
		if diff := cmp.Diff([]Merged{{1, "head1"}}, first); diff != "" {
			t.Errorf("before the first success:\n%s", diff)
		}
		server.Finish("apply", "merge1", "success")
		server.Finish("other", "merge1", "success")
		for range 130 {
			server.Commit("direct")
		}
		merge(2)
		server.Finish("apply", "merge2", "failure")
		merge(3)
		merge(4)
		server.OpenPull(5, "head5")
		since := check[[]Merged](t)(client.MergedSince(ctx, "apply", "main", "merge3"))
		if diff := cmp.Diff([]Merged{{2, "head2"}, {3, "head3"}}, since); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		server.OpenPull(6, "head6")
		server.Squash(6, "squashed6")
		server.OpenPull(7, "head7")
		server.Merge(7, "head7") // a fast-forward
		later := check[[]Merged](t)(client.MergedSince(ctx, "apply", "main", "head7"))
		if diff := cmp.Diff([]Merged{{2, "head2"}, {3, "head3"}, {4, "head4"}, {6, "head6"}, {7, "head7"}}, later); diff != "" {
			t.Errorf("squashed and forwarded (-want +got):\n%s", diff)
		}
		for n := 10; n < 130; n++ { // more than a page of later ones
			merge(n)
		}
		since = check[[]Merged](t)(client.MergedSince(ctx, "apply", "main", "merge3"))
		if diff := cmp.Diff([]Merged{{2, "head2"}, {3, "head3"}}, since); diff != "" {
			t.Errorf("behind a page (-want +got):\n%s", diff)
		}
	})
}

// The newest plan for the commit that was merged is taken, never one of a fork, and the
// token does not go where the artefacts are.
func TestPlan(t *testing.T) {
	onBoth(t, func(t *testing.T, server *forges.Forge, client both) {
		ctx := context.Background()
		server.OpenPull(3, "head3")
		leave := func(head string, fork bool, content string) {
			server.Artifact(3, "portctl-plan", head, fork, map[string][]byte{"plan.json": []byte(content), "other.txt": nil})
		}
		leave("head2", false, "of another commit")
		leave("head3", false, "old")
		leave("head3", false, "new")
		leave("head3", true, "forged")
		m := Merged{3, "head3"}
		if got := string(check[[]byte](t)(client.Plan(ctx, m, "portctl-plan", "plan.json"))); got != "new" {
			t.Errorf("the plan is %q", got)
		}
		for _, none := range []struct {
			m          Merged
			name, file string
		}{{Merged{3, "head9"}, "portctl-plan", "plan.json"}, {m, "other-plan", "plan.json"}, {m, "portctl-plan", "gone.json"}} {
			if got := check[[]byte](t)(client.Plan(ctx, none.m, none.name, none.file)); got != nil {
				t.Errorf("%+v: %q", none, got)
			}
		}
		server.Expire()
		if got := check[[]byte](t)(client.Plan(ctx, m, "portctl-plan", "plan.json")); got != nil {
			t.Errorf("an expired plan is %q", got)
		}
	})
}

// What only reads is tried again, what writes is not: it may have been written.
func TestRetries(t *testing.T) {
	onBoth(t, func(t *testing.T, server *forges.Forge, client both) {
		ctx := context.Background()
		server.OpenPull(12, "c1")
		server.Fail(502, 429)
		if _, err := client.Head(ctx); err != nil {
			t.Error(err)
		}
		server.Fail(502, 502, 502)
		if _, err := client.Head(ctx); err == nil {
			t.Error("three failures in a row are none")
		}
		before := len(server.Requests())
		server.Fail(502)
		if err := client.CreateComment(ctx, "ours"); err == nil || len(server.Requests()) != before+1 {
			t.Errorf("error %v after %d requests", err, len(server.Requests())-before)
		}
	})
}

// An error says what to do, and no error names the token.
func TestErrors(t *testing.T) {
	server := forges.NewGitHub("right")
	gitlab := forges.NewGitLab("right")
	defer server.Close()
	defer gitlab.Close()
	for _, client := range []both{
		NewGitHub(server.URL(), server.Repository, "s3cret", 12), NewGitLab(gitlab.URL()+"/api/v4", "42", "s3cret", 12),
		NewGitHub("http://127.0.0.1:1", server.Repository, "s3cret", 12), NewGitHub("::", server.Repository, "s3cret", 12),
	} {
		if g, ok := client.(*GitHub); ok {
			g.pause = noPause
		}
		_, err := client.Head(context.Background())
		var refused *Error
		if !errors.As(err, &refused) || strings.Contains(err.Error(), "s3cret") {
			t.Fatalf("%v", err)
		}
		if refused.Status == 401 && refused.Hint() == "" {
			t.Errorf("%v: no hint", err)
		}
	}
}

func TestWorkflowFile(t *testing.T) {
	for ref, want := range map[string]string{
		"acme-network/ports/.github/workflows/apply.yml@refs/heads/main": "apply.yml", "": "",
	} {
		if got := WorkflowFile(ref); got != want {
			t.Errorf("%q: %q", ref, got)
		}
	}
}
