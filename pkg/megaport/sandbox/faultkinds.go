package sandbox

import (
	"fmt"
	"maps"
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

	answer spoiler
	// order changes an order before it is carried out; nil changes nothing.
	order func(*Server, *call, *order)
}

// spoiler makes of the right answer, which is empty for a kind that does not commit,
// what the client is told.
type spoiler = func(*Server, *call, reply) reply

// Kinds that the code asks for by name.
const (
	kindRateLimited = "429"
	kindRefused     = "refused"
)

// What errors say is from reports of the real API (API facts §1.7, confidence C).
const (
	backEndText  = "Problem talking with network provisioning system, got code 500"
	rollbackText = "Transaction silently rolled back because it has been marked as rollback-only"
	brokenPort   = `{"productId":"none","productUid":17,"productName":["broken"],"productType":"megaport","provisioningStatus":"LIVE","createDate":"yesterday","portSpeed":"10G","virtual":false}`
	brokenRouter = `{"productId":"none","productUid":17,"productName":null,"productType":"MCR2","provisioningStatus":"LIVE","createDate":"yesterday","portSpeed":"2500","virtual":true,"resources":{"interface":[]}}`
)

var (
	buyOnly       = []string{classBuy}
	validateOnly  = []string{classValidate}
	loaOnly       = []string{classLOA}
	listingOnly   = []string{classProducts}
	locationsOnly = []string{classLocations}
	approvalsOnly = []string{classApprovals}
	// readOnly are the routes on which a client may take an empty answer for the truth.
	readOnly = []string{
		classLocations, classRegions, classMarket, classUsers, classManaged, classValidate, classProducts, classProduct,
		classTags, classCharges, classApprovals,
	}
)

// faultKinds is the table of faults; docs/sandbox.md and the help are made from it.
var faultKinds = []FaultKind{
	// The client is left without an answer.
	{Name: "commit-then-drop", Doc: "carry the request out, then close the connection without an answer", Commits: true, answer: always(reply{drop: true})},
	{Name: "drop", Doc: "close the connection without doing anything", answer: always(reply{drop: true})},
	{Name: kindRefused, Doc: "refuse the connection before a byte is written (in-process transport; over sockets like drop)", answer: always(reply{drop: true})},
	{Name: "hang", Doc: "do nothing and answer nothing until the client gives up", answer: always(reply{hang: true})},
	{Name: "hang-after-commit", Doc: "carry the request out, then answer nothing until the client gives up", Commits: true, answer: always(reply{hang: true})},
	{Name: "late", Doc: "carry the request out and answer rightly, but later by the option wait", Commits: true, answer: late},

	// An error, with nothing done or after all was done.
	{Name: "500", Doc: "answer 500 without doing anything", answer: says(500, "Internal Server Error")},
	{Name: "500-after-commit", Doc: "carry the request out, then answer 500", Commits: true, answer: says(500, "Internal Server Error")},
	{Name: "502", Doc: "answer 502 with an HTML page without doing anything", answer: always(html(502))},
	{Name: "502-after-commit", Doc: "carry the request out, then answer 502 with an HTML page", Commits: true, answer: always(html(502))},
	{Name: "503-html", Doc: "answer 503 with a maintenance page in HTML without doing anything", answer: always(html(503))},
	{Name: "504-after-commit", Doc: "carry the request out, then answer 504 with an HTML page", Commits: true, answer: always(html(504))},
	{Name: kindRateLimited, Doc: "answer 429 without doing anything (options wait and retry-after)", answer: tooManyRequests},
	{Name: "408", Doc: "answer 408 without doing anything", answer: says(408, "Request Timeout")},
	{Name: "403", Doc: "answer 403 without doing anything", answer: always(forbidden())},
	{Name: "401", Doc: "answer 401 once although the token is good", answer: always(unauthorised())},
	{Name: "token-expired", Doc: "let every token issued so far expire, and answer 401", answer: expireTokens},
	{Name: "404", Doc: "answer that the service cannot be found", answer: func(_ *Server, c *call, _ reply) reply { return notFound(c, c.params["uid"]) }},
	{Name: "backend-400", Doc: "answer 400 with the text of a back-end failure without doing anything", answer: says(400, backEndText)},
	{Name: "backend-400-after-commit", Doc: "carry the request out, then answer 400 with the text of a back-end failure", Commits: true, answer: says(400, backEndText)},
	{Name: "backend-500", Doc: "answer 500 with the text of a back-end failure without doing anything", answer: says(500, backEndText)},
	{Name: "rollback", Doc: "answer 500 with the text of a transaction that was rolled back, without doing anything", answer: says(500, rollbackText)},
	{Name: "redirect", Doc: "answer 307 to the same address without doing anything", answer: redirect},

	// Refusals that nothing was seen to give. The option body makes them a gateway's.
	{Name: "400", Doc: "answer 400 without doing anything", answer: says(400, "Bad request")},
	{Name: "405", Doc: "answer 405 without doing anything", answer: says(405, "Method not allowed")},
	{Name: "410", Doc: "answer 410 without doing anything", answer: says(410, "Gone")},
	{Name: "422", Doc: "answer 422 without doing anything", answer: says(422, "Validation failed")},
	{Name: "404-no-endpoint", Doc: "answer 404, that there is no such endpoint, without doing anything", answer: noEndpoint},
	{Name: "400-after-commit", Doc: "carry the request out, then answer 400 as if it had been refused", Commits: true, Lies: true, answer: says(400, "Validation failed")},
	{Name: "401-after-commit", Doc: "carry the request out, then answer 401 as if it had been refused", Commits: true, Lies: true, answer: always(unauthorised())},
	{Name: "403-after-commit", Doc: "carry the request out, then answer 403 as if it had been refused", Commits: true, Lies: true, answer: always(forbidden())},
	{Name: "404-after-commit", Doc: "carry the request out, then answer 404 as if it had been refused", Commits: true, Lies: true, answer: noEndpoint},
	{Name: "429-after-commit", Doc: "carry the request out, then answer 429 as if it had been refused", Commits: true, Lies: true, answer: tooManyRequests},

	// Success that says nothing.
	{Name: "empty-200-after-commit", Doc: "carry the request out, then answer 200 with an empty body", Commits: true, answer: always(rawReply(200, contentJSON, []byte{}))},
	{Name: "truncated-200-after-commit", Doc: "carry the request out, then close the connection in the middle of the answer", Commits: true, answer: truncated},
	{Name: "unreadable-200-after-commit", Doc: "carry the request out, then answer 200 with half a JSON document", Commits: true, answer: always(rawReply(200, contentJSON, []byte(`{"message":"MEGAPORT [`)))},
	{Name: "html-200-after-commit", Doc: "carry the request out, then answer 200 with an HTML page", Commits: true, answer: always(html(200))},
	{Name: "no-uids-after-commit", Doc: "carry the order out, then answer 200 with empty data", Routes: buyOnly, Commits: true, answer: uids(func(_ *call, items []object) []object { return items[:0] })},
	{Name: "fewer-uids-after-commit", Doc: "carry the order out, then answer 200 with one UID too few", Routes: buyOnly, Commits: true, answer: uids(func(_ *call, items []object) []object { return items[:len(items)-1] })},
	{Name: "204", Doc: "answer 204 without a body", Routes: readOnly, Lies: true, answer: always(rawReply(http.StatusNoContent, contentJSON, []byte{}))},
	{Name: "202-empty", Doc: "answer 202 with empty data", Routes: readOnly, Lies: true, answer: always(reply{status: 202, message: "accepted", data: []struct{}{}})},
	{Name: "null-data", Doc: "answer 200 with null for data", Routes: readOnly, Lies: true, answer: always(ok("ok", nullData))},
	{Name: "empty-data", Doc: "answer 200 with an empty array for data", Routes: readOnly, Lies: true, answer: always(ok("ok", []struct{}{}))},
	{Name: "object-data", Doc: "answer 200 with an object for data that holds an empty page", Routes: readOnly, Lies: true, answer: always(ok("ok", object{"content": []struct{}{}, "totalElements": 0}))},
	{Name: "slow-body", Doc: "carry the request out and answer rightly, the body in twenty pieces over the option wait", Commits: true, answer: slow},

	// The order is carried out, and other UIDs are named than were made.
	{Name: "other-uids-after-commit", Doc: "carry the order out, then answer with the UIDs of the latest other services, or with unknown ones", Routes: buyOnly, Commits: true, Lies: true, answer: eachUID(func(c *call, i int, _ string) string { return c.other(i) })},
	{Name: "more-uids-after-commit", Doc: "carry the order out, then answer with the UID of the latest other service as well, or with an unknown one", Routes: buyOnly, Commits: true, Lies: true, answer: uids(oneMore)},
	{Name: "unknown-uids-after-commit", Doc: "carry the order out, then answer with UIDs that nobody has", Routes: buyOnly, Commits: true, Lies: true, answer: eachUID(func(*call, int, string) string { return newUUID() })},
	{Name: "upper-uids-after-commit", Doc: "carry the order out, then answer with the UIDs in upper case", Routes: buyOnly, Commits: true, Lies: true, answer: eachUID(func(_ *call, _ int, uid string) string { return strings.ToUpper(uid) })},
	{Name: "reversed-uids-after-commit", Doc: "carry the order out, then answer with the UIDs in reverse", Routes: buyOnly, Commits: true, Lies: true, answer: uids(func(_ *call, items []object) []object {
		slices.Reverse(items)
		return items
	})},
	{Name: "double-uids-after-commit", Doc: "carry the order out, then answer with each UID twice", Routes: buyOnly, Commits: true, Lies: true, answer: uids(func(_ *call, items []object) []object { return append(items, items...) })},

	// Another order is carried out than the one that came, and the answer tells of it.
	{Name: "wrong-site", Doc: "make the service at another location that offers the speed", Routes: buyOnly, Commits: true, Lies: true, answer: right, order: moveAway},
	{Name: "partial-lag", Doc: "make only half of the ports of a LAG, at least one", Routes: buyOnly, Commits: true, Lies: true, answer: right, order: halve},
	{Name: "new-lag", Doc: "make a LAG of its own instead of letting one grow", Routes: buyOnly, Commits: true, Lies: true, answer: right, order: func(_ *Server, _ *call, o *order) { o.Aggregation = 0 }},
	{Name: "split-lag", Doc: "give the ports of a LAG two aggregation ids", Routes: buyOnly, Commits: true, Lies: true, answer: right, order: func(_ *Server, _ *call, o *order) { o.split = true }},
	{Name: "renamed", Doc: "make the service under another name, which ends in (1)", Routes: buyOnly, Commits: true, Lies: true, answer: right, order: func(_ *Server, _ *call, o *order) { o.ProductName += " (1)" }},
	{Name: "untagged", Doc: "make the service without its resource tags", Routes: buyOnly, Commits: true, Lies: true, answer: right, order: func(_ *Server, _ *call, o *order) { o.Tags = nil }},

	// Spoilt documents and rows.
	{Name: "loa-truncated", Doc: "answer 200 with the first half of the PDF, as if it were all", Routes: loaOnly, Commits: true, answer: halfDocument},
	{Name: "loa-html", Doc: "answer 200 with an HTML page instead of the PDF", Routes: loaOnly, answer: always(html(200))},
	{Name: "loa-json", Doc: "answer 200 with a JSON envelope instead of the PDF", Routes: loaOnly, answer: says(200, "LOA is being generated")},
	{Name: "undecodable-item", Doc: "add a port to the listing whose fields have the wrong types", Routes: listingOnly, Commits: true, answer: withRow(brokenPort)},
	{Name: "undecodable-router", Doc: "add a row of another product type to the listing whose fields have odd types", Routes: listingOnly, Commits: true, answer: withRow(brokenRouter)},
}

// FaultKinds lists all kinds of faults.
func FaultKinds() []FaultKind { return slices.Clone(faultKinds) }

func faultKind(name string) (FaultKind, bool) {
	i := slices.IndexFunc(faultKinds, func(k FaultKind) bool { return k.Name == name })
	if i < 0 {
		return FaultKind{}, false
	}
	return faultKinds[i], true
}

func (k FaultKind) fits(class string) bool {
	return len(k.Routes) == 0 || slices.Contains(k.Routes, class)
}

func always(r reply) spoiler { return func(*Server, *call, reply) reply { return r } }

func says(status int, text string) spoiler { return always(fail(status, "%s", text)) }

func right(_ *Server, _ *call, r reply) reply { return r }

func late(_ *Server, c *call, r reply) reply {
	r.delay = c.fault.wait()
	return r
}

func slow(_ *Server, c *call, r reply) reply {
	r.trickle = c.fault.wait()
	return r
}

func truncated(_ *Server, _ *call, r reply) reply {
	r.cut = true
	return r
}

func noEndpoint(_ *Server, c *call, _ reply) reply { return c.noEndpoint() }

func expireTokens(s *Server, _ *call, _ reply) reply {
	s.tokens.revokeAll()
	return unauthorised()
}

func redirect(_ *Server, c *call, _ reply) reply {
	return fail(http.StatusTemporaryRedirect, "Moved").withHeader("Location", c.req.URL.RequestURI())
}

// tooManyRequests answers 429 with Retry-After in one of its forms. The body of
// the real answer is not known (API facts §1.7, confidence D).
func tooManyRequests(s *Server, c *call, _ reply) reply {
	r := fail(http.StatusTooManyRequests, "Too many requests - slow down.").as(c.knobs.RateLimitBody)
	form := c.fault.RetryAfter
	if form == "" {
		form = c.knobs.RetryAfter
	}
	up := c.fault.wait() + time.Second - 1
	switch form {
	case "none":
		return r
	case "date":
		return r.withHeader("Retry-After", s.now().Add(up).UTC().Truncate(time.Second).Format(http.TimeFormat))
	default:
		return r.withHeader("Retry-After", strconv.Itoa(int(up/time.Second)))
	}
}

// uids changes the data of a buy that made something.
func uids(change func(*call, []object) []object) spoiler {
	return func(_ *Server, c *call, r reply) reply {
		if items, isBuy := r.data.([]object); isBuy && len(items) > 0 {
			r.data = change(c, slices.Clone(items))
		}
		return r
	}
}

func eachUID(change func(c *call, i int, uid string) string) spoiler {
	return uids(func(c *call, items []object) []object {
		for i, item := range items {
			items[i] = renamed(item, change(c, i, item["technicalServiceUid"].(string)))
		}
		return items
	})
}

func renamed(item object, uid string) object {
	item = maps.Clone(item)
	item["technicalServiceUid"] = uid
	return item
}

func oneMore(c *call, items []object) []object { return append(items, renamed(items[0], c.other(0))) }

// other gives the UID of the latest service but n that the call did not make.
func (c *call) other(n int) string {
	if n < len(c.others) {
		return c.others[n]
	}
	return newUUID()
}

// moveAway sends the order to the first other location that could take it.
func moveAway(s *Server, c *call, o *order) {
	for _, l := range s.locationsNow(c.knobs) {
		if l.ID != o.LocationID && l.Status == statusActive && slices.Contains(l.speeds(), o.PortSpeed) {
			o.LocationID, o.Config.DiversityZone = l.ID, ""
			return
		}
	}
}

func halve(_ *Server, _ *call, o *order) {
	if half := o.members() / 2; half > 0 {
		o.LAGPorts = &half
	}
}

func halfDocument(_ *Server, _ *call, r reply) reply {
	if r.status == http.StatusOK {
		r.raw = r.raw[:len(r.raw)/2]
	}
	return r
}

func withRow(row string) spoiler {
	return func(_ *Server, _ *call, r reply) reply {
		if rows, isListing := r.data.([]any); isListing {
			r.data = append(slices.Clone(rows), jsontext.Value(row))
		}
		return r
	}
}

// as gives an error the body of a gateway: "bare" is JSON without the API's envelope,
// "html" a page. Everything else is left as it is.
func (r reply) as(body string) reply {
	if body == "" || r.status < 400 {
		return r
	}
	out := html(r.status)
	if body == "bare" {
		out = rawReply(r.status, "application/json", fmt.Appendf(nil, `{"error":%q}`, http.StatusText(r.status)))
	}
	out.header, out.delay = r.header, r.delay
	return out
}

// html is a page as long as such pages are, so that a client that prints it whole is
// noticed.
func html(code int) reply {
	title := fmt.Sprintf("%d %s", code, http.StatusText(code))
	style := strings.Repeat("body { font-family: sans-serif; color: #333; }\n", 60)
	return rawReply(code, "text/html", fmt.Appendf(nil, "<!DOCTYPE html>\n<html><head><title>%s</title><style>\n%s</style></head>\n"+
		"<body><h1>%s</h1><p>Please try again later.</p></body></html>\n", title, style, title))
}
