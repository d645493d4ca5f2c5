package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/portctl/portctl/inventory"
)

type validateOptions struct {
	*globals
	format string
}

func newValidateCommand(s Env, g *globals) *cobra.Command {
	o := validateOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check the inventory without a login",
		Long: `Read the inventory and report every problem of every file, with its place, the
line, and a hint. validate needs no login and sends nothing; "portctl plan" checks
whether a site exists and offers a speed.

With --format github the problems become annotations at the lines of a pull
request; --format json is described in docs/diagnostics.md, which also lists all
rules.

Exit codes: 0 the inventory is valid, with or without warnings, 3 it is invalid.`,
		Example: `  portctl validate
  portctl validate -f inventory/ --format github`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runValidate(s, o) },
	}
	cmd.Flags().StringVar(&o.format, "format", "text", "`format` of the report: text, json or github")
	return cmd
}

func runValidate(s Env, o validateOptions) error {
	if err := oneOf("format", o.format, "text", "json", "github"); err != nil {
		return err
	}
	inv, err := inventory.Load(o.files)
	var diags inventory.Diagnostics
	switch {
	case err == nil:
		diags = inv.Warnings
	case !errors.As(err, &diags):
		return err
	}
	problems, warnings := diags.Counts()
	switch o.format {
	case "json":
		err = writeValidation(s.Out, inv, diags)
	case "github":
		err = writeAnnotations(s.commands(), diagnosticAnnotations(diags), s.Getenv("GITHUB_WORKSPACE"))
	default:
		err = writeProblems(s, o.globals, inv, diags)
	}
	if err != nil {
		return err
	}
	if problems > 0 {
		err := fmt.Errorf("the inventory is not valid: %s, %s", count(problems, "error"), count(warnings, "warning"))
		return exitWith(exitRefused, err)
	}
	if o.format == "json" {
		return nil
	}
	_, err = fmt.Fprintf(s.Out, "%s is valid: %s, %s, %s\n", inv.Name,
		countEntries(len(inv.Ports)), count(inv.Services(), "service"), count(warnings, "warning"))
	return err
}

// writeProblems writes for people: to standard error, where every command
// reports problems. Warnings are kept back by --quiet, errors are not.
func writeProblems(s Env, g *globals, inv *inventory.Inventory, diags inventory.Diagnostics) error {
	if len(diags) == 0 || inv != nil && g.quiet {
		return nil
	}
	if err := diags.WriteText(s.Err); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.Err)
	return err
}

func countEntries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// validationVersion is the version of the validation document: major.minor.
const validationVersion = "1.0"

// validation is what validate says to programs; docs/diagnostics.md describes
// it.
type validation struct {
	FormatVersion string                 `json:"formatVersion"`
	Valid         bool                   `json:"valid"`
	Inventory     *validInventory        `json:"inventory"`
	Files         []string               `json:"files"`
	Summary       validationSummary      `json:"summary"`
	Diagnostics   []inventory.Diagnostic `json:"diagnostics"`
}

type validInventory struct {
	Name        string `json:"name"`
	Environment string `json:"environment"`
	Entries     int    `json:"entries"`
	Services    int    `json:"services"`
}

type validationSummary struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
}

func writeValidation(w io.Writer, inv *inventory.Inventory, diags inventory.Diagnostics) error {
	problems, warnings := diags.Counts()
	v := validation{
		FormatVersion: validationVersion, Valid: problems == 0,
		Summary:     validationSummary{problems, warnings},
		Diagnostics: diags,
	}
	if inv != nil {
		v.Files = inv.Files
		v.Inventory = &validInventory{inv.Name, inv.Environment, len(inv.Ports), inv.Services()}
	} else {
		for _, d := range diags {
			if d.File != "" && !slices.Contains(v.Files, d.File) {
				v.Files = append(v.Files, d.File)
			}
		}
	}
	return writeJSON(w, v)
}
