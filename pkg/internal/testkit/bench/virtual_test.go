package main

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/loa"
	"github.com/portctl/portctl/pkg/apply/provider"
	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/megaport"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// virtual is client, engine, ledger and sandbox in this process, for a bubble of
// testing/synctest: minutes of waiting take no time, and counts are those of the
// program.
type virtual struct {
	server  *sandbox.Server
	desired plan.Desired
	folder  *loa.Folder // nil fetches no LOAs
	store   *distantStore
	budget  megaport.Budget
}

// files are what a virtual needs of the disk; they are made outside of the bubble.
func files(t *testing.T, ports int, withLOAs bool) (plan.Desired, *loa.Folder) {
	t.Helper()
	places, err := sites()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "portctl.yaml")
	if err := os.WriteFile(file, []byte(inventoryOf(ports, places, true)), 0o600); err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	if !withLOAs {
		return inv.Desired(), nil
	}
	folder, err := loa.Open(filepath.Join(t.TempDir(), "loas"), "sandbox")
	if err != nil {
		t.Fatal(err)
	}
	return inv.Desired(), folder
}

// newVirtual is called in the bubble.
func newVirtual(t *testing.T, d plan.Desired, folder *loa.Folder, k sandbox.Knobs, away time.Duration) *virtual {
	t.Helper()
	k.Latency, k.ProvisionDelay = apiLatency, -1
	server, err := sandbox.New(sandbox.Config{Knobs: k})
	if err != nil {
		t.Fatal(err)
	}
	return &virtual{server, d, folder, &distantStore{Store: storetest.NewMemory(), away: away}, megaport.Budget{}}
}

// account is a client of its own, as every process has one. Options that pace its
// requests, such as a budget, belong here.
func (v *virtual) account(t *testing.T) *provider.Account {
	t.Helper()
	client, err := megaport.New(megaport.Options{
		BaseURL: "http://sandbox.invalid", TokenURL: "http://sandbox.invalid" + sandbox.TokenPath,
		Credentials: megaport.Credentials{AccessKey: "k", SecretKey: "s"}, Transport: v.server.Transport(), Budget: v.budget,
	})
	if err != nil {
		t.Fatal(err)
	}
	return provider.NewAccount(client)
}

func (v *virtual) ledger() *ledger.Ledger {
	return ledger.New(v.store, "api.test", ledger.Run{Ephemeral: true})
}

// apply does what `portctl apply` does from reading the account to the result.
func (v *virtual) apply(t *testing.T, parallelism int) apply.Result {
	t.Helper()
	account, book := v.account(t), v.ledger()
	draft, _, err := refresh.ReadAndRecord(t.Context(), account, v.desired, refresh.Options{Ledger: book, Parallelism: parallelism, PerOrder: true})
	if err != nil {
		t.Fatal(err)
	}
	return apply.Run(t.Context(), draft, apply.Options{Account: account, Ledger: book, LOAs: v.folder, Parallelism: parallelism, Wait: 12 * time.Hour, Budgeted: v.budget != megaport.Budget{}})
}

// plan does what `portctl plan` does.
func (v *virtual) plan(t *testing.T) plan.Plan {
	t.Helper()
	p, err := refresh.Read(t.Context(), v.account(t), v.desired, refresh.Options{Ledger: v.ledger()})
	if err != nil {
		t.Fatal(err)
	}
	return p.Plan
}

// traffic is what the sandbox has seen so far.
func (v *virtual) traffic() traffic {
	return trafficOf(v.server.Record())
}

// wantBoughtOnce holds the sandbox's record against the inventory.
func (v *virtual) wantBoughtOnce(t *testing.T) {
	t.Helper()
	want := map[string]int{}
	for _, p := range v.desired.Ports {
		want[p.Name] = 1
	}
	if got := v.server.Record().Purchases; !maps.Equal(got, want) {
		t.Errorf("not every port was bought once: %v", got)
	}
}

// distantStore is a store that is some time away, and counts how often it is asked.
type distantStore struct {
	ledger.Store
	away  time.Duration
	calls atomic.Int64
}

func (s *distantStore) travel() {
	s.calls.Add(1)
	time.Sleep(s.away) // in the bubble's time
}

func (s *distantStore) Create(ctx context.Context, key string, content []byte) error {
	s.travel()
	return s.Store.Create(ctx, key, content)
}

func (s *distantStore) Read(ctx context.Context, key string) ([]byte, error) {
	s.travel()
	return s.Store.Read(ctx, key)
}

func (s *distantStore) List(ctx context.Context, prefix string) ([]string, error) {
	s.travel()
	return s.Store.List(ctx, prefix)
}

func (s *distantStore) Lock(ctx context.Context, name string, h ledger.Holder) (ledger.Lock, error) {
	s.travel()
	return s.Store.Lock(ctx, name, h)
}
