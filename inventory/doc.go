// Package inventory owns the language in which people write down the ports they
// want: reading the YAML files, checking them strictly, and saying exactly where
// a problem stands and how to fix it.
//
// Load reads files and directories, Parse does the same to bytes in memory.
// Both give an Inventory, whose Desired method is the value that planning works
// on, or Diagnostics: every problem of every file, found in one run.
//
// The decoder walks YAML nodes itself, guided by the table in attributes.go. It
// keeps the position of every key and value, which decoding into structs would
// lose, and it refuses what it does not know. A key that was accepted and
// ignored could cost somebody a contract of years. A new key of the language is
// one new row: defaults and rollouts, the JSON Schema, the tables of
// docs/inventory.md, the columns of spreadsheets and the hints for misspelt keys
// are made from it.
//
// A rollout, many ports from one entry, is expanded here, so that planning knows
// ports only. Format writes a file in the one canonical style, which package
// layout knows; Starter and FromSheet write a first one.
//
// The package reads inventory files and does no other I/O. It must not know the
// network, the account, the catalog of locations, credentials or the terminal:
// whether a site exists and sells a speed is decided in pkg/plan, and what the
// API says about an order in pkg/apply.
package inventory
