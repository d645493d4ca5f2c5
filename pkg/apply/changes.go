package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/portctl/portctl/pkg/apply/refresh"
	"github.com/portctl/portctl/pkg/plan"
)

// update makes the changes of an action on every member; bought are those that the run
// bought.
func (e *engine) update(ctx context.Context, j job, members, bought []plan.ServiceUID) {
	if ctx.Err() != nil {
		e.report.changed(j.n, Failed, errStopped)
		return
	}
	e.report.changeStarted(j.n)
	for _, uid := range members {
		if err := e.updateMember(ctx, j, uid, slices.Contains(bought, uid)); err != nil {
			e.report.changed(j.n, Failed, err)
			return
		}
	}
	e.report.changed(j.n, Updated, nil)
}

// updateMember changes one service. One that the answer to the order named is left
// alone when it is another's, as far as can be told so soon.
func (e *engine) updateMember(ctx context.Context, j job, uid plan.ServiceUID, bought bool) error {
	s, listed := plan.Service{UID: uid}, false
	if found := e.services[uid]; found != nil {
		s, listed = *found, true
	}
	u := j.UpdateOf(s, bought)
	if u.Empty() {
		return nil
	}
	if bought {
		if against := e.contradicts(ctx, j, s, listed); against != "" {
			return errors.New("not changed: " + against)
		}
	}
	if err := e.updateOne(context.WithoutCancel(ctx), s, u); err != nil {
		return fmt.Errorf("service %s: %w", uid, err)
	}
	return nil
}

// contradicts says why a service is none of the order that named it. What cannot be
// read is new: the listing may lack it, too.
func (e *engine) contradicts(ctx context.Context, j job, s plan.Service, listed bool) string {
	if !listed {
		var err error
		if s, listed, err = e.Account.Service(ctx, s.UID); err != nil || !listed {
			return ""
		}
	}
	return e.lookup(refresh.Listing{}).Contradicts(ctx, j.Order.Name, s)
}

// updateOne changes one port. A locked one is unlocked for the change and locked
// again whatever happens in between.
func (e *engine) updateOne(ctx context.Context, s plan.Service, u plan.ServiceUpdate) (err error) {
	locked, want := s.Locked, s.Locked
	if u.Locked != nil {
		want = *u.Locked
	}
	if locked && (u.Fields != nil || u.Tags != nil) {
		if err := e.Account.SetLock(ctx, s.UID, false); err != nil {
			return err
		}
		locked = false
	}
	defer func() {
		if want != locked {
			err = errors.Join(err, e.Account.SetLock(ctx, s.UID, want))
		}
	}()
	if u.Fields != nil {
		if err := e.Account.Update(ctx, s.UID, *u.Fields); err != nil {
			return err
		}
	}
	if u.Tags == nil {
		return nil
	}
	return e.mergeTags(ctx, s.UID, u.Tags)
}

// mergeTags sets some tags and keeps all others, as they are now: replacing is
// all the API can do.
func (e *engine) mergeTags(ctx context.Context, uid plan.ServiceUID, tags map[string]string) error {
	now, err := e.Account.Tags(ctx, uid)
	if err != nil {
		return err
	}
	merged := maps.Clone(now)
	if merged == nil {
		merged = map[string]string{}
	}
	maps.Copy(merged, tags)
	if maps.Equal(now, merged) {
		return nil
	}
	return e.Account.SetTags(ctx, uid, merged)
}

// cancelAll terminates what the entries call absent, once the outcome of every order is
// known.
func (e *engine) cancelAll(ctx context.Context) {
	unknown := slices.ContainsFunc(e.report.actions(), func(a ActionResult) bool {
		ordered := a.Kind == plan.Buy || a.Kind == plan.Grow
		return a.Outcome == Unknown || ordered && a.Outcome != Bought
	})
	e.inParallel(e.actionsOf(plan.Cancel), func(j job) {
		if unknown {
			e.report.changed(j.n, NotSent, errors.New("held back: nothing is cancelled before every order is confirmed"))
			return
		}
		e.report.changeStarted(j.n)
		outcome, err := e.cancel(ctx, j)
		e.report.changed(j.n, outcome, err)
	})
}

// cancel terminates every member of a service, the one first that is most likely to
// be refused: what is left then is whole.
func (e *engine) cancel(ctx context.Context, j job) (Outcome, error) {
	members, err := e.readyToCancel(ctx, j.Action)
	if err == nil {
		err = e.Ledger.NoteCancel(context.WithoutCancel(ctx), j.Name, j.Service.Members)
	}
	if err != nil {
		return NotSent, err
	}
	for _, s := range members {
		if ctx.Err() != nil {
			return Failed, errStopped
		}
		if err := e.cancelOne(context.WithoutCancel(ctx), s); err != nil {
			return Failed, fmt.Errorf("service %s: %w", s.UID, err)
		}
		e.report.change(j.n, func(a *ActionResult) {
			a.Cancelled = append(slices.Clip(a.Cancelled), CancelledService{s.UID, e.priced.Observed.Charges[s.UID]})
		})
	}
	return Cancelled, nil
}

// readyToCancel reads the members of a service that are still to be ended. One with
// VXCs stops the cancellation of all.
func (e *engine) readyToCancel(ctx context.Context, a plan.Action) ([]plan.Service, error) {
	var members []plan.Service
	for _, uid := range a.Service.Members {
		if ctx.Err() != nil {
			return nil, errStopped
		}
		s, found, err := e.Account.Service(ctx, uid)
		switch {
		case err != nil:
			return nil, fmt.Errorf("service %s cannot be read, so nothing is cancelled: %w", uid, err)
		case !found, s.Status.Terminated():
			continue
		case s.VXCs > 0:
			return nil, fmt.Errorf("%d VXCs end on service %s, so nothing is cancelled", s.VXCs, uid)
		}
		members = append(members, s)
	}
	return members, nil
}

func (e *engine) cancelOne(ctx context.Context, s plan.Service) error {
	if s.Locked {
		if err := e.Account.SetLock(ctx, s.UID, false); err != nil {
			return err
		}
	}
	err := e.Account.Cancel(ctx, s.UID)
	if err != nil && s.Locked {
		return errors.Join(err, e.Account.SetLock(ctx, s.UID, true))
	}
	return err
}
