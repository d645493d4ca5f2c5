package refresh

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/plan"
)

// rememberPurchases takes in what the ledger noted of purchases.
func (p *PricedPlan) rememberPurchases() {
	p.Purchases, p.Observed.CrossConnects = map[plan.ServiceUID]ledger.Purchase{}, map[plan.ServiceUID]bool{}
	for uid, purchase := range p.Claims.Memory.Purchases {
		p.bought(uid, purchase)
	}
}

func (p *PricedPlan) bought(uid plan.ServiceUID, purchase ledger.Purchase) {
	p.Purchases[uid] = purchase
	if purchase.CrossConnect {
		p.Observed.CrossConnects[uid] = true
	}
}

// openPurchases takes in what the open claims say of services that are known to be
// theirs: no run has noted it yet.
func (p *PricedPlan) openPurchases() {
	for _, f := range p.Findings {
		if f.Open.State == plan.OrderDamaged || !f.shown && !f.Record.State.Closed() {
			continue
		}
		for _, uid := range f.UIDs() {
			p.bought(uid, f.Open.Purchase())
		}
	}
}

// unnoted are services of an entry of which no run noted what they were bought with, and
// the names under which their claims may be.
type unnoted struct {
	names []string
	uids  []plan.ServiceUID
}

// learnPurchases takes in what the services of a plan were bought with, as far as only
// their claims tell: the run that bought them was cut short before it noted it, or did
// not note such things yet. news says that this may make another plan.
func (p *PricedPlan) learnPurchases(ctx context.Context, l *ledger.Ledger, built plan.Plan, o Options) (news bool, err error) {
	var mu sync.Mutex
	g, gctx := panics.WithContext(ctx, parallelism(o.Parallelism))
	for _, u := range p.unnoted(built) {
		g.Go(func() error {
			for _, name := range u.names {
				found, err := l.Purchases(gctx, p.Claims, name, u.uids)
				if err != nil {
					return err
				}
				mu.Lock()
				for uid, purchase := range found {
					p.bought(uid, purchase)
					news = news || purchase.CrossConnect
				}
				mu.Unlock()
			}
			return nil
		})
	}
	err = g.Wait()
	return news, err
}

// unnoted lists them, where there are claims to look into: under the name of the entry,
// the one before it, and the one that the service has.
func (p *PricedPlan) unnoted(built plan.Plan) []unnoted {
	var all []unnoted
	for i := range built.Actions {
		a := &built.Actions[i]
		if a.Service == nil {
			continue
		}
		u := unnoted{uids: slices.DeleteFunc(slices.Clone(a.Service.Members), func(uid plan.ServiceUID) bool {
			_, known := p.Purchases[uid]
			return known
		})}
		names := map[string]string{}
		for _, name := range []string{a.Name, p.wishes.former[plan.FoldName(a.Name)], a.Service.Name} {
			if name != "" && p.Claims.Closed(name) > 0 {
				names[plan.FoldName(name)] = name
			}
		}
		if u.names = slices.Sorted(maps.Values(names)); len(u.names) > 0 && len(u.uids) > 0 {
			all = append(all, u)
		}
	}
	return all
}
