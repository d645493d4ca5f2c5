package loa_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/plan"
)

var fetched = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func open(t testing.TB, dir string) *loa.Folder {
	t.Helper()
	f, err := loa.Open(dir, "sandbox")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func row(n int) loa.Row {
	return loa.Row{
		Name: fmt.Sprintf("port-%d", n), UID: plan.ServiceUID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", n)),
		Site: []string{"Equinix LD5", "Interxion Frankfurt FRA6"}[n%2], LocationID: plan.LocationID([]int{90, 130}[n%2]),
		Metro: []string{"London", "Frankfurt"}[n%2], Address: "8 Buckingham Avenue, Slough", Speed: plan.Speed10G, Zone: plan.Red,
		Demarcation: "rack 1", Status: plan.StatusLive, FetchedAt: fetched,
	}
}

func pdf(r loa.Row) []byte { return []byte("%PDF-1.4 " + string(r.UID) + "\n%%EOF\n") }

// saved saves an LOA and writes the manifest.
func saved(f *loa.Folder, r loa.Row, pdf []byte) (loa.Row, error) {
	r, err := f.Save(r, pdf)
	if err == nil {
		err = f.Sync(nil)
	}
	return r, err
}

func save(t testing.TB, f *loa.Folder, n int) loa.Row {
	t.Helper()
	r, err := saved(f, row(n), pdf(row(n)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// files reads the whole folder but for the lock.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == ".manifest.lock" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

// Whatever single file is lost, exactly that is restored: a manifest without
// fetching anything, an LOA by fetching that one.
func TestWhatIsLostIsRestoredAndNothingElse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "loas")
	f := open(t, dir)
	for n := range 3 {
		save(t, f, n)
	}
	want := files(t, dir)
	if len(want) != 5 {
		t.Fatalf("files %v, want 3 LOAs and 2 manifests", want)
	}
	for lost := range want {
		t.Run(lost, func(t *testing.T) {
			if err := os.Remove(filepath.Join(dir, lost)); err != nil {
				t.Fatal(err)
			}
			f := open(t, dir)
			kept, err := f.Kept()
			if err != nil {
				t.Fatal(err)
			}
			for n := range 3 {
				if _, ok := kept[row(n).UID]; ok == (lost == loa.FileName(row(n).Name, 0, row(n).UID)) {
					t.Errorf("port %d is kept: %t", n, ok)
				} else if !ok {
					save(t, f, n)
				}
			}
			if err := f.Sync(nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, files(t, dir)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestChangedLetterCountsAsLost(t *testing.T) {
	f := open(t, t.TempDir())
	r := save(t, f, 1)
	if err := os.WriteFile(f.Path(r), []byte("%PDF-1.4 cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	if kept, err := f.Kept(); err != nil || len(kept) != 0 {
		t.Errorf("kept %v (%v)", kept, err)
	}
}

func TestOnlyCompletePDFsAreSaved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "loas")
	f := open(t, dir)
	for _, bad := range []string{"", "<html>sorry</html>", `{"message":"no"}`, "%PDF-1.4 cut o", "%%EOF", "x%PDF-1.4 %%EOF"} {
		if _, err := saved(f, row(1), []byte(bad)); !errors.Is(err, loa.ErrNotPDF) {
			t.Errorf("%q is taken for a PDF: %v", bad, err)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("something was written")
	}
}

// An environment is never mixed with another, whichever manifest tells of it.
func TestEnvironmentsDoNotMix(t *testing.T) {
	for _, lost := range []string{"", loa.ManifestName, loa.TableName} {
		dir := t.TempDir()
		save(t, open(t, dir), 1)
		if lost != "" {
			if err := os.Remove(filepath.Join(dir, lost)); err != nil {
				t.Fatal(err)
			}
		}
		var other *loa.OtherEnvironmentError
		if _, err := loa.Open(dir, "production"); !errors.As(err, &other) || other.Have != "sandbox" {
			t.Errorf("without %q: %v", lost, err)
		}
	}
}

func TestBrokenManifestIsAnError(t *testing.T) {
	for name, content := range map[string]string{
		loa.ManifestName: "{", loa.TableName: "name,uid\n",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loa.Open(dir, "sandbox"); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A manifest that was tampered with leads nowhere outside the folder.
func TestManifestCanNotPointOutside(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "loas")
	f := open(t, dir)
	r := save(t, f, 1)
	if err := os.WriteFile(filepath.Join(parent, "secret.pdf"), pdf(row(1)), 0o600); err != nil {
		t.Fatal(err)
	}
	manifest := filepath.Join(dir, loa.ManifestName)
	b, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../secret.pdf", `..\\secret.pdf`, filepath.ToSlash(filepath.Join(parent, "secret.pdf")), "..", "."} {
		evil := strings.Replace(string(b), r.File, name, 1)
		if err := os.WriteFile(manifest, []byte(evil), 0o600); err != nil {
			t.Fatal(err)
		}
		if kept, err := f.Kept(); err != nil || len(kept) != 0 {
			t.Errorf("%s: kept %v (%v)", name, kept, err)
		}
		if _, err := saved(f, row(1), pdf(row(1))); err != nil { // replaces the row and removes its old file
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(parent, "secret.pdf")); err != nil {
			t.Fatalf("%s: a file outside the folder is gone", name)
		}
	}
}

// Two ports whose file names would be the same, on some system, have two files.
func TestFileNamesNeverCollide(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	var rows []loa.Row
	for i, x := range []struct {
		name   string
		member int
		tail   string
	}{{"edge", 0, "-a"}, {"EDGE", 0, "-b"}, {"edge", 0, "-c"}, {"edge-1", 0, "-d"}, {"edge", 1, "-e"}, {"ed/ge", 0, "-f"}, {"ed:ge", 0, "-g"}, {"e\u0301dge", 0, "-h"}, {"édge", 0, "-i"}, {"edge", 0, "/x"}, {"edge", 0, ":x"}} {
		r := row(i)
		r.Name, r.Member, r.UID = x.name, x.member, plan.ServiceUID("12345678"+x.tail)
		row, err := f.Save(r, pdf(r))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if err := f.Sync(nil); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range rows {
		if folded := plan.FoldName(r.File); seen[folded] {
			t.Errorf("%s is there twice", r.File)
		} else {
			seen[folded] = true
		}
	}
	if kept, err := f.Kept(); err != nil || len(kept) != len(rows) {
		t.Errorf("%d of %d LOAs are whole (%v)", len(kept), len(rows), err)
	}
}

func TestRenewedLetterOfARenamedPortReplacesTheOldFile(t *testing.T) {
	f := open(t, t.TempDir())
	old := save(t, f, 1)
	r := row(1)
	r.Name = "renamed"
	renewed, err := saved(f, r, pdf(r))
	if err != nil || renewed.File == old.File {
		t.Fatalf("file %s (%v)", renewed.File, err)
	}
	if _, err := os.Stat(f.Path(old)); err == nil {
		t.Error("the old file is still there")
	}
	if m, err := f.Manifest(); err != nil || len(m.LOAs) != 1 {
		t.Errorf("manifest %+v (%v)", m, err)
	}
}

func TestLetterOfATerminatedPortIsKeptAndFlagged(t *testing.T) {
	f := open(t, t.TempDir())
	save(t, f, 1)
	save(t, f, 2)
	if err := f.Sync(map[plan.ServiceUID]plan.Status{row(1).UID: plan.StatusDecommissioned, row(2).UID: plan.StatusConfigured}); err != nil {
		t.Fatal(err)
	}
	kept, err := f.Kept()
	if err != nil || len(kept) != 2 {
		t.Fatalf("kept %v (%v)", kept, err)
	}
	if r := kept[row(1).UID]; !r.Terminated || r.Status != plan.StatusDecommissioned {
		t.Errorf("row %+v", r)
	}
	if r := kept[row(2).UID]; r.Terminated || r.Status != plan.StatusLive {
		t.Errorf("row %+v", r)
	}
	archives, err := f.Archives(loa.BySite, func(plan.ServiceUID) bool { return true })
	if err != nil || len(archives) != 1 {
		t.Errorf("archives %+v (%v): a terminated port's LOA must not be sent", archives, err)
	}
}

// Many LOAs are entered into the manifest together, a second after the first of them, also
// while others are still to come; what others wrote meanwhile stays.
func TestManifestIsWrittenOnceASecond(t *testing.T) {
	dir := t.TempDir()
	written := func() int {
		m, err := open(t, dir).Manifest()
		if err != nil {
			t.Fatal(err)
		}
		return len(m.LOAs)
	}
	synctest.Test(t, func(t *testing.T) {
		f := open(t, dir)
		for n := range 30 {
			if _, err := f.Save(row(n), pdf(row(n))); err != nil {
				t.Fatal(err)
			}
		}
		if n := written(); n != 0 {
			t.Errorf("%d rows at once", n)
		}
		save(t, open(t, dir), 100)
		time.Sleep(time.Second)
		synctest.Wait()
		if n := written(); n != 31 {
			t.Errorf("%d rows after a second, want 31", n)
		}
		if _, err := f.Save(row(31), pdf(row(31))); err != nil {
			t.Fatal(err)
		}
		if err := f.Sync(nil); err != nil || written() != 32 {
			t.Errorf("%d rows at the end, want 32 (%v)", written(), err)
		}
	})
	killed := open(t, dir) // its row is lost, and what it saved is fetched once more
	if _, err := killed.Save(row(40), pdf(row(40))); err != nil {
		t.Fatal(err)
	}
	again := save(t, open(t, dir), 40)
	if got := len(files(t, dir)); got != 33+2 || again.File != "port-40-00000040.pdf" {
		t.Errorf("%d files, the last is %s", got, again.File)
	}
}

// helperFolder makes the test binary a second process that saves LOAs.
const helperFolder = "PORTCTL_TEST_SAVE_INTO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperFolder); dir != "" {
		f, err := loa.Open(dir, "sandbox")
		for n := 0; n < 40 && err == nil; n++ {
			if _, err = f.Save(row(n), pdf(row(n))); n%4 == 0 && err == nil {
				err = f.Sync(nil)
			}
		}
		if err == nil {
			err = f.Sync(nil)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Two processes that save the same LOAs at once, while others read, never
// show a broken file, and lose no row.
func TestTwoProcessesNeverLeaveABrokenFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "loas")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var procs []*exec.Cmd
	for range 2 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), helperFolder+"="+dir)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		procs = append(procs, cmd)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		f := open(t, dir)
		for {
			select {
			case <-done:
				return
			default:
			}
			m, err := f.Manifest()
			if err != nil {
				t.Errorf("a reader sees a broken manifest: %v", err)
				return
			}
			if kept, err := f.Kept(); err != nil || len(kept) < len(m.LOAs) {
				t.Errorf("%d of %d LOAs are whole (%v)", len(kept), len(m.LOAs), err)
				return
			}
		}
	})
	f := open(t, dir)
	for n := 39; n >= 0; n-- {
		save(t, f, n)
	}
	for _, p := range procs {
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	wg.Wait()
	if kept, err := f.Kept(); err != nil || len(kept) != 40 {
		t.Errorf("%d LOAs (%v)", len(kept), err)
	}
	for name := range files(t, dir) {
		if strings.HasSuffix(name, ".tmp") {
			t.Errorf("%s is left over", name)
		}
	}
}

// A recipient's archive holds just their LOAs and their part of the manifest,
// and is the same each time.
func TestArchives(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	for n := range 5 {
		save(t, f, n)
	}
	all := func(plan.ServiceUID) bool { return true }
	archives, err := f.Archives(loa.ByMetro, all)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range archives {
		names = append(names, filepath.Base(a.Path))
	}
	if diff := cmp.Diff([]string{"metro-frankfurt.zip", "metro-london.zip"}, names); diff != "" {
		t.Fatalf("archives (-want +got):\n%s", diff)
	}
	before, err := os.ReadFile(archives[1].Path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(before), int64(len(before)))
	if err != nil {
		t.Fatal(err)
	}
	var members []string
	for _, m := range z.File {
		members = append(members, m.Name)
		if strings.HasSuffix(m.Name, ".pdf") {
			if err := loa.Check(content(t, m)); err != nil {
				t.Errorf("%s: %v", m.Name, err)
			}
		}
		if m.Name == loa.TableName {
			if rows, err := csv.NewReader(bytes.NewReader(content(t, m))).ReadAll(); err != nil || len(rows) != 4 {
				t.Errorf("%d lines in the part of the manifest (%v)", len(rows), err)
			}
		}
	}
	want := []string{"port-0-00000000.pdf", "port-2-00000002.pdf", "port-4-00000004.pdf", loa.TableName, loa.ManifestName}
	if diff := cmp.Diff(want, members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if err := os.Remove(archives[1].Path); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Archives(loa.ByMetro, all); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(archives[1].Path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the same LOAs give another archive (%v)", err)
	}
	bySite, err := f.Archives(loa.BySite, func(u plan.ServiceUID) bool { return u == row(2).UID })
	if err != nil || len(bySite) != 1 || filepath.Base(bySite[0].Path) != "site-equinix_ld5-90.zip" || !slices.Equal(bySite[0].Ports, []plan.ServiceUID{row(2).UID}) {
		t.Errorf("archives %+v (%v)", bySite, err)
	}
}

func content(t *testing.T, m *zip.File) []byte {
	t.Helper()
	r, err := m.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// No cell of the table is a formula, and the table restores the manifest.
func TestTableIsSafeAndSaysAllThatTheManifestSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "loas")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		f, err := loa.Open(dir, "sandbox")
		if err != nil {
			t.Fatal(err)
		}
		text := rapid.StringMatching(`[-=+@＝'"a-zé;, \t\r\x1b\x{9b}\x{202e}]{0,8}`)
		r := loa.Row{
			Name: text.Draw(t, "name"), Site: text.Draw(t, "site"), Metro: text.Draw(t, "metro"), Address: text.Draw(t, "address"), Demarcation: text.Draw(t, "demarcation"),
			UID: "12345678-0000-4000-8000-000000000000", LocationID: 90, Speed: plan.Speed100G, Zone: plan.Blue, Member: rapid.IntRange(0, 8).Draw(t, "member"),
			Status: plan.StatusLive, FetchedAt: fetched.Add(time.Duration(rapid.IntRange(0, 1e9).Draw(t, "nanoseconds"))),
		}
		if _, err := saved(f, r, pdf(r)); err != nil {
			t.Fatal(err)
		}
		want, err := f.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, loa.TableName))
		if err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil || len(records) != 2 {
			t.Fatalf("%d lines (%v)", len(records), err)
		}
		for _, cell := range records[1] {
			if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@＝＋－＠\t\r", first) {
				t.Fatalf("cell %q is a formula", cell)
			}
			if strings.ContainsFunc(cell, plan.Unseen) {
				t.Fatalf("cell %q holds what cannot be seen", cell)
			}
		}
		if err := os.Remove(filepath.Join(dir, loa.ManifestName)); err != nil {
			t.Fatal(err)
		}
		for _, text := range []*string{&want.LOAs[0].Name, &want.LOAs[0].Site, &want.LOAs[0].Metro, &want.LOAs[0].Address, &want.LOAs[0].Demarcation} {
			*text = plan.Visible(*text) // what cannot be seen comes back as its escape
		}
		got, err := f.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func FuzzFileName(f *testing.F) {
	for _, name := range []string{"lon-core-1", "", ".", "..", "../../etc/passwd", `..\windows`, "CON", "con.a", "LPT1", "nul.", "a:b", " x ", "-rf", "é", "e\u0301", "\u0301", "日本", strings.Repeat("長", 200), "\xff", "a\x00b", "\u202egpj"} {
		f.Add(name, 0, "36b3f68e-2f54-4331-bf94-f8984449365f")
		f.Add("x", 3, name)
	}
	f.Fuzz(func(t *testing.T, name string, member int, uid string) {
		got := loa.FileName(name, member, plan.ServiceUID(uid))
		stem, _, _ := strings.Cut(strings.ToUpper(got), ".")
		switch {
		case !filepath.IsLocal(got), filepath.Base(got) != got, strings.ContainsAny(got, "/\\:*?\"<>| \x00\n\r\t"):
			t.Errorf("%q is more than the name of a file", got)
		case len(got) > 255:
			t.Errorf("%q has %d bytes", got, len(got))
		case strings.ToValidUTF8(got, "") != got:
			t.Errorf("%q is not UTF-8", got)
		case !strings.HasSuffix(got, ".pdf"), got[0] == '.', got[0] == '-':
			t.Errorf("%q is hidden, an option, or no PDF", got)
		case slices.Contains([]string{"CON", "PRN", "AUX", "NUL"}, stem), len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9':
			t.Errorf("%q is a device on Windows", got)
		}
		if again := loa.FileName(name, member, plan.ServiceUID(uid)); again != got {
			t.Errorf("%q, then %q", got, again)
		}
	})
}
