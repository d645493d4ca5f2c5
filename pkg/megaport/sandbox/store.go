package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"
	bolt "go.etcd.io/bbolt"
)

// store gives requests their turn at the state. Requests that wait together are
// served as one batch: with a data file that is one opening of the file and, if
// anything was written, one commit for all of them. Nobody is told of success
// before the commit.
//
// The file is open for one batch only, because bbolt locks it as long as it is
// open. Processes queue at a lock file of their own: bbolt polls for its lock, so
// that a busy server would starve a command.
type store struct {
	now  func() time.Time
	path string // of the data file; empty: memory only
	lock *flock.Flock

	queueMu sync.Mutex
	queue   []*job

	mu   sync.Mutex // held while a batch runs; guards all below
	st   *state
	seen revision // of the file that st was read from

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

// tx is the state with the means to change it. Whoever holds a tx holds the
// store; all checks come before the first change, because there is no undo.
type tx struct {
	*state
	now time.Time
}

// revision names what a file holds: its id, since a file can be removed and another
// one take its place, and the number of its latest transaction.
type revision struct {
	id string
	tx int
}

// fileBucket holds the id of a data file.
const fileBucket = "file"

// holdTimeout bounds the wait for a program that is no sandbox.
const holdTimeout = 30 * time.Second

func openStore(path string, now func() time.Time) (*store, error) {
	s := &store{now: now, path: path, lock: flock.New(path + ".lock"), st: newState(), counts: make(map[string]RouteCount)}
	return s, s.update(func(*tx) {})
}

// view runs fn on the current state. fn must only collect what it needs.
func (s *store) view(fn func(*state)) error {
	return s.do(&job{run: func(t *tx) { fn(t.state) }})
}

// update runs fn, which may change the state, and returns once the change is
// durable. An error means that nothing was changed.
func (s *store) update(fn func(*tx)) error { return s.do(&job{write: true, run: fn}) }

// do queues the job and then waits for the turn; by then somebody else's batch
// may have done it already.
func (s *store) do(j *job) error {
	s.queueMu.Lock()
	s.queue = append(s.queue, j)
	s.queueMu.Unlock()

	s.mu.Lock()
	defer s.mu.Unlock()
	if j.done {
		return j.err
	}
	s.queueMu.Lock()
	batch := s.queue
	s.queue = nil
	s.queueMu.Unlock()

	err := s.run(batch)
	for _, b := range batch {
		b.done, b.err = true, err
	}
	return err
}

func (s *store) run(batch []*job) error {
	if s.path == "" {
		s.runJobs(batch)
		return s.st.save(nil)
	}
	err := s.lock.Lock()
	if err == nil {
		err = errors.Join(s.runOnFile(batch), s.lock.Unlock())
	}
	if err != nil {
		return fmt.Errorf("sandbox data file %s: %w", s.path, err)
	}
	return nil
}

func (s *store) runOnFile(batch []*job) (err error) {
	write := slices.ContainsFunc(batch, func(j *job) bool { return j.write })
	if _, err := os.Stat(s.path); err != nil {
		write = true // somebody removed the file: start an empty one
	}
	db, err := bolt.Open(s.path, 0o600, &bolt.Options{ReadOnly: !write, Timeout: holdTimeout})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	f, err := db.Begin(write)
	if err != nil {
		return err
	}
	defer func() { _ = f.Rollback() }() // of no effect after the commit
	made, err := s.sync(f)
	if err != nil {
		return err
	}
	if changed := s.runJobs(batch); !changed && !made {
		return nil
	}
	if err = s.st.save(f); err == nil {
		err = f.Commit()
	}
	if err != nil {
		s.st, s.seen = newState(), revision{} // memory is ahead of the file
		return fmt.Errorf("nothing was saved: %w", err)
	}
	s.seen.tx++
	return nil
}

// sync brings the state up to what other processes wrote, and makes the buckets of
// a new file.
func (s *store) sync(f *bolt.Tx) (made bool, err error) {
	at := revision{tx: f.ID()}
	if f.Writable() {
		at.tx-- // its own number is the next
	}
	file := f.Bucket([]byte(fileBucket))
	if made = file == nil; made {
		if file, err = f.CreateBucket([]byte(fileBucket)); err != nil {
			return made, err
		}
		if err := file.Put([]byte("id"), []byte(newUUID())); err != nil {
			return made, err
		}
	}
	if at.id = string(file.Get([]byte("id"))); at == s.seen {
		return made, nil
	}
	s.seen = revision{} // read again if this fails
	if err := s.st.load(f); err != nil {
		return made, err
	}
	s.seen = at
	return made, nil
}

// runJobs runs the batch and reports whether it changed anything. Waiting route
// counts are saved with the first write that comes along.
func (s *store) runJobs(batch []*job) bool {
	t := &tx{state: s.st}
	for _, j := range batch {
		t.now = s.now()
		j.run(t)
	}
	if !s.st.changed() {
		return false
	}
	s.foldCounts(t)
	return true
}

// count notes one answered request in memory, so that a read costs no write. The
// counts reach the file with the next write, or when the server is closed.
func (s *store) count(route string, status int) {
	s.countMu.Lock()
	defer s.countMu.Unlock()
	s.counts[route] = s.counts[route].plus(RouteCount{1, map[int]int{status: 1}})
}

func (s *store) foldCounts(t *tx) {
	s.countMu.Lock()
	defer s.countMu.Unlock()
	for route, c := range s.counts {
		if old := t.routes.docs[route]; old != nil {
			c = old.plus(c)
		}
		t.routes.put(route, &c)
	}
	clear(s.counts)
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
	return s.update(func(t *tx) {
		s.countMu.Lock()
		defer s.countMu.Unlock()
		clear(s.counts)
		for _, k := range t.kinds() {
			k.clear()
		}
	})
}

// bucket is all documents of one kind: in memory by key, in the file as JSON in a
// bucket of the kind's name. Documents are never changed once they are in it: a
// change puts a copy, so readers need no lock.
type bucket[T any] struct {
	name  string
	docs  map[string]*T
	raw   map[string]string // docs as they stand in the file
	dirty map[string]bool   // keys that are not saved yet
}

func newBucket[T any](name string) *bucket[T] {
	return &bucket[T]{name: name, docs: make(map[string]*T), raw: make(map[string]string), dirty: make(map[string]bool)}
}

func (b *bucket[T]) put(key string, doc *T) { b.docs[key], b.dirty[key] = doc, true }

func (b *bucket[T]) changed() bool { return len(b.dirty) > 0 }

func (b *bucket[T]) clear() {
	for key := range b.docs {
		delete(b.docs, key)
		b.dirty[key] = true
	}
}

// load reads the bucket; what is as it was before is not decoded again.
func (b *bucket[T]) load(f *bolt.Tx) error {
	old := *b
	*b = *newBucket[T](b.name)
	in := f.Bucket([]byte(b.name))
	if in == nil {
		return nil
	}
	return in.ForEach(func(k, v []byte) error {
		key, raw := string(k), string(v)
		doc := old.docs[key]
		if doc == nil || old.raw[key] != raw {
			doc = new(T)
			if err := decode(v, doc); err != nil {
				return fmt.Errorf("document %s/%s: %w", b.name, key, err)
			}
		}
		b.docs[key], b.raw[key] = doc, raw
		return nil
	})
}

// save writes what was changed; without a file it is kept by being in memory.
func (b *bucket[T]) save(f *bolt.Tx) error {
	defer clear(b.dirty)
	if f == nil {
		return nil
	}
	out, err := f.CreateBucketIfNotExists([]byte(b.name))
	if err != nil {
		return err
	}
	for key := range b.dirty {
		if err := b.saveTo(out, key); err != nil {
			return err
		}
	}
	return nil
}

func (b *bucket[T]) saveTo(out *bolt.Bucket, key string) error {
	doc := b.docs[key]
	if doc == nil {
		delete(b.raw, key)
		return out.Delete([]byte(key))
	}
	raw, err := encode(doc)
	if err != nil {
		return err
	}
	b.raw[key] = string(raw)
	return out.Put([]byte(key), raw)
}
