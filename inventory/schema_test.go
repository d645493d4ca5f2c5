package inventory

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/plan"
)

// compiled is the schema as an independent validator understands it.
func compiled(t interface {
	Helper()
	Fatal(...any)
},
) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("portctl.schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("portctl.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// values are the documents of a file as an editor hands them to a schema:
// aliases and merge keys followed.
func values(f File) ([]any, error) {
	nodes, problem := newSource(f).documents()
	if problem != nil {
		return nil, Diagnostics{*problem}
	}
	var all []any
	for _, n := range nodes {
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func TestSchemaAcceptsExamplesAndReference(t *testing.T) {
	s := compiled(t)
	paths, err := filepath.Glob("../examples/*.yaml")
	if err != nil || len(paths) < 3 {
		t.Fatalf("examples %v, %v", paths, err)
	}
	var files []File
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, File{Name: path, Content: content})
	}
	for i, snippet := range snippets(t) {
		files = append(files, file(fmt.Sprintf("snippet %d", i), snippet))
	}
	for _, f := range files {
		documents, err := values(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range documents {
			if err := s.Validate(v); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
	}
}

// beyondSchema are the rules that a schema of one document cannot state: they
// take more than one entry or file, bytes instead of characters, or the way a
// value is written.
func beyondSchema() []string {
	return []string{
		ruleDuplicateName, ruleFormerlyLiving, ruleFormerlyTwice, ruleUIDTwice, ruleReplaces, ruleUnmanagedEntry,
		rulePolicyTerms, ruleGivenTwice, ruleSiteChain, ruleDuplicateSite, ruleListedTwice, ruleTemplateTwice,
		ruleTooLong, ruleRolloutSize, ruleBoolean, ruleNumber, ruleReading, ruleQuotes, ruleHidden, ruleMerge, ruleDuplicateKey,
	}
}

// beyond says that a schema cannot know a problem: of the missing keys, the
// name of the inventory and a term that may be in defaults.
func beyond(d Diagnostic) bool {
	return d.Severity == Warning || slices.Contains(beyondSchema(), d.Rule) ||
		d.Rule == ruleMissingKey && (strings.HasSuffix(d.Message, " has no term") || d.Message == "the inventory has no name")
}

// TestSchemaOnDiagnostics compares the schema with the decoder over every case
// of testdata/diagnostics that is YAML: what the decoder accepts the schema
// accepts, and what the schema accepts has only problems beyond it.
func TestSchemaOnDiagnostics(t *testing.T) {
	s := compiled(t)
	// What is written in a way that YAML has read otherwise before a schema sees it.
	written := []string{"bad-speed-exponent", "version-decimal", "bad-term-decimal", "line-separator", "lone-carriage-return", "utf16"}
	rejected := 0
	for _, path := range goldens(t) {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files, _ := goldenFiles(t, archive)
		for _, f := range files {
			documents, err := values(f)
			if err != nil || len(documents) != 1 || strings.HasSuffix(f.Name, ".csv") {
				continue
			}
			_, parsed := Parse(f)
			diags, _ := parsed.(Diagnostics)
			said := slices.ContainsFunc(diags, func(d Diagnostic) bool { return !beyond(d) })
			verdict := s.Validate(documents[0])
			switch {
			case parsed == nil && verdict != nil:
				t.Errorf("%s: %s is accepted, but not by the schema: %v", path, f.Name, verdict)
			case said && verdict == nil && !slices.Contains(written, strings.TrimSuffix(filepath.Base(path), ".txtar")):
				t.Errorf("%s: the schema accepts %s, which has the problems\n%v", path, f.Name, diags)
			case verdict != nil:
				rejected++
			}
		}
	}
	if rejected < 40 {
		t.Errorf("the schema rejected only %d cases", rejected)
	}
}

// TestSchemaRejects is a list of mistakes that an editor must mark.
func TestSchemaRejects(t *testing.T) {
	s := compiled(t)
	port := func(more string) string {
		return "version: 1\nports: [{name: a, site: LD5, speed: 10G, term: 12" + more + "}]\n"
	}
	if documents, err := values(file("good.yaml", port(""))); err != nil || s.Validate(documents[0]) != nil {
		t.Fatalf("the entry that the mistakes are made in is refused: %v, %v", err, s.Validate(documents[0]))
	}
	for name, text := range map[string]string{
		"no version":             "name: a\n",
		"another version":        "version: 2\n",
		"unknown key at the top": "version: 1\nprots: []\n",
		"unknown environment":    "version: 1\nenvironment: prod\n",
		"unknown key of a port":  port(", sped: 10G"),
		"no speed":               "version: 1\nports: [{name: a, site: LD5}]\n",
		"no name":                "version: 1\nports: [{speed: 10G, site: LD5}]\n",
		"site as a number":       "version: 1\nports: [{name: a, site: 89, speed: 10G}]\n",
		"site by a wrong key":    "version: 1\nports: [{name: a, site: {name: LD5}, speed: 10G}]\n",
		"speed not sold":         "version: 1\nports: [{name: a, site: LD5, speed: 25G}]\n",
		"speed in megabits":      "version: 1\nports: [{name: a, site: LD5, speed: 10M}]\n",
		"speed of ten":           "version: 1\nports: [{name: a, site: LD5, speed: 10}]\n",
		"LAG of 1G":              "version: 1\nports: [{name: a, site: LD5, speed: 1G, lag: 2}]\n",
		"LAG of nine":            port(", lag: 9"),
		"zone":                   port(", diversityZone: green"),
		"name of 65 characters":  "version: 1\nname: " + strings.Repeat("a", 65) + "\n",
		"name with a space":      "version: 1\nname: \" a\"\n",
		"reserved tag":           port(", tags: {portctl-order: x}"),
		"reserved tag in capitals": port(
			", tags: {Managed-By: me}"),
		"tag as a number":       port(", tags: {a: 1}"),
		"short uid":             port(", uid: 36b3f68e"),
		"state present":         port(", state: present"),
		"uid and replaces":      port(", uid: 36b3f68e-2f54-4331-bf94-f8984449365f, replaces: 36b3f68e-2f54-4331-bf94-f8984449365f"),
		"absent without a name": "version: 1\nports: [{state: absent}]\n",
		"absent and formerly":   "version: 1\nports: [{name: a, state: absent, formerly: b}]\n",
		"term of defaults":      "version: 1\ndefaults: {term: 6}\n",
		"speed in defaults":     "version: 1\ndefaults: {speed: 10G}\n",
		"policy of nothing":     "version: 1\npolicy: {maxMonthly: {}}\n",
		"currency":              "version: 1\npolicy: {maxMonthly: {gbp: 5}}\n",
		"amount in quotes":      "version: 1\npolicy: {maxMonthly: {GBP: \"5\"}}\n",
		"amount below zero":     "version: 1\npolicy: {maxMonthly: {GBP: -5}}\n",
		"no orders":             "version: 1\npolicy: {maxBuy: 0}\n",
		"state over http":       "version: 1\nstate: http://example.com\n",
		"state with a secret":   "version: 1\nstate: s3://a:b@c/d\n",
		"unmanaged as a text":   "version: 1\nunmanaged: lab-7\n",
		"rollout without sites": "version: 1\nrollouts: [{name: a, speed: 10G}]\n",
		"rollout of no site":    "version: 1\nrollouts: [{name: a, sites: [], speed: 10G}]\n",
		"placeholder":           "version: 1\nrollouts: [{name: \"{where}\", sites: [LD5], speed: 10G}]\n",
		"placeholder in a port": "version: 1\nports: [{name: \"{site}-a\", site: LD5, speed: 10G}]\n",
		"no {site}":             "version: 1\nrollouts: [{name: a, sites: [LD5, FR5], speed: 10G}]\n",
		"no {zone}":             "version: 1\nrollouts: [{name: a, sites: [LD5], zones: [red, blue], speed: 10G}]\n",
		"no {n}":                "version: 1\nrollouts: [{name: a, sites: [LD5], count: 2, speed: 10G}]\n",
		"{zone} without zones":  "version: 1\nrollouts: [{name: \"a{zone}\", sites: [LD5], speed: 10G}]\n",
	} {
		documents, err := values(file(name, text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s.Validate(documents[0]) == nil {
			t.Errorf("%s: the schema accepts\n%s", name, text)
		}
		if _, err := Parse(file(name, text)); err == nil {
			t.Errorf("%s: Parse accepts\n%s", name, text)
		}
	}
}

// TestSchemaAgrees compares the schema with the decoder over generated
// inventories, some with a mistake or several.
func TestSchemaAgrees(t *testing.T) {
	s := compiled(t)
	accepted, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.Bool().Draw(t, "plain")
		value := drawPlain(t)
		if !plain {
			value = drawDocument(t)
		}
		text, err := json.Marshal(value, json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		_, parsed := Parse(File{Name: "a.yaml", Content: text}) // JSON is YAML.
		diags, _ := parsed.(Diagnostics)
		verdict := s.Validate(instance)
		said := slices.ContainsFunc(diags, func(d Diagnostic) bool { return !beyond(d) })
		switch {
		case plain && parsed != nil:
			t.Fatalf("nothing is wrong with\n%s\nand yet it is refused:\n%v", text, parsed)
		case parsed == nil && verdict != nil:
			t.Fatalf("the schema refuses what is accepted: %v\n%s", verdict, text)
		case said && verdict == nil:
			t.Fatalf("the schema accepts\n%s\nwhich has the problems\n%v", text, diags)
		case parsed == nil:
			accepted++
		case verdict != nil:
			refused++
		}
	})
	if accepted == 0 || refused == 0 {
		t.Errorf("%d inventories were accepted and %d refused: the comparison shows nothing", accepted, refused)
	}
}

// drawPlain draws an inventory with nothing wrong in it. Of the documents of
// drawDocument few are accepted, and in some runs none.
func drawPlain(t *rapid.T) map[string]any {
	port := object{
		"name":  rapid.StringMatching(`[A-Za-zé0-9][A-Za-zé0-9:#{ -]{0,20}[a-z0-9]`).Draw(t, "name"),
		"site":  rapid.SampledFrom(array{"lhr20", "LD5", object{"id": 89}}).Draw(t, "site"),
		"speed": rapid.SampledFrom(array{"10G", "100 Gbps", 400000, "0010gbit/s", 10000.0}).Draw(t, "speed"),
		"term":  rapid.SampledFrom(array{1, 12, 60}).Draw(t, "term"),
	}
	for _, f := range []drawnField{
		{key: "lag", good: array{2, 8}},
		{key: "diversityZone", good: array{"red", "blue"}},
		{key: "tags", good: array{object{}, object{"team": "net", "b": ""}}},
		{key: "costCentre", good: array{"", "NET"}},
		{key: "locked", good: array{true, false}},
		{key: "formerly", good: array{"no name that is drawn ends in a point."}},
		{key: "promoCode", good: array{"SPRING"}},
	} {
		if rapid.Bool().Draw(t, f.key+" given") {
			port[f.key] = rapid.SampledFrom(f.good).Draw(t, f.key)
		}
	}
	return object{"version": 1, "name": "edge", "ports": array{port}}
}

// fields is a mapping with, for each key, values to draw from: good ones, and
// after them bad ones.
type drawnField struct {
	key       string
	good, bad []any
	required  bool
}

// drawMapping draws a mapping, at times with a key that is bad, missing or too
// many.
func drawMapping(t *rapid.T, what string, fields []drawnField) map[string]any {
	m := map[string]any{}
	for _, f := range fields {
		label := what + " " + f.key
		if !f.required && rapid.IntRange(0, 2).Draw(t, label+" absent") > 0 || f.required && rapid.IntRange(0, 40).Draw(t, label+" forgotten") == 0 {
			continue
		}
		if len(f.bad) > 0 && rapid.IntRange(0, 25).Draw(t, label+" wrong") == 0 {
			m[f.key] = rapid.SampledFrom(f.bad).Draw(t, label)
			continue
		}
		m[f.key] = rapid.SampledFrom(f.good).Draw(t, label)
	}
	if rapid.IntRange(0, 60).Draw(t, what+" unknown") == 0 {
		m[rapid.SampledFrom([]string{"vlan", "Name", "x-y", "", "Speed"}).Draw(t, what+" key")] = "x"
	}
	return m
}

type (
	object = map[string]any
	array  = []any
)

func drawDocument(t *rapid.T) map[string]any {
	const uid, other = "36b3f68e-2f54-4331-bf94-f8984449365f", "11111111-2F54-4331-bf94-f8984449365f"
	texts := array{"a", "lon-1", "Zürich 1", "x: y", strings.Repeat("n", 64), "#", "0x10"}
	notText := array{"", " a", "a ", "a\tb", "a\nb", "\x00", 5, true, nil, array{"a"}, object{"a": "b"}, strings.Repeat("n", 65)}
	site := array{"lhr20", "LD5", object{"id": 89}}
	notSite := array{89, "", object{}, object{"id": 0}, object{"id": "89"}, object{"id": 89, "x": 1}, array{"LD5"}, nil, 5.5}
	shared := []drawnField{
		{"term", array{1, 12, 60}, array{0, 6, "12", 12.5, -12, array{12}}, false},
		{"costCentre", array{"", "NET", strings.Repeat("c", 255)}, array{7, " ", strings.Repeat("c", 256), nil}, false},
		{"marketplaceVisibility", array{true, false}, array{"true", 1, nil}, false},
		{"tags", array{object{}, object{"a": ""}, object{"team": "net", "b": "c"}}, array{object{"": "a"}, object{"portctl-x": "a"}, object{"MANAGED-by": "a"}, object{"a": 1}, array{"a"}, "a"}, false},
	}
	bought := append([]drawnField{
		{"speed", array{"1G", "10G", "100 Gbps", 400000, "10000", "0010gbit/s", 10000.0}, array{"25G", 10, "10M", "10 g b", "1.5G", -10000, true, "", "10000M", "G"}, true},
		{"lag", array{1, 2, 8}, array{0, 9, "2", 2.5}, false},
		{"locked", array{true, false}, array{"yes", 0}, false},
		{"promoCode", texts, array{"", 5}, false},
	}, shared...)
	port := append([]drawnField{
		{"name", append(array{"{where}", "a}"}, texts...), append(array{"{site}-1", "a{n}"}, notText...), true},
		{"site", site, notSite, true},
		{"diversityZone", array{"red", "blue"}, array{"green", "Red", 1, ""}, false},
		{"formerly", array{"old-1", "old-2"}, array{"", 5}, false},
		{"uid", array{uid, other}, array{"36b3f68e", "", 5, uid + "0"}, false},
		{"replaces", array{uid, other}, array{"36b3f68e"}, false},
		{"takeover", array{true, false}, array{"yes", "true", 1}, false},
		{"state", array{"absent"}, array{"present", "Absent", true}, false},
	}, bought...)
	rollout := append([]drawnField{
		{"name", array{"{site}-{zone}-{n}", "{site}{n}", "{site}", "edge"}, array{"{where}", "{site", "site}", "{}", "{{n}}", "", 5, object{"site": nil}}, true},
		{"sites", array{array{"LD5"}, array{"LD5", object{"id": 131}}, array{"lhr20", "FR5"}}, array{array{}, "LD5", array{"LD5", "LD5"}, array{89}}, true},
		{"zones", array{array{"red"}, array{"red", "blue"}}, array{array{}, array{"red", "red"}, array{"green"}, "red"}, false},
		{"count", array{1, 2}, array{0, -1, "2", 1.5, 200_000}, false},
	}, bought...)
	policy := []drawnField{
		{"maxMonthly", array{object{"GBP": 20000}, object{"GBP": 0, "USD": 12.5}}, array{object{}, object{"gbp": 1}, object{"GBP": -1}, object{"GBP": "1"}, object{"GBP": nil}, 5, object{"GBP": 1e15}}, false},
		{"maxCommitment", array{object{"AUD": 1}}, array{array{}, object{"A": 1}}, false},
		{"maxBuy", array{1, 500}, array{0, -1, "5", 1.5, 3_000_000_000}, false},
		{"terms", array{array{1, 12, 60}, array{12}}, array{array{}, array{6}, array{12, 12}, 12, array{"12"}}, false},
	}
	list := func(what string, fields []drawnField) array {
		var all array
		for range rapid.IntRange(0, 3).Draw(t, what) {
			all = append(all, drawMapping(t, what, fields))
		}
		return all
	}
	d := drawMapping(t, "top", []drawnField{
		{"version", array{1}, array{2, "1", 1.5}, true},
		{"name", texts, notText, true},
		{"environment", array{"sandbox", "staging"}, array{"prod", "", 1}, false},
		{"state", array{"s3://netops/portctl", "claims", "/var/lib/portctl", "s3://b?region=x", "c:x"}, array{"~/x", "s3:///x", "s3:x", "http://x", "S3://b", "s3://u:p@b/x", "", 5}, false},
		{"unmanaged", array{array{}, array{"lab-7"}, array{"lab-7", "lab-8"}}, array{"lab-7", array{5}, array{""}, array{"a", "a"}}, false},
		{"sites", array{object{}, object{"lhr20": object{"id": 89}, "fr5": "Equinix FR5"}}, array{object{"": "LD5"}, object{"x": 5}, object{" x": "LD5"}, object{"x": nil}, array{}}, false},
	})
	if rapid.Bool().Draw(t, "has policy") {
		d["policy"] = drawMapping(t, "policy", policy)
	}
	if rapid.IntRange(0, 5).Draw(t, "has no defaults") > 0 {
		d["defaults"] = drawMapping(t, "defaults", shared)
	}
	if ports := list("port", port); ports != nil {
		d["ports"] = ports
	}
	if rollouts := list("rollout", rollout); rollouts != nil {
		d["rollouts"] = rollouts
	}
	return d
}

// TestSchemaHelps proves that an editor has something to say about every key,
// and words to offer where there are few.
func TestSchemaHelps(t *testing.T) {
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Draft      string                    `json:"$schema"`
		Properties map[string]map[string]any `json:"properties"`
		Defs       map[string]struct {
			Properties map[string]map[string]any `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	if s.Draft != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("the draft is %s", s.Draft)
	}
	groups := map[string]map[string]map[string]any{"top": s.Properties}
	for name, d := range s.Defs {
		groups[name] = d.Properties
	}
	described := 0
	for name, keys := range groups {
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if d, _ := keys[key]["description"].(string); !strings.HasSuffix(d, ".") && !strings.HasSuffix(d, "them.") {
				t.Errorf("%s of %s is described as %q", key, name, d)
			}
			described++
		}
	}
	if described < 40 {
		t.Errorf("only %d keys are described", described)
	}
	for _, word := range []string{`"400G"`, `"red"`, `"sandbox"`, `"absent"`, fmt.Sprint(plan.Terms()[5])} {
		if !strings.Contains(string(text), word) {
			t.Errorf("the schema offers no %s", word)
		}
	}
}
