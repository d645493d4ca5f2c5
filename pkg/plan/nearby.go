package plan

import "fmt"

// spot is what two orders must share for one to be mistaken for the other.
type spot struct {
	location LocationID
	speed    Speed
}

// neighbours are the services of one spot that no entry takes.
type neighbours struct {
	units []serviceGroup
	// looked says that the fields below are filled in.
	looked bool
	// ours is the first that this inventory ordered, hidden one whose tags cannot be read.
	ours, hidden *Service
	several      bool // that this inventory ordered
	why          string
	// unread are those whose tags must be read first.
	unread []ServiceUID
	// strangers are those of others; they are mentioned once.
	strangers []Service
}

// indexNeighbours sorts the services that no entry takes by where they stand.
func (b *builder) indexNeighbours() {
	for _, u := range b.groups.units {
		s := &u.members[0]
		if _, taken := b.matches.taken[s.UID]; taken || b.setAside(*s) {
			continue
		}
		at := spot{s.Location, s.Speed}
		if b.near[at] == nil {
			b.near[at] = &neighbours{}
		}
		b.near[at].units = append(b.near[at].units, u)
	}
}

// look reads the tags of the neighbours, once for all that is bought there.
func (b *builder) look(n *neighbours) {
	n.looked = true
	for _, u := range n.units {
		s := u.primary()
		_, read, why := b.tagsOf(s.UID)
		switch {
		case why != "":
			n.hidden, n.why = &s, why
		case !read:
			n.unread = append(n.unread, s.UID)
		case b.owner(s.UID) == b.desired.Inventory: // by the ledger where the tags are gone
			if n.several = n.ours != nil; !n.several {
				n.ours = &s
			}
		default:
			n.strangers = append(n.strangers, s)
		}
	}
}

// renamedReason finds services that no entry names, where something of the same
// speed is to be bought. One that this inventory bought is probably the entry under
// an old name; others are mentioned.
func (b *builder) renamedReason(p Port, l Location) *Reason {
	n := b.near[spot{l.ID, p.Speed}]
	if n == nil {
		return nil
	}
	if !n.looked {
		b.look(n)
	}
	b.need.near = n
	switch {
	case n.ours != nil:
		r := &Reason{
			Code: ReasonLooksRenamed, Source: p.At("name"),
			Text: fmt.Sprintf("looks like %q (%s) renamed: this inventory bought it, and no entry names it", n.ours.Name, n.ours.UID),
			Hint: fmt.Sprintf("add `formerly: %s`, or list %s under `unmanaged`", YAMLScalar(n.ours.Name), YAMLScalar(n.ours.Name)),
		}
		if !n.several {
			r.Renamed = n.ours.UID
		}
		return r
	case n.hidden != nil:
		r := unreadable(p.Source, n.hidden.UID, n.why)
		r.Text = fmt.Sprintf("service %q of the same speed stands there and could be this one under an old name: %s", n.hidden.Name, r.Text)
		r.Hint = fmt.Sprintf("try again later, or list %s under `unmanaged`", n.hidden.UID)
		return r
	}
	for _, s := range n.strangers {
		b.warn(p, "name", "service %q (%s) of the same speed stands at %s and is in no entry", s.Name, s.UID, l.Name)
	}
	n.strangers = nil
	return nil
}
