//go:build weaken

package weaken

import (
	"os"
	"slices"
	"strings"
)

// Off says whether a protection is taken away: PORTCTL_WEAKEN lists those that
// are, separated by commas.
func Off(p Protection) bool {
	return slices.Contains(strings.Split(os.Getenv("PORTCTL_WEAKEN"), ","), string(p))
}
