package plan

import (
	"fmt"
	"slices"
	"strings"
)

// untypedReason holds back an entry whose service may be there: a port that is
// overlooked would be bought again, and one to be cancelled taken for gone.
func (b *builder) untypedReason(p Port) *Reason {
	u, found := b.untyped.MayBe(p.UID, p.Name, p.Formerly)
	if !found {
		return nil
	}
	return &Reason{
		Code: ReasonTypeUnknown, Source: p.Source,
		Text: fmt.Sprintf("the account lists a product %q (UID %q) and does not show whether it is a port", u.Name, u.UID),
		Hint: "look it up in the Megaport portal: if it is another product, give it or the entry another name; if it is the port, try again later",
	}
}

// UntypedIndex finds a product without a type by what an entry may know it by.
type UntypedIndex struct {
	all    []Untyped
	byUID  map[ServiceUID]int
	byName map[string]int // folded
}

// IndexUntyped indexes products in the order of a listing.
func IndexUntyped(all []Untyped) UntypedIndex {
	x := UntypedIndex{all, map[ServiceUID]int{}, map[string]int{}}
	for i, u := range slices.Backward(all) { // so that the first of several stays
		if u.UID != "" {
			x.byUID[u.UID] = i
		}
		if u.Name != "" {
			x.byName[FoldName(u.Name)] = i
		}
	}
	return x
}

// MayBe is the first that may be the service of an entry: by its name, or by its UID
// where that is known.
func (x UntypedIndex) MayBe(uid ServiceUID, names ...string) (Untyped, bool) {
	first := len(x.all)
	if i, found := x.byUID[uid]; found {
		first = i
	}
	for _, name := range names {
		if i, found := x.byName[FoldName(name)]; found {
			first = min(first, i)
		}
	}
	if first == len(x.all) {
		return Untyped{}, false
	}
	return x.all[first], true
}

// untypedShown is how many products a note names.
const untypedShown = 5

// untypedNote tells of the products that were passed over.
func (b *builder) untypedNote() {
	all := b.observed.Untyped
	if len(all) == 0 {
		return
	}
	var shown []string
	for _, u := range all[:min(len(all), untypedShown)] {
		shown = append(shown, fmt.Sprintf("%q (UID %q)", u.Name, u.UID))
	}
	if more := len(all) - len(shown); more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	b.warnings = append(b.warnings, Warning{
		Text: "the account lists products without showing whether they are ports; they are passed over, and nothing is bought under their names: " + strings.Join(shown, ", "), Source: Source{File: "account"},
	})
}
