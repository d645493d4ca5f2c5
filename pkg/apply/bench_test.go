package apply_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// still is an account that answers at once and does not change.
type still struct {
	refresh.Reader
	services []plan.Service
	tags     func(plan.ServiceUID) map[string]string
}

func (s *still) Locations(ctx context.Context) ([]plan.Location, error) {
	return (&fakeAccount{}).Locations(ctx)
}

func (s *still) Observe(context.Context) (plan.Observed, error) {
	return plan.Observed{Owner: plan.Owner{Companies: []string{"company"}}, Services: s.services}, nil
}

func (s *still) Approvals(context.Context) (refresh.Approvals, error) {
	return refresh.Approvals{}, nil
}

func (s *still) Service(context.Context, plan.ServiceUID) (plan.Service, bool, error) {
	return plan.Service{}, false, nil
}

func (s *still) Tags(_ context.Context, uid plan.ServiceUID) (map[string]string, error) {
	if s.tags == nil {
		return nil, nil
	}
	return s.tags(uid), nil
}

func (s *still) Quotes(_ context.Context, orders []plan.Order) ([]plan.Quote, error) {
	return slices.Repeat([]plan.Quote{{Priced: true, Currency: "GBP"}}, len(orders)), nil
}

func (s *still) Turn(context.Context) (apply.Turn, error) { return noTurn{}, nil }

func uidOf(i int) plan.ServiceUID {
	return plan.ServiceUID(fmt.Sprintf("%08x-0000-4000-8000-000000000000", i))
}

// port is the nth entry of an inventory, and service what stands for it.
func nth(i int) plan.Port {
	return plan.Port{
		Name: fmt.Sprintf("edge-%d", i), Site: plan.Site{ID: 89, Written: "89"}, Speed: plan.Speed10G, Term: 12,
		Source: plan.Source{File: "ports.yaml", Line: i + 1, Column: 5},
	}
}

func nthService(i int) plan.Service {
	return plan.Service{
		UID: uidOf(i), Name: nth(i).Name, Status: plan.StatusLive, Location: 89, Speed: plan.Speed10G, Term: 12,
		CreatedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// settledAccount is an inventory of n ports and the account that has them all.
func settledAccount(n int) (plan.Desired, *still) {
	desired, account := plan.Desired{Inventory: "inv"}, &still{}
	for i := range n {
		desired.Ports, account.services = append(desired.Ports, nth(i)), append(account.services, nthService(i))
	}
	return desired, account
}

func BenchmarkReadUnchanged(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			desired, account := settledAccount(n)
			o := refresh.Options{Ledger: memoryLedger()}
			b.ReportAllocs()
			for b.Loop() {
				if p, err := refresh.Read(b.Context(), account, desired, o); err != nil || p.Plan.Summary.Unchanged != n {
					b.Fatal(p.Plan.Summary, err)
				}
			}
		})
	}
}

func memoryLedger() *ledger.Ledger {
	return ledger.New(storetest.NewMemory(), "api", ledger.Run{ID: "run-1"})
}

func BenchmarkStatus(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			desired, account := settledAccount(n)
			o := apply.StatusOptions{Ledger: memoryLedger()}
			b.ReportAllocs()
			for b.Loop() {
				if s, err := apply.ReadStatus(b.Context(), account, desired, o); err != nil || s.Summary.Ready != n {
					b.Fatal(s.Summary, err)
				}
			}
		})
	}
}

// troubled is a ledger with n unconfirmed orders at a place where the account has
// others' services, and n entries to be bought there besides.
func troubled(tb testing.TB, n, others int) (plan.Desired, *still, *ledger.Ledger) {
	desired, account, book := plan.Desired{Inventory: "inv", Policy: plan.Policy{MaxBuy: 2 * n}}, &still{}, memoryLedger()
	for i := range others {
		s := nthService(i)
		s.Name = fmt.Sprintf("other-%d", i)
		account.services = append(account.services, s)
		desired.Unmanaged = append(desired.Unmanaged, s.Name)
	}
	for i := range n {
		desired.Ports = append(desired.Ports, nth(i))
	}
	p, err := refresh.Read(tb.Context(), account, desired, refresh.Options{Ledger: book})
	if err != nil {
		tb.Fatal(err)
	}
	for _, a := range p.Plan.Of(plan.Buy) {
		intent, err := p.Intent(a)
		var claim ledger.Open
		if err == nil {
			claim, err = book.Claim(tb.Context(), p.Claims, intent)
		}
		if err == nil {
			_, err = book.Record(tb.Context(), claim, ledger.Record{State: plan.OrderUnknown, Cause: "no answer"})
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	for i := n; i < 2*n; i++ {
		desired.Ports = append(desired.Ports, nth(i))
	}
	return desired, account, book
}

func BenchmarkUnconfirmedAndBuys(b *testing.B) {
	for _, n := range []int{100, 400, 1_600} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			desired, account, book := troubled(b, n, 10_000)
			b.ReportAllocs()
			for b.Loop() {
				p, err := refresh.Read(b.Context(), account, desired, refresh.Options{Ledger: book})
				if err != nil || p.Plan.Summary.Unknown != n || p.Plan.Summary.Buy != n {
					b.Fatal(p.Plan.Summary, err)
				}
			}
		})
	}
}

// What a claim weighs beside many services of one place.
func BenchmarkIntents(b *testing.B) {
	desired, account, _ := troubled(b, 0, 10_000)
	for i := range 100 {
		desired.Ports = append(desired.Ports, nth(i))
	}
	b.ReportAllocs()
	for b.Loop() {
		store := storetest.NewMemory()
		book := ledger.New(store, "api", ledger.Run{ID: "run-1"})
		p, err := refresh.Read(b.Context(), account, desired, refresh.Options{Ledger: book})
		if err != nil {
			b.Fatal(err)
		}
		for _, a := range p.Plan.Of(plan.Buy) {
			intent, err := p.Intent(a)
			if err == nil {
				_, err = book.Claim(b.Context(), p.Claims, intent)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(size(b, store))/100, "ledger-B/claim")
	}
}

func size(tb testing.TB, store ledger.Store) (total int) {
	keys, err := store.List(tb.Context(), "")
	if err != nil {
		tb.Fatal(err)
	}
	for _, k := range keys {
		content, err := store.Read(tb.Context(), k)
		if err != nil {
			tb.Fatal(err)
		}
		total += len(content)
	}
	return total
}

func BenchmarkStatusWithLOAs(b *testing.B) {
	const n = 2_000
	desired, account := settledAccount(n)
	folder, err := loa.Open(b.TempDir(), "sandbox")
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		if _, err := folder.Save(loa.Row{Name: nth(i).Name, UID: uidOf(i), Status: plan.StatusLive, FetchedAt: time.Now().UTC()}, []byte("%PDF-1.4 LOA %%EOF")); err != nil {
			b.Fatal(err)
		}
	}
	if err := folder.Sync(nil); err != nil {
		b.Fatal(err)
	}
	o := apply.StatusOptions{Ledger: memoryLedger(), LOAs: folder}
	b.ReportAllocs()
	for b.Loop() {
		if s, err := apply.ReadStatus(b.Context(), account, desired, o); err != nil || s.Summary.LOAs != n {
			b.Fatal(s.Summary, err)
		}
	}
}
