// Package megaport is a client of the Megaport API for Ports: locations,
// validation with its price, orders, products, tags, lock, cancellation, order
// approvals and LOA documents.
//
// It owns how the API is spoken to, and what its answers mean:
//
//   - Services hang off a Client: Locations, Orders, Products, Approvals. Their
//     results are plain values; what stands on the wire is not exported.
//   - Every request runs through the same chain of small steps, outermost first:
//     retry, limit (concurrency and rate), authorize, log, deadline, answer,
//     send. Each step is one file.
//   - What is sent again is decided by one pure function, by class of call. Reads
//     and repeatable writes are repeated after network errors, 429 and 502-504.
//     An order is repeated only after 429, and on proof that no byte of it was
//     written; a 401 refreshes the token once. No redirect is followed. A
//     cancellation is repeated only after the product was looked at.
//   - An order has more than two outcomes. Buy says which one in an OrderError;
//     OrderUnknown means that somebody has to look before anything is bought again.
//   - Reading is strict about what portctl relies on: a port of the listing that
//     can not be decoded fails the listing, because a port that is overlooked
//     would be bought a second time. Fields nobody uses are not looked at.
//   - Money is decimal, taken from the digits of the JSON number.
//   - Secrets and tokens are kept out of errors and logs.
//
// It knows nothing of inventories, plans, ledgers or terminals, and imports no
// other package of portctl. "API facts" in comments refers to docs/api-facts.md;
// the letter is the confidence given there, from A (seen in official client
// code) to D (a guess).
package megaport
