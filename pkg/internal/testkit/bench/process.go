package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// command is a process to be measured.
type command struct {
	args    []string
	dir     string
	stdin   string
	environ []string
}

// usage is what a process took.
type usage struct {
	wall   time.Duration
	cpu    time.Duration // with that of its own children
	memory int64         // peak, in bytes; 0 where the system does not tell
}

// run runs a command to its end. Any exit code but 0 is an error with the end of
// what the command wrote.
func (c command) run(ctx context.Context) (usage, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Env = c.dir, strings.NewReader(c.stdin), append(os.Environ(), c.environ...)
	// A file and not a pipe: nobody's reading takes part in what is measured.
	out, err := os.Create(filepath.Join(c.dir, "output.txt"))
	if err != nil {
		return usage{}, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	peak := watchMemory(cmd.Process.Pid)
	err = cmd.Wait()
	took := time.Since(start)
	memory := peak()
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w\n%s", strings.Join(c.args, " "), err, tail(out.Name()))
	}
	u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return usage{}, errors.New("this system does not tell what a process took")
	}
	return usage{took, cpuOf(u), memory}, nil
}

// watchMemory looks at the peak memory of a process until the function it gives is
// called, which tells the last peak seen. The kernel's ru_maxrss will not do: it begins
// with the size of the process that started this one, and the sandbox is large.
func watchMemory(pid int) (peak func() int64) {
	stop, last := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, peakMemory(pid))
			case <-stop:
				last <- most
				return
			}
		}
	}()
	return func() int64 { close(stop); return <-last }
}

// highWater is a line of /proc/PID/status.
var highWater = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)

// peakMemory is the peak memory of a process so far in bytes, 0 when there is no such
// process.
func peakMemory(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	line := highWater.FindSubmatch(b)
	if line == nil {
		return 0
	}
	kilobytes, err := strconv.ParseInt(string(line[1]), 10, 64)
	if err != nil {
		return 0 // unreachable: digits, and few
	}
	return kilobytes * 1024
}

func tail(file string) string {
	const most = 2000
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-most):])
}

// unknown is a count that could not be made.
const unknown = -1

// countFsyncs runs a command under strace and gives how many fsyncs it made, or
// unknown where there is no strace. The kernel stops the command at these calls only
// (--seccomp-bpf), but that still costs CPU time, so that this is never the run whose
// time is measured.
func (c command) countFsyncs(ctx context.Context) (int, error) {
	if _, err := exec.LookPath("strace"); err != nil {
		return unknown, nil
	}
	table := filepath.Join(c.dir, "fsyncs.txt")
	c.args = append([]string{"strace", "-f", "-c", "--seccomp-bpf", "-e", "trace=fsync,fdatasync", "-o", table}, c.args...)
	if _, err := c.run(ctx); err != nil {
		return unknown, err
	}
	b, err := os.ReadFile(table)
	if err != nil {
		return unknown, err
	}
	return fsyncsIn(string(b))
}

// fsyncRow is a row of strace's table: share, seconds, microseconds a call, calls,
// errors if there are any, name.
var fsyncRow = regexp.MustCompile(`(?m)^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(?:fsync|fdatasync)$`)

// fsyncsIn adds up the calls in strace's table, which is empty when there were none.
func fsyncsIn(table string) (sum int, err error) {
	for _, row := range fsyncRow.FindAllStringSubmatch(table, -1) {
		n, err := strconv.Atoi(row[1])
		if err != nil {
			return unknown, err
		}
		sum += n
	}
	return sum, nil
}

// fsyncTime is what making a small new file durable takes in a folder where many do so
// side by side.
// It is the best of some tries: others may use the disk, and it is for a bound.
func fsyncTime(folder string) (best time.Duration, err error) {
	for range 5 {
		took, err := syncMany(folder)
		if err != nil {
			return 0, err
		}
		if best == 0 || took < best {
			best = took
		}
	}
	return best, nil
}

func syncMany(folder string) (time.Duration, error) {
	const sideBySide, each = 64, 10
	var g errgroup.Group
	start := time.Now()
	for range sideBySide {
		g.Go(func() error {
			for range each {
				if err := syncOne(folder); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	return time.Since(start) / (sideBySide * each), err
}

func syncOne(folder string) error {
	f, err := os.CreateTemp(folder, "fsync-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.WriteString(strings.Repeat("x", 600)); err != nil { // about a claim
		return err
	}
	return f.Sync()
}
