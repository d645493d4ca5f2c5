package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/internal/testkit/storetest"
	"github.com/portctl/portctl/pkg/plan"
)

// closedClaims makes n closed claims, of half as many names.
func closedClaims(t *testing.T, l *ledger.Ledger, n int) {
	t.Helper()
	for i := range n {
		c := claimed(t, l, fmt.Sprint("port-", i/2))
		if _, err := l.Record(t.Context(), c, ledger.Record{State: plan.OrderResolved, UIDs: []plan.ServiceUID{plan.ServiceUID(fmt.Sprint("u", i))}, Lookup: true, Cause: "test"}); err != nil {
			t.Fatal(err)
		}
	}
}

func indexes(t testing.TB, store ledger.Store) []string {
	t.Helper()
	keys, err := store.List(t.Context(), "closed/")
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// With an index and without one a snapshot is the same, whatever came after it.
func TestIndexOfClosedClaims(t *testing.T) {
	store := storetest.NewMemory()
	l := open(store, "a")
	l.SetIndexAfter(4)
	closedClaims(t, l, 6)
	if err := l.IndexClosed(t.Context(), snapshot(t, l)); err != nil || len(indexes(t, store)) != 1 {
		t.Fatalf("indexes %v (%v)", indexes(t, store), err)
	}
	if err := l.IndexClosed(t.Context(), snapshot(t, l)); err != nil || len(indexes(t, store)) != 1 {
		t.Errorf("nothing new makes indexes %v (%v)", indexes(t, store), err)
	}
	claimed(t, l, "port-0") // the third of an indexed name
	claimed(t, l, "port-9")
	closedClaims(t, open(store, "b"), 0)
	with := snapshot(t, l)
	if len(with.Open) != 2 || with.Closed("port-0") != 2 || with.Closed("port-2") != 2 {
		t.Fatalf("%d open, %d closed", len(with.Open), with.Closed("port-0"))
	}
	if _, ok := with.Of("port-0"); !ok {
		t.Error("a claim after those that are indexed is missed")
	}
	known, broken, err := l.Delivered(t.Context(), with, "port-1")
	if err != nil || broken != nil || !slices.Equal(uidsOf(known), []plan.ServiceUID{"u3"}) {
		t.Errorf("delivered %v, %v (%v)", known, broken, err)
	}

	bare := storetest.NewMemory()
	copyRecords(t, store, bare, func(key string, content []byte) []byte {
		if strings.HasPrefix(key, "closed/") {
			return nil
		}
		return content
	})
	damaged := storetest.NewMemory()
	copyRecords(t, store, damaged, func(key string, content []byte) []byte {
		if strings.HasPrefix(key, "closed/") { // one that would hide an open claim
			return []byte(strings.Replace(string(content), plan.NameHash("port-2")+".000002", plan.NameHash("port-9")+".000001", 1))
		}
		return content
	})
	for name, store := range map[string]ledger.Store{"lost": bare, "damaged": damaged} {
		without := snapshot(t, open(store, "a"))
		if diff := cmp.Diff(with.Open, without.Open, cmp.AllowUnexported(ledger.Open{})); diff != "" || with.Closed("port-2") != without.Closed("port-2") {
			t.Errorf("with a %s index:\n%s", name, diff)
		}
	}
}

func copyRecords(t *testing.T, from, to ledger.Store, change func(key string, content []byte) []byte) {
	t.Helper()
	keys, err := from.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		content, err := from.Read(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if content = change(key, content); content == nil {
			continue
		}
		if err := to.Create(t.Context(), key, content); err != nil {
			t.Fatal(err)
		}
	}
}

// An ending that cannot be read is resolved although an index lists the claim as closed.
func TestIndexedClaimCanBeResolved(t *testing.T) {
	whole, store := storetest.NewMemory(), storetest.NewMemory()
	l := open(whole, "a")
	closedClaims(t, l, 1)
	copyRecords(t, whole, store, func(key string, content []byte) []byte {
		if strings.HasSuffix(key, "/closed.json") {
			return []byte("torn")
		}
		return content
	})
	l = open(store, "a")
	l.SetIndexAfter(1)
	if err := l.IndexClosed(t.Context(), snapshot(t, l)); err != nil {
		t.Fatal(err)
	}
	s := snapshot(t, l)
	_, broken, err := l.Delivered(t.Context(), s, "port-0")
	if err != nil || broken == nil {
		t.Fatalf("a torn ending passes (%v)", err)
	}
	o, found, err := l.ByKey(t.Context(), s, broken.Key)
	if err != nil || !found {
		t.Fatalf("it is not found by its key (%v)", err)
	}
	if _, err := l.Record(t.Context(), o, ledger.Record{State: plan.OrderResolved, UIDs: []plan.ServiceUID{"u"}, Lookup: true, Cause: "a person"}); err != nil {
		t.Fatal(err)
	}
	known, broken, err := l.Delivered(t.Context(), snapshot(t, l), "port-0")
	if err != nil || broken != nil || !slices.Equal(uidsOf(known), []plan.ServiceUID{"u"}) {
		t.Errorf("delivered %v, %v (%v)", known, broken, err)
	}
}

// An index stays where it is when its ledger moves, and what is closed is told by the
// records themselves.
func TestIndexDoesNotMove(t *testing.T) {
	from, to := storetest.NewMemory(), &elsewhere{storetest.NewMemory()}
	a, b := open(from, "a"), open(to, "a")
	a.SetIndexAfter(1)
	closedClaims(t, a, 2)
	if err := a.IndexClosed(t.Context(), snapshot(t, a)); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Move(t.Context(), a, b); err != nil {
		t.Fatal(err)
	}
	if got := indexes(t, to); len(got) > 0 || snapshot(t, b).Closed("port-0") != 2 {
		t.Errorf("the new ledger has indexes %v and %d closed claims", got, snapshot(t, b).Closed("port-0"))
	}
}

// elsewhere is a store with a place of its own.
type elsewhere struct{ *storetest.Memory }

func (elsewhere) Place() string { return "elsewhere" }

// Claims as an earlier portctl kept them are no absence.
func TestOlderClaimsAreNotMissed(t *testing.T) {
	store := storetest.NewMemory()
	if err := store.Create(t.Context(), "claims/api.test:443/"+plan.NameHash("x")+"/000001/claim.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if _, err := open(store, "a").Snapshot(t.Context()); err == nil || !strings.Contains(err.Error(), "before its first release") {
		t.Errorf("error %v", err)
	}
}

// A bucket with many closed claims is listed by their folders.
func TestBucketPassesOverClosedClaims(t *testing.T) {
	d, url := serveS3(t)
	b := openBucket(t, url)
	l := open(b, "a")
	const n = 2_000
	for i := range n {
		folder := fmt.Sprintf("team/portctl/claims/api.test:443/%s.000001/", plan.NameHash(fmt.Sprint("port-", i)))
		for _, record := range []string{"claim", "1", "closed"} {
			d.objects[folder+record+".json"] = s3Object{content: "{}"}
		}
	}
	first := snapshot(t, l)
	if err := l.IndexClosed(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	claimed(t, l, "port-0")
	before := d.count("GET /netops")
	s := snapshot(t, l)
	if len(s.Open) != 1 || s.Closed("port-1") != 1 || s.Closed("port-0") != 1 {
		t.Errorf("%d open", len(s.Open))
	}
	// One for the indexes, three pages of 2,001 folders, one for the open claim, and two
	// for what is remembered; all keys would be seven pages.
	if got := d.count("GET /netops") - before; got != 7 {
		t.Errorf("%d requests for a snapshot", got)
	}
}

// An index passes over 100,000 closed claims without opening them, so that their folders
// are all that there is of them here.
func BenchmarkSnapshotOfClosedClaims(b *testing.B) {
	const n = 100_000
	dir, all := b.TempDir(), storetest.NewMemory()
	for i := range n {
		folder := plan.NameHash(fmt.Sprint("port-", i)) + ".000001"
		err := os.MkdirAll(filepath.Join(dir, "claims", "api.test=443", folder), 0o700)
		for _, record := range []string{"/claim.json", "/closed.json"} {
			err = errors.Join(err, all.Create(b.Context(), "claims/api.test:443/"+folder+record, []byte("{}")))
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	local, err := ledger.OpenLocal(dir)
	if err != nil {
		b.Fatal(err)
	}
	if l := open(all, "a"); l.IndexClosed(b.Context(), snapshot(b, l)) != nil {
		b.Fatal("not indexed")
	}
	for _, key := range indexes(b, all) {
		content, err := all.Read(b.Context(), key)
		if err == nil {
			err = local.Create(b.Context(), key, content)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	l := open(local, "a")
	b.ReportAllocs()
	for b.Loop() {
		if s := snapshot(b, l); len(s.Open) > 0 || s.Closed("port-7") != 1 {
			b.Fatalf("%d open", len(s.Open))
		}
	}
}
