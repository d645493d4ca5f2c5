// Package apply carries a plan out: it drafts it from the account, gates it by
// the API's own validation, buys in parallel, waits until everything is
// provisioned and saves the Letters of Authorization.
//
// It owns the order of these steps, the outcomes of a purchase, the events that
// tell of them and the result. It buys through the small interfaces it
// declares; pkg/apply/provider implements them. It must not know HTTP, the API
// client or the terminal: whoever wants to show something reads the events.
//
// # Outcomes
//
// An order has more than two outcomes. Bought, refused, not processed and not
// sent are known; Unknown means that no usable answer came back, so the order
// may or may not exist. An unknown order is never sent again.
package apply
