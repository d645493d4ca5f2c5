package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// patch applies a unified diff, to see that it is one.
func patch(t interface{ Fatalf(string, ...any) }, before, diff string) string {
	var old []string
	for line := range strings.Lines(before) {
		old = append(old, line)
	}
	var out strings.Builder
	next := 0
	lines := strings.Split(strings.TrimSuffix(diff, "\n"), "\n")[2:]
	for i, line := range lines {
		bare := i+1 < len(lines) && strings.HasPrefix(lines[i+1], `\`)
		text := strings.ReplaceAll(line[1:], "␍", "\r")
		if !bare {
			text += "\n"
		}
		switch line[0] {
		case '@':
			var start, count int
			if _, err := fmt.Sscanf(line, "@@ -%d,%d ", &start, &count); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if count == 0 {
				start++
			}
			for ; next < start-1; next++ {
				out.WriteString(old[next])
			}
		case ' ', '-':
			if next >= len(old) || old[next] != text {
				t.Fatalf("line %d is not %q\n%s", next+1, text, diff)
			}
			if line[0] == ' ' {
				out.WriteString(text)
			}
			next++
		case '+':
			out.WriteString(text)
		case '\\':
		default:
			t.Fatalf("what is %q?", line)
		}
	}
	for ; next < len(old); next++ {
		out.WriteString(old[next])
	}
	return out.String()
}

// TestDiffsApply proves that a diff turns the one text into the other.
func TestDiffsApply(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"a\n", "b\n", "- c\n", "+ d\n", "\n", "@@\n", "é\r\n", "e\n"})
		text := func(name string) string {
			s := strings.Join(rapid.SliceOfN(line, 0, 30).Draw(t, name), "")
			if rapid.Bool().Draw(t, name+" without a line break at its end") {
				s = strings.TrimSuffix(s, "\n")
			}
			return s
		}
		before, after := text("before"), text("after")
		if got := patch(t, before, unified("a.yaml", before, after)); got != after {
			t.Fatalf("the diff gives %q\n%s", got, unified("a.yaml", before, after))
		}
	})
}

// TestDiffsOfLongFiles are whole, whichever way they are compared.
func TestDiffsOfLongFiles(t *testing.T) {
	for _, count := range []int{8_000, 80_000} {
		var before, after strings.Builder
		for i := range count {
			before.WriteString(strconv.Itoa(i) + "\n")
			if i%1000 == 0 {
				after.WriteString("new\n")
			}
			after.WriteString(strconv.Itoa(i) + "\n")
		}
		if got := patch(t, before.String(), unified("a.yaml", before.String(), after.String())); got != after.String() {
			t.Errorf("the diff of %d lines gives another text", count)
		}
	}
}

// TestReplaceFileLeavesNothing behind, neither when it works nor when it does
// not.
func TestReplaceFileLeavesNothing(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "a.yaml")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(filepath.Join(directory, "missing.yaml"), nil); err == nil {
		t.Error("a missing file was replaced")
	}
	have, err := os.ReadFile(path)
	info, statErr := os.Stat(path)
	if err != nil || statErr != nil || string(have) != "new" || info.Mode().Perm() != 0o640 {
		t.Errorf("%q, %v, %v, %v", have, info.Mode(), err, statErr)
	}
	left, err := os.ReadDir(directory)
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}
