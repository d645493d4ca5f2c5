package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// store gives requests their turn at the state. Requests that wait together are
// served as one batch: with a data file that is one opening of the file and, if
// anything was written, one commit for all of them. Nobody is told of success
// before the commit.
type store struct {
	now func() time.Time

	queueMu sync.Mutex
	queue   []*job

	turn sync.Mutex // held while a batch runs; guards all below
	st   *state
	disk *disk // nil: memory only

	countMu sync.Mutex
	counts  map[string]RouteCount // not yet in the state
}

// job is one request's work on the state.
type job struct {
	write bool
	run   func(*tx)
	done  bool
	err   error
}

func openStore(path string, now func() time.Time) (*store, error) {
	s := &store{now: now, st: newState(), counts: make(map[string]RouteCount)}
	if path == "" {
		return s, nil
	}
	d, err := openDisk(path)
	if err != nil {
		return nil, err
	}
	s.disk = d
	return s, s.view(func(*state) {})
}

// view runs fn on the current state. fn must only collect what it needs.
func (s *store) view(fn func(*state)) error {
	return s.do(&job{run: func(t *tx) { fn(t.state) }})
}

// update runs fn, which may change the state, and returns once the change is
// durable. An error means that nothing was changed.
func (s *store) update(fn func(*tx)) error {
	return s.do(&job{write: true, run: fn})
}

// do queues the job and then waits for the turn; by then somebody else's batch
// may have done it already.
func (s *store) do(j *job) error {
	s.queueMu.Lock()
	s.queue = append(s.queue, j)
	s.queueMu.Unlock()

	s.turn.Lock()
	defer s.turn.Unlock()
	if j.done {
		return j.err
	}
	s.queueMu.Lock()
	batch := s.queue
	s.queue = nil
	s.queueMu.Unlock()

	err := s.runBatch(batch)
	for _, b := range batch {
		b.done, b.err = true, err
	}
	return err
}

func (s *store) runBatch(batch []*job) error {
	if s.disk == nil {
		s.runJobs(batch)
		return nil
	}
	write := slices.ContainsFunc(batch, func(j *job) bool { return j.write })
	h, err := s.disk.hold(write)
	if err != nil {
		return err
	}
	if s.st, err = h.sync(s.st); err != nil {
		return errors.Join(err, h.release())
	}
	dirty := s.runJobs(batch)
	if err := h.commit(dirty); err != nil {
		s.st = nil // memory is ahead of the file now: read it again next time
		return errors.Join(fmt.Errorf("sandbox data file: nothing was saved: %w", err), h.release())
	}
	return h.release()
}

// runJobs runs the batch and gives the documents to save. Waiting route counts
// are saved with the first write that comes along.
func (s *store) runJobs(batch []*job) map[string]any {
	t := &tx{state: s.st, dirty: make(map[string]any)}
	for _, j := range batch {
		t.now = s.now()
		j.run(t)
	}
	if len(t.dirty) > 0 {
		s.foldCounts(t)
	}
	return t.dirty
}

// count notes one answered request in memory, so that a read costs no write. The
// counts reach the file with the next write, or when the server is closed.
func (s *store) count(route string, status int) {
	s.countMu.Lock()
	defer s.countMu.Unlock()
	s.counts[route] = s.counts[route].plus(status)
}

func (s *store) foldCounts(t *tx) {
	s.countMu.Lock()
	defer s.countMu.Unlock()
	if len(s.counts) == 0 {
		return
	}
	t.save(keyRoutes, mergeCounts(t.routes, s.counts))
	s.counts = make(map[string]RouteCount)
}

// pendingCounts gives the counts that no write has taken along yet.
func (s *store) pendingCounts() map[string]RouteCount {
	s.countMu.Lock()
	defer s.countMu.Unlock()
	return maps.Clone(s.counts)
}

// flush saves waiting counts.
func (s *store) flush() error {
	if len(s.pendingCounts()) == 0 {
		return nil
	}
	return s.update(s.foldCounts)
}

// reset empties the account.
func (s *store) reset() error {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.countMu.Lock()
	s.counts = make(map[string]RouteCount)
	s.countMu.Unlock()
	if s.disk != nil {
		if err := s.disk.wipe(); err != nil {
			return err
		}
	}
	s.st = newState()
	return nil
}
