package plan

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// MatchClass says how what somebody wrote fits a location. A lower one is better, and the
// zero value fits nothing.
type MatchClass int

// The classes, from the best.
const (
	MatchExact MatchClass = iota + 1 // its id, its name or a former one
	MatchCode                        // its code ("LD5"), and nothing that it is not ("EQX LD5")
	MatchWords                       // words of its name and place, or what such words begin with
	MatchGuess                       // similar words, and no other number
)

// String is the class in a word.
func (c MatchClass) String() string {
	switch c {
	case MatchExact:
		return "exact"
	case MatchCode:
		return "code"
	case MatchWords:
		return "words"
	case MatchGuess:
		return "guess"
	}
	return "none"
}

// Candidate is a location that what somebody wrote may mean.
type Candidate struct {
	Location Location
	Class    MatchClass
}

// formerNames are names that locations had. The API does not tell them, and an id never
// changes (API facts §2.5).
var formerNames = map[LocationID][]string{
	3:  {"Global Switch Sydney West"},
	58: {"Internap Seattle"},
	89: {"Digital Realty LHR20"},
}

// operators are the short names of operators of data centres that the trade uses.
var operators = map[string][]string{
	"equinix":        {"eqx", "eq"},
	"digital realty": {"dlr", "drt"},
	"interxion":      {"ixn", "itx"},
	"global switch":  {"gs"},
	"telehouse":      {"th"},
	"iron mountain":  {"irm"},
	"edgeconnex":     {"ecx"},
}

// terms are the words by which a location is found.
type terms struct {
	own    map[string]bool // of its name
	codes  map[string]bool // those of them that are letters and a number
	around map[string]bool // of its metro, market and country, and short for its operator
}

func termsOf(l Location) terms {
	t := terms{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	name := FoldSite(l.Name)
	for part := range strings.FieldsSeq(name) {
		t.addPart(siteWords(part))
	}
	words := siteWords(name)
	for i := range len(words) - 1 {
		if isLetters(words[i]) && isNumber(words[i+1]) { // "DEN-1"
			t.codes[words[i]+words[i+1]] = true
		}
	}
	for _, w := range siteWords(l.Metro + " " + l.Market + " " + l.Country) {
		t.around[w] = true
	}
	for operator, short := range operators {
		if strings.Contains(" "+strings.Join(words, " ")+" ", " "+operator+" ") {
			for _, w := range short {
				t.around[w] = true
			}
		}
	}
	return t
}

// addPart takes the words of what stands between spaces in a name.
func (t terms) addPart(words []string) {
	letters := ""
	for _, w := range words {
		t.own[w] = true
		switch before, number := splitNumber(w); {
		case before != "" && number != "" && isLetters(before):
			letters = before
			t.codes[w] = true
		case letters != "" && isNumber(w): // "PA2/3" is PA2 and PA3
			t.codes[letters+w] = true
		}
	}
}

// splitNumber takes the number off the end of a word.
func splitNumber(w string) (before, number string) {
	before = strings.TrimRightFunc(w, unicode.IsDigit)
	return before, w[len(before):]
}

// fit says how words fit a location when each of them must.
func (t terms) fit(words []string) MatchClass {
	class := MatchWords
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case i+1 < len(words) && isLetters(w) && isNumber(words[i+1]) && t.codes[w+words[i+1]]:
			class = MatchCode
			i++
		case t.codes[w]:
			class = MatchCode
		case t.own[w], t.around[w], t.beginsWith(w):
		default:
			return 0
		}
	}
	return class
}

// beginsWith says that a word of the location begins so. One with a number is written
// whole: LD5 is not LD52.
func (t terms) beginsWith(start string) bool {
	if utf8.RuneCountInString(start) < 3 || strings.ContainsFunc(start, unicode.IsDigit) {
		return false
	}
	for _, words := range []map[string]bool{t.own, t.around} {
		for w := range words {
			if strings.HasPrefix(w, start) {
				return true
			}
		}
	}
	return false
}

func isLetters(w string) bool { return !strings.ContainsFunc(w, unicode.IsDigit) }

func isNumber(w string) bool {
	return !strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsDigit(r) })
}

// hasNumbers says that the location has each number that is written, next to letters or
// alone: what differs in its number is another building, however similar the rest is.
func (t terms) hasNumbers(words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool {
		_, number := splitNumber(w)
		return number != "" && !t.hasNumber(number)
	})
}

// OtherBuilding says that what is written as a site has a number that the name of a site
// has not: LD8 is not LD5, and one is never suggested for the other.
func OtherBuilding(written, name string) bool {
	return !termsOf(Location{Name: name}).hasNumbers(siteWords(written))
}

func (t terms) hasNumber(number string) bool {
	for _, words := range []map[string]bool{t.codes, t.own} {
		for w := range words {
			if _, own := splitNumber(w); own != "" && strings.TrimLeft(own, "0") == strings.TrimLeft(number, "0") {
				return true
			}
		}
	}
	return false
}

// Search finds the locations that what somebody wrote may mean: an id, a name, a code,
// words in any order. The best come first; guesses only where nothing fits. [Catalog.Resolve]
// takes far less for an answer.
func (c Catalog) Search(query string) []Candidate {
	class := map[int]MatchClass{}
	for _, i := range c.exact(query) {
		class[i] = MatchExact
	}
	words := siteWords(query)
	for i := range c.locations {
		if fits := c.terms[i].fit(words); fits > 0 && class[i] == 0 && len(words) > 0 {
			class[i] = fits
		}
	}
	if len(class) == 0 {
		return c.guesses(words)
	}
	var found []Candidate
	for i, l := range c.locations { // by id
		if class[i] > 0 {
			found = append(found, Candidate{l, class[i]})
		}
	}
	slices.SortStableFunc(found, func(a, b Candidate) int { return cmp.Compare(a.Class, b.Class) })
	return found
}

// exact finds the locations of an id or a name, a present one before a former one.
func (c Catalog) exact(query string) []int {
	if id, err := strconv.Atoi(strings.TrimSpace(query)); err == nil {
		if i, known := c.byID[LocationID(id)]; known {
			return []int{i}
		}
	}
	return c.named(query)
}

// named finds the locations of a name, by the strictest rule that finds any.
func (c Catalog) named(name string) []int {
	folded := FoldSite(name)
	for _, found := range [][]int{c.byName[name], c.byFolded[folded], c.byFormer[folded]} {
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// coded finds the locations of a name that is a code and nothing else.
func (c Catalog) coded(words []string) []int {
	if len(words) == 0 || len(words) > 2 || len(words) == 2 && !(isLetters(words[0]) && isNumber(words[1])) {
		return nil
	}
	code := strings.Join(words, "")
	var found []int
	for i := range c.locations {
		if c.terms[i].codes[code] {
			found = append(found, i)
		}
	}
	return found
}

// guesses orders the locations by how many of the words they nearly have, in their own
// name or their metro, and returns the best few.
func (c Catalog) guesses(words []string) []Candidate {
	type scored struct {
		index int
		score float64
	}
	var all []scored
	for i, l := range c.locations {
		if !c.terms[i].hasNumbers(words) {
			continue
		}
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
	var near []Candidate
	for _, s := range all {
		if s.score >= 0.8*all[0].score { // a clear favourite needs no company
			near = append(near, Candidate{c.locations[s.index], MatchGuess})
		}
	}
	return near
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
