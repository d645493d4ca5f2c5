package plan

import (
	"cmp"
	"fmt"
	"slices"
)

// listedFor is how long a service stays in the listing after its end (API facts
// §0.3, confidence B).
const listedFor = "DECOMMISSIONED services are listed for 30 days only"

// recorded are the services that the ledger knows for an entry, under its former
// name and under its own, the oldest first.
func (b *builder) recorded(p Port) []ServiceUID {
	var all []ServiceUID
	if p.Formerly != "" {
		all = append(all, b.observed.Known[FoldName(p.Formerly)]...)
	}
	for _, uid := range b.observed.Known[FoldName(p.Name)] {
		if !slices.Contains(all, uid) {
			all = append(all, uid)
		}
	}
	return all
}

// knownReason keeps from buying what the ledger knows as bought and what is alive,
// but has another name now and stands for no entry. It decides nothing else: such a
// service is never renamed, changed or cancelled for it.
func (b *builder) knownReason(p Port, field string) *Reason {
	strays := b.strays(p)
	if len(strays) == 0 {
		return nil
	}
	s := strays[0]
	r := &Reason{
		Code: ReasonKnownService, Source: p.At(field),
		Text: fmt.Sprintf("service %s was ordered for this entry before, and the account still has it, as %q", s.UID, s.Name),
		Hint: fmt.Sprintf("add `formerly: %s`, or list %s under `unmanaged`, or bind the entry to it with `uid: %s`", YAMLScalar(s.Name), s.UID, s.UID),
	}
	if field == "lag" {
		r.Hint = fmt.Sprintf("look again later if it is a member of the LAG, or give it the LAG's name in the Megaport portal; if it is none, list %s under `unmanaged`", s.UID)
		return r
	}
	others := slices.ContainsFunc(strays[1:], func(x Service) bool { return s.AggregationID == 0 || x.AggregationID != s.AggregationID })
	if !others {
		r.Renamed = s.UID
	}
	return r
}

// strays are the services that were ordered for an entry, are alive and stand for none.
func (b *builder) strays(p Port) []Service {
	var all []Service
	for _, uid := range b.recorded(p) {
		s, listed := b.service(uid)
		if _, taken := b.matches.taken[uid]; taken || !listed || s.Status.Terminated() || b.setAside(s) || uid == p.Replaces {
			continue
		}
		all = append(all, s)
	}
	return all
}

// setAside says that a service is left alone, by its name or its UID.
func (b *builder) setAside(s Service) bool {
	return b.aside[FoldName(s.Name)] || b.aside[FoldName(string(s.UID))]
}

// ended is the service that stood for an entry last and is no more.
type ended struct {
	uid ServiceUID
	// service is nil when the account does not list it any more.
	service *Service
}

// lastEnded is the last of an entry's services that are no more: those that the
// ledger knows, and those that the account lists as terminated. One that is not
// listed has no date; it counts as the last unless the ledger recorded a listed one
// after it. For a LAG a member that is alive says nothing of the others.
func (b *builder) lastEnded(p Port, terminated []Service) (ended, bool) {
	vanished := ServiceUID("")
	for _, uid := range b.recorded(p) {
		switch s, listed := b.service(uid); {
		case !listed:
			vanished = uid
		case s.Status.Terminated():
			vanished = ""
			if !slices.ContainsFunc(terminated, func(x Service) bool { return x.UID == uid }) {
				terminated = append(slices.Clip(terminated), s) // not into the index it may come from
			}
		case p.LAG == 0:
			vanished = ""
		}
	}
	switch {
	case vanished != "":
		return ended{uid: vanished}, true
	case len(terminated) > 0:
		last := lastOf(terminated)
		return ended{last.UID, &last}, true
	}
	return ended{}, false
}

// endedReason keeps a name from being bought again after its service ended:
// somebody may have cancelled it on purpose. The entry must name the service it
// replaces, and it must be the last one.
func (b *builder) endedReason(p Port) *Reason {
	if s, waits := b.waitsFor(p); waits {
		return &Reason{
			Code: ReasonWaitsForCancel, Source: p.At("replaces"),
			Text: fmt.Sprintf("bought by a later apply, once service %s is terminated", s),
		}
	}
	terminated := slices.Clone(b.ended[FoldName(p.Name)])
	if p.Formerly != "" {
		terminated = append(terminated, b.ended[FoldName(p.Formerly)]...)
	}
	last, found := b.lastEnded(p, terminated)
	switch {
	case !found || p.Replaces == last.uid:
		return nil
	case last.service == nil:
		return vanishedReason(p, last.uid, "name")
	case p.Replaces == "":
		return &Reason{
			Code: ReasonTerminatedPredecessor, Source: p.At("name"),
			Text: fmt.Sprintf("service %s of this name was cancelled (%s); it may have been cancelled on purpose", last.uid, last.service.Status),
			Hint: fmt.Sprintf("if a new port is really wanted, add `replaces: %s`", last.uid),
		}
	}
	return &Reason{
		Code: ReasonReplacesWrong, Source: p.At("replaces"),
		Text: fmt.Sprintf("the service of this name that was cancelled last is %s, not %s", last.uid, p.Replaces),
		Hint: fmt.Sprintf("if a new port is really wanted, write `replaces: %s`", last.uid),
	}
}

// waitsFor is the service that must end before an entry is bought instead of it: the
// one that it replaces, or what is left of that one's LAG while an absent entry
// cancels it.
func (b *builder) waitsFor(p Port) (ServiceUID, bool) {
	s, listed := b.service(p.Replaces)
	if !listed || p.Replaces == "" {
		return "", false
	}
	if !s.Status.Terminated() {
		return p.Replaces, true
	}
	left, _, found := b.unfinished(Port{UID: p.Replaces, Absent: true})
	if !found {
		return "", false
	}
	uid := left.primary().UID
	i, taken := b.matches.taken[uid]
	return uid, taken && b.ports[i].Absent
}

// memberEndedReason is endedReason for the members of a LAG that would grow.
func (b *builder) memberEndedReason(p Port, u serviceGroup) *Reason {
	last, found := b.lastEnded(p, b.endedMembers[b.groups.key[u.primary().UID]])
	switch {
	case !found || p.Replaces == last.uid:
		return nil
	case last.service == nil:
		return vanishedReason(p, last.uid, "lag")
	}
	return &Reason{
		Code: ReasonTerminatedPredecessor, Source: p.At("lag"),
		Text: fmt.Sprintf("member %s of the LAG was cancelled (%s); it may have been cancelled on purpose", last.uid, last.service.Status),
		Hint: fmt.Sprintf("write `lag: %d`, or, if a new member is really wanted, add `replaces: %s`", len(u.members), last.uid),
	}
}

// vanishedReason keeps from buying what was delivered before, when the account
// does not list it: that proves nothing.
func vanishedReason(p Port, uid ServiceUID, field string) *Reason {
	return &Reason{
		Code: ReasonVanished, Source: p.At(field),
		Text: fmt.Sprintf("service %s was ordered for this entry before, and the account does not list it any more (%s)", uid, listedFor),
		Hint: fmt.Sprintf("check the Megaport portal; if it is gone and a new port is really wanted, add `replaces: %s`", uid),
	}
}

// lastOf is the service that was ordered last.
func lastOf(services []Service) Service {
	return slices.MaxFunc(services, func(a, b Service) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.UID, b.UID))
	})
}
