package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// Location is one Megaport location.
type Location struct {
	ID      LocationID
	Name    string
	Metro   string
	Market  string
	Country string
	// Address is the postal address on one line; empty when not published.
	Address string
	// Status is "Active" for a location that takes orders (API facts §2.1).
	Status string
	// Zones lists, per diversity zone, the port speeds on offer in Mbps. It is
	// empty where the API does not tell zones apart.
	Zones map[Zone][]Speed
	// Speeds lists the port speeds on offer in any zone, in Mbps.
	Speeds []Speed
}

// LocationActive is the one status in which a location takes orders. Speeds
// listed by a location of another status mean nothing (API facts §2.1).
const LocationActive = "Active"

// Offers says whether ports of that speed are sold in the zone; an empty zone
// stands for any. Where zones are not told apart, the validation of the order
// has the last word on them.
func (l Location) Offers(s Speed, z Zone) bool {
	if z == "" || len(l.Zones) == 0 {
		return slices.Contains(l.Speeds, s)
	}
	return slices.Contains(l.Zones[z], s)
}

// ZoneNames lists the diversity zones, red before blue as people say it.
func (l Location) ZoneNames() []Zone {
	var zones []Zone
	for z := range l.Zones {
		zones = append(zones, z)
	}
	slices.SortFunc(zones, func(a, b Zone) int { return cmp.Compare(b, a) })
	return zones
}

// Offer describes the speeds per zone: "red 1G 10G, blue 10G".
func (l Location) Offer() string {
	var zones []string
	for _, z := range l.ZoneNames() {
		zones = append(zones, string(z)+" "+speedList(l.Zones[z]))
	}
	if len(zones) > 0 {
		return strings.Join(zones, ", ")
	}
	if len(l.Speeds) == 0 {
		return "no ports"
	}
	return speedList(l.Speeds)
}

func speedList(speeds []Speed) string {
	var words []string
	for _, s := range slices.Sorted(slices.Values(speeds)) {
		words = append(words, s.String())
	}
	return strings.Join(words, " ")
}

// String names the location so that it can be told from any other.
func (l Location) String() string {
	return fmt.Sprintf("%s (id %d, %s, %s)", l.Name, l.ID, l.Metro, l.Market)
}

// Catalog is the set of locations, made for looking sites up.
type Catalog struct {
	locations []Location // by id
	byID      map[LocationID]int
	byName    map[string][]int
	byFolded  map[string][]int
	words     []map[string]bool // of each location's name
}

// NewCatalog indexes locations. Their order carries no meaning.
func NewCatalog(locations []Location) Catalog {
	c := Catalog{
		locations: slices.SortedFunc(slices.Values(locations), func(a, b Location) int { return cmp.Compare(a.ID, b.ID) }),
		byID:      map[LocationID]int{},
		byName:    map[string][]int{},
		byFolded:  map[string][]int{},
	}
	for i, l := range c.locations {
		c.byID[l.ID] = i
		c.byName[l.Name] = append(c.byName[l.Name], i)
		c.byFolded[FoldSite(l.Name)] = append(c.byFolded[FoldSite(l.Name)], i)
		set := map[string]bool{}
		for _, w := range siteWords(l.Name) {
			set[w] = true
		}
		c.words = append(c.words, set)
	}
	return c
}

// Locations lists all locations by id.
func (c Catalog) Locations() []Location { return slices.Clone(c.locations) }

// ByID finds a location.
func (c Catalog) ByID(id LocationID) (Location, bool) {
	i, ok := c.byID[id]
	if !ok {
		return Location{}, false
	}
	return c.locations[i], true
}

// Match is a site that was found.
type Match struct {
	Location Location
	// Inexact says that the name was not the location's own, only enough of its
	// words: worth a look by whoever reviews the plan.
	Inexact bool
}

// SiteError says why a site is no single location.
type SiteError struct {
	Site Site
	// Candidates are the locations it could mean, best first. With Ambiguous
	// they all fit; otherwise they are the nearest by name.
	Candidates []Location
	Ambiguous  bool
	// Fitting is how many locations fit an ambiguous site; more than Candidates
	// when there are many.
	Fitting int
}

func (e *SiteError) Error() string {
	switch {
	case e.Ambiguous:
		return fmt.Sprintf("site %q is ambiguous: %d locations match", e.Site.Name, e.Fitting)
	case e.Site.ID != 0:
		return fmt.Sprintf("there is no location with id %d", e.Site.ID)
	default:
		return fmt.Sprintf("there is no location %q", e.Site.Name)
	}
}

// suggestion lists the candidates, each with what is needed to choose. When that
// is not all there is, a command lists the others.
func (e *SiteError) suggestion() (string, *WayOut) {
	if len(e.Candidates) == 0 {
		return "", &WayOut{Kind: WayListSites}
	}
	var lines []string
	for _, l := range e.Candidates {
		lines = append(lines, fmt.Sprintf("%s: %s", l, l.Offer()))
	}
	lead := "did you mean"
	if e.Ambiguous {
		lead = "write the whole name or {id: N} of one of"
	}
	text := lead + "\n  " + strings.Join(lines, "\n  ")
	if more := e.Fitting - len(e.Candidates); more > 0 {
		return text, &WayOut{Kind: WayListSites, More: more}
	}
	return text, nil
}

// maxCandidates keeps an error message readable.
const maxCandidates = 5

// Resolve finds the location of a site: by id, exact name, name without regard
// to case and accents, and last by a unique match of all its words. The error
// is a *SiteError.
func (c Catalog) Resolve(s Site) (Match, error) {
	if s.ID != 0 {
		l, ok := c.ByID(s.ID)
		if !ok {
			return Match{}, &SiteError{Site: s}
		}
		return Match{Location: l}, nil
	}
	found, inexact := c.find(s.Name)
	switch len(found) {
	case 0:
		return Match{}, &SiteError{Site: s, Candidates: c.nearest(s.Name)}
	case 1:
		return Match{c.locations[found[0]], inexact}, nil
	default:
		return Match{}, &SiteError{Site: s, Candidates: c.pick(found), Ambiguous: true, Fitting: len(found)}
	}
}

// find returns the indices of what a name fits, by the strictest rule that
// finds anything.
func (c Catalog) find(name string) (found []int, inexact bool) {
	if found := c.byName[name]; len(found) > 0 {
		return found, false
	}
	if found := c.byFolded[FoldSite(name)]; len(found) > 0 {
		return found, false
	}
	return c.withWords(siteWords(name)), true
}

func (c Catalog) withWords(words []string) []int {
	if len(words) == 0 {
		return nil
	}
	var found []int
	for i := range c.locations {
		if !slices.ContainsFunc(words, func(w string) bool { return !c.words[i][w] }) {
			found = append(found, i)
		}
	}
	return found
}

func (c Catalog) pick(indices []int) []Location {
	var out []Location
	for _, i := range indices[:min(len(indices), maxCandidates)] {
		out = append(out, c.locations[i])
	}
	return out
}

// nearest orders the locations by how many of the name's words they nearly
// have, in their own name or their metro, and returns the best few.
func (c Catalog) nearest(name string) []Location {
	type scored struct {
		index int
		score float64
	}
	words := siteWords(name)
	var all []scored
	for i, l := range c.locations {
		have := siteWords(l.Name + " " + l.Metro)
		score := 0.0
		for _, w := range words {
			best := 0.0
			for _, h := range have {
				best = max(best, similarity(w, h))
			}
			score += best
		}
		if len(words) > 0 && score/float64(len(words)) >= 0.4 {
			all = append(all, scored{i, score})
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var indices []int
	for _, s := range all {
		if s.score >= 0.8*all[0].score { // a clear favourite needs no company
			indices = append(indices, s.index)
		}
	}
	return c.pick(indices)
}

// similarity is the share of common letter pairs, between 0 and 1.
func similarity(a, b string) float64 {
	if a == b {
		return 1
	}
	pairs := map[string]int{}
	for i := 0; i+1 < len(a); i++ {
		pairs[a[i:i+2]]++
	}
	common := 0
	for i := 0; i+1 < len(b); i++ {
		if pairs[b[i:i+2]] > 0 {
			pairs[b[i:i+2]]--
			common++
		}
	}
	return 2 * float64(common) / float64(max(1, len(a)-1+len(b)-1))
}

// FoldSite is the form in which names of locations are compared: without accents,
// case-folded, with single spaces.
func FoldSite(name string) string {
	strip := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	plain, _, err := transform.String(strip, name)
	if err != nil {
		plain = name
	}
	return strings.Join(strings.Fields(FoldName(plain)), " ")
}

func siteWords(name string) []string {
	return strings.FieldsFunc(FoldSite(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}
