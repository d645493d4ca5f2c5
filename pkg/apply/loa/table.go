package loa

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/portctl/portctl/pkg/plan"
)

// tableColumn is one column of manifest.csv: its title, which is the member's
// name in manifest.json, and its two directions.
type tableColumn struct {
	title string
	get   func(Row) string
	set   func(*Row, string) error
}

// tableColumns are the columns of manifest.csv in their order. Later versions
// may add some at the end.
var tableColumns = func() []tableColumn {
	text := func(title string, at func(*Row) *string) tableColumn {
		return tableColumn{title, func(r Row) string { return *at(&r) }, func(r *Row, s string) error { *at(r) = s; return nil }}
	}
	number := func(title string, at func(*Row) *int) tableColumn {
		return tableColumn{title, func(r Row) string { return strconv.Itoa(*at(&r)) }, func(r *Row, s string) (err error) {
			*at(r), err = strconv.Atoi(s)
			return err
		}}
	}
	return []tableColumn{
		text("name", func(r *Row) *string { return &r.Name }),
		text("site", func(r *Row) *string { return &r.Site }),
		text("metro", func(r *Row) *string { return &r.Metro }),
		number("locationId", func(r *Row) *int { return (*int)(&r.LocationID) }),
		text("address", func(r *Row) *string { return &r.Address }),
		number("speedMbps", func(r *Row) *int { return (*int)(&r.Speed) }),
		text("diversityZone", func(r *Row) *string { return (*string)(&r.Zone) }),
		number("member", func(r *Row) *int { return &r.Member }),
		text("uid", func(r *Row) *string { return (*string)(&r.UID) }),
		text("demarcation", func(r *Row) *string { return &r.Demarcation }),
		text("status", func(r *Row) *string { return (*string)(&r.Status) }),
		{
			"terminated",
			func(r Row) string { return strconv.FormatBool(r.Terminated) },
			func(r *Row, s string) (err error) { r.Terminated, err = strconv.ParseBool(s); return err },
		},
		text("file", func(r *Row) *string { return &r.File }),
		number("size", func(r *Row) *int { return &r.Size }),
		text("sha256", func(r *Row) *string { return &r.SHA256 }),
		{
			"fetchedAt",
			func(r Row) string { return r.FetchedAt.UTC().Format(time.RFC3339Nano) },
			func(r *Row, s string) (err error) { r.FetchedAt, err = time.Parse(time.RFC3339Nano, s); return err },
		},
		text("environment", func(r *Row) *string { return &r.Environment }),
	}
}()

// encodeTable writes manifest.csv.
func (m Manifest) encodeTable() ([]byte, error) {
	record := make([]string, len(tableColumns))
	for i, c := range tableColumns {
		record[i] = c.title
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(record) // a buffer takes everything; Error tells otherwise
	for _, r := range m.LOAs {
		for i, c := range tableColumns {
			record[i] = Cell(c.get(r))
		}
		_ = w.Write(record)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// decodeTable reads what encodeTable wrote. All rows must be of one environment.
func decodeTable(b []byte, m *Manifest) error {
	records, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return err
	}
	if len(records) == 0 || !slices.EqualFunc(tableColumns, records[0], func(c tableColumn, title string) bool { return c.title == title }) {
		return errors.New("its first line does not name the columns")
	}
	for n, record := range records[1:] {
		var r Row
		for i, c := range tableColumns {
			if err := c.set(&r, value(record[i])); err != nil {
				return fmt.Errorf("row %d, %s: %w", n+2, c.title, err)
			}
		}
		m.LOAs = append(m.LOAs, r)
		if n == 0 {
			m.Environment = r.Environment
		} else if r.Environment != m.Environment {
			return fmt.Errorf("row %d is of environment %q, those before it of %q", n+2, r.Environment, m.Environment)
		}
	}
	return nil
}

// risky are the first characters at which a spreadsheet takes a cell for a
// formula, and the apostrophe that keeps it from doing so.
const risky = "=+-@'＝＋－＠"

// Cell makes a value safe for a spreadsheet: see the package comment.
func Cell(s string) string {
	s = plan.Visible(s)
	if first, _ := utf8.DecodeRuneInString(s); s != "" && strings.ContainsRune(risky, first) {
		return "'" + s
	}
	return s
}

// value is the reverse of Cell.
func value(s string) string { return strings.TrimPrefix(s, "'") }
