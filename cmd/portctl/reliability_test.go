package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// Every line that docs/reliability.md quotes is a whole line that the story it
// names expects of the real program.
func TestReliabilityQuotesWhatIsSaid(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reliability.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```text story=([a-z0-9-]+)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	if fences := strings.Count(string(page), "story="); fences != len(blocks) || fences == 0 {
		t.Fatalf("%d blocks name a story, %d of them can be read", fences, len(blocks))
	}
	for _, b := range blocks {
		expected := expectations(t, b[1])
		for line := range strings.Lines(b[2]) {
			line = strings.TrimSuffix(line, "\n")
			found := false
			for _, e := range expected {
				found = found || e.FindString(line) == line
			}
			if !found {
				t.Errorf("story %s expects no such line:\n%s", b[1], line)
			}
		}
	}
}

// expectations are the patterns of whole lines that a story expects.
func expectations(t *testing.T, story string) []*regexp.Regexp {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", "script", story+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var out []*regexp.Regexp
	for _, m := range regexp.MustCompile(`(?m)^std(?:out|err) '(\^.*\$)'$`).FindAllStringSubmatch(string(archive.Comment), -1) {
		out = append(out, regexp.MustCompile(strings.ReplaceAll(m[1], "''", "'")))
	}
	return out
}
