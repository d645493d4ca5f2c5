// Package ledger keeps the intents to buy, called claims, and what became of
// them.
//
// It owns the rule "intent before money": no order is sent before its claim is
// durable, and what is learnt of the order is recorded beside the claim. The
// ledger holds doubts, not state: the account is the state. It must not know how
// an order is sent, how an account is read, or what an inventory is.
//
// # Claims
//
// A claim is one immutable record at claims/HOST/HASH/N/claim.json, where HASH
// is that of the folded name and N is the number of closed claims of that name
// plus one. A store creates a record only if it does not exist, so of all runs,
// inventories and machines exactly one can hold claim N: the claim prevents the
// double purchase. What is learnt later stands in further immutable records,
// 1.json, 2.json and so on, and closed.json ends the claim. Nothing is deleted.
//
// N is taken from a Snapshot that was read before the account was: whoever else
// claimed the name since then, and perhaps has closed the claim again, makes the
// claim fail.
//
// # The life of a claim
//
//	claimed        the order may have been sent; a crash leaves it here
//	unknown        the order was sent, and no usable answer came
//	bought         the UIDs are known, and the account does not list them all yet
//	approval       the order waits for an approval within the company
//	delivered      closed: a complete listing showed every UID
//	refused        closed: the API would not take the order
//	not-sent       closed: not a byte of the order left
//	not-processed  closed: the API turned the order away unread
//	rejected       closed: the approval was rejected, withdrawn or expired
//	settled        closed: a person said what became of the order
package ledger
