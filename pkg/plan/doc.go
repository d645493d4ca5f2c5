// Package plan decides what an apply would do, and nothing else.
//
// It owns the values that flow through portctl: what is wanted (Desired), what
// the account holds (Observed), where ports can stand (Catalog), and the Plan
// that follows from the three. Build, Plan.Orders and Plan.Priced are pure
// functions: no I/O, no clock, no randomness, and the same bytes for the same
// input whatever the order of files, entries and listing. Times stand in the
// Document, the envelope around a plan.
//
// It must not know HTTP, YAML, terminals or the packages that do: it imports
// neither pkg/megaport nor pkg/apply nor inventory.
package plan
