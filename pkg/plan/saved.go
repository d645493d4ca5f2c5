package plan

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// EditedError says that a saved plan is not as it was written.
type EditedError struct {
	// What is the part that was edited. Want is its hash as saved, Have what it
	// makes now.
	What, Want, Have string
}

func (e *EditedError) Error() string {
	return fmt.Sprintf("the plan was edited: %s is %s, and it makes %s", e.What, e.Want, e.Have)
}

// DecodeDocument reads a saved plan. What a newer minor version added is
// ignored; another major version, and a plan of which anything was edited, are
// refused.
func DecodeDocument(b []byte) (Document, error) {
	var version struct {
		FormatVersion string `json:"formatVersion"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return Document{}, notAPlan(b, err)
	}
	major, _, _ := strings.Cut(version.FormatVersion, ".")
	if own, _, _ := strings.Cut(FormatVersion, "."); major != own {
		return Document{}, fmt.Errorf("it has format version %q, and this portctl reads %s.x", version.FormatVersion, own)
	}
	var d Document
	if err := json.Unmarshal(b, &d); err != nil {
		return Document{}, notAPlan(b, err)
	}
	have, err := sealOf(b)
	switch {
	case err != nil:
		return Document{}, notAPlan(b, err)
	case have != d.Seal:
		return Document{}, &EditedError{"its seal", d.Seal, have}
	}
	if d.Failure != nil {
		if d.Checksum != "" || len(d.Actions) > 0 {
			return Document{}, &EditedError{"its checksum", "that of a plan that failed", d.Checksum}
		}
		return d, nil
	}
	if have := d.Plan.Checksum(d.Environment, d.Inventory.Name); have != d.Checksum {
		return Document{}, &EditedError{"its checksum", d.Checksum, have}
	}
	return d, nil
}

// notAPlan tells a damaged plan from what never was one.
func notAPlan(b []byte, err error) error {
	head := bytes.TrimSpace(b[:min(len(b), 200)])
	if bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(`"formatVersion"`)) {
		return fmt.Errorf("the plan is damaged: %w", err)
	}
	return fmt.Errorf("it is not a plan: %w", err)
}

// accountObjection says why a fresh plan is for another account than the saved
// one. Where both know a company's UID, that decides: an account may have several.
// Else its name does, and where one of them knows no name either, the API key has to
// be the same. A person may vouch for all but the UID.
func (saved Document) accountObjection(fresh Document) string {
	owner := fresh.Owner
	identified := saved.Company != nil && len(owner.Companies) > 0
	named := saved.CompanyName != "" && len(owner.Names) > 0
	switch {
	case identified && slices.Contains(owner.Companies, *saved.Company):
		return ""
	case identified:
		return fmt.Sprintf("the plan is for company %s, this account belongs to company %s", *saved.Company, owner.Company())
	case fresh.SameAccount, named && owner.named(saved.CompanyName):
		return ""
	case named:
		return fmt.Sprintf("the plan is for company %q, this account belongs to company %q; if it is the same account, say so with --same-account",
			saved.CompanyName, owner.CompanyName())
	case saved.Account == owner.Key:
		return ""
	}
	who := "this account names no company"
	if saved.Company == nil && saved.CompanyName == "" {
		who = "the account named no company then"
	}
	return "the plan was made with another API key, and " + who + " to tell by whether it is the same account; if it is, say so with --same-account"
}

// objection holds an action against the saved one; it is empty when the saved one
// covers it.
func objection(s, a Action) string {
	switch {
	case a.Kind == Blocked && s.Kind.Changes():
		return fmt.Sprintf("it was to be %s, and is blocked now: %s", doing(s.Kind), a.Reason.Text)
	case !a.Kind.Changes():
		return ""
	case a.Kind != s.Kind:
		return fmt.Sprintf("it would be %s now; in the plan it is %s", doing(a.Kind), s.Kind)
	}
	for _, text := range differences(s, a) {
		return text
	}
	return ""
}

// differences lists what the fresh action would do beyond the saved one.
func differences(s, a Action) []string {
	var out []string
	if a.Order != nil && (s.Order == nil || s.Order.Key() != a.Order.Key()) {
		out = append(out, "the order is another one than in the plan")
	}
	for _, c := range a.Changes {
		if !slices.ContainsFunc(s.Changes, func(have Change) bool { return have.Field == c.Field && have.To == c.To }) {
			out = append(out, fmt.Sprintf("%s would become %q, which is not in the plan", c.Field, c.To))
		}
	}
	for _, uid := range a.members() {
		if !slices.Contains(s.members(), uid) {
			out = append(out, fmt.Sprintf("service %s would be %s, which is not in the plan", uid, doing(a.Kind)))
		}
	}
	if a.Kind == Cancel && a.Charge.exceeds(s.Charge) {
		out = append(out, fmt.Sprintf("cancelling costs %s now; in the plan it is %s", a.Charge, s.Charge))
	}
	if a.Price != nil {
		out = append(out, dearer(s.Price, *a.Price)...)
	}
	return out
}

func dearer(was *Price, now Price) []string {
	switch {
	case was == nil:
		return []string{fmt.Sprintf("it costs %s %s monthly now; the plan has no price", now.Currency, now.Monthly)}
	case was.Currency != now.Currency:
		return []string{fmt.Sprintf("it is priced in %s now, in %s in the plan", now.Currency, was.Currency)}
	case now.Monthly.Cmp(was.Monthly) > 0:
		return []string{fmt.Sprintf("it costs %s %s monthly now, %s in the plan", now.Currency, now.Monthly, was.Monthly)}
	case now.OneTime.Cmp(was.OneTime) > 0:
		return []string{fmt.Sprintf("it costs %s %s once now, %s in the plan", now.Currency, now.OneTime, was.OneTime)}
	case now.Commitment.Cmp(was.Commitment) > 0:
		return []string{fmt.Sprintf("it commits to %s %s now, %s in the plan", now.Currency, now.Commitment, was.Commitment)}
	}
	return nil
}

func doing(k Kind) string {
	return map[Kind]string{Buy: "bought", Grow: "grown", Update: "updated", Cancel: "cancelled"}[k]
}
