package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// FaultKind is one way for a request to go wrong.
type FaultKind struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
	// Routes are the route classes it is for; empty means all.
	Routes []string `json:"routes"`
	// Commits says that the request is carried out although the client may never
	// learn of it.
	Commits bool `json:"commits"`
	// Lies says that the answer, or what was carried out, is not what was asked for
	// and looks as if it were: no client can see that from the answer alone.
	Lies bool `json:"lies"`

	answer func(*Server, *call, reply) reply
	// order changes an order before it is carried out; nil changes nothing.
	order func(*purchase, *order)
}

// Kinds that the code asks for by name.
const (
	kindRateLimited = "429"
	kindRefused     = "refused"
)

// FaultKinds lists all kinds of faults.
func FaultKinds() []FaultKind {
	return slices.Concat(lostAnswerKinds(), refusalKinds(), refusedByAPIKinds(), spoiltAnswerKinds(), emptyAnswerKinds(),
		answerLieKinds(), orderLieKinds(), documentKinds(), listingKinds())
}

// lostAnswerKinds leave the client without an answer.
func lostAnswerKinds() []FaultKind {
	drop := func(*Server, *call, reply) reply { return reply{drop: true} }
	hang := func(*Server, *call, reply) reply { return reply{hang: true} }
	return []FaultKind{
		{Name: "commit-then-drop", Doc: "carry the request out, then close the connection without an answer", Commits: true, answer: drop},
		{Name: "drop", Doc: "close the connection without doing anything", answer: drop},
		{Name: kindRefused, Doc: "refuse the connection before a byte is written (in-process transport; over sockets like drop)", answer: drop},
		{Name: "hang", Doc: "do nothing and answer nothing until the client gives up", answer: hang},
		{Name: "hang-after-commit", Doc: "carry the request out, then answer nothing until the client gives up", Commits: true, answer: hang},
		{Name: "late", Doc: "carry the request out and answer rightly, but later by the option wait", Commits: true, answer: late},
	}
}

// refusalKinds answer with an error. What the texts say is from reports of the
// real API (API facts §1.7, confidence C).
func refusalKinds() []FaultKind {
	const backEnd = "Problem talking with network provisioning system, got code 500"
	const rollback = "Transaction silently rolled back because it has been marked as rollback-only"
	status := func(code int, text string) func(*Server, *call, reply) reply {
		return func(*Server, *call, reply) reply { return fail(code, "%s", text) }
	}
	html := func(code int) func(*Server, *call, reply) reply {
		return func(*Server, *call, reply) reply { return rawReply(code, "text/html", htmlPage(code)) }
	}
	return []FaultKind{
		{Name: "500", Doc: "answer 500 without doing anything", answer: status(500, "Internal Server Error")},
		{Name: "500-after-commit", Doc: "carry the request out, then answer 500", Commits: true, answer: status(500, "Internal Server Error")},
		{Name: "502", Doc: "answer 502 with an HTML page without doing anything", answer: html(502)},
		{Name: "502-after-commit", Doc: "carry the request out, then answer 502 with an HTML page", Commits: true, answer: html(502)},
		{Name: "503-html", Doc: "answer 503 with a maintenance page in HTML without doing anything", answer: html(503)},
		{Name: "504-after-commit", Doc: "carry the request out, then answer 504 with an HTML page", Commits: true, answer: html(504)},
		{Name: kindRateLimited, Doc: "answer 429 without doing anything (options wait and retry-after)", answer: tooManyRequests},
		{Name: "408", Doc: "answer 408 without doing anything", answer: status(408, "Request Timeout")},
		{Name: "403", Doc: "answer 403 without doing anything", answer: status(403, "You do not have permission to do this.")},
		{Name: "401", Doc: "answer 401 once although the token is good", answer: func(*Server, *call, reply) reply { return unauthorised() }},
		{Name: "token-expired", Doc: "let every token issued so far expire, and answer 401", answer: expireTokens},
		{Name: "404", Doc: "answer that the service can not be found", answer: spuriousNotFound},
		{Name: "backend-400", Doc: "answer 400 with the text of a back-end failure without doing anything", answer: status(400, backEnd)},
		{Name: "backend-400-after-commit", Doc: "carry the request out, then answer 400 with the text of a back-end failure", Commits: true, answer: status(400, backEnd)},
		{Name: "backend-500", Doc: "answer 500 with the text of a back-end failure without doing anything", answer: status(500, backEnd)},
		{Name: "rollback", Doc: "answer 500 with the text of a transaction that was rolled back, without doing anything", answer: status(500, rollback)},
		{Name: "redirect", Doc: "answer 307 to the same address without doing anything", answer: redirect},
	}
}

// spoiltAnswerKinds answer 200 with something that says nothing.
func spoiltAnswerKinds() []FaultKind {
	raw := func(body string) func(*Server, *call, reply) reply {
		return func(*Server, *call, reply) reply { return rawReply(http.StatusOK, contentJSON, []byte(body)) }
	}
	return []FaultKind{
		{Name: "empty-200-after-commit", Doc: "carry the request out, then answer 200 with an empty body", Commits: true, answer: raw("")},
		{Name: "truncated-200-after-commit", Doc: "carry the request out, then close the connection in the middle of the answer", Commits: true, answer: truncated},
		{Name: "unreadable-200-after-commit", Doc: "carry the request out, then answer 200 with half a JSON document", Commits: true, answer: raw(`{"message":"MEGAPORT [`)},
		{Name: "html-200-after-commit", Doc: "carry the request out, then answer 200 with an HTML page", Commits: true, answer: func(*Server, *call, reply) reply {
			return rawReply(http.StatusOK, "text/html", htmlPage(http.StatusOK))
		}},
		{Name: "no-uids-after-commit", Doc: "carry the order out, then answer 200 with empty data", Routes: []string{classBuy}, Commits: true, answer: fewerUIDs(0)},
		{Name: "fewer-uids-after-commit", Doc: "carry the order out, then answer 200 with one UID too few", Routes: []string{classBuy}, Commits: true, answer: fewerUIDs(-1)},
	}
}

// documentKinds spoil an LOA.
func documentKinds() []FaultKind {
	loa := []string{classLOA}
	return []FaultKind{
		{Name: "loa-truncated", Doc: "answer 200 with the first half of the PDF, as if it were all", Routes: loa, Commits: true, answer: halfDocument},
		{Name: "loa-html", Doc: "answer 200 with an HTML page instead of the PDF", Routes: loa, answer: func(*Server, *call, reply) reply {
			return rawReply(http.StatusOK, "text/html", htmlPage(http.StatusOK))
		}},
		{Name: "loa-json", Doc: "answer 200 with a JSON envelope instead of the PDF", Routes: loa, answer: func(*Server, *call, reply) reply {
			return ok("LOA is being generated", nil)
		}},
	}
}

// listingKinds add a row to the listing that can not be decoded.
func listingKinds() []FaultKind {
	return []FaultKind{
		{Name: "undecodable-item", Doc: "add a port to the listing whose fields have the wrong types", Routes: []string{classProducts}, Commits: true, answer: withRow(
			`{"productId":"none","productUid":17,"productName":["broken"],"productType":"megaport","provisioningStatus":"LIVE","createDate":"yesterday","portSpeed":"10G","virtual":false}`,
		)},
		{Name: "undecodable-router", Doc: "add a row of another product type to the listing whose fields have odd types", Routes: []string{classProducts}, Commits: true, answer: withRow(
			`{"productId":"none","productUid":17,"productName":null,"productType":"MCR2","provisioningStatus":"LIVE","createDate":"yesterday","portSpeed":"2500","virtual":true,"resources":{"interface":[]}}`,
		)},
	}
}

func kindNames() []string {
	var out []string
	for _, k := range FaultKinds() {
		out = append(out, k.Name)
	}
	return out
}

func faultKind(name string) (FaultKind, bool) {
	kinds := FaultKinds()
	i := slices.IndexFunc(kinds, func(k FaultKind) bool { return k.Name == name })
	if i < 0 {
		return FaultKind{}, false
	}
	return kinds[i], true
}

func (k FaultKind) fits(class string) bool {
	return len(k.Routes) == 0 || slices.Contains(k.Routes, class)
}

func (f *Fault) wait() time.Duration {
	if f.Wait == 0 {
		return time.Second
	}
	return f.Wait
}

func late(_ *Server, c *call, r reply) reply {
	r.delay = c.fault.wait()
	return r
}

func truncated(_ *Server, _ *call, r reply) reply {
	r.cut = true
	return r
}

// tooManyRequests answers 429 with Retry-After in one of its forms. The body of
// the real answer is not known (API facts §1.7, confidence D).
func tooManyRequests(s *Server, c *call, _ reply) reply {
	r := limitedBody(c.knobs.RateLimitBody)
	form := c.fault.RetryAfter
	if form == "" {
		form = c.knobs.RetryAfter
	}
	wait := c.fault.wait()
	switch form {
	case "none":
		return r
	case "date":
		at := s.now().Add(wait + time.Second - 1).UTC().Truncate(time.Second)
		return r.withHeader("Retry-After", at.Format(http.TimeFormat))
	default:
		seconds := int((wait + time.Second - 1) / time.Second)
		return r.withHeader("Retry-After", strconv.Itoa(seconds))
	}
}

func limitedBody(form string) reply {
	switch form {
	case bodyBare:
		return bare(http.StatusTooManyRequests)
	case bodyHTML:
		return rawReply(http.StatusTooManyRequests, "text/html", htmlPage(http.StatusTooManyRequests))
	}
	return fail(http.StatusTooManyRequests, "Too many requests - slow down.")
}

// bare answers with JSON that is not the API's envelope, as a gateway does.
func bare(code int) reply {
	return rawReply(code, "application/json", fmt.Appendf(nil, `{"error":%q}`, http.StatusText(code)))
}

func expireTokens(s *Server, _ *call, _ reply) reply {
	s.tokens.revokeAll()
	return unauthorised()
}

func spuriousNotFound(_ *Server, c *call, _ reply) reply {
	return notFound(c, c.params["uid"])
}

func redirect(_ *Server, c *call, _ reply) reply {
	return fail(http.StatusTemporaryRedirect, "Moved").withHeader("Location", c.req.URL.RequestURI())
}

// fewerUIDs keeps n elements of the data of a buy, or all but -n.
func fewerUIDs(n int) func(*Server, *call, reply) reply {
	return func(_ *Server, _ *call, r reply) reply {
		if items, isBuy := r.data.([]wireService); isBuy {
			keep := n
			if n < 0 {
				keep = max(0, len(items)+n)
			}
			r.data = items[:keep]
		}
		return r
	}
}

func halfDocument(_ *Server, _ *call, r reply) reply {
	if r.status == http.StatusOK {
		r.raw = r.raw[:len(r.raw)/2]
	}
	return r
}

func withRow(row string) func(*Server, *call, reply) reply {
	return func(_ *Server, _ *call, r reply) reply {
		if rows, isListing := r.data.([]any); isListing {
			r.data = append(slices.Clone(rows), jsontext.Value(row))
		}
		return r
	}
}

// htmlPage is as long as such pages are, so that a client that prints it whole is
// noticed.
func htmlPage(code int) []byte {
	title := fmt.Sprintf("%d %s", code, http.StatusText(code))
	style := strings.Repeat("body { font-family: sans-serif; color: #333; }\n", 60)
	return fmt.Appendf(nil, "<!DOCTYPE html>\n<html><head><title>%s</title><style>\n%s</style></head>\n<body><h1>%s</h1><p>Please try again later.</p></body></html>\n", title, style, title)
}
