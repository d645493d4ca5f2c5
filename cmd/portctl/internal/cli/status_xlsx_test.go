package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// The workbook has the table of the CSV: numbers are numbers, and a name that looks like
// a formula is text.
func TestStatusWorkbook(t *testing.T) {
	status := apply.Status{TakenAt: time.Date(2026, 12, 3, 0, 0, 0, 0, time.UTC), Ports: []apply.PortStatus{
		{Name: "=1+1", Member: 2, UID: "u1", State: apply.PortReady, Status: plan.StatusLive, Speed: 10000, Term: 12, Place: &plan.Place{ID: 90, Name: "Equinix LD5", Market: "GB"}, CostCentre: "042"},
	}}
	var b bytes.Buffer
	if err := writeStatusXLSX(&b, status); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("Ports")
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	got := map[string]string{}
	for i, title := range rows[0] {
		if i < len(rows[1]) {
			got[title] = rows[1][i]
		}
	}
	for title, want := range map[string]string{"name": "=1+1", "member": "2", "locationId": "90", "speedMbps": "10000", "market": "GB", "costCentre": "042"} {
		if got[title] != want {
			t.Errorf("%s is %q, want %q", title, got[title], want)
		}
	}
	formula, err := f.GetCellFormula("Ports", "A2")
	if err != nil || formula != "" {
		t.Errorf("the name is the formula %q, %v", formula, err)
	}
	types := map[string]excelize.CellType{}
	for _, cell := range []string{"B2", "I2"} {
		if types[cell], err = f.GetCellType("Ports", cell); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]excelize.CellType{"B2": excelize.CellTypeUnset, "I2": excelize.CellTypeUnset}, types); diff != "" { // unset is a number
		t.Error(diff)
	}
}
