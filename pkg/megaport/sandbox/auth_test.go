package sandbox

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// ask sends a token request as given.
func ask(t *testing.T, a *api, query, form, key, secret string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://sandbox.test/oauth2/token"+query, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if key != "" {
		req.SetBasicAuth(key, secret)
	}
	res, err := a.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{t, res.StatusCode, res.Header, b}
}

func TestTokenForms(t *testing.T) {
	a := start(t, Config{Credentials: map[string]string{"id": "s+e%c=t", "key": "secret"}, Knobs: Knobs{TokenLifetime: 300 * time.Second}})
	const grant = "grant_type=client_credentials"
	for name, c := range map[string]struct{ query, form, key, secret, refused string }{
		"body and Basic":            {form: grant, key: "id", secret: "s+e%c=t"},
		"query and Basic":           {query: "?" + grant, key: "id", secret: "s+e%c=t"},
		"Basic form-encoded":        {form: grant, key: "id", secret: "s%2Be%25c%3Dt"},
		"credentials in the form":   {form: grant + "&client_id=id&client_secret=s%2Be%25c%3Dt"},
		"wrong secret":              {form: grant, key: "id", secret: "other", refused: "invalid_client"},
		"unknown key":               {form: grant, key: "other", secret: "s+e%c=t", refused: "invalid_client"},
		"no credentials":            {form: grant, refused: "invalid_client"},
		"no grant type":             {key: "id", secret: "s+e%c=t", refused: "unsupported_grant_type"},
		"another grant type":        {form: "grant_type=password", key: "id", secret: "s+e%c=t", refused: "unsupported_grant_type"},
		"a body that is not a form": {form: "%zz", key: "id", secret: "s+e%c=t", refused: "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, a, c.query, c.form, c.key, c.secret)
			if c.refused != "" {
				got.want(400).wantJSON(`{"error":"` + c.refused + `"}`)
				return
			}
			m := got.want(200).object()
			if m["expires_in"] != 300.0 || m["token_type"] != "Bearer" || len(m) != 3 {
				t.Errorf("token reply %v", m)
			}
			if strings.Count(m["access_token"].(string), ".") != 2 {
				t.Errorf("access_token is no JWT: %v", m["access_token"])
			}
			a.token = m["access_token"].(string)
			a.get("/v2/products").want(200)
		})
	}
}

func TestAnyCredentialsByDefault(t *testing.T) {
	a := start(t, Config{})
	ask(t, a, "?grant_type=client_credentials", "", "whoever", "whatever").want(200)
	ask(t, a, "?grant_type=client_credentials", "", "whoever", "").want(400)
}

func TestTokenExpires(t *testing.T) {
	a := start(t, Config{Knobs: Knobs{TokenLifetime: time.Minute}})
	a.clock.advance(time.Minute - time.Millisecond)
	a.get("/v2/products").want(200)
	a.clock.advance(time.Millisecond)
	a.get("/v2/products").want(401)
	a.login()
	a.get("/v2/products").want(200)
}

func TestTokenMustBeOurs(t *testing.T) {
	a := start(t, Config{})
	parts := strings.Split(a.token, ".")
	for _, token := range []string{
		"", "x", "a.b.c", parts[0] + "." + parts[1] + ".", parts[0] + "." + parts[1] + "x." + parts[2],
	} {
		b := *a
		b.token = token
		b.get("/v2/products").want(401)
	}
	req, err := a.request("GET", "/v2/products", "")
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Basic "+a.token)
	res, err := a.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 401 {
		t.Errorf("status %d for a token under another scheme", res.StatusCode)
	}
}

func TestTokenOutlivesRestartButNotRevocation(t *testing.T) {
	a := start(t, Config{})
	b := start(t, Config{Now: a.clock.Now})
	b.token = a.token // as if the server had been started again
	b.get("/v2/products").want(200)
	b.do("POST", "/_sandbox/tokens/revoke", "").want(200)
	b.get("/v2/products").want(401)
	b.login()
	b.get("/v2/products").want(200)
}

// TestTokenPayload: a token outlives the version of the sandbox that issued it.
func TestTokenPayload(t *testing.T) {
	a := start(t, Config{NewUID: numbered()})
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(a.token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, string(payload), `{"iss":"portctl-sandbox","boot":"`+a.server.tokens.boot+`","jti":1,"exp_ms":1772370000000}`)
}
