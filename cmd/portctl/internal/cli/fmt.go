package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/plan"
)

type fmtOptions struct {
	*globals
	check, diff bool
}

func newFmtCommand(s Env, g *globals) *cobra.Command {
	o := fmtOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "fmt [FILE...]",
		Short: "Format inventory files",
		Long: `Rewrite inventory files in the canonical style, in place, and name those that
changed. Comments, the order of keys and entries, anchors and braces stay;
docs/inventory.md describes the style. Line endings become LF.

Files are named as arguments or with -f; "-" reads standard input and writes
standard output. A file with problems is left as it is, and so are all others of
the run. With --check or --diff nothing is written.

Exit codes: 0 success, 3 a file has problems, or with --check is not in the
canonical style.`,
		Example: `  portctl fmt
  portctl fmt --check --diff -f inventory/
  portctl fmt - < portctl.yaml`,
		RunE: func(_ *cobra.Command, args []string) error { return runFmt(s, o, args) },
	}
	cmd.Flags().BoolVar(&o.check, "check", false, "write nothing; name the files that would change, and exit 3 if there are any")
	cmd.Flags().BoolVar(&o.diff, "diff", false, "write nothing; show what would change")
	return cmd
}

func runFmt(s Env, o fmtOptions, args []string) error {
	paths := append(append([]string{}, o.files...), args...)
	if len(paths) == 1 && paths[0] == "-" {
		return fmtStream(s, o)
	}
	files, err := inventory.Read(paths)
	if err != nil {
		return err
	}
	formatted, err := formatAll(files)
	if err != nil {
		return err
	}
	changed := 0
	for i, f := range files {
		if bytes.Equal(f.Content, formatted[i]) {
			continue
		}
		changed++
		if err := o.deliver(s, f, formatted[i]); err != nil {
			return err
		}
	}
	return o.verdict(changed)
}

// fmtStream formats standard input.
func fmtStream(s Env, o fmtOptions) error {
	content, err := io.ReadAll(s.In)
	if err != nil {
		return err
	}
	f := inventory.File{Name: "stdin", Content: content}
	formatted, err := inventory.Format(f)
	if err != nil {
		return err
	}
	changed := 0
	if !bytes.Equal(content, formatted) {
		changed = 1
	}
	switch {
	case o.diff && changed > 0:
		err = o.show(s, f, formatted)
	case o.check && changed > 0:
		_, err = fmt.Fprintln(s.Out, f.Name)
	case !o.diff && !o.check:
		_, err = s.content().Write(formatted)
	}
	return errors.Join(err, o.verdict(changed))
}

// formatAll formats all files, or gives the problems of all of them.
func formatAll(files []inventory.File) ([][]byte, error) {
	formatted := make([][]byte, len(files))
	var problems inventory.Diagnostics
	for i, f := range files {
		text, err := inventory.Format(f)
		var diags inventory.Diagnostics
		switch {
		case errors.As(err, &diags):
			problems = append(problems, diags...)
		case err != nil:
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		formatted[i] = text
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return formatted, nil
}

// deliver writes a file that changes, or says what would change.
func (o fmtOptions) deliver(s Env, f inventory.File, formatted []byte) error {
	if o.diff {
		return o.show(s, f, formatted)
	}
	if !o.check {
		if err := replaceFile(f.Name, formatted); err != nil {
			return err
		}
	}
	if o.quiet && !o.check {
		return nil
	}
	_, err := fmt.Fprintln(s.Out, f.Name)
	return err
}

func (o fmtOptions) verdict(changed int) error {
	if o.check && changed > 0 {
		verb := "files are"
		if changed == 1 {
			verb = "file is"
		}
		return exitWith(exitRefused, withHint(fmt.Errorf("%d %s not in the canonical style", changed, verb), "`"+render.Command(append([]string{"portctl", "fmt"}, repeated("-f", o.files...)...)...)+"` rewrites them"))
	}
	return nil
}

func (o fmtOptions) show(s Env, f inventory.File, formatted []byte) error {
	text := string(plan.VisibleText([]byte(unified(f.Name, string(f.Content), string(formatted)))))
	if o.color(s) {
		text = colorDiff(text)
	}
	_, err := io.WriteString(s.Out, text)
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
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", name, name+" (formatted)")
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
			b.WriteString(visible(l.text))
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

// visible is a line of a diff on one line, with a carriage return that would
// not be seen written out.
func visible(line string) string {
	text, ended := strings.CutSuffix(line, "\n")
	text = strings.TrimSuffix(strings.ReplaceAll(text, "\r", "␍"), "\n")
	if !ended {
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
