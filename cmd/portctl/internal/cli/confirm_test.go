package cli

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// Only the word yes buys.
func TestConfirmation(t *testing.T) {
	for answer, code := range map[string]int{
		"yes\n": exitDone, " yes \n": exitDone, "yes": exitDone,
		"y\n": exitRefused, "YES\n": exitRefused, "no\n": exitRefused, "\n": exitRefused, "": exitRefused,
	} {
		t.Run(strings.TrimSpace(answer), func(t *testing.T) {
			account := newRehearsal(t, sandbox.Knobs{})
			got := account.apply(inventoryFile(t), Env{In: strings.NewReader(answer), InTerminal: true, ErrTerminal: true}, "--no-wait", "--no-loa")
			if got != code {
				t.Errorf("exit %d, want %d\n%s%s", got, code, &account.out, &account.stderr)
			}
			want := 0
			if code == exitDone {
				want = 1
			}
			if n := account.server.Record().Committed; n != want {
				t.Errorf("%d orders bought, want %d", n, want)
			}
			if !strings.Contains(account.out.String(), "GBP 475.00") || !strings.Contains(account.stderr.String(), "Order 1 port: GBP 475.00 monthly, GBP 0.00 one-time, GBP 5,700.00 commitment. Type 'yes' to confirm: ") {
				t.Errorf("the price or the question is missing:\n%s%s", &account.out, &account.stderr)
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
			account := newRehearsal(t, sandbox.Knobs{})
			now := time.Unix(1_700_000_000, 0)
			lunch := func() {
				now = now.Add(time.Hour)
				if _, err := account.server.Seed(c.seeds...); err != nil {
					t.Error(err)
				}
			}
			got := account.apply(inventoryFile(t), Env{
				In:         &person{lunch, strings.NewReader("yes\n")},
				InTerminal: true, ErrTerminal: true, Now: func() time.Time { return now },
			}, "--no-wait", "--no-loa")
			if bought := account.server.Record().Committed; got != c.code || bought != c.buys {
				t.Errorf("exit %d with %d orders, want %d with %d\n%s%s", got, bought, c.code, c.buys, &account.out, &account.stderr)
			}
		})
	}
}

// An answer is never empty, whatever the question.
func TestEnterIsNoAnswer(t *testing.T) {
	s := Env{Err: &bytes.Buffer{}}
	if asked(t.Context(), s, bufio.NewReader(strings.NewReader("\n")), "Type its name: ", "") {
		t.Error("Enter passes for a name")
	}
}
