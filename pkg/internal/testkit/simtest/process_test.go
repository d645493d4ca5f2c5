package simtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// errDead is what a process gets to see that does not live any more. Nothing it
// does on that can have an effect.
var errDead = errors.New("the process is dead")

// process is one run of the program. It touches the world only by requests and
// by the ledger's store, and both ask the process first whether it lives.
type process struct {
	world *world
	plan  run
	id    string
	pid   int

	ctx       context.Context // ends with an interruption
	interrupt context.CancelFunc
	life      context.Context // ends with death
	die       context.CancelFunc

	mu       sync.Mutex
	boundary int
	records  int // boundaries of records, before and after each
	dead     bool
	lock     ledger.Lock
}

func (w *world) process(ctx context.Context, r run) *process {
	w.processes++
	p := &process{world: w, plan: r, id: fmt.Sprintf("run-%d", w.processes), pid: w.processes}
	p.ctx, p.interrupt = context.WithCancel(ctx)
	p.life, p.die = context.WithCancel(ctx)
	return p
}

// passes counts a boundary of a call. It fails when the process is dead, or dies
// there.
func (p *process) passes() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pass()
}

// writes is passes for a record: a process may be told to die between two of them.
func (p *process) writes() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records++
	if !p.dead && p.records == p.plan.DieRecord {
		p.perish()
	}
	return p.pass()
}

func (p *process) pass() error {
	if p.dead {
		return errDead
	}
	p.boundary++
	switch p.boundary {
	case p.plan.Interrupt:
		p.world.count(func(t *totals) { t.interrupts++ })
		p.interrupt()
	case p.plan.Die:
		p.perish()
		return errDead
	}
	return nil
}

// perish ends the process. Its connections break; a lock on a disk goes with it,
// one in a bucket stays.
func (p *process) perish() {
	p.dead = true
	p.world.count(func(t *totals) { t.kills++ })
	p.world.released(p.id)
	if p.lock != nil && !p.world.trial.Bucket {
		_ = p.lock.Release(context.Background())
	}
	p.die()
	p.interrupt()
}

// RoundTrip sends a request as long as the process lives.
func (p *process) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := p.passes(); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	ctx, leave := context.WithCancel(req.Context())
	context.AfterFunc(p.life, leave)
	answer, err := p.world.liar.roundTrip(req.WithContext(ctx), p.plan.Fast)
	if err != nil {
		if dead := p.passes(); dead != nil {
			return nil, dead
		}
		return nil, err
	}
	if dead := p.passes(); dead != nil {
		_ = answer.Body.Close()
		return nil, dead
	}
	return answer, nil
}

// store is the ledger's store as a process sees it.
type store struct {
	*process
	inner ledger.Store
}

var _ ledger.Store = store{}

func (s store) Create(ctx context.Context, key string, content []byte) error {
	if err := s.writes(); err != nil {
		return err
	}
	if s.world.tears(key) {
		_ = s.inner.Create(ctx, key, content[:len(content)/2])
		return errors.Join(errors.New("the machine lost its power"), s.writes())
	}
	return errors.Join(s.inner.Create(ctx, key, shift(content, s.plan.Fast)), s.writes())
}

func (s store) Read(ctx context.Context, key string) ([]byte, error) {
	if err := s.passes(); err != nil {
		return nil, err
	}
	content, err := s.inner.Read(ctx, key)
	return shift(content, -s.plan.Fast), err
}

// shift moves all times of a record. A process whose clock is ahead writes times
// that are ahead, and to it what others wrote seems as much older.
func shift(content []byte, by time.Duration) []byte {
	if by == 0 {
		return content
	}
	return instant.ReplaceAllFunc(content, func(b []byte) []byte {
		t, err := time.Parse(time.RFC3339Nano, string(b[1:len(b)-1]))
		if err != nil || t.IsZero() {
			return b
		}
		return fmt.Appendf(nil, "%q", t.Add(by).Format(time.RFC3339Nano))
	})
}

var instant = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[0-9:.]+Z"`)

func (s store) List(ctx context.Context, prefix string) ([]string, error) {
	if err := s.passes(); err != nil {
		return nil, err
	}
	return s.inner.List(ctx, prefix)
}

func (s store) ListBut(ctx context.Context, prefix string, folders map[string]bool) (keys, passed []string, err error) {
	if err := s.passes(); err != nil {
		return nil, nil, err
	}
	return s.inner.ListBut(ctx, prefix, folders)
}

func (s store) Lock(ctx context.Context, name string, h ledger.Holder) (ledger.Lock, error) {
	if err := s.passes(); err != nil {
		return nil, err
	}
	lock, err := s.inner.Lock(ctx, name, h)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.lock = lock
	s.mu.Unlock()
	return lock, s.passes()
}

func (s store) Unlock(ctx context.Context, name, run string) error {
	return s.inner.Unlock(ctx, name, run)
}

func (s store) Place() string { return s.inner.Place() }

func (s store) Close() error { return nil }

func (p *process) book() *ledger.Ledger {
	return ledger.New(store{p, p.world.store}, host, ledger.Run{ID: p.id, By: "trial", Process: p.pid})
}

func (p *process) account() (*provider.Account, error) {
	client, err := megaport.New(megaport.Options{
		BaseURL: "http://sandbox.invalid", TokenURL: "http://sandbox.invalid" + sandbox.TokenPath,
		Credentials: megaport.Credentials{AccessKey: "k", SecretKey: "s"}, Transport: p,
	})
	if err != nil {
		return nil, err
	}
	return provider.NewAccount(client), nil
}

// end is how a run ended.
type end struct {
	result *apply.Result // nil when it never got to buying
	err    error
	killed bool
}

// apply does what `portctl apply` does, from the lock to the result.
func (p *process) apply(d plan.Desired, locked bool) end {
	finished := make(chan end, 1)
	p.world.running.Go(func() {
		r, err := p.carryOut(d, locked)
		finished <- end{result: r, err: err}
	})
	select {
	case e := <-finished:
		if p.life.Err() == nil {
			p.die() // the program ends, and with it whatever it left running
			return e
		}
	case <-p.life.Done():
	}
	return end{killed: true}
}

func (p *process) carryOut(d plan.Desired, locked bool) (*apply.Result, error) {
	book := p.book()
	unlock := func() {}
	if locked {
		lock, err := book.Lock(p.ctx)
		if err != nil {
			return nil, err
		}
		p.world.took(p.id)
		unlock = sync.OnceFunc(func() {
			if p.passes() == nil {
				p.world.released(p.id)
				_ = lock.Release(context.Background())
			}
		})
		defer unlock()
	}
	account, err := p.account()
	if err != nil {
		return nil, err
	}
	draft, recovered, err := refresh.ReadAndRecord(p.ctx, account, d, refresh.Options{Ledger: book, Parallelism: p.world.trial.Parallelism, PerOrder: true})
	if err != nil {
		return nil, err
	}
	r := apply.Run(p.ctx, draft, apply.Options{
		Account: account, Ledger: book, OnOrdersSent: unlock, Parallelism: p.world.trial.Parallelism,
		Wait: p.world.wait, LookupTimeout: p.world.trial.Horizon, Recovered: recovered,
	})
	return &r, nil
}

// resolve does what `portctl ledger resolve` does.
func (p *process) resolve(res refresh.Resolution) ([]refresh.Recovered, error) {
	account, err := p.account()
	if err != nil {
		return nil, err
	}
	return refresh.Resolve(p.ctx, account, p.book(), p.world.file.desired(), res)
}

// plan does what `portctl plan` does.
func (p *process) draft(d plan.Desired) (refresh.PricedPlan, error) {
	account, err := p.account()
	if err != nil {
		return refresh.PricedPlan{}, err
	}
	return refresh.Read(p.ctx, account, d, refresh.Options{Ledger: p.book()})
}
