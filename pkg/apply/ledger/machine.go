package ledger

import (
	"fmt"
	"slices"

	"github.com/portctl/portctl/pkg/plan"
)

// Seen is a record and no state: somebody else than its maker saw the claim.
const Seen plan.OrderState = "seen"

// transitions is the whole life of a claim: which states may follow which. A
// closed one ends it. Seen may stand anywhere before.
var transitions = map[plan.OrderState][]plan.OrderState{
	plan.OrderClaimed:    {plan.OrderSending, plan.OrderUnknown, plan.OrderBought, plan.OrderTurnedAway, plan.OrderQueued, plan.OrderRejected, plan.OrderDelivered, plan.OrderRefused, plan.OrderNotSent, plan.OrderResolved},
	plan.OrderSending:    {plan.OrderSending, plan.OrderUnknown, plan.OrderBought, plan.OrderTurnedAway, plan.OrderQueued, plan.OrderRejected, plan.OrderDelivered, plan.OrderRefused, plan.OrderNotSent, plan.OrderResolved},
	plan.OrderUnknown:    {plan.OrderUnknown, plan.OrderBought, plan.OrderQueued, plan.OrderRejected, plan.OrderDelivered, plan.OrderResolved},
	plan.OrderTurnedAway: {plan.OrderSending, plan.OrderBought, plan.OrderQueued, plan.OrderRejected, plan.OrderDelivered, plan.OrderNotProcessed, plan.OrderResolved},
	plan.OrderQueued:     {plan.OrderBought, plan.OrderRejected, plan.OrderDelivered, plan.OrderResolved},
	plan.OrderRejected:   {plan.OrderQueued, plan.OrderBought, plan.OrderDelivered, plan.OrderResolved},
	plan.OrderBought:     {plan.OrderBought, plan.OrderUnknown, plan.OrderDelivered, plan.OrderResolved},
	plan.OrderDamaged:    {plan.OrderResolved},
}

// recordable says whether a record of this version may have the state.
func recordable(s plan.OrderState) bool {
	_, open := transitions[s]
	return s != plan.OrderDamaged && open || s.Closed() || s == Seen
}

// checkTransition refuses a record that the life of a claim does not allow.
func checkTransition(from, to plan.OrderState) error {
	if to == Seen && !from.Closed() || slices.Contains(transitions[from], to) {
		return nil
	}
	return fmt.Errorf("a claim that is %s cannot become %s", from, to)
}
