package ledger

import "sync"

// shared does once for many what each of them needs done after it asked: who asks while
// it is being done waits for the next time, which serves all who asked meanwhile. Claims
// made side by side have their common folder synced together.
type shared struct {
	mu            sync.Mutex
	running, next map[string]*turn // by what is done
}

// turn is one time, for all who wait for it.
type turn struct {
	done chan struct{}
	err  error
}

func newShared() *shared { return &shared{running: map[string]*turn{}, next: map[string]*turn{}} }

// do returns when work that began after the call is done, with its error.
func (s *shared) do(what string, work func() error) error {
	s.mu.Lock()
	if t := s.next[what]; t != nil {
		s.mu.Unlock()
		<-t.done
		return t.err
	}
	t, before := &turn{done: make(chan struct{})}, s.running[what]
	if before != nil {
		s.next[what] = t
		s.mu.Unlock()
		<-before.done
		s.mu.Lock()
		delete(s.next, what) // who asks from here on asks after the work began
	}
	s.running[what] = t
	s.mu.Unlock()
	t.err = work()
	s.mu.Lock()
	if s.running[what] == t {
		delete(s.running, what)
	}
	s.mu.Unlock()
	close(t.done)
	return t.err
}
