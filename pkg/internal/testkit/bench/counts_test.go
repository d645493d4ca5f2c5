package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

var update = flag.Bool("update", false, "rewrite testdata/requests.txt")

// Requests are what a rollout costs: the API lets 500 in within 5 minutes. This test
// holds the number of each route against testdata/requests.txt, so that one more
// request for each port is seen at once. A change that means to make more or fewer
// rewrites the file, and its diff is read:
//
//	go test ./pkg/internal/testkit/bench -run '^TestRequests$' -update
func TestRequests(t *testing.T) {
	var b strings.Builder
	for _, n := range []int{20, 100} {
		for _, withLOAs := range []bool{false, true} {
			countRequests(t, &b, n, withLOAs)
		}
	}
	file := filepath.Join("testdata", "requests.txt")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the number of requests has changed; -update says it may (-want +got):\n%s", diff)
	}
}

// countRequests buys n ports and then plans them, unchanged.
func countRequests(t *testing.T, b *strings.Builder, n int, withLOAs bool) {
	desired, folder := files(t, n, withLOAs)
	synctest.Test(t, func(t *testing.T) {
		v := newVirtual(t, desired, folder, sandbox.Knobs{}, 0)
		defer v.server.Close()
		if r := v.apply(t, ownParallelism); r.ExitCode != 0 {
			t.Errorf("exit %d, summary %+v", r.ExitCode, r.Summary)
		}
		v.wantBoughtOnce(t)
		bought := v.traffic()
		writeRoutes(b, fmt.Sprintf("buy %d, LOAs %t", n, withLOAs), bought)
		if p := v.plan(t); p.Summary.Unchanged != n {
			t.Errorf("not unchanged after the purchase: %+v", p.Summary)
		}
		if !withLOAs {
			writeRoutes(b, fmt.Sprintf("plan %d unchanged", n), v.traffic().since(bought))
		}
	})
}

func writeRoutes(b *strings.Builder, name string, t traffic) {
	fmt.Fprintf(b, "%s: %d requests\n", name, t.requests())
	routes := t.sortedRoutes()
	slices.Sort(routes)
	for _, route := range routes {
		fmt.Fprintf(b, "\t%d\t%s\n", t.routes[route], route)
	}
}
