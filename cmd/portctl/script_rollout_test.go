package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	ics "github.com/arran4/golang-ical"
	"github.com/go-json-experiment/json"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
)

// cmdMail opens a draft of a mail as a mail program does: "mail FILE N" wants N PDFs in
// it, each as the file beside the mail has it.
func cmdMail(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: mail FILE COUNT")
	}
	m, err := mail.ReadMessage(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	ts.Check(err)
	if kind != "multipart/mixed" || m.Header.Get("X-Unsent") != "1" || m.Header.Get("Subject") == "" {
		ts.Fatalf("%s is no draft with attachments: %v", args[0], m.Header)
	}
	attached := 0
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		ts.Check(err)
		if part.FileName() == "" || !strings.HasSuffix(part.FileName(), ".pdf") {
			continue
		}
		content, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
		ts.Check(err)
		kept, err := os.ReadFile(ts.MkAbs(filepath.Join(filepath.Dir(args[0]), part.FileName())))
		ts.Check(err)
		if !bytes.HasPrefix(content, []byte("%PDF-")) || !bytes.Equal(content, kept) {
			ts.Fatalf("%s: the attachment %s is not the LOA", args[0], part.FileName())
		}
		attached++
	}
	if want, err := strconv.Atoi(args[1]); err != nil || attached != want {
		ts.Fatalf("%s has %d LOAs attached, want %s", args[0], attached, args[1])
	}
}

// cmdEquinix checks an order against what Equinix publishes of it: "equinix FILE N" wants
// N cross connects, at most ten, of one IBX and cage.
func cmdEquinix(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: equinix FILE COUNT")
	}
	type aSide struct {
		Cage              string  `json:"cage"`
		Cabinet           string  `json:"cabinet"`
		ConnectionService *string `json:"connectionService"`
		MediaType         string  `json:"mediaType"`
		ProtocolType      *string `json:"protocolType"`
		ConnectorType     string  `json:"connectorType"`
	}
	var order struct {
		Reference   string `json:"customerReferenceId"`
		Description string `json:"description"`
		Details     []struct {
			ASide aSide `json:"aSide"`
			ZSide struct {
				ProviderName string  `json:"providerName"`
				IBX          string  `json:"ibx"`
				Attachment   *string `json:"loaAttachmentId"`
				File         string  `json:"_loaFile"`
			} `json:"zSide"`
		} `json:"details"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &order))
	if n := len(order.Reference); n < 1 || n > 40 || order.Description == "" {
		ts.Fatalf("the reference %q has %d characters", order.Reference, n)
	}
	if n := len(order.Details); fmt.Sprint(n) != args[1] || n > 10 {
		ts.Fatalf("%d cross connects, want %s", n, args[1])
	}
	for _, d := range order.Details {
		first := order.Details[0]
		switch {
		case d.ZSide.ProviderName != "Megaport", d.ZSide.IBX == "", d.ZSide.IBX != first.ZSide.IBX, d.ASide.Cage != first.ASide.Cage:
			ts.Fatalf("not of one provider, IBX and cage: %+v", d)
		case d.ZSide.Attachment == nil || *d.ZSide.Attachment != "":
			ts.Fatalf("the attachment's id is not left open: %+v", d)
		case d.ASide.ConnectionService == nil || d.ASide.ProtocolType == nil || d.ASide.MediaType == "" || d.ASide.ConnectorType == "":
			ts.Fatalf("a field is missing: %+v", d)
		}
		_, err := os.Stat(ts.MkAbs(filepath.Join(filepath.Dir(args[0]), d.ZSide.File)))
		ts.Check(err)
	}
}

// cmdICS reads a calendar with a library: "ics FILE N" wants N days, each of its own, and
// reminders at each end of a contract.
func cmdICS(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: ics FILE COUNT")
	}
	cal, err := ics.ParseCalendar(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	seen := map[string]bool{}
	for _, e := range cal.Events() {
		start, err := e.GetAllDayStartAt()
		ts.Check(err)
		end, err := e.GetAllDayEndAt()
		ts.Check(err)
		if end.Sub(start).Hours() != 24 || seen[e.Id()] {
			ts.Fatalf("event %s is from %s to %s", e.Id(), start, end)
		}
		seen[e.Id()] = true
		if ends := strings.HasSuffix(e.Id(), "-contract-ends@portctl"); ends != (len(e.Alarms()) == 2) {
			ts.Fatalf("event %s has %d reminders", e.Id(), len(e.Alarms()))
		}
	}
	if fmt.Sprint(len(seen)) != args[1] {
		ts.Fatalf("%d days, want %s", len(seen), args[1])
	}
}

// cmdNetBox checks import files against NetBox's own rules for their columns, as its
// forms of 4.2 and later have them: "netbox CIRCUITS TERMINATIONS SITES N".
func cmdNetBox(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: netbox CIRCUITS TERMINATIONS SITES COUNT")
	}
	circuits, terminations, sites := rowsOf(ts, args[0]), rowsOf(ts, args[1]), rowsOf(ts, args[2])
	if fmt.Sprint(len(circuits)) != args[3] || len(terminations) != len(circuits) {
		ts.Fatalf("%d circuits and %d terminations, want %s", len(circuits), len(terminations), args[3])
	}
	uid := regexp.MustCompile(`^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)
	states := []string{"planned", "provisioning", "active", "offline", "deprovisioning", "decommissioned"}
	day := regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})?$`)
	cids := map[string]bool{}
	for _, c := range circuits {
		rate, err := strconv.Atoi(c["commit_rate"])
		switch {
		case !uid.MatchString(c["cid"]) || cids[c["cid"]]:
			ts.Fatalf("cid %q is no UID of its own", c["cid"])
		case c["provider"] == "" || c["type"] == "" || !slices.Contains(states, c["status"]):
			ts.Fatalf("provider, type or status: %v", c)
		case err != nil || rate <= 0 || !day.MatchString(c["install_date"]) || !day.MatchString(c["termination_date"]) || len(c["description"]) > 200:
			ts.Fatalf("rate, dates or description: %v", c)
		}
		cids[c["cid"]] = true
	}
	ids := map[string]bool{}
	for _, s := range sites {
		ids[s["id"]] = true
	}
	for _, x := range terminations {
		speed, err := strconv.Atoi(x["port_speed"])
		switch {
		case !cids[x["circuit"]] || x["term_side"] != "A" && x["term_side"] != "Z":
			ts.Fatalf("circuit or side: %v", x)
		case x["termination_type"] != "dcim.site" || !ids[x["termination_id"]]:
			ts.Fatalf("the site is none of NetBox's: %v", x)
		case err != nil || speed <= 0 || len(x["xconnect_id"]) > 50 || len(x["pp_info"]) > 100:
			ts.Fatalf("speed, cross connect or panel: %v", x)
		}
		delete(cids, x["circuit"])
	}
	if len(cids) > 0 {
		ts.Fatalf("circuits without a termination: %v", cids)
	}
}

// cmdWorkbook opens a workbook with a library: "workbook FILE N" wants N rows, titles
// included.
func cmdWorkbook(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: workbook FILE ROWS")
	}
	f, err := excelize.OpenReader(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	defer f.Close()
	rows, err := f.GetRows("Ports")
	ts.Check(err)
	if fmt.Sprint(len(rows)) != args[1] {
		ts.Fatalf("%d rows, want %s", len(rows), args[1])
	}
}

// rowsOf are the rows of a CSV file by their titles.
func rowsOf(ts *testscript.TestScript, file string) []map[string]string {
	table, err := csv.NewReader(strings.NewReader(ts.ReadFile(file))).ReadAll()
	ts.Check(err)
	var rows []map[string]string
	for _, cells := range table[1:] {
		row := map[string]string{}
		for i, title := range table[0] {
			row[title] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}
