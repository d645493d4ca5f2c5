package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// terms closes every envelope (API facts §1.6, confidence A).
const terms = "This data is subject to the Acceptable Use Policy https://www.megaport.com/legal/acceptable-use-policy"

const contentJSON = "application/json;charset=UTF-8"

// reply is an answer before it is written, so that a fault can spoil it. With
// raw nil it is the usual envelope of message, terms and data.
type reply struct {
	status  int
	message string
	data    any // nil: no data member
	header  http.Header
	raw     []byte
	rawType string // content type of raw

	drop  bool          // close the connection without an answer
	hang  bool          // answer nothing until the client gives up, then close
	cut   bool          // send half of the body, then close
	delay time.Duration // before the answer
	// trickle is how long the body takes to be written, in pieces.
	trickle time.Duration
}

// recordedStatus is what the record says of the answer: 0 for none.
func (r reply) recordedStatus() int {
	if r.drop || r.hang {
		return 0
	}
	return r.status
}

func ok(message string, data any) reply {
	return reply{status: http.StatusOK, message: message, data: data}
}

func fail(status int, format string, args ...any) reply {
	return reply{status: status, message: fmt.Sprintf(format, args...)}
}

// rawReply answers with bytes instead of an envelope.
func rawReply(status int, contentType string, body []byte) reply {
	return reply{status: status, raw: body, rawType: contentType}
}

func (r reply) withHeader(name, value string) reply {
	h := r.header.Clone()
	if h == nil {
		h = make(http.Header)
	}
	h.Set(name, value)
	r.header = h
	return r
}

// problem is one reason for a refusal.
type problem struct {
	Markets []string `json:"markets,omitempty"` // billing markets that are missing
	Text    string   `json:"error"`
}

// problems collects reasons.
type problems []problem

func (p *problems) add(format string, args ...any) {
	*p = append(*p, problem{Text: fmt.Sprintf(format, args...)})
}

func (p problems) String() string {
	return listOf(p, "; ", func(one problem) string { return one.Text })
}

// refusal answers 400 with reasons in data, in the shape the knob asks for (API
// facts §1.7, confidence C).
func refusal(k *Knobs, reasons problems) reply {
	r := fail(http.StatusBadRequest, "Validation failed")
	plain := len(reasons) == 1 && reasons[0].Markets == nil
	switch {
	case k.ErrorData == "string" || k.ErrorData == "" && plain:
		r.data = reasons.String()
	case k.ErrorData != "none":
		r.data = reasons
	}
	return r
}

// body gives the bytes and content type of the answer.
func (r reply) body() ([]byte, string) {
	if r.raw != nil {
		return r.raw, r.rawType
	}
	b, err := encode(struct {
		Message string `json:"message"`
		Terms   string `json:"terms"`
		Data    any    `json:"data,omitzero"`
	}{r.message, terms, r.data})
	if err != nil {
		return fmt.Appendf(nil, `{"message":%q}`, "sandbox: the answer cannot be encoded: "+err.Error()), contentJSON
	}
	return cutEmojis(b), contentJSON
}

// nullData is a data member that is null.
var nullData = jsontext.Value("null")

// write sends the reply. A dropped connection is an http.ErrAbortHandler panic,
// which net/http and Transport both turn into a closed connection.
func (s *Server) write(w http.ResponseWriter, req *http.Request, r reply) {
	s.pause(req.Context(), r.delay)
	if r.hang {
		select {
		case <-req.Context().Done():
		case <-s.done:
		}
		panic(http.ErrAbortHandler)
	}
	if r.drop {
		panic(http.ErrAbortHandler)
	}
	body, contentType := r.body()
	h := w.Header()
	for name, values := range r.header {
		h[name] = values
	}
	h.Set("Content-Type", contentType)
	if r.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(r.status)
	if r.cut {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	if r.trickle > 0 {
		s.dribble(w, req, body, r.trickle)
		return
	}
	_, _ = w.Write(body) // a client that has left is no problem of ours
}

// dribble writes the body in twenty pieces over a time; it stops when the client or
// the server leaves.
func (s *Server) dribble(w http.ResponseWriter, req *http.Request, body []byte, over time.Duration) {
	const pieces = 20
	size := len(body)/pieces + 1
	for len(body) > 0 {
		piece := body[:min(size, len(body))]
		body = body[len(piece):]
		if !s.pause(req.Context(), over/pieces) {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(piece) // a client that has left is no problem of ours
		_ = http.NewResponseController(w).Flush()
	}
}
