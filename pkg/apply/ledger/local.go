package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofrs/flock"
)

// Local is a store in a folder of this machine: one file for every record, named
// as its key. It is safe for use by many goroutines, and the folder by many
// processes, of this machine or of several when the file system is shared and
// knows locks.
//
// A folder cannot be a file, so no key may be another one with a slash and more
// behind it. File systems that take upper and lower case for the same make two
// such keys one, which fails as ErrExists.
type Local struct {
	dir  string
	disk disk

	mu    sync.Mutex
	held  map[*localLock]bool // keeps the files of locks open while the store is
	named map[string]bool     // folders whose names this process has made durable

	syncs *shared // of folders
}

var _ Store = (*Local)(nil)

// disk is what a Local asks of the operating system and what cannot be made to
// fail from outside.
type disk struct {
	link func(old, name string) error
	sync func(*os.File) error
}

const (
	folderMode = 0o700 // orders and prices are nobody else's business
	fileMode   = 0o600
	// tempPattern names files that are not whole yet: no key begins with a dot.
	tempPattern = ".new-*"
)

// OpenLocal returns the store in a folder, which need not exist yet: it is made
// by the first write.
func OpenLocal(dir string) (*Local, error) {
	if dir == "" {
		return nil, errors.New("ledger: no folder is given")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, &storeError{did: "find the folder", place: dir, err: err}
	}
	if info, err := os.Stat(abs); err == nil && !info.IsDir() {
		return nil, &storeError{did: "keep records", place: abs, err: errors.New("it is a file, not a folder")}
	}
	return &Local{
		dir:  abs,
		disk: disk{link: os.Link, sync: (*os.File).Sync},
		held: map[*localLock]bool{}, named: map[string]bool{},
		syncs: newShared(),
	}, nil
}

// Place is the absolute path of the folder.
func (l *Local) Place() string { return l.dir }

// Close releases the locks that are still held.
func (l *Local) Close() error {
	l.mu.Lock()
	held := slices.Collect(maps.Keys(l.held))
	l.mu.Unlock()
	var errs []error
	for _, k := range held {
		errs = append(errs, k.Release(context.Background()))
	}
	return errors.Join(errs...)
}

// Create writes a record that must not exist yet; see [Store]. The file appears
// under its name whole or not at all, except on file systems without hard links:
// there a crash can leave half a record, which is one that cannot be decoded and
// never one that is missing.
func (l *Local) Create(ctx context.Context, key string, content []byte) error {
	if err := mayBegin(ctx, checkKey(key)); err != nil {
		return err
	}
	err := l.create(l.file(key), content)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, l.file(key))
	}
	return l.failed("create "+key, err)
}

func (l *Local) create(file string, content []byte) error {
	folder := filepath.Dir(file)
	there := lowestThere(folder)
	if err := os.MkdirAll(folder, folderMode); err != nil {
		return err
	}
	temp, err := l.writeTemp(folder, content)
	if err != nil {
		return err
	}
	err = l.publish(temp, file, content)
	// A leftover harms nobody; the record is what counts.
	_ = os.Remove(temp)
	if err != nil {
		return err
	}
	return l.syncNames(file, there)
}

// writeTemp writes a whole, durable file that nobody takes for a record.
func (l *Local) writeTemp(folder string, content []byte) (string, error) {
	f, err := os.CreateTemp(folder, tempPattern)
	if err != nil {
		return "", err
	}
	if err := l.fill(f, content); err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// fill writes, syncs and closes a file.
func (l *Local) fill(f *os.File, content []byte) error {
	_, err := f.Write(content)
	if err == nil {
		err = l.disk.sync(f)
	}
	return errors.Join(err, f.Close())
}

// publish gives a whole file its final name, unless the name is taken. A hard
// link, unlike a rename, never replaces what is there.
func (l *Local) publish(temp, file string, content []byte) error {
	err := l.disk.link(temp, file)
	switch {
	case err == nil:
		return nil
	case sameFile(temp, file):
		// Network file systems may lose the answer of a link that was made.
		return nil
	case !withoutLinks(err):
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	if err := l.fill(f, content); err != nil {
		// The name is ours and was never reported as won: half a record would
		// only stand in the way.
		_ = os.Remove(file)
		return err
	}
	return nil
}

// withoutLinks says that an error of a link means that the file system, or a
// policy above it, has no hard links.
func withoutLinks(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission)
}

func sameFile(a, b string) bool {
	first, err := os.Lstat(a)
	if err != nil {
		return false
	}
	second, err := os.Lstat(b)
	return err == nil && os.SameFile(first, second)
}

// lowestThere is the lowest folder of a path that exists.
func lowestThere(folder string) string {
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return at
		}
	}
}

// syncNames makes the name of a record durable, and those of the folders above it: in the
// store, and below the folder that was there before. Another process may have made one of
// the store's a moment ago, so that every process takes care of each once, whoever made
// it; a folder is never removed.
func (l *Local) syncNames(file, there string) error {
	var folders []string
	for at := file; !l.durable(at) && (below(at, l.dir) || below(at, there)); at = filepath.Dir(at) {
		if err := l.syncFolder(filepath.Dir(at)); err != nil {
			return err
		}
		if at != file {
			folders = append(folders, at)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range folders { // only now: a folder is durable when those above it are
		l.named[f] = true
	}
	return nil
}

// below says that a path leads into a folder.
func below(path, folder string) bool {
	return path != folder && strings.HasPrefix(path, strings.TrimSuffix(folder, string(filepath.Separator))+string(filepath.Separator))
}

// durable says that this process has made the name of a folder durable, and those above
// it.
func (l *Local) durable(folder string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.named[folder]
}

// syncFolder makes the names in a folder durable that are there when it is called.
func (l *Local) syncFolder(folder string) error {
	return l.syncs.do(folder, func() error { return l.syncOnce(folder) })
}

func (l *Local) syncOnce(folder string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there; NTFS keeps a journal of names
	}
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(l.disk.sync(f), f.Close())
}

// Read returns a record, or ErrNotFound.
func (l *Local) Read(ctx context.Context, key string) ([]byte, error) {
	if err := mayBegin(ctx, checkKey(key)); err != nil {
		return nil, err
	}
	file := l.file(key)
	info, err := os.Stat(file)
	if err == nil && info.Mode().IsRegular() {
		content, err := os.ReadFile(file)
		return content, l.failed("read "+key, err)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, file)
	}
	return nil, l.failed("read "+key, err)
}

// List returns the keys that begin with the prefix, sorted. A folder that does
// not exist holds none; files that are not records are passed over. A symbolic
// link where a record could be is an error: what is behind it would be missed,
// and a record that is missed is an order that may be sent again.
func (l *Local) List(ctx context.Context, prefix string) ([]string, error) {
	keys, _, err := l.ListBut(ctx, prefix, nil)
	return keys, err
}

// ListBut is List but for some folders, which are not opened.
func (l *Local) ListBut(ctx context.Context, prefix string, folders map[string]bool) (keys, passed []string, err error) {
	if err := mayBegin(ctx, checkPrefix(prefix)); err != nil {
		return nil, nil, err
	}
	w := walk{ctx: ctx, store: l, prefix: prefix, below: prefix[:strings.LastIndex(prefix, "/")+1], folders: folders}
	if err := w.folder(w.below); err != nil {
		return nil, nil, l.failed("list "+quoteKey(prefix), err)
	}
	slices.Sort(w.keys)
	return w.keys, w.passed, nil
}

// walk is a listing at work.
type walk struct {
	ctx          context.Context
	store        *Local
	prefix       string
	below        string          // the folder in which the listing begins
	folders      map[string]bool // those right in it that are left out
	keys, passed []string
}

// folder lists what is in a folder, whose key ends with a slash or is empty. A ledger has
// one folder for each claim that ever was, so that names are all that is read of those
// that are left out, and nothing is sorted before the end.
func (w *walk) folder(folder string) error {
	dir, err := os.Open(w.store.file(folder))
	if err != nil {
		return ifThere(err)
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return ifThere(err)
	}
	for _, d := range entries {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		name := keyName(d.Name())
		if folder == w.below && w.folders[name] && d.IsDir() {
			w.passed = append(w.passed, name)
			continue
		}
		if err := w.entry(folder, d); err != nil {
			return err
		}
	}
	return nil
}

// ifThere passes over what is gone, or was never there.
func ifThere(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	return err
}

// entry lists what an entry of a folder is or holds.
func (w *walk) entry(folder string, d fs.DirEntry) error {
	key, ours := keyOf(fileName(folder) + d.Name())
	switch {
	case !ours:
	case d.IsDir():
		if leadsTo(key+"/", w.prefix) {
			return w.folder(key + "/")
		}
	case d.Type()&fs.ModeSymlink != 0 && leadsTo(key, w.prefix):
		return fmt.Errorf("%s is a symbolic link: a ledger keeps nothing behind one", w.store.file(key))
	case d.Type().IsRegular() && strings.HasPrefix(key, w.prefix):
		w.keys = append(w.keys, key)
	}
	return nil
}

// leadsTo says that keys with the prefix may be found in a folder.
func leadsTo(folder, prefix string) bool {
	return strings.HasPrefix(folder, prefix) || strings.HasPrefix(prefix, folder)
}

// file is the path of a record.
func (l *Local) file(key string) string {
	return filepath.Join(l.dir, filepath.FromSlash(fileName(key)))
}

// fileName is a key as file systems take it: Windows knows no colon in names. No
// key holds the sign that stands for it.
func fileName(key string) string { return strings.ReplaceAll(key, ":", "=") }

// keyName is the reverse of fileName.
func keyName(name string) string { return strings.ReplaceAll(name, "=", ":") }

// keyOf is the key of a file or the beginning of keys that a folder holds, by
// its path in the store; ours is false for what the store did not make.
func keyOf(name string) (key string, ours bool) {
	key = keyName(name)
	return key, fileName(key) == name && key != lockFolder && isRecordKey(key)
}

// Lock takes the lock of a name for as long as the lock is held, the store open
// and the process alive, whichever ends first.
func (l *Local) Lock(ctx context.Context, name string, h Holder) (Lock, error) {
	if err := mayBegin(ctx, checkLock(name, h)); err != nil {
		return nil, err
	}
	base := l.file(lockFolder + "/" + name)
	did := "take the lock " + name
	if err := os.MkdirAll(filepath.Dir(base), folderMode); err != nil {
		return nil, l.failed(did, err)
	}
	k := &localLock{store: l, file: flock.New(base+".lock", flock.SetPermissions(fileMode)), note: base + ".json"}
	won, err := k.file.TryLock()
	if err != nil {
		return nil, l.failed(did, errors.Join(err, k.file.Close()))
	}
	if !won {
		_ = k.file.Close()
		return nil, &LockedError{Holder: readHolder(k.note)}
	}
	if err := k.write(h); err != nil {
		return nil, l.failed(did, errors.Join(err, k.file.Close()))
	}
	l.mu.Lock()
	l.held[k] = true
	l.mu.Unlock()
	return k, nil
}

// Unlock always fails: the lock of a folder ends with its process.
func (l *Local) Unlock(ctx context.Context, name, run string) error {
	if err := mayBegin(ctx, checkLockName(name)); err != nil {
		return err
	}
	return &storeError{
		did: "break the lock " + name, place: l.dir,
		err:  errors.New("the lock of a local ledger ends with its process; there is nothing to break"),
		hint: "wait until the other portctl is done, or end that process",
	}
}

// localLock is a lock by flock: the operating system gives it up with the
// process, however that ends.
type localLock struct {
	store *Local
	file  *flock.Flock
	note  string // the file that says who holds the lock; informative only
}

// write notes the holder for those who come too late. The note is replaced in
// one go, so that they never read half of one.
func (k *localLock) write(h Holder) error {
	content, err := json.Marshal(h, jsontext.Multiline(true))
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(k.note), tempPattern)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already, unless something failed
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), k.note)
}

// readHolder reads who holds a lock; zero when that cannot be told.
func readHolder(note string) Holder {
	var h Holder
	content, err := os.ReadFile(note)
	if err != nil || json.Unmarshal(content, &h) != nil {
		return Holder{}
	}
	return h
}

// Release gives the lock back, also when the context has ended. To release twice
// is no error.
func (k *localLock) Release(context.Context) error {
	k.store.mu.Lock()
	defer k.store.mu.Unlock()
	if !k.store.held[k] {
		return nil
	}
	delete(k.store.held, k)
	// The note goes first, for as long as nobody else can hold the lock. The
	// lock's own file stays: two processes could hold two files of one name.
	_ = os.Remove(k.note)
	return k.store.failed("release the lock", k.file.Close())
}

// failed wraps the error of an operation; nil stays nil.
func (l *Local) failed(did string, err error) error {
	if err == nil {
		return nil
	}
	return &storeError{did: did, place: l.dir, err: err, hint: localHint(err)}
}

func localHint(err error) string {
	const elsewhere = ", or keep the ledger elsewhere with --state"
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the disk or the quota is full: free some space" + elsewhere
	case errors.Is(err, syscall.EROFS):
		return "the file system is read-only: mount it for writing" + elsewhere
	case errors.Is(err, fs.ErrPermission):
		return "let this user read and write the folder" + elsewhere
	case errors.Is(err, syscall.ENOTDIR):
		return "a part of the path is a file, not a folder: move it away" + elsewhere
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.ENOLCK):
		return "this file system cannot keep a ledger: use a local disk or a bucket with --state"
	}
	return ""
}

// mayBegin says that an operation may begin: its arguments are good and its context
// has not ended.
func mayBegin(ctx context.Context, bad error) error {
	if bad != nil {
		return fmt.Errorf("ledger: %w", bad)
	}
	return ctx.Err()
}
