// Command portctl orders Megaport Ports from an inventory file: it plans, buys
// what is missing, waits for it and saves the Letters of Authorization.
package main

import (
	"os"
	"runtime/debug"

	"github.com/portctl/portctl/cmd/portctl/internal/cli"
)

// gcPercent trades a little CPU time for a third of the memory: most of a large plan is
// text of the inventory and the listing that is garbage a moment later.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(cli.Main(os.Args[1:], cli.OS()))
}
