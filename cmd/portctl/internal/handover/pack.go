package handover

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/plan"
)

// Item is a port to be connected: its LOA and where the cable goes.
type Item struct {
	loa.Row
	Handoff plan.Handoff
	// PDF is the LOA.
	PDF []byte
}

// Pack is what one recipient gets.
type Pack struct {
	// Name is that of its folder, Title says for people what it is about.
	Name, Title string
	Items       []Item
	// Files are by name within the folder.
	Files []File
	// Problems are what its reader should know first: what is missing, old or too large.
	Problems []string
}

// File is a file of a pack.
type File struct {
	Name    string
	Content []byte
}

// By says who gets a pack of their own.
type By string

// The recipients.
const (
	BySite     By = "site"
	ByOperator By = "operator"
	ByMetro    By = "metro"
)

// maxLOA is the most that Equinix's portal takes of a third party's LOA, in bytes.
const maxLOA = 2 << 20

// Packs makes a pack for each recipient, by name.
func Packs(items []Item, by By, now time.Time, maxAge time.Duration) ([]Pack, error) {
	groups := map[string]*Pack{}
	var names []string
	for _, i := range items {
		name, title := by.recipient(i)
		if groups[name] == nil {
			groups[name] = &Pack{Name: name, Title: title}
			names = append(names, name)
		}
		groups[name].Items = append(groups[name].Items, i)
	}
	slices.Sort(names)
	var packs []Pack
	for _, name := range names {
		p := groups[name]
		slices.SortStableFunc(p.Items, func(a, b Item) int {
			return cmp.Or(plan.CompareNames(a.Name, b.Name), cmp.Compare(a.Member, b.Member))
		})
		p.Problems = problems(p.Items, now, maxAge)
		if err := p.fill(); err != nil {
			return nil, err
		}
		packs = append(packs, *p)
	}
	return packs, nil
}

// recipient names the pack that an item belongs to.
func (by By) recipient(i Item) (name, title string) {
	switch by {
	case ByOperator:
		return "operator-" + loa.Safe(strings.ToLower(cmp.Or(i.Handoff.Operator, "unknown"))), cmp.Or(i.Handoff.Operator, "an unknown operator")
	case ByMetro:
		return strings.ToLower(loa.ByMetro(i.Row)), cmp.Or(i.Metro, "an unknown metro")
	}
	return strings.ToLower(loa.BySite(i.Row)), i.Site
}

// problems lists what a data centre will ask for, or refuse.
func problems(items []Item, now time.Time, maxAge time.Duration) []string {
	var out []string
	for _, i := range items {
		var missing []string
		for _, x := range asked(i.Handoff) {
			if x.value == "" {
				missing = append(missing, x.what)
			}
		}
		if len(missing) > 0 {
			out = append(out, fmt.Sprintf("%s: not known: %s", plan.MemberName(i.Name, i.Member), strings.Join(missing, ", ")))
		}
		if len(i.PDF) > maxLOA {
			out = append(out, fmt.Sprintf("%s: the LOA has %.1f MB, and Equinix's portal takes 2", plan.MemberName(i.Name, i.Member), float64(len(i.PDF))/(1<<20)))
		}
		if age := now.Sub(i.FetchedAt); age > maxAge {
			out = append(out, fmt.Sprintf("%s: the LOA was issued %d days ago; portctl loa --refresh renews it", plan.MemberName(i.Name, i.Member), int(age.Hours()/24)))
		}
	}
	return out
}

type answer struct{ what, value string }

// asked is what every data centre asks for.
func asked(h plan.Handoff) []answer {
	return []answer{
		{"operator", h.Operator},
		{"account", h.Account},
		{"cage", h.Cage},
		{"cabinet", h.Cabinet},
		{"panel", h.Panel},
		{"ports", h.Ports},
		{"connector", h.Connector},
		{"media", h.Media},
		{"contact", h.Contact},
	}
}

// fill makes the files of a pack.
func (p *Pack) fill() error {
	for _, i := range p.Items {
		p.Files = append(p.Files, File{path.Base(i.File), i.PDF})
	}
	table, err := orderCSV(p.Items)
	if err != nil {
		return err
	}
	p.Files = append(p.Files, File{"order.csv", table})
	orders, err := equinixOrders(*p)
	if err != nil {
		return err
	}
	p.Files = append(p.Files, orders...)
	draft, err := mailOf(*p)
	if err != nil {
		return err
	}
	p.Files = append(p.Files, File{"mail.eml", draft}, File{"checklist.md", checklist(*p)})
	return nil
}

// orderCSV is the order as a table, safe to open in a spreadsheet.
func orderCSV(items []Item) ([]byte, error) {
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	head := []string{"name", "member", "serviceId", "uid", "site", "address", "speedMbps", "diversityZone", "demarcation", "loaFile", "loaIssued"}
	for _, x := range asked(plan.Handoff{}) {
		head = append(head, x.what)
	}
	_ = out.Write(head) // Error tells of all failures
	for _, i := range items {
		row := []string{
			i.Name, strconv.Itoa(i.Member), i.UID.Short(), string(i.UID), i.Site, i.Address, strconv.Itoa(int(i.Speed)), string(i.Zone), i.Demarcation,
			path.Base(i.File), i.FetchedAt.UTC().Format(time.DateOnly),
		}
		for _, x := range asked(i.Handoff) {
			row = append(row, x.value)
		}
		for n := range row {
			row[n] = loa.Cell(row[n])
		}
		_ = out.Write(row)
	}
	out.Flush()
	return b.Bytes(), out.Error()
}

// checklist is what is to be done with a pack, to be ticked off.
func checklist(p Pack) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Cross connects: %s\n\n", p.Title)
	if len(p.Problems) > 0 {
		b.WriteString("Before it is sent:\n\n")
		for _, x := range p.Problems {
			fmt.Fprintf(&b, "- [ ] %s\n", escape(x))
		}
		b.WriteString("\n")
	}
	b.WriteString("Order the cross connects by `order.csv` or `mail.eml`, with the LOA of each. Nothing was sent.\n\n")
	for _, i := range p.Items {
		fmt.Fprintf(&b, "- [ ] **%s** (service %s, %s): %s\n", escape(plan.MemberName(i.Name, i.Member)), i.UID.Short(), i.Speed, escape(path.Base(i.File)))
		for _, x := range asked(i.Handoff) {
			fmt.Fprintf(&b, "  - %s: %s\n", x.what, escape(cmp.Or(x.value, "not known")))
		}
		fmt.Fprintf(&b, "  - their side: %s\n", escape(cmp.Or(i.Demarcation, "as the LOA says")))
		b.WriteString("  - [ ] ordered, their number:\n  - [ ] light\n")
	}
	return []byte(b.String())
}

// escape keeps a text from being Markdown.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "<", "&lt;", "\n", " ").Replace(s)
}
