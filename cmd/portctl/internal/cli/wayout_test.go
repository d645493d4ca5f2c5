package cli

import (
	"errors"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// awkward is a name that a shell and a parser of flags take apart when it is not
// quoted.
const awkward = "it's $HOME `x` \"y\" *"

// Every command of a hint is understood when it is pasted into a shell, and names the
// same inventory, ledger and account.
func TestWaysOutCanBePasted(t *testing.T) {
	g := &globals{
		files: []string{"the net/" + awkward + ".yaml"}, environment: "staging", baseURL: "http://127.0.0.1:1", tokenURL: "http://127.0.0.1:1/token",
		profile: "my profile", state: "my ledger", sameAccount: true,
	}
	ways := map[plan.WayKind]plan.WayOut{
		plan.WayListSites: {More: 3},
		plan.WayResolve:   {Claim: awkward},
		plan.WayPartial:   {Claim: "-lag"},
		plan.WayAsIs:      {Claim: awkward, UIDs: []plan.ServiceUID{"u1", "u2"}},
		plan.WayName:      {Claim: "--all"},
		plan.WayPin:       {},
		plan.WayAgain:     {Key: "claims/staging/abc.1"},
	}
	for _, kind := range plan.WayKinds() {
		way, known := ways[kind]
		if !known {
			t.Fatalf("way out %s is not tried", kind)
		}
		way.Kind = kind
		understood(t, g, g.pasted().Hint(way, "look"), way.Claim+way.Key)
	}
	broken := errors.New("broken")
	for name, err := range map[string]error{
		"lock":   &ledger.LockedError{Holder: ledger.Holder{Run: "0f8c2d1e"}, Breakable: true},
		"claim":  &refresh.ResolveError{Name: awkward, NoClaim: true},
		"memory": &memoryError{".portctl/state.json", broken},
	} {
		t.Run(name, func(t *testing.T) { understood(t, g, hintOf(g.withWayOut(err)), "") })
	}
	for _, name := range []string{awkward, "--all"} {
		l := g.askAgain(name, apply.LOAResult{Final: true, Known: true, Error: &apply.Failure{}}, "my LOAs")
		understood(t, g, l.Error.Message, name)
	}
}

// The ways out of a command of ours stay as the command said them.
func TestOwnHintStays(t *testing.T) {
	err := withHint(&ledger.LockedError{Holder: ledger.Holder{Run: "1"}, Breakable: true}, "own")
	if got := hintOf((&globals{}).withWayOut(err)); got != "own" {
		t.Errorf("the hint is %q", got)
	}
}

// understood has a shell take each command of a hint apart, and our own commands read
// what it makes of it.
func understood(t *testing.T, g *globals, hint, claim string) {
	t.Helper()
	commands := commandsIn(hint)
	if len(commands) == 0 {
		t.Errorf("no command in %q", hint)
	}
	for _, command := range commands {
		words, err := exec.Command("sh", "-c", `portctl() { printf '%s\0' "$@"; }; `+command).Output()
		if err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		root, flags := commandTree(Env{Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }})
		cmd, args, err := root.Find(strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00"))
		if err == nil {
			err = cmd.ParseFlags(args)
		}
		if err == nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		if err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		if flags.environment != g.environment || len(flags.files) != 1 || flags.files[0] != g.files[0] || flags.baseURL != g.baseURL ||
			flags.tokenURL != g.tokenURL || flags.profile != g.profile || !flags.sameAccount || flags.state != g.state && flags.state != "PLACE" {
			t.Errorf("%s names %+v", command, flags)
		}
		key, _ := cmd.Flags().GetStringArray("key")
		if said := strings.Join(append(cmd.Flags().Args(), key...), ""); claim != "" && said != claim {
			t.Errorf("%s is about %q, not %q", command, said, claim)
		}
	}
}

// commandsIn are the commands of a hint. A quoted argument may hold a backquote.
func commandsIn(hint string) []string {
	var found []string
	for _, m := range regexp.MustCompile("`(portctl(?: (?:'[^']*'|\\\\'|[^'`])*)?)`").FindAllStringSubmatch(hint, -1) {
		found = append(found, m[1])
	}
	return found
}
