package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/apply/ledger"
)

// Subject is a kind of store under test.
type Subject struct {
	// Place makes a new, empty place and returns what opens it. Every call of the
	// latter gives another handle of the same place, as another process would
	// have.
	Place func(t *testing.T) (open func() ledger.Store)
	// Breakable says that a lock outlives its process and can be broken.
	Breakable bool
}

// Run holds a kind of store to the contract. Every part is a test of its own.
func Run(t *testing.T, s Subject) {
	parts := []struct {
		name string
		test func(*testing.T, Subject)
	}{
		{"a record is read back as written", testReadBack},
		{"a record that is there is never replaced", testNeverReplaced},
		{"what is not there is ErrNotFound", testMissing},
		{"bad keys are refused", testBadKeys},
		{"a list holds what begins with the prefix", testList},
		{"a list leaves out folders", testListBut},
		{"a long list is whole", testLongList},
		{"of 50 creators one wins", testRace},
		{"of 50 creators of one content one wins", testRaceOfEquals},
		{"records are seen whole or not at all", testWhole},
		{"any history is that of a map", testHistory},
		{"a lock has one holder", testLock},
		{"of 20 that lock one wins", testLockRace},
		{"locks of two names are two", testTwoLocks},
		{"a lock is no record", testLockIsNoRecord},
		{"a lock is broken by its run's id or never", testUnlock},
		{"nothing is begun after the context has ended", testCancelled},
		{"a lock is given back after the context has ended", testReleaseAfterEnd},
	}
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) { part.test(t, s) })
	}
}

// opened returns two handles of one new place.
func opened(t *testing.T, s Subject) (one, other ledger.Store) {
	t.Helper()
	open := s.Place(t)
	return handle(t, open), handle(t, open)
}

func handle(t *testing.T, open func() ledger.Store) ledger.Store {
	t.Helper()
	store := open()
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}

func create(t *testing.T, store ledger.Store, key string, content []byte) {
	t.Helper()
	if err := store.Create(t.Context(), key, content); err != nil {
		t.Fatalf("Create(%q): %v", key, err)
	}
}

func wantContent(t *testing.T, store ledger.Store, key string, want []byte) {
	t.Helper()
	got, err := store.Read(t.Context(), key)
	if err != nil {
		t.Fatalf("Read(%q): %v", key, err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("Read(%q) = %.60q (%d bytes), want %.60q (%d bytes)", key, got, len(got), want, len(want))
	}
}

func wantKeys(t *testing.T, store ledger.Store, prefix string, want ...string) {
	t.Helper()
	got, err := store.List(t.Context(), prefix)
	if err != nil {
		t.Fatalf("List(%q): %v", prefix, err)
	}
	if len(got) != len(want) || !slices.Equal(got, want) {
		t.Errorf("List(%q):\n%s", prefix, cmp.Diff(want, got))
	}
}

func testReadBack(t *testing.T, s Subject) {
	one, other := opened(t, s)
	if one.Place() == "" || one.Place() != other.Place() {
		t.Errorf("two handles of one place name it %q and %q", one.Place(), other.Place())
	}
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for key, content := range map[string][]byte{
		"claims/api.example.com/0a1b/1/claim":      []byte("{\"schema\": 1}\n"),
		"claims/127.0.0.1:8080/0a1b/1/claim":       []byte("a port in the host"),
		"top":                                      []byte("no folder at all"),
		"every/byte":                               all,
		"is/empty":                                 {},
		"is/large":                                 bytes.Repeat(all, 1024),
		"UPPER_lower-0123456789.json/.keeps-no:":   nil,
		"long/" + strings.Repeat("k", 200):         []byte("a long name"),
		"deep" + strings.Repeat("/0123456789", 60): []byte("many folders"),
	} {
		if strings.Contains(key, "/.") {
			if err := one.Create(t.Context(), key, content); err == nil {
				t.Errorf("Create(%q) took a part that begins with a dot", key)
			}
			continue
		}
		create(t, one, key, content)
		wantContent(t, one, key, content)
		wantContent(t, other, key, content)
		wantKeys(t, other, key, key)
	}
}

func testNeverReplaced(t *testing.T, s Subject) {
	one, other := opened(t, s)
	create(t, one, "a/b", []byte("first"))
	for _, store := range []ledger.Store{one, other} {
		for _, content := range []string{"second", "first", ""} {
			err := store.Create(t.Context(), "a/b", []byte(content))
			if !errors.Is(err, ledger.ErrExists) {
				t.Errorf("Create of a record that is there = %v, want ErrExists", err)
			}
		}
		wantContent(t, store, "a/b", []byte("first"))
	}
}

func testMissing(t *testing.T, s Subject) {
	one, _ := opened(t, s)
	wantKeys(t, one, "")
	wantKeys(t, one, "claims/api/")
	create(t, one, "a/b/c", []byte("x"))
	for _, key := range []string{"b", "a", "a/b", "a/b/d", "a/b/c/d", "a/b/C2", "other/b/c"} {
		if content, err := one.Read(t.Context(), key); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("Read(%q) = %q, %v, want ErrNotFound", key, content, err)
		}
	}
}

func testBadKeys(t *testing.T, s Subject) {
	one, _ := opened(t, s)
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", ".hidden", "a/.hidden",
		"a b", "a\\b", "a\x00b", "a\nb", "ü", "a=b", "a%2Fb", "a*", "~", "a\xff",
		"locks/a", "locks/a.json", strings.Repeat("k", 201), strings.Repeat("k/", 400) + "k",
	} {
		if err := one.Create(t.Context(), key, []byte("x")); err == nil {
			t.Errorf("Create(%q) succeeded", key)
		}
		if _, err := one.Read(t.Context(), key); err == nil || errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("Read(%q) = %v: a key that cannot be must not pass for one that is missing", key, err)
		}
	}
	for _, prefix := range []string{"/", "a//", "../", "a/../", ".", "a b", "*"} {
		if keys, err := one.List(t.Context(), prefix); err == nil {
			t.Errorf("List(%q) = %q: a prefix that cannot be must not pass for one without records", prefix, keys)
		}
	}
	for _, name := range []string{"", "..", "a/../b", "/a", "a b"} {
		if _, err := one.Lock(t.Context(), name, holder("run")); err == nil {
			t.Errorf("Lock(%q) succeeded", name)
		}
		if err := one.Unlock(t.Context(), name, "run"); err == nil {
			t.Errorf("Unlock(%q) succeeded", name)
		}
	}
	if _, err := one.Lock(t.Context(), "name", ledger.Holder{}); err == nil {
		t.Error("Lock for nobody succeeded")
	}
	wantKeys(t, one, "")
}

func testList(t *testing.T, s Subject) {
	one, other := opened(t, s)
	// Byte order puts "c-x/1" before "c/a", but the folder "c" comes before "c-x".
	keys := []string{"c/a", "c/a-b/1", "c/a.b/1", "c/a1/1", "c/a:b/1", "c/ab/1", "c/b/1", "c/b/10", "c/b/2", "c-x/1", "c.x/1", "c2/b/1", "d"}
	for _, i := range []int{5, 3, 0, 10, 8, 12, 9, 1, 7, 11, 2, 4, 6} {
		create(t, one, keys[i], []byte(keys[i]))
	}
	sorted := slices.Sorted(slices.Values(keys))
	prefixes := []string{"", "c", "c/", "c-", "c/a", "c/a/", "c/a-", "c/ab", "c/ab/", "c/b", "c/b/", "c/b/1", "c/b/1/", "c2", "d", "d/", "e", "c/b/1/x/y", "lock"}
	for _, prefix := range prefixes {
		var want []string
		for _, key := range sorted {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		wantKeys(t, one, prefix, want...)
		wantKeys(t, other, prefix, want...)
	}
}

// testListBut leaves out few folders of a few, and nearly all of many.
func testListBut(t *testing.T, s Subject) {
	one, other := opened(t, s)
	const n = 700
	folder := func(i int) string { return fmt.Sprintf("%04d.1:a", i) }
	each(t, n, 16, func(i int) error {
		return errors.Join(one.Create(t.Context(), "c/"+folder(i)+"/x", nil), one.Create(t.Context(), "c/"+folder(i)+"/y/z", nil))
	})
	for _, key := range []string{"c/key", "c/" + folder(7) + "0/x", "d/" + folder(7) + "/x"} {
		create(t, one, key, nil)
	}
	all, err := other.List(t.Context(), "c/")
	if err != nil {
		t.Fatal(err)
	}
	for _, listed := range []int{0, 1, 350, n - 1, n} {
		folders, wantPassed := map[string]bool{"not-there": true, "key": true}, []string(nil)
		for i := range listed {
			folders[folder(i)] = true
			wantPassed = append(wantPassed, folder(i))
		}
		want := slices.DeleteFunc(slices.Clone(all), func(key string) bool {
			name, _, below := strings.Cut(strings.TrimPrefix(key, "c/"), "/")
			return below && folders[name]
		})
		keys, passed, err := other.ListBut(t.Context(), "c/", folders)
		slices.Sort(passed)
		if err != nil || !slices.Equal(keys, want) || !slices.Equal(passed, wantPassed) {
			t.Errorf("but %d folders: %v\n%s%s", listed, err, cmp.Diff(want, keys), cmp.Diff(wantPassed, passed))
		}
	}
	if _, _, err := other.ListBut(t.Context(), "../", nil); err == nil {
		t.Error("a prefix that cannot be passes")
	}
}

// testLongList goes over the 1000 keys that a listing of S3 holds at most.
func testLongList(t *testing.T, s Subject) {
	one, other := opened(t, s)
	const n = 1100
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("many/%04d", i))
	}
	each(t, n, 16, func(i int) error { return one.Create(t.Context(), want[i], []byte("x")) })
	wantKeys(t, other, "many/", want...)
}

// each calls do(0..n-1), some at a time.
func each(t *testing.T, n, width int, do func(int) error) {
	t.Helper()
	var wg sync.WaitGroup
	slots := make(chan struct{}, width)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := do(i); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// testRace is the promise that a claim rests on.
func testRace(t *testing.T, s Subject) {
	race(t, s, func(i int) []byte { return fmt.Appendf(nil, "creator %d %s", i, strings.Repeat("x", 100*i)) })
}

// testRaceOfEquals: the one who has won is known even when all write the same.
func testRaceOfEquals(t *testing.T, s Subject) {
	race(t, s, func(int) []byte { return []byte("the same") })
}

func race(t *testing.T, s Subject, content func(int) []byte) {
	one, other := opened(t, s)
	for round := range 4 {
		key := fmt.Sprintf("race/%d/claim", round)
		const creators = 50
		errs := make([]error, creators)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i := range creators {
			store := one
			if i%2 == 1 {
				store = other
			}
			wg.Go(func() {
				<-start
				errs[i] = store.Create(t.Context(), key, content(i))
			})
		}
		close(start)
		wg.Wait()
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner >= 0:
				t.Fatalf("round %d: creators %d and %d both won", round, winner, i)
			case err == nil:
				winner = i
			case !errors.Is(err, ledger.ErrExists):
				t.Fatalf("round %d: creator %d: %v, want ErrExists", round, i, err)
			}
		}
		if winner < 0 {
			t.Fatalf("round %d: nobody won", round)
		}
		wantContent(t, one, key, content(winner))
		wantContent(t, other, key, content(winner))
	}
}

// testWhole reads records while they appear: at no moment may there be a part.
func testWhole(t *testing.T, s Subject) {
	one, other := opened(t, s)
	content := bytes.Repeat([]byte("whole"), 20_000)
	const n = 20
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range n {
			if err := one.Create(t.Context(), fmt.Sprintf("w/%02d", i), content); err != nil {
				t.Errorf("Create: %v", err)
				return
			}
		}
	}()
	for over := false; !over; {
		select {
		case <-done:
			over = true // and one more look
		default:
		}
		keys, err := other.List(t.Context(), "w/")
		if err != nil {
			t.Fatalf("List while another writes: %v", err)
		}
		for _, key := range keys[max(0, len(keys)-2):] {
			wantContent(t, other, key, content)
		}
		if over && len(keys) != n {
			t.Errorf("%d records are listed, want %d", len(keys), n)
		}
	}
}

// testHistory draws histories of calls and compares the store with a map.
func testHistory(t *testing.T, s Subject) {
	one, other := opened(t, s)
	game := 0
	rapid.Check(t, func(rt *rapid.T) {
		game++
		root := fmt.Sprintf("h%d/", game)
		model := map[string][]byte{}
		keys := rapid.SampledFrom([]string{"a/1", "a/2", "ab/1", "b:1/x", "b", "c/d/e/1", "c/d/e/10"})
		for range rapid.IntRange(1, 12).Draw(rt, "calls") {
			store := rapid.SampledFrom([]ledger.Store{one, other}).Draw(rt, "handle")
			switch rapid.IntRange(0, 2).Draw(rt, "call") {
			case 0:
				playCreate(rt, store, model, root+keys.Draw(rt, "key"))
			case 1:
				playRead(rt, store, model, root+keys.Draw(rt, "key"))
			case 2:
				playList(rt, store, model, root+rapid.SampledFrom([]string{"", "a", "a/", "b", "c/d/", "c/d/e/1", "z"}).Draw(rt, "prefix"))
			}
		}
	})
}

func playCreate(rt *rapid.T, store ledger.Store, model map[string][]byte, key string) {
	content := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(rt, "content")
	err := store.Create(context.Background(), key, content)
	if _, there := model[key]; there {
		if !errors.Is(err, ledger.ErrExists) {
			rt.Fatalf("Create(%q) = %v, want ErrExists", key, err)
		}
		return
	}
	if err != nil {
		rt.Fatalf("Create(%q) = %v", key, err)
	}
	model[key] = content
}

func playRead(rt *rapid.T, store ledger.Store, model map[string][]byte, key string) {
	got, err := store.Read(context.Background(), key)
	want, there := model[key]
	switch {
	case !there && !errors.Is(err, ledger.ErrNotFound):
		rt.Fatalf("Read(%q) = %v, want ErrNotFound", key, err)
	case there && (err != nil || !bytes.Equal(got, want)):
		rt.Fatalf("Read(%q) = %q, %v, want %q", key, got, err, want)
	}
}

func playList(rt *rapid.T, store ledger.Store, model map[string][]byte, prefix string) {
	got, err := store.List(context.Background(), prefix)
	if err != nil {
		rt.Fatalf("List(%q) = %v", prefix, err)
	}
	var want []string
	for key := range model {
		if strings.HasPrefix(key, prefix) {
			want = append(want, key)
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		rt.Fatalf("List(%q) = %q, want %q", prefix, got, want)
	}
}

func holder(run string) ledger.Holder {
	return ledger.Holder{Run: run, By: "ana@jump1", Process: 4711, Since: time.Date(2026, 3, 9, 8, 30, 0, 0, time.UTC)}
}

func lock(t *testing.T, store ledger.Store, name, run string) ledger.Lock {
	t.Helper()
	l, err := store.Lock(t.Context(), name, holder(run))
	if err != nil {
		t.Fatalf("Lock(%q) for %s: %v", name, run, err)
	}
	return l
}

func release(t *testing.T, l ledger.Lock) {
	t.Helper()
	if err := l.Release(t.Context()); err != nil {
		t.Errorf("Release: %v", err)
	}
}

func wantLocked(t *testing.T, s Subject, store ledger.Store, name, run, by string) {
	t.Helper()
	_, err := store.Lock(t.Context(), name, holder(run))
	var locked *ledger.LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("Lock(%q) for %s = %v, want a LockedError", name, run, err)
	}
	if diff := cmp.Diff(holder(by), locked.Holder); diff != "" {
		t.Errorf("the holder of %q:\n%s", name, diff)
	}
	if locked.Breakable != s.Breakable {
		t.Errorf("the lock %q is breakable: %t, want %t", name, locked.Breakable, s.Breakable)
	}
}

func testLock(t *testing.T, s Subject) {
	one, other := opened(t, s)
	held := lock(t, one, "emea-core", "run-1")
	wantLocked(t, s, one, "emea-core", "run-2", "run-1")
	wantLocked(t, s, other, "emea-core", "run-3", "run-1")
	wantLocked(t, s, other, "emea-core", "run-1", "run-1") // the same run is no exception
	create(t, other, "a", []byte("a lock keeps nobody from creating"))
	release(t, held)
	again := lock(t, other, "emea-core", "run-4")
	wantLocked(t, s, one, "emea-core", "run-5", "run-4")
	release(t, held) // twice: it must not free the lock of another
	wantLocked(t, s, one, "emea-core", "run-6", "run-4")
	release(t, again)
	release(t, lock(t, one, "emea-core", "run-1"))
}

func testLockRace(t *testing.T, s Subject) {
	one, other := opened(t, s)
	const runs = 20
	locks := make([]ledger.Lock, runs)
	errs := make([]error, runs)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range runs {
		store := one
		if i%2 == 1 {
			store = other
		}
		wg.Go(func() {
			<-start
			locks[i], errs[i] = store.Lock(t.Context(), "race", holder(fmt.Sprint("run-", i)))
		})
	}
	close(start)
	wg.Wait()
	winner := -1
	for i, err := range errs {
		var locked *ledger.LockedError
		switch {
		case err == nil && winner >= 0:
			t.Fatalf("runs %d and %d both hold the lock", winner, i)
		case err == nil:
			winner = i
		case !errors.As(err, &locked):
			t.Fatalf("run %d: %v, want a LockedError", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody holds the lock")
	}
	wantLocked(t, s, other, "race", "late", fmt.Sprint("run-", winner))
	release(t, locks[winner])
}

func testTwoLocks(t *testing.T, s Subject) {
	one, other := opened(t, s)
	// Names of which one begins as the other, in folders and with a host's port.
	names := []string{"api:8080", "api:8080.json", "api", "api.lock", "x/emea", "x/apac"}
	var held []ledger.Lock
	for i, name := range names {
		store := one
		if i%2 == 1 {
			store = other
		}
		held = append(held, lock(t, store, name, "run-"+fmt.Sprint(i)))
	}
	for i, name := range names {
		wantLocked(t, s, one, name, "late", "run-"+fmt.Sprint(i))
	}
	for _, l := range held {
		release(t, l)
	}
}

func testLockIsNoRecord(t *testing.T, s Subject) {
	one, other := opened(t, s)
	held := lock(t, one, "emea-core", "run-1")
	create(t, one, "locksmith/1", []byte("x"))
	wantKeys(t, other, "", "locksmith/1")
	wantKeys(t, other, "lock", "locksmith/1")
	wantKeys(t, other, "locks/")
	release(t, held)
}

func testUnlock(t *testing.T, s Subject) {
	one, other := opened(t, s)
	if err := other.Unlock(t.Context(), "emea-core", "run-1"); err == nil {
		t.Error("Unlock of what nobody holds succeeded")
	}
	held := lock(t, one, "emea-core", "run-1")
	for _, run := range []string{"run-2", "", "run-11", "run"} {
		if err := other.Unlock(t.Context(), "emea-core", run); err == nil {
			t.Errorf("Unlock with the run %q succeeded", run)
		}
		wantLocked(t, s, other, "emea-core", "late", "run-1")
	}
	err := other.Unlock(t.Context(), "emea-core", "run-1")
	if !s.Breakable {
		if err == nil {
			t.Error("Unlock broke a lock that ends with its process")
		}
		wantLocked(t, s, other, "emea-core", "late", "run-1")
		release(t, held)
		return
	}
	if err != nil {
		t.Fatalf("Unlock: %v", err)
	}
	second := lock(t, other, "emea-core", "run-2")
	if err := held.Release(t.Context()); err == nil {
		t.Error("Release of a lock that was broken said nothing")
	}
	wantLocked(t, s, one, "emea-core", "late", "run-2")
	release(t, second)
}

func testCancelled(t *testing.T, s Subject) {
	one, other := opened(t, s)
	create(t, one, "there", []byte("x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, readErr := one.Read(ctx, "there")
	_, listErr := one.List(ctx, "")
	_, lockErr := one.Lock(ctx, "name", holder("run-1"))
	for call, err := range map[string]error{
		"Create": one.Create(ctx, "new", []byte("x")),
		"Read":   readErr,
		"List":   listErr,
		"Lock":   lockErr,
		"Unlock": one.Unlock(ctx, "name", "run-1"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s after the end of the context = %v, want context.Canceled", call, err)
		}
	}
	wantKeys(t, other, "", "there")
	release(t, lock(t, other, "name", "run-2"))
}

// testReleaseAfterEnd: a run that is interrupted gives its lock back.
func testReleaseAfterEnd(t *testing.T, s Subject) {
	one, other := opened(t, s)
	held := lock(t, one, "name", "run-1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := held.Release(ctx); err != nil {
		t.Errorf("Release after the end of the context: %v", err)
	}
	release(t, lock(t, other, "name", "run-2"))
}
