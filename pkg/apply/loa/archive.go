package loa

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/plan"
)

// Archive is a zip archive of LOAs for one recipient.
type Archive struct {
	// Path is where it was written.
	Path string
	// Ports are the UIDs of the ports whose LOAs are in it.
	Ports []plan.ServiceUID
}

// BySite names the archive of a row by its location: the site's name and the
// location's id.
func BySite(r Row) string { return fmt.Sprintf("site-%s-%d", Safe(r.Site), int(r.LocationID)) }

// ByMetro names the archive of a row by its metro.
func ByMetro(r Row) string { return "metro-" + Safe(cmp.Or(r.Metro, "unknown")) }

// Archives writes one archive for each recipient into the folder: the LOAs, and
// the manifests of just these. recipient gives the archive's name without its
// ending; include says which ports are meant. LOAs of terminated ports and those
// that are not on disk are left out. The same LOAs give the same bytes.
func (f *Folder) Archives(recipient func(Row) string, include func(plan.ServiceUID) bool) ([]Archive, error) {
	kept, err := f.Kept()
	if err != nil {
		return nil, err
	}
	recipients := map[string]*Manifest{}
	for _, r := range kept {
		if r.Terminated || !include(r.UID) {
			continue
		}
		name := strings.ToLower(recipient(r)) // two archives never differ by case alone
		if recipients[name] == nil {
			recipients[name] = &Manifest{FormatVersion: manifestVersion, Environment: f.environment}
		}
		recipients[name].put(r)
	}
	var out []Archive
	for name, m := range recipients {
		content, err := f.pack(*m)
		if err != nil {
			return nil, err
		}
		a := Archive{Path: filepath.Join(f.dir, name+".zip")}
		for _, r := range m.LOAs {
			a.Ports = append(a.Ports, r.UID)
		}
		if err := f.write(name+".zip", content); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b Archive) int { return cmp.Compare(a.Path, b.Path) })
	return out, nil
}

// pack puts a slice of the manifest and its LOAs into an archive. Dates are those
// of the LOAs, so that nothing depends on when it is made.
func (f *Folder) pack(m Manifest) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, at time.Time, content []byte) error {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at.UTC().Truncate(2 * time.Second)})
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	}
	var latest time.Time
	for _, r := range m.LOAs {
		pdf, err := f.Read(r)
		if err != nil {
			return nil, err
		}
		if err := add(r.File, r.FetchedAt, pdf); err != nil {
			return nil, err
		}
		if r.FetchedAt.After(latest) {
			latest = r.FetchedAt
		}
	}
	table, err := m.encodeTable()
	if err != nil {
		return nil, err
	}
	encoded, err := m.encode()
	if err != nil {
		return nil, err
	}
	if err := add(TableName, latest, table); err != nil {
		return nil, err
	}
	if err := add(ManifestName, latest, encoded); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}
