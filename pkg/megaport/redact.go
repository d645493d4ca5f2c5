package megaport

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

// redactor takes known secrets out of a text before it becomes part of an error
// or a log line. Servers, and proxies above all, sometimes echo what they got.
type redactor func(text string) string

// shortestSecret keeps a toy key of the sandbox, such as "x", from being cut out
// of every word.
const shortestSecret = 4

// newRedactor knows the secret key, the Basic header value in both spellings,
// and every access token of this client's life. It is a closure so that printing
// a client cannot print them.
func newRedactor(c Credentials, tokens *tokens) redactor {
	fixed := []string{}
	if secret := c.SecretKey.Reveal(); len(secret) >= shortestSecret {
		fixed = append(
			fixed,
			base64.StdEncoding.EncodeToString([]byte(c.AccessKey+":"+secret)),
			secret,
			strings.ReplaceAll(secret, "/", `\/`),
			url.QueryEscape(secret),
			base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.AccessKey)+":"+url.QueryEscape(secret))),
		)
	}
	if len(c.AccessKey) >= shortestSecret {
		fixed = append(fixed, c.AccessKey)
	}
	return func(text string) string {
		for _, s := range slices.Concat(fixed, tokens.issued()) {
			text = strings.ReplaceAll(text, s, redacted)
		}
		return text
	}
}
