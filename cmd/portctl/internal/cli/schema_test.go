package cli

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

func compiled(t *testing.T, ofPlan, ofResult bool) *jsonschema.Schema {
	t.Helper()
	text, err := schemaOf(ofPlan, ofResult)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", parsed(t, text)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parsed(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}

// What portctl writes fits the schema that it publishes.
func TestPlanSchemaFitsPlans(t *testing.T) {
	schema := compiled(t, true, false)
	files, err := filepath.Glob(filepath.Join("..", "render", "testdata", "plan", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if f.Name != "plan.json" {
				continue
			}
			checked++
			var doc plan.Document
			if err := json.Unmarshal(f.Data, &doc); err != nil {
				t.Fatal(err)
			}
			written, err := doc.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(parsed(t, written)); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			broken := regexp.MustCompile(`"buy": [0-9]+`).ReplaceAll(written, []byte(`"buy": "many"`))
			if v, err := jsonschema.UnmarshalJSON(bytes.NewReader(broken)); err == nil && schema.Validate(v) == nil {
				t.Errorf("%s: a broken plan passes", file)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d plans were checked", checked)
	}
}

func TestResultSchemaFitsResults(t *testing.T) {
	schema := compiled(t, false, true)
	for name, knobs := range map[string]sandbox.Knobs{
		"bought":  {ProvisionDelay: -1},
		"refused": {ProvisionDelay: -1, NoCapacity: []sandbox.Capacity{{BuyOnly: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			account := newRehearsal(t, knobs)
			account.apply(inventoryFile(t), Env{In: strings.NewReader("")},
				"--auto-approve", "--format", "json", "--loa-dir", filepath.Join(t.TempDir(), "loas"))
			if err := schema.Validate(parsed(t, account.out.Bytes())); err != nil {
				t.Errorf("%v\n%s", err, &account.out)
			}
			if !strings.Contains(account.out.String(), `"outcome": "`+name+`"`) {
				t.Errorf("the result does not say %s:\n%s%s", name, &account.out, &account.stderr)
			}
		})
	}
}
