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
	Sending      State = "sending"
	Unknown      State = "unknown"
	Bought       State = "bought"
	TurnedAway   State = "turned-away"
	Approval     State = "approval"
	Rejected     State = "rejected"
	Damaged      State = "damaged"
	Delivered    State = "delivered"
	Refused      State = "refused"
	NotSent      State = "not-sent"
	NotProcessed State = "not-processed"
	Settled      State = "settled"
	// Seen is a record and no state: somebody else than its maker saw the claim.
	Seen State = "seen"
)

// transitions is the whole life of a claim: which states may follow which. A
// closed one ends it. Seen may stand anywhere before.
var transitions = map[State][]State{
	Claimed:    {Sending, Unknown, Bought, TurnedAway, Approval, Rejected, Delivered, Refused, NotSent, Settled},
	Sending:    {Sending, Unknown, Bought, TurnedAway, Approval, Rejected, Delivered, Refused, NotSent, Settled},
	Unknown:    {Unknown, Bought, Approval, Rejected, Delivered, Settled},
	TurnedAway: {Sending, Bought, Approval, Rejected, Delivered, NotProcessed, Settled},
	Approval:   {Bought, Rejected, Delivered, Settled},
	Rejected:   {Approval, Bought, Delivered, Settled},
	Bought:     {Bought, Unknown, Delivered, Settled},
	Damaged:    {Settled},
}

// Closed says that the claim is over: it holds its name back no more.
func (s State) Closed() bool {
	switch s {
	case Delivered, Refused, NotSent, NotProcessed, Settled:
		return true
	}
	return false
}

// Doubtful says that nobody knows whether the order was carried out. A claim
// without any record is as doubtful as one that says so: the process that made
// it may have died at any instant.
func (s State) Doubtful() bool { return s == Claimed || s == Sending || s == Unknown }

// Known says whether the state is one that this version records.
func (s State) Known() bool {
	_, open := transitions[s]
	return s != Damaged && open || s.Closed() || s == Seen
}

// checkTransition refuses a record that the life of a claim does not allow.
func checkTransition(from, to State) error {
	if to == Seen && !from.Closed() || slices.Contains(transitions[from], to) {
		return nil
	}
	return fmt.Errorf("a claim that is %s cannot become %s", from, to)
}
