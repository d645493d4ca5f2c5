// Package campaign proves by trial that nothing is bought twice and no order is
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
// listing lag, failures of the ledger, token life, rate limit, approval queue)
// and a few steps. A step edits the inventory, lets time pass, and starts one run
// or two at once; a run may be interrupted, or die at any instant: its process is
// cut at a call to the API or to the ledger, before or after it took effect, and
// nothing of it happens afterwards. Then comes the recovery that a person would
// do: apply again once the listing had time to catch up, say of what is still in
// doubt that it was not created, apply once more.
//
// # What must hold
//
// At every instant an entry was bought at most once, a LAG with no more members
// than were asked for. What a result names is in the account, and what is in the
// account is known to the ledger or to the plan. After recovery everything is
// there exactly once. And doubts are bounded, so that calling everything a doubt
// would not pass: without faults there are none, an order that was carried out
// is never still in doubt once it is listed, and there are never more doubts than
// orders that were cut off or not answered.
package campaign
