package export

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// Port is a port as it is exported: how far it is, and what its entry says of its place.
type Port struct {
	apply.PortStatus
	// Slug is the site's in NetBox; empty when it is not written.
	Slug string
	// Handoff is nil when the entry says nothing of it.
	Handoff *plan.Handoff
}

// NetBox is what NetBox has already, by its own exports, and how its import is to be
// written. Facts are from NetBox's source, 3.6 to 4.5.
type NetBox struct {
	// Numbered says that terminations name their ends by number, as from version 4.2 on;
	// before, by name.
	Numbered bool
	// Planned takes in ports that are not ordered yet, under their names.
	Planned bool
	// Sites are NetBox's sites by slug, Circuits the numbers of its circuits by cid.
	Sites    map[string]NetBoxSite
	Circuits map[string]string
	// ProviderNetwork is Megaport's network in NetBox, the other end of each circuit: a
	// number or a name as Numbered has it; empty leaves that end out.
	ProviderNetwork string
}

// NetBoxSite is a row of NetBox's export of sites.
type NetBoxSite struct{ ID, Name string }

// The limits of NetBox's fields, in characters.
const (
	maxCID         = 100
	maxDescription = 200
	maxPanel       = 100
	// maxCrossConnect is that of xconnect_id.
	maxCrossConnect = 50
)

// The names of provider and type in NetBox.
const (
	provider    = "Megaport"
	circuitType = "Port"
)

// WriteCircuits writes the circuits, one for each port: a LAG has one for each member. A
// row with the number of a circuit changes that circuit, one without makes a new one.
func (n NetBox) WriteCircuits(w io.Writer, ports []Port) error {
	rows := [][]string{{"id", "cid", "provider", "type", "status", "install_date", "termination_date", "commit_rate", "description"}}
	for _, p := range n.exported(ports) {
		cid := cidOf(p)
		rows = append(rows, []string{
			n.Circuits[cid], cid, provider, circuitType, statusOf(p), dateOf(p.LiveAt), p.ContractEnd,
			strconv.Itoa(int(p.Speed) * 1000), // Kbps
			cut(plan.MemberName(p.Name, p.Member), maxDescription),
		})
	}
	return writeCSV(w, rows)
}

// WriteTerminations writes the ends of the circuits: A in the site, Z in Megaport's
// network. It lists the entries whose site NetBox does not have by the slug that is
// written for it, and leaves their ends out.
func (n NetBox) WriteTerminations(w io.Writer, ports []Port) (unmatched []string, err error) {
	rows := [][]string{{"circuit", "term_side", "termination_type", "termination_id", "port_speed", "xconnect_id", "pp_info", "description"}}
	if !n.Numbered {
		rows = [][]string{{"circuit", "term_side", "site", "provider_network", "port_speed", "xconnect_id", "pp_info", "description"}}
	}
	for _, p := range n.exported(ports) {
		site, known := n.Sites[p.Slug]
		if !known {
			unmatched = append(unmatched, fmt.Sprintf("%s: %s", plan.MemberName(p.Name, p.Member), noSite(p)))
		} else {
			rows = append(rows, n.end(p, "A", "dcim.site", site, "", panelOf(p.Handoff)))
		}
		if n.ProviderNetwork != "" {
			rows = append(rows, n.end(p, "Z", "circuits.providernetwork", NetBoxSite{}, n.ProviderNetwork, p.Demarcation))
		}
	}
	return unmatched, writeCSV(w, rows)
}

func noSite(p Port) string {
	if p.Slug == "" {
		return "its site has no `netbox:` slug under sites"
	}
	return fmt.Sprintf("NetBox has no site with the slug %q", p.Slug)
}

// end is one end of a circuit.
func (n NetBox) end(p Port, side, kind string, site NetBoxSite, network, panel string) []string {
	first, second := site.Name, network
	if n.Numbered {
		first, second = kind, cmp.Or(network, site.ID)
	}
	return []string{cidOf(p), side, first, second, strconv.Itoa(int(p.Speed) * 1000), cut(crossConnectOf(p), maxCrossConnect), cut(panel, maxPanel), cut(plan.MemberName(p.Name, p.Member), maxDescription)}
}

// crossConnectOf is the data centre's number of the cross connect, as it was noted.
func crossConnectOf(p Port) string {
	if p.Handover == nil {
		return ""
	}
	return p.Handover.Order
}

// exported are the ports that are written.
func (n NetBox) exported(ports []Port) []Port {
	return slices.DeleteFunc(slices.Clone(ports), func(p Port) bool {
		return p.State == apply.PortGone || p.UID == "" && !n.Planned
	})
}

// cidOf identifies a circuit: by the UID, or the name of what is not ordered yet.
func cidOf(p Port) string {
	if p.UID != "" {
		return string(p.UID)
	}
	return cut(plan.MemberName(p.Name, p.Member), maxCID)
}

// statusOf is a provisioning status in NetBox's words.
func statusOf(p Port) string {
	switch {
	case p.UID == "":
		return "planned"
	case p.Status == plan.StatusLive:
		return "active"
	case p.Status == plan.StatusDecommissioned:
		return "decommissioned"
	case p.Status.Terminated():
		return "deprovisioning"
	case p.Status.Unhealthy():
		return "offline"
	}
	return "provisioning"
}

func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// panelOf is where the cable ends on the customer's side, in a line.
func panelOf(h *plan.Handoff) string {
	if h == nil {
		return ""
	}
	var parts []string
	for _, x := range []struct{ what, value string }{{"cage", h.Cage}, {"cabinet", h.Cabinet}, {"panel", h.Panel}, {"ports", h.Ports}} {
		if x.value != "" {
			parts = append(parts, x.what+" "+x.value)
		}
	}
	return strings.Join(parts, ", ")
}

// cut shortens a text to a number of characters.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// writeCSV writes rows exactly as they are: NetBox reads them, not a spreadsheet.
func writeCSV(w io.Writer, rows [][]string) error {
	out := csv.NewWriter(w)
	for _, row := range rows {
		_ = out.Write(row) // Error tells of all failures
	}
	out.Flush()
	return out.Error()
}

// ReadNetBoxSites reads NetBox's own export of sites: a CSV with the columns id, name and
// slug.
func ReadNetBoxSites(r io.Reader) (map[string]NetBoxSite, error) {
	sites := map[string]NetBoxSite{}
	err := readCSV(r, []string{"id", "name", "slug"}, func(cells []string) { sites[cells[2]] = NetBoxSite{cells[0], cells[1]} })
	return sites, err
}

// ReadNetBoxCircuits reads NetBox's own export of circuits: a CSV with the columns id and
// cid.
func ReadNetBoxCircuits(r io.Reader) (map[string]string, error) {
	circuits := map[string]string{}
	err := readCSV(r, []string{"id", "cid"}, func(cells []string) { circuits[cells[1]] = cells[0] })
	return circuits, err
}

// readCSV reads the named columns of a CSV file, whatever others it has.
func readCSV(r io.Reader, columns []string, add func(cells []string)) error {
	in := csv.NewReader(r)
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	}
	if err != nil {
		return err
	}
	at := make([]int, len(columns))
	for i, column := range columns {
		at[i] = slices.IndexFunc(head, func(h string) bool {
			return strings.EqualFold(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")), column)
		})
		if at[i] < 0 {
			return fmt.Errorf("it has no column %q", column)
		}
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		cells := make([]string, len(columns))
		for i, n := range at {
			if n < len(row) {
				cells[i] = strings.TrimSpace(row[n])
			}
		}
		add(cells)
	}
}
