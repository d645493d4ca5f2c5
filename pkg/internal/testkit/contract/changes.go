package contract

import (
	"github.com/google/uuid"

	"github.com/portctl/portctl/pkg/megaport"
)

func changeBehaviours() []behaviour {
	return []behaviour{
		{name: "an update is read back", buys: true, check: checkUpdate},
		{name: "a LIVE port's term can be made longer", buys: true, check: checkTerm},
		{name: "tags are replaced and cleared", buys: true, check: checkTags},
		{name: "a locked port refuses changes", buys: true, check: checkLock},
		{name: "a cancelled port is terminated and stays listed", buys: true, check: checkCancel},
		{name: "a LAG's members are cancelled one by one", buys: true, check: checkCancelLAG},
		{name: "a product that is not there cannot be changed", buys: true, check: checkChangeNothing},
	}
}

// checkUpdate: API facts §5.1. A name can be read at once, what is left out is
// kept, and an empty cost centre clears.
func checkUpdate(a *api) {
	o := a.order("update")
	uid := a.buy(a.Client, o)[0]
	visible := true
	a.must(a.Products.Update(a.ctx, uid, megaport.PortUpdate{Name: o.Name + "-2", CostCentre: "other", MarketplaceVisibility: &visible}))
	if p := a.get(uid); p.Name != o.Name+"-2" || p.CostCentre != "other" || !p.MarketplaceVisibility {
		a.Errorf("after the first update: %+v", p)
	}
	a.must(a.Products.Update(a.ctx, uid, megaport.PortUpdate{}))
	if p := a.get(uid); p.Name != o.Name+"-2" || p.CostCentre != "" || !p.MarketplaceVisibility || p.ContractTerm != o.Term {
		a.Errorf("after the second: %+v", p)
	}
}

// checkTerm: API facts §5.1, confidence B.
func checkTerm(a *api) {
	o := a.order("term")
	uid := a.buy(a.Client, o)[0]
	a.untilStatus(uid, "LIVE")
	a.must(a.Products.Update(a.ctx, uid, megaport.PortUpdate{CostCentre: o.CostCentre, Term: 24}))
	if p := a.get(uid); p.ContractTerm != 24 || p.CostCentre != o.CostCentre {
		a.Errorf("got %+v", p)
	}
	a.refused(a.Products.Update(a.ctx, uid, megaport.PortUpdate{CostCentre: o.CostCentre, Term: 1}), "a shorter term")
}

// checkTags: API facts §5.2, confidence A.
func checkTags(a *api) {
	o := a.order("tags")
	uid := a.buy(a.Client, o)[0]
	want := with(map[string]string{"empty": "", "Größe": "ü, \"q\" & <b>"}, "rollout", "q4")
	a.must(a.Products.SetTags(a.ctx, uid, want))
	got, err := a.Products.Tags(a.ctx, uid)
	a.must(err)
	a.hasTags(got, want)
	if _, kept := got["portctl-contract"]; kept {
		a.Errorf("a tag that was replaced is still there: %v", got)
	}
	a.must(a.Products.SetTags(a.ctx, uid, nil))
	if got, err := a.Products.Tags(a.ctx, uid); err != nil || got["rollout"] != "" {
		a.Errorf("cleared: %v, %v", got, err)
	}
}

// checkLock: API facts §5.3.
func checkLock(a *api) {
	o := a.order("lock")
	uid := a.buy(a.Client, o)[0]
	a.must(a.Products.Lock(a.ctx, uid))
	if !a.get(uid).Locked {
		a.Error("the port does not read as locked")
	}
	a.refused(a.Products.Update(a.ctx, uid, megaport.PortUpdate{Name: o.Name + "-2"}), "updating a locked port")
	a.refused(a.Products.Cancel(a.ctx, uid), "cancelling a locked port")
	if p := a.get(uid); p.Name != o.Name || contains(terminated(), p.Status) {
		a.Errorf("a locked port was changed: %+v", p)
	}
	a.must(a.Products.Unlock(a.ctx, uid))
	if a.get(uid).Locked {
		a.Error("the port still reads as locked")
	}
}

func terminated() []string { return []string{"DECOMMISSIONING", "DECOMMISSIONED", "CANCELLED"} }

// checkCancel: API facts §5.4. The client takes a second cancellation for done.
func checkCancel(a *api) {
	o := a.order("cancel")
	uid := a.buy(a.Client, o)[0]
	charges, err := a.Products.CancellationCharges(a.ctx, uid)
	a.must(err)
	if charges.Known && (charges.Amount.IsNegative() || len(charges.Currency) != 3) || len(charges.Raw) == 0 {
		a.Errorf("charges %+v", charges)
	}
	a.must(a.Products.Cancel(a.ctx, uid))
	if p := a.get(uid); !contains(terminated(), p.Status) {
		a.Errorf("right after: %+v", p)
	}
	a.untilStatus(uid, "DECOMMISSIONED")
	if listed := a.named(o.Name); len(listed) != 1 || listed[0].Status != "DECOMMISSIONED" {
		a.Errorf("listed as %+v", listed)
	}
	a.must(a.Products.Cancel(a.ctx, uid))
}

// checkCancelLAG: each member by itself, the primary last, whether or not the API
// takes the others along (API facts §4.4, §12.9).
func checkCancelLAG(a *api) {
	o := a.order("cancel-lag")
	o.LAGPorts = 2
	uids := a.buy(a.Client, o)
	if a.get(uids[0]).LAGPrimary {
		uids[0], uids[1] = uids[1], uids[0]
	}
	a.must(a.Products.Cancel(a.ctx, uids[0]))
	if p := a.get(uids[1]); contains(terminated(), p.Status) {
		a.Errorf("the primary went with a member: %+v", p)
	}
	a.must(a.Products.Cancel(a.ctx, uids[1]))
	for _, uid := range uids {
		a.untilStatus(uid, "DECOMMISSIONED")
	}
}

// checkChangeNothing: API facts §1.7.
func checkChangeNothing(a *api) {
	uid := uuid.NewString()
	for what, err := range map[string]error{
		"update": a.Products.Update(a.ctx, uid, megaport.PortUpdate{Name: "x"}), "lock": a.Products.Lock(a.ctx, uid),
		"unlock": a.Products.Unlock(a.ctx, uid), "tags": a.Products.SetTags(a.ctx, uid, nil), "cancel": a.Products.Cancel(a.ctx, uid),
	} {
		if a.refused(err, what); !megaport.IsNotFound(err) {
			a.Errorf("%s: %v is not recognised as not found", what, err)
		}
	}
}
