package storetest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/portctl/portctl/pkg/apply/ledger"
)

// Memory is a store in memory, for tests: it keeps the promises of a Store as
// long as the test lasts, takes no time, and fails when it is told to. It is safe
// for use by many goroutines; several ledgers may share it, as several machines
// share a bucket.
type Memory struct {
	// Fail, when not nil, is asked before each operation ("create", "read",
	// "list", "lock") with its key. An error that it returns is the operation's;
	// with done the operation is carried out all the same, as when an answer is
	// lost. It is called by one goroutine at a time.
	Fail func(op, key string) (done bool, err error)

	mu      sync.Mutex
	records map[string][]byte
	locks   map[string]ledger.Holder
}

var _ ledger.Store = (*Memory)(nil)

// NewMemory is an empty store.
func NewMemory() *Memory {
	return &Memory{records: map[string][]byte{}, locks: map[string]ledger.Holder{}}
}

func (m *Memory) fail(op, key string) (skip bool, err error) {
	if m.Fail == nil {
		return false, nil
	}
	done, err := m.Fail(op, key)
	return err != nil && !done, err
}

// Create makes a record.
func (m *Memory) Create(_ context.Context, key string, content []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	skip, err := m.fail("create", key)
	if skip {
		return err
	}
	if _, exists := m.records[key]; exists {
		return ledger.ErrExists
	}
	m.records[key] = slices.Clone(content)
	return err
}

// Read returns a record.
func (m *Memory) Read(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if skip, err := m.fail("read", key); skip {
		return nil, err
	}
	b, exists := m.records[key]
	if !exists {
		return nil, ledger.ErrNotFound
	}
	return slices.Clone(b), nil
}

// List returns the keys with a prefix.
func (m *Memory) List(_ context.Context, prefix string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if skip, err := m.fail("list", prefix); skip {
		return nil, err
	}
	var keys []string
	for key := range m.records {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// ListBut is List without what is in some folders.
func (m *Memory) ListBut(ctx context.Context, prefix string, folders map[string]bool) (keys, passed []string, err error) {
	all, err := m.List(ctx, prefix)
	for _, key := range all {
		name, _, inFolder := strings.Cut(strings.TrimPrefix(key, prefix), "/")
		switch {
		case !inFolder || !folders[name]:
			keys = append(keys, key)
		default:
			passed = append(passed, name)
		}
	}
	slices.Sort(passed)
	return keys, slices.Compact(passed), err
}

// Lock takes a lock.
func (m *Memory) Lock(_ context.Context, name string, h ledger.Holder) (ledger.Lock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if skip, err := m.fail("lock", name); skip {
		return nil, err
	}
	if holder, held := m.locks[name]; held {
		return nil, &ledger.LockedError{Holder: holder, Breakable: true}
	}
	m.locks[name] = h
	return &memoryLock{m, name, h.Run}, nil
}

// Unlock breaks a lock.
func (m *Memory) Unlock(ctx context.Context, name, run string) error {
	m.mu.Lock()
	held := m.locks[name].Run == run
	m.mu.Unlock()
	if !held {
		return ledger.ErrNotFound
	}
	return (&memoryLock{m, name, run}).Release(ctx)
}

// Place names the store.
func (m *Memory) Place() string { return "memory" }

// Close does nothing: what is in memory goes with it.
func (m *Memory) Close() error { return nil }

type memoryLock struct {
	m         *Memory
	name, run string
}

// Release gives the lock back, if it is still the run's.
func (l *memoryLock) Release(context.Context) error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	if l.m.locks[l.name].Run == l.run {
		delete(l.m.locks, l.name)
	}
	return nil
}
