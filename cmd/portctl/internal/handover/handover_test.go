package handover

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/plan"
)

var now = time.Date(2026, 12, 3, 0, 0, 0, 0, time.UTC)

func item(name, site string, h plan.Handoff) Item {
	return Item{
		Row: loa.Row{
			Name: name, Site: site, Metro: "London", LocationID: 90, UID: plan.ServiceUID(name + "-0000"), Speed: 10000,
			File: "lon/" + name + ".pdf", FetchedAt: now.AddDate(0, 0, -1),
		},
		Handoff: h, PDF: []byte("%PDF " + name + strings.Repeat("\x00\xff", 200)),
	}
}

func fileOf(t testing.TB, p Pack, name string) []byte {
	t.Helper()
	i := slices.IndexFunc(p.Files, func(f File) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("%s has no %s", p.Name, name)
	}
	return p.Files[i].Content
}

// The mail is one that any program reads, with every LOA whole, whatever names hold.
func TestMail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.SampledFrom([]string{"Equinix", "Zürich\r\nBcc: x@example.net", "--portctl", ""}), rapid.StringN(0, 40, -1))
		i := item("lon-1", text.Draw(t, "site"), plan.Handoff{Operator: text.Draw(t, "operator"), Cage: text.Draw(t, "cage")})
		i.PDF = rapid.SliceOfN(rapid.Byte(), 0, 500).Draw(t, "pdf")
		packs, err := Packs([]Item{i}, ByOperator, now, time.Hour)
		if err != nil || len(packs) != 1 {
			t.Fatalf("%d packs, %v", len(packs), err)
		}
		again, err := Packs([]Item{i}, ByOperator, now, time.Hour)
		if diff := cmp.Diff(packs[0].Files, again[0].Files); err != nil || diff != "" {
			t.Fatalf("two packs differ: %v\n%s", err, diff)
		}
		n := slices.IndexFunc(packs[0].Files, func(f File) bool { return f.Name == "mail.eml" })
		m, err := mail.ReadMessage(bytes.NewReader(packs[0].Files[n].Content))
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Header) != 4 || m.Header.Get("Bcc") != "" {
			t.Fatalf("headers %v", m.Header)
		}
		_, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		parts := multipart.NewReader(m.Body, parameters["boundary"])
		if _, err := parts.NextPart(); err != nil {
			t.Fatal(err)
		}
		attached, err := parts.NextPart()
		if err != nil || attached.FileName() != "lon-1.pdf" {
			t.Fatalf("%q, %v", attached.FileName(), err)
		}
		pdf, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, attached))
		if err != nil || !bytes.Equal(pdf, i.PDF) {
			t.Fatalf("%d bytes of %d, %v", len(pdf), len(i.PDF), err)
		}
		if _, err := parts.NextPart(); err != io.EOF {
			t.Fatalf("after the LOA: %v", err)
		}
	})
}

// Equinix takes ten cross connects in an order, all of one site and cage, and a reference
// of 40 characters.
func TestEquinixOrders(t *testing.T) {
	var items []Item
	for n := range 23 {
		items = append(items, item(fmt.Sprintf("lon-%02d", n), "Equinix LD5", plan.Handoff{Operator: "Equinix (UK)", Cage: "C1", Ports: "1, 2", Contact: "NOC, noc@example.net"}))
	}
	items = append(items, item("lon-50", "Equinix LD5", plan.Handoff{Operator: "Equinix (UK)", Cage: "C2"}), item("lon-60", "Telehouse North", plan.Handoff{Operator: "Telehouse"}))
	packs, err := Packs(items, ByMetro, now, time.Hour)
	if err != nil || len(packs) != 1 {
		t.Fatalf("%d packs, %v", len(packs), err)
	}
	var counts []int
	for _, f := range packs[0].Files {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		var o equinixOrder
		if err := json.Unmarshal(f.Content, &o); err != nil {
			t.Fatal(err)
		}
		counts = append(counts, len(o.Details))
		cage := o.Details[0].ASide.Cage
		for _, d := range o.Details {
			if d.ASide.Cage != cage || d.ZSide.IBX != "LD5" || d.ZSide.LOAAttachmentID != "" {
				t.Errorf("%s: %+v", f.Name, d)
			}
		}
		if len(o.CustomerReferenceID) > maxReference || o.Note == "" {
			t.Errorf("%+v", o)
		}
	}
	if diff := cmp.Diff([]int{10, 10, 3, 1}, counts); diff != "" {
		t.Error(diff)
	}
	var first equinixOrder
	if err := json.Unmarshal(fileOf(t, packs[0], "order-1.json"), &first); err != nil {
		t.Fatal(err)
	}
	if d := first.Details[0]; d.ASide.PatchPanel.PortA != "1" || d.ASide.PatchPanel.PortB != "2" || d.ZSide.NotificationEmail != "noc@example.net" {
		t.Errorf("%+v", d)
	}
}

// The table has a row for each port, and no formula; the checklist names what is missing,
// old or too large.
func TestTableAndProblems(t *testing.T) {
	whole := plan.Handoff{Operator: "=cmd()", Account: "a", Cage: "b", Cabinet: "c", Panel: "d", Ports: "e", Connector: "f", Media: "g", Contact: "h"}
	good, bad := item("a", "LD5", whole), item("b", "LD5", plan.Handoff{Cage: "C1"})
	bad.FetchedAt, bad.PDF, bad.Member = now.AddDate(0, 0, -31), make([]byte, maxLOA+1), 2
	packs, err := Packs([]Item{bad, good}, BySite, now, loa.RenewAfter)
	if err != nil || len(packs) != 1 {
		t.Fatalf("%d packs, %v", len(packs), err)
	}
	rows, err := csv.NewReader(bytes.NewReader(fileOf(t, packs[0], "order.csv"))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][0] != "a" || strings.HasPrefix(rows[1][11], "=") {
		t.Errorf("%v: %q", err, rows)
	}
	want := []string{
		"b (2): not known: operator, account, cabinet, panel, ports, connector, media, contact",
		"b (2): the LOA has 2.0 MB, and Equinix's portal takes 2",
		"b (2): the LOA was issued 31 days ago; portctl loa --refresh renews it",
	}
	if diff := cmp.Diff(want, packs[0].Problems); diff != "" {
		t.Error(diff)
	}
	for _, p := range want {
		if !strings.Contains(string(fileOf(t, packs[0], "checklist.md")), "- [ ] "+p+"\n") {
			t.Errorf("the checklist lacks %q", p)
		}
	}
}

func TestRecipients(t *testing.T) {
	items := []Item{item("a", "Equinix LD5", plan.Handoff{Operator: "Equinix"}), item("b", "Equinix LD8", plan.Handoff{Operator: "equinix"}), item("c", "Telehouse", plan.Handoff{})}
	for by, want := range map[By][]string{
		ByOperator: {"operator-equinix", "operator-unknown"},
		BySite:     {"site-equinix_ld5-90", "site-equinix_ld8-90", "site-telehouse-90"},
		ByMetro:    {"metro-london"},
	} {
		packs, err := Packs(items, by, now, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range packs {
			names = append(names, p.Name)
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("%s: %s", by, diff)
		}
	}
}
