package main_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/portctl/portctl/cmd/portctl/internal/cli"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

var update = flag.Bool("update", false, "rewrite the expected outputs")

func TestMain(m *testing.M) {
	testscript.Main(sideBySide{m}, map[string]func(){
		"portctl": func() { os.Exit(cli.Main(os.Args[1:], cli.OS())) },
	})
}

// sideBySide runs more stories at a time than there are cores: they wait more than they
// compute. A person's own -parallel holds.
type sideBySide struct{ *testing.M }

func (s sideBySide) Run() int {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		_ = flag.Set("test.parallel", "8") // of the testing package, which is always there
	}
	return s.M.Run()
}

// TestStories runs testdata/script/*.txtar: what users do, with the real binary.
// Each story has a home and a working directory of its own, with the examples in
// it, and the verbs below.
//
//	sandbox [knobs.json]     start a sandbox; its address is in $SANDBOX
//	knobs FILE               set the knobs of the sandbox that runs
//	record PATTERN VALUE     compare a figure of the sandbox's record: received,
//	                         committed, services, doubled (names bought more than
//	                         once), or a route such as "POST /v3/..."
//	until PATTERN VALUE      wait until a figure of the record has reached a value
//	http METHOD URL STATUS [BODY-FILE]
//	                         send a request, with a token unless METHOD has a "!"
//	                         in front; the body of the answer becomes stdout
//	pdf FILE...              each is a complete PDF
//	json FILE                is valid JSON
//	mode OCTAL FILE          compare the permissions of a file
//	start NAME PROGRAM...    run a program in the background, into NAME.out and NAME.err
//	until-text FILE TEXT [N] wait until a file holds a text (N times)
//	interrupt NAME           send Ctrl-C to a program in the background
//	signal NAME KIND...      send it signals at once: INT, TERM or HUP
//	ended NAME CODE          wait for it, and compare its exit code
//	exits CODE PROGRAM...    run a program and compare its exit code
//	paste CODE PATTERN [WORD=VALUE...]
//	                         paste the command in the last output that fits a pattern into
//	                         a shell, with values for words such as UID, and compare its
//	                         exit code; what it writes becomes stdout and stderr
//	listening FILE VAR       wait for "... on ADDRESS" in a file, keep the address
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("COLUMNS", "160")
			repository, err := filepath.Abs(filepath.Join("..", ".."))
			if err != nil {
				return err
			}
			env.Setenv("ROOT", repository)
			env.Values["story"] = &story{processes: map[string]*process{}}
			return os.CopyFS(filepath.Join(env.WorkDir, "examples"), os.DirFS(filepath.Join("..", "..", "examples")))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sandbox": cmdSandbox,
			"knobs":   cmdKnobs,
			"record":  cmdRecord,
			"until":   cmdUntil,
			"http":    cmdHTTP,
			"pdf":     cmdPDF,
			"json":    cmdJSON,
			"mode":    cmdMode,
			"xlsx":    cmdXLSX,

			"mail":     cmdMail,
			"equinix":  cmdEquinix,
			"ics":      cmdICS,
			"netbox":   cmdNetBox,
			"workbook": cmdWorkbook,

			"forge":    cmdForge,
			"comments": cmdComments,
			"issues":   cmdIssues,
			"requests": cmdRequests,
			"step":     cmdStep,
			"job":      cmdJob,
			"atlantis": cmdAtlantis,
			"hook":     cmdHook,
			"commands": cmdCommands,
			"shell":    cmdShell,

			"listening": cmdListening,

			"start":      cmdStart,
			"until-text": cmdUntilText,
			"interrupt":  cmdInterrupt,
			"signal":     cmdSignal,
			"ended":      cmdEnded,
			"exits":      cmdExits,
			"paste":      cmdPaste,
		},
	})
}

// story is what one script has running.
type story struct {
	server    *sandbox.Server
	ci        ci
	processes map[string]*process // in the background, by name
}

func storyOf(ts *testscript.TestScript) *story { return ts.Value("story").(*story) }

func cmdMode(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

func cmdSandbox(ts *testscript.TestScript, neg bool, args []string) {
	server, err := sandbox.New(sandbox.Config{})
	ts.Check(err)
	storyOf(ts).server = server
	web := httptest.NewServer(server)
	ts.Defer(func() {
		web.CloseClientConnections()
		web.Close()
		server.Close()
	})
	ts.Setenv("SANDBOX", web.URL)
	if len(args) == 1 {
		cmdKnobs(ts, neg, args)
	}
}

func cmdKnobs(ts *testscript.TestScript, _ bool, args []string) {
	k, err := sandbox.ParseKnobs([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(storyOf(ts).server.SetKnobs(k))
}

func cmdRecord(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: record FIGURE VALUE")
	}
	got := figure(ts, args[0])
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	if (got == want) == neg {
		ts.Fatalf("%s is %d, not %d; routes: %v", args[0], got, want, storyOf(ts).server.Record().Routes)
	}
}

func figure(ts *testscript.TestScript, name string) int {
	r := storyOf(ts).server.Record()
	doubled := 0
	for _, n := range r.Purchases {
		if n > 1 {
			doubled++
		}
	}
	figures := map[string]int{"received": r.Received, "committed": r.Committed, "services": r.Services, "doubled": doubled}
	if n, ok := figures[name]; ok {
		return n
	}
	if !strings.Contains(name, " /") {
		ts.Fatalf("%q is neither a figure nor a route, such as GET /v2/products", name)
	}
	return r.Routes[name].Count
}

// cmdUntil waits for the sandbox to have seen something, so that a story can
// interrupt the program at a certain point of its work.
func cmdUntil(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: until FIGURE VALUE")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	for range 3000 {
		if figure(ts, args[0]) >= want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%s is %d after a minute, not %d", args[0], figure(ts, args[0]), want)
}

func cmdHTTP(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: http METHOD URL STATUS [BODY-FILE]")
	}
	method, anonymous := strings.CutPrefix(args[0], "!")
	var body io.Reader = http.NoBody
	if len(args) > 3 {
		body = strings.NewReader(ts.ReadFile(args[3]))
	}
	req, err := http.NewRequest(method, args[1], body)
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	if !anonymous {
		req.Header.Set("Authorization", "Bearer "+bearer(ts, req.URL))
	}
	answer, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s\n", text)
	if fmt.Sprint(answer.StatusCode) != args[2] {
		ts.Fatalf("%s %s answers %s, not %s:\n%s", method, args[1], answer.Status, args[2], text)
	}
}

func bearer(ts *testscript.TestScript, api *url.URL) string {
	req, err := http.NewRequest(http.MethodPost, "http://"+api.Host+"/oauth2/token?grant_type=client_credentials", http.NoBody)
	ts.Check(err)
	req.SetBasicAuth("key", "secret")
	answer, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer answer.Body.Close()
	var t struct {
		Token string `json:"access_token"`
	}
	ts.Check(json.UnmarshalRead(answer.Body, &t))
	return t.Token
}

func cmdPDF(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: pdf FILE...")
	}
	for _, name := range args {
		if err := loa.Check([]byte(ts.ReadFile(name))); (err == nil) == neg {
			ts.Fatalf("%s: %v", name, err)
		}
	}
}

func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &v); (err == nil) == neg {
		ts.Fatalf("%s: %v", args[0], err)
	}
}

// cmdListening waits until the program in the background listens: it reads the
// address from what the program printed.
func cmdListening(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: listening FILE VARIABLE")
	}
	eventually(ts, "nothing listens", func() bool {
		_, address, ok := strings.Cut(read(ts.MkAbs(args[0])), " on ")
		ts.Setenv(args[1], strings.TrimSpace(address))
		return ok && strings.HasSuffix(address, "\n")
	})
}

func read(path string) string {
	b, _ := os.ReadFile(path) // not there yet is as good as empty
	return string(b)
}
