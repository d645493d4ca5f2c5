package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// sandboxDir is where the embedded sandbox keeps its account, within the
// working directory.
const (
	sandboxDir  = ".portctl"
	sandboxFile = "sandbox.db"
)

// session is a client for one target, and what must be put away after it.
type session struct {
	target
	client *megaport.Client
	waits  *waitTeller // told by the client that requests wait
	close  func() error
	// budgeted says that the API limits how many requests may be sent.
	budgeted bool
}

// target is the API that flags, environment and inventory name.
func (g *globals) target(s Env, inventoryEnvironment string) (target, error) {
	return targetFlags{
		flag: g.environment, variable: s.Getenv("MEGAPORT_ENVIRONMENT"), inventory: inventoryEnvironment,
		baseURL: g.baseURL, tokenURL: g.tokenURL,
	}.resolve()
}

// open connects to the API that flags, environment and inventory name. Without
// an API key only what needs none can be called: public says that this is all
// the command does.
func (g *globals) open(ctx context.Context, s Env, inventoryEnvironment string, public bool) (*session, error) {
	t, err := g.target(s, inventoryEnvironment)
	if err != nil {
		return nil, err
	}
	log, err := g.logger(s)
	if err != nil {
		return nil, err
	}
	var credentials megaport.Credentials
	if !public {
		if credentials, err = g.credentials(ctx, s, t); err != nil {
			return nil, err
		}
		if of := credentials.Environment; of != "" && !strings.EqualFold(of, t.Environment) {
			return nil, withHint(fmt.Errorf("the API key found is for environment %s, not %s", of, t.Environment),
				"a key belongs to one environment: choose another profile, or set MEGAPORT_ACCESS_KEY and MEGAPORT_SECRET_KEY")
		}
	}
	budget, err := g.budget(t)
	if err != nil {
		return nil, err
	}
	out := &session{target: t, waits: g.waitTeller(s), budgeted: budget != megaport.Budget{}, close: func() error { return nil }}
	base, token := t.BaseURL, t.TokenURL
	if !t.Embedded() && g.locations != "" {
		return nil, withHint(fmt.Errorf("--locations is for the sandbox within this process, not for %s", t.Address()),
			"the API there has its own locations; a sandbox that is served takes --locations at its start")
	}
	if t.Embedded() {
		if base, out.close, err = g.embed(log, public); err != nil {
			return nil, err
		}
		token = base + sandbox.TokenPath
	}
	out.client, err = megaport.New(megaport.Options{
		BaseURL: base, TokenURL: token, Credentials: credentials, Logger: log, UserAgent: "portctl/" + Version(),
		Concurrency: g.requests, OnWait: out.waits.tell, Budget: budget, BudgetFolder: budgetFolder(),
	})
	if err != nil {
		return nil, errors.Join(err, out.close())
	}
	return out, nil
}

// budget is how many requests the API lets in, as far as that is known: the published
// limit is that of Megaport's own addresses.
func (g *globals) budget(t target) (megaport.Budget, error) {
	if g.requestBudget != "" {
		return megaport.ParseBudget(g.requestBudget)
	}
	if of, known := megaport.LookupEnvironment(t.Environment); known && of.BaseURL == t.BaseURL {
		return megaport.PublishedBudget(), nil
	}
	return megaport.Budget{}, nil
}

// budgetFolder is where the processes of this machine share budgets; empty when the
// user has no folder for such things.
func budgetFolder() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "portctl")
}

// credentials finds the API key. A sandbox takes any, and is never shown a real
// one.
func (g *globals) credentials(ctx context.Context, s Env, t target) (megaport.Credentials, error) {
	if t.Environment == sandboxName {
		return megaport.Credentials{AccessKey: "sandbox", SecretKey: "sandbox"}, nil
	}
	if g.profile == "" && (s.Getenv("MEGAPORT_ACCESS_KEY") != "" || s.Getenv("MEGAPORT_SECRET_KEY") != "") {
		return megaport.CredentialsFromEnv(s.Getenv)
	}
	found, err := g.profileCredentials(s)
	if err == nil || !errors.Is(err, megaport.ErrNoCredentials) {
		return found, err
	}
	if command := s.Getenv("PORTCTL_CREDENTIALS_COMMAND"); command != "" {
		return megaport.CredentialsFromCommand(ctx, command)
	}
	return megaport.Credentials{}, withHint(fmt.Errorf("there is no API key for environment %s", t.Environment),
		"set MEGAPORT_ACCESS_KEY and MEGAPORT_SECRET_KEY, or use a profile of ~/.megaport/config.json,\nor let PORTCTL_CREDENTIALS_COMMAND print the key as JSON")
}

func (g *globals) profileCredentials(s Env) (megaport.Credentials, error) {
	path, err := megaport.ProfilePath(s.Getenv)
	if err != nil {
		return megaport.Credentials{}, err
	}
	return megaport.CredentialsFromProfile(path, g.profile)
}

// embed runs the sandbox within this process, on a loopback port of its own. It
// runs until it is stopped, interrupted or not, so that orders in flight are
// answered. Who needs no API key needs no account either, so that none is kept.
func (g *globals) embed(log zerolog.Logger, public bool) (address string, stop func() error, err error) {
	data := ""
	if !public {
		if err := os.MkdirAll(sandboxDir, 0o755); err != nil {
			return "", nil, err
		}
		data = filepath.Join(sandboxDir, sandboxFile)
	}
	locations, err := g.sandboxLocations()
	if err != nil {
		return "", nil, err
	}
	server, err := sandbox.New(sandbox.Config{Data: data, Locations: locations, Log: log})
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(err, server.Close())
	}
	web := &http.Server{Handler: server, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	stop = func() error {
		err := web.Close() // nobody but this process is connected, and it is done
		if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
		return errors.Join(err, server.Close())
	}
	return "http://" + listener.Addr().String(), stop, nil
}
