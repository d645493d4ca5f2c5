package cli

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/portctl/portctl/pkg/megaport"
)

// sandboxName is the environment in which nothing is real.
const sandboxName = "sandbox"

// productionName is the environment that bills, and whose account forgets nothing.
const productionName = "production"

// target is the API that a command talks to.
type target struct {
	// Environment is production, staging, development or sandbox.
	Environment string
	// BaseURL and TokenURL are empty for the embedded sandbox.
	BaseURL, TokenURL string
}

// Embedded says that the API is the sandbox within this process.
func (t target) Embedded() bool { return t.BaseURL == "" }

// Address is how plans and results name the API. That of the embedded sandbox
// does not change with the port it happens to listen on.
func (t target) Address() string {
	if t.Embedded() {
		return "embedded"
	}
	return t.BaseURL
}

// targetFlags are what was said about the environment, and where.
type targetFlags struct {
	flag, variable, inventory string
	baseURL, tokenURL         string
}

// errNoEnvironment: nothing named an environment, and portctl does not guess
// where money is spent.
var errNoEnvironment = withHint(errors.New("no environment is set"),
	"set it in one of three ways: --env, MEGAPORT_ENVIRONMENT, or `environment:` in the inventory;\nthe environments are production, staging, development and sandbox")

// resolve settles the environment and its addresses.
func (w targetFlags) resolve() (target, error) {
	w.inventory = foldEnvironment(w.inventory)
	name := foldEnvironment(firstOf(w.flag, w.variable, w.inventory))
	if name == "" {
		return target{}, errNoEnvironment
	}
	if name != w.inventory && w.inventory != "" && name != sandboxName {
		return target{}, exitWith(exitRefused, withHint(
			fmt.Errorf("the inventory is for environment %s, not %s", w.inventory, name),
			otherEnvironment(w.inventory, name)))
	}
	if name == sandboxName {
		return w.sandbox()
	}
	known, ok := megaport.LookupEnvironment(name)
	if !ok {
		return target{}, withHint(fmt.Errorf("there is no environment %q", name),
			"the environments are production, staging, development and sandbox")
	}
	return w.real(known)
}

// foldEnvironment is the name of an environment as portctl writes it.
func foldEnvironment(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// otherEnvironment is the way out when an inventory is asked for in an
// environment that it is not for.
func otherEnvironment(inventory, asked string) string {
	if inventory == sandboxName {
		return fmt.Sprintf("if it is meant for %s, write `environment: %s` in it; else use --env sandbox", asked, asked)
	}
	return fmt.Sprintf("use --env %s; rehearsing with --env sandbox is always allowed", inventory)
}

func (w targetFlags) sandbox() (target, error) {
	t := target{Environment: sandboxName, BaseURL: trimURL(w.baseURL), TokenURL: trimURL(w.tokenURL)}
	if t.BaseURL == "" {
		if t.TokenURL != "" {
			return target{}, errors.New("--token-url needs --base-url: the embedded sandbox issues its own tokens")
		}
		return t, nil
	}
	if t.TokenURL == "" {
		t.TokenURL = t.BaseURL + "/oauth2/token"
	}
	for _, address := range []string{t.BaseURL, t.TokenURL} {
		loopback, err := isLoopback(address)
		if err != nil {
			return target{}, err
		}
		if !loopback {
			return target{}, withHint(fmt.Errorf("%s is not a loopback address, so it is not a sandbox", address),
				"name the environment it belongs to with --env")
		}
	}
	return t, nil
}

func (w targetFlags) real(known megaport.Environment) (target, error) {
	t := target{
		Environment: known.Name,
		BaseURL:     firstOf(trimURL(w.baseURL), known.BaseURL),
		TokenURL:    firstOf(trimURL(w.tokenURL), known.TokenURL),
	}
	for _, address := range []string{t.BaseURL, t.TokenURL} {
		if _, err := hostOf(address); err != nil {
			return target{}, err
		}
		if owner := ownerOf(address); owner != "" && owner != known.Name {
			return target{}, exitWith(exitRefused, withHint(
				fmt.Errorf("%s belongs to environment %s, not %s", address, owner, known.Name),
				"an address is only used with its own environment: use --env "+owner))
		}
	}
	return t, nil
}

// ownerOf names the environment that an address belongs to, if it is a known
// one's.
func ownerOf(address string) string {
	host, err := hostOf(address)
	if err != nil {
		return ""
	}
	for _, e := range megaport.Environments() {
		for _, own := range []string{e.BaseURL, e.TokenURL} {
			if h, err := hostOf(own); err == nil && h == host {
				return e.Name
			}
		}
	}
	return ""
}

func hostOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", withHint(fmt.Errorf("%q is not an address", address), "write it as https://host or http://127.0.0.1:port")
	}
	return strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), nil
}

// isLoopback says whether an address can only be on this machine. A name other
// than localhost does not count, whatever it resolves to today.
func isLoopback(address string) (bool, error) {
	host, err := hostOf(address)
	if err != nil {
		return false, err
	}
	if host == "localhost" {
		return true, nil
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && net.IP(ip.AsSlice()).IsLoopback(), nil
}

func trimURL(s string) string { return strings.TrimRight(strings.TrimSpace(s), "/") }

func firstOf(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return ""
}
