package sandbox

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"
)

// maxBody bounds a request body in bytes.
const maxBody = 8 << 20

// Server is one simulated account behind one http.Handler. It is safe for use by
// many goroutines. Make it with New and Close it when done.
type Server struct {
	config  Config
	catalog places // as it is without knobs
	log     zerolog.Logger
	store   *store
	tokens  *tokens
	faults  *faultEngine
	reads   sync.Map // of each product: UID to *atomic.Int64
	windows windows

	knobMu  sync.Mutex // held while knobs change
	knobs   atomic.Pointer[Knobs]
	limiter atomic.Pointer[rate.Limiter]

	closing sync.Once
	done    chan struct{}
}

// New starts a Server. It fails when the data file cannot be opened or a knob
// has a value that means nothing.
func New(config Config) (*Server, error) {
	c := config.withDefaults()
	catalog := c.Locations
	if catalog == nil {
		var err error
		if catalog, err = Catalog(); err != nil {
			return nil, err
		}
	}
	s := &Server{
		config: c, catalog: placesOf(catalog), log: c.Log,
		tokens: &tokens{credentials: c.Credentials, boot: newUUID()}, faults: &faultEngine{},
		done: make(chan struct{}),
	}
	s.windows.reset()
	s.knobs.Store(&Knobs{})
	var err error
	if s.store, err = openStore(c.Data, s.now); err != nil {
		return nil, err
	}
	if err := s.SetKnobs(c.Knobs); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// now is the sandbox's clock: that of the Config, ahead by as much as a knob says.
func (s *Server) now() time.Time { return s.config.Now().Add(s.knobs.Load().ClockAhead) }

// Close saves what is still in memory only and lets hanging requests end. A
// Server that is never closed loses route counts, never an order.
func (s *Server) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.done)
		err = s.store.flush()
	})
	return err
}

// Knobs gives a copy of the knobs as they are set now.
func (s *Server) Knobs() Knobs {
	k, err := s.knobs.Load().clone()
	if err != nil {
		return Knobs{} // unreachable: what was set has been encoded before
	}
	return k
}

// SetKnobs replaces all knobs. The counters of faults start anew only when the
// faults or their seed differ.
func (s *Server) SetKnobs(k Knobs) error {
	return s.changeKnobs(func(dst *Knobs) error {
		*dst = k
		return nil
	})
}

func (s *Server) changeKnobs(change func(*Knobs) error) error {
	s.knobMu.Lock()
	defer s.knobMu.Unlock()
	old, k := s.knobs.Load(), s.Knobs()
	if err := change(&k); err != nil {
		return err
	}
	k, err := k.clone() // shares nothing with the caller
	if err != nil {
		return err
	}
	if err := k.Validate(); err != nil {
		return err
	}
	s.faults.set(k.Faults, k.FaultSeed)
	if k.RateLimit != old.RateLimit || k.RateBurst != old.RateBurst {
		s.limiter.Store(newLimiter(k))
	}
	s.knobs.Store(&k)
	return nil
}

func newLimiter(k Knobs) *rate.Limiter {
	if k.RateLimit == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(k.RateLimit), max(1, k.RateBurst))
}

// Reset empties the account and its record and starts the faults' counters anew.
// Knobs and tokens stay.
func (s *Server) Reset() error {
	s.faults.restart()
	s.reads.Clear()
	s.windows.reset()
	return s.store.reset()
}

// call is one request on its way to an answer.
type call struct {
	req    *http.Request
	path   string
	query  url.Values
	params map[string]string
	body   []byte
	knobs  *Knobs
	route  *route
	fault  *Fault // that fired, nil for none
	kind   FaultKind
	// others are the UIDs of the latest services that a purchase did not make.
	others []string
}

// pattern names the call in the record and in the log.
func (c *call) pattern() string {
	if c.route == nil {
		return c.req.Method + " (no endpoint)"
	}
	return c.req.Method + " " + c.route.Pattern
}

// noEndpoint is the answer on a route the API does not have (API facts §1.7,
// confidence C).
func (c *call) noEndpoint() reply {
	return fail(http.StatusNotFound, "No endpoint %s %s", c.req.Method, c.path)
}

// ServeHTTP answers one request of the simulated API or of its admin endpoints.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	start := time.Now()
	w.Header().Set("Trace-Id", newTraceID())
	if req.Body == nil {
		req.Body = http.NoBody // a request that came through no server
	}
	path, query := normalise(req.URL)
	c := &call{req: req, path: path, query: query, knobs: s.knobs.Load()}
	if path == adminPrefix || strings.HasPrefix(path, adminPrefix+"/") {
		s.write(w, req, s.serveAdmin(c))
		return
	}
	r := s.answer(c)
	s.store.count(c.pattern(), r.recordedStatus())
	s.logCall(c, r, w.Header().Get("Trace-Id"), time.Since(start))
	s.write(w, req, r)
}

func (s *Server) logCall(c *call, r reply, trace string, took time.Duration) {
	e := s.log.Info().Str("method", c.req.Method).Str("path", c.path).
		Int("status", r.recordedStatus()).Dur("took", took).Str("trace", trace)
	if c.fault != nil {
		e = e.Str("fault", c.fault.Kind)
	}
	e.Msg("request")
}

// answer finds the route and lets the call pass latency, rate limit and token
// before faults and the handler.
func (s *Server) answer(c *call) reply {
	if r, ok := s.match(c); !ok {
		return r
	}
	body, err := io.ReadAll(io.LimitReader(c.req.Body, maxBody+1))
	if err != nil {
		return reply{drop: true} // the client left while it was sending
	}
	if len(body) > maxBody {
		return fail(http.StatusRequestEntityTooLarge, "The body is longer than %d bytes", maxBody)
	}
	c.body = body
	if !s.pauseFor(c) {
		return reply{drop: true}
	}
	if !c.isPublic() && !s.tokens.good(c.req.Header.Get("Authorization"), s.now()) {
		return unauthorised()
	}
	if c.actsForStranger() {
		return forbidden()
	}
	if f, limited := s.limit(c); limited {
		return s.inject(c, f)
	}
	arrived := func(kind string) bool { return kind != kindRefused || c.req.RemoteAddr != pipeAddress } // Transport refuses by itself
	if f, fires := s.faults.pick(c.route.Class, s.namesOf(c), arrived); fires {
		return s.inject(c, f)
	}
	return s.handle(c)
}

// handle lets the route's handler answer, and then the oddities that are asked for.
func (s *Server) handle(c *call) reply {
	r := c.route.handle(s, c)
	if c.route.Class == classModify && r.status == http.StatusOK {
		s.windows.updated(c.params["uid"], s.now())
	}
	return oddReply(c, r)
}

// isPublic reports whether the call needs no token. Locations may be made to need
// one (API facts §2.1).
func (c *call) isPublic() bool {
	return c.route.access == public && (c.route.Class != classLocations || !c.knobs.LocationsNeedToken)
}

// limit applies the rate limits, which answer like the fault 429.
func (s *Server) limit(c *call) (Fault, bool) {
	if wait := s.windows.refuse(c, s.now()); wait > 0 {
		return Fault{Route: c.route.Class, Kind: kindRateLimited, Wait: wait}, true
	}
	l := s.limiter.Load()
	if l == nil || l.AllowN(s.now(), 1) {
		return Fault{}, false
	}
	wait := time.Duration(float64(time.Second) / c.knobs.RateLimit)
	return Fault{Route: c.route.Class, Kind: kindRateLimited, Wait: wait}, true
}

// inject answers with a fault, after the handler's work when the kind commits.
func (s *Server) inject(c *call, f Fault) reply {
	c.fault = &f
	c.kind, _ = faultKind(f.Kind) // SetKnobs refused unknown kinds
	if c.kind.Commits {
		return s.spoil(c, s.handle(c))
	}
	r := s.spoil(c, reply{})
	if c.route.Class == classBuy {
		s.noteUnprocessed(c, r.recordedStatus())
	}
	return r
}

// spoil makes of the right answer what the call's fault makes of it, if it has one.
func (s *Server) spoil(c *call, r reply) reply {
	if c.fault == nil {
		return r
	}
	return c.kind.answer(s, c, r).as(c.fault.Body)
}

// pauseFor waits the latency of the knobs. It is false when the client of a read
// left; a write goes on, because a real server does not notice either.
func (s *Server) pauseFor(c *call) bool {
	d := c.knobs.Latency
	if c.knobs.Jitter > 0 {
		d += rand.N(c.knobs.Jitter)
	}
	ctx := c.req.Context()
	if c.route.access == writes {
		ctx = context.WithoutCancel(ctx)
	}
	return s.pause(ctx, d)
}

// pause waits and is false when ctx or the server ended first.
func (s *Server) pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-s.done:
	}
	return false
}

// namesOf gives a function that finds the product names a call is about, for
// faults that are bound to names. Where nothing can be read there are none.
func (s *Server) namesOf(c *call) func() []string {
	return func() (names []string) {
		if c.route.Class == classBuy || c.route.Class == classValidate {
			orders, _ := readOrders(c.body)
			for _, o := range orders {
				names = append(names, o.ProductName)
			}
			return names
		}
		_ = s.store.view(func(st *state) {
			if v := st.services.docs[c.params["uid"]]; v != nil {
				names = []string{v.Name}
			}
		})
		return names
	}
}

// read answers with what fn finds in the state; it must only collect.
func (s *Server) read(fn func(*state) reply) (r reply) {
	if err := s.store.view(func(st *state) { r = fn(st) }); err != nil {
		return s.unavailable(err)
	}
	return r
}

// update changes the state and answers once that is durable.
func (s *Server) update(fn func(*tx) reply) (r reply) {
	if err := s.store.update(func(t *tx) { r = fn(t) }); err != nil {
		return s.unavailable(err)
	}
	return r
}

// unavailable answers when the data file fails: a fault of the sandbox's own.
func (s *Server) unavailable(err error) reply {
	s.log.Error().Err(err).Msg("sandbox store")
	return fail(http.StatusServiceUnavailable, "The sandbox's own store failed: %v", err)
}
