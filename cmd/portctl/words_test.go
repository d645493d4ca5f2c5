package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// unwanted are phrases that the product does not use, each with what it says
// instead. They are phrases and not ordinary words, so that a hit is a mistake.
var unwanted = []struct {
	phrase *regexp.Regexp
	say    string
}{
	{regexp.MustCompile(`(?i)\bcan not\b`), "cannot"},
	{regexp.MustCompile(`(?i)\bin doubt\b|\bthe doubts?\b|\bdoubts are\b`), "unconfirmed order"},
	{regexp.MustCompile(`(?i)\bc[oa]mes? to nothing\b`), "failed"},
	{regexp.MustCompile(`(?i)\bworth a look\b`), "warnings, notes"},
	{regexp.MustCompile(`(?i)\btaken out (of this run )?by name\b`), "excluded"},
	{regexp.MustCompile(`(?i)\bnobody is there\b`), "cannot ask for confirmation: not a terminal"},
	{regexp.MustCompile(`(?i)\bonly yes will do\b`), "Type 'yes' to confirm:"},
	{regexp.MustCompile(`(?i)\bas an inventory file says\b`), "declaratively from a YAML inventory"},
	{regexp.MustCompile(`(?i)\bis one too many\b`), `unexpected argument "foo"`},
	{regexp.MustCompile(`(?i)\bthere already\b`), "already exist, existing"},
	{regexp.MustCompile(`(?i)\b(paid|money) once\b`), "one-time"},
	{regexp.MustCompile(`(?i)\bor what holds without it\b`), "required, default"},
	{regexp.MustCompile(`(?i)\bcharges? of (a|the) cancellation\b`), "early termination fee (ETF)"},
	{regexp.MustCompile(`(?i)\borders? on (its|their) way\b`), "in-flight order"},
	{regexp.MustCompile(`(?i)\bdone or nothing to do\b`), "success"},
	{regexp.MustCompile(`(?i)\bhow far (a|the|every|each|its) ?port\b`), "provisioned, ready"},
	{regexp.MustCompile(`(?i)\bmend(s|ed|ing)?\b`), "fix"},
	{regexp.MustCompile(`(?i)\bsettl(e|es|ed|ing)\b`), "resolve"},
	{regexp.MustCompile(`(?i)\bwithout a word\b`), "silently"},
	{regexp.MustCompile(`(?i)\bhorizon\b`), "lookup timeout"},
	{regexp.MustCompile(`(?i)\bletters?\b`), "LOA"},
}

// notUnwanted is where the words mean something else: letters of the alphabet,
// the name of the document, the alias that scripts use, codes of earlier builds.
var notUnwanted = regexp.MustCompile(`(?i)letters? of authori[sz]ation|` +
	`(only|of|or|a|of the same|upper|lower|capital|case of|few|more than \d+) letters?\b( or|, digits| and digits)?|letters?,? (or|and)? ?(a )?digits?|--horizon|` +
	"`settled`|orders-settled|`letters`|service can not be found")

// tolerated is how many such phrases are left in a part that is not yet looked
// through: none may be added.
func tolerated() map[string]int {
	return map[string]int{
		"inventory/":            15,
		"pkg/megaport/sandbox/": 16,
		"docs/diagnostics.md":   7,
		"docs/inventory.md":     13,
		"docs/sandbox.md":       3,
	}
}

func TestWordsOfWhatUsersRead(t *testing.T) {
	found := map[string][]string{}
	for _, text := range append(literals(t), pages(t)...) {
		part := ""
		for prefix := range tolerated() {
			if strings.HasPrefix(text.where, prefix) {
				part = prefix
			}
		}
		for _, f := range findWords(text.text) {
			found[part] = append(found[part], fmt.Sprintf("%s: %q: say %s\n\t%s", text.where, f.phrase, f.say, f.line))
		}
	}
	for part, all := range found {
		if len(all) > tolerated()[part] {
			t.Errorf("%d unwanted phrases in %q, want at most %d:\n%s", len(all), part, tolerated()[part], strings.Join(all, "\n"))
		}
	}
}

func TestUnwantedWordsAreFound(t *testing.T) {
	for text, want := range map[string]int{
		"it can not be read":                          1,
		"what is in doubt":                            1,
		"after this number came to nothing":           1,
		"every Letter of Authorization (LOA)":         0,
		"folder for the letters":                      1,
		"a letter, digits and dashes":                 0,
		"only letters, digits and dots":               0,
		"`--horizon` is an alias":                     0,
		"the horizon of a lookup":                     1,
		"an order is looked up; this cannot happen":   0,
		"Do this? Only yes will do:":                  1,
		"52 entries there already\nthe letter of one": 2,
	} {
		if have := findWords(text); len(have) != want {
			t.Errorf("%q: %d found, want %d: %v", text, len(have), want, have)
		}
	}
}

type userText struct{ where, text string }

type foundWord struct{ phrase, say, line string }

func findWords(text string) []foundWord {
	var found []foundWord
	for line := range strings.Lines(notUnwanted.ReplaceAllString(text, "…")) {
		for _, u := range unwanted {
			if m := u.phrase.FindString(line); m != "" {
				found = append(found, foundWord{m, u.say, strings.TrimSpace(line)})
			}
		}
	}
	return found
}

// literals are the strings of the product's sources: messages, help, hints.
func literals(t *testing.T) []userText {
	t.Helper()
	var texts []userText
	files := token.NewFileSet()
	walkTree(t, ".go", func(path, name string) {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "tools/") || strings.Contains(name, "/testdata/") {
			return
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			// A single lower-case word is a code, a key or an identifier.
			if strings.ContainsAny(text, " \n") {
				texts = append(texts, userText{name + ":" + strconv.Itoa(files.Position(lit.Pos()).Line), text})
			}
			return true
		})
	})
	return texts
}

// pages are the documents: the front page, docs (the help of every command is in
// docs/cli.md), the examples.
func pages(t *testing.T) []userText {
	t.Helper()
	var texts []userText
	for _, ext := range []string{".md", ".yaml"} {
		walkTree(t, ext, func(path, name string) {
			if strings.Contains(name, "/testdata/") {
				return
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(b), "\n") {
				texts = append(texts, userText{name + ":" + strconv.Itoa(i+1), line})
			}
		})
	}
	return texts
}

func walkTree(t *testing.T, ext string, visit func(path, name string)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() {
			if name != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "bin" || d.Name() == "dist" {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) == ext {
			visit(path, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
