// Command mutate finds JSON tags that no test looks at. It renames one tag at a
// time, without touching the source, and runs the package's tests: a mutant that
// they let pass is a survivor.
//
//	go run tools/mutate/main.go ./pkg/megaport ./pkg/megaport/sandbox
//
// A tag that is wrong in the client and one that is wrong in the sandbox are each
// other's excuse, so every tag on either side has to fail a test of its own side.
// It exits 1 when there are survivors that are not listed in the file given by
// -known, one "directory/file.go Struct.Field" a line, with a reason after "#".
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

type options struct {
	first   string         // tests to try before all of them
	only    *regexp.Regexp // fields to mutate
	known   map[string]bool
	list    bool
	verbose bool
	dir     string // for mutated files
}

func run() error {
	var o options
	first := flag.String("first", "", "`pattern` of tests to try first, because they are quick and likely to fail")
	only := flag.String("only", "", "`pattern` of the mutants to try, as \"file.go Struct.Field\"")
	known := flag.String("known", "", "`file` that lists accepted survivors")
	flag.BoolVar(&o.list, "list", false, "list the mutants and run nothing")
	flag.BoolVar(&o.verbose, "v", false, "tell of every mutant")
	flag.Parse()
	o.first = *first
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return err
	}
	if o.known, err = readKnown(*known); err != nil {
		return err
	}
	if o.dir, err = os.MkdirTemp("", "mutate"); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)
	var survivors []string
	total := 0
	for _, pkg := range flag.Args() {
		mutants, err := mutantsOf(pkg)
		if err != nil {
			return err
		}
		if err := o.baseline(pkg); err != nil {
			return err
		}
		for _, m := range mutants {
			if !o.only.MatchString(m.name) {
				continue
			}
			total++
			survives, err := o.try(m)
			if err != nil {
				return err
			}
			if survives && !o.known[m.name] {
				survivors = append(survivors, m.name)
			}
		}
	}
	fmt.Printf("%d mutants, %d survivors\n", total, len(survivors))
	if len(survivors) > 0 {
		return fmt.Errorf("no test looks at:\n  %s", strings.Join(survivors, "\n  "))
	}
	return nil
}

func readKnown(path string) (map[string]bool, error) {
	known := map[string]bool{}
	if path == "" {
		return known, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		name, _, _ := strings.Cut(line, "#")
		if name = strings.TrimSpace(name); name != "" {
			known[name] = true
		}
	}
	return known, nil
}

// mutant is one renamed tag.
type mutant struct {
	pkg, file  string
	name       string // "pkg/megaport/order.go wireOrder.Term"
	start, end int    // of the JSON name within the file
}

var jsonName = regexp.MustCompile(`json:"([^",]+)`)

func mutantsOf(pkg string) ([]mutant, error) {
	files, err := filepath.Glob(filepath.Join(pkg, "*.go"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no Go files", pkg)
	}
	sort.Strings(files)
	var out []mutant
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		more, err := mutantsIn(pkg, file)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func mutantsIn(pkg, file string) ([]mutant, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		return nil, err
	}
	var out []mutant
	within := "" // the type whose fields are being looked at
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			within = n.Name.Name
		case *ast.FuncDecl:
			within = n.Name.Name
		case *ast.Field:
			if n.Tag == nil || len(n.Names) == 0 {
				break
			}
			at := jsonName.FindStringSubmatchIndex(n.Tag.Value)
			if at == nil || n.Tag.Value[at[2]:at[3]] == "-" {
				break
			}
			begin := set.Position(n.Tag.Pos()).Offset
			out = append(out, mutant{
				pkg: pkg, file: file,
				name:  filepath.ToSlash(filepath.Clean(file)) + " " + within + "." + n.Names[0].Name,
				start: begin + at[2], end: begin + at[3],
			})
		}
		return true
	})
	return out, nil
}

// baseline insists that the tests pass as they are: otherwise all mutants would
// look killed.
func (o *options) baseline(pkg string) error {
	if o.list {
		return nil
	}
	passes, err := o.passes(mutant{pkg: pkg}, "")
	if err == nil && !passes {
		err = errors.New("its tests fail without a mutation")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", pkg, err)
	}
	return nil
}

// try reports whether a mutant survives the tests.
func (o *options) try(m mutant) (bool, error) {
	if o.list {
		fmt.Println(m.name)
		return false, nil
	}
	overlay, err := o.overlay(m)
	if err != nil {
		return false, err
	}
	begun := time.Now()
	survives := true
	if o.first != "" {
		survives, err = o.passes(m, overlay, "-run", o.first)
	}
	if err == nil && survives {
		survives, err = o.passes(m, overlay)
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", m.name, err)
	}
	if survives || o.verbose {
		fmt.Printf("%s %-8s %s\n", map[bool]string{true: "SURVIVES", false: "killed  "}[survives], time.Since(begun).Round(10*time.Millisecond), m.name)
	}
	return survives, nil
}

// overlay writes the mutated file and the go command's list of replacements.
func (o *options) overlay(m mutant) (string, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	mutated := bytes.Join([][]byte{source[:m.end], []byte("Mutated"), source[m.end:]}, nil)
	target := filepath.Join(o.dir, "mutated.go")
	if err := os.WriteFile(target, mutated, 0o600); err != nil {
		return "", err
	}
	abs, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {abs: target}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(o.dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// passes runs tests of a mutant. One that does not build is an error: it would
// look killed.
func (o *options) passes(m mutant, overlay string, more ...string) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	args := append([]string{"test", "-overlay=" + overlay, "-vet", "off", "-count", "1", "-failfast"}, more...)
	out, err := exec.CommandContext(ctx, "go", append(args, "./"+filepath.ToSlash(filepath.Clean(m.pkg)))...).CombinedOutput()
	switch {
	case err == nil:
		return true, nil
	case bytes.Contains(out, []byte("[build failed]")) || bytes.Contains(out, []byte("[setup failed]")):
		return false, fmt.Errorf("does not build:\n%s", out)
	}
	return false, nil
}
