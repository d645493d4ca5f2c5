package megaport

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The limits of repetition.
const (
	maxTries     = 5 // attempts when the network or a back end is in trouble
	firstBackoff = time.Second
	maxBackoff   = 30 * time.Second
	// patience is how long a call is repeated because the API says that it is busy
	// (429). The published limit is 500 requests in 5 minutes (API facts §8.1,
	// confidence B), and nothing says that it sends a Retry-After: twice that time
	// outlives it, even when others share the address.
	patience = 10 * time.Minute
	// patienceAside is for how long a side question is repeated (see timeoutAside),
	// from its beginning.
	patienceAside = 10 * time.Second
)

// attemptFacts are what a decision about a failed attempt rests on.
type attemptFacts struct {
	// number is how many attempts were made, this one included.
	number int
	// status is the HTTP status; 0 when there was no answer.
	status int
	// retryAfter is the wait that was asked for; 0 when none was.
	retryAfter time.Duration
	// unsent is proof that no byte of the request was written.
	unsent bool
	// broken is true when no complete answer came: a network error, a timeout, a
	// body that broke off.
	broken bool
	// final is true when a repetition cannot help: the caller gave up, the
	// credentials are refused, the answer makes no sense.
	final bool
	// waited is for how long the call has been repeated, took how long it is since it
	// was begun.
	waited, took time.Duration
	// patience is for how long the call may be repeated from its beginning, other than
	// after 429; 0 sets no limit but the number of attempts.
	patience time.Duration
	// jitter is a number of [0,1).
	jitter float64
}

// decision is whether to try again, when, and why.
type decision struct {
	again bool
	wait  time.Duration
	why   string
}

// retryDecision is the whole policy of repetition. It is a pure function, so that
// its table test can state a reason for every line.
func retryDecision(c class, f attemptFacts) decision {
	switch {
	case f.final:
		return decision{why: "a repetition cannot help"}
	case f.unsent:
		return f.again(maxTries, "nothing was written")
	case c == classOrder:
		return decision{why: "the order may have been processed"}
	case f.status == http.StatusTooManyRequests:
		f.took, f.patience = f.waited, patience
		return f.again(math.MaxInt, "429: the API is busy, and the call is repeatable")
	case c == classCancel:
		return decision{why: "the product must be looked at first"}
	case f.broken:
		return f.again(maxTries, "no complete answer, and the call is repeatable")
	case f.status == http.StatusBadGateway, f.status == http.StatusServiceUnavailable, f.status == http.StatusGatewayTimeout:
		return f.again(maxTries, "a temporary server error, and the call is repeatable")
	default:
		return decision{why: "the answer is final"}
	}
}

func (f attemptFacts) again(tries int, why string) decision {
	wait := f.backoff()
	switch {
	case f.number >= tries:
		return decision{why: why + ", but all attempts are used up"}
	case f.patience > 0 && f.took+wait > f.patience:
		return decision{why: why + ", but no time is left"}
	}
	return decision{again: true, wait: wait, why: why}
}

// backoff doubles from one second. What the server asks for goes before it. The
// jitter lets those that failed together not come back together.
func (f attemptFacts) backoff() time.Duration {
	wait := firstBackoff << min(f.number-1, 10)
	if wait > maxBackoff || wait <= 0 {
		wait = maxBackoff
	}
	if f.retryAfter > 0 {
		wait = f.retryAfter
	}
	return wait + time.Duration(f.jitter*float64(wait)/4)
}

// parseRetryAfter reads the header's two forms, seconds and an HTTP date (API
// facts §1.7). A date in the past is no wait; nonsense is no header.
func parseRetryAfter(value string, now time.Time) (time.Duration, bool) {
	const longest = 24 * time.Hour
	value = strings.TrimSpace(value)
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longest), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(0, min(at.Sub(now), longest)), true
}
