package plan

import (
	"cmp"
	"slices"
)

// serviceGroup is what one entry can stand for: a single active port, or the active
// members of one LAG.
type serviceGroup struct {
	members []Service // the primary first, then by UID
	lag     bool
	// aggregation is the LAG's aggregation id; 0 while no member tells it.
	aggregation int
}

func sortedServices(services []Service) []Service {
	return sortedByIndex(services, func(i, j int) int {
		a, b := &services[i], &services[j]
		if a.LAGPrimary != b.LAGPrimary {
			if a.LAGPrimary {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.UID, b.UID)
	})
}

// primary is the port that stands for the group.
func (u serviceGroup) primary() Service { return u.members[0] }

// unidentified counts the members of a LAG without an aggregation id.
func (u serviceGroup) unidentified() int {
	n := 0
	for i := range u.members {
		if u.lag && u.members[i].AggregationID == 0 {
			n++
		}
	}
	return n
}

// names are the folded names of the members: all the same, unless somebody
// renamed one of a LAG's by hand.
func (u serviceGroup) names() []string {
	var names []string
	for i := range u.members {
		if f := FoldName(u.members[i].Name); !slices.Contains(names, f) {
			names = append(names, f)
		}
	}
	return names
}

func (u serviceGroup) ref() ServiceRef {
	s := u.primary()
	ref := ServiceRef{UID: s.UID, Name: s.Name, Status: s.Status, Speed: s.Speed, Zone: s.Zone, Term: s.Term}
	for i := range u.members {
		ref.Members = append(ref.Members, u.members[i].UID)
	}
	if !s.ContractEnd.IsZero() {
		ref.ContractEnd = s.ContractEnd.UTC().Format("2006-01-02")
	}
	return ref
}
