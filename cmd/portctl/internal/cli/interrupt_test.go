package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// Signals that come together are one; the next one ends the process in two seconds
// if the command does not end by itself before.
func TestSignals(t *testing.T) {
	for name, c := range map[string]struct {
		at     []time.Duration // when signals come
		ends   time.Duration   // when the command ends by itself
		want   []string        // what is asked for, and when
		killed bool
	}{
		"none":                       {nil, time.Second, nil, false},
		"one":                        {[]time.Duration{time.Second}, 2 * time.Second, []string{"first 1s"}, false},
		"two of timeout(1)":          {[]time.Duration{time.Second, time.Second + time.Millisecond}, time.Minute, []string{"first 1s"}, false},
		"three within a second":      {[]time.Duration{0, 300 * time.Millisecond, 999 * time.Millisecond}, time.Minute, []string{"first 0s"}, false},
		"a cancelled job":            {[]time.Duration{0, 7500 * time.Millisecond}, 8 * time.Second, []string{"first 0s", "second 7.5s"}, false},
		"a person in a hurry":        {[]time.Duration{0, time.Second}, 2 * time.Second, []string{"first 0s", "second 1s"}, false},
		"a command that is stuck":    {[]time.Duration{0, 5 * time.Second}, time.Minute, []string{"first 0s", "second 5s"}, true},
		"the same once more at last": {[]time.Duration{0, 0, 5 * time.Second, 5 * time.Second}, 6 * time.Second, []string{"first 0s", "second 5s"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				var got []string
				note := func(what string) func() {
					return func() { got = append(got, fmt.Sprint(what, " ", time.Since(begun))) }
				}
				signals, done := make(chan os.Signal, 8), make(chan struct{})
				for i, at := range c.at {
					time.AfterFunc(at, func() { signals <- []os.Signal{syscall.SIGTERM, os.Interrupt, syscall.SIGHUP}[i%3] })
				}
				time.AfterFunc(c.ends, func() { close(done) })
				killed := stopping(signals, done, &bytes.Buffer{}, note("first"), note("second"))
				if killed != c.killed {
					t.Errorf("killed %t, want %t", killed, c.killed)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if killed && time.Since(begun) != 7*time.Second {
					t.Errorf("killed after %s, want two seconds after the second signal", time.Since(begun))
				}
				time.Sleep(2 * time.Minute) // the timers end
			})
		})
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// Output that is lost makes an error of a success and leaves every other code.
func TestLostOutputIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code int
		says string
	}{
		"a success":              {nil, exitError, "no space left"},
		"a code without a word":  {exitWith(exitNotReady, nil), exitNotReady, "no space left"},
		"a code with its reason": {exitWith(exitRefused, errors.New("blocked")), exitRefused, "blocked"},
		"the same error":         {fmt.Errorf("write: %w", syscall.ENOSPC), exitError, "write: no space left"},
	} {
		o := &output{w: full{}}
		fmt.Fprintln(o, "the product")
		err := o.account(c.err)
		if code := codeOf(err); code != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: exit %d, %q", name, code, err)
		}
	}
	if err := (&output{w: &bytes.Buffer{}}).account(nil); err != nil {
		t.Errorf("nothing was lost: %v", err)
	}
	behind := &output{w: render.NewGuard(full{}, false)}
	fmt.Fprintln(Env{Out: behind}.content(), "a file's own content")
	if err := behind.account(nil); codeOf(err) != exitError {
		t.Errorf("what passes the guard by is lost, and the exit is %d", codeOf(err))
	}
}

// The content of a file is written byte for byte, and only a terminal is guarded.
func TestContentIsWrittenAsItIs(t *testing.T) {
	const raw = "BEGIN:VCALENDAR\r\n\x1b[31m\u202e\x00"
	for terminal, same := range map[bool]bool{false: true, true: false} {
		var out bytes.Buffer
		s := guarded(Env{Out: &out, Err: io.Discard, OutTerminal: terminal, Getenv: func(string) string { return "" }})
		s.Out = &output{w: s.Out}
		fmt.Fprint(s.content(), raw)
		if (out.String() == raw) != same {
			t.Errorf("on a terminal %t: %q", terminal, &out)
		}
		out.Reset()
		fmt.Fprint(inner(s.Out), "\x1b[2K") // what draws in place, as status --watch does
		if out.String() != "\x1b[2K" {
			t.Errorf("on a terminal %t it is drawn with %q", terminal, &out)
		}
	}
}

// The command after "Next:" is the one that was given.
func TestNextKeepsTheFlagsThatMatter(t *testing.T) {
	account := newRehearsal(t, sandbox.Knobs{ProvisionDelay: time.Hour})
	letters := filepath.Join(t.TempDir(), "my letters")
	account.apply(inventoryFile(t), Env{In: strings.NewReader("")}, "--auto-approve", "--loa-dir", letters, "--wait", "10ms", "--parallelism", "4", "-q")
	want := "--loa-dir '" + letters + "' --wait 10ms --parallelism 4\n"
	if !strings.Contains(account.out.String(), want) {
		t.Errorf("no %q in:\n%s", want, &account.out)
	}
	if want := "Open: 1 port not ready, 1 LOA missing; list them: portctl status -f "; !strings.Contains(account.out.String(), want) || !strings.HasSuffix(account.out.String(), " --loa-dir '"+letters+"'\n") {
		t.Errorf("the last line does not say how to list what is open:\n%s", &account.out)
	}
}

// That the API is busy is told while nothing else is shown, by what shows a run
// while one goes on, and as an event only within the run.
func TestBusyIsTold(t *testing.T) {
	var stderr, events bytes.Buffer
	clock := func() time.Time { return time.Unix(0, 0).UTC() }
	g := &globals{}
	s := Env{Err: &stderr, Getenv: func(string) string { return "" }}
	waits := g.waitTeller(s)
	busy := func(d time.Duration) { waits.tell(megaport.Wait{Until: time.Now().Add(d)}) }
	busy(8 * time.Second)
	if !strings.Contains(stderr.String(), "the API is busy, waiting 8s") {
		t.Errorf("before the run: %q", &stderr)
	}
	w := g.watch(s, &eventStream{apply.NewEventWriter(&events, clock), func() error { return nil }})
	waits.to(w.Event)
	busy(time.Second)
	w.Event(apply.RunStarted{Totals: plan.Totals{}})
	busy(2 * time.Second)
	w.Event(apply.RunFinished{})
	busy(3 * time.Second)
	if n := strings.Count(stderr.String(), "the API is busy"); n != 4 {
		t.Errorf("told %d times, want 4:\n%s", n, &stderr)
	}
	if n := strings.Count(events.String(), `"api-busy"`); n != 1 || !strings.Contains(events.String(), `"waitSeconds":2}`) {
		t.Errorf("%d events, want the one within the run:\n%s", n, &events)
	}
	if (&globals{quiet: true}).waitTeller(s).otherwise != nil {
		t.Error("quiet is not")
	}
}

// As many orders as asked for are at the server at one time: none waits in the
// client while its claim says that it may have been sent.
func TestParallelismIsWhatHappens(t *testing.T) {
	const n = 40
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	all := make(chan struct{})
	var arrived atomic.Int32
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/networkdesign/buy") {
			if arrived.Add(1) == n {
				close(all)
			}
			select {
			case <-all:
			case <-time.After(20 * time.Second):
				t.Errorf("only %d orders at one time", arrived.Load())
			}
		}
		server.ServeHTTP(w, r)
	}))
	defer web.Close()
	file := filepath.Join(t.TempDir(), "net.yaml")
	text := "version: 1\nname: net\nrollouts:\n  - {name: \"r-{n}\", sites: [Equinix LD5], count: 40, speed: 10G, term: 12}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	account := &rehearsal{server: server, url: web.URL}
	if code := account.apply(file, Env{In: strings.NewReader("")}, "--auto-approve", "--no-loa", "--no-wait", "-q", "--parallelism", "40"); code != exitDone {
		t.Errorf("exit %d\n%s%s", code, &account.out, &account.stderr)
	}
}
