package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The widths between which the help of flags is set. Help that is not read on a
// terminal gets the wider one.
const (
	narrowestHelp = 60
	widestHelp    = 100
)

// explain gives a command and those below it messages of ours where cobra's own
// speak of its inner life, and lays their flags out for the reader's width.
func explain(cmd *cobra.Command, width int) {
	if width == 0 || width > widestHelp {
		width = widestHelp
	}
	width = max(width, narrowestHelp)
	cmd.SetUsageFunc(func(cmd *cobra.Command) error { // inherited by all below
		_, err := io.WriteString(cmd.OutOrStderr(), usageOf(cmd, width))
		return err
	})
	explainArguments(cmd)
}

// usageOf lays a command's usage out as cobra does. It is no template of cobra's,
// because these find methods by name: with one in the program, the linker keeps
// every method of every type, and the client of S3 has many.
func usageOf(cmd *cobra.Command, width int) string {
	var b strings.Builder
	b.WriteString("Usage:")
	if cmd.Runnable() {
		b.WriteString("\n  " + cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\n  " + cmd.CommandPath() + " [command]")
	}
	if cmd.HasExample() {
		b.WriteString("\n\nExamples:\n" + cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\n\nAvailable Commands:")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(&b, "\n  %-*s %s", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	if cmd.HasAvailableLocalFlags() {
		b.WriteString("\n\nFlags:\n" + flagUsages(cmd.LocalFlags(), width))
	}
	if cmd.HasAvailableInheritedFlags() {
		b.WriteString("\n\nGlobal Flags:\n" + flagUsages(cmd.InheritedFlags(), width))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n\nUse \"%s [command] --help\" for more information about a command.", cmd.CommandPath())
	}
	return b.String() + "\n"
}

func flagUsages(flags *pflag.FlagSet, width int) string {
	return strings.TrimRightFunc(flags.FlagUsagesWrapped(width), unicode.IsSpace)
}

// explainVersion gives the root --version. Cobra's own takes a template.
func explainVersion(root *cobra.Command, out io.Writer) {
	asked := root.Flags().BoolP("version", "v", false, "version for "+root.Name())
	run := root.RunE
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if *asked {
			_, err := fmt.Fprintln(out, versionLine())
			return err
		}
		return run(cmd, args)
	}
}

func explainArguments(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		explainArguments(sub)
	}
	switch {
	case cmd.HasSubCommands() && !cmd.Runnable():
		explainGroup(cmd)
	case cmd.Args != nil:
		cmd.Args = oursOf(cmd.Args)
	}
}

// explainGroup lets a command that only groups others refuse what is none of
// them: cobra would print the help and call it a success.
func explainGroup(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.DisableFlagsInUseLine = true
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		hint := fmt.Sprintf("`%s --help` lists the commands", cmd.CommandPath())
		cmd.SuggestionsMinimumDistance = 2
		if len(args[0]) <= 3 {
			cmd.SuggestionsMinimumDistance = 1 // every short word is near another
		}
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = fmt.Sprintf("did you mean `%s %s`?", cmd.CommandPath(), strings.Join(near, "` or `"))
		}
		return withHint(fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath()), hint)
	}
}

// explainHelp lets `help` refuse what is no command, as the command itself would.
func explainHelp(root *cobra.Command) {
	for _, help := range root.Commands() {
		if help.Name() != "help" {
			continue
		}
		help.Run, help.RunE = nil, func(_ *cobra.Command, args []string) error {
			named, rest, err := root.Find(args)
			switch {
			case err != nil:
				return err
			case len(rest) > 0 && named.HasSubCommands():
				return named.RunE(named, rest)
			case len(rest) > 0:
				return withHint(fmt.Errorf("%q has no command %q", named.CommandPath(), rest[0]), fmt.Sprintf("`%s --help` explains it", named.CommandPath()))
			}
			named.InitDefaultHelpFlag()
			return named.Help()
		}
	}
}

// oursOf says in our words what a check of arguments refuses.
func oursOf(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check(cmd, args) == nil {
			return nil
		}
		hint := fmt.Sprintf("usage: `%s`", cmd.UseLine())
		for n := len(args) - 1; n >= 0; n-- {
			if check(cmd, args[:n]) == nil {
				if extension := filepath.Ext(args[n]); extension == ".yaml" || extension == ".yml" {
					hint = fmt.Sprintf("inventory files are named with -f: `%s -f %s`", cmd.CommandPath(), args[n])
				}
				return withHint(fmt.Errorf("unexpected argument %q", args[n]), hint)
			}
		}
		return withHint(errors.New("missing argument"), hint)
	}
}

// alternatives lists words as a sentence does: "text, markdown or json".
func alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// writableFile says whether a file can be written later, before anything is done
// that could then not be told. It leaves nothing behind.
func writableFile(path string) error {
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a directory", path)
	case err == nil:
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return f.Close()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return probe(filepath.Dir(path))
}

// writableFolder says whether a folder can be written into, or made, later. It
// leaves nothing behind.
func writableFolder(path string) error {
	switch info, err := os.Stat(path); {
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is not a directory", path)
	case err == nil:
		return probe(path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is a symbolic link to nothing", path)
	}
	return writableFolder(filepath.Dir(path))
}

// probe tries to write into a directory.
func probe(directory string) error {
	f, err := os.CreateTemp(directory, ".portctl-probe-*")
	var reason *fs.PathError
	if errors.As(err, &reason) {
		return fmt.Errorf("%s takes no files: %w", directory, reason.Err) // the probe's name says nothing
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
