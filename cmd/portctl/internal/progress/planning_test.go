package progress_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/cmd/portctl/internal/progress"
)

// shared is a terminal that one goroutine writes to and another looks at.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// On a terminal a plan says within half a second what it does, goes on saying so, and
// leaves nothing behind.
func TestPlanningOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out shared
		p := progress.NewDrawnPlanning(progress.NewScreen(&out), func() (int, int) { return 60, 24 })
		p.Show("reading the account")
		time.Sleep(250 * time.Millisecond)
		if out.String() != "" {
			t.Errorf("a quick plan shows %q", out.String())
		}
		time.Sleep(250 * time.Millisecond)
		if !strings.Contains(out.String(), "reading the account (0s)") {
			t.Errorf("after half a second: %q", out.String())
		}
		p.Show("validating orders 34/120")
		time.Sleep(time.Second)
		p.Close()
		p.Close()
		if text := out.String(); !strings.Contains(text, "validating orders 34/120 (1s)") || !strings.HasSuffix(text, "\x1b[1A\x1b[J\x1b[J") {
			t.Errorf("in the end: %q", text)
		}
	})
}

// Elsewhere it writes a line when it takes long, and not the same one twice.
func TestPlanningElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		p := progress.NewWrittenPlanning(func(line string) { lines = append(lines, line) })
		p.Show("reading the account")
		time.Sleep(4 * time.Second)
		p.Show("validating orders 1/120")
		time.Sleep(2 * time.Second)
		p.Show("validating orders 60/120")
		time.Sleep(20 * time.Second)
		p.Close()
		if diff := cmp.Diff([]string{"validating orders 1/120", "validating orders 60/120"}, lines); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}
