package ledger

import (
	"fmt"
	"slices"
)

// State is how far a claim has come.
type State string

// The states; see the package comment.
const (
	Claimed      State = "claimed"
	Unknown      State = "unknown"
	Bought       State = "bought"
	Approval     State = "approval"
	Delivered    State = "delivered"
	Refused      State = "refused"
	NotSent      State = "not-sent"
	NotProcessed State = "not-processed"
	Rejected     State = "rejected"
	Settled      State = "settled"
)

// transitions is the whole life of a claim: which states may follow which. A
// claim only ever moves towards more knowledge, and a closed one not at all.
func transitions() map[State][]State {
	return map[State][]State{
		Claimed:  {Unknown, Bought, Approval, Delivered, Refused, NotSent, NotProcessed, Settled},
		Unknown:  {Unknown, Bought, Approval, Delivered, Settled},
		Approval: {Bought, Delivered, Rejected, Settled},
		Bought:   {Bought, Delivered, Settled},
	}
}

// Closed says that the claim is over: it holds its name back no more.
func (s State) Closed() bool {
	switch s {
	case Delivered, Refused, NotSent, NotProcessed, Rejected, Settled:
		return true
	}
	return false
}

// Doubtful says that nobody knows whether the order was carried out. A claim
// without any record is as doubtful as one that says so: the process that made
// it may have died at any instant.
func (s State) Doubtful() bool { return s == Claimed || s == Unknown }

// Known says whether the state is one of this version's.
func (s State) Known() bool {
	_, open := transitions()[s]
	return open || s.Closed()
}

// checkTransition refuses a record that the life of a claim does not allow.
func checkTransition(from, to State) error {
	if !slices.Contains(transitions()[from], to) {
		return fmt.Errorf("a claim that is %s can not become %s", from, to)
	}
	return nil
}
