// Command portctl orders Megaport Ports from an inventory file: it plans, buys
// what is missing, waits for it and saves the Letters of Authorization.
package main

import (
	"os"

	"github.com/portctl/portctl/cmd/portctl/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.OS()))
}
