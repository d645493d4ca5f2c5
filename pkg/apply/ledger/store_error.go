package ledger

import "fmt"

// storeError is an operation of a store that failed: what was done, to what, where
// and why. It unwraps to the cause.
type storeError struct {
	did   string // such as "create claims/x/1"
	place string // path of the file or URL of the bucket
	err   error
	text  string // the cause in short; empty means err's own text
	hint  string
}

func (e *storeError) Error() string {
	cause := e.text
	if cause == "" {
		cause = e.err.Error()
	}
	return fmt.Sprintf("ledger: cannot %s in %s: %s", e.did, e.place, cause)
}

func (e *storeError) Unwrap() error { return e.err }

// Hint says how to go on; it is empty when there is nothing to say.
func (e *storeError) Hint() string { return e.hint }
