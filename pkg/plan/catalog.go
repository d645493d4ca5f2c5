package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	// Latitude and Longitude are in degrees, north and east positive; both 0 when they
	// are not published.
	Latitude, Longitude float64
	// CrossConnect says that Megaport orders cross connects there on request (API facts
	// §2.1, productAddOns).
	CrossConnect bool
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

// where is all that tells the location from others of a like name.
func (l Location) where() string {
	text := l.Name
	for _, part := range []string{l.Address, l.Metro, l.Market} {
		if part != "" && !slices.Contains(strings.Split(text, ", "), part) {
			text += ", " + part
		}
	}
	return text
}

// Catalog is the set of locations, made for looking sites up.
type Catalog struct {
	locations []Location // by id
	byID      map[LocationID]int
	byName    map[string][]int
	byFolded  map[string][]int
	byFormer  map[string][]int
	terms     []terms // of each location
}

// NewCatalog indexes locations. Their order carries no meaning.
func NewCatalog(locations []Location) Catalog {
	c := Catalog{
		locations: slices.SortedFunc(slices.Values(locations), func(a, b Location) int { return cmp.Compare(a.ID, b.ID) }),
		byID:      map[LocationID]int{},
		byName:    map[string][]int{},
		byFolded:  map[string][]int{},
		byFormer:  map[string][]int{},
	}
	for i, l := range c.locations {
		c.byID[l.ID] = i
		c.byName[l.Name] = append(c.byName[l.Name], i)
		c.byFolded[FoldSite(l.Name)] = append(c.byFolded[FoldSite(l.Name)], i)
		for _, former := range formerNames[l.ID] {
			c.byFormer[FoldSite(former)] = append(c.byFormer[FoldSite(former)], i)
		}
		c.terms = append(c.terms, termsOf(l))
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
	// Guessed says that it was found by the words of the name alone, not by a name that it
	// has or had, and not by its code.
	Guessed bool
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

// Suggestion lists the candidates, each as the line to paste and what is needed to
// choose. When that is not all there is, a command lists the others.
func (e *SiteError) Suggestion() (string, *WayOut) {
	if len(e.Candidates) == 0 {
		return "", &WayOut{Kind: WayListSites}
	}
	lead := "did you mean"
	if e.Ambiguous {
		lead = "write one of"
	}
	var text strings.Builder
	text.WriteString(lead)
	for _, l := range e.Candidates {
		fmt.Fprintf(&text, "\n  site: {id: %d} # %s: %s", l.ID, l.where(), l.Offer())
	}
	if more := e.Fitting - len(e.Candidates); more > 0 {
		return text.String(), &WayOut{Kind: WayListSites, More: more}
	}
	return text.String(), nil
}

// maxCandidates keeps an error message readable.
const maxCandidates = 5

// Resolve finds the location of a site, for money: by id, by its name, without regard
// to case and accents, by a former name, by its code alone, and last by a unique match of
// all words with words of the location's name. What [Catalog.Search] finds besides
// is a candidate that a person must choose. The error is a *SiteError.
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
		return Match{}, &SiteError{Site: s, Candidates: c.candidates(s.Name)}
	case 1:
		return Match{c.locations[found[0]], inexact, inexact && len(c.named(s.Name))+len(c.coded(siteWords(s.Name))) == 0}, nil
	default:
		return Match{}, &SiteError{Site: s, Candidates: c.pick(found), Ambiguous: true, Fitting: len(found)}
	}
}

// ResolveAll resolves sites, and gives the locations of those that are found by their
// names.
func (c Catalog) ResolveAll(sites []Site) (found map[string]Location, unresolved []*SiteError) {
	found = map[string]Location{}
	for _, s := range sites {
		match, err := c.Resolve(s)
		var why *SiteError
		if errors.As(err, &why) {
			unresolved = append(unresolved, why)
		} else {
			found[s.Name] = match.Location
		}
	}
	return found, unresolved
}

// find returns the indices of what a name fits, by the strictest rule that
// finds anything.
func (c Catalog) find(name string) (found []int, inexact bool) {
	if found := c.named(name); len(found) > 0 {
		return found, !slices.Contains(c.byFolded[FoldSite(name)], found[0])
	}
	words := siteWords(name)
	if found := c.coded(words); len(found) > 0 {
		return found, true
	}
	return c.withWords(words), true
}

func (c Catalog) withWords(words []string) []int {
	if len(words) == 0 {
		return nil
	}
	var found []int
	for i := range c.locations {
		if !slices.ContainsFunc(words, func(w string) bool { return !c.terms[i].own[w] }) {
			found = append(found, i)
		}
	}
	return found
}

// candidates are the best of what a name may mean that is the name of no location.
func (c Catalog) candidates(name string) []Location {
	var out []Location
	for _, found := range c.Search(name) {
		if out = append(out, found.Location); len(out) == maxCandidates {
			break
		}
	}
	return out
}

func (c Catalog) pick(indices []int) []Location {
	var out []Location
	for _, i := range indices[:min(len(indices), maxCandidates)] {
		out = append(out, c.locations[i])
	}
	return out
}
