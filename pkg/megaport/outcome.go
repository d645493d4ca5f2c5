package megaport

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// OrderOutcome says what became of an order. "Failed" is not among them, because
// it would not say whether money was spent.
type OrderOutcome int

// The outcomes of an order.
const (
	// OrderUnknown: the API may have taken the order. Never send it again; look
	// for the port.
	OrderUnknown OrderOutcome = iota
	// OrderBought: as many new UIDs came back as ports were ordered, each of the shape
	// that UIDs have.
	OrderBought
	// OrderRefused: the API said no, in its own words.
	OrderRefused
	// OrderNotSent: no byte of it was written.
	OrderNotSent
	// OrderNotProcessed: the API said that it turned the order away unread, because it
	// is too busy (429) or the token is not good (401). That is its word, not proof: an
	// answer like it was seen after an order had been taken. So the client does not
	// send the order again; whoever does looks first.
	OrderNotProcessed
)

// String is the outcome in a word or two.
func (o OrderOutcome) String() string {
	switch o {
	case OrderUnknown:
		return "unknown"
	case OrderBought:
		return "bought"
	case OrderRefused:
		return "refused"
	case OrderNotSent:
		return "not sent"
	case OrderNotProcessed:
		return "not processed"
	}
	return fmt.Sprintf("OrderOutcome(%d)", int(o))
}

// OrderError is an order that is not known to be bought as ordered.
type OrderError struct {
	// Name is the order's.
	Name string
	// Outcome says what that means.
	Outcome OrderOutcome
	// UIDs are those that the answer named, fewer or more than ordered, or odd ones.
	// They are candidates: the account has to show them.
	UIDs []string
	// TraceID is what Megaport's support asks for; empty when there was none.
	TraceID string
	// Status is the HTTP status; 0 when there was no answer.
	Status int
	// Err is the cause.
	Err error
}

// Error is one line: the order, its outcome, the UIDs and the cause.
func (e *OrderError) Error() string {
	head := fmt.Sprintf("order %q: ", e.Name)
	switch e.Outcome {
	case OrderUnknown:
		head += "the outcome is unknown, it may have been bought"
	default:
		head += e.Outcome.String()
	}
	if len(e.UIDs) > 0 {
		head += " (the answer names: " + printable(strings.Join(e.UIDs, ", "), maxText) + ")"
	}
	return head + ": " + e.Err.Error()
}

// HTTPStatus is the status, or 0.
func (e *OrderError) HTTPStatus() int { return e.Status }

// Trace is the trace id.
func (e *OrderError) Trace() string { return e.TraceID }

// Unwrap returns the cause.
func (e *OrderError) Unwrap() error { return e.Err }

// orderAnswer is what is known about an order's last attempt.
type orderAnswer struct {
	ordered, uids int    // ports ordered; distinct UIDs that came back, whatever case
	odd           bool   // more elements than UIDs, or one that is no UUID
	status        int    // 0 when there was no answer
	complete      bool   // a 2xx was read to its end and made sense
	fromAPI       bool   // the body of a non-2xx was the API's envelope
	text          string // what it said, in lower case
	unsent        bool   // proof that nothing was written
}

// answerOf gathers what classifyOrder decides by.
func answerOf(p Purchase, err error, ordered int) orderAnswer {
	a := orderAnswer{ordered: ordered, uids: len(p.UIDs), odd: p.odd, status: p.Status, complete: err == nil}
	var apiErr *Error
	var reqErr *RequestError
	var authErr *AuthError
	switch {
	case errors.As(err, &apiErr):
		a.status, a.fromAPI, a.text = apiErr.Status, apiErr.FromAPI, apiErr.text()
	case errors.As(err, &authErr):
		a.unsent = true // without a token no order leaves; what went before was a 401
	case errors.As(err, &reqErr):
		a.unsent = reqErr.NotSent
	}
	return a
}

// backEndTexts are what the API says when something behind it failed, at times
// with a 4xx. Then the order may have been taken in part (API facts §1.7,
// confidence A/C; the last four are a guess, D, on the safe side).
func backEndTexts() []string {
	return []string{"problem talking with", "rolled back", "got code 5", "timed out", "timeout", "unavailable", "internal server error"}
}

// isBackEnd looks for such a text; said is in lower case.
func isBackEnd(said string) bool {
	return slices.ContainsFunc(backEndTexts(), func(text string) bool { return strings.Contains(said, text) })
}

// classifyOrder decides an order's outcome. Whatever is not certainly one of the
// others is unknown: looking costs a minute, buying twice costs years. A refusal
// counts as the API's only in its whole envelope: should the API send some error
// without terms, which no published one lacks, the order is looked up for nothing,
// which is the cheaper mistake.
func classifyOrder(a orderAnswer) OrderOutcome {
	switch {
	case a.unsent:
		return OrderNotSent
	case a.status >= 200 && a.status <= 299:
		if a.complete && a.uids == a.ordered && !a.odd {
			return OrderBought
		}
		return OrderUnknown
	case a.status == http.StatusRequestTimeout || a.status < 400 || a.status > 499:
		return OrderUnknown
	case !a.fromAPI: // something in between answered; whether it passed the order on, who knows
		return OrderUnknown
	case isBackEnd(a.text):
		return OrderUnknown
	case a.status == http.StatusTooManyRequests || a.status == http.StatusUnauthorized:
		return OrderNotProcessed
	}
	return OrderRefused
}
