package plan_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/portctl/portctl/pkg/internal/testkit/plancase"
	"github.com/portctl/portctl/pkg/plan"
)

var update = flag.Bool("update", false, "rewrite the expected outputs")

// TestCases runs testdata/*.txtar: an inventory and an account, and the actions that
// follow, with their reasons. How they look is no matter of planning.
func TestCases(t *testing.T) {
	for _, file := range plancase.Files(t, "testdata") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := told(plancase.Read(t, file))
			if *update {
				archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
				archive.Files = append(archive.Files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(plancase.Sections(archive)["want"]), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// told is what a plan decides, one fact a line.
func told(p plan.Plan) string {
	var b strings.Builder
	for _, a := range p.Actions {
		fmt.Fprintf(&b, "%s %q: %s\n", a.Kind, a.Name, a.Reason.Code)
		line := func(format string, args ...any) { fmt.Fprintf(&b, "  "+format+"\n", args...) }
		line("%s: %s", a.Reason.Source, a.Reason.Text)
		if a.Reason.Hint != "" {
			line("hint: %s", a.Reason.Hint)
		}
		if a.Reason.Way != nil {
			line("way out: %+v", *a.Reason.Way)
		}
		for _, d := range a.Reason.Details {
			line("detail: %s", d)
		}
		if a.Service != nil {
			line("service: %s %q, members %s", a.Service.UID, a.Service.Name, a.Service.Members)
		}
		for _, c := range a.Changes {
			line("change: %s from %q to %q %s", c.Field, c.From, c.To, c.UID)
		}
		if o := a.Order; o != nil {
			line("order: %s at %d, zone %q, LAG ports %d into %d, term %d, visible %v, cost centre %q, tags %s", o.Speed, o.Location, o.Config.Zone, o.LAGPorts, o.AggregationID, o.Term, o.MarketplaceVisibility, o.CostCentre, o.Tags)
			if o.CrossConnect() {
				line("add-ons: cross connect, as %s", o.AddOns)
			}
		}
		if a.Price != nil {
			line("price: %s %s monthly, %s one-time, %s commitment", a.Price.Currency, a.Price.Monthly, a.Price.OneTime, a.Price.Commitment)
			if c := a.Price.CrossConnect; c != nil {
				line("of which cross connects: %s monthly, %s one-time, %s commitment", c.Monthly, c.OneTime, c.Commitment)
			}
		}
		if a.Charge != nil {
			line("charge: %+v", *a.Charge)
		}
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(&b, "warning %q: %s: %s\n", w.Name, w.Source, w.Text)
	}
	for _, s := range p.Unmanaged {
		fmt.Fprintf(&b, "unmanaged %s %q\n", s.UID, s.Name)
	}
	for _, l := range p.Policy {
		part := ""
		if l.Per != "" {
			part = fmt.Sprintf(" Per:%s Of:%s", l.Per, l.Of)
		}
		if l.Base {
			part += " Base"
		}
		fmt.Fprintf(&b, "policy: {Limit:%s%s Currency:%s Max:%s Used:%s Left:%s Exceeded:%v}\n", l.Limit, part, l.Currency, l.Max, l.Used, l.Left, l.Exceeded)
	}
	return b.String()
}
