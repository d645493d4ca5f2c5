package inventory

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/plan"
)

// drawnPort is an entry, kept apart from the decoder's own types so that a
// mistake in them cannot hide.
type drawnPort struct {
	name, site, speed, zone string
	lag, term               int
	tags                    map[string]string
}

// yaml writes the entry with its keys in the order given.
func (p drawnPort) yaml(order []int) string {
	lines := []string{"name: " + fmt.Sprintf("%q", p.name), "site: " + p.site, "speed: " + p.speed, fmt.Sprintf("term: %d", p.term)}
	if p.zone != "" {
		lines = append(lines, "diversityZone: "+p.zone)
	}
	if p.lag > 0 {
		lines = append(lines, fmt.Sprintf("lag: %d", p.lag))
	}
	if len(p.tags) > 0 {
		var tags []string
		for _, k := range slices.Sorted(maps.Keys(p.tags)) {
			tags = append(tags, fmt.Sprintf("%s: %q", k, p.tags[k]))
		}
		lines = append(lines, "tags: {"+strings.Join(tags, ", ")+"}")
	}
	var shuffled []string
	for _, i := range order {
		if i < len(lines) {
			shuffled = append(shuffled, lines[i])
		}
	}
	return "  - " + strings.Join(shuffled, "\n    ") + "\n"
}

func drawPorts(t *rapid.T) []drawnPort {
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zé][a-z0-9 é:#'"-]{0,20}[a-z0-9]`), 1, 12, plan.FoldName).Draw(t, "names")
	var ports []drawnPort
	for _, name := range names {
		ports = append(ports, drawnPort{
			name:  name,
			site:  rapid.SampledFrom([]string{"lhr20", "LHR20", "{id: 131}", "Equinix SY3", `"Zürich: 1"`}).Draw(t, "site"),
			speed: rapid.SampledFrom([]string{"10G", "10 Gbps", "10000", "100G", "400000"}).Draw(t, "speed"),
			zone:  rapid.SampledFrom([]string{"", "red", "blue"}).Draw(t, "zone"),
			lag:   rapid.IntRange(0, 8).Draw(t, "lag"),
			term:  rapid.SampledFrom(plan.Terms()).Draw(t, "term"),
			tags:  rapid.MapOfN(rapid.StringMatching(`k[a-z]{1,3}`), rapid.StringMatching(`[ -~]{0,5}[!-~]|[!-~]?`).Filter(func(s string) bool { return strings.TrimSpace(s) == s }), 0, 3).Draw(t, "tags"),
		})
	}
	return ports
}

// files lays the entries out in files, each with a part of them.
func layOut(t *rapid.T, label string, ports []drawnPort) []File {
	shuffled := rapid.Permutation(ports).Draw(t, label+" entries")
	count := rapid.IntRange(1, 3).Draw(t, label+" files")
	bodies := make([]string, count)
	for i, p := range shuffled {
		bodies[i%count] += p.yaml(rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6}).Draw(t, label+" keys"))
	}
	var files []File
	for i, body := range bodies {
		head := "version: 1\nsites: {lhr20: {id: 89}}\n"
		if i == 0 {
			head += "name: emea\nenvironment: sandbox\n"
		}
		if body == "" {
			body = "  []\n"
		}
		parts := rapid.Permutation([]string{head, "ports:\n" + body}).Draw(t, label+" parts")
		files = append(files, file(fmt.Sprintf("%s-%d.yaml", label, i), strings.Join(parts, "")))
	}
	return rapid.Permutation(files).Draw(t, label+" order")
}

// desiredSet is the desired state without what may depend on the order: where
// things stand, and in which order they come.
func desiredSet(inv *Inventory) plan.Desired {
	d := inv.Desired()
	d.Ports = slices.Clone(d.Ports)
	for i := range d.Ports {
		d.Ports[i].Source, d.Ports[i].Fields = plan.Source{}, nil
	}
	slices.SortFunc(d.Ports, func(a, b plan.Port) int { return strings.Compare(a.Name, b.Name) })
	return d
}

// TestOrderMeansNothing proves that the order of files, entries and keys, and
// which file an entry stands in, do not change what is desired.
func TestOrderMeansNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ports := drawPorts(t)
		parse := func(files []File) plan.Desired {
			inv, err := Parse(files...)
			if err != nil {
				t.Fatalf("%v\n%s", err, files)
			}
			return desiredSet(inv)
		}
		one, other := parse(layOut(t, "one", ports)), parse(layOut(t, "other", ports))
		if diff := cmp.Diff(one, other); diff != "" {
			t.Fatalf("-one +other:\n%s", diff)
		}
		for _, p := range ports {
			i := slices.IndexFunc(one.Ports, func(q plan.Port) bool { return q.Name == p.name })
			if i < 0 || one.Ports[i].LAG != p.lag || one.Ports[i].Term != p.term || string(one.Ports[i].Zone) != p.zone || len(one.Ports[i].Tags) != len(p.tags) {
				t.Fatalf("%+v was not read back from %+v", p, one.Ports)
			}
		}
	})
}

// TestNearestForgivesOneMistake proves that one typing mistake in a key is
// always seen through, or taken for a key that is as near.
func TestNearestForgivesOneMistake(t *testing.T) {
	keys := attributes.names(inPorts)
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom(keys).Filter(func(k string) bool { return len(k) > 3 }).Draw(t, "key")
		i := rapid.IntRange(0, len(key)-2).Draw(t, "at")
		typo := rapid.SampledFrom([]string{
			key[:i] + key[i+1:],                                 // one too few
			key[:i] + "q" + key[i:],                             // one too many
			key[:i] + "q" + key[i+1:],                           // a wrong one
			key[:i] + string(key[i+1]) + key[i:i+1] + key[i+2:], // two swapped
			strings.ToUpper(key), key[:i] + "_" + key[i:],
		}).Draw(t, "typo")
		got := nearest(typo, keys)
		if got != key && distance(bare(typo), bare(got)) > distance(bare(typo), bare(key)) {
			t.Fatalf("%q was taken for %q, not %q", typo, got, key)
		}
	})
}

// seeds adds files, and the first section of each archive, to a fuzz test.
func seeds(f *testing.F, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("%s: no seeds: %v", pattern, err)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			for _, section := range txtar.Parse(content).Files {
				content = section.Data
				break
			}
			f.Add(content)
		}
	}
}

// FuzzParse proves of any bytes that they give an inventory that keeps its
// promises, or diagnostics with positions that exist, and never a panic.
func FuzzParse(f *testing.F) {
	seeds(f, "../examples/*.yaml", "testdata/diagnostics/*.txtar")
	f.Fuzz(func(t *testing.T, content []byte) {
		files := []File{{Name: "fuzz.yaml", Content: content}}
		inv, err := Parse(files...)
		diags, ok := err.(Diagnostics)
		if err == nil {
			diags = inv.Warnings
			checkPorts(t, inv)
		} else if errors, _ := diags.Counts(); !ok || errors == 0 || inv != nil {
			t.Fatalf("inventory %v, error %v", inv, err)
		}
		for _, d := range diags {
			checkPosition(t, files, d)
		}
		if strings.ContainsAny(diags.Render(), "\x00\x1b\x7f\r") {
			t.Errorf("a control character in:\n%q", diags.Render())
		}
	})
}

// checkPorts holds an inventory to what the rest of the program relies on.
func checkPorts(t *testing.T, inv *Inventory) {
	t.Helper()
	names := map[string]plan.Port{}
	for _, p := range inv.Ports {
		other, taken := names[plan.FoldName(p.Name)]
		nameless := p.Name == "" && p.Absent && p.UID != ""
		switch {
		case !nameless && (p.Name == "" || len(p.Name) > maxName):
			t.Errorf("bad name %q", p.Name)
		case !nameless && taken && !(other.Absent != p.Absent && other.UID+other.Replaces == p.UID+p.Replaces):
			t.Errorf("repeated name %q", p.Name)
		case p.Source.Line < 1 || !nameless && p.At("name").Line < 1:
			t.Errorf("%s stands nowhere", p.Name)
		case p.Absent:
		case !slices.Contains(plan.Speeds(), p.Speed) || !slices.Contains(plan.Terms(), p.Term):
			t.Errorf("speed %d, term %d", p.Speed, p.Term)
		case p.LAG < 0 || p.LAG > plan.MaxLagMembers || p.LAG > 0 && p.Speed < plan.Speed10G:
			t.Errorf("LAG of %d at %s", p.LAG, p.Speed)
		case (p.Site.ID > 0) == (p.Site.Name != "") || p.Site.Written == "":
			t.Errorf("site %+v", p.Site)
		}
		names[plan.FoldName(p.Name)] = p
	}
}

// BenchmarkParse shows that reading takes time in proportion to the entries, be
// they written out or rolled out.
func BenchmarkParse(b *testing.B) {
	for _, count := range []int{1_000, 10_000, 100_000} {
		var text strings.Builder
		text.WriteString("version: 1\nname: bench\ndefaults: {term: 12, tags: {team: network}}\nsites: {lhr20: {id: 89}}\nports:\n")
		for i := range count {
			fmt.Fprintf(&text, "  - name: lon-edge-%06d\n    site: lhr20\n    speed: 10G\n    diversityZone: red\n", i)
		}
		b.Run(fmt.Sprintf("entries/%d", count), func(b *testing.B) { benchmarkParse(b, text.String(), count) })
		rollout := fmt.Sprintf("version: 1\nname: bench\ndefaults: {term: 12, tags: {team: network}}\nrollouts: [{name: \"{site}-{n}\", sites: [lhr20], zones: [red], count: %d, speed: 10G}]\n", count)
		b.Run(fmt.Sprintf("rollout/%d", count), func(b *testing.B) { benchmarkParse(b, rollout, count) })
	}
}

func benchmarkParse(b *testing.B, text string, count int) {
	content := []byte(text)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(File{Name: "bench.yaml", Content: content}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/entry")
}

// BenchmarkFormat shows the same of formatting.
func BenchmarkFormat(b *testing.B) {
	for _, count := range []int{1_000, 10_000} {
		var text strings.Builder
		text.WriteString("version: 1\nname: bench\nports:\n")
		for i := range count {
			fmt.Fprintf(&text, "- name: 'lon-edge-%06d'   # entry\n  site: {id: 89}\n  speed: 10G\n  # the term\n  term: 12\n", i)
		}
		content := []byte(text.String())
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			for b.Loop() {
				if _, err := Format(File{Name: "bench.yaml", Content: content}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/entry")
		})
	}
}
