package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
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
	wrapped := fmt.Sprintf(".FlagUsagesWrapped %d ", max(width, narrowestHelp))
	cmd.SetUsageTemplate(strings.ReplaceAll(cmd.UsageTemplate(), ".FlagUsages ", wrapped)) // inherited by all below
	explainArguments(cmd)
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
			named.InitDefaultVersionFlag()
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
