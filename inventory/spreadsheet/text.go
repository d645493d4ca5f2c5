package spreadsheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// The most that is read of a file, and that a workbook may unpack to.
const (
	maxSize     = 10 << 20
	maxUnpacked = 32 << 20
	maxRows     = 100_000
	maxColumns  = 1_000
)

// Text gives what a spreadsheet holds as CSV in UTF-8, in which each row stands on the
// line of its number: CSV as Excel and others write it (UTF-8, UTF-16 or Windows-1252), or
// the named sheet of an XLSX workbook, the first one with cells for an empty name. The
// notes say what is not seen in the rows.
func Text(content []byte, sheet string) (text string, notes []string, err error) {
	switch {
	case len(content) > maxSize:
		return "", nil, fmt.Errorf("the file is larger than %d MiB, the most that is read", maxSize>>20)
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return workbook(content, sheet)
	case bytes.HasPrefix(content, []byte{0xD0, 0xCF, 0x11, 0xE0}):
		return "", nil, errors.New("this is an old Excel file (.xls); save it as .xlsx or CSV")
	case sheet != "":
		return "", nil, errors.New("only a workbook has sheets; this is CSV")
	}
	text, err = decode(content)
	return text, nil, err
}

// decode gives CSV in UTF-8.
func decode(content []byte) (string, error) {
	switch {
	case bytes.HasPrefix(content, []byte{0xFF, 0xFE}), bytes.HasPrefix(content, []byte{0xFE, 0xFF}):
		out, err := unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM).NewDecoder().Bytes(content)
		return string(out), err
	case utf8.Valid(content):
		return strings.TrimPrefix(string(content), "\ufeff"), nil
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(content)
	return string(out), err
}

// workbook gives a sheet as CSV with tabs.
func workbook(content []byte, sheet string) (text string, notes []string, err error) {
	defer func() { // a damaged workbook is a bad file, never a crash
		if p := recover(); p != nil {
			text, notes, err = "", nil, fmt.Errorf("the workbook cannot be read: %v", p)
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked})
	if err != nil {
		return "", nil, fmt.Errorf("the workbook cannot be read: %w", err)
	}
	defer f.Close()
	name, err := sheetName(f, sheet)
	if err != nil {
		return "", nil, err
	}
	text, hidden, err := rowsOf(f, name)
	if err != nil {
		return "", nil, fmt.Errorf("the sheet %q cannot be read: %w", name, err)
	}
	if hidden > 0 {
		notes = append(notes, fmt.Sprintf("hidden rows are read too: %d", hidden))
	}
	if others := len(f.GetSheetList()) - 1; others > 0 {
		notes = append(notes, fmt.Sprintf("the sheet %q is read; the workbook has %d more", name, others))
	}
	return text, notes, nil
}

// sheetName is the sheet of a name, or the first one with cells.
func sheetName(f *excelize.File, wanted string) (string, error) {
	for _, name := range f.GetSheetList() {
		if wanted != "" && strings.EqualFold(wanted, name) {
			return name, nil
		}
		if wanted != "" {
			continue
		}
		if rows, err := f.Rows(name); err == nil {
			some := rows.Next()
			if _ = rows.Close(); some {
				return name, nil
			}
		}
	}
	if wanted != "" {
		return "", fmt.Errorf("the workbook has no sheet %q; it has %s", wanted, strings.Join(f.GetSheetList(), ", "))
	}
	return "", errors.New("the workbook has no cells")
}

// rowsOf gives the rows of a sheet as CSV with tabs, and how many are hidden.
func rowsOf(f *excelize.File, name string) (text string, hidden int, err error) {
	rows, err := f.Rows(name)
	if err != nil {
		return "", 0, err
	}
	defer rows.Close()
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma = '\t'
	for n, size := 1, 0; rows.Next(); n++ {
		if n > maxRows {
			return "", 0, fmt.Errorf("it has more than %d rows, the most that are read", maxRows)
		}
		row, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return "", 0, err
		}
		if len(row) > maxColumns {
			return "", 0, fmt.Errorf("row %d has more than %d cells, the most that are read", n, maxColumns)
		}
		// Cells share their texts in the file, so a small workbook can say a lot.
		for _, text := range row {
			size += len(text)
		}
		if size > maxSize {
			return "", 0, fmt.Errorf("its cells hold more than %d MiB of text, the most that is read", maxSize>>20)
		}
		for j := range row {
			row[j] = strings.Join(strings.Fields(strings.ToValidUTF8(row[j], "\ufffd")), " ")
		}
		if rows.GetRowOpts().Hidden && len(row) > 0 {
			hidden++
		}
		if len(row) == 0 {
			row = []string{""}
		}
		if err := w.Write(row); err != nil {
			return "", 0, err
		}
	}
	if err := rows.Error(); err != nil {
		return "", 0, err
	}
	w.Flush()
	return b.String(), hidden, w.Error()
}
