package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Store keeps small immutable records under slash-separated keys. It is all a
// ledger needs of a disk or a bucket, and both must keep the same promises: see
// the contract suite in storetest.
type Store interface {
	// Create writes a record that must not exist yet. When it returns nil the
	// record is whole, durable and visible to every reader, and of all who try to
	// create one key exactly one gets nil; the others get ErrExists. After any
	// other error the record may or may not exist.
	Create(ctx context.Context, key string, content []byte) error
	// Read returns a record, or ErrNotFound.
	Read(ctx context.Context, key string) ([]byte, error)
	// List returns the keys that begin with the prefix, sorted.
	List(ctx context.Context, prefix string) ([]string, error)
	// ListBut is List, with a prefix that ends with a slash, without what is in some
	// folders right below it. It returns those of the folders that there are besides,
	// in any order.
	ListBut(ctx context.Context, prefix string, folders map[string]bool) (keys, passed []string, err error)
	// Lock takes the lock of a name, or fails with a *LockedError that says who
	// holds it. The lock is a courtesy that spares people confusion; what keeps
	// an order from being sent twice is Create.
	Lock(ctx context.Context, name string, h Holder) (Lock, error)
	// Unlock breaks the lock of a name when the holder's Run is the one given;
	// otherwise it fails. A lock that ends with its process cannot be broken.
	Unlock(ctx context.Context, name, run string) error
	// Place names the store for people: a path, or a URL without secrets.
	Place() string
	// Close lets go of what the store holds open.
	Close() error
}

// Lock is a lock that is held.
type Lock interface {
	// Release gives the lock back.
	Release(ctx context.Context) error
}

// Holder says who holds a lock.
type Holder struct {
	// Run is the id of the run, which `portctl ledger unlock` takes.
	Run string `json:"run"`
	// By is user and machine; Process its process id there.
	By      string    `json:"by"`
	Process int       `json:"process"`
	Since   time.Time `json:"since"`
}

// The errors of a Store that callers tell apart.
var (
	// ErrExists: the record is there already.
	ErrExists = errors.New("the record exists already")
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("there is no such record")
)

// LockedError says that somebody else holds a lock.
type LockedError struct {
	// Holder is zero when it cannot be told.
	Holder Holder
	// Breakable says that the lock outlives its process, so that only a person
	// can tell whether the run still goes on.
	Breakable bool
}

func (e *LockedError) Error() string {
	if e.Holder.Run == "" {
		return "another portctl holds the lock"
	}
	return fmt.Sprintf("run %s of %s holds the lock since %s", e.Holder.Run, e.Holder.By, e.Holder.Since.UTC().Format(time.RFC3339))
}

// Hint says how to go on.
func (e *LockedError) Hint() string {
	if !e.Breakable {
		return "wait until it is done; the lock ends with its process"
	}
	return "wait until it is done, or break the lock when you know that the run is dead"
}
