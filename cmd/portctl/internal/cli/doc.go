// Package cli is portctl's command line: one file per command, each of which
// reads flags into a struct and then tells a story in a run function that knows
// nothing of flags.
//
// It owns flags, the choice of environment and credentials, signals and exit
// codes. It decides nothing about ports and draws nothing itself: pkg/plan and
// pkg/apply decide, internal/render draws.
//
// # The rules of the terminal
//
// Standard output carries the product: a plan, a result, a table, JSON.
// Standard error carries progress, the log, and errors as an "error:" line with
// "hint:" lines under it. Colour is for terminals only.
package cli
