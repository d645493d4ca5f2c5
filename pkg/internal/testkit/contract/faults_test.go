package contract_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// What a call gives back, in a word. An order that failed gives its outcome.
const (
	done    = "done"
	refused = "refused"   // *megaport.Error: an answer that is not a 2xx
	request = "broken"    // *megaport.RequestError: no complete answer
	garbled = "garbled"   // *megaport.DecodeError: a 2xx that says nothing
	notPDF  = "not a PDF" // *megaport.NotPDFError
	noToken = "no token"  // *megaport.AuthError
)

func verdict(err error) string {
	var apiErr *megaport.Error
	var reqErr *megaport.RequestError
	var decErr *megaport.DecodeError
	var pdfErr *megaport.NotPDFError
	var authErr *megaport.AuthError
	var order *megaport.OrderError
	switch {
	case err == nil:
		return done
	case errors.As(err, &order):
		return order.Outcome.String()
	case errors.As(err, &apiErr):
		return refused
	case errors.As(err, &decErr):
		return garbled
	case errors.As(err, &pdfErr):
		return notPDF
	case errors.As(err, &authErr):
		return noToken
	case errors.As(err, &reqErr):
		return request
	}
	return "?: " + err.Error()
}

// expectation is what the calls give back when a kind of fault strikes once, and
// when it strikes every time. Reads fetch a body that must make sense; writes
// want to know only that it was done.
type expectation struct {
	read, write, cancel, order [2]string // once, always
	committed                  [2]bool   // whether the order bought something
}

// expectations is the table of what the client makes of each kind of fault
// (design: the outcome table; reads and repeatable writes are repeated).
func expectations() map[string]expectation {
	both := func(s string) [2]string { return [2]string{s, s} }
	then := func(once, always string) [2]string { return [2]string{once, always} }
	yes, first := [2]bool{true, true}, [2]bool{true, false}
	const bought, unknown = done, "unknown"
	// Reads and writes repeat what had no complete answer; a cancellation looks
	// first; an order is never sent again.
	lost := expectation{read: then(done, request), write: then(done, request), cancel: then(done, request), order: both(unknown)}
	lostCommitted := lost
	lostCommitted.cancel, lostCommitted.committed = both(done), yes // the look finds it done
	passing := expectation{read: then(done, refused), write: then(done, refused), cancel: then(done, refused), order: both(unknown)}
	passingCommitted := passing
	passingCommitted.cancel, passingCommitted.committed = both(done), yes
	final := expectation{read: both(refused), write: both(refused), cancel: both(refused), order: both(unknown)}
	trouble := final // a 500 passes with a cancellation, which looks and repeats
	trouble.cancel = then(done, refused)
	afterCommit := final
	afterCommit.cancel, afterCommit.committed = both(done), yes
	// An order that was turned away is not sent again by the client, and so buys nothing.
	notProcessed := expectation{read: then(done, refused), write: then(done, refused), cancel: then(done, refused), order: both("not processed")}
	spoilt := expectation{read: both(garbled), write: both(garbled), cancel: both(done), order: both(unknown), committed: yes}
	fine := expectation{read: both(done), write: both(done), cancel: both(done), order: both(bought), committed: yes}

	with := func(e expectation, order [2]string) expectation {
		e.order = order
		return e
	}
	// The buy route of one form is not there: the order is sent in the other.
	otherForm := with(final, then(bought, "refused"))
	otherForm.committed = first
	empty := spoilt
	empty.write = both(done) // an empty 2xx tells all that a write has to tell
	unsent := expectation{
		read: then(done, request), write: then(done, request), cancel: then(done, request),
		order: then(bought, "not sent"), committed: first,
	}
	return map[string]expectation{
		"commit-then-drop": lostCommitted, "hang-after-commit": lostCommitted, "truncated-200-after-commit": lostCommitted,
		"drop": lost, "hang": lost, "refused": unsent, "late": fine,
		"502": passing, "503-html": passing, "502-after-commit": passingCommitted, "504-after-commit": passingCommitted,
		"500": trouble, "backend-500": trouble, "rollback": trouble,
		"500-after-commit": afterCommit, "backend-400-after-commit": afterCommit,
		"408": final, "backend-400": final, "redirect": final,
		"slow-body": fine,
		"400":       with(final, both("refused")), "405": otherForm, "410": otherForm,
		"422": with(final, both("refused")), "404-no-endpoint": otherForm,
		"403": with(final, both("refused")), "404": with(final, both("refused")),
		"429": notProcessed, "401": notProcessed, "token-expired": notProcessed,
		"empty-200-after-commit":      empty,
		"unreadable-200-after-commit": spoilt, "html-200-after-commit": spoilt,
		"no-uids-after-commit":    {order: both(unknown), committed: yes},
		"fewer-uids-after-commit": {order: both(unknown), committed: yes},
		"loa-truncated":           {read: both(notPDF)}, "loa-html": {read: both(notPDF)}, "loa-json": {read: both(notPDF)},
		"undecodable-item": {read: both(garbled)}, "undecodable-router": {read: both(done)},
	}
}

// exceptions are calls that differ from their class, with the reason.
func exceptions() map[string]map[string][2]string {
	both := func(s string) [2]string { return [2]string{s, s} }
	return map[string]map[string][2]string{
		// Whatever is not a whole PDF is no LOA; a body that is not JSON is as good a reason as any.
		"loa": {
			"empty-200-after-commit": both(notPDF), "unreadable-200-after-commit": both(notPDF), "html-200-after-commit": both(notPDF),
		},
		// Approvals are a side question: one that hangs is not asked again.
		"approvals": {"hang": both(request), "hang-after-commit": both(request)},
		// Locations are read without a token first; one that is asked for is sent.
		"locations": {"403": {done, refused}},
		// The token server's word is about the key, not about the call. It has no body
		// but the token's, and its trouble is repeated as for a read.
		"token": {
			"commit-then-drop": {done, noToken}, "hang-after-commit": {done, noToken}, "truncated-200-after-commit": {done, noToken},
			"drop": {done, noToken}, "hang": {done, noToken}, "refused": {done, noToken},
			"502": {done, noToken}, "503-html": {done, noToken}, "502-after-commit": {done, noToken}, "504-after-commit": {done, noToken},
			"429": {done, noToken}, "500": both(noToken), "backend-500": both(noToken), "rollback": both(noToken),
			"500-after-commit": both(noToken), "backend-400-after-commit": both(noToken), "408": both(noToken), "backend-400": both(noToken),
			"redirect": both(noToken), "400": both(noToken), "405": both(noToken), "410": both(noToken), "422": both(noToken),
			"404-no-endpoint": both(noToken), "403": both(noToken), "404": both(noToken), "401": both(noToken), "token-expired": both(noToken),
			"empty-200-after-commit": both(noToken), "unreadable-200-after-commit": both(noToken), "html-200-after-commit": both(noToken),
		},
	}
}

// clientCall is a call of the client, the class of routes it meets, and what
// tells whether it did what it says.
type clientCall struct {
	route string
	class string // read, write, cancel or order
	run   func(ctx context.Context, c *megaport.Client, uid string) error
	// did looks, without faults, whether a write took place.
	did func(p megaport.Port, tags map[string]string) bool
}

func faultOrder(name string) megaport.Order {
	return megaport.Order{Name: name, Term: 12, Speed: 10_000, LocationID: 89, Config: megaport.OrderConfig{Zone: "blue"}, LAGPorts: 2, CostCentre: "NET-042"}
}

func clientCalls() []clientCall {
	read := func(route string, run func(context.Context, *megaport.Client, string) error) clientCall {
		return clientCall{route: route, class: "read", run: run}
	}
	return []clientCall{
		read("token", func(ctx context.Context, c *megaport.Client, _ string) error {
			_, err := c.Products.List(ctx)
			return err
		}),
		read("locations", func(ctx context.Context, c *megaport.Client, _ string) error {
			_, err := c.Locations.List(ctx)
			return err
		}),
		read("validate", func(ctx context.Context, c *megaport.Client, _ string) error {
			_, err := c.Orders.Validate(ctx, faultOrder("quote"))
			return err
		}),
		read("products", func(ctx context.Context, c *megaport.Client, _ string) error {
			_, err := c.Products.List(ctx)
			return err
		}),
		read("product", func(ctx context.Context, c *megaport.Client, uid string) error {
			_, err := c.Products.Get(ctx, uid)
			return err
		}),
		read("tags", func(ctx context.Context, c *megaport.Client, uid string) error {
			_, err := c.Products.Tags(ctx, uid)
			return err
		}),
		read("charges", func(ctx context.Context, c *megaport.Client, uid string) error {
			_, err := c.Products.CancellationCharges(ctx, uid)
			return err
		}),
		read("loa", func(ctx context.Context, c *megaport.Client, uid string) error {
			_, err := c.Products.LOA(ctx, uid)
			return err
		}),
		read("approvals", func(ctx context.Context, c *megaport.Client, _ string) error {
			_, err := c.Approvals.List(ctx)
			return err
		}),
		{
			"modify", "write",
			func(ctx context.Context, c *megaport.Client, uid string) error {
				return c.Products.Update(ctx, uid, megaport.PortUpdate{Name: "renamed"})
			},
			func(p megaport.Port, _ map[string]string) bool { return p.Name == "renamed" },
		},
		{
			"tags-put", "write",
			func(ctx context.Context, c *megaport.Client, uid string) error {
				return c.Products.SetTags(ctx, uid, map[string]string{"a": "b"})
			},
			func(_ megaport.Port, tags map[string]string) bool { return tags["a"] == "b" },
		},
		{
			"lock", "write",
			func(ctx context.Context, c *megaport.Client, uid string) error { return c.Products.Lock(ctx, uid) },
			func(p megaport.Port, _ map[string]string) bool { return p.Locked },
		},
		{
			"unlock", "write",
			func(ctx context.Context, c *megaport.Client, uid string) error { return c.Products.Unlock(ctx, uid) },
			func(p megaport.Port, _ map[string]string) bool { return !p.Locked },
		},
		{
			"cancel", "cancel",
			func(ctx context.Context, c *megaport.Client, uid string) error { return c.Products.Cancel(ctx, uid) },
			func(p megaport.Port, _ map[string]string) bool { return p.Status == "DECOMMISSIONED" },
		},
		{
			"buy", "order",
			func(ctx context.Context, c *megaport.Client, _ string) error {
				_, err := c.Orders.Buy(ctx, faultOrder("new"))
				return err
			}, nil,
		},
	}
}

// TestEveryFaultOnEveryCall lets every kind of fault strike every call that it can
// strike, once and every time, and holds what the client says against the table
// and against what the sandbox did.
func TestEveryFaultOnEveryCall(t *testing.T) {
	table, exception := expectations(), exceptions()
	for _, kind := range sandbox.FaultKinds() {
		if kind.Lies { // the client cannot see that; what apply makes of it is the simulation's business
			continue
		}
		want, listed := table[kind.Name]
		if !listed {
			t.Errorf("the table does not say what the client makes of %s", kind.Name)
			continue
		}
		for _, call := range clientCalls() {
			if len(kind.Routes) > 0 && !slices.Contains(kind.Routes, call.route) {
				continue
			}
			answers := map[string][2]string{"read": want.read, "write": want.write, "cancel": want.cancel, "order": want.order}[call.class]
			if other, ok := exception[call.route][kind.Name]; ok {
				answers = other
			}
			for i, often := range []string{"once", "always"} {
				t.Run(call.route+"/"+kind.Name+"/"+often, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						f := sandbox.Fault{Route: call.route, Kind: kind.Name, Times: 1 - i}
						s := newSandbox(t, sandboxConfig(sandbox.Knobs{}))
						strike(t, s, direct(s), call, f, answers[i], want.committed[i])
					})
				})
			}
		}
	}
}

// strike makes one call with one fault, and checks the answer and the account.
func strike(t *testing.T, s *sandbox.Server, o megaport.Options, call clientCall, f sandbox.Fault, want string, committed bool) {
	t.Helper()
	uids, err := s.Seed(sandbox.Seed{Name: "old", SpeedMbps: 10_000, Zone: "blue", Locked: call.route == "unlock"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetKnobs(sandbox.Knobs{Faults: []sandbox.Fault{f}}); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	callErr := call.run(ctx, c, uids[0])
	if got := verdict(callErr); got != want {
		t.Errorf("got %s (%v), want %s", got, callErr, want)
	}
	readable(t, callErr)
	if err := s.SetKnobs(sandbox.Knobs{}); err != nil {
		t.Fatal(err)
	}
	if call.class == "order" {
		if bought := s.Record().Committed > 0; bought != committed {
			t.Errorf("the order bought something: %t, want %t", bought, committed)
		}
		for _, complaint := range claims(s.Record(), []claim{{faultOrder("new"), callErr}}) {
			t.Error(complaint)
		}
		return
	}
	if call.did == nil || callErr != nil {
		return
	}
	p, err := c.Products.Get(ctx, uids[0])
	if err != nil {
		t.Fatal(err)
	}
	tags, err := c.Products.Tags(ctx, uids[0])
	if err != nil {
		t.Fatal(err)
	}
	if !call.did(p, tags) {
		t.Errorf("the client says that it was done, the account does not: %+v %v", p, tags)
	}
}

func newClient(t testing.TB, o megaport.Options) *megaport.Client {
	t.Helper()
	c, err := megaport.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// readable keeps an error fit for a terminal: one line, not a page, no secret.
func readable(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	text := err.Error()
	if strings.ContainsAny(text, "\n\r\x1b") || len(text) > 1500 || strings.Contains(text, "font-family") {
		t.Errorf("not fit to be read: %q", text)
	}
	if strings.Contains(text, "contract-secret") || strings.Contains(text, "eyJ") {
		t.Errorf("a secret shows: %q", text)
	}
}

// claim is what the client said of an order.
type claim struct {
	order megaport.Order
	err   error
}

// noRoute says that the API answered an order by saying that it has no such route, so
// that the other form was tried.
func noRoute(o sandbox.OrderRecord) bool {
	return o.Fault == "404-no-endpoint" || o.Status == http.StatusMethodNotAllowed || o.Status == http.StatusGone
}

// claims compares what the client said of orders, each of its own name, with the
// record of what the sandbox did. It returns the contradictions.
func claims(r sandbox.Record, all []claim) []string {
	var complaints []string
	byName := map[string][]sandbox.OrderRecord{}
	for _, o := range r.Orders {
		byName[o.Name] = append(byName[o.Name], o)
	}
	for _, c := range all {
		received := byName[c.order.Name]
		var bought []string
		committed := 0
		for i, o := range received {
			bought = append(bought, o.UIDs...)
			if o.Committed {
				committed++
			}
			// Only what was proven unprocessed may be followed by another.
			if i < len(received)-1 && (o.Committed || o.Status != 429 && o.Status != 401 && !noRoute(o)) {
				complaints = append(complaints, fmt.Sprintf("%s was sent again after %+v", c.order.Name, o))
			}
		}
		if committed > 1 {
			complaints = append(complaints, fmt.Sprintf("%s was bought %d times", c.order.Name, committed))
		}
		complaints = append(complaints, contradiction(c, bought)...)
	}
	return complaints
}

// contradiction compares one claim with the UIDs that were created.
func contradiction(c claim, bought []string) []string {
	var order *megaport.OrderError
	if c.err == nil {
		if len(bought) != c.order.Ports() {
			return []string{fmt.Sprintf("%s is said to be bought, the record says %v", c.order.Name, bought)}
		}
		return nil
	}
	if !errors.As(c.err, &order) {
		return []string{fmt.Sprintf("%s: %v is no *OrderError", c.order.Name, c.err)}
	}
	for _, uid := range order.UIDs {
		if !slices.Contains(bought, uid) {
			return []string{fmt.Sprintf("%s: the UID %s was never created", c.order.Name, uid)}
		}
	}
	switch order.Outcome {
	case megaport.OrderUnknown:
		return nil // says nothing, so nothing contradicts it
	case megaport.OrderRefused, megaport.OrderNotSent, megaport.OrderNotProcessed:
		if len(bought) > 0 {
			return []string{fmt.Sprintf("%s is said to be %s, the record says %v", c.order.Name, order.Outcome, bought)}
		}
		return nil
	}
	return []string{fmt.Sprintf("%s failed with the outcome %s", c.order.Name, order.Outcome)}
}

// TestLostAnswersKeepTheirUIDs: what came back of a LAG is kept for the look-up.
func TestLostAnswersKeepTheirUIDs(t *testing.T) {
	s := newSandbox(t, sandboxConfig(sandbox.Knobs{Faults: []sandbox.Fault{{Route: "buy", Kind: "fewer-uids-after-commit"}}}))
	_, err := newClient(t, direct(s)).Orders.Buy(t.Context(), faultOrder("new"))
	var order *megaport.OrderError
	if !errors.As(err, &order) || order.Outcome != megaport.OrderUnknown {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(s.Record().Orders[0].UIDs[:1], order.UIDs); diff != "" {
		t.Errorf("UIDs (-created +kept):\n%s", diff)
	}
}

// TestEveryFaultOnAnOrderOverHTTP: sockets add what no model of them does. The
// same table holds, but for a refused connection, which the sandbox can only play
// by closing one.
func TestEveryFaultOnAnOrderOverHTTP(t *testing.T) {
	table := expectations()
	table["refused"] = table["drop"]
	calls := clientCalls()
	buy := calls[len(calls)-1]
	for _, kind := range sandbox.FaultKinds() {
		if kind.Lies || len(kind.Routes) > 0 && !slices.Contains(kind.Routes, "buy") {
			continue
		}
		want := table[kind.Name]
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel() // a repetition waits a second
			call := buy
			if strings.HasPrefix(kind.Name, "hang") {
				call.run = func(ctx context.Context, c *megaport.Client, uid string) error {
					impatient, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
					defer cancel()
					return buy.run(impatient, c, uid)
				}
			}
			s := newSandbox(t, sandboxConfig(sandbox.Knobs{}))
			f := sandbox.Fault{Route: "buy", Kind: kind.Name, Times: 1, Wait: 50 * time.Millisecond}
			strike(t, s, served(t, s), call, f, want.order[0], want.committed[0])
		})
	}
}
