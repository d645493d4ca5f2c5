package render

import (
	"fmt"
	"strings"

	"github.com/portctl/portctl/pkg/plan"
)

// Hint words a way out of a reason as commands that can be pasted; said is what the
// plan itself says to do.
func (o Options) Hint(way plan.WayOut, said string) string {
	resolve := func(flags ...string) string { return "`" + o.resolveClaim(way, flags...) + "`" }
	switch way.Kind {
	case plan.WayListSites:
		return o.sitesHint(way, said)
	case plan.WayResolve, plan.WayPartial:
		lead, text := "check the Megaport portal, then ", resolve("--uid", "UID")+" or "+resolve("--not-created")
		if said != "" {
			lead = said + ", or "
		}
		if way.Kind == plan.WayPartial {
			text = resolve("--partial") + " accepts what was found; or cancel it there and " + resolve("--not-created")
		}
		return lead + text
	case plan.WayAsIs:
		var flags []string
		for _, uid := range way.UIDs {
			flags = append(flags, "--uid", string(uid))
		}
		return said + "; if it stays so, " + resolve(append(flags, "--as-is")...) + " accepts what there is"
	case plan.WayName:
		return said + "; a service that may be the order's is accepted with " + resolve("--uid", "UID") + ", and one that is something else listed under `unmanaged`, or given to its entry by `uid`"
	case plan.WayPin:
		return "`" + command([]string{"portctl", "sites", "--pin"}, o.Ledger) + "` writes the ids into the inventory"
	case plan.WayAgain:
		return resolve("--again") + " orders it again; or change the entry, or take it out"
	}
	return said
}

func (o Options) sitesHint(way plan.WayOut, said string) string {
	sites := "`" + command([]string{"portctl", "sites"}, o.Ledger) + "`"
	switch {
	case said == "":
		return sites + " lists all locations"
	case way.More > 0:
		return fmt.Sprintf("%s\n  and %d more: %s lists them", said, way.More, sites)
	}
	return said + "; " + sites + " lists them"
}

// resolveClaim is the command that resolves the claim of a way out.
func (o Options) resolveClaim(way plan.WayOut, flags ...string) string {
	switch {
	case way.Key != "":
		return o.resolveCommand(append([]string{"--key", way.Key}, flags...)...)
	case strings.HasPrefix(way.Claim, "-"): // it would be read as a flag
		return command([]string{"portctl", "ledger", "resolve"}, flags, o.Ledger, []string{"--", way.Claim})
	}
	return o.resolveCommand(append([]string{way.Claim}, flags...)...)
}
