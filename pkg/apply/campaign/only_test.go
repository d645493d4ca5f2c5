package campaign

import (
	"flag"
	"slices"
)

var only = flag.String("campaign.only", "", "play one kind of trouble besides the plain ones: a lie, a trait, an edit, fast, tear, others, or plain for none")

// keep takes everything out of a case that is neither plain nor of one kind, to see
// what that kind alone does.
func (c *trial) keep(kind string) {
	if kind == "" {
		return
	}
	c.Lies = slices.DeleteFunc(c.Lies, func(l lie) bool { return l.What != kind })
	t := c.Traits
	c.Traits = traits{Unsettled: t.Unsettled}
	switch kind {
	case "names":
		c.Traits.Names = t.Names
	case "no-tags":
		c.Traits.NoTags = t.NoTags
	case "upper":
		c.Traits.UpperUIDs = t.UpperUIDs
	case "clock":
		c.Traits.Clock = t.Clock
	case "aggregation":
		c.Traits.Aggregation = t.Aggregation
	case "site-late":
		c.Traits.SiteLate = t.SiteLate
	case "approvals":
		c.Traits.Approvals = t.Approvals
	case "forgets":
		c.Traits.Forgets = t.Forgets
	default:
		c.Traits.Unsettled = 0
	}
	c.Others = c.Others && kind == "others"
	c.Ledger = slices.DeleteFunc(c.Ledger, func(f ledgerFault) bool { return f.Op == "tear" && kind != "tear" })
	for i := range c.Steps {
		s := &c.Steps[i]
		s.Edits = slices.DeleteFunc(s.Edits, func(e edit) bool { return slices.Contains(handEdits(), e.What) && e.What != kind })
		for j := range s.Runs {
			if kind != "fast" {
				s.Runs[j].Fast = 0
			}
		}
	}
}

// handEdits are those that come with consequences beyond the file.
func handEdits() []string {
	return []string{"absent", "portal-rename", "portal-cancel", "vxc", "vxc-absent"}
}
