package ledger

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// What many ask for at one time is done once for all who asked before it began, and once
// more for those who asked while it was being done.
func TestSharedServesWhoAskedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShared()
		var mu sync.Mutex
		asked, began, served := 0, 0, 0 // how many asked before the last time began
		work := func() error {
			mu.Lock()
			began++
			served = asked
			mu.Unlock()
			time.Sleep(time.Second)
			return nil
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				mu.Lock()
				asked++
				mine := asked
				mu.Unlock()
				if err := s.do("folder", work); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if served < mine {
					t.Errorf("request %d returned when only %d had been served", mine, served)
				}
			})
		}
		wg.Wait()
		if began > 4 {
			t.Errorf("20 requests within two seconds took %d times of a second each", began)
		}
		if len(s.running)+len(s.next) > 0 {
			t.Errorf("left behind: %d running, %d waiting", len(s.running), len(s.next))
		}
	})
}

func TestSharedTellsEverybodyTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, broken := newShared(), errors.New("disk")
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				err := s.do("folder", func() error { time.Sleep(time.Second); return broken })
				if !errors.Is(err, broken) {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if err := s.do("folder", func() error { return nil }); err != nil {
			t.Errorf("a later one: %v", err)
		}
		if err := s.do("another", func() error { return nil }); err != nil {
			t.Errorf("another folder: %v", err)
		}
	})
}
