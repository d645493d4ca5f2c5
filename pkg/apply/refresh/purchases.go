package refresh

import (
	"context"
	"maps"
	"slices"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// learnPurchases takes in what the services of a plan were bought with, as far as only
// their claims tell: the run that bought them was cut short before it noted it. news says
// that this may make another plan.
func (p *PricedPlan) learnPurchases(ctx context.Context, l *ledger.Ledger, built plan.Plan) (news bool, err error) {
	for i := range built.Actions {
		a := &built.Actions[i]
		if a.Service == nil {
			continue
		}
		unnoted := p.unnoted(a.Name, a.Service.Members)
		if len(unnoted) == 0 || p.Claims.Closed(a.Name) == 0 {
			continue
		}
		found, err := l.Purchases(ctx, p.Claims, a.Name, unnoted)
		if err != nil {
			return false, err
		}
		for uid, purchase := range found {
			p.Purchases[uid] = purchase
			if purchase.CrossConnect {
				p.Observed.CrossConnects[uid], news = true, true
			}
		}
	}
	return news, nil
}

// unnoted are those services of an entry that no run noted.
func (p *PricedPlan) unnoted(name string, members []plan.ServiceUID) []plan.ServiceUID {
	known := p.Claims.Memory.Known[plan.NameHash(name)]
	return slices.DeleteFunc(slices.Clone(members), func(uid plan.ServiceUID) bool {
		_, learnt := p.Purchases[uid]
		return learnt || slices.ContainsFunc(known, func(k ledger.Known) bool { return k.UID == uid })
	})
}

// rememberPurchases takes in what the ledger noted of purchases.
func (p *PricedPlan) rememberPurchases() {
	p.Purchases, p.Observed.CrossConnects = map[plan.ServiceUID]ledger.Purchase{}, map[plan.ServiceUID]bool{}
	maps.Copy(p.Purchases, p.Claims.Memory.Purchases)
	for uid, purchase := range p.Purchases {
		if purchase.CrossConnect {
			p.Observed.CrossConnects[uid] = true
		}
	}
}
