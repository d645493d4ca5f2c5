package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/plan"
)

// revise shows how files of an inventory would change, and writes them after a yes: that
// of --yes, or of a person on a terminal. A file that changed meanwhile is left alone.
func (g *globals) revise(ctx context.Context, s Env, before, after []inventory.File, yes bool) error {
	was := map[string]inventory.File{}
	for _, f := range before {
		was[f.Name] = f
	}
	for _, f := range after {
		if err := g.showDiff(s, was[f.Name], f.Content); err != nil {
			return err
		}
	}
	if !yes {
		if !s.InTerminal || !s.ErrTerminal {
			return exitWith(exitRefused, withHint(errors.New("cannot ask for confirmation: not a terminal; nothing is written"), "review the change and use --yes"))
		}
		if !asked(ctx, s, bufio.NewReader(s.In), "\nWrite this? Type 'yes' to confirm: ", "yes") {
			return exitWith(exitRefused, errors.New("not confirmed, so nothing is written"))
		}
	}
	for _, f := range after {
		now, err := os.ReadFile(f.Name)
		if err != nil {
			return err
		}
		if !bytes.Equal(now, was[f.Name].Content) {
			return withHint(fmt.Errorf("%s changed meanwhile and is not written", f.Name), "run the same command again")
		}
		if err := replaceFile(f.Name, f.Content); err != nil {
			return err
		}
		if !g.quiet {
			fmt.Fprintf(s.Err, "wrote %s\n", f.Name)
		}
	}
	return nil
}

// showDiff writes the change of a file to another content in the unified form.
func (g *globals) showDiff(s Env, f inventory.File, content []byte) error {
	diff := strings.ReplaceAll(unified(f.Name, string(f.Content), string(content)), "\r", "␍") // it would not be seen
	text := string(plan.VisibleText([]byte(diff)))
	if g.color(s) {
		text = colorDiff(text)
	}
	_, err := io.WriteString(s.Out, text)
	return err
}

// writePatch writes the change of a file as git does, byte for byte: git apply takes it in
// the folder in which portctl was run.
func writePatch(w io.Writer, f inventory.File, content []byte) error {
	name := filepath.ToSlash(f.Name)
	if here, err := os.Getwd(); err == nil && filepath.IsAbs(f.Name) {
		if rel, err := filepath.Rel(here, f.Name); err == nil {
			name = filepath.ToSlash(rel)
		}
	}
	if strings.Contains(name, " ") {
		name += "\t" // where the name ends
	}
	diff := unified(name, string(f.Content), string(content))
	diff = strings.Replace(diff, "--- ", "--- a/", 1)
	_, err := io.WriteString(w, strings.Replace(diff, "+++ ", "+++ b/", 1))
	return err
}

// replaceFile puts a new content in the place of a file, whole or not at all.
// The file behind a symbolic link is replaced, not the link.
func replaceFile(path string, content []byte) (err error) {
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary.Name()))
		}
	}()
	_, err = temporary.Write(content)
	if err == nil {
		err = temporary.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// diffContext is how many unchanged lines a diff shows around a change, and
// diffLimit how many lines are compared one by one: beyond it a comparison that
// must not depend on the speed of the machine would take minutes, and what
// differs is shown as one change.
const (
	diffContext = 3
	diffLimit   = 20_000
)

// diffLine is a line of a diff: ' ', '-' or '+', and the line with its ending.
type diffLine struct {
	sign byte
	text string
}

// unified is the change from one text to another in the unified form.
func unified(name, before, after string) string {
	lines := compare(before, after)
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", name, name)
	old, now := 1, 1
	for i := 0; i < len(lines); {
		start, end := hunk(lines, i)
		if start == end {
			break
		}
		for ; i < start; i++ {
			old, now = old+1, now+1
		}
		removed, added := 0, 0
		for _, l := range lines[start:end] {
			if l.sign != '+' {
				removed++
			}
			if l.sign != '-' {
				added++
			}
		}
		fmt.Fprintf(&b, "@@ -%s +%s @@\n", diffRange(old, removed), diffRange(now, added))
		for _, l := range lines[start:end] {
			b.WriteByte(l.sign)
			b.WriteString(ended(l.text))
		}
		i, old, now = end, old+removed, now+added
	}
	return b.String()
}

func diffRange(start, count int) string {
	if count == 0 {
		start--
	}
	return fmt.Sprintf("%d,%d", start, count)
}

// ended is a line of a diff with its ending, or with the word that it has none.
func ended(line string) string {
	text, is := strings.CutSuffix(line, "\n")
	if !is {
		return text + "\n\\ No newline at end of file\n"
	}
	return text + "\n"
}

// hunk is the next group of changes from a line on: changes with no more than
// twice the context between them, and the context around them.
func hunk(lines []diffLine, from int) (start, end int) {
	first := from
	for first < len(lines) && lines[first].sign == ' ' {
		first++
	}
	if first == len(lines) {
		return first, first
	}
	last := first
	for i := first; i < len(lines) && i-last <= 2*diffContext; i++ {
		if lines[i].sign != ' ' {
			last = i
		}
	}
	return max(from, first-diffContext), min(len(lines), last+1+diffContext)
}

// compare lists the lines of two texts, with what is common in one place.
func compare(before, after string) []diffLine {
	if strings.Count(before, "\n")+strings.Count(after, "\n") > diffLimit {
		return append(signed('-', before), signed('+', after)...)
	}
	d := diffmatchpatch.New()
	d.DiffTimeout = 0
	a, b, text := d.DiffLinesToRunes(before, after)
	var lines []diffLine
	for _, part := range d.DiffCharsToLines(d.DiffMainRunes(a, b, false), text) {
		sign := map[diffmatchpatch.Operation]byte{diffmatchpatch.DiffEqual: ' ', diffmatchpatch.DiffDelete: '-', diffmatchpatch.DiffInsert: '+'}[part.Type]
		lines = append(lines, signed(sign, part.Text)...)
	}
	return lines
}

func signed(sign byte, text string) []diffLine {
	var lines []diffLine
	for line := range strings.Lines(text) {
		lines = append(lines, diffLine{sign, line})
	}
	return lines
}

func colorDiff(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		text := strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(text, "@@"):
			text = "\x1b[36m" + text + "\x1b[0m"
		case strings.HasPrefix(text, "+"):
			text = "\x1b[32m" + text + "\x1b[0m"
		case strings.HasPrefix(text, "-"):
			text = "\x1b[31m" + text + "\x1b[0m"
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}
