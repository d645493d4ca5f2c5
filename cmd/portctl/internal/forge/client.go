package forge

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Limits on what is read of an answer, in bytes.
const (
	maxAnswer   = 32 << 20
	maxArtifact = 128 << 20
)

// Error is an answer that says no, or no answer.
type Error struct {
	// Forge is GitHub or GitLab.
	Forge        string
	Method, Path string
	// Status is the HTTP status; 0 when there was no answer.
	Status  int
	Message string
	hint    string
}

func (e *Error) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s: %s %s: %s", e.Forge, e.Method, e.Path, e.Message)
	}
	return fmt.Sprintf("%s: %s %s: status %d: %s", e.Forge, e.Method, e.Path, e.Status, cmp.Or(e.Message, http.StatusText(e.Status)))
}

// Hint is what to do about it.
func (e *Error) Hint() string { return e.hint }

// client sends requests to one forge.
type client struct {
	name string // in messages
	base string
	http *http.Client
	// sign adds the token.
	sign func(http.Header)
	// rights says which rights the token needs.
	rights string
	// pause waits between two attempts.
	pause func(context.Context, time.Duration) error
}

func newClient(name, base, rights string, sign func(http.Header)) client {
	return client{
		name: name, base: strings.TrimRight(base, "/"), sign: sign, rights: rights, pause: pause,
		http: &http.Client{Timeout: 2 * time.Minute, CheckRedirect: elsewhereUnsigned},
	}
}

// elsewhereUnsigned follows a redirect without the token when it leads to another host.
func elsewhereUnsigned(req *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return errors.New("too many redirects")
	}
	if req.URL.Host != via[0].URL.Host {
		req.Header.Del("Authorization")
		req.Header.Del("Private-Token")
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempts is how often a request that changes nothing is sent when no usable answer
// comes. What writes is sent once: a comment that may exist is not sent again.
const attempts = 3

// get reads JSON, and gives the answer's header.
func (c client) get(ctx context.Context, path string, query url.Values, into any) (http.Header, error) {
	header, body, err := c.read(ctx, path, query, maxAnswer)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return nil, &Error{Forge: c.name, Method: http.MethodGet, Path: path, Message: "the answer is not understood: " + err.Error()}
	}
	return header, nil
}

// read reads an answer's body, up to a number of bytes.
func (c client) read(ctx context.Context, path string, query url.Values, limit int64) (http.Header, []byte, error) {
	for n := 1; ; n++ {
		header, body, err := c.send(ctx, http.MethodGet, path, query, nil, limit)
		var refused *Error
		if err == nil || n == attempts || !errors.As(err, &refused) || !passing(refused.Status) {
			return header, body, err
		}
		if err := c.pause(ctx, time.Duration(n)*2*time.Second); err != nil {
			return nil, nil, err
		}
	}
}

// passing says that a status is likely to be another one soon.
func passing(status int) bool { return status == 0 || status == 429 || status >= 500 }

// write sends JSON.
func (c client) write(ctx context.Context, method, path string, body any) error {
	b, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, _, err = c.send(ctx, method, path, nil, b, maxAnswer)
	return err
}

func (c client) send(ctx context.Context, method, path string, query url.Values, body []byte, limit int64) (http.Header, []byte, error) {
	fail := func(status int, message string) error {
		return &Error{Forge: c.name, Method: method, Path: path, Status: status, Message: message, hint: c.hint(status)}
	}
	address := c.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fail(0, "the address is not one")
	}
	req.Header.Set("User-Agent", "portctl")
	c.sign(req.Header)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, fail(0, reason(err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return nil, nil, fail(0, "the answer broke off: "+reason(err))
	case resp.StatusCode/100 != 2:
		return nil, nil, fail(resp.StatusCode, messageOf(answer))
	case int64(len(answer)) > limit:
		return nil, nil, fail(0, fmt.Sprintf("the answer is larger than %d MB", limit>>20))
	}
	return resp.Header, answer, nil
}

// reason is an error of the network without the address, which the message has.
func reason(err error) string {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	return err.Error()
}

// messageOf is what a refusal says.
func messageOf(body []byte) string {
	var refusal struct {
		Message any `json:"message"`
		Error   any `json:"error"`
	}
	if json.Unmarshal(body, &refusal) != nil {
		return ""
	}
	for _, m := range []any{refusal.Message, refusal.Error} {
		if m != nil {
			return fmt.Sprint(m)
		}
	}
	return ""
}

func (c client) hint(status int) string {
	switch status {
	case 401, 403, 404:
		return c.rights
	}
	return ""
}
