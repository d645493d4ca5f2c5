package sandbox

import (
	"cmp"
	"net"
	"sync"
	"time"
)

// requestLimit gives how many requests of one address a window takes, 0 for any, and
// how long the window is. The published limits: API facts §8.1, confidence B.
func (k *Knobs) requestLimit() (requests int, window time.Duration) {
	requests, window = k.WindowRequests, cmp.Or(k.Window, 5*time.Minute)
	if k.Limits == limitsPublished {
		requests = cmp.Or(requests, 500)
	}
	return requests, window
}

// updateInterval is the least time between two updates of one service, 0 for any.
func (k *Knobs) updateInterval() time.Duration {
	if k.Limits == limitsPublished {
		return cmp.Or(k.UpdateInterval, 5*time.Minute)
	}
	return k.UpdateInterval
}

// windows remembers, in memory, what the rolling limits count.
type windows struct {
	mu       sync.Mutex
	requests map[string][]time.Time // by client address, oldest first
	updates  map[string]time.Time   // the latest by service UID
}

func (w *windows) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests, w.updates = make(map[string][]time.Time), make(map[string]time.Time)
}

// refuse gives how long the client must wait when the call is one too many, and 0
// when it may pass; then it is counted. The token endpoint is another host's on the
// real API and does not count (confidence D).
func (w *windows) refuse(c *call, now time.Time) time.Duration {
	if c.route.Class == classToken {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if wait := w.request(c, now); wait > 0 {
		return wait
	}
	interval := c.knobs.updateInterval()
	last, updated := w.updates[c.params["uid"]]
	if c.route.Class != classModify || interval <= 0 || !updated {
		return 0
	}
	return last.Add(interval).Sub(now)
}

func (w *windows) request(c *call, now time.Time) time.Duration {
	limit, window := c.knobs.requestLimit()
	if limit <= 0 {
		return 0
	}
	address, _, _ := net.SplitHostPort(c.req.RemoteAddr) // none: all clients of Transport are one
	seen := w.requests[address]
	for len(seen) > 0 && !seen[0].Add(window).After(now) {
		seen = seen[1:]
	}
	var wait time.Duration
	if len(seen) >= limit {
		wait = seen[len(seen)-limit].Add(window).Sub(now)
	}
	if wait == 0 || c.knobs.WindowCountsRefused {
		seen = append(seen, now)
	}
	w.requests[address] = seen[max(0, len(seen)-limit):]
	return wait
}

// updated notes an update that was carried out.
func (w *windows) updated(uid string, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.updates[uid] = now
}
