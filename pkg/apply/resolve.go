package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// Resolution is what a person says about claims in doubt.
type Resolution struct {
	// Names are the claims; All means every one in doubt.
	Names []string
	All   bool
	// UIDs are the services that the order of the one name became.
	UIDs []plan.ServiceUID
	// NotCreated says that the orders were not carried out. It is refused for a
	// claim younger than Horizon.
	NotCreated bool
	Horizon    time.Duration
}

// ResolveError says why a claim can not be settled as asked.
type ResolveError struct {
	Name, Text, Advice string
}

func (e *ResolveError) Error() string { return fmt.Sprintf("%q: %s", e.Name, e.Text) }

// Hint says how to go on.
func (e *ResolveError) Hint() string { return e.Advice }

// Resolve settles claims by a person's word. The account is looked at once more
// first, and what it shows counts more than the word. The caller holds the lock.
// What was settled before an error is returned with it.
func Resolve(ctx context.Context, r Reader, l *ledger.Ledger, res Resolution) ([]Recovered, error) {
	snapshot, err := l.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	open, err := res.choose(snapshot)
	if err != nil {
		return nil, err
	}
	var observed plan.Observed
	var approvals Approvals
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { observed, err = r.Observe(gctx); return err })
	g.Go(func() (err error) { approvals, err = r.Approvals(gctx); return err })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := l.Bind(ctx, observed.Owner.Company()); err != nil {
		return nil, err
	}
	var settled []Recovered
	var refused []error
	r = rememberOrderTags(r)
	for _, o := range open {
		f, err := find(ctx, r, o, observed.Services, approvals)
		if err == nil && !f.news() {
			f, err = res.judge(ctx, r, f)
		}
		var no *ResolveError
		if errors.As(err, &no) {
			refused = append(refused, err) // which says nothing about the others
			continue
		}
		if err != nil {
			return settled, err
		}
		if _, err := l.Record(ctx, o, ledger.Record{State: f.state, UIDs: f.uids, Cause: f.cause}); err != nil {
			return settled, err
		}
		settled = append(settled, Recovered{o.Name, f.state, append([]plan.ServiceUID{}, f.uids...), f.cause})
	}
	return settled, errors.Join(refused...)
}

func (res Resolution) choose(s ledger.Snapshot) ([]ledger.Open, error) {
	if res.All {
		return slices.DeleteFunc(slices.Clone(s.Open), func(o ledger.Open) bool { return !o.State.Doubtful() }), nil
	}
	var open []ledger.Open
	for _, name := range res.Names {
		o, ok := s.Of(name)
		if !ok {
			return nil, &ResolveError{name, "there is no open claim of this name", "`portctl ledger list` lists the open claims"}
		}
		open = append(open, o)
	}
	return open, nil
}

// judge turns the person's word into a finding. Evidence that the order was
// carried out, or will be, counts more than the word.
func (res Resolution) judge(ctx context.Context, r Reader, evidence finding) (finding, error) {
	o := evidence.open
	if res.NotCreated {
		if evidence.cause != "" {
			return finding{}, &ResolveError{
				o.Name, "the account says otherwise: " + evidence.cause,
				"apply again when all of it is there, or name the services with --uid",
			}
		}
		if age := time.Since(o.Time); age < res.Horizon {
			return finding{}, &ResolveError{
				o.Name, fmt.Sprintf("the order is only %s old; its service may still show", age.Round(time.Second)),
				fmt.Sprintf("try again when it is older than %s", res.Horizon),
			}
		}
		return finding{open: o, state: ledger.Settled, cause: "a person said that it was not created"}, nil
	}
	if len(res.UIDs) != o.Order.Members() {
		return finding{}, &ResolveError{o.Name, fmt.Sprintf("the order was for %d services, and %d were named", o.Order.Members(), len(res.UIDs)), "give --uid once for each service"}
	}
	for _, uid := range res.UIDs {
		s, found, err := r.Service(ctx, uid)
		if err != nil {
			return finding{}, err
		}
		if !found {
			return finding{}, &ResolveError{o.Name, fmt.Sprintf("the account has no service %s", uid), "copy the UID from the Megaport portal"}
		}
		if !couldBe(o, s) {
			return finding{}, &ResolveError{
				o.Name, fmt.Sprintf("service %s can not be the order's: it is a %s port at location %d of %s, and the order was for %s at location %d on %s",
					uid, s.Speed, s.Location, s.CreatedAt.UTC().Format(time.DateOnly), o.Order.Speed, o.Order.Location, o.Time.UTC().Format(time.DateOnly)),
				"copy the UID from the Megaport portal; a service that was there before the order is not the order's",
			}
		}
	}
	return finding{open: o, state: ledger.Settled, uids: res.UIDs, cause: "a person named the services"}, nil
}
