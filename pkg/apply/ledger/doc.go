// Package ledger keeps the intents to buy, called claims.
//
// It owns the rule "intent before money": no order is sent before its claim
// stands, and what became of the order is recorded beside the claim. It must
// not know how an order is sent or what an inventory is.
//
// This version holds claims for the life of the process only, which is enough
// for a sandbox and for nothing else: portctl refuses to buy anywhere but on a
// loopback address as long as that is so.
package ledger
