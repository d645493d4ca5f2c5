// Package contract says what portctl relies on in the Megaport API for ports, as
// one suite of behaviours written against the client. An API that passes it is
// one that portctl can work with.
//
// It owns the behaviours and nothing else. Whoever runs them brings the API, as a
// Target: the simulated one always, staging on request. It knows the client's
// exported API and must not know the sandbox, so that what holds for one API is
// asked of every other in the same words.
//
// Each behaviour names the section of docs/api-facts.md that it rests on. What
// nobody public confirms (confidence D) is asked only of a Target that says
// Assumed; a failure there is news about the API rather than a defect.
package contract
