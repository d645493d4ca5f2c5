package inventory

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// serviceUID is the form of a service's UID, a UUID (API facts §13, confidence A).
var serviceUID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// uid reads the UID of a service; empty when it is bad.
func (r *reader) uid(v *yamlNode, what string) plan.ServiceUID {
	text, ok := r.word(v, what, unlimited)
	if !ok {
		return ""
	}
	uid := strings.ToLower(text)
	if serviceUID.MatchString(uid) {
		return plan.ServiceUID(uid)
	}
	hint := "a UID has 32 hexadecimal digits, as in 36b3f68e-2f54-4331-bf94-f8984449365f"
	if len(uid) == 8 {
		hint = "this looks like the short form that the portal and LOAs show; write the whole UID: 36 characters"
	}
	r.report(ruleUID, v, quoted(text)+" is not the UID of a service", hint)
	return ""
}

// absent reads the state of an entry: true for "absent", the only one there is.
func (r *reader) absent(v *yamlNode) bool {
	text, ok := r.word(v, "state", unlimited)
	if ok && text != "absent" {
		hint := `"state: absent" asks for the service to be cancelled; leave state out to keep it`
		if near := nearest(text, []string{"absent"}); near != "" {
			hint = `did you mean "absent"? It asks for the service to be cancelled`
		}
		r.report(ruleState, v, quoted(text)+" is not a state of an entry", hint)
		return false
	}
	return ok
}

// owner is who has a name.
type owner struct {
	at            plan.Source // of the name
	entry         plan.Source
	absent        bool
	uid, replaces plan.ServiceUID
	paired        bool // an absent entry and its replacement have it both
}

// unique refuses a second entry whose name is the same once case, spaces and
// the spelling of accents are set aside: the API would take both, and nobody
// could tell which service belongs to which entry. Only an absent entry may
// share its name, with the one that replaces its service. The name stands at
// the node; false means that it was refused.
func (b *builder) unique(r *reader, p plan.Port, at, entry *yamlNode) bool {
	now := owner{at: r.at(at), entry: p.Source, absent: p.Absent, uid: p.UID, replaces: p.Replaces}
	folded := plan.FoldName(p.Name)
	first, taken := b.names[folded]
	switch {
	case !taken:
		b.names[folded] = now
		return true
	case !first.paired && (replacement(first, now) || replacement(now, first)):
		first.paired = true
		b.names[folded] = first
		return true
	case first.entry == now.entry:
		r.report(ruleTemplateTwice, at, fmt.Sprintf("this rollout gives the name %s a second time, first at %s", quoted(p.Name), first.at),
			"set the placeholders of its name apart, as in {site}-{n}")
	case first.at == now.at: // One text, used twice by way of an anchor.
		r.report(ruleDuplicateName, entry, fmt.Sprintf("this entry repeats the name %s, by way of an anchor at %s", quoted(p.Name), first.at),
			"names identify ports: give this entry a name of its own, which wins over a merged one")
	case first.absent || now.absent:
		r.report(ruleDuplicateName, at, fmt.Sprintf("a port named %s is already at %s", quoted(p.Name), first.at),
			`to cancel one service and buy another of its name, give the absent entry its "uid" and the other one "replaces" with the same UID; an absent entry with a uid needs no name`)
	default:
		r.report(ruleDuplicateName, at, fmt.Sprintf("a port named %s is already at %s", quoted(p.Name), first.at),
			"names identify ports, and differing only in case or spelling of accents is no difference: choose another")
	}
	return false
}

// replacement says whether one entry is bought in place of the other's service.
func replacement(bought, cancelled owner) bool {
	return cancelled.absent && !bought.absent && bought.replaces != "" && bought.replaces == cancelled.uid
}

// link is an entry that speaks of a service, or of a name other than its own.
type link struct {
	source *source
	*entry
}

// checkLinks refuses entries that lay claim to one service twice. It needs to
// know every entry.
func (b *builder) checkLinks() {
	formerly := map[string]plan.Source{}
	uids := map[plan.ServiceUID]link{}
	replaced := map[plan.ServiceUID]plan.Source{}
	for _, l := range b.links {
		if l.port.Formerly != "" {
			b.checkFormerly(l, formerly)
		}
		if uid := l.port.UID; uid != "" {
			if first, twice := uids[uid]; twice {
				b.atLink(l, ruleUIDTwice, "uid", fmt.Sprintf("the service %s already belongs to the entry at %s", uid, first.port.At("uid")), "a service has one entry: keep one of the two")
			} else {
				uids[uid] = l
			}
		}
		if uid := l.port.Replaces; uid != "" {
			if first, twice := replaced[uid]; twice {
				b.atLink(l, ruleReplaces, "replaces", fmt.Sprintf("the service %s is already replaced at %s", uid, first), "one service is replaced by one port; a further port needs no replaces")
			} else {
				replaced[uid] = l.port.At("replaces")
			}
		}
	}
	for _, l := range b.links {
		if kept, ok := uids[l.port.Replaces]; ok && l.port.Replaces != "" && !kept.port.Absent {
			b.atLink(l, ruleReplaces, "replaces", fmt.Sprintf("the service %s is kept by the entry at %s, so nothing can replace it", l.port.Replaces, kept.port.At("uid")),
				`add "state: absent" to that entry if its service is to be cancelled first`)
		}
	}
}

func (b *builder) checkFormerly(l link, formerly map[string]plan.Source) {
	name := l.port.Formerly
	folded := plan.FoldName(name)
	if living, taken := b.names[folded]; taken && living.entry == l.port.Source {
		b.atLink(l, ruleFormerlyLiving, "formerly", fmt.Sprintf("%s is the name that the entry has now", quoted(name)),
			"delete the line: a service is found by its name whatever its case, and renamed to what the entry says")
	} else if taken {
		b.atLink(l, ruleFormerlyLiving, "formerly", fmt.Sprintf("%s is the name of another entry, at %s", quoted(name), living.at),
			"one service cannot be both: rename that entry, or delete this line")
	}
	if first, twice := formerly[folded]; twice {
		b.atLink(l, ruleFormerlyTwice, "formerly", fmt.Sprintf("another entry was formerly %s too, at %s", quoted(name), first), "one service becomes one entry: keep one of the two")
	} else {
		formerly[folded] = l.port.At("formerly")
	}
	if leave, ok := b.leaveAlone[folded]; ok {
		b.atLink(l, ruleUnmanagedEntry, "formerly", fmt.Sprintf("%s is under unmanaged, at %s, so it cannot be renamed", quoted(name), leave), "take it out of one of the two")
	}
}

func (b *builder) atLink(l link, rule, key, message, hint string) {
	b.diags = append(b.diags, l.source.atNode(rule, l.found.value(key), message, hint))
}
