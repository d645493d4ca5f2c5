package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tokens makes and checks bearer tokens. They look like the real JWTs (API facts
// §1.2, confidence B) and carry all there is to know, so that a token outlives a
// restart. The signing key is public: it guards nothing but against confusion.
type tokens struct {
	credentials map[string]string
	boot        string // names this Server in its tokens

	mu      sync.Mutex
	issued  int
	revoked int  // tokens of this Server up to this number are refused
	foreign bool // and all of others, once anything was revoked
}

type claims struct {
	Issuer  string `json:"iss"`
	Boot    string `json:"boot"`
	Number  int    `json:"jti"`
	Expires int64  `json:"exp_ms"`
}

const tokenHeader = `{"alg":"HS256","typ":"JWT"}`

func signature(signed string) string {
	mac := hmac.New(sha256.New, []byte("portctl sandbox"))
	mac.Write([]byte(signed))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (t *tokens) issue(expires time.Time) (string, error) {
	t.mu.Lock()
	t.issued++
	c := claims{"portctl-sandbox", t.boot, t.issued, expires.UnixMilli()}
	t.mu.Unlock()
	payload, err := encode(c)
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding
	signed := b64.EncodeToString([]byte(tokenHeader)) + "." + b64.EncodeToString(payload)
	return signed + "." + signature(signed), nil
}

// good reports whether an Authorization header carries a valid token.
func (t *tokens) good(authorization string, now time.Time) bool {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	i := strings.LastIndexByte(token, '.')
	if i < 0 || !hmac.Equal([]byte(signature(token[:i])), []byte(token[i+1:])) {
		return false
	}
	_, encoded, _ := strings.Cut(token[:i], ".")
	payload, err := base64.RawURLEncoding.DecodeString(encoded)
	var c claims
	if err != nil || decode(payload, &c) != nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	revoked := t.foreign
	if c.Boot == t.boot {
		revoked = c.Number <= t.revoked
	}
	return now.UnixMilli() < c.Expires && !revoked
}

// revokeAll refuses every token issued so far.
func (t *tokens) revokeAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revoked, t.foreign = t.issued, true
}

func (t *tokens) accepts(key, secret string) bool {
	want, known := t.credentials[key]
	if t.credentials == nil {
		want, known = secret, true
	}
	return key != "" && secret != "" && known && hmac.Equal([]byte(want), []byte(secret))
}

// issueToken answers the token endpoint. grant_type may stand in the query, as
// the official clients send it, or in the form body, as documented; credentials
// may be Basic or in the form (API facts §1.2, confidence A, B and C).
func (s *Server) issueToken(c *call) reply {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return oauthError("invalid_request")
	}
	pick := func(name string) string {
		if v := form.Get(name); v != "" {
			return v
		}
		return c.query.Get(name)
	}
	if pick("grant_type") != "client_credentials" {
		return oauthError("unsupported_grant_type")
	}
	key, secret, basic := c.req.BasicAuth()
	if !basic {
		key, secret = form.Get("client_id"), form.Get("client_secret")
	}
	// RFC 6749 §2.3.1 form-encodes Basic credentials; not every client does.
	if !s.tokens.accepts(key, secret) && !s.tokens.accepts(unescape(key), unescape(secret)) {
		return oauthError("invalid_client")
	}
	lifetime := c.knobs.tokenLifetime()
	token, err := s.tokens.issue(s.now().Add(lifetime))
	if err != nil {
		return s.unavailable(err)
	}
	seconds := max(1, int(lifetime/time.Second))
	body := `{"access_token":"` + token + `","expires_in":` + strconv.Itoa(seconds) + `,"token_type":"Bearer"}`
	return rawReply(http.StatusOK, contentJSON, []byte(body))
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// oauthError answers as the identity provider behind the real one does (API facts
// §1.2, confidence D).
func oauthError(code string) reply {
	return rawReply(http.StatusBadRequest, contentJSON, []byte(`{"error":"`+code+`"}`))
}

// unauthorised is the literal answer to a bad, missing or expired token (API
// facts §1.7, confidence C).
func unauthorised() reply {
	return fail(http.StatusUnauthorized, "Bad session token - try logging in again.")
}
