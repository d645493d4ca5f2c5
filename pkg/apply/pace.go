package apply

import "sync"

// pace is how many changes are made at one time. The client slows its rate when
// the API says that it is busy (429); when an order comes back unprocessed even
// so, fewer are sent side by side: half as many, and one more with each purchase
// that goes through.
type pace struct {
	mu    sync.Mutex
	free  sync.Cond
	most  int
	limit int
	busy  int
	lent  int // of the busy ones: their slots are in use by others
	turn  int // counts the halvings
}

func newPace(most int) *pace {
	p := &pace{most: most, limit: most}
	p.free.L = &p.mu
	return p
}

// enter waits for its turn, whose number it returns.
func (p *pace) enter() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.busy-p.lent >= p.limit {
		p.free.Wait()
	}
	p.busy++
	return p.turn
}

func (p *pace) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	p.free.Broadcast()
}

// lend gives the slot of a change that hangs to another one, so that those that
// hang do not stop all others; it says whether it did. No more are lent than there
// are slots: in flight are never more than twice as many as were asked for.
func (p *pace) lend() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lent >= p.most {
		return false
	}
	p.lent++
	p.free.Broadcast()
	return true
}

// reclaim takes back what lend gave: the change is about to leave.
func (p *pace) reclaim() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lent--
}

// slower halves the limit, once for all orders that were sent before the last
// halving, and returns the limit; changed is false when it was halved already.
func (p *pace) slower(turn int) (limit int, changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if turn != p.turn || p.limit == 1 {
		return p.limit, false
	}
	p.turn++
	p.limit /= 2
	return p.limit, true
}

// faster raises the limit by one; changed is true when it is whole again.
func (p *pace) faster() (limit int, changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit == p.most {
		return p.limit, false
	}
	p.limit++
	p.free.Broadcast()
	return p.limit, p.limit == p.most
}
