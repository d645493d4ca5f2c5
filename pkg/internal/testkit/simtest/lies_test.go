package simtest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

// lie is one way for the answer to an order, or the order itself, to be spoilt
// between the program and the API.
type lie struct {
	What string
	// Nth is the first order that it befalls, from 1, and Times how many.
	Nth, Times int
}

// lieKinds are the lies about orders: the first befall the answer to an order that
// was carried out, the last ones what the API is made to believe.
func lieKinds() []string {
	return []string{
		"other-uid", "old-uid", "more-uids", "stray-uid", "upper-uids",
		"429-after", "429-html-after", "401-after", "401-html-after", "403-html-after", "404-html-after", "400-html-after",
		"429-html", "401-html",
		"wrong-site", "new-lag", "partial-lag",
	}
}

// traits are what the API does to everybody all the time.
type traits struct {
	// Names is how the API shows names: "" as they are, amp, upper, cut or squeeze.
	Names string
	// NoTags shows no resource tags.
	NoTags bool
	// UpperUIDs spells UIDs in upper case in all reads.
	UpperUIDs bool
	// Clock is how far the API's clock is ahead.
	Clock time.Duration
	// Aggregation is how the aggregationId of a member reads for Unsettled after
	// the order: "" rightly, null, zero or other.
	Aggregation string
	// SiteLate shows another location for Unsettled after the order.
	SiteLate  bool
	Unsettled time.Duration
	// Approvals is how the endpoint of the approvals behaves: "" well, or flapping.
	Approvals string
	// Forgets drops services 30 days after their end (API facts §4.1).
	Forgets bool
}

// liar stands between all processes and the sandbox. What it tells is drawn from
// its seed; what really happened is known to the sandbox alone.
type liar struct {
	inner  http.RoundTripper
	lies   []lie
	traits traits
	honest atomic.Bool // lies are over, traits go on
	// cancels is asked about every cancellation before it is let through.
	cancels func(uid string) error
	// deny allows the answer "there are no approvals" although the company approves
	// orders.
	deny func() bool

	mu     sync.Mutex
	random *rand.Rand
	orders int
	told   int      // lies told
	uids   []string // of all orders that were carried out, the oldest first
	vxcs   map[string]bool
}

func newLiar(inner http.RoundTripper, lies []lie, t traits, seed uint64) *liar {
	return &liar{
		inner: inner, lies: lies, traits: t, random: rand.New(rand.NewPCG(seed, 11)),
		vxcs:    map[string]bool{},
		cancels: func(string) error { return nil }, deny: func() bool { return false },
	}
}

const gatewayPage = "<!DOCTYPE html><html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>"

// answer makes an answer to a request.
func answerTo(req *http.Request, status int, contentType, body string) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {contentType}}, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}
}

func page(req *http.Request, status int) *http.Response {
	return answerTo(req, status, "text/html", gatewayPage)
}

func envelope(req *http.Request, status int, message string) *http.Response {
	return answerTo(req, status, "application/json;charset=UTF-8", fmt.Sprintf(`{"message":%q,"terms":"This data is subject to the Acceptable Use Policy"}`, message))
}

// RoundTrip is roundTrip for a client whose clock is right.
func (l *liar) RoundTrip(req *http.Request) (*http.Response, error) { return l.roundTrip(req, 0) }

// roundTrip passes a request on and lies about it. The client's clock is ahead by
// fast, so that to it all of the API's dates seem older.
func (l *liar) roundTrip(req *http.Request, fast time.Duration) (*http.Response, error) {
	req = req.Clone(req.Context())
	path := req.URL.Path
	switch {
	case strings.HasSuffix(path, "/networkdesign/buy"):
		return l.buy(req)
	case path == "/v3/order_approvals" && l.traits.Approvals == "flapping" && !l.honest.Load():
		if a := l.flap(req); a != nil {
			drain(req)
			return a, nil
		}
	case strings.HasPrefix(path, "/v2/product/"), strings.HasPrefix(path, "/v3/product/"):
		if parts := strings.Split(path, "/"); len(parts) > 3 {
			for i := range parts {
				if len(parts[i]) == 36 {
					parts[i] = strings.ToLower(parts[i])
				}
			}
			req.URL.Path = strings.Join(parts, "/")
		}
		if a, err := l.cancel(req); a != nil || err != nil {
			return a, err
		}
	}
	a, err := l.inner.RoundTrip(req)
	if err != nil || req.Method != http.MethodGet {
		return a, err
	}
	return l.read(req, a, fast)
}

func drain(req *http.Request) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
}

// next counts an order and says which lie befalls it.
func (l *liar) next() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.orders++
	if l.honest.Load() {
		return ""
	}
	for _, x := range l.lies {
		if l.orders >= x.Nth && l.orders < x.Nth+x.Times {
			l.told++
			return x.What
		}
	}
	return ""
}

// buy passes an order on, or not, and tells of it what it likes.
func (l *liar) buy(req *http.Request) (*http.Response, error) {
	what := l.next()
	switch what {
	case "429-html":
		drain(req)
		return page(req, http.StatusTooManyRequests), nil
	case "401-html":
		drain(req)
		return page(req, http.StatusUnauthorized), nil
	}
	if err := misplace(req, what); err != nil {
		return nil, err
	}
	a, err := l.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(a.Body)
	_ = a.Body.Close()
	if err != nil || a.StatusCode != http.StatusOK {
		a.Body = broken{bytes.NewReader(body), err}
		return a, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tell(req, a, what, body), nil
}

// broken is a body that ends with an error.
type broken struct {
	io.Reader
	err error
}

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF && b.err != nil {
		err = b.err
	}
	return n, err
}

func (broken) Close() error { return nil }

// misplace changes what the API is asked for.
func misplace(req *http.Request, what string) error {
	if !slices.Contains([]string{"wrong-site", "new-lag", "partial-lag"}, what) || req.Body == nil {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return err
	}
	var design any
	if err := json.Unmarshal(body, &design); err != nil {
		return err
	}
	orders, _ := design.([]any)
	if whole, isV4 := design.(map[string]any); isV4 {
		orders, _ = whole["networkDesign"].([]any)
	}
	for _, o := range orders {
		order, _ := o.(map[string]any)
		count, _ := order["lagPortCount"].(float64)
		switch {
		case what == "wrong-site":
			order["locationId"] = otherSite(order["locationId"])
			order["market"] = ""
		case what == "partial-lag" && count > 1:
			order["lagPortCount"] = count - 1
		case what == "new-lag" && order["aggregationId"] != nil:
			delete(order, "aggregationId")
			delete(order, "lagId")
		}
	}
	if body, err = json.Marshal(design); err != nil {
		return err
	}
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return nil
}

func otherSite(id any) any {
	if id == float64(89) {
		return float64(2)
	}
	return float64(89)
}

// tell answers an order that was carried out.
func (l *liar) tell(req *http.Request, a *http.Response, what string, body []byte) *http.Response {
	uids := orderedUIDs(body)
	earlier := slices.Clone(l.uids)
	l.uids = append(l.uids, uids...)
	replace := func(by func(i int, uid string) string) *http.Response {
		text := string(body)
		for i, u := range uids {
			text = strings.ReplaceAll(text, u, by(i, u))
		}
		return withBody(a, []byte(text))
	}
	status, _ := strconv.Atoi(strings.SplitN(what, "-", 2)[0])
	switch {
	case strings.HasSuffix(what, "-html-after"):
		return page(req, status)
	case strings.HasSuffix(what, "-after"):
		return envelope(req, status, "Too many requests - slow down.")
	case what == "stray-uid":
		return replace(func(int, string) string { return uuid.NewString() })
	case what == "upper-uids":
		return replace(func(_ int, u string) string { return strings.ToUpper(u) })
	case what == "other-uid" && len(earlier) >= len(uids):
		return replace(func(i int, _ string) string { return earlier[len(earlier)-1-i] })
	case what == "old-uid" && len(earlier) > 0:
		return replace(func(i int, u string) string {
			if i < len(earlier) {
				return earlier[i]
			}
			return u
		})
	case what == "more-uids":
		extra := uuid.NewString()
		if len(earlier) > 0 {
			extra = earlier[l.random.IntN(len(earlier))]
		}
		return withBody(a, bytes.Replace(body, []byte(`"data":[`), fmt.Appendf(nil, `"data":[{"technicalServiceUid":%q,"serviceName":"more"},`, extra), 1))
	}
	return withBody(a, body)
}

// orderedUIDs are the UIDs that an answer names.
func orderedUIDs(body []byte) []string {
	var answer struct {
		Data []struct {
			UID string `json:"technicalServiceUid"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	var out []string
	for _, d := range answer.Data {
		out = append(out, d.UID)
	}
	return out
}

func withBody(a *http.Response, body []byte) *http.Response {
	a.Body, a.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	a.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return a
}

// flap answers for the approvals; nil lets the API do that.
func (l *liar) flap(req *http.Request) *http.Response {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := func(status int, body string) *http.Response {
		return answerTo(req, status, "application/json;charset=UTF-8", body)
	}
	n := 11
	if l.deny() {
		n = 13
	}
	switch l.random.IntN(n) {
	case 0:
		return page(req, http.StatusNotFound)
	case 1:
		return page(req, http.StatusForbidden)
	case 2:
		return envelope(req, http.StatusInternalServerError, "Internal Server Error")
	case 3:
		return text(http.StatusOK, `{"message":"ok","terms":"","data":null}`)
	case 4:
		return text(http.StatusOK, `{"message":"ok","terms":"","data":{"content":[],"totalElements":0}}`)
	case 5:
		return envelope(req, http.StatusBadRequest, "Order approvals are not enabled for this company")
	case 6:
		return envelope(req, http.StatusMethodNotAllowed, "Method not allowed")
	case 7:
		return text(http.StatusNoContent, "")
	case 11:
		return envelope(req, http.StatusNotFound, "No endpoint GET /v3/order_approvals")
	case 12:
		return envelope(req, http.StatusForbidden, "You do not have permission to do this.")
	}
	return nil
}

// cancel refuses to end a port that has VXCs, as the API does when it is asked to
// be safe, and lets the judge look at every other cancellation.
func (l *liar) cancel(req *http.Request) (*http.Response, error) {
	uid, is := strings.CutSuffix(strings.TrimPrefix(req.URL.Path, "/v3/product/"), "/action/CANCEL_NOW")
	if !is || req.Method != http.MethodPost {
		return nil, nil
	}
	l.mu.Lock()
	vxc := l.vxcs[uid]
	l.mu.Unlock()
	if vxc {
		drain(req)
		return envelope(req, http.StatusBadRequest, "Service "+uid+" has active VXCs associated with it."), nil
	}
	return nil, l.cancels(uid)
}
