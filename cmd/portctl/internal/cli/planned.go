package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
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
