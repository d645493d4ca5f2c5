package megaport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// AuthError is a token that could not be had. Nothing was sent to the API itself.
type AuthError struct {
	// TokenURL is where it was asked for; empty when there is nowhere to ask.
	TokenURL string
	// Status is the token server's HTTP status; 0 when there was no answer.
	Status int
	// Refused is true when the server said no, rather than failing: asking again
	// is no use.
	Refused bool
	// Err is the cause, without secrets.
	Err error
}

// Error is one line that says what to check.
func (e *AuthError) Error() string {
	if e.Refused && e.answers() {
		return fmt.Sprintf("the API key was refused at %s: %v; check MEGAPORT_ACCESS_KEY and MEGAPORT_SECRET_KEY, and that the key belongs to this environment", e.TokenURL, e.Err)
	}
	if e.TokenURL == "" {
		return fmt.Sprintf("no access token: %v", e.Err)
	}
	return fmt.Sprintf("no access token from %s: %v", e.TokenURL, e.Err)
}

// answers says that what is at the address does issue tokens, for all that can be
// told: a page that is not there, or is elsewhere, says nothing about the key.
func (e *AuthError) answers() bool {
	return e.Status != http.StatusNotFound && e.Status != http.StatusMethodNotAllowed && e.Status/100 != 3
}

// Unwrap returns the cause.
func (e *AuthError) Unwrap() error { return e.Err }

const (
	timeoutToken = 30 * time.Second
	// shortestLife is assumed of a token whose answer does not say; the shortest
	// that can be chosen for a key (API facts §1.2, confidence B).
	shortestLife = 300 * time.Second
)

// tokens hands out the client's access token. However many goroutines ask, one
// request fetches it; when all of them give up, that request is abandoned.
type tokens struct {
	fetch  func(ctx context.Context) (token, error)
	url    string
	redact redactor

	mu      sync.Mutex
	current token
	pending *fetching
	seen    []string // for redaction
}

// token is an access token and its times.
type token struct {
	value     string
	refreshAt time.Time // from here on a new one is asked for
	expires   time.Time // from here on it is useless
}

// fetching is a request for a token that several goroutines wait for.
type fetching struct {
	done    chan struct{}
	waiting int
	abandon context.CancelFunc
	value   string // the new token, once done is closed
	err     error
}

func newTokens(o Options, way http.RoundTripper, busy func(wait time.Duration)) *tokens {
	t := &tokens{url: o.TokenURL, redact: func(s string) string { return s }}
	if o.Credentials.AccessKey == "" && o.Credentials.SecretKey == "" {
		return t
	}
	f := &tokenFetcher{
		config: func() *clientcredentials.Config {
			return &clientcredentials.Config{
				ClientID:     o.Credentials.AccessKey,
				ClientSecret: o.Credentials.SecretKey.Reveal(),
				TokenURL:     o.TokenURL,
				AuthStyle:    oauth2.AuthStyleInHeader,
			}
		},
		url: o.TokenURL, way: way, agent: o.UserAgent, logger: o.Logger, jitter: o.Jitter, busy: busy,
		redact: func(s string) string { return t.redact(s) },
		issued: t.remember,
	}
	t.fetch = f.fetch
	return t
}

// configured reports whether there are credentials at all.
func (t *tokens) configured() bool { return t.fetch != nil }

// issued lists the tokens of this client's life.
func (t *tokens) issued() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.seen)
}

// remember notes a token for redaction; the last few are enough, because older
// ones have expired.
func (t *tokens) remember(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(value) >= shortestSecret && !slices.Contains(t.seen, value) {
		t.seen = append(t.seen, value)
	}
	if len(t.seen) > 32 {
		t.seen = slices.Delete(t.seen, 0, len(t.seen)-32)
	}
}

// drop forgets a token that the API refused, unless it was replaced meanwhile.
func (t *tokens) drop(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current.value == value {
		t.current = token{}
	}
}

// get returns a token that has at least a fifth of its life ahead; when a new one
// cannot be had and the old one still holds, the old one.
func (t *tokens) get(ctx context.Context) (string, error) {
	if t.fetch == nil {
		return "", &AuthError{TokenURL: t.url, Err: ErrNoCredentials}
	}
	value, f := t.join(ctx)
	if value != "" {
		return value, nil
	}
	defer t.leave(f)
	select {
	case <-f.done:
		if f.err != nil {
			return t.fallback(f.err)
		}
		return f.value, nil // new, however short its life
	case <-ctx.Done():
		return "", &AuthError{TokenURL: t.url, Err: context.Cause(ctx)}
	}
}

// join returns the current token, or the request for a new one to wait for.
func (t *tokens) join(ctx context.Context) (string, *fetching) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current.value != "" && time.Now().Before(t.current.refreshAt) {
		return t.current.value, nil
	}
	if t.pending == nil {
		// The fetch outlives the caller that began it, because others wait for it.
		ctx, abandon := context.WithCancel(context.WithoutCancel(ctx))
		t.pending = &fetching{done: make(chan struct{}), abandon: abandon}
		go t.run(ctx, t.pending)
	}
	t.pending.waiting++
	return "", t.pending
}

func (t *tokens) leave(f *fetching) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.waiting--
	if f.waiting == 0 {
		f.abandon()
		if t.pending == f {
			t.pending = nil
		}
	}
}

func (t *tokens) run(ctx context.Context, f *fetching) {
	fresh, err := t.fetch(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.current = fresh
	}
	f.value, f.err = fresh.value, err
	if t.pending == f {
		t.pending = nil
	}
	close(f.done)
}

// fallback keeps to a token that still holds, and asks again a little later.
func (t *tokens) fallback(err error) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.current.value == "" || !now.Before(t.current.expires) {
		return "", err
	}
	t.current.refreshAt = now.Add(t.current.expires.Sub(now) / 4)
	return t.current.value, nil
}

// tokenFetcher asks the token server, repeating as for a read.
type tokenFetcher struct {
	config func() *clientcredentials.Config
	url    string
	way    http.RoundTripper
	agent  string
	logger zerolog.Logger
	jitter func() float64
	busy   func(wait time.Duration)
	redact redactor
	issued func(string)
}

func (f *tokenFetcher) fetch(ctx context.Context) (token, error) {
	if f.url == "" {
		return token{}, &AuthError{Err: errors.New("no token URL is given")}
	}
	var failed time.Time // when it did so first
	for number := 1; ; number++ {
		start := time.Now()
		got, status, err := f.once(ctx, number)
		if err == nil {
			f.issued(got.AccessToken)
			if !isHeaderText(got.AccessToken) {
				return token{}, &AuthError{TokenURL: f.url, Status: status.code, Err: errors.New("the token holds characters that no header can carry")}
			}
			return newToken(got, start), nil
		}
		fs := facts{number: number, status: status.code, retryAfter: status.retryAfter, broken: status.code == 0, jitter: f.jitter()}
		if number == 1 {
			failed = time.Now()
		}
		fs.final, fs.waited = ctx.Err() != nil, time.Since(failed)
		d := retryDecision(classRead, fs)
		if d.again && status.code == http.StatusTooManyRequests {
			f.busy(d.wait)
		}
		if !d.again || pause(ctx, d.wait) != nil {
			return token{}, f.authError(status, err)
		}
	}
}

// newToken sets the times: a new token is due after 80 % of a life (API facts §1.2).
func newToken(t *oauth2.Token, start time.Time) token {
	life := shortestLife
	if !t.Expiry.IsZero() {
		life = t.Expiry.Sub(start)
	}
	return token{value: t.AccessToken, refreshAt: start.Add(life * 8 / 10), expires: start.Add(life)}
}

// once makes one request. The form body with Basic authorization is the
// documented form (API facts §1.2, confidence B).
func (f *tokenFetcher) once(ctx context.Context, number int) (*oauth2.Token, tokenAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeoutToken)
	defer cancel()
	answer := tokenAnswer{way: f.way, agent: f.agent, redact: f.redact}
	client := &http.Client{
		Transport:     &answer,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	start := time.Now()
	got, err := f.config().Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	logged := err
	if err != nil {
		logged = errors.New(f.describe(answer, err))
	}
	logRequest(f.logger, http.MethodPost, pathOf(f.url), answer.code, time.Since(start), number, answer.traceID, logged)
	return got, answer, err
}

func (f *tokenFetcher) authError(a tokenAnswer, err error) *AuthError {
	var said *oauth2.RetrieveError
	refused := errors.As(err, &said) && a.code < 500 && a.code != http.StatusTooManyRequests
	return &AuthError{TokenURL: f.url, Status: a.code, Refused: refused, Err: &authCause{text: f.describe(a, err), err: err}}
}

// describe puts the library's error into one safe line; its own text holds the
// whole body.
func (f *tokenFetcher) describe(a tokenAnswer, err error) string {
	var said *oauth2.RetrieveError
	var wrapped *url.Error
	text := err.Error()
	switch {
	case errors.As(err, &said) && said.ErrorCode != "":
		text = said.ErrorCode
		if said.ErrorDescription != "" {
			text += ": " + said.ErrorDescription
		}
	case errors.As(err, &said):
		text = describeBody(a.contentType, []byte(f.redact(string(said.Body))))
	case errors.As(err, &wrapped):
		text = wrapped.Err.Error()
	}
	text = printable(f.redact(text), maxText)
	if a.code != 0 {
		text = fmt.Sprintf("HTTP %d %s", a.code, text)
	}
	return text
}

// authCause keeps a cause for errors.Is while showing only its safe text.
type authCause struct {
	text string
	err  error
}

func (e *authCause) Error() string        { return e.text }
func (e *authCause) Is(target error) bool { return errors.Is(e.err, target) }

// tokenAnswer is a transport for one request that reads the answer to its end,
// so that a broken connection is told from an answer that makes no sense, and
// keeps what the oauth2 package does not hand on.
type tokenAnswer struct {
	way         http.RoundTripper
	agent       string
	redact      redactor
	code        int
	retryAfter  time.Duration
	traceID     string
	contentType string
}

// RoundTrip makes the request.
func (a *tokenAnswer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Accept", acceptJSON)
	req.Header.Set("User-Agent", a.agent)
	resp, err := a.way.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	_ = resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("the answer was cut off: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	a.code, a.traceID = resp.StatusCode, traceID(resp.Header, a.redact)
	a.contentType = resp.Header.Get("Content-Type")
	a.retryAfter, _ = parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())
	return resp, nil
}

// isHeaderText reports whether a text can be sent in a header. One that cannot
// would fail inside the transport, where it would look like an unconfirmed order.
func isHeaderText(text string) bool {
	for _, r := range text {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return true
}

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path
}
