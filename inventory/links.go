package inventory

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

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

// schemeLike is the beginning of a URL. One letter is a drive of Windows.
var schemeLike = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+):`)

// ledger reads where claims and lock are kept: the URL of a bucket, or a path,
// which is taken from the directory of the file that it stands in, so that it
// names the same place wherever portctl is started.
func (r *reader) ledger(v *yamlNode) given {
	g := r.given(v, "state", unlimited)
	if g.text == "" {
		return g
	}
	problem, hint := "", ""
	if m := schemeLike.FindStringSubmatch(g.text); m != nil {
		problem, hint = badBucket(g.text, m[1])
	} else if strings.HasPrefix(g.text, "~") {
		problem, hint = "~ is not followed in a file", "write the whole path, or one relative to this file"
	} else if !filepath.IsAbs(g.text) {
		g.text = filepath.Join(filepath.Dir(r.source.name), g.text)
	}
	if problem != "" {
		r.reportSecret(ruleLedger, v, problem, hint)
		g.text = ""
	}
	return g
}

// userinfo are the credentials in a URL.
var userinfo = regexp.MustCompile(`//[^/@\s]*@`)

// reportSecret reports a problem without showing the credentials in its line.
func (r *reader) reportSecret(rule string, v *yamlNode, message, hint string) {
	d := r.source.atNode(rule, v, message, hint)
	d.Snippet = userinfo.ReplaceAllStringFunc(d.Snippet, func(secret string) string {
		return "//" + strings.Repeat("*", utf8.RuneCountInString(secret)-3) + "@"
	})
	r.add(d)
}

// bucketURL is the form of the URL of a bucket.
var bucketURL = regexp.MustCompile(patternBucket)

func badBucket(text, scheme string) (problem, hint string) {
	const form = "write s3://bucket/prefix, or a path relative to this file"
	_, err := url.Parse(text)
	switch {
	case scheme != "s3":
		return fmt.Sprintf("state can not be kept at %s: addresses", scheme), form
	case userinfo.MatchString(text): // Not quoted: what stands there may be a secret.
		return "state holds credentials, and a file under review is no place for them", "leave them to the environment, and write s3://bucket/prefix"
	case err != nil || !bucketURL.MatchString(text):
		return "state does not name a bucket", form
	}
	return "", ""
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
			"one service can not be both: rename that entry, or delete this line")
	}
	if first, twice := formerly[folded]; twice {
		b.atLink(l, ruleFormerlyTwice, "formerly", fmt.Sprintf("another entry was formerly %s too, at %s", quoted(name), first), "one service becomes one entry: keep one of the two")
	} else {
		formerly[folded] = l.port.At("formerly")
	}
	if leave, ok := b.leaveAlone[folded]; ok {
		b.atLink(l, ruleUnmanagedEntry, "formerly", fmt.Sprintf("%s is under unmanaged, at %s, so it can not be renamed", quoted(name), leave), "take it out of one of the two")
	}
}

func (b *builder) atLink(l link, rule, key, message, hint string) {
	b.diags = append(b.diags, l.source.atNode(rule, l.found.value(key), message, hint))
}

// checkUnmanaged refuses names that are to be left alone and looked after.
func (b *builder) checkUnmanaged() {
	uids := map[string]plan.Source{}
	for _, l := range b.links {
		if l.port.UID != "" {
			uids[string(l.port.UID)] = l.port.At("uid")
		}
	}
	for _, u := range b.unmanaged {
		if have, ok := b.names[plan.FoldName(u.value)]; ok {
			b.diags = append(b.diags, b.unmanagedIn.atNode(ruleUnmanagedEntry, u.node,
				fmt.Sprintf("%s is an entry of the inventory, at %s", quoted(u.value), have.at), "take it out of unmanaged, or delete the entry"))
		}
		if at, ok := uids[u.value]; ok {
			b.diags = append(b.diags, b.unmanagedIn.atNode(ruleUnmanagedEntry, u.node,
				fmt.Sprintf("the service %s belongs to the entry at %s", u.value, at), "take it out of unmanaged, or delete the entry"))
		}
	}
}

// placement is a diversity zone of a site.
type placement struct {
	id   plan.LocationID
	name string
	zone plan.Zone
}

// occupant is the first port of a placement.
type occupant struct {
	name        string
	entry, site plan.Source
	warned      bool
}

// share warns of ports with one placement, once for each: what is bought in two
// zones to survive the loss of one does not, if a zone was copied by mistake. A
// rollout's count says that it is meant.
func (b *builder) share(r *reader, p plan.Port, zone *yamlNode) {
	if p.Zone == "" || p.Absent || p.Site.Written == "" {
		return
	}
	where := placement{p.Site.ID, plan.FoldSite(p.Site.Name), p.Zone}
	first, taken := b.places[where]
	switch {
	case !taken:
		b.places[where] = occupant{name: p.Name, entry: p.Source, site: p.At("site")}
	case first.warned || first.entry == p.Source && first.site == p.At("site"):
	default:
		first.warned = true
		b.places[where] = first
		r.report(ruleSameZone, follow(zone), fmt.Sprintf("%s is in the %s zone of %s, where %s is already, at %s",
			quoted(p.Name), p.Zone, quoted(siteText(p.Site)), quoted(first.name), first.entry),
			"one failure takes both: use the other zone if they back each other up; a rollout with count says that it is meant")
	}
}
