package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/portctl/portctl/pkg/apply/safe"
	"github.com/portctl/portctl/pkg/internal/weaken"
	"github.com/portctl/portctl/pkg/plan"
)

// Ledger is the claims on one API host, as one run sees and makes them. It is
// safe for use by many goroutines.
type Ledger struct {
	store Store
	host  string
	run   Run
}

// Run is who makes claims.
type Run struct {
	// ID is unique to the run.
	ID string
	// By is user and machine, Tool program and version.
	By, Tool string
	// Process is the process id.
	Process int
	// Forgetful says that services may vanish from the account: a sandbox may have
	// been emptied, and staging becomes a copy of production every day (API facts
	// §1, confidence B).
	Forgetful bool
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
	return &Ledger{store, safeHost(host), run}
}

// Place names the store for people.
func (l *Ledger) Place() string { return l.store.Place() }

// Forgetful says that services may vanish from the account.
func (l *Ledger) Forgetful() bool { return l.run.Forgetful }

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
	return "no order is sent without a durable claim: mend the ledger, then run the same command again"
}

func (l *Ledger) fail(op string, err error) error { return &Error{op, l.Place(), err} }

// Lock takes the lock of the host. The error is a *LockedError when somebody
// else holds it.
func (l *Ledger) Lock(ctx context.Context) (Lock, error) {
	if weaken.Off(weaken.Lock) {
		return noLock{}, nil
	}
	lock, err := l.store.Lock(ctx, l.lockName(), Holder{Run: l.run.ID, By: l.run.By, Process: l.run.Process, Since: l.run.Now().UTC().Truncate(time.Second)})
	var locked *LockedError
	if err != nil && !errors.As(err, &locked) {
		return nil, l.fail("taking the lock", err)
	}
	return lock, err
}

// noLock stands for the lock in programs without it; see package weaken.
type noLock struct{}

func (noLock) Release(context.Context) error { return nil }

// Unlock breaks the lock that a run left behind.
func (l *Ledger) Unlock(ctx context.Context, run string) error {
	if err := l.store.Unlock(ctx, l.lockName(), run); err != nil {
		return l.fail("breaking the lock", err)
	}
	return nil
}

func (l *Ledger) lockName() string { return l.host }

// CompanyError says that a ledger belongs to another company than the account.
type CompanyError struct{ Have, Want, Place string }

func (e *CompanyError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("the ledger at %s belongs to company %s, and the account names no company", e.Place, e.Have)
	}
	return fmt.Sprintf("the ledger at %s belongs to company %s, but the account to company %s", e.Place, e.Have, e.Want)
}

// Hint says how to go on.
func (e *CompanyError) Hint() string {
	return "use the API key of the ledger's company, or name another ledger with --state"
}

// Bind makes sure that the ledger belongs to a company: the first that is known
// owns it. Binding to an unknown company changes nothing, and fails when the
// ledger has an owner: products stay listed for ever, so an account that names no
// company any more is another account.
func (l *Ledger) Bind(ctx context.Context, company string) error {
	if company == "" {
		return l.CheckCompany(ctx, "")
	}
	key := "company/" + l.host + ".json"
	content, err := encode(struct {
		Schema  int    `json:"schema"`
		Company string `json:"company"`
	}{Schema, company})
	if err != nil {
		return err
	}
	if err := l.store.Create(ctx, key, content); err != nil && !errors.Is(err, ErrExists) {
		return l.fail("recording the company", err)
	} else if err == nil {
		return nil
	}
	return l.CheckCompany(ctx, company)
}

// CheckCompany is Bind for those who may not write.
func (l *Ledger) CheckCompany(ctx context.Context, company string) error {
	b, err := l.store.Read(ctx, "company/"+l.host+".json")
	switch {
	case errors.Is(err, ErrNotFound), company == "" && l.run.Forgetful:
		return nil
	case err != nil:
		return l.fail("reading the company", err)
	}
	have, err := decodeCompany(b)
	if err != nil {
		return l.fail("reading the company", err)
	}
	if have != company {
		return &CompanyError{have, company, l.Place()}
	}
	return nil
}

// Snapshot is what the ledger held at one instant. It must be taken before the
// account is read: see the package comment.
type Snapshot struct {
	// Open are the claims that are not closed, by name.
	Open []Open
	// closed counts the closed claims of each name, by hash, in a row from 1.
	closed map[string]int
}

// Of finds the open claim of a name.
func (s Snapshot) Of(name string) (Open, bool) {
	i := slices.IndexFunc(s.Open, func(o Open) bool { return plan.FoldName(o.Name) == plan.FoldName(name) })
	if i < 0 {
		return Open{}, false
	}
	return s.Open[i], true
}

// Closed is the number of closed claims of a name.
func (s Snapshot) Closed(name string) int { return s.closed[plan.NameHash(name)] }

// files is what a listing tells of one claim.
type files struct {
	hash    string
	number  int
	claim   bool
	closed  bool
	records []int
}

// Snapshot reads all open claims.
func (l *Ledger) Snapshot(ctx context.Context) (Snapshot, error) {
	keys, err := l.store.List(ctx, hostPrefix(l.host))
	if err != nil {
		return Snapshot{}, l.fail("listing claims", err)
	}
	all := l.sort(keys)
	s := Snapshot{closed: map[string]int{}}
	var open []files
	for _, f := range all {
		if f.closed {
			s.closed[f.hash] = max(s.closed[f.hash], f.number)
		} else if f.claim {
			open = append(open, f)
		}
	}
	s.Open = make([]Open, len(open))
	g, gctx := safe.WithContext(ctx, 16)
	for i, f := range open {
		g.Go(func() (err error) { s.Open[i], err = l.read(gctx, f); return err })
	}
	if err := g.Wait(); err != nil {
		return Snapshot{}, err
	}
	slices.SortFunc(s.Open, func(a, b Open) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Number, b.Number)) })
	return s, nil
}

func (l *Ledger) sort(keys []string) []files {
	type id struct {
		hash   string
		number int
	}
	byID := map[id]*files{}
	for _, key := range keys {
		hash, number, record, ok := parseKey(l.host, key)
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
	return out
}

// read reads an open claim and its records.
func (l *Ledger) read(ctx context.Context, f files) (Open, error) {
	key := claimKey(l.host, f.hash, f.number, "claim")
	b, err := l.store.Read(ctx, key)
	if err != nil {
		return Open{}, l.fail("reading "+key, err)
	}
	claim, err := decodeClaim(b)
	if err != nil {
		return Open{}, l.fail("reading "+key, err)
	}
	o := Open{Claim: claim, State: Claimed}
	for _, n := range f.records {
		key := claimKey(l.host, f.hash, f.number, strconv.Itoa(n))
		r, err := l.readRecord(ctx, key)
		if err != nil {
			return Open{}, l.fail("reading "+key, err)
		}
		o = o.with(r)
	}
	return o, nil
}

func (l *Ledger) readRecord(ctx context.Context, key string) (Record, error) {
	b, err := l.store.Read(ctx, key)
	if err != nil {
		return Record{}, err
	}
	return decodeRecord(b)
}

// Delivered lists the services that earlier orders of a name became: the account
// has shown them once.
func (l *Ledger) Delivered(ctx context.Context, s Snapshot, name string) ([]plan.ServiceUID, error) {
	var uids []plan.ServiceUID
	for n := 1; n <= s.Closed(name); n++ {
		key := claimKey(l.host, plan.NameHash(name), n, closedRecord)
		r, err := l.readRecord(ctx, key)
		if err != nil {
			return nil, l.fail("reading "+key, err)
		}
		uids = append(uids, r.UIDs...)
	}
	return uids, nil
}

// Intent is what a claim is made for.
type Intent struct {
	Inventory string
	Order     plan.Order
	Price     plan.Price
	// Listed are the services of the order's name, terminated ones too.
	Listed []plan.ServiceUID
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
	if _, open := s.Of(name); open {
		return Open{}, &TakenError{name}
	}
	if weaken.Off(weaken.Number) {
		s.closed = map[string]int{plan.NameHash(name): int(time.Now().UnixNano() % 1e9)}
	}
	c := Claim{
		Schema: Schema, ID: uuid.NewString(), Name: name, Number: s.Closed(name) + 1, Host: l.host, Inventory: in.Inventory,
		Order: in.Order, OrderHash: in.Order.Hash(), Price: in.Price, Listed: append([]plan.ServiceUID{}, in.Listed...),
		Run: l.run.ID, By: l.run.By, Tool: l.run.Tool, Time: l.run.Now().UTC(),
	}
	content, err := encode(c)
	if err != nil {
		return Open{}, err
	}
	if weaken.Off(weaken.Claim) {
		return Open{Claim: c, State: Claimed}, nil
	}
	switch err := l.store.Create(ctx, claimKey(l.host, plan.NameHash(name), c.Number, "claim"), content); {
	case errors.Is(err, ErrExists):
		return Open{}, &TakenError{name}
	case err != nil:
		return Open{}, l.fail(fmt.Sprintf("claiming %q", name), err)
	}
	return Open{Claim: c, State: Claimed}, nil
}

// Record adds what was learnt to a claim and returns the claim as it is then.
// Records of others are never lost or overwritten: what somebody else wrote at
// the same time stands before ours, and a claim that somebody else closed stays
// as they left it, which is no error.
func (l *Ledger) Record(ctx context.Context, o Open, r Record) (Open, error) {
	r.Schema, r.Claim, r.Run, r.By, r.Time = Schema, o.ID, l.run.ID, l.run.By, l.run.Now().UTC()
	op := fmt.Sprintf("recording %q", o.Name)
	if err := checkTransition(o.State, r.State); err != nil {
		return o, l.fail(op, err)
	}
	for {
		theirs, err := l.append(ctx, o, r)
		switch {
		case err != nil:
			return o, l.fail(op, err)
		case theirs == nil:
			return o.with(r), nil
		}
		o = o.with(*theirs)
		if checkTransition(o.State, r.State) != nil {
			return o, nil // they know more than we do
		}
	}
}

// append writes a record under the claim's next number; when somebody else was
// there first it returns their record.
func (l *Ledger) append(ctx context.Context, o Open, r Record) (*Record, error) {
	name := strconv.Itoa(len(o.Records) + 1)
	if r.State.Closed() {
		name = closedRecord
		r.UIDs = o.with(r).UIDs
	}
	content, err := encode(r)
	if err != nil {
		return nil, err
	}
	key := claimKey(l.host, plan.NameHash(o.Name), o.Number, name)
	if err = l.store.Create(ctx, key, content); err == nil || !errors.Is(err, ErrExists) {
		return nil, err
	}
	theirs, err := l.readRecord(ctx, key)
	return &theirs, err
}
