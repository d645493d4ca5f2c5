package plan_test

import (
	"fmt"
	"testing"

	"github.com/portctl/portctl/pkg/plan"
)

// settled is an inventory of n ports that the account has as they are asked for.
func settled(n int) (plan.Desired, plan.Observed) {
	desired, observed := plan.Desired{Inventory: "inv"}, plan.Observed{}
	for i := range n {
		p := entry(fmt.Sprintf("edge-%d", i), func(p *plan.Port) { p.Source = plan.Source{File: "ports.yaml", Line: i + 1, Column: 5} })
		desired.Ports = append(desired.Ports, p)
		observed.Services = append(observed.Services, live(fmt.Sprintf("%08d-0000-4000-8000-000000000000", i), p.Name))
	}
	return desired, observed
}

func BenchmarkBuildUnchanged(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			desired, observed := settled(n)
			b.ReportAllocs()
			for b.Loop() {
				if p := plan.Build(desired, observed, place()); p.Summary.Unchanged != n {
					b.Fatalf("%+v", p.Summary)
				}
			}
		})
	}
}

// A plan of what is settled takes work in proportion to its entries.
func TestUnchangedScales(t *testing.T) {
	work := func(n int) float64 {
		desired, observed := settled(n)
		return testing.AllocsPerRun(1, func() { plan.Build(desired, observed, place()) })
	}
	if small, large := work(500), work(1000); large > 2.2*small {
		t.Errorf("twice as many entries take %.2f times the allocations", large/small)
	}
}
