package refresh

import (
	"context"
	"slices"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// checkVanished takes in what the ledger remembers of the names that a plan would buy,
// and of the former names of these entries.
func (p *PricedPlan) checkVanished(ctx context.Context, r Reader, l *ledger.Ledger, built plan.Plan) error {
	p.earlier = map[string][]ledger.Known{}
	former := map[string]string{}
	for _, port := range p.Desired.Ports {
		if port.Formerly != "" {
			former[plan.FoldName(port.Name)] = port.Formerly
		}
	}
	for _, a := range slices.Concat(built.Of(plan.Buy), built.Of(plan.Grow)) {
		for _, name := range []string{a.Name, former[plan.FoldName(a.Name)]} {
			if name == "" {
				continue
			}
			if err := p.checkName(ctx, r, l, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkName takes in the services that were recorded for a name, the oldest first,
// as far as the account knows them: one that the listing lacks is read by itself.
// Where services vanish by themselves those that it does not know say nothing.
func (p *PricedPlan) checkName(ctx context.Context, r Reader, l *ledger.Ledger, name string) error {
	folded := plan.FoldName(name)
	delivered, broken, err := l.Delivered(ctx, p.Claims, name)
	if err != nil {
		return err
	}
	if broken != nil {
		c, _ := Finding{Open: *broken, Evidence: broken.Trouble}.Claim()
		p.Observed.Claims = append(p.Observed.Claims, c)
		return nil
	}
	p.earlier[folded] = delivered
	known := slices.Concat(delivered, p.Claims.Memory.Known[plan.NameHash(name)])
	for _, f := range p.Findings { // an open claim whose services speak for themselves: they may have other names
		if f.shown && plan.FoldName(f.Open.Name) == folded {
			for _, uid := range f.UIDs() {
				known = append(known, ledger.Known{UID: uid, Time: f.Open.Time})
			}
		}
	}
	slices.SortStableFunc(known, func(a, b ledger.Known) int { return a.Time.Compare(b.Time) })
	p.Observed.Known[folded] = nil
	for _, k := range known {
		there, err := p.checkService(ctx, r, k.UID)
		if err != nil {
			return err
		}
		if (there || !l.Ephemeral()) && !slices.Contains(p.Observed.Known[folded], k.UID) {
			p.Observed.Known[folded] = append(p.Observed.Known[folded], k.UID)
		}
	}
	return nil
}

func (p *PricedPlan) checkService(ctx context.Context, r Reader, uid plan.ServiceUID) (there bool, err error) {
	if slices.ContainsFunc(p.Observed.Services, func(s plan.Service) bool { return s.UID == uid }) {
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
