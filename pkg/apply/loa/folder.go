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
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofrs/flock"

	"github.com/portctl/portctl/pkg/plan"
)

// ManifestName is the manifest's file name within the folder.
const ManifestName = "manifest.json"

// lockName is the file that two portctl processes lock while they change the
// manifest.
const lockName = ".manifest.lock"

// Row is one LOA: which port it is for and which file holds it.
type Row struct {
	Name       string          `json:"name"`
	Site       string          `json:"site"`
	LocationID plan.LocationID `json:"locationId"`
	Address    string          `json:"address"`
	Speed      plan.Speed      `json:"speedMbps"`
	Zone       plan.Zone       `json:"diversityZone"`
	// Member counts the ports of a LAG from 1; 0 for a single port.
	Member int             `json:"member"`
	UID    plan.ServiceUID `json:"uid"`
	// Demarcation is the data centre's name for the hand-off.
	Demarcation string      `json:"demarcation"`
	Status      plan.Status `json:"status"`
	File        string      `json:"file"`
	Size        int         `json:"size"`
	SHA256      string      `json:"sha256"`
	// FetchedAt is when the LOA was issued too: every download is dated anew
	// (API facts §6).
	FetchedAt   time.Time `json:"fetchedAt"`
	Environment string    `json:"environment"`
}

// Manifest lists the LOAs of a folder.
type Manifest struct {
	FormatVersion string `json:"formatVersion"`
	Environment   string `json:"environment"`
	LOAs          []Row  `json:"loas"`
}

// Folder is a folder of LOAs. It is safe for use by many goroutines, and by
// several processes on one machine.
type Folder struct {
	dir         string
	environment string
	mu          sync.Mutex
}

// OtherEnvironmentError says that a folder holds LOAs of another environment:
// one manifest never mixes them, because an LOA of a rehearsal must not reach a
// data centre.
type OtherEnvironmentError struct {
	Dir, Have, Want string
}

func (e *OtherEnvironmentError) Error() string {
	return fmt.Sprintf("folder %s holds LOAs of environment %s, not %s", e.Dir, e.Have, e.Want)
}

// Hint says how to go on.
func (e *OtherEnvironmentError) Hint() string {
	return "name another folder with --loa-dir, or move this one away"
}

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

// Manifest reads the manifest; a folder without one has an empty manifest.
func (f *Folder) Manifest() (Manifest, error) {
	m := Manifest{FormatVersion: "1.0", Environment: f.environment, LOAs: []Row{}}
	path := filepath.Join(f.dir, ManifestName)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("%s can not be read: %w", path, err)
	}
	if m.Environment != f.environment {
		return m, &OtherEnvironmentError{f.dir, m.Environment, f.environment}
	}
	return m, nil
}

// Kept returns the rows whose file is there and is the one that was fetched.
func (f *Folder) Kept() (map[plan.ServiceUID]Row, error) {
	m, err := f.Manifest()
	if err != nil {
		return nil, err
	}
	kept := map[plan.ServiceUID]Row{}
	for _, r := range m.LOAs {
		if filepath.Base(r.File) != r.File {
			continue // never read outside the folder, whatever a manifest says
		}
		b, err := os.ReadFile(filepath.Join(f.dir, r.File))
		if err == nil && hash(b) == r.SHA256 {
			kept[r.UID] = r
		}
	}
	return kept, nil
}

// Save checks the PDF, writes it and enters it into the manifest; it returns
// the row with the file's name, size and hash. Each file appears whole or not
// at all.
func (f *Folder) Save(r Row, pdf []byte) (Row, error) {
	if err := Check(pdf); err != nil {
		return r, err
	}
	r.File = FileName(r.Name, r.Member, r.UID)
	r.Size, r.SHA256, r.Environment = len(pdf), hash(pdf), f.environment
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return r, err
	}
	if err := writeAtomically(filepath.Join(f.dir, r.File), pdf); err != nil {
		return r, err
	}
	return r, f.enter(r)
}

// enter replaces or adds the row of a UID.
func (f *Folder) enter(r Row) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	lock := flock.New(filepath.Join(f.dir, lockName))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("folder %s can not be locked: %w", f.dir, err)
	}
	defer lock.Close()
	m, err := f.Manifest()
	if err != nil {
		return err
	}
	m.LOAs = slices.DeleteFunc(m.LOAs, func(old Row) bool { return old.UID == r.UID })
	m.LOAs = append(m.LOAs, r)
	slices.SortFunc(m.LOAs, func(a, b Row) int { return strings.Compare(a.File, b.File) })
	b, err := json.Marshal(m, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	return writeAtomically(filepath.Join(f.dir, ManifestName), append(b, '\n'))
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

// FileName is the name of a port's LOA: the service's name made safe for every
// file system, the member's number within a LAG, and the start of the UID,
// which keeps two services of one name apart.
func FileName(name string, member int, uid plan.ServiceUID) string {
	parts := []string{safe(name)}
	if member > 0 {
		parts = append(parts, fmt.Sprint(member))
	}
	return strings.Join(append(parts, safe(uid.Short())), "-") + ".pdf"
}

// safe keeps letters, digits, dots, dashes and underscores. The result is never
// empty, hidden, or longer than a file system takes.
func safe(name string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, name)
	clean = strings.Trim(clean, ".")
	for len(clean) > 100 {
		runes := []rune(clean)
		clean = string(runes[:len(runes)-1])
	}
	if clean == "" {
		return "_"
	}
	return clean
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// writeAtomically writes beside the target and renames, so that nobody ever
// sees half a file.
func writeAtomically(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".portctl-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
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
		return err
	}
	return os.Rename(tmp.Name(), path)
}
