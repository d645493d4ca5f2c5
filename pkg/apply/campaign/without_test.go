//go:build without

package campaign

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

var without = flag.String("campaign.without", "all", "take this `protection` away, or all of them one after the other, and show that the campaign fails then")

// protection is one thing that keeps money from being spent twice, or an order
// from being lost. It is taken away by an overlay: the code itself has no switch.
type protection struct {
	name string
	// only are the kinds of trouble that show that it is gone; empty for all.
	only string
	// test is the scene that fails without it; empty for the campaign itself.
	test string
	// edits are the file, from the root of the module, what is replaced, and by what.
	edits [][3]string
}

func protections() []protection {
	const lookup, resolve, ledger = "pkg/apply/refresh/lookup.go", "pkg/apply/refresh/resolve.go", "pkg/apply/ledger/ledger.go"
	return []protection{
		{"verify", "other-uid", "", [][3]string{
			{lookup, "case slices.Contains(open.Listed, s.UID):\n\t\treturn verdict{against", "case false:\n\t\treturn verdict{against"},
			{lookup, "case !placed(open, s):\n\t\treturn verdict{against", "case false:\n\t\treturn verdict{against"},
			{lookup, "case plan.FoldName(s.Name) == plan.FoldName(open.Name):\n\t\treturn verdict{}", "case true:\n\t\treturn verdict{}"},
		}},
		{"envelope", "429-html-after,401-html-after,403-html-after", "", [][3]string{{"pkg/megaport/outcome.go", "case !a.fromAPI:", "case false:"}}},
		{"recheck", "429-after,401-after", "", [][3]string{{lookup, " && !l.Begun.Before(f.Open.QuietSince(l.Begun).Add(l.recheck))", ""}, {"pkg/apply/turnedaway.go", "since := claim.QuietSince(e.Ledger.Now()).Add(e.Recheck)", "since := claim.QuietSince(e.Ledger.Now())"}}},
		{"hidden", "", "TestProtectionTurnedAwayHidden", [][3]string{{lookup, "if f.Trouble = l.hidden(ctx, f.Open); f.Trouble != nil {", "if false {"}}},
		{"guard", "plain", "", [][3]string{{resolve, "Sub(r.ledger.Now()); left > 0 {", "Sub(r.ledger.Now()); left > 1000*time.Hour {"}}},
		{"approvals", "", "TestProtectionApprovalsUnknown", [][3]string{{resolve, `if r.lookup.Approvals.Unknown != "" && !r.ApprovalsChecked {`, "if false {"}}},
		{"memory", "portal-rename,no-tags", "", [][3]string{{"pkg/plan/known.go", "taken || !listed || s.Status.Terminated() || b.setAside(s)", "taken || listed || s.Status.Terminated() || b.setAside(s)"}, {"pkg/plan/owner.go", "b.observed.Inventories[uid]", `""`}}},
		{"vxcs", "vxc-absent", "", [][3]string{{"pkg/plan/cancel.go", "if m.VXCs == 0 {", "if true {"}, {"pkg/apply/changes.go", "case s.VXCs > 0:", "case false:"}}},
		{"damaged", "tear", "", [][3]string{{ledger, "o = o.damaged(\"its claim cannot be read: \" + err.Error())", "o.State = NotSent"}}},
		{"case of UIDs", "", "TestProtectionCaseOfUIDs", [][3]string{{"pkg/plan/values.go", "ServiceUID(strings.ToLower(strings.TrimSpace(uid)))", "ServiceUID(strings.TrimSpace(uid))"}}},
		{"one LAG", "", "TestProtectionGrowthIsNoOtherLAG", [][3]string{{lookup, "case id != s.AggregationID:", "case false:"}}},
	}
}

// TestWithout takes protections away and shows that the campaign fails without
// each. It plays thousands of cases, so it is only in programs with the build tag.
func TestWithout(t *testing.T) {
	for _, p := range protections() {
		if *without != "all" && *without != p.name {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			out, err := p.play(t)
			switch {
			case err == nil:
				t.Errorf("nothing fails without it")
			case !bytes.Contains(out, []byte("--- FAIL: Test")):
				t.Errorf("%v\n%s", err, out)
			default:
				_, what, campaign := strings.Cut(string(out), "failed after ")
				if what, _, _ = strings.Cut(what, "\n"); !campaign {
					what = p.test
				}
				t.Logf("without it this fails: %s", what)
			}
		})
	}
}

// play plays the campaign with the protection taken away.
func (p protection) play(t *testing.T) ([]byte, error) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	dir := t.TempDir()
	for i, e := range p.edits {
		path := filepath.Join(root, filepath.FromSlash(e[0]))
		changed, again := replace[path]
		if !again {
			changed = filepath.Join(dir, fmt.Sprintf("%d.go", i))
			replace[path] = changed
			copyFile(t, path, changed)
		}
		source, err := os.ReadFile(changed)
		if err != nil || bytes.Count(source, []byte(e[1])) != 1 {
			t.Fatalf("%s does not have exactly once: %s (%v)", e[0], e[1], err)
		}
		if err := os.WriteFile(changed, bytes.Replace(source, []byte(e[1]), []byte(e[2]), 1), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay := filepath.Join(dir, "overlay.json")
	doc, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	return exec.Command("go", "test", "-count=1", "-overlay", overlay, "-run", "^"+cmp.Or(p.test, "TestCampaign")+"$", ".",
		"-campaign.cases=1500", "-rapid.shrinktime=1ms", "-campaign.only="+p.only, fmt.Sprintf("-campaign.seed=%d", *first)).CombinedOutput()
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
