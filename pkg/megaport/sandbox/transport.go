package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"sync"
	"syscall"
)

// Transport gives a RoundTripper that leads to the Server without sockets. It
// behaves like http.Transport with a fresh connection for each request: it heeds
// the request's context, reports a connection that the server closed as io.EOF
// (io.ErrUnexpectedEOF in the middle of a body), and fires the hooks of httptrace,
// so that a client can prove whether anything was written. The handler runs on in
// its own goroutine when the client gives up, as on a real server.
func (s *Server) Transport() http.RoundTripper { return &transport{s} }

type transport struct{ server *Server }

// inProcess marks the context of requests that came through Transport.
type inProcess struct{}

// handlerStage says at which stage the handler picks its faults.
func handlerStage(req *http.Request) stage {
	if req.Context().Value(inProcess{}) != nil {
		return stageAfterDial
	}
	return stageHandler
}

// RoundTrip answers one request.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil {
		trace = &httptrace.ClientTrace{}
	}
	if t.refused(req) {
		return nil, refuse(trace, req)
	}
	connect(trace, req)
	body, err := writeRequest(trace, req)
	if err != nil {
		return nil, err
	}
	return t.exchange(ctx, trace, req, body)
}

// refused asks for a fault that acts before the connection is there.
func (t *transport) refused(req *http.Request) bool {
	path, query := normalise(req.URL)
	c := &call{req: req, path: path, query: query, knobs: t.server.knobs.Load()}
	if _, matched := t.server.match(c); !matched {
		return false
	}
	names := func() []string {
		if req.GetBody != nil {
			if again, err := req.GetBody(); err == nil {
				c.body, _ = io.ReadAll(again) // unreadable: no names
			}
		}
		return t.server.namesOf(c)()
	}
	_, fires := t.server.faults.pick(c.route.Class, names, stageDial)
	return fires
}

func hostPort(req *http.Request) string {
	if req.URL.Port() != "" {
		return req.URL.Host
	}
	if req.URL.Scheme == "https" {
		return net.JoinHostPort(req.URL.Hostname(), "443")
	}
	return net.JoinHostPort(req.URL.Hostname(), "80")
}

func refuse(trace *httptrace.ClientTrace, req *http.Request) error {
	address := hostPort(req)
	err := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	if trace.GetConn != nil {
		trace.GetConn(address)
	}
	if trace.ConnectStart != nil {
		trace.ConnectStart("tcp", address)
	}
	if trace.ConnectDone != nil {
		trace.ConnectDone("tcp", address, err)
	}
	return err
}

func connect(trace *httptrace.ClientTrace, req *http.Request) {
	address := hostPort(req)
	if trace.GetConn != nil {
		trace.GetConn(address)
	}
	if trace.ConnectStart != nil {
		trace.ConnectStart("tcp", address)
	}
	if trace.ConnectDone != nil {
		trace.ConnectDone("tcp", address, nil)
	}
	if trace.GotConn != nil {
		client, server := net.Pipe()
		_ = server.Close()
		trace.GotConn(httptrace.GotConnInfo{Conn: client})
	}
}

// writeRequest reads the request's body, which is what sending it amounts to.
func writeRequest(trace *httptrace.ClientTrace, req *http.Request) ([]byte, error) {
	if trace.WroteHeaderField != nil {
		for name, values := range req.Header {
			trace.WroteHeaderField(name, values)
		}
	}
	if trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	var body []byte
	var err error
	if req.Body != nil {
		body, err = io.ReadAll(req.Body)
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
	return body, err
}

// exchange lets the handler answer and waits for it or for the client's patience.
func (t *transport) exchange(ctx context.Context, trace *httptrace.ClientTrace, req *http.Request, body []byte) (*http.Response, error) {
	// The server's side sees the client leave by its own context.
	serverCtx, leave := context.WithCancel(context.WithValue(context.WithoutCancel(ctx), inProcess{}, true))
	out := req.Clone(serverCtx)
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.ContentLength = int64(len(body))
	if out.Host == "" {
		out.Host = req.URL.Host
	}
	out.RequestURI = req.URL.RequestURI()
	answer := make(chan *answerWriter, 1)
	go func() {
		w := &answerWriter{header: make(http.Header)}
		w.serve(t.server, out)
		answer <- w
	}()
	select {
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	case w := <-answer:
		defer leave()
		if w.failed != nil {
			return nil, w.failed
		}
		if w.aborted && w.status == 0 {
			return nil, io.EOF
		}
		if trace.GotFirstResponseByte != nil {
			trace.GotFirstResponseByte()
		}
		return w.response(ctx, req), nil
	}
}

// answerWriter is the ResponseWriter of one exchange.
type answerWriter struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	aborted bool
	failed  error
}

func (w *answerWriter) serve(h http.Handler, req *http.Request) {
	defer func() {
		switch p := recover(); {
		case p == nil:
		case isAbort(p):
			w.aborted = true
		default:
			w.failed = fmt.Errorf("sandbox: panic: %v", p)
		}
	}()
	h.ServeHTTP(w, req)
}

func isAbort(p any) bool {
	err, isError := p.(error)
	return isError && errors.Is(err, http.ErrAbortHandler)
}

func (w *answerWriter) Header() http.Header { return w.header }

func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *answerWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// Flush lets a truncated answer be flushed; there is nothing to do.
func (w *answerWriter) Flush() {}

func (w *answerWriter) response(ctx context.Context, req *http.Request) *http.Response {
	length := int64(w.body.Len())
	if declared, err := strconv.ParseInt(w.header.Get(textproto.CanonicalMIMEHeaderKey("Content-Length")), 10, 64); err == nil {
		length = declared
	}
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)),
		StatusCode: w.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, ContentLength: length, Request: req,
		Body: &answerBody{ctx: ctx, rest: w.body.Bytes(), cut: w.aborted},
	}
}

// answerBody is read by the client; it ends early when the answer was cut.
type answerBody struct {
	ctx    context.Context
	mu     sync.Mutex
	rest   []byte
	cut    bool
	closed bool
}

func (b *answerBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return 0, errors.New("http: read on closed response body")
	case b.ctx.Err() != nil:
		return 0, b.ctx.Err()
	case len(b.rest) > 0:
		n := copy(p, b.rest)
		b.rest = b.rest[n:]
		return n, nil
	case b.cut:
		return 0, io.ErrUnexpectedEOF
	}
	return 0, io.EOF
}

func (b *answerBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}
