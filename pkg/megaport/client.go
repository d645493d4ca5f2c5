package megaport

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// Defaults of Options.
const (
	// DefaultConcurrency is how many requests run at once. The official test
	// suites keep to 20 so as not to overwhelm the API (API facts §8.1, confidence A).
	DefaultConcurrency = 16
	// DefaultUserAgent is sent when Options names none.
	DefaultUserAgent = "portctl/dev"
)

// BuyForm is which of the two forms an order is sent in (API facts §3.1).
type BuyForm int

const (
	// BuyV3 posts a bare array to /v3/networkdesign/buy, the documented form.
	BuyV3 BuyForm = iota
	// BuyV4 posts an envelope to /v4/networkdesign/buy, as the official clients do.
	BuyV4
)

// Options says which API to speak to, as whom, and how hard. BaseURL is
// required; TokenURL and Credentials are, too, for everything but locations.
type Options struct {
	// BaseURL is the API's address, such as "https://api.megaport.com". Plain
	// http is accepted for loopback addresses only, unless Transport is set.
	BaseURL string
	// TokenURL is where access tokens are issued. Plain http as for BaseURL.
	TokenURL string
	// Credentials are the API key to ask for a token with.
	Credentials Credentials
	// Transport carries the requests; nil means one of the client's own. Orders
	// travel on a connection of their own: an *http.Transport is cloned with
	// keep-alives switched off, any other is asked for it by Request.Close.
	Transport http.RoundTripper
	// Logger gets one line for every request, at debug level. The zero value
	// writes nothing.
	Logger zerolog.Logger
	// UserAgent is the header of that name, "portctl/<version>".
	UserAgent string
	// BuyForm is the form orders are sent in. Should the API say that it has no
	// such endpoint, the other form is used for the rest of the client's life.
	BuyForm BuyForm
	// CallContext is the UID of a managed company to act for; empty for one's own
	// (API facts §1.4, confidence B).
	CallContext string
	// Concurrency is how many requests may run at once; 0 means
	// DefaultConcurrency.
	Concurrency int
	// Budget is how many requests may be sent within a rolling time. The zero value sets
	// no limit: then 429 tells how many the server lets in.
	Budget Budget
	// BudgetFolder is where the processes of a machine share the budget of a host; empty
	// for this client's own.
	BudgetFolder string
	// OnWait is told that calls wait, because the budget is spent, the API is busy
	// (429) or no usable answer came, when waiting begins and every minute from there. Nil means that the Logger
	// is told, as a warning. It is called from many goroutines.
	OnWait func(Wait)
	// Jitter gives numbers of [0,1) that spread the waits before a repetition; nil
	// means random ones. It is called from many goroutines.
	Jitter func() float64
}

// Client speaks to one environment of the Megaport API. It is safe for use by
// many goroutines; all share one token, one concurrency cap and one budget.
type Client struct {
	// Locations reads where ports can stand.
	Locations *LocationService
	// Orders prices and buys.
	Orders *OrderService
	// Products reads and changes what the account has.
	Products *ProductService
	// Approvals reads orders that wait for a second person.
	Approvals *ApprovalService
	// Company reads what the account says of itself.
	Company *CompanyService

	run         step
	limit       *limiter
	transports  transports
	fingerprint string
}

// Fingerprint tells one API key from another without showing it: the first 16
// hexadecimal digits of a SHA-256 over a fixed text and the access key, the key's
// public half. It is empty without credentials.
func (c *Client) Fingerprint() string { return c.fingerprint }

func fingerprint(accessKey string) string {
	if accessKey == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("portctl access key\n" + accessKey))
	return hex.EncodeToString(sum[:8])
}

// New makes a client. It sends nothing. An error says which option is unusable;
// missing credentials are only an error once a call needs them.
func New(o Options) (*Client, error) {
	o = o.withDefaults()
	base, err := checkURL("base URL", o.BaseURL, o.Transport != nil)
	if err != nil {
		return nil, err
	}
	if o.TokenURL != "" {
		if _, err := checkURL("token URL", o.TokenURL, o.Transport != nil); err != nil {
			return nil, err
		}
	}
	if o.Concurrency < 0 {
		return nil, fmt.Errorf("megaport: the concurrency must be positive, not %d", o.Concurrency)
	}
	if !isHeaderText(o.UserAgent) || !isHeaderText(o.CallContext) {
		return nil, errors.New("megaport: the user agent and the call context must be plain ASCII on one line")
	}
	transports := newTransports(o.Transport, o.Concurrency)
	waits := newWaits(o)
	limit := newLimiter(o.Concurrency, newWindow(o.Budget, o.BudgetFolder, base), waits)
	tokens := newTokens(o, transports.plain, limit)
	secrets := newRedactor(o.Credentials, tokens)
	tokens.redact = secrets

	chain := newSend(base, transports, o)
	c := &Client{transports: transports, limit: limit, fingerprint: fingerprint(o.Credentials.AccessKey), run: withRetry(o.Jitter, waits,
		withLimit(limit,
			withAuth(tokens,
				withLog(o.Logger,
					withDeadline(
						withAnswer(secrets, chain))))))}
	c.Locations = &LocationService{client: c, authorized: tokens.configured()}
	c.Orders = newOrderService(c, o.BuyForm)
	c.Products = &ProductService{client: c}
	c.Approvals = &ApprovalService{client: c}
	c.Company = &CompanyService{client: c, managed: o.CallContext != ""}
	return c, nil
}

// CloseIdleConnections lets go of connections that are kept for later.
func (c *Client) CloseIdleConnections() {
	if t, ok := c.transports.plain.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

func (o Options) withDefaults() Options {
	if o.Concurrency == 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.UserAgent == "" {
		o.UserAgent = DefaultUserAgent
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return o
}

// checkURL refuses an address that would send secrets somewhere unsafe: without
// TLS to another machine, or in the URL itself, where logs and errors show them.
func checkURL(what, text string, ownTransport bool) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil, fmt.Errorf("megaport: the %s is missing", what)
	case err != nil:
		return nil, fmt.Errorf("megaport: the %s is not a URL", what)
	case u.User != nil:
		return nil, fmt.Errorf("megaport: the %s must not hold a user name or password", what)
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("megaport: the %s %q must look like https://host", what, text)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("megaport: the %s %q must have no query and no fragment", what, text)
	case u.Scheme == "http" && !ownTransport && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("megaport: the %s %q must use https: plain http would show the API key to the network", what, text)
	}
	return u, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// transports are the two ways out: plain for everything that may be repeated,
// and one for orders, which never reuses a connection.
type transports struct {
	plain, order http.RoundTripper
}

func newTransports(given http.RoundTripper, concurrency int) transports {
	if given == nil {
		given = newTransport(concurrency)
	}
	if t, ok := given.(*http.Transport); ok {
		return transports{plain: t, order: newOrderTransport(t)}
	}
	return transports{plain: given, order: given}
}

// newTransport has generous idle connections, because all requests go to one
// host, and short limits on getting connected. How long an answer may take is
// each call's own deadline.
func newTransport(concurrency int) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          2 * concurrency,
		MaxIdleConnsPerHost:   concurrency,
		IdleConnTimeout:       30 * time.Second,
		TLSHandshakeTimeout:   15 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// newOrderTransport gives every order a fresh connection. A kept one may be dead
// without our knowing: the order would be written into it, no answer would come,
// and nobody could say whether it was read. HTTP/2 is off for the same reason:
// it shares connections and repeats requests on its own account.
func newOrderTransport(t *http.Transport) *http.Transport {
	o := t.Clone()
	o.DisableKeepAlives = true
	o.ForceAttemptHTTP2 = false
	o.TLSNextProto = nil
	if o.TLSClientConfig != nil { // the clone of a transport in use offers HTTP/2 to the server
		o.TLSClientConfig.NextProtos = []string{"http/1.1"}
	}
	o.Protocols = new(http.Protocols)
	o.Protocols.SetHTTP1(true)
	return o
}

// errNoCall guards a programming mistake in this package, not a user's.
var errNoCall = errors.New("megaport: the call has no method or no path")
