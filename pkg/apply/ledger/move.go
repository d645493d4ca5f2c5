package ledger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// A ledger moves by being copied, record by record, and then marked: nothing is
// deleted, and whoever comes to the old place is told where the claims are now. The
// marks of an account are numbered, because a ledger may come back.

// Moved says where a ledger went.
type Moved struct {
	Schema int `json:"schema"`
	// To is the place it went to; empty when the ledger is here (again).
	To   string    `json:"to"`
	Run  string    `json:"run"`
	By   string    `json:"by"`
	Time time.Time `json:"time"`
}

// MovedError says that a ledger is kept elsewhere now.
type MovedError struct {
	Place string
	Moved
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("the ledger at %s was moved to %s by %s at %s", e.Place, e.To, e.By, e.Time.UTC().Format(time.RFC3339))
}

// Hint says how to go on.
func (e *MovedError) Hint() string {
	return fmt.Sprintf("name the new place: `state: %s` in the inventory, or --state", e.To)
}

// ConflictError says that two ledgers cannot become one: both have a record that
// the other does not have.
type ConflictError struct {
	From, To string
	Keys     []string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("the ledgers at %s and %s both hold %s, and not the same", e.From, e.To, strings.Join(e.Keys, ", "))
}

// Hint says how to go on.
func (e *ConflictError) Hint() string {
	return "nothing was copied: move to a place without a ledger of this account, or resolve the open claims of one of the two and keep using the other"
}

func (l *Ledger) movedPrefix() string { return "moved/" + l.host + "/" }

// marks lists the marks of the account in the order in which they were made.
func (l *Ledger) marks(ctx context.Context) ([]string, error) {
	keys, err := l.store.List(ctx, l.movedPrefix())
	if err != nil {
		return nil, l.fail("looking whether it was moved", err)
	}
	return keys, nil
}

// WhereTo is the last mark of the account: where its ledger went. Its To is empty
// when the ledger was never moved.
func (l *Ledger) WhereTo(ctx context.Context) (Moved, error) {
	keys, err := l.marks(ctx)
	if err != nil || len(keys) == 0 {
		return Moved{}, err
	}
	b, err := l.store.Read(ctx, keys[len(keys)-1])
	if err != nil {
		return Moved{}, l.fail("reading where it was moved", err)
	}
	var m Moved
	if err := json.Unmarshal(b, &m); err != nil {
		return Moved{}, l.fail("reading where it was moved", err)
	}
	if err := checkSchema(m.Schema); err != nil {
		return Moved{}, l.fail("reading where it was moved", err)
	}
	return m, nil
}

// CheckHere fails with a *MovedError when the ledger is kept elsewhere now.
func (l *Ledger) CheckHere(ctx context.Context) error {
	m, err := l.WhereTo(ctx)
	if err == nil && m.To != "" {
		return &MovedError{l.Place(), m}
	}
	return err
}

// mark adds a mark.
func (l *Ledger) mark(ctx context.Context, to string) error {
	keys, err := l.marks(ctx)
	if err != nil {
		return err
	}
	content, err := encode(Moved{Schema, to, l.run.ID, l.run.By, l.run.Now().UTC()})
	if err != nil {
		return err
	}
	if err := l.store.Create(ctx, fmt.Sprintf("%s%06d.json", l.movedPrefix(), len(keys)+1), content); err != nil {
		return l.fail("marking it as moved", err)
	}
	return nil
}

// Move copies all records of an account from one ledger to another and marks the
// first as moved. It holds the locks of both, and changes nothing when records of
// the two contradict each other, or when the second was moved to a third place. It says how many records the new ledger got. A
// move that was interrupted can be done again.
func Move(ctx context.Context, from, to *Ledger) (copied int, err error) {
	if from.Place() == to.Place() {
		return 0, fmt.Errorf("both places are %s", to.Place())
	}
	for _, l := range []*Ledger{from, to} {
		lock, lockErr := l.Lock(ctx)
		if lockErr != nil {
			return 0, &LockingError{l.Place(), lockErr}
		}
		defer func() { err = errors.Join(err, lock.Release(context.WithoutCancel(ctx))) }()
	}
	if err := from.CheckHere(ctx); err != nil {
		return 0, err
	}
	if err := mayCallBack(ctx, from, to); err != nil {
		return 0, err
	}
	missing, err := missingIn(ctx, from, to)
	if err != nil {
		return 0, err
	}
	for _, r := range missing {
		if err := to.store.Create(ctx, r.key, r.content); err != nil {
			return copied, to.fail("copying "+r.key, err)
		}
		copied++
	}
	return copied, settleMarks(ctx, from, to)
}

// mayCallBack fails when the second ledger went elsewhere and the first does not know
// all of it: where it went more may have happened, and then both would be in use.
func mayCallBack(ctx context.Context, from, to *Ledger) error {
	m, err := to.WhereTo(ctx)
	if err != nil || m.To == "" || m.To == from.Place() {
		return err
	}
	unknown, err := missingIn(ctx, to, from)
	if err == nil && len(unknown) > 0 {
		return &MovedError{to.Place(), m}
	}
	return err
}

// LockingError says which of two ledgers could not be locked.
type LockingError struct {
	Place string
	Err   error
}

func (e *LockingError) Error() string { return fmt.Sprintf("the ledger at %s: %v", e.Place, e.Err) }

// Unwrap is the cause.
func (e *LockingError) Unwrap() error { return e.Err }

// settleMarks makes the new ledger the one that is used. It comes last: until then
// the old one is.
func settleMarks(ctx context.Context, from, to *Ledger) error {
	switch m, err := to.WhereTo(ctx); {
	case err != nil:
		return err
	case m.To != "":
		if err := to.mark(ctx, ""); err != nil {
			return err
		}
	}
	return from.mark(ctx, to.Place())
}

// record is a key and what it holds.
type record struct {
	key     string
	content []byte
}

// missingIn lists the account's records that the second ledger lacks, in the order
// in which they have to be written.
func missingIn(ctx context.Context, from, to *Ledger) ([]record, error) {
	keys, err := from.store.List(ctx, "")
	if err != nil {
		return nil, from.fail("listing its records", err)
	}
	slices.SortFunc(keys, beforeInMove)
	var missing []record
	conflict := &ConflictError{From: from.Place(), To: to.Place()}
	for _, key := range keys {
		if !from.owns(key) {
			continue
		}
		content, err := from.store.Read(ctx, key)
		if err != nil {
			return nil, from.fail("reading "+key, err)
		}
		switch have, err := to.store.Read(ctx, key); {
		case errors.Is(err, ErrNotFound):
			missing = append(missing, record{key, content})
		case err != nil:
			return nil, to.fail("reading "+key, err)
		case !bytes.Equal(have, content):
			conflict.Keys = append(conflict.Keys, key)
		}
	}
	if len(conflict.Keys) > 0 {
		return nil, conflict
	}
	return missing, nil
}

// owns says that a record is of the account, and moves with it: its kind comes first in
// the key, then the account.
func (l *Ledger) owns(key string) bool {
	kind, rest, _ := strings.Cut(key, "/")
	return kind != "moved" && kind != "closed" && (rest == l.host+".json" || strings.HasPrefix(rest, l.host+"/"))
}

// beforeInMove sorts what claims refer to before them, a claim before its records, and
// what closes it last: a copy that breaks off leaves more open than there is, never less.
func beforeInMove(a, b string) int {
	referred := func(key string) int {
		if strings.HasPrefix(key, "listings/") {
			return 0
		}
		return 1
	}
	rank := func(key string) int {
		switch path.Base(key) {
		case "claim.json":
			return 0
		case closedRecord + ".json":
			return 2
		}
		return 1
	}
	return cmp.Or(cmp.Compare(referred(a), referred(b)), cmp.Compare(path.Dir(a), path.Dir(b)), cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}
