package plan

import (
	"cmp"
	"fmt"
	"slices"
)

// tagsOf are the tags of a service as far as they were read. When they were not,
// they are asked for; why says that they cannot be read.
func (b *builder) tagsOf(uid ServiceUID) (tags map[string]string, read bool, why string) {
	if why, bad := b.observed.Unreadable[uid]; bad { // whatever else is said of them
		return nil, false, cmp.Or(why, "no reason is known")
	}
	if tags, read := b.observed.Tags[uid]; read {
		return tags, true, ""
	}
	b.need.Tags = append(b.need.Tags, uid)
	return nil, false, ""
}

// tagsRecorded says that a service has the tags that an entry declares, by the ledger: they
// need not be read. What was read goes before what was recorded.
func (b *builder) tagsRecorded(p Port, uid ServiceUID) bool {
	_, read := b.observed.Tags[uid]
	if _, bad := b.observed.Unreadable[uid]; read || bad {
		return false
	}
	recorded, known := b.observed.RecordedTags[uid]
	for key, value := range p.Tags {
		if have, there := recorded[key]; !there || have != value {
			return false
		}
	}
	return known
}

// owner is the inventory that a service belongs to: the one its tag names, or else
// the one that ordered or adopted it by the ledger; empty when nobody knows. The tag
// comes first, since a takeover writes it.
func (b *builder) owner(uid ServiceUID) string {
	return cmp.Or(b.observed.Tags[uid][TagInventory], b.observed.Inventories[uid])
}

func (b *builder) foreign(uid ServiceUID) bool {
	owner := b.owner(uid)
	return owner != "" && owner != b.desired.Inventory
}

// readableReason is a member whose tags cannot be read although the entry needs
// them.
func (b *builder) readableReason(p Port, u serviceGroup) *Reason {
	for _, m := range u.members {
		if _, _, why := b.tagsOf(m.UID); why != "" {
			return unreadable(p.Source, m.UID, why)
		}
	}
	return nil
}

// compareTags asks for the tags of members that an entry must be compared with.
func (b *builder) compareTags(p Port, u serviceGroup) *Reason {
	unrecorded := func(m Service) bool { return !b.tagsRecorded(p, m.UID) }
	if p.Takeover || p.Tags != nil && slices.ContainsFunc(u.members, unrecorded) {
		return b.readableReason(p, u)
	}
	return nil
}

func unreadable(at Source, uid ServiceUID, why string) *Reason {
	return &Reason{
		Code: ReasonTagsUnreadable, Source: at,
		Text: fmt.Sprintf("the tags of service %s cannot be read: %s", uid, why),
		Hint: "try again later, or exclude the entry with --except",
	}
}

// ownerReason keeps hands off a service that another inventory ordered. Its tags
// are read before anything is done to it.
func (b *builder) ownerReason(p Port, u serviceGroup) *Reason {
	if r := b.readableReason(p, u); r != nil {
		return r
	}
	for _, m := range u.members {
		if !b.foreign(m.UID) {
			continue
		}
		if !p.Takeover {
			return &Reason{
				Code: ReasonOtherInventory, Source: p.Source,
				Text: fmt.Sprintf("service %s belongs to inventory %q, so it is not changed from here", m.UID, b.owner(m.UID)),
				Hint: "change it there, or take it over with `takeover: true`",
			}
		}
		b.warn(p, "takeover", "service %s is taken over from inventory %q", m.UID, b.owner(m.UID))
	}
	return nil
}

// ownerNote tells of a service that needs no change and that another inventory
// ordered, as far as that is known without asking.
func (b *builder) ownerNote(p Port, u serviceGroup) {
	i := slices.IndexFunc(u.members, func(s Service) bool { return b.foreign(s.UID) })
	if i >= 0 && !p.Takeover {
		uid := u.members[i].UID
		b.warn(p, "name", "service %s belongs to inventory %q: it is changed from here only with `takeover: true`", uid, b.owner(uid))
	}
}
