package export

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

func somePorts() []Port {
	live := time.Date(2026, 11, 27, 23, 0, 0, 0, time.FixedZone("", -5*3600))
	port := func(name string, uid plan.ServiceUID, status plan.Status) Port {
		return Port{PortStatus: apply.PortStatus{Name: name, UID: uid, Status: status, Speed: 10000, Term: 12}, Slug: "lon-ld5"}
	}
	active := port("lon-1", "u1", plan.StatusLive)
	active.LiveAt, active.ContractEnd, active.Demarcation = live, "2027-11-27", "Panel 7, port 3"
	active.Handoff = &plan.Handoff{Cage: "C12", Cabinet: "A3", Panel: strings.Repeat("long ", 30)}
	active.Handover = &apply.HandoverState{Order: "XC-1"}
	member := port("lon-lag", "u2", plan.StatusConfigured)
	member.Member = 2
	nowhere := port("fra-1", "u3", plan.StatusCancelled)
	nowhere.Slug = ""
	elsewhere := port("syd-1", "u4", plan.StatusFailed)
	elsewhere.Slug = "gone"
	wanted := port("wanted", "", "")
	gone := port("gone", "u5", plan.StatusDecommissioned)
	gone.State = apply.PortGone
	return []Port{active, member, nowhere, elsewhere, wanted, gone}
}

func rowsOf(t *testing.T, b *bytes.Buffer) [][]string {
	t.Helper()
	rows, err := csv.NewReader(b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// The circuits hold to the rules of NetBox's import: known columns and statuses, unique
// cids of 100 characters at most, rates in Kbps.
func TestNetBoxCircuits(t *testing.T) {
	n := NetBox{Numbered: true, Planned: true, Circuits: map[string]string{"u1": "17"}}
	var b bytes.Buffer
	if err := n.WriteCircuits(&b, somePorts()); err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"id", "cid", "provider", "type", "status", "install_date", "termination_date", "commit_rate", "description"},
		{"17", "u1", "Megaport", "Port", "active", "2026-11-28", "2027-11-27", "10000000", "lon-1"},
		{"", "u2", "Megaport", "Port", "provisioning", "", "", "10000000", "lon-lag (2)"},
		{"", "u3", "Megaport", "Port", "deprovisioning", "", "", "10000000", "fra-1"},
		{"", "u4", "Megaport", "Port", "offline", "", "", "10000000", "syd-1"},
		{"", "wanted", "Megaport", "Port", "planned", "", "", "10000000", "wanted"},
	}
	if diff := cmp.Diff(want, rowsOf(t, &b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	n.Planned = false
	if err := n.WriteCircuits(&b, somePorts()); err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(t, &b); len(got) != len(want)-1 {
		t.Errorf("without --planned there are %d rows", len(got))
	}
}

// Terminations name their ends by number from 4.2 on, by name before, and say which
// sites NetBox does not have.
func TestNetBoxTerminations(t *testing.T) {
	for numbered, want := range map[bool][][]string{
		true: {
			{"circuit", "term_side", "termination_type", "termination_id", "port_speed", "xconnect_id", "pp_info", "description"},
			{"u1", "A", "dcim.site", "5", "10000000", "XC-1", "", "lon-1"},
			{"u1", "Z", "circuits.providernetwork", "9", "10000000", "XC-1", "Panel 7, port 3", "lon-1"},
			{"u2", "A", "dcim.site", "5", "10000000", "", "", "lon-lag (2)"},
		},
		false: {
			{"circuit", "term_side", "site", "provider_network", "port_speed", "xconnect_id", "pp_info", "description"},
			{"u1", "A", "London LD5", "", "10000000", "XC-1", "", "lon-1"},
			{"u1", "Z", "", "9", "10000000", "XC-1", "Panel 7, port 3", "lon-1"},
			{"u2", "A", "London LD5", "", "10000000", "", "", "lon-lag (2)"},
		},
	} {
		n := NetBox{Numbered: numbered, ProviderNetwork: "9", Sites: map[string]NetBoxSite{"lon-ld5": {"5", "London LD5"}}}
		var b bytes.Buffer
		unmatched, err := n.WriteTerminations(&b, somePorts())
		if err != nil {
			t.Fatal(err)
		}
		rows := rowsOf(t, &b)
		panel := rows[1][6]
		if len([]rune(panel)) != maxPanel || !strings.HasPrefix(panel, "cage C12, cabinet A3, panel long ") {
			t.Errorf("the panel is %q", panel)
		}
		rows[1][6] = ""
		if diff := cmp.Diff(want, rows[:4]); diff != "" {
			t.Errorf("numbered %v (-want +got):\n%s", numbered, diff)
		}
		if diff := cmp.Diff([]string{"fra-1: its site has no `netbox:` slug under sites", `syd-1: NetBox has no site with the slug "gone"`}, unmatched); diff != "" {
			t.Error(diff)
		}
	}
}

func TestReadNetBox(t *testing.T) {
	sites, err := ReadNetBoxSites(strings.NewReader("\ufeffName,Status,ID,Slug\nLondon LD5,active,5,lon-ld5\n\"Frankfurt, FR5\",active,6,fra-fr5\n"))
	if diff := cmp.Diff(map[string]NetBoxSite{"lon-ld5": {"5", "London LD5"}, "fra-fr5": {"6", "Frankfurt, FR5"}}, sites); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for text, want := range map[string]string{"": "it is empty", "cid\nx\n": `it has no column "id"`, "id,cid\n\"": "parse error"} {
		if _, err := ReadNetBoxCircuits(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzReadNetBox(f *testing.F) {
	f.Add("id,cid\n1,u1\n")
	f.Add("\ufeffid,name,slug,cid\n1,\"a\nb\",c,d,e\n")
	f.Fuzz(func(t *testing.T, text string) {
		circuits, err := ReadNetBoxCircuits(strings.NewReader(text))
		if err == nil && circuits == nil {
			t.Error("no error and no circuits")
		}
		if _, err := ReadNetBoxSites(strings.NewReader(text)); err != nil && err.Error() == "" {
			t.Error("an error that says nothing")
		}
	})
}

func TestTerraform(t *testing.T) {
	ports := somePorts()
	ports[1].Member = 1
	ports = append(ports, Port{PortStatus: apply.PortStatus{Name: "LON 1", UID: "u6"}}, Port{PortStatus: apply.PortStatus{Name: "100 % \"x\"", UID: "u7"}})
	var b bytes.Buffer
	if err := WriteTerraform(&b, ports); err != nil {
		t.Fatal(err)
	}
	var to []string
	for line := range strings.Lines(b.String()) {
		if name, ok := strings.CutPrefix(line, "  to = "); ok {
			to = append(to, strings.TrimSpace(name))
		}
	}
	if diff := cmp.Diff([]string{"megaport_port.lon_1", "megaport_lag_port.lon_lag", "megaport_port.syd_1", "megaport_port.lon_1_2", "megaport_port.port_100_x"}, to); diff != "" {
		t.Errorf("%s\n%s", diff, b.String())
	}
}
