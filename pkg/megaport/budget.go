package megaport

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// Budget is how many requests may be sent within a rolling time. The zero value sets
// no limit.
type Budget struct {
	// Requests is how many; 0 sets no limit.
	Requests int
	// Per is the time in which they may be sent.
	Per time.Duration
}

// PublishedBudget is the limit that Megaport publishes: 500 requests in a rolling
// 5 minutes per IP address (API facts §0.1, confidence B).
func PublishedBudget() Budget { return Budget{Requests: 500, Per: 5 * time.Minute} }

// ParseBudget reads "500/5m", or "none" for no limit.
func ParseBudget(text string) (Budget, error) {
	if text == "none" {
		return Budget{}, nil
	}
	requests, per, ok := strings.Cut(text, "/")
	n, err := strconv.Atoi(requests)
	d, perErr := time.ParseDuration(per)
	if !ok || err != nil || perErr != nil || n < 2 || n > maxBudget || d < time.Second {
		return Budget{}, fmt.Errorf("%q is no request budget: write how many requests may be sent in which time, such as 500/5m, or none", printable(text, 40))
	}
	return Budget{Requests: n, Per: d}, nil
}

// maxBudget is the largest number of requests of a Budget: the time of each is kept.
const maxBudget = 100_000

// String is the form that ParseBudget reads.
func (b Budget) String() string {
	if b.Requests == 0 {
		return "none"
	}
	per := b.Per.String()
	for _, none := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(per, none) {
			per = per[:len(per)-len("0s")]
		}
	}
	return fmt.Sprintf("%d/%s", b.Requests, per)
}

// onTheWay is how much longer than its time a request counts: the server counts when
// it arrives, and one may be on its way for longer than another.
const onTheWay = time.Second

// window keeps to a Budget. The times of the requests that were sent are all that it
// knows; it spends what is left at once, and then waits until the oldest no longer
// counts.
type window struct {
	Budget
	shared *sharedTimes // nil for this client's own

	mu   sync.Mutex
	sent []time.Time
}

func newWindow(b Budget, folder string, base *url.URL) *window {
	if b.Requests == 0 {
		return nil
	}
	return &window{Budget: b, shared: newSharedTimes(folder, base)}
}

// heldBack is how many requests only listings, lookups and tokens may use: without a
// look at the account nobody knows what became of the orders.
func (w *window) heldBack() int { return max(1, w.Requests/25) }

// take waits until a request may be sent, and counts it. What waits is told until when.
func (w *window) take(ctx context.Context, kept bool, waits func(until time.Time)) error {
	for {
		until := w.try(time.Now(), kept)
		if until.IsZero() {
			return nil
		}
		waits(until)
		if err := pause(ctx, time.Until(until)); err != nil {
			return err
		}
	}
}

// try counts a request, or says when to try again.
func (w *window) try(now time.Time, kept bool) (until time.Time) {
	limit := w.Requests
	if !kept {
		limit -= w.heldBack()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.update(func(sent []time.Time) []time.Time {
		sent = slices.DeleteFunc(sent, func(at time.Time) bool { // one of the future is of a clock that was set back
			return now.Sub(at) >= w.Per+onTheWay || at.After(now.Add(onTheWay))
		})
		if len(sent) < limit {
			return append(sent, now)
		}
		until = sent[len(sent)-limit].Add(w.Per + onTheWay)
		return sent
	})
	return until
}

// update changes the times, which others may have changed meanwhile.
func (w *window) update(change func([]time.Time) []time.Time) {
	if w.shared != nil {
		if err := w.shared.update(&w.sent, change); err == nil {
			return
		}
		w.shared = nil // what cannot be shared is kept alone: then 429 tells what the others spend
	}
	w.sent = change(w.sent)
}

// opens is when the oldest request no longer counts; zero without any.
func (w *window) opens() time.Time {
	if w == nil {
		return time.Time{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.sent) == 0 {
		return time.Time{}
	}
	return w.sent[0].Add(w.Per + onTheWay)
}

// sharedTimes is a file in which the processes of a machine keep when they sent
// requests to a host: eight bytes each, nanoseconds since 1970. It is not synced: what
// a crash loses counts for five minutes.
type sharedTimes struct {
	path string
	lock *flock.Flock
}

// newSharedTimes is for a host and a folder; nil without a folder.
func newSharedTimes(folder string, base *url.URL) *sharedTimes {
	if folder == "" || os.MkdirAll(folder, 0o700) != nil {
		return nil
	}
	path := filepath.Join(folder, url.PathEscape(base.Host)+".requests")
	return &sharedTimes{path: path, lock: flock.New(path+".lock", flock.SetPermissions(0o600))}
}

// update reads the times, changes and writes them, while no other process does.
func (s *sharedTimes) update(sent *[]time.Time, change func([]time.Time) []time.Time) error {
	const longest = time.Second // a process that was stopped may hold the lock
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	if _, err := s.lock.TryLockContext(ctx, time.Millisecond); err != nil {
		return err
	}
	defer func() { _ = s.lock.Unlock() }()
	raw, err := os.ReadFile(s.path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	times := make([]time.Time, 0, len(raw)/8+1)
	for ; len(raw) >= 8; raw = raw[8:] {
		times = append(times, time.Unix(0, int64(binary.BigEndian.Uint64(raw))))
	}
	slices.SortFunc(times, time.Time.Compare) // clocks of processes may differ a little
	times = change(times)
	*sent = times
	out := make([]byte, 0, 8*len(times))
	for _, at := range times {
		out = binary.BigEndian.AppendUint64(out, uint64(at.UnixNano()))
	}
	return os.WriteFile(s.path, out, 0o600)
}
