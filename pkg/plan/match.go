package plan

import (
	"cmp"
	"slices"
)

// matches is which group of services stands for which entry.
type matches struct {
	// of is the groups found for each entry, by the entry's index: none, the one
	// that stands for it, or several that have its name.
	of [][]serviceGroup
	// taken says which entry, by index, stands for a service.
	taken map[ServiceUID]int
	// stolen marks entries whose service stands for another entry already.
	stolen map[int]bool
}

// match finds the service of each entry, in passes over all entries: by uid,
// then by name, then by former name. Each service is taken at most once.
// Absent entries go first, so that the entry that replaces a service does not
// take it for itself. What is left of a LAG whose cancellation has begun goes to the
// entry that asked for it; what only looks like it goes last.
func match(ports []Port, units []serviceGroup, byName map[string][]serviceGroup, unfinished func(Port) (left serviceGroup, begun, found bool)) matches {
	m := matches{of: make([][]serviceGroup, len(ports)), taken: make(map[ServiceUID]int, len(units)), stolen: map[int]bool{}}
	byUID := make(map[ServiceUID]*serviceGroup, len(units))
	for i := range units {
		for n := range units[i].members {
			byUID[units[i].members[n].UID] = &units[i]
		}
	}
	// waits says that an entry waits for the end of a service, or of the rest of a LAG.
	waits := func(p *Port) bool {
		_, alive := byUID[p.Replaces]
		left, _, found := unfinished(Port{UID: p.Replaces, Absent: true})
		return alive || found && !m.free(left) && ports[m.taken[left.primary().UID]].Absent
	}
	order := absentFirst(ports)
	for _, i := range order {
		if u, ok := byUID[ports[i].UID]; ok && ports[i].UID != "" {
			m.take(i, []serviceGroup{*u})
		} else if u, begun, ok := unfinished(ports[i]); ok && begun {
			m.take(i, []serviceGroup{u})
		}
	}
	for _, i := range order {
		if p := &ports[i]; p.UID == "" {
			m.takeNamed(i, byName[FoldName(p.Name)], waits, p)
		}
	}
	for _, i := range order {
		if p := &ports[i]; p.UID == "" && p.Formerly != "" && len(m.of[i]) == 0 {
			m.takeNamed(i, byName[FoldName(p.Formerly)], waits, p)
		}
	}
	for _, i := range order {
		if u, _, ok := unfinished(ports[i]); ok && len(m.of[i]) == 0 && m.free(u) {
			m.take(i, []serviceGroup{u})
		}
	}
	return m
}

// free says that a group stands for no entry yet.
func (m *matches) free(u serviceGroup) bool {
	_, taken := m.taken[u.members[0].UID]
	return !taken
}

// takeNamed lets an entry stand for those of the groups of its name that are
// free. When there are such groups and none is free, the name is in use in the
// account: the entry must not be bought, unless it waits for one of them to go.
func (m *matches) takeNamed(i int, named []serviceGroup, waits func(*Port) bool, p *Port) {
	free := slices.DeleteFunc(slices.Clone(named), func(u serviceGroup) bool { return !m.free(u) })
	switch {
	case len(free) > 0:
		m.take(i, free)
	case len(named) > 0 && !p.Absent && !waits(p):
		m.stolen[i] = true
	}
}

// take lets an entry stand for groups that are still free.
func (m *matches) take(i int, found []serviceGroup) {
	for _, u := range found {
		if owner, taken := m.taken[u.members[0].UID]; taken && owner != i {
			m.stolen[i] = true
			return
		}
	}
	m.of[i] = found
	for _, u := range found {
		for n := range u.members {
			m.taken[u.members[n].UID] = i
		}
	}
}

func absentFirst(ports []Port) []int {
	order := make([]int, len(ports))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(boolRank(ports[j].Absent), boolRank(ports[i].Absent))
	})
	return order
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}
