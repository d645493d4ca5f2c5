// Package megaport is a client of the Megaport API for Ports: locations,
// validation with its price, orders, products, tags, lock, cancellation, order
// approvals, the account's companies and LOA documents.
//
// It owns how the API is spoken to, and what its answers mean:
//
//   - Services hang off a Client: Locations, Orders, Products, Approvals, Company.
//     Their results are plain values; what stands on the wire is not exported.
//   - Every request runs through the same chain of small steps, outermost first:
//     retry, limit (concurrency, rate, the waits that the API asked for), authorize,
//     log, deadline, answer, send. Each step is one file.
//   - What is sent again is decided by one pure function, by class of call. Reads
//     and repeatable writes are repeated after network errors and 502-504, and for
//     ten minutes after 429, which outlives the published limit; a long wait is told
//     (Options.OnBusy). An order is sent again only on proof that no byte of it was
//     written, or in its other form when the API has no such route: after 429 and 401
//     it is the caller's to look first. No redirect is followed. A cancellation is
//     repeated only after the product was looked at.
//   - An order has more than two outcomes. Buy says which one in an OrderError;
//     OrderUnknown means that somebody has to look before anything is bought again.
//     UIDs in an answer are candidates. A refusal is the API's only in the envelope
//     as published, with message and terms.
//   - Reading is strict where a decision hangs on it, and tolerant elsewhere: a
//     living port of the listing that cannot be told from another fails the listing,
//     because a port that is overlooked would be bought a second time. A terminated
//     row needs to say which it was. No value of another field stops anything; numbers
//     and booleans are read from texts as well, and what is no character becomes
//     U+FFFD. Statuses, product types, zones and environments are folded.
//   - A price is the dearest that the answer can mean, with notes on what it said.
//   - Money is decimal, taken from the digits of the JSON number.
//   - Secrets and tokens are kept out of errors and logs.
//
// It knows nothing of inventories, plans, ledgers or terminals, and imports no
// other package of portctl. "API facts" in comments refers to docs/api-facts.md;
// the grade is the confidence given there, from A (seen in official client
// code) to D (a guess).
package megaport
