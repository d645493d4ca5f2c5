package sandbox

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"syscall"
)

// Transport gives a RoundTripper that leads to the Server without sockets: HTTP over
// a pipe in memory, with a fresh connection for each request, so that it works in
// virtual time and clients meet what they meet over sockets. It also has the fault
// "refused", a connection that never comes about.
func (s *Server) Transport() http.RoundTripper {
	return &transport{s, &http.Transport{
		DisableKeepAlives: true, DisableCompression: true, DialContext: s.dial, DialTLSContext: s.dial,
	}}
}

type transport struct {
	server *Server
	http   *http.Transport
}

// refused marks the context of a request whose connection is refused.
type refused struct{}

// pipeAddress is the address of every client of Transport, as net.Pipe names it.
const pipeAddress = "pipe"

// RoundTrip answers one request.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.refuses(req) {
		req = req.WithContext(context.WithValue(req.Context(), refused{}, true))
	}
	return t.http.RoundTrip(req)
}

// refuses asks for a fault that acts before the connection is there.
func (t *transport) refuses(req *http.Request) bool {
	path, query := normalise(req.URL)
	c := &call{req: req, path: path, query: query, knobs: t.server.knobs.Load()}
	if _, matched := t.server.match(c); !matched || req.Context().Err() != nil {
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
	_, fires := t.server.faults.pick(c.route.Class, names, func(kind string) bool { return kind == kindRefused })
	return fires
}

// dial connects to the Server, and fires the hooks of httptrace that a net.Dialer
// fires.
func (s *Server) dial(ctx context.Context, _, address string) (net.Conn, error) {
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.ConnectStart != nil {
		trace.ConnectStart("tcp", address)
	}
	var err error
	if ctx.Value(refused{}) != nil {
		err = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if trace != nil && trace.ConnectDone != nil {
		trace.ConnectDone("tcp", address, err)
	}
	if err != nil {
		return nil, err
	}
	client, server := net.Pipe()
	go func() { _ = (&http.Server{Handler: s}).Serve(&oneConn{server}) }() // ends at once, with io.EOF
	return client, nil
}

// oneConn is a Listener that has one connection to give.
type oneConn struct{ net.Conn }

// Accept gives the connection, and then no more.
func (l *oneConn) Accept() (net.Conn, error) {
	conn := l.Conn
	if conn == nil {
		return nil, io.EOF
	}
	l.Conn = nil
	return conn, nil
}

// Close leaves the connection to its server.
func (l *oneConn) Close() error { return nil }

// Addr is never asked for.
func (l *oneConn) Addr() net.Addr { return nil }
