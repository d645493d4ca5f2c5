package spreadsheet

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// book is a workbook of an empty sheet and one with cells, of which a row is hidden.
func book(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	_, err := f.NewSheet("Ports")
	for cell, value := range map[string]any{"A1": "Rollout", "A3": "name", "B3": "speed", "A4": "a\tb", "B4": 10, "A5": "hid\nden", "B5": 12.5} {
		if err == nil {
			err = f.SetCellValue("Ports", cell, value)
		}
	}
	if err == nil {
		err = f.SetRowVisible("Ports", 5, false)
	}
	var b bytes.Buffer
	if err == nil {
		err = f.Write(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Each row of a workbook is on the line of its number.
func TestTextOfAWorkbook(t *testing.T) {
	text, notes, err := Text(book(t), "")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := Read(text)
	want := [][]Cell{
		{{"Rollout", 1, 1}},
		{{"name", 3, 1}, {"speed", 3, 6}},
		{{"a b", 4, 1}, {"10", 4, 5}},
		{{"hid den", 5, 1}, {"12.5", 5, 9}},
	}
	if diff := cmp.Diff(want, rows); err != nil || diff != "" {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"hidden rows are read too: 1", `the sheet "Ports" is read; the workbook has 1 more`}, notes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTextOfCSV(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"UTF-8":        {"\xef\xbb\xbfM\u00fcnster;1", "Münster;1"},
		"Windows-1252": {"M\xfcnster;\x80", "Münster;€"},
		"UTF-16 LE":    {"\xff\xfeM\x00\xfc\x00", "Mü"},
		"UTF-16 BE":    {"\xfe\xff\x00M\x00\xfc", "Mü"},
		"nothing":      {"", ""},
	} {
		if got, _, err := Text([]byte(c.content), ""); err != nil || got != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, c := range map[string]struct{ content, sheet, want string }{
		"a sheet of CSV":  {"a,b", "Ports", "only a workbook has sheets"},
		"an old workbook": {"\xd0\xcf\x11\xe0", "", "old Excel file"},
		"half a workbook": {"PK\x03\x04", "", "cannot be read"},
		"far too much":    {strings.Repeat("a", maxSize+1), "", "larger than 10 MiB"},
		"no such sheet":   {string(book(t)), "Nowhere", `no sheet "Nowhere"; it has Sheet1, Ports`},
	} {
		if _, _, err := Text([]byte(c.content), c.sheet); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever a file is, it gives text or an error.
func FuzzText(f *testing.F) {
	f.Add(book(f))
	for _, s := range []string{"", "a;b\nc;d", "PK\x03\x04", "\xff\xfea\x00", "\xd0\xcf\x11\xe0", "sep=;\n\x80"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		text, _, err := Text(content, "")
		if err == nil && !utf8.ValidString(text) {
			t.Errorf("%q is not UTF-8", text)
		}
		if err == nil {
			_, _ = Read(text)
		}
	})
}

// A small workbook whose cells share one long text says more than is read.
func TestTextOfAWorkbookThatUnpacksToMuch(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	long := strings.Repeat("x", 32_000)
	for n := range 400 {
		at, err := excelize.CoordinatesToCellName(1, n+1)
		if err == nil {
			err = f.SetCellValue("Sheet1", at, long)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > maxSize/10 {
		t.Fatalf("the workbook has %d bytes", b.Len())
	}
	if _, _, err := Text(b.Bytes(), ""); err == nil || !strings.Contains(err.Error(), "more than 10 MiB of text") {
		t.Errorf("%v", err)
	}
}
