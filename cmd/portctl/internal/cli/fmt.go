package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/cmd/portctl/internal/render"
	"github.com/portctl/portctl/inventory"
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
		err = o.showDiff(s, f, formatted)
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
		return o.showDiff(s, f, formatted)
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
