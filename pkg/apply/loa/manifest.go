package loa

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portctl/portctl/pkg/plan"
)

// ManifestName and TableName are the file names of the two manifests within the
// folder.
const (
	ManifestName = "manifest.json"
	TableName    = "manifest.csv"
)

// Row is one LOA: which port it is for and which file holds it.
type Row struct {
	Name string `json:"name"`
	// Site is the location's name; it may change, its id does not.
	Site       string          `json:"site"`
	Metro      string          `json:"metro"`
	LocationID plan.LocationID `json:"locationId"`
	Address    string          `json:"address"`
	// Speed is in Mbps.
	Speed plan.Speed `json:"speedMbps"`
	Zone  plan.Zone  `json:"diversityZone"`
	// Member counts the ports of a LAG from 1; 0 for a single port.
	Member int             `json:"member"`
	UID    plan.ServiceUID `json:"uid"`
	// Demarcation is the data centre's name for the hand-off.
	Demarcation string `json:"demarcation"`
	// Status is the port's when the LOA was fetched, or the one with which it was
	// terminated.
	Status plan.Status `json:"status"`
	// Terminated says that the port is gone: the LOA is kept, and not to be used.
	Terminated bool   `json:"terminated"`
	File       string `json:"file"`
	// Size is in bytes.
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
	// FetchedAt is when the LOA was issued too: every download is dated anew
	// (API facts §6, confidence B).
	FetchedAt   time.Time `json:"fetchedAt"`
	Environment string    `json:"environment"`
}

// RenewAfter is the age from which an LOA should be renewed: data centres want
// one that was issued lately.
const RenewAfter = 30 * 24 * time.Hour

// Old says that the LOA was issued so long ago that it should be renewed.
func (r Row) Old(now time.Time) bool { return now.Sub(r.FetchedAt) > RenewAfter }

// Manifest lists the LOAs of a folder, by file name.
type Manifest struct {
	FormatVersion string `json:"formatVersion"`
	Environment   string `json:"environment"`
	LOAs          []Row  `json:"loas"`
	// Refused are the ports for which Megaport had no LOA, by UID. manifest.csv does
	// not have them: without them they are asked for again.
	Refused []Refusal `json:"refused,omitzero"`
}

// Refusal says that Megaport did not issue the LOA of a port.
type Refusal struct {
	UID  plan.ServiceUID `json:"uid"`
	Name string          `json:"name"`
	// Status is the HTTP status: 403 or 404.
	Status int `json:"status"`
	// Since is when a run met it first, At when one met it last.
	Since time.Time `json:"since"`
	At    time.Time `json:"at"`
	// Final says that no run asks again, unless it is told to refresh.
	Final   bool   `json:"final"`
	TraceID string `json:"traceID,omitzero"`
}

// Why says it to people. How it can be asked for again is left to whoever shows it.
func (r Refusal) Why() string {
	return fmt.Sprintf("refused by Megaport (%d) on %s", r.Status, r.At.UTC().Format(time.DateOnly))
}

const manifestVersion = "1.0"

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

// Manifest reads the manifest; a folder without one has an empty manifest. When
// manifest.json is lost, manifest.csv stands in for it.
func (f *Folder) Manifest() (Manifest, error) {
	m := Manifest{FormatVersion: manifestVersion, Environment: f.environment, LOAs: []Row{}}
	for _, x := range []struct {
		name string
		read func([]byte, *Manifest) error
	}{{ManifestName, decodeManifest}, {TableName, decodeTable}} {
		path := filepath.Join(f.dir, x.name)
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = x.read(b, &m)
		}
		if err != nil {
			return m, fmt.Errorf("%s cannot be read; move it away to have its LOAs downloaded again: %w", path, err)
		}
		if m.Environment != f.environment {
			return m, &OtherEnvironmentError{f.dir, m.Environment, f.environment}
		}
		if x.name == TableName {
			if _, err := os.Lstat(filepath.Join(f.dir, ManifestName)); err == nil {
				return f.Manifest() // it was written meanwhile, and it is the one that counts
			}
		}
		return m, nil
	}
	return m, nil
}

func decodeManifest(b []byte, m *Manifest) error { return json.Unmarshal(b, m) }

func (m Manifest) encode() ([]byte, error) {
	b, err := json.Marshal(m, json.Deterministic(true), jsontext.WithIndent("  "))
	return append(plan.VisibleText(b), '\n'), err
}

// put enters rows in place of those of their UIDs; the later of two counts.
func (m *Manifest) put(rows ...Row) {
	latest := make(map[plan.ServiceUID]Row, len(rows))
	for _, r := range rows {
		latest[r.UID] = r
	}
	m.Refused = slices.DeleteFunc(m.Refused, func(r Refusal) bool { _, new := latest[r.UID]; return new })
	m.LOAs = slices.DeleteFunc(m.LOAs, func(old Row) bool { _, new := latest[old.UID]; return new })
	m.LOAs = slices.AppendSeq(m.LOAs, maps.Values(latest))
	slices.SortFunc(m.LOAs, func(a, b Row) int { return strings.Compare(a.File, b.File) })
}

// refuse enters a refusal in place of the one of its UID.
func (m *Manifest) refuse(r Refusal) {
	m.Refused = slices.DeleteFunc(m.Refused, func(old Refusal) bool { return old.UID == r.UID })
	m.Refused = append(m.Refused, r)
	slices.SortFunc(m.Refused, func(a, b Refusal) int { return strings.Compare(string(a.UID), string(b.UID)) })
}

// index finds rows by what must be theirs alone.
type index struct {
	rows  map[plan.ServiceUID]Row
	files map[string]plan.ServiceUID // by folded name: some file systems do not tell upper from lower case
}

func (m Manifest) index() *index {
	x := &index{map[plan.ServiceUID]Row{}, map[string]plan.ServiceUID{}}
	for _, r := range m.LOAs {
		x.put(r)
	}
	return x
}

func (x *index) put(r Row) {
	if old, ok := x.rows[r.UID]; ok {
		delete(x.files, plan.FoldName(old.File))
	}
	x.rows[r.UID], x.files[plan.FoldName(r.File)] = r, r.UID
}

// free is the first of the names that no other port's LOA has.
func (x *index) free(names []string, uid plan.ServiceUID) string {
	for _, name := range names {
		if of, taken := x.files[plan.FoldName(name)]; !taken || of == uid {
			return name
		}
	}
	return names[len(names)-1] // holds a hash of the UID
}
