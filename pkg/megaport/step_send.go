package megaport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// send makes one request and returns its answer, whatever the status. The caller
// closes the body.
type send func(ctx context.Context, a *attempt) (*http.Response, error)

// ErrTooLate is an order that was not sent because Order.NotAfter had passed.
var ErrTooLate = errors.New("it waited too long before it could be sent")

// newSend is the innermost step. It speaks to a RoundTripper rather than an
// http.Client, so that no redirect is followed and no cookie is kept.
func newSend(base *url.URL, ways transports, o Options) send {
	return func(ctx context.Context, a *attempt) (*http.Response, error) {
		a.conn = new(connTrace)
		if ctx.Err() != nil { // a transport need not say that it did nothing
			return nil, notSent(ctx, a, "about to send")
		}
		if !a.notAfter.IsZero() && time.Now().Round(0).After(a.notAfter.Round(0)) { // without the monotonic clock, which sleeps when the machine does
			return nil, &RequestError{Method: a.method, Path: a.path, NotSent: true, Err: ErrTooLate}
		}
		req, err := newRequest(a.conn.watch(ctx), base, a, o)
		if err != nil {
			return nil, &RequestError{Method: a.method, Path: a.path, NotSent: true, Err: err}
		}
		way := ways.plain
		if a.class == classOrder {
			way = ways.order
		}
		return way.RoundTrip(req)
	}
}

// newRequest builds an attempt's request. Its body cannot be rewound (GetBody
// stays nil), so net/http has no means to send an order twice by itself; for the
// same reason there is no Idempotency-Key header, which the API does not know
// and net/http takes as leave to repeat.
func newRequest(ctx context.Context, base *url.URL, a *attempt, o Options) (*http.Request, error) {
	u := base.JoinPath(a.path)
	u.RawQuery = a.query.Encode()
	req, err := http.NewRequestWithContext(ctx, a.method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if a.body != nil {
		req.Body = io.NopCloser(bytes.NewReader(a.body))
		req.ContentLength = int64(len(a.body))
	}
	req.Close = a.class == classOrder
	req.Header.Set("Accept", a.accept)
	req.Header.Set("User-Agent", o.UserAgent)
	if a.method != http.MethodGet {
		req.Header.Set("Content-Type", acceptJSON)
	}
	if o.CallContext != "" {
		req.Header.Set("X-Call-Context", o.CallContext)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	return req, nil
}

// connTrace is what httptrace saw of a request's connection. Its hooks may run in
// other goroutines, even after RoundTrip has returned.
type connTrace struct {
	wanted, got atomic.Bool
}

func (c *connTrace) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { c.wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { c.got.Store(true) },
	})
}

// unsent is true only on proof that no byte of the request was written: the
// transport is one that reports to httptrace, it looked for a connection, and it
// never had one. A transport that reports nothing proves nothing.
func (c *connTrace) unsent() bool {
	return c != nil && c.wanted.Load() && !c.got.Load()
}
