package apply

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// The stages from order to light, each by what makes it more than the one before.
func TestStages(t *testing.T) {
	at := time.Date(2026, 12, 3, 0, 0, 0, 0, time.UTC)
	file := &LOAState{File: "a.pdf"}
	for name, c := range map[string]struct {
		port PortStatus
		want Stage
	}{
		"not ordered":              {PortStatus{}, ""},
		"ordered":                  {PortStatus{UID: "u", Status: plan.StatusDeployable}, StageOrdered},
		"provisioned":              {PortStatus{UID: "u", Status: plan.StatusConfigured, LOA: &LOAState{}}, StageProvisioned},
		"with its LOA":             {PortStatus{UID: "u", Status: plan.StatusConfigured, LOA: file}, StageLOA},
		"handed over":              {PortStatus{UID: "u", Status: plan.StatusConfigured, LOA: file, Handover: &HandoverState{SentAt: at}}, StageHandedOver},
		"handed over, another LOA": {PortStatus{UID: "u", Status: plan.StatusConfigured, LOA: file, Handover: &HandoverState{SentAt: at, SendAgain: true}}, StageLOA},
		"ordered there":            {PortStatus{UID: "u", Status: plan.StatusConfigured, LOA: file, Handover: &HandoverState{SentAt: at, SendAgain: true, Order: "x"}}, StageConnecting},
		"light":                    {PortStatus{UID: "u", Status: plan.StatusLive}, StageLive},
		"gone":                     {PortStatus{UID: "u", Status: plan.StatusDecommissioned, LOA: file}, ""},
	} {
		if got := c.port.stage(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Of each kind of note the last one counts.
func TestHandoverOf(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 12, day, 0, 0, 0, 0, time.UTC) }
	notes := []ledger.Handover{{LOA: "a", Time: at(1)}, {Order: "x", Time: at(2)}, {LOA: "b", Time: at(3)}, {Order: "y", Time: at(4)}}
	for loa, again := range map[string]bool{"b": false, "a": true, "": false} {
		want := &HandoverState{SentAt: at(3), SendAgain: again, Order: "y", OrderedAt: at(4)}
		if diff := cmp.Diff(want, handoverOf(notes, loa)); diff != "" {
			t.Errorf("LOA %q (-want +got):\n%s", loa, diff)
		}
	}
}
