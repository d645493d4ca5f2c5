package inventory

import (
	"fmt"

	"github.com/portctl/portctl/pkg/plan"
)

// SchemaFile is the name under which the JSON Schema stands beside an inventory
// that a Starter begins.
const SchemaFile = "portctl.schema.json"

// modeline tells editors with a YAML language server where the schema is.
const modeline = "# yaml-language-server: $schema=" + SchemaFile + "\n"

// Starter is a first inventory with everything explained, in the canonical
// style. It is for the sandbox, so that trying it costs nothing.
func Starter(name string) []byte {
	return []byte(modeline + fmt.Sprintf(`#
# The ports that we want to have. "portctl plan" shows what is missing and what
# it would cost; "portctl apply" buys it. What is not listed here is left alone.

version: 1
name: %s

# Where this may be applied. The sandbox is a simulated Megaport inside portctl:
# nothing in it is bought. For real orders write staging or production.
environment: sandbox

# Limits, checked on the sums of a run before its first order.
policy:
  maxMonthly: {GBP: 5000}
  maxBuy: 10

# What holds for every entry below unless it says otherwise.
defaults:
  term: 12                      # months: 1, 12, 24, 36, 48 or 60
  marketplaceVisibility: false  # do not show the ports to other companies
  tags: {team: network}

# Short names for locations. "portctl sites london" finds their ids.
sites:
  lhr20: {id: 89}  # Digital Realty London LHR20

ports:
  # Two ports in different diversity zones: no single failure takes both.
  - name: lon-core-1  # the product name; it identifies the entry
    site: lhr20
    speed: 10G
    diversityZone: red
  - name: lon-core-2
    site: lhr20
    speed: 10G
    diversityZone: blue

# Many ports from one entry: take the "# " away to try it.
# rollouts:
#   - name: "{site}-edge-{zone}"
#     sites: [lhr20, {id: 131}]
#     zones: [red, blue]
#     speed: 10G
`, plan.YAMLScalar(name)))
}
