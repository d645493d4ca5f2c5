package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portctl/portctl/inventory/spreadsheet"
	"github.com/portctl/portctl/pkg/plan"
)

// questionKinds are the keys of a port whose cells a person may have to explain, and what
// the keys of answers for them begin with.
var questionKinds = map[string]string{"site": "site", "diversityZone": "zone", "speed": "speed", "term": "term"}

// given is the answer for something that is written; empty for none.
func (t *sheet) given(key string) string { return t.options.Answers[key] }

// defaulted are the keys for which an answer gives a default, in order.
func (t *sheet) defaulted() []string {
	var keys []string
	for key := range t.options.Answers {
		if name, ok := strings.CutPrefix(key, "default:"); ok {
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}

// value is what a cell means, as YAML, with what is known of its meaning; false when it is
// empty.
func (t *sheet) value(c column, text string) (string, bool) {
	kind := questionKinds[c.key]
	if kind == "" {
		return c.value(text)
	}
	if answer := t.given(kind + ":" + text); answer != "" && kind != "site" {
		text = answer
	}
	return c.value(usual(kind, text))
}

// lineSpeed is how people write the speed of an interface.
var lineSpeed = regexp.MustCompile(`(?i)^([0-9]+)\s*(?:g|gb|ge|gbe|gig|gige|gbit|gbits|gbit/s|gbps|gbase)(?:[-/ ]?(?:[lsez]r4?|[lsez]x|base-?[lsez]r4?|ethernet))?$`)

// roundNumber is a whole number with decimals, as spreadsheets write it.
var roundNumber = regexp.MustCompile(`^([0-9]+)[.,]0+$`)

// usual writes what is usual in spreadsheets as the language has it.
func usual(kind, text string) string {
	if m := roundNumber.FindStringSubmatch(text); m != nil && kind != "site" {
		return m[1]
	}
	if m := lineSpeed.FindStringSubmatch(text); m != nil && kind == "speed" {
		return m[1] + "G"
	}
	return text
}

// answer finds out what sites, zones, speeds and terms mean, and what only a person knows.
func (t *sheet) answer() {
	t.sites = map[string]plan.Location{}
	for _, c := range t.use {
		kind := questionKinds[c.key]
		if kind == "" {
			continue
		}
		for _, row := range t.rows {
			text := row[c.index].Text
			if value, ok := t.value(c, text); ok {
				t.meaning(c, kind, value, row[c.index])
			}
		}
	}
}

// meaning notes what a cell means, or asks.
func (t *sheet) meaning(c column, kind, value string, at spreadsheet.Cell) {
	text := at.Text
	var proposals []Proposal
	switch kind {
	case "site":
		known, like := t.site(text)
		if known {
			return
		}
		proposals = like
	case "zone":
		if value == string(plan.Red) || value == string(plan.Blue) {
			return
		}
		proposals = []Proposal{{string(plan.Red), "red"}, {string(plan.Blue), "blue"}}
	case "speed":
		if _, err := ParseSpeed(value); err == nil {
			return
		}
	case "term":
		if n, err := strconv.Atoi(value); err == nil && slices.Contains(plan.Terms(), n) {
			return
		}
	}
	key := kind + ":" + text
	q := t.asked[key]
	if q == nil {
		q = &Question{Key: key, Text: text, Line: at.Line, Proposals: proposals}
		t.asked[key] = q
		t.questions = append(t.questions, q)
	}
	q.Rows++
	t.askedAt[[2]int{at.Line, at.Column}] = true
}

// site finds the location of what is written: by an answer, or by an id, a name or a code
// of exactly one location. Anything else is a question.
func (t *sheet) site(text string) (known bool, like []Proposal) {
	if t.options.Catalog == nil || digits.MatchString(text) {
		return true, nil
	}
	if _, done := t.sites[text]; done {
		return true, nil
	}
	if answer := t.given("site:" + text); answer != "" {
		id, err := strconv.Atoi(answer)
		if l, found := t.options.Catalog.ByID(plan.LocationID(id)); err == nil && found {
			t.sites[text] = l
			return true, nil
		}
	}
	if match, err := t.options.Catalog.Resolve(plan.Site{Name: text, Written: text}); err == nil && !match.Guessed {
		t.sites[text] = match.Location
		return true, nil
	}
	for _, x := range t.options.Catalog.Search(text) {
		like = append(like, Proposal{strconv.Itoa(int(x.Location.ID)), x.Location.String()})
	}
	return false, like
}

// inOrder are the questions, the most rows first.
func (t *sheet) inOrder() []Question {
	out := make([]Question, len(t.questions))
	for i, q := range t.questions {
		out[i] = *q
	}
	slices.SortStableFunc(out, func(a, b Question) int { return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Line, b.Line)) })
	return out
}

// writeSites writes what is written for sites as short names with ids.
func (t *sheet) writeSites() {
	if len(t.sites) == 0 {
		return
	}
	t.write("sites:", cell{})
	for _, text := range slices.SortedFunc(maps.Keys(t.sites), plan.CompareNames) {
		l := t.sites[text]
		comment := ""
		if about := commentOf(l, text); about != "" {
			comment = "  # " + about
		}
		t.write(fmt.Sprintf("  %s: {id: %d}%s", plan.YAMLScalar(text), l.ID, comment), cell{})
	}
	t.write("", cell{})
}
