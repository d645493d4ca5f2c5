package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/portctl/portctl/pkg/plan"
)

// updates draws the services that are changed, field by field.
func (o Options) updates(b *strings.Builder, actions []plan.Action) {
	if len(actions) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", o.paint(yellow, "~ Update "+entries(actions)))
	for _, a := range actions {
		fmt.Fprintf(b, "  %s (%s)\n", o.paint(bold, Clean(a.Name)), serviceName(a.Service))
		b.WriteString(o.changes(a.Changes))
		if a.Price != nil {
			fmt.Fprintf(b, "    %s\n", signs(a.Price))
		}
	}
}

// serviceName is the UID of what an action changes, and how many it stands for.
func serviceName(s *plan.ServiceRef) string {
	if s == nil {
		return "-"
	}
	if n := lagOf(s); n > 0 {
		return fmt.Sprintf("%s, LAG of %d", Clean(string(s.UID)), n)
	}
	return Clean(string(s.UID))
}

// changes draws one line for each changed field; those of single members of a LAG
// come last, under the member.
func (o Options) changes(all []plan.Change) string {
	width := 0
	for _, c := range all {
		width = max(width, text.StringWidthWithoutEscSequences(Clean(c.Field)))
	}
	var b strings.Builder
	member := plan.ServiceUID("")
	for _, c := range byMember(all) {
		if c.UID != member {
			member = c.UID
			fmt.Fprintf(&b, "    member %s\n", Clean(string(member)))
		}
		indent := "    " + text.Pad(Clean(c.Field), width, ' ') + "  "
		fmt.Fprintf(&b, "%s%s\n", indent, o.change(c, o.Width-width-6))
	}
	return b.String()
}

// byMember puts changes of all members before those of single ones.
func byMember(all []plan.Change) []plan.Change {
	return slices.SortedStableFunc(slices.Values(all), func(a, b plan.Change) int { return cmp.Compare(a.UID, b.UID) })
}

// change draws old and new side by side, with the words that differ in colour.
// When that is too wide for the room, both are shown in one text with the words
// that differ marked as Git's word diff does.
func (o Options) change(c plan.Change, room int) string {
	from, to := value(c.Field, c.From), value(c.Field, c.To)
	diffs := wordDiff(from, to)
	plain := from + " -> " + to
	if o.Width > 0 && text.StringWidthWithoutEscSequences(plain) > room && common(diffs) {
		return o.marked(diffs)
	}
	if !o.Color {
		return plain
	}
	return o.side(diffs, diffmatchpatch.DiffDelete, red) + " -> " + o.side(diffs, diffmatchpatch.DiffInsert, green)
}

// value writes one value of a field so that it can be told from the words
// around it.
func value(field, v string) string {
	v = Clean(v)
	switch {
	case v == "":
		return "(none)"
	case field == "term":
		return v + " mo"
	case strings.ContainsAny(v, " ()\""):
		return `"` + strings.ReplaceAll(v, `"`, `\"`) + `"`
	}
	return v
}

// common says that two texts share more than a few signs.
func common(diffs []diffmatchpatch.Diff) bool {
	n := 0
	for _, d := range diffs {
		if d.Type == diffmatchpatch.DiffEqual {
			n += len(d.Text)
		}
	}
	return n > 8
}

// side is the old or the new text, with what only it has in colour.
func (o Options) side(diffs []diffmatchpatch.Diff, own diffmatchpatch.Operation, code string) string {
	var b strings.Builder
	for _, d := range diffs {
		switch d.Type {
		case own:
			b.WriteString(o.paint(code, d.Text))
		case diffmatchpatch.DiffEqual:
			b.WriteString(d.Text)
		}
	}
	return b.String()
}

// marked is both texts in one.
func (o Options) marked(diffs []diffmatchpatch.Diff) string {
	var b strings.Builder
	for _, d := range diffs {
		switch d.Type {
		case diffmatchpatch.DiffDelete:
			b.WriteString(o.paint(red, "[-"+d.Text+"-]"))
		case diffmatchpatch.DiffInsert:
			b.WriteString(o.paint(green, "{+"+d.Text+"+}"))
		default:
			b.WriteString(d.Text)
		}
	}
	return b.String()
}

// maxWordDiff is the length in bytes up to which texts are compared word by word:
// comparing takes time that grows with the square.
const maxWordDiff = 10_000

// wordDiff compares two texts word by word: each distinct word becomes one rune,
// runes are compared, and runes become words again.
func wordDiff(from, to string) []diffmatchpatch.Diff {
	if len(from)+len(to) > maxWordDiff {
		return []diffmatchpatch.Diff{{Type: diffmatchpatch.DiffDelete, Text: from}, {Type: diffmatchpatch.DiffInsert, Text: to}}
	}
	v := vocabulary{runes: map[string]rune{}, words: map[rune]string{}}
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // no clock: the same texts give the same diff
	diffs := dmp.DiffMainRunes(v.encode(from), v.encode(to), false)
	for i, d := range diffs {
		diffs[i].Text = v.decode(d.Text)
	}
	return diffs
}

// vocabulary gives each word a rune of its own.
type vocabulary struct {
	runes map[string]rune
	words map[rune]string
}

// firstWord is the rune of the first word: from here on there are more runes for
// private use than texts of maxWordDiff have words.
const firstWord = 0xF0000

func (v vocabulary) encode(s string) []rune {
	var out []rune
	for _, word := range words(s) {
		r, known := v.runes[word]
		if !known {
			r = firstWord + rune(len(v.runes))
			v.runes[word], v.words[r] = r, word
		}
		out = append(out, r)
	}
	return out
}

func (v vocabulary) decode(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(v.words[r])
	}
	return b.String()
}

// words splits a text into runs of letters and digits, and everything between
// them sign by sign.
func words(s string) []string {
	var out []string
	inWord := false
	for _, r := range s {
		isWord := unicode.IsLetter(r) || unicode.IsDigit(r)
		if isWord && inWord {
			out[len(out)-1] += string(r)
		} else {
			out = append(out, string(r))
		}
		inWord = isWord
	}
	return out
}
