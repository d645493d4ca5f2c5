package weaken

// Protection is one thing that keeps money from being spent twice.
type Protection string

// The protections.
const (
	// Claim: no order is sent before its claim is durable.
	Claim Protection = "claim"
	// Number: a claim made from an outdated snapshot of the ledger fails.
	Number Protection = "number"
	// Tag: an order without an answer is looked up by the claim's id in its tags.
	Tag Protection = "tag"
	// Name: an order without an answer is looked up by its name.
	Name Protection = "name"
	// Retry: an order is not sent again after an answer that leaves it in doubt.
	Retry Protection = "retry"
	// Strict: a listing with a port that cannot be decoded is no listing.
	Strict Protection = "strict"
	// Lock: one run at a time.
	Lock Protection = "lock"
)
