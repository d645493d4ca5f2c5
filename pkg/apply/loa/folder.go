package loa

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/portctl/portctl/pkg/plan"
)

// lockName is the file that two portctl processes lock while they change the
// manifest.
const lockName = ".manifest.lock"

// Folder is a folder of LOAs. It is safe for use by many goroutines, and by
// several processes on one machine.
//
// The manifest is written a second after an LOA was saved, and by Sync: writing all of it
// for each of many LOAs would take time with their square. An LOA whose row a kill took
// along is fetched once more, under the same name.
type Folder struct {
	dir         string
	environment string

	mu      sync.Mutex
	latest  *index      // of the manifest as last read or written here, with pending; nil before the first LOA
	pending []Row       // saved, and not in the manifest yet
	writing *time.Timer // writes them; nil when none is pending
}

// writeAfter is how long rows wait for others to be written with them.
const writeAfter = time.Second

// Open checks that the folder can take LOAs of the environment. The folder
// need not exist; it is made with the first LOA.
func Open(dir, environment string) (*Folder, error) {
	f := &Folder{dir: dir, environment: environment}
	if _, err := f.Manifest(); err != nil {
		return nil, err
	}
	return f, nil
}

// Dir is the folder's path as it was given.
func (f *Folder) Dir() string { return f.dir }

// Path is the path of a row's file.
func (f *Folder) Path(r Row) string { return filepath.Join(f.dir, r.File) }

// Kept returns the rows whose file is there and is the one that was fetched.
func (f *Folder) Kept() (map[plan.ServiceUID]Row, error) {
	m, err := f.Manifest()
	if err != nil {
		return nil, err
	}
	kept := map[plan.ServiceUID]Row{}
	for _, r := range m.LOAs {
		if _, err := f.Read(r); err == nil {
			kept[r.UID] = r
		}
	}
	return kept, nil
}

// Read reads the file of a row and nothing outside the folder, whatever a
// manifest says.
func (f *Folder) Read(r Row) ([]byte, error) {
	if !inside(r.File) {
		return nil, fmt.Errorf("%q is not the name of a file in %s", r.File, f.dir)
	}
	b, err := os.ReadFile(f.Path(r))
	if err != nil {
		return nil, err
	}
	if hash(b) != r.SHA256 {
		return nil, fmt.Errorf("%s is not as it was fetched", f.Path(r))
	}
	return b, nil
}

// Save checks the PDF, writes it and enters it into the manifest; it returns
// the row with the file's name, size and hash. Each file appears whole or not
// at all. An earlier LOA of the port is replaced.
func (f *Folder) Save(r Row, pdf []byte) (Row, error) {
	if err := Check(pdf); err != nil {
		return r, err
	}
	r.Size, r.SHA256, r.Environment = len(pdf), hash(pdf), f.environment
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return r, err
	}
	staged, err := stage(f.dir, pdf)
	if err != nil {
		return r, err
	}
	defer os.Remove(staged) // gone already, unless something failed
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.latest == nil {
		m, err := f.Manifest()
		if err != nil {
			return r, err
		}
		f.latest = m.index()
	}
	r.File = f.latest.free(fileNames(r.Name, r.Member, r.UID), r.UID)
	if err := os.Rename(staged, f.Path(r)); err != nil {
		return r, err
	}
	if old, ok := f.latest.rows[r.UID]; ok && old.File != r.File && inside(old.File) {
		_ = os.Remove(f.Path(old)) // the port was renamed; what is left over harms nobody
	}
	f.latest.put(r)
	f.pending = append(f.pending, r)
	if f.writing == nil {
		f.writing = time.AfterFunc(writeAfter, f.writePending)
	}
	return r, nil
}

// writePending enters what is pending into the manifest. When that fails, Sync says why.
func (f *Folder) writePending() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writing = nil
	if len(f.pending) > 0 {
		_ = f.change(func(*Manifest) {})
	}
}

// Refusals are the ports whose LOA Megaport did not issue; none when that is not
// known.
func (f *Folder) Refusals() map[plan.ServiceUID]Refusal {
	m, err := f.Manifest()
	if err != nil {
		return nil
	}
	refused := map[plan.ServiceUID]Refusal{}
	for _, r := range m.Refused {
		refused[r.UID] = r
	}
	return refused
}

// Sync brings the manifests up to date: it notes which ports are terminated and
// which LOAs were refused, and writes again what is lost of the two. The status of
// ports that are not in statuses stays as it is.
func (f *Folder) Sync(statuses map[plan.ServiceUID]plan.Status, refused ...Refusal) error {
	if len(refused) > 0 {
		if err := os.MkdirAll(f.dir, 0o755); err != nil {
			return err
		}
	}
	if _, err := os.Stat(f.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.writing != nil {
		f.writing.Stop()
		f.writing = nil
	}
	return f.change(func(m *Manifest) {
		for _, r := range refused {
			m.refuse(r)
		}
		for i, r := range m.LOAs {
			if status := statuses[r.UID]; status.Terminated() {
				m.LOAs[i].Status, m.LOAs[i].Terminated = status, true
			}
		}
	})
}

// change enters what is pending into the manifest, as others may have left it meanwhile,
// changes it while nobody else does, and writes both forms of it. The JSON is written
// last: it is the one that counts.
func (f *Folder) change(do func(*Manifest)) error {
	lock := flock.New(filepath.Join(f.dir, lockName))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("folder %s cannot be locked: %w", f.dir, err)
	}
	defer lock.Close()
	m, err := f.Manifest()
	if err != nil {
		return err
	}
	m.put(f.pending...)
	if do(&m); len(m.LOAs)+len(m.Refused) == 0 {
		return nil
	}
	table, err := m.encodeTable()
	if err != nil {
		return err
	}
	encoded, err := m.encode()
	if err != nil {
		return err
	}
	if err := f.write(TableName, table); err != nil {
		return err
	}
	if err := f.write(ManifestName, encoded); err != nil {
		return err
	}
	f.latest, f.pending = m.index(), nil
	return nil
}

// write writes a file of the folder unless it is so already.
func (f *Folder) write(name string, content []byte) error {
	path := filepath.Join(f.dir, name)
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, content) {
		return nil
	}
	staged, err := stage(f.dir, content)
	if err != nil {
		return err
	}
	defer os.Remove(staged)
	return os.Rename(staged, path)
}

// ErrNotPDF says that what was fetched is not a whole PDF.
var ErrNotPDF = errors.New("not a complete PDF")

// Check wants a PDF from its first bytes to its end marker. A page of HTML or a
// cut-off download fails.
func Check(pdf []byte) error {
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.HasSuffix(bytes.TrimRight(pdf, "\x00\t\n\f\r "), []byte("%%EOF")) {
		return fmt.Errorf("%w (%d bytes)", ErrNotPDF, len(pdf))
	}
	return nil
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// stage writes a file beside its place and makes it durable, so that renaming it
// is all that is left to do and nobody ever sees half a file.
func stage(dir string, content []byte) (path string, err error) {
	tmp, err := os.CreateTemp(dir, ".portctl-*.tmp")
	if err != nil {
		return "", err
	}
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if closing := tmp.Close(); err == nil {
		err = closing
	}
	if err != nil {
		os.Remove(tmp.Name())
		return "", err
	}
	return tmp.Name(), nil
}
