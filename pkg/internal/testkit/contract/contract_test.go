package contract_test

import (
	"context"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portctl/portctl/pkg/internal/testkit/contract"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// TestContract holds the suite against every API that is to be had: the sandbox
// in all its doors and moods always, staging when it is asked for.
func TestContract(t *testing.T) {
	for name, target := range targets(t) {
		t.Run(name, func(t *testing.T) { contract.Run(t, target) })
	}
}

// targets lists the APIs. Staging is among them only with
// PORTCTL_CONTRACT=staging and MEGAPORT_ACCESS_KEY; there nothing is bought
// without PORTCTL_CONTRACT_BUY=yes, and guesses are left out without
// PORTCTL_CONTRACT_ASSUMED=yes.
func targets(t *testing.T) map[string]contract.Target {
	all := map[string]contract.Target{
		"sandbox over HTTP":       overHTTP(),
		"sandbox in virtual time": inVirtualTime(sandbox.Knobs{}),
		// What the real API is not known to do must not matter to the client.
		"sandbox as it was": inVirtualTime(sandbox.Knobs{
			HistoricNotFound: true, ErrorData: "list", MarketUSA: true, ProductTypeUpper: true, ZoneNullReads: 2,
			ListingLag: 30 * time.Second, DecommissionDelay: 40 * time.Second, LAGPrice: "total", RetryAfter: "date",
			LAGCancelCascades: true, AbsentCostCentreClears: true, TokenLifetime: 20 * time.Second, RateLimit: 2,
		}),
		"sandbox with one form of order": inVirtualTime(sandbox.Knobs{
			BuyV4Off: true, ErrorData: "string", ProvisionDelay: time.Minute, LOADelay: 30 * time.Second, PriceShape: "zero", RateLimit: 5, RetryAfter: "none",
		}),
		// The limits that Megaport publishes, and facts that may as well be so.
		"sandbox with the published limits": inVirtualTime(sandbox.Knobs{
			Limits: "published", LAGPrice: "rounded", ForgetAfter: time.Hour, DateSkew: -3 * time.Minute,
		}),
	}
	if os.Getenv("PORTCTL_CONTRACT") == "staging" && os.Getenv("MEGAPORT_ACCESS_KEY") != "" {
		all["staging"] = staging(t)
	}
	return all
}

// credentials are the one key that the sandboxes of these tests take.
func credentials() megaport.Credentials {
	return megaport.Credentials{AccessKey: "contract-key", SecretKey: "contract-secret/+=%41"}
}

func sandboxConfig(knobs sandbox.Knobs) sandbox.Config {
	c := credentials()
	return sandbox.Config{Knobs: knobs, Credentials: map[string]string{c.AccessKey: c.SecretKey.Reveal()}}
}

func newSandbox(t testing.TB, config sandbox.Config) *sandbox.Server {
	t.Helper()
	s, err := sandbox.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// direct are the options of a client that needs no socket.
func direct(s *sandbox.Server) megaport.Options {
	return megaport.Options{
		BaseURL: "http://sandbox.test", TokenURL: "http://sandbox.test" + sandbox.TokenPath,
		Credentials: credentials(), Transport: s.Transport(), UserAgent: "portctl/contract",
	}
}

// served are the options of a client of the same server over real sockets.
func served(t testing.TB, s *sandbox.Server) megaport.Options {
	t.Helper()
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return megaport.Options{
		BaseURL: h.URL, TokenURL: h.URL + sandbox.TokenPath,
		Credentials: credentials(), UserAgent: "portctl/contract",
	}
}

// overHTTP is a real server whose clock is moved instead of waited for.
func overHTTP() contract.Target {
	c := &clock{now: time.Now()}
	return contract.Target{
		Open: func(t *testing.T) megaport.Options {
			config := sandboxConfig(sandbox.Knobs{})
			config.Now = c.Now
			return served(t, newSandbox(t, config))
		},
		Pause: func(_ context.Context, d time.Duration) { c.advance(d) },
		Buys:  true, Assumed: true,
	}
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func inVirtualTime(knobs sandbox.Knobs) contract.Target {
	return contract.Target{
		Within: synctest.Test,
		Open: func(t *testing.T) megaport.Options {
			return direct(newSandbox(t, sandboxConfig(knobs)))
		},
		Buys: true, Assumed: true,
	}
}

func staging(t *testing.T) contract.Target {
	t.Helper()
	env, _ := megaport.LookupEnvironment("staging")
	key, err := megaport.CredentialsFromEnv(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	return contract.Target{
		Open: func(*testing.T) megaport.Options {
			return megaport.Options{
				BaseURL: env.BaseURL, TokenURL: env.TokenURL, Credentials: key,
				UserAgent: "portctl/contract", Concurrency: 4,
			}
		},
		Buys:    os.Getenv("PORTCTL_CONTRACT_BUY") == "yes",
		Assumed: os.Getenv("PORTCTL_CONTRACT_ASSUMED") == "yes",
	}
}
