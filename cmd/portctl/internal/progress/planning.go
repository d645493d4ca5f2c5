package progress

import (
	"fmt"
	"sync"
	"time"
)

// How soon and how often Planning shows what is being done.
const (
	drawnAfter   = 300 * time.Millisecond // in place, on a terminal
	drawnEvery   = 150 * time.Millisecond
	writtenEvery = 5 * time.Second // as lines of their own, elsewhere
)

// Planning shows what is done before there is a plan: on a terminal a line in place, as
// soon as a person wonders; elsewhere a line now and then, when it takes long. It is safe
// for use by many goroutines.
type Planning struct {
	mu    sync.Mutex
	doing string
	begun time.Time
	stop  chan struct{}
	ended chan struct{}
	close sync.Once
}

// NewDrawnPlanning draws on a terminal that is so wide.
func NewDrawnPlanning(screen *Screen, size func() (cols, rows int)) *Planning {
	p := newPlanning()
	show := func(text string) {
		cols, _ := size()
		if text == "" {
			_ = screen.Draw(nil, cols)
			return
		}
		_ = screen.Draw([]string{fmt.Sprintf("%s (%s)", text, time.Since(p.begun).Truncate(time.Second))}, cols)
	}
	go p.run(drawnAfter, drawnEvery, show, func() { show("") })
	return p
}

// NewWrittenPlanning gives lines to write.
func NewWrittenPlanning(write func(line string)) *Planning {
	p := newPlanning()
	said := ""
	show := func(text string) {
		if text != said && text != "" {
			write(text)
		}
		said = text
	}
	go p.run(writtenEvery, writtenEvery, show, func() {})
	return p
}

func newPlanning() *Planning {
	return &Planning{begun: time.Now(), stop: make(chan struct{}), ended: make(chan struct{})}
}

// Show says what is being done now.
func (p *Planning) Show(doing string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doing = doing
}

// Close ends the showing, and takes away what was drawn.
func (p *Planning) Close() {
	p.close.Do(func() { close(p.stop) })
	<-p.ended
}

func (p *Planning) run(first, every time.Duration, show func(string), clear func()) {
	defer close(p.ended)
	for next := first; ; next = every {
		select {
		case <-p.stop:
			clear()
			return
		case <-time.After(next):
		}
		p.mu.Lock()
		doing := p.doing
		p.mu.Unlock()
		show(doing)
	}
}
