package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
)

// Whatever the sandbox serves: an import exits 0, a plan of what it wrote has nothing to
// do, and adding to it once more adds nothing.
func TestImportThenPlan(t *testing.T) {
	r := newRehearsal(t, sandbox.Knobs{})
	root := t.TempDir()
	run := func(rt *rapid.T, args ...string) {
		r.out.Reset()
		r.stderr.Reset()
		args = append(args, "--env", "sandbox", "--base-url", r.url)
		if code := Main(args, Env{Out: &r.out, Err: &r.stderr, Getenv: func(string) string { return "" }}); code != 0 {
			rt.Fatalf("portctl %q exits %d\n%s%s", args, code, &r.out, &r.stderr)
		}
	}
	accounts := 0
	rapid.Check(t, func(rt *rapid.T) {
		if accounts++; accounts > 30 { // the pure functions are held by a thousand
			return
		}
		if err := r.server.Reset(); err != nil {
			rt.Fatal(err)
		}
		if _, err := r.server.Seed(drawnSeeds(rt)...); err != nil {
			rt.Fatal(err)
		}
		dir, err := os.MkdirTemp(root, "")
		if err != nil {
			rt.Fatal(err)
		}
		file := filepath.Join(dir, "net.yaml")
		declare := rapid.SampledFrom([]string{"costCentre,locked,marketplaceVisibility", "tags", "costCentre,tags"}).Draw(rt, "declare")
		run(rt, "import", "--out", file, "--declare", declare)
		imported := read(rt, file)
		run(rt, "plan", "-f", file, "--detailed-exitcode", "--check-tags")
		run(rt, "import", "--into", file, "--declare", declare, "--yes")
		if again := read(rt, file); again != imported {
			rt.Errorf("added to itself it changed:\n%s\n%s", imported, again)
		}
		if inv, err := inventory.Load([]string{file}); err == nil && len(inv.Ports) > 0 {
			run(rt, "import", "-f", file, "--accept", "*", "--yes")
			if again := read(rt, file); again != imported {
				rt.Errorf("accepted it changed:\n%s\n%s", imported, again)
			}
		}
	})
}

func read(t *rapid.T, file string) string {
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func drawnSeeds(t *rapid.T) []sandbox.Seed {
	var seeds []sandbox.Seed
	for i := range rapid.IntRange(0, 10).Draw(t, "services") {
		s := sandbox.Seed{
			UID:        fmt.Sprintf("%08d-0000-4000-8000-000000000000", i+1),
			Name:       rapid.SampledFrom([]string{"a", "A", "lon-1", "lon-2", "lon-3", "x: # {y}", "yes", " ", "t\tb\x1b[2J", "é\u202e", "12:30"}).Draw(t, "name"),
			LocationID: rapid.SampledFrom([]int{90, 59, 131, 2, 88888}).Draw(t, "location"),
			SpeedMbps:  rapid.SampledFrom([]int{1000, 10_000, 100_000, 40_000}).Draw(t, "speed"),
			TermMonths: rapid.SampledFrom([]int{1, 12, 24, 7}).Draw(t, "term"),
			Zone:       rapid.SampledFrom([]string{"", "red", "blue"}).Draw(t, "zone"),
			CostCentre: rapid.SampledFrom([]string{"", "NET", "# \"x\"", " y "}).Draw(t, "cost centre"),
			Visible:    rapid.Bool().Draw(t, "visible"), Locked: rapid.Bool().Draw(t, "locked"), AdminLocked: rapid.Bool().Draw(t, "locked by Megaport"),
			Status:        rapid.SampledFrom([]string{"", "", "", "FAILED", "CANCELLED", "DECOMMISSIONED", "DEPLOYABLE"}).Draw(t, "status"),
			Age:           rapid.SampledFrom([]time.Duration{0, time.Millisecond}).Draw(t, "age"),
			Tags:          rapid.SampledFrom([]map[string]string{nil, {"team": "net"}, {"portctl-inventory": "other", "yes": "no"}}).Draw(t, "tags"),
			AggregationID: rapid.SampledFrom([]int{0, 0, 0, 7}).Draw(t, "lag"),
			ProductType:   rapid.SampledFrom([]string{"", "", "", "MCR2", "VXC", "MVE", "IX"}).Draw(t, "type"),
		}
		if odd := rapid.SampledFrom([]string{"", "", `{"costCentre":null}`, `{"marketplaceVisibility":null}`, `{"contractEndDate":null,"contractTermMonths":null}`, `{"diversityZone":"green"}`}).Draw(t, "odd"); odd != "" {
			s.Overrides = overrides(odd)
		}
		if s.ProductType != "" {
			s.AggregationID = 0
		}
		if s.AggregationID != 0 {
			s.LAGPrimary = !slices.ContainsFunc(seeds, func(x sandbox.Seed) bool { return x.AggregationID == s.AggregationID })
			s.LAGID = 70 + i
		}
		seeds = append(seeds, s)
	}
	return seeds
}

// overrides are members of a product's row.
func overrides(object string) map[string]jsontext.Value {
	var all map[string]jsontext.Value
	if err := json.Unmarshal([]byte(object), &all); err != nil {
		panic(err) // it stands in this file
	}
	return all
}
