package refresh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// Resolution is what a person says about open claims. One of UIDs, NotCreated,
// Partial and Again says what became of the orders.
type Resolution struct {
	// Names are the claims; Keys too, by their keys in the ledger, for those that
	// cannot be read. All means every unconfirmed one.
	Names, Keys []string
	All         bool
	// UIDs are the services that the order of the one claim became. They must be
	// what was ordered, unless AsIs.
	UIDs []plan.ServiceUID
	AsIs bool
	// NotCreated says that the orders were not carried out. It is refused for
	// LookupTimeout after the last of them was sent.
	NotCreated bool
	// Partial accepts a LAG of which the account shows fewer ports than were ordered.
	Partial bool
	// Again lets an order be made again whose approval was rejected.
	Again bool
	// ApprovalsChecked says that a person looked at the order approvals, where they
	// cannot be read.
	ApprovalsChecked bool
	// LookupTimeout is how long after the last sending a service may take to show.
	LookupTimeout time.Duration
	// SameAccount is as in Options.
	SameAccount bool
}

// ResolveError says why a claim cannot be resolved as asked.
type ResolveError struct {
	Name, Text, Advice string
	// NoClaim says that no open claim is called so.
	NoClaim bool
}

func (e *ResolveError) Error() string { return fmt.Sprintf("%q: %s", e.Name, e.Text) }

// Hint says how to go on.
func (e *ResolveError) Hint() string { return e.Advice }

// Resolve closes claims by a person's word. The account is looked at once more
// first, and what it shows counts more than the word. The caller holds the lock.
// What was closed before an error is returned with it.
func Resolve(ctx context.Context, r Reader, l *ledger.Ledger, desired plan.Desired, res Resolution) ([]Recovered, error) {
	begun := l.Now()
	snapshot, err := l.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	open, err := res.choose(ctx, l, snapshot)
	if err != nil {
		return nil, err
	}
	p := PricedPlan{Desired: desired, wishes: wishesOf(desired), Claims: snapshot}
	p.remember()
	listing, err := List(ctx, r, begun)
	if err != nil {
		return nil, err
	}
	if err := l.Bind(ctx, listing.Owner, res.SameAccount); err != nil {
		return nil, err
	}
	look := p.Lookup(r, listing, snapshot.Open, DefaultRecheck)
	resolver := &resolver{Resolution: res, ledger: l, lookup: look}
	var resolved []Recovered
	var refused []error
	for _, o := range open {
		done, err := resolver.resolve(ctx, o)
		var no *ResolveError
		switch {
		case errors.As(err, &no):
			refused = append(refused, err) // which says nothing about the others
		case err != nil:
			return resolved, err
		default:
			resolved = append(resolved, done)
		}
	}
	return resolved, errors.Join(refused...)
}

func (res Resolution) choose(ctx context.Context, l *ledger.Ledger, s ledger.Snapshot) ([]ledger.Open, error) {
	if res.All {
		return slices.DeleteFunc(slices.Clone(s.Open), func(o ledger.Open) bool {
			return !o.State.Unconfirmed() && !(res.Again && o.State == plan.OrderRejected)
		}), nil
	}
	var open []ledger.Open
	for _, name := range res.Names {
		o, ok := s.Of(name)
		if !ok {
			return nil, &ResolveError{Name: name, Text: "there is no open claim of this name", NoClaim: true}
		}
		open = append(open, o)
	}
	for _, key := range res.Keys {
		o, ok, err := l.ByKey(ctx, s, key)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, &ResolveError{Name: key, Text: "there is no open claim with this key", NoClaim: true}
		}
		open = append(open, o)
	}
	return open, nil
}

// resolver closes one claim after the other.
type resolver struct {
	Resolution
	ledger *ledger.Ledger
	lookup *Lookup
}

// resolve closes one claim: by what the account shows, or else by the person's
// word.
func (r *resolver) resolve(ctx context.Context, o ledger.Open) (Recovered, error) {
	f := r.lookup.Find(ctx, o)
	for f.News() && ctx.Err() == nil {
		var err error
		if o, err = r.record(ctx, o, f.Record); err != nil {
			return Recovered{}, err
		}
		if o.State.Closed() {
			return Recovered{o.Name, o.State, append([]plan.ServiceUID{}, o.UIDs...), f.Evidence}, nil
		}
		f = r.lookup.Find(ctx, o)
	}
	if ctx.Err() != nil {
		return Recovered{}, ctx.Err()
	}
	uids, cause, err := r.judge(ctx, f)
	if err != nil {
		return Recovered{}, err
	}
	if o, err = r.record(ctx, o, ledger.Record{State: plan.OrderResolved, UIDs: uids, Lookup: true, Cause: cause}); err != nil {
		return Recovered{}, err
	}
	if o.State != plan.OrderResolved {
		return Recovered{}, refuse(f, "another run recorded meanwhile that the order is "+string(o.State), "try again when that run is done")
	}
	return Recovered{nameOf(o), o.State, append([]plan.ServiceUID{}, uids...), cause}, nil
}

func (r *resolver) record(ctx context.Context, o ledger.Open, rec ledger.Record) (ledger.Open, error) {
	if o.State.Closed() {
		return r.ledger.Close(ctx, o)
	}
	return r.ledger.Record(ctx, o, rec)
}

// nameOf is how people know a claim: by its key when its name cannot be read.
func nameOf(o ledger.Open) string {
	if o.Name == "" {
		return o.Key
	}
	return o.Name
}

// judge turns the person's word into the services of the order. Evidence that the
// order was carried out, or will be, counts more than the word.
func (r *resolver) judge(ctx context.Context, f Finding) (uids []plan.ServiceUID, cause string, err error) {
	switch {
	case r.Again:
		if f.Open.State != plan.OrderRejected {
			return nil, "", refuse(f, "its approval was not refused: the order is "+string(f.Open.State), "--again is for orders whose approval was rejected, withdrawn or expired")
		}
		return nil, "a person wants it ordered again", r.alive(ctx, f)
	case r.Partial:
		return r.judgePartial(ctx, f)
	case r.NotCreated:
		if err := r.notCreated(ctx, f); err != nil {
			return nil, "", err
		}
		return nil, "a person said that it was not created", nil
	}
	return r.UIDs, "a person named the services", r.judgeUIDs(ctx, f)
}

func refuse(f Finding, text, advice string) error {
	return &ResolveError{Name: nameOf(f.Open), Text: text, Advice: advice}
}

// notCreated says why a claim must not be called not created.
func (r *resolver) notCreated(ctx context.Context, f Finding) error {
	if err := r.alive(ctx, f); err != nil {
		return err
	}
	if f.Open.State != plan.OrderDamaged { // of a damaged claim nobody knows what was ordered
		if err := r.lookup.hidden(ctx, f.Open); err != nil {
			return refuse(f, err.Error(), "accept it with --uid; one that is something else is named under `unmanaged`, or by the `uid` of its entry")
		}
	}
	return r.unhurried(ctx, f)
}

// alive refuses while something that may be the order's lives, or may live.
func (r *resolver) alive(ctx context.Context, f Finding) error {
	for _, uid := range f.found {
		if s, _ := r.lookup.index.service(uid); !s.Status.Terminated() {
			return refuse(f, fmt.Sprintf("the account has service %s of it: %s", uid, f.Evidence),
				"name the services with --uid; a LAG of which some ports are missing is accepted with --partial")
		}
	}
	if f.Trouble != nil {
		return refuse(f, f.Trouble.Error(), "try again when it can be read; a service that is known to be something else is named under `unmanaged`, or by an entry's `uid`")
	}
	for _, uid := range f.Open.Answered {
		if r.elsewhere(f.Open, uid) {
			continue
		}
		s, found, err := r.lookup.reader.Service(ctx, uid)
		if err != nil {
			return refuse(f, fmt.Sprintf("the answer named service %s, which cannot be read: %v", uid, err), "try again when it can be read")
		}
		if found && !s.Status.Terminated() {
			return refuse(f, fmt.Sprintf("the answer named service %s, which exists (%q, %s)", uid, s.Name, s.Status),
				fmt.Sprintf("accept it with --uid %s --as-is, or cancel it in the Megaport portal first", uid))
		}
	}
	return nil
}

// elsewhere says that a service is in another open claim, or was there before the
// order, so that it is none of this one's.
func (r *resolver) elsewhere(o ledger.Open, uid plan.ServiceUID) bool {
	return o.Before(uid) || r.lookup.others(o, r.lookup.of().byUID[uid])
}

// causeApproved marks when a claim was first seen whose approval is given: the order is
// carried out from then on at the latest, and nobody tells when it was approved.
const causeApproved = "its approval was granted"

// unhurried refuses as long as more of the order may show: in the account, or among
// the approvals.
func (r *resolver) unhurried(ctx context.Context, f Finding) error {
	a, ok := r.lookup.approvalOf(f.Open)
	if !ok && f.Open.State != plan.OrderDamaged {
		a, ok = r.lookup.hiddenApproval(f.Open)
	}
	if ok && !a.refused() && !a.approved() {
		return refuse(f, "its approval is "+a.Status, "approve or reject the order in the Megaport portal")
	}
	if r.lookup.Approvals.Unknown != "" && !r.ApprovalsChecked {
		return refuse(f, "the order approvals cannot be read: "+r.lookup.Approvals.Unknown,
			"look at the orders that wait for approval in the Megaport portal; if it is not among them, add --approvals-checked")
	}
	since := f.Open.QuietSince(r.ledger.Now())
	seen := ledger.Record{State: ledger.Seen, Lookup: true}
	switch {
	case f.Open.State == plan.OrderDamaged && since.Before(time.Unix(0, 0)):
		seen.Cause, seen.Anew = "its own time cannot be read", true
	case since.After(r.ledger.Now().Add(fromTheFuture)):
		seen.Cause = "made by a clock that is ahead"
	case ok && a.approved() && !slices.ContainsFunc(f.Open.Records, func(r ledger.Record) bool { return r.Cause == causeApproved }):
		seen.Cause, seen.Anew = causeApproved, true
	}
	if seen.Cause != "" {
		o, err := r.ledger.Record(ctx, f.Open, seen)
		if err != nil {
			return err
		}
		since = o.QuietSince(r.ledger.Now())
	}
	if left := since.Add(r.LookupTimeout).Sub(r.ledger.Now()); left > 0 {
		return refuse(f, "the order was sent or answered a short while ago; its service may still show",
			fmt.Sprintf("try again in %s", max(left.Round(time.Second), time.Second)))
	}
	return nil
}

// judgePartial accepts what there is of a LAG.
func (r *resolver) judgePartial(ctx context.Context, f Finding) ([]plan.ServiceUID, string, error) {
	if f.Open.Order.LAGPorts == 0 {
		return nil, "", refuse(f, "the order was not for a LAG", "--partial is for LAGs")
	}
	var there []plan.ServiceUID
	for _, uid := range f.found {
		if s, _ := r.lookup.index.service(uid); !s.Status.Terminated() {
			there = append(there, uid)
		}
	}
	if len(there) == 0 || len(there) > f.Open.Order.LAGPorts {
		return nil, "", refuse(f, fmt.Sprintf("%d ports of it were found, and %d were ordered", len(there), f.Open.Order.LAGPorts), "name the services with --uid, or say --not-created when there are none")
	}
	if f.Trouble != nil {
		return nil, "", refuse(f, f.Trouble.Error(), "try again when it can be read")
	}
	if err := r.unhurried(ctx, f); err != nil {
		return nil, "", err
	}
	return there, fmt.Sprintf("a person accepted %d of %d ports", len(there), f.Open.Order.LAGPorts), nil
}

// judgeUIDs checks that the services that a person named can be the order's.
func (r *resolver) judgeUIDs(ctx context.Context, f Finding) error {
	o, name := f.Open, nameOf(f.Open)
	if err := r.judgeNumber(ctx, f); err != nil {
		return err
	}
	for _, uid := range r.UIDs {
		s, found, err := r.lookup.reader.Service(ctx, uid)
		switch {
		case err != nil:
			return err
		case !found:
			return &ResolveError{Name: name, Text: fmt.Sprintf("the account has no service %s", uid), Advice: "copy the UID from the Megaport portal"}
		case o.State == plan.OrderDamaged || slices.Contains(o.Answered, uid) && r.AsIs:
			continue
		case o.Before(uid):
			return &ResolveError{Name: name, Text: fmt.Sprintf("service %s cannot be the order's: it existed before the order", uid), Advice: "copy the UID from the Megaport portal"}
		case !r.AsIs && !r.fits(ctx, o, s):
			return &ResolveError{
				Name: name, Text: fmt.Sprintf("service %s cannot be the order's: it is a %s port at location %d of %s, and the order was for %s at location %d on %s",
					uid, s.Speed, s.Location, s.CreatedAt.UTC().Format(time.DateOnly), o.Order.Speed, o.Order.Location, o.Time.UTC().Format(time.DateOnly)),
				Advice: "copy the UID from the Megaport portal; --as-is accepts the service all the same",
			}
		case !r.AsIs && r.anothers(ctx, o, s):
			return &ResolveError{
				Name: name, Text: fmt.Sprintf("service %s (%q) is that of another order, or has the name of another order or entry", uid, s.Name),
				Advice: "copy the UID from the Megaport portal; --as-is accepts the service all the same",
			}
		}
	}
	return nil
}

// anothers says that a service that stands where the order's does is another's, by
// its order tag or its name.
func (r *resolver) anothers(ctx context.Context, o ledger.Open, s plan.Service) bool {
	if plan.FoldName(s.Name) == plan.FoldName(o.Name) {
		return false
	}
	tags, err := r.lookup.reader.Tags(ctx, s.UID)
	if tag := tags[plan.TagOrder]; err == nil && tag != "" {
		return tag != o.ID
	}
	return r.lookup.elses(o, s)
}

// judgeNumber checks that as many services were named as were ordered. Fewer are
// accepted as they are once no more of them can show: the entry grows its LAG by
// those that are missing.
func (r *resolver) judgeNumber(ctx context.Context, f Finding) error {
	want := f.Open.Order.Members()
	for i, uid := range r.UIDs {
		if slices.Contains(r.UIDs[:i], uid) {
			return refuse(f, fmt.Sprintf("service %s is named twice", uid), "give --uid once for each service")
		}
	}
	switch {
	case len(r.UIDs) != want && !r.AsIs && f.Open.State != plan.OrderDamaged:
		return refuse(f, fmt.Sprintf("the order was for %d services, and %d were named", want, len(r.UIDs)), "give --uid once for each service; --as-is accepts another number")
	case len(r.UIDs) < want:
		return r.unhurried(ctx, f)
	}
	return nil
}

// fits says that a service can be the order's: by place, speed and age, or, whatever
// its age, by its order tag.
func (r *resolver) fits(ctx context.Context, o ledger.Open, s plan.Service) bool {
	if !placed(o, s) || young(o, s) {
		return placed(o, s)
	}
	tags, err := r.lookup.reader.Tags(ctx, s.UID)
	return err == nil && tags[plan.TagOrder] == o.ID
}
