package apply

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// patience is how long an order may go without an answer before the others stop
// waiting for it: its slot is lent to another order, and the brake counts it as
// unconfirmed. Most orders are answered within seconds; the deadline of one is
// minutes.
const patience = 30 * time.Second

// brake stops new orders: when the ledger failed, when too many failed, and when answers
// fail to come. After a number of unconfirmed orders in a row more of them would only
// be more to look for; a usable answer, whatever it says, ends the row.
type brake struct {
	maxFailures, maxUnconfirmed int // as in Options
	slots                       *slots

	mu          sync.Mutex
	stopped     bool // the ledger failed
	failed, row int
}

// flight is an order between its sending and the last word on it.
type flight struct {
	brake *brake
	timer *time.Timer

	mu sync.Mutex
	// waits says that it was turned away and waits for a look at the account: it has
	// an answer, and does not count as one that hangs.
	waits             bool
	hangs, lent, over bool
}

// started counts an order in that is about to be sent.
func (b *brake) started() *flight {
	f := &flight{brake: b}
	f.mu.Lock() // the timer's function must find the timer
	defer f.mu.Unlock()
	f.timer = time.AfterFunc(patience, f.late)
	return f
}

// late is called when there was no last word for a while.
func (f *flight) late() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return
	}
	if !f.waits && !f.hangs {
		f.hangs = true
		f.brake.count(1)
	}
	f.lent = f.lent || f.brake.slots.lend()
}

// turnedAway says that an answer came, and that the order waits.
func (f *flight) turnedAway() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waits = true
	if f.hangs {
		f.hangs = false
		f.brake.count(-1)
	}
}

// sentAgain says that the order goes out once more.
func (f *flight) sentAgain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waits = false
	f.timer.Reset(patience)
}

// finished says what became of the order, once.
func (f *flight) finished(o Outcome) {
	f.timer.Stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	if f.lent {
		f.brake.slots.reclaim()
	}
	if o == Unknown && !f.hangs {
		f.brake.count(1)
	}
	f.brake.finished(o)
}

func (b *brake) count(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.row = max(0, b.row+n)
}

func (b *brake) finished(o Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o != Bought {
		b.failed++
	}
	if o == Bought || o == Refused {
		b.row = 0
	}
}

func (b *brake) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
}

// holds says why no new order is to be sent; nil when one may be.
func (b *brake) holds() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.stopped:
		return errors.New("not sent: the ledger failed on an earlier order")
	case b.maxFailures > 0 && b.failed >= b.maxFailures:
		return fmt.Errorf("not sent: stopped after %d failed orders", b.failed)
	case b.maxUnconfirmed > 0 && b.row >= b.maxUnconfirmed:
		return fmt.Errorf("not sent: stopped after %d unconfirmed orders in a row", b.maxUnconfirmed)
	}
	return nil
}
