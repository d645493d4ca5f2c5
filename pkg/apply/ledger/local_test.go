package ledger_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
)

// openLocal opens a folder that syncs nothing: the disk of a test may be lost, and
// a thousand syncs take their time. What is synced has tests of its own.
func openLocal(t testing.TB, dir string) *ledger.Local {
	t.Helper()
	l, err := ledger.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	l.SetSync(func(*os.File) error { return nil })
	return l
}

func TestLocal(t *testing.T) {
	storetest.Run(t, storetest.Subject{Place: func(t *testing.T) func() ledger.Store {
		dir := filepath.Join(t.TempDir(), "not", "made", "yet")
		return func() ledger.Store { return openLocal(t, dir) }
	}})
}

func TestLocalWithoutHardLinks(t *testing.T) {
	for _, cause := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.ENOSYS, syscall.EACCES} {
		t.Run(cause.Error(), func(t *testing.T) {
			l := openLocal(t, t.TempDir())
			l.SetLink(func(old, name string) error { return &os.LinkError{Op: "link", Old: old, New: name, Err: cause} })
			mustCreate(t, l, "a/b", "first")
			if err := l.Create(t.Context(), "a/b", []byte("second")); !errors.Is(err, ledger.ErrExists) {
				t.Errorf("second Create = %v, want ErrExists", err)
			}
			wantRecord(t, l, "a/b", "first")
			wantFiles(t, l.Place(), "a/b")
		})
	}
}

// TestLocalLinkAnswerLost: a network file system may make the link and say that it
// did not. Who has the link has won, and only he.
func TestLocalLinkAnswerLost(t *testing.T) {
	l := openLocal(t, t.TempDir())
	l.SetLink(func(old, name string) error {
		if err := os.Link(old, name); err != nil {
			return err
		}
		return &os.LinkError{Op: "link", Old: old, New: name, Err: syscall.EEXIST}
	})
	mustCreate(t, l, "a/b", "first")
	if err := l.Create(t.Context(), "a/b", []byte("second")); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("second Create = %v, want ErrExists", err)
	}
	wantRecord(t, l, "a/b", "first")
}

// TestLocalFailuresAreTold: a ledger that cannot write says where, why and how to
// go on, leaves no part of a record, and works again when the cause is gone.
func TestLocalFailuresAreTold(t *testing.T) {
	for cause, hint := range map[error]string{
		syscall.ENOSPC: "free some space",
		syscall.EDQUOT: "free some space",
		syscall.EROFS:  "read-only",
		syscall.EIO:    "",
	} {
		t.Run(cause.Error(), func(t *testing.T) {
			for _, noLinks := range []bool{false, true} {
				l := openLocal(t, t.TempDir())
				if noLinks {
					l.SetLink(func(string, string) error { return syscall.EPERM })
				}
				l.SetSync(func(f *os.File) error { return &fs.PathError{Op: "sync", Path: f.Name(), Err: cause} })
				err := l.Create(t.Context(), "a", []byte("x"))
				wantFailure(t, err, cause, hint, l.Place(), "create a")
				l.SetSync((*os.File).Sync)
				wantFiles(t, l.Place())
				mustCreate(t, l, "a", "x")
			}
		})
	}
}

// TestLocalFallbackFailsWhole: without hard links a record that could not be
// written whole does not keep its name.
func TestLocalFallbackFailsWhole(t *testing.T) {
	l := openLocal(t, t.TempDir())
	l.SetLink(func(string, string) error { return syscall.EPERM })
	l.SetSync(func(f *os.File) error {
		if filepath.Base(f.Name()) == "a" {
			return syscall.ENOSPC
		}
		return nil
	})
	err := l.Create(t.Context(), "a", []byte("x"))
	wantFailure(t, err, syscall.ENOSPC, "free some space", l.Place(), "create a")
	wantFiles(t, l.Place())
}

func TestLocalPermission(t *testing.T) {
	l := openLocal(t, t.TempDir())
	l.SetLink(func(string, string) error { return syscall.EPERM })
	l.SetSync(func(*os.File) error { return syscall.EACCES })
	wantFailure(t, l.Create(t.Context(), "a", nil), fs.ErrPermission, "let this user", l.Place())
}

func TestLocalInAFilesPlace(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "state")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.OpenLocal(file); err == nil || !strings.Contains(err.Error(), file+": it is a file") {
		t.Errorf("OpenLocal of a file = %v", err)
	}
	below := openLocal(t, filepath.Join(file, "below"))
	wantFailure(t, below.Create(t.Context(), "a", nil), syscall.ENOTDIR, "is a file", below.Place())
	if _, err := ledger.OpenLocal(""); err == nil {
		t.Error("OpenLocal without a folder succeeded")
	}
}

// TestLocalSyncsWhatLeadsToARecord: after a power cut the record must be found, so
// that its content, then the names that lead to it are synced, of folders that
// were made as well.
func TestLocalSyncsWhatLeadsToARecord(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "x", "ledger")
	l := openLocal(t, dir)
	var synced []string
	l.SetSync(func(f *os.File) error {
		rel, err := filepath.Rel(root, f.Name())
		if err != nil {
			return err
		}
		if strings.HasPrefix(filepath.Base(rel), ".new-") {
			content, err := os.ReadFile(f.Name())
			rel = fmt.Sprintf("%q", content)
			if err != nil {
				return err
			}
		}
		synced = append(synced, filepath.ToSlash(rel))
		return nil
	})
	folders := func(names ...string) []string {
		if runtime.GOOS == "windows" { // where folders cannot be synced
			return nil
		}
		return names
	}
	want := func(when string, parts ...[]string) {
		t.Helper()
		var all []string
		for _, p := range parts {
			all = append(all, p...)
		}
		if diff := cmp.Diff(all, synced); diff != "" {
			t.Errorf("%s, synced:\n%s", when, diff)
		}
		synced = nil
	}
	mustCreate(t, l, "c/h/1", "one")
	want("all folders new", []string{`"one"`}, folders("x/ledger/c/h", "x/ledger/c", "x/ledger", "x", "."))
	mustCreate(t, l, "c/h/2", "two")
	want("no folder new", []string{`"two"`}, folders("x/ledger/c/h"))
	mustCreate(t, l, "c/i/1", "three")
	want("one folder new", []string{`"three"`}, folders("x/ledger/c/i", "x/ledger/c"))
	if err := os.MkdirAll(filepath.Join(dir, "c", "j"), 0o700); err != nil { // by another process
		t.Fatal(err)
	}
	mustCreate(t, l, "c/j/1", "four")
	want("a folder of another process", []string{`"four"`}, folders("x/ledger/c/j", "x/ledger/c"))
	if _, err := l.Lock(t.Context(), "name", ledger.Holder{Run: "run-1"}); err != nil {
		t.Fatal(err)
	}
	want("a lock, which does not outlive a crash")
}

func TestLocalIsPrivate(t *testing.T) {
	folderMode, fileMode := fs.FileMode(0o700), fs.FileMode(0o600)
	if runtime.GOOS == "windows" { // where rights are inherited and modes only hint
		folderMode, fileMode = 0o777, 0o666
	}
	dir := filepath.Join(t.TempDir(), "ledger")
	l := openLocal(t, dir)
	mustCreate(t, l, "a/b", "x")
	if _, err := l.Lock(t.Context(), "name", ledger.Holder{Run: "run-1"}); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fileMode
		if d.IsDir() {
			want = folderMode
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", file, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLocalPassesOverForeignFiles(t *testing.T) {
	l := openLocal(t, t.TempDir())
	mustCreate(t, l, "c/127.0.0.1:80/1", "x")
	for _, name := range []string{".new-123", ".DS_Store", "c/.new-9", "c/with space", "c/back~", ".git/config", "c/.hidden/1", "c/ümlaut", "a%b/1"} {
		file := filepath.Join(l.Place(), filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("foreign"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(l.Place(), "empty", "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	got, err := l.List(t.Context(), "")
	if diff := cmp.Diff([]string{"c/127.0.0.1:80/1"}, got); err != nil || diff != "" {
		t.Errorf("List: %v\n%s", err, diff)
	}
	wantRecord(t, l, "c/127.0.0.1:80/1", "x")
	if _, err := os.Stat(filepath.Join(l.Place(), "c", "127.0.0.1=80", "1")); err != nil {
		t.Errorf("a colon is no letter of a file's name on every system: %v", err)
	}
}

// TestLocalBehindALink: the folder itself may be a symbolic link; within it, one is
// an error and never an empty list.
func TestLocalBehindALink(t *testing.T) {
	real, dir := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, dir); err != nil {
		t.Fatal(err)
	}
	l := openLocal(t, dir)
	mustCreate(t, l, "c/1", "x")
	if got, err := l.List(t.Context(), "c/"); err != nil || len(got) != 1 {
		t.Errorf("List = %q, %v", got, err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(real, "d")); err != nil {
		t.Fatal(err)
	}
	if got, err := l.List(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("List over a link = %q, %v, want an error", got, err)
	}
	if got, err := l.List(t.Context(), "c/"); err != nil || len(got) != 1 {
		t.Errorf("List beside a link = %q, %v", got, err)
	}
}

// TestLocalHoldsUntilClose: the lock is held for as long as the store is open, also
// when nobody keeps the Lock itself: a file that is collected is closed.
func TestLocalHoldsUntilClose(t *testing.T) {
	dir := t.TempDir()
	one, other := openLocal(t, dir), openLocal(t, dir)
	if _, err := one.Lock(t.Context(), "name", ledger.Holder{Run: "run-1"}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		runtime.GC()
	}
	var locked *ledger.LockedError
	if _, err := other.Lock(t.Context(), "name", ledger.Holder{Run: "run-2"}); !errors.As(err, &locked) {
		t.Fatalf("Lock while another store holds it = %v, want a LockedError", err)
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := other.Lock(t.Context(), "name", ledger.Holder{Run: "run-2"})
	if err != nil {
		t.Fatalf("Lock after Close: %v", err)
	}
	if err := second.Release(t.Context()); err != nil {
		t.Error(err)
	}
	// Nobody holds it, so nobody is noted; the lock's file stays.
	wantFiles(t, dir, "locks/name.lock")
}

// TestLocalLockWithoutNote: the note beside a lock is for people; without it, or
// with nonsense in it, the lock holds all the same.
func TestLocalLockWithoutNote(t *testing.T) {
	l := openLocal(t, t.TempDir())
	if _, err := l.Lock(t.Context(), "name", ledger.Holder{Run: "run-1", By: "ana@jump1", Since: time.Unix(0, 0)}); err != nil {
		t.Fatal(err)
	}
	note := filepath.Join(l.Place(), "locks", "name.json")
	for _, damage := range []func() error{
		func() error { return os.WriteFile(note, []byte("{nonsense"), 0o600) },
		func() error { return os.Remove(note) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		_, err := l.Lock(t.Context(), "name", ledger.Holder{Run: "run-2"})
		var locked *ledger.LockedError
		if !errors.As(err, &locked) || locked.Holder != (ledger.Holder{}) || locked.Breakable {
			t.Errorf("Lock = %v, want a LockedError without a holder", err)
		}
	}
}

func BenchmarkLocalCreate(b *testing.B) {
	l, err := ledger.OpenLocal(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	content := []byte(strings.Repeat("x", 2000))
	for i := 0; b.Loop(); i++ {
		if err := l.Create(b.Context(), fmt.Sprintf("claims/api/%d/1/claim", i), content); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLocalList10000(b *testing.B) {
	l := openLocal(b, b.TempDir())
	for i := range 10_000 {
		if err := l.Create(b.Context(), fmt.Sprintf("claims/api/%d/1/claim", i), nil); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if keys, err := l.List(b.Context(), "claims/api/"); err != nil || len(keys) != 10_000 {
			b.Fatal(len(keys), err)
		}
	}
}

func mustCreate(t *testing.T, s ledger.Store, key, content string) {
	t.Helper()
	if err := s.Create(t.Context(), key, []byte(content)); err != nil {
		t.Fatalf("Create(%q): %v", key, err)
	}
}

func wantRecord(t *testing.T, s ledger.Store, key, want string) {
	t.Helper()
	if got, err := s.Read(t.Context(), key); err != nil || string(got) != want {
		t.Errorf("Read(%q) = %q, %v, want %q", key, got, err, want)
	}
}

// wantFiles compares all files of a folder, hidden ones too.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	var got []string
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var rel string
			rel, err = filepath.Rel(dir, file)
			got = append(got, filepath.ToSlash(rel))
		}
		return err
	})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("files of the store: %v\n%s", err, diff)
	}
}

// wantFailure looks at an error as the command line does: cause, text and hint.
func wantFailure(t *testing.T, err, cause error, hint string, texts ...string) {
	t.Helper()
	if cause != nil && !errors.Is(err, cause) || err == nil {
		t.Fatalf("error %v, want one of %v", err, cause)
	}
	if errors.Is(err, ledger.ErrExists) || errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("error %v passes for a fact about the record", err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not say %q", err, text)
		}
	}
	var hinted interface{ Hint() string }
	if !errors.As(err, &hinted) {
		t.Fatalf("error %v has no hint", err)
	}
	if got := hinted.Hint(); !strings.Contains(got, hint) || (hint == "") != (got == "") {
		t.Errorf("hint %q, want one with %q", got, hint)
	}
}
