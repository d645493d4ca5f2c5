package refresh

import (
	"context"
	"slices"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// checkVanished takes in what the ledger remembers of the names that a plan would buy, or
// would if another order did not hold them back, and of the former names of these
// entries: a service that was delivered to one of them, and that the API shows under
// another name, says more than that order. So it does of an entry that says what it
// replaces and is refused: else the refusal would name another service each time. news
// says that this may make another plan.
func (p *PricedPlan) checkVanished(ctx context.Context, r Reader, l *ledger.Ledger, built plan.Plan) (news bool, err error) {
	p.earlier = map[string][]ledger.Known{}
	replacing := map[string]bool{}
	for i := range p.Desired.Ports {
		port := &p.Desired.Ports[i]
		if port.Replaces != "" {
			replacing[plan.FoldName(port.Name)] = true
		}
	}
	shown := p.shown()
	for _, a := range built.Actions {
		ended := a.Reason.Code == plan.ReasonTerminatedPredecessor || a.Reason.Code == plan.ReasonReplacesWrong
		if a.Kind != plan.Buy && a.Kind != plan.Grow && a.Reason.Code != plan.ReasonConflictingClaim && (!ended || !replacing[plan.FoldName(a.Name)]) {
			continue
		}
		for _, name := range []string{a.Name, p.wishes.former[plan.FoldName(a.Name)]} {
			if name == "" {
				continue
			}
			found, err := p.checkName(ctx, r, l, name, shown[plan.FoldName(name)])
			if err != nil {
				return false, err
			}
			news = news || found
		}
	}
	return news, nil
}

// shown has, by folded name, the services of open claims that speak for themselves: they
// may have other names.
func (p *PricedPlan) shown() map[string][]ledger.Known {
	shown := map[string][]ledger.Known{}
	for i := range p.Findings {
		f := &p.Findings[i]
		if !f.shown {
			continue
		}
		name := plan.FoldName(f.Open.Name)
		for _, uid := range f.UIDs() {
			shown[name] = append(shown[name], ledger.Known{UID: uid, Time: f.Open.Time})
		}
	}
	return shown
}

// checkName takes in the services that were recorded for a name, the oldest first,
// as far as the account knows them: one that the listing lacks is read by itself.
// Where services vanish by themselves those that it does not know say nothing.
func (p *PricedPlan) checkName(ctx context.Context, r Reader, l *ledger.Ledger, name string, shown []ledger.Known) (news bool, err error) {
	folded := plan.FoldName(name)
	delivered, broken, err := l.Delivered(ctx, p.Claims, name)
	if err != nil {
		return false, err
	}
	if broken != nil {
		c, _ := Finding{Open: *broken, Evidence: broken.Trouble}.Claim()
		p.Observed.Claims = append(p.Observed.Claims, c)
		return true, nil
	}
	p.earlier[folded] = delivered
	known := slices.Concat(delivered, p.Claims.Memory.Known[plan.NameHash(name)], shown)
	if len(known)+len(p.Observed.Known[folded]) == 0 {
		return false, nil
	}
	slices.SortStableFunc(known, func(a, b ledger.Known) int { return a.Time.Compare(b.Time) })
	p.Observed.Known[folded] = nil
	for _, k := range known {
		there, err := p.checkService(ctx, r, k.UID)
		if err != nil {
			return false, err
		}
		if (there || !l.Ephemeral()) && !slices.Contains(p.Observed.Known[folded], k.UID) {
			p.Observed.Known[folded] = append(p.Observed.Known[folded], k.UID)
		}
	}
	return true, nil
}

func (p *PricedPlan) checkService(ctx context.Context, r Reader, uid plan.ServiceUID) (there bool, err error) {
	if p.listed[uid] {
		return true, nil
	}
	s, there, err := r.Service(ctx, uid)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil: // it may be there: its entry is not bought without a word
		return true, nil
	case there:
		p.add(s)
	}
	return there, nil
}
