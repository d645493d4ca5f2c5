package simtest

import (
	"flag"
	"slices"
	"strings"
)

var only = flag.String("sim.only", "", "play one kind of trouble besides the plain ones: a lie, a trait, an edit, fast, tear, others, several with commas between, or plain for none")

// keep takes everything out of a case that is neither plain nor of one kind, to see
// what that kind alone does.
func (c *trial) keep(kind string) {
	if kind == "" {
		return
	}
	kinds := strings.Split(kind, ",")
	has := func(kind string) bool { return slices.Contains(kinds, kind) }
	c.Lies = slices.DeleteFunc(c.Lies, func(l lie) bool { return !has(l.What) })
	t := c.Traits
	c.Traits = traits{}
	for _, kind := range kinds {
		c.Traits.keep(t, kind)
	}
	c.Others = c.Others && has("others")
	c.Ledger = slices.DeleteFunc(c.Ledger, func(f ledgerFault) bool { return f.Op == "tear" && !has("tear") })
	for i := range c.Steps {
		s := &c.Steps[i]
		s.Edits = slices.DeleteFunc(s.Edits, func(e edit) bool { return slices.Contains(handEdits(), e.What) && !has(e.What) })
		for j := range s.Runs {
			if !has("fast") {
				s.Runs[j].Fast = 0
			}
		}
	}
}

// keep takes over one trait.
func (c *traits) keep(t traits, kind string) {
	switch kind {
	case "names":
		c.Names = t.Names
	case "no-tags":
		c.NoTags = t.NoTags
	case "upper":
		c.UpperUIDs = t.UpperUIDs
	case "clock":
		c.Clock = t.Clock
	case "aggregation":
		c.Aggregation, c.Unsettled = t.Aggregation, t.Unsettled
	case "site-late":
		c.SiteLate, c.Unsettled = t.SiteLate, t.Unsettled
	case "approvals":
		c.Approvals = t.Approvals
	case "forgets":
		c.Forgets = t.Forgets
	}
}

// handEdits are those that come with consequences beyond the file.
func handEdits() []string {
	return []string{"absent", "portal-rename", "portal-cancel", "vxc", "vxc-absent"}
}
