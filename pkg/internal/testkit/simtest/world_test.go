package simtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rs/zerolog"

	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

const host = "api.test"

// totals is what a simulation counts.
type totals struct {
	cases, runs, kills, interrupts, faults, ledgerFaults, lies int
	orders, committed, adopted, resolved, changed              int
	doubts, duplicates, losses, mistakes, stuck                int
}

func (t *totals) add(o totals) {
	t.cases += o.cases
	t.runs += o.runs
	t.kills += o.kills
	t.interrupts += o.interrupts
	t.faults += o.faults
	t.ledgerFaults += o.ledgerFaults
	t.orders += o.orders
	t.committed += o.committed
	t.adopted += o.adopted
	t.resolved += o.resolved
	t.doubts += o.doubts
	t.duplicates += o.duplicates
	t.losses += o.losses
	t.lies += o.lies
	t.changed += o.changed
	t.mistakes += o.mistakes
	t.stuck += o.stuck
}

func (t *totals) String() string {
	return fmt.Sprintf("cases %d, runs %d, kills %d, interruptions %d, API faults %d, lies %d, ledger faults %d, changes in the portal %d\n"+
		"orders received %d, carried out %d; recovered by a later run %d, unconfirmed after recovery %d, resolved by a person %d\n"+
		"duplicates %d, losses %d, terminated by mistake %d, without a way out %d",
		t.cases, t.runs, t.kills, t.interrupts, t.faults, t.lies, t.ledgerFaults, t.changed,
		t.orders, t.committed, t.adopted, t.doubts, t.resolved, t.duplicates, t.losses, t.mistakes, t.stuck)
}

// world is what all processes of a case share.
type world struct {
	trial     trial
	server    *sandbox.Server
	liar      *liar
	portal    *portal
	store     *storetest.Memory
	file      *file
	wait      time.Duration
	failing   atomic.Bool // the ledger's faults are on
	processes int
	running   sync.WaitGroup // the code of processes, those of dead ones too

	mu         sync.Mutex
	totals     totals
	torn       []int // creations of claims seen, for each fault that tears one
	holders    []string
	violations []string
	refusals   []string // what the product did not let the person do, to read when there is no way out
}

func (w *world) count(do func(*totals)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do(&w.totals)
}

// violated notes what must not be. The case goes on: the first note is reported.
func (w *world) violated(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

func (w *world) took(run string) {
	w.mu.Lock()
	w.holders = append(w.holders, run)
	n := len(w.holders)
	w.mu.Unlock()
	if n > 1 {
		w.violated("%d runs hold the lock at once", n)
	}
}

func (w *world) released(run string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holders = slices.DeleteFunc(w.holders, func(h string) bool { return h == run })
}

// faultCounter counts the lines of the sandbox's log that tell of a fault.
type faultCounter struct{ w *world }

func (f faultCounter) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(`"fault":`)) {
		f.w.count(func(t *totals) { t.faults++ })
	}
	return len(b), nil
}

// sites are a few locations: reading hundreds in every run tells nothing more.
func sites() []sandbox.Location {
	speeds := []int{1000, 10000, 100000}
	out := []sandbox.Location{}
	for id, name := range map[int]string{89: "Digital Realty London LHR20", 2: "Equinix SY1"} {
		out = append(out, sandbox.Location{
			ID: id, Name: name, Metro: name, Market: "UK", Status: "Active",
			PortSpeeds: map[string][]int{"red": speeds, "blue": speeds}, CrossConnect: id == 2,
		})
	}
	slices.SortFunc(out, func(a, b sandbox.Location) int { return a.ID - b.ID })
	return out
}

func newWorld(c trial) (*world, error) {
	w := &world{trial: c, file: newFile(c), store: storetest.NewMemory(), wait: c.Wait, torn: make([]int, len(c.Ledger))}
	w.totals.cases = 1
	k := c.World
	k.ProvisionDelay = 10 * time.Second
	k.AddOnsForm = []string{"", "object", "array"}[len(c.Steps)%3]
	server, err := sandbox.New(sandbox.Config{Knobs: k, Locations: sites(), Log: zerolog.New(faultCounter{w})})
	if err != nil {
		return nil, err
	}
	w.server, w.portal = server, &portal{server: server, seen: map[string]bool{}}
	w.liar = newLiar(server.Transport(), c.Lies, c.Traits, k.FaultSeed)
	w.liar.cancels, w.liar.deny = w.cancelling, w.deniable
	if c.Others {
		if _, err := server.Seed(others()...); err != nil {
			return nil, err
		}
	}
	w.failing.Store(true)
	w.store.Fail = w.ledgerFails()
	return w, nil
}

// ledgerFails counts the operations of the ledger and fails those that the case
// chose.
func (w *world) ledgerFails() func(op, key string) (bool, error) {
	seen := make([]int, len(w.trial.Ledger))
	return func(op, _ string) (done bool, err error) {
		if !w.failing.Load() {
			return false, nil
		}
		for i, f := range w.trial.Ledger {
			if f.Op != op {
				continue
			}
			seen[i]++
			if err == nil && seen[i] >= f.Nth && seen[i] < f.Nth+f.Times {
				w.count(func(t *totals) { t.ledgerFaults++ })
				done, err = f.Done, errors.New("the disk is full")
			}
		}
		return done, err
	}
}

// tears says that the machine dies in the middle of writing a claim.
func (w *world) tears(key string) bool {
	if !w.failing.Load() || !strings.HasSuffix(key, "/claim.json") {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, f := range w.trial.Ledger {
		if f.Op == "tear" {
			if w.torn[i]++; w.torn[i] == f.Nth {
				w.totals.ledgerFaults++
				return true
			}
		}
	}
	return false
}

// deniable says that the program can know that its company approves orders,
// whatever the endpoint says today.
func (w *world) deniable() bool { return !w.trial.World.Approvals }

// play plays a case in virtual time and returns what was counted and the first
// thing that must not be. It reports outside the bubble, where rapid can shrink.
func play(t *testing.T, c trial) (sum totals, violation string) {
	bubble(t, func(ctx context.Context) {
		w, err := newWorld(c)
		if err != nil {
			violation = err.Error()
			return
		}
		defer w.end()
		for i, s := range c.Steps {
			w.step(ctx, i, s)
		}
		w.recover(ctx)
		w.summarise()
		sum = w.totals
		sum.lies = w.liar.told
		if len(w.violations) > 0 {
			violation = strings.Join(append(w.violations, slices.Compact(w.refusals)...), "\n")
		}
	})
	return sum, violation
}

// end waits until the last process is gone: time stands still after that.
func (w *world) end() {
	w.running.Wait()
	_ = w.server.Close() // it keeps nothing on disk
}

func (w *world) summarise() {
	r := w.server.Record()
	w.totals.orders, w.totals.committed = r.Received, r.Committed
}

// step plays one step and judges the account after it.
func (w *world) step(ctx context.Context, number int, s step) {
	time.Sleep(s.Pause)
	for _, e := range s.Edits {
		w.file.edit(e)
		w.byHand(ctx, e)
	}
	w.decide(ctx, s.Decide)
	if s.Resolve {
		w.resolveOpen(ctx)
	}
	ends := make([]end, len(s.Runs))
	var all sync.WaitGroup
	for i, r := range s.Runs {
		p := w.process(ctx, r)
		w.totals.runs++
		d := w.file.desired()
		all.Go(func() {
			time.Sleep(r.After)
			ends[i] = p.apply(d, s.Locked)
			if ends[i].killed && w.trial.Bucket {
				// A person sees that it is dead, and says so.
				_ = w.store.Unlock(context.Background(), host, p.id)
			}
		})
	}
	all.Wait()
	for i, e := range ends {
		w.judge(fmt.Sprintf("step %d, run %d", number+1, i+1), e)
	}
}

// decide approves or rejects what waits for a second person.
func (w *world) decide(ctx context.Context, decision string) {
	if decision == "" {
		return
	}
	for uid, status := range w.approvals(ctx) {
		if status != "PENDING" {
			continue
		}
		if _, err := w.admin(ctx, http.MethodPost, "/approvals/"+uid+"/"+decision); err != nil {
			w.violated("the sandbox's approvals: %v", err)
		}
	}
}

// approvals are the states of all order approvals there ever were.
func (w *world) approvals(ctx context.Context) map[string]string {
	var rows []struct {
		UID    string `json:"uid"`
		Status string `json:"status"`
	}
	body, err := w.admin(ctx, http.MethodGet, "/approvals")
	if err == nil {
		err = json.Unmarshal(body, &rows)
	}
	if err != nil {
		w.violated("the sandbox's approvals: %v", err)
	}
	out := map[string]string{}
	for _, r := range rows {
		out[r.UID] = r.Status
	}
	return out
}

func (w *world) admin(ctx context.Context, method, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://sandbox.invalid/_sandbox"+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := w.server.Transport().RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

// claimOf is a claim as it lies in the store, read without the program's help.
type claimOf struct {
	ID   string          `json:"id"`
	Name string          `json:"name"`
	Time time.Time       `json:"time"`
	last plan.OrderState // of the record that closed it; claimed when it is open
	uids []string        // of that record
	// answered are the services that the answer to the order named.
	answered []string
}

// claims reads all claims there ever were.
func (w *world) claims() map[string]claimOf {
	failing := w.failing.Swap(false)
	defer w.failing.Store(failing)
	ctx := context.Background()
	out := map[string]claimOf{}
	keys, err := w.store.List(ctx, "claims/")
	if err != nil {
		w.violated("%v", err)
	}
	for _, key := range keys {
		folder, isClaim := strings.CutSuffix(key, "/claim.json")
		if !isClaim {
			continue
		}
		c := claimOf{last: plan.OrderClaimed}
		if b, err := w.store.Read(ctx, key); err != nil || json.Unmarshal(b, &c) != nil {
			continue // torn: no order was sent
		}
		var answer, end struct {
			State plan.OrderState `json:"state"`
			UIDs  []string        `json:"uids"`
		}
		if slices.Contains(keys, folder+"/1.json") {
			w.read(ctx, folder+"/1.json", &answer)
			c.answered = answer.UIDs
		}
		if slices.Contains(keys, folder+"/closed.json") {
			w.read(ctx, folder+"/closed.json", &end)
			c.last, c.uids = end.State, end.UIDs
		}
		out[c.ID] = c
	}
	return out
}

func (w *world) read(ctx context.Context, key string, into any) {
	b, err := w.store.Read(ctx, key)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		w.violated("%s: %v", key, err)
	}
}
