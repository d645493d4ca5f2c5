package megaport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// withAnswer turns an HTTP answer into a value or an error: 2xx is decoded,
// anything else becomes an *Error, and what broke off becomes a *RequestError.
func withAnswer(secrets redactor, next send) step {
	return func(ctx context.Context, a *attempt) error {
		resp, err := next(ctx, a)
		if err != nil {
			return newRequestError(ctx, a, secrets, err)
		}
		if resp.Body == nil { // a transport that is not net/http's may do so
			resp.Body = http.NoBody
		}
		defer func() { _ = resp.Body.Close() }()
		a.status, a.header = resp.StatusCode, resp.Header
		a.traceID, a.secrets = traceID(resp.Header, secrets), secrets
		if resp.StatusCode < 200 || resp.StatusCode > 299 {
			apiErr := readError(a, secrets, resp)
			a.traceID = apiErr.TraceID
			return apiErr
		}
		return readAnswer(ctx, a, secrets, resp)
	}
}

func readAnswer(ctx context.Context, a *attempt, secrets redactor, resp *http.Response) error {
	body := &bodyReader{r: resp.Body, left: a.limit}
	err := a.decode(body, a)
	switch {
	case err == nil:
		return nil
	case body.err != nil: // what the decoder says is only the consequence
		return newRequestError(ctx, a, secrets, body.err)
	default:
		return newDecodeError(a, secrets, resp.Header.Get("Content-Type"), body.head, err)
	}
}

// errTooLarge is an answer longer than any real one.
var errTooLarge = errors.New("the answer is too large")

// bodyReader limits a body, and remembers how reading ended and how it began, so
// that a connection that broke is not mistaken for a body that makes no sense.
type bodyReader struct {
	r    io.Reader
	left int64
	head []byte
	err  error // why reading ended, other than the end of the body
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// One more byte tells a body that just fits from one that does not.
		if n, _ := io.ReadFull(b.r, make([]byte, 1)); n == 0 {
			return 0, io.EOF
		}
		b.err = errTooLarge
		return 0, b.err
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if room := 512 - len(b.head); room > 0 {
		b.head = append(b.head, p[:min(room, n)]...)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = fmt.Errorf("the answer was cut off: %w", err)
	}
	// An io.ErrUnexpectedEOF is a broken body as well: errors.Is above tells it
	// from the plain io.EOF that ends every body.
	return n, err
}
