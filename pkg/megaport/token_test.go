package megaport

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

const goodToken = `{"access_token":"` + testToken + `","expires_in":1000,"token_type":"Bearer"}`

func TestTokenRequest(t *testing.T) {
	var got *http.Request
	var form string
	way := transport(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/oauth2/token" {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			got, form = r, string(body)
			return reply(200, goodToken), nil
		}
		return reply(200, `{"data":[]}`), nil
	})
	o := testOptions(way)
	o.Credentials = Credentials{AccessKey: "abc", SecretKey: "def"}
	if _, err := mustNew(t, o).Products.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("abc:def"))
	if got.Method != "POST" || got.URL.String() != "https://auth.test/oauth2/token" || form != "grant_type=client_credentials" ||
		got.Header.Get("Authorization") != basic || got.Header.Get("Content-Type") != "application/x-www-form-urlencoded" ||
		got.Header.Get("User-Agent") != "portctl/test" || got.Header.Get("Accept") != "application/json" {
		t.Errorf("sent %s %s %q %v", got.Method, got.URL, form, got.Header)
	}
}

func TestTokenAnswers(t *testing.T) {
	cut := func() (*http.Response, error) {
		r := reply(200, "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"access_`), iotest.ErrReader(io.ErrUnexpectedEOF)))
		return r, nil
	}
	tests := map[string]struct {
		answers []func() (*http.Response, error)
		want    string // part of the error; empty: a token
		refused bool
		status  int
		took    time.Duration
	}{
		"a token":             {answers: []func() (*http.Response, error){says(200, goodToken)}},
		"bad credentials":     {answers: []func() (*http.Response, error){says(400, `{"error":"invalid_client"}`)}, want: "the API key was refused at https://auth.test/oauth2/token: HTTP 400 invalid_client; check MEGAPORT_ACCESS_KEY and MEGAPORT_SECRET_KEY", refused: true, status: 400},
		"bad, with words":     {answers: []func() (*http.Response, error){says(401, `{"error":"invalid_client","error_description":"Client is unknown."}`)}, want: "HTTP 401 invalid_client: Client is unknown.", refused: true, status: 401},
		"an error in a 200":   {answers: []func() (*http.Response, error){says(200, `{"error":"unsupported_grant_type"}`)}, want: "HTTP 200 unsupported_grant_type", refused: true, status: 200},
		"no token in a 200":   {answers: []func() (*http.Response, error){says(200, `{"token_type":"Bearer"}`)}, want: "HTTP 200 field access_token is missing", status: 200},
		"a page in a 200":     {answers: []func() (*http.Response, error){says(200, `<html>`)}, want: "HTTP 200 it is an HTML page", status: 200},
		"a redirect":          {answers: []func() (*http.Response, error){says(307, ``, "Location", "https://evil.test/")}, want: "no access token from https://auth.test/oauth2/token: HTTP 307", refused: true, status: 307},
		"a wrong address":     {answers: []func() (*http.Response, error){says(404, `{"message":"No endpoint POST /oauth2/token"}`)}, want: "no access token from https://auth.test/oauth2/token: HTTP 404", refused: true, status: 404},
		"a page in a 403":     {answers: []func() (*http.Response, error){says(403, `<html><title>Denied</title>`)}, want: `HTTP 403 an HTML page titled "Denied"`, refused: true, status: 403},
		"busy, then a token":  {answers: []func() (*http.Response, error){says(429, ``, "Retry-After", "9"), says(200, goodToken)}, took: 9 * time.Second},
		"down, then a token":  {answers: []func() (*http.Response, error){says(503, `<html>`), breaks("reset"), cut, says(200, goodToken)}, took: 7 * time.Second},
		"down for good":       {answers: []func() (*http.Response, error){says(503, ``), says(503, ``), says(503, ``), says(503, ``), says(503, ``)}, want: "no access token from https://auth.test/oauth2/token: HTTP 503", status: 503, took: 15 * time.Second},
		"a 500 is not waited": {answers: []func() (*http.Response, error){says(500, `{"message":"x"}`)}, want: "HTTP 500", status: 500},
		"not to be reached":   {answers: []func() (*http.Response, error){breaks("a"), breaks("b"), breaks("c"), breaks("d"), breaks("no route")}, want: "no access token from https://auth.test/oauth2/token: no route", took: 15 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				way := transport(func(r *http.Request) (*http.Response, error) {
					if r.URL.Host != "auth.test" {
						return reply(200, `{"data":[]}`), nil
					}
					n++
					return tt.answers[n-1]()
				})
				start := time.Now()
				_, err := newTestClient(t, way).Products.List(t.Context())
				if time.Since(start) != tt.took || n != len(tt.answers) {
					t.Errorf("%d requests in %s, want %s", n, time.Since(start), tt.took)
				}
				if tt.want == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				var authErr *AuthError
				if !errors.As(err, &authErr) || !strings.Contains(err.Error(), tt.want) || authErr.Refused != tt.refused || authErr.Status != tt.status {
					t.Errorf("error is %v (%+v), want %q", err, authErr, tt.want)
				}
			})
		})
	}
}

func TestTokenLife(t *testing.T) {
	tests := map[string]struct {
		body  string
		after time.Duration // how long the first token is used
	}{
		"80 % of its life":       {`{"access_token":"t","expires_in":1000,"token_type":"Bearer"}`, 800 * time.Second},
		"as text":                {`{"access_token":"t","expires_in":"1000","token_type":"Bearer"}`, 800 * time.Second},
		"not said: five minutes": {`{"access_token":"t","token_type":"Bearer"}`, 240 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fetched := 0
				c := newTestClient(t, transport(func(r *http.Request) (*http.Response, error) {
					if r.URL.Host == "auth.test" {
						fetched++
						return reply(200, tt.body), nil
					}
					return reply(200, `{"data":[]}`), nil
				}))
				list := func(want int) {
					t.Helper()
					if _, err := c.Products.List(t.Context()); err != nil || fetched != want {
						t.Errorf("%v, %d fetched, want %d", err, fetched, want)
					}
				}
				list(1)
				time.Sleep(tt.after - time.Second)
				list(1)
				time.Sleep(time.Second)
				list(2)
			})
		})
	}
}

func TestTokenFetchEndsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		c := newTestClient(t, transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		_, err := c.Products.List(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		synctest.Wait() // a fetch that went on would keep the bubble from ending
	})
}

func TestNoTokenURL(t *testing.T) {
	o := testOptions(transport(func(*http.Request) (*http.Response, error) { return nil, errors.New("sent") }))
	o.TokenURL = ""
	if _, err := mustNew(t, o).Products.List(t.Context()); err == nil || !strings.Contains(err.Error(), "no token URL") {
		t.Errorf("error is %v", err)
	}
}
