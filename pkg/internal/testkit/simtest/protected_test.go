package simtest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// protection is one thing that keeps money from being spent twice, or an order
// from being lost. It is taken away by an overlay: the code itself has no switch.
type protection struct {
	name string
	// only are the kinds of trouble that show that it is gone; empty for all.
	only string
	// test is what fails without it: one test, or several of which each must fail.
	tests []string
	// edits are the file, from the root of the module, what is replaced, and by what.
	edits [][3]string
}

// simulation is the random one: nothing smaller shows that the protection is gone.
var simulation = []string{"TestSimulation"}

// protections lists them. An order is known by its name or by its tag: each covers the
// other in most cases, and without both the simulation fails.
func protections() []protection {
	const lookup, resolve, ledger = "pkg/apply/refresh/lookup.go", "pkg/apply/refresh/resolve.go", "pkg/apply/ledger/ledger.go"
	noName := [3]string{lookup, "if s := l.index.services[i]; couldBe(open, s) {", "if s := l.index.services[i]; false && couldBe(open, s) {"}
	noTag := [3]string{lookup, "if !placed(open, s) || open.Before(s.UID) {\n\t\t\tcontinue\n\t\t}\n\t\ttags", "if true {\n\t\t\tcontinue\n\t\t}\n\t\ttags"}
	return []protection{
		{"claim", "", []string{"TestProtectionClaim", "TestSimulation"}, [][3]string{{ledger, "switch err := l.store.Create(ctx, claimKey(l.host, hash, c.Number, \"claim\"), content); {", "_ = content\n\tswitch err := error(nil); {"}}},
		{"claim number", "", []string{"TestProtectionClaimNumber", "TestSimulation"}, [][3]string{{ledger, "Number: s.Closed(name) + 1,", "Number: int(uuid.New().ID()%1e9) + 1,"}}},
		{"order tag", "", []string{"TestProtectionOrderTag"}, [][3]string{noTag}},
		{"name", "", []string{"TestProtectionNameLookUp"}, [][3]string{noName}},
		{"name and tag", "", simulation, [][3]string{noName, noTag}},
		{"no retry", "", []string{"TestProtectionNoRetry", "TestSimulation"}, [][3]string{{"pkg/megaport/retry.go", "case c == classOrder:", "case false:"}, {"pkg/megaport/step_auth.go", "if a.class == classOrder {", "if false {"}}},
		{"strict listing", "", []string{"TestProtectionStrictListing"}, [][3]string{{"pkg/megaport/listing.go", "default:\n\t\t\t\treturn w.named(i, err)", "default:\n\t\t\t\treturn nil"}}},
		{"lock", "", []string{"TestProtectionLock", "TestSimulation"}, [][3]string{{ledger, "func (l *Ledger) Lock(ctx context.Context) (Lock, error) {", "type noLock struct{}\n\nfunc (noLock) Release(context.Context) error { return nil }\n\nfunc (l *Ledger) Lock(ctx context.Context) (Lock, error) {\n\tif true {\n\t\treturn noLock{}, nil\n\t}"}}},
		{"verify", "other-uid", simulation, [][3]string{
			{lookup, "case open.Before(s.UID):\n\t\treturn verdict{against", "case false:\n\t\treturn verdict{against"},
			{lookup, "case !placed(open, s):\n\t\treturn verdict{against", "case false:\n\t\treturn verdict{against"},
			{lookup, "case plan.FoldName(s.Name) == plan.FoldName(open.Name):\n\t\treturn verdict{}", "case true:\n\t\treturn verdict{}"},
		}},
		{"listing", "", simulation, [][3]string{{"pkg/apply/ledger/listing.go", "return o.before[plan.FoldUID(string(uid))] || slices.Contains(o.Listed, uid)", "return slices.Contains([]plan.ServiceUID{}, uid)"}}},
		{"envelope", "429-html-after,401-html-after,403-html-after", simulation, [][3]string{{"pkg/megaport/outcome.go", "case !a.fromAPI:", "case false:"}}},
		{"recheck", "429-after,401-after", simulation, [][3]string{{lookup, " && !l.Begun.Before(f.Open.QuietSince(l.Begun).Add(l.recheck))", ""}, {"pkg/apply/turnedaway.go", "since := claim.QuietSince(e.Ledger.Now()).Add(e.Recheck)", "since := claim.QuietSince(e.Ledger.Now())"}}},
		{"hidden", "", []string{"TestProtectionTurnedAwayHidden"}, [][3]string{{lookup, "if f.Trouble = l.hidden(ctx, f.Open); f.Trouble != nil {", "if false {"}}},
		{"guard", "plain", simulation, [][3]string{{resolve, "Sub(r.ledger.Now()); left > 0 {", "Sub(r.ledger.Now()); left > 1000*time.Hour {"}}},
		{"unreadable tags", "", []string{"TestUnreadableTagsAreNotNoTags"}, [][3]string{{"pkg/plan/owner.go", "if why, bad := b.observed.Unreadable[uid]; bad { // whatever", "if why, bad := b.observed.Unreadable[uid]; bad && b.observed.Tags == nil { // whatever"}, {"pkg/apply/refresh/read.go", "if err != nil { // no tags", "if err != nil && gctx.Err() != nil { // no tags"}}},
		{"approvals", "", []string{"TestProtectionApprovalsUnknown"}, [][3]string{{resolve, `if r.lookup.Approvals.Unknown != "" && !r.ApprovalsChecked {`, "if false {"}}},
		{"memory", "portal-rename,no-tags", simulation, [][3]string{{"pkg/plan/known.go", "taken || !listed || s.Status.Terminated() || b.setAside(s)", "taken || listed || s.Status.Terminated() || b.setAside(s)"}, {"pkg/plan/owner.go", "b.observed.Inventories[uid]", `""`}}},
		{"vxcs", "vxc-absent", simulation, [][3]string{{"pkg/plan/cancel.go", "if m.VXCs == 0 {", "if true {"}, {"pkg/apply/changes.go", "case s.VXCs > 0:", "case false:"}}},
		{"damaged", "tear", simulation, [][3]string{{ledger, "o = o.damaged(\"its claim cannot be read: \" + err.Error())", "o.State = plan.OrderNotSent"}}},
		{"case of UIDs", "", []string{"TestProtectionCaseOfUIDs"}, [][3]string{{"pkg/plan/values.go", "ServiceUID(strings.ToLower(strings.TrimSpace(uid)))", "ServiceUID(strings.TrimSpace(uid))"}}},
		{"one LAG", "", []string{"TestProtectionGrowthIsNoOtherLAG"}, [][3]string{{lookup, "case id != s.AggregationID:", "case false:"}}},
	}
}

// Each protection can still be taken away: what its overlay replaces is there once.
func TestProtectionsAreThere(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..")
	for _, p := range protections() {
		for _, e := range p.edits {
			source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(e[0])))
			if n := bytes.Count(source, []byte(e[1])); err != nil || n != 1 {
				t.Errorf("%s: %s has it %d times: %s (%v)", p.name, e[0], n, e[1], err)
			}
		}
	}
}
