package cli

import (
	"context"
	"errors"
	"fmt"
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
	from        string
	sheet       string
	maps        []string
	defaults    []string
	saveMap     string
	keepColumns bool
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

With --from the entries come from a spreadsheet, XLSX or CSV: a row is a port, and
one row names the columns. name, site, speed and term must be there; zone, lag,
cost centre, tag:NAME and the other keys of a port may. "-" is standard input.
Sites are looked up in the locations of --env, for which no API key is needed, or in
those of --locations, and become short names with ids.

What only a person knows is asked on a terminal, once for each thing that is written:
a site that is no name or code of a location, a zone that is neither red nor blue.
Elsewhere nothing is written, and the questions are listed with the flags that answer
them: --map 'site:EQX FR5=131', --map zone:A=red, --default term=12. --save-map keeps
the answers in a file, for --map @FILE with the next delivery of the same spreadsheet.`,
		Example: `  portctl init
  portctl init --from ports.xlsx --env production inventory/emea.yaml
  portctl init --from ports.csv --env production --map @sites.map --default term=12`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := inventory.DefaultFile
			if len(args) == 1 {
				path = args[0]
			}
			return runInit(cmd.Context(), s, o, path)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "spreadsheet `file` with a row for each port: XLSX or CSV")
	f.StringVar(&o.sheet, "sheet", "", "`name` of the sheet of a workbook (else the first one with cells)")
	f.StringArrayVar(&o.maps, "map", nil, "`answer` for what is written, as site:TEXT=ID, zone:TEXT=red, speed:TEXT=10G or term:TEXT=12; @FILE has one on each line; may repeat")
	f.StringArrayVar(&o.defaults, "default", nil, "`key=value` for rows that do not say it, as term=12; may repeat")
	f.StringVar(&o.saveMap, "save-map", "", "keep the answers in this `file`, for --map @FILE")
	f.BoolVar(&o.keepColumns, "keep-columns", false, "make tags of the columns that are no key of a port")
	return cmd
}

func runInit(ctx context.Context, s Env, o initOptions, path string) error {
	// Asked first, so that nobody fixes a spreadsheet for a file that already exists.
	if _, err := os.Lstat(path); err == nil {
		return withHint(fmt.Errorf("%s already exists and is not overwritten", path), "name another file: `portctl init FILE`")
	}
	directory := filepath.Dir(path)
	if _, err := os.Stat(directory); err != nil {
		return withHint(fmt.Errorf("there is no directory %s", directory), "create it first")
	}
	content, err := o.content(ctx, s, path)
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
func (o initOptions) content(ctx context.Context, s Env, path string) ([]byte, error) {
	if o.from == "" {
		if o.sheet != "" || len(o.maps)+len(o.defaults) > 0 || o.saveMap != "" || o.keepColumns {
			return nil, withHint(errors.New("--sheet, --map, --default, --save-map and --keep-columns are for --from"), "name a spreadsheet with --from")
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		return inventory.Starter(inventory.NameFrom(filepath.Base(filepath.Dir(absolute)))), nil
	}
	return o.fromSheet(ctx, s, path)
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
