package plan_test

import (
	"fmt"
	"testing"

	"github.com/portctl/portctl/pkg/plan"
)

// crowd is n open orders and n purchases, all at one location and speed, beside n
// services that no entry takes; half the orders are of no entry's name.
func crowd(n int) (plan.Desired, plan.Observed) {
	d := plan.Desired{Inventory: "inv"}
	o := plan.Observed{Tags: map[plan.ServiceUID]map[string]string{}, Known: map[string][]plan.ServiceUID{}}
	for i := range 2 * n {
		name := fmt.Sprintf("p-%d", i)
		d.Ports = append(d.Ports, entry(name))
		if i >= n {
			continue
		}
		uid := plan.ServiceUID(fmt.Sprintf("u-%d", i))
		o.Services = append(o.Services, live(string(uid), fmt.Sprintf("stranger-%d", i)))
		o.Tags[uid] = map[string]string{}
		o.Known[fmt.Sprintf("stranger-%d", i)] = []plan.ServiceUID{uid}
		speed := plan.Speed10G
		if i%2 == 0 {
			speed = plan.Speed100G // asks for something else than its entry: it holds others back
		}
		o.Claims = append(o.Claims, plan.Claim{
			ID: name, Name: name, State: plan.OrderUnknown, UIDs: []plan.ServiceUID{uid},
			Order: plan.Order{Name: name, Location: 89, Speed: speed, LAGPorts: 1},
		})
	}
	return d, o
}

// A plan takes work in proportion to its entries, however many orders are open at
// one place. What is counted is allocations, which no other process disturbs.
func TestOpenOrdersScale(t *testing.T) {
	work := func(n int) float64 {
		d, o := crowd(n)
		return testing.AllocsPerRun(1, func() { plan.Build(d, o, place()) })
	}
	small, large := work(100), work(800)
	if ratio := large / small; ratio > 12 {
		t.Errorf("8 times as many open orders take %.1f times the work", ratio)
	}
}

func BenchmarkOpenOrders(b *testing.B) {
	for _, n := range []int{100, 400, 1_600} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, o := crowd(n)
			for b.Loop() {
				plan.Build(d, o, place())
			}
		})
	}
}
