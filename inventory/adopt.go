package inventory

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// Adoption says how an inventory is made of what an account holds.
type Adoption struct {
	// Name and Environment are the inventory's.
	Name, Environment string
	// Declare are the keys that entries declare besides those that say what is ordered:
	// some of DeclarableKeys.
	Declare []string
	// Takeover lets the inventory have what another one ordered.
	Takeover bool
	// Holdings is what becomes entries. Tags are declared where they were read.
	Holdings []plan.Holding
	// Catalog knows the locations.
	Catalog plan.Catalog
	// Judge is what a plan makes of an inventory.
	Judge func(plan.Desired) plan.Plan
}

// DeclarableKeys are the keys that an Adoption may declare.
func DeclarableKeys() []string {
	return []string{"costCentre", "locked", "marketplaceVisibility", "tags"}
}

// Adopted is an inventory made of what an account holds.
type Adopted struct {
	// Content is the inventory in the canonical style.
	Content []byte
	// Entries is how many entries it has.
	Entries int
	// Aside are the holdings that are under `unmanaged`, with the reason.
	Aside []Aside
}

// Aside is a holding that no entry can stand for.
type Aside struct {
	plan.Holding
	Reason string
}

// adopter makes an inventory, again and again until a plan finds nothing to do in it.
type adopter struct {
	Adoption
	aside  map[plan.ServiceUID]string // reasons, by primary
	short  map[plan.LocationID]string
	common common
	apart  bool              // nothing is common: a value that most have is none that a file can hold
	lines  []plan.ServiceUID // what each line of the text is made of
	text   strings.Builder
}

// common is what the defaults say.
type common struct {
	term       int
	costCentre *string
	visibility *bool
	tags       map[string]string
}

// Adopt makes an inventory in which a plan finds nothing to do. What would be blocked or
// changed, or cannot be an entry at all, is under `unmanaged` by UID.
func Adopt(a Adoption) (Adopted, error) {
	w := &adopter{Adoption: a, aside: map[plan.ServiceUID]string{}}
	w.setSharedAside()
	for range len(a.Holdings) + 2 { // each round sets something aside, or gives up what is common
		w.write()
		if settled, err := w.settle(); err != nil || settled {
			return w.result(), err
		}
	}
	return Adopted{}, errors.New("no inventory leaves the account as it is")
}

func (w *adopter) declares(key string) bool { return slices.Contains(w.Declare, key) }

// setSharedAside sets aside what no name tells apart.
func (w *adopter) setSharedAside() {
	named := map[string][]plan.Holding{}
	for _, h := range w.Holdings {
		for _, m := range h.Members {
			name := plan.FoldName(m.Name)
			if all := named[name]; len(all) == 0 || all[len(all)-1].Primary().UID != h.Primary().UID {
				named[name] = append(all, h)
			}
		}
	}
	for _, all := range named {
		if len(all) > 1 {
			for _, h := range all {
				w.aside[h.Primary().UID] = fmt.Sprintf("%d services have this name", len(all))
			}
		}
	}
}

// kept are the holdings that become entries.
func (w *adopter) kept() []plan.Holding {
	return slices.DeleteFunc(slices.Clone(w.Holdings), func(h plan.Holding) bool { return w.aside[h.Primary().UID] != "" })
}

// settle asks decoder and plan what is wrong with the text, and sets aside what is.
func (w *adopter) settle() (settled bool, err error) {
	inv, err := Parse(File{Name: "import", Content: []byte(w.text.String())})
	var problems Diagnostics
	if errors.As(err, &problems) {
		return false, w.setLinesAside(problems)
	}
	if err != nil {
		return false, err
	}
	before := len(w.aside)
	byName := map[string]plan.ServiceUID{}
	for _, h := range w.kept() {
		byName[plan.FoldName(h.Primary().Name)] = h.Primary().UID
	}
	for _, a := range w.Judge(inv.Desired()).Actions {
		if uid, ours := byName[plan.FoldName(a.Name)]; ours && !w.leavesAlone(a, uid) {
			w.aside[uid] = judged(a)
		}
	}
	return len(w.aside) == before, nil
}

// leavesAlone says that a plan does nothing to a service, but for the tag of an inventory
// that takes it over.
func (w *adopter) leavesAlone(a plan.Action, uid plan.ServiceUID) bool {
	return a.Kind == plan.Unchanged || w.Takeover && a.Kind == plan.Update && slices.ContainsFunc(w.Holdings, func(h plan.Holding) bool {
		return h.Primary().UID == uid && h.Inventory != "" && h.Inventory != w.Name
	})
}

// judged is why a plan would not leave a service as it is.
func judged(a plan.Action) string {
	if a.Kind == plan.Blocked || a.Kind == plan.Unknown {
		return a.Reason.Text
	}
	var fields []string
	for _, c := range a.Changes {
		fields = append(fields, c.Field)
	}
	return strings.TrimSuffix(fmt.Sprintf("an entry would %s it: %s", a.Kind, list(fields)), ": ")
}

// setLinesAside sets aside the entries in which the decoder finds problems.
func (w *adopter) setLinesAside(problems Diagnostics) error {
	before := len(w.aside)
	for _, d := range problems {
		if d.Severity == Error && d.Line >= 1 && d.Line <= len(w.lines) && w.lines[d.Line-1] != "" && w.aside[w.lines[d.Line-1]] == "" {
			w.aside[w.lines[d.Line-1]] = d.Message
		}
	}
	if len(w.aside) == before {
		if w.apart {
			return problems
		}
		w.apart = true
	}
	return nil
}

func (w *adopter) result() Adopted {
	content, err := Format(File{Name: "import", Content: []byte(w.text.String())})
	if err != nil {
		content = []byte(w.text.String())
	}
	out := Adopted{Content: content, Entries: len(w.kept())}
	for _, h := range w.Holdings {
		if why := w.aside[h.Primary().UID]; why != "" {
			out.Aside = append(out.Aside, Aside{h, why})
		}
	}
	return out
}

// write writes the inventory.
func (w *adopter) write() {
	w.text.Reset()
	w.lines = nil
	kept := w.kept()
	if w.common = (common{}); !w.apart {
		w.common = w.commonOf(kept)
	}
	w.short = shortNames(w.Catalog, kept)
	w.line("", "version: 1")
	w.line("", "name: "+plan.YAMLScalar(w.Name))
	if w.Environment != "" {
		w.line("", "environment: "+w.Environment)
	}
	if defaults := w.common.lines(); len(defaults) > 0 {
		w.line("", "")
		w.line("", "defaults:")
		for _, l := range defaults {
			w.line("", "  "+l)
		}
	}
	w.sites()
	w.line("", "")
	if len(kept) == 0 {
		w.line("", "ports: []")
	} else {
		w.line("", "ports:")
	}
	for _, h := range kept {
		w.line(h.Primary().UID, "  - {"+strings.Join(w.entry(h), ", ")+"}  # "+aboutHolding(h))
	}
	w.unmanaged()
}

func (w *adopter) line(of plan.ServiceUID, text string) {
	w.lines = append(w.lines, of)
	w.text.WriteString(text + "\n")
}

func (w *adopter) sites() {
	if len(w.short) == 0 {
		return
	}
	w.line("", "")
	w.line("", "sites:")
	ids := slices.SortedFunc(maps.Keys(w.short), func(a, b plan.LocationID) int { return cmp.Compare(w.short[a], w.short[b]) })
	for _, id := range ids {
		comment := ""
		if l, known := w.Catalog.ByID(id); known {
			comment = "  # " + oneLine(l.Name)
		}
		w.line("", fmt.Sprintf("  %s: {id: %d}%s", plan.YAMLScalar(w.short[id]), id, comment))
	}
}

func (w *adopter) unmanaged() {
	if len(w.aside) == 0 {
		return
	}
	w.line("", "")
	w.line("", "unmanaged:")
	for _, h := range w.Holdings {
		why := w.aside[h.Primary().UID]
		if why == "" {
			continue
		}
		for _, m := range h.Members {
			w.line("", "  - "+string(m.UID)+"  # "+oneLine(quoted(m.Name)+": "+why))
		}
	}
}

// entry is what an entry says, in the order of the language.
func (w *adopter) entry(h plan.Holding) []string {
	s := h.Primary()
	pairs := []string{"name: " + plan.YAMLScalar(s.Name), "site: " + plan.YAMLScalar(w.short[s.Location]), "speed: " + s.Speed.String()}
	if s.Zone != "" {
		pairs = append(pairs, "diversityZone: "+plan.YAMLScalar(string(s.Zone)))
	}
	if h.LAG {
		pairs = append(pairs, fmt.Sprintf("lag: %d", len(h.Members)))
	}
	if term := termOf(s); term != w.common.term {
		pairs = append(pairs, fmt.Sprintf("term: %d", term))
	}
	return append(pairs, w.declared(h)...)
}

// declared is what an entry declares besides what was ordered and what the defaults say.
func (w *adopter) declared(h plan.Holding) []string {
	s := h.Primary()
	var pairs []string
	if c := w.common.costCentre; w.declares("costCentre") && (c == nil || *c != s.CostCentre) {
		pairs = append(pairs, "costCentre: "+plan.YAMLScalar(s.CostCentre))
	}
	if c := w.common.visibility; w.declares("marketplaceVisibility") && (c == nil || *c != s.MarketplaceVisibility) {
		pairs = append(pairs, fmt.Sprintf("marketplaceVisibility: %t", s.MarketplaceVisibility))
	}
	if w.declares("locked") && s.Locked {
		pairs = append(pairs, "locked: true")
	}
	if w.declares("tags") {
		if tags := tagPairs(ownTags(h.Tags), w.common.tags); len(tags) > 0 {
			pairs = append(pairs, "tags: {"+strings.Join(tags, ", ")+"}")
		}
	}
	if w.Takeover && h.Inventory != "" && h.Inventory != w.Name {
		pairs = append(pairs, "takeover: true")
	}
	return pairs
}

// tagPairs are the tags that are not among others, by name.
func tagPairs(tags, others map[string]string) []string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		if value, has := others[name]; !has || value != tags[name] {
			pairs = append(pairs, plan.YAMLScalar(name)+": "+plan.YAMLScalar(tags[name]))
		}
	}
	return pairs
}

// ownTags are the tags that people gave: not those by which portctl knows its orders.
func ownTags(tags map[string]string) map[string]string {
	own := map[string]string{}
	for name, value := range tags {
		if folded := plan.FoldName(name); !strings.HasPrefix(folded, "portctl-") && folded != "managed-by" {
			own[name] = value
		}
	}
	return own
}

// aboutHolding is the comment at an entry.
func aboutHolding(h plan.Holding) string {
	text := string(h.Primary().UID)
	if end := h.Primary().ContractEnd; !end.IsZero() {
		text += ", contract until " + end.UTC().Format("2006-01-02")
	}
	return text
}

// oneLine is a text from elsewhere as a comment.
func oneLine(text string) string { return printable(strings.Join(strings.Fields(text), " ")) }

// termOf is a term that an entry can have and that signs nothing: the service's, or the
// next shorter one.
func termOf(s plan.Service) int {
	term := plan.Terms()[0]
	for _, t := range plan.Terms() {
		if t <= s.Term {
			term = t
		}
	}
	return term
}

// commonOf finds what most entries have in common. What an entry cannot take back must be
// common to all.
func (w *adopter) commonOf(kept []plan.Holding) common {
	terms, centres, visible := map[int]int{}, map[string]int{}, map[bool]int{}
	tags := map[string]string{}
	for i, h := range kept {
		s := h.Primary()
		terms[termOf(s)]++
		centres[s.CostCentre]++
		visible[s.MarketplaceVisibility]++
		own := ownTags(h.Tags)
		if i == 0 {
			maps.Copy(tags, own)
		}
		maps.DeleteFunc(tags, func(name, value string) bool { has, ok := own[name]; return !ok || has != value })
	}
	var c common
	if term, ok := most(terms, len(kept)); ok {
		c.term = term
	}
	if centre, ok := most(centres, len(kept)); ok && w.declares("costCentre") {
		c.costCentre = &centre
	}
	if v, ok := most(visible, len(kept)); ok && w.declares("marketplaceVisibility") {
		c.visibility = &v
	}
	if w.declares("tags") && len(kept) > 1 {
		c.tags = tags
	}
	return c
}

// most is the value that more than half have.
func most[T comparable](counts map[T]int, of int) (value T, ok bool) {
	for v, n := range counts {
		if 2*n > of {
			return v, true
		}
	}
	return value, false
}

func (c common) lines() []string {
	var lines []string
	if c.term > 0 {
		lines = append(lines, fmt.Sprintf("term: %d", c.term))
	}
	if c.costCentre != nil {
		lines = append(lines, "costCentre: "+plan.YAMLScalar(*c.costCentre))
	}
	if c.visibility != nil {
		lines = append(lines, fmt.Sprintf("marketplaceVisibility: %t", *c.visibility))
	}
	if len(c.tags) > 0 {
		lines = append(lines, "tags: {"+strings.Join(tagPairs(c.tags, nil), ", ")+"}")
	}
	return lines
}

// shortNames gives each location a short name of its own.
func shortNames(catalog plan.Catalog, kept []plan.Holding) map[plan.LocationID]string {
	ids := map[plan.LocationID]bool{}
	times := map[string]int{}
	for _, h := range kept {
		id := h.Primary().Location
		if l, known := catalog.ByID(id); known && !ids[id] {
			times[l.ShortName()]++
		}
		ids[id] = true
	}
	short, taken := map[plan.LocationID]string{}, map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		name := fmt.Sprintf("location-%d", id)
		if l, known := catalog.ByID(id); known {
			name = l.ShortName()
			if times[name] > 1 {
				name = l.FullShortName()
			}
		}
		if name == "" || taken[name] {
			name = fmt.Sprintf("location-%d", id)
		}
		taken[name] = true
		short[id] = name
	}
	return short
}
