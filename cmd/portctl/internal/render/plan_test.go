package render_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

var update = flag.Bool("update", false, "rewrite the expected outputs")

// account is the section account.yaml of a case: what the account holds and how
// the API answers.
type account struct {
	Services []struct {
		UID        string `yaml:"uid"`
		Name       string `yaml:"name"`
		Status     string `yaml:"status"`
		Location   int    `yaml:"location"`
		Speed      int    `yaml:"speed"`
		Zone       string `yaml:"zone"`
		LAG        int    `yaml:"lag"`
		Primary    bool   `yaml:"primary"`
		Term       int    `yaml:"term"`
		CostCentre string `yaml:"costCentre"`
		Visible    bool   `yaml:"visible"`
	} `yaml:"services"`
	// Refuse maps a name to the API's reasons against its order.
	Refuse map[string][]string `yaml:"refuse"`
	// Unpriced lists names whose validation answers without a price.
	Unpriced []string `yaml:"unpriced"`
	// LAGPrice is how a LAG is quoted: member, total or odd.
	LAGPrice string `yaml:"lagPrice"`
}

// TestPlanCases runs testdata/plan/*.txtar: an inventory and an account, and the
// plan that follows, as people and as programs see it.
func TestPlanCases(t *testing.T) {
	files, err := filepath.Glob("testdata/plan/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runPlanCase(t, file) })
	}
}

func runPlanCase(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string][]byte{}
	for _, f := range archive.Files {
		sections[f.Name] = f.Data
	}
	doc := planOf(t, sections["inventory.yaml"], sections["account.yaml"])
	var text bytes.Buffer
	if err := render.PlanText(&text, doc, render.Options{Width: 80}); err != nil {
		t.Fatal(err)
	}
	encoded, err := doc.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{"want.txt": text.Bytes(), "want.json": encoded}
	if *update {
		rewrite(t, file, archive, got)
		return
	}
	for _, name := range []string{"want.txt", "want.json"} {
		want, there := sections[name]
		if !there && name == "want.json" {
			continue // most cases are about what people read
		}
		if diff := cmp.Diff(string(want), string(got[name])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// rewrite replaces the sections that the case has, and adds the text.
func rewrite(t *testing.T, file string, archive *txtar.Archive, got map[string][]byte) {
	t.Helper()
	seen := false
	for i, f := range archive.Files {
		if b, ok := got[f.Name]; ok {
			archive.Files[i].Data = b
			seen = seen || f.Name == "want.txt"
		}
	}
	if !seen {
		archive.Files = append(archive.Files, txtar.File{Name: "want.txt", Data: got["want.txt"]})
	}
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func planOf(t *testing.T, inventoryYAML, accountYAML []byte) plan.Document {
	t.Helper()
	inv, err := inventory.Parse(inventory.File{Name: "inventory.yaml", Content: inventoryYAML})
	if err != nil {
		t.Fatal(err)
	}
	var a account
	if err := yaml.Unmarshal(accountYAML, &a); err != nil {
		t.Fatal(err)
	}
	p := plan.Build(inv.Desired(), a.observed(), catalog(t))
	p = p.Priced(a.quotes(p.Orders()))
	return plan.Document{
		FormatVersion: plan.FormatVersion, Tool: "portctl test", Environment: "sandbox", BaseURL: "embedded",
		Inventory: plan.InventoryRef{Name: inv.Name, Digest: inv.Desired().Digest()},
		Checksum:  p.Checksum("sandbox", inv.Name), Plan: p,
	}
}

func (a account) observed() plan.Observed {
	var o plan.Observed
	for _, s := range a.Services {
		o.Services = append(o.Services, plan.Service{
			UID: plan.ServiceUID(s.UID), Name: s.Name, Status: plan.Status(s.Status), Location: plan.LocationID(s.Location),
			Speed: plan.Speed(s.Speed), Zone: plan.Zone(s.Zone), AggregationID: s.LAG, LAGPrimary: s.Primary, Term: s.Term,
			CostCentre: s.CostCentre, MarketplaceVisibility: s.Visible,
		})
	}
	return o
}

// quotes prices like the sandbox without its discounts: 500 a month up to 10G,
// 1500 above.
func (a account) quotes(orders []plan.Order) plan.Quotes {
	quotes := plan.Quotes{}
	for _, o := range orders {
		quotes[o.Key()] = a.quote(o)
	}
	return quotes
}

func (a account) quote(o plan.Order) plan.Quote {
	if reasons, ok := a.Refuse[o.Name]; ok {
		return plan.Quote{Refusal: &plan.Refusal{Message: "Validation failed", Reasons: reasons, TraceID: "0af7651916cd43dd8448eb211c80319c"}}
	}
	for _, name := range a.Unpriced {
		if name == o.Name {
			return plan.Quote{}
		}
	}
	monthly := decimal.NewFromInt(500)
	if o.Speed > plan.Speed10G {
		monthly = decimal.NewFromInt(1500)
	}
	if o.LAGPorts > 1 && a.LAGPrice == "total" {
		monthly = monthly.Mul(decimal.NewFromInt(int64(o.LAGPorts)))
	}
	if o.LAGPorts > 1 && a.LAGPrice == "odd" {
		monthly = monthly.Add(decimal.NewFromInt(1))
	}
	currency := map[string]string{"UK": "GBP", "US": "USD", "AU": "AUD"}[o.Market]
	if currency == "" {
		currency = "EUR"
	}
	return plan.Quote{Priced: true, Currency: currency, Monthly: plan.NewAmount(monthly)}
}

// catalog is the sandbox's: real locations.
func catalog(t *testing.T) plan.Catalog {
	t.Helper()
	real, err := sandbox.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	var locations []plan.Location
	for _, l := range real {
		out := plan.Location{
			ID: plan.LocationID(l.ID), Name: l.Name, Metro: l.Metro, Market: l.Market, Status: l.Status,
			Zones: map[plan.Zone][]plan.Speed{},
		}
		for zone, speeds := range l.PortSpeeds {
			for _, mbps := range speeds {
				out.Zones[plan.Zone(zone)] = append(out.Zones[plan.Zone(zone)], plan.Speed(mbps))
				out.Speeds = append(out.Speeds, plan.Speed(mbps))
			}
		}
		locations = append(locations, out)
	}
	return plan.NewCatalog(locations)
}
