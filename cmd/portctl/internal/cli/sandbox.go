package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

func newSandboxCommand(s Env, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a simulated Megaport API",
		Long: `The sandbox is a simulated Megaport API for trying inventories out and for
tests. Nothing in it is real: ports cost nothing and LOAs say "SANDBOX, NOT
VALID". Its locations are a public subset of Megaport's: the ids are real and some
names are inferred; those named "Invented ..." do not exist. --locations FILE takes
the whole real list instead:

  portctl sites --env production --format api > locations.json
  portctl plan --env sandbox --locations locations.json

With --env sandbox every command uses a sandbox within its own process, whose
account is kept in .portctl/sandbox.db of the working directory. "sandbox serve"
runs one that any Megaport client can use.`,
		Example: "  portctl sandbox serve --listen 127.0.0.1:8080\n  portctl sandbox reset",
	}
	cmd.AddCommand(newServeCommand(s, g), newResetCommand(s))
	return cmd
}

type serveOptions struct {
	*globals
	listen    string
	data      string
	knobsFile string
	faults    []string
	knobs     sandbox.Knobs
}

func newServeCommand(s Env, g *globals) *cobra.Command {
	o := serveOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve a simulated Megaport API on a loopback address",
		Long: `Serve a simulated Megaport API until Ctrl-C. Any Megaport client can use it: any
non-empty API key is good, and tokens are issued at /oauth2/token.

Knobs can also be read and set while it runs, at /_sandbox/knobs, and what the
server saw is told at /_sandbox/record.

Faults are given as CLASS:KIND[:OPTION...], for example buy:commit-then-drop:p=0.2
or loa:loa-html:n=3. The option p is a probability, n the number of the call,
times how often, name a glob of product names, wait a duration, body the form of
an error: bare or html, which are a gateway's.

` + faultHelp(),
		Example: `  portctl sandbox serve --listen 127.0.0.1:8080 --data /tmp/account.db
  portctl sandbox serve --provision-delay 10s --latency 50ms --fault buy:500-after-commit:n=3
  portctl sandbox serve --limits published --locations locations.json
  portctl plan -f examples/london.yaml --env sandbox --base-url http://127.0.0.1:8080`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(cmd.Context(), s, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "loopback `address` to listen on; port 0 takes a free one")
	f.StringVar(&o.data, "data", "", "`file` that keeps the account; in memory when empty")
	f.StringVar(&o.knobsFile, "knobs", "", "JSON `file` with knobs, as /_sandbox/knobs shows them")
	f.StringArrayVar(&o.faults, "fault", nil, "`fault` to inject; may repeat")
	f.Uint64Var(&o.knobs.FaultSeed, "fault-seed", 0, "`seed` of the faults' probabilities")
	f.DurationVar(&o.knobs.Latency, "latency", 0, "`duration` added to every answer")
	f.DurationVar(&o.knobs.Jitter, "jitter", 0, "at most this `duration` more, at random")
	f.DurationVar(&o.knobs.ProvisionDelay, "provision-delay", 0, "`duration` from order to CONFIGURED; LIVE takes twice as long (default 2s)")
	f.DurationVar(&o.knobs.ListingLag, "listing-lag", 0, "`duration` until a new service shows in the listing")
	f.DurationVar(&o.knobs.TokenLifetime, "token-lifetime", 0, "`duration` a token is good for (default 1h)")
	f.Float64Var(&o.knobs.RateLimit, "rate-limit", 0, "`requests` a second before the answer is 429; 0 for no limit")
	f.StringVar(&o.knobs.Limits, "limits", "", "\"published\" keeps the published `limits`: 500 requests in 5 minutes, one update per service in 5 minutes")
	f.BoolVar(&o.knobs.Approvals, "approvals", false, "queue every order for a second person's approval")
	for _, knob := range []string{"fault-seed", "latency", "jitter", "provision-delay", "listing-lag", "token-lifetime", "rate-limit", "limits", "approvals"} {
		cmd.MarkFlagsMutuallyExclusive("knobs", knob)
	}
	return cmd
}

// faultHelp lists the classes of routes and the kinds of faults.
func faultHelp() string {
	var b strings.Builder
	b.WriteString("Classes:")
	seen := map[string]bool{}
	for _, r := range sandbox.Routes() {
		if !seen[r.Class] {
			seen[r.Class] = true
			b.WriteString(" " + r.Class)
		}
	}
	b.WriteString("\nKinds:\n")
	for _, k := range sandbox.FaultKinds() {
		fmt.Fprintf(&b, "  %-26s %s\n", k.Name, k.Doc)
	}
	return strings.TrimRight(b.String(), "\n")
}

// allKnobs are the knobs of the file, or else of the flags, and the faults.
func (o serveOptions) allKnobs() (sandbox.Knobs, error) {
	knobs := o.knobs
	if o.knobsFile != "" {
		b, err := os.ReadFile(o.knobsFile)
		if err != nil {
			return knobs, err
		}
		if knobs, err = sandbox.ParseKnobs(b); err != nil {
			return knobs, fmt.Errorf("%s: %w", o.knobsFile, err)
		}
	}
	for _, text := range o.faults {
		fault, err := sandbox.ParseFault(text)
		if err != nil {
			return knobs, withHint(err, "`portctl sandbox serve --help` lists classes and kinds")
		}
		knobs.Faults = append(knobs.Faults, fault)
	}
	return knobs, knobs.Validate()
}

// sandboxLocations reads the locations of a sandbox from the file that --locations
// names; nil stands for those that are built in.
func (g *globals) sandboxLocations() ([]sandbox.Location, error) {
	if g.locations == "" {
		return nil, nil
	}
	b, err := os.ReadFile(g.locations)
	if err != nil {
		return nil, err
	}
	list, err := sandbox.ParseLocations(b)
	if err != nil {
		return nil, withHint(fmt.Errorf("%s: %w", g.locations, err), "`portctl sites --env production --format api > "+render.Command(g.locations)+"` writes such a file")
	}
	return list, nil
}

func runServe(ctx context.Context, s Env, o serveOptions) error {
	knobs, err := o.allKnobs()
	if err != nil {
		return err
	}
	if loopback, err := isLoopback("http://" + o.listen); err != nil || !loopback {
		return withHint(fmt.Errorf("%s is not a loopback address", o.listen),
			"the sandbox takes any API key, so it is served to this machine only, as on 127.0.0.1:8080")
	}
	log, err := o.logger(s)
	if err != nil {
		return err
	}
	locations, err := o.sandboxLocations()
	if err != nil {
		return err
	}
	server, err := sandbox.New(sandbox.Config{Data: o.data, Knobs: knobs, Locations: locations, Log: log})
	if err != nil {
		return err
	}
	err = server.ListenAndServe(ctx, o.listen, func(base string) {
		fmt.Fprintf(s.Out, "serving a simulated Megaport API on %s\n", base)
		if !o.quiet {
			fmt.Fprintf(s.Err, "tokens: POST %s%s (any API key)\nrecord: GET %s/_sandbox/record\nknobs:  GET or PATCH %s/_sandbox/knobs\n",
				base, sandbox.TokenPath, base, base)
		}
	})
	return errors.Join(err, server.Close())
}

func newResetCommand(s Env) *cobra.Command {
	return &cobra.Command{
		Use:   "reset",
		Short: "Forget the account of the embedded sandbox",
		Long: `Remove .portctl/sandbox.db of the working directory and the ledger that belongs to
it: the account of the embedded sandbox starts empty again. Nothing else is
touched.`,
		Example: "  portctl sandbox reset",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			path := filepath.Join(sandboxDir, sandboxFile)
			// The claims of orders that only ever were in this account go with it.
			if err := os.RemoveAll(filepath.Join(sandboxDir, "ledger")); err != nil {
				return err
			}
			switch err := os.Remove(path); {
			case errors.Is(err, fs.ErrNotExist):
				_, err := fmt.Fprintln(s.Out, "there is no sandbox account here")
				return err
			case err != nil:
				return err
			}
			_, err := fmt.Fprintf(s.Out, "removed %s\n", filepath.ToSlash(path))
			return err
		},
	}
}
