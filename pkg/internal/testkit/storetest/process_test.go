package storetest_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
)

// childRole makes this test program another process of a test: what it is to do,
// with which folder and name.
const childRole = "PORTCTL_STORE_CHILD"

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		if err := beChild(strings.Split(role, "|")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func beChild(role []string) error {
	store, err := ledger.OpenLocal(role[1])
	if err != nil {
		return err
	}
	switch role[0] {
	case "write":
		return writeOn(store)
	case "race":
		return raceOn(store, role[2])
	case "lock":
		return lockOn(store, role[2])
	}
	return fmt.Errorf("no role %q", role[0])
}

// writeOn creates records until the process is killed.
func writeOn(store ledger.Store) error {
	for i := 0; ; i++ {
		key := fmt.Sprintf("w/%d/%06d", i%3, i)
		if err := store.Create(context.Background(), key, bigRecord(key)); err != nil {
			return err
		}
		fmt.Println(key)
	}
}

// bigRecord is large enough that its writing takes several steps.
func bigRecord(key string) []byte { return bytes.Repeat([]byte(key), 20_000) }

const raced = 60

// raceOn waits for the start, then tries to create every record.
func raceOn(store ledger.Store, name string) error {
	fmt.Println("ready")
	if _, err := io.ReadAll(os.Stdin); err != nil {
		return err
	}
	for i := range raced {
		key := fmt.Sprintf("race/%d", i)
		switch err := store.Create(context.Background(), key, []byte(name)); {
		case err == nil:
			fmt.Println(key)
		case !errors.Is(err, ledger.ErrExists):
			return err
		}
	}
	return nil
}

// lockOn holds a lock until its standard input ends, and does not release it.
func lockOn(store ledger.Store, run string) error {
	if _, err := store.Lock(context.Background(), "emea", ledger.Holder{Run: run, Process: os.Getpid()}); err != nil {
		return err
	}
	fmt.Println("locked")
	_, err := io.ReadAll(os.Stdin)
	return err
}

// child is another process.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
	err   bytes.Buffer
}

func startChild(t *testing.T, role ...string) *child {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	c := &child{cmd: exec.CommandContext(ctx, program)}
	c.cmd.Env = append(os.Environ(), childRole+"="+strings.Join(role, "|"))
	c.cmd.Stderr = &c.err
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(stdout)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = c.cmd.Wait() // of a child that is dead already, an error
	})
	return c
}

// line is the next line that the child writes.
func (c *child) line(t *testing.T) string {
	t.Helper()
	if !c.lines.Scan() {
		t.Fatalf("the child has ended: %v\n%s", c.lines.Err(), &c.err)
	}
	return c.lines.Text()
}

// rest are all lines up to the child's end.
func (c *child) rest() []string {
	var all []string
	for c.lines.Scan() {
		all = append(all, c.lines.Text())
	}
	return all
}

// TestKilledWriters: a process killed at any instant leaves whole records, all
// that it was told are there among them.
func TestKilledWriters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	for round := range 6 {
		c := startChild(t, "write", filepath.Join(dir, fmt.Sprint(round)))
		told := []string{c.line(t)}
		for range round * 3 {
			told = append(told, c.line(t))
		}
		if err := c.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		told = append(told, c.rest()...)
		wantWholeRecords(t, filepath.Join(dir, fmt.Sprint(round)), told)
	}
}

func wantWholeRecords(t *testing.T, dir string, told []string) {
	t.Helper()
	store, err := ledger.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.List(t.Context(), "w/")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, key := range keys {
		there[key] = true
		got, err := store.Read(t.Context(), key)
		if err != nil || !bytes.Equal(got, bigRecord(key)) {
			t.Errorf("record %s has %d bytes (%v): it is not whole", key, len(got), err)
		}
	}
	for _, key := range told {
		if !there[key] {
			t.Errorf("record %s was told to be there and is not", key)
		}
	}
}

// TestRacingProcesses: of several processes that create one record, one wins.
func TestRacingProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	names := []string{"a", "b", "c", "d"}
	var children []*child
	for _, name := range names {
		c := startChild(t, "race", dir, name)
		c.line(t)
		children = append(children, c)
	}
	for _, c := range children {
		if err := c.stdin.Close(); err != nil {
			t.Fatal(err)
		}
	}
	store, err := ledger.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	winner := map[string]string{}
	for i, c := range children {
		for _, key := range c.rest() {
			if other, won := winner[key]; won {
				t.Errorf("%s and %s both won %s", other, names[i], key)
			}
			winner[key] = names[i]
		}
		if err := c.cmd.Wait(); err != nil {
			t.Errorf("process %s: %v\n%s", names[i], err, &c.err)
		}
	}
	if len(winner) != raced {
		t.Errorf("%d records were won, want %d", len(winner), raced)
	}
	for key, name := range winner {
		if got, err := store.Read(t.Context(), key); err != nil || string(got) != name {
			t.Errorf("%s was won by %s and holds %q (%v)", key, name, got, err)
		}
	}
}

// TestLockEndsWithItsProcess: however a run ends, its lock is free.
func TestLockEndsWithItsProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	store, err := ledger.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := startChild(t, "lock", dir, "run-1")
	c.line(t)
	_, err = store.Lock(t.Context(), "emea", ledger.Holder{Run: "run-2"})
	var locked *ledger.LockedError
	if !errors.As(err, &locked) || locked.Holder.Run != "run-1" || locked.Holder.Process != c.cmd.Process.Pid || locked.Breakable {
		t.Fatalf("Lock while another process holds it = %v (%+v)", err, locked)
	}
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err == nil {
		t.Fatal("the process was not killed")
	}
	l, err := store.Lock(t.Context(), "emea", ledger.Holder{Run: "run-3"})
	if err != nil {
		t.Fatalf("Lock after kill -9 of its holder: %v", err)
	}
	if err := l.Release(t.Context()); err != nil {
		t.Error(err)
	}
}
