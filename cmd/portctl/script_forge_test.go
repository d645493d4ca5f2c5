package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/cmd/portctl/internal/forge/forges"
)

// ci is the forge of a story and the job that the story is in.
type ci struct {
	server  *forges.Forge
	outputs map[string]string // of the steps of the job, by steps.ID.outputs.NAME
	seen    int               // requests that were looked at
}

// cmdForge starts a stand-in and sets the variables of its CI, or changes its state:
//
//	forge github|gitlab
//	forge open|push|merge|finish ...
func cmdForge(ts *testscript.TestScript, _ bool, args []string) {
	number := func(i int) int {
		n, err := strconv.Atoi(args[i])
		ts.Check(err)
		return n
	}
	c := &storyOf(ts).ci
	setState(ts)
	switch args[0] {
	case "github":
		c.server = forges.NewGitHub("s3cret-token")
		for k, v := range map[string]string{
			"GITHUB_ACTIONS": "true", "GITHUB_API_URL": c.server.URL(), "GITHUB_REPOSITORY": c.server.Repository, "GITHUB_SERVER_URL": "https://github.example",
			"GITHUB_REF_NAME": "main", "GITHUB_WORKFLOW_REF": c.server.Repository + "/.github/workflows/portctl.yml@refs/heads/main",
			"GITHUB_ACTION_PATH": root(ts), "BUILDHOME": os.Getenv("HOME"), "RUNNER_TEMP": ts.Getenv("WORK"), "GITHUB_ACTOR": "ada",
		} {
			ts.Setenv(k, v)
		}
	case "gitlab":
		c.server = forges.NewGitLab("s3cret-token")
		for k, v := range map[string]string{
			"GITLAB_CI": "true", "CI_API_V4_URL": c.server.URL() + "/api/v4", "CI_PROJECT_ID": "42", "CI_PROJECT_PATH": "acme/ports", "GITLAB_TOKEN": "s3cret-token",
			"GITLAB_USER_LOGIN": "ada",
		} {
			ts.Setenv(k, v)
		}
	case "open":
		c.server.OpenPull(number(1), args[2])
	case "push":
		c.server.Push(number(1), args[2])
	case "merge":
		c.server.Merge(number(1), args[2])
	case "finish":
		c.server.Finish(args[1], args[2], args[3])
	case "comment":
		c.server.Comment(number(1), args[2], "CONTRIBUTOR", ts.ReadFile(args[3]))
	case "artifact": // PULL NAME HEAD FILE [fork]
		c.server.Artifact(number(1), args[2], args[3], len(args) > 5, map[string][]byte{filepath.Base(args[4]): []byte(ts.ReadFile(args[4]))})
	default:
		ts.Fatalf("forge %s is not known", args[0])
	}
	if args[0] == "github" || args[0] == "gitlab" {
		c.outputs = map[string]string{}
		ts.Defer(c.server.Close)
	}
}

// storyState names the variable that says where a story keeps its ledger: make test-s3
// plays the story again with a bucket.
const storyState = "PORTCTL_STORY_STATE"

// setState tells the story where its ledger is: a folder, or the bucket that was named.
func setState(ts *testscript.TestScript) {
	place := os.Getenv(storyState)
	if place == "" {
		ts.Setenv("STATE", filepath.Join(ts.Getenv("WORK"), "state"))
		return
	}
	ts.Setenv("STATE", place)
	for _, setting := range os.Environ() {
		if name, value, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "AWS_") {
			ts.Setenv(name, value)
		}
	}
}

// cmdComments writes the comments of a pull request to standard output's file, each
// under its number, or checks how many there are: comments PULL COUNT FILE.
func cmdComments(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: comments PULL COUNT FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var b strings.Builder
	all := storyOf(ts).ci.server.Comments(n)
	for i, c := range all {
		fmt.Fprintf(&b, "=== %d by %s\n%s\n", i+1, c.User, c.Body)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(b.String()), 0o600))
	if fmt.Sprint(len(all)) != args[1] {
		ts.Fatalf("there are %d comments:\n%s", len(all), b.String())
	}
}

// cmdIssues writes the issues to a file, with their state: issues COUNT FILE.
func cmdIssues(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: issues COUNT FILE")
	}
	var b strings.Builder
	all := storyOf(ts).ci.server.Issues()
	for _, i := range all {
		fmt.Fprintf(&b, "=== %d %q closed %v %v\n%s\n", i.Number, i.Title, i.Closed, i.Labels, i.Body)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o600))
	if fmt.Sprint(len(all)) != args[0] {
		ts.Fatalf("there are %d issues:\n%s", len(all), b.String())
	}
}

// cmdRequests checks which requests the forge has seen since the last look: methods and
// paths without their parameters, in order.
func cmdRequests(ts *testscript.TestScript, _ bool, args []string) {
	c := &storyOf(ts).ci
	all := c.server.Requests()
	var got []string
	for _, r := range all[c.seen:] {
		path, _, _ := strings.Cut(r, "?")
		for _, prefix := range []string{"/api/v4/projects/42", "/repos/" + c.server.Repository} {
			path = strings.Replace(path, prefix, "", 1)
		}
		got = append(got, givenID.ReplaceAllString(path, "$1/ID"))
	}
	c.seen = len(all)
	if !slices.Equal(got, args) {
		ts.Fatalf("requests:\n%s", strings.Join(got, "\n"))
	}
}

// givenID is a number that the forge gave.
var givenID = regexp.MustCompile(`(comments|notes|artifacts|pipelines|jobs)/[0-9]+`)

// workflow is what the steps of a workflow, an action or a job of GitLab have in
// common.
type workflow struct {
	Runs struct{ Steps []ciStep }
	Jobs map[string]struct {
		Env   map[string]string
		Steps []ciStep
	}
}

type ciStep struct {
	ID  string
	Env map[string]string
	Run string
}

// cmdStep runs the shell step of a workflow or an action as its runner would, with its
// variables; expressions are looked up in a file of "EXPRESSION = VALUE" lines:
//
//	step FILE ID EXPRESSIONS
func cmdStep(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: step FILE ID EXPRESSIONS")
	}
	content, err := os.ReadFile(filepath.Join(root(ts), args[0]))
	ts.Check(err)
	var w workflow
	ts.Check(yaml.Unmarshal(content, &w))
	steps := w.Runs.Steps
	for _, j := range w.Jobs {
		steps = append(steps, j.Steps...)
	}
	i := slices.IndexFunc(steps, func(s ciStep) bool { return s.ID == args[1] })
	if i < 0 {
		ts.Fatalf("%s has no step %s", args[0], args[1])
	}
	if strings.Contains(steps[i].Run, "${{") {
		ts.Fatalf("an expression in a script runs whatever it stands for:\n%s", steps[i].Run)
	}
	env := map[string]string{}
	for k, v := range steps[i].Env {
		env[k] = expressions(ts, v, ts.ReadFile(args[2]))
	}
	outputs := filepath.Join(ts.Getenv("WORK"), "step-output")
	env["GITHUB_OUTPUT"], env["GITHUB_PATH"], env["GITHUB_STEP_SUMMARY"] = outputs, outputs+"-path", outputs+"-summary"
	_ = os.Remove(outputs)
	shell(ts, neg, env, steps[i].Run)
	written, _ := os.ReadFile(outputs)
	for line := range strings.Lines(string(written)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		storyOf(ts).ci.outputs["steps."+args[1]+".outputs."+name] = value
	}
}

var expression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)

// expressions replaces the expressions of a value.
func expressions(ts *testscript.TestScript, value, table string) string {
	known := map[string]string{}
	for line := range strings.Lines(table) {
		if name, is, ok := strings.Cut(line, "="); ok {
			known[strings.TrimSpace(name)] = strings.ReplaceAll(os.Expand(strings.TrimSpace(is), ts.Getenv), `\n`, "\n")
		}
	}
	return expression.ReplaceAllStringFunc(value, func(text string) string {
		name := expression.FindStringSubmatch(text)[1]
		if is, ok := known[name]; ok {
			return is
		}
		if is, ok := storyOf(ts).ci.outputs[name]; ok {
			return is
		}
		ts.Fatalf("the expression %s is not known", name)
		return ""
	})
}

// cmdJob runs the script of a job of GitLab: job FILE JOB.
func cmdJob(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: job FILE JOB")
	}
	content, err := os.ReadFile(filepath.Join(root(ts), args[0]))
	ts.Check(err)
	var file map[string]yaml.Node
	ts.Check(yaml.Unmarshal(content, &file))
	type job struct {
		BeforeScript []string `yaml:"before_script"`
		Script       []string
	}
	var base, own job
	env := map[string]string{}
	base, own = decoded[job](ts, file[".portctl"]), decoded[job](ts, file[args[1]])
	for k, v := range decoded[map[string]string](ts, file["variables"]) {
		if ts.Getenv(k) == "" {
			env[k] = v
		}
	}
	shell(ts, neg, env, strings.Join(slices.Concat(base.BeforeScript, own.Script), "\n"))
}

// cmdAtlantis runs the steps of a stage of the custom workflow: atlantis plan|apply.
func cmdAtlantis(ts *testscript.TestScript, neg bool, args []string) {
	content, err := os.ReadFile(filepath.Join(root(ts), "examples", "atlantis", "repos.yaml"))
	ts.Check(err)
	var config struct {
		Workflows map[string]map[string]struct{ Steps []ciStep }
	}
	ts.Check(yaml.Unmarshal(content, &config))
	var lines []string
	for _, s := range config.Workflows["portctl"][args[0]].Steps {
		lines = append(lines, s.Run)
	}
	if len(lines) == 0 {
		ts.Fatalf("there is no stage %s", args[0])
	}
	shell(ts, neg, nil, strings.Join(lines, "\n"))
}

// cmdHook runs a hook of pre-commit with its arguments: hook ID [ARGUMENT...].
func cmdHook(ts *testscript.TestScript, neg bool, args []string) {
	content, err := os.ReadFile(filepath.Join(root(ts), ".pre-commit-hooks.yaml"))
	ts.Check(err)
	var hooks []struct{ ID, Entry string }
	ts.Check(yaml.Unmarshal(content, &hooks))
	for _, h := range hooks {
		if h.ID == args[0] {
			shell(ts, neg, nil, strings.Join(append([]string{h.Entry}, args[1:]...), " "))
			return
		}
	}
	ts.Fatalf("there is no hook %s", args[0])
}

func decoded[T any](ts *testscript.TestScript, n yaml.Node) T {
	var v T
	ts.Check(n.Decode(&v))
	return v
}

// shell runs a script as the runners of both forges do.
func shell(ts *testscript.TestScript, neg bool, env map[string]string, script string) {
	file := filepath.Join(ts.Getenv("WORK"), "script.sh")
	ts.Check(os.WriteFile(file, []byte(script), 0o600))
	for k, v := range env {
		ts.Setenv(k, v)
	}
	err := ts.Exec("bash", "--noprofile", "--norc", "-eo", "pipefail", file)
	for k := range env {
		ts.Setenv(k, "")
	}
	switch {
	case err != nil && !neg:
		ts.Fatalf("the step failed: %v", err)
	case err == nil && neg:
		ts.Fatalf("the step did not fail")
	}
}

// cmdCommands writes the commands of a page of the documentation, those of its blocks of
// sh, as a script: commands PAGE SCRIPT.
func cmdCommands(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: commands PAGE SCRIPT")
	}
	page, err := os.ReadFile(filepath.Join(root(ts), args[0]))
	ts.Check(err)
	var script strings.Builder
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		script.WriteString(m[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(script.String()), 0o600))
}

// cmdShell runs a script: shell SCRIPT.
func cmdShell(ts *testscript.TestScript, neg bool, args []string) {
	shell(ts, neg, nil, ts.ReadFile(args[0]))
}

// root is the root of the repository.
func root(ts *testscript.TestScript) string { return ts.Getenv("ROOT") }
