package render_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

func BenchmarkStatusText(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
			s := apply.Status{TakenAt: now}
			for i := range n {
				s.Ports = append(s.Ports, apply.PortStatus{
					Name: fmt.Sprintf("edge-%d", i), State: apply.PortReady, UID: plan.ServiceUID(fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)), Status: plan.StatusLive,
					Place: &plan.Place{ID: 89, Name: "Digital Realty LHR20"}, Speed: plan.Speed10G, Term: 12, CreatedAt: now.AddDate(0, -3, 0), ContractEnd: "2027-08-01",
				})
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := render.StatusText(io.Discard, s, render.Options{Width: 120}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
