package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// useFilesOf takes the inventory's files from the saved plans when none are named. A
// relative path counts from the working directory, here as there: a plan is often
// applied on another machine, in another checkout.
func (o *applyOptions) useFilesOf(reviewed plan.Reviewed) error {
	if len(o.files) > 0 || len(reviewed) == 0 {
		return nil
	}
	first := reviewed[0]
	for _, saved := range reviewed[1:] {
		if !slices.Equal(saved.Inventory.Files, first.Inventory.Files) {
			return exitWith(exitRefused, withHint(fmt.Errorf("%s was made from %s, and %s from %s",
				first.File, strings.Join(first.Inventory.Files, ", "), saved.File, strings.Join(saved.Inventory.Files, ", ")),
				"name the inventory with -f"))
		}
	}
	for _, file := range first.Inventory.Files {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return exitWith(exitRefused, withHint(fmt.Errorf("%s: the plan was made from %s, which is not here", first.File, file),
				"run apply in the directory in which the plan was made, or name the inventory with -f"))
		}
	}
	o.files = first.Inventory.Files
	return nil
}

// plansIn are the files of saved plans, and those of folders by name.
func plansIn(paths []string) ([]string, error) {
	files := []string{}
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, err
		case !info.IsDir():
			files = append(files, path)
			continue
		}
		found, err := filepath.Glob(filepath.Join(path, "*.json"))
		if err != nil { // a folder whose name is no pattern
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		files = append(files, found...)
	}
	return files, nil
}
