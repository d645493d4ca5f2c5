package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// memoryFile is where .portctl remembers which ledger the last apply used.
const memoryFile = "state.json"

// memory remembers, for an account, where its ledger was when something was last
// bought: claims that are still open there must not be left behind in silence.
type memory struct {
	// folder is the .portctl that it is kept in; empty remembers nothing.
	folder string
	// account is the account's key in the ledger.
	account string
}

// remembered is what the file holds.
type remembered struct {
	Schema int `json:"schema"`
	// Ledgers is the place of each account's ledger. A relative path counts from
	// where .portctl is, so that a folder can be moved with its ledger.
	Ledgers map[string]string `json:"ledgers"`
}

func (m memory) file() string { return filepath.Join(m.folder, memoryFile) }

func (m memory) read() (remembered, error) {
	r := remembered{Schema: 1, Ledgers: map[string]string{}}
	if m.folder == "" {
		return r, nil
	}
	b, err := os.ReadFile(m.file())
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err == nil && r.Schema != 1 {
		err = fmt.Errorf("it has schema %d, this portctl reads 1", r.Schema)
	}
	if err != nil {
		return r, exitWith(exitRefused, &memoryError{m.file(), err})
	}
	return r, nil
}

// last is the place of the account's ledger as the last apply knew it; empty when
// there was none.
func (m memory) last() (string, error) {
	r, err := m.read()
	if err != nil {
		return "", err
	}
	place := r.Ledgers[m.account]
	if place == "" || isBucket(place) || filepath.IsAbs(place) {
		return place, nil
	}
	return filepath.Join(filepath.Dir(m.folder), filepath.FromSlash(place)), nil
}

// remember notes the place. Where nothing can be written nothing is remembered:
// then the ledger is not kept there either.
func (m memory) remember(place string) error {
	if m.folder == "" {
		return nil
	}
	r, err := m.read()
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(realPath(filepath.Dir(m.folder)), realPath(place)); err == nil && !isBucket(place) && filepath.IsLocal(rel) {
		place = filepath.ToSlash(rel)
	}
	if r.Ledgers[m.account] == place {
		return nil
	}
	if r.Ledgers == nil {
		r.Ledgers = map[string]string{}
	}
	r.Ledgers[m.account] = place
	b, err := json.Marshal(r, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	if err = os.MkdirAll(m.folder, 0o755); err == nil {
		err = replace(m.file(), append(b, '\n'), 0o644) // all who work in a folder share its memory
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	return err
}

func isBucket(place string) bool { return strings.HasPrefix(strings.ToLower(place), "s3:") }

// samePlace says that two names of a ledger's place mean one: symbolic links do not
// count, nor does how a bucket is talked to.
func samePlace(a, b string) bool {
	if isBucket(a) || isBucket(b) {
		return a == b || isBucket(a) && isBucket(b) && bucketOf(a) == bucketOf(b)
	}
	return realPath(a) == realPath(b)
}

// bucketOf is the part of a bucket's address that says which records are meant.
func bucketOf(place string) [3]string {
	u, err := url.Parse(place)
	if err != nil {
		return [3]string{place}
	}
	return [3]string{u.Host, strings.Trim(u.Path, "/"), strings.TrimRight(u.Query().Get("endpoint"), "/")}
}

// realPath is the absolute path of a file or folder without symbolic links. What
// does not exist yet stands in a folder that may.
func realPath(path string) string {
	path, _ = strings.CutPrefix(path, "file://")
	abs, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	if parent := filepath.Dir(abs); parent != abs {
		return filepath.Join(realPath(parent), filepath.Base(abs))
	}
	return abs
}

// memoryError says that what remembers the ledger's place cannot be read.
type memoryError struct {
	file string
	err  error
}

func (e *memoryError) Error() string {
	return fmt.Sprintf("%s, which says where the ledger was last, cannot be read: %v", e.file, e.err)
}

func (e *memoryError) Unwrap() error { return e.err }

// Hint says how to go on; withWayOut adds the command.
func (e *memoryError) Hint() string { return "delete it when you know where the open claims are" }
