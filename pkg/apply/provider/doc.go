// Package provider is portctl's only way to the Megaport API: it adapts the
// client of pkg/megaport to what pkg/apply asks for, and so holds every call
// that can change an account. To audit what portctl may do to an account, read
// writer.go; reader.go can change nothing.
//
// It owns the translation between the API's types and the plan's. It must not
// decide anything: neither what to buy nor whether to try again.
package provider
