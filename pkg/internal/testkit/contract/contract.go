package contract

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/portctl/portctl/pkg/megaport"
)

// Target is an API to ask.
type Target struct {
	// Open gives the options of a client of the API, and may start it first. It is
	// called once for each behaviour.
	Open func(t *testing.T) megaport.Options
	// Within runs a behaviour inside something, such as a bubble of virtual time;
	// nil runs it as it is.
	Within func(t *testing.T, run func(t *testing.T))
	// Pause lets time pass on the API's clock between two looks; nil waits.
	Pause func(ctx context.Context, d time.Duration)
	// Buys allows behaviours that order, change and cancel ports.
	Buys bool
	// Assumed asks for what is not confirmed by anyone (confidence D) as well.
	Assumed bool
}

// Patience of the suite: how long a port may take to get ready, and how often it
// is looked at. On staging 40 to 60 s were seen (API facts §4.3, confidence C).
const (
	patience = 5 * time.Minute
	interval = 5 * time.Second
)

// behaviour is one thing that portctl relies on.
type behaviour struct {
	name    string
	buys    bool // orders, changes or cancels ports
	assumed bool // rests on confidence D alone
	check   func(a *api)
}

// Run asks a target for every behaviour that it allows, each as a subtest.
func Run(t *testing.T, target Target) {
	t.Helper()
	within := target.Within
	if within == nil {
		within = func(t *testing.T, run func(*testing.T)) { run(t) }
	}
	for _, b := range behaviours() {
		if b.buys && !target.Buys || b.assumed && !target.Assumed {
			continue
		}
		t.Run(b.name, func(t *testing.T) {
			within(t, func(t *testing.T) { b.check(open(t, target)) })
		})
	}
}

func behaviours() []behaviour {
	return append(append(readBehaviours(), orderBehaviours()...), changeBehaviours()...)
}

// api is a target while one behaviour asks it.
type api struct {
	*testing.T
	*megaport.Client
	ctx     context.Context
	options megaport.Options
	target  Target
	run     string // keeps names of this run apart from those of others
	sites   []megaport.Location
}

func open(t *testing.T, target Target) *api {
	a := &api{T: t, ctx: t.Context(), target: target, run: uuid.NewString()[:8]}
	a.options = target.Open(t)
	a.Client = a.client(func(*megaport.Options) {})
	return a
}

// client makes another client of the same API.
func (a *api) client(change func(*megaport.Options)) *megaport.Client {
	a.Helper()
	o := a.options
	change(&o)
	c, err := megaport.New(o)
	if err != nil {
		a.Fatal(err)
	}
	a.Cleanup(c.CloseIdleConnections)
	return c
}

func (a *api) must(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

// refused insists that the API itself said no, with a 4xx, in words, and with the
// trace id that Megaport's support asks for (API facts §1.5, §1.7).
func (a *api) refused(err error, what string) *megaport.Error {
	a.Helper()
	apiErr, ok := asError(err)
	switch {
	case !ok:
		a.Fatalf("%s: got %v, want a refusal of the API", what, err)
	case !apiErr.FromAPI || apiErr.Status < 400 || apiErr.Status > 499:
		a.Errorf("%s: %v is not a refusal of the API", what, err)
	case apiErr.Message == "":
		a.Errorf("%s: the refusal has no message: %v", what, err)
	case apiErr.TraceID == "":
		a.Errorf("%s: the refusal has no trace id: %v", what, err)
	}
	return apiErr
}

// site is an orderable location that offers 10G, so that LAGs fit, in some zone.
func (a *api) site() (megaport.Location, string) {
	a.Helper()
	if a.sites == nil {
		var err error
		a.sites, err = a.Locations.List(a.ctx)
		a.must(err)
	}
	for _, l := range a.sites {
		for _, zone := range []string{"blue", "red"} {
			if l.Orderable() && l.Offers(tenGig, zone) {
				return l, zone
			}
		}
	}
	a.Fatal("no location offers 10G")
	return megaport.Location{}, ""
}

const tenGig = 10_000 // Mbps

// order is a valid order of a 10G port whose name no other run uses.
func (a *api) order(name string) megaport.Order {
	a.Helper()
	l, zone := a.site()
	return megaport.Order{
		Name: "portctl-contract-" + a.run + "-" + name, Term: 12, Speed: tenGig,
		LocationID: l.ID, Market: l.Market, Config: megaport.OrderConfig{Zone: zone}, CostCentre: "portctl contract",
		Tags: map[string]string{"portctl-contract": a.run},
	}
}

// buy orders and sees to it that what was bought is cancelled in the end.
func (a *api) buy(c *megaport.Client, o megaport.Order) []string {
	a.Helper()
	p, err := a.send(c, o)
	a.Cleanup(func() {
		ctx := context.WithoutCancel(a.ctx)
		for _, uid := range p.UIDs {
			_ = a.Products.Unlock(ctx, uid) // that it is not there, the cancellation says as well
			if err := a.Products.Cancel(ctx, uid); err != nil {
				a.Errorf("%s (%s) is left over: %v", o.Name, uid, err)
			}
		}
	})
	a.must(err)
	if len(p.UIDs) != o.Ports() || p.Status != 200 || p.TraceID == "" {
		a.Fatalf("%d ports ordered, answer %+v", o.Ports(), p)
	}
	return p.UIDs
}

// send orders, and again when the API turns the order away: the client itself does
// not, because it cannot see that nothing was bought.
func (a *api) send(c *megaport.Client, o megaport.Order) (p megaport.Purchase, err error) {
	for range 20 {
		p, err = c.Orders.Buy(a.ctx, o)
		if failed, ok := asOrderError(err); !ok || failed.Outcome != megaport.OrderNotProcessed {
			return p, err
		}
		_, _ = c.Products.List(a.ctx) // whoever sends again looks first; it also tells the client that the API is free again
		a.pause()
	}
	return p, err
}

func (a *api) get(uid string) megaport.Port {
	a.Helper()
	p, err := a.Products.Get(a.ctx, uid)
	a.must(err)
	return p
}

// named are the listed ports of a name.
func (a *api) named(name string) []megaport.Port {
	a.Helper()
	all, err := a.Products.List(a.ctx)
	a.must(err)
	var found []megaport.Port
	for _, p := range all {
		if p.Name == name {
			found = append(found, p)
		}
	}
	return found
}

// until looks again and again until something holds; it gives up in time.
func (a *api) until(what string, holds func() bool) {
	a.Helper()
	for waited := time.Duration(0); !holds(); waited += interval {
		if waited >= patience {
			a.Fatalf("not within %s: %s", patience, what)
		}
		a.pause()
	}
}

func (a *api) pause() {
	if a.target.Pause != nil {
		a.target.Pause(a.ctx, interval)
		return
	}
	select {
	case <-time.After(interval):
	case <-a.ctx.Done():
	}
}

func (a *api) untilStatus(uid string, wanted ...string) {
	a.Helper()
	a.until(uid+" becomes "+wanted[0], func() bool {
		status := a.get(uid).Status
		if status == "FAILED" {
			a.Fatalf("%s failed", uid)
		}
		return contains(wanted, status)
	})
}
