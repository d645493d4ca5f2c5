// Package ledger keeps the intents to buy, called claims, and what became of
// them.
//
// It owns the rule "intent before money": no order is sent before its claim is
// durable, and what is learnt of the order is recorded beside the claim. The
// ledger holds unconfirmed orders, not state: the account is the state. It must not know how
// an order is sent, how an account is read, or what an inventory is.
//
// # Claims
//
// A claim is one immutable record at claims/ACCOUNT/HASH.N/claim.json, where ACCOUNT
// is the environment's name or a sandbox's address, HASH is that of the folded name
// and N is the number of closed claims of that name plus one. A store creates a
// record only if it does not exist, so of all runs, inventories and machines exactly
// one can hold claim N: the claim prevents the double purchase. What is learnt later
// stands in further immutable records, 1.json, 2.json and so on, and closed.json ends
// the claim. Nothing is deleted.
//
// N is taken from a Snapshot that was read before the account was: whoever else
// claimed the name since then, and perhaps has closed the claim again, makes the
// claim fail.
//
// What the account had at the places of a run's orders is one record for all of its
// claims, at listings/ACCOUNT, which is durable before they are. A claim whose listing is
// missing or not as it was written is damaged.
//
// What is there and cannot be read is never taken for absence: such a claim is
// damaged, which a person resolves by its key.
//
// Closed claims are passed over where an index at closed/ACCOUNT lists them. An index is
// written now and then and only saves time: what it does not list is looked at.
//
// # The life of a claim
//
//	claimed        the order may have been sent; a crash leaves it here
//	sending        the same, for an order that is sent once more
//	unknown        the order was sent, and no usable answer came, or the service that
//	               the answer named is not the order's
//	bought         the answer named the services, and the account does not show all yet
//	turned-away    the API said that it did not process the order (429, 401); it is
//	               sent again, or closed, when a later listing does not show it
//	approval       the order waits for an approval within the company
//	rejected       the approval was rejected, withdrawn or has expired
//	damaged        a record cannot be read
//	delivered      closed: a complete listing showed every service
//	refused        closed: the API would not take the order
//	not-sent       closed: not a byte of the order left
//	not-processed  closed: it was turned away, and the account does not show it
//	resolved       closed: a person said what became of the order
//
// Guards count from the last record of something sent or answered (QuietSince);
// looking at the account moves nothing. A claim whose time is ahead of the clock of
// whoever reads it gets a record that it was seen, and counts from that.
//
// # Memory
//
// Beside claims the ledger remembers which services stood for entries and what they were
// bought with (services/ACCOUNT), which cancellations were begun (cancelling/ACCOUNT), what was
// once seen of the API (notices/ACCOUNT), the company that owns it (company/) and
// the API keys that were used with it (keys/ACCOUNT). All of it only ever adds
// caution, but for what services were bought with: one with a cross connect needs no LOA.
package ledger
