package plan

// OrderState is what is known of an order. It is one vocabulary from the answer of the
// API over the records of a claim to plan and result.
type OrderState string

// The states of an order that its claim holds open.
const (
	// OrderClaimed: it may have been sent; a crash leaves it here.
	OrderClaimed OrderState = "claimed"
	// OrderSending: the same, for an order that is sent once more.
	OrderSending OrderState = "sending"
	// OrderUnknown: it was sent, and no usable answer came, or the service that the
	// answer named is not the order's.
	OrderUnknown OrderState = "unknown"
	// OrderBought: the API named the services; the account does not show all yet.
	OrderBought OrderState = "bought"
	// OrderTurnedAway: the API said that it did not process it (429, 401). It is sent
	// again, or closed, when a later listing does not show it.
	OrderTurnedAway OrderState = "turned-away"
	// OrderQueued: it waits for an approval within the company.
	OrderQueued OrderState = "approval"
	// OrderRejected: its approval was rejected, withdrawn or expired, so it is ordered
	// again only by a person's word or for a changed entry.
	OrderRejected OrderState = "rejected"
	// OrderDamaged: its claim cannot be read.
	OrderDamaged OrderState = "damaged"
)

// The states of an order whose claim is closed.
const (
	// OrderDelivered: a complete listing showed every service.
	OrderDelivered OrderState = "delivered"
	// OrderRefused: the API would not take it.
	OrderRefused OrderState = "refused"
	// OrderNotSent: not a byte of it left.
	OrderNotSent OrderState = "not-sent"
	// OrderNotProcessed: it was turned away, and the account does not show it.
	OrderNotProcessed OrderState = "not-processed"
	// OrderResolved: a person said what became of it.
	OrderResolved OrderState = "resolved"
)

// Closed says that the claim is over: it holds its name back no more.
func (s OrderState) Closed() bool {
	switch s {
	case OrderDelivered, OrderRefused, OrderNotSent, OrderNotProcessed, OrderResolved:
		return true
	}
	return false
}

// Unconfirmed says that nobody knows whether the order was carried out. A claim
// without any record is as unconfirmed as one that says so: the process that made
// it may have died at any instant.
func (s OrderState) Unconfirmed() bool {
	return s == OrderClaimed || s == OrderSending || s == OrderUnknown || s == OrderTurnedAway
}
