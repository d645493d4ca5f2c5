package cli

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// globals are the flags that every command takes.
type globals struct {
	files       []string
	environment string
	baseURL     string
	tokenURL    string
	profile     string
	state       string
	sameAccount bool
	locations   string
	logLevel    string
	logFormat   string
	noColor     bool
	quiet       bool

	// lookupTimeout is how long an unconfirmed order is looked for; a flag of the
	// commands that look for one.
	lookupTimeout time.Duration

	// checkTags reads the declared tags of every service; a flag of plan and apply.
	checkTags bool

	// requests is how many requests may run at one time; 0 leaves it to the client.
	requests int
	// requestBudget is how many requests may be sent within a time, as it was written.
	requestBudget string
}

func (g *globals) register(f *pflag.FlagSet) {
	f.StringArrayVarP(&g.files, "file", "f", nil, "inventory `file` or directory; may repeat (default portctl.yaml)")
	f.StringVar(&g.environment, "env", "", "`environment`: production, staging, development or sandbox (else MEGAPORT_ENVIRONMENT, else the inventory's)")
	f.StringVar(&g.baseURL, "base-url", "", "`address` of the API, when it is not the environment's own")
	f.StringVar(&g.tokenURL, "token-url", "", "`address` that issues tokens, when it is not the environment's own")
	f.StringVar(&g.requestBudget, "request-budget", "", "`budget` of requests, such as 500/5m, or none (else Megaport's published limit, 500/5m; none with --base-url)")
	f.StringVar(&g.profile, "profile", "", "`profile` of ~/.megaport/config.json to take the API key from")
	f.StringVar(&g.state, "state", "", "`place` of the ledger: a folder, or s3://bucket/prefix (else the inventory's state, else .portctl beside it)")
	f.BoolVar(&g.sameAccount, "same-account", false, "confirm that a new API key belongs to the same account, if the API does not show the company or shows another spelling of its name")
	f.StringVar(&g.locations, "locations", "", "JSON `file` of locations for the sandbox, as \"sites --format api\" writes it (else a built-in subset)")
	f.StringVar(&g.logLevel, "log-level", "warn", "log `level` on standard error: debug, info, warn, error or off")
	f.StringVar(&g.logFormat, "log-format", "text", "log `format`: text or json")
	f.BoolVar(&g.noColor, "no-color", false, "write without colour (as NO_COLOR does)")
	f.BoolVarP(&g.quiet, "quiet", "q", false, "write only the result")
}

func (g *globals) registerCheckTags(f *pflag.FlagSet) {
	f.BoolVar(&g.checkTags, "check-tags", false, "read the declared tags of every service, one request each (else those of unchanged services are as the ledger recorded them)")
}

// registerLookupTimeout adds the flag to a command that looks for orders.
func (g *globals) registerLookupTimeout(f *pflag.FlagSet, usage string) {
	f.DurationVar(&g.lookupTimeout, "lookup-timeout", apply.DefaultLookupTimeout, usage)
	f.DurationVar(&g.lookupTimeout, "horizon", apply.DefaultLookupTimeout, "former name of --lookup-timeout")
	_ = f.MarkHidden("horizon")
}

// rehearsed is a time that is as short in a sandbox as the lookup timeout.
func (g *globals) rehearsed(t target, d time.Duration) time.Duration {
	if t.Environment == sandboxName && g.lookupTimeout > 0 {
		return min(d, g.lookupTimeout)
	}
	return d
}

// logger is the operator's log. It goes to standard error; nothing in it is
// part of the product.
func (g *globals) logger(s Env) (zerolog.Logger, error) {
	names := map[string]zerolog.Level{
		"debug": zerolog.DebugLevel, "info": zerolog.InfoLevel, "warn": zerolog.WarnLevel,
		"error": zerolog.ErrorLevel, "off": zerolog.Disabled,
	}
	level, ok := names[g.logLevel]
	if !ok {
		return zerolog.Nop(), withHint(fmt.Errorf("--log-level %q is not a level", g.logLevel), "use debug, info, warn, error or off")
	}
	var w io.Writer
	switch g.logFormat {
	case "json":
		w = s.Err
	case "text":
		w = zerolog.ConsoleWriter{Out: s.Err, NoColor: !g.colorErr(s), TimeFormat: "15:04:05"}
	default:
		return zerolog.Nop(), withHint(fmt.Errorf("--log-format %q is not a format", g.logFormat), "use text or json")
	}
	return zerolog.New(zerolog.SyncWriter(w)).Level(level).With().Timestamp().Logger(), nil
}

// repeatFlags are the arguments that name the same inventory, account, ledger and
// entries once more, for the command that a plan or a result suggests. How it is
// shown and logged is left to whoever runs it.
func (g *globals) repeatFlags(selection plan.Selection) []string {
	return slices.Concat(g.withoutState(), repeated("--state", g.state), selected(selection))
}

// repeatCheckTags is the flag once more, for plan and apply.
func (g *globals) repeatCheckTags() []string {
	if g.checkTags {
		return []string{"--check-tags"}
	}
	return nil
}

// selected are the arguments that name the same entries once more.
func selected(s plan.Selection) []string {
	return append(repeated("--only", s.Only...), repeated("--except", s.Except...)...)
}

// repeated is a flag with each of the values that are not empty.
func repeated(flag string, values ...string) (args []string) {
	for _, v := range values {
		if v != "" {
			args = append(args, flag, v)
		}
	}
	return args
}

// withoutState are the arguments that name the same inventory and account.
func (g *globals) withoutState() []string {
	args := slices.Concat(
		repeated("-f", g.files...), repeated("--env", g.environment), repeated("--base-url", g.baseURL),
		repeated("--token-url", g.tokenURL), repeated("--profile", g.profile),
		repeated("--request-budget", g.requestBudget), repeated("--locations", g.locations),
	)
	if g.sameAccount {
		args = append(args, "--same-account")
	}
	return args
}

func (g *globals) color(s Env) bool    { return s.OutTerminal && g.wantsColor(s) }
func (g *globals) colorErr(s Env) bool { return s.ErrTerminal && g.wantsColor(s) }

func (g *globals) wantsColor(s Env) bool {
	return !g.noColor && s.Getenv("NO_COLOR") == "" && s.Getenv("TERM") != "dumb"
}

// load reads the inventory and tells its warnings.
func (g *globals) load(s Env) (*inventory.Inventory, error) {
	inv, err := inventory.Load(g.files)
	if err != nil {
		return nil, err
	}
	if len(inv.Warnings) > 0 && !g.quiet {
		_ = inv.Warnings.WriteText(s.Err)
	}
	return inv, nil
}

// oneOf checks a flag that takes one of a few words.
func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return withHint(fmt.Errorf("--%s %q is not known", flag, value), "use "+alternatives(allowed))
}
