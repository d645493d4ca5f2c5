package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/portctl/portctl/pkg/plan"
)

// useFilesOf takes the inventory's files from a saved plan when none are named. A
// relative path counts from the working directory, here as there: a plan is often
// applied on another machine, in another checkout.
func (o *applyOptions) useFilesOf(saved plan.Document) error {
	if len(o.files) > 0 {
		return nil
	}
	for _, file := range saved.Inventory.Files {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return exitWith(exitRefused, withHint(fmt.Errorf("%s: the plan was made from %s, which is not here", o.planFile, file),
				"run apply in the directory in which the plan was made, or name the inventory with -f"))
		}
	}
	o.files = saved.Inventory.Files
	return nil
}
