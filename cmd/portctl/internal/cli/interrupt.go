package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	// sameSignal is for how long a further signal is the same one: CI runners and
	// coreutils' timeout send two, of different kinds too.
	sameSignal = time.Second
	// slowToStop is after how long a command that was interrupted says that it has
	// not ended yet.
	slowToStop = 3 * time.Second
	// lastRites is how long a command has, after the second signal, to write its
	// result and to give the lock back.
	lastRites = 2 * time.Second
)

// interruptible is a context that the first Ctrl-C, SIGTERM or SIGHUP cancels. The
// second closes the Hurry of the streams returned: the command writes what it knows
// and ends. When it does not, the process ends all the same.
func interruptible(s Env) (Env, context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	hurry, done := make(chan struct{}), make(chan struct{})
	s.Hurry = hurry
	go func() {
		if stopping(signals, done, s.Err, cancel, func() { close(hurry) }) {
			os.Exit(exitStopped)
		}
	}()
	return s, ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

// stopping turns signals into what they ask for: first, then second. It says that
// the process has to end now, or that done was closed before.
func stopping(signals <-chan os.Signal, done <-chan struct{}, w io.Writer, first, second func()) bool {
	select {
	case <-signals:
	case <-done:
		return false
	}
	since := time.Now()
	first()
	remind := time.After(slowToStop)
	for again := false; !again; {
		select {
		case <-signals:
			again = time.Since(since) >= sameSignal
		case <-remind:
			fmt.Fprintln(w, "Still stopping. Press Ctrl-C again to exit now")
		case <-done:
			return false
		}
	}
	second()
	select {
	case <-time.After(lastRites):
		return true
	case <-done:
		return false
	}
}
