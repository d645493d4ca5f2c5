package main_test

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
)

// cmdXLSX makes a workbook of a CSV file, numbers as numbers, with an empty first sheet
// as templates have it: xlsx FROM TO.
func cmdXLSX(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: xlsx FROM TO")
	}
	r := csv.NewReader(strings.NewReader(ts.ReadFile(args[0])))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	ts.Check(err)
	f := excelize.NewFile()
	defer f.Close()
	_, err = f.NewSheet("Ports")
	ts.Check(err)
	for i, row := range rows {
		for j, text := range row {
			at, err := excelize.CoordinatesToCellName(j+1, i+1)
			ts.Check(err)
			var value any = text
			if n, err := strconv.ParseFloat(text, 64); err == nil {
				value = n
			}
			ts.Check(f.SetCellValue("Ports", at, value))
		}
	}
	if len(rows) > 1 {
		ts.Check(f.MergeCell("Ports", "A1", fmt.Sprintf("%c1", 'A'+len(rows[1]))))
	}
	ts.Check(f.SaveAs(ts.MkAbs(args[1])))
}
