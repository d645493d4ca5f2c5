package inventory

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

// TestFormat formats the files of testdata/format: each is a case with what is
// there before and what is wanted. What is wanted is canonical itself.
func TestFormat(t *testing.T) {
	paths, err := filepath.Glob("testdata/format/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files, want := goldenFiles(t, archive)
			got, err := Format(files[0])
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				want.Data = got
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			again, err := Format(File{Name: "again.yaml", Content: got})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(got), string(again)); diff != "" {
				t.Errorf("formatted twice: -once +twice:\n%s", diff)
			}
		})
	}
}

// TestFormatRefuses proves that a file with problems is not formatted, and that
// what another file may say is no problem.
func TestFormatRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, rule string }{
		{"syntax", "version: 1\nports: [\n", ruleSyntax},
		{"unknown key", "version: 1\nprots: []\n", ruleUnknownKey},
		{"directive", "%YAML 1.2\n---\nversion: 1\nports: []\n", ruleSyntax},
		{"empty", "# nothing\n", ruleEmptyFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := Format(file("a.yaml", c.text))
			diags, ok := err.(Diagnostics)
			if !ok || out != nil || diags[0].Rule != c.rule {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
	const nameless = "version: 1\nports: []\n"
	if out, err := Format(file("a.yaml", nameless)); err != nil || string(out) != nameless {
		t.Errorf("%q, %v", out, err)
	}
}

// TestExamplesAreCanonical holds the examples, and the snippets of the
// reference, to the style that they teach.
func TestExamplesAreCanonical(t *testing.T) {
	paths, err := filepath.Glob("../examples/*.yaml")
	if err != nil || len(paths) < 3 {
		t.Fatalf("examples %v, %v", paths, err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Format(File{Name: path, Content: content})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(content), string(got)); diff != "" {
			t.Errorf("%s: -file +formatted:\n%s", path, diff)
		}
	}
	for i, snippet := range snippets(t) {
		got, err := Format(file("snippet", snippet))
		if diff := cmp.Diff(snippet, string(got)); diff != "" || err != nil {
			t.Errorf("snippet %d: %v, -written +formatted:\n%s", i, err, diff)
		}
	}
}

// sameLoad compares two inventories without their positions. A difference is
// drawn only when there is one: among many thousand ports that takes minutes.
func sameLoad(one, other *Inventory) string {
	a, b := desiredSet(one), desiredSet(other)
	if reflect.DeepEqual(a, b) && one.State == other.State {
		return ""
	}
	return "state " + one.State + " and " + other.State + cmp.Diff(a, b)
}

// TestFormatKeepsMeaning proves of generated files, written in all sorts of
// ways, that formatting them once is enough and changes nothing.
func TestFormatKeepsMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, f := range layOut(t, "one", drawPorts(t)) {
			if !strings.Contains(string(f.Content), "name: emea\n") {
				f.Content = append(f.Content, "name: other\n"...)
			}
			f.Content = []byte(messUp(t, string(f.Content)))
			before, err := Parse(f)
			if err != nil {
				t.Fatalf("%v\n%s", err, f.Content)
			}
			once, err := Format(f)
			if err != nil {
				t.Fatalf("%v\n%s", err, f.Content)
			}
			after, err := Parse(File{Name: f.Name, Content: once})
			if err != nil {
				t.Fatalf("%v\n%s\nfrom\n%s", err, once, f.Content)
			}
			if diff := sameLoad(before, after); diff != "" {
				t.Fatalf("-before +after:\n%s", diff)
			}
			twice, err := Format(File{Name: f.Name, Content: once})
			if err != nil || string(twice) != string(once) {
				t.Fatalf("%v: -once +twice:\n%s", err, cmp.Diff(string(once), string(twice)))
			}
		}
	})
}

// messUp writes comments, empty lines, spaces and CRLF into a file where they
// mean nothing.
func messUp(t *rapid.T, text string) string {
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		before := rapid.SampledFrom([]string{"", "", "", "\n", "\n\n\n", "# comment\n", "    # deep\n", "  #:- {odd\n \n"}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", "", "", " ", "   # behind", " #"}).Draw(t, "after")
		if i := strings.Index(line, ": "); i > 0 && !strings.ContainsAny(line[:i], `"{`) {
			line = line[:i+1] + rapid.SampledFrom([]string{" ", "  ", "      ", "\n        "}).Draw(t, "space") + line[i+2:]
		}
		b.WriteString(before + line + after + "\n")
	}
	out := b.String()
	if rapid.Bool().Draw(t, "crlf") {
		out = strings.ReplaceAll(out, "\n", "\r\n")
	}
	return out
}

// FuzzFormat proves of any file that is formatted that its meaning stays, that
// once is enough, and that there are no tabs, CRs or spaces at the ends of lines
// left.
func FuzzFormat(f *testing.F) {
	seeds(f, "../examples/*.yaml", "testdata/format/*.txtar", "testdata/diagnostics/*.txtar")
	f.Fuzz(func(t *testing.T, content []byte) {
		in := File{Name: "fuzz.yaml", Content: content}
		once, err := Format(in)
		if err != nil {
			if _, refused := err.(Diagnostics); !refused {
				t.Fatal(err)
			}
			return
		}
		twice, err := Format(File{Name: in.Name, Content: once})
		if err != nil || string(twice) != string(once) {
			t.Fatalf("%v: -once +twice:\n%s", err, cmp.Diff(string(once), string(twice)))
		}
		for line := range strings.Lines(string(once)) {
			if line = strings.TrimSuffix(line, "\n"); strings.TrimRight(line, " \t\r") != line {
				t.Errorf("line %q", line)
			}
		}
		if before, err := Parse(in); err == nil && len(before.Ports) < 1000 {
			after, err := Parse(File{Name: in.Name, Content: once})
			if err != nil {
				t.Fatalf("%v\n%s", err, once)
			}
			if diff := sameLoad(before, after); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
		}
	})
}

// everything is a file with all that YAML has to offer for an inventory: both
// kinds of quotes, blocks of text, explicit keys, anchors, braces over lines,
// comments wherever they may stand.
const everything = `# top
version: 1
name: net # the name
defaults: &d
  term: 12 # months
  tags: {team: 'n''o', "x y": "a#b"}


sites:
  ? lhr20
  : {id: 89} # x
  'sy3':
    Equinix
    SY3
ports:
# first
- &one
  name: a # c1
  site: lhr20
  speed: 10G
  costCentre: >-
    folded
    text # not a comment
  # tail
- <<: *one
  name: "b\
    c"
  # in

- {name: c, site: sy3, # why
   speed: 1G}
-
  name: d
  site: {id: 2} # y
  speed: 100G
  tags:
    k: |-
      v
    l: ''
  # end
# last
`

// mutate changes a line of a file in one of the ways that editing goes wrong.
func mutate(t *rapid.T, text string) string {
	bits := []string{
		" ", "\n", "# c\n", " # c", "'", "\"", "{", "}", "[", "]", ", ", ": ", "- ", "&x ", "*x", "|\n", ">-\n", "!!str ", "---\n", "...\n",
		"\r\n", "\t", "? ", "é", "東京", "\u00a0", "~", "null", "10G", "  ", "    ", "<<: *d\n", "\\", "#", "''", "\"\"", "{}", "[]", "%TAG\n",
	}
	lines := strings.SplitAfter(text, "\n")
	i := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
	bit := rapid.SampledFrom(bits).Draw(t, "bit")
	switch rapid.SampledFrom([]string{"delete", "swap", "repeat", "before", "behind", "within", "indent"}).Draw(t, "how") {
	case "delete":
		lines[i] = ""
	case "swap":
		j := rapid.IntRange(0, len(lines)-1).Draw(t, "with")
		lines[i], lines[j] = lines[j], lines[i]
	case "repeat":
		lines[i] += lines[i]
	case "before":
		lines[i] = bit + lines[i]
	case "behind":
		lines[i] = strings.TrimSuffix(lines[i], "\n") + bit + "\n"
	case "within":
		runes := []rune(lines[i])
		at := rapid.IntRange(0, len(runes)).Draw(t, "at")
		lines[i] = string(runes[:at]) + bit + string(runes[at:])
	case "indent":
		lines[i] = "  " + lines[i]
	}
	return strings.Join(lines, "")
}

// TestFormatOfMutations proves of files that went through a few careless edits,
// and are still valid, that formatting keeps what they say and is settled after
// once. A formatter that would change the meaning refuses by itself, which is a
// failure here too.
func TestFormatOfMutations(t *testing.T) {
	files := []string{everything}
	paths, err := filepath.Glob("../examples/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("examples %v, %v", paths, err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, string(content))
	}
	valid := 0
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(files).Draw(t, "file")
		for range rapid.IntRange(1, 3).Draw(t, "edits") {
			text = mutate(t, text)
		}
		in := file("a.yaml", text)
		before, err := Parse(in)
		if err != nil {
			return
		}
		valid++
		once, err := Format(in)
		if _, directive := err.(Diagnostics); directive {
			return
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		after, err := Parse(File{Name: "a.yaml", Content: once})
		if err != nil {
			t.Fatalf("%v\n%s\nfrom\n%s", err, once, text)
		}
		if diff := sameLoad(before, after); diff != "" {
			t.Fatalf("-before +after:\n%s\n%s", diff, text)
		}
		twice, err := Format(File{Name: "a.yaml", Content: once})
		if err != nil || string(twice) != string(once) {
			t.Fatalf("%v: -once +twice:\n%s", err, cmp.Diff(string(once), string(twice)))
		}
	})
	if valid == 0 {
		t.Error("no edit left a valid file")
	}
}
