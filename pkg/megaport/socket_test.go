package megaport

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// These tests use real connections, because what they prove is about them.

// realAPI serves tokens, an empty listing, and orders as the test says.
func realAPI(t *testing.T, buy http.HandlerFunc) *httptest.Server {
	t.Helper()
	return httptest.NewServer(apiHandler(buy))
}

func apiHandler(buy http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, goodToken)
	})
	mux.HandleFunc("GET /v2/products", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"data":[]}`) })
	mux.HandleFunc("POST /v3/networkdesign/buy", buy)
	return mux
}

func clientOf(t *testing.T, base string, way http.RoundTripper) *Client {
	t.Helper()
	c := mustNew(t, Options{
		BaseURL: base, TokenURL: base + "/oauth2/token", Credentials: testCredentials(),
		Transport: way, Jitter: noJitter,
	})
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// hurried is a context that ends before the first repetition (after a second)
// would begin, so that nothing waits in real time.
func hurried(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// withTokenFrom sends token requests to one host and all else to another.
type withTokenFrom struct {
	tokens, rest http.RoundTripper
}

func (w withTokenFrom) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/oauth2/token" {
		return w.tokens.RoundTrip(r)
	}
	return w.rest.RoundTrip(r)
}

func tokenOnly() transport {
	return func(*http.Request) (*http.Response, error) { return reply(200, goodToken), nil }
}

func TestProofThatNothingWasWritten(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	untrusted := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the order arrived") }))
	untrusted.Config.ErrorLog = quietLog()
	untrusted.StartTLS()
	defer untrusted.Close()

	noDNS := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "api.test", IsNotFound: true}
	}}
	tests := map[string]struct {
		base string
		way  http.RoundTripper
	}{
		"connection refused": {address, &http.Transport{}},
		"name not found":     {"https://api.test", noDNS},
		"untrusted TLS":      {untrusted.URL, &http.Transport{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := clientOf(t, tt.base, withTokenFrom{tokens: tokenOnly(), rest: tt.way})
			p, err := c.Orders.Buy(hurried(t), testOrder())
			checkOutcome(t, p, err, OrderNotSent, nil, 0)
			if !strings.Contains(fmt.Sprint(err), "not sent") {
				t.Errorf("the error does not say so: %v", err)
			}
		})
	}
}

// An order that was not sent is sent again, and then bought once.
func TestNotSentIsSentAgain(t *testing.T) {
	var bought atomic.Int32
	srv := realAPI(t, func(w http.ResponseWriter, _ *http.Request) {
		bought.Add(1)
		_, _ = io.WriteString(w, exchange(t, "buy-response.json"))
	})
	defer srv.Close()
	var dials atomic.Int32
	way := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			return nil, errors.New("network is unreachable")
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	c := clientOf(t, srv.URL, withTokenFrom{tokens: tokenOnly(), rest: way})
	p, err := c.Orders.Buy(t.Context(), testOrder())
	checkOutcome(t, p, err, OrderBought, []string{"a49cf3f1-20a1-4390-93aa-5005bdafe3d7"}, 200)
	if bought.Load() != 1 {
		t.Errorf("bought %d times", bought.Load())
	}
}

// Once a byte may have been written, silence is doubt, and nothing is repeated.
func TestDoubtIsNotRepeated(t *testing.T) {
	tests := map[string]func(conn net.Conn){
		"accepts and closes": func(net.Conn) {},
		"reads and closes": func(conn net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
				log.Print(err)
			}
		},
		"answers garbage": func(conn net.Conn) { _, _ = io.WriteString(conn, "Bearer hello\r\n\r\n") },
		"half an answer":  func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n") },
	}
	for name, serve := range tests {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var connections atomic.Int32
			var wg sync.WaitGroup
			wg.Go(func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					connections.Add(1)
					serve(conn)
					_ = conn.Close()
				}
			})
			c := clientOf(t, "http://"+l.Addr().String(), withTokenFrom{tokens: tokenOnly(), rest: &http.Transport{}})
			p, err := c.Orders.Buy(t.Context(), testOrder())
			_ = l.Close()
			wg.Wait()
			checkOutcome(t, p, err, OrderUnknown, nil, 0)
			if connections.Load() != 1 {
				t.Errorf("%d connections, want 1", connections.Load())
			}
		})
	}
}

func TestCommitThenDrop(t *testing.T) {
	var orders atomic.Int32
	srv := realAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			orders.Add(1)
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close()
	})
	defer srv.Close()
	p, err := clientOf(t, srv.URL, nil).Orders.Buy(t.Context(), testOrder())
	checkOutcome(t, p, err, OrderUnknown, nil, 0)
	if orders.Load() != 1 {
		t.Errorf("%d orders arrived, want 1", orders.Load())
	}
}

func TestTruncatedPurchaseKeepsUIDs(t *testing.T) {
	body := fact(t, "buy-lag.json")
	var orders atomic.Int32
	srv := realAPI(t, func(w http.ResponseWriter, _ *http.Request) {
		orders.Add(1)
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Header().Set("Trace-Id", "t-4")
		_, _ = io.WriteString(w, body[:strings.Index(body, `"a49cf3f1`)])
	})
	defer srv.Close()
	order := testOrder()
	order.LAGPorts = 2
	p, err := clientOf(t, srv.URL, nil).Orders.Buy(t.Context(), order)
	checkOutcome(t, p, err, OrderUnknown, []string{testUID}, 200)
	if orders.Load() != 1 || p.TraceID != "t-4" {
		t.Errorf("%d orders, trace %q", orders.Load(), p.TraceID)
	}
}

// connKey finds a connection's request counter in a request's context.
type connKey struct{}

// A kept connection that died unnoticed swallows what is written to it. Orders
// never meet one, because each has a connection of its own.
func TestOrdersDoNotShareConnections(t *testing.T) {
	for name, given := range map[string]http.RoundTripper{"own transport": nil, "given transport": &http.Transport{}} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			srv := httptest.NewUnstartedServer(apiHandler(func(w http.ResponseWriter, r *http.Request) {
				if counter, ok := r.Context().Value(connKey{}).(*atomic.Int32); !ok || counter.Load() != 1 {
					<-done // the dead connection: no answer ever
					return
				}
				_, _ = io.WriteString(w, exchange(t, "buy-response.json"))
			}))
			srv.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
				return context.WithValue(ctx, connKey{}, new(atomic.Int32))
			}
			inner := srv.Config.Handler
			srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if counter, ok := r.Context().Value(connKey{}).(*atomic.Int32); ok {
					counter.Add(1)
				}
				inner.ServeHTTP(w, r)
			})
			srv.Start()
			defer srv.Close()
			defer close(done)
			c := clientOf(t, srv.URL, given)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			for range 3 {
				if _, err := c.Products.List(ctx); err != nil { // leaves an idle connection behind
					t.Fatal(err)
				}
				if _, err := c.Orders.Buy(ctx, testOrder()); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A server that closes its idle connections at the wrong moment disturbs nobody.
func TestIdleConnectionsMayDie(t *testing.T) {
	var orders atomic.Int32
	srv := realAPI(t, func(w http.ResponseWriter, _ *http.Request) {
		orders.Add(1)
		_, _ = io.WriteString(w, exchange(t, "buy-response.json"))
	})
	defer srv.Close()
	c := clientOf(t, srv.URL, nil)
	for i := range 3 {
		if _, err := c.Products.List(t.Context()); err != nil {
			t.Fatal(err)
		}
		srv.CloseClientConnections()
		if _, err := c.Orders.Buy(t.Context(), testOrder()); err != nil {
			t.Fatal(err)
		}
		if int(orders.Load()) != i+1 {
			t.Errorf("%d orders, want %d", orders.Load(), i+1)
		}
	}
}

// The listing may use HTTP/2, orders never do: neither with a transport of the
// caller's, nor with our own, nor with one that has been in use.
func TestOrdersSpeakHTTP1(t *testing.T) {
	protos := make(chan string, 16) // room for what a failing test leaves unread
	handler := apiHandler(func(w http.ResponseWriter, r *http.Request) {
		protos <- r.Proto
		_, _ = io.WriteString(w, exchange(t, "buy-response.json"))
	})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/products" {
			protos <- r.Proto
		}
		handler.ServeHTTP(w, r)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	given, ok := srv.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("no *http.Transport")
	}
	trusting := func() *http.Transport {
		own := newTransport(1)
		own.TLSClientConfig = &tls.Config{RootCAs: given.TLSClientConfig.RootCAs}
		return own
	}
	used := trusting()
	if _, err := clientOf(t, srv.URL, used).Products.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-protos
	for name, way := range map[string]*http.Transport{"given": given, "own": trusting(), "used": used} {
		t.Run(name, func(t *testing.T) {
			c := clientOf(t, srv.URL, way)
			if _, err := c.Products.List(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Orders.Buy(t.Context(), testOrder()); err != nil {
				t.Fatal(err)
			}
			if list, order := <-protos, <-protos; list != "HTTP/2.0" || order != "HTTP/1.1" {
				t.Errorf("the listing came by %s, the order by %s", list, order)
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("followed to %s %s", r.Method, r.URL)
	}))
	defer elsewhere.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth2/token" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, goodToken)
			return
		}
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	c := clientOf(t, srv.URL, nil)
	p, err := c.Orders.Buy(t.Context(), testOrder())
	checkOutcome(t, p, err, OrderUnknown, nil, 307)
	if _, err := c.Products.List(t.Context()); err == nil || !strings.Contains(err.Error(), "not followed") {
		t.Errorf("a read: %v", err)
	}
}

func TestGivingUpOnASlowOrder(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	srv := realAPI(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-release
	})
	defer srv.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	p, err := clientOf(t, srv.URL, nil).Orders.Buy(ctx, testOrder())
	checkOutcome(t, p, err, OrderUnknown, nil, 0)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

// A document that trickles in ends with the caller's patience, not with its own.
func TestGivingUpOnASlowLOA(t *testing.T) {
	begun := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth2/token" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, goodToken)
			return
		}
		_, _ = io.WriteString(w, "%PDF-1.4\n")
		_ = http.NewResponseController(w).Flush()
		close(begun)
		<-r.Context().Done()
	}))
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	document, err := clientOf(t, srv.URL, nil).Products.LOA(ctx, testUID)
	if !errors.Is(err, context.Canceled) || document != nil {
		t.Errorf("%q, %v", document, err)
	}
}

func TestCompressedListing(t *testing.T) {
	var asked atomic.Bool
	srv := realAPI(t, http.NotFound)
	inner := srv.Config.Handler
	srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/products" {
			asked.Store(r.Header.Get("Accept-Encoding") == "gzip")
		}
		inner.ServeHTTP(w, r)
	})
	defer srv.Close()
	if _, err := clientOf(t, srv.URL, nil).Products.List(t.Context()); err != nil || !asked.Load() {
		t.Errorf("a listing of megabytes should travel compressed: asked %v, %v", asked.Load(), err)
	}
}

func TestOrderTransportKeepsSettings(t *testing.T) {
	given := &http.Transport{TLSClientConfig: &tls.Config{ServerName: "name", MinVersion: tls.VersionTLS13}, TLSHandshakeTimeout: 7 * time.Second}
	got := newOrderTransport(given)
	if !got.DisableKeepAlives || got.TLSHandshakeTimeout != 7*time.Second || got.TLSClientConfig.ServerName != "name" || given.DisableKeepAlives {
		t.Errorf("got %+v", got)
	}
}

func quietLog() *log.Logger { return log.New(io.Discard, "", 0) }
