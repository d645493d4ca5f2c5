// Package refresh finds out how things stand: it reads ledger and account, looks up
// the orders of open claims, builds the plan and reads on until nothing is missing
// for it, and prices it.
//
// It owns what counts as evidence that an order became a service. It sends no order
// and changes no service: it holds a [Reader]. What it writes are records in the
// ledger, and only where its caller may buy ([ReadAndRecord]) or a person says what
// became of an order ([Resolve]). It must not know HTTP, the API client or the
// terminal.
package refresh
