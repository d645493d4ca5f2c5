package megaport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/singleflight"
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
	limitToken   = 1 << 20 // bytes of an answer
	// shortestLife is assumed of a token whose answer does not say; the shortest
	// that can be chosen for a key (API facts §1.2, confidence B).
	shortestLife = 300 * time.Second
)

// tokens hands out the client's access token. However many goroutines ask, one
// request fetches it; when all of them give up, that request is abandoned.
type tokens struct {
	fetch  func(ctx context.Context) (token, error) // nil without credentials
	url    string
	redact redactor
	flight singleflight.Group

	mu       sync.Mutex
	current  token
	waiting  int             // callers that wait for a new token
	fetching context.Context // of the request they wait for: it outlives the one who began it
	abandon  context.CancelFunc
	seen     []string // for redaction
}

// token is an access token and its times.
type token struct {
	value     string
	refreshAt time.Time // from here on a new one is asked for
	expires   time.Time // from here on it is useless
}

func newTokens(o Options, way http.RoundTripper, limit *limiter) *tokens {
	t := &tokens{url: o.TokenURL, redact: func(s string) string { return s }}
	if o.Credentials.AccessKey == "" && o.Credentials.SecretKey == "" {
		return t
	}
	secrets := func(text string) string { return t.redact(text) }
	run := withRetry(o.Jitter, limit.waits, withBudget(limit, withLog(o.Logger, withDeadline(withAnswer(secrets, newTokenSend(o, way))))))
	t.fetch = func(ctx context.Context) (fresh token, err error) {
		if o.TokenURL == "" {
			return token{}, &AuthError{Err: errors.New("no token URL is given")}
		}
		begun := time.Now()
		err = run(ctx, &attempt{call: &call{
			class: classRead, method: http.MethodPost, path: pathOf(o.TokenURL), timeout: timeoutToken, limit: limitToken, ungated: true,
			decode: func(body io.Reader, _ *attempt) (err error) {
				fresh, err = t.decode(body, begun)
				return err
			},
		}})
		if err != nil {
			return token{}, newAuthError(o.TokenURL, err)
		}
		return fresh, nil
	}
	return t
}

// newTokenSend asks the token server. The form body with Basic authorization is the
// documented form (API facts §1.2, confidence B).
func newTokenSend(o Options, way http.RoundTripper) send {
	return func(ctx context.Context, a *attempt) (*http.Response, error) {
		form := url.Values{"grant_type": {"client_credentials"}}.Encode()
		req, err := http.NewRequestWithContext(ctx, a.method, o.TokenURL, strings.NewReader(form))
		if err != nil {
			return nil, err
		}
		// RFC 6749 §2.3.1 has both halves form-encoded.
		req.SetBasicAuth(url.QueryEscape(o.Credentials.AccessKey), url.QueryEscape(o.Credentials.SecretKey.Reveal()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Accept", acceptJSON)
		req.Header.Set("User-Agent", o.UserAgent)
		return way.RoundTrip(req)
	}
}

// wireToken is the token server's answer (API facts §1.2), or its refusal.
type wireToken struct {
	AccessToken wireText  `json:"access_token"`
	ExpiresIn   looseInt  `json:"expires_in"` // seconds
	Error       looseText `json:"error"`
}

// refusedError is a refusal that came with a status of success.
type refusedError struct{ text string }

func (e *refusedError) Error() string { return e.text }

// decode reads a token. A new one is due after 80 % of a life (API facts §1.2).
func (t *tokens) decode(body io.Reader, begun time.Time) (token, error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return token{}, err
	}
	var w wireToken
	err = json.Unmarshal(raw, &w, tolerant(), jsontext.AllowDuplicateNames(true))
	value := w.AccessToken.text
	switch {
	case err != nil:
		return token{}, wholeError(fieldError(err))
	case w.Error.text != "":
		return token{}, &refusedError{describeBody("", raw)}
	case value == "":
		return token{}, errors.New("field access_token is missing")
	}
	t.remember(value)
	if !isHeaderText(value) {
		return token{}, errors.New("the token holds characters that no header can carry")
	}
	life := shortestLife
	if w.ExpiresIn.value > 0 {
		life = time.Duration(w.ExpiresIn.value) * time.Second
	}
	return token{value: value, refreshAt: begun.Add(life * 8 / 10), expires: begun.Add(life)}, nil
}

// newAuthError says what failed of a token request, without the request's own words
// and without its type: it is no failure of a call to the API.
func newAuthError(tokenURL string, err error) *AuthError {
	e := &AuthError{TokenURL: tokenURL}
	text := err.Error()
	var answer *Error
	var broken *RequestError
	var unusable *DecodeError
	var refused *refusedError
	switch {
	case errors.As(err, &answer):
		e.Status, text = answer.Status, strings.Join(append([]string{answer.Message}, answer.Reasons...), ": ")
		e.Refused = e.Status < 500 && e.Status != http.StatusTooManyRequests
	case errors.As(err, &unusable):
		e.Status, text = unusable.Status, unusable.text
		e.Refused = errors.As(err, &refused)
	case errors.As(err, &broken):
		text = broken.text
	}
	if e.Status != 0 {
		text = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", e.Status, text))
	}
	e.Err = &authCause{text: text, err: err}
	return e
}

// authCause keeps a cause for errors.Is while showing only its safe text.
type authCause struct {
	text string
	err  error
}

func (e *authCause) Error() string        { return e.text }
func (e *authCause) Is(target error) bool { return errors.Is(e.err, target) }

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
	value, fetched := t.join(ctx)
	if value != "" {
		return value, nil
	}
	defer t.leave()
	select {
	case got := <-fetched:
		if got.Err != nil {
			return t.fallback(got.Err)
		}
		return got.Val.(string), nil // new, however short its life
	case <-ctx.Done():
		return "", &AuthError{TokenURL: t.url, Err: context.Cause(ctx)}
	}
}

// join returns the current token, or what a new one will come by.
func (t *tokens) join(ctx context.Context) (string, <-chan singleflight.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current.value != "" && time.Now().Before(t.current.refreshAt) {
		return t.current.value, nil
	}
	if t.waiting == 0 {
		t.fetching, t.abandon = context.WithCancel(context.WithoutCancel(ctx))
	}
	t.waiting++
	fetching := t.fetching
	return "", t.flight.DoChan("", func() (any, error) {
		fresh, err := t.fetch(fetching)
		if err == nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.current = fresh
		}
		return fresh.value, err
	})
}

// leave is for whoever joined. The last one takes the request along.
func (t *tokens) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting--; t.waiting == 0 {
		t.abandon()
		t.flight.Forget("")
	}
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
