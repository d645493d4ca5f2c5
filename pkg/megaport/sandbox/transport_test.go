package sandbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

// traced records the hooks that fire, in order.
type traced struct {
	mu     sync.Mutex
	events []string
}

func (tr *traced) add(event string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.events = append(tr.events, event)
}

func (tr *traced) all() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return slices.Clone(tr.events)
}

func (tr *traced) context(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { tr.add("GetConn") },
		ConnectStart: func(string, string) { tr.add("ConnectStart") },
		ConnectDone: func(_, _ string, err error) {
			if err != nil {
				tr.add("ConnectDone failed")
				return
			}
			tr.add("ConnectDone")
		},
		TLSHandshakeDone:     func(tls.ConnectionState, error) { tr.add("TLSHandshakeDone") },
		GotConn:              func(httptrace.GotConnInfo) { tr.add("GotConn") },
		WroteHeaders:         func() { tr.add("WroteHeaders") },
		WroteRequest:         func(httptrace.WroteRequestInfo) { tr.add("WroteRequest") },
		GotFirstResponseByte: func() { tr.add("GotFirstResponseByte") },
	})
}

// TestHooksFireAsOverSockets compares the in-process transport with the real one.
func TestHooksFireAsOverSockets(t *testing.T) {
	a := start(t, Config{})
	h := httptest.NewServer(a.server)
	t.Cleanup(h.Close)
	run := func(rt http.RoundTripper, base string) []string {
		var tr traced
		req, err := http.NewRequestWithContext(tr.context(t.Context()), "POST", base+"/v3/networkdesign/buy", strings.NewReader("["+london+"]"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+a.token)
		if res, err := rt.RoundTrip(req); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		return tr.all()
	}
	for _, fault := range []string{"", "buy:commit-then-drop", "buy:drop", "buy:truncated-200-after-commit", "buy:500"} {
		a.faults()
		if fault != "" {
			a.faults(fault)
		}
		got := run(a.server.Transport(), "http://sandbox.test")
		want := run(&http.Transport{DisableKeepAlives: true}, h.URL)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-sockets +in process):\n%s", fault, diff)
		}
	}
	a.faults("buy:refused")
	if diff := cmp.Diff([]string{"GetConn", "ConnectStart", "ConnectDone failed"}, run(a.server.Transport(), "http://sandbox.test")); diff != "" {
		t.Errorf("refused: %s", diff)
	}
}

func TestClientGivesUpWhileTheServerGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, Config{Now: time.Now, Knobs: Knobs{Latency: 10 * time.Second, ProvisionDelay: -1}})
		var tr traced
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := a.request("POST", "/v3/networkdesign/buy", "["+london+"]")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = a.http.Do(req.WithContext(tr.context(ctx)))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if got := tr.all(); !slices.Contains(got, "WroteRequest") || slices.Contains(got, "GotFirstResponseByte") {
			t.Errorf("hooks %v", got)
		}
		if r := a.server.Record(); r.Committed != 0 {
			t.Error("committed before the latency was over")
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if r := a.server.Record(); r.Committed != 1 {
			t.Errorf("the server forgot the order of a client that left: %+v", r)
		}
	})
}

func TestLatencyAndJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, Config{Now: time.Now, Knobs: Knobs{Latency: time.Second, Jitter: time.Second}})
		began := time.Now()
		a.get("/v2/products").want(200)
		if took := time.Since(began); took < time.Second || took > 2*time.Second {
			t.Errorf("took %s", took)
		}
		a.faults("products:late:wait=5s")
		began = time.Now()
		a.get("/v2/products").want(200)
		if took := time.Since(began); took < 6*time.Second || took > 7*time.Second {
			t.Errorf("late took %s", took)
		}
	})
}

func TestTransportOfACancelledRequest(t *testing.T) {
	a := start(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := a.request("POST", "/v3/networkdesign/buy", "["+london+"]")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.server.Transport().RoundTrip(req.WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if r := a.server.Record(); r.Received != 0 {
		t.Errorf("received %d", r.Received)
	}
}

func TestBodyAfterCloseAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, Config{Now: time.Now})
		ctx, cancel := context.WithCancel(t.Context())
		req, err := a.request("GET", "/v3/locations", "")
		if err != nil {
			t.Fatal(err)
		}
		res, err := a.server.Transport().RoundTrip(req.WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait() // the connection has seen it
		if _, err := io.Copy(io.Discard, res.Body); !errors.Is(err, context.Canceled) {
			t.Errorf("reading after the context ended: %v", err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		if _, err := res.Body.Read(make([]byte, 1)); err == nil {
			t.Error("a closed body can be read")
		}
	})
}

func TestServe(t *testing.T) {
	a := start(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	base, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- a.server.ListenAndServe(ctx, "127.0.0.1:0", func(u string) { base <- u })
	}()
	req, err := http.NewRequestWithContext(ctx, "GET", <-base+"/v3/locations", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		t.Errorf("status %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
	if err := a.server.ListenAndServe(t.Context(), "256.0.0.1:1", nil); err == nil {
		t.Error("an address that cannot be listened on is no error")
	}
}

func TestLogHasOneLineARequestAndNoSecrets(t *testing.T) {
	var out bytes.Buffer
	a := start(t, Config{Log: zerolog.New(&out)})
	a.faults("products:500:n=1")
	a.buy(london)
	a.get("/v2/products?secret=query").want(500)
	ask(t, a, "?grant_type=client_credentials&x=query", "", "key", "hush").want(200)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 { // login, buy, products, token
		t.Errorf("%d lines:\n%s", len(lines), out.String())
	}
	for _, secret := range []string{a.token, "hush", "query", "NET-042", "secret"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the log contains %q", secret)
		}
	}
	if !strings.Contains(lines[2], `"path":"/v2/products"`) || !strings.Contains(lines[2], `"fault":"500"`) || !strings.Contains(lines[2], `"status":500`) {
		t.Errorf("line %s", lines[2])
	}
}
