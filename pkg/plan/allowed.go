package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// allowed blocks an order that the policy, or that of the base branch, does not allow.
// What exists already is none of its business.
func (b *builder) allowed(a Action) Action {
	if a.port == nil || a.Order == nil && a.quoteOnly == nil {
		return a
	}
	if text, source := b.forbids(b.desired.Policy, a); text != "" {
		return a.block(Reason{Code: ReasonPolicy, Text: "the policy " + text, Hint: "change the entry or the policy, or exclude the entry with --except", Source: source})
	}
	if b.desired.Base == nil {
		return a
	}
	if text, source := b.forbids(*b.desired.Base, a); text != "" {
		return a.block(Reason{
			Code: ReasonPolicy, Text: "the policy of the base branch " + text, Source: source,
			Hint: "change the entry, or merge a change of the policy first: it takes effect after merge",
		})
	}
	return a
}

// forbids says what a policy does not allow about an order, and where the entry says so.
func (b *builder) forbids(y Policy, a Action) (text string, at Source) {
	p, order := *a.port, a.Order
	if order == nil { // a longer term
		order = a.quoteOnly
	}
	if len(y.Terms) > 0 && !slices.Contains(y.Terms, order.Term) {
		return fmt.Sprintf("does not allow a term of %s; it allows %s months", TermText(order.Term), joined(y.Terms, strconv.Itoa)), p.At("term")
	}
	if a.Order == nil {
		return "", Source{}
	}
	if len(y.Speeds) > 0 && !slices.Contains(y.Speeds, p.Speed) {
		return fmt.Sprintf("does not allow %s; it allows %s", p.Speed, joined(y.Speeds, Speed.String)), p.At("speed")
	}
	if len(y.Sites) > 0 && !b.among(y.Sites, a.Location) {
		return fmt.Sprintf("does not allow orders at %s", a.Location.Name), p.At("site")
	}
	for _, tag := range y.RequiredTags {
		if p.Tags[tag] == "" {
			return fmt.Sprintf("asks for the tag %q, which the entry does not declare", tag), p.At("tags")
		}
	}
	return "", Source{}
}

// among says that a location is one of the sites, each looked up as an entry's is.
func (b *builder) among(sites []Site, l *Place) bool {
	return l != nil && slices.ContainsFunc(sites, func(s Site) bool {
		match, err := b.resolve(s)
		return err == nil && match.Location.ID == l.ID
	})
}

// TermText is a contract term in words.
func TermText(months int) string {
	if months == 1 {
		return "1 month"
	}
	return fmt.Sprintf("%d months", months)
}

func joined[T any](values []T, text func(T) string) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = text(v)
	}
	return strings.Join(words, ", ")
}
