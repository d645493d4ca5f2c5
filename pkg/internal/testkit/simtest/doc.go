// Package simtest proves by trial that nothing is bought twice and no order is
// lost.
//
// It owns the trials and no code of the program: random whole rollouts against
// the sandbox in virtual time, the real binary killed at random instants, a
// targeted test for every protection, and races over a bucket. The sandbox's own
// record is the judge of each of them, never what a run says of itself.
//
// It must not know how the engine does what it does: it holds the engine by the
// Account and the Store that every run is given, and by the command line.
//
// # A trial
//
// A case is an inventory of one to eight entries, a world (faults of the API,
// listing lag, failures of the ledger, token life, rate limit, approval queue),
// often a liar between the program and the API, and a few steps. A step edits the
// inventory, lets somebody else rename and cancel in the portal, lets time pass, and
// starts one run or two at once; a run may be interrupted, or die at any instant:
// its process is cut at a call to the API or to the ledger, before or after it took
// effect, and nothing of it happens afterwards.
//
// The liar answers an order with other UIDs, more of them, or an error although it
// was carried out; has orders carried out elsewhere, in part, or as another LAG;
// shows names, tags, UIDs, places, LAGs and dates otherwise than they are; and lets
// the approvals endpoint flap. Machines' clocks are two days off, and claims are
// torn.
//
// Then comes a person, who has the product's commands and guards and nothing more:
// they look into the portal, say of claims what they see, write into the file what
// the hints say, and apply again, until nothing is left to do.
//
// # What must hold
//
// At every instant an entry has no more living services than were asked for, and
// nothing is cancelled that is wanted, or that VXCs end on. What a result names is
// in the account, and what is in the account is known to the ledger or to the plan.
// In the end everything is there exactly once, the plan is empty, and no claim is
// open. And unconfirmed orders are bounded, so that calling everything unconfirmed
// would not pass: without faults there are none, and where the API tells the truth
// an order that was carried out is never unconfirmed once it is listed.
package simtest
