package plan_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portctl/portctl/pkg/plan"
)

func TestFoldNames(t *testing.T) {
	for _, tt := range []struct {
		names []string
		want  string
	}{
		{[]string{"a"}, "a"},
		{[]string{"e-2", "e-1"}, "e-1, e-2"},
		{[]string{"e-10", "e-2", "e-3", "e-1", "e-4", "e-5", "e-6", "e-7", "e-8", "e-9"}, "e-{1..10}"},
		{[]string{"e-01", "e-02", "e-03", "x", "e-05"}, "e-{01..03}, e-05, x"},
		{[]string{"e-1", "e-3", "e-5", "e-7", "e-8"}, "e-{1..7..2}, e-8"},
		{[]string{"e-8", "e-9", "e-10", "e-011"}, "e-{8..10}, e-011"},
		{[]string{"r-ld5-1-a", "r-ld5-2-a", "r-ld5-3-a"}, "r-ld5-{1..3}-a"},
		{[]string{"1-x", "2-x", "3-x"}, "{1..3}-x"},
		{[]string{"a, b", "e-{1..3}", " x"}, `"a, b", "e-{1..3}", " x"`},
		{nil, ""},
	} {
		if diff := cmp.Diff(tt.want, plan.FoldNames(tt.names)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", tt.names, diff)
		}
	}
}

// Whatever the names are, each can be read from the folded text, and no other.
func TestFoldedNamesCanBeRead(t *testing.T) {
	part := rapid.OneOf(rapid.SampledFrom([]string{"edge-", "a", "x-1-", "{1..3}", "", "é", "0", "10"}), rapid.StringMatching(`[a-c0-9{}.,"\\ -]{0,4}`))
	rapid.Check(t, func(rt *rapid.T) {
		var names []string
		for range rapid.IntRange(0, 4).Draw(rt, "groups") {
			before, after := part.Draw(rt, "before"), part.Draw(rt, "after")
			from, width := rapid.IntRange(0, 12).Draw(rt, "from"), rapid.IntRange(1, 3).Draw(rt, "width")
			step := rapid.IntRange(1, 3).Draw(rt, "step")
			for n := range rapid.IntRange(1, 6).Draw(rt, "numbers") {
				names = append(names, fmt.Sprintf("%s%0*d%s", before, width, from+n*step, after))
			}
		}
		slices.Sort(names)
		names = slices.Compact(names)
		text := plan.FoldNames(names)
		got := readNames(rt, text)
		slices.Sort(got)
		if !slices.Equal(names, got) {
			rt.Errorf("%q reads as %q, of %q", text, got, names)
		}
	})
}

// readNames reads a folded text the way a person does: commas part the names, quotes hold
// one together, and braces stand for every number between two.
func readNames(t *rapid.T, text string) []string {
	var names []string
	for text != "" {
		if quoted, err := strconv.QuotedPrefix(text); err == nil && strings.HasPrefix(text, `"`) {
			name, _ := strconv.Unquote(quoted)
			names = append(names, name)
			text = strings.TrimPrefix(text[len(quoted):], ", ")
			continue
		}
		item, rest, _ := strings.Cut(text, ", ")
		text = rest
		before, braces, run := strings.Cut(item, "{")
		if !run {
			names = append(names, item)
			continue
		}
		numbers, after, _ := strings.Cut(braces, "}")
		first, last, _ := strings.Cut(numbers, "..")
		last, every, _ := strings.Cut(last, "..")
		step := 1
		if every != "" {
			step, _ = strconv.Atoi(every)
		}
		from, err := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err != nil || err2 != nil {
			t.Fatalf("%q is no run", item)
		}
		width := 0
		if strings.HasPrefix(first, "0") {
			width = len(first)
		}
		for n := from; n <= to; n += step {
			names = append(names, fmt.Sprintf("%s%0*d%s", before, width, n, after))
		}
	}
	return names
}
