package apply

import "sync"

// slots limit how many changes are made at one time. One that hangs lends its slot to
// another, so that those that hang do not stop all others.
type slots struct {
	mu   sync.Mutex
	free sync.Cond
	most int
	busy int
	lent int // of the busy ones: their slots are in use by others
}

func newSlots(most int) *slots {
	s := &slots{most: most}
	s.free.L = &s.mu
	return s
}

// enter waits for a slot.
func (s *slots) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.busy-s.lent >= s.most {
		s.free.Wait()
	}
	s.busy++
}

func (s *slots) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	s.free.Broadcast()
}

// lend gives the slot of a change that hangs to another one; it says whether it did. No
// more are lent than there are slots: in flight are never more than twice as many as
// were asked for.
func (s *slots) lend() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lent >= s.most {
		return false
	}
	s.lent++
	s.free.Broadcast()
	return true
}

// reclaim takes back what lend gave: the change is about to leave.
func (s *slots) reclaim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lent--
}
