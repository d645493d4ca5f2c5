package megaport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Error is an answer of the API, or of something before it, that is not a 2xx.
type Error struct {
	// Method and Path are the call's; Path is without the query.
	Method, Path string
	// Status is the HTTP status.
	Status int
	// Message is the envelope's message; for an answer that is not the API's, a
	// summary of it. It is printable and of bounded length.
	Message string
	// Reasons are the envelope's data, flattened; nil when there is none (API
	// facts §1.7: it may be missing, a text, a list or a map).
	Reasons []string
	// TraceID is what Megaport's support asks for; empty when there was none.
	TraceID string
	// RetryAfter is the wait that was asked for; 0 when none was.
	RetryAfter time.Duration
	// FromAPI is true when the body was the API's envelope as it is published: a JSON
	// object with message and terms, both texts (API facts §1.6, confidence A/B). All
	// published errors have both (§1.7). A proxy's page is not the API's word, and
	// neither is a gateway's {"message": ...}.
	FromAPI bool
}

// HTTPStatus is the status, for callers that know only this interface.
func (e *Error) HTTPStatus() int { return e.Status }

// Trace is the trace id, for callers that know only this interface.
func (e *Error) Trace() string { return e.TraceID }

// Envelope says whether the API itself answered, for callers that know only this
// interface.
func (e *Error) Envelope() bool { return e.FromAPI }

// Error is one line: the call, the status, the message, reasons and trace id.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: HTTP %d", e.Method, e.Path, e.Status)
	if text := http.StatusText(e.Status); text != "" && e.Message == "" {
		b.WriteString(" " + text)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if len(e.Reasons) > 0 {
		b.WriteString(": " + strings.Join(e.Reasons, "; "))
	}
	if e.TraceID != "" {
		b.WriteString(" (trace " + e.TraceID + ")")
	}
	return b.String()
}

// text is everything the answer said, for looking for known phrases.
func (e *Error) text() string {
	return strings.ToLower(e.Message + "\n" + strings.Join(e.Reasons, "\n"))
}

// RequestError is a request without a complete answer.
type RequestError struct {
	// Method and Path are the call's; Path is without the query.
	Method, Path string
	// NotSent is true on proof that no byte of the request was written: the API
	// has not seen it. False means that it may have.
	NotSent bool
	// Timeout is true when a deadline passed.
	Timeout bool
	// Queued is true when the caller gave up while the request waited for the budget.
	Queued bool
	// Status is that of an answer whose body broke off; 0 when none began.
	Status int
	// TraceID is that of an answer whose body broke off.
	TraceID string
	// Err is the cause.
	Err error

	text string // the cause's text without secrets; empty means Err's own
}

// Error is one line that says whether the request was sent.
func (e *RequestError) Error() string {
	what := "no answer"
	switch {
	case e.NotSent:
		what = "not sent"
	case e.Status != 0:
		what = fmt.Sprintf("HTTP %d, incomplete answer", e.Status)
	}
	text := e.text
	if text == "" {
		text = printable(e.Err.Error(), maxText)
	}
	return fmt.Sprintf("%s %s: %s: %s", e.Method, e.Path, what, text)
}

// HTTPStatus is the status of an answer that broke off, or 0.
func (e *RequestError) HTTPStatus() int { return e.Status }

// Trace is the trace id of an answer that broke off.
func (e *RequestError) Trace() string { return e.TraceID }

// Unwrap returns the cause.
func (e *RequestError) Unwrap() error { return e.Err }

// newRequestError also puts a context's cause in the place of the bare
// "context deadline exceeded", which says nothing about whose deadline it was.
func newRequestError(ctx context.Context, a *attempt, secrets redactor, err error) error {
	var already *RequestError
	if errors.As(err, &already) {
		return already
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	var netErr net.Error
	return &RequestError{
		Method: a.method, Path: a.path, Err: err,
		NotSent: a.status == 0 && a.conn.unsent(),
		Timeout: errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netErr) && netErr.Timeout(),
		Status:  a.status, TraceID: a.traceID,
		text: printable(secrets(err.Error()), maxText),
	}
}

// notSent is the error of a step that failed before any request was made.
func notSent(ctx context.Context, a *attempt, doing string) error {
	cause := context.Cause(ctx)
	if cause == nil {
		cause = context.DeadlineExceeded // the limiter foresees that the deadline cannot be kept
	}
	return &RequestError{
		Method: a.method, Path: a.path, NotSent: true,
		Timeout: errors.Is(cause, context.DeadlineExceeded), Queued: doing == waitsForBudget,
		Err: fmt.Errorf("%s: %w", doing, cause),
	}
}

// InQueue is Queued, for those who know only the interface.
func (e *RequestError) InQueue() bool { return e.Queued }

// DecodeError is a 2xx answer that does not say what it should.
type DecodeError struct {
	// Method and Path are the call's; Path is without the query.
	Method, Path string
	// Status is the HTTP status, one of 200 to 299.
	Status int
	// TraceID is what Megaport's support asks for; empty when there was none.
	TraceID string
	// Err says what is wrong with it.
	Err error

	text string
}

// Error is one line: the call and what is wrong with its answer.
func (e *DecodeError) Error() string {
	s := fmt.Sprintf("%s %s: unusable answer (HTTP %d): %s", e.Method, e.Path, e.Status, e.text)
	if e.TraceID != "" {
		s += " (trace " + e.TraceID + ")"
	}
	return s
}

// HTTPStatus is the status.
func (e *DecodeError) HTTPStatus() int { return e.Status }

// Trace is the trace id.
func (e *DecodeError) Trace() string { return e.TraceID }

// Unwrap returns what is wrong with the answer.
func (e *DecodeError) Unwrap() error { return e.Err }

func newDecodeError(a *attempt, secrets redactor, contentType string, head []byte, err error) error {
	text := printable(secrets(err.Error()), maxText)
	if page, ok := describePage(contentType, []byte(secrets(string(head)))); ok {
		text = "it is " + page + ", not the API's JSON; is the address right, is there a proxy in between?"
	}
	return &DecodeError{Method: a.method, Path: a.path, Status: a.status, TraceID: a.traceID, Err: err, text: text}
}

// traceID reads today's header and its predecessor (API facts §1.5).
func traceID(h http.Header, secrets redactor) string {
	id := h.Get("Trace-Id")
	if id == "" {
		id = h.Get("UOW")
	}
	return checkTraceID(secrets(id))
}

// checkTraceID passes what looks like a trace id, hexadecimal or a UUID so far;
// anything else could not be looked up by anyone.
func checkTraceID(id string) string {
	for _, r := range id {
		if r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return ""
		}
	}
	if len(id) > 64 {
		return ""
	}
	return id
}

// readError makes an *Error of an answer. It never fails: an answer that is not
// the API's is summarised.
func readError(a *attempt, secrets redactor, resp *http.Response) *Error {
	e := &Error{Method: a.method, Path: a.path, Status: resp.StatusCode, TraceID: a.traceID}
	if wait, ok := parseRetryAfter(resp.Header.Get("Retry-After"), time.Now()); ok {
		e.RetryAfter = wait
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, limitError))
	// Secrets go before anything is cut short, lest half of one remain; and once
	// more below, where JSON's escapes are undone.
	if id := decodeError(e, resp.Header.Get("Content-Type"), []byte(secrets(string(body)))); id != "" {
		e.TraceID = checkTraceID(secrets(id))
	}
	if to := resp.Header.Get("Location"); to != "" && resp.StatusCode/100 == 3 {
		e.FromAPI = false
		e.Message = "redirected to " + to + ", which is not followed; is the base URL right?"
	}
	e.Message = printable(secrets(e.Message), maxText)
	for i, reason := range e.Reasons {
		e.Reasons[i] = printable(secrets(reason), maxText)
	}
	return e
}

// wireError is the envelope of an error. Its data has no fixed type.
type wireError struct {
	Message *string        `json:"message"`
	Terms   jsontext.Value `json:"terms"`
	Data    jsontext.Value `json:"data"`
	TraceID *string        `json:"trace_id"`
}

// decodeError fills in what a body says and returns the body's own trace id,
// which goes before the header's, as in the official SDK (API facts §1.7,
// confidence A). The envelope is recognised by its message and terms.
func decodeError(e *Error, contentType string, body []byte) (bodyTraceID string) {
	var w wireError
	err := json.Unmarshal(body, &w, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil || w.Message == nil {
		e.Message = describeBody(contentType, body)
		return ""
	}
	e.FromAPI = w.Terms.Kind() == '"'
	e.Message = *w.Message
	e.Reasons = flatten(w.Data)
	if w.TraceID == nil {
		return ""
	}
	return *w.TraceID
}

// describeBody says in a few words what a body is that is not the API's.
func describeBody(contentType string, body []byte) string {
	if len(body) == 0 {
		return ""
	}
	if page, ok := describePage(contentType, body); ok {
		return page
	}
	if v := jsontext.Value(body); v.IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		return strings.Join(flatten(v), "; ")
	}
	return string(body)
}

// describePage recognises HTML and gives its title, the one part worth reading.
func describePage(contentType string, body []byte) (string, bool) {
	kind, _, _ := mime.ParseMediaType(contentType)
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if kind != "text/html" && !bytes.HasPrefix(body, []byte("<")) {
		return "", false
	}
	_, rest, opened := cutTag(body, "<title>")
	title, _, closed := cutTag(rest, "</title>")
	if !opened || !closed {
		return "an HTML page", true
	}
	return fmt.Sprintf("an HTML page titled %q", printable(string(title), 80)), true
}

// cutTag is bytes.Cut that takes a tag in either case.
func cutTag(body []byte, tag string) (before, after []byte, found bool) {
	for i := 0; i+len(tag) <= len(body); i++ {
		if body[i] == '<' && strings.EqualFold(string(body[i:i+len(tag)]), tag) {
			return body[:i], body[i+len(tag):], true
		}
	}
	return body, nil, false
}

// IsNotFound reports whether the API said that there is no such product: 404
// today, 400 with the same text formerly (API facts §1.7, confidence A). A 404
// that is not the API's own, or that is about a route, does not count.
func IsNotFound(err error) bool {
	var e *Error
	if !errors.As(err, &e) || !e.FromAPI {
		return false
	}
	if strings.Contains(e.text(), "could not find a service with uid") {
		return e.Status == http.StatusNotFound || e.Status == http.StatusBadRequest
	}
	return e.Status == http.StatusNotFound && !isNoRoute(err)
}

// IsFeatureAbsent reports whether the API itself said that the account has none of
// what was asked for: it may not (403), or there is no such thing (404).
func IsFeatureAbsent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.FromAPI && (e.Status == http.StatusForbidden || e.Status == http.StatusNotFound)
}

// IsRateLimited reports whether the API answered 429 to the last.
func IsRateLimited(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusTooManyRequests
}

// IsVXCsAttached reports whether a cancellation was refused because VXCs end on
// the port (API facts §1.7, confidence A).
func IsVXCsAttached(err error) bool {
	var e *Error
	return errors.As(err, &e) && strings.Contains(e.text(), "has active vxcs associated with it")
}

// isNoRoute reports whether the API said that it has no such route, or does not
// take the method there: 404 with a text about the route (API facts §1.7,
// confidence C), 405 (C), 410 (D). A 404 about something else, such as a LAG, is a
// refusal. Of the published errors this is the one whose terms were not copied with
// it: without them the other form of an order is not tried, and the order is looked
// up instead.
func isNoRoute(err error) bool {
	var e *Error
	if !errors.As(err, &e) || !e.FromAPI || isBackEnd(e.text()) {
		return false
	}
	switch e.Status {
	case http.StatusMethodNotAllowed, http.StatusGone:
		return true
	case http.StatusNotFound:
		said := strings.ToLower(strings.Trim(e.Message, " ."))
		return strings.HasPrefix(said, "no endpoint") || strings.Contains(said, "/networkdesign/") || said == "not found"
	}
	return false
}
