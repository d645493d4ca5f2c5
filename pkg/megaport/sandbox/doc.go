// Package sandbox is a simulated Megaport API for Ports: one http.Handler that
// any Megaport client can talk to, with a real catalog of locations, prices, a
// lifecycle, LOA documents and every fault a client of the real API must
// survive.
//
// It owns the server's side of the wire: routes, envelopes, order rules,
// provisioning states, the account it keeps (in memory or in a bbolt file), the
// faults it injects and the record of what it saw.
//
// It must not know portctl. It imports none of portctl's packages, not even the
// client's wire types, so that a mistake in the client cannot repeat itself
// here and pass unseen. Comments that state a fact about Megaport name the
// section of docs/api-facts.md and its confidence: A official code, B official
// documentation, C third parties, D a guess that stays switchable by a knob.
//
// There are three doors to one Server: Serve for users and other programs,
// the Handler itself for httptest, and Transport, which needs no sockets and so
// works in virtual time (testing/synctest; create the Server inside the bubble).
//
// A Server stands for one account. Several Servers, in one process or in many,
// may share one data file: the file is held for one batch of requests at a time,
// and an order is on disk before it is answered. Knobs and faults belong to the
// Server, not to the file.
//
// What clients would never call by chance lives under /_sandbox/: knobs, faults,
// seeding, the record, approvals, token revocation and reset.
package sandbox
