package megaport

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"
)

// lockedBuilder collects what many goroutines write.
type lockedBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuilder) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// A whole run against a server that throws back every header it gets, in every
// place an error is made of: nothing that was written holds a secret.
func TestNothingSecretIsWritten(t *testing.T) {
	basic := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(testAccess) + ":" + url.QueryEscape(testSecret)))
	echoes := []func(said string) (*http.Response, error){
		func(said string) (*http.Response, error) { return reply(400, `{"message":`+quoted(t, said)+`}`), nil },
		func(said string) (*http.Response, error) {
			return reply(400, `{"message":"m","data":[{"error":`+quoted(t, said)+`},`+quoted(t, said)+`]}`), nil
		},
		func(said string) (*http.Response, error) {
			return reply(400, `{"message":"`+strings.ReplaceAll(said, "/", `\/`)+`","trace_id":`+quoted(t, said)+`}`), nil
		},
		func(said string) (*http.Response, error) {
			return reply(500, `<html><title>`+strings.Repeat("-", 70)+said+`</title>`), nil
		},
		func(said string) (*http.Response, error) { return reply(404, strings.Repeat("-", 390)+said), nil },
		func(said string) (*http.Response, error) {
			return reply(302, ``, "Location", "https://x.test/?"+said, "Trace-Id", said), nil
		},
		func(said string) (*http.Response, error) { return nil, fmt.Errorf("malformed HTTP response %q", said) },
		func(said string) (*http.Response, error) { return reply(200, said, "Trace-Id", said), nil },
		func(said string) (*http.Response, error) { return reply(200, `<title>`+said+`</title>`), nil },
		func(said string) (*http.Response, error) {
			return reply(200, `{"data":{"productType":`+quoted(t, said)+`}}`, "UOW", said), nil
		},
		func(said string) (*http.Response, error) {
			return reply(401, `{"message":`+quoted(t, said)+`}`, "Trace-Id", said), nil
		},
		func(said string) (*http.Response, error) {
			return reply(400, `{"error":"e","error_description":`+quoted(t, said)+`}`), nil
		},
	}
	var written lockedBuilder
	for i, echo := range echoes {
		for _, tokenFails := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				way := transport(func(r *http.Request) (*http.Response, error) {
					if r.URL.Path == "/oauth2/token" && !tokenFails {
						return reply(200, goodToken), nil
					}
					return echo(r.Header.Get("Authorization") + " " + testSecret + " " + testAccess)
				})
				o := testOptions(way)
				o.Logger = zerolog.New(&written).Level(zerolog.TraceLevel)
				c := mustNew(t, o)
				fmt.Fprintf(&written, "%v %+v %#v", c, c, o)
				for _, err := range everyCall(t, c) {
					fmt.Fprintf(&written, "echo %d: %v | %+v | %s | %q\n", i, err, err, err, err)
				}
			})
		}
	}
	text := written.b.String()
	for name, secret := range map[string]string{
		"secret key": testSecret, "escaped secret key": url.QueryEscape(testSecret), "access key": testAccess,
		"token": testToken, "half a token": testToken[:20], "Basic value": basic, "half a Basic value": basic[:20],
		"escaped token": strings.ReplaceAll(testSecret, "/", `\/`),
	} {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("the %s was written: %s", name, text[max(0, at-200):at+len(secret)])
		}
	}
	for _, expected := range []string{redacted, `"path":"/v2/products"`, `"path":"/oauth2/token"`, "HTTP 400"} {
		if !strings.Contains(text, expected) {
			t.Errorf("the run wrote nothing of %q, so it proves nothing", expected)
		}
	}
}

// everyCall makes one call of every kind and returns their errors.
func everyCall(t *testing.T, c *Client) []error {
	t.Helper()
	ctx := t.Context()
	_, locations := c.Locations.List(ctx)
	_, validate := c.Orders.Validate(ctx, testOrder())
	_, buy := c.Orders.Buy(ctx, testOrder())
	_, list := c.Products.List(ctx)
	_, get := c.Products.Get(ctx, testUID)
	_, tags := c.Products.Tags(ctx, testUID)
	_, charges := c.Products.CancellationCharges(ctx, testUID)
	_, loa := c.Products.LOA(ctx, testUID)
	_, approvals := c.Approvals.List(ctx)
	return []error{
		locations, validate, buy, list, get, tags, charges, loa, approvals,
		c.Products.Update(ctx, testUID, PortUpdate{}), c.Products.SetTags(ctx, testUID, nil),
		c.Products.Lock(ctx, testUID), c.Products.Unlock(ctx, testUID), c.Products.Cancel(ctx, testUID),
	}
}
