package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/inventory"
)

type initOptions struct {
	*globals
	fromCSV string
}

func newInitCommand(s Env, g *globals) *cobra.Command {
	o := initOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a first inventory",
		Long: `Write a first inventory, with comments, to FILE or portctl.yaml. It is for the
sandbox, so planning and applying it costs nothing. An existing file is
never overwritten.

Beside it go the JSON Schema, for editors, and two lines in .gitignore: what
portctl keeps and fetches, .portctl/ and loas/, is not for the repository.

With --from-csv the entries come from a spreadsheet: a row is a port, and the
first row names the columns. name, site, speed and term must be there; zone, lag,
cost centre, tag:NAME and the other keys of a port may. "-" is standard input.`,
		Example: `  portctl init
  portctl init --from-csv ports.csv inventory/emea.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path := inventory.DefaultFile
			if len(args) == 1 {
				path = args[0]
			}
			return runInit(s, o, path)
		},
	}
	cmd.Flags().StringVar(&o.fromCSV, "from-csv", "", "`file` with a row for each port, separated by commas, semicolons or tabs")
	return cmd
}

func runInit(s Env, o initOptions, path string) error {
	// Asked first, so that nobody fixes a spreadsheet for a file that already exists.
	if _, err := os.Lstat(path); err == nil {
		return withHint(fmt.Errorf("%s already exists and is not overwritten", path), "name another file: `portctl init FILE`")
	}
	directory := filepath.Dir(path)
	if _, err := os.Stat(directory); err != nil {
		return withHint(fmt.Errorf("there is no directory %s", directory), "create it first")
	}
	content, err := o.content(s, path)
	if err != nil {
		return err
	}
	schema, err := inventory.Schema()
	if err != nil {
		return err
	}
	if err := writeNew(path, content); err != nil {
		return err
	}
	written := []string{path}
	schemaFile := filepath.Join(directory, inventory.SchemaFile)
	switch err := writeNew(schemaFile, schema); {
	case err == nil:
		written = append(written, schemaFile)
	case !errors.Is(err, fs.ErrExist): // One that is there serves as well.
		return err
	}
	ignore := filepath.Join(directory, ".gitignore")
	changed, err := ignoreLines(ignore, ".portctl/", "loas/")
	if err != nil {
		return err
	}
	if changed {
		written = append(written, ignore)
	}
	if o.quiet {
		return nil
	}
	for _, name := range written {
		fmt.Fprintf(s.Out, "wrote %s\n", name)
	}
	fmt.Fprintf(s.Out, "next: portctl plan%s\n", fileFlag(path))
	return nil
}

func fileFlag(path string) string {
	if path == inventory.DefaultFile {
		return ""
	}
	return " -f " + path
}

// content is the inventory to write, which is named after the spreadsheet or
// the directory that it comes into being in.
func (o initOptions) content(s Env, path string) ([]byte, error) {
	if o.fromCSV == "" {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		return inventory.Starter(inventory.NameFrom(filepath.Base(filepath.Dir(absolute)))), nil
	}
	sheet, name := inventory.File{Name: o.fromCSV}, inventory.NameFrom(o.fromCSV)
	var err error
	if o.fromCSV == "-" {
		sheet.Name, name = "stdin", "inventory"
		sheet.Content, err = io.ReadAll(s.In)
	} else {
		sheet.Content, err = os.ReadFile(o.fromCSV)
	}
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(sheet.Content, []byte("PK\x03\x04")) {
		return nil, withHint(fmt.Errorf("%s is a workbook, not a CSV file", sheet.Name), "save the sheet as CSV (UTF-8)")
	}
	content, warnings, err := inventory.FromCSV(sheet, name)
	if err != nil {
		return nil, err
	}
	if len(warnings) > 0 && !o.quiet {
		if err := warnings.WriteText(s.Err); err != nil {
			return nil, err
		}
	}
	return content, nil
}

// writeNew writes a file that is not there yet.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// ignoreLines adds the lines that a .gitignore lacks. It says whether there were
// any.
func ignoreLines(path string, wanted ...string) (bool, error) {
	have, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	lines := strings.FieldsFunc(string(have), func(r rune) bool { return r == '\n' || r == '\r' })
	missing := slices.DeleteFunc(slices.Clone(wanted), func(line string) bool {
		return slices.ContainsFunc(lines, func(l string) bool { return strings.Trim(strings.TrimSpace(l), "/") == strings.Trim(line, "/") })
	})
	if len(missing) == 0 {
		return false, nil
	}
	text := strings.Join(missing, "\n") + "\n"
	if len(have) > 0 && !strings.HasSuffix(string(have), "\n") {
		text = "\n" + text
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return false, err
	}
	_, err = f.WriteString(text)
	return true, errors.Join(err, f.Close())
}
