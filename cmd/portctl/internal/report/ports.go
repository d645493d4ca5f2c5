package report

import (
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// port is a row of the table of ports.
type port struct {
	Name, Site, Market, Speed, Zone, Term string
	Plan                                  string
	State, Stage                          string
	Monthly                               string
	BilledFrom, ContractEnd, CostCentre   string
	UID                                   string
	// LOA is the address of the LOA beside the page; empty when there is none.
	LOA, LOAText string
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func portsOf(in Input) []port {
	planned := actionsOf(in.Document)
	ports := make([]port, 0, len(in.Status.Ports))
	for _, s := range in.Status.Ports {
		a := planned.of(s)
		p := port{
			Name: plan.MemberName(s.Name, s.Member), Speed: s.Speed.String(), Zone: string(s.Zone), Term: fmt.Sprintf("%d mo", s.Term),
			State: string(s.State), Stage: stages[s.Stage], Monthly: monthlyOf(s, a), BilledFrom: billedFrom(s, in.Status.TakenAt), ContractEnd: s.ContractEnd,
			CostCentre: s.CostCentre, UID: s.UID.Short(), Plan: string(a.Kind),
		}
		if o := a.Order; o != nil && s.UID == "" {
			p.CostCentre = o.CostCentre
		}
		if s.Place != nil {
			p.Site, p.Market = s.Place.Name, s.Place.Market
		}
		p.LOA, p.LOAText = letter(s)
		ports = append(ports, p)
	}
	return ports
}

// planned are the actions of a plan by what they are of: several entries can have one
// name, of which all but one are absent.
type planned struct {
	services map[plan.ServiceUID]plan.Action
	names    map[string]plan.Action
}

func actionsOf(d *plan.Document) planned {
	p := planned{map[plan.ServiceUID]plan.Action{}, map[string]plan.Action{}}
	if d == nil {
		return p
	}
	for _, a := range d.Actions {
		if a.Service != nil {
			for _, uid := range a.Service.Members {
				p.services[uid] = a
			}
		}
		if _, known := p.names[a.Name]; !known || !a.Wanted.Absent {
			p.names[a.Name] = a
		}
	}
	return p
}

// of is the action that a port belongs to.
func (p planned) of(s apply.PortStatus) plan.Action {
	if a, known := p.services[s.UID]; known {
		return a
	}
	return p.names[s.Name]
}

// stages are the words for how far a port is.
var stages = map[apply.Stage]string{
	apply.StageOrdered: "ordered", apply.StageProvisioned: "provisioned", apply.StageLOA: "LOA", apply.StageHandedOver: "handed over",
	apply.StageConnecting: "cross connect ordered", apply.StageLive: "LIVE",
}

// monthlyOf is what a port's order costs a month: as it was ordered, or as it is planned.
func monthlyOf(s apply.PortStatus, a plan.Action) string {
	price, ports := a.Price, max(1, a.ServicesOrdered())
	if s.UID != "" && s.Purchase != nil {
		price, ports = &s.Purchase.Price, s.Purchase.Ports
	}
	if price == nil || s.UID != "" && s.Purchase == nil {
		return ""
	}
	return render.MonthlyOf(price, ports)
}

// billedFrom is the first billed day, and whether that is money for nothing.
func billedFrom(s apply.PortStatus, now time.Time) string {
	switch {
	case s.Dark(now):
		return s.BilledFrom + ", not LIVE"
	case s.BilledFrom != "" && s.BilledLatest:
		return s.BilledFrom + " at the latest"
	}
	return s.BilledFrom
}

// letter is where the LOA of a port is, relative to the folder that the page is in.
func letter(s apply.PortStatus) (address, text string) {
	switch {
	case s.CrossConnect():
		return "", "not needed"
	case s.LOA == nil:
		return "", ""
	case s.LOA.Refused != "":
		return "", "refused"
	case s.LOA.File == "":
		return "", "missing"
	}
	path := filepath.ToSlash(s.LOA.File)
	if !strings.HasPrefix(path, "/") {
		path = "./" + path
	}
	return (&url.URL{Path: path}).String(), s.LOA.FetchedAt.UTC().Format(time.DateOnly)
}

// column is a column of the table, besides the name.
type column struct {
	Title, class string
	of           func(port) string
}

// row is a port with its cells.
type row struct {
	Port  port
	Cells []cell
}

// cell is a text, or a link for somebody to follow.
type cell struct{ Text, Class, Link, For string }

const loaTitle = "LOA"

func columns() []column {
	return []column{
		{"Plan", "", func(p port) string { return p.Plan }},
		{"State", "", func(p port) string { return p.State }},
		{"Stage", "", func(p port) string { return p.Stage }},
		{"Site", "wide", func(p port) string { return p.Site }},
		{"Market", "", func(p port) string { return p.Market }},
		{"Speed", "", func(p port) string { return p.Speed }},
		{"Zone", "", func(p port) string { return p.Zone }},
		{"Term", "", func(p port) string { return p.Term }},
		{"Monthly", "amount", func(p port) string { return p.Monthly }},
		{"Billed from", "", func(p port) string { return p.BilledFrom }},
		{"Contract end", "", func(p port) string { return p.ContractEnd }},
		{"Cost centre", "wide", func(p port) string { return p.CostCentre }},
		{loaTitle, "", func(p port) string { return p.LOAText }},
		{"UID", "", func(p port) string { return p.UID }},
	}
}

// tableOf leaves out the columns that are empty in every row.
func tableOf(ports []port) ([]column, []row) {
	all := slices.DeleteFunc(columns(), func(c column) bool {
		return !slices.ContainsFunc(ports, func(p port) bool { return c.of(p) != "" })
	})
	rows := make([]row, len(ports))
	for i, p := range ports {
		rows[i].Port = p
		for _, c := range all {
			x := cell{Text: c.of(p), Class: c.class}
			if c.Title == loaTitle && p.LOA != "" {
				x.Link, x.For = p.LOA, "LOA of "+p.Name
			}
			rows[i].Cells = append(rows[i].Cells, x)
		}
	}
	return all, rows
}

// filtersOf are the choices of the table, where there is something to choose.
func filtersOf(ports []port) []filter {
	all := []struct {
		key, label string
		of         func(port) string
	}{
		{"plan", "Plan", func(p port) string { return p.Plan }},
		{"state", "State", func(p port) string { return p.State }},
		{"market", "Market", func(p port) string { return p.Market }},
		{"site", "Site", func(p port) string { return p.Site }},
	}
	var out []filter
	for _, f := range all {
		values := map[string]bool{}
		for _, p := range ports {
			if v := f.of(p); v != "" {
				values[v] = true
			}
		}
		if len(values) > 1 {
			out = append(out, filter{f.key, f.label, sortedKeys(values)})
		}
	}
	return out
}
