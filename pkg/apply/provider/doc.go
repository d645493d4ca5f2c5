// Package provider is portctl's only way to the Megaport API: it adapts the
// client of pkg/megaport to what pkg/apply asks for, and so holds every call
// that can change an account. To audit what portctl may do to an account, read
// writer.go; reader.go can change nothing.
//
// It owns the translation between the API's types and the plan's: UIDs are folded
// here, and asked for in the API's own spelling; a name that cannot be read equals
// no other; whatever a validation or the approvals' endpoint answers is an answer.
// It must not decide anything: neither what to buy nor whether to try again.
package provider
