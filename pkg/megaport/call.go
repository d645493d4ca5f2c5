package megaport

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// class says what may be done about a call that failed.
type class int

const (
	// classRead changes nothing; validation is one (API facts §3.3, confidence B).
	classRead class = iota
	// classWrite sets a state, so doing it twice is doing it once.
	classWrite
	// classCancel is repeated only after a look at the product.
	classCancel
	// classOrder spends money each time it is processed.
	classOrder
)

// How long one attempt of a call may take, the answer's body included.
const (
	timeoutRead    = 60 * time.Second
	timeoutListing = 120 * time.Second // large accounts took minutes (API facts §4.1, confidence B)
	timeoutOrder   = 5 * time.Minute   // an order given up on early is an unconfirmed order
	timeoutAside   = 20 * time.Second  // side questions, without whose answer work goes on
)

// How many bytes of an answer are read at most, so that a broken server cannot
// fill memory.
const (
	limitAnswer  = 32 << 20
	limitListing = 4 << 30 // streamed; only the ports among it are kept
	limitLOA     = 16 << 20
	limitError   = 1 << 20
)

const acceptJSON = "application/json"

// call is one thing to ask of the API. It holds no request: every attempt builds
// a fresh one.
type call struct {
	class   class
	method  string
	path    string // escaped, without the base URL's own path
	query   url.Values
	body    []byte // JSON, nil for none
	accept  string // acceptJSON when empty
	public  bool   // true sends no token
	timeout time.Duration
	// patience limits for how long the call is repeated, other than after 429; 0 sets
	// no limit but the number of attempts.
	patience time.Duration
	limit    int64
	ungated  bool  // true for a call that no limiter holds back
	kept     bool  // true for a call that may use what the budget holds back
	turn     *turn // of an order that waited for its turn already; nil for all others
	// notAfter is when no attempt may begin any more, by the wall clock; zero sets no
	// limit.
	notAfter time.Time
	// decode reads the body of a 2xx answer. It may be called once per attempt, so
	// it starts over each time. Nil means decodeDone.
	decode func(body io.Reader, a *attempt) error
}

// attempt is one request made for a call, and what became of it.
type attempt struct {
	*call
	number  int // from 1
	token   string
	conn    *connTrace
	status  int // 0 as long as there is no answer
	header  http.Header
	traceID string
	secrets redactor // for errors that decode makes of a body's text
}

// begin forgets the attempt before.
func (a *attempt) begin(number int) {
	*a = attempt{call: a.call, number: number}
}

// step is one link of the chain every attempt runs through.
type step func(ctx context.Context, a *attempt) error

// do runs a call and returns its last attempt, whose header and trace id belong
// to the answer.
func (c *Client) do(ctx context.Context, q call) (*attempt, error) {
	if q.method == "" || q.path == "" {
		return nil, errNoCall
	}
	if q.timeout == 0 {
		q.timeout = timeoutRead
	}
	if q.limit == 0 {
		q.limit = limitAnswer
	}
	if q.accept == "" {
		q.accept = acceptJSON
	}
	if q.decode == nil {
		q.decode = decodeDone
	}
	a := &attempt{call: &q}
	err := c.run(ctx, a)
	return a, err
}

// ask runs a call for what decode makes of its answer.
func ask[T any](ctx context.Context, c *Client, q call, decode func(body io.Reader, a *attempt) (T, error)) (T, error) {
	var answer, none T
	q.decode = func(body io.Reader, a *attempt) (err error) {
		answer, err = decode(body, a)
		return err
	}
	if _, err := c.do(ctx, q); err != nil {
		return none, err
	}
	return answer, nil
}

// alone is a decoder that the body suffices for.
func alone[T any](decode func(body io.Reader) (T, error)) func(io.Reader, *attempt) (T, error) {
	return func(body io.Reader, _ *attempt) (T, error) { return decode(body) }
}
