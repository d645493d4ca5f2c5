package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/plan"
)

// Ledger is the claims on one API host, as one run sees and makes them. It is
// safe for use by many goroutines.
type Ledger struct {
	store Store
	host  string
	run   Run

	listings   listings
	indexAfter int // as the constant of this name
}

// Run is who makes claims.
type Run struct {
	// ID is unique to the run.
	ID string
	// By is user and machine, Tool program and version.
	By, Tool string
	// Process is the process id.
	Process int
	// Ephemeral says that services may vanish from the account: a sandbox may have
	// been emptied, and staging becomes a copy of production every day (API facts
	// §1, confidence B).
	Ephemeral bool
	// OrderDeadline is how long an order is on its way at most; 0 means OrderDeadline.
	// A rehearsal has shorter ones.
	OrderDeadline time.Duration
	// Now tells the time; nil means time.Now.
	Now func() time.Time
}

// New is the ledger for the API at a host.
func New(store Store, host string, run Run) *Ledger {
	if run.ID == "" {
		run.ID = uuid.NewString()
	}
	if run.Now == nil {
		run.Now = time.Now
	}
	return &Ledger{store: store, host: safeHost(host), run: run, listings: listings{have: map[string]*Listing{}}, indexAfter: indexAfter}
}

// Place names the store for people.
func (l *Ledger) Place() string { return l.store.Place() }

// Ephemeral says that services may vanish from the account.
func (l *Ledger) Ephemeral() bool { return l.run.Ephemeral }

// Run is the id of the run.
func (l *Ledger) Run() string { return l.run.ID }

// Error is a failure of the ledger. Without a ledger nothing is bought.
type Error struct {
	// Op is what was tried, Place the store.
	Op, Place string
	Err       error
}

func (e *Error) Error() string { return fmt.Sprintf("the ledger at %s: %s: %v", e.Place, e.Op, e.Err) }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint says why that stops a run.
func (e *Error) Hint() string {
	var h interface{ Hint() string }
	if errors.As(e.Err, &h) {
		return h.Hint()
	}
	return "no order is sent without a durable claim: fix the ledger, then run the same command again"
}

func (l *Ledger) fail(op string, err error) error { return &Error{op, l.Place(), err} }

// Lock takes the lock of the host. The error is a *LockedError when somebody
// else holds it.
func (l *Ledger) Lock(ctx context.Context) (Lock, error) {
	lock, err := l.store.Lock(ctx, l.lockName(), Holder{Run: l.run.ID, By: l.run.By, Process: l.run.Process, Since: l.run.Now().UTC().Truncate(time.Second)})
	var locked *LockedError
	if err != nil && !errors.As(err, &locked) {
		return nil, l.fail("taking the lock", err)
	}
	return lock, err
}

// Unlock breaks the lock that a run left behind.
func (l *Ledger) Unlock(ctx context.Context, run string) error {
	if err := l.store.Unlock(ctx, l.lockName(), run); err != nil {
		return l.fail("breaking the lock", err)
	}
	return nil
}

func (l *Ledger) lockName() string { return l.host }

// Snapshot is what the ledger held at one instant. It must be taken before the
// account is read: see the package comment.
type Snapshot struct {
	// Open are the claims that are not closed, by name.
	Open []Open
	// Memory is what the ledger knows of services besides.
	Memory Memory

	byHash map[string]int // the first of Open, by the hash of its name
	byKey  map[string]int
	// closed counts the closed claims of each name, by hash, in a row from 1, of the names
	// that have some that were not in an index; indexed has the folders of those that were,
	// and unindexed of the others.
	closed    map[string]int
	indexed   map[string]bool
	unindexed []string
}

// Of finds the open claim of a name, a damaged one by its key.
func (s Snapshot) Of(name string) (Open, bool) {
	i, open := s.byHash[plan.NameHash(name)]
	if !open {
		return Open{}, false
	}
	return s.Open[i], true
}

// Closed is the number of closed claims of a name.
func (s Snapshot) Closed(name string) int { return s.closedOf(plan.NameHash(name)) }

func (s Snapshot) closedOf(hash string) int {
	n := s.closed[hash]
	for s.indexed[folderName(hash, n+1)] {
		n++
	}
	return n
}

// Hash is the plan.NameHash of the claim's name, known also when the claim cannot
// be read.
func (o Open) Hash() string { return o.hash }

// files is what a listing tells of one claim.
type files struct {
	hash     string
	number   int
	claim    bool
	closed   bool
	resolved bool
	records  []int
}

// Snapshot reads all open claims, and what is remembered of services.
func (l *Ledger) Snapshot(ctx context.Context) (Snapshot, error) {
	known, err := l.closedFolders(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	keys, passed, err := l.store.ListBut(ctx, hostPrefix(l.host), known)
	if err != nil {
		return Snapshot{}, l.fail("listing claims", err)
	}
	s := Snapshot{closed: map[string]int{}, indexed: onlyThose(known, passed)}
	sorted, err := l.sort(keys)
	if err != nil {
		return Snapshot{}, err
	}
	var open []files
	for _, f := range sorted {
		if f.closed || f.resolved {
			s.closed[f.hash] = max(s.closed[f.hash], f.number)
			s.unindexed = append(s.unindexed, folderName(f.hash, f.number))
		} else { // a record without its claim, too: something was ordered
			open = append(open, f)
		}
	}
	s.Open = make([]Open, len(open))
	g, gctx := panics.WithContext(ctx, 16)
	for i, f := range open {
		g.Go(func() (err error) { s.Open[i], err = l.read(gctx, f); return err })
	}
	g.Go(func() (err error) { s.Memory, err = l.memory(gctx); return err })
	if err := g.Wait(); err != nil {
		return Snapshot{}, err
	}
	slices.SortFunc(s.Open, func(a, b Open) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	return s.withIndexes(), nil
}

func (s Snapshot) withIndexes() Snapshot {
	s.byHash, s.byKey = make(map[string]int, len(s.Open)), make(map[string]int, len(s.Open))
	for i, o := range slices.Backward(s.Open) { // so that the first of a name stays
		s.byHash[o.hash], s.byKey[o.Key] = i, i
	}
	return s
}

// onlyThose is a set without what is not among some of it. Mostly that is all of it.
func onlyThose(set map[string]bool, some []string) map[string]bool {
	if len(set) == len(some) {
		return set
	}
	only := make(map[string]bool, len(some))
	for _, x := range some {
		only[x] = true
	}
	return only
}

// olderError says that a ledger was written by a portctl that kept claims under other
// keys.
type olderError struct{ key string }

func (e *olderError) Error() string {
	return fmt.Sprintf("%s is a claim of a portctl before its first release", e.key)
}

// Hint says how to go on.
func (e *olderError) Hint() string {
	return "resolve its open claims with the portctl that wrote it, then name a new place with --state"
}

func (l *Ledger) sort(keys []string) ([]files, error) {
	type id struct {
		hash   string
		number int
	}
	byID := map[id]*files{}
	for _, key := range keys {
		hash, number, record, ok := parseKey(l.host, key)
		if !ok && path.Base(key) == "claim.json" { // it must not be missed
			return nil, l.fail("listing claims", &olderError{key})
		}
		if !ok {
			continue
		}
		f := byID[id{hash, number}]
		if f == nil {
			f = &files{hash: hash, number: number}
			byID[id{hash, number}] = f
		}
		switch n, err := strconv.Atoi(record); {
		case record == "claim":
			f.claim = true
		case record == closedRecord:
			f.closed = true
		case record == resolvedRecord:
			f.resolved = true
		case err == nil:
			f.records = append(f.records, n)
		}
	}
	var out []files
	for _, f := range byID {
		slices.Sort(f.records)
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b files) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.number, b.number)) })
	return out, nil
}

// read reads an open claim and its records. What is there and cannot be decoded
// makes the claim Damaged: something was ordered, and a person has to look. A
// store that does not answer is an error.
func (l *Ledger) read(ctx context.Context, f files) (Open, error) {
	o := Open{State: plan.OrderClaimed, Key: claimFolder(l.host, f.hash, f.number), hash: f.hash, next: 1, deadline: l.run.OrderDeadline}
	o.Number = f.number
	key := claimKey(l.host, f.hash, f.number, "claim")
	b, err := l.store.Read(ctx, key)
	switch {
	case errors.Is(err, ErrNotFound):
		o = o.damaged("its claim is missing")
	case err != nil:
		return Open{}, l.fail("reading "+key, err)
	default:
		claim, err := decodeClaim(b)
		if newer(err) {
			return Open{}, l.fail("reading "+key, err)
		}
		if err == nil {
			o.Claim = claim
		} else {
			o = o.damaged("its claim cannot be read: " + err.Error())
		}
	}
	if !f.closed { // of what is over nobody asks it
		if o, err = l.withListing(ctx, o); err != nil {
			return Open{}, err
		}
	}
	return l.readRecords(ctx, o, f)
}

func (l *Ledger) readRecords(ctx context.Context, o Open, f files) (Open, error) {
	for _, n := range f.records {
		key := claimKey(l.host, f.hash, f.number, strconv.Itoa(n))
		r, err := l.readRecord(ctx, key)
		switch {
		case undecodable(err):
			o = o.damaged(fmt.Sprintf("its record %d cannot be read: %v", n, err))
		case err != nil:
			return Open{}, l.fail("reading "+key, err)
		default:
			o = o.with(r)
		}
		o.next = n + 1
	}
	return o, nil
}

func (o Open) damaged(why string) Open {
	o.State, o.Trouble = plan.OrderDamaged, cmp.Or(o.Trouble, why)
	return o
}

// decodeFailure is a record that is there and makes no sense.
type decodeFailure struct{ error }

func (e decodeFailure) Unwrap() error { return e.error }

func undecodable(err error) bool {
	var d decodeFailure
	return errors.As(err, &d)
}

func newer(err error) bool {
	var n *newerError
	return errors.As(err, &n)
}

func (l *Ledger) readRecord(ctx context.Context, key string) (Record, error) {
	b, err := l.store.Read(ctx, key)
	if err != nil {
		return Record{}, err
	}
	r, err := decodeRecord(b)
	if err != nil && !newer(err) {
		err = decodeFailure{err}
	}
	return r, err
}

// Delivered lists the services that earlier orders of a name became, the oldest
// first: the account has shown them once, or a person named them. It reads the
// last closed claim alone, which names those of the earlier ones. When that cannot
// be read the claim is returned, as one that a person has to look at.
func (l *Ledger) Delivered(ctx context.Context, s Snapshot, name string) (known []Known, broken *Open, err error) {
	n := s.Closed(name)
	if n == 0 {
		return nil, nil, nil
	}
	return l.delivered(ctx, plan.NameHash(name), n)
}

func (l *Ledger) delivered(ctx context.Context, hash string, n int) (known []Known, broken *Open, err error) {
	o, err := l.read(ctx, files{hash: hash, number: n, claim: true, closed: true})
	if err != nil {
		return nil, nil, err
	}
	o, r, resolved, err := l.ending(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if o.State == plan.OrderDamaged && !resolved && r.State != plan.OrderResolved { // what is resolved a person has looked at
		broken, err := l.withAllRecords(ctx, o)
		return nil, broken, err
	}
	known = slices.Clone(o.Earlier)
	if o.State == plan.OrderDamaged && n > 1 { // it cannot tell of the earlier ones: they do
		if known, _, err = l.delivered(ctx, hash, n-1); err != nil {
			return nil, nil, err
		}
	}
	for _, u := range r.UIDs {
		known = append(known, Known{u, r.Time})
	}
	return known, nil, nil
}

// ending reads the record that ended a claim: the second one, where the claim or its own
// ending cannot be read.
func (l *Ledger) ending(ctx context.Context, o Open) (_ Open, r Record, resolved bool, err error) {
	r, err = l.readEnding(ctx, o, closedRecord)
	if !undecodable(err) && !errors.Is(err, ErrNotFound) && err != nil {
		return o, r, false, err
	}
	if err == nil && (o.State != plan.OrderDamaged || r.State == plan.OrderResolved) {
		return o, r, false, nil
	}
	second, missing := l.readEnding(ctx, o, resolvedRecord)
	switch {
	case errors.Is(missing, ErrNotFound) && errors.Is(err, ErrNotFound):
		return o, r, false, err
	case missing == nil, undecodable(missing):
		r, err, resolved = second, missing, true
	case !errors.Is(missing, ErrNotFound):
		return o, r, false, missing
	}
	if err != nil {
		o = o.damaged("its last record cannot be read: " + err.Error())
	}
	return o, r, resolved, nil
}

func (l *Ledger) readEnding(ctx context.Context, o Open, record string) (Record, error) {
	key := claimKey(l.host, o.hash, o.Number, record)
	r, err := l.readRecord(ctx, key)
	if err != nil && !undecodable(err) {
		err = l.fail("reading "+key, err)
	}
	return r, err
}

// withAllRecords is a claim that is over and cannot be read, with what all its records
// tell: which services were named, and since when somebody looks at it.
func (l *Ledger) withAllRecords(ctx context.Context, o Open) (*Open, error) {
	keys, err := l.store.List(ctx, o.Key+"/")
	if err != nil {
		return nil, l.fail("listing "+o.Key, err)
	}
	sorted, err := l.sort(keys)
	if err != nil {
		return nil, err
	}
	for _, f := range sorted {
		if o, err = l.readRecords(ctx, o, f); err != nil {
			return nil, err
		}
	}
	o = o.damaged("") // whatever its records say
	o.ended = true
	return &o, nil
}

// ByKey finds a claim that a person has to look at by its key: an open one, or one
// whose ending cannot be read.
func (l *Ledger) ByKey(ctx context.Context, s Snapshot, key string) (Open, bool, error) {
	if i, open := s.byKey[key]; open {
		return s.Open[i], true, nil
	}
	hash, number, _, ok := parseKey(l.host, key+"/claim.json")
	if !ok || number != s.closedOf(hash) {
		return Open{}, false, nil
	}
	_, broken, err := l.delivered(ctx, hash, number)
	if err != nil || broken == nil {
		return Open{}, false, err
	}
	return *broken, true, nil
}

// Intent is what a claim is made for.
type Intent struct {
	Inventory string
	Order     plan.Order
	Price     plan.Price
	// Listed are the services that have the order's name, and Listing has those of its
	// place and speed, as the account showed them, terminated ones too.
	Listed  []plan.ServiceUID
	Listing *Listing
	// Earlier is what Delivered said of the name.
	Earlier []Known
	// Approvals are the UIDs of the order approvals that there were before the order;
	// nil when they were not known.
	Approvals []string
}

// TakenError says that somebody else claimed a name since the snapshot.
type TakenError struct{ Name string }

func (e *TakenError) Error() string {
	return fmt.Sprintf("another run claimed %q meanwhile; not sent", e.Name)
}

// Claim makes the claim for an order durable. The number comes from the
// snapshot, so that a claim made by anybody since then makes this one fail with
// a *TakenError. After any error the order must not be sent.
func (l *Ledger) Claim(ctx context.Context, s Snapshot, in Intent) (Open, error) {
	name := in.Order.Name
	hash := plan.NameHash(name)
	if open, is := s.Of(name); is {
		if open.State != plan.OrderRejected {
			return Open{}, &TakenError{name}
		}
		if _, err := l.Record(ctx, open, Record{State: plan.OrderResolved, Lookup: true, Cause: "its approval was refused, and the entry was changed since"}); err != nil {
			return Open{}, err
		}
		s.closed = map[string]int{hash: open.Number}
	}
	c := Claim{
		Schema: Schema, ID: uuid.NewString(), Name: name, Number: s.Closed(name) + 1, Host: l.host, Inventory: in.Inventory,
		Order: in.Order, OrderHash: in.Order.Hash(), Price: in.Price, Listed: append([]plan.ServiceUID{}, in.Listed...), Earlier: in.Earlier, Approvals: in.Approvals,
		Run: l.run.ID, By: l.run.By, Tool: l.run.Tool, Time: l.Now(),
	}
	o := Open{Claim: c, State: plan.OrderClaimed, Key: claimFolder(l.host, hash, c.Number), hash: hash, next: 1, deadline: l.run.OrderDeadline}
	if in.Listing.has(in.Order) {
		if err := l.keepListing(ctx, in.Listing); err != nil {
			return Open{}, l.fail(fmt.Sprintf("claiming %q", name), err)
		}
		o.Listing, o.before = l.nameListing(in.Listing), in.Listing.at[spotOf(in.Order)]
	}
	content, err := encode(o.Claim)
	if err != nil {
		return Open{}, err
	}
	switch err := l.store.Create(ctx, claimKey(l.host, hash, c.Number, "claim"), content); {
	case errors.Is(err, ErrExists):
		return Open{}, &TakenError{name}
	case err != nil:
		return Open{}, l.fail(fmt.Sprintf("claiming %q", name), err)
	}
	return o, nil
}

// Now is the time by which the ledger's records are dated.
func (l *Ledger) Now() time.Time { return l.run.Now().UTC() }

// Own says that this run made the claim.
func (l *Ledger) Own(o Open) bool { return o.Run == l.run.ID }

// Resend makes the intent durable to send an order once more that was turned away, or
// that waited too long to be sent. Of all who try exactly one may send; the others get
// a *TakenError.
func (l *Ledger) Resend(ctx context.Context, o Open) (Open, error) {
	r := l.signed(o, Record{State: plan.OrderSending, Cause: "about to be sent, once more or after a wait"})
	op := fmt.Sprintf("recording %q", o.Name)
	if err := checkTransition(o.State, plan.OrderSending); err != nil {
		return o, l.fail(op, err)
	}
	theirs, err := l.append(ctx, o, r)
	switch {
	case err != nil:
		return o, l.fail(op, err)
	case theirs != nil:
		return o, &TakenError{o.Name}
	}
	return o.with(r), nil
}

func (l *Ledger) signed(o Open, r Record) Record {
	r.Schema, r.Claim, r.Run, r.By, r.Time = Schema, o.ID, l.run.ID, l.run.By, l.Now()
	return r
}

// Record adds what was learnt to a claim and returns the claim as it is then.
// Records of others are never lost or overwritten: what somebody else wrote at
// the same time stands before ours, and a claim that somebody else closed stays
// as they left it, which is no error.
func (l *Ledger) Record(ctx context.Context, o Open, r Record) (Open, error) {
	r = l.signed(o, r)
	op := fmt.Sprintf("recording %q", o.Name)
	if err := checkTransition(o.State, r.State); err != nil {
		return o, l.fail(op, err)
	}
	if r.State == plan.OrderDelivered && r.UIDs == nil {
		r.UIDs = o.UIDs
	}
	for {
		done, theirs, err := l.write(ctx, o, r)
		switch {
		case err != nil:
			return o, l.fail(op, err)
		case theirs == nil:
			return done, nil
		}
		o = o.with(*theirs)
		if theirs.State == plan.OrderSending || checkTransition(o.State, r.State) != nil {
			return o, nil // they know more than we do
		}
	}
}

// write writes a record and returns the claim as it is then; when somebody else was
// there first it returns their record. A claim whose order somebody else may be about
// to send is first taken by a numbered record, which the sender needs as well, and
// closed after it.
func (l *Ledger) write(ctx context.Context, o Open, r Record) (done Open, theirs *Record, err error) {
	unsent := o.State == plan.OrderClaimed || o.State == plan.OrderSending || o.State == plan.OrderTurnedAway
	if !unsent || !r.Lookup || !r.State.Closed() {
		theirs, err = l.append(ctx, o, r)
		return o.with(r), theirs, err
	}
	if theirs, err = l.create(ctx, o, strconv.Itoa(o.next), r); err != nil || theirs != nil {
		return o, theirs, err
	}
	done, err = l.Close(ctx, o.with(r))
	return done, nil, err
}

// Close ends a claim whose last record says that it is closed, and that is not
// marked so: whoever wrote the record was interrupted.
func (l *Ledger) Close(ctx context.Context, o Open) (Open, error) {
	last := o.Records[len(o.Records)-1]
	if _, err := l.create(ctx, o, closedRecord, last); err != nil {
		return o, l.fail(fmt.Sprintf("recording %q", o.Name), err)
	}
	return o, nil
}

// append writes a record under the claim's next number, or the one that ends it;
// when somebody else was there first it returns their record.
func (l *Ledger) append(ctx context.Context, o Open, r Record) (*Record, error) {
	switch {
	case r.State.Closed() && o.ended:
		return l.create(ctx, o, resolvedRecord, r)
	case r.State.Closed():
		return l.create(ctx, o, closedRecord, r)
	}
	return l.create(ctx, o, strconv.Itoa(o.next), r)
}

func (l *Ledger) create(ctx context.Context, o Open, record string, r Record) (*Record, error) {
	content, err := encode(r)
	if err != nil {
		return nil, err
	}
	key := claimKey(l.host, o.hash, o.Number, record)
	if err = l.store.Create(ctx, key, content); err == nil || !errors.Is(err, ErrExists) {
		return nil, err
	}
	theirs, err := l.readRecord(ctx, key)
	return &theirs, err
}
