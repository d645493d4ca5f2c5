package refresh

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/portctl/portctl/pkg/apply/ledger"
	"github.com/portctl/portctl/pkg/plan"
)

// spot is a location and a speed, which a service shares with the order it came of.
type spot struct {
	location plan.LocationID
	speed    plan.Speed
}

// serviceIndex finds the services of a listing by what an order may be known by. A
// service is its number in the listing.
type serviceIndex struct {
	services []plan.Service
	byUID    map[plan.ServiceUID]int
	byName   map[string][]int // folded
	bySpot   map[spot][]int
	untold   []int // terminated ones of which the API does not tell where they stood
	untyped  plan.UntypedIndex

	mu sync.Mutex
	// unlisted are the services of a spot that a listing before an order does not have:
	// all claims of a run share their listing.
	unlisted map[before][]int

	youngest func() []int // by age; see since
}

// before is a listing as the claims of an order's place know it.
type before struct {
	spot
	listing string
}

func indexServices(o plan.Observed) *serviceIndex {
	x := &serviceIndex{
		services: o.Services, byUID: make(map[plan.ServiceUID]int, len(o.Services)), byName: make(map[string][]int, len(o.Services)),
		bySpot: map[spot][]int{}, untyped: plan.IndexUntyped(o.Untyped), unlisted: map[before][]int{},
	}
	for i := range o.Services {
		s := &o.Services[i]
		x.byUID[s.UID] = i
		name, at := plan.FoldName(s.Name), spot{s.Location, s.Speed}
		x.byName[name] = append(x.byName[name], i)
		if s.Status.Terminated() && s.Location == 0 {
			x.untold = append(x.untold, i)
		} else {
			x.bySpot[at] = append(x.bySpot[at], i)
		}
	}
	x.youngest = sync.OnceValue(x.byAge)
	return x
}

// service finds a service of the listing.
func (x *serviceIndex) service(uid plan.ServiceUID) (plan.Service, bool) {
	i, listed := x.byUID[uid]
	if !listed {
		return plan.Service{}, false
	}
	return x.services[i], true
}

// placed lists the services that stand where an order's does and were not listed before
// it, in the listing's order.
func (x *serviceIndex) placed(open ledger.Open) []int {
	at := before{spot{open.Order.Location, open.Order.Speed}, open.Listing}
	x.mu.Lock()
	defer x.mu.Unlock()
	out, known := x.unlisted[at]
	if !known {
		for _, i := range slices.Concat(x.bySpot[at.spot], x.untold) {
			if !open.Before(x.services[i].UID) || slices.Contains(open.Listed, x.services[i].UID) {
				out = append(out, i)
			}
		}
		slices.Sort(out)
		x.unlisted[at] = out
	}
	return out
}

// since lists the services that may be as young as a time; those without a date come
// first.
func (x *serviceIndex) since(at time.Time) []int {
	all := x.youngest()
	n, _ := slices.BinarySearchFunc(all, at, func(i int, at time.Time) int {
		if made := x.services[i].CreatedAt; !made.IsZero() && made.Before(at) {
			return 1
		}
		return -1
	})
	return all[:n]
}

func (x *serviceIndex) byAge() []int {
	all := make([]int, len(x.services))
	for i := range all {
		all[i] = i
	}
	slices.SortFunc(all, func(i, j int) int {
		a, b := x.services[i].CreatedAt, x.services[j].CreatedAt
		return cmp.Or(cmp.Compare(boolRank(b.IsZero()), boolRank(a.IsZero())), b.Compare(a), cmp.Compare(i, j))
	})
	return all
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// wishes is what an inventory says of names and services, for those who look for
// orders.
type wishes struct {
	// entries are the folded names of entries, unmanaged what is left alone, folded.
	entries, unmanaged map[string]bool
	// bound are the services that entries name by their uid, and uids those of the
	// entries of a folded name.
	bound map[plan.ServiceUID]bool
	uids  map[string][]plan.ServiceUID
	// former has the names before those of entries, by folded name.
	former map[string]string
}

func wishesOf(desired plan.Desired) wishes {
	w := wishes{make(map[string]bool, len(desired.Ports)), map[string]bool{}, map[plan.ServiceUID]bool{}, map[string][]plan.ServiceUID{}, map[string]string{}}
	for _, name := range desired.Unmanaged {
		w.unmanaged[plan.FoldName(name)] = true
	}
	for i := range desired.Ports {
		p := &desired.Ports[i]
		name := plan.FoldName(p.Name)
		w.entries[name] = true
		if p.UID != "" {
			w.bound[p.UID] = true
			w.uids[name] = append(w.uids[name], p.UID)
		}
		if p.Formerly != "" {
			w.former[name] = p.Formerly
		}
	}
	return w
}

// aside says that the inventory says that a service is something else: its tags need
// not be readable.
func (w wishes) aside(s *plan.Service) bool {
	return w.bound[s.UID] || len(w.unmanaged) > 0 && (w.unmanaged[plan.FoldName(s.Name)] || w.unmanaged[plan.FoldName(string(s.UID))])
}

// claimIndex finds open claims by what a service may be theirs by. A claim is its
// number.
type claimIndex struct {
	byName map[string][]int // folded
	byUID  map[plan.ServiceUID][]int
	byID   map[string][]int
}

func indexClaims(claims []ledger.Open) claimIndex {
	x := claimIndex{make(map[string][]int, len(claims)), map[plan.ServiceUID][]int{}, make(map[string][]int, len(claims))}
	for i := range claims {
		c := &claims[i]
		name := plan.FoldName(c.Name)
		x.byName[name] = append(x.byName[name], i)
		x.byID[c.ID] = append(x.byID[c.ID], i)
		for _, uid := range c.UIDs {
			x.byUID[uid] = append(x.byUID[uid], i)
		}
	}
	return x
}

// approvalIndex finds approvals by the texts of their orders. An approval is its number
// in the list.
type approvalIndex struct {
	byText map[string][]int // as they are, and folded
	// open are those that wait or were given.
	open []int
}

func (a Approvals) index() approvalIndex {
	x := approvalIndex{byText: map[string][]int{}}
	for i := range a.List {
		approval := &a.List[i]
		if approval.pending() || approval.approved() {
			x.open = append(x.open, i)
		}
		for _, text := range approval.Texts {
			x.add(text, i)
			x.add(plan.FoldName(text), i)
		}
	}
	return x
}

func (x approvalIndex) add(text string, i int) {
	if have := x.byText[text]; len(have) == 0 || have[len(have)-1] != i {
		x.byText[text] = append(have, i)
	}
}
