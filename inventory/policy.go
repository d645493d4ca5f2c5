package inventory

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/pkg/plan"
)

// currencyCode is the shape of a code of ISO 4217.
var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// amounts reads a limit per currency; nil when there is none that is good.
func (r *reader) amounts(v *yamlNode, what string) map[string]plan.Amount {
	const form = "write an amount per currency, as in {GBP: 20000}"
	switch {
	case v.Kind != yaml.MappingNode:
		r.report(ruleType, v, fmt.Sprintf("%s must be a mapping of currencies to amounts, but this is %s", what, describe(v)), form)
		return nil
	case len(v.Content) == 0:
		r.report(ruleEmptyValue, v, what+" is empty", form)
		return nil
	}
	limits := map[string]plan.Amount{}
	for _, p := range r.pairs(v) {
		currency := p.key.Value
		if !currencyCode.MatchString(currency) {
			r.report(ruleCurrency, p.key, fmt.Sprintf("%s is not the code of a currency", quoted(currency)), currencyHint(currency))
			continue
		}
		if amount, ok := r.amount(follow(p.value), fmt.Sprintf("%s in %s", what, currency)); ok {
			limits[currency] = amount
		}
	}
	return limits
}

func currencyHint(written string) string {
	if upper := strings.ToUpper(strings.TrimSpace(written)); currencyCode.MatchString(upper) {
		return "write " + upper
	}
	return "write the three capital letters, such as GBP, USD or AUD"
}

// plainAmount is an amount as it must be written. More decimals than two are
// more likely thousands: 20.000 is twenty to one reader and twenty thousand to
// another.
var plainAmount = regexp.MustCompile(`^(0|[1-9][0-9]{0,14})(\.[0-9]{1,2})?$`)

// amount reads a sum of money from its text, never by way of a float.
func (r *reader) amount(v *yamlNode, what string) (plan.Amount, bool) {
	const form = "write digits, and a point with one or two decimals if need be: 20000 or 20000.50"
	number := v.Kind == yaml.ScalarNode && (v.Tag == tagInt || v.Tag == tagFloat)
	plain := plainAmount.MatchString(v.Value)
	isText := v.Kind == yaml.ScalarNode && v.Tag == tagString
	switch {
	case isNull(v):
		r.report(ruleEmptyValue, v, what+" has no value", form)
	case isText && plain:
		r.report(ruleType, v, what+" must be a number, but this is text", fmt.Sprintf("write %s without quotes", v.Value))
	case isText:
		r.report(ruleAmount, v, fmt.Sprintf("%s is not an amount: %s", what, quoted(v.Value)), form)
	case !number:
		r.report(ruleType, v, fmt.Sprintf("%s must be an amount, but this is %s", what, describe(v)), form)
	case v.Tag == tagInt && r.numberTrap(v, what):
	case strings.HasPrefix(v.Value, "-"):
		r.report(ruleAmount, v, what+" is negative", "an amount is 0 or more; 0 allows only what is free")
	case !plain:
		r.report(ruleAmount, v, fmt.Sprintf("%s is not written as an amount: %s", what, quoted(v.Value)), form)
	default:
		amount, err := plan.ParseAmount(v.Value)
		if err == nil {
			return amount, true
		}
		r.report(ruleAmount, v, fmt.Sprintf("%s is not an amount: %v", what, err), form)
	}
	return plan.Amount{}, false
}

// maxBuy reads the number of orders in one run. Zero is refused: to planning it
// means that none is given, which is the opposite of what the file would say.
func (r *reader) maxBuy(v *yamlNode) int {
	n, ok := r.integer(v, "maxBuy", fmt.Sprintf("write the number of orders that one run may send; %d when it is not given", plan.DefaultMaxBuy))
	if ok && n < 1 {
		r.report(ruleLimit, v, fmt.Sprintf("maxBuy cannot be %d", n), fmt.Sprintf("it is 1 or more; left out it is %d", plan.DefaultMaxBuy))
		return 0
	}
	return n
}

// terms reads the contract terms that the inventory may use, in months.
func (r *reader) terms(v *yamlNode) []int {
	all := items(r, v, "terms", "write the months allowed, as in terms: [12, 24]; left out all terms are", func(n *yamlNode) (int, bool) {
		term := r.term(n)
		return term, term != 0
	})
	terms := valuesOf(unrepeated(r, all, strconv.Itoa, "keep one of the two"))
	slices.Sort(terms)
	return terms
}

// speeds reads the speeds that may be ordered.
func (r *reader) speeds(v *yamlNode) []plan.Speed {
	all := items(r, v, "speeds", "write the speeds allowed, as in speeds: [1G, 10G]; left out all speeds are", func(n *yamlNode) (plan.Speed, bool) {
		speed := r.speed(n)
		return speed, speed != 0
	})
	speeds := valuesOf(unrepeated(r, all, plan.Speed.String, "keep one of the two"))
	slices.Sort(speeds)
	return speeds
}

// followPolicySites replaces the short names of the policy's sites, when all short
// names of the file are known.
func (r *reader) followPolicySites() {
	r.doc.policy.Sites = nil
	for _, s := range r.doc.policySites {
		site := s.value
		r.followAlias(&site, s.node)
		r.doc.policy.Sites = append(r.doc.policy.Sites, site)
	}
}

// requiredTags reads the names of tags that every order must declare.
func (r *reader) requiredTags(v *yamlNode) []string {
	names := items(r, v, "requiredTags", "write the names of tags, as in requiredTags: [owner]", func(n *yamlNode) (string, bool) {
		return r.text(n, "the name of a tag", unlimited)
	})
	return valuesOf(unrepeated(r, names, func(s string) string { return s }, "keep one of the two"))
}

// parts reads the limits of parts of a run, by name.
func (r *reader) parts(v *yamlNode, key, what string) map[string]plan.Limits {
	form := fmt.Sprintf("write limits by name, as in %s: %s", key, r.language.lookup(inPolicy, key).example)
	switch {
	case v.Kind != yaml.MappingNode:
		r.report(ruleType, v, fmt.Sprintf("%s must be a mapping of names to limits, but this is %s", key, describe(v)), form)
		return nil
	case len(v.Content) == 0:
		r.report(ruleEmptyValue, v, key+" is empty", form)
		return nil
	}
	all := map[string]plan.Limits{}
	for _, p := range r.pairs(v) {
		name, value := p.key.Value, follow(p.value)
		switch {
		case name == "":
			r.report(ruleEmptyValue, p.key, "the name of "+what+" is empty", form)
			continue
		case !r.goodText(p.key, name, "the name of "+what, unlimited):
			continue
		case isNull(value):
			r.report(ruleEmptyValue, p.key, fmt.Sprintf("%s has no limits", quoted(name)), form)
			continue
		}
		e := &entry{}
		if f := r.decode(inPart, value, e); f != nil && len(f.keys) == 0 && len(value.Content) == 0 {
			r.report(ruleEmptyValue, value, fmt.Sprintf("%s has no limits", quoted(name)), form)
		}
		all[name] = e.limits
	}
	return all
}

// markets reads the limits of markets, whose codes are written in capitals.
func (r *reader) markets(v *yamlNode) map[string]plan.Limits {
	all := map[string]plan.Limits{}
	for name, limits := range r.parts(v, "perMarket", "a market") {
		all[strings.ToUpper(name)] = limits
	}
	return all
}

// valuesOf are the items without their places.
func valuesOf[T any](items []item[T]) []T {
	var all []T
	for _, i := range items {
		all = append(all, i.value)
	}
	return all
}

// unmanaged reads the services that the inventory leaves alone.
func (r *reader) unmanaged(v *yamlNode) {
	if v.Kind != yaml.SequenceNode {
		r.report(ruleType, v, "unmanaged must be a list of names, but this is "+describe(v), "write for example unmanaged: [lab-7]")
		return
	}
	if len(v.Content) == 0 {
		return
	}
	names := items(r, v, "unmanaged", "", func(n *yamlNode) (string, bool) {
		name, ok := r.text(n, "the name of a service", unlimited)
		if uid := strings.ToLower(name); serviceUID.MatchString(uid) {
			name = uid // A UID has one spelling, wherever it stands.
		}
		return name, ok
	})
	r.doc.unmanaged = unrepeated(r, names, plan.FoldName, "keep one of the two")
}
