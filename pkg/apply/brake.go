package apply

import (
	"fmt"
	"sync"
	"time"
)

// patience is how long an order may go without an answer before the others stop
// waiting for it: its slot is lent to another order, and the brake counts it as
// unconfirmed. Most orders are answered within seconds; the deadline of one is
// minutes.
const patience = 30 * time.Second

// brake stops new orders when answers fail to come: after a number of unconfirmed
// orders in a row more of them would only be more to look for. A usable answer,
// whatever it says, ends the row.
type brake struct {
	most int // in a row; 0 never stops
	pace *pace

	mu  sync.Mutex
	row int
}

// started counts an order in that is about to be sent. The function returned says
// what became of it, once.
func (b *brake) started() (finished func(Outcome)) {
	var mu sync.Mutex
	var hangs, lent, over bool
	timer := time.AfterFunc(patience, func() {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return
		}
		hangs = true
		b.count(1)
		lent = b.pace.lend()
	})
	return func(o Outcome) {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		over = true
		if lent {
			b.pace.reclaim()
		}
		switch o {
		case Unknown:
			if !hangs {
				b.count(1)
			}
		case Bought, Refused:
			b.reset()
		}
	}
}

func (b *brake) count(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.row += n
}

func (b *brake) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.row = 0
}

// holds says why no new order is to be sent; nil when one may be.
func (b *brake) holds() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.most > 0 && b.row >= b.most {
		return fmt.Errorf("not sent: stopped after %d unconfirmed orders in a row", b.most)
	}
	return nil
}
