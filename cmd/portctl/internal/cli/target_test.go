package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTargetIsNeverGuessed(t *testing.T) {
	staging := target{"staging", "https://api-staging.megaport.com", "https://auth-m2m-staging.megaport.com/oauth2/token"}
	for name, c := range map[string]struct {
		flags targetFlags
		want  target
		err   string // part of the message
		code  int
	}{
		"nothing named":                     {targetFlags{}, target{}, "no environment is set", exitError},
		"flag":                              {targetFlags{flag: "staging"}, staging, "", 0},
		"variable":                          {targetFlags{variable: "staging"}, staging, "", 0},
		"inventory":                         {targetFlags{inventory: "staging"}, staging, "", 0},
		"flag before variable":              {targetFlags{flag: "staging", variable: "production"}, staging, "", 0},
		"against the inventory":             {targetFlags{flag: "production", inventory: "staging"}, target{}, "the inventory is for environment staging, not production", exitRefused},
		"variable against the inventory":    {targetFlags{variable: "production", inventory: "staging"}, target{}, "the inventory is for environment staging", exitRefused},
		"rehearsal":                         {targetFlags{flag: "sandbox", inventory: "production"}, target{Environment: "sandbox"}, "", 0},
		"sandbox inventory in production":   {targetFlags{flag: "production", inventory: "sandbox"}, target{}, "the inventory is for environment sandbox", exitRefused},
		"unknown":                           {targetFlags{flag: "prod"}, target{}, `there is no environment "prod"`, exitError},
		"written otherwise":                 {targetFlags{flag: "Staging", inventory: "STAGING"}, staging, "", 0},
		"sandbox on loopback":               {targetFlags{flag: "sandbox", baseURL: "http://127.0.0.1:8080/"}, target{"sandbox", "http://127.0.0.1:8080", "http://127.0.0.1:8080/oauth2/token"}, "", 0},
		"sandbox on IPv6 loopback":          {targetFlags{flag: "sandbox", baseURL: "http://[::1]:8080"}, target{"sandbox", "http://[::1]:8080", "http://[::1]:8080/oauth2/token"}, "", 0},
		"sandbox elsewhere":                 {targetFlags{flag: "sandbox", baseURL: "http://10.0.0.1"}, target{}, "is not a loopback address", exitError},
		"sandbox at a name like loopback":   {targetFlags{flag: "sandbox", baseURL: "http://127.0.0.1.example.net"}, target{}, "is not a loopback address", exitError},
		"sandbox at the production address": {targetFlags{flag: "sandbox", baseURL: "https://api.megaport.com"}, target{}, "is not a loopback address", exitError},
		"sandbox with a foreign token":      {targetFlags{flag: "sandbox", baseURL: "http://127.0.0.1:1", tokenURL: "https://auth-m2m.megaport.com/oauth2/token"}, target{}, "is not a loopback address", exitError},
		"token alone":                       {targetFlags{flag: "sandbox", tokenURL: "http://127.0.0.1:1"}, target{}, "--token-url needs --base-url", exitError},
		"another environment's address":     {targetFlags{flag: "staging", baseURL: "https://API.megaport.com:443"}, target{}, "belongs to environment production, not staging", exitRefused},
		"another environment's token":       {targetFlags{flag: "staging", tokenURL: "https://auth-m2m.megaport.com/oauth2/token"}, target{}, "belongs to environment production", exitRefused},
		"a trailing dot fools nobody":       {targetFlags{flag: "staging", baseURL: "https://api.megaport.com."}, target{}, "belongs to environment production", exitRefused},
		"not an address":                    {targetFlags{flag: "staging", baseURL: "api.megaport.com"}, target{}, "is not an address", exitError},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.flags.resolve()
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			if codeOf(err) != c.code {
				t.Errorf("exit %d, want %d", codeOf(err), c.code)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// One account has one ledger, however its address is written.
func TestAccountKey(t *testing.T) {
	for want, targets := range map[string][]target{
		"embedded":       {{Environment: "sandbox"}},
		"127.0.0.1:8080": {{"sandbox", "http://127.0.0.1:8080", ""}, {"sandbox", "http://localhost:8080", ""}, {"sandbox", "http://LOCALHOST.:8080", ""}, {"sandbox", "http://[::1]:8080", ""}, {"sandbox", "http://[::ffff:127.0.0.1]:8080", ""}},
		"127.0.0.2:8080": {{"sandbox", "http://127.0.0.2:8080", ""}},
		"127.0.0.1":      {{"sandbox", "http://localhost", ""}, {"sandbox", "http://127.0.0.1:80", ""}, {"sandbox", "https://127.0.0.1:443", ""}},
		"127.0.0.1:443":  {{"sandbox", "http://127.0.0.1:443", ""}},
		"production":     {{"production", "https://api.megaport.com", ""}, {"production", "https://gateway.example.net:8443", ""}},
		"staging":        {{"staging", "http://127.0.0.1:8080", ""}},
	} {
		for _, at := range targets {
			if got := at.account(); got != want {
				t.Errorf("%s at %s has key %q, want %q", at.Environment, at.BaseURL, got, want)
			}
		}
	}
}
