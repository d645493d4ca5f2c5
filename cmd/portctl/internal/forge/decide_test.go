package forge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func textOf(m Marker, lasting string, silent bool) Text {
	return NewText(m, "title", "body of "+lasting, lasting, silent)
}

func postOf(id int64, t Text) Posted { return Posted{ID: id, Body: t.Whole(), Trusted: true} }

// The comment on a pull request, in all the ways in which jobs come and go.
func TestDecideComment(t *testing.T) {
	first := Marker{Inventory: "net", Environment: "production", Files: []string{"net.yaml"}, Head: "c1", Run: 7, Attempt: 1}
	with := func(change func(*Marker)) Marker { m := first; change(&m); return m }
	second := with(func(m *Marker) { m.Head, m.Run = "c2", 8 })
	failed := with(func(m *Marker) { m.Inventory, m.Environment = "", "" })
	stands := []Posted{{ID: 1, Body: "looks good", Trusted: true}, postOf(2, textOf(first, "a plan", false))}
	for name, c := range map[string]struct {
		text   Text
		head   string
		posted []Posted
		want   Step
		id     int64
		why    string
	}{
		"the first":                        {textOf(first, "a plan", false), "c1", stands[:1], Create, 0, ""},
		"pushed again":                     {textOf(second, "another plan", false), "c2", stands, Update, 2, ""},
		"pushed again, the same plan":      {textOf(second, "a plan", false), "c2", stands, Update, 2, ""},
		"the same plan of the same commit": {textOf(with(func(m *Marker) { m.Run = 9 }), "a plan", false), "c1", stands, Leave, 2, "the comment says the same already"},
		"an old job again":                 {textOf(with(func(m *Marker) { m.Attempt = 2 }), "a plan", false), "c2", stands, Leave, 0, "the plan is for commit c1, and the pull request is at c2"},
		"a job overtaken":                  {textOf(with(func(m *Marker) { m.Run = 6 }), "another plan", false), "c1", stands, Leave, 2, "a later run has commented on this commit"},
		"a job repeated":                   {textOf(with(func(m *Marker) { m.Attempt = 2 }), "another plan", false), "c1", stands, Update, 2, ""},
		"nothing to change, none before":   {textOf(first, "no changes", true), "c1", stands[:1], Leave, 0, "nothing would change, and there is no comment"},
		"nothing to change any more":       {textOf(second, "no changes", true), "c2", stands, Update, 2, ""},
		"failed, none before":              {textOf(failed, "failed", false), "c1", nil, Create, 0, ""},
		"failed after a plan":              {textOf(failed, "failed", false), "c1", stands, Update, 2, ""},
		"failed, of other files":           {textOf(with(func(m *Marker) { m.Inventory, m.Files = "", []string{"lab.yaml"} }), "failed", false), "c1", stands, Create, 0, ""},
		"another inventory":                {textOf(with(func(m *Marker) { m.Inventory = "lab" }), "a plan", false), "c1", stands, Create, 0, ""},
		"another environment":              {textOf(with(func(m *Marker) { m.Environment = "staging" }), "a plan", false), "c1", stands, Create, 0, ""},
		"a marker of a stranger":           {textOf(first, "a plan", false), "c1", []Posted{{ID: 3, Body: textOf(with(func(m *Marker) { m.Run = 99 }), "x", false).Whole()}}, Create, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := DecideComment(c.text, c.head, c.posted)
			if diff := cmp.Diff(Decision{c.want, postNo(c.posted, c.id), c.why}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func postNo(posted []Posted, id int64) Posted {
	for _, p := range posted {
		if p.ID == id {
			return p
		}
	}
	return Posted{}
}

// One issue for all time: opened, brought up to date, closed, opened again.
func TestDecideIssue(t *testing.T) {
	m := Marker{Inventory: "net", Environment: "production", Run: 7, Attempt: 1}
	later := m
	later.Run = 8
	open, closed := postOf(4, textOf(m, "drift", false)), postOf(3, textOf(m, "drift", false))
	closed.Closed = true
	earlier := m
	earlier.Run = 6
	for name, c := range map[string]struct {
		text   Text
		posted []Posted
		want   Step
		id     int64
	}{
		"no drift, no issue":         {textOf(later, "none", true), nil, Leave, 0},
		"the first drift":            {textOf(later, "drift", false), nil, Create, 0},
		"the same drift":             {textOf(later, "drift", false), []Posted{open}, Leave, 4},
		"more drift":                 {textOf(later, "more", false), []Posted{open}, Update, 4},
		"gone":                       {textOf(later, "none", true), []Posted{open}, Close, 4},
		"still gone":                 {textOf(later, "none", true), []Posted{closed}, Leave, 3},
		"back":                       {textOf(later, "drift", false), []Posted{closed}, Update, 3},
		"an open one comes first":    {textOf(later, "more", false), []Posted{closed, open}, Update, 4},
		"an old job, again":          {textOf(earlier, "more", false), []Posted{open}, Leave, 4},
		"without numbers of the run": {textOf(Marker{Inventory: "net", Environment: "production"}, "drift", false), nil, Create, 0},
	} {
		if got := DecideIssue(c.text, c.posted); got.Step != c.want || got.Post.ID != c.id {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Whatever a marker holds, it is one line, ends no comment of HTML early, and is read
// back as it was.
func TestMarkerRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Marker{
			Inventory: rapid.String().Draw(t, "inventory"), Environment: rapid.SampledFrom([]string{"", "production", "-->"}).Draw(t, "environment"),
			Files: rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "files"), Head: rapid.String().Draw(t, "head"), Run: rapid.Int64Range(0, 1<<60).Draw(t, "run"), Sum: "s",
		}
		line := m.String()
		if strings.Contains(line, "\n") || strings.Index(line, "--") != 2 || strings.Count(line, "-->") != 1 {
			t.Fatalf("%q", line)
		}
		got, ok := ParseMarker(line + "\nbody")
		if diff := cmp.Diff(m, got); !ok || diff != "" {
			t.Fatalf("%v\n%s", ok, diff)
		}
	})
}

func FuzzParseMarker(f *testing.F) {
	f.Add(Marker{Inventory: "net", Sum: "x"}.String() + "\nbody")
	f.Add("<!-- portctl:{} -->")
	f.Add("<!-- portctl:-->")
	f.Fuzz(func(t *testing.T, body string) {
		m, ok := ParseMarker(body)
		if !ok {
			return
		}
		if again, ok := ParseMarker(m.String()); !ok || !cmp.Equal(m, again) {
			t.Fatalf("%q: %+v, again %+v", body, m, again)
		}
	})
}
