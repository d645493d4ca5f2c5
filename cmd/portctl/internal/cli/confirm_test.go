package cli

import (
	"bufio"
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

const onePort = `version: 1
name: net
ports:
  - {name: a, site: Equinix LD5, speed: 10G, term: 12}
`

// Only the word yes buys.
func TestConfirmation(t *testing.T) {
	for answer, code := range map[string]int{
		"yes\n": exitDone, " yes \n": exitDone, "yes": exitDone,
		"y\n": exitRefused, "YES\n": exitRefused, "no\n": exitRefused, "\n": exitRefused, "": exitRefused,
	} {
		t.Run(strings.TrimSpace(answer), func(t *testing.T) {
			server, err := sandbox.New(sandbox.Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			web := httptest.NewServer(server)
			defer web.Close()
			file := filepath.Join(t.TempDir(), "net.yaml")
			if err := os.WriteFile(file, []byte(onePort), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, stderr bytes.Buffer
			got := Main([]string{"apply", "-f", file, "--env", "sandbox", "--base-url", web.URL, "--no-wait", "--no-loa"}, Streams{
				In: strings.NewReader(answer), Out: &out, Err: &stderr, Getenv: func(string) string { return "" },
				InTerminal: true, ErrTerminal: true,
			})
			if got != code {
				t.Errorf("exit %d, want %d\n%s%s", got, code, &out, &stderr)
			}
			want := 0
			if code == exitDone {
				want = 1
			}
			if n := server.Record().Committed; n != want {
				t.Errorf("%d orders bought, want %d", n, want)
			}
			if !strings.Contains(out.String(), "GBP 475.00") || !strings.Contains(stderr.String(), "Only yes will do") {
				t.Errorf("the price or the question is missing:\n%s%s", &out, &stderr)
			}
		})
	}
}

// person answers a question after something else happened.
type person struct {
	meanwhile func()
	answer    *strings.Reader
}

func (p *person) Read(b []byte) (int, error) {
	if p.meanwhile != nil {
		p.meanwhile()
		p.meanwhile = nil
	}
	return p.answer.Read(b)
}

// A yes that comes late is held against the account as it is then.
func TestLateAnswerLooksAgain(t *testing.T) {
	for name, c := range map[string]struct {
		seeds []sandbox.Seed
		code  int
		buys  int
	}{
		"nothing happened":           {nil, exitDone, 1},
		"somebody bought it by hand": {[]sandbox.Seed{{Name: "a", LocationID: 90, SpeedMbps: 10_000, TermMonths: 12}}, exitUncovered, 0},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := sandbox.New(sandbox.Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			web := httptest.NewServer(server)
			defer web.Close()
			file := filepath.Join(t.TempDir(), "net.yaml")
			if err := os.WriteFile(file, []byte(onePort), 0o600); err != nil {
				t.Fatal(err)
			}
			now := time.Unix(1_700_000_000, 0)
			lunch := func() {
				now = now.Add(time.Hour)
				if _, err := server.Seed(c.seeds...); err != nil {
					t.Error(err)
				}
			}
			var out, stderr bytes.Buffer
			got := Main([]string{"apply", "-f", file, "--env", "sandbox", "--base-url", web.URL, "--no-wait", "--no-loa"}, Streams{
				In: &person{lunch, strings.NewReader("yes\n")}, Out: &out, Err: &stderr, Getenv: func(string) string { return "" },
				InTerminal: true, ErrTerminal: true, Now: func() time.Time { return now },
			})
			if got != c.code || server.Record().Committed != c.buys {
				t.Errorf("exit %d with %d orders, want %d with %d\n%s%s", got, server.Record().Committed, c.code, c.buys, &out, &stderr)
			}
		})
	}
}

// An answer is never empty, whatever the question.
func TestEnterIsNoAnswer(t *testing.T) {
	s := Streams{Err: &bytes.Buffer{}}
	if asked(t.Context(), s, bufio.NewReader(strings.NewReader("\n")), "Type its name: ", "") {
		t.Error("Enter passes for a name")
	}
}
