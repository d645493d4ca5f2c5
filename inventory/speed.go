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

// speedText is a speed with its unit: digits, perhaps a fraction, then letters.
var speedText = regexp.MustCompile(`^(-?[0-9]+)([.,][0-9]+)?\s*([A-Za-z/]*)$`)

// speed reads a port speed: "10G" and "10 Gbps" in Gbps, a bare number in Mbps;
// 0 when it is bad. Nothing is rounded or guessed: a port of the wrong speed is
// a contract for the wrong port.
func (r *reader) speed(v *yamlNode) plan.Speed {
	switch {
	case v.Kind != yaml.ScalarNode, v.Tag != tagInt && v.Tag != tagFloat && v.Tag != tagString:
		r.report(ruleType, v, "speed must be a speed such as 10G, but this is "+describe(v), "it is one of "+speedList)
		return 0
	case v.Tag != tagString && r.numberTrap(v, "speed"):
		return 0
	case v.Tag == tagString && !r.goodText(v, v.Value, "speed", unlimited):
		return 0
	}
	speed, problem, hint := parseSpeed(v.Value)
	if problem != "" {
		r.report(ruleSpeed, v, problem, hint)
	}
	return speed
}

// ParseSpeed reads a speed as an inventory writes it: "10G", "10 Gbps", or a bare
// number of Mbps. The error has a Hint method that names the speeds there are.
func ParseSpeed(text string) (plan.Speed, error) {
	speed, problem, hint := parseSpeed(text)
	if problem != "" {
		return 0, speedError{problem, hint}
	}
	return speed, nil
}

// speedError is why a text is not a speed, and what to write instead.
type speedError struct{ problem, hint string }

func (e speedError) Error() string { return e.problem }

// Hint is what to do about it.
func (e speedError) Hint() string { return e.hint }

// parseSpeed gives a speed that Megaport sells, or says why the text is none.
func parseSpeed(text string) (speed plan.Speed, problem, hint string) {
	sold := "it is one of " + speedList
	m := speedText.FindStringSubmatch(text)
	if bare, comma := strings.CutSuffix(text, ","); m == nil && comma {
		return 0, quoted(text) + " is not a speed", fmt.Sprintf("delete the comma: write %s", bare)
	}
	if m == nil {
		return 0, quoted(text) + " is not a speed", sold
	}
	n, err := strconv.ParseInt(m[1], 10, 32)
	scale, known := speedUnit(m[3])
	switch {
	case !known:
		return 0, fmt.Sprintf("%s is not a speed: the unit %s is not known", quoted(text), quoted(m[3])), sold
	case err != nil || n > int64(plan.Speed400G):
		return 0, quoted(text) + " is more than any port speed", sold
	case n <= 0:
		return 0, quoted(text) + " is not a speed: it must be more than zero", sold
	case m[2] != "":
		return 0, fmt.Sprintf("%s is not a speed that ports are sold at", quoted(text)), sold
	}
	speed = plan.Speed(int(n) * scale)
	isSold := slices.Contains(plan.Speeds(), speed)
	switch {
	case isSold && (m[3] == "" || scale != 1):
		return speed, "", ""
	case isSold: // 10000M: right, but the one letter between M and G is worth a contract.
		return 0, fmt.Sprintf("%s is a speed in megabits, which are written without a unit", quoted(text)), fmt.Sprintf("write %s or %d", speed, speed)
	case scale == 1 && slices.Contains(plan.Speeds(), speed*1000):
		return 0, fmt.Sprintf("%s is %d Mbps, which is not a speed that ports are sold at", quoted(text), int(speed)),
			fmt.Sprintf("did you mean %s? A number without a unit is in Mbps", speed*1000)
	default:
		return 0, fmt.Sprintf("%s is %d Mbps, which is not a speed that ports are sold at", quoted(text), int(speed)), sold
	}
}

// speedUnit gives the Mbps in one of a unit.
func speedUnit(unit string) (int, bool) {
	switch strings.ToLower(unit) {
	case "":
		return 1, true
	case "g", "gb", "gbps", "gb/s", "gbit", "gbit/s":
		return 1000, true
	case "m", "mb", "mbps", "mb/s", "mbit", "mbit/s":
		return 1, true
	default:
		return 0, false
	}
}

// The values that are sold, for messages.
var (
	speedWords = wordsOf(plan.Speeds(), plan.Speed.String)
	speedList  = list(speedWords)
	termList   = list(wordsOf(plan.Terms(), strconv.Itoa))
)

func wordsOf[T any](all []T, text func(T) string) []string {
	words := make([]string, len(all))
	for i, one := range all {
		words[i] = text(one)
	}
	return words
}
