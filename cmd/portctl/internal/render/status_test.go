package render_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

func TestStatusText(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := apply.Status{
		TakenAt: now, Summary: apply.StatusSummary{Ports: 3, Ready: 1, NotReady: 1, NotOrdered: 1, LOAs: 1, LOAsOld: 1},
		Ports: []apply.PortStatus{
			{
				Name: "a", State: apply.PortReady, UID: "aaaaaaaa-1", Status: plan.StatusLive, Place: &plan.Place{Name: "Equinix LD5"}, CreatedAt: now.Add(-5 * time.Hour),
				ContractEnd: "2027-01-01", LOA: &apply.LOAState{File: "loas/a.pdf", FetchedAt: now.Add(-40 * 24 * time.Hour), Old: true},
			},
			{Name: "lag", Member: 2, State: apply.PortWaiting, UID: "bbbbbbbb-1", Status: plan.StatusDeployable, CreatedAt: now.Add(-40 * time.Second), LOA: &apply.LOAState{}},
			{Name: "new", State: apply.PortBlocked, Note: "no such site"},
		},
	}
	var b bytes.Buffer
	if err := render.StatusText(&b, s, render.Options{}); err != nil {
		t.Fatal(err)
	}
	want := `  NAME     STATE    SITE         UID       STATUS      AGE  LOA         CONTRACT END
  a        ready    Equinix LD5  aaaaaaaa  LIVE        5h   40d, renew  2027-01-01
  lag (2)  waiting  -            bbbbbbbb  DEPLOYABLE  40s  -           -
  new      blocked  -            -         -           -    -           -

  new: no such site

1 of 3 ports ready · 1 not ready · 1 not ordered · 1 LOA · 1 older than 30 days
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Reset()
	_ = render.StatusText(&b, s, render.Options{Width: 40})
	for _, line := range strings.Split(b.String(), "\n")[:4] {
		if text.StringWidth(line) > 40 {
			t.Errorf("wider than 40 columns: %q", line)
		}
	}
}
